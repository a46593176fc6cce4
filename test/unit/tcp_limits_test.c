// SPDX-License-Identifier: ISC
//
// Every limit of TCP, reached: refused in the protocol's way, counted, and over when the load goes.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
    MSS = TCP_END_MSS,
};

/* A whole handshake from another port; the segments that leave are forgotten. */
static void open_from(uint16_t port)
{
    IN(.flags = S, .port = port, .mss = MSS);
    OUT(.flags = S | A, .ack = 1, .port = port);
    IN(.flags = A, .seq = 1, .ack = 1, .port = port);
}

T(connection_struct_keeps_to_its_size)
{
    t_note("struct fa_tcp_conn: %u bytes of %u", (unsigned)sizeof(struct fa_tcp_conn),
        (unsigned)FA_TCP_CONN_BYTES);
    CHECK(sizeof(struct fa_tcp_conn) <= FA_TCP_CONN_BYTES);
    CHECK(FA_TCP_CONN_BYTES + sizeof(uint32_t) <= 512 && FA_TCP_CONN_BYTES % 8 == 0);
}

T(an_idle_connection_holds_no_buffer)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    lab_write(10000);
    lab_sleep(0);
    IN(.flags = A, .seq = 1, .ack = 10001, .len = 500);
    lab_read(500);
    CHECK_EQ(lab.end.pool.used_count, 0);
    lab_end();
}

T(without_cookies_syns_beyond_half_open_max_are_dropped_until_there_is_room)
{
    lab_init(&(struct fa_tcp_config){.features_off = FA_TCP_COOKIES});
    lab_listen(&(struct fa_tcp_listen_config){.half_open_max = 3});
    for (uint16_t port = 1; port <= 5; port++) {
        IN(.flags = S, .port = port);
    }
    lab_sleep(0);
    CHECK_EQ(lab.lost_count, 3);
    CHECK_EQ(COUNT(tcp_syn_dropped), 2);
    lab_sleep(32 * FA_NS_S);
    CHECK_EQ(lab.end.listener.half_open_count, 0);
    IN(.flags = S, .port = 9);
    OUT(.flags = S | A, .ack = 1, .port = 9);
    lab_end();
}

T(when_the_accept_queue_is_full_the_last_ack_is_not_heard_and_asked_for_again)
{
    lab_init(NULL);
    lab_listen(&(struct fa_tcp_listen_config){.backlog_max = 2});
    open_from(1);
    open_from(2);
    open_from(3);
    CHECK_EQ(lab.end.listener.accept_count, 2);
    CHECK_EQ(lab.end.listener.half_open_count, 1);
    CHECK_EQ(COUNT(tcp_accept_full), 1);
    IN(.flags = A, .seq = 1, .ack = 1, .port = 3, .len = 10); // data does not help
    CHECK_EQ(COUNT(tcp_accept_full), 2);
    QUIET();
    OUT(.flags = S | A, .ack = 1, .port = 3, .within_ns = FA_NS_S);
    struct fa_flow *flow;
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &flow) == FA_OK);
    fa_flow_abort(flow);
    IN(.flags = A, .seq = 1, .ack = 1, .port = 3);
    CHECK_EQ(lab.end.listener.accept_count, 2);
    lab_end();
}

T(a_reset_makes_room_in_the_accept_queue)
{
    lab_init(NULL);
    lab_listen(&(struct fa_tcp_listen_config){.backlog_max = 1});
    open_from(1);
    IN(.flags = R, .seq = 1, .port = 1);
    CHECK_EQ(lab.end.listener.accept_count, 0);
    struct fa_flow *flow = NULL;
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &flow), FA_AGAIN);
    CHECK(flow == NULL);
    open_from(2);
    CHECK_EQ(lab.end.listener.accept_count, 1);
    lab_end();
}

T(when_every_connection_is_in_use_newcomers_are_refused)
{
    lab_init(&(struct fa_tcp_config){.conn_count_max = 4});
    lab_listen(NULL);
    for (uint16_t port = 1; port <= 4; port++) {
        open_from(port);
    }
    IN(.flags = S, .port = 5);
    QUIET();
    CHECK_EQ(COUNT(tcp_conn_refused), 1);
    struct fa_tcp_connect_config config = {
        .remote = {lab.peer_ip, 9}, .local = lab.end.ip, .mtu_bytes = TCP_END_MTU};
    struct fa_flow *flow = NULL;
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &config, &flow), FA_ENOSPC);
    CHECK(flow == NULL);
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &flow) == FA_OK);
    fa_flow_abort(flow);
    lab_sleep(0);
    open_from(5);
    lab_end();
}

T(the_oldest_time_wait_gives_way_when_the_table_is_full)
{
    lab_init(&(struct fa_tcp_config){.conn_count_max = 4});
    lab_listen(NULL);
    for (uint16_t port = 1; port <= 4; port++) {
        struct fa_flow *flow;
        open_from(port);
        REQUIRE(fa_listener_accept(&lab.end.listener.listener, &flow) == FA_OK);
        fa_flow_close(flow);
        OUT(.flags = F | A, .seq = 1, .ack = 1, .port = port);
        IN(.flags = F | A, .seq = 1, .ack = 2, .port = port);
        OUT(.flags = A, .seq = 2, .ack = 2, .port = port);
        lab_sleep(FA_NS_S);
    }
    IN(.flags = A, .seq = 1, .ack = 2, .port = 1, .len = 1); // an old one: port 1 is still there
    lab_sleep(0);
    CHECK_EQ(COUNT(tcp_reset_sent), 0);
    open_from(5);
    CHECK_EQ(COUNT(tcp_time_wait_evicted), 1);
    IN(.flags = A, .seq = 1, .ack = 2, .port = 1, .len = 1);
    lab_sleep(0);
    CHECK_EQ(COUNT(tcp_reset_sent), 1); // it was the oldest
    CHECK_EQ(lab.end.tcp.live_count, 4);
    lab_end();
}

T(a_time_wait_whose_flow_is_held_does_not_give_way)
{
    lab_init(&(struct fa_tcp_config){.conn_count_max = 1});
    lab_listen(NULL);
    lab_accept();
    lab_to(FA_TCP_TIME_WAIT);
    IN(.flags = S, .port = 5);
    QUIET();
    CHECK_EQ(COUNT(tcp_conn_refused), 1);
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    lab.conn = NULL;
    open_from(5);
    lab_end();
}

static unsigned told;

static void tell(struct fa_watch *watch, unsigned events)
{
    (void)watch;
    told |= events;
}

T(the_send_buffer_has_a_limit_and_the_watch_says_when_there_is_room)
{
    struct fa_watch watch = {tell};
    lab_init(&(struct fa_tcp_config){.tx_buffer_bytes = 10000});
    lab_listen(NULL);
    lab_accept();
    lab.flow->watch = &watch;
    told = 0;
    CHECK_EQ(lab_write(20000), 10000);
    lab_sleep(0);
    IN(.flags = A, .seq = 1, .ack = 2001);
    CHECK_EQ(told, 0); // a quarter is worth waking somebody
    IN(.flags = A, .seq = 1, .ack = 5001);
    CHECK_EQ(told, FA_FLOW_WRITABLE);
    CHECK_EQ(lab_write(20000), 5000);
    CHECK_EQ(lab_write(1), 0);
    lab_end();
}

/* ---- the pool ---- */

static struct fa_buf *hoard[TCP_END_POOL_BUFS];
static size_t hoard_count;

static void take_all_but(size_t left)
{
    hoard_count = 0;
    while (fa_pool_free_count(&lab.end.pool) > left) {
        CHECK_EQ(fa_buf_alloc(&lab.end.pool, 0, &hoard[hoard_count++]), FA_OK);
    }
}

static void give_back(void)
{
    while (hoard_count > 0) {
        fa_buf_drop(hoard[--hoard_count]);
    }
}

T(writers_leave_an_eighth_of_the_pool_and_are_woken_when_it_recovers)
{
    struct fa_watch watch = {tell};
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    lab.flow->watch = &watch;
    take_all_but(TCP_END_POOL_BUFS / 8 + 2);
    told = 0;
    size_t room = fa_pool_room(&lab.end.pool);
    CHECK_EQ(lab_write(100 * room), 2 * room);
    CHECK_EQ(COUNT(tcp_tx_no_buffer), 1);
    CHECK_EQ(told, 0);
    lab_sleep(10 * FA_NS_MS);
    CHECK_EQ(told, 0);
    give_back();
    lab_sleep(2 * FA_NS_MS);
    CHECK_EQ(told, FA_FLOW_WRITABLE);
    CHECK_EQ(lab_write(room), room);
    lab_end();
}

T(a_writer_who_waited_for_acks_is_woken_though_the_pool_is_low)
{
    struct fa_watch watch = {tell};
    lab_init(&(struct fa_tcp_config){.tx_buffer_bytes = 1000});
    lab_listen(NULL);
    lab_accept();
    lab.flow->watch = &watch;
    CHECK_EQ(lab_write(2000), 1000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    take_all_but(TCP_END_POOL_BUFS / 8 - 1);
    told = 0;
    IN(.flags = A, .seq = 1, .ack = 1001);
    CHECK_EQ(told, FA_FLOW_WRITABLE); // or nobody would ever tell it
    told = 0;
    CHECK_EQ(lab_write(1), 0);
    give_back();
    lab_sleep(2 * FA_NS_MS);
    CHECK_EQ(told, FA_FLOW_WRITABLE);
    lab_end();
}

T(a_starved_writer_may_close)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    take_all_but(0);
    CHECK_EQ(lab_write(10), 0);
    give_back();
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    lab_end();

    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    take_all_but(TCP_END_POOL_BUFS / 8);
    CHECK_EQ(lab_write(10), 0);
    lab_to(FA_TCP_TIME_WAIT); // and still waits
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    lab_sleep(61 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    give_back();
    lab_end();
}

T(when_the_pool_is_low_segments_beyond_a_hole_are_not_kept)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    take_all_but(TCP_END_POOL_BUFS / 8 - 10);
    IN(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(COUNT(tcp_rx_ooo_full), 1);
    CHECK_EQ(lab.conn->ooo_count, 0);
    IN(.flags = A, .seq = 1, .ack = 1, .len = MSS); // but what is next always is
    CHECK_EQ(lab_read(MSS), MSS);
    give_back();
    lab_end();
}

T(when_the_pool_is_low_the_window_opens_no_further)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    uint32_t adv = lab.conn->rcv_adv;
    take_all_but(TCP_END_POOL_BUFS / 8 - 10);
    uint32_t seq = 1;
    while (lab.conn->rcv_nxt != adv) {
        uint32_t len = fa__u32_min(MSS, adv - lab.conn->rcv_nxt);
        IN(.flags = A, .seq = seq, .ack = 1, .len = len);
        seq += len;
    }
    lab_sleep(50 * FA_NS_MS);
    CHECK_EQ(lab.conn->rcv_adv, adv);
    CHECK_EQ(lab_read(65535), 65535);
    lab_sleep(0);
    CHECK_EQ(lab.conn->rcv_adv - lab.conn->rcv_nxt, 2 * MSS); // enough to move on
    give_back();
    IN(.flags = A, .seq = seq, .ack = 1, .len = MSS);
    lab_read(MSS);
    lab_sleep(0);
    CHECK_EQ(lab.conn->rcv_adv - lab.conn->rcv_nxt, 65535);
    lab_end();
}

/* ---- floods ---- */

T(single_bytes_pin_no_more_than_twice_the_window)
{
    lab_init(&(struct fa_tcp_config){.rx_window_bytes = 32768});
    lab_listen(NULL);
    lab_accept();
    for (int i = 0; i < 40000; i++) {
        IN(.flags = A, .seq = 1 + i, .ack = 1, .len = 1);
        lab_sleep(0);
    }
    CHECK(lab.end.pool.used_count * FA_BUF_SIZE <= 2 * 32768);
    CHECK_EQ(lab_read(40000), 32768);
    lab_end();
}

T(bytes_beyond_holes_pin_no_more_than_twice_the_window)
{
    for (int backwards = 0; backwards < 2; backwards++) {
        lab_init(&(struct fa_tcp_config){.rx_window_bytes = 32768});
        lab_listen(NULL);
        lab_accept();
        for (int i = 1; i < 16000; i++) {
            int off = backwards ? 16000 - i : i;
            IN(.flags = A, .seq = 1 + 2 * off, .ack = 1, .len = 1);
            lab_sleep(0);
        }
        CHECK(lab.end.pool.used_count * FA_BUF_SIZE <= 2 * 32768);
        CHECK(COUNT(tcp_rx_ooo_full) > 0);
        lab_end();
    }
}

T(a_full_window_beyond_a_hole_is_kept)
{
    lab_init(&(struct fa_tcp_config){.rx_window_bytes = 45 * MSS});
    lab_listen(NULL);
    lab_accept();
    for (int i = 44; i > 0; i--) {
        IN(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = fa__u32_min(MSS, 65535));
    }
    IN(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    CHECK(lab_read(46 * MSS) >= 44 * MSS);
    lab_end();
}

T(any_mix_of_sizes_pins_little_more_than_twice_the_window)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 3);
    for (int round = 0; round < 20; round++) {
        lab_init(&(struct fa_tcp_config){.rx_window_bytes = 65535});
        lab_listen(NULL);
        lab_accept();
        uint32_t off = 0;
        while (off < 65535) {
            uint32_t len = 1 + (uint32_t)fa_rand_below(&rand, round % 2 == 0 ? MSS : 900);
            len = fa__u32_min(len, 65535 - off);
            IN(.flags = A, .seq = 1 + off, .ack = 1, .len = len);
            off += len;
        }
        CHECK(lab.end.pool.used_count * FA_BUF_SIZE <= 65535 * 5 / 2);
        CHECK_EQ(lab_read(70000), 65535);
        lab_end();
    }
}

T(a_listener_that_does_not_say_has_the_half_open_connections_of_the_configuration)
{
    static const uint16_t rows[][2] = {{0, 256}, {7, 7}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        lab_init(&(struct fa_tcp_config){.half_open_max = rows[i][0]});
        lab_listen(NULL);
        CHECK_EQ(lab.end.listener.config.half_open_max, rows[i][1]);
        lab_end();
    }
}

T(a_syn_flood_costs_no_more_than_half_open_max)
{
    lab_init(NULL);
    lab_listen(NULL);
    for (int i = 0; i < 100000; i++) {
        IN(.flags = S, .seq = i, .port = (uint16_t)(1 + i % 60000));
        if (i % 64 == 0) {
            lab_sleep(0);
        }
    }
    CHECK_EQ(lab.end.tcp.live_count, 256);
    CHECK_EQ(lab.end.pool.used_count, 0);
    lab_end();
}

T(ten_thousand_connections_in_a_row_leave_nothing)
{
    lab_init(&(struct fa_tcp_config){.conn_count_max = 64});
    lab_listen(NULL);
    for (int i = 0; i < 10000; i++) {
        uint16_t port = (uint16_t)(1 + i);
        struct fa_flow *flow;
        lab.peer_iss += 64000;
        open_from(port);
        REQUIRE(fa_listener_accept(&lab.end.listener.listener, &flow) == FA_OK);
        IN(.flags = F | A, .seq = 1, .ack = 1, .port = port);
        fa_flow_close(flow);
        OUT(.flags = F | A, .seq = 1, .ack = 2, .port = port);
        IN(.flags = A, .seq = 2, .ack = 2, .port = port);
        CHECK_EQ(lab.end.tcp.live_count, 0);
    }
    CHECK_EQ(lab.end.tcp.carved_count, 1);
    CHECK_EQ(COUNT(tcp_conn_opened), 10000);
    lab_end();
}
