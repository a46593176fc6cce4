// SPDX-License-Identifier: ISC
//
// bench/conns_bench.c: what a packet costs among many idle connections, and what an idle one costs.
//
// Two stacks over a switch hold 1, then 1,000, 100,000 and 1,000,000 established connections; 64
// bytes go there and back over one of them, at the end over all of them in a mixed order. A row's
// peer is the same with one connection alone, so that its ratio tells what the others cost.
// Acknowledgements are delayed by 100 us instead of 40 ms, or with a million talkers a hundred
// thousand segments would wait for theirs. With one talker the next ping carries them; with a
// million each answer is acknowledged by a packet of its own: three packets a ping, all of which
// count.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/payload.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "fa/vnet.h"

enum {
    CONN_MAX = 1000000,
    BUCKETS = 1 << 20,
    POOL_BUFS = 4096,
    LISTENERS = 40, /* ports of the server: a client has 32,768 for each */
    PORT = 7,
    PING_LEN = 64,
    PINGS = 100000,
    OPEN_BATCH = 64,
    BURST = 32,
    STRIDE = 7919, /* between connections of a burst: none shares a page with another */
};

static struct side {
    struct fa_vnet_port port;
    struct fa_stack stack;
    struct fa_pool pool;
    struct fa_counters counters;
    struct fa_tcp_listener listeners[LISTENERS];
    uint32_t *buckets;
    uint8_t *conns;
    _Alignas(64) uint8_t memory[POOL_BUFS * FA_BUF_SIZE];
} sides[2];

static struct fa_vnet wire;
static struct fa_vnet_mac macs[16];
static struct fa_flow *flows[CONN_MAX][2]; /* the client's and the server's end of each */
static uint64_t sum;
static fa_ns now;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "conns_bench: %s\n", what);
        exit(1);
    }
}

/* Memory that is touched only as far as it is used. */
static void *map(size_t len)
{
    void *at =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(at != MAP_FAILED, "no memory");
    (void)madvise(at, len, MADV_HUGEPAGE); // where the system has large pages to give
    return at;
}

/* Bytes of this process in memory. */
static double resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    must(file != NULL && fscanf(file, "%*s %ld", &pages) == 1, "cannot read /proc/self/statm");
    fclose(file);
    return (double)pages * 4096;
}

static void open_side(size_t idx)
{
    struct side *side = &sides[idx];
    side->buckets = map(BUCKETS * sizeof side->buckets[0]);
    side->conns = map((size_t)CONN_MAX * FA_TCP_CONN_BYTES);
    fa_pool_init(&side->pool, side->memory, sizeof side->memory, FA_BUF_SIZE);
    fa_vnet_port_open(&wire, &side->port,
        &(struct fa_vnet_port_config){
            .name = idx == 0 ? "a" : "b", .rx_count_max = 1024, .pool = &side->pool});
    fa_stack_init(&side->stack,
        &(struct fa_stack_config){
            .iface_count = 1,
            .ifaces[0] = {.dev = &side->port.dev,
                .ipv6_off = true,
                .ip = fa_ip4(10, 0, 0, (uint8_t)(1 + idx)),
                .prefix_bits = 24},
            .pool = &side->pool,
            .counters = &side->counters,
            .seed = 1 + idx,
            .tcp = {.conn_memory = side->conns,
                .conn_count_max = CONN_MAX,
                .bucket_memory = side->buckets,
                .bucket_count = BUCKETS,
                .features_off = FA_TCP_TIMESTAMPS,
                .delayed_ack_ns = 100 * FA_NS_US},
        },
        now);
    for (uint16_t i = 0; i < LISTENERS; i++) {
        const struct fa_tcp_listen_config listen = {
            .port = PORT + i, .backlog_max = 1024, .half_open_max = 1024};
        must(fa_tcp_listen(&side->stack.tcp, &side->listeners[i], &listen) == FA_OK, "no listener");
    }
}

static void turn_from(size_t first)
{
    now = fa_clock_mono_ns();
    (void)fa_stack_poll(&sides[first].stack, now); // whether there was work: the callers see
    (void)fa_stack_poll(&sides[1 - first].stack, now);
}

/* Open connections number `from` to `to`, some at a time. */
static void open_flows(size_t from, size_t to)
{
    for (size_t i = from; i < to;) {
        size_t end = fa_min(to, i + OPEN_BATCH);
        size_t which = i / OPEN_BATCH % LISTENERS;
        const struct fa_endpoint remote = {fa_ip4(10, 0, 0, 2), (uint16_t)(PORT + which)};
        for (size_t k = i; k < end; k++) {
            must(fa_stack_connect(&sides[0].stack, &remote, &flows[k][0]) == FA_OK, "no connect");
        }
        struct fa_listener *listener = &sides[1].listeners[which].listener;
        unsigned turns = 0;
        for (size_t k = i; k < end;) {
            struct fa_flow *flow;
            turn_from(0);
            must(turns++ < 1000, "connections do not open");
            while (k < end && fa_listener_accept(listener, &flow) == FA_OK) {
                flows[k++][1] = flow;
            }
        }
        i = end;
    }
    turn_from(0);
}

static void write_ping(struct fa_flow *from)
{
    uint8_t *at;
    size_t cap;
    must(fa_flow_reserve(from, &at, &cap) == FA_OK && cap >= PING_LEN, "no room for a ping");
    bench_fill(at, PING_LEN, sum);
    fa_flow_commit(from, PING_LEN);
}

/* Read the ping that `side` has sent. */
static void read_ping(size_t side, struct fa_flow *to)
{
    struct fa_slice seen;
    unsigned turns = 0;
    while (fa_flow_peek(to, &seen) != FA_OK) { // delayed acknowledgements of others went first
        turn_from(side);
        must(turns++ < 1000, "a ping is lost");
    }
    must(seen.len == PING_LEN, "a ping is cut");
    sum += bench_sum(seen.at, seen.len);
    fa_flow_done(to, seen.len);
}

static void pass(size_t side, struct fa_flow *from, struct fa_flow *to)
{
    write_ping(from);
    turn_from(side);
    read_ping(side, to);
}

/* Packets that both stacks have received. */
static double count_packets(void)
{
    return (double)sides[0].counters.cell[FA_COUNTER_net_rx_frames] +
           (double)sides[1].counters.cell[FA_COUNTER_net_rx_frames];
}

/* Pings over `count` connections in a mixed order. Returns: ns of processor time a packet. */
static double run_pings(size_t count, size_t pings)
{
    double before = count_packets();
    double start = bench_cpu_s();
    uint64_t mixed = 1;
    for (size_t i = 0; i < pings; i++) {
        mixed = mixed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t k = (size_t)((mixed >> 33) % count);
        pass(0, flows[k][0], flows[k][1]);
        pass(1, flows[k][1], flows[k][0]);
    }
    return (bench_cpu_s() - start) / (count_packets() - before) * 1e9;
}

/* The same with a burst of pings over as many connections, of `count`, under way at once. Returns:
 * ns a packet; *ret_data: a packet with data, as if nobody had to acknowledge the last of them. */
static double run_bursts(size_t count, size_t pings, double *ret_data)
{
    double before = count_packets();
    double start = bench_cpu_s();
    uint64_t mixed = 1;
    for (size_t done = 0; done < pings; done += BURST) {
        size_t first = (size_t)((mixed >> 33) % (count - BURST * STRIDE));
        mixed = mixed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        for (size_t from = 0; from < 2; from++) {
            for (size_t i = 0; i < BURST; i++) {
                write_ping(flows[first + i * STRIDE][from]);
            }
            turn_from(from);
            for (size_t i = 0; i < BURST; i++) {
                read_ping(from, flows[first + i * STRIDE][1 - from]);
            }
        }
    }
    double took = bench_cpu_s() - start;
    *ret_data = took / (double)pings / 2 * 1e9;
    return took / (count_packets() - before) * 1e9;
}

static void print_row(const char *name, const char *unit, double ours, const char *peer, double bar)
{
    printf("{\"area\":\"net\",\"name\":\"%s\",\"unit\":\"%s\",\"ours\":%.6g,%s,\"bar\":%.6g,"
           "\"better\":\"lower\"}\n",
        name, unit, ours, peer, bar);
}

/* Beside the one that was alone. */
static void measure(const char *name, double ours, double alone, double bar)
{
    char peer[64];
    snprintf(peer, sizeof peer, "\"peer_name\":\"one conn.\",\"peer\":%.6g", alone);
    print_row(name, "ns/packet", ours, peer, bar);
}

int fa_main(void)
{
    static const struct {
        const char *name;
        size_t count;
    } steps[] = {{"tcp_among_1k", 1000}, {"tcp_among_100k", 100000}, {"tcp_among_1m", CONN_MAX}};
    if (fa_plat_arg(1).at != NULL) {
        return 0; // no instructions to count: what it shows is caches
    }
    fa_log_levels[FA_LOG_SOURCE_net] = FA_LOG_QUIET;
    now = fa_clock_mono_ns();
    fa_vnet_init(&wire, &(struct fa_vnet_config){.macs = macs, .mac_count = FA_COUNT_OF(macs)});
    open_side(0);
    open_side(1);
    open_flows(0, 1);
    (void)run_pings(1, PINGS);
    double alone = run_pings(1, PINGS);
    double before = resident_bytes();
    size_t open = 1;
    for (size_t i = 0; i < FA_COUNT_OF(steps); i++) {
        open_flows(open, steps[i].count);
        open = steps[i].count;
        (void)run_pings(1, PINGS / 10);
        measure(steps[i].name, run_pings(1, PINGS), alone, 1 / 1.1);
    }
    double grown = resident_bytes() - before - (double)sizeof flows;
    print_row(
        "tcp_conn_resident", "B", grown / 2 / CONN_MAX, "\"peer_name\":null,\"peer\":null", 512);
    measure("tcp_spread_one_by_one", run_pings(CONN_MAX, PINGS), alone, 0);
    double data;
    measure("tcp_spread_1m", run_bursts(CONN_MAX, PINGS, &data), alone, 1 / 3.0);
    measure("tcp_spread_1m_data", data, alone, 0);
    bench_use(sum);
    return 0;
}
