// SPDX-License-Identifier: ISC
//
// What fa/embedkv.h adds to a kv. That it is one is test/conform/kv_test.c.

#include "fa/embedkv.h"

#include "test/t.h"

static const uint8_t page[] = {'p', 'a', 'g', 'e'};

T(values_are_lent_where_they_lie)
{
    static const struct fa_embedkv_file files[] = {
        {.key = "index.html", .at = page, .len = 4, .modified_s = 77, .version = 99},
    };
    struct fa_embedkv embed;
    struct fa_slice lent;
    struct fa_kv_entry entry;
    fa_embedkv_init(&embed, files, FA_COUNT_OF(files));
    CHECK(embed.kv.read_only);
    CHECK_EQ(fa_kv_borrow(&embed.kv, FA_LIT("index.html"), &lent), FA_OK);
    CHECK(lent.at == page && lent.len == 4);
    CHECK_EQ(fa_kv_find(&embed.kv, FA_LIT("index.html"), &entry), FA_OK);
    CHECK_EQ(entry.modified_s, 77);
    CHECK_EQ(entry.version, 99);
}

T(an_empty_table_is_an_empty_kv)
{
    struct fa_embedkv embed;
    char name[FA_KV_KEY_MAX + 1];
    size_t len;
    fa_embedkv_init(&embed, NULL, 0);
    CHECK_EQ(fa_kv_list(&embed.kv, FA_LIT(""), FA_LIT(""), name, &len), FA_ENOENT);
    struct fa_slice lent;
    CHECK_EQ(fa_kv_borrow(&embed.kv, FA_LIT("index.html"), &lent), FA_ENOENT);
}

struct table {
    const char *keys[3];
};

static void init_table(void *ctx)
{
    const struct table *table = ctx;
    struct fa_embedkv_file files[3] = {0};
    struct fa_embedkv embed;
    for (size_t i = 0; i < 3; i++) {
        files[i].key = table->keys[i];
    }
    fa_embedkv_init(&embed, files, 3);
}

T(a_table_that_is_not_in_order_traps)
{
    static const struct {
        struct table table;
        bool traps;
    } rows[] = {
        {{{"a", "b", "c"}}, false},
        {{{"a-b", "a/b", "a0"}}, false},
        {{{"a", "c", "b"}}, true},
        {{{"a", "b", "b"}}, true},
        {{{"a", "a/b", "c"}}, true},
        {{{"a", "a-b", "a/b"}}, true},
        {{{"/a", "b", "c"}}, true},
        {{{"", "b", "c"}}, true},
        {{{"a", "b", "b/.."}}, true},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct table table = rows[i].table;
        CHECK_EQ(t_traps(init_table, &table), rows[i].traps);
    }
}
