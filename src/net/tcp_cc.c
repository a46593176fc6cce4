// SPDX-License-Identifier: ISC
//
// New Reno (RFC 5681, RFC 6582) with byte counting (RFC 3465). The parts of fast recovery that do
// not depend on the algorithm are in tcp_ack.c.

#include "tcp_priv.h"

enum {
    /* Segments that one ACK may add in slow start. RFC 3465 allows 2, for a receiver that sends an
     * ACK for two segments; ours sends one for a burst, of up to FA_NETDEV_BURST_MAX. */
    SLOW_START_SEGMENTS = 64,
    CWND_MAX = 1 << 30, /* bytes: a window cannot be larger (RFC 7323 2.3) */
};

static void init_window(struct fa_tcp_conn *conn, bool syn_was_lost)
{
    uint32_t mss = conn->mss;
    size_t bytes = fa_min(
        FA__TCP_INITIAL_SEGMENTS * mss, fa_max(2 * mss, FA__TCP_INITIAL_BYTES)); // RFC 6928 2
    conn->cwnd = syn_was_lost ? mss : (uint32_t)bytes;                           // RFC 5681 3.1
    conn->ssthresh = CWND_MAX;
    conn->cwnd_acked = 0;
}

/* A window that was not used proves nothing about the path (RFC 7661): it does not grow. */
static void grow_window(struct fa_tcp_conn *conn, uint32_t acked, uint32_t flight, fa_ns rtt_ns)
{
    (void)rtt_ns;
    uint32_t mss = conn->mss;
    if (conn->cwnd < conn->ssthresh) {
        if (flight >= conn->cwnd / 2) {
            conn->cwnd += fa__u32_min(acked, SLOW_START_SEGMENTS * mss);
        }
    } else if (flight + mss > conn->cwnd) {
        conn->cwnd_acked += acked;
        if (conn->cwnd_acked >= conn->cwnd) {
            conn->cwnd_acked -= conn->cwnd;
            conn->cwnd += mss;
        }
    }
    conn->cwnd = fa__u32_min(conn->cwnd, CWND_MAX);
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

const struct fa__tcp_cc fa__tcp_new_reno = {
    .name = "newreno",
    .init = init_window,
    .acked = grow_window,
    .lost = halve_threshold,
    .timeout = restart,
};
