// SPDX-License-Identifier: ISC
//
// fa/hostnet.h: the network card of the place an image runs in, chosen by a text at boot.
//
// On Linux the text is tap:NAME (fa/tap.h), connect:PATH, listen:PATH or fd:N (fa/stream.h). In the
// simulator there is no outside: the card is a port of a switch (fa/vnet.h) with nobody else on it,
// whatever the text says. On a virtio machine it is net0 for the first card, net1 for the second.
// Implemented by plat/virtio/hostnet.c, plat/linux/hostnet.c and plat/sim/hostnet.c; tested by
// test/unit/hostnet_test.c.
//
//     if (fa_hostnet_open(&net, "tap:tap0", &pool, true, &reason) != FA_OK)
//         die(reason);
//     use(net.dev);

#ifndef FA_HOSTNET_H
#define FA_HOSTNET_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/stream.h"
#include "fa/tap.h"
#include "fa/vnet.h"

enum {
    FA_HOSTNET_AREA_BYTES = 65536, /* where a stream's bytes are received */
    FA_HOSTNET_MAC_COUNT = 4,
    FA_HOSTNET_LARGE_COUNT = 64, /* super-segments that may be held: 4 MiB, touched as they come */
};

/* `dev` is the part to use. Private below. Pinned. */
struct fa_hostnet {
    struct fa_netdev *dev;
    union {
        struct fa_tap tap;
        struct fa_stream stream;
        struct fa_vnet_port port;
    };
    struct fa_pool large;
    struct fa_vnet vnet;
    struct fa_vnet_mac macs[FA_HOSTNET_MAC_COUNT];
    uint8_t area[FA_HOSTNET_AREA_BYTES];
    _Alignas(64) uint8_t large_memory[(size_t)FA_HOSTNET_LARGE_COUNT * FA_TAP_SUPER_SIZE];
};

/*
 * Open the card. fa_netdev_close(net->dev) closes it. `offload`: its frames may lack checksums and
 * be super-segments, where the card can do the rest: for who takes it all apart, as a stack does.
 *
 * Owns:    borrows `where` during the call, `pool` until close.
 * Returns: FA_OK; else as fa_tap_open() or fa_stream_open(), and *reterr_reason is static text that
 *          says what to do about it.
 */
fa_err fa_hostnet_open(struct fa_hostnet *net, const char *where, struct fa_pool *pool,
    bool offload, const char **reterr_reason);

#endif
