// SPDX-License-Identifier: ISC
//
// fa/tap.h: a netdev over a Linux tap interface.
//
// The interface is made and brought up by whoever runs the host (`ip tuntap add`); opening it needs
// its owner or CAP_NET_ADMIN. One system call a frame, straight into and out of packet buffers;
// none while nothing comes. With `offload` the kernel sums and cuts what the stack leaves undone,
// and hands over its own super-segments: a system call for 64 KiB (IFF_VNET_HDR). Implemented by
// plat/linux/tap.c; tested by test/conform/netdev_linux_test.c in a network namespace of its own.
//
//     const char *reason;
//     if (fa_tap_open(&tap, &(struct fa_tap_config){.name = "tap0", .pool = &pool}, &reason))
//         die(reason);
//     use(&tap.dev);

#ifndef FA_TAP_H
#define FA_TAP_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/linux_fd.h"
#include "fa/netdev.h"

enum {
    FA_TAP_SUPER_SIZE = 65536 + 256, /* bytes of a buffer for the longest frame of the kernel */
};

struct fa_tap_config {
    const char *name; /* of the interface, at most 15 bytes; or "fd:N", a tap descriptor that is
                         open and non-blocking or may be made so: it is owned from then on */
    uint8_t mac[FA_MAC_LEN]; /* the card's, not the host's; zero: locally administered, random */
    uint16_t mtu_bytes;      /* 0: the interface's, or 1500 if it cannot be told */
    struct fa_pool *pool;    /* for frames in both directions; borrowed until close */
    bool offload; /* checksums; and super-segments, if there are buffers of FA_TAP_SUPER_SIZE */
    struct fa_pool *large; /* such buffers, two at least and for nobody else; small frames do not
                            * pin them. NULL: those of `pool`, if they are as large. Borrowed */
    struct fa_counters *counters; /* NULL: fa_counters_main */
};

/* `dev` is the part to use. Private below. Pinned. */
struct fa_tap {
    struct fa_netdev dev;
    struct fa__linux_fd watch;
    struct fa_pool *pool;
    struct fa_pool *large;
    struct fa_buf
        *spare; /* of `large`, for what a frame has beyond the MTU; NULL: there is no need */
    struct fa_counters *counters;
    bool has_header; /* a header of virtio stands before each frame (virtio 1.2, 5.1.6) */
};

/*
 * Open it. fa_netdev_close(&tap->dev) closes the descriptor; the interface stays if it is
 * persistent.
 *
 * Returns: FA_OK; FA_EINVAL: the name or the MTU; FA_ENOENT: no tap devices here; FA_EREFUSED: not
 *          permitted or in use; FA_EIO. On failure *reterr_reason is static text that says what to
 *          do about it.
 */
fa_err fa_tap_open(
    struct fa_tap *tap, const struct fa_tap_config *config, const char **reterr_reason);

#endif
