// SPDX-License-Identifier: ISC
//
// Trace rings. An even first byte: the rest is a ring as it might come from a crash or from a
// hostile image; reading it must end, and stay inside. An odd one: the rest says what to emit, and
// what was emitted last is read back.

#include <stdlib.h>

#include "fa/trace.h"

enum {
    RING_LEN = sizeof(struct fa_trace_ring) + 4096,
    PAYLOAD_MAX = 1024,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Read from `cursor` to the end. Returns: records. */
static size_t read_all(const struct fa_trace_ring *ring, size_t ring_len, uint64_t cursor)
{
    struct fa_trace_record record;
    uint8_t payload[PAYLOAD_MAX];
    size_t count = 0;
    for (;;) {
        uint64_t before = cursor;
        if (fa_trace_read(ring, ring_len, &cursor, &record, payload, sizeof payload) != FA_OK) {
            FA_ASSERT(cursor == before);
            return count;
        }
        FA_ASSERT(cursor > before && record.len <= PAYLOAD_MAX);
        count++;
        FA_ASSERT(count <= ring_len / sizeof record);
    }
}

static void read_foreign(const uint8_t *data, size_t len)
{
    // A block of the exact length, so that the sanitizer sees what is beyond it. The input gives
    // the head and the first records; the rest repeats, or a ring of 4 KiB would hardly be found.
    size_t ring_len = len < 64 ? len : RING_LEN;
    uint8_t *memory = malloc(ring_len + 1);
    FA_ASSERT(memory != NULL);
    for (size_t off = 0; off < ring_len; off++) {
        memory[off] = data[off < len ? off : 48 + (off - len) % (len - 48)];
    }
    uint64_t cursor = 0;
    fa_copy(&cursor, data + len - fa_min(len, sizeof cursor), fa_min(len, sizeof cursor));
    const struct fa_trace_ring *ring = (const struct fa_trace_ring *)(void *)memory;
    (void)read_all(ring, ring_len, 0); // it is the reading that counts
    (void)read_all(ring, ring_len, cursor);
    free(memory);
}

static void emit_and_read(const uint8_t *data, size_t len)
{
    static _Alignas(8) uint8_t memory[RING_LEN];
    static const uint8_t payload[PAYLOAD_MAX + 100];
    fa_trace_attach(FA_TRACE_SCHED, memory, sizeof memory);
    const struct fa_trace_ring *ring = fa_trace_rings[FA_TRACE_SCHED];
    uint64_t emitted_count = 0;
    for (size_t off = 0; off + 2 <= len; off += 2) {
        size_t payload_len = fa_min(fa_be16_load(data + off), sizeof payload);
        fa_trace_emit(FA_EVENT_fiber_run, off, 0, payload, payload_len);
        emitted_count++;
    }
    size_t read_count = read_all(ring, sizeof memory, 0);
    FA_ASSERT(read_count + ring->lost_count == emitted_count);
    FA_ASSERT(read_count >= fa_min(emitted_count, 3)); // 3 of the longest fit
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    if (data[0] % 2 == 0) {
        read_foreign(data + 1, len - 1);
    } else {
        emit_and_read(data + 1, len - 1);
    }
    return 0;
}
