// SPDX-License-Identifier: ISC
//
// Congestion control by itself: CUBIC (RFC 9438), HyStart++ (RFC 9406), New Reno (RFC 5681), fed
// with samples. test/unit/tcp_loss_test.c and tcp_sack_test.c show them at work.

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    MSS = TCP_END_MSS,
};

#define RTT (100 * FA_NS_MS)

static void open_with(const struct fa_tcp_config *config)
{
    static const struct fa_tcp_config none;
    lab_init(config != NULL ? config : &none);
    lab_listen(NULL);
    lab_accept();
    lab.end.tcp.now = lab.now;
}

/* A window that was in congestion avoidance for ever, of `segments`. */
static void open_window(uint32_t segments)
{
    open_with(NULL);
    lab.conn->cwnd = segments * MSS;
    lab.conn->ssthresh = segments * MSS;
    lab.conn->srtt_ns = RTT;
    lab.conn->cc_state.cubic = (struct fa__tcp_cubic){.prior = 0};
}

/* One round trip: the whole window is acknowledged, two segments an ACK. */
static void round_trip(fa_ns rtt)
{
    uint32_t window = lab.conn->cwnd;
    uint32_t acks = window / (2 * MSS);
    lab.conn->snd_nxt = lab.conn->snd_una + window;
    for (uint32_t i = 0; i < acks; i++) {
        lab.end.tcp.now += rtt / acks;
        lab.conn->snd_una += 2 * MSS;
        fa__tcp_cc(lab.conn)->acked(lab.conn,
            &(struct fa__tcp_sample){.acked = 2 * MSS, .flight = lab.conn->cwnd, .rtt_ns = rtt});
        lab.conn->snd_nxt = lab.conn->snd_una + lab.conn->cwnd;
    }
}

static void finish(void)
{
    lab.conn->snd_una = lab.conn->snd_nxt = lab.conn->snd_max;
    lab_end();
}

static uint32_t segments(void)
{
    return lab.conn->cwnd / MSS;
}

static void lose(void)
{
    fa__tcp_cc(lab.conn)->lost(lab.conn, lab.conn->cwnd);
    lab.conn->cwnd = lab.conn->ssthresh;
}

/* ---- CUBIC ---- */

T(a_loss_leaves_seven_tenths)
{
    open_window(1000);
    lose();
    CHECK_EQ(segments(), 700);
    CHECK_EQ(lab.conn->cc_max, 1000 * MSS);
    finish();
}

T(a_loss_below_the_last_one_leaves_room_for_newcomers)
{
    open_window(1000);
    lose();
    lose();
    CHECK_EQ(lab.conn->cc_max, 700 * MSS / 20 * 17); // RFC 9438 4.7
    finish();
}

/* K = cbrt(300 / 0.4) = 9.09 s; before it the curve is concave, at it flat, then convex. */
T(the_window_is_back_after_k_and_grows_beyond)
{
    open_window(1000);
    lose();
    uint32_t at_5s = 0;
    uint32_t at_9s = 0;
    for (int i = 1; i <= 140; i++) {
        round_trip(RTT);
        at_5s = i == 50 ? segments() : at_5s;
        at_9s = i == 91 ? segments() : at_9s;
    }
    CHECK(at_5s >= 960 && at_5s <= 980); // 1000 - 0.4 * 4.0^3 = 974
    CHECK(at_9s >= 995 && at_9s <= 1003);
    CHECK(segments() >= 1030 && segments() <= 1060); // 1000 + 0.4 * 4.9^3 = 1047
    finish();
}

/* RFC 9438 4.3: where Reno would be faster, as fast as Reno: small windows, short paths. */
T(a_small_window_grows_like_reno)
{
    open_window(20);
    lose();
    CHECK_EQ(segments(), 14);
    for (int i = 0; i < 10; i++) {
        round_trip(RTT);
    }
    CHECK(segments() >= 18 && segments() <= 20); // 0.53 segments a round trip
    for (int i = 0; i < 20; i++) {
        round_trip(RTT);
    }
    CHECK(segments() >= 32 && segments() <= 40); // one beyond what it was
    finish();
}

T(a_window_that_is_not_used_does_not_grow)
{
    open_window(100);
    lose();
    uint32_t before = lab.conn->cwnd;
    for (int i = 0; i < 100; i++) {
        lab.end.tcp.now += RTT;
        fa__tcp_cc(lab.conn)->acked(
            lab.conn, &(struct fa__tcp_sample){.acked = 10 * MSS, .flight = 10 * MSS});
    }
    CHECK_EQ(lab.conn->cwnd, before);
    finish();
}

T(after_a_false_alarm_the_window_goes_on_where_it_was)
{
    open_window(1000);
    lose();
    lab.conn->cwnd = 1000 * MSS;
    lab.conn->ssthresh = 1000 * MSS;
    fa__tcp_cc(lab.conn)->undone(lab.conn);
    CHECK_EQ(lab.conn->cc_max, 1000 * MSS);
    round_trip(RTT);
    CHECK(segments() >= 1000);
    finish();
}

T(a_timeout_leaves_one_segment_and_the_threshold)
{
    open_window(1000);
    fa__tcp_cc(lab.conn)->timeout(lab.conn, 1000 * MSS, false);
    CHECK_EQ(segments(), 1);
    CHECK_EQ(lab.conn->ssthresh, 700 * MSS);
    fa__tcp_cc(lab.conn)->timeout(lab.conn, MSS, true); // of the same segment: nothing new is known
    CHECK_EQ(lab.conn->ssthresh, 700 * MSS);
    finish();
}

/* ---- HyStart++ ---- */

T(round_trips_that_grow_end_slow_start_before_loss)
{
    open_with(NULL);
    for (int i = 0; i < 3; i++) {
        round_trip(RTT);
    }
    uint32_t before = segments();
    CHECK(before >= 60);
    round_trip(RTT + 20 * FA_NS_MS); // conservative from its eighth sample on
    uint32_t conservative = segments();
    CHECK(conservative < 2 * before);
    for (int i = 0; i < 6; i++) {
        CHECK_EQ(lab.conn->ssthresh == FA__TCP_CWND_MAX, i < 5);
        round_trip(RTT + 20 * FA_NS_MS);
    }
    CHECK_EQ(COUNT(tcp_slow_start_exit), 1);
    CHECK(segments() <= conservative * 4);
    finish();
}

T(a_round_trip_that_was_only_jitter_lets_slow_start_go_on)
{
    open_with(NULL);
    for (int i = 0; i < 3; i++) {
        round_trip(RTT);
    }
    round_trip(RTT + 20 * FA_NS_MS);
    CHECK(lab.conn->cc_state.hystart.css_us != 0);
    round_trip(RTT);
    CHECK_EQ(lab.conn->cc_state.hystart.css_us, 0);
    CHECK_EQ(lab.conn->ssthresh, FA__TCP_CWND_MAX);
    finish();
}

T(less_than_the_threshold_is_no_reason)
{
    open_with(NULL);
    for (int i = 0; i < 6; i++) {
        round_trip(RTT + (fa_ns)i * 10 * FA_NS_MS); // an eighth is 12 ms
    }
    CHECK_EQ(lab.conn->cc_state.hystart.css_us, 0);
    finish();
}

T(without_hystart_only_loss_ends_slow_start)
{
    open_with(&(struct fa_tcp_config){.features_off = FA_TCP_HYSTART});
    for (int i = 0; i < 4; i++) {
        round_trip(RTT * (fa_ns)(i + 1));
    }
    CHECK(segments() >= 10 << 4);
    finish();
}

/* ---- which ---- */

T(new_reno_is_chosen_for_all_or_for_one)
{
    open_with(&(struct fa_tcp_config){.congestion = FA_TCP_NEW_RENO});
    CHECK_EQ(fa_tcp_congestion_of(lab.flow), FA_TCP_NEW_RENO);
    lose();
    CHECK_EQ(segments(), 5);
    finish();
    open_with(NULL);
    CHECK_EQ(fa_tcp_congestion_of(lab.flow), FA_TCP_CUBIC);
    CHECK_EQ(fa_tcp_congestion_set(lab.flow, FA_TCP_NEW_RENO), FA_OK);
    CHECK_EQ(fa_tcp_congestion_of(lab.flow), FA_TCP_NEW_RENO);
    CHECK_EQ(segments(), 10);
    CHECK_EQ(fa_tcp_congestion_set(lab.flow, FA_TCP_CONGESTION_COUNT), FA_EINVAL);
    CHECK(fa_slice_equal(fa_slice_of(fa_tcp_congestion_name(FA_TCP_CUBIC)), FA_LIT("cubic")));
    finish();
}

T(the_initial_window_can_be_set)
{
    open_with(&(struct fa_tcp_config){.initial_segments = 3});
    CHECK_EQ(segments(), 3);
    finish();
}
