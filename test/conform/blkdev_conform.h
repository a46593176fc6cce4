// SPDX-License-Identifier: ISC
//
// test/conform/blkdev_conform.h: what fa/blkdev.h promises, checked on any implementation.
//
//     T(plain_memblk_conforms)
//     {
//         conform_blkdev(&(struct conform_blkdev_target){.open = open_plain, .close = close_disk});
//     }

#ifndef CONFORM_BLKDEV_H
#define CONFORM_BLKDEV_H

#include "fa/blkdev.h"

enum {
    CONFORM_BLK_BYTES_MAX = 4096, /* largest block the suite has memory for */
    CONFORM_BLK_COUNT_MIN = 64,   /* blocks a target has at least */
};

struct conform_blkdev_target {
    /* Make a fresh disk of zeros that never fails; NULL: cannot. A read-only one is its own. */
    struct fa_blkdev *(*open)(void *ctx);
    /* Called after fa_blkdev_close(). */
    void (*close)(void *ctx);
    /* Cut the power and switch it on again; NULL: not offered. */
    void (*power_cut)(void *ctx, struct fa_blkdev *dev);
    uint32_t atomic_bytes; /* what a power cut leaves whole */
    void *ctx;
};

void conform_blkdev(const struct conform_blkdev_target *target);

#endif
