// SPDX-License-Identifier: ISC
//
// The scoreboard: what is in flight as a list of runs. Segments of one output burst have the same
// time and share a run, so in the common case one is added a burst and one taken away an ACK. A
// connection with one burst in flight has no scoreboard at all: `sent_ns` says it all.
//
// Runs come from buffers of the pool and their number is bounded. When there is none left, runs
// grow coarser: new bytes join the last one, SACK blocks that would cut one are not heard. That
// costs speed, never correctness.

#include "tcp_priv.h"

/* ---- memory ---- */

static struct fa_buf *buf_of_work(struct fa__tcp_work *work)
{
    return (struct fa_buf *)(void *)work - 1;
}

/* The rest of a buffer, from `off` on, is for runs. */
static void add_runs(struct fa__tcp_work *work, struct fa_buf *buf, size_t off)
{
    work->fresh = (struct fa__tcp_run *)(void *)(fa_buf_base(buf) + off);
    work->fresh_end = work->fresh + (buf->cap - off) / sizeof *work->fresh;
}

static bool alloc_buf(struct fa_tcp *tcp, struct fa_buf **ret_buf)
{
    if (fa__tcp_is_full(tcp) ||
        fa_pool_free_count(tcp->config.pool) <= tcp->config.tx_buffer_count_keep ||
        fa_pool_room(tcp->config.pool) < sizeof(struct fa__tcp_work) ||
        fa_buf_alloc(tcp->config.pool, 0, ret_buf) != FA_OK) {
        FA_COUNT(tcp->config.counters, tcp_board_no_buffer);
        return false;
    }
    fa__tcp_hold(tcp, *ret_buf);
    return true;
}

struct fa__tcp_work *fa__tcp_work_get(struct fa_tcp_conn *conn)
{
    struct fa_buf *buf;
    if (conn->work != NULL) {
        return conn->work;
    }
    if (!alloc_buf(conn->tcp, &buf)) {
        return NULL;
    }
    struct fa__tcp_work *work = (struct fa__tcp_work *)(void *)fa_buf_base(buf);
    *work = (struct fa__tcp_work){.rack_sent_ns = 0};
    fa_list_init(&work->runs);
    fa_list_init(&work->out);
    fa_list_init(&work->lost);
    fa_list_init(&work->free);
    fa_list_init(&work->bufs);
    add_runs(work, buf, sizeof *work);
    conn->work = work;
    return work;
}

void fa__tcp_work_drop(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    if (work != NULL) {
        conn->work = NULL;
        fa__tcp_buf_drop_all(conn->tcp, &work->bufs);
        fa__tcp_buf_drop(conn->tcp, buf_of_work(work));
    }
}

void fa__tcp_work_release(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    if (work != NULL && fa_list_empty(&work->runs) && conn->snd_una == conn->snd_max &&
        fa_list_empty(&conn->ooo) && !work->has_dsack) {
        fa__tcp_work_drop(conn);
    }
}

static struct fa__tcp_run *alloc_run(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    struct fa_list *node = fa_list_pop_front(&work->free);
    struct fa_buf *buf;
    if (node != NULL) {
        return fa__tcp_run_of(node);
    }
    if (work->fresh == work->fresh_end && work->buf_count < FA__TCP_RUN_BUFS_MAX &&
        alloc_buf(conn->tcp, &buf)) {
        fa_list_push_back(&work->bufs, &buf->node);
        work->buf_count++;
        add_runs(work, buf, 0);
    }
    return work->fresh != work->fresh_end ? work->fresh++ : NULL;
}

/* ---- lists ---- */

static struct fa__tcp_run *next_of(const struct fa__tcp_work *work, const struct fa__tcp_run *run)
{
    return run->node.next == &work->runs ? NULL : fa__tcp_run_of(run->node.next);
}

static struct fa__tcp_run *prev_of(const struct fa__tcp_work *work, const struct fa__tcp_run *run)
{
    return run->node.prev == &work->runs ? NULL : fa__tcp_run_of(run->node.prev);
}

static struct fa__tcp_run *first_of(const struct fa__tcp_work *work)
{
    struct fa_list *node = fa_list_first(&work->runs);
    return node != NULL ? fa__tcp_run_of(node) : NULL;
}

static struct fa__tcp_run *last_of(const struct fa__tcp_work *work)
{
    return fa_list_empty(&work->runs) ? NULL : fa__tcp_run_of(work->runs.prev);
}

/* Add the run's bytes to the sum of its state, or take them off. */
static void count_state(struct fa__tcp_work *work, uint8_t state, uint32_t len)
{
    work->sacked_bytes += state == FA__TCP_RUN_SACKED ? len : 0;
    work->lost_bytes += state == FA__TCP_RUN_LOST ? len : 0;
}

/* By number: the lowest is sent again first (RFC 6675 4, NextSeg 1), for the peer can do nothing
 * without it. Runs are mostly lost in that order, so the one before is near. */
static void put_lost(struct fa__tcp_work *work, struct fa__tcp_run *run)
{
    struct fa__tcp_run *prev = prev_of(work, run);
    while (prev != NULL && prev->state != FA__TCP_RUN_LOST) {
        prev = prev_of(work, prev);
    }
    fa_list_insert_after(prev != NULL ? &prev->order : &work->lost, &run->order);
}

/* FA__TCP_RUN_OUT: it was sent just now. */
static void set_state(struct fa__tcp_work *work, struct fa__tcp_run *run, uint8_t state)
{
    count_state(work, run->state, run->seq - run->end);
    count_state(work, state, run->end - run->seq);
    run->state = state;
    fa_list_unlink(&run->order);
    if (state == FA__TCP_RUN_OUT) {
        fa_list_push_back(&work->out, &run->order);
    } else if (state == FA__TCP_RUN_LOST) {
        put_lost(work, run);
    }
}

static void free_run(struct fa__tcp_work *work, struct fa__tcp_run *run)
{
    count_state(work, run->state, run->seq - run->end);
    work->hint = work->hint == run ? NULL : work->hint;
    fa_list_unlink(&run->node);
    fa_list_unlink(&run->order);
    fa_list_push_front(&work->free, &run->node);
}

/* Cut a run in two at `seq`. Returns: false without memory. */
static bool split_run(struct fa_tcp_conn *conn, struct fa__tcp_run *run, uint32_t seq)
{
    struct fa__tcp_run *rest = alloc_run(conn);
    FA_ASSERT(fa__seq_lt(run->seq, seq) && fa__seq_lt(seq, run->end));
    if (rest == NULL) {
        FA_COUNT(conn->tcp->config.counters, tcp_board_coarse);
        return false;
    }
    *rest = (struct fa__tcp_run){
        .sent_ns = run->sent_ns,
        .seq = seq,
        .end = run->end,
        .state = run->state,
        .resent = run->resent,
        .coarse = run->coarse,
    };
    run->end = seq;
    fa_list_insert_after(&run->node, &rest->node);
    if (fa_list_linked(&run->order)) {
        fa_list_insert_after(&run->order, &rest->order);
    }
    return true;
}

/* Let `run` take in the one after it if both have been SACKed: their times no longer matter. */
static void join_next(struct fa__tcp_work *work, struct fa__tcp_run *run)
{
    struct fa__tcp_run *next = next_of(work, run);
    if (next != NULL && run->state == FA__TCP_RUN_SACKED && next->state == FA__TCP_RUN_SACKED) {
        uint32_t end = next->end;
        free_run(work, next);
        count_state(work, FA__TCP_RUN_SACKED, end - run->end);
        run->end = end;
    }
}

/* ---- sending ---- */

bool fa__tcp_board_open(struct fa_tcp_conn *conn)
{
    if (conn->snd_nxt != conn->snd_max || conn->recovery || conn->timed_out ||
        conn->snd_una == conn->snd_max || fa__tcp_work_get(conn) == NULL) {
        return false;
    }
    struct fa__tcp_run *run = alloc_run(conn);
    FA_ASSERT(run != NULL); // the first buffer has some
    *run = (struct fa__tcp_run){
        .sent_ns = conn->sent_ns,
        .seq = conn->snd_una,
        .end = conn->snd_max,
        .resent = conn->burst_resent,
        .coarse = conn->burst_mixed,
    };
    fa_list_push_back(&conn->work->runs, &run->node);
    fa_list_push_back(&conn->work->out, &run->order);
    conn->work->fack = conn->snd_una;
    return true;
}

void fa__tcp_board_close(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_run *run;
    while (work != NULL && (run = first_of(work)) != NULL) {
        free_run(work, run);
    }
}

/* Without memory: the last run grows, and is as young as its youngest byte. */
static void grow_last(struct fa_tcp_conn *conn, uint32_t end)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_run *last = last_of(work);
    FA_COUNT(conn->tcp->config.counters, tcp_board_coarse);
    set_state(work, last, FA__TCP_RUN_OUT);
    last->end = end;
    last->sent_ns = conn->tcp->now;
    last->coarse = true;
}

void fa__tcp_board_sent(struct fa_tcp_conn *conn, uint32_t end)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_run *last = last_of(work);
    FA_ASSERT(last != NULL && last->end == conn->snd_max);
    if (last->state == FA__TCP_RUN_OUT && last->sent_ns == conn->tcp->now && !last->resent) {
        last->end = end;
        return;
    }
    struct fa__tcp_run *run = alloc_run(conn);
    if (run == NULL) {
        grow_last(conn, end);
        return;
    }
    *run = (struct fa__tcp_run){.sent_ns = conn->tcp->now, .seq = conn->snd_max, .end = end};
    fa_list_push_back(&work->runs, &run->node);
    fa_list_push_back(&work->out, &run->order);
}

void fa__tcp_board_resent(struct fa_tcp_conn *conn, struct fa__tcp_run *run, uint32_t end)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_run *prev = prev_of(work, run);
    fa_ns now = conn->tcp->now;
    FA_ASSERT(run->state == FA__TCP_RUN_LOST && fa__seq_leq(end, run->end));
    bool joins =
        prev != NULL && prev->state == FA__TCP_RUN_OUT && prev->resent && prev->sent_ns == now;
    if (joins) {
        prev->end = end;
        count_state(work, FA__TCP_RUN_LOST, run->seq - end);
        run->seq = end;
        if (run->seq == run->end) {
            free_run(work, run);
        }
        return;
    }
    if (end != run->end && !split_run(conn, run, end)) {
        run->coarse = true; // what was not sent of it is found by the next timeout
    }
    run->sent_ns = now;
    run->resent = true;
    set_state(work, run, FA__TCP_RUN_OUT);
}

/* ---- what arrives ---- */

/* The numbers of `run` up to `end` have arrived. */
static void note_delivered(struct fa_tcp_conn *conn, const struct fa__tcp_run *run, uint32_t end,
    struct fa__tcp_delivery *delivery)
{
    delivery->bytes += end - run->seq;
    delivery->fack = fa__seq_max(delivery->fack, end);
    delivery->original = delivery->original || !run->resent;
    if (run->state == FA__TCP_RUN_LOST) {
        delivery->lost_bytes += end - run->seq;
    }
    if (!run->resent && !run->coarse && run->sent_ns >= conn->work->timeout_ns) {
        fa_ns rtt = fa_max(conn->tcp->now - run->sent_ns, 1);
        delivery->rtt_ns = delivery->rtt_ns == 0 ? rtt : fa_ns_min(delivery->rtt_ns, rtt);
    }
    fa__tcp_rack_delivered(conn, run, end);
}

void fa__tcp_board_acked(struct fa_tcp_conn *conn, uint32_t ack, struct fa__tcp_delivery *delivery)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_run *run;
    fa_ns resent_ns = 0; // the newest retransmission that arrived
    while ((run = first_of(work)) != NULL && fa__seq_lt(run->seq, ack)) {
        uint32_t end = fa__seq_lt(ack, run->end) ? ack : run->end;
        if (run->state != FA__TCP_RUN_SACKED) {
            note_delivered(conn, run, end, delivery);
            resent_ns = run->resent ? fa_max(resent_ns, run->sent_ns) : resent_ns;
        }
        if (end == run->end) {
            free_run(work, run);
            continue;
        }
        count_state(work, run->state, run->seq - end);
        run->seq = end;
    }
    if (conn->tcp->now - delivery->rtt_ns < resent_ns) {
        delivery->rtt_ns = 0; // what is older may have waited beyond the hole that was filled now
    }
}

/* The run with number `seq`, which is in flight. */
static struct fa__tcp_run *find_run(const struct fa__tcp_work *work, uint32_t seq)
{
    struct fa__tcp_run *run = work->hint != NULL ? work->hint : last_of(work);
    while (run != NULL && fa__seq_lt(seq, run->seq)) {
        run = prev_of(work, run);
    }
    while (run != NULL && fa__seq_leq(run->end, seq)) {
        run = next_of(work, run);
    }
    return run;
}

void fa__tcp_board_sacked(
    struct fa_tcp_conn *conn, const struct fa_tcp_sack *block, struct fa__tcp_delivery *delivery)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_run *run = find_run(work, block->from);
    while (run != NULL && fa__seq_lt(run->seq, block->to)) {
        if (run->state == FA__TCP_RUN_SACKED) {
            work->hint = run;
            run = next_of(work, run);
            continue;
        }
        if (fa__seq_lt(run->seq, block->from)) {
            if (!split_run(conn, run, block->from)) {
                return;
            }
            run = next_of(work, run);
        }
        if (fa__seq_lt(block->to, run->end) && !split_run(conn, run, block->to)) {
            return;
        }
        note_delivered(conn, run, run->end, delivery);
        set_state(work, run, FA__TCP_RUN_SACKED);
        join_next(work, run);
        struct fa__tcp_run *prev = prev_of(work, run);
        if (prev != NULL && prev->state == FA__TCP_RUN_SACKED) {
            join_next(work, prev);
            run = prev;
        }
        work->hint = run;
        run = next_of(work, run);
    }
}

/* ---- what does not ---- */

void fa__tcp_board_lose(struct fa__tcp_work *work, struct fa__tcp_run *run)
{
    FA_ASSERT(run->state == FA__TCP_RUN_OUT);
    set_state(work, run, FA__TCP_RUN_LOST);
}

void fa__tcp_board_lose_head(struct fa_tcp_conn *conn, uint32_t len)
{
    struct fa__tcp_run *first = first_of(conn->work);
    if (first == NULL || first->state != FA__TCP_RUN_OUT) {
        return;
    }
    if (first->end - first->seq > len) {
        (void)split_run(conn, first, first->seq + len);
    }
    set_state(conn->work, first, FA__TCP_RUN_LOST);
}

bool fa__tcp_board_lose_tail(struct fa_tcp_conn *conn, uint32_t len)
{
    struct fa__tcp_work *work = conn->work;
    struct fa__tcp_run *last = last_of(work);
    if (last == NULL || last->state != FA__TCP_RUN_OUT) {
        return false;
    }
    if (last->end - last->seq > len) {
        if (!split_run(conn, last, last->end - len)) {
            return false;
        }
        last = last_of(work);
    }
    set_state(work, last, FA__TCP_RUN_LOST);
    return true;
}

void fa__tcp_board_unlose(struct fa__tcp_work *work)
{
    FA_LIST_EACH_SAFE(node, &work->lost) {
        struct fa__tcp_run *run = fa__tcp_run_of_order(node);
        struct fa_list *place = &work->out;
        while (place->next != &work->out &&
               fa__tcp_run_of_order(place->next)->sent_ns <= run->sent_ns) {
            place = place->next;
        }
        set_state(work, run, FA__TCP_RUN_OUT);
        fa_list_unlink(&run->order);
        fa_list_insert_after(place, &run->order);
    }
}

void fa__tcp_board_renege(struct fa__tcp_work *work)
{
    FA_LIST_EACH(node, &work->runs) {
        struct fa__tcp_run *run = fa__tcp_run_of(node);
        if (run->state == FA__TCP_RUN_SACKED) {
            run->resent = true;
            set_state(work, run, FA__TCP_RUN_LOST);
        }
    }
}
