// SPDX-License-Identifier: ISC
//
// src/virtio/virtq.h: one split virtqueue, the driver's side (virtio 1.2, 2.7).
//
// Chains of buffers go out, come back used, in any order. What the device writes is not believed:
// an id that is not under way, a length beyond what it was lent, an index that runs ahead of what
// it was given are counted, and the last of them ends the queue. What belongs to a chain is kept
// aside, so a device that scribbles over the descriptors misleads itself alone. Addresses are the
// ones that the device sees too. Tested by test/unit/virtq_test.c and fuzz/virtq_fuzz.c.
//
//     if (fa__virtq_push(&q, pieces, 1, 1, request)) ...
//     if (fa__virtq_publish(&q)) ring the doorbell;
//     while ((request = fa__virtq_pop(&q, &len)) != NULL) ...

#ifndef FA_VIRTQ_H
#define FA_VIRTQ_H

#include "fa/base.h"

enum {
    FA__VIRTQ_SIZE_MAX = 256, /* descriptors, a power of two */
    FA__VIRTQ_MEMORY_ALIGN =
        4096,                  /* where the used ring begins, too: as the legacy layout has it */
    FA__VIRTQ_PIECES_MAX = 64, /* of one chain */
};

/* As the device reads them; virtio 1.2, 2.7.5 to 2.7.8. Little-endian, as we are. */
struct fa__virtq_desc {
    uint64_t at;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct fa__virtq_used {
    uint32_t id;
    uint32_t len;
};

struct fa__virtq_memory {
    _Alignas(FA__VIRTQ_MEMORY_ALIGN) uint8_t bytes[3 * 4096];
};

struct fa__virtq_piece {
    void *at;
    uint32_t len;
};

/* What the driver remembers of a descriptor. */
struct fa__virtq_slot {
    void *token;    /* of the chain that begins here; NULL: none does */
    uint32_t room;  /* bytes the device may write to it */
    uint16_t next;  /* in the chain, or among the free ones */
    uint16_t count; /* descriptors of the chain */
};

/* Private. Pinned: the device knows where its memory is. */
struct fa__virtq {
    struct fa__virtq_desc *desc;
    uint16_t *avail; /* flags, index, ring of `size`, used_event */
    uint8_t *used;   /* flags, index, ring of `size` pairs, avail_event */
    uint16_t size;
    uint16_t free_first;
    uint16_t free_count;
    uint16_t lent_count; /* chains that the device has */
    uint16_t avail_next; /* what the index will be once it is published */
    uint16_t avail_told; /* what the device has been told of */
    uint16_t used_next;
    bool event_idx;
    bool broken;        /* the device's index makes no sense: nothing comes back any more */
    uint64_t bad_count; /* used entries that were no good */
    struct fa__virtq_slot slot[FA__VIRTQ_SIZE_MAX];
};

/* Begin with an empty queue of `size` descriptors in `memory`, which is zeroed. */
void fa__virtq_init(
    struct fa__virtq *q, struct fa__virtq_memory *memory, uint16_t size, bool event_idx);

/*
 * Lend the device a chain: the first `out_count` pieces to read, then `in_count` to write.
 *
 * Owns:    the device has the bytes, and `token`, until fa__virtq_pop() returns it.
 * Returns: false: there are not enough free descriptors, or the queue is broken.
 * Limits:  1 to FA__VIRTQ_PIECES_MAX pieces; token is not NULL.
 */
bool fa__virtq_push(struct fa__virtq *q, const struct fa__virtq_piece *pieces, size_t out_count,
    size_t in_count, void *token);

/* Show the device what was pushed. Returns: whether it wants to be told. */
bool fa__virtq_publish(struct fa__virtq *q);

/* Take back a chain. Returns: its token and how many bytes the device says it wrote, never more
 * than it was lent; NULL: none is there. */
void *fa__virtq_pop(struct fa__virtq *q, uint32_t *ret_len);

/* Ask for an interrupt when `ahead` more chains have come back, 1 for the next. Returns: whether
 * one is there already, so that none will come for it. */
bool fa__virtq_arm(struct fa__virtq *q, uint16_t ahead);

/* Whether fa__virtq_pop() would find something. */
bool fa__virtq_waiting(const struct fa__virtq *q);

#endif
