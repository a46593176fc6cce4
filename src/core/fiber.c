// SPDX-License-Identifier: ISC
//
// fiber.c: fibers, their pool of stacks, waiting and waking. docs/design/0002-fibers.md says why
// stacks and not callbacks.
//
// A fiber is in one of four states: running (nowhere linked), ready (in fibers.ready), waiting
// (`waiting`; perhaps in a wait queue, perhaps with its deadline set) or free (in fibers.free).
// Every switch goes through the main stack, so run_one() is the one place that sees each of them.

#include "fa/fiber.h"
#include "fa/counter.h"
#include "fa/plat.h"
#include "fa/trace.h"

enum {
    STACK_BYTES_MIN = 4096,
    STACK_ALIGN = 4096, /* bytes: a page */
};

#define CANARY UINT64_C(0x6c6c756620736920) /* "is full" as a debugger shows it */

/* Those whose fiber is running; NULL outside of any. */
static struct fa_fibers *running_fibers;

/* AddressSanitizer wants to be told of stack switches. Without it these are NULL. */
[[gnu::weak]] void __sanitizer_start_switch_fiber(
    void **ret_fake_stack, const void *bottom, size_t len);
[[gnu::weak]] void __sanitizer_finish_switch_fiber(
    void *fake_stack, const void **ret_old_bottom, size_t *ret_old_len);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void *at, size_t len);

static const void *main_stack_bottom;
static size_t main_stack_len;

static uint64_t *find_canary(struct fa_fiber *fiber)
{
    return (uint64_t *)(void *)fiber->stack;
}

static void announce_switch(void **ret_fake_stack, const void *bottom, size_t len)
{
    if (__sanitizer_start_switch_fiber != NULL) {
        __sanitizer_start_switch_fiber(ret_fake_stack, bottom, len);
    }
}

/* On a fiber's stack, just come from the main one. */
static void arrive_in_fiber(void *fake_stack)
{
    if (__sanitizer_finish_switch_fiber != NULL) {
        __sanitizer_finish_switch_fiber(fake_stack, &main_stack_bottom, &main_stack_len);
    }
}

/* Continue `fiber` until it waits, yields or ends. */
static void run_one(struct fa_fibers *fibers, struct fa_fiber *fiber)
{
    void *fake_stack = NULL;
    FA_ASSERT(fiber->owner == fibers);
    FA_TRACE(fiber_run, fa_clock_mono_ns(), fiber->id);
    fibers->current = fiber;
    running_fibers = fibers;
    announce_switch(&fake_stack, fiber->stack, fiber->stack_len);
    fa__fiber_switch(&fibers->main_stack_pointer, fiber->stack_pointer);
    if (__sanitizer_finish_switch_fiber != NULL) {
        __sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
    }
    running_fibers = NULL;
    fibers->current = NULL;
    if (*find_canary(fiber) != CANARY) {
        fa_assert_fail("a fiber has overflowed its stack", __FILE__, __LINE__);
    }
}

/* Back to run_one(), until it is this fiber's turn again. */
static void leave_fiber(struct fa_fiber *fiber)
{
    void *fake_stack = NULL;
    announce_switch(&fake_stack, main_stack_bottom, main_stack_len);
    fa__fiber_switch(&fiber->stack_pointer, fiber->owner->main_stack_pointer);
    arrive_in_fiber(fake_stack);
}

/* The bottom frame of every fiber. */
static void begin_fiber(void *arg)
{
    struct fa_fiber *fiber = arg;
    struct fa_fibers *fibers = fiber->owner;
    arrive_in_fiber(NULL);
    fiber->fn(fiber->ctx);
    FA_TRACE(fiber_exit, fa_clock_mono_ns(), fiber->id);
    // Nobody takes the stack before it is left, because only one fiber runs.
    fa_list_push_front(&fibers->free, &fiber->node);
    fibers->live_count--;
    announce_switch(NULL, main_stack_bottom, main_stack_len);
    fa__fiber_switch(&fiber->stack_pointer, fibers->main_stack_pointer);
    fa_assert_fail("a fiber that has ended runs again", __FILE__, __LINE__);
}

void fa_fibers_init(struct fa_fibers *fibers, const struct fa_fibers_config *config, fa_ns now)
{
    *fibers = (struct fa_fibers){.config = *config};
    if (fibers->config.stack_bytes == 0) {
        fibers->config.stack_bytes = FA_FIBER_STACK_BYTES;
    }
    FA_ASSERT(fibers->config.stack_bytes >= STACK_BYTES_MIN);
    FA_ASSERT(fibers->config.stack_bytes % STACK_ALIGN == 0);
    fa_list_init(&fibers->ready);
    fa_list_init(&fibers->free);
    fa_deadline_queue_init(&fibers->sleeping, now);
}

/* A stack that is free, or a new one, with its struct fa_fiber at the top. */
static fa_err take_stack(struct fa_fibers *fibers, struct fa_fiber **ret_fiber)
{
    struct fa_list *node = fa_list_pop_front(&fibers->free);
    if (node != NULL) {
        *ret_fiber = FA_CONTAINER(node, struct fa_fiber, node);
        return FA_OK;
    }
    if (fibers->carved_count == fibers->config.fiber_count_max) {
        return FA_ENOSPC;
    }
    uint8_t *stack;
    size_t stack_len = fibers->config.stack_bytes;
    FA_TRY(fa_plat_stack_map(stack_len, &stack));
    fibers->carved_count++;
    size_t fiber_off = (stack_len - sizeof(struct fa_fiber)) / 16 * 16;
    struct fa_fiber *fiber = (struct fa_fiber *)(void *)(stack + fiber_off);
    *fiber = (struct fa_fiber){.owner = fibers, .stack = stack, .stack_len = stack_len};
    *find_canary(fiber) = CANARY;
    *ret_fiber = fiber;
    return FA_OK;
}

fa_err fa_fiber_spawn(
    struct fa_fibers *fibers, fa_fiber_fn fn, void *ctx, struct fa_fiber **ret_fiber)
{
    struct fa_fiber *fiber;
    if (take_stack(fibers, &fiber) != FA_OK) {
        fibers->refused_count++;
        FA_COUNT(&fa_counters_main, fiber_refused);
        return FA_ENOSPC;
    }
    fibers->last_id += fibers->last_id == UINT32_MAX ? 2 : 1; // 0 is nobody
    fiber->id = fibers->last_id;
    fiber->fn = fn;
    fiber->ctx = ctx;
    fiber->cancelled = false;
    fiber->waiting = false;
    if (__asan_unpoison_memory_region != NULL) {
        // The frame in which the last fiber ended was never returned from.
        __asan_unpoison_memory_region(fiber->stack, fiber->stack_len);
    }
    fiber->stack_pointer = fa__fiber_stack_init((uint8_t *)fiber, begin_fiber, fiber);
    fa_list_push_back(&fibers->ready, &fiber->node);
    fibers->live_count++;
    fibers->live_count_max = fa_max(fibers->live_count_max, fibers->live_count);
    FA_TRACE(fiber_spawn, fa_clock_mono_ns(), fiber->id);
    if (ret_fiber != NULL) {
        *ret_fiber = fiber;
    }
    return FA_OK;
}

/* End a wait, which then returns `err`. */
static void make_ready(struct fa_fiber *fiber, fa_err err)
{
    struct fa_fibers *fibers = fiber->owner;
    FA_ASSERT(fiber->waiting);
    fiber->waiting = false;
    fiber->wake_err = err;
    fa_deadline_clear(&fibers->sleeping, &fiber->deadline);
    fa_list_unlink(&fiber->node);
    fa_list_push_back(&fibers->ready, &fiber->node);
    FA_TRACE(fiber_wake, fa_clock_mono_ns(), fiber->id,
        running_fibers == NULL ? 0 : running_fibers->current->id);
}

bool fa_fibers_run(struct fa_fibers *fibers, fa_ns now)
{
    FA_ASSERT(running_fibers == NULL);
    struct fa_deadline *due;
    while ((due = fa_deadline_pop(&fibers->sleeping, now)) != NULL) {
        struct fa_fiber *fiber = FA_CONTAINER(due, struct fa_fiber, deadline);
        make_ready(fiber, fiber->wake_err);
    }
    if (fa_list_empty(&fibers->ready)) {
        return false;
    }
    // Who becomes ready from here on lines up behind this mark, and has to wait for the next run.
    struct fa_list mark = {0};
    fa_list_push_back(&fibers->ready, &mark);
    struct fa_list *node;
    while ((node = fa_list_pop_front(&fibers->ready)) != &mark) {
        FA_ASSERT(node != NULL); // the mark comes first
        run_one(fibers, FA_CONTAINER(node, struct fa_fiber, node));
    }
    return true;
}

fa_ns fa_fibers_deadline(const struct fa_fibers *fibers)
{
    return fa_list_empty(&fibers->ready) ? fa_deadline_next(&fibers->sleeping) : 0;
}

struct fa_fiber *fa_fiber_current(void)
{
    return running_fibers == NULL ? NULL : running_fibers->current;
}

void fa_fiber_yield(void)
{
    struct fa_fiber *fiber = fa_fiber_current();
    FA_ASSERT(fiber != NULL);
    fa_list_push_back(&fiber->owner->ready, &fiber->node);
    leave_fiber(fiber);
}

/* Wait in `waiters`, or nowhere if it is NULL, and return `due_err` once the deadline has come. */
static fa_err wait_in(struct fa_list *waiters, fa_ns deadline, fa_err due_err)
{
    struct fa_fiber *fiber = fa_fiber_current();
    FA_ASSERT(fiber != NULL);
    if (fiber->cancelled) {
        fiber->cancelled = false;
        return FA_ECANCEL;
    }
    if (waiters != NULL) {
        fa_list_push_back(waiters, &fiber->node);
    }
    fa_deadline_set(&fiber->owner->sleeping, &fiber->deadline, deadline);
    fiber->wake_err = due_err;
    fiber->waiting = true;
    FA_TRACE(fiber_wait, fa_clock_mono_ns(), fiber->id, deadline);
    leave_fiber(fiber);
    return fiber->wake_err;
}

fa_err fa_fiber_sleep_until(fa_ns deadline)
{
    return wait_in(NULL, deadline, FA_OK);
}

void fa_fiber_cancel(struct fa_fiber *fiber)
{
    if (fiber->waiting) {
        make_ready(fiber, FA_ECANCEL);
    } else {
        fiber->cancelled = true;
    }
}

void fa_waitq_init(struct fa_waitq *waitq)
{
    fa_list_init(&waitq->waiters);
}

fa_err fa_waitq_wait(struct fa_waitq *waitq, fa_ns deadline)
{
    return wait_in(&waitq->waiters, deadline, FA_ETIMEOUT);
}

size_t fa_waitq_wake_one(struct fa_waitq *waitq)
{
    struct fa_list *node = fa_list_first(&waitq->waiters);
    if (node == NULL) {
        return 0;
    }
    make_ready(FA_CONTAINER(node, struct fa_fiber, node), FA_OK);
    return 1;
}

size_t fa_waitq_wake_all(struct fa_waitq *waitq)
{
    size_t woken_count = 0;
    while (fa_waitq_wake_one(waitq) != 0) {
        woken_count++;
    }
    return woken_count;
}
