// SPDX-License-Identifier: ISC
//
// The SACK blocks that we report (RFC 2018): the last ones that grew, newest first, and in front of
// them what came twice (RFC 2883). Blocks that four others have pushed out are not reported any
// more, though the bytes are kept.

#include "tcp_priv.h"

static bool touches(const struct fa_tcp_sack *a, const struct fa_tcp_sack *b)
{
    return fa__seq_leq(a->from, b->to) && fa__seq_leq(b->from, a->to);
}

void fa__tcp_sack_kept(struct fa_tcp_conn *conn, uint32_t from, uint32_t to)
{
    struct fa__tcp_work *work = conn->sack_ok ? fa__tcp_work_get(conn) : NULL;
    if (work == NULL) {
        return;
    }
    struct fa_tcp_sack block = {from, to};
    struct fa_tcp_sack old[FA_TCP_SACK_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < work->block_count; i++) {
        const struct fa_tcp_sack *other = &work->blocks[i];
        if (touches(&block, other)) {
            block.from = fa__seq_lt(other->from, block.from) ? other->from : block.from;
            block.to = fa__seq_max(block.to, other->to);
        } else {
            old[count++] = *other;
        }
    }
    work->blocks[0] = block;
    work->block_count = (uint8_t)fa_min(count + 1, FA_TCP_SACK_MAX);
    fa_copy(work->blocks + 1, old, (work->block_count - 1u) * sizeof old[0]);
}

void fa__tcp_sack_twice(struct fa_tcp_conn *conn, uint32_t from, uint32_t to)
{
    bool on = conn->sack_ok && fa__tcp_uses(conn->tcp, FA_TCP_DSACK);
    struct fa__tcp_work *work = on ? fa__tcp_work_get(conn) : NULL;
    if (work == NULL || from == to) {
        return;
    }
    if (work->has_dsack && work->dsack.to == from) {
        work->dsack.to = to; // one ACK answers the burst
        return;
    }
    work->has_dsack = true;
    work->dsack = (struct fa_tcp_sack){from, to};
}

void fa__tcp_sack_trim(struct fa_tcp_conn *conn)
{
    struct fa__tcp_work *work = conn->work;
    unsigned count = 0;
    if (work == NULL) {
        return;
    }
    for (unsigned i = 0; i < work->block_count; i++) {
        if (fa__seq_lt(conn->rcv_nxt, work->blocks[i].from) && !fa_list_empty(&conn->ooo)) {
            work->blocks[count++] = work->blocks[i];
        }
    }
    work->block_count = (uint8_t)count;
}

unsigned fa__tcp_sack_count(const struct fa_tcp_conn *conn)
{
    const struct fa__tcp_work *work = conn->work;
    unsigned max = FA_TCP_SACK_MAX - (conn->ts_ok ? 1u : 0u);
    return work == NULL ? 0 : (unsigned)fa_min(work->block_count + work->has_dsack, max);
}

void fa__tcp_sack_fill(struct fa_tcp_conn *conn, struct fa_tcp_header *header)
{
    struct fa__tcp_work *work = conn->work;
    unsigned count = fa__tcp_sack_count(conn);
    unsigned idx = 0;
    header->sack_count = (uint8_t)count;
    if (count != 0 && work->has_dsack) {
        header->sacks[idx++] = work->dsack;
        work->has_dsack = false;
    }
    for (unsigned i = 0; idx < count; i++) {
        header->sacks[idx++] = work->blocks[i];
    }
}
