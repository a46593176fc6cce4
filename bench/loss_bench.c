// SPDX-License-Identifier: ISC
//
// bench/loss_bench.c: goodput of one bulk connection over a path that loses at random, in virtual
// time: two stacks on a switch in memory, a fault wrapper before each. The same arguments give the
// same figures, on any machine.
//
//     loss_bench [loss per million, of what carries data] [round trip in ms] [seed] [seconds]
//     [rate, Mbit/s]

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/payload.h"
#include "fa/fault.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "fa/vnet.h"

enum {
    CONN_MAX = 16,
    POOL_BUFS = 32768,
    PORT = 7,
    WINDOW = 6 * 1024 * 1024, /* bytes, as Linux's tcp_rmem and tcp_wmem allow at most */
};

static struct side {
    struct fa_vnet_port port;
    struct fa_fault fault;
    struct fa_stack stack;
    struct fa_pool pool;
    struct fa_counters counters;
    struct fa_tcp_listener listener;
    uint32_t buckets[CONN_MAX];
    _Alignas(64) uint8_t conns[CONN_MAX * FA_TCP_CONN_BYTES];
    _Alignas(64) uint8_t memory[POOL_BUFS * FA_BUF_SIZE];
} sides[2];

static struct fa_vnet wire;
static struct fa_vnet_mac macs[16];
static fa_ns now = FA_NS_S;

struct path {
    uint32_t loss_per_million;
    fa_ns round_trip_ns;
    uint64_t seed;
    fa_ns duration_ns;
    uint64_t rate_bytes_per_s;
};

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "loss_bench: %s\n", what);
        exit(1);
    }
}

/* Each side delays what it sends; that of the sender loses some of it. */
static void open_side(unsigned idx, const struct path *path)
{
    struct side *side = &sides[idx];
    fa_pool_init(&side->pool, side->memory, sizeof side->memory, FA_BUF_SIZE);
    fa_vnet_port_open(&wire, &side->port,
        &(struct fa_vnet_port_config){
            .name = idx == 0 ? "a" : "b", .rx_count_max = POOL_BUFS / 2, .pool = &side->pool});
    fa_fault_wrap(&side->fault, &side->port.dev,
        &(struct fa_fault_wrap_config){
            .seed = path->seed * 2 + idx,
            .held_count_max = POOL_BUFS / 2,
            .counters = &side->counters,
            .tx = {.delay_ns = path->round_trip_ns / 2,
                .loss_per_million = idx == 0 ? path->loss_per_million : 0,
                .rate_bytes_per_s = path->rate_bytes_per_s,
                .burst_bytes = 16384,
                .queue_bytes = path->rate_bytes_per_s / 8},
        });
    fa_stack_init(&side->stack,
        &(struct fa_stack_config){
            .iface_count = 1,
            .ifaces[0] = {.dev = &side->fault.dev,
                .ip = fa_ip4(10, 0, 0, (uint8_t)(1 + idx)),
                .prefix_bits = 24},
            .pool = &side->pool,
            .counters = &side->counters,
            .seed = path->seed * 2 + idx + 1,
            .tcp = {.conn_memory = side->conns,
                .conn_count_max = CONN_MAX,
                .bucket_memory = side->buckets,
                .bucket_count = CONN_MAX,
                .rx_window_bytes = WINDOW,
                .tx_buffer_bytes = WINDOW},
        },
        now);
    const struct fa_tcp_listen_config listen = {.port = PORT};
    must(fa_tcp_listen(&side->stack.tcp, &side->listener, &listen) == FA_OK, "cannot listen");
}

static void turn(void)
{
    fa_ns next = FA_NS_NEVER;
    for (int i = 0; i < 2; i++) {
        while (fa_stack_poll(&sides[i].stack, now)) {
        }
    }
    for (int i = 0; i < 2; i++) {
        next = fa_ns_min(next, fa_stack_deadline(&sides[i].stack));
        next = fa_ns_min(next, fa_netdev_deadline(&sides[i].fault.dev));
    }
    must(next != FA_NS_NEVER, "nothing will ever happen");
    now = fa_max(now + 1, next);
}

static void write_all(struct fa_flow *flow, uint64_t *off)
{
    uint8_t *at;
    size_t cap;
    while (fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        bench_fill(at, cap, *off);
        fa_flow_commit(flow, cap);
        *off += cap;
    }
}

static uint64_t read_all(struct fa_flow *flow)
{
    struct fa_slice seen;
    uint64_t len = 0;
    while (fa_flow_peek(flow, &seen) == FA_OK) {
        len += seen.len;
        fa_flow_done(flow, seen.len);
    }
    return len;
}

static uint64_t count(unsigned idx, enum fa_counter_id id)
{
    return sides[idx].counters.cell[id];
}

static void run(const struct path *path)
{
    struct fa_flow *client;
    struct fa_flow *server = NULL;
    uint64_t sent = 0;
    uint64_t received = 0;
    fa_vnet_init(&wire, &(struct fa_vnet_config){.macs = macs, .mac_count = FA_COUNT_OF(macs)});
    open_side(0, path);
    open_side(1, path);
    const struct fa_endpoint remote = {fa_ip4(10, 0, 0, 2), PORT};
    must(fa_stack_connect(&sides[0].stack, &remote, &client) == FA_OK, "cannot connect");
    fa_ns until = FA_NS_NEVER;
    while (now < until) {
        turn();
        if (server == NULL && fa_listener_accept(&sides[1].listener.listener, &server) == FA_OK) {
            until = now + path->duration_ns;
        }
        write_all(client, &sent);
        received += server != NULL ? read_all(server) : 0;
    }
    double seconds = (double)path->duration_ns / 1e9;
    printf("{\"loss_per_million\":%" PRIu32 ",\"rtt_ms\":%" PRIu64 ",\"seed\":%" PRIu64
           ",\"mbit_per_s\":%.3f,\"retransmits\":%" PRIu64 ",\"recoveries\":%" PRIu64
           ",\"timeouts\":%" PRIu64 ",\"probes\":%" PRIu64 ",\"undone\":%" PRIu64 "}\n",
        path->loss_per_million, path->round_trip_ns / FA_NS_MS, path->seed,
        (double)received * 8 / seconds / 1e6, count(0, FA_COUNTER_tcp_retransmit),
        count(0, FA_COUNTER_tcp_fast_retransmit), count(0, FA_COUNTER_tcp_timeout),
        count(0, FA_COUNTER_tcp_loss_probe), count(0, FA_COUNTER_tcp_undo));
}

static uint64_t arg(size_t idx, uint64_t otherwise)
{
    struct fa_slice text = fa_plat_arg(idx);
    return text.at == NULL ? otherwise : strtoull((const char *)text.at, NULL, 10);
}

int fa_main(void)
{
    fa_log_levels[FA_LOG_SOURCE_net] = FA_LOG_QUIET; // standard output is for the figures
    const struct path path = {
        .loss_per_million = (uint32_t)arg(1, 10000),
        .round_trip_ns = arg(2, 50) * FA_NS_MS,
        .seed = arg(3, 1),
        .duration_ns = arg(4, 60) * FA_NS_S,
        .rate_bytes_per_s = arg(5, 0) * 1000000 / 8,
    };
    run(&path);
    return 0;
}
