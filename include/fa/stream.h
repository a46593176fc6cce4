// SPDX-License-Identifier: ISC
//
// fa/stream.h: a netdev over a stream socket: a wire between two processes of one host.
//
// Speaks QEMU's `-netdev stream` framing (docs/spec/stream-framing.md), so images, QEMU guests and
// `fata run`'s user-mode network share a wire without privilege. One peer. While there is none the
// wire is silent: frames to send are lost and counted. A burst costs one system call each way.
// No encryption and no check of who the peer is: the file system's permissions guard the socket.
// Implemented by plat/linux/stream.c; tested by test/unit/stream_test.c, and
// test/conform/netdev_linux_test.c.
//
//     static uint8_t area[65536];
//     fa_stream_open(&wire, &(struct fa_stream_config){.address = "connect:/run/wire.sock",
//         .name = "net0", .pool = &pool, .area = area, .area_len = sizeof area}, &reason);
//     use(&wire.dev);

#ifndef FA_STREAM_H
#define FA_STREAM_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/linux_fd.h"
#include "fa/list.h"
#include "fa/netdev.h"

enum {
    FA_STREAM_MTU_DEFAULT = 1500,     /* bytes */
    FA_STREAM_PATH_MAX = 107,         /* bytes of a socket's path */
    FA_STREAM_FRAME_MAX = 69632,      /* bytes: a longer length is no frame (QEMU's NET_BUFSIZE) */
    FA_STREAM_TX_COUNT_DEFAULT = 256, /* frames */
};

#define FA_STREAM_RETRY_MIN_NS (100 * FA_NS_MS) /* doubles with each attempt in vain, up to ... */
#define FA_STREAM_RETRY_MAX_NS (5 * FA_NS_S)

struct fa_stream_config {
    /* connect:PATH  a unix socket; again whenever the peer went away
     * listen:PATH   make one and take one peer at a time; the path is removed at close
     * fd:N          a connected stream socket that this process has; it is owned from then on */
    const char *address;
    const char *name;             /* for logs and captures */
    uint8_t mac[FA_MAC_LEN];      /* zero: locally administered, random */
    uint16_t mtu_bytes;           /* 0: FA_STREAM_MTU_DEFAULT */
    uint32_t tx_count_max;        /* frames that wait for a slow peer; 0: the default */
    struct fa_pool *pool;         /* for frames in both directions; borrowed until close */
    uint8_t *area;                /* where bytes are received; borrowed until close */
    size_t area_len;              /* a frame of mtu_bytes and 18 more at least; 64 KiB is plenty */
    struct fa_counters *counters; /* NULL: fa_counters_main */
};

/* Where a wire stands. */
enum fa_stream_state {
    FA_STREAM_WAITING, /* for a peer to connect, or for the next attempt */
    FA_STREAM_UP,
    FA_STREAM_GONE, /* for good: the peer of an inherited descriptor left */
};

/* `dev` is the part to use; `state` may be read. Private below. Pinned. */
struct fa_stream {
    struct fa_netdev dev;
    enum fa_stream_state state;
    struct fa__linux_fd peer;
    struct fa__linux_fd listener; /* watched only by a wire that listens */
    bool connects;
    char path[FA_STREAM_PATH_MAX + 1];
    fa_ns retry_at_ns;
    fa_ns retry_ns;
    struct fa_pool *pool;
    struct fa_counters *counters;
    uint8_t *area;
    size_t area_len;
    size_t parsed_len;   /* bytes at its front that are done with */
    size_t received_len; /* bytes in the area, those included */
    size_t skip_len;     /* bytes of an unwanted frame still to come */
    struct fa_list tx;   /* of fa_buf.node, oldest first */
    uint32_t tx_count;
    uint32_t tx_count_max;
    bool awaits_room; /* the socket was full */
    size_t sent_len;  /* bytes of the oldest, its length included, that the peer has */
};

/*
 * Open a wire. A peer that is not there yet is no failure.
 *
 * Returns: FA_OK; FA_EINVAL: the address, the area or the MTU; FA_EREFUSED: not permitted, or
 *          another process listens there; FA_EIO. On failure *reterr_reason is static text.
 */
fa_err fa_stream_open(
    struct fa_stream *stream, const struct fa_stream_config *config, const char **reterr_reason);

#endif
