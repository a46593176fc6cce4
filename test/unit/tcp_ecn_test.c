// SPDX-License-Identifier: ISC
//
// Explicit congestion notification (RFC 3168): agreeing on it, telling of marks, slowing down; and
// corking.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    E = FA_TCP_ECE,
    W = FA_TCP_CWR,
    MSS = TCP_END_MSS,
    ECT0 = FA_IP_ECN_ECT0,
    CE = FA_IP_ECN_CE,
};

static void accept_ecn(void)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S | E | W, .mss = MSS);
    OUT(.flags = S | A | E, .ack = 1, .ecn = true);
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
}

T(a_listener_agrees_to_who_asks_with_both_flags_only)
{
    static const uint8_t cases[] = {0, E, W, E | W};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        for (int off = 0; off < 2; off++) {
            const struct fa_tcp_config config = {.features_off = off != 0 ? FA_TCP_ECN : 0};
            bool agrees = cases[i] == (E | W) && off == 0;
            lab_init(&config);
            lab_listen(NULL);
            IN(.flags = S | cases[i], .mss = MSS);
            OUT(.flags = (uint8_t)(S | A | (agrees ? E : 0)), .ack = 1, .ecn = true);
            CHECK_EQ(fa__tcp_conn_at(&lab.end.tcp, 0)->ecn_ok, agrees);
            lab_end();
        }
    }
}

T(an_answer_to_our_syn_agrees_with_ece_alone)
{
    static const uint8_t cases[] = {0, E, W, E | W};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        struct fa_tcp_connect_config to = {.local = fa_ip4(192, 0, 2, 1), .mtu_bytes = 1500};
        lab_init(NULL);
        to.remote = (struct fa_endpoint){lab.peer_ip, LAB_PEER_PORT};
        CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &to, &lab.flow), FA_OK);
        lab.conn = fa__tcp_conn_of(lab.flow);
        OUT(.flags = S | E | W, .ecn = true);
        IN(.flags = S | A | cases[i], .ack = 1, .mss = MSS);
        OUT(.flags = A, .seq = 1, .ack = 1, .ecn = true);
        CHECK_EQ(lab.conn->ecn_ok, cases[i] == E);
        lab_end();
    }
}

T(a_syn_that_was_lost_asks_no_more)
{
    struct fa_tcp_connect_config to = {.local = fa_ip4(192, 0, 2, 1), .mtu_bytes = 1500};
    lab_init(NULL);
    to.remote = (struct fa_endpoint){lab.peer_ip, LAB_PEER_PORT};
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &to, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    OUT(.flags = S | E | W, .ecn = true);
    OUT(.flags = S, .ecn = true, .within_ns = FA_NS_S);
    lab_end();
}

T(a_syn_asks_only_if_it_may)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_ECN_ASK};
    struct fa_tcp_connect_config to = {.local = fa_ip4(192, 0, 2, 1), .mtu_bytes = 1500};
    lab_init(&config);
    to.remote = (struct fa_endpoint){lab.peer_ip, LAB_PEER_PORT};
    CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &to, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    OUT(.flags = S, .ecn = true);
    lab_end();
}

/* RFC 3168 6.1.3 */
T(a_mark_is_told_until_the_peer_has_slowed_down)
{
    accept_ecn();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10, .traffic = CE);
    OUT(.flags = A | E, .seq = 1, .ack = 11, .ecn = true); // at once
    IN(.flags = A, .seq = 11, .ack = 1, .len = 10, .traffic = ECT0);
    OUT(.flags = A | E, .seq = 1, .ack = 21, .ecn = true, .within_ns = 40 * FA_NS_MS);
    IN(.flags = A | W, .seq = 21, .ack = 1, .len = 10, .traffic = ECT0);
    OUT(.flags = A, .seq = 1, .ack = 31, .ecn = true, .within_ns = 40 * FA_NS_MS);
    IN(.flags = A | W, .seq = 31, .ack = 1, .len = 10, .traffic = CE); // marked again
    OUT(.flags = A | E, .seq = 1, .ack = 41, .ecn = true);
    CHECK_EQ(COUNT(tcp_rx_marked), 2);
    lab_end();
}

T(without_agreement_a_mark_means_nothing)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10, .traffic = CE);
    OUT(.flags = A, .seq = 1, .ack = 11, .ecn = true, .within_ns = 40 * FA_NS_MS);
    CHECK_EQ(lab_write(10), 10);
    OUT(.flags = A, .seq = 1, .ack = 11, .len = 10, .ecn = true);
    lab_end();
}

/* 6.1.4, 6.1.5 */
T(only_new_data_may_be_marked)
{
    accept_ecn();
    CHECK_EQ(lab_write(10), 10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10, .ecn = true, .traffic = ECT0);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10, .ecn = true, .within_ns = 200 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 11);
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    OUT(.flags = F | A, .seq = 11, .ack = 1, .ecn = true);
    lab_end();
}

/* 6.1.2 */
T(being_told_of_a_mark_halves_the_window_once_a_round_trip)
{
    accept_ecn();
    CHECK_EQ(lab_write(20 * MSS), 20 * MSS);
    for (int i = 0; i < 10; i++) {
        OUT(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS, .ecn = true, .traffic = ECT0);
    }
    IN(.flags = A | E, .seq = 1, .ack = 1 + MSS);
    CHECK(lab.conn->cwnd <= 6 * MSS);
    uint32_t cwnd = lab.conn->cwnd;
    QUIET();
    IN(.flags = A | E, .seq = 1, .ack = 1 + 9 * MSS);
    CHECK_EQ(lab.conn->cwnd, cwnd);
    // All that was out, but the peer has not heard yet that we have slowed down.
    IN(.flags = A | E, .seq = 1, .ack = 1 + 10 * MSS);
    CHECK_EQ(lab.conn->cwnd, cwnd);
    CHECK_EQ(COUNT(tcp_ecn_reduced), 1);
    // The first new segment says so, the next does not.
    OUT(.flags = A | W, .seq = 1 + 10 * MSS, .ack = 1, .len = MSS, .ecn = true, .traffic = ECT0);
    OUT(.flags = A, .seq = 1 + 11 * MSS, .ack = 1, .len = MSS, .ecn = true, .traffic = ECT0);
    OUT(.flags = A, .seq = 1 + 12 * MSS, .ack = 1, .len = MSS, .ecn = true, .traffic = ECT0);
    IN(.flags = A | E, .seq = 1, .ack = 1 + 11 * MSS);
    CHECK_EQ(COUNT(tcp_ecn_reduced), 2); // a new round trip, a new mark
    lab_end();
}

/* ---- corking ---- */

T(a_cork_keeps_back_what_fills_no_segment)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
    fa_tcp_cork_set(lab.flow, true);
    CHECK_EQ(lab_write(MSS + 10), MSS + 10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 1 + MSS);
    QUIET();
    fa_tcp_cork_set(lab.flow, false);
    OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = 10);
    lab_end();
}

T(a_cork_comes_off_at_the_end_and_after_an_rto)
{
    for (int end = 0; end < 2; end++) {
        lab_init(NULL);
        lab_listen(NULL);
        lab_accept();
        fa_tcp_cork_set(lab.flow, true);
        CHECK_EQ(lab_write(10), 10);
        QUIET();
        if (end != 0) {
            CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
            OUT(.flags = F | A, .seq = 1, .ack = 1, .len = 10);
        } else {
            OUT(.flags = A, .seq = 1, .ack = 1, .len = 10, .within_ns = 200 * FA_NS_MS);
        }
        lab_end();
    }
}
