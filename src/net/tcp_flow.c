// SPDX-License-Identifier: ISC
//
// A connection as a fa_flow: what the application may do, and what that means for the state.

#include "tcp_priv.h"

static bool is_opening(const struct fa_tcp_conn *conn)
{
    return conn->state == FA_TCP_SYN_SENT || conn->state == FA_TCP_SYN_RECEIVED;
}

static bool is_broken(const struct fa_tcp_conn *conn)
{
    return conn->state == FA_TCP_CLOSED && conn->error != FA_ECLOSED;
}

static fa_err peek_rx(struct fa_tcp_conn *conn, struct fa_slice *ret_bytes)
{
    struct fa_list *first = fa_list_first(&conn->rx);
    if (first != NULL) {
        *ret_bytes = fa_buf_slice(fa_buf_of(first));
        conn->rx_peeked = (uint32_t)ret_bytes->len;
        return FA_OK;
    }
    if (is_broken(conn)) {
        return (fa_err)conn->error;
    }
    if (conn->state == FA_TCP_CLOSED || conn->fin_received) {
        return FA_ECLOSED;
    }
    conn->want_read = true;
    return FA_AGAIN;
}

static fa_err peek_conn(struct fa_flow *flow, struct fa_slice *ret_bytes)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    fa_err err = peek_rx(conn, ret_bytes);
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_PEEK, err, err == FA_OK ? ret_bytes->len : 0);
    return err;
}

static void done_conn(struct fa_flow *flow, size_t len)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    fa__tcp_rx_done(conn, len);
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_DONE, FA_OK, len);
}

static fa_err reserve_tx(struct fa_tcp_conn *conn, uint8_t **ret_at, size_t *ret_cap)
{
    if (is_broken(conn)) {
        return (fa_err)conn->error;
    }
    if (conn->state == FA_TCP_CLOSED || conn->fin_queued) {
        return FA_ECLOSED;
    }
    if (is_opening(conn)) {
        conn->want_write = true;
        return FA_AGAIN;
    }
    return fa__tcp_tx_reserve(conn, ret_at, ret_cap);
}

static fa_err reserve_conn(struct fa_flow *flow, uint8_t **ret_at, size_t *ret_cap)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    fa__tcp_prefetch(conn);
    fa_err err = reserve_tx(conn, ret_at, ret_cap);
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_RESERVE, err, err == FA_OK ? *ret_cap : 0);
    return err;
}

static void commit_conn(struct fa_flow *flow, size_t len)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    fa__tcp_tx_commit(conn, len);
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_COMMIT, FA_OK, len);
}

/* RFC 9293 3.10.4: a FIN follows what was committed. */
static void end_tx(struct fa_tcp_conn *conn)
{
    if (conn->fin_queued) {
        return;
    }
    fa__tcp_tx_commit(conn, 0);
    conn->fin_queued = true;
    if (conn->state == FA_TCP_ESTABLISHED) {
        fa__tcp_set_state(conn, FA_TCP_FIN_WAIT_1);
    } else if (conn->state == FA_TCP_CLOSE_WAIT) {
        fa__tcp_set_state(conn, FA_TCP_LAST_ACK);
    }
    fa__tcp_mark(conn);
}

static fa_err shutdown_conn(struct fa_flow *flow)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    fa_err err = FA_OK;
    if (is_broken(conn)) {
        err = (fa_err)conn->error;
    } else if (conn->state != FA_TCP_CLOSED) {
        end_tx(conn);
    }
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_SHUTDOWN, err, 0);
    return err;
}

/* From now on nobody holds the flow. Returns: whether the connection is still there. */
static bool let_go(struct fa_tcp_conn *conn)
{
    FA_ASSERT(conn->flow_open);
    conn->flow.watch = NULL;
    conn->flow_open = false;
    conn->want_read = false;
    conn->want_write = false;
    fa__tcp_tx_commit(conn, 0);
    fa_list_unlink(&conn->node); // it no longer waits for buffers
    if (conn->state == FA_TCP_CLOSED) {
        fa__tcp_rx_drop(conn);
        fa__tcp_conn_release(conn);
        return false;
    }
    return true;
}

static void close_within(struct fa_tcp_conn *conn, fa_ns linger_ns)
{
    bool unread = conn->rx_bytes != 0;
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_CLOSE, FA_OK, 0);
    if (!let_go(conn)) {
        return;
    }
    if (unread || conn->state == FA_TCP_SYN_SENT) {
        fa__tcp_conn_end(conn, FA_ERESET, true); // RFC 2525 2.17
        return;
    }
    end_tx(conn);
    if (conn->state == FA_TCP_TIME_WAIT) {
        fa__tcp_time_wait_list(conn);
    } else {
        fa__tcp_orphan(conn, linger_ns);
    }
}

static void close_conn(struct fa_flow *flow)
{
    close_within(fa__tcp_conn_of(flow), FA_NS_NEVER);
}

static void abort_conn(struct fa_flow *flow)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    FA__TCP_TRACE_CALL(conn, FA__TCP_CALL_ABORT, FA_OK, 0);
    if (let_go(conn)) {
        fa__tcp_conn_end(conn, FA_ERESET, true);
    }
}

void fa_tcp_close_within(struct fa_flow *flow, fa_ns linger)
{
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    if (linger == 0) {
        abort_conn(flow);
    } else {
        close_within(fa__tcp_conn_of(flow), linger);
    }
}

fa_err fa_tcp_drained(struct fa_flow *flow)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    if (is_broken(conn)) {
        return (fa_err)conn->error;
    }
    uint32_t end = conn->tx_end + (conn->fin_queued ? 1 : 0);
    if (conn->state == FA_TCP_CLOSED || (!is_opening(conn) && conn->snd_una == end)) {
        return FA_OK;
    }
    conn->want_write = true;
    return FA_AGAIN;
}

static size_t name_peer(const struct fa_flow *flow, char *at, size_t cap)
{
    const struct fa_tcp_conn *conn = (const struct fa_tcp_conn *)(const void *)flow;
    struct fa_endpoint remote = {conn->tuple.remote, conn->tuple.remote_port};
    return fa_endpoint_text(&remote, at, cap);
}

const struct fa_flow_ops fa__tcp_flow_ops = {
    .peek = peek_conn,
    .done = done_conn,
    .reserve = reserve_conn,
    .commit = commit_conn,
    .shutdown = shutdown_conn,
    .close = close_conn,
    .abort = abort_conn,
    .peer = name_peer,
};
