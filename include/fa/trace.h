// SPDX-License-Identifier: ISC
//
// fa/trace.h: emit records of what happened, when, to whom: spans, marks, packets, log lines.
//
// One record format, one schema (fa/schema.def), one clock; one ring per class, so packets never
// push out log lines. A ring overwrites its oldest records and can be read while it runs and after
// a crash: the format is docs/spec/trace-record.md. A class without a ring is off: a disabled
// event costs one load and one branch. Reading and converting belong to obs. Tested by
// test/unit/trace_test.c.
//
//     if (FA_TRACE_ON(tcp_state))
//         FA_TRACE(tcp_state, now, conn->id, (uint64_t)old, (uint64_t)state);

#ifndef FA_TRACE_H
#define FA_TRACE_H

#include "fa/base.h"

/* Each class has a ring of its own. */
enum fa_trace_class {
    FA_TRACE_LOG,    /* log lines */
    FA_TRACE_SCHED,  /* fibers, waits, loop turns */
    FA_TRACE_PACKET, /* frames and segments */
    FA_TRACE_PROTO,  /* protocol states, calls, timers */
    FA_TRACE_APP,    /* requests, spans of applications */
    FA_TRACE_CLASS_COUNT,
};

enum fa_event_id {
#define FA_EVENT(name, kind, fields, doc) FA_EVENT_##name,
#include "fa/schema.def"
    FA_EVENT_COUNT
};

struct fa_event_info {
    const char *name;
    const char *fields; /* names of the payload words, separated by commas; "text": bytes */
    const char *doc;
    enum fa_trace_class kind;
};

/* The schema, by fa_event_id. */
extern const struct fa_event_info fa_event_infos[FA_EVENT_COUNT];

/* A record's head, little-endian as it stands in the ring, 8-byte aligned; the payload follows. */
struct fa_trace_record {
    uint64_t at_ns; /* monotonic clock */
    uint16_t event; /* enum fa_event_id */
    uint16_t len;   /* bytes of payload; the next record begins at the next multiple of 8 */
    uint32_t actor; /* fiber, connection or device it is about; 0: nobody */
};

/* A ring of one class: this head, then `cap` bytes. Offsets only grow; take them modulo cap. */
struct fa_trace_ring {
    uint64_t magic;          /* FA_TRACE_MAGIC */
    uint64_t cap;            /* bytes of record memory, a power of two */
    uint64_t head;           /* offset of the oldest whole record */
    uint64_t tail;           /* offset behind the newest */
    uint64_t lost_count;     /* records overwritten before this moment */
    uint64_t wall_offset_ns; /* wall clock minus monotonic clock; 0: not known */
    uint8_t records[];
};

#define FA_TRACE_MAGIC UINT64_C(0x3165636172746146) /* "Fatrace1" in memory order */

extern struct fa_trace_ring *fa_trace_rings[FA_TRACE_CLASS_COUNT];

/*
 * Give a class its ring, or NULL to switch it off.
 *
 * Owns:   borrows `memory`, 8-byte aligned, until the class gets another.
 * Limits: the largest power of two of records that fits behind the head is used; 4,096 at least.
 */
void fa_trace_attach(enum fa_trace_class kind, void *memory, size_t len);

/* Whether an event is wanted at all. */
#define FA_TRACE_ON(name) (__builtin_expect(fa_trace_rings[fa_event_class_##name] != NULL, 0))

/* Emit a record with the given uint64_t words if its class is on. */
#define FA_TRACE(name, now, actor, ...)                                                            \
    do {                                                                                           \
        if (FA_TRACE_ON(name)) {                                                                   \
            const uint64_t fa_trace_words_[] = {0, ##__VA_ARGS__};                                 \
            fa_trace_emit(FA_EVENT_##name, (now), (actor), fa_trace_words_ + 1,                    \
                sizeof fa_trace_words_ - sizeof fa_trace_words_[0]);                               \
        }                                                                                          \
    } while (0)

enum {
#define FA_EVENT(name, kind, fields, doc) fa_event_class_##name = (kind),
#include "fa/schema.def"
};

/* Emit a record with `len` payload bytes; what is beyond 1,024 bytes is cut off. The class may be
 * off: then nothing happens. */
void fa_trace_emit(
    enum fa_event_id event, fa_ns now, uint32_t actor, const void *payload, size_t len);

/*
 * Copy out the record at ring offset *cursor, and move *cursor behind it. Start with 0: a cursor
 * that the writer has overtaken moves up to the oldest record. The ring may lie in memory that
 * another process writes to, or come from a crash: nothing in its bytes is trusted, and nothing is
 * read outside of the `ring_len` bytes at `ring` and no record that was overwritten meanwhile.
 *
 * Returns: FA_OK; FA_AGAIN at the end; FA_ECORRUPT if the bytes make no sense; FA_ENOSPC if the
 *          payload is longer than `cap` (1,024 is enough for all).
 */
fa_err fa_trace_read(const struct fa_trace_ring *ring, size_t ring_len, uint64_t *cursor,
    struct fa_trace_record *ret_record, void *payload, size_t cap);

#endif
