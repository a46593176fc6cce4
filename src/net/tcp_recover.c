// SPDX-License-Identifier: ISC
//
// What follows from an acknowledgement where there is a scoreboard: entering and leaving recovery,
// how much may be sent meanwhile (RFC 6937), and taking it back when nothing was lost after all
// (RFC 4015 by timestamps, RFC 3708 by DSACK, RFC 5682 after a timeout).

#include "tcp_priv.h"

/* ---- undoing ---- */

static void save_window(struct fa_tcp_conn *conn)
{
    conn->undo_armed = fa__tcp_uses(conn->tcp, FA_TCP_UNDO);
    conn->undo_cwnd = conn->cwnd;
    conn->undo_ssthresh = conn->ssthresh;
    conn->undo_from = conn->snd_una;
    conn->undo_count = 0;
    conn->work->undo_ts = 0;
}

static void undo(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    FA_COUNT(conn->tcp->config.counters, tcp_undo);
    conn->cwnd = (uint32_t)fa_max(conn->cwnd, conn->undo_cwnd);
    conn->ssthresh = (uint32_t)fa_max(conn->ssthresh, conn->undo_ssthresh);
    conn->undo_armed = false;
    conn->recovery = false;
    conn->timed_out = false;
    conn->retransmit_due = false;
    conn->backoff = 0;
    work->frto = 0;
    work->blind = false;
    fa__tcp_cc(conn)->undone(conn);
    fa__tcp_board_unlose(work);
    FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_UNDO);
}

void fa__tcp_recover_resent(struct fa_tcp_conn *conn, uint32_t len)
{
    struct fa__tcp_work *work = conn->work;
    work->prr_out += len;
    conn->undo_count = (uint16_t)fa_min(conn->undo_count + 1u, UINT16_MAX);
    if (work->undo_ts == 0) {
        work->undo_ts = fa__tcp_ts_now(conn);
    }
}

/* RFC 3522: what arrived was sent before anything was sent again. */
static bool echo_is_old(const struct fa_tcp_conn *conn, const struct fa_tcp_header *header)
{
    return conn->ts_ok && header->ts_echo != 0 && conn->work->undo_ts != 0 &&
           fa__seq_lt(header->ts_echo, conn->work->undo_ts);
}

/* RFC 5682 3.1: two ACKs after a timeout that tell of what was not sent again. */
static bool is_forward_rto(
    struct fa_tcp_conn *conn, bool advanced, const struct fa__tcp_delivery *delivery)
{
    struct fa__tcp_work *work = conn->work;
    if (work->frto == 2 && delivery->original) {
        return true;
    }
    bool goes_on = work->frto == 1 && advanced && fa__seq_lt(conn->snd_una, conn->recover) &&
                   fa__tcp_unsent(conn) != 0 &&
                   fa__seq_lt(conn->snd_nxt, conn->snd_una + conn->snd_wnd);
    work->frto = goes_on ? 2 : 0;
    return false;
}

static void input_undo(struct fa_tcp_conn *conn, const struct fa_tcp_header *header, bool advanced,
    const struct fa__tcp_delivery *delivery)
{
    bool in_doubt = conn->recovery || conn->timed_out;
    if (!conn->undo_armed) {
        return;
    }
    bool all_twice = delivery->dsack && conn->undo_count == 0 && conn->work->undo_ts != 0;
    if (all_twice || (in_doubt && advanced && echo_is_old(conn, header)) ||
        (conn->timed_out && conn->work->frto != 0 && is_forward_rto(conn, advanced, delivery))) {
        undo(conn);
    }
}

/* ---- SACK blocks ---- */

/* RFC 2883 4: the first block, below the ACK or within the second. */
static bool is_dsack(const struct fa_tcp_header *header)
{
    const struct fa_tcp_sack *first = &header->sacks[0];
    const struct fa_tcp_sack *second = &header->sacks[1];
    if (fa__seq_lt(first->from, header->ack)) {
        return true;
    }
    return header->sack_count > 1 && fa__seq_leq(second->from, first->from) &&
           fa__seq_leq(first->to, second->to);
}

static void input_dsack(struct fa_tcp_conn *conn, const struct fa_tcp_sack *block)
{
    uint32_t len = block->to - block->from;
    FA_COUNT(conn->tcp->config.counters, tcp_rx_dsack);
    if (conn->undo_armed && !fa__seq_lt(block->from, conn->undo_from) &&
        fa__seq_leq(block->to, conn->snd_max)) {
        uint32_t count = (len + conn->mss - 1) / conn->mss;
        conn->undo_count = (uint16_t)(conn->undo_count - fa__u32_min(count, conn->undo_count));
    }
    fa__tcp_rack_dsack(conn);
}

static void input_blocks(
    struct fa_tcp_conn *conn, const struct fa_tcp_header *header, struct fa__tcp_delivery *delivery)
{
    for (unsigned i = 0; i < header->sack_count; i++) {
        struct fa_tcp_sack block = header->sacks[i];
        if (!fa__seq_lt(block.from, block.to)) {
            FA_COUNT(conn->tcp->config.counters, tcp_rx_bad_sack);
            continue;
        }
        // As old as an ACK may be (RFC 5961 5.2), or it is of other numbers than ours.
        uint32_t oldest = conn->snd_una - conn->snd_wnd_max;
        bool ours = !fa__seq_lt(conn->snd_max, block.to) && !fa__seq_lt(block.from, oldest);
        if (i == 0 && ours && is_dsack(header)) {
            delivery->dsack = true;
            input_dsack(conn, &block);
            continue;
        }
        if (!ours || fa__seq_lt(block.from, conn->snd_una)) {
            FA_COUNT(conn->tcp->config.counters, tcp_rx_bad_sack); // or old: the ACK was overtaken
            continue;
        }
        fa__tcp_board_sacked(conn, &block, delivery);
    }
}

/* ---- without SACK blocks ---- */

/*
 * Duplicates that SACK nothing where SACK was agreed on: a box has taken the blocks away, or has
 * shifted the numbers and not the blocks. As long as nothing is SACKed they count as RFC 5681 and
 * RFC 6582 have it. Times say nothing then: what a partial ACK leaves out may have arrived.
 */

/* Returns: bytes that have left the network, in a recovery. */
static uint32_t input_blind(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    if (work->sacked_bytes != 0 || conn->timed_out || (conn->recovery && !work->blind)) {
        return 0;
    }
    conn->dup_acks = (uint8_t)fa_min(conn->dup_acks + 1u, UINT8_MAX);
    if (!conn->recovery && conn->dup_acks == FA__TCP_DUP_ACK_MAX &&
        fa__seq_lt(conn->recover, conn->snd_una)) {
        work->blind = true;
        fa__tcp_board_lose_head(conn, conn->mss);
    }
    return conn->recovery ? conn->mss : 0;
}

/* RFC 6582 3.2 step 3: the next segment is lost, too. Returns: what of `bytes` no duplicate has
 * told of (RFC 6937 3). */
static uint32_t input_blind_partial(struct fa_tcp_conn *conn, uint32_t bytes)
{
    uint32_t count = (bytes + conn->mss - 1) / conn->mss;
    uint32_t told = fa__u32_min(count - 1, conn->dup_acks);
    conn->dup_acks = (uint8_t)(conn->dup_acks - told);
    if (fa__seq_lt(conn->snd_una, conn->recover)) {
        fa__tcp_board_lose_head(conn, conn->mss);
        conn->retransmit_due = true;
    }
    return bytes - told * conn->mss;
}

static void input_without_sack(
    struct fa_tcp_conn *conn, struct fa__tcp_delivery *delivery, bool is_duplicate)
{
    struct fa__tcp_work *work = conn->work;
    bool advanced = !is_duplicate && delivery->bytes != 0;
    if (work->sacked_bytes != 0 || (advanced && !conn->recovery)) {
        work->blind = false;
        conn->dup_acks = 0;
    } else if (advanced && work->blind) {
        delivery->bytes = input_blind_partial(conn, delivery->bytes);
    } else if (is_duplicate && !delivery->dsack) {
        delivery->bytes = input_blind(conn);
    }
}

/* ---- how much may be sent ---- */

static uint32_t minus(uint32_t a, uint32_t b)
{
    return a > b ? a - b : 0;
}

/* RFC 6937, with the choice of bound of its successor: as much as arrives, and a segment more
 * where the ACK moves and nothing new is lost. */
static void reduce(struct fa_tcp_conn *conn, uint32_t delivered, bool safe)
{
    struct fa__tcp_work *work = conn->work;
    uint32_t pipe = fa__tcp_pipe(conn);
    uint32_t count;
    work->prr_delivered += delivered;
    if (pipe > conn->ssthresh) {
        uint64_t share = (uint64_t)work->prr_delivered * conn->ssthresh + work->prr_flight - 1;
        count = minus((uint32_t)(share / work->prr_flight), work->prr_out);
    } else {
        count = (uint32_t)fa_max(minus(work->prr_delivered, work->prr_out), delivered);
        count = fa__u32_min(count + (safe ? conn->mss : 0u), conn->ssthresh - pipe);
    }
    conn->cwnd = (uint32_t)fa_max(pipe + count, conn->mss);
}

static void enter(struct fa_tcp_conn *conn, uint32_t flight)
{
    struct fa__tcp_work *work = conn->work;
    FA_COUNT(conn->tcp->config.counters, tcp_fast_retransmit);
    save_window(conn);
    if (conn->ecn_reduced) {
        conn->undo_armed = false; // it has slowed down already
    } else {
        fa__tcp_cc(conn)->lost(conn, flight);
    }
    conn->cwr_due = conn->ecn_ok;
    conn->recovery = true;
    conn->recover = conn->snd_max;
    conn->retransmit_due = true;
    work->prr_flight = (uint32_t)fa_max(flight, conn->mss);
    work->prr_delivered = 0;
    work->prr_out = 0;
    work->has_tlp = false;
    FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_ENTER);
}

static void leave(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    if (conn->recovery) {
        conn->cwnd = conn->ssthresh;
    }
    conn->recovery = false;
    conn->timed_out = false;
    conn->dup_acks = 0;
    work->frto = 0;
    work->blind = false;
    fa__tcp_rack_recovered(conn);
    FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_LEAVE);
}

static void adjust_window(struct fa_tcp_conn *conn, uint32_t flight, uint32_t lost_before,
    const struct fa__tcp_delivery *delivery, bool advanced)
{
    struct fa__tcp_work *work = conn->work;
    if ((conn->recovery || conn->timed_out) && !fa__seq_lt(conn->snd_una, conn->recover)) {
        leave(conn);
        return; // the window is what it should be now
    }
    if (!conn->recovery && !conn->timed_out && work->lost_bytes != 0 &&
        !fa__tcp_mtu_explains(conn)) {
        enter(conn, flight);
    }
    if (conn->ecn_reduced && !conn->recovery) {
        return; // RFC 3168 6.1.2: no growth in the round trip of a mark
    }
    if (!conn->recovery) {
        fa__tcp_cc(conn)->acked(
            conn, &(struct fa__tcp_sample){
                      .acked = delivery->bytes, .flight = flight, .rtt_ns = delivery->rtt_ns});
    } else if (fa__tcp_uses(conn->tcp, FA_TCP_PRR)) {
        reduce(conn, delivery->bytes, advanced && work->lost_bytes <= lost_before);
    } else {
        conn->cwnd = conn->ssthresh; // RFC 6675 5
    }
}

/* ---- the acknowledgement ---- */

void fa__tcp_recover_input(
    struct fa_tcp_conn *conn, const struct fa_tcp_header *header, bool is_duplicate)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_delivery delivery = {.fack = work->fack};
    uint32_t flight = fa__tcp_pipe(conn);
    uint32_t lost_before = work->lost_bytes;
    bool advanced = fa__seq_lt(conn->snd_una, header->ack);
    if (advanced) {
        fa__tcp_board_acked(conn, header->ack, &delivery);
        fa__tcp_progress(conn, header->ack);
    }
    input_blocks(conn, header, &delivery);
    work->fack = fa__seq_max(delivery.fack, conn->snd_una);
    if (delivery.rtt_ns == 0 && advanced) {
        delivery.rtt_ns = fa__tcp_echo_rtt(conn, header);
    }
    if (delivery.rtt_ns != 0) {
        fa__tcp_rtt_sample(conn, delivery.rtt_ns);
    }
    bool arrived = delivery.bytes != 0;
    if (fa__tcp_probe_acked(conn, conn->snd_una, delivery.dsack, !advanced && !arrived)) {
        save_window(conn);
        fa__tcp_cc(conn)->lost(conn, flight);
        conn->cwnd = conn->ssthresh;
    }
    input_undo(conn, header, advanced, &delivery);
    input_without_sack(conn, &delivery, is_duplicate && !arrived);
    fa_ns wait = fa__tcp_board_on(conn) && !work->blind ? fa__tcp_rack_detect(conn) : 0;
    adjust_window(conn, flight, lost_before, &delivery, advanced);
    if (arrived || wait != 0) {
        fa__tcp_retransmit_arm(conn, wait);
    }
    fa__tcp_work_release(conn);
}

void fa__tcp_recover_reordered(struct fa_tcp_conn *conn)
{
    uint32_t flight = fa__tcp_pipe(conn);
    fa_ns wait = fa__tcp_rack_detect(conn);
    if (conn->work->lost_bytes != 0 && !conn->recovery && !conn->timed_out &&
        !fa__tcp_mtu_explains(conn)) {
        enter(conn, flight);
        reduce(conn, 0, false);
    }
    fa__tcp_retransmit_arm(conn, wait);
}

void fa__tcp_recover_timeout(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    bool again = conn->timed_out || conn->recovery;
    uint32_t flight = conn->snd_max - conn->snd_una - work->sacked_bytes;
    if (!again) {
        save_window(conn);
    }
    fa__tcp_cc(conn)->timeout(conn, flight, again);
    work->timeout_ns = conn->tcp->now;
    fa__tcp_rack_timeout(conn);
    conn->cwr_due = conn->ecn_ok;
    work->frto = again || !conn->undo_armed ? 0 : 1;
    work->has_tlp = false;
    work->blind = false;
    conn->dup_acks = 0;
    conn->recover = conn->snd_max;
    conn->recovery = false;
    conn->timed_out = true;
    conn->retransmit_due = true;
    FA__TCP_TRACE_RECOVERY(conn, FA__TCP_RECOVERY_TIMEOUT);
}
