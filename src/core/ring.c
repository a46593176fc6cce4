// SPDX-License-Identifier: ISC
//
// ring.c: a ring of bytes. Head and tail only grow; their difference is right even across the
// wrap of size_t, because the capacity is a power of two.

#include "fa/ring.h"

void fa_ring_init(struct fa_ring *ring, uint8_t *memory, size_t cap)
{
    FA_ASSERT(memory != NULL);
    FA_ASSERT(cap != 0 && (cap & (cap - 1)) == 0);
    *ring = (struct fa_ring){.memory = memory, .cap = cap};
}

struct fa_slice fa_ring_peek(const struct fa_ring *ring)
{
    size_t off = ring->head & (ring->cap - 1);
    return (struct fa_slice){ring->memory + off, fa_min(fa_ring_len(ring), ring->cap - off)};
}

void fa_ring_done(struct fa_ring *ring, size_t len)
{
    FA_ASSERT(len <= fa_ring_len(ring));
    ring->head += len;
}

size_t fa_ring_reserve(struct fa_ring *ring, uint8_t **ret_at)
{
    size_t off = ring->tail & (ring->cap - 1);
    *ret_at = ring->memory + off;
    return fa_min(fa_ring_room(ring), ring->cap - off);
}

void fa_ring_commit(struct fa_ring *ring, size_t len)
{
    size_t off = ring->tail & (ring->cap - 1);
    FA_ASSERT(len <= fa_min(fa_ring_room(ring), ring->cap - off));
    ring->tail += len;
}

size_t fa_ring_write(struct fa_ring *ring, struct fa_slice bytes)
{
    size_t taken = 0;
    // Twice at most: up to the end of the memory, and from its start.
    while (taken < bytes.len) {
        uint8_t *at;
        size_t len = fa_min(fa_ring_reserve(ring, &at), bytes.len - taken);
        if (len == 0) {
            break;
        }
        fa_copy(at, bytes.at + taken, len);
        fa_ring_commit(ring, len);
        taken += len;
    }
    return taken;
}
