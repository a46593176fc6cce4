// SPDX-License-Identifier: ISC
//
// Loss: the retransmission timer (RFC 6298) and New Reno (RFC 5681, 6582, 3042), figure by figure.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    MSS = TCP_END_MSS,
};

static void start(void)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
}

/* Segments `from` to `to` leave, counted from 0. */
static void out_segments(int from, int to)
{
    for (int i = from; i <= to; i++) {
        OUT(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS);
    }
}

/* The peer has segments 0 .. count - 1. */
static void ack_segments(int count)
{
    IN(.flags = A, .seq = 1, .ack = 1 + count * MSS);
}

T(rto_follows_rfc_6298)
{
    static const struct {
        fa_ns rtt_ms;
        fa_ns srtt_us;
        fa_ns rttvar_us;
    } cases[] = {{100, 100000, 50000}, {200, 112500, 62500}, {100, 110937, 50000},
        {500, 159570, 134765}, {500, 202124, 186181}};
    start();
    lab.conn->srtt_ns = 0;
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        fa__tcp_rtt_sample(lab.conn, cases[i].rtt_ms * FA_NS_MS);
        CHECK_EQ(lab.conn->srtt_ns / FA_NS_US, cases[i].srtt_us);
        CHECK_EQ(lab.conn->rttvar_ns / FA_NS_US, cases[i].rttvar_us);
        CHECK_EQ(fa__tcp_rto(lab.conn), lab.conn->srtt_ns + 4 * lab.conn->rttvar_ns);
    }
    lab_end();
}

T(rto_has_a_floor_and_a_ceiling)
{
    start();
    lab.conn->srtt_ns = FA_NS_US;
    lab.conn->rttvar_ns = 0;
    CHECK_EQ(fa__tcp_rto(lab.conn), 200 * FA_NS_MS);
    lab.conn->srtt_ns = 100 * FA_NS_S;
    CHECK_EQ(fa__tcp_rto(lab.conn), 60 * FA_NS_S);
    lab.conn->srtt_ns = FA_NS_S;
    for (unsigned i = 0; i < 20; i++) {
        lab.conn->backoff = (uint8_t)fa_min(i, 16);
        fa_ns want = fa_ns_min((FA_NS_S + FA__TCP_CLOCK_GRAIN) << i, 60 * FA_NS_S);
        CHECK(fa__tcp_rto(lab.conn) <= want);
        CHECK(fa__tcp_rto(lab.conn) >= want - (1u << 16));
    }
    lab_end();
}

T(a_lost_segment_is_sent_again_with_doubling_intervals_until_the_user_timeout)
{
    start();
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    fa_ns sent = lab.now;
    fa_ns interval = 200 * FA_NS_MS;
    for (int i = 0; i < 8; i++) {
        OUT(.flags = A, .seq = 1, .ack = 1, .len = 100, .within_ns = interval);
        interval *= 2;
    }
    CHECK_EQ(lab.conn->cwnd, MSS);
    CHECK_EQ(lab.conn->ssthresh, 2 * MSS);
    lab_sleep(sent + 100 * FA_NS_S - lab.now - FA_NS_MS);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    lab_sleep(2 * FA_NS_MS);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    struct fa_slice seen;
    uint8_t *at;
    size_t cap;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ETIMEOUT);
    CHECK_EQ(fa_flow_reserve(lab.flow, &at, &cap), FA_ETIMEOUT);
    CHECK_EQ(lab.end.pool.used_count, 0);
    lab_end();
}

T(a_retransmitted_segment_is_not_timed_and_the_back_off_stays_until_one_is)
{
    start();
    lab.now += FA_NS_S; // no restart of timing in the handshake's shadow
    fa_ns srtt = lab.conn->srtt_ns;
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100, .within_ns = 200 * FA_NS_MS);
    lab.now += 150 * FA_NS_MS;
    IN(.flags = A, .seq = 1, .ack = 101);
    CHECK_EQ(lab.conn->srtt_ns, srtt); // Karn
    lab_write(100);
    OUT(.flags = A, .seq = 101, .ack = 1, .len = 100);
    struct fa_tcp_info info;
    fa_tcp_info_of(lab.flow, &info);
    CHECK_EQ(info.rto_ns, 400 * FA_NS_MS);
    lab.now += 10 * FA_NS_MS;
    IN(.flags = A, .seq = 1, .ack = 201);
    fa_tcp_info_of(lab.flow, &info);
    CHECK_EQ(info.rto_ns, 200 * FA_NS_MS);
    CHECK(lab.conn->srtt_ns != srtt);
    lab_end();
}

T(the_timer_restarts_with_every_acknowledgement_of_new_data)
{
    start();
    lab_write(3 * MSS);
    out_segments(0, 2);
    lab.now += 150 * FA_NS_MS;
    ack_segments(1);
    // The round trip was 150 ms: 150 + 4 * 75, smoothed over the handshake's 0.
    fa_ns rto = fa__tcp_rto(lab.conn);
    OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS, .within_ns = rto);
    lab_end();
}

T(after_a_timeout_everything_is_sent_again_in_slow_start)
{
    start();
    lab_write(8 * MSS);
    out_segments(0, 7);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    QUIET();
    CHECK_EQ(lab.conn->cwnd, MSS);
    CHECK_EQ(lab.conn->ssthresh, 4 * MSS);
    ack_segments(1);
    out_segments(1, 2);
    QUIET();
    ack_segments(5); // 3 and 4 had arrived: what was not sent again does not count
    CHECK_EQ(lab.conn->cwnd, 4 * MSS);
    out_segments(5, 7);
    QUIET();
    ack_segments(8);
    QUIET();
    CHECK_EQ(lab.conn->snd_nxt, lab.conn->snd_max);
    CHECK_EQ(lab.conn->retransmit_ns, FA_NS_NEVER);
    CHECK_EQ(COUNT(tcp_retransmit), 6);
    lab_end();
}

T(a_second_timeout_of_the_same_data_leaves_ssthresh)
{
    start();
    lab_write(8 * MSS);
    out_segments(0, 7);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS, .within_ns = 400 * FA_NS_MS);
    CHECK_EQ(lab.conn->ssthresh, 4 * MSS);
    lab_end();
}

T(slow_start_grows_by_what_is_acknowledged_up_to_64_segments_an_ack)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = FA_TCP_SYN, .mss = 500, .has_scale = true, .scale = 2);
    OUT(.flags = FA_TCP_SYN | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &lab.flow) == FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    int64_t acked = 1;
    static const int64_t steps[] = {1, 9, 20, 40, 80};
    static const uint32_t cwnds[] = {11, 20, 40, 80, 144};
    for (size_t i = 0; i < FA_COUNT_OF(steps); i++) {
        lab_write(200 * 500); // the send buffer grows with the window
        lab_sleep(0);
        acked += steps[i] * 500;
        IN(.flags = A, .seq = 1, .ack = acked);
        lab_sleep(0);
        CHECK_EQ(lab.conn->cwnd, cwnds[i] * 500);
    }
    lab_end();
}

T(congestion_avoidance_grows_by_a_segment_a_window)
{
    start();
    lab.conn->ssthresh = 10 * MSS;
    lab_write(60 * MSS);
    out_segments(0, 9);
    for (int i = 1; i < 10; i++) {
        ack_segments(i);
        CHECK_EQ(lab.conn->cwnd, 10 * MSS);
        out_segments(9 + i, 9 + i);
        QUIET();
    }
    ack_segments(10);
    CHECK_EQ(lab.conn->cwnd, 11 * MSS);
    out_segments(19, 20);
    QUIET();
    lab_end();
}

T(an_unused_window_does_not_grow)
{
    start();
    for (int i = 0; i < 50; i++) {
        lab_write(100);
        OUT(.flags = A, .seq = 1 + i * 100, .ack = 1, .len = 100);
        IN(.flags = A, .seq = 1, .ack = 101 + i * 100);
    }
    CHECK_EQ(lab.conn->cwnd, 10 * MSS);
    lab_end();
}

T(limited_transmit_sends_one_new_segment_for_each_of_two_duplicates)
{
    start();
    lab_write(20 * MSS);
    out_segments(0, 9);
    QUIET();
    ack_segments(0);
    out_segments(10, 10);
    QUIET();
    ack_segments(0);
    out_segments(11, 11);
    QUIET();
    CHECK_EQ(lab.conn->cwnd, 10 * MSS);
    lab_end();
}

T(the_third_duplicate_repairs_and_halves)
{
    start();
    lab_write(30 * MSS);
    out_segments(0, 9);
    ack_segments(0);
    ack_segments(0);
    out_segments(10, 11);
    ack_segments(0);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    QUIET();
    CHECK_EQ(lab.conn->ssthresh, 5 * MSS); // limited transmit does not count as flight
    CHECK_EQ(lab.conn->cwnd, 8 * MSS);
    for (int i = 0; i < 4; i++) {
        ack_segments(0); // 4..7: the window is full until 12 segments are allowed
        QUIET();
    }
    ack_segments(0);
    out_segments(12, 12);
    ack_segments(0);
    out_segments(13, 13);
    QUIET();
    ack_segments(12);                  // all that was out when it began
    CHECK_EQ(lab.conn->cwnd, 3 * MSS); // min(ssthresh, flight + 1)
    CHECK(!lab.conn->recovery);
    out_segments(14, 14);
    QUIET();
    CHECK_EQ(COUNT(tcp_fast_retransmit), 1);
    CHECK_EQ(COUNT(tcp_timeout), 0);
    lab_end();
}

T(a_partial_acknowledgement_repairs_the_next_hole)
{
    start();
    lab_write(10 * MSS);
    out_segments(0, 9);
    for (int i = 0; i < 3; i++) {
        ack_segments(0);
    }
    out_segments(0, 0);
    ack_segments(4); // 4 is missing, too
    out_segments(4, 4);
    QUIET();
    CHECK(lab.conn->recovery);
    ack_segments(7);
    out_segments(7, 7);
    ack_segments(10);
    CHECK(!lab.conn->recovery);
    CHECK_EQ(COUNT(tcp_fast_retransmit), 1);
    CHECK_EQ(lab.conn->retransmit_count, 3);
    lab_end();
}

T(only_the_first_partial_acknowledgement_restarts_the_timer)
{
    start();
    lab_write(10 * MSS);
    out_segments(0, 9);
    for (int i = 0; i < 3; i++) {
        ack_segments(0);
    }
    out_segments(0, 0);
    lab.now += 50 * FA_NS_MS;
    ack_segments(2);
    fa_ns restarted = lab.conn->retransmit_ns;
    CHECK_EQ(restarted, lab.now + fa__tcp_rto(lab.conn));
    lab.now += 50 * FA_NS_MS;
    ack_segments(4);
    CHECK_EQ(lab.conn->retransmit_ns, restarted);
    lab_end();
}

T(a_short_user_timeout_does_not_wait_for_the_retransmission)
{
    lab_init(&(struct fa_tcp_config){.user_timeout_ns = 100 * FA_NS_MS});
    lab_listen(NULL);
    lab_accept();
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    lab_sleep(101 * FA_NS_MS);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    CHECK_EQ(lab.lost_count, 0);
    lab_end();
}

T(progress_keeps_a_slow_connection_alive)
{
    lab_init(&(struct fa_tcp_config){.user_timeout_ns = 5 * FA_NS_S});
    lab_listen(NULL);
    lab_accept();
    lab_write(10 * MSS);
    for (int i = 1; i < 10; i++) {
        lab_sleep(3 * FA_NS_S);
        ack_segments(i);
    }
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    lab_sleep(5001 * FA_NS_MS);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    lab_end();
}

T(idleness_does_not_open_a_window_that_loss_has_closed)
{
    start();
    lab_write(MSS);
    out_segments(0, 0);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    ack_segments(1);
    uint32_t cwnd = lab.conn->cwnd;
    CHECK_EQ(cwnd, 2 * MSS);
    lab_sleep(10 * FA_NS_S);
    lab_write(10);
    OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = 10);
    CHECK_EQ(lab.conn->cwnd, cwnd);
    CHECK_EQ(lab.conn->ssthresh, 2 * MSS);
    lab_end();
}

T(idle_time_is_no_part_of_the_user_timeout)
{
    start();
    lab_sleep(1000 * FA_NS_S);
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    lab_sleep(99 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    lab_sleep(2 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    lab_end();
}

T(a_fast_retransmit_has_nothing_that_was_not_sent)
{
    start();
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    lab_write(100);
    OUT(.flags = A, .seq = 101, .ack = 1, .len = 100);
    fa_tcp_cork_set(lab.flow, true);
    lab_write(100);
    QUIET();
    ack_segments(0);
    ack_segments(0);
    QUIET();
    ack_segments(0);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 200);
    QUIET();
    lab_end();
}

T(a_window_that_was_closed_over_data_leaves_no_back_off)
{
    start();
    lab_write(2 * MSS);
    out_segments(0, 1);
    fa_ns rto = fa__tcp_rto(lab.conn);
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1, .within_ns = rto);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1, .within_ns = 2 * rto);
    IN(.flags = A, .seq = 1, .ack = 1);
    out_segments(0, 1);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS, .within_ns = rto);
    lab_end();
}

T(no_second_fast_retransmit_within_one_flight)
{
    start();
    lab_write(10 * MSS);
    out_segments(0, 9);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    for (int i = 0; i < 5; i++) {
        ack_segments(0); // echoes of what was sent before the timeout
    }
    CHECK_EQ(COUNT(tcp_fast_retransmit), 0);
    lab_end();
}

T(loss_is_found_after_gibibytes_without_one)
{
    start();
    lab.conn->recover = lab.conn->snd_una - 0x7fff8000; // nearly as long ago as numbers can tell
    for (int i = 0; i < 4; i++) {
        lab_write(10 * MSS);
        out_segments(i * 10, i * 10 + 9);
        ack_segments(i < 3 ? i * 10 + 10 : 30);
    }
    ack_segments(30);
    ack_segments(30);
    OUT(.flags = A, .seq = 1 + 30 * MSS, .ack = 1, .len = MSS);
    CHECK_EQ(COUNT(tcp_fast_retransmit), 1);
    lab_end();
}

T(what_is_no_duplicate_is_not_counted_as_one)
{
    start();
    lab_write(10 * MSS);
    out_segments(0, 9);
    for (int i = 0; i < 5; i++) {
        IN(.flags = A, .seq = 1 + i * 10, .ack = 1, .len = 10);                      // data
        IN(.flags = A, .seq = 11 + i * 10, .ack = 1, .window = 60000 + (uint32_t)i); // a new window
    }
    CHECK_EQ(lab.conn->dup_acks, 0);
    ack_segments(10);
    for (int i = 0; i < 5; i++) {
        IN(.flags = A, .seq = 51, .ack = 1 + 10 * MSS); // nothing is out
    }
    CHECK_EQ(COUNT(tcp_fast_retransmit), 0);
    lab_end();
}

T(a_lost_fin_is_sent_again)
{
    start();
    lab_write(100);
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    OUT(.flags = F | A, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = F | A, .seq = 1, .ack = 1, .len = 100, .within_ns = 200 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 101); // the FIN alone was lost
    OUT(.flags = F | A, .seq = 101, .ack = 1, .within_ns = 400 * FA_NS_MS);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 102);
    CHECK_EQ(lab_state(), FA_TCP_FIN_WAIT_2);
    lab_end();
}

T(a_timeout_while_the_window_is_closed_is_no_loss)
{
    start();
    lab_write(4 * MSS);
    out_segments(0, 3);
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true); // the peer takes its window back
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1, .within_ns = 200 * FA_NS_MS);
    CHECK_EQ(lab.conn->cwnd, 10 * MSS);
    IN(.flags = A, .seq = 1, .ack = 2, .window = 65535);
    OUT(.flags = A, .seq = 2, .ack = 1, .len = MSS);
    lab_end();
}

T(a_window_that_has_become_small_does_not_stop_the_repair)
{
    start();
    lab_write(4 * MSS);
    out_segments(0, 3);
    IN(.flags = A, .seq = 1, .ack = 1, .window = 200); // it shrinks, against all advice
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 200, .within_ns = 200 * FA_NS_MS);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 201, .window = 200);
    OUT(.flags = A, .seq = 201, .ack = 1, .len = 200);
    IN(.flags = A, .seq = 1, .ack = 401, .window = 65535);
    OUT(.flags = A, .seq = 401, .ack = 1, .len = MSS);
    lab_end();
}

T(retransmissions_may_cut_the_bytes_anew)
{
    start();
    for (int i = 0; i < 5; i++) {
        lab_write(100);
        OUT(.flags = A, .seq = 1 + i * 100, .ack = 1, .len = 100);
    }
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 500, .within_ns = 200 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 251);
    OUT(.flags = A, .seq = 251, .ack = 1, .len = 250, .within_ns = 400 * FA_NS_MS);
    lab_end();
}

T(the_idle_timer_costs_no_deadline)
{
    start();
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 1, .ack = 101);
    lab_sleep(10 * FA_NS_S);
    CHECK_EQ(lab.lost_count, 0);
    CHECK_EQ(fa_tcp_deadline(&lab.end.tcp), FA_NS_NEVER);
    lab_end();
}
