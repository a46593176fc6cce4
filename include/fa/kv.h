// SPDX-License-Identifier: ISC
//
// fa/kv.h: values by name: a site's pages, certificates, a directory of the host.
//
// A key is a path of non-empty segments joined by '/', no leading slash, no "." or ".." segment,
// no NUL, at most FA_KV_KEY_MAX bytes; anything else is FA_EINVAL. Calls do not yield. Read-only
// implementations refuse the writing half with FA_EREFUSED. Implementations: src/dev/memkv.c,
// src/dev/embedkv.c (compiled in), plat/linux/dirkv.c. All pass test/conform/kv_conform.c.
//
//     struct fa_kv_entry entry;
//     FA_TRY(fa_kv_find(kv, FA_LIT("index.html"), &entry));
//     FA_TRY(fa_kv_read(kv, FA_LIT("index.html"), 0, page, sizeof page, &len));

#ifndef FA_KV_H
#define FA_KV_H

#include "fa/base.h"

enum {
    FA_KV_KEY_MAX = 255, /* bytes */
};

enum fa_kv_kind {
    FA_KV_VALUE,
    FA_KV_DIRECTORY, /* some key begins with this one and '/' */
};

struct fa_kv_entry {
    enum fa_kv_kind kind;
    uint64_t len;        /* bytes of the value */
    uint64_t modified_s; /* seconds since 1970; 0: not known */
    uint64_t version;    /* differs whenever the value does (best effort for host files) */
};

struct fa_kv;

struct fa_kv_ops {
    fa_err (*find)(struct fa_kv *kv, struct fa_slice key, struct fa_kv_entry *ret_entry);
    fa_err (*read)(struct fa_kv *kv, struct fa_slice key, uint64_t off, uint8_t *at, size_t cap,
        size_t *ret_len);
    fa_err (*borrow)(struct fa_kv *kv, struct fa_slice key, struct fa_slice *ret_value);
    fa_err (*list)(struct fa_kv *kv, struct fa_slice directory, struct fa_slice after,
        char *ret_name, size_t *ret_len);
    fa_err (*set)(struct fa_kv *kv, struct fa_slice key, struct fa_slice value);
    fa_err (*remove)(struct fa_kv *kv, struct fa_slice key);
};

/* First member of every implementation's struct. */
struct fa_kv {
    const struct fa_kv_ops *ops;
    bool read_only;
};

/* Ask about a key. Returns: FA_OK; FA_ENOENT; FA_EINVAL; FA_EIO. */
static inline fa_err fa_kv_find(
    struct fa_kv *kv, struct fa_slice key, struct fa_kv_entry *ret_entry)
{
    return kv->ops->find(kv, key, ret_entry);
}

/* Copy bytes [off, off + cap) of a value. Returns: FA_OK, *ret_len less than cap only at the end;
 * FA_ENOENT, also for a directory; FA_EINVAL; FA_EIO. */
static inline fa_err fa_kv_read(
    struct fa_kv *kv, struct fa_slice key, uint64_t off, uint8_t *at, size_t cap, size_t *ret_len)
{
    return kv->ops->read(kv, key, off, at, cap, ret_len);
}

/* The whole value where it lies in memory, borrowed until the key is next set or removed. Returns:
 * FA_OK; FA_AGAIN: this kv cannot lend, use fa_kv_read(); FA_ENOENT; FA_EINVAL. */
static inline fa_err fa_kv_borrow(struct fa_kv *kv, struct fa_slice key, struct fa_slice *ret_value)
{
    return kv->ops->borrow(kv, key, ret_value);
}

/*
 * Name of the next child of `directory` (empty: the root) behind `after` (empty: the first), in
 * byte order; a child that is a directory ends in '/'.
 *
 * Returns: FA_OK with the name in ret_name[FA_KV_KEY_MAX + 1], its length in *ret_len, no NUL;
 *          FA_ENOENT at the end, or if there is no such directory; FA_EINVAL; FA_EIO.
 */
static inline fa_err fa_kv_list(struct fa_kv *kv, struct fa_slice directory, struct fa_slice after,
    char *ret_name, size_t *ret_len)
{
    return kv->ops->list(kv, directory, after, ret_name, ret_len);
}

/* Store a value, replacing the old one in one step. Returns: FA_OK; FA_EREFUSED: read-only;
 * FA_ENOSPC; FA_EINVAL, also if the key is a directory or a value lies on its path; FA_EIO. */
static inline fa_err fa_kv_set(struct fa_kv *kv, struct fa_slice key, struct fa_slice value)
{
    return kv->ops->set(kv, key, value);
}

/* Remove a value. Returns: FA_OK; FA_ENOENT; FA_EREFUSED; FA_EINVAL; FA_EIO. */
static inline fa_err fa_kv_remove(struct fa_kv *kv, struct fa_slice key)
{
    return kv->ops->remove(kv, key);
}

/* Whether `key` is well-formed as described above. */
bool fa_kv_key_check(struct fa_slice key);

#endif
