// SPDX-License-Identifier: ISC
#include "fa/deadline.h"
#include "fa/rand.h"
#include "test/t.h"

#define TICK_NS ((fa_ns)1 << FA_DEADLINE_TICK_SHIFT)

static struct fa_deadline_queue queue;

T(empty_queue_has_nothing_ever)
{
    fa_deadline_queue_init(&queue, 12345);
    CHECK(fa_deadline_next(&queue) == FA_NS_NEVER);
    CHECK(fa_deadline_pop(&queue, 12345) == NULL);
    CHECK(fa_deadline_pop(&queue, UINT64_MAX) == NULL);
    CHECK(fa_deadline_next(&queue) == FA_NS_NEVER);
}

T(zeroed_deadline_is_not_set)
{
    struct fa_deadline deadline = {0};
    fa_deadline_queue_init(&queue, 0);
    CHECK(!fa_deadline_is_set(&deadline));
    fa_deadline_clear(&queue, &deadline);
    CHECK(!fa_deadline_is_set(&deadline));
}

T(never_clears)
{
    struct fa_deadline deadline = {0};
    fa_deadline_queue_init(&queue, 0);
    fa_deadline_set(&queue, &deadline, 5000);
    CHECK(fa_deadline_is_set(&deadline));
    fa_deadline_set(&queue, &deadline, FA_NS_NEVER);
    CHECK(!fa_deadline_is_set(&deadline));
    CHECK(fa_deadline_next(&queue) == FA_NS_NEVER);
}

T(the_last_whole_tick_can_be_set_and_what_is_behind_it_is_never)
{
    struct fa_deadline deadline = {0};
    fa_ns last = UINT64_MAX / TICK_NS * TICK_NS;
    fa_deadline_queue_init(&queue, 0);
    fa_deadline_set(&queue, &deadline, last);
    CHECK(fa_deadline_is_set(&deadline));
    CHECK(fa_deadline_pop(&queue, last - 1) == NULL);
    CHECK(fa_deadline_next(&queue) == last);
    CHECK(fa_deadline_pop(&queue, last) == &deadline);
    fa_deadline_set(&queue, &deadline, last + TICK_NS - 1);
    CHECK(!fa_deadline_is_set(&deadline));
    // But not if that time has come.
    CHECK(fa_deadline_pop(&queue, UINT64_MAX - 1) == NULL);
    fa_deadline_set(&queue, &deadline, UINT64_MAX - 1);
    CHECK(fa_deadline_pop(&queue, UINT64_MAX - 1) == &deadline);
}

T(what_has_passed_is_popped_next)
{
    fa_ns now = 1000 * TICK_NS + 500;
    struct fa_deadline deadlines[4] = {0};
    fa_deadline_queue_init(&queue, now);
    fa_deadline_set(&queue, &deadlines[0], now);     // in the tick that is going on
    fa_deadline_set(&queue, &deadlines[1], 0);       // long ago
    fa_deadline_set(&queue, &deadlines[2], now - 1); // just now
    fa_deadline_set(&queue, &deadlines[3], now + 1); // not yet
    CHECK(fa_deadline_next(&queue) <= now);
    CHECK(fa_deadline_pop(&queue, now) == &deadlines[0]);
    CHECK(fa_deadline_pop(&queue, now) == &deadlines[1]);
    CHECK(fa_deadline_pop(&queue, now) == &deadlines[2]);
    CHECK(fa_deadline_pop(&queue, now) == NULL);
    CHECK(fa_deadline_next(&queue) == 1001 * TICK_NS);
    CHECK(fa_deadline_pop(&queue, 1001 * TICK_NS) == &deadlines[3]);
}

T(every_level_keeps_its_edges)
{
    for (unsigned level = 0; level < FA_DEADLINE_LEVELS; level++) {
        uint64_t span = UINT64_C(1) << (6 * level);
        for (uint64_t start = 0; start < 3; start++) {
            for (uint64_t tick = span - 1; tick <= span + 1; tick++) {
                struct fa_deadline deadline = {0};
                fa_ns now = start * TICK_NS;
                fa_ns at = (start + tick) * TICK_NS;
                fa_deadline_queue_init(&queue, now);
                fa_deadline_set(&queue, &deadline, at);
                unsigned step_count = 0;
                for (fa_ns next; (next = fa_deadline_next(&queue)) < at; step_count++) {
                    REQUIRE(next > now);
                    now = next;
                    REQUIRE(fa_deadline_pop(&queue, now) == NULL);
                }
                CHECK(step_count < FA_DEADLINE_LEVELS);
                CHECK(fa_deadline_next(&queue) == at);
                CHECK(at == now || fa_deadline_pop(&queue, at - 1) == NULL);
                CHECK(fa_deadline_pop(&queue, at) == &deadline);
            }
        }
    }
}

T(what_is_soon_is_known_to_the_tick_after_a_long_idle_time)
{
    struct fa_deadline deadline = {0};
    fa_ns now = (64 * 1000 + 7) * TICK_NS;
    fa_deadline_queue_init(&queue, 0);
    CHECK(fa_deadline_pop(&queue, now) == NULL);
    fa_deadline_set(&queue, &deadline, now + 2 * TICK_NS);
    CHECK(fa_deadline_next(&queue) == now + 2 * TICK_NS);
}

T(a_clock_that_goes_back_does_no_harm)
{
    struct fa_deadline deadline = {0};
    fa_deadline_queue_init(&queue, 100 * TICK_NS);
    CHECK(fa_deadline_pop(&queue, 50 * TICK_NS) == NULL);
    fa_deadline_set(&queue, &deadline, 60 * TICK_NS);
    CHECK(fa_deadline_pop(&queue, 50 * TICK_NS) == &deadline);
}

/* ---- against a list of all deadlines ---- */

enum {
    MODEL_COUNT = 50,
    MODEL_STEPS = 20000,
};

static struct {
    struct fa_deadline deadlines[MODEL_COUNT];
    fa_ns at[MODEL_COUNT];     // FA_NS_NEVER: not set
    fa_ns set_at[MODEL_COUNT]; // what was past then lines up as of that moment
    fa_ns now;
    struct fa_rand rand;
} model;

/* Of any magnitude alike. */
static fa_ns random_duration(void)
{
    return fa_rand_u64(&model.rand) >> fa_rand_below(&model.rand, 64);
}

static void set_one(size_t idx)
{
    fa_ns at = fa_ns_after(model.now, random_duration());
    if (fa_rand_below(&model.rand, 8) == 0) {
        fa_ns past = random_duration();
        at = past < model.now ? model.now - past : 0;
    }
    fa_deadline_set(&queue, &model.deadlines[idx], at);
    bool reachable = at <= model.now || at <= UINT64_MAX / TICK_NS * TICK_NS;
    model.at[idx] = reachable ? at : FA_NS_NEVER;
    model.set_at[idx] = model.now;
    CHECK(fa_deadline_is_set(&model.deadlines[idx]) == reachable);
}

static void clear_one(size_t idx)
{
    fa_deadline_clear(&queue, &model.deadlines[idx]);
    model.at[idx] = FA_NS_NEVER;
}

static fa_ns model_earliest(void)
{
    fa_ns earliest = FA_NS_NEVER;
    for (size_t idx = 0; idx < MODEL_COUNT; idx++) {
        earliest = fa_ns_min(earliest, model.at[idx]);
    }
    return earliest;
}

/* Pop up to `count`; check that none is early and all are in order. Returns: whether all came. */
static bool pop_some(uint64_t count)
{
    fa_ns latest = 0;
    for (; count > 0; count--) {
        struct fa_deadline *due = fa_deadline_pop(&queue, model.now);
        if (due == NULL) {
            return true;
        }
        size_t idx = (size_t)(due - model.deadlines);
        CHECK(idx < MODEL_COUNT && model.at[idx] != FA_NS_NEVER);
        CHECK(model.at[idx] <= model.now);
        fa_ns since = fa_max(model.at[idx], model.set_at[idx]);
        CHECK(latest < 2 * TICK_NS || since > latest - 2 * TICK_NS);
        CHECK(!fa_deadline_is_set(due));
        latest = model.at[idx] > latest ? model.at[idx] : latest;
        model.at[idx] = FA_NS_NEVER;
    }
    return false;
}

static void advance_clock(void)
{
    if (fa_rand_below(&model.rand, 2) == 0 && model_earliest() != FA_NS_NEVER) {
        fa_ns next = fa_deadline_next(&queue);
        model.now = next > model.now ? next : model.now;
    } else {
        model.now = fa_ns_after(model.now, random_duration() >> 24);
    }
}

static void check_next(void)
{
    fa_ns earliest = model_earliest();
    fa_ns next = fa_deadline_next(&queue);
    CHECK((next == FA_NS_NEVER) == (earliest == FA_NS_NEVER));
    CHECK(next <= model.now || next <= fa_ns_after(earliest, TICK_NS));
}

T(any_mix_of_calls_agrees_with_a_plain_list)
{
    for (uint64_t seed = 1; seed <= 20 && !t_failed(); seed++) {
        __builtin_memset(&model, 0, sizeof model);
        fa_rand_init_seed(&model.rand, seed);
        model.now = seed % 4 == 0 ? 0 : random_duration();
        fa_deadline_queue_init(&queue, model.now);
        for (size_t idx = 0; idx < MODEL_COUNT; idx++) {
            model.at[idx] = FA_NS_NEVER;
        }
        for (int step = 0; step < MODEL_STEPS && !t_failed(); step++) {
            size_t idx = fa_rand_below(&model.rand, MODEL_COUNT);
            uint64_t what = fa_rand_below(&model.rand, 8);
            if (what < 4) {
                set_one(idx);
            } else if (what == 4) {
                clear_one(idx);
            } else if (what < 7) {
                advance_clock();
                if (pop_some(MODEL_COUNT + 1)) {
                    CHECK(fa_ns_after(model_earliest(), TICK_NS) > model.now);
                }
            } else {
                (void)pop_some(fa_rand_below(&model.rand, 3)); // leave some for later
            }
            check_next();
        }
        if (t_failed()) {
            t_note("seed %llu", (unsigned long long)seed);
        }
    }
}

T(the_same_calls_pop_in_the_same_order)
{
    static size_t order[2][200];
    for (size_t round = 0; round < 2; round++) {
        struct fa_rand rand;
        struct fa_deadline deadlines[200] = {0};
        fa_rand_init_seed(&rand, 9);
        fa_deadline_queue_init(&queue, 7);
        for (size_t idx = 0; idx < FA_COUNT_OF(deadlines); idx++) {
            fa_deadline_set(&queue, &deadlines[idx], fa_rand_below(&rand, 50) * TICK_NS);
        }
        for (size_t idx = 0; idx < FA_COUNT_OF(deadlines); idx++) {
            struct fa_deadline *due = fa_deadline_pop(&queue, 100 * TICK_NS);
            REQUIRE(due != NULL);
            order[round][idx] = (size_t)(due - deadlines);
        }
        CHECK(fa_deadline_pop(&queue, 100 * TICK_NS) == NULL);
    }
    CHECK(fa_equal(order[0], order[1], sizeof order[0]));
}
