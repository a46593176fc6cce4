// SPDX-License-Identifier: ISC
//
// The disk that a text names. What the disks themselves do is tested with each of them.

#include "fa/hostblk.h"

#include "test/t.h"

static fa_err open_disk(const char *where, struct fa_blkdev **ret_dev, const char **reterr_reason)
{
    const struct fa_hostblk_config config = {.name = "storage", .where = where};
    return fa_hostblk_open(&config, ret_dev, reterr_reason);
}

T(a_text_that_names_no_disk_is_refused_with_the_reason)
{
    static const char *const texts[] = {NULL, "", "/nowhere/at/all.img", "/"};
    const char *reason = NULL;
    struct fa_blkdev *dev;
    if (open_disk("", &dev, &reason) == FA_OK) {
        fa_blkdev_close(dev);
        t_skip("there is a disk whatever the text says");
        return;
    }
    for (size_t i = 0; i < FA_COUNT_OF(texts); i++) {
        reason = NULL;
        CHECK(open_disk(texts[i], &dev, &reason) != FA_OK);
        CHECK(reason != NULL);
    }
}

T(a_disk_of_the_simulator_reads_as_zeros_and_keeps_what_is_written)
{
    const char *reason = NULL;
    struct fa_blkdev *dev;
    if (open_disk("", &dev, &reason) != FA_OK) {
        t_skip("here a disk is a file, as test/unit/fileblk_linux_test.c has it");
        return;
    }
    uint8_t bytes[512] = {1};
    REQUIRE(dev->info.block_bytes == sizeof bytes && dev->info.block_count > 1);
    struct fa_blk_req req = {
        .op = FA_BLK_READ, .block = dev->info.block_count - 1, .count = 1, .at = bytes};
    CHECK_EQ(fa_blkdev_submit(dev, 0, &req), FA_OK);
    CHECK(fa_blkdev_complete(dev, 0) == &req && req.result == FA_OK && bytes[0] == 0);
    bytes[0] = 7;
    req.op = FA_BLK_WRITE;
    CHECK_EQ(fa_blkdev_submit(dev, 0, &req), FA_OK);
    CHECK(fa_blkdev_complete(dev, 0) == &req && req.result == FA_OK);
    bytes[0] = 0;
    req.op = FA_BLK_READ;
    CHECK_EQ(fa_blkdev_submit(dev, 0, &req), FA_OK);
    CHECK(fa_blkdev_complete(dev, 0) == &req && bytes[0] == 7);
    fa_blkdev_close(dev);
}
