// SPDX-License-Identifier: ISC
//
// What one connection has of its own in the place of the configuration's.

#include "tcp_priv.h"

enum {
    BUFFER_MIN = 2048, /* bytes */
};

/* In KiB, rounded up, as it is kept. */
static uint16_t kib_of(uint32_t bytes)
{
    size_t kib = (fa_max(bytes, BUFFER_MIN) + 1023) / 1024;
    return bytes == 0 ? 0 : (uint16_t)fa_min(kib, UINT16_MAX);
}

static uint32_t own_bytes(uint16_t kib, uint32_t otherwise)
{
    return kib != 0 ? fa__u32_min((uint32_t)kib * 1024, otherwise) : otherwise;
}

static fa_ns own_s(uint16_t s, fa_ns otherwise)
{
    return s != 0 ? s * FA_NS_S : otherwise;
}

uint32_t fa__tcp_rx_max(const struct fa_tcp_conn *conn)
{
    return own_bytes(conn->rx_window_kib, conn->tcp->config.rx_window_bytes);
}

uint32_t fa__tcp_tx_max(const struct fa_tcp_conn *conn)
{
    return own_bytes(conn->tx_buffer_kib, conn->tcp->config.tx_buffer_bytes);
}

fa_ns fa__tcp_keep_after(const struct fa_tcp_conn *conn)
{
    return own_s(conn->keepalive_after_s, conn->tcp->config.keepalive_after_ns);
}

fa_ns fa__tcp_keep_interval(const struct fa_tcp_conn *conn)
{
    return own_s(conn->keepalive_interval_s, conn->tcp->config.keepalive_interval_ns);
}

uint32_t fa__tcp_keep_probes(const struct fa_tcp_conn *conn)
{
    return conn->keepalive_probes != 0 ? conn->keepalive_probes
                                       : conn->tcp->config.keepalive_probes;
}

fa_ns fa__tcp_fin_wait_2(const struct fa_tcp_conn *conn)
{
    return own_s(conn->fin_wait_2_s, conn->tcp->config.fin_wait_2_ns);
}

uint16_t fa__tcp_own_mss(const struct fa_tcp_options *options, uint16_t mss)
{
    size_t own = fa_max(options->mss_bytes, FA__TCP_MSS_MIN);
    return options->mss_bytes != 0 ? (uint16_t)fa_min(own, mss) : mss;
}

uint8_t fa__tcp_own_traffic(const struct fa_tcp_options *options)
{
    return options->traffic & (uint8_t)~FA_IP_ECN_MASK; // ECN is TCP's business
}

static void apply(struct fa_tcp_conn *conn, const struct fa_tcp_options *options)
{
    conn->rx_window_kib = kib_of(options->rx_window_bytes);
    conn->tx_buffer_kib = kib_of(options->tx_buffer_bytes);
    conn->keepalive_after_s = options->keepalive_after_s;
    conn->keepalive_interval_s = options->keepalive_interval_s;
    conn->keepalive_probes = options->keepalive_probes;
    conn->fin_wait_2_s = options->fin_wait_2_s;
    conn->ttl = options->ttl;
    conn->traffic = fa__tcp_own_traffic(options);
    conn->quick_ack = options->quick_ack;
    conn->rx_space = fa__u32_min(conn->rx_space, fa__tcp_rx_max(conn));
}

void fa__tcp_options_begin(struct fa_tcp_conn *conn, const struct fa_tcp_options *options)
{
    apply(conn, options);
    conn->mss = fa__tcp_own_mss(options, conn->mss);
    conn->rx_mss = conn->mss;
}

void fa_tcp_options_set(struct fa_flow *flow, fa_ns now, const struct fa_tcp_options *options)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    bool keep = conn->keepalive_after_s != options->keepalive_after_s ||
                conn->keepalive_interval_s != options->keepalive_interval_s;
    conn->tcp->now = now;
    apply(conn, options);
    if (keep) {
        fa__tcp_keep_arm(conn);
    }
}

void fa_tcp_nagle_set(struct fa_flow *flow, bool nagle)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    conn->nagle = nagle;
    if (conn->state != FA_TCP_CLOSED) {
        fa__tcp_mark(conn); // what was kept back may leave
    }
}

void fa_tcp_cork_set(struct fa_flow *flow, bool cork)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    conn->cork = cork;
    if (conn->state != FA_TCP_CLOSED) {
        fa__tcp_mark(conn);
    }
}
