// SPDX-License-Identifier: ISC
//
// A segment arrives for a connection: RFC 9293 3.10.7.3 and 3.10.7.4 with the defences of RFC 5961
// and RFC 1337. Each check either lets the segment go on or answers it.

#include "tcp_priv.h"

/* Segments without an MSS option, RFC 9293 3.7.1. */
static uint16_t default_mss(const struct fa_ip *remote)
{
    return fa_ip_is4(remote) ? FA_TCP_MSS_DEFAULT : FA__TCP_PMTU_MIN6 - 40 - FA_TCP_HDR_LEN;
}

uint16_t fa__tcp_payload_max(const struct fa_tcp_conn *conn, uint16_t mss)
{
    return (uint16_t)(mss - (conn->ts_ok ? (unsigned)FA_TCP_TS_LEN : 0u));
}

uint16_t fa__tcp_peer_mss(const struct fa_ip *remote, const struct fa_tcp_header *syn)
{
    return syn->mss != 0 ? syn->mss : default_mss(remote);
}

void fa__tcp_options_input(struct fa_tcp_conn *conn, const struct fa_tcp_header *header)
{
    uint16_t mss = fa__tcp_peer_mss(&conn->tuple.remote, header);
    conn->scale_ok = conn->scale_ok && header->has_scale; // RFC 7323 2.2: both sides or neither
    conn->tx_scale = conn->scale_ok ? header->scale : 0;
    conn->rx_scale = conn->scale_ok ? conn->rx_scale : 0;
    conn->sack_ok = conn->sack_ok && header->sack_ok;
    conn->ts_ok = conn->ts_ok && header->has_ts;
    conn->ecn_ok = conn->ecn_ok && fa__tcp_ecn_agrees(header->flags);
    fa__tcp_ts_note(conn, header->ts_value);
    mss = (uint16_t)fa_min(conn->mss, fa_max(mss, FA__TCP_MSS_MIN));
    conn->mss = fa__tcp_payload_max(conn, mss);
    conn->mss_max = conn->mss;
    conn->mss_high = conn->mss;
}

static void establish(struct fa_tcp_conn *conn, const struct fa_tcp_header *header)
{
    struct fa_tcp *tcp = conn->tcp;
    conn->syn_due = false;
    conn->retransmit_ns = FA_NS_NEVER;
    conn->backoff = 0;
    conn->progress_ns = tcp->now;
    conn->snd_nxt = conn->snd_una;
    if (conn->timing) {
        conn->timing = false;
        fa__tcp_rtt_sample(conn, tcp->now - conn->rtt_start_ns);
    } else if (conn->syn_lost && fa__tcp_echo_rtt(conn, header) != 0) {
        fa__tcp_rtt_sample(conn, fa__tcp_echo_rtt(conn, header));
    }
    fa__tcp_cc(conn)->init(conn, conn->syn_lost);
    FA_COUNT(tcp->config.counters, tcp_conn_opened);
    fa__tcp_set_state(conn, conn->fin_queued ? FA_TCP_FIN_WAIT_1 : FA_TCP_ESTABLISHED);
    fa__tcp_keep_arm(conn);
    fa__tcp_wake(conn, FA_FLOW_READABLE | FA_FLOW_WRITABLE);
}

static void input_syn_sent(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    const struct fa_tcp_header *header = &seg->header;
    struct fa_counters *counters = conn->tcp->config.counters;
    bool has_ack = (header->flags & FA_TCP_ACK) != 0;
    bool good_ack =
        has_ack && fa__seq_lt(conn->iss, header->ack) && fa__seq_leq(header->ack, conn->snd_max);
    if (has_ack && !good_ack) {
        FA_COUNT(counters, tcp_rx_bad_ack);
        fa__tcp_reply_reset(conn->tcp, seg);
        return;
    }
    if ((header->flags & FA_TCP_RST) != 0) {
        if (good_ack) {
            fa__tcp_conn_end(conn, FA_EREFUSED, false);
        } else {
            FA_COUNT(counters, tcp_rx_bad_reset);
        }
        return;
    }
    if ((header->flags & FA_TCP_SYN) == 0) {
        FA_COUNT(counters, tcp_rx_no_ack);
        return;
    }
    conn->irs = header->seq;
    conn->rcv_nxt = header->seq + 1; // data beside a SYN comes again
    conn->rcv_acked = conn->rcv_nxt;
    conn->tune_seq = conn->rcv_nxt;
    conn->rcv_adv = conn->rcv_nxt + fa__u32_min(conn->rx_space, UINT16_MAX);
    conn->snd_wnd = header->window;
    conn->snd_wnd_max = header->window;
    conn->snd_wl1 = header->seq;
    fa__tcp_options_input(conn, header);
    if (good_ack) {
        conn->snd_una = header->ack;
        establish(conn, header);
        fa__tcp_mark_ack(conn);
    } else {
        conn->syn_due = true; // both sides opened: ours goes out again, with an ACK
        fa__tcp_set_state(conn, FA_TCP_SYN_RECEIVED);
        fa__tcp_mark(conn);
    }
}

/* RFC 5961 3.2: only the very next number resets. RFC 1337: nothing resets TIME_WAIT. */
static void input_reset(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    struct fa_counters *counters = conn->tcp->config.counters;
    uint32_t seq = seg->header.seq;
    if (conn->state == FA_TCP_TIME_WAIT || seq != conn->rcv_nxt) {
        FA_COUNT(counters, tcp_rx_bad_reset);
        bool inside = fa__seq_lt(conn->rcv_nxt, seq) && fa__seq_lt(seq, conn->rcv_adv);
        if (conn->state != FA_TCP_TIME_WAIT && inside) {
            fa__tcp_reply_challenge(conn);
        }
        return;
    }
    FA_COUNT(counters, tcp_conn_reset);
    bool refused = conn->state == FA_TCP_SYN_RECEIVED && !conn->passive;
    fa__tcp_conn_end(conn, refused ? FA_EREFUSED : FA_ERESET, false);
}

/* A SYN where there should be none. Returns: whether the segment goes on, without its SYN. */
static bool input_syn(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg)
{
    struct fa_tcp_header *header = &seg->header;
    bool has_ack = (header->flags & FA_TCP_ACK) != 0;
    if (header->seq != conn->irs) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_bad_syn);
        fa__tcp_reply_challenge(conn);
        return false;
    }
    // The peer's own SYN once more: what we answered was lost.
    if (conn->state != FA_TCP_SYN_RECEIVED) {
        fa__tcp_mark_ack(conn);
        return false;
    }
    if (!conn->passive && has_ack) {
        header->flags &= (uint8_t)~FA_TCP_SYN; // the end of a simultaneous open
        header->seq++;
        fa__tcp_mark_ack(conn);
        return true;
    }
    conn->syn_due = true;
    fa__tcp_mark(conn);
    return false;
}

/* PAWS, RFC 7323 5.3: a segment from before the numbers wrapped has an old timestamp. */
static bool check_ts(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    const struct fa_tcp_header *header = &seg->header;
    if (!header->has_ts) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_no_timestamp); // RFC 7323 3.2
        return false;
    }
    if (!fa__seq_lt(header->ts_value, conn->ts_recent)) {
        return true;
    }
    uint32_t age = (uint32_t)(conn->tcp->now >> FA__TCP_TS_AGE_SHIFT) - conn->ts_recent_at;
    if (age > FA__TCP_TS_AGE_MAX) {
        return true; // RFC 7323 5.5: after 24 days their clock may have gone half way round
    }
    FA_COUNT(conn->tcp->config.counters, tcp_rx_old_timestamp);
    if (fa__tcp_segment_len(seg) != 0) {
        fa__tcp_mark_ack(conn);
    } else {
        fa__tcp_reply_challenge(conn); // seldom: the peer may take it for a duplicate
    }
    return false;
}

/* RFC 9293 3.4, and 3.10.7.4 for a closed window: the ACK on a probe counts. */
static bool check_number(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    uint32_t seq = seg->header.seq;
    uint32_t len = fa__tcp_segment_len(seg);
    bool good;
    if (len == 0) {
        good = fa__seq_leq(conn->rcv_nxt, seq) && fa__seq_leq(seq, conn->rcv_adv);
    } else {
        good = fa__seq_lt(conn->rcv_nxt, seq + len) &&
               (fa__seq_lt(seq, conn->rcv_adv) || seq == conn->rcv_nxt);
    }
    if (good) {
        return true;
    }
    FA_COUNT(conn->tcp->config.counters, tcp_rx_out_of_window);
    bool keepalive = seq + 1 == conn->rcv_nxt;
    if (conn->ts_ok && len != 0 && conn->rcv_nxt - seq <= conn->rx_space) {
        // Our ACK was lost. The next is to tell when this one was sent (RFC 7323 4.3), or the peer
        // takes all the time that it was silent for a round trip.
        fa__tcp_ts_note(conn, seg->header.ts_value);
    }
    if (seg->buf->len != 0 && fa__seq_leq(seq + seg->buf->len, conn->rcv_nxt)) {
        fa__tcp_sack_twice(conn, seq, seq + seg->buf->len);
    }
    if (len != 0 || keepalive) {
        fa__tcp_mark_ack(conn);
    } else {
        fa__tcp_reply_challenge(conn); // or two confused sides would answer each other for ever
    }
    return false;
}

/* The last step of a handshake. Returns: whether the connection is established now. */
static bool input_syn_received(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    const struct fa_tcp_header *header = &seg->header;
    if (!fa__seq_lt(conn->iss, header->ack) || fa__seq_lt(conn->snd_max, header->ack)) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_bad_ack);
        fa__tcp_reply_reset(conn->tcp, seg);
        return false;
    }
    if (conn->passive && !fa__tcp_listener_push(conn)) {
        return false;
    }
    conn->snd_una = header->ack;
    conn->snd_wnd = (uint32_t)header->window << conn->tx_scale;
    conn->snd_wnd_max = conn->snd_wnd;
    conn->snd_wl1 = header->seq;
    establish(conn, header);
    return true;
}

static void input_time_wait(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    uint32_t len = fa__tcp_segment_len(seg);
    if (len == 0) {
        return;
    }
    FA_COUNT(conn->tcp->config.counters, tcp_rx_duplicate);
    bool fin_again =
        (seg->header.flags & FA_TCP_FIN) != 0 && seg->header.seq + len == conn->rcv_nxt;
    if (fin_again) {
        fa__tcp_time_wait(conn);
    }
    fa__tcp_mark_ack(conn);
}

void fa__tcp_conn_input(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg)
{
    struct fa_tcp_header *header = &seg->header;
    if (FA_TRACE_ON(tcp_options)) {
        fa__tcp_trace_options(conn, header, false);
    }
    FA_TRACE(tcp_segment_in, conn->tcp->now, conn->id, header->flags, header->seq, header->ack,
        header->window, seg->buf->len, FA__TCP_TRACE_TCB(conn));
    if (fa__tcp_fast_input(conn, seg)) {
        return;
    }
    if (conn->state == FA_TCP_CLOSED) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_dead);
        return;
    }
    if (conn->state == FA_TCP_SYN_SENT) {
        input_syn_sent(conn, seg);
        return;
    }
    if ((header->flags & FA_TCP_RST) != 0) {
        input_reset(conn, seg);
        return;
    }
    if ((header->flags & FA_TCP_SYN) != 0 && !input_syn(conn, seg)) {
        return;
    }
    if (conn->state == FA_TCP_TIME_WAIT) {
        input_time_wait(conn, seg);
        return;
    }
    if ((conn->ts_ok && !check_ts(conn, seg)) || !check_number(conn, seg)) {
        return;
    }
    if (conn->ts_ok && fa__seq_leq(header->seq, conn->rcv_acked)) {
        fa__tcp_ts_note(conn, header->ts_value); // RFC 7323 4.3
    }
    if ((header->flags & FA_TCP_ACK) == 0) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_no_ack);
        return;
    }
    conn->heard_ms = fa__tcp_ms(conn->tcp);
    if (conn->keep_tries != 0) {
        fa__tcp_keep_arm(conn); // it lives: the next question is a whole idle time away
    }
    if (conn->state == FA_TCP_SYN_RECEIVED && !input_syn_received(conn, seg)) {
        return;
    }
    bool marked = (seg->meta->traffic & FA_IP_ECN_MASK) == FA_IP_ECN_CE;
    if ((marked || (header->flags & FA_TCP_CWR) != 0) && conn->ecn_ok) {
        fa__tcp_ecn_input(conn, seg);
    }
    if (fa__tcp_ack_input(conn, seg)) {
        fa__tcp_rx_input(conn, seg);
    }
}
