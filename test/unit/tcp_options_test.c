// SPDX-License-Identifier: ISC
//
// Options of TCP: what two sides agree on in their SYNs, timestamps and PAWS (RFC 7323).

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
};

/* Accept a connection whose peer's timestamps begin with 1000. */
static void accept_ts(void)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = 1460, .has_ts = true, .ts_value = 1000);
    OUT(.flags = S | A, .ack = 1, .mss = 1460, .has_ts = true, .ts_echo = 1000);
    IN(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_value = 1001);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
}

T(an_option_is_used_only_if_both_sides_offer_it)
{
    for (unsigned i = 0; i < 64; i++) {
        const unsigned all = FA_TCP_WINDOW_SCALE | FA_TCP_TIMESTAMPS | FA_TCP_SACK;
        unsigned ours = i & 7;
        unsigned theirs = i >> 3;
        const struct fa_tcp_config config = {.features_off = all & ~ours};
        lab_init(&config);
        lab_listen(NULL);
        IN(.flags = S, .mss = 1460, .has_scale = (theirs & FA_TCP_WINDOW_SCALE) != 0, .scale = 5,
            .has_ts = (theirs & FA_TCP_TIMESTAMPS) != 0, .ts_value = 7,
            .sack_ok = (theirs & FA_TCP_SACK) != 0);
        unsigned both = ours & theirs;
        OUT(.flags = S | A, .ack = 1, .mss = 1460, .has_scale = (both & FA_TCP_WINDOW_SCALE) != 0,
            .scale = (both & FA_TCP_WINDOW_SCALE) != 0 ? 7 : 0,
            .has_ts = (both & FA_TCP_TIMESTAMPS) != 0, .ts_echo = 7,
            .sack_ok = (both & FA_TCP_SACK) != 0);
        const struct fa_tcp_conn *conn = fa__tcp_conn_at(&lab.end.tcp, 0);
        CHECK_EQ(conn->ts_ok, (both & FA_TCP_TIMESTAMPS) != 0);
        CHECK_EQ(conn->sack_ok, (both & FA_TCP_SACK) != 0);
        CHECK_EQ(conn->scale_ok, (both & FA_TCP_WINDOW_SCALE) != 0);
        CHECK_EQ(conn->tx_scale, conn->scale_ok ? 5 : 0);
        CHECK_EQ(conn->mss, conn->ts_ok ? 1448 : 1460);
        lab_end();
    }
}

T(a_syn_offers_what_is_not_switched_off)
{
    for (unsigned off = 0; off < 8; off++) {
        const struct fa_tcp_config config = {.features_off = off};
        struct fa_tcp_connect_config to = {.local = fa_ip4(192, 0, 2, 1), .mtu_bytes = 1500};
        lab_init(&config);
        to.remote = (struct fa_endpoint){lab.peer_ip, LAB_PEER_PORT};
        CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &to, &lab.flow), FA_OK);
        lab.conn = fa__tcp_conn_of(lab.flow);
        OUT(.flags = S, .mss = 1460, .has_scale = (off & FA_TCP_WINDOW_SCALE) == 0,
            .scale = (off & FA_TCP_WINDOW_SCALE) == 0 ? 7 : 0,
            .has_ts = (off & FA_TCP_TIMESTAMPS) == 0, .sack_ok = (off & FA_TCP_SACK) == 0);
        IN(.flags = S | A, .ack = 1, .mss = 1460, .has_scale = true, .scale = 1, .has_ts = true,
            .ts_value = 5, .sack_ok = true);
        CHECK_EQ(lab.conn->ts_ok, (off & FA_TCP_TIMESTAMPS) == 0);
        CHECK_EQ(lab.conn->sack_ok, (off & FA_TCP_SACK) == 0);
        CHECK_EQ(lab.conn->tx_scale, (off & FA_TCP_WINDOW_SCALE) == 0 ? 1 : 0);
        OUT(.flags = A, .seq = 1, .ack = 1, .has_ts = lab.conn->ts_ok, .ts_echo = 5);
        lab_end();
    }
}

T(every_segment_has_a_timestamp_that_grows_with_time)
{
    accept_ts();
    lab_sleep(123 * FA_NS_MS);
    CHECK_EQ(lab_write(3), 3);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 3, .has_ts = true, .ts_value = 123, .ts_echo = 1001);
    lab_sleep(7 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 4, .has_ts = true, .ts_value = 1100, .ts_echo = 123);
    fa_flow_abort(lab.flow);
    lab.flow = NULL;
    OUT(.flags = R | A, .seq = 4, .ack = 1, .has_ts = true, .ts_value = 130, .ts_echo = 1100);
    lab_end();
}

T(full_segments_leave_room_for_the_timestamp)
{
    accept_ts();
    CHECK_EQ(lab_write(3000), 3000);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1448, .has_ts = true, .ts_echo = 1001);
    OUT(.flags = A, .seq = 1449, .ack = 1, .len = 1448, .has_ts = true, .ts_echo = 1001);
    OUT(.flags = A, .seq = 2897, .ack = 1, .len = 104, .has_ts = true, .ts_echo = 1001);
    lab_end();
}

/* RFC 7323 4.3: the echo is that of the segment that the last ACK moved for. */
T(the_echo_is_of_the_oldest_segment_not_acknowledged)
{
    accept_ts();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10, .has_ts = true, .ts_value = 1010);
    IN(.flags = A, .seq = 11, .ack = 1, .len = 10, .has_ts = true, .ts_value = 1020);
    OUT(.flags = A, .seq = 1, .ack = 21, .has_ts = true, .ts_echo = 1010,
        .within_ns = 40 * FA_NS_MS);
    // Beyond a hole: the echo stays, so that the sender sees how long the hole has been.
    IN(.flags = A, .seq = 31, .ack = 1, .len = 10, .has_ts = true, .ts_value = 1030);
    OUT(.flags = A, .seq = 1, .ack = 21, .has_ts = true, .ts_echo = 1010);
    IN(.flags = A, .seq = 21, .ack = 1, .len = 10, .has_ts = true, .ts_value = 1040);
    OUT(.flags = A, .seq = 1, .ack = 41, .has_ts = true, .ts_echo = 1040);
    lab_end();
}

/* Whoever sent it again since our ACK was lost measures from then on, not from the first time. */
T(what_comes_again_is_answered_with_its_own_timestamp)
{
    accept_ts();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100, .has_ts = true, .ts_value = 2000);
    lab_sleep(FA_NS_S); // our ACK is lost
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100, .has_ts = true, .ts_value = 9000);
    OUT(.flags = A, .seq = 1, .ack = 101, .has_ts = true, .ts_echo = 9000);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 40, .has_ts = true, .ts_value = 9001);
    OUT(.flags = A, .seq = 1, .ack = 101, .has_ts = true, .ts_echo = 9001);
    // What no window has ever held is not believed: who has seen nothing could say anything.
    IN(.flags = A, .seq = 100 - (1 << 20), .ack = 1, .len = 40, .has_ts = true, .ts_value = 9999);
    OUT(.flags = A, .seq = 1, .ack = 101, .has_ts = true, .ts_echo = 9001);
    IN(.flags = A, .seq = 200000, .ack = 1, .len = 40, .has_ts = true, .ts_value = 9999);
    OUT(.flags = A, .seq = 1, .ack = 101, .has_ts = true, .ts_echo = 9001);
    CHECK_EQ(lab_read(100), 100);
    lab_end();
}

T(an_old_timestamp_drops_the_segment_and_is_answered)
{
    accept_ts();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10, .has_ts = true, .ts_value = 1000);
    OUT(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_echo = 1001);
    CHECK_EQ(COUNT(tcp_rx_old_timestamp), 1);
    // Also across the wrap of the clock.
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10, .has_ts = true, .ts_value = 1001 + (1u << 31));
    OUT(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_echo = 1001);
    CHECK_EQ(COUNT(tcp_challenge_sent), 0);
    // So is a pure ACK that was overtaken, but seldom: the peer may take that for a duplicate.
    IN(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_value = 1000);
    OUT(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_echo = 1001);
    CHECK_EQ(COUNT(tcp_challenge_sent), 1);
    IN(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_value = 1000);
    QUIET();
    CHECK_EQ(COUNT(tcp_challenge_limited), 1);
    CHECK_EQ(COUNT(tcp_rx_old_timestamp), 4);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10, .has_ts = true, .ts_value = 1001);
    CHECK_EQ(lab_read(100), 10);
    lab_end();
}

T(a_reset_needs_no_timestamp)
{
    accept_ts();
    IN(.flags = R, .seq = 1);
    CHECK_EQ(lab_state(), FA_TCP_CLOSED);
    lab_end();
}

T(a_segment_without_a_timestamp_is_dropped_in_silence)
{
    accept_ts();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10);
    QUIET();
    CHECK_EQ(COUNT(tcp_rx_no_timestamp), 1);
    CHECK_EQ(lab_read(100), 0);
    lab_end();
}

T(a_timestamp_older_than_24_days_is_not_compared)
{
    static const int days[] = {23, 25};
    for (size_t i = 0; i < FA_COUNT_OF(days); i++) {
        accept_ts();
        lab_sleep((fa_ns)days[i] * 86400 * FA_NS_S);
        IN(.flags = A, .seq = 1, .ack = 1, .len = 10, .has_ts = true, .ts_value = 500);
        CHECK_EQ(lab_read(100), days[i] == 23 ? 0 : 10);
        lab_end();
    }
}

/* RFC 6191 2: in TIME_WAIT the timestamp decides, and the number only where it is the same. */
T(a_later_timestamp_reopens_a_connection_in_time_wait)
{
    static const struct {
        uint32_t ts;
        int64_t seq;
        bool reopens;
    } cases[] = {{1003, 100000, true}, {1003, -100000, true}, {1002, 100000, true},
        {1002, -100000, false}, {1001, 100000, false}, {0, 100000, true},
        /* none */ {0, -100000, false}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        accept_ts();
        fa_flow_close(lab.flow);
        lab.flow = NULL;
        OUT(.flags = F | A, .seq = 1, .ack = 1, .has_ts = true, .ts_echo = 1001);
        IN(.flags = F | A, .seq = 1, .ack = 2, .has_ts = true, .ts_value = 1002);
        OUT(.flags = A, .seq = 2, .ack = 2, .has_ts = true, .ts_echo = 1002);
        CHECK_EQ(lab_state(), FA_TCP_TIME_WAIT);
        IN(.flags = S, .seq = cases[i].seq, .mss = 1460, .has_ts = cases[i].ts != 0,
            .ts_value = cases[i].ts);
        CHECK_EQ(COUNT(tcp_time_wait_reused), cases[i].reopens);
        lab_end();
    }
}
