// SPDX-License-Identifier: ISC
//
// Time that passed while nobody looked: for connections it has not. Their deadlines move by it,
// and so does everything that measures from a moment before; our timestamps go on from where they
// stood, or the first acknowledgement would tell of a round trip of an hour. TIME_WAIT alone
// waits for the network, which was not suspended.

#include "tcp_priv.h"

static void shift(fa_ns *at, fa_ns gap)
{
    if (*at != 0 && *at != FA_NS_NEVER) {
        *at = fa_ns_after(*at, gap);
    }
}

/* Units of `unit` that passed, as a clock of 32 bits has seen them. */
static uint32_t ticks(const struct fa_tcp *tcp, fa_ns gap, fa_ns unit)
{
    return (uint32_t)(tcp->now / unit) - (uint32_t)((tcp->now - gap) / unit);
}

static void shift_work(struct fa__tcp_work *work, fa_ns gap)
{
    shift(&work->rack_sent_ns, gap);
    FA_LIST_EACH(node, &work->runs) {
        shift(&fa__tcp_run_of(node)->sent_ns, gap);
    }
}

static void shift_conn(struct fa_tcp_conn *conn, fa_ns gap)
{
    struct fa_tcp *tcp = conn->tcp;
    shift(&conn->retransmit_ns, gap);
    shift(&conn->ack_ns, gap);
    shift(&conn->progress_ns, gap);
    shift(&conn->rtt_start_ns, gap);
    shift(&conn->sent_ns, gap);
    if (conn->state != FA_TCP_TIME_WAIT) {
        shift(&conn->end_ns, gap);
    }
    conn->heard_ms += ticks(tcp, gap, FA_NS_MS);
    conn->min_rtt_ms += ticks(tcp, gap, FA_NS_MS);
    conn->tune_us += ticks(tcp, gap, FA_NS_US);
    conn->ts_offset -= ticks(tcp, gap, FA__TCP_TS_TICK);
    if (conn->work != NULL) {
        shift_work(conn->work, gap);
    }
    fa_deadline_clear(&tcp->deadlines, &conn->timer);
    fa__tcp_timer_arm(conn);
}

void fa_tcp_resume(struct fa_tcp *tcp, fa_ns now, fa_ns gap)
{
    FA_ASSERT(gap <= now);
    tcp->now = now;
    for (uint32_t i = 0; i < tcp->carved_count; i++) {
        struct fa_tcp_conn *conn = fa__tcp_conn_at(tcp, i);
        if (conn->state != FA_TCP_CLOSED) {
            shift_conn(conn, gap);
        }
    }
    // What a copy of this memory may know, too. The keys of the table and of initial numbers stay:
    // living connections are found by the one and must not be overlapped by the other's.
    fa_rand_fill(tcp->config.rand, &tcp->cookie_key, sizeof tcp->cookie_key);
    tcp->cookie_until_ns = 0;
    fa__tcp_port_init(tcp);
    fa__tcp_reply_init(tcp);
}
