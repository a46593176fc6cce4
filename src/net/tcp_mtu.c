// SPDX-License-Identifier: ISC
//
// What fits the path, without trusting ICMP to say so (RFC 4821, with RFC 8899 5 as a guide). Full
// segments that time out again and again become small ones. From there on a search goes up: first
// the largest segment that both sides take, for it may have been an outage; then the middle between
// what works (mss) and what may (mss_high). A probe is a segment of new data which may be lost for
// nothing: that is no congestion, and its bytes are sent again in pieces that fit.

#include "tcp_priv.h"

enum {
    TIMEOUTS = 2,  /* of the same bytes that may have another reason */
    BASE = 1024,   /* bytes of a packet that pass nearly everywhere, RFC 4821 7.2 */
    NEAR = 8,      /* bytes: closer the search does not look */
    LOST_MAX = 3,  /* probes of one size that may be lost by chance, RFC 8899 5.1.2 */
    BEHIND = 3,    /* segments to follow a probe, so that its loss shows (RFC 4821 7.4) */
    PAUSE_S = 2,   /* after a lost one: such losses must not hide those of congestion */
    RAISE_S = 600, /* after the search, until the next: the path may be another, RFC 4821 7.7 */
};

static uint16_t payload_of(const struct fa_tcp_conn *conn, size_t mtu_bytes)
{
    return fa__tcp_payload_max(conn, fa__tcp_mss_of(&conn->tuple.remote, (uint16_t)mtu_bytes));
}

static uint32_t second(const struct fa_tcp *tcp)
{
    return (uint32_t)(tcp->now / FA_NS_S);
}

static void pause(struct fa_tcp_conn *conn, uint32_t seconds)
{
    conn->mtu_next_s = second(conn->tcp) + seconds;
}

/* ---- the search ---- */

static void begin_search(struct fa_tcp_conn *conn)
{
    conn->mss_high = conn->mss_max;
    conn->mtu_try_high = true;
    conn->mtu_lost = 0;
}

static bool is_found(const struct fa_tcp_conn *conn)
{
    return conn->mss_high == conn->mss ||
           (!conn->mtu_try_high && conn->mss_high - conn->mss < NEAR);
}

static uint32_t next_size(const struct fa_tcp_conn *conn)
{
    uint32_t open = conn->mss_high - conn->mss;
    return conn->mtu_try_high ? conn->mss_high : conn->mss + (open + 1) / 2;
}

uint32_t fa__tcp_mtu_probe(struct fa_tcp_conn *conn, uint32_t usable, uint32_t room_max)
{
    bool due = (int32_t)(second(conn->tcp) - conn->mtu_next_s) >= 0;
    bool calm = !conn->recovery && !conn->timed_out && fa__tcp_lost(conn) == 0;
    if (!due || !calm || conn->mtu_probing || !conn->sack_ok) {
        return 0;
    }
    if (is_found(conn)) {
        begin_search(conn);
    }
    uint32_t size = next_size(conn);
    uint32_t burst = size + BEHIND * conn->mss;
    if (usable < size || room_max < size || fa__tcp_unsent(conn) < burst ||
        fa__u32_min(conn->cwnd, conn->snd_wnd) < burst || fa__tcp_work_get(conn) == NULL) {
        return 0;
    }
    FA_COUNT(conn->tcp->config.counters, tcp_mtu_probe);
    conn->mtu_probing = true;
    conn->work->mtu_seq = conn->snd_nxt;
    conn->work->mtu_end = conn->snd_nxt + size;
    return size;
}

void fa__tcp_mtu_acked(struct fa_tcp_conn *conn)
{
    const struct fa__tcp_work *work = conn->work;
    if (fa__seq_lt(conn->snd_una, work->mtu_end)) {
        return;
    }
    FA_COUNT(conn->tcp->config.counters, tcp_mtu_raised);
    conn->mtu_probing = false;
    conn->mtu_lost = 0;
    conn->mss = (uint16_t)fa_max(conn->mss, work->mtu_end - work->mtu_seq);
    conn->mss_high = (uint16_t)fa_max(conn->mss_high, conn->mss);
    if (is_found(conn)) {
        pause(conn, RAISE_S);
    }
    FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_LARGER);
}

/* `counts`: nothing else can have been the reason but its size, or chance. */
static void end_lost(struct fa_tcp_conn *conn, bool counts)
{
    uint32_t size = conn->work->mtu_end - conn->work->mtu_seq;
    conn->mtu_probing = false;
    pause(conn, PAUSE_S);
    if (!counts || size > conn->mss_high) {
        return; // or a router has told of it
    }
    FA_COUNT(conn->tcp->config.counters, tcp_mtu_lost);
    if (++conn->mtu_lost == LOST_MAX) {
        conn->mtu_lost = 0;
        conn->mtu_try_high = false;
        conn->mss_high = (uint16_t)(size - 1);
    }
    if (is_found(conn)) {
        pause(conn, RAISE_S);
    }
}

/* ---- what becomes of a probe ---- */

static bool is_probe(const struct fa_tcp_conn *conn, uint32_t seq)
{
    const struct fa__tcp_work *work = conn->work;
    return fa__seq_leq(work->mtu_seq, seq) && fa__seq_lt(seq, work->mtu_end);
}

/* RFC 4821 7.6.2: that it was lost says nothing about congestion. */
bool fa__tcp_mtu_explains(const struct fa_tcp_conn *conn)
{
    if (!conn->mtu_probing) {
        return false;
    }
    FA_LIST_EACH(node, &conn->work->lost) {
        const struct fa__tcp_run *run = fa__tcp_run_of_order(node);
        if (!is_probe(conn, run->seq) || fa__seq_lt(conn->work->mtu_end, run->end)) {
            return false;
        }
    }
    return true;
}

void fa__tcp_mtu_resent(struct fa_tcp_conn *conn, uint32_t seq, uint32_t end)
{
    if (is_probe(conn, seq) && !fa__seq_lt(end, conn->work->mtu_end)) {
        end_lost(conn, !conn->recovery); // RFC 4821 7.6.4: with other losses it says nothing
    }
}

/* ---- what a path says ---- */

void fa__tcp_mtu_timeout(struct fa_tcp_conn *conn)
{
    if (conn->mtu_probing) {
        end_lost(conn, true);
    }
    if (conn->backoff < TIMEOUTS || !fa__tcp_uses(conn->tcp, FA_TCP_MTU_PROBE)) {
        return;
    }
    size_t floor = fa_ip_is4(&conn->tuple.remote) ? FA__TCP_PMTU_MIN4 : FA__TCP_PMTU_MIN6;
    uint16_t base = payload_of(conn, fa_max(BASE, floor));
    // What is too big need not be a full segment: all of a short answer may be a little less.
    uint32_t tried = fa__u32_min(conn->snd_max - conn->snd_una, conn->mss);
    uint16_t small = base < tried ? base : payload_of(conn, floor);
    if (small < tried) {
        FA_COUNT(conn->tcp->config.counters, tcp_mtu_shrunk);
        conn->mss = small;
        conn->cwnd = small;
        conn->mtu_next_s = second(conn->tcp);
        begin_search(conn);
        FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_SMALLER);
    }
}

bool fa__tcp_mtu_told(struct fa_tcp_conn *conn, uint16_t mss)
{
    bool of_probe =
        conn->mtu_probing && mss >= conn->mss && mss < conn->work->mtu_end - conn->work->mtu_seq;
    if (mss >= conn->mss && !of_probe) {
        return false;
    }
    conn->mss_high = mss;
    conn->mtu_try_high = mss > conn->mss;
    conn->mtu_lost = 0;
    if (!of_probe) {
        conn->mss = mss;
        conn->mtu_probing = false;
        pause(conn, RAISE_S); // RFC 1191 6.3
    }
    return true;
}
