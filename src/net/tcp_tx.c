// SPDX-License-Identifier: ISC
//
// Bytes to send: a queue of pool buffers, each filled to its end before the next is taken.
// Segments are copied out of it, so a retransmission may cut the bytes anew.

#include "tcp_priv.h"

#include "fa/wire/csum.h"

static struct fa_buf *last_of(struct fa_list *bufs)
{
    return fa_list_empty(bufs) ? NULL : fa_buf_of(bufs->prev);
}

static struct fa_buf *first_of(const struct fa_list *bufs)
{
    return fa_list_empty(bufs) ? NULL : fa_buf_of(bufs->next);
}

static struct fa_buf *next_of(const struct fa_tcp_conn *conn, const struct fa_buf *buf)
{
    return buf->node.next == &conn->tx ? NULL : fa_buf_of(buf->node.next);
}

/* Bytes that may still be written. */
static uint32_t room_of(const struct fa_tcp_conn *conn)
{
    uint32_t used = conn->tx_end - conn->snd_una;
    uint32_t limit = fa__tcp_tx_limit(conn);
    return used < limit ? limit - used : 0;
}

/* Who has nothing to send yet gets a buffer even if others hold all that may be held. */
static bool pool_has_room(const struct fa_tcp_conn *conn)
{
    const struct fa_tcp *tcp = conn->tcp;
    return fa_pool_free_count(tcp->config.pool) > tcp->config.tx_buffer_count_keep &&
           (!fa__tcp_is_full(tcp) || fa_list_empty(&conn->tx));
}

static void wait_for_pool(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    FA_COUNT(tcp->config.counters, tcp_tx_no_buffer);
    conn->want_write = true;
    if (!fa_list_linked(&conn->node)) {
        fa_list_push_back(&tcp->starved, &conn->node);
    }
    if (!fa_deadline_is_set(&tcp->starved_retry)) {
        fa_ns retry = fa_ns_after(tcp->now, FA__TCP_STARVED_RETRY);
        fa_deadline_set(&tcp->deadlines, &tcp->starved_retry, retry);
    }
}

void fa__tcp_tx_feed(struct fa_tcp *tcp)
{
    size_t keep = tcp->config.tx_buffer_count_keep;
    size_t free_count = fa_pool_free_count(tcp->config.pool);
    while (free_count > keep && !fa_list_empty(&tcp->starved)) {
        struct fa_list *node = fa_list_pop_front(&tcp->starved);
        fa__tcp_wake(FA_CONTAINER(node, struct fa_tcp_conn, node), FA_FLOW_WRITABLE);
        free_count--;
    }
}

fa_err fa__tcp_tx_reserve(struct fa_tcp_conn *conn, uint8_t **ret_at, size_t *ret_cap)
{
    uint32_t room = room_of(conn);
    if (room == 0) {
        conn->want_write = true;
        return FA_AGAIN;
    }
    struct fa_buf *last = last_of(&conn->tx);
    if (last == NULL || fa_buf_tailroom(last) == 0) {
        if (!pool_has_room(conn) || fa_buf_alloc(conn->tcp->config.pool, 0, &last) != FA_OK) {
            wait_for_pool(conn);
            return FA_AGAIN;
        }
        fa__tcp_hold(conn->tcp, last);
        last->tag = conn->tx_end;
        fa_list_push_back(&conn->tx, &last->node);
    }
    conn->lent = true;
    *ret_at = fa_buf_at(last) + last->len;
    *ret_cap = fa_min(fa_buf_tailroom(last), room);
    return FA_OK;
}

/* Drop the last buffer if a reservation brought it and nothing was written. */
static void drop_if_empty(struct fa_tcp_conn *conn, struct fa_buf *last)
{
    if (last->len == 0) {
        FA_ASSERT(conn->tx_buf != last || first_of(&conn->tx) == last);
        conn->tx_buf = conn->tx_buf == last ? NULL : conn->tx_buf;
        fa_list_unlink(&last->node);
        fa__tcp_buf_drop(conn->tcp, last);
    }
}

void fa__tcp_tx_commit(struct fa_tcp_conn *conn, size_t len)
{
    FA_ASSERT(conn->lent || len == 0);
    if (!conn->lent) {
        return;
    }
    struct fa_buf *last = last_of(&conn->tx);
    bool live = conn->state != FA_TCP_CLOSED && !conn->fin_queued;
    conn->lent = false;
    if (live && len != 0) {
        // Not room_of(): the limit may have shrunk since.
        FA_ASSERT(conn->tx_end - conn->snd_una + len <= conn->tcp->config.tx_buffer_bytes);
        (void)fa_buf_append(last, len);
        conn->tx_end += (uint32_t)len;
        conn->tx_buf = conn->tx_buf == NULL ? last : conn->tx_buf;
        fa__tcp_mark(conn);
    }
    drop_if_empty(conn, last);
}

void fa__tcp_tx_acked(struct fa_tcp_conn *conn, uint32_t ack)
{
    struct fa_buf *buf;
    while ((buf = first_of(&conn->tx)) != NULL && fa__seq_lt(buf->tag, ack)) {
        uint32_t len = fa__u32_min(ack - buf->tag, buf->len);
        struct fa_buf *next = next_of(conn, buf);
        fa_buf_pull(buf, len);
        buf->tag += len;
        if (buf->len != 0 || (next == NULL && conn->lent)) {
            break;
        }
        conn->tx_buf = conn->tx_buf == buf ? next : conn->tx_buf;
        if (conn->work != NULL && conn->work->tx_hint == buf) {
            conn->work->tx_hint = next;
        }
        fa_list_unlink(&buf->node);
        fa__tcp_buf_drop(conn->tcp, buf);
    }
    conn->snd_una = ack;
    conn->snd_nxt = fa__seq_max(conn->snd_nxt, ack);
}

void fa__tcp_tx_rewind(struct fa_tcp_conn *conn)
{
    fa__tcp_board_close(conn);
    conn->mtu_probing = false; // its bytes are cut anew
    conn->snd_nxt = conn->snd_una;
    conn->tx_buf = first_of(&conn->tx);
}

/* The buffer with number `seq`. What is sent again lies near what was sent again before it. */
static struct fa_buf *find_buf(const struct fa_tcp_conn *conn, uint32_t seq)
{
    if (seq == conn->snd_una) {
        return first_of(&conn->tx);
    }
    if (seq == conn->snd_nxt) {
        return conn->tx_buf;
    }
    struct fa_buf *buf = conn->work->tx_hint;
    if (buf == NULL) {
        buf = first_of(&conn->tx);
    }
    while (fa__seq_lt(seq, buf->tag)) {
        FA_ASSERT(buf->node.prev != &conn->tx);
        buf = fa_buf_of(buf->node.prev);
    }
    while (fa__seq_leq(buf->tag + buf->len, seq)) {
        buf = next_of(conn, buf);
        FA_ASSERT(buf != NULL);
    }
    conn->work->tx_hint = buf;
    return buf;
}

struct fa_buf *fa__tcp_tx_copy(
    const struct fa_tcp_conn *conn, uint32_t seq, uint8_t *target, uint32_t len, uint64_t *ret_sum)
{
    struct fa_buf *buf = find_buf(conn, seq);
    uint32_t copied = 0;
    uint64_t sum = 0;
    FA_ASSERT(len != 0);
    for (;;) {
        FA_ASSERT(buf != NULL);
        uint32_t off = seq + copied - buf->tag;
        FA_ASSERT(off <= buf->len);
        uint32_t piece = fa__u32_min(buf->len - off, len - copied);
        if (ret_sum != NULL) {
            uint64_t part = fa_csum_copy(target + copied, fa_buf_at(buf) + off, piece, 0);
            sum = fa_csum_join(sum, part, copied);
        } else {
            fa_copy(target + copied, fa_buf_at(buf) + off, piece);
        }
        copied += piece;
        if (copied == len) {
            break;
        }
        buf = next_of(conn, buf);
    }
    if (ret_sum != NULL) {
        *ret_sum = sum;
    }
    return buf;
}

bool fa__tcp_tx_has_room(const struct fa_tcp_conn *conn)
{
    return room_of(conn) >= fa__tcp_tx_limit(conn) / 4;
}

void fa__tcp_tx_drop(struct fa_tcp_conn *conn)
{
    fa__tcp_work_drop(conn);
    // The application may still write into what it has reserved.
    struct fa_buf *lent = conn->lent && conn->flow_open ? last_of(&conn->tx) : NULL;
    if (lent != NULL) {
        fa_list_unlink(&lent->node);
        fa_buf_trim(lent, 0);
    }
    fa__tcp_buf_drop_all(conn->tcp, &conn->tx);
    conn->tx_buf = NULL;
    conn->lent = lent != NULL;
    if (lent != NULL) {
        fa_list_push_back(&conn->tx, &lent->node);
    }
}
