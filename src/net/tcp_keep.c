// SPDX-License-Identifier: ISC
//
// How long a connection is kept: keepalive and user timeout while the application holds it
// (RFC 9293 3.8.4, RFC 5482), linger and the bound of orphans once it does not, TIME_WAIT and its
// bound (RFC 9293 3.6). Of each bounded list the oldest gives way.
//
// end_ns serves whichever of them is on: of an orphan or in TIME_WAIT it is the end, otherwise the
// next look at a silent peer. Hearing from the peer does not move it; it fires in vain and is set
// anew, so keepalive costs a packet one store.

#include "tcp_priv.h"

enum {
    TIME_WAIT_MIN_MS = 1000, /* before a connect of ours takes the tuple: a tick of any clock */
};

/* ---- the peer is silent ---- */

fa_ns fa__tcp_user_timeout(const struct fa_tcp_conn *conn)
{
    return conn->user_timeout_ms != 0 ? (fa_ns)conn->user_timeout_ms * FA_NS_MS
                                      : conn->tcp->config.user_timeout_ns;
}

static bool is_orphan(const struct fa_tcp_conn *conn)
{
    return !conn->flow_open && conn->listener == NULL;
}

static bool may_be_kept(const struct fa_tcp_conn *conn)
{
    return conn->state >= FA_TCP_ESTABLISHED && conn->state != FA_TCP_TIME_WAIT && !is_orphan(conn);
}

void fa__tcp_keep_arm(struct fa_tcp_conn *conn)
{
    if (!may_be_kept(conn)) {
        return;
    }
    struct fa_tcp *tcp = conn->tcp;
    conn->heard_ms = fa__tcp_ms(tcp);
    conn->keep_tries = 0;
    conn->end_ns = conn->keepalive ? fa_ns_after(tcp->now, fa__tcp_keep_after(conn)) : FA_NS_NEVER;
    fa__tcp_timer_arm(conn);
}

/* Ask, wait on, or give up. Returns: whether the connection lives on. */
static bool keep(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    const struct fa_tcp_config *config = &tcp->config;
    fa_ns after = fa__tcp_keep_after(conn);
    fa_ns silent = (fa_ns)(fa__tcp_ms(tcp) - conn->heard_ms) * FA_NS_MS;
    bool outstanding = conn->snd_una != conn->snd_max || fa__tcp_has_unsent(conn);
    if (outstanding) { // the retransmission timer looks after it
        conn->keep_tries = 0;
        conn->end_ns = fa_ns_after(tcp->now, after);
        return true;
    }
    if (conn->keep_tries == 0 && silent < after) {
        conn->end_ns = fa_ns_after(tcp->now, after - silent);
        return true;
    }
    bool too_long = conn->user_timeout_ms != 0 && silent >= fa__tcp_user_timeout(conn);
    if (conn->keep_tries != 0 && (conn->keep_tries >= fa__tcp_keep_probes(conn) || too_long)) {
        FA_COUNT(config->counters, tcp_keepalive_timeout);
        fa__tcp_conn_end(conn, FA_ETIMEOUT, true);
        return false;
    }
    FA_COUNT(config->counters, tcp_keepalive_sent);
    conn->keep_tries++;
    conn->keep_due = true;
    conn->end_ns = fa_ns_after(tcp->now, fa__tcp_keep_interval(conn));
    fa__tcp_mark(conn);
    return true;
}

/* ---- closed here, not yet there ---- */

/* The oldest one gives way, with a reset: the peer cannot know. */
static void evict_orphan(struct fa_tcp *tcp)
{
    struct fa_list *oldest = fa_list_first(&tcp->orphans);
    FA_COUNT(tcp->config.counters, tcp_orphan_evicted);
    fa__tcp_conn_end(FA_CONTAINER(oldest, struct fa_tcp_conn, node), FA_ERESET, true);
}

void fa__tcp_orphan(struct fa_tcp_conn *conn, fa_ns linger_ns)
{
    struct fa_tcp *tcp = conn->tcp;
    FA_ASSERT(is_orphan(conn) && conn->state != FA_TCP_TIME_WAIT);
    conn->end_ns = fa_ns_after(
        tcp->now, conn->state == FA_TCP_FIN_WAIT_2 ? fa__tcp_fin_wait_2(conn) : linger_ns);
    if (tcp->orphan_count >= tcp->config.orphan_count_max) {
        evict_orphan(tcp);
    }
    conn->list = FA__TCP_LIST_ORPHANS;
    fa_list_push_back(&tcp->orphans, &conn->node);
    tcp->orphan_count++;
    fa__tcp_timer_arm(conn);
}

void fa__tcp_unlist(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    uint32_t *count =
        conn->list == FA__TCP_LIST_ORPHANS ? &tcp->orphan_count : &tcp->time_wait_count;
    if (conn->list != FA__TCP_LIST_OTHER) {
        FA_ASSERT(*count > 0);
        (*count)--;
    }
    conn->list = FA__TCP_LIST_OTHER;
    fa_list_unlink(&conn->node);
}

/* ---- TIME_WAIT ---- */

bool fa__tcp_time_wait_evict(struct fa_tcp *tcp)
{
    struct fa_list *oldest = fa_list_first(&tcp->time_wait);
    if (oldest == NULL) {
        return false;
    }
    FA_COUNT(tcp->config.counters, tcp_time_wait_evicted);
    fa__tcp_conn_release(FA_CONTAINER(oldest, struct fa_tcp_conn, node));
    return true;
}

void fa__tcp_time_wait_list(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    FA_ASSERT(conn->state == FA_TCP_TIME_WAIT && !conn->flow_open);
    fa__tcp_unlist(conn);
    if (tcp->time_wait_count >= tcp->config.time_wait_count_max) {
        (void)fa__tcp_time_wait_evict(tcp);
    }
    fa__tcp_port_note(tcp, &conn->tuple, conn->ts_ok);
    conn->list = FA__TCP_LIST_TIME_WAIT;
    fa_list_push_back(&tcp->time_wait, &conn->node);
    tcp->time_wait_count++;
}

void fa__tcp_time_wait(struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    if (conn->state != FA_TCP_TIME_WAIT) {
        fa__tcp_set_state(conn, FA_TCP_TIME_WAIT);
        fa__tcp_tx_drop(conn);
    }
    conn->retransmit_ns = FA_NS_NEVER;
    conn->end_ns = fa_ns_after(tcp->now, tcp->config.time_wait_ns);
    if (!conn->flow_open) {
        fa__tcp_time_wait_list(conn);
    }
    fa__tcp_timer_arm(conn);
}

bool fa__tcp_time_wait_gives_way(const struct fa_tcp_conn *conn)
{
    struct fa_tcp *tcp = conn->tcp;
    uint32_t ts = (uint32_t)(tcp->now / FA__TCP_TS_TICK) + fa__tcp_ts_offset(tcp, &conn->tuple);
    return conn->state == FA_TCP_TIME_WAIT && !conn->flow_open && conn->ts_ok &&
           fa__tcp_uses(tcp, FA_TCP_TIMESTAMPS) && fa__seq_leq(fa__tcp_ts_now(conn), ts) &&
           fa__tcp_ms(tcp) - conn->heard_ms > TIME_WAIT_MIN_MS;
}

/* ---- its time has come ---- */

bool fa__tcp_end_fire(struct fa_tcp_conn *conn)
{
    if (may_be_kept(conn)) {
        return keep(conn);
    }
    bool lingered = conn->state != FA_TCP_TIME_WAIT && conn->state != FA_TCP_FIN_WAIT_2;
    if (lingered) {
        FA_COUNT(conn->tcp->config.counters, tcp_linger_expired);
    }
    fa__tcp_conn_end(conn, FA_ECLOSED, lingered);
    return false;
}

/* ---- the application's switches ---- */

void fa_tcp_keepalive_set(struct fa_flow *flow, fa_ns now, bool on)
{
    struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    conn->keepalive = on;
    conn->tcp->now = now;
    fa__tcp_keep_arm(conn);
}

void fa_tcp_user_timeout_set(struct fa_flow *flow, fa_ns timeout)
{
    FA_ASSERT(flow->ops == &fa__tcp_flow_ops);
    fa__tcp_conn_of(flow)->user_timeout_ms =
        timeout == 0 ? 0 : (uint32_t)fa_max(1, fa_min(timeout / FA_NS_MS, UINT32_MAX));
}
