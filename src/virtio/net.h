// SPDX-License-Identifier: ISC
//
// src/virtio/net.h: a virtio network card as a netdev (virtio 1.2, 5.1).
//
// Frames move in the packet buffers themselves, one a frame, both ways. Neither checksums nor
// segmentation are offloaded yet. Tested by test/unit/virtio_test.c with a device that the test
// plays, and by test/e2e/virtio.t.

#ifndef FA_VIRTIO_NET_H
#define FA_VIRTIO_NET_H

#include "fa/counter.h"
#include "fa/netdev.h"
#include "src/virtio/mmio.h"

enum {
    FA__VIRTIO_NET_SIZE =
        128, /* descriptors of each queue; one a frame received, two a frame sent */
};

struct fa__virtio_net_config {
    volatile uint8_t *registers; /* of a device whose id is FA__VIRTIO_NET */
    const char *name;
    struct fa_pool *pool; /* for both directions; half of it at most waits for frames */
    struct fa_counters *counters;
};

/* `dev` is the part to use. Private below. Pinned. */
struct fa__virtio_net {
    struct fa_netdev dev;
    struct fa__virtio_mmio mmio;
    struct fa__virtq rx;
    struct fa__virtq tx;
    struct fa_pool *pool;
    struct fa_counters *counters;
    size_t rx_lent_max;
    size_t header_len;
    uint8_t tx_header[12]; /* of all frames: nothing is asked of the device */
    struct fa__virtq_memory rx_memory;
    struct fa__virtq_memory tx_memory;
};

/*
 * Begin with the device. fa_netdev_close(&net->dev) resets it and drops what it was lent.
 *
 * Returns: FA_OK; FA_EIO: it does not agree, or has no such queues; FA_EINVAL: the pool's buffers
 *          are too small.
 */
fa_err fa__virtio_net_open(struct fa__virtio_net *net, const struct fa__virtio_net_config *config);

#endif
