// SPDX-License-Identifier: ISC
//
// The limits and the arena of fa/memkv.h. That it is a kv at all is test/conform/kv_test.c.

#include "fa/memkv.h"

#include "fa/fmt.h"
#include "fa/rand.h"
#include "test/t.h"

enum {
    MEMORY_BYTES = 4096,
    ENTRY_COUNT = 16,
    MODEL_KEY_COUNT = 24,
    MODEL_STEP_COUNT = 20000,
    VALUE_MAX = 700,
};

static struct fa_memkv mem;
static struct fa_memkv_entry entries[ENTRY_COUNT];
_Alignas(16) static uint8_t memory[MEMORY_BYTES];
static uint8_t filler[MEMORY_BYTES];

static void open_mem(size_t memory_bytes)
{
    fa_memkv_init(&mem, &(struct fa_memkv_config){
                            .entries = entries,
                            .entry_count_max = ENTRY_COUNT,
                            .memory = memory,
                            .memory_bytes = memory_bytes,
                        });
}

static fa_err set_len(const char *key, size_t len)
{
    return fa_kv_set(&mem.kv, fa_slice_of(key), (struct fa_slice){filler, len});
}

T(entries_are_limited)
{
    open_mem(MEMORY_BYTES);
    char key[] = "a";
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        key[0] = (char)('a' + i);
        CHECK_EQ(set_len(key, 1), FA_OK);
    }
    CHECK_EQ(set_len("one more", 1), FA_ENOSPC);
    CHECK_EQ(set_len("a", 2), FA_OK);
    CHECK_EQ(fa_kv_remove(&mem.kv, FA_LIT("b")), FA_OK);
    CHECK_EQ(set_len("one more", 1), FA_OK);
}

T(a_value_costs_less_than_32_bytes_more)
{
    for (size_t len = 0; len < 64; len++) {
        const size_t need = 3 + len + 31;
        open_mem(need);
        CHECK_EQ(set_len("key", len), FA_OK);
    }
}

T(the_arena_is_limited)
{
    open_mem(MEMORY_BYTES);
    CHECK_EQ(set_len("k", MEMORY_BYTES), FA_ENOSPC);
    CHECK_EQ(set_len("k", SIZE_MAX), FA_ENOSPC);
    CHECK_EQ(set_len("k", MEMORY_BYTES - 16 - 1), FA_OK);
    CHECK_EQ(set_len("l", 0), FA_ENOSPC);
    CHECK_EQ(fa_kv_remove(&mem.kv, FA_LIT("k")), FA_OK);
    CHECK_EQ(set_len("l", 0), FA_OK);
}

T(a_replacement_that_does_not_fit_leaves_the_old_value)
{
    open_mem(MEMORY_BYTES);
    struct fa_slice lent;
    CHECK_EQ(fa_kv_set(&mem.kv, FA_LIT("k"), FA_LIT("old")), FA_OK);
    CHECK_EQ(set_len("k", MEMORY_BYTES - 40), FA_ENOSPC);
    CHECK_EQ(fa_kv_borrow(&mem.kv, FA_LIT("k"), &lent), FA_OK);
    CHECK_TEXT(lent, "old");
}

T(freed_neighbours_become_one_piece)
{
    open_mem(MEMORY_BYTES);
    CHECK_EQ(set_len("a", 1000), FA_OK);
    CHECK_EQ(set_len("b", 1000), FA_OK);
    CHECK_EQ(set_len("c", 1000), FA_OK);
    CHECK_EQ(set_len("d", 900), FA_OK);
    CHECK_EQ(set_len("big", 2000), FA_ENOSPC);
    CHECK_EQ(fa_kv_remove(&mem.kv, FA_LIT("a")), FA_OK);
    CHECK_EQ(fa_kv_remove(&mem.kv, FA_LIT("c")), FA_OK);
    CHECK_EQ(set_len("big", 2000), FA_ENOSPC); /* in pieces */
    CHECK_EQ(fa_kv_remove(&mem.kv, FA_LIT("b")), FA_OK);
    CHECK_EQ(set_len("big", 2000), FA_OK);
}

T(a_lent_value_stays_while_others_change)
{
    open_mem(MEMORY_BYTES);
    struct fa_slice lent;
    CHECK_EQ(set_len("before", 100), FA_OK);
    CHECK_EQ(fa_kv_set(&mem.kv, FA_LIT("lent"), FA_LIT("stays")), FA_OK);
    CHECK_EQ(fa_kv_borrow(&mem.kv, FA_LIT("lent"), &lent), FA_OK);
    for (size_t i = 0; i < 100; i++) {
        CHECK_EQ(set_len("before", i * 7), FA_OK);
        CHECK_EQ(set_len("behind", i * 3), FA_OK);
        CHECK_EQ(fa_kv_remove(&mem.kv, FA_LIT("behind")), FA_OK);
    }
    CHECK_TEXT(lent, "stays");
}

T(a_value_can_be_set_to_a_part_of_itself)
{
    open_mem(MEMORY_BYTES);
    struct fa_slice lent;
    CHECK_EQ(fa_kv_set(&mem.kv, FA_LIT("k"), FA_LIT("0123456789")), FA_OK);
    CHECK_EQ(fa_kv_borrow(&mem.kv, FA_LIT("k"), &lent), FA_OK);
    CHECK_EQ(fa_kv_set(&mem.kv, FA_LIT("k"), fa_slice_from(lent, 5)), FA_OK);
    CHECK_EQ(fa_kv_borrow(&mem.kv, FA_LIT("k"), &lent), FA_OK);
    CHECK_TEXT(lent, "56789");
}

T(versions_are_never_used_twice)
{
    open_mem(MEMORY_BYTES);
    uint64_t last = 0;
    for (int i = 0; i < 10; i++) {
        struct fa_kv_entry entry;
        CHECK_EQ(set_len("k", 1), FA_OK);
        CHECK_EQ(fa_kv_find(&mem.kv, FA_LIT("k"), &entry), FA_OK);
        CHECK(entry.version > last);
        last = entry.version;
        CHECK_EQ(fa_kv_remove(&mem.kv, FA_LIT("k")), FA_OK);
    }
}

/* What the kv should hold: a length for each key, its number in each byte; -1: nothing. */
struct model {
    int len[MODEL_KEY_COUNT];
};

static struct fa_slice model_key(size_t number, char at[16])
{
    const size_t len = fa_fmt(at, 16, "%s%02u", number % 3 == 0 ? "dir/" : "", (unsigned)number);
    return (struct fa_slice){(const uint8_t *)at, len};
}

static void check_model(const struct model *model)
{
    for (size_t i = 0; i < MODEL_KEY_COUNT; i++) {
        char at[16];
        struct fa_slice lent = {0};
        const fa_err err = fa_kv_borrow(&mem.kv, model_key(i, at), &lent);
        CHECK_EQ(err, model->len[i] < 0 ? FA_ENOENT : FA_OK);
        if (err == FA_OK) {
            CHECK_EQ(lent.len, model->len[i]);
            CHECK(lent.len == 0 || (lent.at[0] == i && lent.at[lent.len - 1] == i));
        }
    }
}

T(random_changes_agree_with_a_model)
{
    open_mem(MEMORY_BYTES);
    struct model model;
    struct fa_rand rand;
    size_t refused_count = 0;
    __builtin_memset(&model, 0xff, sizeof model);
    fa_rand_init_seed(&rand, 1);
    for (int step = 0; step < MODEL_STEP_COUNT; step++) {
        const size_t number = (size_t)fa_rand_below(&rand, MODEL_KEY_COUNT);
        const size_t len = (size_t)fa_rand_below(&rand, VALUE_MAX);
        char at[16];
        const struct fa_slice key = model_key(number, at);
        if (fa_rand_below(&rand, 3) == 0) {
            CHECK_EQ(fa_kv_remove(&mem.kv, key), model.len[number] < 0 ? FA_ENOENT : FA_OK);
            model.len[number] = -1;
        } else {
            uint8_t value[VALUE_MAX];
            __builtin_memset(value, (int)number, sizeof value);
            const fa_err err = fa_kv_set(&mem.kv, key, (struct fa_slice){value, len});
            CHECK(err == FA_OK || err == FA_ENOSPC);
            refused_count += err != FA_OK;
            model.len[number] = err == FA_OK ? (int)len : model.len[number];
        }
        if (step % 100 == 0) {
            check_model(&model);
        }
    }
    CHECK(refused_count > 100);
    check_model(&model);
}
