// SPDX-License-Identifier: ISC
//
// fa/capture.h: a wrapper around any netdev that records what passes as pcapng, for Wireshark.
//
// A capture is one pcapng section (draft-ietf-opsawg-pcapng): several devices may write into it,
// each an interface of its own with its name, address and nanosecond times; each frame says which
// way it went. The bytes go to a sink: a ring that keeps the newest packets in memory (here), a
// file (fa/capture_file.h), or yours. Nothing is kept back and nothing blocks. Implemented by
// src/dev/capture*.c; tested by test/unit/capture_test.c, against tshark too.
//
//     fa_capture_ring_init(&ring, memory, sizeof memory);
//     fa_capture_init(&capture, &(struct fa_capture_config){.sink = fa_capture_ring_sink(&ring)});
//     fa_capture_wrap(&captured, &capture, &port.dev);
//     use(&captured.dev);

#ifndef FA_CAPTURE_H
#define FA_CAPTURE_H

#include "fa/base.h"
#include "fa/counter.h"
#include "fa/netdev.h"

enum {
    FA_CAPTURE_HEAD_MAX = 2048, /* bytes of section and interface blocks that a ring keeps */
    FA_CAPTURE_TEXT_MAX = 256,  /* bytes of a comment */
    FA_CAPTURE_RING_MIN = 4096, /* bytes of memory for a ring */
};

/* Where a capture goes. `write` gets the file's bytes in order, in pieces. From a fa_capture, the
 * first piece of a block holds 8 bytes at least, and no piece holds bytes of two blocks. */
struct fa_capture_sink {
    void (*write)(void *ctx, struct fa_slice piece);
    void *ctx;
};

struct fa_capture_config {
    struct fa_capture_sink sink;
    uint32_t snap_bytes;     /* keep this much of each frame; 0: all */
    uint64_t wall_offset_ns; /* wall clock minus monotonic clock; 0: times count from the start */
    const char *comment;     /* on the section: what is recorded here; NULL: none */
};

/* Pinned. */
struct fa_capture {
    struct fa_capture_config config;
    uint32_t iface_count;
};

/* `dev` is the part to use. Private below. Pinned. */
struct fa_capture_dev {
    struct fa_netdev dev;
    struct fa_netdev *inner;
    struct fa_capture *capture;
    uint32_t iface;    /* its number in the section */
    uint64_t rx_count; /* frames */
};

/* Begin a section. Limits: the comment is cut off at FA_CAPTURE_TEXT_MAX. */
void fa_capture_init(struct fa_capture *capture, const struct fa_capture_config *config);

/* Record `inner`, which is borrowed until fa_netdev_close(&dev->dev) closes both. A frame is
 * recorded when it is handed up, and when it is given to be sent. */
void fa_capture_wrap(
    struct fa_capture_dev *dev, struct fa_capture *capture, struct fa_netdev *inner);

/* Write how many frames a device handed up so far, with a remark such as how it ended (an
 * Interface Statistics Block). Limits: as for the section's comment. */
void fa_capture_remark(const struct fa_capture_dev *dev, fa_ns now, const char *text);

/* Keeps section and interfaces, and as many of the newest whole packets as fit. Pinned. */
struct fa_capture_ring {
    uint8_t head[FA_CAPTURE_HEAD_MAX];
    size_t head_len;
    uint8_t *memory;
    size_t cap;
    uint64_t first;  /* offset of the oldest block; offsets only grow, taken modulo cap */
    uint64_t last;   /* offset behind the newest */
    size_t left_len; /* bytes of the present block still to come */
    bool in_head;    /* it is a section or interface block */
    bool dropping;   /* it does not fit */
    struct fa_counters *counters;
};

/*
 * Keep recent packets in `len` bytes of `memory`, which is borrowed. `counters` may be NULL:
 * fa_counters_main.
 *
 * Limits: FA_CAPTURE_RING_MIN bytes at least; a block larger than the memory is dropped and counted
 *         (capture_dropped); interfaces beyond FA_CAPTURE_HEAD_MAX bytes are a bug.
 */
void fa_capture_ring_init(
    struct fa_capture_ring *ring, uint8_t *memory, size_t len, struct fa_counters *counters);

struct fa_capture_sink fa_capture_ring_sink(struct fa_capture_ring *ring);

/* Write all that the ring keeps to `sink`: a whole pcapng file. The ring stays as it is. */
void fa_capture_ring_dump(const struct fa_capture_ring *ring, struct fa_capture_sink sink);

#endif
