// SPDX-License-Identifier: ISC
//
// Explicit congestion notification, RFC 3168 6.1: routers mark instead of dropping, the receiver
// says so until it hears that the sender has slowed down.

#include "tcp_priv.h"

#include "fa/ip.h"

enum {
    ECE_CWR = FA_TCP_ECE | FA_TCP_CWR,
};

bool fa__tcp_ecn_agrees(uint8_t flags)
{
    unsigned want = (flags & FA_TCP_ACK) != 0 ? (unsigned)FA_TCP_ECE : (unsigned)ECE_CWR;
    return (flags & ECE_CWR) == want; // who answers with both only mirrors ours
}

/* What arrives: marked by a router, or with the peer's word that it knows. */
void fa__tcp_ecn_input(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg)
{
    if (seg->buf->len == 0) {
        return;
    }
    if ((seg->header.flags & FA_TCP_CWR) != 0) {
        conn->ecn_echo = false;
    }
    if ((seg->meta->traffic & FA_IP_ECN_MASK) == FA_IP_ECN_CE) {
        FA_COUNT(conn->tcp->config.counters, tcp_rx_marked);
        conn->ecn_echo = true;
        fa__tcp_mark_ack(conn);
    }
}

void fa__tcp_ecn_acked(struct fa_tcp_conn *conn, const struct fa_tcp_header *header)
{
    // The first number beyond tells the peer of it (CWR): until then it goes on to say ECE.
    if (conn->ecn_reduced && fa__seq_lt(conn->ecn_end, conn->snd_una)) {
        conn->ecn_reduced = false;
    }
    bool reduced = conn->ecn_reduced || conn->recovery || conn->timed_out;
    if ((header->flags & FA_TCP_ECE) == 0 || reduced) {
        return; // once a round trip, whatever the reason was
    }
    FA_COUNT(conn->tcp->config.counters, tcp_ecn_reduced);
    fa__tcp_cc(conn)->lost(conn, fa__tcp_pipe(conn));
    conn->cwnd = conn->ssthresh;
    conn->undo_armed = false;
    conn->ecn_reduced = true;
    conn->ecn_end = conn->snd_max;
    conn->cwr_due = true;
    FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_MARK);
}

void fa__tcp_ecn_output(struct fa_tcp_conn *conn, uint8_t *flags, bool is_new)
{
    if ((*flags & FA_TCP_SYN) != 0) {
        // RFC 3168 6.1.1.1: who drops such SYNs gets an ordinary one.
        if ((*flags & FA_TCP_ACK) != 0) {
            *flags |= FA_TCP_ECE;
        } else if (conn->tries == 0 && fa__tcp_uses(conn->tcp, FA_TCP_ECN_ASK)) {
            *flags |= ECE_CWR;
        }
        return;
    }
    if ((*flags & FA_TCP_RST) != 0) {
        return;
    }
    *flags |= conn->ecn_echo ? (unsigned)FA_TCP_ECE : 0u;
    if (is_new && conn->cwr_due) {
        *flags |= FA_TCP_CWR;
        conn->cwr_due = false;
    }
}
