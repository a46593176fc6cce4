// SPDX-License-Identifier: ISC
//
// src/dev/kv_table.h: what the kvs share whose keys lie in one array in byte order.
//
// In that order the keys of a directory are neighbours, and its children come in the order that
// fa_kv_list() wants. Private to src/dev.

#ifndef FA_DEV_KV_TABLE_H
#define FA_DEV_KV_TABLE_H

#include "fa/kv.h"

struct fa__kv_table {
    struct fa_slice (*key)(const struct fa__kv_table *table, size_t idx);
    const void *entries;
    size_t count;
};

/* Order of two byte strings: below, at or above 0. */
int fa__kv_compare(struct fa_slice a, struct fa_slice b);

/* Index of the first key that is not below `key`; `count` if there is none. */
size_t fa__kv_lower_bound(const struct fa__kv_table *table, struct fa_slice key);

/* Index of the value `key`. Returns: FA_OK; FA_ENOENT, also for a directory; FA_EINVAL. */
fa_err fa__kv_value_find(const struct fa__kv_table *table, struct fa_slice key, size_t *ret_idx);

/* Whether some key begins with `key` and '/'. Limits: `key` is well-formed. */
bool fa__kv_is_directory(const struct fa__kv_table *table, struct fa_slice key);

/* As fa_kv_list(). */
fa_err fa__kv_table_list(const struct fa__kv_table *table, struct fa_slice directory,
    struct fa_slice after, char *ret_name, size_t *ret_len);

/* Copy [off, off + cap) of `value` out, as fa_kv_read() does. Returns: bytes copied. */
size_t fa__kv_copy_out(struct fa_slice value, uint64_t off, uint8_t *at, size_t cap);

#endif
