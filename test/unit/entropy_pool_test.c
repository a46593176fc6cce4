// SPDX-License-Identifier: ISC
#include "plat/guest/entropy_pool.h"

#include "fa/rand.h"
#include "plat/guest/sha512.h"
#include "test/t.h"

/* A source with a script: what it has, and how it goes wrong. */
struct fake {
    struct fa_entropy_source source;
    struct fa_rand rand;
    size_t part_max; /* bytes of an answer */
    size_t left;     /* bytes until it has no more */
    size_t says_more;
    int fixed; /* a byte that it gives only; -1: random ones */
    int call_count;
};

static struct fa_entropy_pool pool;
static struct fa_counters counters;
static struct fake fake;

static size_t take(void *ctx, uint8_t *at, size_t len)
{
    struct fake *from = ctx;
    from->call_count++;
    len = fa_min(fa_min(len, from->part_max), from->left);
    from->left -= len;
    fa_rand_fill(&from->rand, at, len);
    for (size_t i = 0; i < len && from->fixed >= 0; i++) {
        at[i] = (uint8_t)from->fixed;
    }
    return len + from->says_more;
}

static void add(struct fake *from, const char *name, uint64_t seed)
{
    *from = (struct fake){
        .source = {.name = name, .take = take, .ctx = from, .bits_per_byte = 4},
        .part_max = SIZE_MAX,
        .left = SIZE_MAX,
        .fixed = -1,
    };
    fa_rand_init_seed(&from->rand, seed);
    fa__entropy_pool_source_add(&pool, &from->source);
}

static void init(void)
{
    counters = (struct fa_counters){0};
    fa__entropy_pool_init(&pool, &counters);
}

static bool fill(fa_ns now, void *at, size_t len)
{
    return fa__entropy_pool_fill(&pool, now, at, len);
}

static bool gives(fa_ns now)
{
    uint8_t bytes[8];
    return fill(now, bytes, sizeof bytes);
}

static void seed(void)
{
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i + 1);
    }
    fa__entropy_pool_seed(&pool, "seed", bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        CHECK_EQ(bytes[i], 0);
    }
}

T(sha512_gives_the_answers_of_fips_180)
{
    static const uint8_t abc[FA_SHA512_BYTES] = {0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba,
        0xcc, 0x41, 0x73, 0x49, 0xae, 0x20, 0x41, 0x31, 0x12, 0xe6, 0xfa, 0x4e, 0x89, 0xa9, 0x7e,
        0xa2, 0x0a, 0x9e, 0xee, 0xe6, 0x4b, 0x55, 0xd3, 0x9a, 0x21, 0x92, 0x99, 0x2a, 0x27, 0x4f,
        0xc1, 0xa8, 0x36, 0xba, 0x3c, 0x23, 0xa3, 0xfe, 0xeb, 0xbd, 0x45, 0x4d, 0x44, 0x23, 0x64,
        0x3c, 0xe8, 0x0e, 0x2a, 0x9a, 0xc9, 0x4f, 0xa5, 0x4c, 0xa4, 0x9f};
    struct {
        struct fa__sha512 hash;
        uint64_t beyond; /* stays as it is if our struct is as large as the library's */
    } place = {.beyond = 42};
    uint8_t digest[FA_SHA512_BYTES];
    SHA512Init(&place.hash);
    SHA512Update(&place.hash, (const uint8_t *)"abc", 3);
    SHA512Final(digest, &place.hash);
    CHECK(fa_equal(digest, abc, sizeof abc));
    CHECK_EQ(place.beyond, 42);
}

/* What comes out is what the head of entropy_pool.h says, as computed by Python's hashlib. */
T(output_of_a_known_seed_is_known)
{
    static const uint8_t head[] = {0x71, 0xa7, 0x93, 0x76, 0xe2, 0x51, 0xa1, 0x7b, 0x04, 0x1a, 0x5c,
        0xc9, 0xbf, 0x31, 0x03, 0x2c};
    static const uint8_t tail[] = {0x0e, 0x87, 0x53, 0x12, 0x89, 0x9f, 0xef, 0x64, 0x60, 0xff, 0x89,
        0x5f, 0x6e, 0x7c, 0xfe, 0xeb};
    static const uint8_t next[] = {0x2f, 0x1c, 0x6f, 0x57, 0xb8, 0xf5, 0x7d, 0x87, 0xfc, 0xce, 0x0f,
        0x3a, 0x38, 0xcb, 0x62, 0x5b};
    init();
    seed();
    uint8_t out[100];
    REQUIRE(fill(0, out, sizeof out));
    CHECK(fa_equal(out, head, sizeof head));
    CHECK(fa_equal(out + sizeof out - sizeof tail, tail, sizeof tail));
    REQUIRE(fill(0, out, 32));
    CHECK(fa_equal(out, next, sizeof next));
}

T(nothing_comes_out_before_256_bits_are_credited)
{
    uint8_t bytes[32];
    for (uint32_t bits = 0; bits <= FA_ENTROPY_SEED_BITS; bits++) {
        init();
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)i;
        }
        fa__entropy_pool_mix(&pool, "test", (struct fa_slice){bytes, sizeof bytes}, bits);
        fa_zero(bytes, sizeof bytes);
        CHECK(fill(0, bytes, sizeof bytes) == (bits == FA_ENTROPY_SEED_BITS));
        CHECK((bytes[0] | bytes[1] | bytes[2] | bytes[3]) != 0 || bits < FA_ENTROPY_SEED_BITS);
    }
}

T(credit_adds_up_and_ends_at_256)
{
    uint8_t bytes[32] = {0};
    const struct fa_slice some = {bytes, sizeof bytes};
    init();
    fa__entropy_pool_mix(&pool, "test", some, 0);
    CHECK_EQ(pool.credit_bits, 0);
    fa__entropy_pool_mix(&pool, "test", some, 100);
    fa__entropy_pool_mix(&pool, "test", some, 155);
    CHECK_EQ(pool.credit_bits, 255);
    CHECK(!gives(0));
    fa__entropy_pool_mix(&pool, "test", some, 256);
    CHECK_EQ(pool.credit_bits, 256);
    fa__entropy_pool_mix(&pool, "test", some, 256);
    CHECK_EQ(pool.credit_bits, 256);
    CHECK(gives(0));
}

static void credit_too_much(void *ctx)
{
    fa__entropy_pool_mix(&pool, "test", *(struct fa_slice *)ctx, 17);
}

T(more_than_8_bits_a_byte_traps)
{
    struct fa_slice two = FA_LIT("ab");
    init();
    CHECK(t_traps(credit_too_much, &two));
}

T(name_and_length_of_an_input_matter)
{
    static const struct {
        const char *name;
        struct fa_slice first, second;
    } cases[] = {
        {"a", {(const uint8_t *)"xyz", 3}, {(const uint8_t *)"", 0}},
        {"b", {(const uint8_t *)"xyz", 3}, {(const uint8_t *)"", 0}},
        {"ax", {(const uint8_t *)"yz", 2}, {(const uint8_t *)"", 0}},
        {"a", {(const uint8_t *)"xy", 2}, {(const uint8_t *)"z", 1}},
        {"a", {(const uint8_t *)"x", 1}, {(const uint8_t *)"yz", 2}},
        {"a", {(const uint8_t *)"xyz\0", 4}, {(const uint8_t *)"", 0}},
    };
    uint8_t state[FA_COUNT_OF(cases)][FA_ENTROPY_STATE_BYTES];
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        init();
        fa__entropy_pool_mix(&pool, cases[i].name, cases[i].first, 0);
        fa__entropy_pool_mix(&pool, cases[i].name, cases[i].second, 0);
        fa_copy(state[i], pool.state, sizeof state[i]);
        for (size_t k = 0; k < i; k++) {
            CHECK(!fa_equal(state[i], state[k], sizeof state[i]));
        }
    }
}

T(each_request_replaces_the_state_and_no_output_comes_twice)
{
    init();
    seed();
    uint8_t out[10][64];
    for (size_t i = 0; i < FA_COUNT_OF(out); i++) {
        uint8_t before[FA_ENTROPY_STATE_BYTES];
        fa_copy(before, pool.state, sizeof before);
        REQUIRE(fill(0, out[i], sizeof out[i]));
        CHECK(!fa_equal(before, pool.state, sizeof before));
        CHECK(!fa_equal(out[i], pool.state, sizeof out[i]));
        for (size_t k = 0; k < i; k++) {
            CHECK(!fa_equal(out[i], out[k], sizeof out[i]));
        }
    }
}

T(output_stays_in_bounds_at_any_length)
{
    for (size_t len = 0; len <= 130; len++) {
        uint8_t out[132] = {0};
        uint8_t seen = 0;
        init();
        seed();
        REQUIRE(fill(0, out + 1, len));
        for (size_t i = 1; i <= len; i++) {
            seen |= out[i];
        }
        CHECK((seen != 0) == (len > 0));
        CHECK(out[0] == 0 && out[len + 1] == 0);
    }
}

T(output_passes_the_tests_of_health)
{
    static uint8_t out[1 << 20];
    struct fa_entropy_health health = {0};
    init();
    seed();
    REQUIRE(fill(0, out, sizeof out));
    CHECK_EQ(
        fa__entropy_health_check(&health, (struct fa_slice){out, sizeof out}), FA_ENTROPY_GOOD);
}

T(a_source_is_asked_for_64_bytes_and_suffices)
{
    init();
    add(&fake, "fake", 1);
    CHECK(gives(0));
    CHECK_EQ(pool.credit_bits, 256);
    CHECK_EQ(fake.source.taken_bytes, 64);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, entropy_short), 0);
}

T(short_answers_are_put_together_ten_times_at_most)
{
    static const struct {
        size_t part_max, left;
        size_t taken;
        int calls;
    } cases[] = {
        {64, 64, 64, 1},
        {7, 1000, 64, 10},
        {6, 1000, 60, 10},
        {1, 1000, 10, 10},
        {20, 63, 63, 10},
        {20, 0, 0, 10},
    };
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        init();
        add(&fake, "fake", 1);
        fake.part_max = cases[i].part_max;
        fake.left = cases[i].left;
        CHECK(gives(0) == (cases[i].taken == 64));
        CHECK_EQ(pool.credit_bits, 4 * cases[i].taken);
        CHECK_EQ(fake.source.taken_bytes, cases[i].taken);
        CHECK_EQ(fake.call_count, cases[i].calls);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, entropy_short), cases[i].taken < 64);
    }
}

T(a_source_that_says_more_than_it_was_asked_for_counts_nothing)
{
    init();
    add(&fake, "fake", 1);
    fake.says_more = 1;
    CHECK(!gives(0));
    CHECK_EQ(pool.credit_bits, 0);
    CHECK_EQ(fake.source.taken_bytes, 0);
}

T(stuck_sources_are_credited_nothing)
{
    static const uint8_t bytes[] = {0, 0xff, 0x42};
    for (size_t i = 0; i < FA_COUNT_OF(bytes); i++) {
        init();
        add(&fake, "fake", 1);
        fake.fixed = bytes[i];
        CHECK(!gives(0));
        CHECK_EQ(pool.credit_bits, 0);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, entropy_refused), 1);
        fake.fixed = -1; /* who was caught once is not trusted again */
        CHECK(!gives(0));
        CHECK_EQ(pool.credit_bits, 0);
    }
}

T(a_source_that_repeats_its_buffer_is_found)
{
    init();
    add(&fake, "fake", 1);
    fake.left = 32;
    CHECK(!gives(0));
    CHECK_EQ(pool.credit_bits, 128);
    fa_rand_init_seed(&fake.rand, 1);
    fake.left = 32;
    CHECK(!gives(0));
    CHECK_EQ(pool.credit_bits, 128);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, entropy_refused), 1);
}

T(a_seed_that_cannot_be_random_is_credited_nothing)
{
    uint8_t zeros[64] = {0};
    init();
    fa__entropy_pool_seed(&pool, "seed", zeros, sizeof zeros);
    CHECK_EQ(pool.credit_bits, 0);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, entropy_refused), 1);
    CHECK(!gives(0));
}

T(one_good_source_makes_up_for_a_broken_one)
{
    static struct fake broken;
    init();
    add(&broken, "broken", 1);
    add(&fake, "fake", 2);
    broken.fixed = 0xff;
    CHECK(gives(0));
    CHECK_EQ(pool.credit_bits, 256);
}

T(sources_are_asked_again_after_a_second)
{
    init();
    add(&fake, "fake", 1);
    CHECK(gives(FA_NS_S));
    CHECK_EQ(fake.call_count, 1);
    CHECK(gives(FA_NS_S + FA_ENTROPY_GATHER_NS - 1));
    CHECK_EQ(fake.call_count, 1);
    CHECK(gives(FA_NS_S + FA_ENTROPY_GATHER_NS));
    CHECK_EQ(fake.call_count, 2);
    CHECK(gives(0)); /* a clock that went back has been moved elsewhere */
    CHECK_EQ(fake.call_count, 3);
}

T(what_ran_dry_later_does_not_stop_output)
{
    init();
    add(&fake, "fake", 1);
    CHECK(gives(0));
    fake.left = 0;
    CHECK(gives(10 * FA_NS_S));
    CHECK_EQ(FA_COUNTER_VALUE(&counters, entropy_short), 1);
}

static void add_twice(void *ctx)
{
    (void)ctx;
    fa__entropy_pool_source_add(&pool, &fake.source);
}

T(a_source_that_is_added_twice_traps)
{
    init();
    add(&fake, "fake", 1);
    CHECK(t_traps(add_twice, NULL));
}

T(the_sentence_says_what_each_source_gave)
{
    char at[FA_ENTROPY_EXPLAIN_BYTES];
    struct fa_text text;
    static struct fake stuck, dry;
    init();
    fa_text_init(&text, at, sizeof at);
    fa__entropy_pool_explain(&pool, &text);
    CHECK_TEXT(fa_text_slice(&text), "0 of 256 bits: seed 0 bytes");
    add(&stuck, "rdseed", 1);
    add(&dry, "virtio-rng", 2);
    add(&fake, "host", 3);
    stuck.fixed = 0xff;
    dry.left = 0;
    fake.left = 8;
    CHECK(!gives(0));
    fa_text_init(&text, at, sizeof at);
    fa__entropy_pool_explain(&pool, &text);
    CHECK_TEXT(fa_text_slice(&text),
        "32 of 256 bits: seed 0 bytes, rdseed all ones, virtio-rng nothing, host 8 bytes");
}
