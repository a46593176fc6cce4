// SPDX-License-Identifier: ISC
//
// The invariants of a connection, for tests and fuzzers: they call it after every step.

#include "tcp_priv.h"

static void check_numbers(const struct fa_tcp_conn *conn)
{
    FA_ASSERT(fa__seq_leq(conn->snd_una, conn->snd_nxt));
    FA_ASSERT(fa__seq_leq(conn->snd_nxt, conn->snd_max));
    FA_ASSERT(fa__seq_leq(conn->snd_max, conn->tx_end + 1));
    FA_ASSERT(fa__seq_leq(conn->rcv_acked, conn->rcv_nxt));
    FA_ASSERT(fa__seq_leq(conn->rcv_nxt, conn->rcv_adv));
    FA_ASSERT(!fa__tcp_fin_sent(conn) || conn->state != FA_TCP_ESTABLISHED);
    FA_ASSERT(conn->snd_una != conn->tx_end + 1 || conn->fin_queued);
    if (conn->state >= FA_TCP_ESTABLISHED) {
        FA_ASSERT(conn->mss <= conn->mss_high && conn->mss_high <= conn->mss_max);
        FA_ASSERT(!conn->mtu_probing || conn->work != NULL);
        FA_ASSERT(conn->cwnd >= conn->mss || conn->retransmit_count != 0);
        FA_ASSERT(fa__seq_leq(conn->recover, conn->snd_max));
    }
}

/* tx is one run of bytes from snd_una to tx_end, and tx_buf is where snd_nxt lies. */
static void check_tx(const struct fa_tcp_conn *conn)
{
    bool found = false;
    uint32_t seq = conn->snd_una;
    uint32_t count = 0;
    FA_LIST_EACH(node, &conn->tx) {
        const struct fa_buf *buf = fa_buf_of(node);
        bool last = node->next == &conn->tx;
        FA_ASSERT(buf->tag == seq);
        FA_ASSERT(buf->len != 0 || (last && conn->lent));
        FA_ASSERT(last || fa_buf_tailroom(buf) == 0);
        if (buf == conn->tx_buf) {
            found = true;
            FA_ASSERT(fa__seq_leq(buf->tag, conn->snd_nxt));
            FA_ASSERT(fa__seq_leq(conn->snd_nxt, buf->tag + buf->len + (last ? 1 : 0)));
        }
        seq += buf->len;
        count++;
    }
    FA_ASSERT(conn->tx_buf == NULL || found);
    FA_ASSERT(conn->tx_buf != NULL || fa__tcp_unsent(conn) == 0);
    FA_ASSERT(count == 0 || seq == conn->tx_end);
    FA_ASSERT(count != 0 || fa__seq_leq(conn->tx_end, conn->snd_una));
    FA_ASSERT(conn->tx_end - conn->snd_una <= conn->tcp->config.tx_buffer_bytes ||
              fa__seq_lt(conn->tx_end, conn->snd_una));
}

/* The runs cover what is in flight, and the sums and lists are what they say. */
static void check_board(const struct fa_tcp_conn *conn)
{
    const struct fa__tcp_work *work = conn->work;
    if (!fa__tcp_board_on(conn)) {
        FA_ASSERT(work == NULL || (work->sacked_bytes == 0 && work->lost_bytes == 0));
        FA_ASSERT(work == NULL || (fa_list_empty(&work->out) && fa_list_empty(&work->lost)));
        return;
    }
    bool sacked = false;
    uint32_t seq = conn->snd_una;
    uint32_t bytes[3] = {0};
    uint32_t counts[3] = {0};
    FA_LIST_EACH(node, &work->runs) {
        const struct fa__tcp_run *run = fa__tcp_run_of(node);
        FA_ASSERT(run->seq == seq && fa__seq_lt(seq, run->end));
        FA_ASSERT(run->state <= FA__TCP_RUN_SACKED);
        FA_ASSERT(!sacked || run->state != FA__TCP_RUN_SACKED); // or they had been joined
        sacked = run->state == FA__TCP_RUN_SACKED;
        FA_ASSERT(fa_list_linked(&run->order) == (run->state != FA__TCP_RUN_SACKED));
        bytes[run->state] += run->end - run->seq;
        counts[run->state]++;
        seq = run->end;
    }
    FA_ASSERT(seq == conn->snd_max || (conn->persist && seq == conn->snd_nxt));
    FA_ASSERT(bytes[FA__TCP_RUN_SACKED] == work->sacked_bytes);
    FA_ASSERT(bytes[FA__TCP_RUN_LOST] == work->lost_bytes);
    fa_ns before = 0;
    FA_LIST_EACH(node, &work->out) {
        const struct fa__tcp_run *run = fa__tcp_run_of_order(node);
        FA_ASSERT(run->state == FA__TCP_RUN_OUT && before <= run->sent_ns);
        before = run->sent_ns;
        counts[FA__TCP_RUN_OUT]--;
    }
    seq = conn->snd_una;
    FA_LIST_EACH(node, &work->lost) {
        const struct fa__tcp_run *run = fa__tcp_run_of_order(node);
        FA_ASSERT(run->state == FA__TCP_RUN_LOST && fa__seq_leq(seq, run->seq));
        seq = run->end;
        counts[FA__TCP_RUN_LOST]--;
    }
    FA_ASSERT(counts[FA__TCP_RUN_OUT] == 0 && counts[FA__TCP_RUN_LOST] == 0);
    FA_ASSERT(!conn->recovery || work->prr_flight != 0);
}

static void check_rx(const struct fa_tcp_conn *conn)
{
    uint32_t bytes = 0;
    uint32_t count = 0;
    FA_LIST_EACH(node, &conn->rx) {
        FA_ASSERT(fa_buf_of(node)->len != 0);
        bytes += fa_buf_of(node)->len;
        count++;
    }
    FA_ASSERT(bytes == conn->rx_bytes && count == conn->rx_count);
    FA_ASSERT(conn->rx_peeked == 0 || conn->rx_peeked <= fa_buf_of(conn->rx.next)->len);
    uint32_t before = conn->rcv_nxt;
    bytes = 0;
    count = 0;
    FA_LIST_EACH(node, &conn->ooo) {
        const struct fa_buf *buf = fa_buf_of(node);
        FA_ASSERT(buf->len != 0);
        FA_ASSERT(fa__seq_lt(before, buf->tag) || (count != 0 && before == buf->tag));
        before = buf->tag + buf->len;
        bytes += buf->len;
        count++;
    }
    FA_ASSERT(bytes == conn->ooo_bytes && count == conn->ooo_count);
    FA_ASSERT(fa__seq_leq(before, conn->rcv_adv));
}

/* Whatever waits for time has a deadline that is not later. */
static void check_timers(const struct fa_tcp_conn *conn)
{
    fa_ns at = fa_ns_min(fa_ns_min(conn->retransmit_ns, conn->ack_ns), conn->end_ns);
    bool dirty = fa_list_linked(&conn->dirty_node);
    FA_ASSERT(at == FA_NS_NEVER || dirty || fa_deadline_is_set(&conn->timer));
    FA_ASSERT(at == FA_NS_NEVER || dirty || conn->timer.at_ns <= at);
    bool outstanding = conn->snd_una != conn->snd_max || fa__tcp_has_unsent(conn);
    FA_ASSERT(!outstanding || dirty || conn->retransmit_ns != FA_NS_NEVER);
    FA_ASSERT(conn->state != FA_TCP_TIME_WAIT || conn->end_ns != FA_NS_NEVER);
    // After a timeout something is out again, unless the window forbids it.
    bool waits = conn->persist || conn->snd_wnd == 0;
    FA_ASSERT(dirty || waits || !conn->timed_out || conn->snd_nxt != conn->snd_una ||
              conn->snd_una == conn->snd_max);
}

void fa__tcp_check(const struct fa_tcp_conn *conn)
{
    FA_ASSERT(conn->state < FA_TCP_STATE_COUNT);
    check_rx(conn);
    if (conn->state == FA_TCP_CLOSED) {
        FA_ASSERT(conn->flow_open || conn->reset_due);
        FA_ASSERT(!conn->reset_due || fa_list_linked(&conn->dirty_node));
        return;
    }
    FA_ASSERT(conn->hashed && !conn->reset_due);
    check_numbers(conn);
    if (conn->state >= FA_TCP_ESTABLISHED && conn->state != FA_TCP_TIME_WAIT) {
        check_tx(conn);
        check_board(conn);
    }
    check_timers(conn);
}

static uint32_t count_list(const struct fa_list *list)
{
    uint32_t count = 0;
    FA_LIST_EACH(node, list) {
        count++;
    }
    return count;
}

static size_t held_by(const struct fa_tcp_conn *conn)
{
    const struct fa_list *lists[] = {&conn->tx, &conn->rx, &conn->ooo};
    size_t held = 0;
    for (size_t i = 0; i < FA_COUNT_OF(lists); i++) {
        FA_LIST_EACH(node, lists[i]) {
            held += fa_buf_of(node)->pool->buf_size;
        }
    }
    if (conn->work != NULL) {
        const struct fa_buf *buf = (const struct fa_buf *)(const void *)conn->work - 1;
        held += (1 + conn->work->buf_count) * buf->pool->buf_size;
    }
    return held;
}

void fa__tcp_check_all(const struct fa_tcp *tcp)
{
    uint32_t live = 0;
    size_t held = 0;
    for (uint32_t i = 0; i < tcp->carved_count; i++) {
        const struct fa_tcp_conn *conn = fa__tcp_conn_at(tcp, i);
        if (conn->state != FA_TCP_CLOSED || conn->flow_open || conn->reset_due) {
            fa__tcp_check(conn);
            live++;
            held += held_by(conn);
        }
    }
    FA_ASSERT(live == tcp->live_count);
    FA_ASSERT(held == tcp->held_bytes);
    FA_ASSERT(live + count_list(&tcp->free) == tcp->carved_count);
    FA_ASSERT(count_list(&tcp->orphans) == tcp->orphan_count);
    FA_ASSERT(tcp->orphan_count <= tcp->config.orphan_count_max);
    FA_ASSERT(count_list(&tcp->time_wait) == tcp->time_wait_count);
    FA_ASSERT(tcp->time_wait_count <= tcp->config.time_wait_count_max);
    FA_ASSERT(tcp->reply_count <= FA_TCP_REPLY_COUNT_MAX);
    FA_LIST_EACH(node, &tcp->listeners) {
        const struct fa_tcp_listener *listener = FA_CONTAINER(node, struct fa_tcp_listener, node);
        FA_ASSERT(listener->half_open_count == count_list(&listener->half_open));
        FA_ASSERT(listener->accept_count == count_list(&listener->accept_queue));
        FA_ASSERT(listener->half_open_count <= listener->config.half_open_max);
        FA_ASSERT(listener->accept_count <= listener->config.backlog_max);
    }
}
