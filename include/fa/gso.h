// SPDX-License-Identifier: ISC
//
// fa/gso.h: a wrapper that does in software what a card leaves undone: it cuts TCP super-segments
// (GSO), fills checksums in, and joins received segments of a connection (GRO).
//
// A stack above it sends up to 64 KiB at once and receives as much, whatever the card can do; where
// the card can do it itself, frames pass untouched. Joining ends with each burst and delays
// nothing: only segments that follow one another, alike in all but their length, checksum and PSH,
// become one. It does not cut or join UDP. Implemented by src/dev/gso.c and gro.c; tested by
// test/unit/gso_test.c and test/conform/netdev_test.c, fuzzed by fuzz/gso_fuzz.c.
//
//     fa_gso_wrap(&gso, &(struct fa_gso_config){.inner = &tap.dev, .pool = &large, .join = true});
//     use(&gso.dev);

#ifndef FA_GSO_H
#define FA_GSO_H

#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/list.h"
#include "fa/netdev.h"

enum {
    FA_GSO_FLOW_MAX = 8,     /* connections joined at once in a burst */
    FA_GSO_BUF_SIZE = 65536, /* bytes: a buffer of a pool for super-segments */
};

struct fa_gso_config {
    struct fa_netdev *inner; /* borrowed until fa_netdev_close(&gso->dev) closes both */
    struct fa_pool *pool;    /* of large buffers, to send from and to join into; borrowed. Whoever
                                keeps received frames keeps these: it holds what its queues may */
    bool join;               /* received segments */
    struct fa_counters *counters; /* NULL: fa_counters_main */
};

/* `dev` is the part to use. Private below. Pinned. */
struct fa_gso {
    struct fa_netdev dev;
    struct fa_gso_config config;
    struct fa_list waiting; /* of fa_buf.node: frames that the inner card has had no room for */
    uint32_t cut_bytes;     /* payload of the first that has left */
    uint32_t cut_count;     /* segments of it that have left */
    fa_ns now;              /* of the last call */
};

/*
 * Wrap a card. Offers of checksums and segmentation are added to its own.
 *
 * Limits: a super-segment whose descriptor does not fit its headers is dropped and counted
 *         (netdev_tx_offload). While frames wait for the inner card, tx_reserve says FA_AGAIN.
 */
void fa_gso_wrap(struct fa_gso *gso, const struct fa_gso_config *config);

#endif
