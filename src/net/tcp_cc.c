// SPDX-License-Identifier: ISC
//
// What all congestion control shares, and New Reno (RFC 5681, RFC 6582) with byte counting (RFC
// 3465). Recovery itself does not depend on the algorithm: tcp_recover.c, tcp_ack.c.

#include "tcp_priv.h"

enum {
    /* Segments that one ACK may add in slow start. RFC 3465 allows 2, for a receiver that sends an
     * ACK for two segments; ours sends one for a burst, of up to FA_NETDEV_BURST_MAX. */
    SLOW_START_SEGMENTS = 64,
};

const struct fa__tcp_cc *const fa__tcp_ccs[FA_TCP_CONGESTION_COUNT] = {
    [FA_TCP_CUBIC] = &fa__tcp_cubic,
    [FA_TCP_NEW_RENO] = &fa__tcp_new_reno,
};

const struct fa__tcp_cc *fa__tcp_cc_of(enum fa_tcp_congestion which)
{
    return (unsigned)which < FA_TCP_CONGESTION_COUNT ? fa__tcp_ccs[which] : NULL;
}

const char *fa_tcp_congestion_name(enum fa_tcp_congestion which)
{
    const struct fa__tcp_cc *cc = fa__tcp_cc_of(which);
    return cc != NULL ? cc->name : "?";
}

void fa__tcp_cc_begin(struct fa_tcp_conn *conn, bool syn_was_lost)
{
    uint32_t mss = conn->mss;
    uint32_t segments = conn->tcp->config.initial_segments;
    uint32_t bytes = segments * mss;
    if (segments == FA__TCP_INITIAL_SEGMENTS) {
        bytes = (uint32_t)fa_min(bytes, fa_max(2 * mss, FA__TCP_INITIAL_BYTES)); // RFC 6928 2
    }
    conn->cwnd = syn_was_lost ? mss : bytes; // RFC 5681 3.1
    conn->ssthresh = FA__TCP_CWND_MAX;
    conn->cwnd_acked = 0;
}

void fa__tcp_cc_slow_start(
    struct fa_tcp_conn *conn, const struct fa__tcp_sample *sample, uint32_t part)
{
    // A window that was not used proves nothing about the path (RFC 7661): it does not grow.
    if (sample->flight >= conn->cwnd / 2) {
        conn->cwnd += fa__u32_min(sample->acked, SLOW_START_SEGMENTS * conn->mss) / part;
        conn->cwnd = fa__u32_min(conn->cwnd, FA__TCP_CWND_MAX);
    }
}

static void grow_window(struct fa_tcp_conn *conn, const struct fa__tcp_sample *sample)
{
    if (conn->cwnd < conn->ssthresh) {
        fa__tcp_cc_slow_start(conn, sample, 1);
    } else if (sample->flight + conn->mss > conn->cwnd) {
        conn->cwnd_acked += sample->acked;
        if (conn->cwnd_acked >= conn->cwnd) {
            conn->cwnd_acked -= conn->cwnd;
            conn->cwnd = fa__u32_min(conn->cwnd + conn->mss, FA__TCP_CWND_MAX);
        }
    }
}

/* RFC 5681 equation 4. What limited transmit sent beyond the window is no flight (3.2, step 2). */
static void halve_threshold(struct fa_tcp_conn *conn, uint32_t flight)
{
    uint32_t used = fa__u32_min(flight, conn->cwnd);
    conn->ssthresh = (uint32_t)fa_max(used / 2, 2u * conn->mss);
    conn->cwnd_acked = 0;
}

static void restart(struct fa_tcp_conn *conn, uint32_t flight, bool again)
{
    if (!again) {
        halve_threshold(conn, flight);
    }
    conn->cwnd = conn->mss;
    conn->cwnd_acked = 0;
}

static void forget_nothing(struct fa_tcp_conn *conn)
{
    (void)conn;
}

const struct fa__tcp_cc fa__tcp_new_reno = {
    .name = "newreno",
    .init = fa__tcp_cc_begin,
    .acked = grow_window,
    .lost = halve_threshold,
    .timeout = restart,
    .undone = forget_nothing,
};
