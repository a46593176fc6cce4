// SPDX-License-Identifier: ISC
//
// fa/blkdev.h: one disk, as a store sees it: submit requests, collect completions.
//
// Requests complete in any order; only a completed flush makes completed writes durable. It never
// blocks and never calls back. Implementations: src/dev/memblk.c (in memory, and in the simulator
// with faults and power cuts), plat/linux/fileblk.c. All pass test/conform/blkdev_conform.c.
//
//     struct fa_blk_req req = {.op = FA_BLK_WRITE, .block = 8, .count = 2, .at = bytes};
//     FA_TRY(fa_blkdev_submit(dev, now, &req));
//     while ((done = fa_blkdev_complete(dev, now)) == NULL) fa_fiber_yield();

#ifndef FA_BLKDEV_H
#define FA_BLKDEV_H

#include "fa/base.h"
#include "fa/list.h"

enum fa_blk_op {
    FA_BLK_READ,
    FA_BLK_WRITE,
    FA_BLK_FLUSH,   /* everything completed before its submission is durable once it completes */
    FA_BLK_DISCARD, /* the blocks' content is not needed; they read as zeros or as before */
};

struct fa_blkdev_info {
    char name[16];
    uint32_t block_bytes; /* a power of two, 512 at least */
    uint64_t block_count;
    uint32_t req_count_max;  /* requests in flight */
    uint32_t req_blocks_max; /* blocks in one request */
    bool read_only;
    bool can_discard; /* otherwise FA_BLK_DISCARD completes with FA_OK and does nothing */
};

/* One request. The caller owns it and its bytes; both stay put until it is completed. */
struct fa_blk_req {
    struct fa_list node; /* the device's while it is in flight */
    enum fa_blk_op op;
    uint64_t block; /* first block; ignored for flush */
    uint32_t count; /* blocks; 0 for flush */
    uint8_t *at;    /* count * block_bytes bytes, for read and write */
    fa_err result;  /* set on completion: FA_OK, FA_EIO, FA_ECORRUPT */
    fa_ns due_ns;   /* the device's own */
    uint64_t tag;   /* the device's own */
    void *ctx;      /* the caller's own */
};

struct fa_blkdev;

struct fa_blkdev_ops {
    fa_err (*submit)(struct fa_blkdev *dev, fa_ns now, struct fa_blk_req *req);
    struct fa_blk_req *(*complete)(struct fa_blkdev *dev, fa_ns now);
    fa_ns (*deadline)(const struct fa_blkdev *dev);
    void (*close)(struct fa_blkdev *dev);
};

/* First member of every implementation's struct. */
struct fa_blkdev {
    const struct fa_blkdev_ops *ops;
    struct fa_blkdev_info info; /* read-only after init */
};

/*
 * Hand in a request.
 *
 * Returns: FA_OK: it will be completed; FA_AGAIN: req_count_max are in flight; FA_EINVAL: blocks
 *          out of range, count 0 or above req_blocks_max, or a write to or discard on a read-only
 *          device.
 */
static inline fa_err fa_blkdev_submit(struct fa_blkdev *dev, fa_ns now, struct fa_blk_req *req)
{
    return dev->ops->submit(dev, now, req);
}

/* Collect one finished request; NULL if none is finished. Its `result` is set. */
static inline struct fa_blk_req *fa_blkdev_complete(struct fa_blkdev *dev, fa_ns now)
{
    return dev->ops->complete(dev, now);
}

/* When fa_blkdev_complete() may have something without a wake-up from outside; FA_NS_NEVER. */
static inline fa_ns fa_blkdev_deadline(const struct fa_blkdev *dev)
{
    return dev->ops->deadline(dev);
}

/* Let go. Requests in flight are completed by nobody. */
static inline void fa_blkdev_close(struct fa_blkdev *dev)
{
    dev->ops->close(dev);
}

/* Whether the device may carry out `req`, for implementations. Returns: FA_OK; FA_EINVAL. */
static inline fa_err fa_blkdev_check(const struct fa_blkdev *dev, const struct fa_blk_req *req)
{
    if (req->op == FA_BLK_FLUSH) {
        return FA_OK;
    }
    const struct fa_blkdev_info *info = &dev->info;
    const bool fits = req->count > 0 && req->count <= info->req_blocks_max &&
                      req->count <= info->block_count &&
                      req->block <= info->block_count - req->count;
    const bool allowed =
        req->op == FA_BLK_READ ||
        (!info->read_only && (req->op == FA_BLK_WRITE || req->op == FA_BLK_DISCARD));
    return fits && allowed ? FA_OK : FA_EINVAL;
}

/* For implementations that carry out a request in the call that submits it: those that wait to be
 * collected. The owner initialises `list`. */
struct fa_blk_finished {
    struct fa_list list;
    uint32_t count;
};

/* Add `req`, which ended with `result`. */
static inline void fa_blk_finish(
    struct fa_blk_finished *finished, fa_ns now, struct fa_blk_req *req, fa_err result)
{
    req->due_ns = now;
    req->result = result;
    fa_list_init(&req->node);
    fa_list_push_back(&finished->list, &req->node);
    finished->count++;
}

/* Take the oldest; NULL: there is none. */
static inline struct fa_blk_req *fa_blk_collect(struct fa_blk_finished *finished)
{
    struct fa_list *node = fa_list_pop_front(&finished->list);
    if (node == NULL) {
        return NULL;
    }
    finished->count--;
    return FA_CONTAINER(node, struct fa_blk_req, node);
}

#endif
