// SPDX-License-Identifier: ISC
//
// The flow suite on TCP connections.

#include "test/t.h"
#include "fa/plat.h"
#include "test/conform/flow_conform.h"
#include "test/unit/tcp_pair.h"

static struct pair_config wire;

static bool open_tcp(void *ctx, struct fa_flow *ret_flows[2])
{
    (void)ctx;
    pair_init(&wire);
    pair.now = fa_clock_mono_ns();
    return pair_open(ret_flows);
}

static void pump_tcp(void *ctx)
{
    (void)ctx;
    pair_pump(fa_max(fa_clock_mono_ns(), pair.now));
}

static void close_tcp(void *ctx)
{
    (void)ctx;
    pair_end(200 * FA_NS_S);
}

static void run_suite(void)
{
    conform_flow(&(struct conform_flow_target){
        .open = open_tcp, .pump = pump_tcp, .close = close_tcp, .ctx = NULL});
}

T(tcp_conforms)
{
    wire = (struct pair_config){.seed = 1};
    run_suite();
}

T(tcp_with_small_buffers_conforms)
{
    wire =
        (struct pair_config){.seed = 2, .tcp.rx_window_bytes = 4000, .tcp.tx_buffer_bytes = 3000};
    run_suite();
}
