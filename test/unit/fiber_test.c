// SPDX-License-Identifier: ISC
#include "fa/counter.h"
#include "fa/fiber.h"
#include "fa/fmt.h"
#include "fa/plat.h"
#include "test/t.h"

enum {
    POOL_COUNT = 4,
};

#define TICK_NS ((fa_ns)1 << FA_DEADLINE_TICK_SHIFT)

static struct fa_fibers fibers;
static fa_ns now;
static char story[128]; // what happened, a word at a time
static struct fa_text out;

static void begin_story(void)
{
    static const struct fa_fibers_config config = {.fiber_count_max = POOL_COUNT};
    now = 1000 * TICK_NS;
    fa_fibers_init(&fibers, &config, now);
    fa_text_init(&out, story, sizeof story);
}

static struct fa_fiber *spawn(fa_fiber_fn fn, void *ctx)
{
    struct fa_fiber *fiber = NULL;
    CHECK(fa_fiber_spawn(&fibers, fn, ctx, &fiber) == FA_OK);
    return fiber;
}

static void run_until(fa_ns time)
{
    now = time;
    while (fa_fibers_run(&fibers, now)) {
    }
}

static void say_and_yield(void *ctx)
{
    const char *name = ctx;
    for (int round = 0; round < 3; round++) {
        fa_text_add(&out, "%c%d ", *name, round);
        fa_fiber_yield();
    }
}

T(fibers_take_turns)
{
    begin_story();
    spawn(say_and_yield, &(char){'a'});
    spawn(say_and_yield, &(char){'b'});
    CHECK_TEXT(fa_text_slice(&out), "");
    CHECK_EQ(fa_fibers_deadline(&fibers), 0);
    CHECK(fa_fibers_run(&fibers, now));
    CHECK_TEXT(fa_text_slice(&out), "a0 b0 ");
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "a0 b0 a1 b1 a2 b2 ");
    CHECK_EQ(fibers.live_count, 0);
    CHECK(fa_fibers_deadline(&fibers) == FA_NS_NEVER);
    CHECK(!fa_fibers_run(&fibers, now));
}

static void spawn_child(void *ctx)
{
    fa_text_add(&out, "parent ");
    CHECK(fa_fiber_spawn(&fibers, say_and_yield, ctx, NULL) == FA_OK);
}

T(a_fiber_spawned_by_another_waits_for_the_next_run)
{
    begin_story();
    spawn(spawn_child, &(char){'c'});
    CHECK(fa_fibers_run(&fibers, now));
    CHECK_TEXT(fa_text_slice(&out), "parent ");
    CHECK(fa_fibers_run(&fibers, now));
    CHECK_TEXT(fa_text_slice(&out), "parent c0 ");
    run_until(now);
}

static void know_oneself(void *ctx)
{
    struct fa_fiber **self = ctx;
    *self = fa_fiber_current();
}

T(current_is_the_running_fiber_or_nobody)
{
    begin_story();
    struct fa_fiber *seen = NULL;
    struct fa_fiber *fiber = spawn(know_oneself, &seen);
    CHECK(fa_fiber_current() == NULL);
    run_until(now);
    CHECK(seen == fiber);
    CHECK(fa_fiber_current() == NULL);
}

static void sleep_a_while(void *ctx)
{
    fa_ns *duration = ctx;
    fa_err err = fa_fiber_sleep_until(now + *duration);
    fa_text_add(&out, "%s@%llu ", fa_err_name(err), (unsigned long long)(now / TICK_NS));
}

T(sleepers_wake_in_order_of_time_and_not_before)
{
    begin_story();
    fa_ns durations[] = {30 * TICK_NS, 10 * TICK_NS, FA_NS_NEVER - 1100 * TICK_NS};
    for (size_t idx = 0; idx < FA_COUNT_OF(durations); idx++) {
        spawn(sleep_a_while, &durations[idx]);
    }
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "");
    CHECK(fa_fibers_deadline(&fibers) > now);
    CHECK(fa_fibers_deadline(&fibers) <= 1010 * TICK_NS);
    run_until(1010 * TICK_NS - 1);
    CHECK_TEXT(fa_text_slice(&out), "");
    run_until(1010 * TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "FA_OK@1010 ");
    run_until(1040 * TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "FA_OK@1010 FA_OK@1040 ");
    CHECK_EQ(fibers.live_count, 1);
    CHECK(fa_fibers_deadline(&fibers) != 0);
}

static struct fa_waitq waitq;

struct wait {
    const char *name;
    fa_ns deadline;
};

static void wait_once(void *ctx)
{
    const struct wait *wait = ctx;
    fa_err err = fa_waitq_wait(&waitq, wait->deadline);
    fa_text_add(&out, "%s:%s ", wait->name, fa_err_name(err));
}

T(wake_one_wakes_the_one_that_waits_longest)
{
    begin_story();
    fa_waitq_init(&waitq);
    CHECK_EQ(fa_waitq_wake_one(&waitq), 0);
    struct wait waits[] = {{"a", FA_NS_NEVER}, {"b", FA_NS_NEVER}, {"c", FA_NS_NEVER}};
    for (size_t idx = 0; idx < FA_COUNT_OF(waits); idx++) {
        spawn(wait_once, &waits[idx]);
    }
    run_until(now);
    CHECK(fa_fibers_deadline(&fibers) == FA_NS_NEVER);
    CHECK_EQ(fa_waitq_wake_one(&waitq), 1);
    CHECK_TEXT(fa_text_slice(&out), ""); // made ready, not run
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "a:FA_OK ");
    CHECK_EQ(fa_waitq_wake_all(&waitq), 2);
    CHECK_EQ(fa_waitq_wake_all(&waitq), 0);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "a:FA_OK b:FA_OK c:FA_OK ");
}

T(a_wait_ends_at_its_deadline)
{
    begin_story();
    fa_waitq_init(&waitq);
    struct wait waits[] = {{"a", now + 5 * TICK_NS}, {"b", now + 9 * TICK_NS}, {"past", 1}};
    for (size_t idx = 0; idx < FA_COUNT_OF(waits); idx++) {
        spawn(wait_once, &waits[idx]);
    }
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "past:FA_ETIMEOUT ");
    run_until(now + 6 * TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "past:FA_ETIMEOUT a:FA_ETIMEOUT ");
    // Who timed out has left the queue; who was woken has no deadline any more.
    CHECK_EQ(fa_waitq_wake_all(&waitq), 1);
    run_until(now + 100 * TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "past:FA_ETIMEOUT a:FA_ETIMEOUT b:FA_OK ");
}

static void wait_twice(void *ctx)
{
    wait_once(ctx);
    wait_once(ctx);
}

T(cancel_ends_the_present_wait_once)
{
    begin_story();
    fa_waitq_init(&waitq);
    struct wait wait = {"w", FA_NS_NEVER};
    struct fa_fiber *fiber = spawn(wait_twice, &wait);
    run_until(now);
    fa_fiber_cancel(fiber);
    CHECK_EQ(fa_waitq_wake_one(&waitq), 0); // it has left the queue
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "w:FA_ECANCEL ");
    CHECK_EQ(fa_waitq_wake_one(&waitq), 1);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "w:FA_ECANCEL w:FA_OK ");
}

T(cancel_of_a_fiber_that_does_not_wait_ends_its_next_wait)
{
    begin_story();
    fa_waitq_init(&waitq);
    struct wait wait = {"w", FA_NS_NEVER};
    struct fa_fiber *fiber = spawn(wait_twice, &wait);
    fa_fiber_cancel(fiber);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "w:FA_ECANCEL ");
    // Woken first and cancelled then: the wake is not lost.
    CHECK_EQ(fa_waitq_wake_one(&waitq), 1);
    fa_fiber_cancel(fiber);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "w:FA_ECANCEL w:FA_OK ");
}

T(cancel_ends_a_sleep)
{
    begin_story();
    fa_ns duration = 50 * TICK_NS;
    struct fa_fiber *fiber = spawn(sleep_a_while, &duration);
    run_until(now);
    fa_fiber_cancel(fiber);
    run_until(now + TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "FA_ECANCEL@1001 ");
    run_until(now + 100 * TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "FA_ECANCEL@1001 ");
}

T(a_cancel_does_not_outlive_its_fiber)
{
    begin_story();
    fa_waitq_init(&waitq);
    struct fa_fiber *seen;
    fa_fiber_cancel(spawn(know_oneself, &seen));
    run_until(now);
    struct wait wait = {"w", FA_NS_NEVER};
    CHECK(spawn(wait_once, &wait) == seen); // the same stack
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "");
}

T(spawn_beyond_the_limit_is_refused_and_counted)
{
    begin_story();
    fa_waitq_init(&waitq);
    uint64_t refused_before = FA_COUNTER_VALUE(&fa_counters_main, fiber_refused);
    struct wait wait = {"w", FA_NS_NEVER};
    for (int idx = 0; idx < POOL_COUNT; idx++) {
        spawn(wait_once, &wait);
    }
    struct fa_fiber *none = NULL;
    CHECK(fa_fiber_spawn(&fibers, wait_once, &wait, &none) == FA_ENOSPC);
    CHECK(none == NULL);
    CHECK_EQ(fibers.refused_count, 1);
    CHECK_EQ(FA_COUNTER_VALUE(&fa_counters_main, fiber_refused), refused_before + 1);
    CHECK_EQ(fibers.live_count_max, POOL_COUNT);
    run_until(now);
    CHECK_EQ(fa_waitq_wake_one(&waitq), 1);
    run_until(now);
    spawn(wait_once, &wait); // one has ended, so there is room again
    CHECK_EQ(fibers.carved_count, POOL_COUNT);
}

static void count_up(void *ctx)
{
    unsigned *count = ctx;
    fa_fiber_yield();
    ++*count;
}

T(stacks_are_used_again)
{
    begin_story();
    unsigned count = 0;
    for (int round = 0; round < 1000; round++) {
        spawn(count_up, &count);
        spawn(count_up, &count);
        run_until(now);
    }
    CHECK_EQ(count, 2000);
    CHECK_EQ(fibers.carved_count, 2);
    CHECK_EQ(fibers.last_id, 2000);
}

/* Hold more values over a switch than there are registers that it has to keep. That they come from
 * volatile memory makes it impossible to compute them anew. */
static void hold_values(void *ctx)
{
    volatile uint64_t words[10];
    volatile double halves[8];
    for (size_t idx = 0; idx < FA_COUNT_OF(words); idx++) {
        words[idx] = *(const uint64_t *)ctx * (idx + 1);
    }
    for (size_t idx = 0; idx < FA_COUNT_OF(halves); idx++) {
        halves[idx] = (double)words[idx] / 2;
    }
    for (int round = 0; round < 10; round++) {
        uint64_t a = words[0], b = words[1], c = words[2], d = words[3], e = words[4];
        uint64_t f = words[5], g = words[6], h = words[7], i = words[8], j = words[9];
        double k = halves[0], l = halves[1], m = halves[2], n = halves[3];
        double o = halves[4], p = halves[5], q = halves[6], r = halves[7];
        fa_fiber_yield();
        CHECK(a == words[0] && b == words[1] && c == words[2] && d == words[3] && e == words[4]);
        CHECK(f == words[5] && g == words[6] && h == words[7] && i == words[8] && j == words[9]);
        CHECK(k == halves[0] && l == halves[1] && m == halves[2] && n == halves[3]);
        CHECK(o == halves[4] && p == halves[5] && q == halves[6] && r == halves[7]);
    }
}

T(a_switch_keeps_registers_and_stacks_apart)
{
    begin_story();
    uint64_t seeds[POOL_COUNT] = {3, 1000003, 77, UINT64_C(1) << 40};
    for (size_t idx = 0; idx < POOL_COUNT; idx++) {
        spawn(hold_values, &seeds[idx]);
    }
    run_until(now);
    CHECK_EQ(fibers.live_count, 0);
}

static void look_at_alignment(void *ctx)
{
    bool *aligned = ctx;
    _Alignas(16) volatile char here[16];
    here[0] = 0;
    *aligned = (uintptr_t)here % 16 == 0;
}

T(the_stack_is_aligned_as_the_abi_wants)
{
    begin_story();
    bool aligned = false;
    spawn(look_at_alignment, &aligned);
    run_until(now);
    CHECK(aligned);
}

static void trample_on_canary(void *ctx)
{
    (void)ctx;
    fa_fiber_current()->stack[3] ^= 1;
    fa_fiber_yield();
}

static void run_fibers(void *ctx)
{
    fa_fibers_run(ctx, now);
}

T(an_overflowed_stack_is_found_at_the_switch)
{
    begin_story();
    spawn(trample_on_canary, NULL);
    CHECK(t_traps(run_fibers, &fibers));
}

static void wait_outside(void *ctx)
{
    (void)fa_waitq_wait(ctx, FA_NS_NEVER);
}

static void yield_outside(void *ctx)
{
    (void)ctx;
    fa_fiber_yield();
}

static void init_with_stack_bytes(void *ctx)
{
    const size_t *stack_bytes = ctx;
    struct fa_fibers_config config = {.fiber_count_max = 1, .stack_bytes = *stack_bytes};
    fa_fibers_init(&fibers, &config, 0);
}

T(misuse_traps)
{
    begin_story();
    fa_waitq_init(&waitq);
    CHECK(t_traps(wait_outside, &waitq));
    CHECK(t_traps(yield_outside, NULL));
    CHECK(t_traps(init_with_stack_bytes, &(size_t){2048}));
    CHECK(t_traps(init_with_stack_bytes, &(size_t){32 * 1024 + 16}));
}
