// SPDX-License-Identifier: ISC
//
// What a file of the host may do to fa/fileblk.h. That it is a disk is
// test/conform/blkdev_linux_test.c.

#include "fa/fileblk.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/t.h"
#include "test/tempdir.h"

enum {
    BLOCK_BYTES = 512,
};

static char root[TEMPDIR_PATH_CAP];

static const char *make_file(const char *name, off_t len)
{
    static char path[TEMPDIR_PATH_CAP + 32];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    if (len >= 0) {
        const int fd = open(path, O_RDWR | O_CREAT, 0600);
        CHECK(fd >= 0 && ftruncate(fd, len) == 0);
        (void)close(fd);
    }
    return path;
}

static fa_err open_disk(struct fa_fileblk *disk, const char *path, bool read_only)
{
    const char *reason = "";
    const fa_err err = fa_fileblk_open(
        disk, &(struct fa_fileblk_config){.path = path, .read_only = read_only}, &reason);
    CHECK((err == FA_OK) == (reason[0] == '\0'));
    return err;
}

static fa_err do_op(struct fa_fileblk *disk, enum fa_blk_op op, uint64_t block, uint8_t *at)
{
    struct fa_blk_req req = {.op = op, .block = block, .count = 1, .at = at};
    FA_TRY(fa_blkdev_submit(&disk->dev, 0, &req));
    CHECK(fa_blkdev_complete(&disk->dev, 0) == &req);
    return req.result;
}

T(what_cannot_be_opened_is_explained)
{
    static const struct {
        const char *name;
        off_t len; /* -1: not made */
        fa_err err;
        const char *reason;
    } rows[] = {
        {"nowhere", -1, FA_ENOENT,
            "no such file; make one of the size wanted, as by: truncate -s 64M FILE"},
        {"empty", 0, FA_EINVAL, "it is empty; give it a size, as by: truncate -s 64M FILE"},
        {"odd", BLOCK_BYTES + 1, FA_EINVAL, "its size is not a multiple of the block size"},
        {"short", BLOCK_BYTES - 1, FA_EINVAL, "its size is not a multiple of the block size"},
        {".", -1, FA_EINVAL, "it is a directory, not a file or block device"},
    };
    tempdir_make(root);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_fileblk disk;
        const char *reason = "";
        const struct fa_fileblk_config config = {.path = make_file(rows[i].name, rows[i].len)};
        CHECK_EQ(fa_fileblk_open(&disk, &config, &reason), rows[i].err);
        CHECK_TEXT(fa_slice_of(reason), rows[i].reason);
    }
    const char *fifo = make_file("fifo", -1);
    struct fa_fileblk disk;
    CHECK_EQ(mkfifo(fifo, 0600), 0);
    CHECK_EQ(open_disk(&disk, fifo, false), FA_EINVAL);
    CHECK_EQ(open_disk(&disk, "/dev/null", false), FA_EINVAL);
    tempdir_remove(root);
}

T(one_writer_or_many_readers_share_a_disk)
{
    tempdir_make(root);
    const char *path = make_file("disk", 64 * BLOCK_BYTES);
    struct fa_fileblk first;
    struct fa_fileblk second;
    CHECK_EQ(open_disk(&first, path, false), FA_OK);
    CHECK_EQ(open_disk(&second, path, false), FA_EREFUSED);
    CHECK_EQ(open_disk(&second, path, true), FA_EREFUSED);
    fa_blkdev_close(&first.dev);
    CHECK_EQ(open_disk(&first, path, true), FA_OK);
    CHECK_EQ(open_disk(&second, path, true), FA_OK);
    fa_blkdev_close(&first.dev);
    fa_blkdev_close(&second.dev);
    tempdir_remove(root);
}

T(content_outlives_the_process_and_geometry_follows_the_file)
{
    tempdir_make(root);
    const char *path = make_file("disk", 64 * BLOCK_BYTES);
    uint8_t bytes[BLOCK_BYTES];
    struct fa_fileblk disk;
    __builtin_memset(bytes, 7, sizeof bytes);
    CHECK_EQ(open_disk(&disk, path, false), FA_OK);
    CHECK_EQ(disk.dev.info.block_count, 64);
    CHECK_TEXT(fa_slice_of(disk.dev.info.name), "fileblk");
    CHECK_EQ(do_op(&disk, FA_BLK_WRITE, 63, bytes), FA_OK);
    CHECK_EQ(do_op(&disk, FA_BLK_FLUSH, 0, NULL), FA_OK);
    fa_blkdev_close(&disk.dev);

    __builtin_memset(bytes, 0, sizeof bytes);
    CHECK_EQ(open_disk(&disk, path, true), FA_OK);
    CHECK_EQ(do_op(&disk, FA_BLK_READ, 63, bytes), FA_OK);
    CHECK(bytes[0] == 7 && bytes[BLOCK_BYTES - 1] == 7);
    fa_blkdev_close(&disk.dev);
    tempdir_remove(root);
}

T(a_file_cut_short_is_an_io_error)
{
    tempdir_make(root);
    const char *path = make_file("disk", 64 * BLOCK_BYTES);
    uint8_t bytes[BLOCK_BYTES];
    struct fa_fileblk disk;
    CHECK_EQ(open_disk(&disk, path, false), FA_OK);
    CHECK_EQ(truncate(path, 10 * BLOCK_BYTES + 100), 0);
    CHECK_EQ(do_op(&disk, FA_BLK_READ, 9, bytes), FA_OK);
    CHECK_EQ(do_op(&disk, FA_BLK_READ, 10, bytes), FA_EIO);
    CHECK_EQ(do_op(&disk, FA_BLK_READ, 11, bytes), FA_EIO);
    fa_blkdev_close(&disk.dev);
    tempdir_remove(root);
}
