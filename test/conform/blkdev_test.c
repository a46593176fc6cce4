// SPDX-License-Identifier: ISC
//
// The blkdev suite on memory disks, plain and treacherous.

#include "fa/memblk.h"
#include "test/conform/blkdev_conform.h"
#include "test/t.h"

enum {
    BLOCK_COUNT = 80,
    BYTES = BLOCK_COUNT * CONFORM_BLK_BYTES_MAX,
};

static struct fa_memblk disk;
static uint8_t memory[BYTES];
static uint8_t durable[BYTES];
static uint64_t dirty[BLOCK_COUNT];

static struct fa_blkdev *open_disk(void *ctx)
{
    struct fa_memblk_config config = *(const struct fa_memblk_config *)ctx;
    fa_zero(memory, sizeof memory);
    config.memory = memory;
    config.block_count = BLOCK_COUNT;
    fa_memblk_init(&disk, &config);
    return &disk.dev;
}

static void close_disk(void *ctx)
{
    (void)ctx;
}

static void cut_power(void *ctx, struct fa_blkdev *dev)
{
    (void)ctx;
    CHECK(dev == &disk.dev);
    fa_memblk_power_cut(&disk);
}

T(plain_memblk_conforms)
{
    struct fa_memblk_config config = {.block_bytes = 512, .req_count_max = 8, .req_blocks_max = 64};
    conform_blkdev(
        &(struct conform_blkdev_target){.open = open_disk, .close = close_disk, .ctx = &config});
}

T(smallest_memblk_conforms)
{
    struct fa_memblk_config config = {
        .block_bytes = 4096, .req_count_max = 1, .req_blocks_max = 1, .can_discard = true};
    conform_blkdev(
        &(struct conform_blkdev_target){.open = open_disk, .close = close_disk, .ctx = &config});
}

T(read_only_memblk_conforms)
{
    struct fa_memblk_config config = {
        .block_bytes = 1024, .req_count_max = 4, .req_blocks_max = 8, .read_only = true};
    conform_blkdev(
        &(struct conform_blkdev_target){.open = open_disk, .close = close_disk, .ctx = &config});
}

T(slow_reordering_memblk_conforms)
{
    struct fa_memblk_config config = {
        .block_bytes = 512,
        .req_count_max = 16,
        .req_blocks_max = 4,
        .can_discard = true,
        .latency_ns = 5 * FA_NS_US,
        .jitter_ns = 20 * FA_NS_US,
        .reorder = true,
    };
    conform_blkdev(
        &(struct conform_blkdev_target){.open = open_disk, .close = close_disk, .ctx = &config});
}

T(memblk_that_loses_power_conforms)
{
    struct fa_memblk_config config = {
        .block_bytes = 512,
        .req_count_max = 16,
        .req_blocks_max = 8,
        .durable = durable,
        .dirty = dirty,
        .reorder = true,
    };
    conform_blkdev(&(struct conform_blkdev_target){.open = open_disk,
        .close = close_disk,
        .power_cut = cut_power,
        .atomic_bytes = 512,
        .ctx = &config});
}

T(memblk_that_tears_blocks_conforms)
{
    struct fa_memblk_config config = {
        .block_bytes = 4096,
        .req_count_max = 16,
        .req_blocks_max = 8,
        .durable = durable,
        .dirty = dirty,
        .atomic_bytes = 64,
        .jitter_ns = 10 * FA_NS_US,
    };
    conform_blkdev(&(struct conform_blkdev_target){.open = open_disk,
        .close = close_disk,
        .power_cut = cut_power,
        .atomic_bytes = 64,
        .ctx = &config});
}
