// SPDX-License-Identifier: ISC
//
// What fits the path, without trusting ICMP to say so (RFC 4821): full segments that time out again
// and again are made smaller; now and then a larger one is tried, which may be lost for nothing.

#include "tcp_priv.h"

enum {
    TIMEOUTS = 2,        /* of the same bytes that may have another reason */
    DOWN_MAX = 1400,     /* bytes: the first step down; a slightly larger one is found later */
    RAISE_FIRST_S = 60,  /* until the first larger one: it may have been an outage */
    RAISE_AGAIN_S = 600, /* after one that was lost, RFC 8899 5.1.1 */
};

/* MTUs worth a try, RFC 1191 7.1 and what tunnels leave over. */
static const uint16_t steps[] = {576, 1024, 1280, 1400, 1492};

static uint16_t payload_of(const struct fa_tcp_conn *conn, uint16_t mtu_bytes)
{
    return fa__tcp_payload_max(conn, fa__tcp_mss_of(&conn->tuple.remote, mtu_bytes));
}

static uint32_t second(const struct fa_tcp *tcp)
{
    return (uint32_t)(tcp->now / FA_NS_S);
}

void fa__tcp_mtu_wait(struct fa_tcp_conn *conn, bool again)
{
    conn->mtu_probing = false;
    conn->mtu_raise_s = second(conn->tcp) + (again ? RAISE_AGAIN_S : RAISE_FIRST_S);
}

void fa__tcp_mtu_timeout(struct fa_tcp_conn *conn)
{
    conn->mtu_probing = false;
    bool full = conn->snd_max - conn->snd_una >= conn->mss;
    if (!full || conn->backoff < TIMEOUTS || !fa__tcp_uses(conn->tcp, FA_TCP_MTU_PROBE)) {
        return;
    }
    size_t floor = fa_ip_is4(&conn->tuple.remote) ? FA__TCP_PMTU_MIN4 : FA__TCP_PMTU_MIN6;
    for (size_t i = FA_COUNT_OF(steps); i > 0 && steps[i - 1] >= floor; i--) {
        uint16_t payload = payload_of(conn, steps[i - 1]);
        if (steps[i - 1] <= DOWN_MAX && payload < conn->mss) {
            FA_COUNT(conn->tcp->config.counters, tcp_mtu_shrunk);
            conn->mss = payload;
            conn->cwnd = payload;
            fa__tcp_mtu_wait(conn, false);
            FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_SMALLER);
            return;
        }
    }
}

static uint16_t next_larger(const struct fa_tcp_conn *conn)
{
    for (size_t i = 0; i < FA_COUNT_OF(steps); i++) {
        uint16_t payload = payload_of(conn, steps[i]);
        if (payload > conn->mss) {
            return (uint16_t)fa_min(payload, conn->mss_max);
        }
    }
    return conn->mss_max;
}

uint32_t fa__tcp_mtu_probe(struct fa_tcp_conn *conn, uint32_t usable, uint32_t room_max)
{
    uint32_t larger = next_larger(conn);
    bool due = (int32_t)(second(conn->tcp) - conn->mtu_raise_s) >= 0;
    if (conn->mtu_probing || !due || !conn->sack_ok || conn->recovery || conn->timed_out ||
        usable < larger || fa__tcp_unsent(conn) < larger || room_max < larger ||
        fa__tcp_work_get(conn) == NULL) {
        return 0;
    }
    FA_COUNT(conn->tcp->config.counters, tcp_mtu_probe);
    conn->mtu_probing = true;
    conn->work->mtu_seq = conn->snd_nxt;
    conn->work->mtu_end = conn->snd_nxt + larger;
    return larger;
}

void fa__tcp_mtu_acked(struct fa_tcp_conn *conn)
{
    const struct fa__tcp_work *work = conn->work;
    if (work != NULL && !fa__seq_lt(conn->snd_una, work->mtu_end)) {
        FA_COUNT(conn->tcp->config.counters, tcp_mtu_raised);
        conn->mtu_probing = false;
        conn->mss = (uint16_t)fa_max(conn->mss, work->mtu_end - work->mtu_seq);
        FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_LARGER);
    }
}

bool fa__tcp_mtu_owns(const struct fa_tcp_conn *conn, uint32_t seq)
{
    const struct fa__tcp_work *work = conn->work;
    return conn->mtu_probing && fa__seq_leq(work->mtu_seq, seq) && fa__seq_lt(seq, work->mtu_end);
}

/* RFC 4821 7.6: that it was lost says nothing about congestion. */
bool fa__tcp_mtu_explains(const struct fa_tcp_conn *conn)
{
    if (!conn->mtu_probing) {
        return false;
    }
    FA_LIST_EACH(node, &conn->work->lost) {
        const struct fa__tcp_run *run = fa__tcp_run_of_order(node);
        if (!fa__tcp_mtu_owns(conn, run->seq) || fa__seq_lt(conn->work->mtu_end, run->end)) {
            return false;
        }
    }
    return true;
}
