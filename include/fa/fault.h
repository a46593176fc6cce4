// SPDX-License-Identifier: ISC
//
// fa/fault.h: a bad network on purpose: a wrapper around any netdev that spoils what passes.
//
// Each direction has its own faults and its own random sequence, so the same seed and the same
// calls give the same network, and a fault switched on one way changes nothing the other way. A
// frame meets the faults in the order of struct fa_fault_config. Frames on their way are buffers of
// the inner device's pool: a long delay at a high rate needs a pool to match. It understands frames
// as bytes only and mends no checksum: a corrupted frame is meant to be found out.
// Implemented by src/dev/fault.c; tested by test/unit/fault_test.c, test/conform/netdev_test.c.
//
//     fa_fault_wrap(&lossy, &port.dev, &(struct fa_fault_wrap_config){.seed = 1,
//         .rx = {.loss_per_million = 10000}, .tx = {.delay_ns = 20 * FA_NS_MS}});
//     use(&lossy.dev);

#ifndef FA_FAULT_H
#define FA_FAULT_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/list.h"
#include "fa/netdev.h"
#include "fa/rand.h"

enum {
    FA_FAULT_SMALL_BYTES_DEFAULT = 100,
    FA_FAULT_HELD_COUNT_DEFAULT = 1024, /* frames */
};

#define FA_FAULT_RATE_MAX ((uint64_t)10 * 1000 * 1000 * 1000) /* bytes a second */

enum fa_fault_dir {
    FA_FAULT_RX, /* from the wire to the stack */
    FA_FAULT_TX, /* from the stack to the wire */
    FA_FAULT_DIR_COUNT,
};

/* The faults of one direction, in the order in which a frame meets them. Zero: a perfect wire. */
struct fa_fault_config {
    uint32_t mtu_bytes; /* drop frames with more payload than this; 0: no limit */

    uint64_t silence_bytes; /* after this many bytes, lose everything ... */
    fa_ns silence_ns;       /* ... for this long. Either 0: never */

    uint32_t loss_per_million;
    uint32_t small_loss_per_million; /* of frames of small_bytes or less: ACKs and the like */
    uint32_t small_bytes;            /* 0: FA_FAULT_SMALL_BYTES_DEFAULT */

    uint32_t duplicate_per_million; /* the copy goes through all that follows by itself */

    uint32_t corrupt_per_million;
    uint32_t corrupt_bits_max; /* flip 1 to this many bits; 0: one */

    uint32_t trailing_bytes_max; /* append 0 to this many random bytes, within the MTU */

    uint64_t rate_bytes_per_s; /* 0: no limit */
    uint64_t burst_bytes;      /* what may pass at once after a pause (token bucket) */
    uint64_t queue_bytes;      /* what may wait for its turn, a frame at least; 0: no limit */

    fa_ns delay_ns;  /* on every frame */
    fa_ns jitter_ns; /* and 0 to this much more; order is kept */

    uint32_t reorder_per_million; /* hold a frame back so that later ones overtake it ... */
    fa_ns reorder_ns;             /* ... for 1 ns to this much more */
};

/* What was done to the frames of one direction. */
struct fa_fault_stats {
    uint64_t passed_count; /* handed on, copies included */
    uint64_t off_dropped_count;
    uint64_t mtu_dropped_count;
    uint64_t silent_dropped_count;
    uint64_t lost_count;
    uint64_t small_lost_count;
    uint64_t duplicated_count;
    uint64_t corrupted_count;
    uint64_t padded_count;
    uint64_t rate_dropped_count;
    uint64_t reordered_count;
    uint64_t held_full_count;
};

struct fa_fault_wrap_config {
    uint64_t seed;
    struct fa_fault_config rx;
    struct fa_fault_config tx;
    uint32_t held_count_max;      /* frames on their way, each direction; 0: the default */
    struct fa_counters *counters; /* NULL: fa_counters_main */
};

/* One direction. Private but for `stats`. */
struct fa_fault_side {
    struct fa_fault_config config;
    struct fa_fault_stats stats;
    struct fa_rand rand;
    struct fa_list held; /* fa_buf.node by fa_buf.at_ns, when each is due */
    uint32_t held_count;
    uint32_t held_count_max;
    bool off;
    uint64_t loud_bytes; /* passed since the last silence */
    fa_ns silent_until_ns;
    fa_ns rate_free_at_ns; /* when the bucket will have sent all it accepted */
    fa_ns due_max_ns;      /* of frames in order */
};

/* `dev` is the part to use. Private but for side[].stats. Pinned. */
struct fa_fault {
    struct fa_netdev dev;
    struct fa_netdev *inner;
    struct fa_fault_side side[FA_FAULT_DIR_COUNT];
    struct fa_counters *counters;
};

/* Wrap `inner`, which is borrowed until fa_netdev_close(&fault->dev) closes both. Outgoing frames
 * that are due leave in any call with a `now`, so the owner polls by fa_netdev_deadline(). */
void fa_fault_wrap(
    struct fa_fault *fault, struct fa_netdev *inner, const struct fa_fault_wrap_config *config);

/* Change the faults of one direction; frames on their way keep what they met. */
void fa_fault_set(
    struct fa_fault *fault, enum fa_fault_dir dir, const struct fa_fault_config *config);

/* Cut one direction of the wire, or join it again. Frames on their way still arrive. */
void fa_fault_switch(struct fa_fault *fault, enum fa_fault_dir dir, bool on);

#endif
