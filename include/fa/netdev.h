// SPDX-License-Identifier: ISC
//
// fa/netdev.h: one network card, as a stack sees it.
//
// A netdev moves whole Ethernet frames in packet buffers. It never blocks, never calls back and
// allocates from its pool alone: the owner asks, the device answers. Every buffer has one owner: a
// received one belongs to whoever took it, a committed one to the device. Implementations:
// src/dev/vnet.c (a port of a switch), plat/linux/tap.c, plat/linux/stream.c, and the wrappers
// src/dev/{capture,fault,tracedev,gso}.c. All pass test/conform/netdev_conform.c.
//
//     count = fa_netdev_rx(dev, now, frames, 64);
//     if (fa_netdev_tx_reserve(dev, &buf) == FA_OK) {
//         fa_copy(fa_buf_append(buf, len), frame, len);
//         fa_netdev_tx_commit(dev, now, buf);
//     }
//     fa_netdev_tx_flush(dev, now);

#ifndef FA_NETDEV_H
#define FA_NETDEV_H

#include "fa/base.h"
#include "fa/buf.h"

enum {
    FA_MAC_LEN = 6,            /* bytes */
    FA_ETH_HDR_LEN = 14,       /* bytes: target, source, type */
    FA_NETDEV_BURST_MAX = 64,  /* frames a caller takes at once */
    FA_NETDEV_MTU_MAX = 65535, /* bytes */
};

/* What is known of a device; constant once it is initialised. */
struct fa_netdev_info {
    char name[16]; /* for logs and captures */
    uint8_t mac[FA_MAC_LEN];
    uint16_t mtu_bytes; /* largest payload, Ethernet header not counted */
    uint8_t rx_offload; /* enum fa_offload_flags that received frames may carry */
    uint8_t tx_offload; /* enum fa_offload_flags that sent frames may carry */
};

struct fa_netdev;

/* What an implementation provides. Every member is required; the table is const and shared. */
struct fa_netdev_ops {
    size_t (*rx)(struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max);
    fa_err (*tx_reserve)(struct fa_netdev *dev, struct fa_buf **ret_buf);
    void (*tx_commit)(struct fa_netdev *dev, fa_ns now, struct fa_buf *take);
    void (*tx_flush)(struct fa_netdev *dev, fa_ns now);
    fa_ns (*deadline)(const struct fa_netdev *dev);
    void (*close)(struct fa_netdev *dev);
};

/* First member of every implementation's struct. The implementation's init fills it. */
struct fa_netdev {
    const struct fa_netdev_ops *ops;
    struct fa_netdev_info info; /* read-only after init */
};

/*
 * Take up to `count_max` received frames, oldest first.
 *
 * Owns:    the caller owns every buffer written to ret_bufs and drops it or passes it on.
 * Returns: how many; 0 if none waits, or the device is gone.
 * Limits:  a frame has FA_ETH_HDR_LEN bytes at least and FA_ETH_HDR_LEN + mtu_bytes at most, unless
 *          its offload descriptor says TSO; others are dropped and counted by the device. Frames
 *          may carry trailing bytes.
 */
static inline size_t fa_netdev_rx(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    return dev->ops->rx(dev, now, ret_bufs, count_max);
}

/*
 * Get an empty buffer for one outgoing frame, FA_BUF_HEADROOM bytes of headroom in front.
 *
 * Owns:    the caller; fa_netdev_tx_commit() sends it, fa_buf_drop() gives it back unsent.
 * Returns: FA_OK; FA_AGAIN if the queue is full or the pool empty.
 */
static inline fa_err fa_netdev_tx_reserve(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    return dev->ops->tx_reserve(dev, ret_buf);
}

/*
 * Send a frame: a reserved one, or one received from any device. Cannot fail: a frame the host
 * then loses is a lost frame, as on any wire. It may be kept back until fa_netdev_tx_flush().
 *
 * Limits: FA_ETH_HDR_LEN bytes at least and FA_ETH_HDR_LEN + mtu_bytes at most, unless its offload
 *         descriptor says TSO; nothing asked for that is not in info.tx_offload. Another frame is
 *         dropped and counted.
 */
static inline void fa_netdev_tx_commit(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    dev->ops->tx_commit(dev, now, take);
}

/* Push out what tx_commit kept back: the end of a burst. */
static inline void fa_netdev_tx_flush(struct fa_netdev *dev, fa_ns now)
{
    dev->ops->tx_flush(dev, now);
}

/* When fa_netdev_rx() may have frames without any wake-up from outside; FA_NS_NEVER for most. 0:
 * now. */
static inline fa_ns fa_netdev_deadline(const struct fa_netdev *dev)
{
    return dev->ops->deadline(dev);
}

/* Let go of the outside and drop what is queued; a wrapper closes the device inside it as well.
 * Nothing else may be called afterwards. Frames taken before stay with whoever took them. */
static inline void fa_netdev_close(struct fa_netdev *dev)
{
    dev->ops->close(dev);
}

#endif
