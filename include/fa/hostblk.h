// SPDX-License-Identifier: ISC
//
// fa/hostblk.h: a disk of the place an image runs in.
//
// On Linux a text at boot names a file or block device (fa/fileblk.h). Where a tender or a virtual
// machine attaches disks, it is the one of that name in the image's manifest, whatever the text
// says. In the simulator it is an empty disk in memory (fa/memblk.h). Implemented by hostblk.c of
// plat/linux, plat/sim and plat/guest; tested by test/unit/hostblk_test.c.
//
//     const struct fa_hostblk_config config = {.name = "storage", .where = "site.img"};
//     if (fa_hostblk_open(&config, &dev, &reason) != FA_OK)
//         die(reason);

#ifndef FA_HOSTBLK_H
#define FA_HOSTBLK_H

#include "fa/base.h"
#include "fa/blkdev.h"

struct fa_hostblk_config {
    const char *name;  /* of the disk, as a manifest has it: [A-Za-z0-9]{1,67} */
    const char *where; /* the text at boot; NULL as "" */
    bool read_only;
};

/*
 * Open the disk.
 *
 * Owns:    release with fa_blkdev_close(*ret_dev), which does not flush. The platform's own memory
 *          for it is not given back: disks are opened when an image starts.
 * Returns: FA_OK; FA_EINVAL: no text, or what it names is no disk; FA_ENOENT: there is none;
 *          FA_EREFUSED: not permitted, or another has it; FA_ENOSPC; FA_EIO. On failure
 *          *reterr_reason is static text that says what to do.
 */
fa_err fa_hostblk_open(
    const struct fa_hostblk_config *config, struct fa_blkdev **ret_dev, const char **reterr_reason);

#endif
