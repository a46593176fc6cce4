// SPDX-License-Identifier: ISC
//
// Data in both directions on a perfect path: acknowledgements, windows, silly windows, probes.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    P = FA_TCP_PSH,
    MSS = TCP_END_MSS,
};

static void accept_with(const struct fa_tcp_config *config)
{
    lab_init(config);
    lab_listen(NULL);
    lab_accept();
}

/* ---- sending ---- */

T(bytes_leave_in_full_segments_and_the_last_pushes)
{
    accept_with(NULL);
    CHECK_EQ(lab_write(2 * MSS + 100), 2 * MSS + 100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    OUT(.flags = A | P, .seq = 1 + 2 * MSS, .ack = 1, .len = 100);
    QUIET();
    lab_end();
}

T(a_single_byte_pushes)
{
    accept_with(NULL);
    lab_write(1);
    OUT(.flags = A | P, .seq = 1, .ack = 1, .len = 1);
    QUIET();
    lab_end();
}

T(small_writes_of_a_turn_share_a_segment)
{
    accept_with(NULL);
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(lab_write(7), 7);
    }
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 350);
    QUIET();
    CHECK_EQ(lab.end.pool.used_count, 1);
    lab_end();
}

T(without_nagle_small_segments_follow_each_other)
{
    accept_with(NULL);
    lab_write(10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10);
    lab_write(10);
    OUT(.flags = A, .seq = 11, .ack = 1, .len = 10);
    lab_end();
}

T(with_nagle_a_small_segment_waits_for_the_ack)
{
    lab_init(NULL);
    lab_listen(&(struct fa_tcp_listen_config){.nagle = true});
    lab_accept();
    lab_write(10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10);
    lab_write(10);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 11);
    OUT(.flags = A, .seq = 11, .ack = 1, .len = 10);
    lab_write(MSS + 5); // full segments never wait
    OUT(.flags = A, .seq = 21, .ack = 1, .len = MSS);
    QUIET();
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK); // and neither does the end
    OUT(.flags = F | A, .seq = 21 + MSS, .ack = 1, .len = 5);
    lab_end();
}

T(with_nagle_a_small_segment_waits_for_small_ones_alone)
{
    lab_init(NULL);
    lab_listen(&(struct fa_tcp_listen_config){.nagle = true});
    lab_accept();
    lab_write(2 * MSS + 5); // the tail of a write does not wait for its full segments
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1 + 2 * MSS, .ack = 1, .len = 5);
    lab_write(10);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 1 + 2 * MSS); // all but the small one
    QUIET();
    lab_write(MSS - 10); // with what waits it makes a full one, behind the small one
    OUT(.flags = A, .seq = 6 + 2 * MSS, .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1, .ack = 6 + 2 * MSS);
    lab_write(7); // a full one is out still
    OUT(.flags = A, .seq = 6 + 3 * MSS, .ack = 1, .len = 7);
    lab_write(7);
    QUIET();
    lab.conn->tx_small_end = lab.conn->snd_nxt + 1; // one of 2 GiB ago seems ahead
    lab_write(7);
    OUT(.flags = A, .seq = 13 + 3 * MSS, .ack = 1, .len = 14);
    lab_end();
}

T(the_peers_window_is_never_overrun)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .window = 2 * MSS + 10);
    lab_write(10 * MSS);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    QUIET(); // 10 bytes of window are not worth a segment
    IN(.flags = A, .seq = 1, .ack = 1 + MSS, .window = 2 * MSS);
    OUT(.flags = A, .seq = 1 + 2 * MSS, .ack = 1, .len = MSS);
    QUIET();
    lab_end();
}

T(half_of_a_small_peers_window_is_worth_a_segment)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = MSS, .window = 1000);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .window = 1000);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    lab_write(5000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    IN(.flags = A, .seq = 1, .ack = 1001, .window = 499);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 1001, .window = 500);
    OUT(.flags = A, .seq = 1001, .ack = 1, .len = 500);
    lab_end();
}

T(a_window_that_shrinks_below_the_flight_stops_the_sender)
{
    accept_with(NULL);
    lab_write(10 * MSS);
    for (int i = 0; i < 10; i++) {
        OUT(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS);
    }
    lab_write(10 * MSS);
    IN(.flags = A, .seq = 1, .ack = 1 + MSS, .window = MSS);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 1 + 10 * MSS, .window = MSS);
    OUT(.flags = A, .seq = 1 + 10 * MSS, .ack = 1, .len = MSS);
    QUIET();
    lab_end();
}

T(an_older_segment_does_not_set_the_window)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 11, .ack = 1, .window = 9000, .len = 10);
    IN(.flags = A, .seq = 1, .ack = 1, .window = 100, .len = 10); // sent before, came later
    CHECK_EQ(lab.conn->snd_wnd, 9000);
    IN(.flags = A, .seq = 21, .ack = 1, .window = 200);
    CHECK_EQ(lab.conn->snd_wnd, 200);
    lab_end();
}

T(a_closed_window_is_probed_with_a_byte_and_a_doubling_interval)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    lab_write(3000);
    QUIET();
    fa_ns interval = 200 * FA_NS_MS;
    for (int i = 0; i < 6; i++) {
        OUT(.flags = A, .seq = 1, .ack = 1, .len = 1, .within_ns = interval);
        QUIET();
        IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
        interval *= 2;
    }
    CHECK_EQ(COUNT(tcp_window_probe), 6);
    CHECK_EQ(COUNT(tcp_fast_retransmit), 0);
    CHECK_EQ(COUNT(tcp_timeout), 0);
    IN(.flags = A, .seq = 1, .ack = 1, .window = 65535);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1 + 2 * MSS, .ack = 1, .len = 80);
    CHECK_EQ(lab.conn->cwnd, 10 * MSS);
    lab_end();
}

T(a_probe_that_is_taken_counts)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    lab_write(3000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1, .within_ns = 200 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 2, .window = 5000);
    OUT(.flags = A, .seq = 2, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 2 + MSS, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 2 + 2 * MSS, .ack = 1, .len = 79);
    lab_end();
}

T(probes_go_on_while_the_peer_acknowledges_and_end_when_it_does_not)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    lab_write(3000);
    for (int i = 0; i < 1000; i++) {
        lab_sleep(20 * FA_NS_S);
        IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    }
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    CHECK(lab.lost_count >= 20000 / 60);
    CHECK(lab.lost_count < 20000 / 60 + 20);
    lab_sleep(101 * FA_NS_S);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ETIMEOUT);
    lab_end();
}

T(a_sender_that_waits_for_a_silly_window_overrides_it)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .window = 100);
    lab_write(3000);
    QUIET();
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100, .within_ns = 200 * FA_NS_MS);
    QUIET();
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100, .within_ns = 400 * FA_NS_MS);
    CHECK_EQ(COUNT(tcp_timeout), 1); // what the window allowed was lost like any other segment
    IN(.flags = A, .seq = 1, .ack = 101, .window = 4000);
    OUT(.flags = A, .seq = 101, .ack = 1, .len = MSS);
    lab_end();
}

T(while_the_window_is_closed_acks_carry_the_next_number)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    lab_write(10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1, .within_ns = 200 * FA_NS_MS);
    IN(.flags = F | A, .seq = 1, .ack = 1, .closed = true);
    OUT(.flags = A, .seq = 1, .ack = 2);
    lab_end();
}

T(a_fin_follows_data_through_a_closed_window)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    lab_write(10);
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    QUIET();
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1, .within_ns = 200 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 2, .window = 100);
    OUT(.flags = F | A, .seq = 2, .ack = 1, .len = 9);
    lab_end();
}

T(an_idle_window_starts_again)
{
    accept_with(NULL);
    for (int i = 0; i < 8; i++) {
        lab_write(10 * MSS);
        for (int k = 0; k < 10; k++) {
            OUT(.flags = A, .seq = 1 + (i * 10 + k) * MSS, .ack = 1, .len = MSS);
        }
        IN(.flags = A, .seq = 1, .ack = 1 + (i * 10 + 10) * MSS);
    }
    CHECK(lab.conn->cwnd > 10 * MSS);
    lab_sleep(300 * FA_NS_MS);
    lab_write(1);
    OUT(.flags = A, .seq = 1 + 80 * MSS, .ack = 1, .len = 1);
    CHECK_EQ(lab.conn->cwnd, 10 * MSS);
    lab_end();
}

/* ---- receiving ---- */

T(every_second_full_segment_is_acknowledged_at_once)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1, .ack = 1 + 2 * MSS);
    QUIET();
    IN(.flags = A, .seq = 1 + 2 * MSS, .ack = 1, .len = MSS);
    QUIET();
    CHECK_EQ(lab_read(3 * MSS), 3 * MSS);
    lab_end();
}

T(a_burst_gets_one_acknowledgement)
{
    accept_with(NULL);
    for (int i = 0; i < 20; i++) {
        IN(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS);
    }
    OUT(.flags = A, .seq = 1, .ack = 1 + 20 * MSS);
    QUIET();
    lab_end();
}

T(a_single_segment_is_acknowledged_after_40_ms)
{
    accept_with(NULL);
    IN(.flags = A | P, .seq = 1, .ack = 1, .len = 100);
    QUIET();
    OUT(.flags = A, .seq = 1, .ack = 101, .within_ns = 40 * FA_NS_MS);
    QUIET();
    CHECK_EQ(COUNT(tcp_delayed_ack), 1);
    lab_end();
}

T(an_answer_carries_the_acknowledgement)
{
    accept_with(NULL);
    IN(.flags = A | P, .seq = 1, .ack = 1, .len = 100);
    lab_write(10);
    OUT(.flags = A | P, .seq = 1, .ack = 101, .len = 10);
    lab_sleep(100 * FA_NS_MS);
    CHECK_EQ(lab.lost_count, 0);
    lab_end();
}

T(out_of_order_segments_are_acknowledged_at_once_and_delivered_in_order)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 101, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 301, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(lab_read(1), 0);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 201); // fills the first hole
    CHECK_EQ(lab_read(1000), 200);
    IN(.flags = A, .seq = 201, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 401);
    CHECK_EQ(lab_read(1000), 200);
    CHECK_EQ(lab.conn->ooo_count, 0);
    CHECK_EQ(COUNT(tcp_rx_ooo), 2);
    lab_end();
}

T(a_burst_with_a_hole_gets_a_duplicate_ack_for_each_segment_beyond_it)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    for (int i = 2; i < 6; i++) {
        IN(.flags = A, .seq = 1 + i * 100, .ack = 1, .len = 100);
    }
    for (int i = 0; i < 1 + 4; i++) {
        OUT(.flags = A, .seq = 1, .ack = 101);
    }
    QUIET();
    IN(.flags = A, .seq = 701, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 801, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 101, .ack = 1, .len = 100); // what was owed is told by this
    OUT(.flags = A, .seq = 1, .ack = 601);
    QUIET();
    lab_end();
}

T(data_does_not_pay_for_duplicate_acks)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 101, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 201, .ack = 1, .len = 100);
    lab_write(10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 11, .ack = 1);
    OUT(.flags = A, .seq = 11, .ack = 1);
    QUIET();
    lab_end();
}

T(what_comes_twice_beyond_a_hole_is_counted_and_kept_once)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 101, .ack = 1, .len = 200);
    IN(.flags = A, .seq = 101, .ack = 1, .len = 200);
    IN(.flags = A, .seq = 151, .ack = 1, .len = 100);
    CHECK_EQ(COUNT(tcp_rx_duplicate), 2);
    CHECK_EQ(lab.conn->ooo_bytes, 200);
    CHECK_EQ(lab.conn->ooo_count, 1);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    CHECK_EQ(lab_read(1000), 300);
    lab_end();
}

T(overlapping_segments_give_each_byte_once)
{
    // Pieces of the first 1000 bytes, in every order of four that overlap each other.
    static const struct {
        uint32_t off;
        uint32_t len;
    } pieces[4] = {{0, 400}, {300, 400}, {250, 600}, {600, 400}};
    for (int order = 0; order < 256; order++) {
        accept_with(NULL);
        unsigned seen = 0;
        for (int i = 0; i < 4; i++) {
            int idx = order >> (2 * i) & 3;
            seen |= 1u << idx;
            IN(.flags = A, .seq = 1 + pieces[idx].off, .ack = 1, .len = pieces[idx].len);
        }
        if (seen == 15) {
            CHECK_EQ(lab_read(2000), 1000);
        }
        lab_end();
    }
}

T(a_duplicate_is_acknowledged_at_once)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 101);
    CHECK_EQ(COUNT(tcp_rx_out_of_window), 1);
    CHECK_EQ(lab_read(1000), 100);
    lab_end();
}

T(a_keepalive_probe_is_answered)
{
    accept_with(NULL);
    IN(.flags = A, .seq = 0, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 1);
    IN(.flags = A, .seq = 0, .ack = 1, .len = 1);
    OUT(.flags = A, .seq = 1, .ack = 1);
    lab_end();
}

T(the_window_closes_as_nobody_reads_and_opens_in_steps)
{
    accept_with(&(struct fa_tcp_config){.rx_window_bytes = 8 * MSS});
    for (int i = 0; i < 8; i++) {
        IN(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS);
    }
    OUT(.flags = A, .seq = 1, .ack = 1 + 8 * MSS, .closed = true);
    CHECK_EQ(lab_read(MSS - 1), MSS - 1);
    QUIET(); // RFC 9293 3.8.6.2.2: less than a segment is silly
    CHECK_EQ(lab_read(1), 1);
    OUT(.flags = A, .seq = 1, .ack = 1 + 8 * MSS, .window = MSS);
    CHECK_EQ(lab_read(7 * MSS), 7 * MSS);
    OUT(.flags = A, .seq = 1, .ack = 1 + 8 * MSS, .window = 8 * MSS);
    QUIET();
    lab_end();
}

T(a_tiny_window_opens_by_half)
{
    accept_with(&(struct fa_tcp_config){.rx_window_bytes = 1000});
    IN(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    OUT(.flags = A, .seq = 1, .ack = 1001, .closed = true, .within_ns = 40 * FA_NS_MS);
    lab_read(499);
    QUIET();
    lab_read(1);
    OUT(.flags = A, .seq = 1, .ack = 1001, .window = 500);
    lab_end();
}

T(a_probe_of_our_closed_window_is_answered_and_its_ack_heard)
{
    accept_with(&(struct fa_tcp_config){.rx_window_bytes = 1000});
    lab_write(10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    OUT(.flags = A, .seq = 11, .ack = 1001, .closed = true, .within_ns = 40 * FA_NS_MS);
    IN(.flags = A, .seq = 1001, .ack = 11, .len = 1);
    OUT(.flags = A, .seq = 11, .ack = 1001, .closed = true);
    CHECK_EQ(lab.conn->snd_una, lab.iss + 11);
    CHECK_EQ(lab_read(5000), 1000);
    CHECK_EQ(COUNT(tcp_rx_overflow), 1);
    lab_end();
}

T(bytes_beyond_the_window_are_cut_off)
{
    accept_with(&(struct fa_tcp_config){.rx_window_bytes = 1000});
    IN(.flags = F | A, .seq = 1, .ack = 1, .len = 1200);
    OUT(.flags = A, .seq = 1, .ack = 1001, .closed = true);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    CHECK_EQ(lab_read(5000), 1000);
    lab_end();
}

T(a_scaled_window_is_never_taken_back)
{
    // The window's low bits do not fit its field: what was promised is still taken.
    accept_with(NULL);
    lab_end();
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = MSS, .has_scale = true, .scale = 0);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    uint32_t seq = 1;
    uint32_t adv = lab.conn->rcv_adv;
    for (uint32_t len = 1; len < 700; len++) {
        IN(.flags = A, .seq = seq, .ack = 1, .len = len);
        seq += len;
        lab_sleep(50 * FA_NS_MS);
        CHECK(fa__seq_leq(adv, lab.conn->rcv_adv));
        CHECK(lab.conn->rcv_adv - lab.conn->rcv_nxt + lab.conn->rx_bytes <= 262144);
        adv = lab.conn->rcv_adv;
    }
    lab_end();
}

T(a_half_written_reservation_is_given_back)
{
    accept_with(NULL);
    uint8_t *at;
    size_t cap;
    REQUIRE(fa_flow_reserve(lab.flow, &at, &cap) == FA_OK);
    CHECK_EQ(lab.end.pool.used_count, 1);
    fa_flow_commit(lab.flow, 0);
    CHECK_EQ(lab.end.pool.used_count, 0);
    QUIET();
    lab_end();
}

T(a_reservation_outlives_acknowledgements)
{
    accept_with(NULL);
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    uint8_t *at;
    size_t cap;
    REQUIRE(fa_flow_reserve(lab.flow, &at, &cap) == FA_OK);
    IN(.flags = A, .seq = 1, .ack = 101);
    for (uint8_t i = 0; i < 50; i++) {
        at[i] = 0;
    }
    fa_flow_commit(lab.flow, 50);
    fa__tcp_check_all(&lab.end.tcp);
    CHECK_EQ(lab.conn->tx_end, lab.iss + 151);
    CHECK_EQ(lab.end.pool.used_count, 1);
    lab_end();
}

T(sequence_numbers_wrap_in_both_directions)
{
    for (uint32_t to_wrap = 0; to_wrap < 6000; to_wrap += 500) {
        lab_init(NULL);
        lab_wrap_soon(to_wrap);
        lab_listen(NULL);
        lab_accept();
        CHECK(0u - lab.iss - to_wrap < 10 || to_wrap == 0);
        lab_write(5 * MSS);
        for (int i = 0; i < 5; i++) {
            OUT(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS);
        }
        IN(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
        OUT(.flags = A, .seq = 1 + 5 * MSS, .ack = 1);
        IN(.flags = A, .seq = 1, .ack = 1 + 2 * MSS, .len = MSS);
        OUT(.flags = A, .seq = 1 + 5 * MSS, .ack = 1 + 2 * MSS);
        IN(.flags = A, .seq = 1 + 2 * MSS, .ack = 1 + 5 * MSS, .len = MSS);
        IN(.flags = A, .seq = 1 + 3 * MSS, .ack = 1 + 5 * MSS, .len = MSS);
        OUT(.flags = A, .seq = 1 + 5 * MSS, .ack = 1 + 4 * MSS);
        CHECK_EQ(lab_read(10 * MSS), 4 * MSS);
        CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
        OUT(.flags = F | A, .seq = 1 + 5 * MSS, .ack = 1 + 4 * MSS);
        IN(.flags = F | A, .seq = 1 + 4 * MSS, .ack = 2 + 5 * MSS);
        OUT(.flags = A, .seq = 2 + 5 * MSS, .ack = 2 + 4 * MSS);
        CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT);
        lab_end();
    }
}

T(urgent_data_is_ordinary_data)
{
    accept_with(NULL);
    IN(.flags = A | FA_TCP_URG, .seq = 1, .ack = 1, .len = 10);
    CHECK_EQ(lab_read(100), 10);
    lab_end();
}

T(a_buffer_smaller_than_the_mss_limits_the_segment)
{
    static _Alignas(64) uint8_t memory[512];
    accept_with(NULL);
    struct fa_pool small;
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    fa_pool_init(&small, memory, sizeof memory, sizeof memory);
    lab_write(1000);
    REQUIRE(fa_buf_alloc(&small, FA_BUF_HEADROOM, &buf) == FA_OK);
    size_t room = fa_buf_tailroom(buf);
    CHECK(fa_tcp_output(&lab.end.tcp, lab.now, buf, &meta));
    CHECK_EQ(buf->len, room - (FA_TCP_HDR_LEN_MAX - FA_TCP_HDR_LEN));
    fa_buf_drop(buf);
    uint32_t first = (uint32_t)room - FA_TCP_HDR_LEN_MAX;
    OUT(.flags = A, .seq = 1 + first, .ack = 1, .len = 1000 - first);
    lab_end();
}
