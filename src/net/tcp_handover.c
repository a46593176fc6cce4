// SPDX-License-Identifier: ISC
//
// A connection becomes bytes and a connection again. What cannot be known there is left out: how
// each segment in flight was sent, which were acknowledged beyond a hole, what the round trip being
// timed would have been. All of it comes back with the next acknowledgement or timeout.

#include "fa/tcp_handover.h"

#include "tcp_priv.h"
#include "tcp_saved.h"

/* ---- from a connection ---- */

static uint32_t flag(bool set, enum fa__saved_flags bit)
{
    return set ? (uint32_t)bit : 0;
}

static uint32_t flags_of(const struct fa_tcp_conn *conn)
{
    bool fin_acked =
        conn->state >= FA_TCP_ESTABLISHED && conn->fin_queued && conn->snd_una == conn->tx_end + 1;
    bool early = conn->has_rcv_fin && !conn->fin_received && conn->state != FA_TCP_CLOSED;
    return flag(conn->flow_open, FA__SAVED_HELD) |
           flag(conn->listener != NULL, FA__SAVED_LISTENER) |
           flag(conn->passive, FA__SAVED_PASSIVE) | flag(conn->nagle, FA__SAVED_NAGLE) |
           flag(conn->keepalive, FA__SAVED_KEEPALIVE) |
           flag(conn->fin_queued, FA__SAVED_FIN_QUEUED) | flag(fin_acked, FA__SAVED_FIN_ACKED) |
           flag(conn->fin_received, FA__SAVED_FIN_RECEIVED) | flag(early, FA__SAVED_FIN_EARLY) |
           flag(conn->scale_ok, FA__SAVED_SCALE) | flag(conn->ts_ok, FA__SAVED_TS) |
           flag(conn->sack_ok, FA__SAVED_SACK) | flag(conn->syn_lost, FA__SAVED_SYN_LOST) |
           flag(conn->reset_due, FA__SAVED_RESET_DUE) | flag(conn->ecn_ok, FA__SAVED_ECN) |
           flag(conn->ecn_echo, FA__SAVED_ECN_ECHO) |
           flag(conn->ack_due || conn->dup_acks_due != 0 || conn->ack_ns != FA_NS_NEVER,
               FA__SAVED_ACK_DUE) |
           flag(conn->persist && conn->retransmit_ns != FA_NS_NEVER, FA__SAVED_PERSIST);
}

static uint64_t remaining(fa_ns at, fa_ns now)
{
    return at == FA_NS_NEVER ? FA__SAVED_NEVER : at > now ? at - now : 0;
}

/* When the retransmission timer would fire, were there no others before it. */
static fa_ns retransmit_at(const struct fa_tcp_conn *conn)
{
    bool early = conn->retransmit_ns != FA_NS_NEVER && !conn->persist &&
                 conn->timer_kind != FA__TCP_TIMER_RETRANSMIT;
    return early ? fa_ns_after(conn->sent_ns, fa__tcp_rto(conn)) : conn->retransmit_ns;
}

static uint32_t tx_len_of(const struct fa_tcp_conn *conn)
{
    bool some = conn->state >= FA_TCP_ESTABLISHED && fa__seq_lt(conn->snd_una, conn->tx_end);
    return some ? conn->tx_end - conn->snd_una : 0;
}

static size_t len_of(const struct fa_tcp_conn *conn)
{
    return FA_TCP_SAVED_LEN_MIN + conn->rx_bytes + tx_len_of(conn) + conn->ooo_bytes +
           (size_t)FA__SAVED_OOO_HEADER_LEN * conn->ooo_count;
}

static void describe(const struct fa_tcp_conn *conn, struct fa__saved *saved)
{
    const struct fa_tcp *tcp = conn->tcp;
    bool closed = conn->state == FA_TCP_CLOSED;
    *saved = (struct fa__saved){
        .state = conn->state,
        .error = closed ? (uint8_t)-conn->error : 0,
        .total_len = (uint32_t)len_of(conn),
        .flags = flags_of(conn),
        .local = conn->tuple.local,
        .remote = conn->tuple.remote,
        .local_port = conn->tuple.local_port,
        .remote_port = conn->tuple.remote_port,
        .iss = conn->iss,
        .snd_una = closed ? conn->snd_max : conn->snd_una,
        .sent_len = closed ? 0 : conn->snd_max - conn->snd_una,
        .tx_len = tx_len_of(conn),
        .snd_wnd = conn->snd_wnd,
        .snd_wnd_max = conn->snd_wnd_max,
        .snd_wl1 = conn->snd_wl1,
        .snd_wl2 = conn->snd_una,
        .irs = conn->irs,
        .rcv_nxt = conn->rcv_nxt,
        .promised_len = conn->rcv_adv - conn->rcv_nxt,
        .unacked_len = conn->rcv_nxt - conn->rcv_acked,
        .rx_len = conn->rx_bytes,
        .ooo_count = conn->ooo_count,
        .cwnd = conn->cwnd,
        .ssthresh = conn->ssthresh,
        .srtt_ns = conn->srtt_ns,
        .rttvar_ns = conn->rttvar_ns,
        .end_in_ns = remaining(conn->end_ns, tcp->now),
        .no_progress_ns = tcp->now > conn->progress_ns ? tcp->now - conn->progress_ns : 0,
        .retransmit_in_ns = remaining(retransmit_at(conn), tcp->now),
        .silent_ms = fa__tcp_ms(tcp) - conn->heard_ms,
        .user_timeout_ms = conn->user_timeout_ms,
        .rx_space = conn->rx_space,
        .ts_value = conn->ts_ok ? fa__tcp_ts_now(conn) : 0,
        .ts_recent = conn->ts_recent,
        .ts_recent_age = (uint32_t)(tcp->now >> FA__TCP_TS_AGE_SHIFT) - conn->ts_recent_at,
        .mss = conn->mss,
        .rx_mss = conn->rx_mss,
        .rx_full = conn->rx_full,
        .tx_scale = conn->tx_scale,
        .rx_scale = conn->rx_scale,
        .backoff = conn->backoff,
        .tries = conn->tries,
        .congestion = (uint8_t)fa_tcp_congestion_of(&conn->flow),
    };
    saved->fin_off = (saved->flags & FA__SAVED_FIN_EARLY) != 0 ? conn->rcv_fin - conn->rcv_nxt : 0;
}

static void store_le32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint8_t *put_buf(uint8_t *at, const struct fa_buf *buf)
{
    struct fa_slice bytes = fa_buf_slice(buf);
    fa_copy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

static void write_conn(const struct fa_tcp_conn *conn, uint8_t *at)
{
    struct fa__saved saved;
    uint8_t *end = at + FA__SAVED_FIXED_LEN;
    describe(conn, &saved);
    fa__saved_encode(&saved, at);
    FA_LIST_EACH(node, &conn->rx) {
        end = put_buf(end, fa_buf_of(node));
    }
    FA_LIST_EACH(node, &conn->ooo) {
        store_le32(end, fa_buf_of(node)->tag - conn->rcv_nxt);
        store_le32(end + 4, fa_buf_of(node)->len);
        end = put_buf(end + FA__SAVED_OOO_HEADER_LEN, fa_buf_of(node));
    }
    if (saved.tx_len != 0) {
        FA_LIST_EACH(node, &conn->tx) {
            end = put_buf(end, fa_buf_of(node));
        }
    }
    size_t covered = (size_t)(end - at);
    FA_ASSERT(covered + FA__SAVED_CRC_LEN == saved.total_len);
    store_le32(end, fa_crc32c(0, (struct fa_slice){at, covered}));
}

/* Nothing is sent, nobody is told. */
static void forget(struct fa_tcp_conn *conn)
{
    fa__tcp_listener_forget(conn);
    conn->flow.watch = NULL;
    conn->flow_open = false;
    conn->reset_due = false;
    fa__tcp_conn_release(conn);
}

static fa_err save_conn(struct fa_tcp_conn *conn, uint8_t *at, size_t cap, size_t *ret_len)
{
    size_t len = len_of(conn);
    *ret_len = len;
    if (len > cap) {
        return FA_ENOSPC;
    }
    write_conn(conn, at);
    FA_COUNT(conn->tcp->config.counters, tcp_saved);
    FA_TRACE(tcp_handover, conn->tcp->now, conn->id, 0, len, FA__TCP_TRACE_TCB(conn));
    forget(conn);
    return FA_OK;
}

size_t fa_tcp_saved_len(const struct fa_flow *flow)
{
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    return len_of((const struct fa_tcp_conn *)(const void *)flow);
}

fa_err fa_tcp_save(struct fa_flow *flow, fa_ns now, uint8_t *at, size_t cap, size_t *ret_len)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    size_t len;
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops && conn->flow_open);
    conn->tcp->now = now;
    FA_TRY(save_conn(conn, at, cap, &len));
    *ret_len = len;
    return FA_OK;
}

fa_err fa_tcp_save_next(struct fa_tcp *tcp, fa_ns now, uint8_t *at, size_t cap, size_t *ret_len)
{
    tcp->now = now;
    for (uint32_t i = 0; i < tcp->carved_count; i++) {
        struct fa_tcp_conn *conn = fa__tcp_conn_at(tcp, i);
        if (!conn->flow_open && (conn->state != FA_TCP_CLOSED || conn->reset_due)) {
            return save_conn(conn, at, cap, ret_len);
        }
    }
    return FA_ENOENT;
}

/* ---- to a connection ---- */

static fa_ns after(fa_ns now, uint64_t in_ns)
{
    return in_ns == FA__SAVED_NEVER ? FA_NS_NEVER : fa_ns_after(now, in_ns);
}

static void restore_send(struct fa_tcp_conn *conn, const struct fa__saved *saved)
{
    bool opening = conn->state == FA_TCP_SYN_SENT || conn->state == FA_TCP_SYN_RECEIVED;
    conn->iss = saved->iss;
    conn->snd_una = saved->snd_una;
    conn->snd_max = saved->snd_una + saved->sent_len;
    conn->persist = (saved->flags & FA__SAVED_PERSIST) != 0;
    conn->snd_nxt = conn->persist ? conn->snd_una : conn->snd_max;
    conn->sent_ns = conn->tcp->now; // of all that is out: no round trip is measured by it
    conn->burst_mixed = true;
    conn->burst_resent = true;
    conn->recover = conn->snd_una - 1;
    conn->tx_end = saved->snd_una + saved->tx_len;
    if (opening) {
        conn->tx_end = saved->iss + 1;
        conn->recover = saved->iss;
    } else if (conn->fin_queued && (saved->flags & FA__SAVED_FIN_ACKED) != 0) {
        conn->tx_end = saved->snd_una - 1;
    }
    conn->snd_wnd = saved->snd_wnd;
    conn->snd_wnd_max = saved->snd_wnd_max;
    conn->snd_wl1 = saved->snd_wl1;
    conn->mss = saved->mss;
    conn->mss_max = saved->mss;
    conn->mss_high = saved->mss;
    conn->congestion = saved->congestion;
    fa__tcp_cc(conn)->init(conn, false);
    conn->cwnd = saved->cwnd != 0 ? saved->cwnd : conn->cwnd;
    conn->ssthresh = saved->ssthresh;
    conn->srtt_ns = saved->srtt_ns;
    conn->rttvar_ns = saved->rttvar_ns;
    conn->backoff = saved->backoff;
    conn->tries = saved->tries;
}

static void restore_receive(struct fa_tcp_conn *conn, const struct fa__saved *saved)
{
    conn->irs = saved->irs;
    conn->rcv_nxt = saved->rcv_nxt;
    conn->rcv_adv = saved->rcv_nxt + saved->promised_len;
    conn->rcv_acked = saved->rcv_nxt - saved->unacked_len;
    conn->rcv_fin = saved->rcv_nxt + saved->fin_off;
    conn->rx_space = saved->rx_space;
    conn->tune_seq = saved->rcv_nxt;
    conn->rx_mss = saved->rx_mss;
    conn->rx_full = saved->rx_full;
    conn->tx_scale = saved->tx_scale;
    conn->rx_scale = saved->rx_scale;
}

static void restore(struct fa_tcp_conn *conn, const struct fa__saved *saved)
{
    struct fa_tcp *tcp = conn->tcp;
    conn->passive = (saved->flags & FA__SAVED_PASSIVE) != 0;
    conn->nagle = (saved->flags & FA__SAVED_NAGLE) != 0;
    conn->keepalive = (saved->flags & FA__SAVED_KEEPALIVE) != 0;
    conn->fin_queued = (saved->flags & FA__SAVED_FIN_QUEUED) != 0;
    conn->fin_received = (saved->flags & FA__SAVED_FIN_RECEIVED) != 0;
    conn->has_rcv_fin = (saved->flags & FA__SAVED_FIN_EARLY) != 0;
    conn->scale_ok = (saved->flags & FA__SAVED_SCALE) != 0;
    conn->ts_ok = (saved->flags & FA__SAVED_TS) != 0;
    conn->sack_ok = (saved->flags & FA__SAVED_SACK) != 0;
    conn->ecn_ok = (saved->flags & FA__SAVED_ECN) != 0;
    conn->ecn_echo = (saved->flags & FA__SAVED_ECN_ECHO) != 0;
    conn->syn_lost = (saved->flags & FA__SAVED_SYN_LOST) != 0;
    conn->ack_due = (saved->flags & FA__SAVED_ACK_DUE) != 0;
    conn->error = (int8_t)-saved->error;
    conn->state = saved->state;
    restore_send(conn, saved);
    restore_receive(conn, saved);
    conn->user_timeout_ms = saved->user_timeout_ms;
    conn->heard_ms = fa__tcp_ms(tcp) - saved->silent_ms;
    conn->progress_ns = tcp->now - fa_min(saved->no_progress_ns, tcp->now);
    conn->ts_offset = saved->ts_value - (uint32_t)(tcp->now / FA__TCP_TS_TICK);
    conn->ts_recent = saved->ts_recent;
    conn->ts_recent_at = (uint32_t)(tcp->now >> FA__TCP_TS_AGE_SHIFT) - saved->ts_recent_age;
}

/* Copy bytes into buffers of the pool, each filled to its end but the last, tags from `seq` on.
 * Returns: FA_OK; FA_ENOSPC: what was copied is in `bufs` all the same. */
static fa_err take_bytes(
    struct fa_tcp *tcp, struct fa_list *bufs, struct fa_slice bytes, uint32_t seq, uint32_t *count)
{
    while (bytes.len != 0) {
        struct fa_buf *buf;
        FA_TRY(fa_buf_alloc(tcp->config.pool, 0, &buf));
        size_t len = fa_min(bytes.len, fa_buf_tailroom(buf));
        fa__tcp_hold(tcp, buf);
        fa_copy(fa_buf_append(buf, len), bytes.at, len);
        buf->tag = seq;
        fa_list_push_back(bufs, &buf->node);
        seq += (uint32_t)len;
        (*count)++;
        bytes = fa_slice_from(bytes, len);
    }
    return FA_OK;
}

static uint32_t load_le32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static fa_err take_payload(
    struct fa_tcp_conn *conn, const struct fa__saved *saved, struct fa_slice payload)
{
    struct fa_tcp *tcp = conn->tcp;
    uint32_t count = 0;
    struct fa_slice rx = {payload.at, saved->rx_len};
    FA_TRY(take_bytes(tcp, &conn->rx, rx, 0, &conn->rx_count));
    conn->rx_bytes = saved->rx_len;
    payload = fa_slice_from(payload, rx.len);
    for (uint32_t i = 0; i < saved->ooo_count; i++) {
        uint32_t seq = saved->rcv_nxt + load_le32(payload.at);
        struct fa_slice run = {payload.at + FA__SAVED_OOO_HEADER_LEN, load_le32(payload.at + 4)};
        FA_TRY(take_bytes(tcp, &conn->ooo, run, seq, &conn->ooo_count));
        conn->ooo_bytes += (uint32_t)run.len;
        payload = fa_slice_from(payload, FA__SAVED_OOO_HEADER_LEN + run.len);
    }
    FA_TRY(take_bytes(tcp, &conn->tx, payload, saved->snd_una, &count));
    FA_LIST_EACH(node, &conn->tx) {
        conn->tx_buf =
            fa__seq_leq(fa_buf_of(node)->tag, conn->snd_nxt) ? fa_buf_of(node) : conn->tx_buf;
    }
    return FA_OK;
}

/* Give it to whose it is. Nothing can fail any more. */
static void hand_out(struct fa_tcp_conn *conn, const struct fa__saved *saved,
    struct fa_tcp_listener *listener, struct fa_flow **ret_flow)
{
    *ret_flow = NULL;
    if ((saved->flags & FA__SAVED_HELD) != 0) {
        conn->flow_open = true;
        *ret_flow = &conn->flow;
    } else if (listener != NULL) {
        fa__tcp_listener_adopt(listener, conn);
    } else if (conn->state == FA_TCP_TIME_WAIT) {
        fa__tcp_time_wait_list(conn);
    } else if (conn->state != FA_TCP_CLOSED) {
        fa__tcp_orphan(conn, saved->end_in_ns == FA__SAVED_NEVER ? FA_NS_NEVER : saved->end_in_ns);
    }
}

/* Go on: ask again for what is out, say what is due. */
static void resume(struct fa_tcp_conn *conn, const struct fa__saved *saved)
{
    struct fa_tcp *tcp = conn->tcp;
    bool opening = conn->state == FA_TCP_SYN_SENT || conn->state == FA_TCP_SYN_RECEIVED;
    if (conn->state == FA_TCP_CLOSED) {
        conn->reset_due = (saved->flags & FA__SAVED_RESET_DUE) != 0;
        if (!conn->reset_due) {
            fa__tcp_table_remove(conn);
            return;
        }
    } else {
        conn->end_ns = after(tcp->now, saved->end_in_ns);
        conn->syn_due = opening;
        if (conn->persist || conn->snd_una != conn->snd_max) {
            // Not later than it would have been, however often a connection moves.
            fa_ns again = fa_ns_after(tcp->now, fa__tcp_rto(conn));
            conn->timer_kind = FA__TCP_TIMER_RETRANSMIT;
            conn->retransmit_ns = fa_ns_min(again, after(tcp->now, saved->retransmit_in_ns));
        }
    }
    fa__tcp_mark(conn);
    fa__tcp_timer_arm(conn);
}

fa_err fa_tcp_load(struct fa_tcp *tcp, fa_ns now, struct fa_slice bytes, struct fa_flow **ret_flow)
{
    struct fa__saved saved;
    struct fa_slice payload;
    tcp->now = now;
    FA_TRY(fa__saved_decode(bytes, &saved, &payload));
    struct fa__tcp_tuple tuple = {saved.local, saved.remote, saved.local_port, saved.remote_port};
    struct fa_tcp_listener *listener = NULL;
    if (fa__tcp_find(tcp, &tuple) != NULL) {
        return FA_EINVAL;
    }
    if ((saved.flags & FA__SAVED_LISTENER) != 0) {
        listener = fa__tcp_listener_find(tcp, &tuple.local, tuple.local_port);
        FA_TRY(fa__tcp_listener_room(listener, (enum fa_tcp_state)saved.state));
    }
    if (saved.tx_len > tcp->config.tx_buffer_bytes) {
        return FA_ENOSPC;
    }
    struct fa_tcp_conn *conn = fa__tcp_conn_new(tcp, &tuple, saved.iss, 0);
    if (conn == NULL) {
        return FA_ENOSPC;
    }
    restore(conn, &saved);
    if (take_payload(conn, &saved, payload) != FA_OK) {
        fa__tcp_conn_release(conn);
        return FA_ENOSPC;
    }
    hand_out(conn, &saved, listener, ret_flow);
    resume(conn, &saved);
    FA_COUNT(tcp->config.counters, tcp_loaded);
    FA_TRACE(tcp_handover, now, conn->id, 1, bytes.len, FA__TCP_TRACE_TCB(conn));
    return FA_OK;
}
