// SPDX-License-Identifier: ISC
//
// Binary search and listing over keys in byte order.

#include "src/dev/kv_table.h"

int fa__kv_compare(struct fa_slice a, struct fa_slice b)
{
    const size_t len = fa_min(a.len, b.len);
    const int order = len == 0 ? 0 : __builtin_memcmp(a.at, b.at, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

size_t fa__kv_lower_bound(const struct fa__kv_table *table, struct fa_slice key)
{
    size_t low = 0;
    size_t high = table->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (fa__kv_compare(table->key(table, middle), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

fa_err fa__kv_value_find(const struct fa__kv_table *table, struct fa_slice key, size_t *ret_idx)
{
    if (!fa_kv_key_check(key)) {
        return FA_EINVAL;
    }
    const size_t idx = fa__kv_lower_bound(table, key);
    if (idx == table->count || !fa_slice_equal(table->key(table, idx), key)) {
        return FA_ENOENT;
    }
    *ret_idx = idx;
    return FA_OK;
}

static bool begins_with(struct fa_slice text, struct fa_slice prefix)
{
    return text.len >= prefix.len && fa_equal(text.at, prefix.at, prefix.len);
}

/* `directory` and '/', or nothing for the root, in path[]. */
static struct fa_slice make_prefix(struct fa_slice directory, uint8_t *path)
{
    fa_copy(path, directory.at, directory.len);
    if (directory.len == 0) {
        return (struct fa_slice){path, 0};
    }
    path[directory.len] = '/';
    return (struct fa_slice){path, directory.len + 1};
}

bool fa__kv_is_directory(const struct fa__kv_table *table, struct fa_slice key)
{
    uint8_t path[FA_KV_KEY_MAX + 1];
    const struct fa_slice prefix = make_prefix(key, path);
    const size_t idx = fa__kv_lower_bound(table, prefix);
    return idx < table->count && begins_with(table->key(table, idx), prefix);
}

/* The child that `rest`, a key without its directory's prefix, belongs to. */
static struct fa_slice child_of(struct fa_slice rest)
{
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.at[i] == '/') {
            return (struct fa_slice){rest.at, i + 1};
        }
    }
    return rest;
}

fa_err fa__kv_table_list(const struct fa__kv_table *table, struct fa_slice directory,
    struct fa_slice after, char *ret_name, size_t *ret_len)
{
    if ((directory.len != 0 && !fa_kv_key_check(directory)) || after.len > FA_KV_KEY_MAX) {
        return FA_EINVAL;
    }
    uint8_t path[2 * FA_KV_KEY_MAX + 1];
    const struct fa_slice prefix = make_prefix(directory, path);
    fa_copy(path + prefix.len, after.at, after.len);
    struct fa_slice from = {path, prefix.len + after.len};
    if (after.len > 0 && after.at[after.len - 1] == '/') {
        path[from.len - 1]++; /* behind everything in that directory, at one step */
    }
    for (size_t idx = fa__kv_lower_bound(table, from); idx < table->count; idx++) {
        const struct fa_slice key = table->key(table, idx);
        if (!begins_with(key, prefix)) {
            break;
        }
        const struct fa_slice child = child_of(fa_slice_from(key, prefix.len));
        if (fa__kv_compare(child, after) > 0) {
            fa_copy(ret_name, child.at, child.len);
            *ret_len = child.len;
            return FA_OK;
        }
    }
    return FA_ENOENT;
}

size_t fa__kv_copy_out(struct fa_slice value, uint64_t off, uint8_t *at, size_t cap)
{
    if (off >= value.len) {
        return 0;
    }
    const size_t len = fa_min(value.len - (size_t)off, cap);
    fa_copy(at, value.at + off, len);
    return len;
}
