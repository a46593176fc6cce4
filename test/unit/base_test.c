// SPDX-License-Identifier: ISC
#include "fa/base.h"
#include "test/t.h"

T(every_outcome_has_its_name)
{
    static const struct {
        int err;
        const char *name;
    } rows[] = {
        {FA_OK, "FA_OK"},
        {FA_AGAIN, "FA_AGAIN"},
        {FA_EINVAL, "FA_EINVAL"},
        {FA_ENOSPC, "FA_ENOSPC"},
        {FA_ECORRUPT, "FA_ECORRUPT"},
        {FA_EIO, "FA_EIO"},
        {FA_ECLOSED, "FA_ECLOSED"},
        {FA_ERESET, "FA_ERESET"},
        {FA_ETIMEOUT, "FA_ETIMEOUT"},
        {FA_EREFUSED, "FA_EREFUSED"},
        {FA_ENOENT, "FA_ENOENT"},
        {FA_ECANCEL, "FA_ECANCEL"},
        {1, "FA_E?"},
        {FA_ECANCEL - 1, "FA_E?"},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK_TEXT(fa_slice_of(fa_err_name((fa_err)rows[row].err)), rows[row].name);
    }
}

static fa_err try_twice(fa_err first, fa_err second, int *steps)
{
    *steps = 1;
    FA_TRY(first);
    *steps = 2;
    FA_TRY(second);
    *steps = 3;
    return FA_OK;
}

T(try_returns_the_first_error_at_once)
{
    int steps;
    CHECK(try_twice(FA_OK, FA_OK, &steps) == FA_OK);
    CHECK_EQ(steps, 3);
    CHECK(try_twice(FA_OK, FA_EIO, &steps) == FA_EIO);
    CHECK_EQ(steps, 2);
    CHECK(try_twice(FA_ENOENT, FA_EIO, &steps) == FA_ENOENT);
    CHECK_EQ(steps, 1);
}

T(time_sums_stop_at_never)
{
    CHECK_EQ(fa_ns_after(5, 7), 12);
    CHECK(fa_ns_after(UINT64_MAX - 7, 7) == FA_NS_NEVER);
    CHECK(fa_ns_after(UINT64_MAX - 7, 8) == FA_NS_NEVER);
    CHECK(fa_ns_after(FA_NS_NEVER, FA_NS_NEVER) == FA_NS_NEVER);
    CHECK_EQ(fa_ns_min(3, FA_NS_NEVER), 3);
}

static void copy_overlapping(void *ctx)
{
    uint8_t *bytes = ctx;
    fa_copy(bytes + 1, bytes, 2);
}

T(copy_of_overlapping_bytes_traps)
{
    uint8_t bytes[4] = {1, 2, 3, 4};
    CHECK(t_traps(copy_overlapping, bytes));
    fa_copy(bytes + 2, bytes, 2);
    CHECK(fa_equal(bytes, (const uint8_t[]){1, 2, 1, 2}, 4));
    fa_move(bytes + 1, bytes, 3);
    CHECK(fa_equal(bytes, (const uint8_t[]){1, 1, 2, 1}, 4));
}

T(nothing_is_done_with_null_and_zero_bytes)
{
    fa_copy(NULL, NULL, 0);
    fa_move(NULL, NULL, 0);
    fa_zero(NULL, 0);
    CHECK(fa_equal(NULL, NULL, 0));
    CHECK(fa_slice_equal((struct fa_slice){0}, FA_LIT("")));
}

T(wipe_zeroes)
{
    uint8_t secret[5] = {1, 2, 3, 4, 5};
    fa_wipe(secret + 1, 3);
    CHECK(fa_equal(secret, (const uint8_t[]){1, 0, 0, 0, 5}, 5));
}

T(slice_from_stops_at_the_end)
{
    struct fa_slice text = FA_LIT("abc");
    CHECK_EQ(text.len, 3);
    CHECK_TEXT(fa_slice_from(text, 0), "abc");
    CHECK_TEXT(fa_slice_from(text, 2), "c");
    CHECK_EQ(fa_slice_from(text, 3).len, 0);
    CHECK_EQ(fa_slice_from(text, SIZE_MAX).len, 0);
    CHECK(fa_slice_from(text, SIZE_MAX).at == text.at + 3);
}

T(big_endian_words_keep_their_bytes)
{
    uint8_t bytes[7] = {0};
    fa_be16_store(bytes + 1, 0xfedc);
    fa_be32_store(bytes + 3, 0xba987654);
    CHECK(fa_equal(bytes, (const uint8_t[]){0, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54}, 7));
    CHECK_EQ(fa_be16_load(bytes + 1), 0xfedc);
    CHECK_EQ(fa_be32_load(bytes + 3), 0xba987654);
}

T(container_finds_the_struct_of_a_member)
{
    struct pair {
        int first;
        int second;
    } pair = {1, 2};
    CHECK(FA_CONTAINER(&pair.second, struct pair, second) == &pair);
}
