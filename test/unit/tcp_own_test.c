// SPDX-License-Identifier: ISC
//
// What one connection has of its own (struct fa_tcp_options), in the place of the configuration's.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
    MSS = TCP_END_MSS,
};

static void start(const struct fa_tcp_options *options)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    fa_tcp_options_set(lab.flow, lab.now, options);
}

T(a_connection_is_kept_alive_at_its_own_pace)
{
    start(&(struct fa_tcp_options){
        .keepalive_after_s = 10, .keepalive_interval_s = 3, .keepalive_probes = 2});
    fa_tcp_keepalive_set(lab.flow, lab.now, true);
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = 10 * FA_NS_S);
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = 3 * FA_NS_S);
    OUT(.flags = R | A, .seq = 1, .ack = 1, .within_ns = 3 * FA_NS_S);
    lab_end();
}

T(another_pace_counts_from_when_it_is_set)
{
    start(&(struct fa_tcp_options){0});
    fa_tcp_keepalive_set(lab.flow, lab.now, true);
    lab_sleep(100 * FA_NS_S);
    fa_tcp_options_set(lab.flow, lab.now, &(struct fa_tcp_options){.keepalive_after_s = 5});
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = 5 * FA_NS_S);
    IN(.flags = A, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = 5 * FA_NS_S);
    lab_end();
}

T(the_wait_for_the_last_fin_may_be_shorter)
{
    start(&(struct fa_tcp_options){.fin_wait_2_s = 2});
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 2);
    CHECK_EQ(lab.end.tcp.live_count, 1);
    lab_sleep(1900 * FA_NS_MS);
    CHECK_EQ(lab.end.tcp.live_count, 1);
    lab_sleep(200 * FA_NS_MS);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();

    start(&(struct fa_tcp_options){.fin_wait_2_s = 2}); // closed when it is in that state already
    lab_to(FA_TCP_FIN_WAIT_2);
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    lab_sleep(2100 * FA_NS_MS);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(packets_have_their_own_hop_limit_and_class_to_the_last)
{
    start(&(struct fa_tcp_options){.ttl = 255, .traffic = 0xb8 | FA_IP_ECN_CE});
    lab_write(10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10, .ttl = 255, .ecn = true, .traffic = 0xb8);
    IN(.flags = A, .seq = 1, .ack = 11);
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    OUT(.flags = F | A, .seq = 11, .ack = 1, .ttl = 255, .ecn = true, .traffic = 0xb8);
    IN(.flags = F | A, .seq = 1, .ack = 12);
    OUT(.flags = A, .seq = 12, .ack = 2, .ttl = 255, .ecn = true, .traffic = 0xb8);
    IN(.flags = F | A, .seq = 1, .ack = 12);
    OUT(.flags = A, .seq = 12, .ack = 2, .ttl = 255);
    lab_end();
}

T(a_class_does_not_hide_the_marks_of_routers)
{
    lab_init(NULL);
    lab_listen(&(struct fa_tcp_listen_config){.options.traffic = 0x28});
    IN(.flags = S | FA_TCP_ECE | FA_TCP_CWR, .mss = MSS);
    OUT(.flags = S | A | FA_TCP_ECE, .ack = 1, .mss = MSS, .ecn = true, .traffic = 0x28);
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    lab_write(10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10, .ecn = true, .traffic = 0x28 | FA_IP_ECN_ECT0);
    lab_end();
}

T(a_connect_asks_for_segments_of_its_own_size_and_sends_no_larger_ones)
{
    struct fa_tcp_connect_config config = {
        .remote = {fa_ip4(192, 0, 2, 2), LAB_PEER_PORT},
        .local = fa_ip4(192, 0, 2, 1),
        .mtu_bytes = TCP_END_MTU,
        .options = {.mss_bytes = 700, .ttl = 3},
    };
    lab_init(NULL);
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &config, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    OUT(.flags = S, .mss = 700, .has_scale = true, .scale = lab.conn->rx_scale, .ttl = 3);
    IN(.flags = S | A, .ack = 1, .mss = MSS);
    OUT(.flags = A, .seq = 1, .ack = 1);
    lab_write(1000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 700);
    OUT(.flags = A, .seq = 701, .ack = 1, .len = 300);
    lab_end();
}

T(a_size_of_segments_is_neither_tiny_nor_more_than_the_way_takes)
{
    static const struct {
        uint16_t wanted;
        uint16_t got;
    } cases[] = {{0, MSS}, {1, FA__TCP_MSS_MIN}, {900, 900}, {9000, MSS}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        lab_init(NULL);
        lab_listen(&(struct fa_tcp_listen_config){.options.mss_bytes = cases[i].wanted});
        IN(.flags = S, .mss = 9000);
        OUT(.flags = S | A, .ack = 1, .mss = cases[i].got);
        CHECK_EQ(fa__tcp_conn_at(&lab.end.tcp, 0)->mss, cases[i].got);
        lab_end();
    }
}

T(a_cookie_has_the_options_of_its_listener)
{
    lab_init(NULL);
    lab_listen(&(struct fa_tcp_listen_config){
        .half_open_max = 1, .options = {.mss_bytes = 600, .ttl = 255, .traffic = 0x20}});
    IN(.flags = S, .mss = MSS, .port = 1);
    OUT(.flags = S | A, .ack = 1, .mss = 600, .port = 1, .ttl = 255);
    IN(.flags = S, .mss = MSS);
    OUT(.flags = S | A, .ack = 1, .mss = 600, .ttl = 255, .ecn = true, .traffic = 0x20);
    CHECK_EQ(COUNT(tcp_cookie_sent), 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    CHECK_EQ(lab.conn->ttl, 255);
    CHECK_EQ(lab.conn->rx_mss, 600);
    lab_end();
}

T(a_window_of_its_own_is_announced_and_not_outgrown)
{
    lab_init(NULL);
    lab_listen(&(struct fa_tcp_listen_config){.options.rx_window_bytes = 10000});
    IN(.flags = S, .mss = MSS);
    OUT(.flags = S | A, .ack = 1, .mss = MSS, .window = 10240);
    lab_sleep(10 * FA_NS_MS); // the round trip
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    for (int64_t seq = 1; seq < 100000; seq += 7000) {
        for (int64_t off = 0; off < 7000; off += 1400) {
            IN(.flags = A, .seq = seq + off, .ack = 1, .len = 1400);
        }
        CHECK_EQ(lab_read(7000), 7000);
        lab_sleep(20 * FA_NS_MS);
    }
    CHECK_EQ(fa__tcp_rx_window(lab.conn), 10240);
    fa_tcp_options_set(lab.flow, lab.now, &(struct fa_tcp_options){.rx_window_bytes = 1});
    CHECK_EQ(fa__tcp_rx_window(lab.conn), 2048);
    lab_end();
}

T(a_send_buffer_of_its_own_takes_that_much_and_no_more_than_the_configuration_has)
{
    static const struct {
        uint32_t wanted;
        uint32_t got;
    } cases[] = {{1, 2048}, {2049, 3072}, {1 << 20, 40000}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        lab_init(&(struct fa_tcp_config){.tx_buffer_bytes = 40000});
        lab_listen(NULL);
        lab_accept();
        fa_tcp_options_set(
            lab.flow, lab.now, &(struct fa_tcp_options){.tx_buffer_bytes = cases[i].wanted});
        CHECK_EQ(lab_write(100000), cases[i].got);
        lab_end();
    }
}

T(what_arrives_is_acknowledged_at_once_if_asked_for)
{
    start(&(struct fa_tcp_options){.quick_ack = true});
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 101);
    fa_tcp_options_set(lab.flow, lab.now, &(struct fa_tcp_options){0});
    IN(.flags = A, .seq = 101, .ack = 1, .len = 100);
    QUIET();
    OUT(.flags = A, .seq = 1, .ack = 201, .within_ns = 40 * FA_NS_MS);
    lab_end();
}
