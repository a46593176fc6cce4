// SPDX-License-Identifier: ISC
//
// kv.c: what a key may look like.

#include "fa/kv.h"

static bool check_segment(struct fa_slice segment)
{
    return segment.len != 0 && !fa_slice_equal(segment, FA_LIT(".")) &&
           !fa_slice_equal(segment, FA_LIT(".."));
}

bool fa_kv_key_check(struct fa_slice key)
{
    if (key.len > FA_KV_KEY_MAX) {
        return false;
    }
    size_t start = 0;
    for (size_t off = 0; off < key.len; off++) {
        if (key.at[off] == '\0') {
            return false;
        }
        if (key.at[off] == '/') {
            if (!check_segment((struct fa_slice){key.at + start, off - start})) {
                return false;
            }
            start = off + 1;
        }
    }
    return check_segment((struct fa_slice){key.at + start, key.len - start});
}
