// SPDX-License-Identifier: ISC
//
// How connections begin: RFC 9293 3.5, options, retransmitted SYNs, initial windows and timers.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
    MSS = TCP_END_MSS,
};

static struct fa_flow *open_flow(uint16_t local_port)
{
    struct fa_tcp_connect_config config = {
        .remote = {lab.peer_ip, LAB_PEER_PORT},
        .local = lab.end.ip,
        .local_port = local_port,
        .mtu_bytes = TCP_END_MTU,
    };
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &config, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    return lab.flow;
}

T(a_syn_is_accepted_and_answered_with_options)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = 1200, .has_scale = true, .scale = 7, .window = 1000);
    OUT(.flags = S | A, .ack = 1, .mss = 1460, .has_scale = true, .scale = 7, .window = 65535);
    IN(.flags = A, .seq = 1, .ack = 1, .window = 10);
    QUIET();
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &lab.flow) == FA_OK);
    struct fa_tcp_info info;
    fa_tcp_info_of(lab.flow, &info);
    CHECK_EQ(info.state, FA_TCP_ESTABLISHED);
    CHECK_EQ(info.mss_bytes, 1200);
    CHECK_EQ(info.tx_window_bytes, 10 << 7);
    CHECK_EQ(info.cwnd_bytes, 12000);
    CHECK_EQ(info.remote.port, LAB_PEER_PORT);
    CHECK_EQ(COUNT(tcp_rx_segments), 2);
    CHECK_EQ(COUNT(tcp_tx_segments), 1);
    lab_end();
}

T(without_the_peers_scale_windows_are_not_scaled)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = 1460, .window = 5000);
    OUT(.flags = S | A, .ack = 1, .mss = 1460, .window = 65535);
    IN(.flags = A, .seq = 1, .ack = 1, .window = 6000);
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &lab.flow) == FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    CHECK_EQ(lab.conn->snd_wnd, 6000);
    CHECK_EQ(lab.conn->rx_scale, 0);
    lab_end();
}

T(mss_is_the_smaller_of_both_and_has_a_floor)
{
    static const struct {
        uint16_t offered;
        uint16_t used;
    } cases[] = {{0, 536}, {1, FA__TCP_MSS_MIN}, {64, 64}, {1460, 1460}, {9000, 1460}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        lab_init(NULL);
        lab_listen(NULL);
        IN(.flags = S, .mss = cases[i].offered);
        OUT(.flags = S | A, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1);
        REQUIRE(fa_listener_accept(&lab.end.listener.listener, &lab.flow) == FA_OK);
        CHECK_EQ(fa__tcp_conn_of(lab.flow)->mss, cases[i].used);
        lab_end();
    }
}

T(mss_leaves_room_for_the_headers_of_either_family)
{
    static const struct {
        uint16_t mtu_bytes;
        uint16_t mss4;
        uint16_t mss6;
    } rows[] = {{1500, 1460, 1440}, {9000, 8960, 8940}, {1280, 1240, 1220}, {124, 84, 64},
        {123, 83, 536}, {104, 64, 536}, {103, 536, 536}, {0, 536, 536}};
    struct fa_ip ip6 = {.b = {0xfe, 0x80, [15] = 1}};
    struct fa_ip ip4 = fa_ip4(192, 0, 2, 1);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK_EQ(fa__tcp_mss_of(&ip4, rows[i].mtu_bytes), rows[i].mss4);
        CHECK_EQ(fa__tcp_mss_of(&ip6, rows[i].mtu_bytes), rows[i].mss6);
    }
}

T(a_peer_that_names_no_mss_takes_the_default_of_its_family)
{
    struct fa_ip ip6 = {.b = {0xfe, 0x80, [15] = 1}};
    struct fa_ip ip4 = fa_ip4(192, 0, 2, 1);
    const struct fa_tcp_header none = {.flags = S};
    const struct fa_tcp_header some = {.flags = S, .mss = 1000};
    CHECK_EQ(fa__tcp_peer_mss(&ip4, &none), 536); // RFC 9293 3.7.1
    CHECK_EQ(fa__tcp_peer_mss(&ip6, &none), 1220);
    CHECK_EQ(fa__tcp_peer_mss(&ip4, &some), 1000);
    CHECK_EQ(fa__tcp_peer_mss(&ip6, &some), 1000);
}

T(a_peers_window_counts_whatever_its_initial_number)
{
    static const uint32_t numbers[] = {0, 1, 0x7fffffff, 0x80000000, 0x90000000, 0xffffffff};
    for (size_t i = 0; i < 2 * FA_COUNT_OF(numbers); i++) {
        lab_init(NULL);
        lab.peer_iss = numbers[i / 2];
        if (i % 2 == 0) {
            lab_listen(NULL);
            lab_accept();
        } else {
            lab_connect();
        }
        IN(.flags = A, .seq = 1, .ack = 1, .window = 3000);
        CHECK_EQ(lab.conn->snd_wnd, 3000);
        lab_write(10 * MSS);
        OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
        OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
        QUIET();
        lab_end();
    }
}

T(window_scale_is_as_small_as_the_window_allows)
{
    static const struct {
        uint32_t window;
        uint8_t scale;
    } cases[] = {{1000, 0}, {65535, 0}, {65536, 1}, {131070, 1}, {131071, 1}, {131072, 2},
        {262144, 3}, {UINT32_C(65535) << 14, 14}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        lab_init(&(struct fa_tcp_config){.rx_window_bytes = cases[i].window});
        open_flow(0);
        OUT(.flags = S, .mss = 1460, .has_scale = true, .scale = cases[i].scale,
            .window = fa__u32_min(cases[i].window, 65535));
        lab_end();
    }
}

T(a_connect_sends_syn_and_is_established_by_its_answer)
{
    lab_init(NULL);
    open_flow(0);
    uint8_t *at;
    size_t cap;
    CHECK_EQ(fa_flow_reserve(lab.flow, &at, &cap), FA_AGAIN);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_AGAIN);
    CHECK(lab.conn->tuple.local_port >= FA__TCP_PORT_FIRST);
    OUT(.flags = S, .mss = 1460, .has_scale = true, .scale = 7, .window = 65535);
    QUIET();
    IN(.flags = S | A, .ack = 1, .mss = 1400, .has_scale = true, .scale = 2, .window = 100);
    OUT(.flags = A, .seq = 1, .ack = 1, .window = 65535 >> 7);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    CHECK_EQ(lab.conn->snd_wnd, 100); // the window of a SYN is never scaled
    CHECK_EQ(lab.conn->mss, 1400);
    CHECK_EQ(fa_flow_reserve(lab.flow, &at, &cap), FA_OK);
    fa_flow_commit(lab.flow, 0);
    lab_end();
}

T(a_syn_is_retransmitted_after_1_2_4_8_16_s_and_given_up_after_63_s)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    fa_ns start = lab.now;
    for (unsigned i = 0; i < 5; i++) {
        OUT(.flags = S, .within_ns = FA_NS_S << i);
    }
    lab_sleep(33 * FA_NS_S);
    CHECK_EQ(lab.lost_count, 0);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    CHECK(lab.now - start >= 63 * FA_NS_S);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ETIMEOUT);
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_ETIMEOUT);
    CHECK_EQ(COUNT(tcp_conn_timeout), 1);
    lab_end();
}

T(a_refused_connect_says_so)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    IN(.flags = R | A, .seq = 0, .ack = 1);
    struct fa_slice seen;
    uint8_t *at;
    size_t cap;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_EREFUSED);
    CHECK_EQ(fa_flow_reserve(lab.flow, &at, &cap), FA_EREFUSED);
    QUIET();
    lab_end();
}

T(only_a_reset_with_the_right_ack_refuses_a_connect)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    IN(.flags = R, .seq = 0);
    IN(.flags = R | A, .seq = 0, .ack = 0);
    IN(.flags = R | A, .seq = 0, .ack = 2);
    QUIET();
    CHECK_EQ(lab_state(), FA_TCP_SYN_SENT);
    CHECK_EQ(COUNT(tcp_rx_bad_reset) + COUNT(tcp_rx_bad_ack), 3);
    lab_end();
}

T(an_ack_of_what_was_not_sent_is_reset_in_syn_sent)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    IN(.flags = A, .seq = 5, .ack = 7);
    OUT(.flags = R, .seq = 7);
    IN(.flags = S | A, .seq = 5, .ack = 0);
    OUT(.flags = R, .seq = 0);
    CHECK_EQ(lab_state(), FA_TCP_SYN_SENT);
    IN(.flags = 0, .seq = 0);
    QUIET();
    lab_end();
}

T(simultaneous_open_ends_established)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    IN(.flags = S, .mss = 1460);
    OUT(.flags = S | A, .ack = 1);
    CHECK_EQ(lab_state(), FA_TCP_SYN_RECEIVED);
    IN(.flags = S | A, .seq = 0, .ack = 1, .mss = 1460);
    OUT(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    CHECK_EQ(lab_write(10), 10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10);
    lab_end();

    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    lab_end();
}

T(simultaneous_open_takes_the_data_beside_the_answer)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = S | A, .seq = 0, .ack = 2); // never sent
    OUT(.flags = R, .seq = 2);
    struct fa_buf *buf;
    struct fa_ip_meta meta = {.local = lab.end.ip, .remote = lab.peer_ip, .mtu_bytes = TCP_END_MTU};
    struct fa_tcp_header header = {
        .source_port = LAB_PEER_PORT,
        .target_port = lab.conn->tuple.local_port,
        .seq = lab.peer_iss,
        .ack = lab.iss + 1,
        .flags = S | A | F,
        .window = 5000,
    };
    buf = tcp_make(&lab.end.pool, &meta.local, &meta.remote, &header, FA_LIT("hello"));
    fa_tcp_input(&lab.end.tcp, lab.now, &meta, buf);
    OUT(.flags = A, .seq = 1, .ack = 7);
    CHECK_EQ(lab_state(), FA_TCP_CLOSE_WAIT);
    struct fa_slice seen;
    REQUIRE(fa_flow_peek(lab.flow, &seen) == FA_OK);
    CHECK_TEXT(seen, "hello");
    lab_end();
}

T(a_reset_in_a_simultaneous_open_refuses)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = R, .seq = 1);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_EREFUSED);
    lab_end();
}

T(a_shutdown_before_the_handshake_ends_sends_a_fin_after_it)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    QUIET();
    IN(.flags = S | A, .ack = 1);
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    CHECK_EQ(lab_state(), FA_TCP_FIN_WAIT_1);
    lab_end();
}

T(a_close_in_syn_sent_leaves_nothing)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    QUIET();
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(a_retransmitted_syn_is_answered_at_once)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    QUIET();
    CHECK_EQ(lab.end.listener.half_open_count, 1);
    lab_end();
}

T(a_syn_ack_is_retransmitted_1_2_4_8_s_then_forgotten)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    for (unsigned i = 0; i < 4; i++) {
        OUT(.flags = S | A, .ack = 1, .within_ns = FA_NS_S << i);
    }
    lab_sleep(17 * FA_NS_S);
    CHECK_EQ(lab.lost_count, 0);
    CHECK_EQ(lab.end.listener.half_open_count, 0);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(after_a_lost_syn_the_window_is_one_segment_and_the_rto_3_s)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    OUT(.flags = S, .within_ns = FA_NS_S);
    IN(.flags = S | A, .ack = 1, .mss = 1460);
    OUT(.flags = A, .seq = 1, .ack = 1);
    struct fa_tcp_info info;
    fa_tcp_info_of(lab.flow, &info);
    CHECK_EQ(info.cwnd_bytes, 1460);
    CHECK_EQ(info.srtt_ns, 0);
    CHECK_EQ(info.rto_ns, 3 * FA_NS_S);
    CHECK_EQ(lab_write(5000), 5000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460, .within_ns = 3 * FA_NS_S);
    lab_end();
}

/* RFC 7323 4: so the 3 s of RFC 6298 5.7, for a way that is not known, are not needed. */
T(a_timestamp_tells_which_of_two_syns_was_answered)
{
    for (uint32_t which = 0; which < 2; which++) {
        struct fa_tcp_info info;
        lab_init(NULL);
        open_flow(0);
        OUT(.flags = S);
        OUT(.flags = S, .within_ns = FA_NS_S);
        lab_sleep(50 * FA_NS_MS);
        IN(.flags = S | A, .ack = 1, .mss = 1460, .has_ts = true, .ts_value = 7,
            .ts_echo = 1000 * which);
        OUT(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_echo = 7);
        fa_tcp_info_of(lab.flow, &info);
        CHECK_EQ(info.srtt_ns, (which == 0 ? 1050 : 50) * FA_NS_MS);
        CHECK_EQ(info.cwnd_bytes, info.mss_bytes); // one was lost all the same
        lab_end();
    }
}

T(the_handshake_measures_the_round_trip)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    lab.now += 30 * FA_NS_MS;
    IN(.flags = S | A, .ack = 1);
    struct fa_tcp_info info;
    fa_tcp_info_of(lab.flow, &info);
    CHECK_EQ(info.srtt_ns, 30 * FA_NS_MS);
    CHECK_EQ(info.rto_ns, 200 * FA_NS_MS); // 30 + 4 * 15 is below the minimum
    lab_end();
}

T(initial_window_is_ten_segments_of_at_most_14600_bytes)
{
    static const struct {
        uint16_t mss;
        uint32_t cwnd;
    } cases[] = {{536, 5360}, {1460, 14600}, {1000, 10000}, {4000, 14600}, {8960, 17920}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        struct fa_tcp tcp = {.config.initial_segments = 10};
        struct fa_tcp_conn conn = {.tcp = &tcp, .mss = cases[i].mss};
        fa__tcp_new_reno.init(&conn, false);
        CHECK_EQ(conn.cwnd, cases[i].cwnd);
    }
}

T(data_and_fin_beside_a_syn_come_again)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .len = 100);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &lab.flow) == FA_OK);
    CHECK_EQ(lab_read(200), 100);
    lab_end();

    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S | F);
    QUIET();
    CHECK_EQ(COUNT(tcp_rx_bad_syn), 1);
    lab_end();
}

T(ecn_syns_are_accepted_without_ecn)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S | FA_TCP_ECE | FA_TCP_CWR);
    OUT(.flags = S | A, .ack = 1);
    lab_end();
}

T(the_last_ack_may_carry_data_and_fin)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = F | A, .seq = 1, .ack = 1, .len = 42);
    OUT(.flags = A, .seq = 1, .ack = 44);
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &lab.flow) == FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    CHECK_EQ(lab_state(), FA_TCP_CLOSE_WAIT);
    CHECK_EQ(lab_read(100), 42);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ECLOSED);
    lab_end();
}

T(a_wrong_last_ack_is_reset_and_the_half_open_stays)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 0);
    OUT(.flags = R, .seq = 0);
    IN(.flags = A, .seq = 1, .ack = 2);
    OUT(.flags = R, .seq = 2);
    CHECK_EQ(lab.end.listener.half_open_count, 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(lab.end.listener.accept_count, 1);
    lab_end();
}

T(a_reset_ends_a_half_open_connection_silently)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = R, .seq = 1);
    QUIET();
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(lab.end.listener.half_open_count, 0);
    lab_end();
}

T(segments_for_a_listener_without_syn)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab.iss = 0;
    IN(.flags = A, .seq = 1, .ack = 77);
    OUT(.flags = R, .seq = 77);
    IN(.flags = R, .seq = 1);
    IN(.flags = F, .seq = 1);
    IN(.flags = 0, .seq = 1);
    QUIET();
    lab_end();
}

T(a_specific_listener_wins_over_any_address)
{
    static struct fa_tcp_listener any;
    lab_init(NULL);
    lab_listen(&(struct fa_tcp_listen_config){.ip = lab.end.ip});
    CHECK_EQ(
        fa_tcp_listen(&lab.end.tcp, &any, &(struct fa_tcp_listen_config){.port = LAB_PORT}), FA_OK);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    CHECK_EQ(lab.end.listener.half_open_count, 1);
    CHECK_EQ(any.half_open_count, 0);
    fa_listener_close(&any.listener);
    lab_end();
}

T(a_taken_port_and_port_0_cannot_be_listened_on)
{
    static struct fa_tcp_listener other;
    lab_init(NULL);
    lab_listen(NULL);
    CHECK_EQ(fa_tcp_listen(&lab.end.tcp, &other, &(struct fa_tcp_listen_config){.port = LAB_PORT}),
        FA_EINVAL);
    CHECK_EQ(
        fa_tcp_listen(&lab.end.tcp, &other, &(struct fa_tcp_listen_config){.port = 0}), FA_EINVAL);
    lab_end();
}

T(connects_that_cannot_be_are_refused)
{
    lab_init(NULL);
    struct fa_tcp_connect_config good = {.remote = {lab.peer_ip, 9},
        .local = lab.end.ip,
        .local_port = 1000,
        .mtu_bytes = TCP_END_MTU};
    struct fa_flow *flow = NULL;
    struct fa_tcp_connect_config bad = good;
    bad.remote.port = 0;
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &bad, &flow), FA_EINVAL);
    bad = good;
    bad.remote.ip = (struct fa_ip){0};
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &bad, &flow), FA_EINVAL);
    bad = good;
    bad.remote = (struct fa_endpoint){lab.end.ip, 1000}; // itself
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &bad, &flow), FA_EINVAL);
    CHECK(flow == NULL);
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &good, &flow), FA_OK);
    struct fa_flow *again = NULL;
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &good, &again), FA_EINVAL);
    CHECK(again == NULL);
    fa_flow_close(flow);
    lab_end();
}

T(initial_numbers_differ_by_tuple_and_grow_with_time)
{
    lab_init(NULL);
    struct fa__tcp_tuple tuple = {lab.end.ip, lab.peer_ip, 80, 1000};
    lab.end.tcp.now = lab.now;
    uint32_t first = fa__tcp_isn(&lab.end.tcp, &tuple);
    tuple.remote_port++;
    CHECK(fa__tcp_isn(&lab.end.tcp, &tuple) - first > 1000);
    tuple.remote_port--;
    lab.end.tcp.now += FA_NS_S;
    CHECK_EQ(fa__tcp_isn(&lab.end.tcp, &tuple) - first, 250000); // one in 4 us
}

T(icmp_errors_end_a_connect_alone)
{
    lab_init(NULL);
    open_flow(0);
    OUT(.flags = S);
    uint8_t quoted[8];
    fa_be16_store(quoted, lab.conn->tuple.local_port);
    fa_be16_store(quoted + 2, LAB_PEER_PORT);
    fa_be32_store(quoted + 4, lab.iss + 1); // not in flight
    struct fa_ip_meta meta = {.local = lab.end.ip, .remote = lab.peer_ip, .mtu_bytes = 1300};
    struct fa_slice slice = {quoted, sizeof quoted};
    struct fa_slice seen;
    fa_tcp_icmp(&lab.end.tcp, lab.now, &meta, FA_TCP_ICMP_UNREACHABLE, slice);
    fa_tcp_icmp(
        &lab.end.tcp, lab.now, &meta, FA_TCP_ICMP_UNREACHABLE, (struct fa_slice){quoted, 7});
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_AGAIN);
    CHECK_EQ(COUNT(tcp_icmp_ignored), 2);
    fa_be32_store(quoted + 4, lab.iss);
    fa_tcp_icmp(&lab.end.tcp, lab.now, &meta, FA_TCP_ICMP_UNREACHABLE, slice);
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_EREFUSED);
    lab_end();
}

T(icmp_too_big_makes_segments_smaller_and_sends_again)
{
    lab_init(NULL);
    lab_connect();
    CHECK_EQ(lab_write(2000), 2000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1460);
    OUT(.flags = A, .seq = 1461, .ack = 1, .len = 540);
    uint8_t quoted[8];
    fa_be16_store(quoted, lab.conn->tuple.local_port);
    fa_be16_store(quoted + 2, LAB_PEER_PORT);
    fa_be32_store(quoted + 4, lab.iss + 1);
    struct fa_ip_meta meta = {.local = lab.end.ip, .remote = lab.peer_ip, .mtu_bytes = 1040};
    struct fa_slice slice = {quoted, sizeof quoted};
    fa_tcp_icmp(&lab.end.tcp, lab.now, &meta, FA_TCP_ICMP_TOO_BIG, slice);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    OUT(.flags = A, .seq = 1001, .ack = 1, .len = 1000);
    QUIET();
    meta.mtu_bytes = 68; // forged: never below 576
    fa_tcp_icmp(&lab.end.tcp, lab.now, &meta, FA_TCP_ICMP_TOO_BIG, slice);
    CHECK_EQ(lab.conn->mss, 536);
    CHECK_EQ(COUNT(tcp_pmtu_lowered), 2);
    meta.mtu_bytes = 1500;
    fa_tcp_icmp(&lab.end.tcp, lab.now, &meta, FA_TCP_ICMP_TOO_BIG, slice);
    CHECK_EQ(lab.conn->mss, 536);
    lab_end();
}
