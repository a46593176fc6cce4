// SPDX-License-Identifier: ISC
#include "plat/guest/alloc.h"

#include "fa/rand.h"
#include "test/t.h"

enum {
    AREA = 1 << 20,
    HEADER = FA_ALLOC_HEADER_BYTES,
};

static _Alignas(4096) uint8_t area[AREA + 64];
static struct fa_alloc alloc;

static void init(size_t len)
{
    fa__alloc_init(&alloc, area, len);
    fa__alloc_check(&alloc);
}

/* The longest piece that can be had now. */
static size_t longest(void)
{
    size_t low = 0;
    size_t high = AREA;
    while (low < high) {
        const size_t middle = (low + high + 1) / 2;
        void *at = fa__alloc_take(&alloc, middle, 16);
        if (at != NULL) {
            fa__alloc_give(&alloc, at);
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

T(pieces_are_apart_aligned_and_hold_what_was_written)
{
    init(AREA);
    uint8_t *at[300];
    for (size_t i = 0; i < FA_COUNT_OF(at); i++) {
        at[i] = fa__alloc_take(&alloc, i, 16);
        REQUIRE(at[i] != NULL);
        CHECK_EQ((uintptr_t)at[i] % 16, 0);
        CHECK(fa__alloc_usable(&alloc, at[i]) >= i);
        __builtin_memset(at[i], (int)i, fa__alloc_usable(&alloc, at[i]));
    }
    fa__alloc_check(&alloc);
    for (size_t i = 0; i < FA_COUNT_OF(at); i++) {
        for (size_t k = 0; k < i; k++) {
            REQUIRE(at[i][k] == (uint8_t)i);
        }
        fa__alloc_give(&alloc, at[i]);
        fa__alloc_check(&alloc);
    }
    CHECK_EQ(alloc.used_bytes, 0);
}

T(given_back_in_any_order_all_is_one_piece_again)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    init(AREA);
    const size_t before = longest();
    void *at[500];
    for (size_t i = 0; i < FA_COUNT_OF(at); i++) {
        at[i] = fa__alloc_take(&alloc, fa_rand_below(&rand, 1500), 16);
        REQUIRE(at[i] != NULL);
    }
    for (size_t left = FA_COUNT_OF(at); left > 0; left--) {
        const size_t i = fa_rand_below(&rand, left);
        fa__alloc_give(&alloc, at[i]);
        at[i] = at[left - 1];
    }
    fa__alloc_check(&alloc);
    CHECK_EQ(longest(), before);
}

T(nearly_all_of_the_area_can_be_one_piece)
{
    init(AREA);
    CHECK(longest() > AREA - AREA / 16 - 64); /* as far as the lists are fine */
}

T(an_area_of_any_alignment_and_the_least_length_works)
{
    for (size_t skip = 0; skip < 16; skip++) {
        fa__alloc_init(&alloc, area + skip, FA_ALLOC_AREA_BYTES_MIN);
        fa__alloc_check(&alloc);
        CHECK(alloc.begin >= area + skip);
        CHECK(alloc.end + HEADER <= area + skip + FA_ALLOC_AREA_BYTES_MIN);
        CHECK(fa__alloc_take(&alloc, FA_ALLOC_AREA_BYTES_MIN / 2, 16) != NULL);
    }
}

static void init_too_small(void *ctx)
{
    (void)ctx;
    init(FA_ALLOC_AREA_BYTES_MIN - 1);
}

T(an_area_below_the_least_length_traps)
{
    CHECK(t_traps(init_too_small, NULL));
}

T(a_full_area_refuses_counts_and_goes_on)
{
    init(4096);
    void *last = NULL;
    size_t count = 0;
    for (void *at; (at = fa__alloc_take(&alloc, 100, 16)) != NULL; last = at) {
        count++;
    }
    CHECK_EQ(count, (4096 - HEADER) / 128);
    CHECK_EQ(alloc.refused_count, 1);
    fa__alloc_give(&alloc, last);
    CHECK(fa__alloc_take(&alloc, 100, 16) == last);
    fa__alloc_check(&alloc);
}

T(lengths_that_no_area_has_are_refused)
{
    static const size_t lens[] = {AREA, AREA + 1, SIZE_MAX / 2, SIZE_MAX - 15, SIZE_MAX};
    init(AREA);
    void *at = fa__alloc_take(&alloc, 10, 16);
    for (size_t i = 0; i < FA_COUNT_OF(lens); i++) {
        CHECK(fa__alloc_take(&alloc, lens[i], 16) == NULL);
        CHECK(fa__alloc_take(&alloc, lens[i], 4096) == NULL);
        CHECK(fa__alloc_resize(&alloc, at, lens[i]) == NULL);
    }
    CHECK(fa__alloc_take(&alloc, 1, (size_t)1 << 63) == NULL);
    CHECK_EQ(alloc.refused_count, 3 * FA_COUNT_OF(lens) + 1);
    fa__alloc_check(&alloc);
}

T(alignment_up_to_pages_is_kept_and_its_gap_can_be_used)
{
    init(AREA);
    for (size_t align = 1; align <= 64 * 1024; align *= 2) {
        void *off = fa__alloc_take(&alloc, 24, 16);
        uint8_t *at = fa__alloc_take(&alloc, 100, align);
        REQUIRE(at != NULL);
        CHECK_EQ((uintptr_t)at % align, 0);
        fa__alloc_check(&alloc);
        fa__alloc_give(&alloc, at);
        fa__alloc_give(&alloc, off);
        fa__alloc_check(&alloc);
        CHECK_EQ(alloc.used_bytes, 0);
    }
}

T(resize_keeps_the_bytes_and_the_place_where_it_can)
{
    init(AREA);
    uint8_t *at = fa__alloc_take(&alloc, 100, 16);
    for (uint8_t i = 0; i < 100; i++) {
        at[i] = i;
    }
    CHECK(fa__alloc_resize(&alloc, at, 5000) == at); /* nothing to its right */
    uint8_t *wall = fa__alloc_take(&alloc, 1, 16);
    CHECK(fa__alloc_resize(&alloc, at, 50) == at);
    CHECK(fa__alloc_resize(&alloc, at, 4000) == at);
    uint8_t *moved = fa__alloc_resize(&alloc, at, 6000);
    REQUIRE(moved != NULL && moved != at);
    for (uint8_t i = 0; i < 50; i++) {
        CHECK_EQ(moved[i], i);
    }
    fa__alloc_check(&alloc);
    CHECK(fa__alloc_resize(&alloc, moved, 0) == moved);
    fa__alloc_give(&alloc, moved);
    fa__alloc_give(&alloc, wall);
    CHECK_EQ(alloc.used_bytes, 0);
}

T(resize_without_room_leaves_all_as_it_was)
{
    init(8192);
    uint8_t *at = fa__alloc_take(&alloc, 3000, 16);
    uint8_t *wall = fa__alloc_take(&alloc, 3000, 16);
    at[2999] = 42;
    CHECK(fa__alloc_resize(&alloc, at, 4000) == NULL);
    CHECK_EQ(at[2999], 42);
    CHECK(fa__alloc_usable(&alloc, at) >= 3000 && wall != NULL);
    fa__alloc_check(&alloc);
}

T(the_peak_is_remembered)
{
    init(AREA);
    void *at = fa__alloc_take(&alloc, 10 * 1024, 16);
    fa__alloc_give(&alloc, at);
    CHECK_EQ(alloc.used_bytes, 0);
    CHECK_EQ(alloc.peak_bytes, 10 * 1024 + HEADER);
}

/* ---- what must trap ---------------------------------------------------------------------------
 */

static void give(void *at)
{
    fa__alloc_give(&alloc, at);
}

T(giving_back_twice_traps)
{
    init(AREA);
    void *at = fa__alloc_take(&alloc, 10, 16);
    fa__alloc_give(&alloc, at);
    CHECK(t_traps(give, at));
}

T(giving_back_what_is_no_piece_traps)
{
    init(AREA);
    uint8_t *at = fa__alloc_take(&alloc, 100, 16);
    __builtin_memset(at, 0, 100);
    CHECK(t_traps(give, at + 1));
    CHECK(t_traps(give, at + 16));
    CHECK(t_traps(give, area));
    CHECK(t_traps(give, area + AREA));
    CHECK(t_traps(give, &alloc));
}

T(an_overrun_traps_when_its_piece_is_given_back)
{
    init(AREA);
    uint8_t *at = fa__alloc_take(&alloc, 32, 16);
    (void)fa__alloc_take(&alloc, 32, 16);
    at[32]++;
    CHECK(t_traps(give, at));
}

static void take_small(void *ctx)
{
    (void)ctx;
    (void)fa__alloc_take(&alloc, 32, 16);
}

T(writing_into_what_was_given_back_traps_when_it_is_taken)
{
    init(AREA);
    void **at = fa__alloc_take(&alloc, 32, 16);
    (void)fa__alloc_take(&alloc, 32, 16);
    fa__alloc_give(&alloc, at);
    void *stray = NULL;
    at[1] = (void *)&stray; /* the link */
    CHECK(t_traps(take_small, NULL));
}

static void take_crooked(void *ctx)
{
    (void)ctx;
    (void)fa__alloc_take(&alloc, 32, 24);
}

T(an_alignment_that_is_no_power_of_two_traps)
{
    init(AREA);
    CHECK(t_traps(take_crooked, NULL));
}

T(the_books_balance_through_a_hundred_thousand_calls)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 7);
    init(AREA);
    uint8_t *at[64] = {0};
    size_t len[64] = {0};
    for (int round = 0; round < 100 * 1000; round++) {
        const size_t i = fa_rand_below(&rand, 64);
        const size_t want = fa_rand_below(&rand, (uint64_t)16 << fa_rand_below(&rand, 12));
        if (at[i] == NULL) {
            at[i] = fa__alloc_take(&alloc, want, (size_t)1 << fa_rand_below(&rand, 13));
            len[i] = want;
            if (at[i] != NULL) {
                __builtin_memset(at[i], (int)i, want);
            }
            continue;
        }
        for (size_t k = 0; k < len[i]; k++) {
            REQUIRE(at[i][k] == (uint8_t)i);
        }
        if (fa_rand_chance(&rand, 300000)) {
            uint8_t *moved = fa__alloc_resize(&alloc, at[i], want);
            if (moved != NULL) {
                at[i] = moved;
                len[i] = want;
                __builtin_memset(moved, (int)i, want);
            }
        } else {
            fa__alloc_give(&alloc, at[i]);
            at[i] = NULL;
        }
        if (round % 64 == 0) {
            fa__alloc_check(&alloc);
        }
    }
    fa__alloc_check(&alloc);
}
