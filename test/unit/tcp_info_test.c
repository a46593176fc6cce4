// SPDX-License-Identifier: ISC
//
// What fa_tcp_info_of() tells of a connection, and what can be changed in the middle of one.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    A = FA_TCP_ACK,
    P = FA_TCP_PSH,
    MSS = TCP_END_MSS,
};

static struct fa_tcp_info info(void)
{
    struct fa_tcp_info info;
    fa_tcp_info_of(lab.flow, &info);
    return info;
}

static void start(void)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
}

T(info_names_both_ends_and_the_state)
{
    start();
    struct fa_tcp_info now = info();
    CHECK(fa_ip_equal(&now.local.ip, &lab.end.ip));
    CHECK_EQ(now.local.port, LAB_PORT);
    CHECK(fa_ip_equal(&now.remote.ip, &lab.peer_ip));
    CHECK_EQ(now.remote.port, LAB_PEER_PORT);
    CHECK_EQ(info().state, FA_TCP_ESTABLISHED);
    CHECK_EQ(info().mss_bytes, MSS);
    lab_to(FA_TCP_FIN_WAIT_2);
    CHECK_EQ(info().state, FA_TCP_FIN_WAIT_2);
    lab_end();
}

T(info_tells_what_is_on_its_way_and_what_waits)
{
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .window = 40000);
    lab_write(12 * MSS);
    CHECK_EQ(info().in_flight_bytes, 0);
    CHECK_EQ(info().unsent_bytes, 12 * MSS);
    lab_sleep(0);
    CHECK_EQ(info().in_flight_bytes, 10 * MSS);
    CHECK_EQ(info().unsent_bytes, 2 * MSS);
    CHECK_EQ(info().cwnd_bytes, 10 * MSS);
    CHECK_EQ(info().tx_window_bytes, 40000);
    IN(.flags = A, .seq = 1, .ack = 1 + 4 * MSS, .window = 30000);
    CHECK_EQ(info().in_flight_bytes, 6 * MSS);
    CHECK_EQ(info().tx_window_bytes, 30000);
    CHECK_EQ(info().cwnd_bytes, 14 * MSS);
    lab_end();
}

T(info_tells_what_came_and_was_not_read)
{
    start();
    uint32_t room = info().rx_window_bytes;
    CHECK(room >= 4 * MSS);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 700);
    CHECK_EQ(info().unread_bytes, 700);
    CHECK_EQ(info().rx_window_bytes, room - 700);
    CHECK_EQ(lab_read(300), 300);
    CHECK_EQ(info().unread_bytes, 400);
    lab_end();
}

T(info_tells_the_round_trip_and_what_was_sent_again)
{
    start();
    CHECK_EQ(info().retransmit_count, 0);
    lab_write(100);
    OUT(.flags = A | P, .seq = 1, .ack = 1, .len = 100);
    lab.now += 80 * FA_NS_MS;
    IN(.flags = A, .seq = 1, .ack = 101);
    CHECK_EQ(info().srtt_ns, lab.conn->srtt_ns);
    CHECK(info().srtt_ns >= 10 * FA_NS_MS); // the handshake's was none
    fa_ns rto = info().rto_ns;
    lab_write(100);
    OUT(.flags = A | P, .seq = 101, .ack = 1, .len = 100);
    OUT(.flags = A | P, .seq = 101, .ack = 1, .len = 100, .within_ns = rto);
    CHECK_EQ(info().retransmit_count, 1);
    CHECK_EQ(info().ssthresh_bytes, 2 * MSS);
    lab_end();
}

T(each_connection_has_a_number_of_its_own)
{
    start();
    uint32_t first = info().id;
    struct fa_flow *other = lab.flow;
    IN(.flags = FA_TCP_SYN, .mss = MSS, .port = 41000);
    OUT(.flags = FA_TCP_SYN | A, .ack = 1, .port = 41000);
    IN(.flags = A, .seq = 1, .ack = 1, .port = 41000);
    REQUIRE(fa_listener_accept(&lab.end.listener.listener, &lab.flow) == FA_OK);
    CHECK(info().id != first);
    CHECK_EQ(info().remote.port, 41000);
    lab.conn = fa__tcp_conn_of(lab.flow);
    fa_flow_abort(other);
    lab_end();
}

T(another_congestion_control_takes_over_the_windows)
{
    start();
    CHECK_EQ(fa_tcp_congestion_of(lab.flow), FA_TCP_NEW_RENO);
    lab.conn->cwnd = 33 * MSS;
    lab.conn->ssthresh = 20 * MSS;
    CHECK_EQ(fa_tcp_congestion_set(lab.flow, FA_TCP_CUBIC), FA_OK);
    CHECK_EQ(fa_tcp_congestion_of(lab.flow), FA_TCP_CUBIC);
    CHECK_EQ(info().cwnd_bytes, 33 * MSS);
    CHECK_EQ(info().ssthresh_bytes, 20 * MSS);
    CHECK_EQ(fa_tcp_congestion_set(lab.flow, FA_TCP_CONGESTION_COUNT), FA_EINVAL);
    CHECK_EQ(fa_tcp_congestion_of(lab.flow), FA_TCP_CUBIC);
    CHECK_TEXT(fa_slice_of(fa_tcp_congestion_name(FA_TCP_CUBIC)), "cubic");
    CHECK_TEXT(fa_slice_of(fa_tcp_congestion_name(FA_TCP_NEW_RENO)), "newreno");
    CHECK_TEXT(fa_slice_of(fa_tcp_congestion_name(FA_TCP_CONGESTION_COUNT)), "?");
    lab_end();
}

T(a_window_for_congestion_never_passes_a_gibibyte)
{
    // In slow start.
    start();
    struct fa__tcp_sample sample = {.acked = 64 * MSS, .flight = FA__TCP_CWND_MAX};
    lab.conn->cwnd = FA__TCP_CWND_MAX - MSS;
    lab.conn->ssthresh = FA__TCP_CWND_MAX;
    fa__tcp_cc(lab.conn)->acked(lab.conn, &sample);
    CHECK_EQ(lab.conn->cwnd, FA__TCP_CWND_MAX);
    // And after it.
    lab.conn->cwnd = FA__TCP_CWND_MAX - 10;
    lab.conn->ssthresh = FA__TCP_CWND_MAX / 2;
    lab.conn->cwnd_acked = lab.conn->cwnd - 1;
    sample.flight = lab.conn->cwnd;
    fa__tcp_cc(lab.conn)->acked(lab.conn, &sample);
    CHECK_EQ(lab.conn->cwnd, FA__TCP_CWND_MAX);
    lab.conn->cwnd = 10 * MSS;
    lab_end();
}

T(states_have_the_names_of_the_rfc)
{
    static const char *const names[FA_TCP_STATE_COUNT] = {"CLOSED", "SYN-SENT", "SYN-RECEIVED",
        "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK",
        "TIME-WAIT"};
    for (unsigned i = 0; i < FA_TCP_STATE_COUNT; i++) {
        CHECK_TEXT(fa_slice_of(fa_tcp_state_name((enum fa_tcp_state)i)), names[i]);
    }
    CHECK_TEXT(fa_slice_of(fa_tcp_state_name(FA_TCP_STATE_COUNT)), "?");
}
