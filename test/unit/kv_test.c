// SPDX-License-Identifier: ISC
#include "fa/kv.h"
#include "test/t.h"

T(keys_are_paths_of_plain_segments)
{
    static const struct {
        struct fa_slice key;
        bool good;
    } rows[] = {
        {FA_LIT("a"), true},
        {FA_LIT("index.html"), true},
        {FA_LIT("a/b/c"), true},
        {FA_LIT("..."), true},
        {FA_LIT(".git/a..b/..c/d."), true},
        {FA_LIT("\xff\x01 *?\\"), true}, // bytes, not text
        {FA_LIT(""), false},
        {FA_LIT("/"), false},
        {FA_LIT("/a"), false},
        {FA_LIT("a/"), false},
        {FA_LIT("a//b"), false},
        {FA_LIT("."), false},
        {FA_LIT(".."), false},
        {FA_LIT("a/."), false},
        {FA_LIT("../a"), false},
        {FA_LIT("a/../b"), false},
        {FA_LIT("a\0b"), false},
        {FA_LIT("\0"), false},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        if (fa_kv_key_check(rows[row].key) != rows[row].good) {
            t_fail(__FILE__, __LINE__, "row %zu", row);
        }
    }
}

T(a_key_has_a_longest_length)
{
    static uint8_t key[FA_KV_KEY_MAX + 1];
    __builtin_memset(key, 'k', sizeof key);
    CHECK(fa_kv_key_check((struct fa_slice){key, FA_KV_KEY_MAX}));
    CHECK(!fa_kv_key_check((struct fa_slice){key, FA_KV_KEY_MAX + 1}));
}
