// SPDX-License-Identifier: ISC
//
// How long connections are kept: keepalive, user timeout, linger, the bounds of orphans and
// TIME_WAIT.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
    MSS = TCP_END_MSS,
};

#define AFTER    (7200 * FA_NS_S)
#define INTERVAL (75 * FA_NS_S)

static void start(const struct fa_tcp_config *config)
{
    lab_init(config);
    lab_listen(NULL);
    lab_accept();
}

static void close_flow(void)
{
    fa_flow_close(lab.flow);
    lab.flow = NULL;
}

/* ---- keepalive ---- */

T(without_keepalive_an_idle_connection_costs_no_segment_and_no_timer)
{
    start(NULL);
    lab_sleep(2 * FA_NS_S); // the SYN+ACK's timer fires in vain
    CHECK_EQ(fa_tcp_deadline(&lab.end.tcp), FA_NS_NEVER);
    lab_sleep(30 * 86400 * FA_NS_S);
    CHECK_EQ(lab.lost_count, 0);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    lab_end();
}

T(a_silent_peer_is_asked_with_the_number_before_the_next)
{
    start(&(struct fa_tcp_config){.keepalive = true});
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = AFTER);
    CHECK_EQ(COUNT(tcp_keepalive_sent), 1);
    IN(.flags = A, .seq = 1, .ack = 1); // it lives
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = AFTER);
    lab_end();
}

T(keepalive_counts_from_when_it_is_switched_on)
{
    start(NULL);
    lab.now += 1000 * FA_NS_S; // the TCP has not been called since
    fa_tcp_keepalive_set(lab.flow, lab.now, true);
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = AFTER);
    lab_end();
}

T(a_peer_that_answers_no_probe_is_reset)
{
    start(&(struct fa_tcp_config){.keepalive = true, .keepalive_probes = 3});
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = AFTER);
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = INTERVAL);
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = INTERVAL);
    OUT(.flags = R | A, .seq = 1, .ack = 1, .within_ns = INTERVAL);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ETIMEOUT);
    CHECK_EQ(COUNT(tcp_keepalive_timeout), 1);
    lab_end();
}

T(whatever_the_peer_says_starts_the_silence_anew)
{
    start(&(struct fa_tcp_config){.keepalive = true});
    lab_sleep(AFTER / 2);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 101, .within_ns = 40 * FA_NS_MS);
    lab_sleep(AFTER - FA_NS_S);
    CHECK_EQ(lab.lost_count, 0);
    lab_sleep(2 * FA_NS_S);
    CHECK_EQ(lab.lost_count, 1);
    CHECK_EQ(COUNT(tcp_keepalive_sent), 1);
    lab_end();
}

T(segments_out_of_the_window_do_not_count_as_life)
{
    start(&(struct fa_tcp_config){.keepalive = true});
    for (int i = 0; i < 9; i++) {
        lab_sleep(AFTER / 10);
        IN(.flags = A, .seq = 100000, .ack = 1);
    }
    lab_sleep(AFTER / 10 + FA_NS_S);
    CHECK_EQ(COUNT(tcp_keepalive_sent), 1);
    lab_end();
}

T(what_is_not_acknowledged_is_sent_again_and_no_probe)
{
    start(&(struct fa_tcp_config){
        .keepalive = true, .keepalive_after_ns = FA_NS_S, .user_timeout_ns = 100 * FA_NS_S});
    lab_write(100);
    lab_sleep(90 * FA_NS_S);
    CHECK_EQ(COUNT(tcp_keepalive_sent), 0);
    lab_sleep(20 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    CHECK_EQ(COUNT(tcp_conn_timeout), 1);
    lab_end();
}

T(keepalive_can_be_switched_for_one_connection)
{
    start(NULL);
    lab_sleep(AFTER);
    fa_tcp_keepalive_set(lab.flow, lab.now, true);
    OUT(.flags = A, .seq = 0, .ack = 1, .within_ns = AFTER);
    fa_tcp_keepalive_set(lab.flow, lab.now, false);
    lab_sleep(10 * AFTER);
    CHECK_EQ(lab.lost_count, 0);
    lab_end();
}

T(a_half_closed_connection_is_kept_alive_too)
{
    static const enum fa_tcp_state states[] = {FA_TCP_CLOSE_WAIT, FA_TCP_FIN_WAIT_2};
    for (size_t i = 0; i < FA_COUNT_OF(states); i++) {
        start(&(struct fa_tcp_config){.keepalive = true, .keepalive_probes = 1});
        lab_to(states[i]);
        lab_sleep(AFTER + INTERVAL + FA_NS_S);
        CHECK_EQ(COUNT(tcp_keepalive_sent), 1);
        CHECK_EQ(COUNT(tcp_keepalive_timeout), 1);
        CHECK_EQ(lab_state(), FA_TCP_CLOSED);
        lab_end();
    }
}

T(an_orphan_does_not_inherit_the_probe_timer_as_its_end)
{
    start(&(struct fa_tcp_config){.keepalive = true, .keepalive_after_ns = FA_NS_S});
    close_flow();
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 2);
    lab_sleep(10 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 1); // FIN_WAIT_2 lasts 60 s
    lab_sleep(51 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

/* ---- user timeout ---- */

T(the_user_timeout_of_one_connection_goes_before_that_of_all)
{
    start(&(struct fa_tcp_config){.user_timeout_ns = 100 * FA_NS_S});
    fa_tcp_user_timeout_set(lab.flow, 5 * FA_NS_S);
    lab_write(10);
    lab_sleep(4900 * FA_NS_MS);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    lab_sleep(200 * FA_NS_MS);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    lab_end();

    start(&(struct fa_tcp_config){.user_timeout_ns = 5 * FA_NS_S});
    fa_tcp_user_timeout_set(lab.flow, 1000 * FA_NS_S);
    lab_write(10);
    lab_sleep(900 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    fa_tcp_user_timeout_set(lab.flow, 0); // as all the others
    lab_sleep(100 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    lab_end();
}

T(the_user_timeout_ends_keepalive_early)
{
    start(&(struct fa_tcp_config){.keepalive = true,
        .keepalive_after_ns = 10 * FA_NS_S,
        .keepalive_interval_ns = 10 * FA_NS_S,
        .keepalive_probes = 100});
    fa_tcp_user_timeout_set(lab.flow, 25 * FA_NS_S);
    lab_sleep(29 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    lab_sleep(2 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    CHECK_EQ(COUNT(tcp_keepalive_sent), 2);
    lab_end();
}

/* ---- linger ---- */

T(closing_within_a_time_resets_what_is_not_acknowledged_by_then)
{
    start(NULL);
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    fa_tcp_close_within(lab.flow, 3 * FA_NS_S);
    lab.flow = NULL;
    OUT(.flags = F | A, .seq = 101, .ack = 1);
    lab_sleep(2900 * FA_NS_MS);
    CHECK_EQ(lab.end.tcp.live_count, 1);
    lab_sleep(200 * FA_NS_MS);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(COUNT(tcp_linger_expired), 1);
    CHECK_EQ(COUNT(tcp_reset_sent), 1);
    lab_end();
}

T(closing_within_a_time_is_an_ordinary_close_when_the_peer_acknowledges)
{
    start(NULL);
    fa_tcp_close_within(lab.flow, 3 * FA_NS_S);
    lab.flow = NULL;
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 2);
    lab_sleep(30 * FA_NS_S);
    IN(.flags = F | A, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT);
    lab_sleep(61 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(COUNT(tcp_linger_expired), 0);
    CHECK_EQ(COUNT(tcp_reset_sent), 0);
    lab_end();
}

T(closing_within_no_time_resets)
{
    start(NULL);
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    fa_tcp_close_within(lab.flow, 0);
    lab.flow = NULL;
    OUT(.flags = R | A, .seq = 101, .ack = 1);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

/* ---- bounds ---- */

static uint32_t iss_of[65536]; /* by the peer's port */

static struct fa_flow *open_from(uint16_t port)
{
    struct fa_flow *flow = NULL;
    IN(.flags = S, .port = port, .mss = MSS);
    OUT(.flags = S | A, .ack = 1, .port = port);
    IN(.flags = A, .seq = 1, .ack = 1, .port = port);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &flow), FA_OK);
    iss_of[port] = lab.iss;
    return flow;
}

T(the_oldest_orphan_is_reset_for_a_newcomer)
{
    lab_init(&(struct fa_tcp_config){.orphan_count_max = 2});
    lab_listen(NULL);
    for (uint16_t port = 1; port <= 3; port++) {
        fa_flow_close(open_from(port));
        if (port < 3) {
            OUT(.flags = F | A, .seq = 1, .ack = 1, .port = port);
        }
    }
    OUT(.flags = F | A, .seq = 1, .ack = 1, .port = 3);
    lab.iss = iss_of[1];
    OUT(.flags = R | A, .seq = 2, .ack = 1, .port = 1);
    CHECK_EQ(lab.end.tcp.orphan_count, 2);
    CHECK_EQ(COUNT(tcp_orphan_evicted), 1);
    lab.iss = iss_of[2];
    IN(.flags = F | A, .seq = 1, .ack = 2, .port = 2);
    CHECK_EQ(lab.end.tcp.orphan_count, 1); // one that waits is none
    CHECK_EQ(lab.end.tcp.time_wait_count, 1);
    lab_sleep(400 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.orphan_count, 0);
    CHECK_EQ(lab.end.tcp.time_wait_count, 0);
    lab_end();
}

T(the_oldest_time_wait_goes_for_a_newcomer)
{
    lab_init(&(struct fa_tcp_config){.time_wait_count_max = 2});
    lab_listen(NULL);
    for (uint16_t port = 1; port <= 3; port++) {
        fa_flow_close(open_from(port));
        OUT(.flags = F | A, .seq = 1, .ack = 1, .port = port);
        IN(.flags = F | A, .seq = 1, .ack = 2, .port = port);
        OUT(.flags = A, .seq = 2, .ack = 2, .port = port);
    }
    CHECK_EQ(lab.end.tcp.time_wait_count, 2);
    CHECK_EQ(lab.end.tcp.live_count, 2);
    CHECK_EQ(COUNT(tcp_time_wait_evicted), 1);
    lab.iss = iss_of[2];
    IN(.flags = F | A, .seq = 1, .ack = 2, .port = 2); // begins anew, becomes the youngest
    OUT(.flags = A, .seq = 2, .ack = 2, .port = 2);
    fa_flow_close(open_from(4));
    OUT(.flags = F | A, .seq = 1, .ack = 1, .port = 4);
    IN(.flags = F | A, .seq = 1, .ack = 2, .port = 4);
    OUT(.flags = A, .seq = 2, .ack = 2, .port = 4);
    lab.iss = iss_of[2];
    IN(.flags = A, .seq = 1, .ack = 2, .len = 1, .port = 2);
    OUT(.flags = A, .seq = 2, .ack = 2, .port = 2);
    lab_end();
}

T(many_closes_by_us_keep_both_bounds)
{
    enum { COUNT_ = 20000 };
    lab_init(&(struct fa_tcp_config){.orphan_count_max = 50, .time_wait_count_max = 50});
    lab_listen(NULL);
    for (int i = 0; i < COUNT_; i++) {
        uint16_t port = (uint16_t)(1 + i % 60000);
        lab.peer_iss += 64000;
        fa_flow_close(open_from(port));
        if (i % 3 != 0) {
            IN(.flags = F | A, .seq = 1, .ack = 2, .port = port);
        }
        lab_sleep(0);
        CHECK(lab.end.tcp.live_count <= 101);
    }
    lab_end();
}

/* ---- TIME_WAIT gives way to a connect ---- */

static fa_err connect_again(struct fa_flow **ret_flow)
{
    struct fa_tcp_connect_config config = {.remote = {lab.peer_ip, LAB_PEER_PORT},
        .local = lab.end.ip,
        .local_port = 40001,
        .mtu_bytes = TCP_END_MTU};
    return fa_tcp_connect(&lab.end.tcp, lab.now, &config, ret_flow);
}

T(a_connect_may_take_the_tuple_of_a_time_wait_if_timestamps_tell_them_apart)
{
    for (int with_ts = 0; with_ts < 2; with_ts++) {
        lab_init(NULL);
        REQUIRE(connect_again(&lab.flow) == FA_OK);
        lab.conn = fa__tcp_conn_of(lab.flow);
        OUT(.flags = S);
        IN(.flags = S | A, .ack = 1, .has_ts = with_ts != 0, .ts_value = 10, .mss = MSS);
        lab_sleep(0);
        fa_flow_close(lab.flow);
        lab.flow = NULL;
        lab_sleep(0);
        IN(.flags = F | A, .seq = 1, .ack = 2, .has_ts = with_ts != 0, .ts_value = 11);
        lab_sleep(0);
        CHECK_EQ(lab.end.tcp.time_wait_count, 1);
        uint32_t past = lab.conn->snd_max;
        uint32_t ts = fa__tcp_ts_now(lab.conn);
        struct fa_flow *flow = NULL;
        CHECK_EQ(connect_again(&flow), FA_EINVAL); // too early
        lab_sleep(1100 * FA_NS_MS);
        CHECK_EQ(connect_again(&flow), with_ts ? FA_OK : FA_EINVAL);
        CHECK_EQ(lab.end.tcp.live_count, 1);
        if (with_ts) {
            const struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
            CHECK(fa__seq_lt(past, conn->iss));
            CHECK(fa__seq_lt(ts, fa__tcp_ts_now(conn)));
            CHECK_EQ(COUNT(tcp_time_wait_reused), 1);
            fa_flow_abort(flow);
        }
        lab_end();
    }
}
