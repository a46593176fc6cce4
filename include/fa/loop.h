// SPDX-License-Identifier: ISC
//
// fa/loop.h: the event loop of an image: fibers, pollers, sleep.
//
// A turn runs what is ready, polls every poller once and, if nobody had anything to do, sleeps
// until the earliest deadline has come or a device wakes it. Time is read once a turn. A poller is
// anything that moves by itself: a network stack, an HTTP server, a wire. Tested by
// test/unit/loop_test.c.
//
//     fa_loop_init(&loop, &(struct fa_loop_config){.fibers.fiber_count_max = 64});
//     fa_stack_start(&stack, &loop);
//     int status = fa_loop_run(&loop);

#ifndef FA_LOOP_H
#define FA_LOOP_H

#include "fa/base.h"
#include "fa/fiber.h"
#include "fa/list.h"

struct fa_poller;

struct fa_poller_ops {
    /* Do what can be done at `now` without waiting. Returns: whether anything was done; then the
     * loop turns again before it sleeps. */
    bool (*poll)(struct fa_poller *poller, fa_ns now);
    /* When to poll again if no device wakes the loop before; FA_NS_NEVER: no need. O(1). */
    fa_ns (*deadline)(const struct fa_poller *poller);
};

/* First member of whatever polls, or a member found by FA_CONTAINER(). Pinned. */
struct fa_poller {
    const struct fa_poller_ops *ops;
    struct fa_list node;
};

struct fa_loop_config {
    struct fa_fibers_config fibers;
};

/* Pinned. */
struct fa_loop {
    struct fa_fibers fibers;
    struct fa_list pollers;
    fa_ns now; /* time of this turn */
    uint64_t turn_count;
    bool turning;
    bool stopping;
    int status;
};

void fa_loop_init(struct fa_loop *loop, const struct fa_loop_config *config);

/* Poll `poller` from the next turn on, after those added before it; and stop doing so at once. Any
 * poller may do either in the middle of a turn. */
void fa_loop_add(struct fa_loop *loop, struct fa_poller *poller);
void fa_loop_remove(struct fa_loop *loop, struct fa_poller *poller);

/* One turn; with `may_sleep`, sleep at its end if nothing was done. The devices are looked at
 * (fa_plat_wait()) at the end of every turn. Returns: whether anything was done. */
bool fa_loop_turn(struct fa_loop *loop, bool may_sleep);

/* Turn until fa_loop_stop() or the platform asks to stop. Returns: the status to exit with. */
int fa_loop_run(struct fa_loop *loop);

/* End fa_loop_run() after this turn, or the next one at once. It may be run again afterwards. */
void fa_loop_stop(struct fa_loop *loop, int status);

#endif
