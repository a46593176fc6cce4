// SPDX-License-Identifier: ISC
//
// Fragments become packets: order, overlaps, tiny ones, and every limit.

#include "fa/reass.h"

#include "test/t.h"

enum {
    BUF_COUNT = 160,
    LARGE_COUNT = 2,
    HEADER_LEN = 20,
    WHOLE_LEN_MAX = UINT16_MAX - HEADER_LEN,
    PIECE_LEN_MAX = 1480, /* as by an MTU of 1,500 */
};

#define COUNTED(name) (counters.cell[FA_COUNTER_##name])

static struct fa_reass reass;
static struct fa_pool pool;
static struct fa_pool large;
static struct fa_counters counters;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t large_memory[LARGE_COUNT * FA_REASS_LARGE_BUF_SIZE];
static struct fa_ip_meta meta;
static uint16_t header_len;
static const fa_ns start = 100 * FA_NS_S;

static void begin_with(struct fa_reass_config config)
{
    counters = (struct fa_counters){0};
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_pool_init(&large, large_memory, sizeof large_memory, FA_REASS_LARGE_BUF_SIZE);
    config.pool = &pool;
    config.counters = &counters;
    fa_reass_init(&reass, &config);
}

static void begin(void)
{
    begin_with((struct fa_reass_config){.large_pool = &large});
}

static void end(void)
{
    fa_reass_done(&reass);
    CHECK_EQ(pool.used_count, 0);
    CHECK_EQ(large.used_count, 0);
    CHECK_EQ(reass.held_bytes, 0);
    CHECK(fa_reass_deadline(&reass) == FA_NS_NEVER);
}

static uint8_t byte_at(size_t off)
{
    return (uint8_t)(off * 31 + off / 251);
}

/* A fragment as it arrives. */
struct piece {
    uint32_t off;
    uint32_t len;
    bool more;
    uint8_t protocol; /* 0: UDP */
    uint8_t source;   /* last byte of the address */
    uint8_t ecn;
    uint8_t spoil; /* added to the first byte */
    uint8_t iface;
    bool is6;
    uint32_t id;
    uint16_t upper_off;
};

static struct fa_buf *input_at(fa_ns now, const struct piece *piece)
{
    struct fa_ip source = fa_ip4(10, 0, 0, piece->source);
    source.b[0] = piece->is6 ? 0xfe : 0;
    struct fa_ip_meta from = {
        .local = fa_ip4(10, 0, 0, 250),
        .remote = source,
        .protocol = piece->protocol != 0 ? piece->protocol : FA_IP_PROTO_UDP,
        .traffic = piece->ecn,
        .iface = piece->iface,
    };
    struct fa_reass_part part = {
        .meta = &from,
        .id = piece->id,
        .header_len = HEADER_LEN,
        .upper_off = piece->upper_off,
        .off = (uint16_t)piece->off,
        .more = piece->more,
    };
    struct fa_buf *buf = NULL;
    CHECK(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    __builtin_memset(fa_buf_append(buf, HEADER_LEN), 0xee, HEADER_LEN);
    uint8_t *at = fa_buf_append(buf, piece->len);
    for (uint32_t i = 0; i < piece->len; i++) {
        at[i] = byte_at(piece->off + i);
    }
    if (piece->len > 0) {
        at[0] = (uint8_t)(at[0] + piece->spoil);
    }
    return fa_reass_input(&reass, now, &part, buf, &meta, &header_len);
}

static struct fa_buf *input(struct piece piece)
{
    return input_at(start, &piece);
}

/* Whether nothing came of it. */
static bool waits(struct piece piece)
{
    struct fa_buf *whole = input(piece);
    bool none = whole == NULL;
    fa_buf_drop(whole);
    return none;
}

/* Whether it made a whole of `len` bytes, the header in front. */
static bool completes(struct piece piece, size_t len)
{
    struct fa_buf *whole = input(piece);
    if (whole == NULL) {
        return false;
    }
    struct fa_slice bytes = fa_buf_slice(whole);
    bool good = header_len == HEADER_LEN && bytes.len == HEADER_LEN + len && bytes.at[0] == 0xee &&
                fa_buf_headroom(whole) == FA_BUF_HEADROOM;
    for (size_t i = 0; good && i < len; i++) {
        good = bytes.at[HEADER_LEN + i] == byte_at(i);
    }
    fa_buf_drop(whole);
    return good;
}

T(fragments_in_any_order_make_the_whole)
{
    static const uint8_t orders[][3] = {
        {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const struct piece pieces[] = {
        {.off = 0, .len = 800, .more = true},
        {.off = 800, .len = 600, .more = true},
        {.off = 1400, .len = 123, .more = false},
    };
    for (size_t i = 0; i < FA_COUNT_OF(orders); i++) {
        begin();
        CHECK(waits(pieces[orders[i][0]]));
        CHECK(waits(pieces[orders[i][1]]));
        CHECK(completes(pieces[orders[i][2]], 1523));
        CHECK_EQ(COUNTED(reass_done), 1);
        CHECK_EQ(large.used_count_max, 0); // it fits an ordinary buffer
        end();
    }
}

T(the_longest_packet_there_is_comes_through)
{
    begin();
    uint32_t off = 0;
    for (; off + PIECE_LEN_MAX < WHOLE_LEN_MAX; off += PIECE_LEN_MAX) {
        CHECK(waits((struct piece){.off = off, .len = PIECE_LEN_MAX, .more = true}));
    }
    CHECK(completes((struct piece){.off = off, .len = WHOLE_LEN_MAX - off}, WHOLE_LEN_MAX));
    end();
}

T(a_byte_more_than_a_packet_can_have_is_not_taken)
{
    begin();
    CHECK(waits((struct piece){.off = 65504, .len = 12}));
    CHECK_EQ(COUNTED(reass_bad_len), 1);
    CHECK(waits((struct piece){.off = 65504, .len = 11}));
    CHECK_EQ(COUNTED(reass_bad_len), 1);
    end();
}

T(empty_and_uneven_fragments_are_not_taken)
{
    begin();
    CHECK(waits((struct piece){.off = 0, .len = 0, .more = true}));
    CHECK(waits((struct piece){.off = 8, .len = 0}));
    CHECK(waits((struct piece){.off = 0, .len = 30, .more = true}));
    CHECK_EQ(COUNTED(reass_bad_len), 3);
    CHECK_EQ(reass.used_count, 0);
    end();
}

T(a_first_fragment_has_the_whole_transport_header)
{
    static const struct {
        uint8_t protocol;
        uint32_t len;
        uint16_t upper_off;
        bool good;
    } rows[] = {
        {FA_IP_PROTO_UDP, 8, 0, true},
        {FA_IP_PROTO_UDP, 8, 8, false},
        {FA_IP_PROTO_UDP, 16, 8, true},
        {FA_IP_PROTO_UDP, 16, 24, false},
        {FA_IP_PROTO_ICMP, 8, 0, true},
        {FA_IP_PROTO_TCP, 8, 0, false},
        {FA_IP_PROTO_TCP, 16, 0, false},
        {FA_IP_PROTO_TCP, 24, 0, false}, // says it has 28 bytes: byte_at(12) >> 4 is 7
        {FA_IP_PROTO_TCP, 32, 0, true},
        {200, 8, 0, true},
        {200, 8, 8, true},
        {200, 8, 16, false},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin();
        CHECK(waits((struct piece){.len = rows[i].len,
            .more = true,
            .protocol = rows[i].protocol,
            .upper_off = rows[i].upper_off}));
        if (COUNTED(reass_tiny) != !rows[i].good) {
            t_fail(__FILE__, __LINE__, "row %zu", i);
        }
        end();
    }
}

T(no_tcp_fragment_begins_inside_of_the_header)
{
    begin();
    CHECK(waits((struct piece){.off = 8, .len = 8, .more = true, .protocol = FA_IP_PROTO_TCP}));
    CHECK(waits((struct piece){.off = 16, .len = 8, .more = true, .protocol = FA_IP_PROTO_TCP}));
    CHECK_EQ(COUNTED(reass_tiny), 2);
    CHECK(waits((struct piece){.off = 24, .len = 8, .more = true, .protocol = FA_IP_PROTO_TCP}));
    CHECK_EQ(COUNTED(reass_tiny), 2);
    end();
}

T(an_overlap_ends_the_datagram_and_what_still_comes_of_it)
{
    static const struct piece overlaps[] = {
        {.off = 56, .len = 16, .more = true},            // over the end of the first
        {.off = 120, .len = 16, .more = true},           // over the front of the third
        {.off = 0, .len = 64, .more = true, .spoil = 1}, // the same place, another content
        {.off = 0, .len = 56, .more = true},             // inside of it
        {.off = 8, .len = 200, .more = true},            // all around
        {.off = 128, .len = 72, .more = true},           // the same place, longer
    };
    for (size_t i = 0; i < FA_COUNT_OF(overlaps); i++) {
        begin();
        CHECK(waits((struct piece){.off = 0, .len = 64, .more = true}));
        CHECK(waits((struct piece){.off = 128, .len = 64, .more = true}));
        CHECK(waits(overlaps[i]));
        CHECK_EQ(COUNTED(reass_overlap), 1);
        CHECK_EQ(pool.used_count, 0);
        CHECK(waits((struct piece){.off = 0, .len = 64, .more = true}));
        CHECK(waits((struct piece){.off = 64, .len = 64, .more = true}));
        CHECK(waits((struct piece){.off = 128, .len = 64}));
        CHECK_EQ(COUNTED(reass_dead), 3);
        CHECK_EQ(COUNTED(reass_done), 0);
        // When its time is over the identification is free again, and nobody is told.
        CHECK(fa_reass_tick(&reass, start + FA_REASS_TIMEOUT4_NS, &meta) == NULL);
        CHECK_EQ(COUNTED(reass_timeout), 0);
        CHECK(waits((struct piece){.off = 0, .len = 64, .more = true}));
        CHECK(completes((struct piece){.off = 64, .len = 64}, 128));
        end();
    }
}

T(two_ends_that_disagree_end_the_datagram)
{
    static const struct piece rows[][2] = {
        {{.off = 64, .len = 8}, {.off = 128, .len = 8}},               // two last ones
        {{.off = 64, .len = 8}, {.off = 128, .len = 8, .more = true}}, // more behind the last
        {{.off = 128, .len = 8, .more = true}, {.off = 64, .len = 8}}, // the same, in order
        {{.off = 64, .len = 16}, {.off = 48, .len = 16}},              // ends before the end
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin();
        CHECK(waits(rows[i][0]));
        CHECK(waits(rows[i][1]));
        CHECK_EQ(COUNTED(reass_overlap), 1);
        end();
    }
}

T(a_fragment_that_comes_twice_does_no_harm)
{
    begin();
    CHECK(waits((struct piece){.off = 64, .len = 30}));
    CHECK(waits((struct piece){.off = 64, .len = 30}));
    CHECK_EQ(COUNTED(reass_duplicate), 1);
    CHECK(completes((struct piece){.off = 0, .len = 64, .more = true}, 94));
    CHECK(waits((struct piece){.off = 0, .len = 64, .more = true}));
    CHECK(waits((struct piece){.off = 0, .len = 64, .more = true}));
    CHECK_EQ(COUNTED(reass_duplicate), 2);
    end();
}

T(datagrams_are_told_apart)
{
    const struct piece first = {.off = 0, .len = 64, .more = true, .id = 7, .source = 1};
    static const struct piece others[] = {
        {.off = 64, .len = 8, .id = 8, .source = 1},
        {.off = 64, .len = 8, .id = 7, .source = 2},
        {.off = 64, .len = 8, .id = 7, .source = 1, .is6 = true},
        {.off = 64, .len = 8, .id = 7, .source = 1, .protocol = FA_IP_PROTO_ICMP},
        {.off = 64, .len = 8, .id = 7, .source = 1, .iface = 1},
    };
    begin();
    CHECK(waits(first));
    for (size_t i = 0; i < FA_COUNT_OF(others); i++) {
        CHECK(waits(others[i]));
    }
    CHECK(completes((struct piece){.off = 64, .len = 8, .id = 7, .source = 1}, 72));
    end();
}

T(later_ipv6_fragments_may_name_another_protocol)
{
    begin();
    CHECK(waits((struct piece){.off = 64, .len = 8, .is6 = true, .protocol = 60}));
    CHECK(completes((struct piece){.off = 0, .len = 64, .more = true, .is6 = true}, 72));
    CHECK_EQ(meta.protocol, FA_IP_PROTO_UDP);
    end();
}

T(what_is_not_complete_in_time_is_given_up_and_the_first_fragment_handed_back)
{
    begin();
    CHECK(waits((struct piece){.off = 0, .len = 64, .more = true, .source = 3}));
    CHECK(waits((struct piece){.off = 128, .len = 64, .more = true, .source = 3}));
    CHECK(waits((struct piece){.off = 64, .len = 8, .source = 4})); // without a first
    CHECK(waits((struct piece){.off = 0, .len = 64, .more = true, .is6 = true}));
    fa_ns due = start + FA_REASS_TIMEOUT4_NS;
    CHECK_EQ(fa_reass_deadline(&reass), due);
    CHECK(fa_reass_tick(&reass, due - 1, &meta) == NULL);
    CHECK_EQ(COUNTED(reass_timeout), 0);
    struct fa_buf *first = fa_reass_tick(&reass, due, &meta);
    REQUIRE(first != NULL);
    CHECK_EQ(first->len, HEADER_LEN + 64);
    CHECK_EQ(fa_buf_at(first)[0], 0xee);
    CHECK_EQ(meta.remote.b[15], 3);
    fa_buf_drop(first);
    CHECK(fa_reass_tick(&reass, due, &meta) == NULL);
    CHECK_EQ(COUNTED(reass_timeout), 2);
    CHECK_EQ(fa_reass_deadline(&reass), start + FA_REASS_TIMEOUT6_NS);
    first = fa_reass_tick(&reass, start + FA_REASS_TIMEOUT6_NS, &meta);
    CHECK(first != NULL);
    fa_buf_drop(first);
    end();
}

T(one_source_has_its_share_of_datagrams_and_loses_its_oldest)
{
    begin();
    CHECK(waits((struct piece){.off = 0, .len = 8, .more = true, .source = 9}));
    for (uint32_t i = 0; i <= FA_REASS_SOURCE_COUNT_MAX; i++) {
        struct piece piece = {.off = 0, .len = 8, .more = true, .source = 1, .id = i};
        CHECK(input_at(start + i, &piece) == NULL);
    }
    CHECK_EQ(COUNTED(reass_source_full), 1);
    CHECK_EQ(reass.used_count, FA_REASS_SOURCE_COUNT_MAX + 1);
    CHECK(completes((struct piece){.off = 8, .len = 8, .source = 9}, 16));
    CHECK(completes((struct piece){.off = 8, .len = 8, .source = 1, .id = 1}, 16));
    CHECK(waits((struct piece){.off = 8, .len = 8, .source = 1, .id = 0}));
    end();
}

T(with_too_many_datagrams_the_oldest_gives_way)
{
    begin();
    for (uint32_t i = 0; i <= FA_REASS_DATAGRAM_COUNT_MAX; i++) {
        struct piece piece = {.off = 0, .len = 8, .more = true, .source = (uint8_t)i};
        CHECK(input_at(start + i, &piece) == NULL);
    }
    CHECK_EQ(COUNTED(reass_full), 1);
    CHECK_EQ(reass.used_count, FA_REASS_DATAGRAM_COUNT_MAX);
    CHECK(completes((struct piece){.off = 8, .len = 8, .source = 1}, 16));
    CHECK(waits((struct piece){.off = 8, .len = 8, .source = 0}));
    end();
}

T(a_datagram_of_too_many_fragments_is_dropped)
{
    begin_with((struct fa_reass_config){.fragment_count_max = 10});
    for (uint32_t i = 0; i < 11; i++) {
        CHECK_EQ(COUNTED(reass_too_many), 0);
        CHECK(waits((struct piece){.off = 8 * i, .len = 8, .more = true}));
    }
    CHECK_EQ(COUNTED(reass_too_many), 1);
    CHECK_EQ(pool.used_count, 0);
    end();
}

T(a_datagram_holds_half_of_the_memory_at_most)
{
    begin_with((struct fa_reass_config){.bytes_max = 8 * FA_BUF_SIZE});
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQ(COUNTED(reass_too_many), 0);
        CHECK(waits((struct piece){.off = 8 * i, .len = 8, .more = true}));
    }
    CHECK_EQ(COUNTED(reass_too_many), 1);
    end();
}

T(the_memory_of_all_has_a_bound_and_the_oldest_gives_way)
{
    begin_with((struct fa_reass_config){.bytes_max = 8 * FA_BUF_SIZE});
    for (uint32_t i = 0; i < 12; i++) {
        struct piece piece = {
            .off = 8 * (i % 4), .len = 8, .more = true, .source = (uint8_t)(i / 4)};
        CHECK(input_at(start + i, &piece) == NULL);
        CHECK(reass.held_bytes <= 8 * FA_BUF_SIZE);
    }
    CHECK_EQ(COUNTED(reass_full), 1);
    CHECK_EQ(pool.used_count_max, 9); // the one that is being taken in
    end();
}

T(without_a_buffer_that_holds_it_the_whole_is_dropped)
{
    begin_with((struct fa_reass_config){.large_pool = NULL});
    CHECK(waits((struct piece){.off = 0, .len = 1480, .more = true}));
    CHECK(waits((struct piece){.off = 1480, .len = 1480}));
    CHECK_EQ(COUNTED(reass_no_buffer), 1);
    CHECK_EQ(COUNTED(reass_done), 0);
    end();
    begin();
    struct fa_buf *held[LARGE_COUNT];
    for (size_t i = 0; i < LARGE_COUNT; i++) {
        CHECK(fa_buf_alloc(&large, 0, &held[i]) == FA_OK);
    }
    CHECK(waits((struct piece){.off = 0, .len = 1480, .more = true}));
    CHECK(waits((struct piece){.off = 1480, .len = 1480}));
    CHECK_EQ(COUNTED(reass_no_buffer), 1);
    for (size_t i = 0; i < LARGE_COUNT; i++) {
        fa_buf_drop(held[i]);
    }
    end();
}

T(congestion_marks_of_the_fragments_are_those_of_the_whole)
{
    enum { NONE = 0, ECT1 = 1, ECT0 = 2, CE = 3, DROP = 9 };
    static const uint8_t rows[][3] = {{NONE, NONE, NONE}, {ECT0, ECT0, ECT0}, {ECT0, CE, CE},
        {CE, ECT1, CE}, {CE, CE, CE}, {NONE, CE, DROP}, {CE, NONE, DROP}, {NONE, ECT0, NONE}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin();
        CHECK(waits((struct piece){.off = 0, .len = 8, .more = true, .ecn = rows[i][0]}));
        bool whole = completes((struct piece){.off = 8, .len = 8, .ecn = rows[i][1]}, 16);
        CHECK_EQ(whole, rows[i][2] != DROP);
        CHECK_EQ(COUNTED(reass_bad_ecn), rows[i][2] == DROP);
        if (whole) {
            CHECK_EQ(meta.traffic, rows[i][2]);
        }
        end();
    }
}
