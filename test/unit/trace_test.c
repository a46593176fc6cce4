// SPDX-License-Identifier: ISC
#include "test/t.h"
#include "fa/plat.h"
#include "fa/rand.h"
#include "fa/trace.h"

enum {
    CAP = 4096,
    HEAD = sizeof(struct fa_trace_ring),
};

static _Alignas(8) uint8_t memory[HEAD + CAP];
static struct fa_trace_ring *const ring = (struct fa_trace_ring *)(void *)memory;
static uint64_t cursor;
static struct fa_trace_record record;
static uint8_t payload[1024];

static void attach(void)
{
    cursor = 0;
    fa_trace_attach(FA_TRACE_SCHED, memory, sizeof memory);
}

static fa_err read_next(void)
{
    return fa_trace_read(ring, sizeof memory, &cursor, &record, payload, sizeof payload);
}

T(a_class_without_a_ring_is_off)
{
    attach();
    CHECK(FA_TRACE_ON(fiber_run));
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
    CHECK(!FA_TRACE_ON(fiber_run));
    int evaluated = 0;
    FA_TRACE(fiber_run, (fa_ns)evaluated++, 1);
    fa_trace_emit(FA_EVENT_fiber_run, 1, 1, NULL, 0);
    CHECK_EQ(evaluated, 0);
    CHECK(read_next() == FA_AGAIN);
}

T(records_come_back_as_they_were_emitted)
{
    attach();
    CHECK(read_next() == FA_AGAIN);
    FA_TRACE(fiber_run, 1000, 7);
    FA_TRACE(fiber_wait, 2000, 8, UINT64_C(0x1122334455667788));
    fa_trace_emit(FA_EVENT_fiber_wake, 3000, 9, "odd", 3);
    CHECK(read_next() == FA_OK);
    CHECK_EQ(record.at_ns, 1000);
    CHECK_EQ(record.event, FA_EVENT_fiber_run);
    CHECK_EQ(record.actor, 7);
    CHECK_EQ(record.len, 0);
    CHECK(read_next() == FA_OK);
    CHECK_EQ(record.actor, 8);
    CHECK_EQ(record.len, 8);
    CHECK(fa_equal(payload, "\x88\x77\x66\x55\x44\x33\x22\x11", 8));
    CHECK(read_next() == FA_OK);
    CHECK_EQ(record.len, 3);
    CHECK(fa_equal(payload, "odd", 3));
    CHECK(read_next() == FA_AGAIN);
    FA_TRACE(fiber_exit, 4000, 1);
    CHECK(read_next() == FA_OK); // a reader at the end goes on when more comes
    CHECK_EQ(record.event, FA_EVENT_fiber_exit);
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(the_bytes_in_memory_are_those_of_the_specification)
{
    // The test vector of docs/spec/trace-record.md. The wall clock is not known in advance.
    static const uint8_t expected_head[40] = {
        'F', 'a', 't', 'r', 'a', 'c', 'e', '1', // magic
        0x00, 0x10, 0, 0, 0, 0, 0, 0,           // cap: 4,096
        0, 0, 0, 0, 0, 0, 0, 0,                 // head
        40, 0, 0, 0, 0, 0, 0, 0,                // tail: 24 + 16
        0, 0, 0, 0, 0, 0, 0, 0,                 // lost_count
    };
    static const uint8_t expected_records[48] = {
        0x15, 0xcd, 0x5b, 0x07, 0, 0, 0, 0,             // at_ns: 123,456,789
        3, 0,                                           // event: fiber_wait
        8, 0,                                           // len
        0x2a, 0, 0, 0,                                  // actor: 42
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // deadline_ns: never
        0x00, 0xca, 0x9a, 0x3b, 0, 0, 0, 0,             // at_ns: 1,000,000,000
        4, 0,                                           // event: fiber_wake
        0, 0,                                           // len
        0x2a, 0, 0, 0,                                  // actor: 42
        0, 0, 0, 0, 0, 0, 0, 0,                         // not written yet
    };
    fa_zero(memory, sizeof memory);
    attach();
    FA_TRACE(fiber_wait, 123456789, 42, FA_NS_NEVER);
    FA_TRACE(fiber_wake, 1000000000, 42);
    CHECK(fa_equal(memory, expected_head, sizeof expected_head));
    CHECK(fa_equal(memory + HEAD, expected_records, sizeof expected_records));
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(the_wall_clock_can_be_had_from_the_ring)
{
    attach();
    uint64_t wall_ns = fa_clock_wall_ns();
    if (wall_ns == 0) {
        CHECK_EQ(ring->wall_offset_ns, 0);
    } else {
        uint64_t told_ns = fa_clock_mono_ns() + ring->wall_offset_ns;
        CHECK(told_ns - wall_ns + FA_NS_S * 60 < FA_NS_S * 120);
    }
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(a_full_ring_gives_up_whole_records_oldest_first)
{
    attach();
    // 24 bytes each, 170 fit into 4,096.
    for (uint64_t number = 0; number < 400; number++) {
        FA_TRACE(fiber_wait, number, 1, number);
    }
    CHECK_EQ(ring->lost_count, 230);
    uint64_t number = 230;
    while (read_next() == FA_OK) {
        CHECK_EQ(record.at_ns, number);
        CHECK(fa_equal(payload, &number, sizeof number));
        number++;
    }
    CHECK_EQ(number, 400);
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(a_cursor_that_was_overtaken_moves_to_the_oldest_record)
{
    attach();
    FA_TRACE(fiber_wait, 0, 1, 0);
    CHECK(read_next() == FA_OK);
    for (uint64_t number = 1; number < 400; number++) {
        FA_TRACE(fiber_wait, number, 1, number);
    }
    CHECK(read_next() == FA_OK);
    CHECK_EQ(record.at_ns, 230);
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(a_payload_is_cut_at_its_limit)
{
    static uint8_t big[1030];
    __builtin_memset(big, 'x', sizeof big);
    attach();
    fa_trace_emit(FA_EVENT_fiber_run, 1, 1, big, 1024);
    fa_trace_emit(FA_EVENT_fiber_run, 2, 1, big, sizeof big);
    CHECK(read_next() == FA_OK);
    CHECK_EQ(record.len, 1024);
    CHECK(read_next() == FA_OK);
    CHECK_EQ(record.len, 1024);
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(a_payload_without_room_is_left_for_another_call)
{
    attach();
    fa_trace_emit(FA_EVENT_fiber_run, 1, 1, "abcdef", 6);
    record.at_ns = 99;
    CHECK(fa_trace_read(ring, sizeof memory, &cursor, &record, payload, 5) == FA_ENOSPC);
    CHECK_EQ(record.at_ns, 99);
    CHECK(fa_trace_read(ring, sizeof memory, &cursor, &record, payload, 6) == FA_OK);
    CHECK(fa_equal(payload, "abcdef", 6));
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(classes_do_not_push_each_other_out)
{
    static _Alignas(8) uint8_t other_memory[HEAD + CAP];
    attach();
    fa_trace_attach(FA_TRACE_LOG, other_memory, sizeof other_memory);
    fa_trace_emit(FA_EVENT_log_line, 1, 0, "kept", 4);
    for (int number = 0; number < 1000; number++) {
        FA_TRACE(fiber_run, 2, 1);
    }
    cursor = 0;
    CHECK(fa_trace_read((struct fa_trace_ring *)(void *)other_memory, sizeof other_memory, &cursor,
              &record, payload, sizeof payload) == FA_OK);
    CHECK(fa_equal(payload, "kept", 4));
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
    fa_trace_attach(FA_TRACE_LOG, NULL, 0);
}

T(records_of_any_length_survive_the_wrap)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    attach();
    for (uint64_t number = 0; number < 5000; number++) {
        uint8_t bytes[300];
        size_t len = fa_rand_below(&rand, sizeof bytes);
        __builtin_memset(bytes, (int)(number & 0xff), sizeof bytes);
        fa_trace_emit(FA_EVENT_fiber_run, number, (uint32_t)len, bytes, len);
        uint64_t read_count = 0;
        uint64_t expected = number;
        // Now and then read what the ring has kept, else just the newest.
        cursor = number % 100 == 99 ? 0 : cursor;
        while (read_next() == FA_OK) {
            if (read_count++ == 0) {
                expected = record.at_ns;
            }
            REQUIRE(record.at_ns == expected++);
            REQUIRE(record.len == record.actor);
            for (size_t idx = 0; idx < record.len; idx++) {
                REQUIRE(payload[idx] == (record.at_ns & 0xff));
            }
        }
        REQUIRE(expected == number + 1);
        REQUIRE(cursor == ring->tail);
    }
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(a_ring_that_makes_no_sense_is_corrupt)
{
    const uint64_t far = UINT64_C(1) << 40;
    static const size_t no_change = SIZE_MAX;
    const struct {
        size_t off; // of the word that is damaged
        uint64_t word;
        uint64_t cursor;
        size_t ring_len;
    } rows[] = {
        {0, 0, 0, sizeof memory},                                     // magic
        {8, 0, 0, sizeof memory},                                     // cap: none
        {8, 2048, 0, sizeof memory},                                  // too small
        {8, 4096 + 8, 0, sizeof memory},                              // not a power of two
        {8, 8192, 0, sizeof memory},                                  // beyond the memory
        {8, far, 0, sizeof memory},                                   //
        {16, 4, 0, sizeof memory},                                    // head: not aligned
        {16, 200 * 24 + 8, 0, sizeof memory},                         // behind the tail
        {24, 200 * 24 + 4, 0, sizeof memory},                         // tail: not aligned
        {24, far, 0, sizeof memory},                                  // more than the ring holds
        {no_change, 0, 200 * 24 + 8, sizeof memory},                  // cursor: behind the tail
        {no_change, 0, 199 * 24 + 1, sizeof memory},                  // not aligned
        {no_change, 0, 0, sizeof memory - 1},                         // memory that ends too early
        {no_change, 0, 0, HEAD - 1},                                  //
        {no_change, 0, 0, 0},                                         //
        {HEAD + 30 * 24 + 8, UINT64_C(1025) << 16, 0, sizeof memory}, // a record: too long
        {HEAD + 680 + 8, UINT64_C(0xffff) << 16, 200 * 24 - 24, sizeof memory},
        {HEAD + 680 + 8, UINT64_C(9) << 16, 200 * 24 - 24, sizeof memory}, // behind the tail
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        attach();
        for (uint64_t number = 0; number < 200; number++) {
            FA_TRACE(fiber_wait, number, 1, number);
        }
        // 30 records were lost; the newest, record 199, is at 4,776 - 4,096 = 680 in memory.
        CHECK_EQ(ring->head, 30 * 24);
        if (rows[row].off != no_change) {
            fa_copy(memory + rows[row].off, &rows[row].word, sizeof rows[row].word);
        }
        cursor = rows[row].cursor;
        record.at_ns = 12345;
        fa_err err =
            fa_trace_read(ring, rows[row].ring_len, &cursor, &record, payload, sizeof payload);
        if (err != FA_ECORRUPT) {
            t_fail(__FILE__, __LINE__, "row %zu: %s", row, fa_err_name(err));
        }
        CHECK(cursor == rows[row].cursor);
        CHECK_EQ(record.at_ns, 12345);
    }
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

struct place {
    void *at;
    size_t len;
};

static void attach_place(void *ctx)
{
    const struct place *place = ctx;
    fa_trace_attach(FA_TRACE_SCHED, place->at, place->len);
}

T(memory_that_cannot_be_a_ring_traps)
{
    struct place rows[] = {
        {memory, sizeof memory - 1}, {memory + 4, sizeof memory - 4}, {memory, 0}};
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK(t_traps(attach_place, &rows[row]));
    }
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(the_largest_power_of_two_is_used)
{
    static _Alignas(8) uint8_t big[HEAD + 3 * CAP];
    fa_trace_attach(FA_TRACE_SCHED, big, sizeof big);
    CHECK_EQ(fa_trace_rings[FA_TRACE_SCHED]->cap, 2 * CAP);
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

T(every_event_has_a_name_of_its_own_and_a_class)
{
    for (size_t id = 0; id < FA_EVENT_COUNT; id++) {
        const struct fa_event_info *info = &fa_event_infos[id];
        REQUIRE(info->name != NULL && info->fields != NULL && info->doc != NULL);
        CHECK(info->kind < FA_TRACE_CLASS_COUNT);
        for (size_t other = 0; other < id; other++) {
            const char *name = fa_event_infos[other].name;
            CHECK(!fa_slice_equal(fa_slice_of(name), fa_slice_of(info->name)));
        }
    }
}
