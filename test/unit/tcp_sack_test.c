// SPDX-License-Identifier: ISC
//
// Selective acknowledgements both ways: what we report (RFC 2018, RFC 2883), and what we make of
// what the peer reports: RACK, tail loss probes (RFC 8985), PRR (RFC 6937), undoing (RFC 4015, RFC
// 3708, RFC 5682).

#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    MSS = 1000,
};

#define RTT (10 * FA_NS_MS)

/* Sequence number of the nth segment. */
static int64_t at(int idx)
{
    return 1 + (int64_t)idx * MSS;
}

/* A connection over a path of RTT, with SACK. */
static void accept_with(const struct fa_tcp_config *config, bool ts)
{
    lab_init(config);
    lab_listen(NULL);
    IN(.flags = S, .mss = ts ? MSS + FA_TCP_TS_LEN : MSS, .sack_ok = true, .has_ts = ts,
        .ts_value = 1000);
    OUT(.flags = S | A, .ack = 1);
    lab_sleep(RTT);
    IN(.flags = A, .seq = 1, .ack = 1, .has_ts = ts, .ts_value = 1010);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    lab.conn->congestion = FA_TCP_NEW_RENO; // windows that can be reckoned in the head
}

/* Segments [from, to) leave. */
static void out_segments(int from, int to)
{
    for (int i = from; i < to; i++) {
        OUT(.flags = A, .seq = at(i), .ack = 1, .len = MSS);
    }
}

static void send_segments(int count)
{
    CHECK_EQ(lab_write((size_t)count * MSS), (size_t)count * MSS);
    out_segments(0, count);
    lab_sleep(RTT);
}

/* Segments [from, to) were received. */
#define SACK(from, to)                                                                             \
    {                                                                                              \
        (uint32_t) at(from), (uint32_t)at(to)                                                      \
    }

/* ---- what we report ---- */

T(blocks_are_reported_newest_first_and_grow_together)
{
    accept_with(NULL, false);
    IN(.flags = A, .seq = 11, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {{11, 21}});
    IN(.flags = A, .seq = 31, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 1, .sack_count = 2, .sacks = {{31, 41}, {11, 21}});
    IN(.flags = A, .seq = 51, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 1, .sack_count = 3, .sacks = {{51, 61}, {31, 41}, {11, 21}});
    IN(.flags = A, .seq = 21, .ack = 1, .len = 10); // joins two
    OUT(.flags = A, .seq = 1, .ack = 1, .sack_count = 2, .sacks = {{11, 41}, {51, 61}});
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 41, .sack_count = 1, .sacks = {{51, 61}});
    IN(.flags = A, .seq = 41, .ack = 1, .len = 10);
    CHECK_EQ(lab_read(100), 60);
    OUT(.flags = A, .seq = 1, .ack = 61);
    CHECK(lab.conn->work == NULL);
    lab_end();
}

T(as_many_blocks_are_reported_as_fit)
{
    static const bool ts[] = {false, true};
    for (size_t i = 0; i < FA_COUNT_OF(ts); i++) {
        accept_with(NULL, ts[i]);
        for (int64_t seq = 11; seq <= 91; seq += 20) {
            IN(.flags = A, .seq = seq, .ack = 1, .len = 10, .has_ts = ts[i], .ts_value = 1011);
        }
        if (ts[i]) {
            OUT(.flags = A, .seq = 1, .ack = 1, .sack_count = 3,
                .sacks = {{91, 101}, {71, 81}, {51, 61}});
        } else {
            OUT(.flags = A, .seq = 1, .ack = 1, .sack_count = 4,
                .sacks = {{91, 101}, {71, 81}, {51, 61}, {31, 41}});
        }
        QUIET(); // one ACK answers the burst: who speaks SACK needs no duplicates
        lab_end();
    }
}

T(what_was_given_up_for_memory_is_not_reported_any_more)
{
    const struct fa_tcp_config config = {.memory_low_bytes = FA_BUF_SIZE,
        .memory_pressure_bytes = 4 * FA_BUF_SIZE,
        .memory_high_bytes = 3 * FA_BUF_SIZE}; // one of them holds the blocks
    accept_with(&config, false);
    IN(.flags = A, .seq = at(1), .ack = 1, .len = MSS);
    IN(.flags = A, .seq = at(3), .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1, .ack = 1, .sack_count = 2, .sacks = {SACK(3, 4), SACK(1, 2)});
    IN(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    CHECK_EQ(COUNT(tcp_rx_ooo_pruned), 1);
    CHECK_EQ(fa__tcp_sack_count(lab.conn), 0);
    IN(.flags = A, .seq = at(5), .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = 1, .ack = at(1), .sack_count = 1, .sacks = {SACK(5, 6)});
    CHECK_EQ(lab_read(9 * MSS), MSS);
    lab_end();
}

T(what_comes_twice_is_reported_once)
{
    accept_with(NULL, false);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 11, .sack_count = 1, .sacks = {{1, 11}});
    IN(.flags = A, .seq = 31, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 11, .sack_count = 1, .sacks = {{31, 41}});
    // Twice beyond the hole: the second block is the one it lies in (RFC 2883 4.2).
    IN(.flags = A, .seq = 31, .ack = 1, .len = 5);
    OUT(.flags = A, .seq = 1, .ack = 11, .sack_count = 2, .sacks = {{31, 36}, {31, 41}});
    IN(.flags = A, .seq = 51, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 11, .sack_count = 2, .sacks = {{51, 61}, {31, 41}});
    lab_end();
}

T(without_dsack_what_comes_twice_is_only_acknowledged)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_DSACK};
    accept_with(&config, false);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10);
    OUT(.flags = A, .seq = 1, .ack = 11);
    CHECK(lab.conn->work == NULL);
    lab_end();
}

T(blocks_ride_on_data_which_makes_room_for_them)
{
    accept_with(NULL, false);
    IN(.flags = A, .seq = 11, .ack = 1, .len = 10);
    CHECK_EQ(lab_write(2 * MSS), 2 * MSS);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = MSS - 12, .sack_count = 1, .sacks = {{11, 21}});
    lab_end();
}

/* ---- what is lost ---- */

T(a_hole_below_three_segments_is_sent_again_at_once_and_nothing_else_is)
{
    accept_with(NULL, false);
    send_segments(10);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 4)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    QUIET();
    CHECK(lab.conn->recovery);
    CHECK_EQ(lab.conn->ssthresh, 5 * MSS);
    IN(.flags = A, .seq = 1, .ack = at(10));
    CHECK(!lab.conn->recovery);
    CHECK_EQ(lab.conn->cwnd, 5 * MSS);
    QUIET();
    CHECK(lab.conn->work == NULL);
    CHECK_EQ(COUNT(tcp_retransmit), 1);
    lab_end();
}

T(several_holes_are_repaired_in_one_round_trip)
{
    accept_with(NULL, false);
    send_segments(10);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 3,
        .sacks = {SACK(7, 10), SACK(4, 6), SACK(1, 3)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = at(3), .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = at(6), .ack = 1, .len = MSS);
    QUIET();
    lab_end();
}

/* RFC 8985 6.2 step 4: a quarter of the least round trip. */
T(one_segment_above_a_hole_waits_for_reordering)
{
    accept_with(NULL, false);
    send_segments(4);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 2)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS, .within_ns = RTT / 4);
    lab_end();
}

T(a_late_segment_is_no_loss_and_makes_patient)
{
    accept_with(NULL, false);
    send_segments(6);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 2)});
    QUIET();
    lab_sleep(FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = at(2));
    QUIET();
    CHECK(lab.conn->reordered);
    // From now on three segments are not enough, time alone counts.
    IN(.flags = A, .seq = 1, .ack = at(2), .sack_count = 1, .sacks = {SACK(3, 6)});
    QUIET();
    OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS, .within_ns = RTT / 4);
    lab_end();
}

T(a_lost_retransmission_is_noticed)
{
    accept_with(NULL, false);
    CHECK_EQ(lab_write(14 * MSS), 14 * MSS);
    out_segments(0, 10);
    lab_sleep(RTT);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 7)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS); // lost again
    OUT(.flags = A, .seq = at(10), .ack = 1, .len = MSS);
    QUIET();
    lab_sleep(RTT);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 11)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    lab_end();
}

T(without_rack_losses_are_counted)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_RACK};
    accept_with(&config, false);
    send_segments(10);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 3)});
    QUIET();
    lab_sleep(RTT);
    QUIET();
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 4)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    lab_end();
}

T(a_peer_without_sack_gets_new_reno)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_SACK};
    accept_with(&config, false);
    send_segments(10);
    for (int i = 0; i < 3; i++) {
        IN(.flags = A, .seq = 1, .ack = 1);
    }
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    CHECK(lab.conn->work == NULL);
    lab_end();
}

T(blocks_that_make_no_sense_change_nothing)
{
    static const struct fa_tcp_sack cases[] = {
        {1001, 1001}, {2001, 1001}, {1001, 20000}, {0x80000001, 0x80000100}, {1001, 0}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        accept_with(NULL, false);
        send_segments(10);
        IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {cases[i]});
        QUIET();
        CHECK_EQ(lab.conn->work->sacked_bytes, 0);
        CHECK_EQ(COUNT(tcp_rx_bad_sack), 1);
        CHECK_EQ(lab.conn->reo_mult, 0); // none is taken for a DSACK
        lab_end();
    }
}

/* ---- blocks that a box takes away or makes useless ---- */

/* Segments 2 to 13 are in flight in two runs, so there is a scoreboard; more are written. */
static void send_two_bursts(int more)
{
    CHECK_EQ(lab_write((size_t)(14 + more) * MSS), (size_t)(14 + more) * MSS);
    out_segments(0, 10);
    lab_sleep(RTT);
    IN(.flags = A, .seq = 1, .ack = at(2));
    out_segments(10, 14);
    QUIET();
    CHECK(fa__tcp_board_on(lab.conn));
}

/* How three duplicates may look that say nothing. */
static const struct blind_case {
    uint8_t count;
    struct fa_tcp_sack block;
} blind_cases[] = {
    {0, {0, 0}},                   /* a box has taken the blocks away */
    {1, {0x40000001, 0x400003e9}}, /* or shifts the numbers and not the blocks */
    {1, {0x90000001, 0x900003e9}}, /* ... backwards: no DSACK */
    {1, {1000000, 1001000}},
};

static void in_blind(const struct blind_case *it, int64_t ack)
{
    IN(.flags = A, .seq = 1, .ack = ack, .sack_count = it->count, .sacks = {it->block});
}

T(three_duplicates_that_sack_nothing_begin_a_recovery_of_one_segment)
{
    for (size_t i = 0; i < FA_COUNT_OF(blind_cases); i++) {
        accept_with(NULL, false);
        send_two_bursts(0);
        in_blind(&blind_cases[i], at(2));
        in_blind(&blind_cases[i], at(2));
        QUIET();
        in_blind(&blind_cases[i], at(2));
        OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS);
        QUIET();
        CHECK(lab.conn->recovery);
        CHECK_EQ(lab.conn->ssthresh, 6 * MSS);
        CHECK_EQ(lab.conn->reo_mult, 0);
        CHECK_EQ(COUNT(tcp_fast_retransmit), 1);
        in_blind(&blind_cases[i], at(14));
        CHECK(!lab.conn->recovery);
        CHECK_EQ(lab.conn->cwnd, 6 * MSS);
        CHECK_EQ(lab.conn->dup_acks, 0);
        lab_end();
    }
}

/* RFC 6582: times would say that all of it is lost. */
T(a_partial_ack_in_such_a_recovery_repairs_the_next_segment_alone)
{
    for (size_t i = 0; i < FA_COUNT_OF(blind_cases); i++) {
        accept_with(NULL, false);
        send_two_bursts(0);
        for (int dup = 0; dup < 6; dup++) {
            in_blind(&blind_cases[i], at(2));
        }
        OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS);
        QUIET();
        lab_sleep(RTT);
        in_blind(&blind_cases[i], at(5));
        OUT(.flags = A, .seq = at(5), .ack = 1, .len = MSS);
        QUIET();
        CHECK(lab.conn->recovery);
        CHECK_EQ(lab.conn->dup_acks, 4); // two of the six told of segments 3 and 4
        lab_sleep(RTT);
        in_blind(&blind_cases[i], at(14));
        QUIET();
        CHECK(!lab.conn->recovery);
        CHECK_EQ(COUNT(tcp_retransmit), 2);
        CHECK_EQ(COUNT(tcp_timeout), 0);
        lab_end();
    }
}

/* RFC 3042, then RFC 6937: what is out shrinks to ssthresh, and stays there. */
T(an_ack_that_fills_a_hole_measures_what_was_sent_after_it_alone)
{
    for (int newer = 0; newer < 2; newer++) {
        accept_with(NULL, false);
        send_two_bursts(newer);
        lab_sleep(RTT / 2);
        for (int i = 0; i < 3; i++) {
            in_blind(&blind_cases[0], at(2));
        }
        OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS);
        const fa_ns srtt = lab.conn->srtt_ns;
        const int got = newer != 0 ? 15 : 14;
        if (newer != 0) {
            for (int i = 0; i < 8; i++) {
                in_blind(&blind_cases[0], at(2));
            }
            OUT(.flags = A, .seq = at(14), .ack = 1, .len = MSS);
        }
        lab_sleep(5 * RTT);
        IN(.flags = A, .seq = 1, .ack = at(got));
        CHECK_EQ(lab.conn->srtt_ns != srtt, newer != 0);
        lab_end();
    }
}

T(duplicates_that_sack_nothing_let_new_data_out)
{
    accept_with(NULL, false);
    send_two_bursts(10);
    in_blind(&blind_cases[0], at(2));
    OUT(.flags = A, .seq = at(14), .ack = 1, .len = MSS);
    in_blind(&blind_cases[0], at(2));
    OUT(.flags = A, .seq = at(15), .ack = 1, .len = MSS);
    in_blind(&blind_cases[0], at(2));
    OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS);
    CHECK_EQ(lab.conn->ssthresh, 6 * MSS); // of 14, with what limited transmit has added
    for (int i = 0; i < 5; i++) {
        in_blind(&blind_cases[0], at(2));
        QUIET();
    }
    in_blind(&blind_cases[0], at(2));
    OUT(.flags = A, .seq = at(16), .ack = 1, .len = MSS);
    in_blind(&blind_cases[0], at(2));
    OUT(.flags = A, .seq = at(17), .ack = 1, .len = MSS);
    lab_end();
}

T(where_something_is_sacked_duplicates_without_blocks_do_not_count)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_RACK};
    accept_with(&config, false);
    send_two_bursts(0);
    IN(.flags = A, .seq = 1, .ack = at(2), .sack_count = 1, .sacks = {SACK(3, 4)});
    for (int i = 0; i < 3; i++) {
        in_blind(&blind_cases[0], at(2));
    }
    QUIET();
    CHECK_EQ(lab.conn->dup_acks, 0);
    lab_end();
}

T(blocks_that_come_back_end_the_counting)
{
    accept_with(NULL, false);
    send_two_bursts(0);
    lab_sleep(RTT / 2); // or what is sent again would be as old as the second burst
    for (int i = 0; i < 3; i++) {
        in_blind(&blind_cases[0], at(2));
    }
    OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1, .ack = at(2), .sack_count = 1, .sacks = {SACK(8, 12)});
    CHECK(lab.conn->recovery);
    CHECK(!lab.conn->work->blind);
    OUT(.flags = A, .seq = at(3), .ack = 1, .len = MSS); // RACK finds the other losses
    lab_end();
}

/* ---- timeouts and probes ---- */

T(when_the_last_segments_are_lost_a_probe_asks_after_two_round_trips)
{
    accept_with(NULL, false);
    CHECK_EQ(lab_write(2 * MSS), 2 * MSS);
    out_segments(0, 2);
    OUT(.flags = A, .seq = at(1), .ack = 1, .len = MSS, .within_ns = 2 * RTT);
    CHECK_EQ(COUNT(tcp_loss_probe), 1);
    CHECK_EQ(COUNT(tcp_timeout), 0);
    lab_sleep(RTT);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 2)});
    // Only the first is lost: what RACK has seen is later and it waited long enough.
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    lab_end();
}

T(a_probe_carries_new_data_if_there_is_some)
{
    accept_with(NULL, false);
    CHECK_EQ(lab_write(12 * MSS), 12 * MSS);
    out_segments(0, 10);
    OUT(.flags = A, .seq = at(10), .ack = 1, .len = MSS, .within_ns = 2 * RTT);
    QUIET();
    CHECK_EQ(COUNT(tcp_loss_probe), 1);
    CHECK_EQ(COUNT(tcp_retransmit), 0);
    lab_end();
}

T(a_probe_that_repaired_a_loss_halves_the_window)
{
    for (int dsack = 0; dsack < 2; dsack++) {
        accept_with(NULL, false);
        CHECK_EQ(lab_write(10 * MSS), 10 * MSS);
        out_segments(0, 10);
        OUT(.flags = A, .seq = at(9), .ack = 1, .len = MSS, .within_ns = 2 * RTT);
        CHECK_EQ(lab_write(MSS), MSS);
        lab_sleep(RTT);
        IN(.flags = A, .seq = 1, .ack = at(9));
        OUT(.flags = A, .seq = at(10), .ack = 1, .len = MSS);
        uint32_t cwnd = lab.conn->cwnd;
        if (dsack != 0) { // the first had come, the probe was needless
            IN(.flags = A, .seq = 1, .ack = at(10), .sack_count = 1, .sacks = {SACK(9, 10)});
        }
        IN(.flags = A, .seq = 1, .ack = at(11));
        CHECK_EQ(lab.conn->cwnd >= cwnd, dsack != 0);
        lab_end();
    }
}

T(without_probes_the_timeout_tells)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_TAIL_LOSS_PROBE};
    accept_with(&config, false);
    CHECK_EQ(lab_write(2 * MSS), 2 * MSS);
    out_segments(0, 2);
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    CHECK_EQ(COUNT(tcp_timeout), 1);
    lab_end();
}

T(every_timeout_sends_the_first_segment_again)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_TAIL_LOSS_PROBE | FA_TCP_MTU_PROBE};
    accept_with(&config, false);
    CHECK_EQ(lab_write(6 * MSS), 6 * MSS);
    out_segments(0, 6);
    for (int i = 0; i < 4; i++) {
        OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS << i);
        QUIET();
    }
    IN(.flags = A, .seq = 1, .ack = at(1));
    out_segments(1, 3);
    OUT(.flags = A, .seq = at(1), .ack = 1, .len = MSS, .within_ns = 3200 * FA_NS_MS);
    lab_end();
}

T(an_ack_that_fills_a_hole_measures_no_round_trip)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_TAIL_LOSS_PROBE};
    accept_with(&config, false);
    CHECK_EQ(lab_write(MSS), MSS);
    out_segments(0, 1);
    lab_sleep(RTT);
    CHECK_EQ(lab_write(2 * MSS), 2 * MSS);
    out_segments(1, 3);
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS - RTT);
    lab_sleep(RTT);
    const fa_ns srtt = lab.conn->srtt_ns;
    IN(.flags = A, .seq = 1, .ack = at(3)); // the other two had been there all the time
    CHECK_EQ(lab.conn->srtt_ns, srtt);
    CHECK_EQ(lab.conn->backoff, 1); // RFC 6298 5: until something is measured
    CHECK_EQ(lab_write(MSS), MSS);
    out_segments(3, 4);
    lab_sleep(RTT);
    IN(.flags = A, .seq = 1, .ack = at(4));
    CHECK_EQ(lab.conn->backoff, 0);
    lab_end();
}

/* It is the timeout's, or that of ACKs that were lost. */
T(what_was_sent_before_a_timeout_measures_no_round_trip)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_TAIL_LOSS_PROBE};
    accept_with(&config, false);
    send_segments(4);
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS - RTT);
    const fa_ns srtt = lab.conn->srtt_ns;
    lab_sleep(RTT);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(2, 4)});
    CHECK_EQ(lab.conn->srtt_ns, srtt);
    CHECK_EQ(lab.conn->backoff, 1);
    lab_end();
}

T(at_a_timeout_bytes_the_peer_has_thrown_away_are_sent_again)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_TAIL_LOSS_PROBE};
    accept_with(&config, false);
    send_segments(6);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 6)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1, .ack = at(1)); // it has forgotten the rest (RFC 2018 8)
    QUIET();
    OUT(.flags = A, .seq = at(1), .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = at(2));
    OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS);
    OUT(.flags = A, .seq = at(3), .ack = 1, .len = MSS);
    lab_end();
}

/* ---- undoing ---- */

T(a_recovery_of_which_all_came_twice_is_undone)
{
    accept_with(NULL, false);
    send_segments(10);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 4)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1, .ack = at(4)); // it was only late
    lab_sleep(RTT);
    CHECK_EQ(lab.conn->ssthresh, 5 * MSS);
    IN(.flags = A, .seq = 1, .ack = at(4), .sack_count = 1, .sacks = {SACK(0, 1)});
    CHECK_EQ(COUNT(tcp_undo), 1);
    CHECK(!lab.conn->recovery);
    CHECK(lab.conn->cwnd >= 10 * MSS);
    CHECK_EQ(lab.conn->reo_mult, 1); // RFC 8985: twice as patient now
    lab_end();
}

T(an_old_echo_undoes_a_timeout)
{
    accept_with(NULL, true);
    CHECK_EQ(lab_write(3 * MSS), 3 * MSS);
    out_segments(0, 3);
    OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS, .within_ns = 2 * RTT);
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    CHECK_EQ(lab.conn->cwnd, MSS);
    lab_sleep(FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = at(1), .has_ts = true, .ts_value = 1300, .ts_echo = 10);
    CHECK_EQ(COUNT(tcp_undo), 1);
    CHECK(lab.conn->cwnd >= 10 * MSS);
    QUIET();
    lab_end();
}

T(an_echo_of_the_retransmission_undoes_nothing)
{
    accept_with(NULL, true);
    CHECK_EQ(lab_write(3 * MSS), 3 * MSS);
    out_segments(0, 3);
    OUT(.flags = A, .seq = at(2), .ack = 1, .len = MSS, .within_ns = 2 * RTT);
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    lab_sleep(RTT);
    IN(.flags = A, .seq = 1, .ack = at(1), .has_ts = true, .ts_value = 1300, .ts_echo = 230);
    CHECK_EQ(COUNT(tcp_undo), 0);
    lab_end();
}

/* RFC 5682: after a timeout two ACKs tell of what was not sent again. */
T(a_timeout_that_was_only_a_delay_is_undone_without_timestamps)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_TAIL_LOSS_PROBE};
    accept_with(&config, false);
    CHECK_EQ(lab_write(14 * MSS), 14 * MSS);
    out_segments(0, 10);
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS, .within_ns = 200 * FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = at(1));
    out_segments(10, 12); // new data instead of what may not be lost
    QUIET();
    IN(.flags = A, .seq = 1, .ack = at(2));
    CHECK_EQ(COUNT(tcp_undo), 1);
    CHECK(lab.conn->cwnd >= 10 * MSS);
    CHECK_EQ(COUNT(tcp_retransmit), 1);
    lab_end();
}

T(without_undo_a_needless_recovery_stays)
{
    const struct fa_tcp_config config = {.features_off = FA_TCP_UNDO};
    accept_with(&config, false);
    send_segments(10);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 4)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    IN(.flags = A, .seq = 1, .ack = at(4), .sack_count = 1, .sacks = {SACK(0, 1)});
    CHECK_EQ(COUNT(tcp_undo), 0);
    lab_end();
}

T(a_lost_fin_is_found_like_any_byte)
{
    accept_with(NULL, false);
    CHECK_EQ(lab_write(MSS + 10), MSS + 10);
    CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    OUT(.flags = F | A, .seq = at(1), .ack = 1, .len = 10);
    OUT(.flags = F | A, .seq = at(0) + 11, .ack = 1, .len = MSS - 1, .within_ns = 2 * RTT);
    IN(.flags = A, .seq = 1, .ack = at(1) + 11);
    CHECK_EQ(lab_state(), FA_TCP_FIN_WAIT_2);
    lab_end();
}

/* ---- limits ---- */

T(without_buffers_for_a_scoreboard_losses_are_still_repaired)
{
    accept_with(NULL, false);
    send_segments(10);
    lab.end.tcp.config.tx_buffer_count_keep = TCP_END_POOL_BUFS;
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 2)});
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 3)});
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {SACK(1, 4)});
    OUT(.flags = A, .seq = at(0), .ack = 1, .len = MSS);
    CHECK(COUNT(tcp_board_no_buffer) != 0);
    CHECK(lab.conn->work == NULL);
    lab_end();
}
