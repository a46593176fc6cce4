// SPDX-License-Identifier: ISC
//
// A kv over a constant table.

#include "fa/embedkv.h"

#include "src/dev/kv_table.h"

static struct fa_slice key_at(const struct fa__kv_table *table, size_t idx)
{
    const struct fa_embedkv_file *files = table->entries;
    return fa_slice_of(files[idx].key);
}

static struct fa__kv_table table_of(const struct fa_kv *kv)
{
    const struct fa_embedkv *embed = FA_CONTAINER(kv, const struct fa_embedkv, kv);
    return (struct fa__kv_table){key_at, embed->files, embed->file_count};
}

static fa_err find_file(
    const struct fa_kv *kv, struct fa_slice key, const struct fa_embedkv_file **ret_file)
{
    const struct fa__kv_table table = table_of(kv);
    size_t idx;
    FA_TRY(fa__kv_value_find(&table, key, &idx));
    *ret_file = FA_CONTAINER(kv, const struct fa_embedkv, kv)->files + idx;
    return FA_OK;
}

static fa_err find(struct fa_kv *kv, struct fa_slice key, struct fa_kv_entry *ret_entry)
{
    const struct fa__kv_table table = table_of(kv);
    const struct fa_embedkv_file *file;
    const fa_err err = find_file(kv, key, &file);
    if (err == FA_ENOENT && fa__kv_is_directory(&table, key)) {
        *ret_entry = (struct fa_kv_entry){.kind = FA_KV_DIRECTORY};
        return FA_OK;
    }
    FA_TRY(err);
    *ret_entry = (struct fa_kv_entry){
        .kind = FA_KV_VALUE,
        .len = file->len,
        .modified_s = file->modified_s,
        .version = file->version,
    };
    return FA_OK;
}

static fa_err borrow(struct fa_kv *kv, struct fa_slice key, struct fa_slice *ret_value)
{
    const struct fa_embedkv_file *file;
    FA_TRY(find_file(kv, key, &file));
    *ret_value = (struct fa_slice){file->at, file->len};
    return FA_OK;
}

static fa_err read_value(
    struct fa_kv *kv, struct fa_slice key, uint64_t off, uint8_t *at, size_t cap, size_t *ret_len)
{
    struct fa_slice value;
    FA_TRY(borrow(kv, key, &value));
    *ret_len = fa__kv_copy_out(value, off, at, cap);
    return FA_OK;
}

static fa_err list(struct fa_kv *kv, struct fa_slice directory, struct fa_slice after,
    char *ret_name, size_t *ret_len)
{
    const struct fa__kv_table table = table_of(kv);
    return fa__kv_table_list(&table, directory, after, ret_name, ret_len);
}

static fa_err set(struct fa_kv *kv, struct fa_slice key, struct fa_slice value)
{
    (void)kv;
    (void)key;
    (void)value;
    return FA_EREFUSED;
}

static fa_err remove_value(struct fa_kv *kv, struct fa_slice key)
{
    (void)kv;
    (void)key;
    return FA_EREFUSED;
}

static const struct fa_kv_ops embedkv_ops = {find, read_value, borrow, list, set, remove_value};

void fa_embedkv_init(
    struct fa_embedkv *embed, const struct fa_embedkv_file *files, size_t file_count)
{
    *embed = (struct fa_embedkv){
        .kv = {.ops = &embedkv_ops, .read_only = true},
        .files = files,
        .file_count = file_count,
    };
    const struct fa__kv_table table = table_of(&embed->kv);
    for (size_t i = 0; i < file_count; i++) {
        FA_ASSERT(fa_kv_key_check(key_at(&table, i)));
        FA_ASSERT(i == 0 || fa__kv_compare(key_at(&table, i - 1), key_at(&table, i)) < 0);
        FA_ASSERT(!fa__kv_is_directory(&table, key_at(&table, i)));
    }
}
