// SPDX-License-Identifier: ISC
//
// The kv suite on a directory of the host, with openat2() and without.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/dirkv.h"
#include "test/conform/kv_conform.h"
#include "test/t.h"
#include "test/tempdir.h"

struct variant {
    bool read_only;
    bool no_openat2;
};

static struct fa_dirkv dir;
static char root[TEMPDIR_PATH_CAP];

static struct fa_kv *open_dir(void *ctx)
{
    const struct variant *variant = ctx;
    const char *reason = "";
    tempdir_make(root);
    if (variant->read_only) {
        /* Filled by the writable kind, which the suite has checked by itself. */
        CHECK_EQ(fa_dirkv_open(&dir, root, false, &reason), FA_OK);
        for (size_t i = 0; i < conform_kv_file_count; i++) {
            const struct conform_kv_file *file = &conform_kv_files[i];
            CHECK_EQ(fa_kv_set(&dir.kv, fa_slice_of(file->key), fa_slice_of(file->value)), FA_OK);
        }
        fa_dirkv_close(&dir);
    }
    CHECK_EQ(fa_dirkv_open(&dir, root, variant->read_only, &reason), FA_OK);
    dir.no_openat2 = variant->no_openat2;
    return &dir.kv;
}

static void close_dir(void *ctx, struct fa_kv *kv)
{
    (void)ctx;
    CHECK(kv == &dir.kv);
    fa_dirkv_close(&dir);
    tempdir_remove(root);
}

static void run_suite(struct variant variant)
{
    conform_kv(&(struct conform_kv_target){.open = open_dir, .close = close_dir, .ctx = &variant});
}

T(dirkv_conforms)
{
    run_suite((struct variant){0});
}

T(dirkv_conforms_without_openat2)
{
    run_suite((struct variant){.no_openat2 = true});
}

T(read_only_dirkv_conforms)
{
    run_suite((struct variant){.read_only = true});
}

T(read_only_dirkv_conforms_without_openat2)
{
    run_suite((struct variant){.read_only = true, .no_openat2 = true});
}
