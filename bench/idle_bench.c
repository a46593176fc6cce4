// SPDX-License-Identifier: ISC
//
// bench/idle_bench.c: what a turn costs a stack on which nothing happens, however many connections
// are open: 100 and 10,000 against one.

#include <stdio.h>
#include <stdlib.h>

#include "bench/payload.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "fa/vnet.h"

enum {
    CONN_MAX = 16384,
    POOL_BUFS = 16384,
    PORT = 7,
    TURNS = 400 * 1000,
};

static struct side {
    struct fa_vnet_port port;
    struct fa_stack stack;
    struct fa_pool pool;
    struct fa_counters counters;
    struct fa_tcp_listener listener;
    uint32_t buckets[CONN_MAX];
    _Alignas(64) uint8_t conns[CONN_MAX * FA_TCP_CONN_BYTES];
    _Alignas(64) uint8_t memory[(size_t)POOL_BUFS * FA_BUF_SIZE];
} sides[2];

static struct fa_vnet wire;
static struct fa_vnet_mac macs[16];
static fa_ns now;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "idle_bench: %s\n", what);
        exit(1);
    }
}

static void open_side(size_t idx)
{
    struct side *side = &sides[idx];
    fa_pool_init(&side->pool, side->memory, sizeof side->memory, FA_BUF_SIZE);
    fa_vnet_port_open(&wire, &side->port,
        &(struct fa_vnet_port_config){.name = "p", .pool = &side->pool, .rx_count_max = 4096});
    const struct fa_stack_config config = {
        .iface_count = 1,
        .ifaces[0] = {.dev = &side->port.dev,
            .ip = fa_ip4(10, 0, 0, (uint8_t)(idx + 1)),
            .prefix_bits = 24},
        .pool = &side->pool,
        .counters = &side->counters,
        .seed = idx + 1,
        .tcp = {.conn_memory = side->conns,
            .conn_count_max = CONN_MAX,
            .bucket_memory = side->buckets,
            .bucket_count = CONN_MAX},
    };
    fa_stack_init(&side->stack, &config, now);
    const struct fa_tcp_listen_config listen = {.port = PORT, .backlog_max = 1024};
    must(fa_tcp_listen(&side->stack.tcp, &side->listener, &listen) == FA_OK, "cannot listen");
}

/* Turn both until neither has anything to do at this moment. */
static void settle(void)
{
    bool any = true;
    while (any) {
        any = fa_stack_poll(&sides[0].stack, now);
        any = fa_stack_poll(&sides[1].stack, now) || any;
    }
}

/* Open connections until there are `count`, and let every timer of theirs run out. */
static void open_conns(size_t count)
{
    static size_t open_count;
    const struct fa_endpoint to = {.ip = fa_ip4(10, 0, 0, 2), .port = PORT};
    struct fa_flow *flow;
    for (; open_count < count; open_count++) {
        must(fa_stack_connect(&sides[0].stack, &to, &flow) == FA_OK, "cannot connect");
        settle();
        must(fa_listener_accept(&sides[1].listener.listener, &flow) == FA_OK, "not accepted");
        now += 10 * FA_NS_US;
    }
    for (int i = 0; i < 200; i++) {
        now += FA_NS_S;
        settle();
    }
    must(sides[1].stack.tcp.live_count == count, "connections were lost");
}

/* Nanoseconds of one turn of the accepting side. */
static double time_turn(void)
{
    double best = 1e9;
    for (int round = 0; round < 5; round++) {
        double start = bench_cpu_s();
        uint64_t sum = 0;
        for (int i = 0; i < TURNS; i++) {
            now += 100;
            sum += fa_stack_poll(&sides[1].stack, now);
            sum += fa_stack_deadline(&sides[1].stack) < now;
        }
        bench_use(sum);
        double each = (bench_cpu_s() - start) * 1e9 / TURNS;
        best = each < best ? each : best;
    }
    return best;
}

int fa_main(void)
{
    (void)fa_log_levels_set(FA_LIT("*:error"), NULL);
    fa_vnet_init(&wire, &(struct fa_vnet_config){.macs = macs, .mac_count = FA_COUNT_OF(macs)});
    now = FA_NS_S;
    open_side(0);
    open_side(1);
    open_conns(1);
    double one = time_turn();
    static const size_t counts[] = {100, 10000};
    for (size_t i = 0; i < FA_COUNT_OF(counts); i++) {
        open_conns(counts[i]);
        printf("{\"area\":\"net\",\"name\":\"idle_turn_%zu_conns\",\"unit\":\"ns\",\"ours\":%g,"
               "\"peer_name\":\"ours with 1\",\"peer\":%g,\"bar\":%g,\"better\":\"lower\"}\n",
            counts[i], time_turn(), one, 1 / 1.2);
    }
    return 0;
}
