// SPDX-License-Identifier: ISC
//
// The flow suite on pipes. TCP's run is in test/unit, beside the stacks it needs.

#include "fa/pipe.h"
#include "test/conform/flow_conform.h"
#include "test/t.h"

enum {
    CAP_MAX = 64 * 1024,
};

static struct fa_pipe pipe;
static uint8_t memory[2 * CAP_MAX];

static bool open_pipe(void *ctx, struct fa_flow *ret_flows[2])
{
    const size_t *cap = ctx;
    fa_pipe_init(&pipe, memory, *cap);
    ret_flows[0] = fa_pipe_flow(&pipe, 0);
    ret_flows[1] = fa_pipe_flow(&pipe, 1);
    return true;
}

static void pump_nothing(void *ctx)
{
    (void)ctx;
}

static void close_pipe(void *ctx)
{
    (void)ctx;
    CHECK(fa_pipe_is_over(&pipe));
}

static void run_suite(size_t cap)
{
    conform_flow(&(struct conform_flow_target){
        .open = open_pipe, .pump = pump_nothing, .close = close_pipe, .ctx = &cap});
}

T(pipe_of_64_kib_conforms)
{
    run_suite(CAP_MAX);
}

T(pipe_of_1_kib_conforms)
{
    run_suite(1024);
}
