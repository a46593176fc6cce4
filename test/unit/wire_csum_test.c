// SPDX-License-Identifier: ISC
//
// The internet checksum against the definition, byte by byte.

#include "fa/rand.h"
#include "fa/wire/csum.h"
#include "test/t.h"

enum {
    LEN_MAX = 600, /* words, vectors, and every tail behind them */
    ALIGN_MAX = 33,
};

static uint8_t bytes[LEN_MAX + ALIGN_MAX];

static void fill(uint64_t seed)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, seed);
    fa_rand_fill(&rand, bytes, sizeof bytes);
}

/* RFC 1071 section 1, as it is written there. */
static uint16_t naive(const uint8_t *at, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum += (i & 1) != 0 ? at[i] : (uint32_t)at[i] << 8;
        sum = (sum >> 16) + (sum & 0xffff);
    }
    return (uint16_t)~sum;
}

/* Check with the vectors that every processor has, then with the widest of this one. */
static void check_each_width(void (*check)(void))
{
    fa__csum_wide_use(NULL);
    check();
    if (fa__csum_wide_find() == NULL) {
        t_note("no wider vectors here");
    }
    fa__csum_wide_use(fa__csum_wide_find());
    check();
}

T(rfc_1071_example)
{
    static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    CHECK_EQ(fa_csum_fold(fa_csum_add(0, example, sizeof example)), (uint16_t)~0xddf2);
}

static void check_lengths(void)
{
    fill(1);
    for (size_t off = 0; off < ALIGN_MAX; off++) {
        for (size_t len = 0; len <= LEN_MAX; len++) {
            uint16_t want = naive(bytes + off, len);
            if (fa_csum_fold(fa_csum_add(0, bytes + off, len)) != want ||
                fa_csum_fold(fa_csum_add_short(0, bytes + off, len)) != want) {
                t_fail(__FILE__, __LINE__, "offset %zu length %zu", off, len);
                return;
            }
        }
    }
}

T(every_length_and_alignment_as_defined)
{
    check_each_width(check_lengths);
}

static void check_carries(void)
{
    for (int value = 0; value <= 0xff; value += 0xff) {
        __builtin_memset(bytes, value, sizeof bytes);
        for (size_t len = 0; len <= LEN_MAX; len++) {
            CHECK_EQ(fa_csum_fold(fa_csum_add(0, bytes, len)), naive(bytes, len));
        }
    }
}

T(bytes_of_all_ones_and_zeros_carry_right)
{
    check_each_width(check_carries);
}

static void check_long_runs(void)
{
    static uint8_t big[65536];
    __builtin_memset(big, 0xff, sizeof big);
    CHECK_EQ(fa_csum_fold(fa_csum_add(UINT64_MAX, big, sizeof big)), 0);
    big[1] = 0xfe;
    CHECK_EQ(fa_csum_fold(fa_csum_add(UINT64_MAX, big, sizeof big)), 1);
}

T(long_runs_do_not_overflow)
{
    check_each_width(check_long_runs);
}

static void check_copies(void)
{
    static uint8_t target[LEN_MAX + ALIGN_MAX + 1];
    fill(2);
    for (size_t off = 0; off < ALIGN_MAX; off++) {
        for (size_t len = 0; len <= LEN_MAX; len++) {
            uint8_t *to = target + (ALIGN_MAX - 1 - off);
            to[len] = 0xa5;
            uint64_t sum = fa_csum_copy(to, bytes + off, len, 7);
            uint16_t want = fa_csum_fold(fa_csum_add_short(7, bytes + off, len));
            if (fa_csum_fold(sum) != want || !fa_equal(to, bytes + off, len) || to[len] != 0xa5) {
                t_fail(__FILE__, __LINE__, "offset %zu length %zu", off, len);
                return;
            }
        }
    }
}

T(copy_copies_and_sums_every_length_and_alignment)
{
    check_each_width(check_copies);
}

T(nothing_copied_from_nowhere_adds_nothing)
{
    CHECK_EQ(fa_csum_copy(NULL, NULL, 0, 42), 42);
}

T(pieces_join_at_even_and_odd_offsets)
{
    fill(3);
    uint16_t want = naive(bytes, LEN_MAX);
    for (size_t cut = 0; cut <= LEN_MAX; cut++) {
        uint64_t front = fa_csum_add(0, bytes, cut);
        uint64_t back = fa_csum_add(0, bytes + cut, LEN_MAX - cut);
        CHECK_EQ(fa_csum_fold(fa_csum_join(front, back, cut)), want);
        if (cut % 2 == 0) {
            CHECK_EQ(fa_csum_fold(fa_csum_add(front, bytes + cut, LEN_MAX - cut)), want);
        }
    }
}

T(bytes_with_their_own_checksum_fold_to_zero_until_a_bit_flips)
{
    fill(4);
    fa_be16_store(bytes + 10, 0);
    fa_be16_store(bytes + 10, fa_csum_fold(fa_csum_add(0, bytes, 101)));
    CHECK_EQ(fa_csum_fold(fa_csum_add(0, bytes, 101)), 0);
    for (size_t bit = 0; bit < 101 * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(fa_csum_fold(fa_csum_add(0, bytes, 101)) != 0);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

T(pseudo_header_of_ip4_as_in_rfc_768)
{
    struct fa_ip local = fa_ip4(192, 0, 2, 1);
    struct fa_ip remote = fa_ip4(198, 51, 100, 250);
    uint8_t pseudo[12] = {192, 0, 2, 1, 198, 51, 100, 250, 0, 17, 0x12, 0x34};
    uint64_t sum = fa_csum_pseudo(&local, &remote, 17, 0x1234);
    CHECK_EQ(fa_csum_fold(sum), naive(pseudo, sizeof pseudo));
    CHECK_EQ(fa_csum_fold(sum), fa_csum_fold(fa_csum_pseudo(&remote, &local, 17, 0x1234)));
}

T(pseudo_header_of_ip6_as_in_rfc_8200)
{
    uint8_t pseudo[40] = {0};
    struct fa_ip local;
    struct fa_ip remote;
    fill(5);
    fa_copy(local.b, bytes, 16);
    fa_copy(remote.b, bytes + 16, 16);
    fa_copy(pseudo, bytes, 32);
    fa_be32_store(pseudo + 32, 70000);
    pseudo[39] = 6;
    CHECK_EQ(fa_csum_fold(fa_csum_pseudo(&local, &remote, 6, 70000)), naive(pseudo, sizeof pseudo));
}

T(incremental_update_is_the_whole_sum_again)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 6);
    fill(6);
    for (int i = 0; i < 2000; i++) {
        uint16_t before = fa_csum_fold(fa_csum_add(0, bytes, 64));
        size_t off = 2 * (size_t)fa_rand_below(&rand, 32);
        uint16_t old_word = fa_be16_load(bytes + off);
        uint16_t new_word = (uint16_t)fa_rand_u32(&rand);
        fa_be16_store(bytes + off, new_word);
        CHECK_EQ(
            fa_csum_update(before, old_word, new_word), fa_csum_fold(fa_csum_add(0, bytes, 64)));
    }
}

T(incremental_update_of_rfc_1624_section_4)
{
    CHECK_EQ(fa_csum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}
