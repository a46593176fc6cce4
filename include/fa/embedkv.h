// SPDX-License-Identifier: ISC
//
// fa/embedkv.h: values compiled into the image, read-only and lent where they lie.
//
// The table is made at build time from a directory; this is only the kv over it. Tested by
// test/unit/embedkv_test.c and test/conform/kv_test.c.
//
//     static const struct fa_embedkv_file files[] = {{.key = "index.html", .at = page, .len = 9}};
//     fa_embedkv_init(&site, files, FA_COUNT_OF(files));
//     FA_TRY(fa_kv_borrow(&site.kv, FA_LIT("index.html"), &value));

#ifndef FA_EMBEDKV_H
#define FA_EMBEDKV_H

#include "fa/base.h"
#include "fa/kv.h"

struct fa_embedkv_file {
    const char *key;
    const uint8_t *at;
    size_t len; /* bytes */
    uint64_t modified_s;
    uint64_t version;
};

/* Movable. Private but for `kv`. */
struct fa_embedkv {
    struct fa_kv kv;
    const struct fa_embedkv_file *files;
    size_t file_count;
};

/*
 * Build in place. Nothing to release.
 *
 * Owns:   borrows `files` and all they point to for ever.
 * Limits: keys are well-formed, in byte order, each once, and none is a directory of another;
 *         anything else traps.
 */
void fa_embedkv_init(
    struct fa_embedkv *embed, const struct fa_embedkv_file *files, size_t file_count);

#endif
