// SPDX-License-Identifier: ISC
//
// fa/tracedev.h: a wrapper around any netdev that emits a trace event for each frame.
//
// Events frame_rx and frame_tx go to the ring of FA_TRACE_PACKET with the frame's length, type and
// a hash of all its bytes, so that one frame can be followed from stack to stack. While the class
// is off a frame costs one branch. It keeps no bytes: that is fa/capture.h. Implemented by
// src/dev/tracedev.c; tested by test/unit/tracedev_test.c and test/conform/netdev_test.c.
//
//     fa_tracedev_wrap(&traced, &port.dev, 1);
//     use(&traced.dev);

#ifndef FA_TRACEDEV_H
#define FA_TRACEDEV_H

#include "fa/netdev.h"

/* `dev` is the part to use. Private below. Pinned. */
struct fa_tracedev {
    struct fa_netdev dev;
    struct fa_netdev *inner;
    uint32_t actor;
};

/* Wrap `inner`, which is borrowed until fa_netdev_close(&tracedev->dev) closes both. `actor` stands
 * for the device in its records. */
void fa_tracedev_wrap(struct fa_tracedev *tracedev, struct fa_netdev *inner, uint32_t actor);

#endif
