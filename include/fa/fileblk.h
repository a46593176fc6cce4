// SPDX-License-Identifier: ISC
//
// fa/fileblk.h: a disk in a file or block device of the Linux host.
//
// Requests are carried out by submit, while the image waits, and collected by complete in order:
// right for tools and small sites; a ring of asynchronous requests takes its place where the disk
// is the limit. Two images never write one disk: the file is locked. Implemented by
// plat/linux/fileblk.c, tested by test/conform/blkdev_linux_test.c and
// test/unit/fileblk_linux_test.c.
//
//     const struct fa_fileblk_config config = {.path = "site.img"};
//     const char *reason;
//     if (fa_fileblk_open(&disk, &config, &reason) != FA_OK) complain(config.path, reason);
//     FA_TRY(fa_blkdev_submit(&disk.dev, now, &req));

#ifndef FA_FILEBLK_H
#define FA_FILEBLK_H

#include "fa/base.h"
#include "fa/blkdev.h"

struct fa_fileblk_config {
    const char *path;
    const char *name;        /* cut off at 15 bytes; NULL: "fileblk" */
    uint32_t block_bytes;    /* 0: 512 */
    uint32_t req_count_max;  /* 0: 32 */
    uint32_t req_blocks_max; /* 0: 2,048 */
    bool read_only;
};

/* Pinned while requests are in flight. Private but for `dev`. */
struct fa_fileblk {
    struct fa_blkdev dev;
    int fd;
    struct fa_blk_finished finished;
};

/*
 * Open what `config->path` names.
 *
 * Owns:    release with fa_blkdev_close(&disk->dev), which does not flush.
 * Returns: FA_OK; FA_ENOENT: no such file; FA_EREFUSED: no permission, or another process has it;
 *          FA_EINVAL: neither a file nor a block device, or not one or more whole blocks; FA_EIO.
 *          On failure *ret_reason is a static text that completes "cannot use PATH: ".
 */
fa_err fa_fileblk_open(
    struct fa_fileblk *disk, const struct fa_fileblk_config *config, const char **ret_reason);

#endif
