// SPDX-License-Identifier: ISC
//
// virtq.c: rings shared with a device that is not believed.

#include "src/virtio/virtq.h"

enum {
    DESC_NEXT = 1, // flags
    DESC_WRITE = 2,
    USED_NO_NOTIFY = 1,
    USED_RING_OFF = 4,
    AVAIL_RING = 2, // in words of 16 bits
};

_Static_assert(sizeof(struct fa__virtq_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(16 * FA__VIRTQ_SIZE_MAX + 2 * (AVAIL_RING + FA__VIRTQ_SIZE_MAX + 1) <= 2 * 4096 &&
                   USED_RING_OFF + 8 * FA__VIRTQ_SIZE_MAX + 2 <= 4096 &&
                   sizeof(struct fa__virtq_memory) == (size_t)3 * 4096,
    "descriptors and available ring are two pages, the used ring is one");

/* The used ring's place in the legacy layout: the first page behind the available ring. */
static size_t used_off(uint16_t size)
{
    size_t before = (size_t)16 * size + (size_t)2 * (AVAIL_RING + size + 1u);
    return (before + FA__VIRTQ_MEMORY_ALIGN - 1) / FA__VIRTQ_MEMORY_ALIGN * FA__VIRTQ_MEMORY_ALIGN;
}

static uint16_t load16(const void *at)
{
    return __atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE);
}

static void store16(void *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)at, value, __ATOMIC_RELEASE);
}

static uint16_t used_index(const struct fa__virtq *q)
{
    return load16(q->used + 2);
}

void fa__virtq_init(
    struct fa__virtq *q, struct fa__virtq_memory *memory, uint16_t size, bool event_idx)
{
    FA_ASSERT(size > 0 && size <= FA__VIRTQ_SIZE_MAX && (size & (size - 1)) == 0);
    FA_ASSERT((uintptr_t)memory % FA__VIRTQ_MEMORY_ALIGN == 0);
    fa_zero(memory, sizeof *memory);
    *q = (struct fa__virtq){
        .desc = (struct fa__virtq_desc *)(void *)memory->bytes,
        .avail = (uint16_t *)(void *)(memory->bytes + (size_t)16 * size),
        .used = memory->bytes + used_off(size),
        .size = size,
        .free_count = size,
        .event_idx = event_idx,
    };
    for (uint16_t i = 0; i < size; i++) {
        q->slot[i].next = (uint16_t)(i + 1);
    }
}

bool fa__virtq_push(struct fa__virtq *q, const struct fa__virtq_piece *pieces, size_t out_count,
    size_t in_count, void *token)
{
    const size_t count = out_count + in_count;
    FA_ASSERT(count > 0 && count <= FA__VIRTQ_PIECES_MAX && token != NULL);
    if (count > q->free_count || q->broken) {
        return false;
    }
    const uint16_t first = q->free_first;
    uint32_t room = 0;
    uint16_t at = first;
    for (size_t i = 0; i < count; i++) {
        const bool last = i + 1 == count, in = i >= out_count;
        const uint16_t next = q->slot[at].next;
        q->desc[at] = (struct fa__virtq_desc){
            .at = (uintptr_t)pieces[i].at,
            .len = pieces[i].len,
            .flags = (uint16_t)((last ? 0 : DESC_NEXT) | (in ? DESC_WRITE : 0)),
            .next = last ? 0 : next,
        };
        room += in ? pieces[i].len : 0;
        if (last) {
            q->free_first = next;
        } else {
            at = next;
        }
    }
    q->free_count = (uint16_t)(q->free_count - count);
    q->lent_count++;
    q->slot[first].token = token;
    q->slot[first].room = room;
    q->slot[first].count = (uint16_t)count;
    q->avail[AVAIL_RING + (q->avail_next & (q->size - 1))] = first;
    q->avail_next++;
    return true;
}

bool fa__virtq_publish(struct fa__virtq *q)
{
    const uint16_t told = q->avail_told, now = q->avail_next;
    if (now == told) {
        return false;
    }
    store16(q->avail + 1, now);
    q->avail_told = now;
    // The index must be seen before it is asked whether the device still looks (2.7.13.4.1).
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!q->event_idx) {
        return (load16(q->used) & USED_NO_NOTIFY) == 0;
    }
    const uint16_t event = load16(q->used + USED_RING_OFF + (size_t)8 * q->size);
    return (uint16_t)(now - event - 1) < (uint16_t)(now - told);
}

/* How many chains the device says have come back. More than it was given is a lie, and then there
 * is no telling which entries of the ring are meant. */
static uint16_t count_used(struct fa__virtq *q)
{
    const uint16_t count = (uint16_t)(used_index(q) - q->used_next);
    if (count > q->lent_count) {
        q->broken = true;
        q->bad_count++;
    }
    return q->broken ? 0 : count;
}

static void free_chain(struct fa__virtq *q, uint16_t first)
{
    uint16_t last = first;
    for (uint16_t i = 1; i < q->slot[first].count; i++) {
        last = q->slot[last].next;
    }
    q->free_count = (uint16_t)(q->free_count + q->slot[first].count);
    q->slot[last].next = q->free_first;
    q->slot[first].token = NULL;
    q->free_first = first;
    q->lent_count--;
}

void *fa__virtq_pop(struct fa__virtq *q, uint32_t *ret_len)
{
    while (!q->broken && count_used(q) > 0) {
        struct fa__virtq_used entry;
        fa_copy(&entry, q->used + USED_RING_OFF + (size_t)8 * (q->used_next & (q->size - 1)),
            sizeof entry);
        q->used_next++;
        if (entry.id >= q->size || q->slot[entry.id].token == NULL) {
            q->bad_count++;
            continue;
        }
        void *token = q->slot[entry.id].token;
        const uint32_t room = q->slot[entry.id].room;
        q->bad_count += entry.len > room;
        *ret_len = (uint32_t)fa_min(entry.len, room);
        free_chain(q, (uint16_t)entry.id);
        return token;
    }
    return NULL;
}

bool fa__virtq_arm(struct fa__virtq *q, uint16_t ahead)
{
    if (q->event_idx) {
        store16(q->avail + AVAIL_RING + q->size, (uint16_t)(q->used_next + ahead - 1));
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    return (uint16_t)(used_index(q) - q->used_next) >= ahead && !q->broken;
}

bool fa__virtq_waiting(const struct fa__virtq *q)
{
    return !q->broken && used_index(q) != q->used_next;
}
