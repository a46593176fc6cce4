// SPDX-License-Identifier: ISC
//
// What an acknowledgement says: how far the peer is, how much it can take, how long the way is
// (RFC 6298), and that something was lost (RFC 5681, RFC 6582).

#include "tcp_priv.h"

enum {
    MIN_RTT_MS = 300 * 1000, /* how long the least round trip counts */
    TS_RTT_MAX = 300 * 1000, /* ticks; more is no round trip */
};

/* ---- the retransmission timeout, RFC 6298 ---- */

void fa__tcp_rtt_sample(struct fa_tcp_conn *conn, fa_ns rtt)
{
    rtt = rtt == 0 ? 1 : rtt;
    if (conn->srtt_ns == 0) {
        conn->srtt_ns = rtt;
        conn->rttvar_ns = rtt / 2;
    } else {
        fa_ns error = conn->srtt_ns > rtt ? conn->srtt_ns - rtt : rtt - conn->srtt_ns;
        conn->rttvar_ns = conn->rttvar_ns - conn->rttvar_ns / 4 + error / 4;
        conn->srtt_ns = conn->srtt_ns - conn->srtt_ns / 8 + rtt / 8;
    }
    conn->backoff = 0;
    uint32_t ms = fa__tcp_ms(conn->tcp);
    if (rtt <= conn->min_rtt_ns || ms - conn->min_rtt_ms > MIN_RTT_MS) {
        conn->min_rtt_ns = rtt;
        conn->min_rtt_ms = ms;
    }
}

fa_ns fa__tcp_echo_rtt(const struct fa_tcp_conn *conn, const struct fa_tcp_header *header)
{
    uint32_t ticks = fa__tcp_ts_now(conn) - header->ts_echo;
    bool good = conn->ts_ok && header->ts_echo != 0 && ticks < TS_RTT_MAX;
    return good ? fa_max(ticks, 1) * FA__TCP_TS_TICK : 0;
}

fa_ns fa__tcp_rto(const struct fa_tcp_conn *conn)
{
    fa_ns rto = FA__TCP_RTO_INITIAL;
    if (conn->srtt_ns != 0) {
        rto = conn->srtt_ns + fa_max(FA__TCP_CLOCK_GRAIN, 4 * conn->rttvar_ns);
        rto = fa_max(rto, conn->tcp->config.rto_min_ns);
    } else if (conn->syn_lost && conn->state >= FA_TCP_ESTABLISHED) {
        rto = FA__TCP_RTO_AFTER_SYN;
    }
    return fa_ns_min(rto, FA__TCP_RTO_MAX >> conn->backoff) << conn->backoff;
}

/* ---- the peer's window ---- */

/* RFC 9293 3.10.7.4: the newest segment's word counts. SND.WL2 is at most SND.UNA, so what
 * acknowledges less than that is old, and nothing else by its acknowledgement. Returns: whether the
 * window changed. */
static bool update_window(struct fa_tcp_conn *conn, const struct fa_tcp_header *header)
{
    if (fa__seq_lt(header->seq, conn->snd_wl1) || fa__seq_lt(header->ack, conn->snd_una)) {
        return false;
    }
    uint32_t window = (uint32_t)header->window << conn->tx_scale;
    bool changed = window != conn->snd_wnd;
    conn->snd_wnd = window;
    conn->snd_wnd_max = (uint32_t)fa_max(conn->snd_wnd_max, window);
    conn->snd_wl1 = header->seq;
    if (changed && window != 0 && conn->persist) {
        conn->persist = false;
        conn->probe_due = false;
        conn->backoff = 0;
        conn->retransmit_ns = FA_NS_NEVER;
    }
    return changed;
}

uint32_t fa__tcp_usable(const struct fa_tcp_conn *conn, uint32_t in_flight)
{
    uint32_t theirs = conn->snd_wnd > in_flight ? conn->snd_wnd - in_flight : 0;
    if (conn->tlp_due) {
        return fa__u32_min(conn->mss, theirs);
    }
    bool on = !conn->recovery && fa__tcp_uses(conn->tcp, FA_TCP_LIMITED_TRANSMIT);
    uint32_t limited = on ? fa__u32_min(conn->dup_acks, 2) * conn->mss : 0;
    uint32_t window = conn->cwnd + limited;
    uint32_t pipe = fa__tcp_board_on(conn) ? fa__tcp_pipe(conn) : in_flight;
    return fa__u32_min(window > pipe ? window - pipe : 0, theirs);
}

/* ---- progress and loss ---- */

static void enter_recovery(struct fa_tcp_conn *conn)
{
    FA_COUNT(conn->tcp->config.counters, tcp_fast_retransmit);
    fa__tcp_cc(conn)->lost(conn, conn->snd_max - conn->snd_una);
    conn->recovery = true;
    conn->partial = false;
    conn->recover = conn->snd_max;
    conn->cwnd = conn->ssthresh + FA__TCP_DUP_ACK_MAX * conn->mss;
    conn->retransmit_due = true;
}

static void input_duplicate(struct fa_tcp_conn *conn)
{
    if (conn->recovery) {
        conn->cwnd += conn->mss; // a segment has left the network
    } else {
        conn->dup_acks = (uint8_t)fa_min(conn->dup_acks + 1u, UINT8_MAX);
        if (conn->dup_acks == FA__TCP_DUP_ACK_MAX && fa__seq_lt(conn->recover, conn->snd_una)) {
            enter_recovery(conn);
        }
    }
}

/* RFC 6582 3.2 step 3. Returns: whether the timer is to be restarted. */
static bool recover_input(struct fa_tcp_conn *conn, uint32_t acked)
{
    uint32_t mss = conn->mss;
    if (!fa__seq_lt(conn->snd_una, conn->recover)) {
        uint32_t flight = conn->snd_max - conn->snd_una;
        conn->cwnd = (uint32_t)fa_min(conn->ssthresh, fa_max(flight, mss) + mss);
        conn->recovery = false;
        conn->dup_acks = 0;
        return true;
    }
    // Only up to here was it acknowledged: the next segment is lost, too.
    uint32_t left = conn->cwnd - fa__u32_min(acked, conn->cwnd);
    conn->cwnd = (uint32_t)fa_max(left + (acked >= mss ? mss : 0), mss);
    conn->retransmit_due = true;
    bool first = !conn->partial;
    conn->partial = true;
    return first;
}

void fa__tcp_progress(struct fa_tcp_conn *conn, uint32_t ack)
{
    fa__tcp_tx_acked(conn, ack);
    if (conn->mtu_probing) {
        fa__tcp_mtu_acked(conn);
    }
    if (!conn->recovery && fa__seq_lt(conn->recover, ack)) {
        conn->recover = ack - 1; // or it would seem ahead after 2 GiB
    }
    conn->progress_ns = conn->tcp->now;
    if (conn->snd_una == conn->snd_max) {
        conn->retransmit_ns = FA_NS_NEVER;
        conn->burst_mixed = false;
        conn->burst_resent = false;
    }
    if (conn->want_write && fa__tcp_tx_has_room(conn)) {
        fa__tcp_wake(conn, FA_FLOW_WRITABLE);
    }
}

/* The classic way, RFC 6582: without a scoreboard. */
void fa__tcp_progress_input(struct fa_tcp_conn *conn, uint32_t ack)
{
    struct fa_tcp *tcp = conn->tcp;
    uint32_t acked = ack - conn->snd_una;
    uint32_t flight = conn->snd_nxt - conn->snd_una;
    fa_ns rtt = 0;
    if (conn->timing && fa__seq_lt(conn->rtt_seq, ack)) {
        conn->timing = false;
        rtt = fa_max(tcp->now - conn->rtt_start_ns, 1);
        fa__tcp_rtt_sample(conn, rtt);
    }
    fa__tcp_progress(conn, ack);
    conn->retransmit_due = false;
    bool restart = true;
    if (conn->recovery) {
        restart = recover_input(conn, acked);
    } else if (!conn->ecn_reduced) {
        conn->dup_acks = 0;
        // What was not sent again since a timeout has not left the network now.
        fa__tcp_cc(conn)->acked(
            conn, &(struct fa__tcp_sample){
                      .acked = fa__u32_min(acked, flight), .flight = flight, .rtt_ns = rtt});
    }
    conn->timed_out = conn->timed_out && fa__seq_lt(ack, conn->recover);
    if (conn->snd_una != conn->snd_max && restart && !conn->persist) {
        fa__tcp_retransmit_arm(conn, 0);
    }
}

/* Our FIN is acknowledged. Returns: whether the connection lives on. */
static bool input_fin_acked(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    if (conn->state == FA_TCP_FIN_WAIT_1) {
        fa__tcp_set_state(conn, FA_TCP_FIN_WAIT_2);
        if (!conn->flow_open) {
            conn->end_ns = fa_ns_after(tcp->now, fa__tcp_fin_wait_2(conn));
            fa__tcp_timer_arm(conn);
        }
    } else if (conn->state == FA_TCP_CLOSING || (conn->state == FA_TCP_LAST_ACK && conn->cookie)) {
        fa__tcp_time_wait(conn);
    } else if (conn->state == FA_TCP_LAST_ACK) {
        fa__tcp_conn_end(conn, FA_ECLOSED, false);
        return false;
    }
    return true;
}

bool fa__tcp_ack_input(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    const struct fa_tcp_header *header = &seg->header;
    uint32_t ack = header->ack;
    // RFC 5961 5.2: who guesses blindly cannot know what is in flight.
    if (fa__seq_lt(conn->snd_max, ack) || fa__seq_lt(ack, conn->snd_una - conn->snd_wnd_max)) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_bad_ack);
        fa__tcp_reply_challenge(conn);
        return false;
    }
    bool in_flight = conn->snd_nxt != conn->snd_una; // a probe is none
    bool window_changed = update_window(conn, header);
    bool sacks = header->sack_count != 0 && conn->sack_ok && in_flight;
    bool board = fa__tcp_board_on(conn) || (sacks && fa__tcp_board_open(conn));
    bool advances = fa__seq_lt(conn->snd_una, ack);
    bool duplicate =
        ack == conn->snd_una && in_flight && !window_changed && fa__tcp_segment_len(seg) == 0;
    if (board && (advances || sacks || duplicate)) {
        fa__tcp_recover_input(conn, header, duplicate);
    } else if (advances) {
        fa__tcp_progress_input(conn, ack);
    } else if (duplicate) {
        input_duplicate(conn);
    }
    if (conn->ecn_reduced || ((header->flags & FA_TCP_ECE) != 0 && conn->ecn_ok)) {
        fa__tcp_ecn_acked(conn, header);
    }
    if (advances) {
        if (conn->fin_queued && ack == conn->tx_end + 1 && !input_fin_acked(conn)) {
            return false;
        }
    }
    if (conn->snd_wnd == 0 && conn->flow_open) {
        conn->progress_ns = conn->tcp->now; // closed, but alive: RFC 9293 3.8.6.1
    }
    if (fa__tcp_has_unsent(conn) || conn->retransmit_due || fa__tcp_lost(conn) != 0) {
        fa__tcp_mark(conn);
    }
    return true;
}
