// SPDX-License-Identifier: ISC
//
// trace.c: writing records into rings, and reading them back. docs/spec/trace-record.md is the
// format, with what a reader in another process may rely on.

#include "fa/trace.h"
#include "fa/plat.h"
#include "fa/wall.h"

enum {
    PAYLOAD_MAX = 1024, /* bytes */
    CAP_MIN = 4096,     /* bytes */
    RECORD_ALIGN = 8,   /* bytes */
    READ_TRIES = 8,     /* how often a read is overtaken before it gives up for now */
};

_Static_assert(sizeof(struct fa_trace_record) == 16, "as docs/spec/trace-record.md says");
_Static_assert(sizeof(struct fa_trace_ring) == 48, "as docs/spec/trace-record.md says");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are little-endian");

const struct fa_event_info fa_event_infos[FA_EVENT_COUNT] = {
#define FA_EVENT(name, kind, fields, doc) {#name, fields, doc, kind},
#include "fa/schema.def"
};

struct fa_trace_ring *fa_trace_rings[FA_TRACE_CLASS_COUNT];

static uint64_t record_len(uint64_t payload_len)
{
    uint64_t len = sizeof(struct fa_trace_record) + payload_len;
    return (len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

static void copy_in(struct fa_trace_ring *ring, uint64_t at, const void *bytes, size_t len)
{
    size_t off = at & (ring->cap - 1);
    size_t first = fa_min(len, ring->cap - off);
    fa_copy(ring->records + off, bytes, first);
    fa_copy(ring->records, (const uint8_t *)bytes + first, len - first);
}

/* `cap` rather than ring->cap, which another process could change after it was checked. */
static void copy_out(
    const struct fa_trace_ring *ring, uint64_t cap, uint64_t at, void *bytes, size_t len)
{
    size_t off = at & (cap - 1);
    size_t first = fa_min(len, cap - off);
    fa_copy(bytes, ring->records + off, first);
    fa_copy((uint8_t *)bytes + first, ring->records, len - first);
}

void fa_trace_attach(enum fa_trace_class kind, void *memory, size_t len)
{
    FA_ASSERT(kind < FA_TRACE_CLASS_COUNT);
    if (memory == NULL) {
        fa_trace_rings[kind] = NULL;
        return;
    }
    FA_ASSERT((uintptr_t)memory % RECORD_ALIGN == 0);
    FA_ASSERT(len >= sizeof(struct fa_trace_ring) + CAP_MIN);
    size_t room = len - sizeof(struct fa_trace_ring);
    uint64_t wall_ns = fa_wall_ns();
    struct fa_trace_ring *ring = memory;
    *ring = (struct fa_trace_ring){
        .magic = FA_TRACE_MAGIC,
        .cap = UINT64_C(1) << (63 - __builtin_clzll(room)),
        .wall_offset_ns = wall_ns == 0 ? 0 : wall_ns - fa_clock_mono_ns(),
    };
    fa_trace_rings[kind] = ring;
}

/* Give up the oldest records until `len` bytes are free behind the tail. */
static void make_room(struct fa_trace_ring *ring, uint64_t len)
{
    uint64_t head = ring->head;
    uint64_t lost_count = 0;
    while (ring->tail + len - head > ring->cap) {
        struct fa_trace_record oldest;
        copy_out(ring, ring->cap, head, &oldest, sizeof oldest);
        head += record_len(oldest.len);
        lost_count++;
        FA_ASSERT(head <= ring->tail);
    }
    if (lost_count != 0) {
        __atomic_store_n(&ring->lost_count, ring->lost_count + lost_count, __ATOMIC_RELAXED);
        __atomic_store_n(&ring->head, head, __ATOMIC_RELAXED);
        // The new head is seen before any byte that is written over the old records.
        __atomic_thread_fence(__ATOMIC_RELEASE);
    }
}

void fa_trace_emit(
    enum fa_event_id event, fa_ns now, uint32_t actor, const void *payload, size_t len)
{
    static const uint8_t zeros[RECORD_ALIGN];
    FA_ASSERT(event < FA_EVENT_COUNT);
    struct fa_trace_ring *ring = fa_trace_rings[fa_event_infos[event].kind];
    if (ring == NULL) {
        return;
    }
    len = fa_min(len, PAYLOAD_MAX);
    struct fa_trace_record record = {
        .at_ns = now,
        .event = (uint16_t)event,
        .len = (uint16_t)len,
        .actor = actor,
    };
    uint64_t whole = record_len(len);
    make_room(ring, whole);
    uint64_t at = ring->tail;
    copy_in(ring, at, &record, sizeof record);
    copy_in(ring, at + sizeof record, payload, len);
    copy_in(ring, at + sizeof record + len, zeros, whole - sizeof record - len);
    __atomic_store_n(&ring->tail, at + whole, __ATOMIC_RELEASE);
}

/* The head of the ring as it was at one moment, checked. */
struct view {
    uint64_t cap;
    uint64_t head;
    uint64_t tail;
};

static fa_err look_at_ring(const struct fa_trace_ring *ring, size_t ring_len, struct view *ret_view)
{
    if (ring_len < sizeof *ring) {
        return FA_ECORRUPT;
    }
    // The tail first: then the head is as new at least, and not more than a ring apart.
    uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    struct view view = {
        .cap = __atomic_load_n(&ring->cap, __ATOMIC_RELAXED),
        .head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED),
        .tail = tail,
    };
    bool cap_is_sound = view.cap >= CAP_MIN && (view.cap & (view.cap - 1)) == 0 &&
                        view.cap <= ring_len - sizeof *ring;
    bool place_is_sound = view.head <= view.tail && view.tail - view.head <= view.cap &&
                          (view.head | view.tail) % RECORD_ALIGN == 0;
    if (ring->magic != FA_TRACE_MAGIC || !cap_is_sound || !place_is_sound) {
        return FA_ECORRUPT;
    }
    *ret_view = view;
    return FA_OK;
}

/* Copy out the record at `at`. Returns: FA_OK; FA_ECORRUPT; FA_ENOSPC. */
static fa_err copy_record(const struct fa_trace_ring *ring, const struct view *view, uint64_t at,
    struct fa_trace_record *ret_record, void *payload, size_t cap)
{
    if (view->tail - at < sizeof *ret_record) {
        return FA_ECORRUPT;
    }
    struct fa_trace_record record;
    copy_out(ring, view->cap, at, &record, sizeof record);
    if (record.len > PAYLOAD_MAX || record_len(record.len) > view->tail - at) {
        return FA_ECORRUPT;
    }
    if (record.len > cap) {
        return FA_ENOSPC;
    }
    copy_out(ring, view->cap, at + sizeof record, payload, record.len);
    *ret_record = record;
    return FA_OK;
}

fa_err fa_trace_read(const struct fa_trace_ring *ring, size_t ring_len, uint64_t *cursor,
    struct fa_trace_record *ret_record, void *payload, size_t cap)
{
    fa_err err = FA_AGAIN;
    for (unsigned try = 0; try < READ_TRIES; try++) {
        struct view view;
        err = look_at_ring(ring, ring_len, &view);
        if (err != FA_OK) {
            continue; // a writer that laps the reader between two loads looks like damage, once
        }
        uint64_t at = *cursor < view.head ? view.head : *cursor;
        if (at > view.tail || at % RECORD_ALIGN != 0) {
            return FA_ECORRUPT;
        }
        if (at == view.tail) {
            return FA_AGAIN;
        }
        struct fa_trace_record record;
        err = copy_record(ring, &view, at, &record, payload, cap);
        // What was copied counts only if the writer had not begun to write over it.
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(&ring->head, __ATOMIC_RELAXED) > at) {
            err = FA_AGAIN;
            continue;
        }
        FA_TRY(err);
        *cursor = at + record_len(record.len);
        *ret_record = record;
        return FA_OK;
    }
    return err;
}
