// SPDX-License-Identifier: ISC
//
// The sink that keeps the newest packets. Blocks tell their length, so the oldest are thrown out
// whole; section and interface blocks are kept aside, for without them the rest cannot be read.

#include "fa/capture.h"

#include "src/dev/capture_priv.h"

enum {
    BLOCK_START_LEN = 8, /* bytes: type and length */
};

static void copy_in(struct fa_capture_ring *ring, struct fa_slice piece)
{
    size_t off = (size_t)(ring->last % ring->cap);
    size_t len = fa_min(piece.len, ring->cap - off);
    fa_copy(ring->memory + off, piece.at, len);
    fa_copy(ring->memory, piece.at + len, piece.len - len);
    ring->last += piece.len;
}

static uint32_t load_oldest_len(const struct fa_capture_ring *ring)
{
    uint8_t len[4];
    for (unsigned i = 0; i < sizeof len; i++) {
        len[i] = ring->memory[(ring->first + 4 + i) % ring->cap];
    }
    return fa__le32_load(len);
}

static void begin_block(struct fa_capture_ring *ring, struct fa_slice piece)
{
    FA_ASSERT(piece.len >= BLOCK_START_LEN);
    uint32_t type = fa__le32_load(piece.at);
    ring->left_len = fa__le32_load(piece.at + 4);
    ring->in_head = type == FA__PCAPNG_SECTION || type == FA__PCAPNG_IFACE;
    ring->dropping = !ring->in_head && ring->left_len > ring->cap;
    if (ring->in_head) {
        FA_ASSERT(ring->left_len <= FA_CAPTURE_HEAD_MAX - ring->head_len);
    } else if (ring->dropping) {
        FA_COUNT(ring->counters, capture_dropped);
    } else {
        while (ring->last - ring->first > ring->cap - ring->left_len) {
            ring->first += load_oldest_len(ring);
        }
    }
}

static void keep_piece(void *ctx, struct fa_slice piece)
{
    struct fa_capture_ring *ring = ctx;
    if (ring->left_len == 0) {
        begin_block(ring, piece);
    }
    FA_ASSERT(piece.len <= ring->left_len);
    ring->left_len -= piece.len;
    if (ring->in_head) {
        fa_copy(ring->head + ring->head_len, piece.at, piece.len);
        ring->head_len += piece.len;
    } else if (!ring->dropping) {
        copy_in(ring, piece);
    }
}

void fa_capture_ring_init(
    struct fa_capture_ring *ring, uint8_t *memory, size_t len, struct fa_counters *counters)
{
    FA_ASSERT(len >= FA_CAPTURE_RING_MIN);
    *ring = (struct fa_capture_ring){
        .memory = memory,
        .cap = len,
        .counters = counters != NULL ? counters : &fa_counters_main,
    };
}

struct fa_capture_sink fa_capture_ring_sink(struct fa_capture_ring *ring)
{
    return (struct fa_capture_sink){.write = keep_piece, .ctx = ring};
}

void fa_capture_ring_dump(const struct fa_capture_ring *ring, struct fa_capture_sink sink)
{
    size_t off = (size_t)(ring->first % ring->cap);
    size_t len = (size_t)(ring->last - ring->first);
    size_t up_len = fa_min(len, ring->cap - off);
    FA_ASSERT(ring->left_len == 0); /* between blocks */
    sink.write(sink.ctx, (struct fa_slice){ring->head, ring->head_len});
    sink.write(sink.ctx, (struct fa_slice){ring->memory + off, up_len});
    sink.write(sink.ctx, (struct fa_slice){ring->memory, len - up_len});
}
