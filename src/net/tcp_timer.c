// SPDX-License-Identifier: ISC
//
// What time brings: retransmissions and window probes (RFC 6298 5, RFC 9293 3.8.6.1), delayed
// acknowledgements, giving up, and what tcp_keep.c does when end_ns comes.
//
// A connection has one node in the deadline queue. It is moved only to come earlier: an ACK that
// pushes the retransmission back leaves it, and it is set anew when it fires in vain.

#include "tcp_priv.h"

enum {
    BACKOFF_MAX = 16, /* doublings; the RTO's own limit is reached before */
};

static fa_ns earliest(const struct fa_tcp_conn *conn)
{
    return fa_ns_min(fa_ns_min(conn->retransmit_ns, conn->ack_ns), conn->end_ns);
}

void fa__tcp_timer_arm(struct fa_tcp_conn *conn)
{
    fa_ns at = earliest(conn);
    if (at == FA_NS_NEVER) {
        return;
    }
    if (!fa_deadline_is_set(&conn->timer) || at < conn->timer.at_ns) {
        fa_deadline_set(&conn->tcp->deadlines, &conn->timer, at);
    }
}

void fa__tcp_retransmit_arm(struct fa_tcp_conn *conn, fa_ns wait)
{
    struct fa_tcp *tcp = conn->tcp;
    if (conn->snd_una == conn->snd_max) {
        return;
    }
    fa_ns rto = fa__tcp_rto(conn);
    fa_ns probe = fa__tcp_probe_timeout(conn, false);
    fa_ns after = fa_ns_min(rto, probe);
    conn->timer_kind = probe < rto ? FA__TCP_TIMER_PROBE : FA__TCP_TIMER_RETRANSMIT;
    if (wait != 0 && wait < after) {
        after = wait;
        conn->timer_kind = FA__TCP_TIMER_REORDER;
    }
    fa_ns give_up = fa_ns_after(conn->progress_ns, fa__tcp_user_timeout(conn));
    conn->retransmit_ns = fa_ns_min(fa_ns_after(tcp->now, after), give_up);
    fa__tcp_timer_arm(conn);
}

static void trace_timer(const struct fa_tcp_conn *conn, enum fa__tcp_timer timer)
{
    FA_TRACE(tcp_timer, conn->tcp->now, conn->id, timer, FA__TCP_TRACE_TCB(conn));
}

static void give_up(struct fa_tcp_conn *conn)
{
    trace_timer(conn, FA__TCP_TIMER_USER);
    FA_COUNT(conn->tcp->config.counters, tcp_conn_timeout);
    fa__tcp_conn_end(conn, FA_ETIMEOUT, false);
}

/* Returns: whether the connection lives on. */
static bool fire_syn(struct fa_tcp_conn *conn)
{
    unsigned tries_max = conn->passive ? FA__TCP_SYN_ACK_TRIES_MAX : FA__TCP_SYN_TRIES_MAX;
    conn->tries++;
    if (conn->tries >= tries_max) {
        give_up(conn);
        return false;
    }
    conn->syn_lost = true;
    conn->syn_due = true;
    return true;
}

static void fire_data(struct fa_tcp_conn *conn)
{
    if (conn->persist || conn->snd_wnd == 0) {
        // Not the path, the peer's window is in the way: what was sent beyond it is ours again.
        conn->persist = true;
        conn->probe_due = true;
    } else if (fa__tcp_board_on(conn) || (conn->sack_ok && fa__tcp_board_open(conn))) {
        FA_COUNT(conn->tcp->config.counters, tcp_timeout);
        fa__tcp_recover_timeout(conn);
        fa__tcp_mtu_timeout(conn);
        return;
    } else {
        FA_COUNT(conn->tcp->config.counters, tcp_timeout);
        fa__tcp_cc(conn)->timeout(conn, conn->snd_max - conn->snd_una, conn->timed_out);
        conn->recover = conn->snd_max; // RFC 6582 3.2 step 4
        conn->timed_out = true;
        fa__tcp_mtu_timeout(conn);
    }
    conn->recovery = false;
    conn->retransmit_due = false;
    conn->dup_acks = 0;
    conn->timing = false;
    fa__tcp_tx_rewind(conn);
}

/* The timers that come before that of the retransmission. */
static void fire_early(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    fa_ns probe = fa__tcp_probe_timeout(conn, true);
    fa_ns rto = fa__tcp_rto(conn);
    bool reorder = conn->timer_kind == FA__TCP_TIMER_REORDER;
    conn->timer_kind = FA__TCP_TIMER_RETRANSMIT;
    if (!reorder && (probe >= rto || tcp->now < fa_ns_after(conn->sent_ns, probe))) {
        // More was sent since it was set, or there is only one segment.
        conn->timer_kind = probe < rto ? FA__TCP_TIMER_PROBE : FA__TCP_TIMER_RETRANSMIT;
        conn->retransmit_ns = fa_ns_after(conn->sent_ns, fa_ns_min(probe, rto));
        return;
    }
    if (reorder && fa__tcp_board_on(conn)) {
        trace_timer(conn, FA__TCP_TIMER_REORDER);
        fa__tcp_recover_reordered(conn);
    } else {
        trace_timer(conn, FA__TCP_TIMER_PROBE);
        (void)fa__tcp_probe_fire(conn); // if there can be none, the timeout will tell
        conn->retransmit_ns = fa_ns_after(tcp->now, rto);
    }
    fa__tcp_mark(conn);
}

static bool fire_retransmit(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    if (conn->timer_kind != FA__TCP_TIMER_RETRANSMIT && !conn->persist && conn->snd_wnd != 0) {
        fire_early(conn);
        return true;
    }
    conn->timer_kind = FA__TCP_TIMER_RETRANSMIT;
    trace_timer(conn, conn->persist ? FA__TCP_TIMER_PERSIST : FA__TCP_TIMER_RETRANSMIT);
    fa_ns give_up_ns = fa_ns_after(conn->progress_ns, fa__tcp_user_timeout(conn));
    if (tcp->now >= give_up_ns) {
        give_up(conn);
        return false;
    }
    if (conn->state == FA_TCP_SYN_SENT || conn->state == FA_TCP_SYN_RECEIVED) {
        if (!fire_syn(conn)) {
            return false;
        }
    } else {
        fire_data(conn);
    }
    conn->backoff = (uint8_t)fa_min(conn->backoff + 1u, BACKOFF_MAX);
    conn->retransmit_ns = fa_ns_min(fa_ns_after(tcp->now, fa__tcp_rto(conn)), give_up_ns);
    fa__tcp_mark(conn);
    return true;
}

static void fire(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    if (conn->end_ns <= tcp->now) {
        trace_timer(conn, FA__TCP_TIMER_END);
        if (!fa__tcp_end_fire(conn)) {
            return;
        }
    }
    if (conn->ack_ns <= tcp->now) {
        trace_timer(conn, FA__TCP_TIMER_ACK);
        FA_COUNT(tcp->config.counters, tcp_delayed_ack);
        conn->ack_ns = FA_NS_NEVER;
        fa__tcp_mark_ack(conn);
    }
    if (conn->retransmit_ns <= tcp->now && !fire_retransmit(conn)) {
        return;
    }
    fa__tcp_timer_arm(conn);
}

void fa_tcp_tick(struct fa_tcp *tcp, fa_ns now)
{
    tcp->now = now;
    struct fa_deadline *due;
    while ((due = fa_deadline_pop(&tcp->deadlines, now)) != NULL) {
        if (due == &tcp->starved_retry) {
            fa__tcp_tx_feed(tcp);
            if (!fa_list_empty(&tcp->starved)) {
                fa_deadline_set(&tcp->deadlines, due, fa_ns_after(now, FA__TCP_STARVED_RETRY));
            }
        } else {
            fire(FA_CONTAINER(due, struct fa_tcp_conn, timer));
        }
    }
}
