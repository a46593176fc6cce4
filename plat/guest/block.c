// SPDX-License-Identifier: ISC
//
// block.c: a disk over "move these blocks". A request is done in the call that submits it.

#include "plat/guest/guest.h"

#include "fa/fmt.h"

enum {
    REQ_COUNT_MAX = 32,
    REQ_BLOCKS_MAX = 2048,
};

struct disk {
    struct fa_blkdev dev;
    uint32_t handle;
    uint32_t flags; /* enum fa_caps_device_flag */
    size_t call_bytes_max;
    struct fa_blk_finished finished;
};

static struct disk disks[FA_SOLO5_ENTRY_COUNT_MAX]; /* by handle */

static fa_err transfer(const struct disk *disk, const struct fa_blk_req *req)
{
    const size_t block_bytes = disk->dev.info.block_bytes;
    const size_t len = (size_t)req->count * block_bytes;
    const uint64_t first = req->block * block_bytes;
    const uint64_t capacity = disk->dev.info.block_count * block_bytes;
    size_t piece;
    for (size_t off = 0; off < len; off += piece) {
        /* Near the end of the disk one block at a time: see FA_CAPS_BLOCK_MULTI. */
        const bool fits = disk->call_bytes_max <= capacity - (first + off);
        piece = fa_min(len - off, fits ? disk->call_bytes_max : block_bytes);
        FA_TRY(req->op == FA_BLK_READ
                   ? fa__guest_block_read(disk->handle, first + off, req->at + off, piece)
                   : fa__guest_block_write(disk->handle, first + off, req->at + off, piece));
    }
    return FA_OK;
}

static fa_err carry_out(const struct disk *disk, const struct fa_blk_req *req)
{
    const uint64_t block_bytes = disk->dev.info.block_bytes;
    switch (req->op) {
    case FA_BLK_READ:
    case FA_BLK_WRITE:
        return transfer(disk, req);
    case FA_BLK_FLUSH:
        /* Solo5's ABI has no such call: then what is written is the host's to keep. */
        return (disk->flags & FA_CAPS_BLOCK_FLUSH) == 0 ? FA_OK
                                                        : fa__guest_block_flush(disk->handle);
    case FA_BLK_DISCARD:
        return !disk->dev.info.can_discard
                   ? FA_OK
                   : fa__guest_block_discard(
                         disk->handle, req->block * block_bytes, req->count * block_bytes);
    }
    return FA_EIO;
}

static fa_err submit(struct fa_blkdev *dev, fa_ns now, struct fa_blk_req *req)
{
    struct disk *disk = FA_CONTAINER(dev, struct disk, dev);
    FA_TRY(fa_blkdev_check(dev, req));
    if (disk->finished.count == dev->info.req_count_max) {
        return FA_AGAIN;
    }
    fa_blk_finish(&disk->finished, now, req, carry_out(disk, req));
    return FA_OK;
}

static struct fa_blk_req *complete(struct fa_blkdev *dev, fa_ns now)
{
    struct disk *disk = FA_CONTAINER(dev, struct disk, dev);
    (void)now;
    return fa_blk_collect(&disk->finished);
}

static fa_ns deadline(const struct fa_blkdev *dev)
{
    const struct disk *disk = FA_CONTAINER(dev, const struct disk, dev);
    return disk->finished.count > 0 ? 0 : FA_NS_NEVER;
}

static void close_disk(struct fa_blkdev *dev)
{
    struct disk *disk = FA_CONTAINER(dev, struct disk, dev);
    while (fa_blk_collect(&disk->finished) != NULL) {
    }
    dev->ops = NULL;
}

fa_err fa__guest_block_open(
    struct fa_slice name, struct fa_blkdev **ret_dev, const char **reterr_reason)
{
    static const struct fa_blkdev_ops ops = {submit, complete, deadline, close_disk};
    uint32_t handle;
    const struct fa_solo5_entry *entry = fa__guest_device(name, FA_SOLO5_BLOCK, &handle);
    if (entry == NULL) {
        *reterr_reason = "the image was built without a disk of this name, or none was attached";
        return FA_ENOENT;
    }
    const struct fa_caps_device *caps = &fa__guest_caps.device[handle];
    const size_t block_bytes = entry->block.block_size;
    const bool multi = (caps->flags & FA_CAPS_BLOCK_MULTI) != 0 && caps->bytes_max >= block_bytes;
    struct disk *disk = &disks[handle];
    FA_ASSERT(disk->dev.ops == NULL && block_bytes > 0);
    *disk = (struct disk){
        .dev = {.ops = &ops,
            .info = {.block_bytes = (uint32_t)block_bytes,
                .block_count = entry->block.capacity / block_bytes,
                .req_count_max = REQ_COUNT_MAX,
                .req_blocks_max = REQ_BLOCKS_MAX,
                .read_only = (caps->flags & FA_CAPS_BLOCK_READ_ONLY) != 0,
                .can_discard = (caps->flags & FA_CAPS_BLOCK_DISCARD) != 0}},
        .handle = handle,
        .flags = caps->flags,
        .call_bytes_max = multi ? caps->bytes_max - caps->bytes_max % block_bytes : block_bytes,
    };
    (void)fa_fmt(disk->dev.info.name, sizeof disk->dev.info.name, "%s", entry->name);
    fa_list_init(&disk->finished.list);
    *ret_dev = &disk->dev;
    return FA_OK;
}
