// SPDX-License-Identifier: ISC
//
// test/tempdir.h: a directory of the host for one test, and its removal. Linux only.

#ifndef TEMPDIR_H
#define TEMPDIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/t.h"

enum {
    TEMPDIR_PATH_CAP = 256,
};

/* Make a fresh directory under $TMPDIR or /tmp; its path goes to path[]. */
static inline void tempdir_make(char path[TEMPDIR_PATH_CAP])
{
    const char *parent = getenv("TMPDIR");
    int len = snprintf(path, TEMPDIR_PATH_CAP, "%s/fata-test-XXXXXX", parent ? parent : "/tmp");
    CHECK(len > 0 && len < TEMPDIR_PATH_CAP);
    CHECK(mkdtemp(path) != NULL);
}

static inline int tempdir_remove_one(
    const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

/* Remove the directory and all in it; links are not followed. */
static inline void tempdir_remove(const char *path)
{
    CHECK_EQ(nftw(path, tempdir_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
