// SPDX-License-Identifier: ISC
//
// Windows and the one budget of buffers: growth with what the application reads and the path
// carries, shares under pressure, and never a window that stays closed.

#include "test/t.h"
#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"
#include "test/unit/tcp_pair.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    MSS = TCP_END_MSS,
    CONNS = 64,
};

static struct fa_flow *flows[CONNS][2];

static struct fa_tcp_conn *conn_of(struct fa_flow *flow)
{
    return fa__tcp_conn_of(flow);
}

/* One way, from the client: `bytes`, read as they come. Returns: how long it took. */
static fa_ns carry(struct fa_flow *pair_flows[2], uint64_t bytes)
{
    uint64_t written = 0;
    uint64_t seen = 0;
    fa_ns start = pair.now;
    while (seen < bytes) {
        pair_write(pair_flows[0], 1, &written, bytes - written);
        pair_read(pair_flows[1], 1, &seen, bytes);
        if (seen < bytes && !pair_turn()) {
            break;
        }
    }
    CHECK_EQ(seen, bytes);
    return pair.now - start;
}

/* ---- growth ---- */

T(the_window_grows_with_what_the_application_reads_in_a_round_trip)
{
    pair_init(&(struct pair_config){.delay_ns = 25 * FA_NS_MS});
    REQUIRE(pair_open(flows[0]));
    CHECK_EQ(conn_of(flows[0][1])->rx_space, 65535);
    fa_ns took = carry(flows[0], 32 << 20);
    t_note("32 MiB in %llu ms, window %u", (unsigned long long)(took / FA_NS_MS),
        (unsigned)conn_of(flows[0][1])->rx_space);
    CHECK(conn_of(flows[0][1])->rx_space >= 2 << 20);
    CHECK(took < 2 * FA_NS_S); // 64 KiB a round trip would take 26 s
    fa_flow_close(flows[0][0]);
    fa_flow_close(flows[0][1]);
    pair_end(200 * FA_NS_S);
}

T(what_arrives_and_is_not_read_makes_no_window_grow)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = MSS, .has_scale = true, .scale = 0);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &lab.flow) == FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    uint32_t space = lab.conn->rx_space;
    REQUIRE(lab.end.tcp.config.rx_window_bytes > space);
    for (int i = 0; i < 40; i++) {
        IN(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS);
        if (i % 20 == 19) { // nearly half of a window
            lab_sleep(100 * FA_NS_MS);
            CHECK_EQ(lab_read(10), 10);
            CHECK_EQ(lab.conn->rx_space, space);
        }
    }
    lab_end();
}

T(the_window_stays_small_for_who_sends_little)
{
    pair_init(&(struct pair_config){.delay_ns = 25 * FA_NS_MS});
    REQUIRE(pair_open(flows[0]));
    uint64_t written = 0;
    uint64_t seen = 0;
    for (int i = 0; i < 2000; i++) {
        pair_write(flows[0][0], 1, &written, 1000);
        pair_run(10 * FA_NS_MS);
        pair_read(flows[0][1], 1, &seen, 100000);
    }
    CHECK_EQ(conn_of(flows[0][1])->rx_space, 65535); // 5,000 bytes a round trip
    fa_flow_close(flows[0][0]);
    fa_flow_close(flows[0][1]);
    pair_end(200 * FA_NS_S);
}

T(the_window_and_the_send_buffer_keep_to_their_largest)
{
    pair_init(&(struct pair_config){
        .delay_ns = 5 * FA_NS_MS, .tcp.rx_window_bytes = 200000, .tcp.tx_buffer_bytes = 100000});
    REQUIRE(pair_open(flows[0]));
    carry(flows[0], 4 << 20);
    CHECK_EQ(conn_of(flows[0][1])->rx_space, 200000);
    pair_run(100 * FA_NS_MS); // all is acknowledged
    uint64_t written = 0;
    pair_write(flows[0][0], 1, &written, 10000000);
    CHECK(written > 65000 && written <= 100000);
    fa_flow_abort(flows[0][0]);
    fa_flow_close(flows[0][1]);
    pair_end(200 * FA_NS_S);
}

T(the_send_buffer_grows_with_the_congestion_window)
{
    pair_init(&(struct pair_config){.delay_ns = 25 * FA_NS_MS});
    REQUIRE(pair_open(flows[0]));
    CHECK_EQ(fa__tcp_tx_limit(conn_of(flows[0][0])), 65536);
    carry(flows[0], 16 << 20);
    uint32_t limit = fa__tcp_tx_limit(conn_of(flows[0][0]));
    CHECK(limit > 1 << 20 && limit <= 4 << 20);
    fa_flow_close(flows[0][0]);
    fa_flow_close(flows[0][1]);
    pair_end(200 * FA_NS_S);
}

/* ---- slow readers ---- */

T(a_reader_of_single_bytes_gets_everything)
{
    enum { BYTES = 200000 };
    pair_init(&(struct pair_config){.delay_ns = FA_NS_MS, .tcp.rx_window_bytes = 8192});
    REQUIRE(pair_open(flows[0]));
    uint64_t written = 0;
    uint64_t seen = 0;
    while (seen < BYTES) {
        pair_write(flows[0][0], 1, &written, BYTES - written);
        uint64_t before = seen;
        pair_read(flows[0][1], 1, &seen, 1);
        if (seen == before) {
            REQUIRE(pair_turn());
        }
    }
    CHECK(pair.sent_count < BYTES / 100); // no silly windows
    fa_flow_close(flows[0][0]);
    fa_flow_close(flows[0][1]);
    pair_end(200 * FA_NS_S);
}

T(a_window_closed_for_an_hour_opens_again_even_if_its_update_is_lost)
{
    for (int lose = 0; lose < 2; lose++) {
        pair_init(&(struct pair_config){.delay_ns = FA_NS_MS});
        REQUIRE(pair_open(flows[0]));
        uint64_t written = 0;
        uint64_t seen = 0;
        for (int minute = 0; minute < 60; minute++) {
            pair_write(flows[0][0], 1, &written, 1000000);
            pair_run(60 * FA_NS_S);
        }
        CHECK_EQ(conn_of(flows[0][0])->state, FA_TCP_ESTABLISHED);
        CHECK_EQ(conn_of(flows[0][0])->snd_wnd, 0);
        pair.config.loss_per_million = lose ? 1000000 : 0;
        pair_read(flows[0][1], 1, &seen, 1 << 20);
        pair_pump(pair.now);
        pair.config.loss_per_million = 0;
        uint64_t total = written + 1000000;
        fa_ns start = pair.now;
        while (seen < total && pair.now < start + 100 * FA_NS_S) {
            pair_write(flows[0][0], 1, &written, total - written);
            pair_turn();
            pair_read(flows[0][1], 1, &seen, 1 << 20);
        }
        CHECK_EQ(seen, total);
        fa_flow_close(flows[0][0]);
        fa_flow_close(flows[0][1]);
        pair_end(200 * FA_NS_S);
    }
}

/* ---- pressure ---- */

/* Many connections through a pool that could not hold two of their windows; each reader takes
 * `piece` bytes in turn, after a pause of `pause`. */
static void compete(size_t pool_bufs, uint32_t loss, size_t piece, fa_ns pause)
{
    enum { EACH = 100000 };
    static uint64_t written[CONNS];
    static uint64_t seen[CONNS];
    pair_init(&(struct pair_config){.delay_ns = 2 * FA_NS_MS,
        .pool_bufs = pool_bufs,
        .loss_per_million = loss,
        .tcp.user_timeout_ns = 100000 * FA_NS_S});
    for (unsigned i = 0; i < CONNS; i++) {
        REQUIRE(pair_open(flows[i]));
        written[i] = 0;
        seen[i] = 0;
    }
    uint64_t total = 0;
    size_t held_max = 0;
    fa_ns limit = pair.now + 20000 * FA_NS_S;
    while (total < (uint64_t)CONNS * EACH && pair.now < limit) {
        total = 0;
        for (unsigned i = 0; i < CONNS; i++) {
            pair_write(flows[i][0], i, &written[i], EACH - written[i]);
            pair_read(flows[i][1], i, &seen[i], piece);
            total += seen[i];
        }
        held_max = fa_max(held_max, pair.ends[1].tcp.held_bytes);
        pair_run(pause);
    }
    CHECK_EQ(total, (uint64_t)CONNS * EACH);
    t_note("%u KiB pool, %llu ms: at most %u KiB held, pressure %u, no memory %u, pruned %u",
        (unsigned)(pool_bufs * 2), (unsigned long long)(pair.now / FA_NS_MS),
        (unsigned)(held_max / 1024), (unsigned)END_COUNT(&pair.ends[1], tcp_memory_pressure),
        (unsigned)END_COUNT(&pair.ends[1], tcp_rx_no_memory),
        (unsigned)END_COUNT(&pair.ends[1], tcp_rx_ooo_pruned));
    CHECK(END_COUNT(&pair.ends[1], tcp_memory_pressure) > 0);
    CHECK(held_max <= pair.ends[1].tcp.config.memory_high_bytes + CONNS * FA_BUF_SIZE);
    for (unsigned i = 0; i < CONNS; i++) {
        fa_flow_close(flows[i][0]);
        fa_flow_close(flows[i][1]);
    }
    pair_end(1000 * FA_NS_S);
    CHECK_EQ(pair.ends[1].tcp.held_bytes, 0);
    CHECK(!pair.ends[1].tcp.pressed);
}

T(many_connections_in_a_small_pool_all_finish)
{
    compete(512, 0, 1 << 20, 5 * FA_NS_MS);
}

T(many_slow_readers_in_a_small_pool_all_finish)
{
    compete(512, 0, 5000, 500 * FA_NS_MS);
}

T(many_connections_in_a_small_pool_finish_in_spite_of_loss)
{
    compete(512, 30000, 20000, 20 * FA_NS_MS);
}

T(who_does_not_read_does_not_stop_who_does)
{
    enum { IDLE = CONNS - 1 };
    pair_init(&(struct pair_config){.delay_ns = FA_NS_MS, .pool_bufs = 512});
    static uint64_t written[CONNS];
    for (unsigned i = 0; i < CONNS; i++) {
        REQUIRE(pair_open(flows[i]));
        written[i] = 0;
    }
    for (int round = 0; round < 200; round++) {
        for (unsigned i = 0; i < IDLE; i++) {
            pair_write(flows[i][0], i, &written[i], 100000);
        }
        pair_run(100 * FA_NS_MS);
    }
    CHECK(pair.ends[1].tcp.pressed);
    fa_ns took = carry(flows[IDLE], 300000);
    t_note("300,000 bytes beside %u who do not read: %llu ms", (unsigned)IDLE,
        (unsigned long long)(took / FA_NS_MS));
    CHECK(took < 60 * FA_NS_S);
    for (unsigned i = 0; i < CONNS; i++) {
        fa_flow_abort(flows[i][0]);
        fa_flow_close(flows[i][1]);
    }
    pair_end(1000 * FA_NS_S);
}

/* ---- one step at a time ---- */

static void start(const struct fa_tcp_config *config)
{
    lab_init(config);
    lab_listen(NULL);
    lab_accept();
}

T(under_pressure_a_window_shrinks_to_its_share_but_no_promise_is_broken)
{
    start(&(struct fa_tcp_config){.memory_low_bytes = 4 * FA_BUF_SIZE,
        .memory_pressure_bytes = 8 * FA_BUF_SIZE,
        .memory_high_bytes = 100 * FA_BUF_SIZE});
    for (int i = 0; i < 9; i++) {
        IN(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS);
    }
    CHECK(lab.end.tcp.pressed);
    OUT(.flags = A, .seq = 1, .ack = 1 + 9 * MSS, .window = 65535 - 9 * MSS);
    lab_read(4 * MSS);
    CHECK(lab.end.tcp.pressed); // until less than the lower mark is held
    IN(.flags = A, .seq = 1 + 9 * MSS, .ack = 1, .len = 1);
    lab_sleep(50 * FA_NS_MS);
    CHECK_EQ(lab.conn->rcv_adv, lab.peer_iss + 1 + 65535);
    lab_read(9 * MSS);
    CHECK(!lab.end.tcp.pressed);
    CHECK_EQ(COUNT(tcp_memory_pressure), 1);
    CHECK_EQ(lab.end.tcp.held_bytes, 0);
    lab_end();
}

T(the_marks_follow_from_the_highest_and_that_from_the_pool)
{
    const struct fa_tcp_config *config = &lab.end.tcp.config;
    start(&(struct fa_tcp_config){0});
    size_t pool = lab.end.pool.buf_count * lab.end.pool.buf_size;
    CHECK_EQ(config->memory_high_bytes, pool / 4 * 3);
    CHECK(config->memory_pressure_bytes <= pool / 2 && config->memory_low_bytes <= pool / 8 * 3);
    CHECK(config->memory_pressure_bytes > pool / 2 - 4 &&
          config->memory_low_bytes > pool / 8 * 3 - 4);
    lab_end();
    start(&(struct fa_tcp_config){.memory_high_bytes = 60000, .memory_low_bytes = 10000});
    CHECK_EQ(config->memory_high_bytes, 60000);
    CHECK_EQ(config->memory_pressure_bytes, 40000);
    CHECK_EQ(config->memory_low_bytes, 10000);
    lab_end();
}

T(when_memory_is_full_a_connection_keeps_one_buffer_and_says_its_window_is_closed)
{
    start(&(struct fa_tcp_config){.memory_low_bytes = FA_BUF_SIZE,
        .memory_pressure_bytes = 2 * FA_BUF_SIZE,
        .memory_high_bytes = FA_BUF_SIZE});
    IN(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1, .ack = 1 + MSS, .closed = true);
    CHECK_EQ(COUNT(tcp_rx_no_memory), 1);
    CHECK_EQ(lab_read(2 * MSS), MSS);
    OUT(.flags = A, .seq = 1, .ack = 1 + MSS, .window = 65535); // at once, unasked
    IN(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    CHECK_EQ(lab_read(2 * MSS), MSS);
    lab_end();
}

T(when_memory_is_full_what_is_beyond_a_hole_makes_room_for_what_is_next)
{
    start(&(struct fa_tcp_config){.memory_low_bytes = FA_BUF_SIZE,
        .memory_pressure_bytes = 3 * FA_BUF_SIZE,
        .memory_high_bytes = 2 * FA_BUF_SIZE});
    IN(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1 + 3 * MSS, .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1 + 5 * MSS, .ack = 1, .len = MSS); // one too many
    CHECK_EQ(lab.conn->ooo_count, 2);
    CHECK_EQ(COUNT(tcp_rx_ooo_full), 1);
    IN(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    CHECK_EQ(COUNT(tcp_rx_ooo_pruned), 1);
    CHECK_EQ(lab.conn->ooo_count, 0);
    CHECK_EQ(lab_read(9 * MSS), MSS);
    IN(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS); // it comes again
    CHECK_EQ(lab_read(9 * MSS), MSS);
    lab_end();
}

T(when_memory_is_full_a_writer_gets_one_buffer_or_waits)
{
    start(&(struct fa_tcp_config){.memory_low_bytes = FA_BUF_SIZE,
        .memory_pressure_bytes = 3 * FA_BUF_SIZE,
        .memory_high_bytes = FA_BUF_SIZE});
    IN(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    size_t room = fa_pool_room(&lab.end.pool);
    CHECK_EQ(lab_write(10 * room), room);
    CHECK_EQ(COUNT(tcp_tx_no_buffer), 1);
    lab_end();
}
