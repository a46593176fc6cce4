// SPDX-License-Identifier: ISC
//
// Two TCPs talk over a bad wire, in virtual time: every byte arrives once and in order, memory
// comes back, nothing stalls.

#include "test/t.h"
#include "src/net/tcp_priv.h"
#include "test/unit/tcp_pair.h"

/* One direction of a transfer. */
struct way {
    struct fa_flow *source;
    struct fa_flow *target;
    unsigned id;
    uint64_t written;
    uint64_t seen;
    uint64_t len;
    bool ended; /* the reader has seen the end */
};

/* Returns: whether bytes moved. */
static bool step_way(struct way *way, size_t bite)
{
    uint64_t before = way->written + way->seen;
    if (way->written < way->len) {
        (void)pair_write(way->source, way->id, &way->written, (size_t)(way->len - way->written));
        if (way->written == way->len) {
            CHECK_EQ(fa_flow_shutdown(way->source), FA_OK);
        }
    }
    (void)pair_read(way->target, way->id, &way->seen, bite);
    struct fa_slice seen;
    way->ended = way->ended || fa_flow_peek(way->target, &seen) == FA_ECLOSED;
    return way->written + way->seen != before;
}

/* Send `len` bytes each way on one connection. Returns: virtual time it took; 0: it did not end. */
static fa_ns transfer(uint64_t len0, uint64_t len1, fa_ns limit, size_t bite)
{
    struct fa_flow *flows[2];
    if (!pair_open(flows)) {
        return 0;
    }
    struct way ways[2] = {
        {.source = flows[0], .target = flows[1], .id = 1, .len = len0},
        {.source = flows[1], .target = flows[0], .id = 2, .len = len1},
    };
    for (int i = 0; i < 2; i++) {
        if (ways[i].len == 0) {
            CHECK_EQ(fa_flow_shutdown(ways[i].source), FA_OK);
        }
    }
    fa_ns start = pair.now;
    while (!ways[0].ended || !ways[1].ended) {
        bool moved = step_way(&ways[0], bite);
        moved = step_way(&ways[1], bite) || moved;
        moved = pair_turn() || moved;
        if (!moved || pair.now - start > limit || t_failed()) {
            break;
        }
    }
    CHECK(ways[0].ended && ways[1].ended);
    CHECK_EQ(ways[0].seen, len0);
    CHECK_EQ(ways[1].seen, len1);
    fa_flow_close(flows[0]);
    fa_flow_close(flows[1]);
    return pair.now - start;
}

T(a_megabyte_each_way_over_a_perfect_wire)
{
    pair_init(&(struct pair_config){.delay_ns = FA_NS_MS});
    CHECK(transfer(1 << 20, 1 << 20, FA_NS_S, SIZE_MAX) != 0);
    CHECK_EQ(END_COUNT(&pair.ends[0], tcp_retransmit), 0);
    CHECK_EQ(END_COUNT(&pair.ends[1], tcp_retransmit), 0);
    CHECK_EQ(END_COUNT(&pair.ends[0], tcp_rx_out_of_window), 0);
    pair_end(200 * FA_NS_S);
}

T(a_wire_without_delay_works_too)
{
    pair_init(&(struct pair_config){0});
    CHECK(transfer(1 << 20, 1 << 20, FA_NS_S, SIZE_MAX) != 0 || !t_failed());
    pair_end(200 * FA_NS_S);
}

T(bulk_fills_the_window_of_a_long_path)
{
    // 256 KiB a round trip of 100 ms are 20 Mbit/s; slow start takes its share of the first second.
    pair_init(&(struct pair_config){.delay_ns = 50 * FA_NS_MS, .tcp.rx_window_bytes = 262144});
    fa_ns took = transfer(16 << 20, 0, 60 * FA_NS_S, SIZE_MAX);
    CHECK(took > 6 * FA_NS_S && took < 8 * FA_NS_S);
    pair_end(200 * FA_NS_S);
}

T(sixty_four_megabytes_survive_5_percent_loss_and_reordering)
{
    pair_init(&(struct pair_config){.delay_ns = 100 * FA_NS_US,
        .loss_per_million = 50000,
        .reorder_per_million = 50000,
        .seed = 42});
    fa_ns took = transfer(32 << 20, 32 << 20, 3000 * FA_NS_S, SIZE_MAX);
    t_note("%llu ms, %llu segments, %llu lost, %llu timeouts",
        (unsigned long long)(took / FA_NS_MS), (unsigned long long)pair.sent_count,
        (unsigned long long)pair.lost_count,
        (unsigned long long)(END_COUNT(&pair.ends[0], tcp_timeout) +
                             END_COUNT(&pair.ends[1], tcp_timeout)));
    pair_end(500 * FA_NS_S);
}

T(everything_goes_wrong_at_once_with_many_seeds)
{
    for (uint64_t seed = 0; seed < 60 && !t_failed(); seed++) {
        struct pair_config config = {
            .delay_ns = (1 + seed % 7) * 3 * FA_NS_MS,
            .loss_per_million = (uint32_t)(seed % 4) * 40000,
            .reorder_per_million = (uint32_t)(seed % 3) * 100000,
            .duplicate_per_million = (uint32_t)(seed % 5) * 20000,
            .corrupt_per_million = (uint32_t)(seed % 2) * 20000,
            .nagle = seed % 2 == 1,
            .seed = seed,
            .tcp.rx_window_bytes = 3000u << seed % 8,
            .tcp.tx_buffer_bytes = 2000u << seed % 6,
        };
        pair_init(&config);
        size_t bite = seed % 6 == 5 ? 100 : SIZE_MAX;
        (void)transfer(200000, 100000, 3000 * FA_NS_S, bite);
        if (t_failed()) {
            t_note("seed %llu", (unsigned long long)seed);
        }
        pair_end(500 * FA_NS_S);
    }
}

T(pools_that_are_far_too_small_slow_down_and_do_not_stop)
{
    for (size_t bufs = 24; bufs <= 64 && !t_failed(); bufs += 8) {
        pair_init(&(struct pair_config){
            .delay_ns = FA_NS_MS, .pool_bufs = bufs, .loss_per_million = 10000, .seed = bufs});
        (void)transfer(300000, 300000, 3000 * FA_NS_S, SIZE_MAX);
        if (t_failed()) {
            t_note("%u buffers", (unsigned)bufs);
        }
        pair_end(500 * FA_NS_S);
    }
}

T(many_connections_share_a_pool_and_all_end)
{
    enum { CONNS = 50, LEN = 30000 };
    static struct fa_flow *flows[CONNS][2];
    static struct way ways[CONNS];
    pair_init(&(struct pair_config){
        .delay_ns = FA_NS_MS, .loss_per_million = 20000, .pool_bufs = 256, .seed = 5});
    for (size_t i = 0; i < CONNS; i++) {
        REQUIRE(pair_open(flows[i]));
        ways[i] = (struct way){
            .source = flows[i][0], .target = flows[i][1], .id = (unsigned)i, .len = LEN};
    }
    size_t ended = 0;
    fa_ns start = pair.now;
    while (ended < CONNS && pair.now - start < 3000 * FA_NS_S) {
        ended = 0;
        for (size_t i = 0; i < CONNS; i++) {
            (void)step_way(&ways[i], SIZE_MAX);
            ended += ways[i].ended;
        }
        (void)pair_turn();
    }
    CHECK_EQ(ended, CONNS);
    for (size_t i = 0; i < CONNS; i++) {
        CHECK_EQ(ways[i].seen, LEN);
        fa_flow_close(flows[i][0]);
        fa_flow_close(flows[i][1]);
    }
    pair_end(500 * FA_NS_S);
}

/* ---- a reader that stops ---- */

T(a_slow_reader_never_leaves_the_window_closed)
{
    pair_init(&(struct pair_config){.delay_ns = FA_NS_MS, .tcp.rx_window_bytes = 20000});
    struct fa_flow *flows[2];
    REQUIRE(pair_open(flows));
    struct way way = {.source = flows[0], .target = flows[1], .id = 3, .len = 400000};
    while (!way.ended && pair.now < 10000 * FA_NS_S) {
        (void)step_way(&way, 700); // less than a segment a second
        pair_run(FA_NS_S);
    }
    CHECK_EQ(way.seen, 400000);
    CHECK(pair.now < 700 * FA_NS_S);
    fa_flow_close(flows[0]);
    fa_flow_close(flows[1]);
    pair_end(200 * FA_NS_S);
}

static bool lose_updates;

/* Lose every ACK that opens the window. */
static bool lose_openers(int from, const struct fa_tcp_header *header, size_t payload_len)
{
    return !(lose_updates && from == 1 && payload_len == 0 && header->window != 0);
}

T(a_lost_window_update_is_found_by_a_probe)
{
    pair_init(&(struct pair_config){
        .delay_ns = FA_NS_MS, .tcp.rx_window_bytes = 8192, .look = lose_openers});
    struct fa_flow *flows[2];
    REQUIRE(pair_open(flows));
    uint64_t written = 0;
    uint64_t seen = 0;
    lose_updates = false;
    (void)pair_write(flows[0], 1, &written, 50000);
    pair_run(3 * FA_NS_S);
    lose_updates = true;
    (void)pair_read(flows[1], 1, &seen, SIZE_MAX);
    pair_run(10 * FA_NS_MS);
    lose_updates = false;
    while (seen < 50000 && pair.now < 100 * FA_NS_S) {
        (void)pair_read(flows[1], 1, &seen, SIZE_MAX);
        (void)pair_turn();
    }
    CHECK_EQ(seen, 50000);
    fa_flow_abort(flows[0]);
    fa_flow_abort(flows[1]);
    pair_end(FA_NS_S);
}

/* ---- the fault finder's friends: one segment of each kind is lost ---- */

static int lose_at;
static int segment_count;

static bool lose_one(int from, const struct fa_tcp_header *header, size_t payload_len)
{
    (void)from;
    (void)header;
    (void)payload_len;
    return segment_count++ != lose_at;
}

T(whichever_segment_is_lost_the_connection_recovers)
{
    bool lost = true;
    for (lose_at = 0; lost && !t_failed(); lose_at++) {
        segment_count = 0;
        pair_init(&(struct pair_config){.delay_ns = 10 * FA_NS_MS, .look = lose_one});
        (void)transfer(30000, 2000, 60 * FA_NS_S, SIZE_MAX);
        pair_end(200 * FA_NS_S);
        lost = segment_count > lose_at;
        if (t_failed()) {
            t_note("segment %d", lose_at);
        }
    }
    CHECK(lose_at >= 30);
}

/* ---- every allocation fails once ---- */

T(whichever_buffer_is_missing_the_connection_recovers)
{
    // A pool one larger than the last: allocation number N is the first that fails.
    for (size_t bufs = 4; bufs < 40 && !t_failed(); bufs++) {
        pair_init(&(struct pair_config){
            .delay_ns = FA_NS_MS, .pool_bufs = bufs, .tcp.tx_buffer_count_keep = 2});
        (void)transfer(50000, 50000, 1000 * FA_NS_S, SIZE_MAX);
        if (t_failed()) {
            t_note("%u buffers", (unsigned)bufs);
        }
        pair_end(500 * FA_NS_S);
    }
}

/* ---- both ends begin ---- */

T(two_ends_that_connect_to_each_other_meet)
{
    pair_init(&(struct pair_config){.delay_ns = FA_NS_MS});
    struct fa_flow *flows[2];
    for (int i = 0; i < 2; i++) {
        struct fa_tcp_connect_config config = {
            .remote = {pair.ends[1 - i].ip, 7000},
            .local = pair.ends[i].ip,
            .local_port = 7000,
            .mtu_bytes = TCP_END_MTU,
        };
        REQUIRE(fa_tcp_connect(&pair.ends[i].tcp, pair.now, &config, &flows[i]) == FA_OK);
    }
    pair_run(100 * FA_NS_MS);
    uint64_t written[2] = {0};
    uint64_t seen[2] = {0};
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(pair_write(flows[i], i, &written[i], 10000), 10000);
    }
    pair_run(100 * FA_NS_MS);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(pair_read(flows[1 - i], i, &seen[i], 20000), 10000);
    }
    for (unsigned i = 0; i < 2; i++) {
        fa_flow_close(flows[i]);
    }
    pair_run(100 * FA_NS_MS); // both close at once, too
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(fa__tcp_conn_of(flows[i])->state, FA_TCP_TIME_WAIT);
    }
    pair_end(200 * FA_NS_S);
}
