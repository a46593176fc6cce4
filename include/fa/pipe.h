// SPDX-License-Identifier: ISC
//
// fa/pipe.h: two flows joined back to back in memory.
//
// What is committed at one end is there to be read at the other at once. For tests, for two parts
// of one image that speak a stream protocol, and for conduit's `pipe` endpoints. Passes
// test/conform/flow_conform.c; tested by test/unit/pipe_test.c.
//
//     static uint8_t memory[2 * 4096];
//     fa_pipe_init(&pipe, memory, 4096);
//     serve(fa_pipe_flow(&pipe, 0));
//     FA_TRY(fa_flow_write_all(fa_pipe_flow(&pipe, 1), FA_LIT("GET /"), deadline));

#ifndef FA_PIPE_H
#define FA_PIPE_H

#include "fa/base.h"
#include "fa/flow.h"
#include "fa/ring.h"

/* One end. Private. */
struct fa_pipe_end {
    struct fa_flow flow;
    struct fa_pipe_end *other;
    struct fa_ring received; /* on its way from the other end to this one */
    size_t lent_len;         /* bytes seen by peek and not yet done */
    size_t reserved_len;     /* bytes of room lent by reserve and not yet committed */
    bool shut;               /* it will send no more */
    bool broken;             /* the other end broke off */
    bool closed;             /* given back */
};

/* Pinned. Zeroed memory is not a pipe. */
struct fa_pipe {
    struct fa_pipe_end ends[2];
};

/*
 * Join two ends, both open.
 *
 * Owns:   borrows 2 * cap bytes at `memory` until both ends are closed or aborted.
 * Limits: each way holds `cap` bytes, a power of two.
 */
void fa_pipe_init(struct fa_pipe *pipe, uint8_t *memory, size_t cap);

/* End 0 or 1 as a flow. */
static inline struct fa_flow *fa_pipe_flow(struct fa_pipe *pipe, size_t end)
{
    FA_ASSERT(end < FA_COUNT_OF(pipe->ends));
    return &pipe->ends[end].flow;
}

/* Whether both ends were given back, so that the memory may be used again. */
static inline bool fa_pipe_is_over(const struct fa_pipe *pipe)
{
    return pipe->ends[0].closed && pipe->ends[1].closed;
}

#endif
