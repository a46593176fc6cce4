// SPDX-License-Identifier: ISC
//
// fa/memblk.h: a disk in memory, as reliable or as treacherous as a test wants it.
//
// It has two contents: what reads see, and what would survive a power cut. A completed write is in
// the first; a flush carries it to the second, and so may the disk's cache at any time. Requests
// take effect when they complete. Every choice is drawn from config.seed. With no faults configured
// it is a plain RAM disk. Tested by test/unit/memblk_test.c and test/conform/blkdev_test.c.
//
//     fa_memblk_init(&disk, &(struct fa_memblk_config){.block_bytes = 512, .block_count = 64,
//         .memory = memory, .req_count_max = 8, .req_blocks_max = 64});
//     FA_TRY(fa_blkdev_submit(&disk.dev, now, &req));

#ifndef FA_MEMBLK_H
#define FA_MEMBLK_H

#include "fa/base.h"
#include "fa/blkdev.h"
#include "fa/rand.h"

struct fa_memblk_config {
    const char *name; /* cut off at 15 bytes; NULL: "memblk" */
    uint32_t block_bytes;
    uint64_t block_count;
    uint32_t req_count_max;
    uint32_t req_blocks_max;
    bool read_only;
    bool can_discard;
    uint8_t *memory; /* block_bytes * block_count bytes: the content, kept as it is */

    /* For power cuts, both or neither: a second content of the same size, overwritten with the
     * first by init, and `block_count` words. */
    uint8_t *durable;
    uint64_t *dirty;
    uint32_t atomic_bytes; /* written wholly or not at all, divides block_bytes; 0: a block */

    /* Faults; zero switches each off. */
    uint64_t seed;
    fa_ns latency_ns;               /* of every request */
    fa_ns jitter_ns;                /* at most that much more, by chance */
    bool reorder;                   /* complete in any order, not in the order of submission */
    uint32_t misdirect_per_million; /* writes that land on other blocks */
};

/* Pinned while requests are in flight. Private but for `dev`. */
struct fa_memblk {
    struct fa_blkdev dev;
    struct fa_memblk_config config;
    struct fa_rand rand;
    struct fa_list in_flight; /* in order of submission */
    uint32_t in_flight_count;
    fa_ns last_due_ns;
    uint64_t write_count;  /* ever completed: stamps of dirty[] */
    uint64_t fail_in;      /* the how-manieth submission from now fails; 0: none */
    uint64_t fail_every;   /* and then each time after so many; 0: once */
    uint64_t failed_count; /* ever */
};

/* Build in place. Owns: borrows the config's memory until fa_blkdev_close(). Nothing to release. */
void fa_memblk_init(struct fa_memblk *disk, const struct fa_memblk_config *config);

/*
 * Complete the `nth` request submitted from now on (1: the next) with FA_EIO, and each `every`-th
 * after it; `every` 0: that one alone, `nth` 0: none at all. A write that fails may have reached
 * the disk wholly, partly or not; a read that fails leaves rubbish.
 */
void fa_memblk_fail(struct fa_memblk *disk, uint64_t nth, uint64_t every);

/*
 * Cut the power and switch it on again. Each write that no completed flush covers, in flight or
 * completed, is on the disk wholly, partly (in units of atomic_bytes) or not at all. Requests in
 * flight are completed by nobody and are the caller's again.
 *
 * Limits: the config gave `durable` and `dirty`.
 */
void fa_memblk_power_cut(struct fa_memblk *disk);

#endif
