// SPDX-License-Identifier: ISC
//
// pipe.c: a pair of flows over two rings. A reset throws away what had not been read, as TCP does.

#include "fa/pipe.h"
#include "fa/fmt.h"

static struct fa_pipe_end *find_end(struct fa_flow *flow)
{
    struct fa_pipe_end *end = FA_CONTAINER(flow, struct fa_pipe_end, flow);
    FA_ASSERT(!end->closed);
    return end;
}

static void tell(struct fa_pipe_end *end, unsigned events)
{
    if (!end->closed && end->flow.watch != NULL) {
        end->flow.watch->fn(end->flow.watch, events);
    }
}

static fa_err peek_pipe(struct fa_flow *flow, struct fa_slice *ret_bytes)
{
    struct fa_pipe_end *end = find_end(flow);
    if (end->broken) {
        return FA_ERESET;
    }
    struct fa_slice bytes = fa_ring_peek(&end->received);
    if (bytes.len == 0) {
        return end->other->shut ? FA_ECLOSED : FA_AGAIN;
    }
    end->lent_len = bytes.len;
    *ret_bytes = bytes;
    return FA_OK;
}

static void done_pipe(struct fa_flow *flow, size_t len)
{
    struct fa_pipe_end *end = find_end(flow);
    FA_ASSERT(len <= end->lent_len);
    end->lent_len -= len;
    fa_ring_done(&end->received, len);
    if (len != 0) {
        tell(end->other, FA_FLOW_WRITABLE);
    }
}

static fa_err reserve_pipe(struct fa_flow *flow, uint8_t **ret_at, size_t *ret_cap)
{
    struct fa_pipe_end *end = find_end(flow);
    if (end->broken) {
        return FA_ERESET;
    }
    if (end->shut) {
        return FA_ECLOSED;
    }
    if (end->other->closed) {
        return FA_ERESET; // nobody will ever read it
    }
    uint8_t *at;
    size_t room = fa_ring_reserve(&end->other->received, &at);
    if (room == 0) {
        return FA_AGAIN;
    }
    end->reserved_len = room;
    *ret_at = at;
    *ret_cap = room;
    return FA_OK;
}

static void commit_pipe(struct fa_flow *flow, size_t len)
{
    struct fa_pipe_end *end = find_end(flow);
    FA_ASSERT(len <= end->reserved_len);
    FA_ASSERT(!end->shut || len == 0);
    end->reserved_len = 0;
    if (len != 0) {
        fa_ring_commit(&end->other->received, len);
        tell(end->other, FA_FLOW_READABLE);
    }
}

static fa_err shutdown_pipe(struct fa_flow *flow)
{
    struct fa_pipe_end *end = find_end(flow);
    if (end->broken) {
        return FA_ERESET;
    }
    end->shut = true;
    tell(end->other, FA_FLOW_READABLE);
    return FA_OK;
}

static void leave_pipe(struct fa_pipe_end *end, bool breaks_off)
{
    end->shut = true;
    end->closed = true;
    end->other->broken |= breaks_off;
    tell(end->other, FA_FLOW_READABLE | FA_FLOW_WRITABLE);
}

static void close_pipe(struct fa_flow *flow)
{
    struct fa_pipe_end *end = find_end(flow);
    leave_pipe(end, fa_ring_len(&end->received) != 0);
}

static void abort_pipe(struct fa_flow *flow)
{
    leave_pipe(find_end(flow), true);
}

static size_t name_peer(const struct fa_flow *flow, char *at, size_t cap)
{
    const struct fa_pipe_end *end = FA_CONTAINER(flow, struct fa_pipe_end, flow);
    return fa_fmt(at, cap, "pipe:%d", end->other > end ? 1 : 0);
}

static const struct fa_flow_ops pipe_ops = {
    .peek = peek_pipe,
    .done = done_pipe,
    .reserve = reserve_pipe,
    .commit = commit_pipe,
    .shutdown = shutdown_pipe,
    .close = close_pipe,
    .abort = abort_pipe,
    .peer = name_peer,
};

void fa_pipe_init(struct fa_pipe *pipe, uint8_t *memory, size_t cap)
{
    for (size_t idx = 0; idx < FA_COUNT_OF(pipe->ends); idx++) {
        struct fa_pipe_end *end = &pipe->ends[idx];
        *end = (struct fa_pipe_end){
            .flow = {.ops = &pipe_ops},
            .other = &pipe->ends[1 - idx],
        };
        fa_ring_init(&end->received, memory + idx * cap, cap);
    }
}
