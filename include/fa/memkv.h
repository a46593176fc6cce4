// SPDX-License-Identifier: ISC
//
// fa/memkv.h: values by name in memory, bounded by what the caller gives it.
//
// Keys and values lie in one arena and stay where they are until they are set again or removed, so
// a value can be lent while others change. An arena in pieces may refuse a value that it has room
// for in all. Nothing survives the image. Tested by test/unit/memkv_test.c and
// test/conform/kv_test.c.
//
//     fa_memkv_init(&mem, &(struct fa_memkv_config){.entries = entries, .entry_count_max = 64,
//         .memory = memory, .memory_bytes = sizeof memory});
//     FA_TRY(fa_kv_set(&mem.kv, FA_LIT("motd"), FA_LIT("hello")));

#ifndef FA_MEMKV_H
#define FA_MEMKV_H

#include "fa/base.h"
#include "fa/kv.h"

/* One key and its value, both in the arena. Private. */
struct fa_memkv_entry {
    uint8_t *at; /* the key, then the value */
    size_t key_len;
    size_t value_len;
    uint64_t modified_s;
    uint64_t version;
};

struct fa_memkv_config {
    struct fa_memkv_entry *entries;
    size_t entry_count_max;
    uint8_t *memory;     /* 16-byte aligned */
    size_t memory_bytes; /* each value costs its key, its own bytes and less than 32 */
};

/* Movable. Private but for `kv`. */
struct fa_memkv {
    struct fa_kv kv;
    struct fa_memkv_config config;
    size_t entry_count; /* entries in use, in byte order of their keys */
    uint64_t version;   /* last given */
};

/* Build in place, empty. Owns: borrows the config's memory. Nothing to release. */
void fa_memkv_init(struct fa_memkv *mem, const struct fa_memkv_config *config);

#endif
