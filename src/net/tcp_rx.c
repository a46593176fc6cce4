// SPDX-License-Identifier: ISC
//
// Received bytes: the very buffers that came from the device, in order or beyond a hole, and the
// window that says how many more may come.
//
// A segment that is small for its buffer is copied behind the one before it, so a peer who sends
// single bytes pins no more memory than one who sends full segments: about twice the window.

#include "tcp_priv.h"

static struct fa_buf *last_of(struct fa_list *bufs)
{
    return fa_list_empty(bufs) ? NULL : fa_buf_of(bufs->prev);
}

/* Move what fits behind `before`, whose bytes end where those of `take` begin. Returns: whether
 * `take` was copied and dropped. */
static bool merge(struct fa_tcp *tcp, struct fa_buf *before, struct fa_buf *take)
{
    if (2 * take->len > take->cap || take->len > fa_buf_tailroom(before)) {
        return false;
    }
    fa_copy(fa_buf_append(before, take->len), fa_buf_at(take), take->len);
    fa__tcp_buf_drop(tcp, take);
    return true;
}

/* ---- in order ---- */

static void append_in_order(struct fa_tcp_conn *conn, struct fa_buf *take)
{
    uint32_t len = take->len;
    struct fa_buf *last = last_of(&conn->rx);
    conn->rcv_nxt += len;
    conn->rx_bytes += len;
    if (last == NULL || !merge(conn->tcp, last, take)) {
        fa_list_push_back(&conn->rx, &take->node);
        conn->rx_count++;
    }
}

static struct fa_buf *take_first_ooo(struct fa_tcp_conn *conn)
{
    struct fa_buf *first = fa_buf_of(fa_list_pop_front(&conn->ooo));
    conn->ooo_bytes -= first->len;
    conn->ooo_count--;
    return first;
}

/* Append what lay beyond the hole that has just been filled. */
static void drain_ooo(struct fa_tcp_conn *conn)
{
    struct fa_list *node;
    while ((node = fa_list_first(&conn->ooo)) != NULL &&
           fa__seq_leq(fa_buf_of(node)->tag, conn->rcv_nxt)) {
        struct fa_buf *buf = take_first_ooo(conn);
        uint32_t known = conn->rcv_nxt - buf->tag;
        if (known >= buf->len) {
            fa__tcp_buf_drop(conn->tcp, buf);
        } else {
            fa_buf_pull(buf, known);
            append_in_order(conn, buf);
        }
    }
}

/* ---- beyond a hole ---- */

static uint32_t end_of(const struct fa_buf *buf)
{
    return buf->tag + buf->len;
}

static bool may_keep(const struct fa_tcp_conn *conn, const struct fa_buf *buf)
{
    uint64_t count = (uint64_t)conn->rx_count + conn->ooo_count + 1;
    return !conn->pool_low && !fa__tcp_is_full(conn->tcp) &&
           count * buf->pool->buf_size <= 2 * (uint64_t)conn->rx_space;
}

/* Keep a segment whose front is not next. Bytes that are there already win over newcomers. */
static void insert_ooo(struct fa_tcp_conn *conn, struct fa_buf *take)
{
    struct fa_list *before = conn->ooo.prev;
    while (before != &conn->ooo && fa__seq_lt(take->tag, fa_buf_of(before)->tag)) {
        before = before->prev;
    }
    if (before != &conn->ooo && fa__seq_lt(take->tag, end_of(fa_buf_of(before)))) {
        uint32_t known = end_of(fa_buf_of(before)) - take->tag;
        if (known >= take->len) {
            FA_COUNT(conn->tcp->config.counters, tcp_rx_duplicate);
            fa__tcp_sack_twice(conn, take->tag, end_of(take));
            fa__tcp_buf_drop(conn->tcp, take);
            return;
        }
        fa_buf_pull(take, known);
        take->tag += known;
    }
    struct fa_list *next = before->next;
    while (next != &conn->ooo && fa__seq_lt(fa_buf_of(next)->tag, end_of(take))) {
        struct fa_buf *buf = fa_buf_of(next);
        if (fa__seq_lt(end_of(take), end_of(buf))) {
            fa_buf_trim(take, buf->tag - take->tag);
            break;
        }
        next = next->next;
        fa_list_unlink(&buf->node);
        conn->ooo_bytes -= buf->len;
        conn->ooo_count--;
        fa__tcp_buf_drop(conn->tcp, buf);
    }
    if (take->len == 0) {
        fa__tcp_buf_drop(conn->tcp, take);
        return;
    }
    conn->ooo_bytes += take->len;
    bool touches = before != &conn->ooo && end_of(fa_buf_of(before)) == take->tag;
    if (!touches || !merge(conn->tcp, fa_buf_of(before), take)) {
        fa_list_insert_after(before, &take->node);
        conn->ooo_count++;
    }
}

/* ---- the end of the stream ---- */

static void input_fin(struct fa_tcp_conn *conn)
{
    conn->fin_received = true;
    conn->rcv_nxt++;
    conn->rcv_adv = fa__seq_max(conn->rcv_adv, conn->rcv_nxt);
    fa__tcp_rx_end(conn);
    fa__tcp_mark_ack(conn);
    if (conn->state == FA_TCP_ESTABLISHED) {
        fa__tcp_set_state(conn, FA_TCP_CLOSE_WAIT);
    } else if (conn->state == FA_TCP_FIN_WAIT_1) {
        fa__tcp_set_state(conn, FA_TCP_CLOSING);
    } else {
        fa__tcp_time_wait(conn);
    }
    fa__tcp_wake(conn, FA_FLOW_READABLE);
}

/* ---- what a segment brings ---- */

/* Cut off what we have and what we did not ask for. Returns: whether the FIN is still there. */
static bool trim_segment(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg)
{
    struct fa_buf *buf = seg->buf;
    bool fin = (seg->header.flags & FA_TCP_FIN) != 0;
    buf->tag = seg->header.seq;
    if (fa__seq_lt(buf->tag, conn->rcv_nxt)) {
        uint32_t known = fa__u32_min(conn->rcv_nxt - buf->tag, buf->len);
        fa__tcp_sack_twice(conn, buf->tag, buf->tag + known);
        fa_buf_pull(buf, known);
        buf->tag += known;
        conn->ack_due = true;
    }
    uint32_t edge = conn->rcv_adv;
    if (conn->has_rcv_fin && fa__seq_lt(conn->rcv_fin, edge)) {
        edge = conn->rcv_fin;
    }
    if (fa__seq_lt(edge, end_of(buf))) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_overflow);
        uint32_t keep = fa__seq_lt(buf->tag, edge) ? edge - buf->tag : 0;
        fa_buf_trim(buf, keep);
        conn->ack_due = true;
        fin = false;
    }
    return fin;
}

/* RFC 9293 3.8.6.3, RFC 5681 4.2: every second full segment at once, else soon. */
static void note_ack(struct fa_tcp_conn *conn)
{
    if (conn->quick_ack || conn->rcv_nxt - conn->rcv_acked >= 2u * conn->rx_full) {
        conn->ack_due = true;
    }
    if (!conn->ack_due && conn->ack_ns == FA_NS_NEVER) {
        conn->ack_ns = fa_ns_after(conn->tcp->now, conn->tcp->config.delayed_ack_ns);
        fa__tcp_timer_arm(conn);
    }
}

bool fa__tcp_pool_is_low(const struct fa_pool *pool)
{
    return fa_pool_free_count(pool) <= pool->buf_count / 8; // the last one is for what is next
}

/* Whether the bytes that are next may be kept. One buffer a connection always may: who holds
 * nothing goes on, whatever others hold. */
static bool has_memory(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    if (fa__tcp_is_full(tcp) && !fa_list_empty(&conn->ooo)) {
        FA_COUNT(tcp->config.counters, tcp_rx_ooo_pruned);
        fa__tcp_rx_end(conn); // nothing of it is acknowledged: it comes again
    }
    conn->no_memory = fa__tcp_is_full(tcp) && conn->rx_count != 0;
    return !conn->no_memory;
}

void fa__tcp_rx_next(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg)
{
    struct fa_buf *buf = seg->buf;
    size_t full = fa_min(buf->len, conn->rx_mss);
    conn->rx_full = (uint16_t)fa_max(conn->rx_full, full);
    seg->buf = NULL;
    fa__tcp_hold(conn->tcp, buf);
    append_in_order(conn, buf);
    if (!fa_list_empty(&conn->ooo)) {
        conn->ack_due = true; // it fills a hole, or part of one
        conn->dup_acks_due = 0;
        drain_ooo(conn);
        fa__tcp_sack_trim(conn);
    }
    note_ack(conn);
    fa__tcp_wake(conn, FA_FLOW_READABLE);
}

static void take_payload(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg)
{
    struct fa_buf *buf = seg->buf;
    conn->pool_low = fa__tcp_pool_is_low(buf->pool);
    if (buf->tag != conn->rcv_nxt) {
        conn->ack_due = true;
        conn->dup_acks_due =
            conn->sack_ok ? 0 : (uint8_t)fa_min(conn->dup_acks_due + 1u, UINT8_MAX);
        if (!may_keep(conn, buf)) {
            FA_COUNT(conn->tcp->config.counters, tcp_rx_ooo_full);
            return;
        }
        FA_COUNT(conn->tcp->config.counters, tcp_rx_ooo);
        seg->buf = NULL;
        fa__tcp_sack_kept(conn, buf->tag, end_of(buf));
        fa__tcp_hold(conn->tcp, buf);
        insert_ooo(conn, buf);
        return;
    }
    if (!has_memory(conn)) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_no_memory);
        conn->ack_due = true;
        return;
    }
    fa__tcp_rx_next(conn, seg);
}

void fa__tcp_rx_input(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg)
{
    if (fa__tcp_segment_len(seg) == 0 || conn->fin_received) {
        return;
    }
    bool fin = trim_segment(conn, seg);
    uint32_t fin_seq = end_of(seg->buf);
    if (seg->buf->len != 0 && !conn->flow_open && conn->listener == NULL) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_after_close); // RFC 1122 4.2.2.13
        fa__tcp_conn_end(conn, FA_ERESET, true);
        return;
    }
    if (seg->buf->len != 0) {
        take_payload(conn, seg);
    }
    if (fin && fin_seq != conn->rcv_nxt && !conn->has_rcv_fin) {
        conn->has_rcv_fin = true;
        conn->rcv_fin = fin_seq;
        conn->ack_due = true;
    }
    if ((fin && fin_seq == conn->rcv_nxt) ||
        (conn->has_rcv_fin && conn->rcv_fin == conn->rcv_nxt)) {
        input_fin(conn);
    }
    if (conn->ack_due) {
        fa__tcp_mark(conn);
    }
}

/* ---- the application's side ---- */

uint32_t fa__tcp_rx_edge(const struct fa_tcp_conn *conn)
{
    if (conn->fin_received) {
        return conn->rcv_adv;
    }
    uint32_t window = fa__u32_min(fa__tcp_rx_window(conn), (uint32_t)UINT16_MAX << conn->rx_scale);
    uint32_t room = conn->rx_bytes < window ? window - conn->rx_bytes : 0;
    if (conn->pool_low) {
        // Promise what keeps an empty connection moving, and no more.
        room = conn->rx_count == 0 ? fa__u32_min(room, 2u * conn->rx_mss) : 0;
    }
    // RFC 9293 3.8.6.2.2: open in steps that are worth a segment; never shrink.
    uint32_t edge = conn->rcv_nxt + room;
    uint32_t step = fa__u32_min(conn->rx_mss, window / 2);
    return fa__seq_lt(edge, conn->rcv_adv + step) ? conn->rcv_adv : edge;
}

/* Tell the peer of new room if it may be waiting for it; otherwise the next ACK will. */
static void note_room(struct fa_tcp_conn *conn)
{
    bool receiving = conn->state == FA_TCP_ESTABLISHED || conn->state == FA_TCP_FIN_WAIT_1 ||
                     conn->state == FA_TCP_FIN_WAIT_2;
    uint32_t gain = fa__tcp_rx_edge(conn) - conn->rcv_adv;
    uint32_t half = fa__tcp_rx_window(conn) / 2;
    if (conn->no_memory && (!fa__tcp_is_full(conn->tcp) || conn->rx_count == 0)) {
        conn->no_memory = false;
        fa__tcp_mark_ack(conn);
    }
    if (receiving && gain != 0 && (gain >= half || conn->rcv_adv - conn->rcv_nxt < half)) {
        fa__tcp_mark_ack(conn);
    }
}

void fa__tcp_rx_done(struct fa_tcp_conn *conn, size_t len)
{
    FA_ASSERT(len <= conn->rx_peeked);
    if (len == 0) {
        return;
    }
    struct fa_buf *first = fa_buf_of(fa_list_first(&conn->rx));
    conn->rx_peeked -= (uint32_t)len;
    conn->rx_bytes -= (uint32_t)len;
    fa_buf_pull(first, len);
    if (first->len == 0) {
        const struct fa_pool *pool = first->pool;
        fa_list_unlink(&first->node);
        conn->rx_count--;
        fa__tcp_buf_drop(conn->tcp, first);
        conn->pool_low = fa__tcp_pool_is_low(pool);
    }
    fa__tcp_rx_tune(conn);
    note_room(conn);
}

void fa__tcp_rx_end(struct fa_tcp_conn *conn)
{
    fa__tcp_buf_drop_all(conn->tcp, &conn->ooo);
    conn->ooo_bytes = 0;
    conn->ooo_count = 0;
    fa__tcp_sack_trim(conn);
}

void fa__tcp_rx_break(struct fa_tcp_conn *conn)
{
    struct fa_list *keep = conn->rx_peeked != 0 ? fa_list_pop_front(&conn->rx) : NULL;
    fa__tcp_rx_drop(conn);
    if (keep != NULL) {
        fa_list_push_back(&conn->rx, keep);
        conn->rx_bytes = fa_buf_of(keep)->len;
        conn->rx_count = 1;
        conn->rx_peeked = conn->rx_bytes;
    }
}

void fa__tcp_rx_drop(struct fa_tcp_conn *conn)
{
    fa__tcp_rx_end(conn);
    fa__tcp_buf_drop_all(conn->tcp, &conn->rx);
    conn->rx_bytes = 0;
    conn->rx_count = 0;
    conn->rx_peeked = 0;
}
