// SPDX-License-Identifier: ISC
//
// The blkdev suite on a file of the host.

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fa/fileblk.h"
#include "test/conform/blkdev_conform.h"
#include "test/t.h"
#include "test/tempdir.h"

static struct fa_fileblk disk;
static char root[TEMPDIR_PATH_CAP];

static struct fa_blkdev *open_file(void *ctx)
{
    struct fa_fileblk_config config = *(const struct fa_fileblk_config *)ctx;
    char path[TEMPDIR_PATH_CAP + 16];
    const char *reason = "";
    tempdir_make(root);
    (void)snprintf(path, sizeof path, "%s/disk.img", root);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0 && ftruncate(fd, (off_t)CONFORM_BLK_COUNT_MIN * CONFORM_BLK_BYTES_MAX) == 0);
    (void)close(fd);
    config.path = path;
    CHECK_EQ(fa_fileblk_open(&disk, &config, &reason), FA_OK);
    return &disk.dev;
}

static void remove_file(void *ctx)
{
    (void)ctx;
    tempdir_remove(root);
}

T(fileblk_conforms)
{
    struct fa_fileblk_config config = {0};
    conform_blkdev(
        &(struct conform_blkdev_target){.open = open_file, .close = remove_file, .ctx = &config});
}

T(fileblk_of_big_blocks_and_a_short_queue_conforms)
{
    struct fa_fileblk_config config = {
        .block_bytes = 4096, .req_count_max = 2, .req_blocks_max = 3, .name = "a name cut short"};
    conform_blkdev(
        &(struct conform_blkdev_target){.open = open_file, .close = remove_file, .ctx = &config});
}

T(read_only_fileblk_conforms)
{
    struct fa_fileblk_config config = {.read_only = true};
    conform_blkdev(
        &(struct conform_blkdev_target){.open = open_file, .close = remove_file, .ctx = &config});
}
