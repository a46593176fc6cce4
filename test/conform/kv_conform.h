// SPDX-License-Identifier: ISC
//
// test/conform/kv_conform.h: what fa/kv.h promises, checked on any implementation.
//
//     T(memkv_conforms)
//     {
//         conform_kv(&(struct conform_kv_target){.open = open_mem, .close = close_mem, .lends =
//         true});
//     }

#ifndef CONFORM_KV_H
#define CONFORM_KV_H

#include "fa/kv.h"

struct conform_kv_file {
    const char *key;
    const char *value;
};

/* What every target can hold, in byte order of keys. */
extern const struct conform_kv_file conform_kv_files[];
extern const size_t conform_kv_file_count;

struct conform_kv_target {
    /* Make a fresh kv: empty, or if it is read-only with conform_kv_files; NULL: cannot. */
    struct fa_kv *(*open)(void *ctx);
    void (*close)(void *ctx, struct fa_kv *kv);
    void *ctx;
    bool lends;   /* fa_kv_borrow() gives values */
    bool limited; /* storing values of 4 KiB reaches FA_ENOSPC before 1,000 of them */
};

void conform_kv(const struct conform_kv_target *target);

#endif
