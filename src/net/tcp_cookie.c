// SPDX-License-Identifier: ISC
//
// SYN cookies: when a listener has half_open_max connections, a SYN is answered without keeping
// anything. The initial sequence number is the memory, and with it the timestamp if the peer sends
// them; the handshake's last ACK brings both back.
//
//     sequence number   29 bits of a keyed hash of addresses, ports, the peer's initial number and
//                       the minute; 3 bits: index of the peer's MSS, rounded down
//     timestamp         the clock, but the low 6 bits: 4 window scale (15: none), 1 SACK, 1 unused
//
// A cookie can be answered twice: a late duplicate of the first data, when the connection has come
// and gone, would open another and hand up the same bytes. So such a connection waits in TIME_WAIT
// even if the peer has closed first. One that ends by a reset does not: then it may happen.
//
// The options are not secret: a peer that changes its own harms itself alone. A hash is good for
// one to two periods, so what is overheard or guessed is worth nothing after 128 seconds.

#include "tcp_priv.h"

enum {
    MSS_MASK = 7,
    TS_MASK = 63,
    TS_SCALE_MASK = 15,
    TS_SCALE_NONE = 15,
    TS_SACK = 1 << 4,
};

#define PERIOD_NS (64 * FA_NS_S)

/* Ascending. Ethernet and tunnels of both families, jumbo frames, and the floors. */
static const uint16_t mss_table[MSS_MASK + 1] = {
    FA__TCP_MSS_MIN, FA_TCP_MSS_DEFAULT, 1220, 1360, 1400, 1440, 1460, 8960};

/* Without padding: it is hashed as bytes. */
struct cookie {
    struct fa__tcp_tuple tuple;
    uint32_t irs;
    uint32_t period;
    uint32_t mss_idx;
};

_Static_assert(sizeof(struct cookie) == sizeof(struct fa__tcp_tuple) + 12, "no padding");

static uint32_t encode(const struct fa_tcp *tcp, const struct cookie *cookie)
{
    struct fa_slice bytes = {(const uint8_t *)cookie, sizeof *cookie};
    uint32_t hash = (uint32_t)fa_siphash(&tcp->cookie_key, bytes);
    return (hash & ~(uint32_t)MSS_MASK) | cookie->mss_idx;
}

static uint32_t period_of(const struct fa_tcp *tcp)
{
    return (uint32_t)(tcp->now / PERIOD_NS);
}

/* ---- the SYN ---- */

static uint32_t mss_index(uint16_t mss)
{
    uint32_t idx = MSS_MASK;
    while (idx > 0 && mss_table[idx] > mss) {
        idx--;
    }
    return idx;
}

/* Our timestamp with the options in it; never ahead of the clock, or PAWS would drop what follows.
 */
static uint32_t encode_ts(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple,
    const struct fa_tcp_reply *reply, uint8_t scale)
{
    uint32_t clock = (uint32_t)(tcp->now / FA__TCP_TS_TICK);
    uint32_t bits = reply->has_scale ? fa__u32_min(scale, FA_TCP_SCALE_MAX) : TS_SCALE_NONE;
    bits |= reply->sack_ok ? (unsigned)TS_SACK : 0u;
    uint32_t ts = (clock & ~(uint32_t)TS_MASK) | bits;
    ts -= fa__seq_lt(clock, ts) ? TS_MASK + 1u : 0u;
    return ts + fa__tcp_ts_offset(tcp, tuple);
}

void fa__tcp_cookie_reply(struct fa_tcp_listener *listener, const struct fa__tcp_tuple *tuple,
    const struct fa__tcp_segment *seg)
{
    struct fa_tcp *tcp = listener->tcp;
    const struct fa_tcp_options *options = &listener->config.options;
    const struct fa_tcp_header *header = &seg->header;
    struct fa_tcp_reply *reply = fa__tcp_reply_new(tcp, seg, &tcp->cookie_budget);
    if (reply == NULL) {
        FA_COUNT(tcp->config.counters, tcp_syn_dropped);
        return;
    }
    struct cookie cookie = {
        .tuple = *tuple,
        .irs = header->seq,
        .period = period_of(tcp),
        .mss_idx = mss_index(fa__tcp_peer_mss(&tuple->remote, header)),
    };
    FA_COUNT(tcp->config.counters, tcp_cookie_sent);
    tcp->cookie_until_ns = fa_ns_after(tcp->now, 2 * PERIOD_NS);
    reply->flags = FA_TCP_SYN | FA_TCP_ACK;
    reply->seq = encode(tcp, &cookie);
    reply->ack = header->seq + 1;
    reply->window = (uint16_t)fa__u32_min(tcp->config.rx_window_initial_bytes, UINT16_MAX);
    reply->mss = fa__tcp_own_mss(options, fa__tcp_mss_of(&tuple->remote, seg->meta->mtu_bytes));
    reply->ttl = options->ttl;
    reply->traffic = fa__tcp_own_traffic(options);
    reply->has_ts = header->has_ts && fa__tcp_uses(tcp, FA_TCP_TIMESTAMPS);
    if (reply->has_ts) {
        reply->has_scale = header->has_scale && fa__tcp_uses(tcp, FA_TCP_WINDOW_SCALE);
        reply->scale = fa__tcp_rx_scale(tcp);
        reply->sack_ok = header->sack_ok && fa__tcp_uses(tcp, FA_TCP_SACK);
        reply->ts_value = encode_ts(tcp, tuple, reply, header->scale);
        reply->ts_echo = header->ts_value;
    }
}

/* ---- the ACK ---- */

/* Returns: whether the segment acknowledges a cookie of ours; *ret_syn is then the SYN as far as it
 * is remembered. */
static bool decode(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple,
    const struct fa_tcp_header *header, struct fa_tcp_header *ret_syn)
{
    uint32_t seen = header->ack - 1;
    struct cookie cookie = {
        .tuple = *tuple,
        .irs = header->seq - 1,
        .period = period_of(tcp),
        .mss_idx = seen & MSS_MASK,
    };
    if (encode(tcp, &cookie) != seen) {
        cookie.period--;
        if (encode(tcp, &cookie) != seen) {
            return false;
        }
    }
    *ret_syn = (struct fa_tcp_header){
        .seq = cookie.irs,
        .window = header->window,
        .mss = mss_table[cookie.mss_idx],
        .has_ts = header->has_ts,
        .ts_value = header->ts_value,
    };
    if (header->has_ts) {
        uint32_t bits = header->ts_echo - fa__tcp_ts_offset(tcp, tuple);
        ret_syn->scale = (uint8_t)(bits & TS_SCALE_MASK);
        ret_syn->has_scale = ret_syn->scale != TS_SCALE_NONE;
        ret_syn->sack_ok = (bits & TS_SACK) != 0;
    }
    return true;
}

bool fa__tcp_cookie_input(struct fa_tcp_listener *listener, const struct fa__tcp_tuple *tuple,
    struct fa__tcp_segment *seg)
{
    struct fa_tcp *tcp = listener->tcp;
    struct fa_tcp_header syn;
    if (tcp->now >= tcp->cookie_until_ns || (seg->header.flags & FA_TCP_SYN) != 0) {
        return false;
    }
    if (!decode(tcp, tuple, &seg->header, &syn)) {
        // Not a reset: the first segment may be lost and this the second; the first comes again.
        FA_COUNT(tcp->config.counters, tcp_cookie_bad);
        return true;
    }
    if (listener->accept_count >= listener->config.backlog_max) {
        FA_COUNT(tcp->config.counters, tcp_accept_full);
        return true;
    }
    uint32_t iss = seg->header.ack - 1;
    struct fa_tcp_conn *conn =
        fa__tcp_listener_half(listener, tuple, &syn, seg->meta->mtu_bytes, iss);
    if (conn == NULL) {
        return true;
    }
    FA_COUNT(tcp->config.counters, tcp_cookie_opened);
    conn->cookie = true;
    conn->snd_nxt = iss + 1;
    conn->snd_max = iss + 1;
    conn->rcv_adv = conn->rcv_nxt + fa__u32_min(tcp->config.rx_window_initial_bytes, UINT16_MAX);
    fa__tcp_conn_input(conn, seg);
    if (conn->state == FA_TCP_SYN_RECEIVED) {
        fa__tcp_conn_end(conn, FA_ERESET, false); // something was wrong with it after all
    }
    return true;
}
