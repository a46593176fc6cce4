// SPDX-License-Identifier: ISC
//
// The usual segment of a connection, in and out: new data in order, acknowledgements that move on,
// no loss; out, an end as well (Van Jacobson's header prediction, 1990). What one test of
// fa__tcp_is_calm() and some comparisons cannot rule out is left to the files that know how, so
// nothing here decides: it only does at once what they would do.

#include "fa/wire/csum.h"
#include "tcp_priv.h"

/* ---- in ---- */

/* Whether the next bytes may be kept. */
static bool can_take(const struct fa_tcp_conn *conn, const struct fa_buf *buf)
{
    return buf->len <= conn->rcv_adv - conn->rcv_nxt && fa_list_empty(&conn->ooo) &&
           (conn->flow_open || conn->listener != NULL) && !fa__tcp_pool_is_low(buf->pool) &&
           !fa__tcp_is_full(conn->tcp);
}

/* Whether it is what one expects, from a peer that goes the usual way as well. */
static bool is_usual(const struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    const struct fa_tcp_header *header = &seg->header;
    uint32_t acked = header->ack - conn->snd_una;
    bool marked = (seg->meta->traffic & FA_IP_ECN_MASK) == FA_IP_ECN_CE;
    if ((header->flags & ~(unsigned)FA_TCP_PSH) != FA_TCP_ACK || header->seq != conn->rcv_nxt ||
        acked > conn->snd_max - conn->snd_una || (acked == 0 && seg->buf->len == 0) ||
        header->window == 0 || header->sack_count != 0 || marked) {
        return false;
    }
    bool ts_good = header->has_ts && !fa__seq_lt(header->ts_value, conn->ts_recent);
    return (!conn->ts_ok || ts_good) && (seg->buf->len == 0 || can_take(conn, seg->buf));
}

bool fa__tcp_fast_input(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg)
{
    const struct fa_tcp_header *header = &seg->header;
    if (conn->state != FA_TCP_ESTABLISHED || !fa__tcp_is_calm(conn) || !is_usual(conn, seg)) {
        return false;
    }
    if (conn->ts_ok && fa__seq_leq(header->seq, conn->rcv_acked)) {
        fa__tcp_ts_note(conn, header->ts_value); // RFC 7323 4.3
    }
    conn->heard_ms = fa__tcp_ms(conn->tcp);
    conn->snd_wnd = (uint32_t)header->window << conn->tx_scale;
    conn->snd_wnd_max = conn->snd_wnd > conn->snd_wnd_max ? conn->snd_wnd : conn->snd_wnd_max;
    conn->snd_wl1 = header->seq;
    if (header->ack != conn->snd_una) {
        fa__tcp_progress_input(conn, header->ack);
    }
    if (seg->buf->len != 0) {
        fa__tcp_rx_next(conn, seg);
    }
    if (conn->ack_due || fa__tcp_unsent(conn) != 0) {
        fa__tcp_mark(conn);
    }
    return true;
}

/* ---- out ---- */

struct fa_tcp_conn *fa__tcp_fast_next(const struct fa_tcp *tcp)
{
    struct fa_list *node = fa_list_first(&tcp->dirty);
    if (node == NULL || tcp->reply_count != 0) {
        return NULL;
    }
    struct fa_tcp_conn *conn = FA_CONTAINER(node, struct fa_tcp_conn, dirty_node);
    return fa__tcp_is_calm(conn) ? conn : NULL;
}

#define LONG_WAY UINT32_MAX

/* Whether a FIN is what is next. */
static bool is_fin_next(const struct fa_tcp_conn *conn)
{
    return conn->fin_queued && conn->snd_nxt == conn->tx_end;
}

/* Payload bytes of the next segment, 0 for a FIN or an acknowledgement; LONG_WAY: it has to decide.
 * `super` is what a super-segment may take, a multiple of `room`. */
static uint32_t len_of(const struct fa_tcp_conn *conn, fa_ns now, uint32_t room, uint32_t super)
{
    uint32_t unsent = fa__tcp_unsent(conn);
    uint32_t in_flight = conn->snd_nxt - conn->snd_una;
    uint32_t window = fa__u32_min(conn->cwnd, conn->snd_wnd);
    bool mixed = in_flight != 0 && now != conn->sent_ns; // a second burst: a matter for scoreboards
    if (unsent == 0) {
        return conn->snd_nxt != conn->snd_max ? LONG_WAY
               : is_fin_next(conn)            ? (mixed ? LONG_WAY : 0)
               : conn->ack_due                ? 0
                                              : LONG_WAY;
    }
    bool idle = in_flight == 0 && now - conn->sent_ns > conn->tcp->config.rto_min_ns;
    if (conn->snd_nxt != conn->snd_max || in_flight >= window || idle || mixed ||
        conn->fin_queued) {
        return LONG_WAY;
    }
    uint32_t len = fa__u32_min(fa__u32_min(unsent, window - in_flight), super);
    if (len < room) {
        return len == unsent && (!conn->nagle || !fa__tcp_is_small_out(conn)) ? len : LONG_WAY;
    }
    if (conn->mss < conn->mss_max) {
        return LONG_WAY; // it may be time to try a larger one
    }
    return len == room || (len == unsent && !conn->nagle) ? len : len - len % room;
}

/* New data or a FIN leave: RFC 6298, RFC 5482. */
static void note_sent(struct fa_tcp_conn *conn, fa_ns now, uint32_t end)
{
    if (conn->snd_una == conn->snd_max) {
        conn->progress_ns = now;
    }
    if (!conn->timing) {
        conn->timing = true;
        conn->rtt_seq = conn->snd_nxt;
        conn->rtt_start_ns = now;
    }
    conn->sent_ns = now;
    conn->snd_nxt = end;
    conn->snd_max = end;
    if (conn->retransmit_ns == FA_NS_NEVER) {
        fa__tcp_retransmit_arm(conn, 0);
    }
}

/* Returns: the window field that goes with the acknowledgement, as the promise it is. */
static uint16_t note_acked(struct fa_tcp_conn *conn)
{
    uint32_t window = (fa__tcp_rx_edge(conn) - conn->rcv_nxt) >> conn->rx_scale;
    window = fa__u32_min(window, UINT16_MAX);
    conn->rcv_adv = fa__seq_max(conn->rcv_adv, conn->rcv_nxt + (window << conn->rx_scale));
    conn->rcv_acked = conn->rcv_nxt;
    conn->ack_due = false;
    conn->ack_ns = FA_NS_NEVER;
    return (uint16_t)window;
}

bool fa__tcp_fast_output(
    struct fa_tcp_conn *conn, fa_ns now, struct fa_buf *buf, struct fa__tcp_out *ret_out)
{
    struct fa_tcp *tcp = conn->tcp;
    uint32_t space = (uint32_t)fa_buf_tailroom(buf);
    uint32_t room = fa__u32_min(conn->mss, space);
    uint8_t tso = fa_ip_is4(&conn->tuple.remote) ? FA_OFFLOAD_TSO4 : FA_OFFLOAD_TSO6;
    bool undone = (buf->offload.flags & FA_OFFLOAD_CSUM_NEEDED) != 0;
    bool cut = undone && (buf->offload.flags & tso) != 0;
    uint32_t super = cut ? fa__u32_min(space, FA__TCP_SUPER_BYTES_MAX) : room;
    uint32_t len = len_of(conn, now, room, super - super % room);
    if (len == LONG_WAY) {
        return false;
    }
    buf->offload.flags = 0;
    tcp->now = now;
    uint32_t seq = conn->snd_nxt;
    bool fin = len == 0 && is_fin_next(conn);
    *ret_out = (struct fa__tcp_out){
        .seq = seq,
        .ack = conn->rcv_nxt,
        .flags = FA_TCP_ACK,
        .window = note_acked(conn),
        .undone = undone,
        .mss = room,
    };
    ret_out->has_ts = conn->ts_ok;
    if (conn->ts_ok) {
        ret_out->ts_value = fa__tcp_ts_now(conn);
        ret_out->ts_echo = conn->ts_recent;
    }
    if (len != 0) {
        uint8_t *to = fa_buf_append(buf, len);
        conn->tx_buf = fa__tcp_tx_copy(conn, seq, to, len, undone ? NULL : &ret_out->sum);
        ret_out->flags |= seq + len == conn->tx_end ? (unsigned)FA_TCP_PSH : 0u;
    }
    if (len != 0 || fin) {
        ret_out->flags |= fin ? (unsigned)FA_TCP_FIN : 0u;
        note_sent(conn, now, seq + len + (fin ? 1 : 0));
        if (conn->nagle && len < room) {
            conn->tx_small_end = seq + len;
        }
    }
    FA_COUNT(tcp->config.counters, tcp_tx_segments);
    fa_list_unlink(&conn->dirty_node);
    if (fa__tcp_has_unsent(conn)) {
        fa__tcp_mark(conn); // behind the others
    }
    if (FA_TRACE_ON(tcp_options)) {
        const struct fa_tcp_header header = {
            .has_ts = conn->ts_ok, .ts_value = ret_out->ts_value, .ts_echo = ret_out->ts_echo};
        fa__tcp_trace_options(conn, &header, true);
    }
    FA_TRACE(tcp_segment_out, now, conn->id, ret_out->flags, seq, ret_out->ack, ret_out->window,
        len, FA__TCP_TRACE_TCB(conn));
    return true;
}
