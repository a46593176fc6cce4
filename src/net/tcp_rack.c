// SPDX-License-Identifier: ISC
//
// RFC 8985: RACK says by time which runs are lost, TLP asks when the answer to the last ones does
// not come. Without RACK three segments SACKed above a run are what tells (RFC 6675).

#include "tcp_priv.h"

enum {
    REO_PERSIST = 16, /* recoveries after which the reordering window shrinks again, 6.2.4 */
    REO_MULT_MAX = 254,
};

static bool sent_after(fa_ns a_ns, uint32_t a_end, fa_ns b_ns, uint32_t b_end)
{
    return a_ns > b_ns || (a_ns == b_ns && fa__seq_lt(b_end, a_end));
}

/* ---- what arrived, RFC 8985 6.2 steps 2 and 3 ---- */

void fa__tcp_rack_delivered(struct fa_tcp_conn *conn, const struct fa__tcp_run *run, uint32_t end)
{
    struct fa__tcp_work *work = conn->work;
    fa_ns rtt = conn->tcp->now - run->sent_ns;
    if (run->resent) {
        if (rtt < conn->min_rtt_ns) {
            return; // too soon: it answers the one before
        }
    } else if (fa__seq_lt(end, work->fack)) {
        conn->reordered = true;
    }
    if (work->rack_sent_ns == 0 ||
        sent_after(run->sent_ns, end, work->rack_sent_ns, work->rack_end)) {
        work->rack_sent_ns = run->sent_ns;
        work->rack_end = end;
        work->rack_rtt_ns = rtt;
    }
}

/* ---- the reordering window, 6.2 step 4 ---- */

void fa__tcp_rack_dsack(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    if (work->has_dsack_round && fa__seq_leq(work->dsack_round, conn->snd_una)) {
        work->has_dsack_round = false;
    }
    if (!work->has_dsack_round) {
        work->has_dsack_round = true;
        work->dsack_round = conn->snd_nxt;
        conn->reo_mult = (uint8_t)fa_min(conn->reo_mult + 1u, REO_MULT_MAX);
        conn->reo_persist = REO_PERSIST;
    }
}

void fa__tcp_rack_recovered(struct fa_tcp_conn *conn)
{
    if (conn->reo_persist != 0 && --conn->reo_persist == 0) {
        conn->reo_mult = 0;
    }
}

static fa_ns reo_window(const struct fa_tcp_conn *conn)
{
    bool sure = conn->recovery || conn->timed_out ||
                conn->work->sacked_bytes >= FA__TCP_DUP_ACK_MAX * conn->mss;
    if (!conn->reordered && sure) {
        return 0;
    }
    return fa_ns_min((conn->reo_mult + 1u) * (conn->min_rtt_ns / 4), conn->srtt_ns);
}

/* ---- what is lost, step 5 ---- */

static fa_ns detect_by_time(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    fa_ns now = conn->tcp->now;
    fa_ns patience = work->rack_rtt_ns + reo_window(conn);
    fa_ns wait = 0;
    FA_LIST_EACH_SAFE(node, &work->out) {
        struct fa__tcp_run *run = fa__tcp_run_of_order(node);
        if (run->sent_ns > work->rack_sent_ns) {
            break;
        }
        if (!sent_after(work->rack_sent_ns, work->rack_end, run->sent_ns, run->end)) {
            continue;
        }
        fa_ns due = fa_ns_after(run->sent_ns, patience);
        if (due <= now) {
            fa__tcp_board_lose(work, run);
        } else {
            wait = fa_max(wait, due - now);
        }
    }
    return wait;
}

/* RFC 6675 IsLost(): more than two segments SACKed above. Nothing is lost twice. */
static void detect_by_count(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    uint32_t above = 0;
    for (struct fa_list *node = work->runs.prev; node != &work->runs; node = node->prev) {
        struct fa__tcp_run *run = fa__tcp_run_of(node);
        if (run->state == FA__TCP_RUN_SACKED) {
            above += run->end - run->seq;
        } else if (run->state == FA__TCP_RUN_OUT && !run->resent &&
                   above > (FA__TCP_DUP_ACK_MAX - 1) * conn->mss) {
            fa__tcp_board_lose(work, run);
        }
    }
}

fa_ns fa__tcp_rack_detect(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    if (!fa__tcp_uses(conn->tcp, FA_TCP_RACK)) {
        if (work->sacked_bytes != 0) {
            detect_by_count(conn);
        }
        return 0;
    }
    return work->rack_sent_ns != 0 ? detect_by_time(conn) : 0;
}

/* 6.3: at a timeout the first is lost, and what was sent as long ago as it. */
void fa__tcp_rack_timeout(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_run *first = fa__tcp_run_of(fa_list_first(&work->runs));
    if (first->state == FA__TCP_RUN_SACKED) {
        fa__tcp_board_renege(work); // RFC 2018 8
    }
    fa_ns patience = work->rack_rtt_ns != 0 && fa__tcp_uses(conn->tcp, FA_TCP_RACK)
                         ? work->rack_rtt_ns + reo_window(conn)
                         : 0;
    FA_LIST_EACH_SAFE(node, &work->out) {
        struct fa__tcp_run *run = fa__tcp_run_of_order(node);
        if (run == first || fa_ns_after(run->sent_ns, patience) <= conn->tcp->now) {
            fa__tcp_board_lose(work, run);
        }
    }
}

/* ---- tail loss probes, RFC 8985 7 ---- */

fa_ns fa__tcp_probe_timeout(const struct fa_tcp_conn *conn, bool whole_burst)
{
    const struct fa__tcp_work *work = conn->work;
    bool calm = !conn->recovery && !conn->timed_out && conn->backoff == 0 &&
                conn->state >= FA_TCP_ESTABLISHED && (work == NULL || !work->has_tlp);
    if (!conn->sack_ok || !calm || conn->srtt_ns == 0 ||
        !fa__tcp_uses(conn->tcp, FA_TCP_TAIL_LOSS_PROBE)) {
        return FA_NS_NEVER;
    }
    fa_ns pto = 2 * conn->srtt_ns;
    if (whole_burst && conn->snd_max - conn->snd_una <= conn->mss) {
        pto += conn->tcp->config.rto_min_ns; // its ACK may be a delayed one
    }
    return fa_max(pto, FA__TCP_PTO_MIN);
}

/* The probe is new data if there is some, else the last segment once more. */
bool fa__tcp_probe_fire(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = fa__tcp_work_get(conn);
    bool has_room = fa__seq_lt(conn->snd_nxt, conn->snd_una + conn->snd_wnd);
    if (work == NULL) {
        return false;
    }
    bool fresh = fa__tcp_unsent(conn) != 0 && has_room && conn->snd_nxt == conn->snd_max;
    if (!fresh) {
        if ((!fa__tcp_board_on(conn) && !fa__tcp_board_open(conn)) ||
            !fa__tcp_board_lose_tail(conn, conn->mss)) {
            return false;
        }
        conn->retransmit_due = true;
    }
    FA_COUNT(conn->tcp->config.counters, tcp_loss_probe);
    conn->tlp_due = fresh;
    work->has_tlp = true;
    work->tlp_resent = !fresh;
    work->tlp_end = conn->snd_max;
    return true;
}

/* 7.4. Returns: whether the probe has repaired a loss, which nothing else has noticed. */
bool fa__tcp_probe_acked(struct fa_tcp_conn *conn, uint32_t ack, bool dsack, bool is_duplicate)
{
    struct fa__tcp_work *work = conn->work;
    if (!work->has_tlp || fa__seq_lt(ack, work->tlp_end)) {
        return false;
    }
    bool repaired = work->tlp_resent && !dsack && fa__seq_lt(work->tlp_end, ack);
    if (!work->tlp_resent || dsack || repaired || is_duplicate) {
        work->has_tlp = false;
    }
    return repaired;
}
