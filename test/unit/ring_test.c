// SPDX-License-Identifier: ISC
#include "fa/rand.h"
#include "fa/ring.h"
#include "test/t.h"

static void init_three(void *ctx)
{
    static uint8_t memory[4];
    fa_ring_init(ctx, memory, 3);
}

static void init_zero(void *ctx)
{
    static uint8_t memory[4];
    fa_ring_init(ctx, memory, 0);
}

static void init_null(void *ctx)
{
    fa_ring_init(ctx, NULL, 4);
}

T(capacity_must_be_a_power_of_two)
{
    struct fa_ring ring;
    uint8_t byte;
    CHECK(t_traps(init_three, &ring));
    CHECK(t_traps(init_zero, &ring));
    CHECK(t_traps(init_null, &ring));
    fa_ring_init(&ring, &byte, 1);
    CHECK_EQ(fa_ring_room(&ring), 1);
}

T(empty_ring_lends_all_room_and_no_bytes)
{
    uint8_t memory[8];
    struct fa_ring ring;
    fa_ring_init(&ring, memory, sizeof memory);
    uint8_t *at;
    CHECK_EQ(fa_ring_len(&ring), 0);
    CHECK_EQ(fa_ring_peek(&ring).len, 0);
    CHECK_EQ(fa_ring_reserve(&ring, &at), 8);
    CHECK(at == memory);
}

T(bytes_across_the_end_come_in_two_pieces)
{
    uint8_t memory[8];
    struct fa_ring ring;
    fa_ring_init(&ring, memory, sizeof memory);
    CHECK_EQ(fa_ring_write(&ring, FA_LIT("abcdef")), 6);
    fa_ring_done(&ring, 5);
    CHECK_EQ(fa_ring_write(&ring, FA_LIT("ghijk")), 5);
    CHECK_TEXT(fa_ring_peek(&ring), "fgh");
    fa_ring_done(&ring, 3);
    CHECK_TEXT(fa_ring_peek(&ring), "ijk");
    uint8_t *at;
    CHECK_EQ(fa_ring_reserve(&ring, &at), 5);
    CHECK(at == memory + 3);
}

T(full_ring_takes_what_fits)
{
    uint8_t memory[8];
    struct fa_ring ring;
    fa_ring_init(&ring, memory, sizeof memory);
    ring.head = ring.tail = 5;
    CHECK_EQ(fa_ring_write(&ring, FA_LIT("0123456789")), 8);
    CHECK_EQ(fa_ring_room(&ring), 0);
    CHECK_EQ(fa_ring_write(&ring, FA_LIT("x")), 0);
    uint8_t *at;
    CHECK_EQ(fa_ring_reserve(&ring, &at), 0);
}

static void commit_six(void *ctx)
{
    fa_ring_commit(ctx, 6);
}

static void done_three(void *ctx)
{
    fa_ring_done(ctx, 3);
}

T(more_than_was_lent_traps)
{
    uint8_t memory[8];
    struct fa_ring ring;
    fa_ring_init(&ring, memory, sizeof memory);
    ring.head = ring.tail = 3; // contiguous room: 5, all room: 8
    CHECK(t_traps(commit_six, &ring));
    CHECK_EQ(fa_ring_write(&ring, FA_LIT("ab")), 2);
    CHECK(t_traps(done_three, &ring));
}

T(any_mix_of_calls_keeps_the_stream)
{
    uint8_t memory[16];
    struct fa_ring ring;
    struct fa_rand rand;
    fa_ring_init(&ring, memory, sizeof memory);
    fa_rand_init_seed(&rand, 1);
    ring.head = ring.tail = SIZE_MAX - 40; // so that the offsets themselves wrap
    uint8_t written = 0;
    uint8_t read = 0;
    for (int step = 0; step < 2000; step++) {
        uint8_t *at;
        size_t room = fa_ring_reserve(&ring, &at);
        size_t len = fa_rand_below(&rand, room + 1);
        for (size_t idx = 0; idx < len; idx++) {
            at[idx] = written++;
        }
        fa_ring_commit(&ring, len);
        CHECK(fa_ring_len(&ring) + fa_ring_room(&ring) == sizeof memory);
        struct fa_slice seen = fa_ring_peek(&ring);
        len = fa_rand_below(&rand, seen.len + 1);
        for (size_t idx = 0; idx < len; idx++) {
            REQUIRE(seen.at[idx] == read++);
        }
        fa_ring_done(&ring, len);
    }
    CHECK(ring.head < 1000 * 1000); // it did wrap
}
