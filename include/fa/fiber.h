// SPDX-License-Identifier: ISC
//
// fa/fiber.h: stackful cooperative fibers, wait and wake.
//
// Straight-line code for applications and request handlers. One thread; a fiber runs until it
// yields, and only functions marked "Yields" do. Stacks come from a bounded pool, are carved when
// first used, have a canary at their end and, where the platform can, a guard page below it.
// Protocols are state machines and use none of this. Tested by test/unit/fiber_test.c.
//
//     static void greet(void *ctx) { fa_fiber_sleep_until(later); say(ctx); }
//     FA_TRY(fa_fiber_spawn(&loop->fibers, greet, &guest, NULL));

#ifndef FA_FIBER_H
#define FA_FIBER_H

#include "fa/base.h"
#include "fa/deadline.h"
#include "fa/list.h"

enum {
    FA_FIBER_STACK_BYTES = 32 * 1024, /* usual stack, struct fa_fiber included */
};

typedef void (*fa_fiber_fn)(void *ctx);

/* One fiber. It lives at the top of its own stack. Private. */
struct fa_fiber {
    struct fa_list node; /* run queue, wait queue or free list */
    struct fa_deadline deadline;
    struct fa_fibers *owner;
    void *stack_pointer; /* while it is not running */
    uint8_t *stack;      /* lowest byte */
    size_t stack_len;
    fa_fiber_fn fn;
    void *ctx;
    uint32_t id;     /* 1, 2, 3 ... in its struct fa_fibers; the actor of its trace records */
    fa_err wake_err; /* what the wait returns */
    bool waiting;
    bool cancelled; /* the next wait returns FA_ECANCEL */
};

struct fa_fibers_config {
    size_t fiber_count_max; /* stacks in the pool */
    size_t stack_bytes;     /* each; 0: FA_FIBER_STACK_BYTES */
};

/* All fibers of an image: run queue, sleepers, pool. Usually inside a struct fa_loop. Pinned. */
struct fa_fibers {
    struct fa_list ready;
    struct fa_list free;
    struct fa_deadline_queue sleeping;
    struct fa_fibers_config config;
    size_t carved_count;
    size_t live_count;
    size_t live_count_max;  /* high-water mark */
    uint64_t refused_count; /* spawns that found the pool empty */
    uint32_t last_id;
    void *main_stack_pointer;
    struct fa_fiber *current;
};

/* Places where fibers wait for something to happen. Zeroed is not valid: init. Pinned. */
struct fa_waitq {
    struct fa_list waiters;
};

void fa_fibers_init(struct fa_fibers *fibers, const struct fa_fibers_config *config, fa_ns now);

/*
 * Make a fiber that runs fn(ctx) and put it last in the run queue. It is gone when fn returns.
 *
 * Owns:    *ret_fiber (which may be NULL) is borrowed, valid until fn returns.
 * Returns: FA_OK; FA_ENOSPC if fiber_count_max fibers live.
 */
fa_err fa_fiber_spawn(
    struct fa_fibers *fibers, fa_fiber_fn fn, void *ctx, struct fa_fiber **ret_fiber);

/* Run every fiber that is ready now, once each; wake sleepers due at `now` first. Returns: whether
 * any ran. Called by the loop, never from a fiber. */
bool fa_fibers_run(struct fa_fibers *fibers, fa_ns now);

/* When a sleeper is due; 0 if a fiber is ready right now; FA_NS_NEVER: none. */
fa_ns fa_fibers_deadline(const struct fa_fibers *fibers);

/* The running fiber; NULL outside of any. */
struct fa_fiber *fa_fiber_current(void);

/* Let others run first. Yields. */
void fa_fiber_yield(void);

/* Sleep. Returns: FA_OK when the time has come; FA_ECANCEL. Yields. */
fa_err fa_fiber_sleep_until(fa_ns deadline);

/* Make the fiber's present or next wait return FA_ECANCEL, once. */
void fa_fiber_cancel(struct fa_fiber *fiber);

void fa_waitq_init(struct fa_waitq *waitq);

/* Wait to be woken. Returns: FA_OK when woken; FA_ETIMEOUT; FA_ECANCEL. Yields. */
fa_err fa_waitq_wait(struct fa_waitq *waitq, fa_ns deadline);

/* Make the longest-waiting fiber, or all, ready. Returns: how many. Never yields. */
size_t fa_waitq_wake_one(struct fa_waitq *waitq);
size_t fa_waitq_wake_all(struct fa_waitq *waitq);

/* Switch stacks: store the current stack pointer at *save and continue at `load`. One file per
 * architecture, plat/arch/ARCH/fiber_switch.S. Private to src/core/fiber.c. */
void fa__fiber_switch(void **save, void *load);

/* Lay out a fresh stack so that the first fa__fiber_switch() to it calls entry(arg). Returns: its
 * stack pointer. One file per architecture, plat/arch/ARCH/fiber_stack.c. */
void *fa__fiber_stack_init(uint8_t *top, void (*entry)(void *arg), void *arg);

#endif
