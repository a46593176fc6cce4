// SPDX-License-Identifier: ISC
//
// Which segment is next, and writing it. Called once per segment after a burst was taken in, so
// one acknowledgement answers the whole burst, and rides on data if there is some.

#include "fa/wire/csum.h"
#include "tcp_priv.h"

/* A segment as decided on. */
struct plan {
    uint32_t seq;
    uint32_t len;
    uint8_t flags;
    uint32_t room_max;       /* of payload in the buffer */
    struct fa__tcp_run *run; /* sent again; NULL: not by the scoreboard */
    bool probe;              /* a byte that the closed window forbids: snd_nxt stays */
    bool undone;             /* the card sums it, and cuts it at `mss` */
    uint32_t mss;
};

/* ---- deciding ---- */

static bool plan_syn(struct fa_tcp_conn *conn, struct plan *plan)
{
    if (!conn->syn_due) {
        return false;
    }
    conn->syn_due = false;
    plan->seq = conn->iss;
    plan->flags = FA_TCP_SYN;
    if (conn->state == FA_TCP_SYN_RECEIVED) {
        plan->flags |= FA_TCP_ACK;
    }
    return true;
}

/* Whether a FIN follows the byte before `end`. */
static bool has_fin_at(const struct fa_tcp_conn *conn, uint32_t end)
{
    return conn->fin_queued && end == conn->tx_end;
}

static bool plan_retransmit(struct fa_tcp_conn *conn, uint32_t room, struct plan *plan)
{
    if (!conn->retransmit_due) {
        return false;
    }
    conn->retransmit_due = false;
    uint32_t flight = conn->snd_max - conn->snd_una;
    uint32_t data = fa__u32_min(flight, conn->tx_end - conn->snd_una);
    plan->seq = conn->snd_una;
    plan->len = fa__u32_min(data, room);
    bool fin = fa__tcp_fin_sent(conn) && has_fin_at(conn, plan->seq + plan->len);
    plan->flags |= fin ? (unsigned)FA_TCP_FIN : 0u;
    return plan->len != 0 || fin;
}

/* What is lost, while the window for congestion has room for it (RFC 6675 5); the first of it at
 * once. */
static bool plan_lost(struct fa_tcp_conn *conn, uint32_t room, struct plan *plan)
{
    bool at_once = conn->retransmit_due;
    conn->retransmit_due = false;
    if (fa__tcp_lost(conn) == 0 || conn->work->frto == 2) {
        return false;
    }
    struct fa__tcp_run *run = fa__tcp_run_of_order(fa_list_first(&conn->work->lost));
    uint32_t pipe = fa__tcp_pipe(conn);
    uint32_t len = fa__seq_lt(run->end, conn->tx_end)   ? run->end - run->seq
                   : fa__seq_lt(run->seq, conn->tx_end) ? conn->tx_end - run->seq
                                                        : 0;
    plan->seq = run->seq;
    plan->len = fa__u32_min(len, room);
    if (!at_once && pipe + plan->len > conn->cwnd) {
        return false;
    }
    bool fin = has_fin_at(conn, plan->seq + plan->len) && run->end == conn->tx_end + 1;
    plan->flags |= fin ? (unsigned)FA_TCP_FIN : 0u;
    plan->run = run;
    return true;
}

/* RFC 9293 3.8.6.2.1: a full segment, or all there is, or half of the largest window ever. */
static bool is_worth_sending(const struct fa_tcp_conn *conn, uint32_t len, uint32_t room)
{
    if (len == 0) {
        return false;
    }
    if (len >= room || conn->probe_due || conn->tlp_due ||
        (conn->timed_out && !fa__tcp_board_on(conn))) {
        return true; // what was lost is repaired however small the window is now
    }
    if (conn->cork && !conn->fin_queued) {
        return false;
    }
    if (len == fa__tcp_unsent(conn)) {
        return !conn->nagle || conn->fin_queued || !fa__tcp_is_small_out(conn);
    }
    return len >= conn->snd_wnd_max / 2;
}

/* `super` is what a super-segment may take: `room`, if no card cuts one. */
static bool plan_new(struct fa_tcp_conn *conn, uint32_t room, uint32_t super, struct plan *plan)
{
    uint32_t unsent = fa__tcp_unsent(conn);
    uint32_t in_flight = conn->snd_nxt - conn->snd_una;
    uint32_t usable = fa__tcp_usable(conn, in_flight);
    uint32_t len = fa__u32_min(fa__u32_min(unsent, usable), super);
    if (len > room && (len != unsent || (conn->nagle && !conn->fin_queued))) {
        len -= len % room; // what is less than a segment is judged by itself
    }
    if (unsent == 0) {
        // A FIN alone may go even where the window is closed.
        plan->flags |= has_fin_at(conn, conn->snd_nxt) ? (unsigned)FA_TCP_FIN : 0u;
        return (plan->flags & FA_TCP_FIN) != 0;
    }
    if (!is_worth_sending(conn, len, room)) {
        plan->probe = conn->probe_due && len == 0;
        plan->len = plan->probe ? 1 : 0;
        return plan->probe;
    }
    if (len >= room && conn->mss < conn->mss_max) {
        plan->mss = fa__tcp_mtu_probe(conn, usable, plan->room_max);
        len = plan->mss != 0 ? plan->mss : len; // one segment, not cut
    }
    plan->len = len;
    plan->flags |= has_fin_at(conn, plan->seq + len) ? (unsigned)FA_TCP_FIN : 0u;
    return true;
}

/* Returns: whether there is a segment to send; `room` is what a payload may take, `super` what that
 * of a super-segment may. */
static bool plan_segment(struct fa_tcp_conn *conn, uint32_t room, uint32_t super, struct plan *plan)
{
    const uint32_t room_max = plan->room_max;
    *plan = (struct plan){.seq = conn->snd_nxt, .flags = FA_TCP_ACK, .room_max = room_max};
    switch ((enum fa_tcp_state)conn->state) {
    case FA_TCP_CLOSED:
        plan->seq = conn->snd_max;
        plan->flags = FA_TCP_RST | FA_TCP_ACK;
        return conn->reset_due;
    case FA_TCP_SYN_SENT:
        return plan_syn(conn, plan);
    case FA_TCP_SYN_RECEIVED:
        if (plan_syn(conn, plan)) {
            return true;
        }
        break;
    case FA_TCP_ESTABLISHED:
    case FA_TCP_CLOSE_WAIT:
    case FA_TCP_FIN_WAIT_1:
    case FA_TCP_CLOSING:
    case FA_TCP_LAST_ACK:
        if (fa__tcp_board_on(conn) ? plan_lost(conn, room, plan)
                                   : plan_retransmit(conn, room, plan)) {
            return true;
        }
        *plan = (struct plan){.seq = conn->snd_nxt, .flags = FA_TCP_ACK, .room_max = room_max};
        if (plan_new(conn, room, super, plan)) {
            return true;
        }
        break;
    case FA_TCP_FIN_WAIT_2:
    case FA_TCP_TIME_WAIT:
    case FA_TCP_STATE_COUNT:
        break;
    }
    // After a timeout the peer may well have what was given up: then only snd_max is in its window.
    // A byte sent as a probe it has not.
    plan->seq = conn->persist ? conn->snd_nxt : conn->snd_max;
    if (conn->ack_due || conn->dup_acks_due != 0 || !conn->keep_due) {
        return conn->ack_due || conn->dup_acks_due != 0;
    }
    conn->keep_due = false;
    plan->seq = conn->snd_una - 1; // RFC 9293 3.8.4: a number that must be answered
    return true;
}

/* RFC 5681 4.1: an old window says nothing about the path today. */
static void restart_idle(struct fa_tcp_conn *conn)
{
    if (conn->snd_una == conn->snd_max && conn->sent_ns != 0 && fa__tcp_unsent(conn) != 0 &&
        conn->tcp->now - conn->sent_ns > fa__tcp_rto(conn)) {
        uint32_t ssthresh = conn->ssthresh;
        uint32_t cwnd = conn->cwnd;
        fa__tcp_cc(conn)->init(conn, false);
        conn->cwnd = fa__u32_min(conn->cwnd, cwnd);
        conn->ssthresh = ssthresh;
    }
}

/* ---- accounting ---- */

/* What was never sent before leaves. */
static void note_new(struct fa_tcp_conn *conn, const struct plan *plan, uint32_t end)
{
    fa_ns now = conn->tcp->now;
    bool first = conn->snd_una == conn->snd_max;
    if (conn->sack_ok && !first && conn->state >= FA_TCP_ESTABLISHED) {
        // A second burst: from here on the times of both matter.
        if (fa__tcp_board_on(conn) || (conn->sent_ns != now && fa__tcp_board_open(conn))) {
            fa__tcp_board_sent(conn, end);
            conn->work->prr_out += plan->len;
            conn->timing = false;
            return;
        }
        conn->burst_mixed = conn->burst_mixed || conn->sent_ns != now;
    }
    if (!conn->timing) {
        conn->timing = true;
        conn->rtt_seq = plan->seq;
        conn->rtt_start_ns = now;
    }
}

/* A FIN, a SYN or payload leaves: sequence numbers, round-trip timing, the timer. */
static void note_sent(struct fa_tcp_conn *conn, const struct plan *plan, struct fa_buf *tx_buf)
{
    struct fa_tcp *tcp = conn->tcp;
    bool control = (plan->flags & (FA_TCP_SYN | FA_TCP_FIN)) != 0;
    uint32_t end = plan->seq + plan->len + (control ? 1 : 0);
    if (plan->probe) {
        FA_COUNT(tcp->config.counters, tcp_window_probe);
    } else if (fa__seq_lt(plan->seq, conn->snd_max)) {
        FA_COUNT(tcp->config.counters, tcp_retransmit);
        conn->retransmit_count++;
        if (conn->timing && !fa__seq_lt(conn->rtt_seq, plan->seq)) {
            conn->timing = false; // Karn: whose answer would it be?
        }
        conn->burst_resent = true;
    } else {
        note_new(conn, plan, end);
        if (conn->nagle && plan->len < plan->mss) {
            conn->tx_small_end = plan->seq + plan->len;
        }
    }
    if (conn->snd_una == conn->snd_max) {
        conn->progress_ns = tcp->now;
    }
    if (!plan->probe) {
        conn->persist = false;
        conn->sent_ns = tcp->now;
    }
    if (plan->run != NULL) {
        if (conn->mtu_probing) {
            fa__tcp_mtu_resent(conn, plan->seq, end);
        }
        fa__tcp_board_resent(conn, plan->run, end);
        fa__tcp_recover_resent(conn, plan->len);
    } else if (plan->seq == conn->snd_nxt && !plan->probe) {
        conn->snd_nxt = end;
        conn->tx_buf = tx_buf != NULL ? tx_buf : conn->tx_buf;
    }
    conn->snd_max = fa__seq_max(conn->snd_max, end);
    conn->probe_due = false;
    conn->tlp_due = false;
    if (conn->retransmit_ns == FA_NS_NEVER) {
        fa__tcp_retransmit_arm(conn, 0);
    }
}

/* An ACK leaves, `pure` if nothing else does: what it promises. Returns: the window field. */
static uint16_t note_acked(struct fa_tcp_conn *conn, uint8_t flags, bool pure)
{
    uint32_t window;
    if ((flags & FA_TCP_RST) != 0) {
        return 0;
    }
    if ((flags & FA_TCP_SYN) != 0) {
        window = fa__u32_min(conn->rx_space, UINT16_MAX); // never scaled
    } else {
        uint32_t edge = fa__tcp_rx_edge(conn);
        window = fa__u32_min((edge - conn->rcv_nxt) >> conn->rx_scale, UINT16_MAX);
        window = conn->no_memory ? 0 : window; // what was promised stays so
        uint32_t promised = conn->rcv_nxt + (window << conn->rx_scale);
        conn->rcv_adv = fa__seq_max(conn->rcv_adv, promised);
    }
    if ((flags & FA_TCP_ACK) != 0) {
        if (pure && conn->dup_acks_due != 0 && conn->rcv_acked == conn->rcv_nxt) {
            conn->dup_acks_due--;
        }
        conn->rcv_acked = conn->rcv_nxt;
        conn->ack_due = false;
        conn->ack_ns = FA_NS_NEVER;
    }
    return (uint16_t)window;
}

/* ---- writing ---- */

/* The flag of super-segments of the connection's family. */
static uint8_t tso_of(const struct fa_tcp_conn *conn)
{
    return fa_ip_is4(&conn->tuple.remote) ? FA_OFFLOAD_TSO4 : FA_OFFLOAD_TSO6;
}

/* Leave the checksum, and cutting what is longer than `mss`, to the card. Offsets are from the TCP
 * header; who pushes another in front moves them. */
static void leave_to_card(struct fa_tcp_conn *conn, struct fa_buf *buf, uint8_t *at,
    const struct fa_ip_meta *meta, uint32_t hdr_len, uint32_t mss)
{
    uint64_t sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_TCP, buf->len);
    bool super = buf->len - hdr_len > mss;
    fa_be16_store(at + FA_TCP_CSUM_OFF, (uint16_t)fa_csum_as_fields(sum));
    buf->offload = (struct fa_offload){
        .flags = (uint8_t)(FA_OFFLOAD_CSUM_NEEDED | (super ? tso_of(conn) : 0)),
        .csum_offset = FA_TCP_CSUM_OFF,
        .gso_bytes = (uint16_t)(super ? mss : 0),
        .hdr_bytes = (uint16_t)(super ? hdr_len : 0),
    };
}

static void write_segment(struct fa_tcp_conn *conn, const struct plan *plan, struct fa_buf *buf,
    struct fa_ip_meta *ret_meta)
{
    struct fa_tcp *tcp = conn->tcp;
    bool syn = (plan->flags & FA_TCP_SYN) != 0;
    bool has_ack = (plan->flags & FA_TCP_ACK) != 0;
    uint8_t traffic = 0;
    bool push = plan->len != 0 && plan->seq + plan->len == conn->tx_end;
    struct fa_tcp_header header = {
        .source_port = conn->tuple.local_port,
        .target_port = conn->tuple.remote_port,
        .seq = plan->seq,
        .ack = has_ack ? conn->rcv_nxt : 0,
        .flags = (uint8_t)(plan->flags | (push ? (unsigned)FA_TCP_PSH : 0u)),
        .window = note_acked(conn, plan->flags, plan->len == 0),
        .mss = syn ? conn->rx_mss : 0,
        .has_scale = syn && conn->scale_ok,
        .scale = conn->rx_scale,
        .sack_ok = syn && conn->sack_ok,
        .has_ts = conn->ts_ok,
        .ts_value = conn->ts_ok ? fa__tcp_ts_now(conn) : 0,
        .ts_echo = conn->ts_ok && has_ack ? conn->ts_recent : 0,
    };
    if (conn->ecn_ok) {
        bool is_new = plan->len != 0 && plan->seq == conn->snd_max && !plan->probe;
        traffic = is_new ? FA_IP_ECN_ECT0 : 0; // RFC 3168 6.1.4 to 6.1.6
        if (syn || conn->ecn_echo || conn->cwr_due) {
            fa__tcp_ecn_output(conn, &header.flags, is_new);
        }
    }
    if (conn->work != NULL && has_ack && !syn) {
        fa__tcp_sack_fill(conn, &header);
    }
    *ret_meta = (struct fa_ip_meta){
        .local = conn->tuple.local,
        .remote = conn->tuple.remote,
        .protocol = FA_IP_PROTO_TCP,
        .ttl = conn->ttl,
        .traffic = traffic | conn->traffic,
        .dont_fragment = true,
        .answer = conn->passive && conn->state == FA_TCP_SYN_RECEIVED,
    };
    uint32_t hdr_len = (uint32_t)fa_tcp_encoded_len(&header);
    uint8_t *at = fa_buf_append(buf, hdr_len);
    uint64_t sum = 0;
    struct fa_buf *tx_buf = NULL;
    if (plan->len != 0) {
        uint8_t *to = fa_buf_append(buf, plan->len);
        tx_buf = fa__tcp_tx_copy(conn, plan->seq, to, plan->len, plan->undone ? NULL : &sum);
    }
    fa_tcp_encode(at, ret_meta, &header, plan->len, sum);
    if (plan->undone) {
        leave_to_card(conn, buf, at, ret_meta, hdr_len, plan->mss);
    }
    FA_COUNT(tcp->config.counters, tcp_tx_segments);
    if (plan->len != 0 || (plan->flags & (FA_TCP_SYN | FA_TCP_FIN)) != 0) {
        note_sent(conn, plan, tx_buf);
    }
    if (FA_TRACE_ON(tcp_options)) {
        fa__tcp_trace_options(conn, &header, true);
    }
    FA_TRACE(tcp_segment_out, tcp->now, conn->id, header.flags, header.seq, header.ack,
        header.window, plan->len, FA__TCP_TRACE_TCB(conn));
}

/* Nothing more to send now. What waits for the window alone waits for a probe, too. */
static void settle(struct fa_tcp_conn *conn)
{
    if (conn->retransmit_ns == FA_NS_NEVER && fa__tcp_unsent(conn) != 0 &&
        conn->state != FA_TCP_CLOSED) {
        conn->persist = true;
        conn->progress_ns = conn->tcp->now;
        conn->timer_kind = FA__TCP_TIMER_RETRANSMIT;
        conn->retransmit_ns = fa_ns_min(fa_ns_after(conn->tcp->now, fa__tcp_rto(conn)),
            fa_ns_after(conn->progress_ns, fa__tcp_user_timeout(conn)));
    }
    fa__tcp_timer_arm(conn);
    fa__tcp_work_release(conn);
}

/* `offer`: enum fa_offload_flags that the card takes. */
static bool output_conn(
    struct fa_tcp_conn *conn, unsigned offer, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    struct plan plan;
    size_t space = fa_buf_tailroom(buf);
    FA_ASSERT(space >= FA_TCP_HDR_LEN_MAX + FA__TCP_MSS_MIN);
    uint32_t blocks = conn->work != NULL ? fa__tcp_sack_count(conn) : 0;
    uint32_t mss = conn->mss - (blocks != 0 ? 4 + 8 * blocks : 0);
    plan.room_max = (uint32_t)(space - FA_TCP_HDR_LEN_MAX);
    uint32_t room = fa__u32_min(mss, plan.room_max);
    bool undone = (offer & FA_OFFLOAD_CSUM_NEEDED) != 0;
    uint32_t super = room;
    if (undone && (offer & tso_of(conn)) != 0) {
        super = (uint32_t)fa_min(FA__TCP_SUPER_BYTES_MAX, space - FA_TCP_HDR_LEN_MAX);
        super = super > room ? super - super % room : room;
    }
    restart_idle(conn);
    if (!plan_segment(conn, room, super, &plan)) {
        settle(conn);
        return false;
    }
    plan.undone = undone;
    plan.mss = plan.mss != 0 ? plan.mss : room;
    write_segment(conn, &plan, buf, ret_meta);
    if (conn->reset_due) {
        FA_COUNT(conn->tcp->config.counters, tcp_reset_sent);
        fa__tcp_conn_reset_sent(conn);
    } else if (conn->retransmit_due || fa__tcp_lost(conn) != 0 || conn->dup_acks_due != 0 ||
               conn->keep_due || fa__tcp_has_unsent(conn)) {
        fa__tcp_mark(conn); // behind the others
    } else {
        settle(conn);
    }
    return true;
}

bool fa_tcp_output(struct fa_tcp *tcp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    FA_ASSERT(buf->len == 0);
    unsigned offer = buf->offload.flags;
    buf->offload.flags = 0;
    tcp->now = now;
    if (fa__tcp_reply_output(tcp, buf, ret_meta)) {
        return true;
    }
    struct fa_list *node;
    while ((node = fa_list_pop_front(&tcp->dirty)) != NULL) {
        struct fa_tcp_conn *conn = FA_CONTAINER(node, struct fa_tcp_conn, dirty_node);
        if (output_conn(conn, offer, buf, ret_meta)) {
            return true;
        }
    }
    return false;
}
