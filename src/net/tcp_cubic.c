// SPDX-License-Identifier: ISC
//
// CUBIC (RFC 9438), and HyStart++ (RFC 9406) for its first slow start. Windows are in bytes, times
// in milliseconds; no number here is a fraction, so constants are pairs.

#include "tcp_priv.h"

enum {
    BETA_NUM = 7, /* RFC 9438 4.6: 0.7 */
    BETA_DEN = 10,
    CONVERGE_NUM = 17, /* 4.7: (1 + 0.7) / 2 */
    CONVERGE_DEN = 20,
    ALPHA_NUM = 9, /* 4.3: 3 (1 - 0.7) / (1 + 0.7) */
    ALPHA_DEN = 17,
    TIME_MAX_MS = 60000, /* from the plateau; further away the curve is no guide */

    RTT_SAMPLES_MIN = 8, /* RFC 9406 4.3 */
    RTT_DIVISOR = 8,
    RTT_THRESH_MIN_US = 4000,
    RTT_THRESH_MAX_US = 16000,
    CSS_DIVISOR = 4,
    CSS_ROUNDS = 5,
};

/* ---- the first slow start, RFC 9406 4.2 ---- */

static void begin_round(struct fa_tcp_conn *conn)
{
    struct fa__tcp_hystart *hystart = &conn->cc_state.hystart;
    hystart->round_end = conn->snd_nxt;
    hystart->last_us = hystart->current_us;
    hystart->current_us = UINT32_MAX;
    hystart->sample_count = 0;
}

static void judge_round(struct fa__tcp_hystart *hystart)
{
    uint32_t last = hystart->last_us;
    uint32_t now = hystart->current_us;
    if (hystart->sample_count < RTT_SAMPLES_MIN || now == UINT32_MAX) {
        return;
    }
    if (hystart->css_us != 0) {
        if (now < hystart->css_us) {
            hystart->css_us = 0; // it was jitter
        }
    } else if (last != UINT32_MAX) {
        size_t thresh = fa_max(fa_min(last / RTT_DIVISOR, RTT_THRESH_MAX_US), RTT_THRESH_MIN_US);
        if (now - last < UINT32_MAX / 2 && now - last >= thresh) {
            hystart->css_us = now;
            hystart->css_rounds = 0;
        }
    }
}

/* Returns: by what part of the usual the window is to grow. */
static uint32_t find_exit(struct fa_tcp_conn *conn, const struct fa__tcp_sample *sample)
{
    struct fa__tcp_hystart *hystart = &conn->cc_state.hystart;
    if (sample->rtt_ns != 0) {
        uint32_t us = (uint32_t)fa_min(sample->rtt_ns / FA_NS_US + 1, UINT32_MAX - 1);
        hystart->current_us = fa__u32_min(hystart->current_us, us);
        hystart->sample_count = (uint8_t)fa_min(hystart->sample_count + 1u, UINT8_MAX);
    }
    judge_round(hystart);
    if (!fa__seq_lt(conn->snd_una, hystart->round_end)) {
        begin_round(conn);
        if (hystart->css_us != 0 && ++hystart->css_rounds >= CSS_ROUNDS) {
            FA_COUNT(conn->tcp->config.counters, tcp_slow_start_exit);
            conn->ssthresh = conn->cwnd;
            conn->cc_state.cubic = (struct fa__tcp_cubic){.has_epoch = false};
            return CSS_DIVISOR;
        }
    }
    return hystart->css_us != 0 ? CSS_DIVISOR : 1;
}

/* ---- congestion avoidance, RFC 9438 4 ---- */

/* The whole part of the cube root. */
static uint32_t cube_root(uint64_t value)
{
    uint32_t root = 0;
    for (uint32_t bit = 1 << 20; bit != 0; bit >>= 1) {
        uint64_t next = root | bit;
        root = next * next * next <= value ? (uint32_t)next : root;
    }
    return root;
}

static void begin_epoch(struct fa_tcp_conn *conn)
{
    struct fa__tcp_cubic *cubic = &conn->cc_state.cubic;
    cubic->has_epoch = true;
    cubic->epoch_ms = fa__tcp_ms(conn->tcp);
    cubic->estimate = conn->cwnd;
    cubic->k_ms = 0;
    if (conn->cwnd < conn->cc_max) {
        // K = cbrt((W_max - cwnd) / C), C = 0.4 segments / s^3
        uint64_t segments_x10 = (uint64_t)(conn->cc_max - conn->cwnd) * 10 / conn->mss;
        cubic->k_ms = cube_root(segments_x10 / 4 * 1000000000);
    } else {
        conn->cc_max = conn->cwnd;
    }
}

/* W_cubic a round trip from now. */
static uint32_t curve_at(const struct fa_tcp_conn *conn, uint32_t ms)
{
    const struct fa__tcp_cubic *cubic = &conn->cc_state.cubic;
    bool before = ms < cubic->k_ms;
    uint64_t far = before ? cubic->k_ms - ms : ms - cubic->k_ms;
    far = fa_min(far, TIME_MAX_MS);
    uint64_t bytes = 4 * far * far * far / 1000000 * conn->mss / 10000;
    if (before) {
        return conn->cc_max > bytes ? (uint32_t)(conn->cc_max - bytes) : 0;
    }
    return (uint32_t)fa_min(conn->cc_max + bytes, FA__TCP_CWND_MAX);
}

/* What Reno would have, 4.3; as fast as it once the window is what it was. */
static void estimate_reno(struct fa_tcp_conn *conn, uint32_t acked)
{
    struct fa__tcp_cubic *cubic = &conn->cc_state.cubic;
    uint64_t step = (uint64_t)acked * conn->mss;
    if (cubic->estimate < cubic->prior) {
        step = step * ALPHA_NUM / ALPHA_DEN;
    }
    step += conn->cwnd_acked; // what was left over
    conn->cwnd_acked = (uint32_t)(step % conn->cwnd);
    cubic->estimate = (uint32_t)fa_min(cubic->estimate + step / conn->cwnd, FA__TCP_CWND_MAX);
}

static void avoid_congestion(struct fa_tcp_conn *conn, uint32_t acked)
{
    struct fa__tcp_cubic *cubic = &conn->cc_state.cubic;
    if (!cubic->has_epoch) {
        begin_epoch(conn);
    }
    uint32_t ms = fa__tcp_ms(conn->tcp) - cubic->epoch_ms;
    uint64_t cwnd = conn->cwnd;
    estimate_reno(conn, acked);
    if (curve_at(conn, ms) < cubic->estimate) {
        cwnd = fa_max(cwnd, cubic->estimate);
    } else {
        uint64_t target = curve_at(conn, ms + (uint32_t)(conn->srtt_ns / FA_NS_MS));
        target = fa_min(fa_max(target, cwnd), cwnd * 3 / 2);
        cwnd += (target - cwnd) * fa_min(acked, cwnd) / cwnd;
    }
    conn->cwnd = (uint32_t)fa_min(cwnd, FA__TCP_CWND_MAX);
}

/* ---- the table ---- */

static void init_cubic(struct fa_tcp_conn *conn, bool syn_was_lost)
{
    fa__tcp_cc_begin(conn, syn_was_lost);
    conn->cc_max = 0;
    conn->cc_state.hystart = (struct fa__tcp_hystart){
        .round_end = conn->snd_nxt, .last_us = UINT32_MAX, .current_us = UINT32_MAX};
}

static void grow(struct fa_tcp_conn *conn, const struct fa__tcp_sample *sample)
{
    if (conn->cwnd >= conn->ssthresh) {
        if (sample->flight + conn->mss > conn->cwnd) {
            avoid_congestion(conn, sample->acked);
        }
        return;
    }
    bool first = conn->ssthresh == FA__TCP_CWND_MAX;
    bool hystart = first && fa__tcp_uses(conn->tcp, FA_TCP_HYSTART);
    uint32_t part = hystart ? find_exit(conn, sample) : 1;
    fa__tcp_cc_slow_start(conn, sample, part);
}

static void forget_epoch(struct fa_tcp_conn *conn, uint32_t flight)
{
    // What was not used says nothing; a few segments less than the window are SACKed already.
    uint32_t used = flight >= conn->cwnd / 2 ? conn->cwnd : flight;
    bool shrinks = used < conn->cc_max;
    uint64_t max = shrinks ? (uint64_t)used * CONVERGE_NUM / CONVERGE_DEN : used;
    conn->cc_max = (uint32_t)max;
    conn->cwnd_acked = 0;
    conn->cc_state.cubic = (struct fa__tcp_cubic){.prior = used};
    conn->ssthresh = (uint32_t)fa_max((uint64_t)used * BETA_NUM / BETA_DEN, 2u * conn->mss);
}

static void restart_cubic(struct fa_tcp_conn *conn, uint32_t flight, bool again)
{
    if (!again) {
        forget_epoch(conn, flight);
    }
    conn->cwnd = conn->mss;
    conn->cwnd_acked = 0;
    conn->cc_state.cubic.has_epoch = false;
}

/* RFC 9438 4.9: what was remembered of the window before the false alarm is not lost with it. */
static void undo_cubic(struct fa_tcp_conn *conn)
{
    conn->cc_max = (uint32_t)fa_max(conn->cc_max, conn->cwnd);
    conn->cc_state.cubic = (struct fa__tcp_cubic){.prior = conn->cwnd};
    if (conn->ssthresh == FA__TCP_CWND_MAX) {
        begin_round(conn);
        conn->cc_state.hystart = (struct fa__tcp_hystart){
            .round_end = conn->snd_nxt, .last_us = UINT32_MAX, .current_us = UINT32_MAX};
    }
}

const struct fa__tcp_cc fa__tcp_cubic = {
    .name = "cubic",
    .init = init_cubic,
    .acked = grow,
    .lost = forget_epoch,
    .timeout = restart_cubic,
    .undone = undo_cubic,
};
