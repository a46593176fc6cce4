// SPDX-License-Identifier: ISC
//
// A disk in memory with a volatile cache that can lose what was not flushed.

#include "fa/memblk.h"

/* How much of the undurable survives one power cut. All and nothing are drawn as often as anything
 * between, because whole requests would hardly ever get through otherwise. */
enum survival {
    SURVIVE_NONE,
    SURVIVE_ALL,
    SURVIVE_SOME,
    SURVIVE_SOME_TOO,
    SURVIVAL_COUNT,
};

enum {
    RUBBISH = 0xee,
    HALF_PER_MILLION = 500 * 1000,
};

static struct fa_memblk *disk_of(struct fa_blkdev *dev)
{
    return FA_CONTAINER(dev, struct fa_memblk, dev);
}

static size_t offset_of(const struct fa_memblk *disk, uint64_t block)
{
    FA_ASSERT(block < disk->config.block_count);
    return (size_t)block * disk->config.block_bytes;
}

static bool is_volatile(const struct fa_memblk *disk)
{
    return disk->config.durable != NULL;
}

/* The cache writes one block back. */
static void write_back(struct fa_memblk *disk, uint64_t block)
{
    const size_t off = offset_of(disk, block);
    fa_copy(disk->config.durable + off, disk->config.memory + off, disk->config.block_bytes);
    disk->config.dirty[block] = 0;
}

/* Whether a flush in flight has promised to carry over the write with this stamp. */
static bool is_promised(const struct fa_memblk *disk, uint64_t stamp)
{
    FA_LIST_EACH(node, &disk->in_flight) {
        const struct fa_blk_req *req = FA_CONTAINER(node, struct fa_blk_req, node);
        if (req->op == FA_BLK_FLUSH && stamp <= req->tag) {
            return true;
        }
    }
    return false;
}

/* Stamp a block that is about to change. A disk may keep the older of two writes that no flush
 * parts, and must if one that covers it is under way: here is its last chance. */
static void stamp_block(struct fa_memblk *disk, uint64_t block)
{
    if (!is_volatile(disk)) {
        return;
    }
    const uint64_t stamp = disk->config.dirty[block];
    if (stamp != 0 && (is_promised(disk, stamp) || fa_rand_chance(&disk->rand, HALF_PER_MILLION))) {
        write_back(disk, block);
    }
    disk->config.dirty[block] = disk->write_count;
}

/* Put `bytes`, or zeros if NULL, in one block of what reads see. */
static void store_block(struct fa_memblk *disk, uint64_t block, const uint8_t *bytes)
{
    uint8_t *target = disk->config.memory + offset_of(disk, block);
    stamp_block(disk, block);
    if (bytes != NULL) {
        fa_copy(target, bytes, disk->config.block_bytes);
    } else {
        fa_zero(target, disk->config.block_bytes);
    }
}

/* Put those units of `bytes` in `target` that chance picks. */
static void store_torn(struct fa_memblk *disk, uint8_t *target, const uint8_t *bytes)
{
    const uint32_t unit = disk->config.atomic_bytes;
    for (uint32_t off = 0; off < disk->config.block_bytes; off += unit) {
        if (fa_rand_chance(&disk->rand, HALF_PER_MILLION)) {
            fa_copy(target + off, bytes + off, unit);
        }
    }
}

static void write_blocks(struct fa_memblk *disk, const struct fa_blk_req *req)
{
    uint64_t block = req->block;
    if (fa_rand_chance(&disk->rand, disk->config.misdirect_per_million)) {
        block = fa_rand_below(&disk->rand, disk->config.block_count - req->count + 1);
    }
    disk->write_count++;
    for (uint32_t i = 0; i < req->count; i++) {
        store_block(disk, block + i, req->at + (size_t)i * disk->config.block_bytes);
    }
}

static void fail_write(struct fa_memblk *disk, const struct fa_blk_req *req)
{
    disk->write_count++;
    for (uint32_t i = 0; i < req->count; i++) {
        uint8_t *target = disk->config.memory + offset_of(disk, req->block + i);
        stamp_block(disk, req->block + i);
        store_torn(disk, target, req->at + (size_t)i * disk->config.block_bytes);
    }
}

static void flush_writes(struct fa_memblk *disk, uint64_t write_count)
{
    for (uint64_t block = 0; is_volatile(disk) && block < disk->config.block_count; block++) {
        const uint64_t stamp = disk->config.dirty[block];
        if (stamp != 0 && stamp <= write_count) {
            write_back(disk, block);
        }
    }
}

static void discard_blocks(struct fa_memblk *disk, const struct fa_blk_req *req)
{
    if (!disk->config.can_discard) {
        return;
    }
    disk->write_count++;
    for (uint32_t i = 0; i < req->count; i++) {
        store_block(disk, req->block + i, NULL);
    }
}

static void carry_out(struct fa_memblk *disk, struct fa_blk_req *req)
{
    const size_t len = (size_t)req->count * disk->config.block_bytes;
    if (req->result != FA_OK) {
        if (req->op == FA_BLK_WRITE) {
            fail_write(disk, req);
        } else if (req->op == FA_BLK_READ) {
            __builtin_memset(req->at, RUBBISH, len);
        }
        return;
    }
    switch (req->op) {
    case FA_BLK_READ:
        fa_copy(req->at, disk->config.memory + offset_of(disk, req->block), len);
        break;
    case FA_BLK_WRITE:
        write_blocks(disk, req);
        break;
    case FA_BLK_FLUSH:
        flush_writes(disk, req->tag);
        break;
    case FA_BLK_DISCARD:
        discard_blocks(disk, req);
        break;
    }
}

/* Count down to the next injected failure. */
static fa_err draw_result(struct fa_memblk *disk)
{
    if (disk->fail_in == 0 || --disk->fail_in != 0) {
        return FA_OK;
    }
    disk->fail_in = disk->fail_every;
    disk->failed_count++;
    return FA_EIO;
}

static fa_err submit(struct fa_blkdev *dev, fa_ns now, struct fa_blk_req *req)
{
    struct fa_memblk *disk = disk_of(dev);
    FA_TRY(fa_blkdev_check(dev, req));
    if (disk->in_flight_count == dev->info.req_count_max) {
        return FA_AGAIN;
    }
    fa_ns due = fa_ns_after(now, disk->config.latency_ns);
    if (disk->config.jitter_ns != 0) {
        due = fa_ns_after(due, fa_rand_below(&disk->rand, disk->config.jitter_ns));
    }
    if (!disk->config.reorder && due < disk->last_due_ns) {
        due = disk->last_due_ns;
    }
    disk->last_due_ns = due;
    req->due_ns = due;
    req->tag = disk->write_count; /* what a flush has to carry over */
    req->result = draw_result(disk);
    fa_list_init(&req->node);
    fa_list_push_back(&disk->in_flight, &req->node);
    disk->in_flight_count++;
    return FA_OK;
}

/* The request to complete at `now`: the oldest that is due, or any. */
static struct fa_blk_req *pick_due(struct fa_memblk *disk, fa_ns now)
{
    struct fa_blk_req *picked = NULL;
    uint64_t due_count = 0;
    FA_LIST_EACH(node, &disk->in_flight) {
        struct fa_blk_req *req = FA_CONTAINER(node, struct fa_blk_req, node);
        if (req->due_ns > now) {
            continue;
        }
        due_count++;
        /* The n-th candidate takes over with chance 1/n: all are equally likely in the end. */
        if (picked == NULL ||
            (disk->config.reorder && fa_rand_below(&disk->rand, due_count) == 0)) {
            picked = req;
        }
    }
    return picked;
}

static struct fa_blk_req *complete(struct fa_blkdev *dev, fa_ns now)
{
    struct fa_memblk *disk = disk_of(dev);
    struct fa_blk_req *req = pick_due(disk, now);
    if (req != NULL) {
        fa_list_unlink(&req->node);
        disk->in_flight_count--;
        carry_out(disk, req);
    }
    return req;
}

static fa_ns deadline(const struct fa_blkdev *dev)
{
    const struct fa_memblk *disk = FA_CONTAINER(dev, const struct fa_memblk, dev);
    fa_ns earliest = FA_NS_NEVER;
    FA_LIST_EACH(node, &disk->in_flight) {
        earliest = fa_ns_min(earliest, FA_CONTAINER(node, struct fa_blk_req, node)->due_ns);
    }
    return earliest;
}

static void forget_requests(struct fa_memblk *disk)
{
    while (fa_list_pop_front(&disk->in_flight) != NULL) {
        disk->in_flight_count--;
    }
    FA_ASSERT(disk->in_flight_count == 0);
}

static void close_disk(struct fa_blkdev *dev)
{
    struct fa_memblk *disk = disk_of(dev);
    forget_requests(disk);
    fa_wipe(&disk->rand, sizeof disk->rand);
}

static const struct fa_blkdev_ops memblk_ops = {submit, complete, deadline, close_disk};

void fa_memblk_init(struct fa_memblk *disk, const struct fa_memblk_config *config)
{
    const uint32_t block_bytes = config->block_bytes;
    FA_ASSERT(block_bytes >= 512 && (block_bytes & (block_bytes - 1)) == 0);
    FA_ASSERT(config->block_count > 0 && config->block_count <= SIZE_MAX / block_bytes);
    FA_ASSERT(config->memory != NULL);
    FA_ASSERT((config->durable == NULL) == (config->dirty == NULL));
    FA_ASSERT(config->req_count_max > 0 && config->req_blocks_max > 0);
    *disk = (struct fa_memblk){.dev.ops = &memblk_ops, .config = *config};
    disk->dev.info = (struct fa_blkdev_info){
        .block_bytes = block_bytes,
        .block_count = config->block_count,
        .req_count_max = config->req_count_max,
        .req_blocks_max = config->req_blocks_max,
        .read_only = config->read_only,
        .can_discard = config->can_discard,
    };
    const struct fa_slice name = fa_slice_of(config->name != NULL ? config->name : "memblk");
    fa_copy(disk->dev.info.name, name.at, fa_min(name.len, sizeof disk->dev.info.name - 1));
    if (disk->config.atomic_bytes == 0) {
        disk->config.atomic_bytes = block_bytes;
    }
    FA_ASSERT(block_bytes % disk->config.atomic_bytes == 0);
    fa_list_init(&disk->in_flight);
    fa_rand_init_seed(&disk->rand, config->seed);
    if (is_volatile(disk)) {
        fa_copy(config->durable, config->memory, (size_t)config->block_count * block_bytes);
        fa_zero(config->dirty, (size_t)config->block_count * sizeof *config->dirty);
    }
}

void fa_memblk_fail(struct fa_memblk *disk, uint64_t nth, uint64_t every)
{
    disk->fail_in = nth;
    disk->fail_every = every;
}

static void survive(
    struct fa_memblk *disk, enum survival survival, uint8_t *target, const uint8_t *bytes)
{
    bool whole = survival == SURVIVE_ALL;
    if (survival >= SURVIVE_SOME) {
        const uint64_t draw = fa_rand_below(&disk->rand, 3);
        whole = draw == 0;
        if (draw == 1) {
            store_torn(disk, target, bytes);
        }
    }
    if (whole) {
        fa_copy(target, bytes, disk->config.block_bytes);
    }
}

void fa_memblk_power_cut(struct fa_memblk *disk)
{
    FA_ASSERT(is_volatile(disk));
    const struct fa_memblk_config *config = &disk->config;
    const enum survival survival = (enum survival)fa_rand_below(&disk->rand, SURVIVAL_COUNT);
    for (uint64_t block = 0; block < config->block_count; block++) {
        const size_t off = offset_of(disk, block);
        if (config->dirty[block] != 0) {
            survive(disk, survival, config->durable + off, config->memory + off);
        }
        config->dirty[block] = 0;
    }
    FA_LIST_EACH(node, &disk->in_flight) {
        const struct fa_blk_req *req = FA_CONTAINER(node, struct fa_blk_req, node);
        for (uint32_t i = 0; req->op == FA_BLK_WRITE && i < req->count; i++) {
            survive(disk, survival, config->durable + offset_of(disk, req->block + i),
                req->at + (size_t)i * config->block_bytes);
        }
    }
    fa_copy(config->memory, config->durable, (size_t)config->block_count * config->block_bytes);
    forget_requests(disk);
}
