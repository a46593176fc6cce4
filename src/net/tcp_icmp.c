// SPDX-License-Identifier: ISC
//
// ICMP errors about our segments. Anybody can send one, so it must quote a number in flight, and
// does as little as possible (RFC 5927).

#include "tcp_priv.h"

enum {
    QUOTED_LEN = 8, /* bytes: ports and sequence number */
};

/* The next hop takes less: send smaller segments, beginning with what is out. The window is not to
 * blame (RFC 1191 6.5). */
static void lower_mss(struct fa_tcp_conn *conn, uint16_t mtu_bytes)
{
    size_t floor = fa_ip_is4(&conn->tuple.remote) ? FA__TCP_PMTU_MIN4 : FA__TCP_PMTU_MIN6;
    uint16_t mss = fa__tcp_mss_of(&conn->tuple.remote, (uint16_t)fa_max(mtu_bytes, floor));
    mss = conn->state != FA_TCP_SYN_SENT ? fa__tcp_payload_max(conn, mss) : mss;
    uint16_t before = conn->mss;
    if (!fa__tcp_mtu_told(conn, mss)) {
        FA_COUNT(conn->tcp->config.counters, tcp_icmp_ignored);
        return;
    }
    FA_COUNT(conn->tcp->config.counters, tcp_pmtu_lowered);
    if (conn->mss < before && conn->state >= FA_TCP_ESTABLISHED &&
        conn->state != FA_TCP_TIME_WAIT) {
        conn->timing = false;
        fa__tcp_tx_rewind(conn);
        fa__tcp_mark(conn);
    }
}

bool fa_tcp_icmp(struct fa_tcp *tcp, fa_ns now, const struct fa_ip_meta *meta,
    enum fa_tcp_icmp kind, struct fa_slice quoted)
{
    tcp->now = now;
    struct fa_tcp_conn *conn = NULL;
    uint32_t seq = 0;
    if (quoted.len >= QUOTED_LEN) {
        struct fa__tcp_tuple tuple = {
            .local = meta->local,
            .remote = meta->remote,
            .local_port = fa_be16_load(quoted.at),
            .remote_port = fa_be16_load(quoted.at + 2),
        };
        seq = fa_be32_load(quoted.at + 4);
        conn = fa__tcp_find(tcp, &tuple);
    }
    bool in_flight = conn != NULL && conn->state != FA_TCP_CLOSED &&
                     fa__seq_leq(conn->snd_una, seq) && fa__seq_lt(seq, conn->snd_max);
    if (in_flight && kind == FA_TCP_ICMP_TOO_BIG) {
        lower_mss(conn, meta->mtu_bytes);
    } else if (in_flight && conn->state == FA_TCP_SYN_SENT) {
        fa__tcp_conn_end(conn, FA_EREFUSED, false);
    } else {
        FA_COUNT(tcp->config.counters, tcp_icmp_ignored);
    }
    return in_flight;
}
