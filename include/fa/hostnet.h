// SPDX-License-Identifier: ISC
//
// fa/hostnet.h: a network card of the place an image runs in.
//
// On Linux a text at boot chooses it: tap:NAME (fa/tap.h), connect:PATH, listen:PATH or fd:N
// (fa/stream.h). On a virtio machine it is net0 for the first card, net1 for the second. Where a
// tender attaches cards, it is the one of that name in the image's manifest, whatever the text
// says. In the simulator there is no outside: the card is a port of a switch (fa/vnet.h) with
// nobody else on it. The platform holds what a card needs, so that no image pays for the cards of
// another place. Implemented by hostnet.c of plat/linux, plat/sim, plat/guest and
// plat/virtio; tested by test/unit/hostnet_test.c, test/e2e/spt.t.
//
//     const struct fa_hostnet_config config = {.name = "service", .where = "tap:tap0",
//         .pool = &pool, .offload = true};
//     if (fa_hostnet_open(&config, &dev, &reason) != FA_OK)
//         die(reason);

#ifndef FA_HOSTNET_H
#define FA_HOSTNET_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/netdev.h"

enum {
    FA_HOSTNET_LARGE_BYTES = 65536 + 256, /* of a buffer for the longest super-segment */
};

struct fa_hostnet_config {
    const char *name;     /* of the card, as a manifest has it: [A-Za-z0-9]{1,67} */
    const char *where;    /* the text at boot; NULL as "" */
    struct fa_pool *pool; /* for frames in both directions; borrowed until close */
    bool offload;   /* frames may lack checksums and be super-segments, where the card can do the
                       rest: for who takes it all apart, as a stack does */
    uint8_t *large; /* memory for super-segments, FA_HOSTNET_LARGE_BYTES each and two at least,
                       64-aligned; borrowed until close. NULL: there are none */
    size_t large_len;
};

/*
 * Open the card.
 *
 * Owns:    release with fa_netdev_close(*ret_dev). The platform's own memory for it, less than
 *          128 KiB, is not given back: cards are opened when an image starts.
 * Returns: FA_OK; FA_EINVAL: the text; FA_ENOENT: there is none; FA_EREFUSED: not permitted or in
 *          use; FA_ENOSPC; FA_EIO. On failure *reterr_reason is static text that says what to do.
 */
fa_err fa_hostnet_open(
    const struct fa_hostnet_config *config, struct fa_netdev **ret_dev, const char **reterr_reason);

#endif
