// SPDX-License-Identifier: ISC
#include "fa/rand.h"
#include "test/t.h"

T(a_seed_gives_the_same_sequence_everywhere)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    CHECK(fa_rand_u64(&rand) == UINT64_C(0xdae6f03e6217986));
    CHECK(fa_rand_u64(&rand) == UINT64_C(0x908f3030db9ac724));
    CHECK(fa_rand_u32(&rand) == UINT32_C(0x1b4b1a84));
    struct fa_rand again = rand; // movable
    CHECK(fa_rand_u64(&again) == fa_rand_u64(&rand));
}

T(neighbouring_seeds_give_unrelated_sequences)
{
    struct fa_rand one;
    struct fa_rand two;
    fa_rand_init_seed(&one, 1);
    fa_rand_init_seed(&two, 2);
    unsigned same_bits = 0;
    for (int idx = 0; idx < 1000; idx++) {
        same_bits += (unsigned)__builtin_popcountll(~(fa_rand_u64(&one) ^ fa_rand_u64(&two)));
    }
    CHECK(same_bits > 31000 && same_bits < 33000); // 32,000 expected, deviation 126
}

T(entropy_gives_a_new_sequence_each_time)
{
    struct fa_rand one;
    struct fa_rand two;
    fa_rand_init_entropy(&one);
    fa_rand_init_entropy(&two);
    CHECK(fa_rand_u64(&one) != fa_rand_u64(&two));
}

T(below_is_uniform_and_below)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 3);
    unsigned counts[10] = {0};
    for (int idx = 0; idx < 10000; idx++) {
        uint64_t value = fa_rand_below(&rand, FA_COUNT_OF(counts));
        REQUIRE(value < FA_COUNT_OF(counts));
        counts[value]++;
    }
    for (size_t idx = 0; idx < FA_COUNT_OF(counts); idx++) {
        CHECK(counts[idx] > 850 && counts[idx] < 1150); // deviation 30
    }
    // Without rejection, the lower half of these would be twice as likely.
    uint64_t limit = UINT64_C(3) << 62;
    unsigned low_count = 0;
    for (int idx = 0; idx < 3000; idx++) {
        low_count += fa_rand_below(&rand, limit) < UINT64_C(1) << 62 ? 1 : 0;
    }
    CHECK(low_count > 870 && low_count < 1130); // 1,000 expected, deviation 26
    CHECK_EQ(fa_rand_below(&rand, 1), 0);
}

static void below_zero(void *ctx)
{
    (void)fa_rand_below(ctx, 0);
}

T(below_nothing_traps)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    CHECK(t_traps(below_zero, &rand));
}

T(chance_comes_as_often_as_asked)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 4);
    unsigned never = 0;
    unsigned rarely = 0;
    unsigned always = 0;
    for (int idx = 0; idx < 10000; idx++) {
        never += fa_rand_chance(&rand, 0) ? 1 : 0;
        rarely += fa_rand_chance(&rand, 20000) ? 1 : 0;
        always += fa_rand_chance(&rand, 1000000) ? 1 : 0;
    }
    CHECK_EQ(never, 0);
    CHECK(rarely > 130 && rarely < 270); // 200 expected, deviation 14
    CHECK_EQ(always, 10000);
}

T(fill_writes_each_byte_and_no_other)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 5);
    for (size_t len = 0; len <= 17; len++) {
        uint8_t seen[19] = {0};
        // Each byte is zero once in 256 times, so in twenty fills each becomes something else.
        for (int round = 0; round < 20; round++) {
            uint8_t bytes[19] = {0};
            fa_rand_fill(&rand, bytes + 1, len);
            for (size_t idx = 0; idx < sizeof bytes; idx++) {
                seen[idx] |= bytes[idx];
            }
        }
        for (size_t idx = 0; idx < sizeof seen; idx++) {
            CHECK((seen[idx] != 0) == (idx >= 1 && idx <= len));
        }
    }
}
