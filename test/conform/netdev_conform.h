// SPDX-License-Identifier: ISC
//
// test/conform/netdev_conform.h: what every network card must do, sentence by sentence of
// fa/netdev.h. An implementation hands in two cards on one wire; the suite opens and closes them
// once for each claim.

#ifndef NETDEV_CONFORM_H
#define NETDEV_CONFORM_H

#include "fa/counter.h"
#include "fa/netdev.h"

/* Two cards; what one sends to the other's address arrives there. Filled in by open(). */
struct conform_netdev_pair {
    struct fa_netdev *dev[2];
    struct fa_pool *pool[2];      /* that the card takes its buffers from; they may be the same */
    struct fa_counters *counters; /* that both count on */
};

struct conform_netdev_target {
    const char *name;
    /* Returns: NULL; or why it cannot be done here, and then nothing is left open. */
    const char *(*open)(struct conform_netdev_pair *ret_pair);
    /* After both cards are closed. */
    void (*close)(void);
    /* Let the outside move: deliver what is under way, set readiness. May be NULL. */
    void (*pump)(void);
};

/* Run all claims. Returns: NULL; or the reason why the target cannot run here. */
const char *conform_netdev(const struct conform_netdev_target *target);

#endif
