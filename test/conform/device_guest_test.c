// SPDX-License-Identifier: ISC
//
// The suites of cards and disks on what a tender attaches: two cards on one wire, and a disk.

#include "fa/counter.h"
#include "fa/plat.h"
#include "plat/guest/guest.h"
#include "test/conform/blkdev_conform.h"
#include "test/conform/netdev_conform.h"
#include "test/frame.h"
#include "test/t.h"

enum {
    BUF_COUNT = 128,
};

FA_SOLO5_MANIFEST(3, {.name = "left", .type = FA_SOLO5_NET},
    {.name = "right", .type = FA_SOLO5_NET}, {.name = "storage", .type = FA_SOLO5_BLOCK});

static struct fa_pool pools[2];
static _Alignas(64) uint8_t memory[2][BUF_COUNT * FA_BUF_SIZE];

static void pump(void)
{
    fa_plat_wait(0);
}

static const char *open_cards(struct conform_netdev_pair *ret_pair)
{
    const char *reason = NULL;
    for (unsigned i = 0; i < 2; i++) {
        fa_pool_init(&pools[i], memory[i], sizeof memory[i], FA_BUF_SIZE);
        ret_pair->pool[i] = &pools[i];
        if (fa__guest_net_open(i == 0 ? FA_LIT("left") : FA_LIT("right"), &pools[i],
                &ret_pair->dev[i], &reason) != FA_OK) {
            return reason;
        }
        pump();
        (void)frame_drain(ret_pair->dev[i], 0); /* of the claim before */
    }
    fa_counters_main = (struct fa_counters){};
    ret_pair->counters = &fa_counters_main;
    return NULL;
}

static void close_nothing(void)
{
}

T(cards_of_the_manifest_conform)
{
    const char *reason = conform_netdev(&(struct conform_netdev_target){
        .name = "guest", .open = open_cards, .close = close_nothing, .pump = pump});
    CHECK(reason == NULL);
}

T(a_card_that_the_manifest_lacks_is_refused)
{
    static const struct fa_slice names[] = {FA_LIT("lef"), FA_LIT(""), FA_LIT("storage")};
    fa_pool_init(&pools[0], memory[0], sizeof memory[0], FA_BUF_SIZE);
    for (size_t i = 0; i < FA_COUNT_OF(names); i++) {
        struct fa_netdev *dev;
        const char *reason = NULL;
        CHECK_EQ(fa__guest_net_open(names[i], &pools[0], &dev, &reason), FA_ENOENT);
        CHECK(reason != NULL);
    }
}

T(buffers_that_are_too_small_are_refused)
{
    struct fa_netdev *dev;
    const char *reason = NULL;
    fa_pool_init(&pools[0], memory[0], sizeof memory[0], 1024);
    CHECK_EQ(fa__guest_net_open(FA_LIT("left"), &pools[0], &dev, &reason), FA_EINVAL);
    CHECK(reason != NULL);
}

static struct fa_blkdev *open_disk(void *ctx)
{
    static uint8_t zeros[CONFORM_BLK_BYTES_MAX];
    struct fa_blkdev *dev;
    const char *reason;
    (void)ctx;
    if (fa__guest_block_open(FA_LIT("storage"), &dev, &reason) != FA_OK) {
        t_note("%s", reason);
        return NULL;
    }
    for (uint64_t block = 0; block < dev->info.block_count; block++) {
        struct fa_blk_req req = {.op = FA_BLK_WRITE, .block = block, .count = 1, .at = zeros};
        CHECK_EQ(fa_blkdev_submit(dev, 0, &req), FA_OK);
        CHECK(fa_blkdev_complete(dev, 0) == &req && req.result == FA_OK);
    }
    return dev;
}

static void leave_disk(void *ctx)
{
    (void)ctx;
}

T(a_disk_of_the_manifest_conforms)
{
    conform_blkdev(&(struct conform_blkdev_target){.open = open_disk, .close = leave_disk});
}

T(a_disk_that_the_manifest_lacks_is_refused)
{
    struct fa_blkdev *dev;
    const char *reason = NULL;
    CHECK_EQ(fa__guest_block_open(FA_LIT("left"), &dev, &reason), FA_ENOENT);
    CHECK(reason != NULL);
}
