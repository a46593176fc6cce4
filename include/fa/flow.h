// SPDX-License-Identifier: ISC
//
// fa/flow.h: a stream of bytes each way: a TCP connection, a TLS session, a pipe.
//
// Reading is peek/done, writing is reserve/commit, so bytes are looked at and produced where they
// lie. The calls of the table never block; those below marked "Yields" wait on the fiber that calls
// them. Whoever is interested leaves a watch. Implementations: src/net/tcp_flow.c,
// src/core/pipe.c. All pass test/conform/flow_conform.c.
//
//     struct fa_slice seen;
//     while (fa_flow_peek_wait(flow, deadline, &seen) == FA_OK) {
//         FA_TRY(fa_flow_write_all(flow, seen, deadline));
//         fa_flow_done(flow, seen.len);
//     }
//     fa_flow_close(flow);

#ifndef FA_FLOW_H
#define FA_FLOW_H

#include "fa/base.h"

struct fa_flow;
struct fa_watch;

enum fa_flow_event {
    FA_FLOW_READABLE = 1 << 0, /* peek would say something new: bytes, the end, an error */
    FA_FLOW_WRITABLE = 1 << 1, /* reserve would say something new: room, an error */
};

/* Someone to tell. `fn` runs in the middle of protocol work: it may make a fiber ready or link
 * itself into a list, and must not call the flow. It is called after a call returned FA_AGAIN and
 * that may have changed; spurious calls are allowed. Pinned while it is set. */
struct fa_watch {
    void (*fn)(struct fa_watch *watch, unsigned events);
};

/* Wait until the watch that is set at *watch would be told something, which it is as well. Several
 * fibers may wait at one place, so long as nobody else changes it. Returns: FA_OK, perhaps for
 * nothing; FA_ETIMEOUT; FA_ECANCEL. Yields. */
fa_err fa_watch_wait(struct fa_watch **watch, fa_ns deadline);

struct fa_flow_ops {
    fa_err (*peek)(struct fa_flow *flow, struct fa_slice *ret_bytes);
    void (*done)(struct fa_flow *flow, size_t len);
    fa_err (*reserve)(struct fa_flow *flow, uint8_t **ret_at, size_t *ret_cap);
    void (*commit)(struct fa_flow *flow, size_t len);
    fa_err (*shutdown)(struct fa_flow *flow);
    void (*close)(struct fa_flow *flow);
    void (*abort)(struct fa_flow *flow);
    size_t (*peer)(const struct fa_flow *flow, char *at, size_t cap);
};

/* First member of every implementation's struct. */
struct fa_flow {
    const struct fa_flow_ops *ops;
    struct fa_watch *watch; /* NULL: nobody. Set it directly. */
};

/*
 * Look at the oldest received bytes.
 *
 * Owns:    borrowed until fa_flow_done(), fa_flow_close() or fa_flow_abort().
 * Returns: FA_OK with at least one byte; FA_AGAIN; FA_ECLOSED when the other side has ended its
 *          stream and all was read; FA_ERESET, FA_ETIMEOUT or FA_EREFUSED when the flow broke,
 *          which may come before or after the bytes that had arrived until then.
 */
static inline fa_err fa_flow_peek(struct fa_flow *flow, struct fa_slice *ret_bytes)
{
    return flow->ops->peek(flow, ret_bytes);
}

/* Forget the first `len` bytes last seen by fa_flow_peek(). Traps if that is more. */
static inline void fa_flow_done(struct fa_flow *flow, size_t len)
{
    flow->ops->done(flow, len);
}

/*
 * Get contiguous room to write to.
 *
 * Owns:    lent until fa_flow_commit(); one reservation at a time; never more than asked for once
 *          the send buffer's limit is reached.
 * Returns: FA_OK with *ret_cap at least 1; FA_AGAIN; FA_ECLOSED after fa_flow_shutdown();
 *          FA_ERESET, FA_ETIMEOUT or FA_EREFUSED when the flow broke.
 */
static inline fa_err fa_flow_reserve(struct fa_flow *flow, uint8_t **ret_at, size_t *ret_cap)
{
    return flow->ops->reserve(flow, ret_at, ret_cap);
}

/* Send the first `len` bytes of the room; 0 gives it back. They leave at the end of the turn. */
static inline void fa_flow_commit(struct fa_flow *flow, size_t len)
{
    flow->ops->commit(flow, len);
}

/* End the outgoing stream after what was committed; reading goes on. Returns: FA_OK, also when
 * called again; FA_ERESET and the like when the flow is broken. */
static inline fa_err fa_flow_shutdown(struct fa_flow *flow)
{
    return flow->ops->shutdown(flow);
}

/* Give the flow back. What was committed is still sent; if received bytes were left unread, the
 * other side is told by a reset. The pointer is dead afterwards. */
static inline void fa_flow_close(struct fa_flow *flow)
{
    flow->ops->close(flow);
}

/* Give the flow back and break it off at once. */
static inline void fa_flow_abort(struct fa_flow *flow)
{
    flow->ops->abort(flow);
}

/* Name of the other side, such as "192.0.2.7:51234", as fa_fmt() writes it. */
static inline size_t fa_flow_peer(const struct fa_flow *flow, char *at, size_t cap)
{
    return flow->ops->peer(flow, at, cap);
}

/* A source of flows: a TCP port, a pipe's name. First member of every implementation's struct. */
struct fa_listener;

struct fa_listener_ops {
    fa_err (*accept)(struct fa_listener *listener, struct fa_flow **ret_flow);
    void (*close)(struct fa_listener *listener);
};

struct fa_listener {
    const struct fa_listener_ops *ops;
    struct fa_watch *watch; /* told FA_FLOW_READABLE; NULL: nobody. Set it directly. */
};

/*
 * Take the oldest flow that is ready. Whoever does not accept fills the listener's bounded queue;
 * then the other sides are kept waiting or refused in the protocol's own way.
 *
 * Owns:    *ret_flow is the caller's until fa_flow_close() or fa_flow_abort().
 * Returns: FA_OK; FA_AGAIN.
 */
static inline fa_err fa_listener_accept(struct fa_listener *listener, struct fa_flow **ret_flow)
{
    return listener->ops->accept(listener, ret_flow);
}

/* Refuse newcomers from now on and reset what was not accepted; accepted flows live on. */
static inline void fa_listener_close(struct fa_listener *listener)
{
    listener->ops->close(listener);
}

/* As fa_listener_accept(), but wait. Also returns: FA_ETIMEOUT; FA_ECANCEL. Yields. */
fa_err fa_listener_accept_wait(
    struct fa_listener *listener, fa_ns deadline, struct fa_flow **ret_flow);

/* As fa_flow_peek() and fa_flow_reserve(), but wait instead of FA_AGAIN. Also return: FA_ETIMEOUT
 * at the deadline; FA_ECANCEL. Yield. The fiber takes over flow->watch during the call. */
fa_err fa_flow_peek_wait(struct fa_flow *flow, fa_ns deadline, struct fa_slice *ret_bytes);
fa_err fa_flow_reserve_wait(
    struct fa_flow *flow, fa_ns deadline, uint8_t **ret_at, size_t *ret_cap);

/* Write all of `bytes`. Returns: FA_OK; else as fa_flow_reserve_wait(), with part of it written.
 * Yields. */
fa_err fa_flow_write_all(struct fa_flow *flow, struct fa_slice bytes, fa_ns deadline);

#endif
