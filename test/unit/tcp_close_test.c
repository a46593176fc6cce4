// SPDX-License-Identifier: ISC
//
// How connections end: every way through the states after ESTABLISHED, orphans, TIME_WAIT.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
    MSS = TCP_END_MSS,
};

static void start(void)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
}

static void close_flow(void)
{
    fa_flow_close(lab.flow);
    lab.flow = NULL;
}

T(we_close_first_through_time_wait)
{
    start();
    close_flow();
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    CHECK_EQ(lab_state(), FA_TCP_FIN_WAIT_1);
    IN(.flags = A, .seq = 1, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_FIN_WAIT_2);
    IN(.flags = F | A, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT);
    lab_sleep(59 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 1);
    lab_sleep(2 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(lab.lost_count, 0);
    lab_end();
}

T(the_peer_closes_first)
{
    start();
    IN(.flags = F | A, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_CLOSE_WAIT);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ECLOSED);
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 2, .len = 100);
    close_flow();
    OUT(.flags = F | A, .seq = 101, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_LAST_ACK);
    IN(.flags = A, .seq = 2, .ack = 101);
    CHECK_EQ(lab_state(), FA_TCP_LAST_ACK);
    IN(.flags = A, .seq = 2, .ack = 102);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(both_close_at_once)
{
    start();
    close_flow();
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    IN(.flags = F | A, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 2, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_CLOSING);
    IN(.flags = A, .seq = 2, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT);
    lab_end();
}

T(fin_and_its_acknowledgement_in_one)
{
    start();
    close_flow();
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    IN(.flags = F | A, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT);
    lab_end();
}

T(what_was_committed_is_sent_before_the_fin)
{
    start();
    lab_write(2 * MSS + 10);
    close_flow();
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1 + MSS, .ack = 1, .len = MSS);
    OUT(.flags = F | A, .seq = 1 + 2 * MSS, .ack = 1, .len = 10);
    IN(.flags = A, .seq = 1, .ack = 1 + 2 * MSS + 10);
    CHECK_EQ(lab_state(), FA_TCP_FIN_WAIT_1);
    IN(.flags = A, .seq = 1, .ack = 2 + 2 * MSS + 10);
    CHECK_EQ(lab_state(), FA_TCP_FIN_WAIT_2);
    lab_end();
}

T(a_fin_alone_is_sent_as_soon_as_it_can_be)
{
    start(); // the last byte went out as a probe of a closed window
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    lab_write(1);
    close_flow();
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1, .within_ns = 200 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 2, .closed = true);
    OUT(.flags = F | A, .seq = 2, .ack = 1);
    lab_end();

    start(); // something is to be repaired first
    lab_write(5 * MSS);
    lab_sleep(0);
    for (int i = 0; i < 3; i++) {
        IN(.flags = A, .seq = 1, .ack = 1);
    }
    close_flow();
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS);
    OUT(.flags = F | A, .seq = 1 + 5 * MSS, .ack = 1);
    QUIET();
    lab_end();
}

T(after_a_half_close_reading_goes_on_for_as_long_as_it_takes)
{
    start();
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    QUIET();
    uint8_t *at;
    size_t cap;
    CHECK_EQ(fa_flow_reserve(lab.flow, &at, &cap), FA_ECLOSED);
    IN(.flags = A, .seq = 1, .ack = 2);
    lab_sleep(500 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_FIN_WAIT_2);
    IN(.flags = A, .seq = 1, .ack = 2, .len = 100);
    CHECK_EQ(lab_read(1000), 100);
    IN(.flags = F | A, .seq = 101, .ack = 2, .len = 50);
    OUT(.flags = A, .seq = 2, .ack = 152);
    CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT);
    CHECK_EQ(lab_read(1000), 50);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ECLOSED);
    close_flow();
    lab_sleep(61 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(a_flow_may_outlive_its_time_wait)
{
    start();
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    IN(.flags = F | A, .seq = 1, .ack = 2, .len = 50);
    lab_sleep(100 * FA_NS_S);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    CHECK_EQ(lab.end.tcp.live_count, 1);
    CHECK_EQ(lab_read(1000), 50);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ECLOSED);
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    close_flow();
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(close_over_unread_bytes_resets)
{
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    CHECK_EQ(lab_read(99), 99);
    close_flow();
    OUT(.flags = R | A, .seq = 1, .ack = 101);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(data_for_a_closed_connection_resets)
{
    static const enum fa_tcp_state states[] = {FA_TCP_FIN_WAIT_1, FA_TCP_FIN_WAIT_2};
    for (size_t i = 0; i < FA_COUNT_OF(states); i++) {
        start();
        lab_to(states[i]);
        close_flow();
        QUIET();
        IN(.flags = A, .seq = 1, .ack = i == 0 ? 1 : 2, .len = 10);
        OUT(.flags = R | A, .seq = 2, .ack = 1);
        CHECK_EQ(COUNT(tcp_rx_after_close), 1);
        CHECK_EQ(lab.end.tcp.live_count, 0);
        lab_end();
    }
}

T(abort_resets_in_every_state_where_the_peer_knows_us)
{
    static const struct {
        enum fa_tcp_state state;
        bool reset;
        int64_t seq;
        int64_t ack;
    } cases[] = {{FA_TCP_ESTABLISHED, true, 1, 1}, {FA_TCP_CLOSE_WAIT, true, 1, 2},
        {FA_TCP_FIN_WAIT_1, true, 2, 1}, {FA_TCP_FIN_WAIT_2, true, 2, 1},
        {FA_TCP_CLOSING, true, 2, 2}, {FA_TCP_LAST_ACK, true, 2, 2},
        {FA_TCP_TIME_WAIT, false, 0, 0}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        start();
        lab_to(cases[i].state);
        fa_flow_abort(lab.flow);
        lab.flow = NULL;
        if (cases[i].reset) {
            OUT(.flags = R | A, .seq = cases[i].seq, .ack = cases[i].ack);
        }
        QUIET();
        CHECK_EQ(lab.end.tcp.live_count, 0);
        lab_end();
    }
}

T(a_reset_after_a_timeout_has_the_number_that_the_peer_may_expect)
{
    start();
    lab_write(3 * MSS);
    for (int i = 0; i < 3; i++) {
        OUT(.flags = A, .seq = 1 + i * MSS, .ack = 1, .len = MSS);
    }
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS, .within_ns = fa__tcp_rto(lab.conn));
    fa_flow_abort(lab.flow);
    lab.flow = NULL;
    OUT(.flags = FA_TCP_RST | A, .seq = 1 + 3 * MSS, .ack = 1);
    lab_end();
}

T(a_reset_ends_every_state_but_time_wait)
{
    static const struct {
        enum fa_tcp_state state;
        int64_t seq;
    } cases[] = {{FA_TCP_ESTABLISHED, 1}, {FA_TCP_CLOSE_WAIT, 2}, {FA_TCP_FIN_WAIT_1, 1},
        {FA_TCP_FIN_WAIT_2, 1}, {FA_TCP_CLOSING, 2}, {FA_TCP_LAST_ACK, 2}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        start();
        lab_to(cases[i].state);
        IN(.flags = R, .seq = cases[i].seq);
        QUIET();
        CHECK_EQ(lab_state(), FA_TCP_CLOSED);
        struct fa_slice seen;
        CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ERESET);
        CHECK_EQ(fa_flow_shutdown(lab.flow), FA_ERESET);
        CHECK_EQ(COUNT(tcp_conn_reset), 1);
        lab_end();
    }
    start();
    lab_to(FA_TCP_TIME_WAIT);
    IN(.flags = R, .seq = 2);
    QUIET();
    CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT); // RFC 1337
    lab_end();
}

T(a_reset_of_our_own_keeps_what_is_being_looked_at)
{
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    IN(.flags = A, .seq = 1001, .ack = 1, .len = 1000);
    struct fa_slice seen;
    uint8_t *at;
    size_t cap;
    lab_write(5000);
    REQUIRE(fa_flow_peek(lab.flow, &seen) == FA_OK);
    REQUIRE(fa_flow_reserve(lab.flow, &at, &cap) == FA_OK);
    fa_tcp_reset_all(&lab.end.tcp, lab.now, NULL);
    CHECK_EQ(lab.end.pool.used_count, 2);
    at[0] = seen.at[0];
    fa_flow_commit(lab.flow, 1);
    fa_flow_done(lab.flow, seen.len);
    CHECK_EQ(lab.end.pool.used_count, 0);
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ERESET);
    lab_end();
}

T(what_came_before_a_reset_may_still_be_read)
{
    struct fa_slice seen;
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    IN(.flags = A, .seq = 1001, .ack = 1, .len = 1400);
    IN(.flags = A, .seq = 5001, .ack = 1, .len = 1000); // beyond a hole
    IN(.flags = R, .seq = 2401);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    CHECK_EQ(lab_read(5000), 2400);
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ERESET);
    CHECK_EQ(lab.end.pool.used_count, 0);
    lab_end();
}

T(what_came_before_a_reset_and_is_not_read_is_given_back)
{
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    IN(.flags = R, .seq = 1001);
    close_flow();
    QUIET();
    lab_end();
}

T(a_dead_connection_that_is_still_held_does_not_keep_its_peer_out)
{
    start();
    IN(.flags = R, .seq = 1);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    IN(.flags = S, .seq = 5000);
    lab.peer_iss += 5000;
    OUT(.flags = S | A, .ack = 1);
    lab_end();
}

T(a_fin_that_comes_early_waits_for_the_hole)
{
    start();
    IN(.flags = F | A, .seq = 101, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 202);
    CHECK_EQ(lab_state(), FA_TCP_CLOSE_WAIT);
    CHECK_EQ(lab_read(1000), 200);
    lab_end();
}

T(nothing_is_taken_after_a_fin_that_came_in_order)
{
    struct fa_slice seen;
    start();
    IN(.flags = F | A, .seq = 1, .ack = 1, .len = 100);
    CHECK_EQ(lab_read(1000), 100);
    IN(.flags = A, .seq = 102, .ack = 1, .len = 50);
    IN(.flags = F | A, .seq = 102, .ack = 1, .len = 50);
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ECLOSED);
    CHECK_EQ(lab_state(), FA_TCP_CLOSE_WAIT);
    CHECK_EQ(lab.end.pool.used_count, 0);
    lab_end();
}

T(what_was_kept_beyond_a_fin_is_given_back_with_it)
{
    start();
    IN(.flags = A, .seq = 301, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(lab.end.pool.used_count, 1);
    IN(.flags = F | A, .seq = 1, .ack = 1, .len = 100);
    OUT(.flags = A, .seq = 1, .ack = 102);
    CHECK_EQ(lab_read(1000), 100);
    CHECK_EQ(lab.end.pool.used_count, 0);
    lab_end();
}

T(a_fin_is_taken_by_a_closed_window)
{
    lab_init(&(struct fa_tcp_config){.rx_window_bytes = 1000});
    lab_listen(NULL);
    lab_accept();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    OUT(.flags = A, .seq = 1, .ack = 1001, .closed = true, .within_ns = 40 * FA_NS_MS);
    IN(.flags = F | A, .seq = 1001, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 1002, .closed = true);
    CHECK_EQ(lab_state(), FA_TCP_CLOSE_WAIT);
    CHECK_EQ(lab_read(2000), 1000);
    lab_end();
}

T(bytes_beyond_a_fin_are_not_taken)
{
    start();
    IN(.flags = F | A, .seq = 101, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 101, .ack = 1, .len = 500);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    CHECK_EQ(lab_state(), FA_TCP_CLOSE_WAIT);
    CHECK_EQ(lab_read(1000), 200);
    IN(.flags = A, .seq = 202, .ack = 1, .len = 100);
    CHECK_EQ(lab_read(1000), 0);
    lab_end();
}

T(a_retransmitted_fin_is_acknowledged_again)
{
    start();
    lab_to(FA_TCP_CLOSE_WAIT);
    IN(.flags = F | A, .seq = 1, .ack = 1);
    OUT(.flags = A, .seq = 1, .ack = 2);
    lab_end();

    start();
    lab_to(FA_TCP_TIME_WAIT);
    close_flow();
    lab_sleep(40 * FA_NS_S);
    IN(.flags = F | A, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    lab_sleep(40 * FA_NS_S); // 2 MSL begin again
    CHECK_EQ(lab.end.tcp.live_count, 1);
    lab_sleep(21 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(an_orphan_waits_60_s_for_the_peers_fin)
{
    start();
    lab_to(FA_TCP_FIN_WAIT_2);
    close_flow();
    lab_sleep(59 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 1);
    lab_sleep(2 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();

    start();
    close_flow();
    OUT(.flags = F | A, .seq = 1, .ack = 1);
    lab_sleep(50 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 2);
    lab_sleep(61 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(an_orphan_with_unsent_bytes_gives_up_before_a_closed_window)
{
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    lab_write(5000);
    close_flow();
    for (int i = 0; i < 20; i++) {
        lab_sleep(10 * FA_NS_S);
        if (lab.end.tcp.live_count == 0) {
            break;
        }
        IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    }
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(lab.end.pool.used_count, 0);
    lab_end();
}

T(time_wait_ends_where_no_other_timer_was_running)
{
    start();
    lab_to(FA_TCP_FIN_WAIT_2);
    lab_sleep(3600 * FA_NS_S); // what was set for the FIN has fired in vain
    IN(.flags = F | A, .seq = 1, .ack = 2);
    OUT(.flags = A, .seq = 2, .ack = 2);
    close_flow();
    CHECK_EQ(lab.end.tcp.live_count, 1);
    lab_sleep(2 * 60 * FA_NS_S);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(time_wait_gives_way_to_a_syn_above_what_it_knows)
{
    lab_init(&(struct fa_tcp_config){.challenge_gap_ns = 1});
    lab_listen(NULL);
    lab_accept();
    lab_to(FA_TCP_TIME_WAIT);
    close_flow();
    uint32_t past = lab.conn->snd_max;
    IN(.flags = S, .seq = 1); // an old duplicate
    OUT(.flags = A, .seq = 2, .ack = 2);
    IN(.flags = S, .seq = 2); // still not above
    OUT(.flags = A, .seq = 2, .ack = 2);
    IN(.flags = S, .seq = 1000, .mss = MSS);
    lab.peer_iss += 1000;
    OUT(.flags = S | A, .ack = 1);
    CHECK(fa__seq_lt(past, lab.iss));
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(lab.end.listener.accept_count, 1);
    CHECK_EQ(COUNT(tcp_time_wait_reused), 1);
    lab_end();
}

T(the_number_after_time_wait_is_above_all_that_was_sent)
{
    start();
    lab_to(FA_TCP_TIME_WAIT);
    close_flow();
    lab.conn->snd_max += 1000 * 1000 * 1000; // far more than the clock has moved
    lab.conn->tx_end = lab.conn->snd_max - 1;
    uint32_t past = lab.conn->snd_max;
    IN(.flags = S, .seq = 1000, .mss = MSS);
    lab.peer_iss += 1000;
    OUT(.flags = S | A, .ack = 1);
    CHECK(lab.iss - past <= 65537);
    lab_end();
}

T(without_a_listener_time_wait_does_not_give_way)
{
    start();
    lab_to(FA_TCP_TIME_WAIT);
    close_flow();
    fa_listener_close(&lab.end.listener.listener);
    IN(.flags = S, .seq = 1000);
    OUT(.flags = A, .seq = 2, .ack = 2);
    CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT);
    lab_end();
}

T(time_wait_answers_old_data_and_ignores_old_acks)
{
    start();
    lab_to(FA_TCP_TIME_WAIT);
    IN(.flags = A, .seq = 1, .ack = 2, .len = 10);
    OUT(.flags = A, .seq = 2, .ack = 2);
    CHECK_EQ(COUNT(tcp_rx_duplicate), 1);
    IN(.flags = A, .seq = 2, .ack = 2);
    QUIET();
    lab_end();
}

T(closing_a_listener_resets_what_was_not_accepted_and_nothing_else)
{
    start();
    IN(.flags = S, .port = 1001);
    lab_sleep(0);
    IN(.flags = A, .seq = 1, .ack = 0, .port = 1001);
    lab_sleep(0);
    CHECK_EQ(lab.end.listener.half_open_count, 1);
    fa_listener_close(&lab.end.listener.listener);
    lab_sleep(0);
    CHECK_EQ(lab.end.tcp.live_count, 1);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    IN(.flags = S, .port = 1002);
    OUT(.flags = R | A, .seq = -(int64_t)lab.iss, .ack = 1, .port = 1002);
    lab_end();
}

T(reset_all_ends_every_connection_of_an_address)
{
    start();
    struct fa_ip other = fa_ip4(198, 51, 100, 1);
    fa_tcp_reset_all(&lab.end.tcp, lab.now, &other);
    CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
    fa_tcp_reset_all(&lab.end.tcp, lab.now, &lab.end.ip);
    OUT(.flags = R | A, .seq = 1, .ack = 1);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ERESET);
    IN(.flags = A, .seq = 1, .ack = 1); // nobody any more
    OUT(.flags = R, .seq = 1);
    CHECK_EQ(lab.end.tcp.live_count, 1); // the flow is still held
    lab_end();
}

T(a_dead_connection_hears_nothing_until_its_reset_is_out)
{
    start();
    fa_flow_abort(lab.flow);
    lab.flow = NULL;
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10);
    CHECK_EQ(COUNT(tcp_rx_dead), 1);
    OUT(.flags = R | A, .seq = 1, .ack = 1);
    lab_end();
}
