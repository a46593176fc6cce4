// SPDX-License-Identifier: ISC
//
// What an acknowledgement says: how far the peer is, how much it can take, how long the way is
// (RFC 6298), and that something was lost (RFC 5681, RFC 6582).

#include "tcp_priv.h"

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

/* RFC 9293 3.10.7.4: the newest segment's word counts. Returns: whether the window changed. */
static bool update_window(struct fa_tcp_conn *conn, const struct fa_tcp_header *header)
{
    bool newer = fa__seq_lt(conn->snd_wl1, header->seq) ||
                 (conn->snd_wl1 == header->seq && fa__seq_leq(conn->snd_wl2, header->ack));
    if (!newer || fa__seq_lt(header->ack, conn->snd_una)) {
        return false;
    }
    uint32_t window = (uint32_t)header->window << conn->tx_scale;
    bool changed = window != conn->snd_wnd;
    conn->snd_wnd = window;
    conn->snd_wnd_max = (uint32_t)fa_max(conn->snd_wnd_max, window);
    conn->snd_wl1 = header->seq;
    conn->snd_wl2 = header->ack;
    if (changed && window != 0 && conn->persist) {
        conn->persist = false;
        conn->probe_due = false;
        conn->backoff = 0;
        conn->retransmit_ns = FA_NS_NEVER;
    }
    return changed;
}

uint32_t fa__tcp_send_window(const struct fa_tcp_conn *conn)
{
    uint32_t limited = conn->recovery ? 0 : fa__u32_min(conn->dup_acks, 2) * conn->mss;
    return fa__u32_min(conn->cwnd + limited, conn->snd_wnd);
}

/* ---- progress and loss ---- */

static void enter_recovery(struct fa_tcp_conn *conn)
{
    FA_COUNT(conn->tcp->config.counters, tcp_fast_retransmit);
    conn->cc->lost(conn, conn->snd_max - conn->snd_una);
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
    fa__tcp_mark(conn);
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

static void input_progress(struct fa_tcp_conn *conn, uint32_t ack)
{
    struct fa_tcp *tcp = conn->tcp;
    uint32_t acked = ack - conn->snd_una;
    uint32_t flight = conn->snd_nxt - conn->snd_una;
    if (conn->timing && fa__seq_lt(conn->rtt_seq, ack)) {
        conn->timing = false;
        fa__tcp_rtt_sample(conn, tcp->now - conn->rtt_start_ns);
    }
    fa__tcp_tx_acked(conn, ack);
    conn->retransmit_due = false;
    bool restart = true;
    if (conn->recovery) {
        restart = recover_input(conn, acked);
    } else {
        conn->dup_acks = 0;
        // What was not sent again since a timeout has not left the network now.
        conn->cc->acked(conn, fa__u32_min(acked, flight), flight);
    }
    conn->timed_out = conn->timed_out && fa__seq_lt(ack, conn->recover);
    if (!conn->recovery && fa__seq_lt(conn->recover, ack)) {
        conn->recover = ack - 1; // or it would seem ahead after 2 GiB
    }
    conn->progress_ns = tcp->now;
    if (conn->snd_una == conn->snd_max) {
        conn->retransmit_ns = FA_NS_NEVER;
    } else if (restart && !conn->persist) {
        conn->retransmit_ns = fa_ns_after(tcp->now, fa__tcp_rto(conn));
        fa__tcp_timer_arm(conn);
    }
    if (conn->want_write && fa__tcp_tx_has_room(conn)) {
        fa__tcp_wake(conn, FA_FLOW_WRITABLE);
    }
}

/* Our FIN is acknowledged. Returns: whether the connection lives on. */
static bool input_fin_acked(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    if (conn->state == FA_TCP_FIN_WAIT_1) {
        fa__tcp_set_state(conn, FA_TCP_FIN_WAIT_2);
        if (!conn->flow_open) {
            conn->end_ns = fa_ns_after(tcp->now, tcp->config.fin_wait_2_ns);
            fa__tcp_timer_arm(conn);
        }
    } else if (conn->state == FA_TCP_CLOSING) {
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
    if (fa__seq_lt(conn->snd_una, ack)) {
        input_progress(conn, ack);
        if (conn->fin_queued && ack == conn->tx_end + 1 && !input_fin_acked(conn)) {
            return false;
        }
    } else if (ack == conn->snd_una && in_flight && !window_changed &&
               fa__tcp_segment_len(seg) == 0) {
        input_duplicate(conn);
    }
    if (conn->snd_wnd == 0 && conn->flow_open) {
        conn->progress_ns = conn->tcp->now; // closed, but alive: RFC 9293 3.8.6.1
    }
    if (fa__tcp_has_unsent(conn) || conn->retransmit_due) {
        fa__tcp_mark(conn);
    }
    return true;
}
