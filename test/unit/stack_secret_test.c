// SPDX-License-Identifier: ISC
//
// The secret behind IPv6 addresses: of a text, or kept.

#include "fa/memkv.h"
#include "fa/stack.h"

#include "test/t.h"

static struct fa_memkv_entry entries[4];
static _Alignas(16) uint8_t memory[1024];
static struct fa_memkv store;
static const uint8_t zero[16];

static struct fa_kv *open_store(void)
{
    fa_memkv_init(&store, &(struct fa_memkv_config){.entries = entries,
                              .entry_count_max = FA_COUNT_OF(entries),
                              .memory = memory,
                              .memory_bytes = sizeof memory});
    return &store.kv;
}

T(the_same_text_makes_the_same_secret_and_another_another)
{
    uint8_t first[16];
    uint8_t second[16];
    CHECK_EQ(fa_stack_secret("correct horse", NULL, first), FA_OK);
    CHECK_EQ(fa_stack_secret("correct horse", open_store(), second), FA_OK);
    CHECK(fa_equal(first, second, sizeof first));
    CHECK(!fa_equal(first, first + 8, 8));
    CHECK_EQ(fa_stack_secret("correct house", NULL, second), FA_OK);
    CHECK(!fa_equal(first, second, 8) && !fa_equal(first + 8, second + 8, 8));
    struct fa_kv_entry entry;
    CHECK_EQ(fa_kv_find(&store.kv, FA_LIT("ipv6-secret"), &entry), FA_ENOENT); // not needed
}

T(without_a_text_it_is_made_once_and_kept)
{
    uint8_t first[16] = {0};
    uint8_t second[16] = {0};
    struct fa_kv *kv = open_store();
    CHECK_EQ(fa_stack_secret("", kv, first), FA_OK);
    CHECK(!fa_equal(first, zero, sizeof zero));
    CHECK_EQ(fa_stack_secret(NULL, kv, second), FA_OK);
    CHECK(fa_equal(first, second, sizeof first));
    CHECK_EQ(fa_kv_set(kv, FA_LIT("ipv6-secret"), FA_LIT("short")), FA_OK); // made anew
    CHECK_EQ(fa_stack_secret(NULL, kv, second), FA_OK);
    CHECK(!fa_equal(first, second, sizeof first));
}

T(without_either_nothing_is_written_and_a_store_that_fails_says_so)
{
    uint8_t secret[16] = {7};
    CHECK_EQ(fa_stack_secret(NULL, NULL, secret), FA_OK);
    CHECK_EQ(secret[0], 7);
    struct fa_kv *kv = open_store();
    for (int i = 0; i < 4; i++) {
        char name[] = {(char)('a' + i), 0};
        CHECK_EQ(fa_kv_set(kv, fa_slice_of(name), FA_LIT("x")), FA_OK);
    }
    CHECK_EQ(fa_stack_secret(NULL, kv, secret), FA_ENOSPC);
    CHECK_EQ(secret[0], 7);
}
