// SPDX-License-Identifier: ISC
//
// flow.c: waiting for flows and listeners on a fiber.

#include "fa/flow.h"
#include "fa/fiber.h"

/* A fiber that waits. Several may wait for one flow, one to read and one to write for instance, so
 * each keeps the watch it found and passes events on to it. */
struct waiter {
    struct fa_watch watch;
    struct fa_watch *outer;
    struct fa_waitq waitq;
};

static void wake_waiter(struct fa_watch *watch, unsigned events)
{
    struct waiter *waiter = FA_CONTAINER(watch, struct waiter, watch);
    fa_waitq_wake_all(&waiter->waitq);
    if (waiter->outer != NULL) {
        waiter->outer->fn(waiter->outer, events);
    }
}

fa_err fa_watch_wait(struct fa_watch **watch, fa_ns deadline)
{
    struct waiter waiter = {.watch = {wake_waiter}, .outer = *watch};
    fa_waitq_init(&waiter.waitq);
    *watch = &waiter.watch;
    fa_err err = fa_waitq_wait(&waiter.waitq, deadline);
    // Those who came later may still be here, in front of this one.
    struct fa_watch **place = watch;
    while (*place != &waiter.watch) {
        FA_ASSERT(*place != NULL && (*place)->fn == wake_waiter);
        place = &FA_CONTAINER(*place, struct waiter, watch)->outer;
    }
    *place = waiter.outer;
    return err;
}

fa_err fa_listener_accept_wait(
    struct fa_listener *listener, fa_ns deadline, struct fa_flow **ret_flow)
{
    fa_err err;
    while ((err = fa_listener_accept(listener, ret_flow)) == FA_AGAIN) {
        FA_TRY(fa_watch_wait(&listener->watch, deadline));
    }
    return err;
}

fa_err fa_flow_peek_wait(struct fa_flow *flow, fa_ns deadline, struct fa_slice *ret_bytes)
{
    fa_err err;
    while ((err = fa_flow_peek(flow, ret_bytes)) == FA_AGAIN) {
        FA_TRY(fa_watch_wait(&flow->watch, deadline));
    }
    return err;
}

fa_err fa_flow_reserve_wait(struct fa_flow *flow, fa_ns deadline, uint8_t **ret_at, size_t *ret_cap)
{
    fa_err err;
    while ((err = fa_flow_reserve(flow, ret_at, ret_cap)) == FA_AGAIN) {
        FA_TRY(fa_watch_wait(&flow->watch, deadline));
    }
    return err;
}

fa_err fa_flow_write_all(struct fa_flow *flow, struct fa_slice bytes, fa_ns deadline)
{
    while (bytes.len != 0) {
        uint8_t *at;
        size_t cap;
        FA_TRY(fa_flow_reserve_wait(flow, deadline, &at, &cap));
        size_t len = fa_min(cap, bytes.len);
        fa_copy(at, bytes.at, len);
        fa_flow_commit(flow, len);
        bytes = fa_slice_from(bytes, len);
    }
    return FA_OK;
}
