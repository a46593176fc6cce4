// SPDX-License-Identifier: ISC
//
// src/dev/netdev_priv.h: what every implementation of fa/netdev.h does alike.

#ifndef FA_NETDEV_PRIV_H
#define FA_NETDEV_PRIV_H

#include "fa/counter.h"
#include "fa/fmt.h"
#include "fa/netdev.h"

enum {
    FA__NETDEV_TSO = FA_OFFLOAD_TSO4 | FA_OFFLOAD_TSO6,
    FA__NETDEV_TX_ASKS = FA_OFFLOAD_CSUM_NEEDED | FA__NETDEV_TSO, /* work for the device */
};

/* Fill the info of a device whose ops are set. A zero `mac` becomes a locally administered one
 * made of 40 bits of `noise`. */
static inline void fa__netdev_info_set(struct fa_netdev *dev, const char *name,
    const uint8_t mac[FA_MAC_LEN], uint16_t mtu_bytes, uint64_t noise)
{
    static const uint8_t zero[FA_MAC_LEN];
    FA_ASSERT(mtu_bytes > 0);
    (void)fa_fmt(dev->info.name, sizeof dev->info.name, "%s", name);
    if (fa_equal(mac, zero, FA_MAC_LEN)) {
        dev->info.mac[0] = 0x02;
        dev->info.mac[1] = (uint8_t)(noise >> 32);
        fa_be32_store(dev->info.mac + 2, (uint32_t)noise);
    } else {
        FA_ASSERT((mac[0] & 1) == 0); /* a card's own address is no group's */
        fa_copy(dev->info.mac, mac, FA_MAC_LEN);
    }
    dev->info.mtu_bytes = mtu_bytes;
}

/* Longest ordinary frame of a device. */
static inline size_t fa__netdev_frame_max(const struct fa_netdev *dev)
{
    return FA_ETH_HDR_LEN + (size_t)dev->info.mtu_bytes;
}

/* Whether a device may be given this frame; if not, it is counted and the caller drops it. */
static inline bool fa__netdev_tx_check(
    const struct fa_netdev *dev, struct fa_counters *counters, const struct fa_buf *buf)
{
    unsigned asks = buf->offload.flags & FA__NETDEV_TX_ASKS;
    if (buf->len < FA_ETH_HDR_LEN) {
        FA_COUNT(counters, netdev_tx_too_short);
        return false;
    }
    if ((asks & ~(unsigned)dev->info.tx_offload) != 0) {
        FA_COUNT(counters, netdev_tx_offload);
        return false;
    }
    if (buf->len > fa__netdev_frame_max(dev) && (asks & FA__NETDEV_TSO) == 0) {
        FA_COUNT(counters, netdev_tx_too_long);
        return false;
    }
    return true;
}

#endif
