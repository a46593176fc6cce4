// SPDX-License-Identifier: ISC
//
// Times of events, and what becomes of a pool that was copied.
#include "plat/guest/entropy_pool.h"

#include "fa/rand.h"
#include "test/t.h"

static struct fa_entropy_pool pool;
static struct fa_counters counters;
static struct fa_rand times;
static uint64_t ticks;
static fa_ns now;

static void init(uint32_t event_bits)
{
    counters = (struct fa_counters){0};
    fa__entropy_pool_init(&pool, &counters);
    pool.event_bits = event_bits;
    fa_rand_init_seed(&times, 1);
    ticks = 1000;
    now = FA_NS_S;
}

static void seed(void)
{
    uint8_t bytes[32];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i + 1);
    }
    fa__entropy_pool_seed(&pool, "seed", bytes, sizeof bytes);
}

static void event(void)
{
    ticks += 1000 + fa_rand_below(&times, 1000);
    fa__entropy_pool_event(&pool, now, 1, ticks);
}

/* Eight events ten milliseconds after the last batch: one more batch. */
static void batch(void)
{
    now += FA_ENTROPY_BATCH_NS;
    for (int i = 0; i < FA_ENTROPY_STAGE_WORDS; i++) {
        event();
    }
}

static bool gives(void)
{
    uint8_t bytes[8];
    return fa__entropy_pool_fill(&pool, now, bytes, sizeof bytes);
}

static size_t count_filled(void)
{
    size_t count = 0;
    for (size_t i = 0; i < FA_ENTROPY_POOL_COUNT; i++) {
        const uint8_t zeros[FA_ENTROPY_STATE_BYTES] = {0};
        count += fa_equal(pool.pool[i], zeros, sizeof zeros) ? 0 : 1;
    }
    return count;
}

T(events_are_credited_a_bit_each_and_open_the_pool_with_256)
{
    init(1);
    int batch_count = 0;
    while (!gives()) {
        CHECK_EQ(pool.credit_bits, 0); /* nothing is used up before there is enough */
        REQUIRE(batch_count < 100);
        batch();
        batch_count++;
    }
    CHECK_EQ(batch_count, FA_ENTROPY_SEED_BITS / FA_ENTROPY_STAGE_WORDS);
    CHECK_EQ(pool.credit_bits, FA_ENTROPY_SEED_BITS);
    CHECK_EQ(count_filled(), 0);
}

T(events_on_a_slow_clock_are_mixed_and_credited_nothing)
{
    init(0);
    for (int i = 0; i < 1000; i++) {
        batch();
    }
    CHECK_EQ(count_filled(), FA_ENTROPY_POOL_COUNT);
    CHECK_EQ(pool.pooled_bits, 0);
    CHECK(!gives());
}

T(events_as_regular_as_a_clock_are_credited_next_to_nothing)
{
    init(1);
    for (int i = 0; i < 8000; i++) {
        now += FA_ENTROPY_BATCH_NS;
        ticks += 1000;
        fa__entropy_pool_event(&pool, now, 1, ticks);
    }
    CHECK(pool.pooled_bits <= 2); /* the first two */
    for (int i = 0; i < 8000; i++) {
        now += FA_ENTROPY_BATCH_NS;
        fa__entropy_pool_event(&pool, now, 1, ticks); /* and a clock that stands still */
    }
    CHECK(pool.pooled_bits <= 2);
    CHECK(!gives());
}

T(a_flood_of_events_is_one_batch_in_ten_milliseconds)
{
    init(1);
    batch();
    CHECK_EQ(pool.batch_count, 1);
    for (int i = 0; i < 100 * 1000; i++) {
        event();
    }
    CHECK_EQ(pool.batch_count, 1);
    now += FA_ENTROPY_BATCH_NS;
    event();
    CHECK_EQ(pool.batch_count, 2);
    /* 8 of the first, and no more than 256 in all of the flood. */
    CHECK_EQ(pool.pooled_bits, FA_ENTROPY_SEED_BITS);
}

T(batches_go_round_all_pools)
{
    init(1);
    for (size_t i = 1; i <= FA_ENTROPY_POOL_COUNT; i++) {
        batch();
        CHECK_EQ(count_filled(), i);
    }
}

T(pool_i_is_used_each_2_to_the_i_th_time)
{
    init(1);
    seed();
    for (uint32_t round = 1; round <= 40; round++) {
        for (int i = 0; i < FA_ENTROPY_POOL_COUNT; i++) {
            batch();
        }
        REQUIRE(gives());
        CHECK_EQ(pool.reseed_count, round);
        const size_t used = 1 + (size_t)__builtin_ctz(round);
        CHECK_EQ(count_filled(), FA_ENTROPY_POOL_COUNT - used);
    }
    CHECK_EQ(FA_COUNTER_VALUE(&counters, entropy_reseed), 40);
}

T(pools_are_used_each_100_milliseconds_at_most_and_only_when_the_first_has_news)
{
    init(1);
    seed();
    batch();
    REQUIRE(gives());
    CHECK_EQ(pool.reseed_count, 1);
    for (int i = 0; i < FA_ENTROPY_POOL_COUNT; i++) {
        batch();
    }
    now = pool.reseeded_at + FA_ENTROPY_RESEED_NS - 1;
    REQUIRE(gives());
    CHECK_EQ(pool.reseed_count, 1);
    now++;
    REQUIRE(gives());
    CHECK_EQ(pool.reseed_count, 2);
    now += FA_NS_S;
    REQUIRE(gives()); /* nothing new */
    CHECK_EQ(pool.reseed_count, 2);
}

T(events_change_what_comes_out)
{
    uint8_t out[2][32];
    for (int i = 0; i < 2; i++) {
        init(1);
        seed();
        fa_rand_init_seed(&times, (uint64_t)i);
        batch();
        REQUIRE(fa__entropy_pool_fill(&pool, now, out[i], sizeof out[i]));
    }
    CHECK(!fa_equal(out[0], out[1], sizeof out[0]));
}

T(a_counter_is_trusted_from_a_tick_a_nanosecond_on)
{
    static const struct {
        fa_ns passed;
        uint64_t ticks;
        uint32_t bits;
    } cases[] = {
        {0, 0, 0}, {FA_ENTROPY_RESEED_NS - 1, 10 * FA_ENTROPY_RESEED_NS, 0}, /* too early to tell */
        {FA_ENTROPY_RESEED_NS, FA_ENTROPY_RESEED_NS, 1},
        {FA_ENTROPY_RESEED_NS, FA_ENTROPY_RESEED_NS - 1, 0}, {FA_NS_S, 3 * FA_NS_S, 1},
        {FA_NS_S, 62500000, 0}, /* QEMU's on aarch64 */
    };
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        struct fa_entropy_clock clock = {0};
        CHECK_EQ(fa__entropy_event_bits(&clock, 7 * FA_NS_S, 1u << 31), 0);
        CHECK_EQ(fa__entropy_event_bits(
                     &clock, 7 * FA_NS_S + cases[i].passed, (1u << 31) + cases[i].ticks),
            cases[i].bits);
    }
}

/* ---- copies ---------------------------------------------------------------------------------- */

static struct fa_rand host;
static size_t host_left;

static size_t take_of_host(void *ctx, uint8_t *at, size_t len)
{
    (void)ctx;
    len = fa_min(len, host_left);
    host_left -= len;
    fa_rand_fill(&host, at, len);
    return len;
}

static struct fa_entropy_source source;
static volatile uint32_t generation;

static void init_copied(void)
{
    init(1);
    generation = 7;
    source = (struct fa_entropy_source){.name = "host", .take = take_of_host, .bits_per_byte = 8};
    fa_rand_init_seed(&host, 1);
    host_left = SIZE_MAX;
    fa__entropy_pool_source_add(&pool, &source);
    fa__entropy_pool_generation_watch(&pool, &generation);
    REQUIRE(gives());
}

T(two_clones_of_a_snapshot_differ)
{
    uint8_t out[3][64];
    init_copied();
    const struct fa_entropy_pool snapshot = pool;
    const struct fa_entropy_source source_then = source;
    for (uint32_t i = 0; i < FA_COUNT_OF(out); i++) {
        pool = snapshot;
        source = source_then;
        generation = 8;
        fa_rand_init_seed(&host, 100 + i); /* the host goes on, the clones began as one */
        REQUIRE(fa__entropy_pool_fill(&pool, now, out[i], sizeof out[i]));
        for (uint32_t k = 0; k < i; k++) {
            CHECK(!fa_equal(out[i], out[k], sizeof out[i]));
        }
    }
}

T(without_the_word_of_the_host_clones_would_be_the_same)
{
    uint8_t out[2][64];
    init_copied();
    const struct fa_entropy_pool snapshot = pool;
    for (uint32_t i = 0; i < FA_COUNT_OF(out); i++) {
        pool = snapshot;
        REQUIRE(fa__entropy_pool_fill(&pool, now, out[i], sizeof out[i]));
    }
    CHECK(fa_equal(out[0], out[1], sizeof out[0]));
}

T(a_clone_with_nothing_new_gives_nothing)
{
    init_copied();
    for (int i = 0; i < 100; i++) {
        batch(); /* what was in the pools is as known as the rest */
    }
    host_left = 31;
    generation = 8;
    CHECK(!gives());
    CHECK_EQ(pool.credit_bits, 248);
    host_left = 1;
    CHECK(gives());
    generation = 9;
    CHECK(!gives());
    CHECK_EQ(pool.credit_bits, 0);
}

/* The pool becomes a copy while it is asking the source for more. */
static size_t take_and_copy(void *ctx, uint8_t *at, size_t len)
{
    uint32_t *left = ctx;
    if (*left > 0) {
        (*left)--;
        generation++;
    }
    fa_rand_fill(&host, at, len);
    return len;
}

T(who_is_copied_in_the_middle_of_a_request_begins_it_again)
{
    uint32_t left = 3;
    init_copied();
    source.take = take_and_copy;
    source.ctx = &left;
    const uint64_t taken_before = source.taken_bytes;
    generation++;
    REQUIRE(gives());
    CHECK_EQ(left, 0);
    CHECK_EQ(pool.generation_seen, generation);
    CHECK_EQ(source.taken_bytes - taken_before, 4 * FA_ENTROPY_TAKE_BYTES);
}
