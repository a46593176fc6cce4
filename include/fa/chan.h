// SPDX-License-Identifier: ISC
//
// fa/chan.h: a bounded channel of fixed-size items between fibers.
//
// Any number of senders and receivers. The memory is the caller's. Closing lets receivers drain
// what is there. Tested by test/unit/chan_test.c.
//
//     int cells[8];
//     fa_chan_init(&chan, cells, sizeof cells[0], FA_COUNT_OF(cells));
//     FA_TRY(fa_chan_send(&chan, &(int){42}, FA_NS_NEVER));
//     FA_TRY(fa_chan_recv(&chan, &answer, fa_ns_after(now, FA_NS_S)));

#ifndef FA_CHAN_H
#define FA_CHAN_H

#include "fa/base.h"
#include "fa/fiber.h"

/* Pinned. */
struct fa_chan {
    uint8_t *memory;
    size_t item_len; /* bytes */
    size_t item_cap; /* items */
    size_t head;     /* items ever received */
    size_t tail;     /* items ever sent */
    bool closed;
    struct fa_waitq senders;
    struct fa_waitq receivers;
};

/* Owns: borrows item_len * item_cap bytes at `memory`. Limits: both at least 1. */
void fa_chan_init(struct fa_chan *chan, void *memory, size_t item_len, size_t item_cap);

/* Copy an item in. Returns: FA_OK; FA_ECLOSED; FA_ETIMEOUT; FA_ECANCEL. Yields if it is full. */
fa_err fa_chan_send(struct fa_chan *chan, const void *item, fa_ns deadline);

/* Copy the oldest item out. Returns: FA_OK; FA_ECLOSED once closed and drained; FA_ETIMEOUT;
 * FA_ECANCEL. Yields if it is empty. */
fa_err fa_chan_recv(struct fa_chan *chan, void *ret_item, fa_ns deadline);

/* As above, but FA_AGAIN instead of waiting. Never yield; callable outside of fibers. */
fa_err fa_chan_try_send(struct fa_chan *chan, const void *item);
fa_err fa_chan_try_recv(struct fa_chan *chan, void *ret_item);

/* No more items: senders get FA_ECLOSED, receivers what is left, then FA_ECLOSED. */
void fa_chan_close(struct fa_chan *chan);

#endif
