// SPDX-License-Identifier: ISC
//
// A kv in an arena: a sorted array of entries, first-fit pieces that never move.

#include "fa/memkv.h"

#include "fa/wall.h"
#include "src/dev/kv_table.h"

/* Pieces fill the arena without gaps; one of `len` 0 bytes of content is not useful but valid. */
struct piece {
    size_t len; /* bytes, this head included; a multiple of its size */
    size_t used;
};

static struct piece *piece_at(const struct fa_memkv *mem, size_t off)
{
    return (struct piece *)(void *)(mem->config.memory + off);
}

/* Give back what fa_memkv holds at `at`; neighbours are joined when the next piece is looked for.
 */
static void release(uint8_t *at)
{
    struct piece *piece = FA_CONTAINER(at - sizeof(struct piece), struct piece, len);
    FA_ASSERT(piece->used == 1);
    piece->used = 0;
}

/* The piece at `off`, joined with all free ones behind it if it is free itself. */
static struct piece *join_free(const struct fa_memkv *mem, size_t off)
{
    struct piece *piece = piece_at(mem, off);
    while (!piece->used && off + piece->len < mem->config.memory_bytes) {
        const struct piece *next = piece_at(mem, off + piece->len);
        if (next->used) {
            break;
        }
        piece->len += next->len;
    }
    return piece;
}

/* Room for `len` bytes; NULL if no free piece is that long. */
static uint8_t *take_room(struct fa_memkv *mem, size_t len)
{
    const size_t unit = sizeof(struct piece);
    if (len > mem->config.memory_bytes) {
        return NULL;
    }
    const size_t need = unit + (len + unit - 1) / unit * unit;
    for (size_t off = 0; off < mem->config.memory_bytes;) {
        struct piece *piece = join_free(mem, off);
        FA_ASSERT(piece->len >= unit && piece->len <= mem->config.memory_bytes - off);
        if (!piece->used && piece->len >= need) {
            if (piece->len > need) {
                *piece_at(mem, off + need) = (struct piece){.len = piece->len - need};
            }
            *piece = (struct piece){.len = need, .used = 1};
            return mem->config.memory + off + unit;
        }
        off += piece->len;
    }
    return NULL;
}

static struct fa_slice key_at(const struct fa__kv_table *table, size_t idx)
{
    const struct fa_memkv_entry *entries = table->entries;
    return (struct fa_slice){entries[idx].at, entries[idx].key_len};
}

static struct fa_memkv *mem_of(struct fa_kv *kv)
{
    return FA_CONTAINER(kv, struct fa_memkv, kv);
}

static struct fa__kv_table table_of(const struct fa_memkv *mem)
{
    return (struct fa__kv_table){key_at, mem->config.entries, mem->entry_count};
}

static fa_err find(struct fa_kv *kv, struct fa_slice key, struct fa_kv_entry *ret_entry)
{
    const struct fa_memkv *mem = mem_of(kv);
    const struct fa__kv_table table = table_of(mem);
    size_t idx;
    const fa_err err = fa__kv_value_find(&table, key, &idx);
    if (err == FA_ENOENT && fa__kv_is_directory(&table, key)) {
        *ret_entry = (struct fa_kv_entry){.kind = FA_KV_DIRECTORY};
        return FA_OK;
    }
    FA_TRY(err);
    const struct fa_memkv_entry *entry = mem->config.entries + idx;
    *ret_entry = (struct fa_kv_entry){
        .kind = FA_KV_VALUE,
        .len = entry->value_len,
        .modified_s = entry->modified_s,
        .version = entry->version,
    };
    return FA_OK;
}

static fa_err borrow(struct fa_kv *kv, struct fa_slice key, struct fa_slice *ret_value)
{
    const struct fa_memkv *mem = mem_of(kv);
    const struct fa__kv_table table = table_of(mem);
    size_t idx;
    FA_TRY(fa__kv_value_find(&table, key, &idx));
    const struct fa_memkv_entry *entry = mem->config.entries + idx;
    *ret_value = (struct fa_slice){entry->at + entry->key_len, entry->value_len};
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
    const struct fa__kv_table table = table_of(mem_of(kv));
    return fa__kv_table_list(&table, directory, after, ret_name, ret_len);
}

/* Whether `key` can be a value beside the values that there are. */
static bool fits_in(const struct fa__kv_table *table, struct fa_slice key)
{
    if (!fa_kv_key_check(key) || fa__kv_is_directory(table, key)) {
        return false;
    }
    for (size_t i = 0; i < key.len; i++) {
        size_t idx;
        if (key.at[i] == '/' &&
            fa__kv_value_find(table, (struct fa_slice){key.at, i}, &idx) == FA_OK) {
            return false;
        }
    }
    return true;
}

static fa_err set(struct fa_kv *kv, struct fa_slice key, struct fa_slice value)
{
    struct fa_memkv *mem = mem_of(kv);
    const struct fa__kv_table table = table_of(mem);
    if (!fits_in(&table, key)) {
        return FA_EINVAL;
    }
    const size_t idx = fa__kv_lower_bound(&table, key);
    const bool replaces = idx < table.count && fa_slice_equal(key_at(&table, idx), key);
    if (!replaces && mem->entry_count == mem->config.entry_count_max) {
        return FA_ENOSPC;
    }
    if (value.len > mem->config.memory_bytes) {
        return FA_ENOSPC;
    }
    uint8_t *at = take_room(mem, key.len + value.len);
    if (at == NULL) {
        return FA_ENOSPC;
    }
    fa_copy(at, key.at, key.len);
    fa_copy(at + key.len, value.at, value.len);
    struct fa_memkv_entry *entry = mem->config.entries + idx;
    if (replaces) {
        release(entry->at);
    } else {
        fa_move(entry + 1, entry, (mem->entry_count - idx) * sizeof *entry);
        mem->entry_count++;
    }
    *entry = (struct fa_memkv_entry){
        .at = at,
        .key_len = key.len,
        .value_len = value.len,
        .modified_s = fa_wall_ns() / FA_NS_S,
        .version = ++mem->version,
    };
    return FA_OK;
}

static fa_err remove_value(struct fa_kv *kv, struct fa_slice key)
{
    struct fa_memkv *mem = mem_of(kv);
    const struct fa__kv_table table = table_of(mem);
    size_t idx;
    FA_TRY(fa__kv_value_find(&table, key, &idx));
    struct fa_memkv_entry *entry = mem->config.entries + idx;
    release(entry->at);
    mem->entry_count--;
    fa_move(entry, entry + 1, (mem->entry_count - idx) * sizeof *entry);
    return FA_OK;
}

static const struct fa_kv_ops memkv_ops = {find, read_value, borrow, list, set, remove_value};

void fa_memkv_init(struct fa_memkv *mem, const struct fa_memkv_config *config)
{
    const size_t unit = sizeof(struct piece);
    FA_ASSERT((uintptr_t)config->memory % unit == 0);
    FA_ASSERT(config->memory_bytes >= unit);
    *mem = (struct fa_memkv){.kv.ops = &memkv_ops, .config = *config};
    mem->config.memory_bytes -= config->memory_bytes % unit;
    *piece_at(mem, 0) = (struct piece){.len = mem->config.memory_bytes};
}
