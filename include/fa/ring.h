// SPDX-License-Identifier: ISC
//
// fa/ring.h: a ring of bytes, with the house's pair of calls on each side.
//
// One writer, one reader, one thread. It lends out the longest contiguous piece; a second call
// gets the rest after the wrap. Tested by test/unit/ring_test.c.
//
//     uint8_t *at;
//     size_t room = fa_ring_reserve(&ring, &at);
//     fa_ring_commit(&ring, produce(at, room));
//     struct fa_slice seen = fa_ring_peek(&ring);
//     fa_ring_done(&ring, consume(seen));

#ifndef FA_RING_H
#define FA_RING_H

#include "fa/base.h"

/* Movable while nothing is lent out. */
struct fa_ring {
    uint8_t *memory;
    size_t cap;  /* bytes, a power of two */
    size_t head; /* bytes ever read; wraps */
    size_t tail; /* bytes ever written; wraps */
};

/* Owns: borrows `memory` of `cap` bytes. Limits: cap is a power of two. */
void fa_ring_init(struct fa_ring *ring, uint8_t *memory, size_t cap);

static inline size_t fa_ring_len(const struct fa_ring *ring)
{
    return ring->tail - ring->head;
}

static inline size_t fa_ring_room(const struct fa_ring *ring)
{
    return ring->cap - fa_ring_len(ring);
}

/* The oldest contiguous bytes, borrowed until fa_ring_done(); empty if the ring is. */
struct fa_slice fa_ring_peek(const struct fa_ring *ring);

/* Forget the `len` oldest bytes. Traps if there are fewer. */
void fa_ring_done(struct fa_ring *ring, size_t len);

/* The longest contiguous room, borrowed until fa_ring_commit(). Returns: its bytes, 0 if full. */
size_t fa_ring_reserve(struct fa_ring *ring, uint8_t **ret_at);

/* Make the first `len` bytes of the room readable. Traps if that is more than was there. */
void fa_ring_commit(struct fa_ring *ring, size_t len);

/* Copy in as much as fits, wrapping. Returns: bytes taken. */
size_t fa_ring_write(struct fa_ring *ring, struct fa_slice bytes);

#endif
