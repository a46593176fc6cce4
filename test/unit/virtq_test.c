// SPDX-License-Identifier: ISC
//
// The driver's side of a virtqueue against a device that is played by the test: by the book, and
// against it.

#include "src/virtio/virtq.h"

#include "test/t.h"

enum {
    SIZE = 8,
    IN = 2, // descriptor flags
    NEXT = 1,
};

static struct fa__virtq_memory memory;
static struct fa__virtq q;
static uint8_t bytes[SIZE][64];
static uint16_t device_seen; // of the available ring

static void begin(bool event_idx)
{
    fa__virtq_init(&q, &memory, SIZE, event_idx);
    device_seen = 0;
}

static bool lend(size_t out_count, size_t in_count, void *token)
{
    struct fa__virtq_piece pieces[SIZE + 1];
    for (size_t i = 0; i < out_count + in_count; i++) {
        pieces[i] = (struct fa__virtq_piece){bytes[i % SIZE], 10 + (uint32_t)i};
    }
    return fa__virtq_push(&q, pieces, out_count, in_count, token);
}

/* The device takes the next chain. Returns: its first descriptor. */
static uint16_t device_take(void)
{
    CHECK(device_seen != q.avail[1]);
    return q.avail[2 + device_seen++ % SIZE];
}

static void device_give(uint32_t id, uint32_t len)
{
    uint16_t *index = (uint16_t *)(void *)(q.used + 2);
    const struct fa__virtq_used entry = {id, len};
    fa_copy(q.used + 4 + (size_t)8 * (*index % SIZE), &entry, sizeof entry);
    (*index)++;
}

static void device_wants_kick_at(uint16_t index)
{
    fa_copy(q.used + 4 + (size_t)8 * SIZE, &index, sizeof index);
}

T(a_chain_goes_out_as_it_was_lent_and_comes_back)
{
    int token;
    uint32_t len = 0;
    begin(false);
    CHECK(lend(1, 2, &token));
    CHECK(fa__virtq_publish(&q));
    const struct fa__virtq_desc *desc = &q.desc[device_take()];
    CHECK_EQ(desc->at, (uintptr_t)bytes[0]);
    CHECK_EQ(desc->len, 10);
    CHECK_EQ(desc->flags, NEXT);
    desc = &q.desc[desc->next];
    CHECK_EQ(desc->flags, NEXT | IN);
    desc = &q.desc[desc->next];
    CHECK_EQ(desc->at, (uintptr_t)bytes[2]);
    CHECK_EQ(desc->flags, IN);
    CHECK(fa__virtq_pop(&q, &len) == NULL);
    device_give(0, 15);
    CHECK(fa__virtq_waiting(&q));
    CHECK(fa__virtq_pop(&q, &len) == &token);
    CHECK_EQ(len, 15);
    CHECK_EQ(q.free_count, SIZE);
    CHECK_EQ(q.bad_count, 0);
}

T(the_used_ring_is_where_a_legacy_device_looks)
{
    static const struct {
        uint16_t size;
        size_t off;
    } places[] = {{1, 4096}, {128, 4096}, {256, 8192}};
    for (size_t i = 0; i < FA_COUNT_OF(places); i++) {
        fa__virtq_init(&q, &memory, places[i].size, true);
        CHECK_EQ((size_t)(q.used - memory.bytes), places[i].off);
    }
}

T(a_full_queue_takes_no_more_until_something_comes_back)
{
    int tokens[SIZE];
    uint32_t len;
    begin(false);
    for (int i = 0; i < SIZE / 2; i++) {
        CHECK(lend(2, 0, &tokens[i]));
    }
    CHECK(!lend(1, 0, &tokens[7]));
    (void)fa__virtq_publish(&q);
    for (int i = 0; i < SIZE / 2; i++) {
        (void)device_take();
    }
    device_give(2, 0);
    CHECK(fa__virtq_pop(&q, &len) == &tokens[1]);
    CHECK(!lend(3, 0, &tokens[7]));
    CHECK(lend(1, 1, &tokens[7]));
}

T(chains_come_back_in_any_order_for_a_long_time)
{
    int tokens[3];
    uint32_t len;
    begin(true);
    for (int round = 0; round < 70000; round++) { // the indexes wrap
        uint16_t ids[3];
        bool back[3] = {};
        for (int i = 0; i < 3; i++) {
            CHECK(lend(1, (size_t)i, &tokens[i]));
        }
        (void)fa__virtq_publish(&q);
        for (int i = 0; i < 3; i++) {
            ids[i] = device_take();
        }
        for (int i = 0; i < 3; i++) {
            device_give(ids[(i + round) % 3], 0);
        }
        for (int i = 0; i < 3; i++) {
            const int *token = fa__virtq_pop(&q, &len);
            CHECK(token != NULL && !back[token - tokens]);
            back[token - tokens] = true;
        }
        if (t_failed()) {
            return;
        }
    }
    CHECK_EQ(q.free_count, SIZE);
}

T(a_device_that_looks_is_not_kicked)
{
    int token;
    begin(false);
    CHECK(lend(1, 0, &token));
    q.used[0] = 1; // VIRTQ_USED_F_NO_NOTIFY
    CHECK(!fa__virtq_publish(&q));
    CHECK(!fa__virtq_publish(&q)); // nothing new
    begin(true);
    device_wants_kick_at(1);
    CHECK(lend(1, 0, &token));
    CHECK(!fa__virtq_publish(&q)); // index 0 is not the one it asked for
    CHECK(lend(1, 0, &token));
    CHECK(fa__virtq_publish(&q));
    CHECK(lend(1, 0, &token));
    CHECK(!fa__virtq_publish(&q));
}

T(arming_sees_what_came_before_it)
{
    int token;
    uint32_t len;
    uint16_t event;
    begin(true);
    CHECK(lend(0, 1, &token));
    (void)fa__virtq_publish(&q);
    CHECK(!fa__virtq_arm(&q, 1));
    fa_copy(&event, q.avail + 2 + SIZE, sizeof event);
    CHECK_EQ(event, 0);
    device_give(device_take(), 5);
    CHECK(fa__virtq_arm(&q, 1));
    CHECK(fa__virtq_pop(&q, &len) == &token);
    CHECK(!fa__virtq_arm(&q, 1));
    fa_copy(&event, q.avail + 2 + SIZE, sizeof event);
    CHECK_EQ(event, 1);
}

T(ids_and_lengths_that_cannot_be_are_counted)
{
    int tokens[2];
    uint32_t len;
    begin(false);
    CHECK(lend(1, 1, &tokens[0]));
    CHECK(lend(0, 1, &tokens[1]));
    (void)fa__virtq_publish(&q);
    device_give(1, 0); // the middle of a chain
    CHECK(fa__virtq_pop(&q, &len) == NULL);
    CHECK_EQ(q.bad_count, 1);
    device_give(SIZE, 0);
    device_give(UINT32_MAX, 0);
    CHECK(fa__virtq_pop(&q, &len) == NULL);
    CHECK_EQ(q.bad_count, 3);
    device_give(0, UINT32_MAX);
    CHECK(fa__virtq_pop(&q, &len) == &tokens[0]);
    CHECK_EQ(len, 11);
    CHECK_EQ(q.bad_count, 4);
    device_give(0, 0); // a second time
    CHECK(fa__virtq_pop(&q, &len) == NULL);
    CHECK_EQ(q.bad_count, 5);
    CHECK(!q.broken);
}

T(an_index_that_runs_ahead_ends_the_queue)
{
    int token;
    uint32_t len;
    begin(true);
    CHECK(lend(0, 1, &token));
    (void)fa__virtq_publish(&q);
    device_give(0, 1);
    device_give(0, 1); // of one chain that is out
    CHECK(fa__virtq_pop(&q, &len) == NULL);
    CHECK(q.broken);
    CHECK(!fa__virtq_waiting(&q));
    CHECK(!fa__virtq_arm(&q, 1));
    CHECK(!lend(1, 0, &token));
}

T(scribbling_over_descriptors_misleads_the_device_alone)
{
    int tokens[2];
    uint32_t len;
    begin(false);
    CHECK(lend(1, 2, &tokens[0]));
    (void)fa__virtq_publish(&q);
    for (int i = 0; i < SIZE; i++) {
        q.desc[i] = (struct fa__virtq_desc){.next = UINT16_MAX, .flags = UINT16_MAX};
    }
    device_give(device_take(), 23);
    CHECK(fa__virtq_pop(&q, &len) == &tokens[0]);
    CHECK_EQ(len, 23);
    CHECK_EQ(q.free_count, SIZE);
    for (int i = 0; i < SIZE; i++) {
        CHECK(lend(1, 0, &tokens[1]));
    }
}
