// SPDX-License-Identifier: ISC
//
// One budget for what all connections hold, and how far each may go: the receive window follows
// what the application reads in a round trip, the send buffer the congestion window
// (docs/design/0010-tcp-memory.md).
//
// What counts is buffers, not bytes in them: a byte in a buffer of its own costs all of it.

#include "tcp_priv.h"

enum {
    TX_BUFFER_MIN = 65536, /* bytes that may be written however small the window is */
};

/* ---- what is held ---- */

static void note_pressure(struct fa_tcp *tcp, bool pressed)
{
    tcp->pressed = pressed;
    if (pressed) {
        FA_COUNT(tcp->config.counters, tcp_memory_pressure);
    }
    FA_TRACE(tcp_pressure, tcp->now, 0, pressed, tcp->held_bytes, tcp->live_count);
}

void fa__tcp_hold(struct fa_tcp *tcp, const struct fa_buf *buf)
{
    tcp->held_bytes += buf->pool->buf_size;
    if (!tcp->pressed && tcp->held_bytes > tcp->config.memory_pressure_bytes) {
        note_pressure(tcp, true);
    }
}

void fa__tcp_buf_drop(struct fa_tcp *tcp, struct fa_buf *take)
{
    FA_ASSERT(tcp->held_bytes >= take->pool->buf_size);
    tcp->held_bytes -= take->pool->buf_size;
    fa_buf_drop(take);
    if (tcp->pressed && tcp->held_bytes < tcp->config.memory_low_bytes) {
        note_pressure(tcp, false);
    }
}

void fa__tcp_buf_drop_all(struct fa_tcp *tcp, struct fa_list *bufs)
{
    struct fa_list *node;
    while ((node = fa_list_pop_front(bufs)) != NULL) {
        fa__tcp_buf_drop(tcp, fa_buf_of(node));
    }
}

bool fa__tcp_is_full(const struct fa_tcp *tcp)
{
    return tcp->held_bytes >= tcp->config.memory_high_bytes;
}

/* What one connection may hold under pressure: two segments in any case. */
static uint32_t share_of(const struct fa_tcp_conn *conn)
{
    const struct fa_tcp *tcp = conn->tcp;
    uint64_t share = tcp->config.memory_pressure_bytes / 2 / fa_max(tcp->live_count, 1);
    return (uint32_t)fa_min(fa_max(share, 2u * conn->rx_mss), UINT32_MAX);
}

/* ---- the receive window ---- */

static uint32_t tick_of(const struct fa_tcp *tcp)
{
    return (uint32_t)(tcp->now / FA_NS_US);
}

void fa__tcp_rx_space_init(struct fa_tcp_conn *conn)
{
    conn->rx_space = conn->tcp->config.rx_window_initial_bytes;
    conn->rx_space = fa__tcp_rx_window(conn);
}

uint32_t fa__tcp_rx_window(const struct fa_tcp_conn *conn)
{
    return conn->tcp->pressed ? fa__u32_min(conn->rx_space, share_of(conn)) : conn->rx_space;
}

/* Dynamic right-sizing (Feng, Gardner 2001): a sender that the window limits fills it once in a
 * round trip; if the application took more than half of it in that time, it gets twice what it
 * took. */
void fa__tcp_rx_tune(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    uint32_t now_us = tick_of(tcp);
    uint32_t read_seq = conn->rcv_nxt - conn->rx_bytes;
    uint32_t read = read_seq - conn->tune_seq;
    if (now_us - conn->tune_us < conn->srtt_ns / FA_NS_US) {
        return;
    }
    conn->tune_us = now_us;
    conn->tune_seq = read_seq;
    if (read > conn->rx_space / 2 && !tcp->pressed) {
        uint64_t space = fa_min(2 * (uint64_t)read, 2 * (uint64_t)conn->rx_space);
        space = fa_min(space, (uint64_t)UINT16_MAX << conn->rx_scale);
        space = fa_min(space, fa__tcp_rx_max(conn));
        conn->rx_space = (uint32_t)fa_max(space, conn->rx_space);
    }
}

/* ---- the send buffer ---- */

uint32_t fa__tcp_tx_limit(const struct fa_tcp_conn *conn)
{
    uint64_t limit = 2 * (uint64_t)fa__u32_min(conn->cwnd, conn->snd_wnd_max);
    limit = fa_min(fa_max(limit, TX_BUFFER_MIN), fa__tcp_tx_max(conn));
    return conn->tcp->pressed ? (uint32_t)fa_min(limit, share_of(conn)) : (uint32_t)limit;
}
