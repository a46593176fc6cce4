// SPDX-License-Identifier: ISC
//
// plat/linux/below.h: open what lies below a directory, and nothing else.
//
// No link is followed, so a path without ".." names something inside or nothing at all, whatever
// others do to the directory meanwhile. Private to plat/linux.

#ifndef FA_PLAT_LINUX_BELOW_H
#define FA_PLAT_LINUX_BELOW_H

#include "fa/base.h"

enum {
    FA__BELOW_PATH_MAX = 255, /* bytes */
};

/*
 * Open `path`, relative to the directory `root_fd`, by one openat2() or, once that has turned out
 * to be missing and *no_openat2 is set, by fa__below_walk().
 *
 * Returns: a descriptor, closed on exec; -1 with errno, ELOOP or ENOTDIR for a link.
 * Limits:  `path` has no "." or ".." segment and at most FA__BELOW_PATH_MAX bytes.
 */
int fa__below_open(int root_fd, const char *path, int flags, bool *no_openat2);

/* The same, one openat() a segment; with `make`, directories that are missing are made. */
int fa__below_walk(int root_fd, const char *path, int flags, bool make);

#endif
