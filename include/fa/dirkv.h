// SPDX-License-Identifier: ISC
//
// fa/dirkv.h: a directory of the Linux host as values by name.
//
// A key is a path below the directory. No key leads out of it: symbolic links are never followed,
// and whatever is neither a file nor a directory (a link, a FIFO, a device) is not there. Values
// are replaced by a rename, so a reader sees the old or the new. Names that are no key, and those
// that begin with FA_DIRKV_TEMPORARY, are hidden. Others may change the directory meanwhile; two
// reads of one value may then see two versions. It lends nothing, and lists a directory of n names
// in O(n) a call. Implemented by plat/linux/dirkv.c, tested by test/conform/kv_linux_test.c
// and test/unit/dirkv_linux_test.c.
//
//     struct fa_dirkv site;
//     const char *reason;
//     if (fa_dirkv_open(&site, "public", true, &reason) != FA_OK)
//         complain("public", reason);

#ifndef FA_DIRKV_H
#define FA_DIRKV_H

#include "fa/base.h"
#include "fa/kv.h"

/* How the names of values being written begin; a crash may leave one behind. */
#define FA_DIRKV_TEMPORARY ".fata-new-"

/* Movable. Private but for `kv`. */
struct fa_dirkv {
    struct fa_kv kv;
    int root_fd;
    uint64_t temporary_count; /* ever made */
    bool no_openat2;          /* the kernel or a filter does not offer it */
};

/*
 * Open the directory `path`.
 *
 * Owns:    release with fa_dirkv_close().
 * Returns: FA_OK; FA_ENOENT; FA_EREFUSED: no permission; FA_EINVAL: not a directory; FA_EIO.
 *          On failure *ret_reason is a static text that completes "cannot use PATH: ".
 */
fa_err fa_dirkv_open(
    struct fa_dirkv *dir, const char *path, bool read_only, const char **ret_reason);

/* Let go. Nothing happens if it is not open; zeroed is valid. */
void fa_dirkv_close(struct fa_dirkv *dir);

#endif
