// SPDX-License-Identifier: ISC
//
// bench/tcp_bench.c: two stacks over a switch in memory, one thread, both ends: bulk, round trips,
// connections with a request. bench/lwip_peer/lwip_bench.c does the same work with lwIP; the rules
// of both are in bench/payload.h. The switch copies each frame once; one in 64 is verified on the
// way, or, where no frame has a checksum, as the bytes it brought.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/payload.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "fa/vnet.h"

enum {
    CONN_MAX = 1024,
    POOL_BYTES = 64 << 20, /* touched as far as it is used */
    RX_FRAMES = 4096,      /* more than any window holds */
    PORT = 7,
    PING_LEN = 64,
    KIB = 1024,
    SUPER = FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_TSO4,
};

/* What a bulk transfer goes over. */
struct path {
    uint16_t mtu_bytes;
    uint16_t buf_size;
    uint8_t offload; /* what the switch hands across undone */
    uint32_t window_bytes;
};

/* One end: a port of the switch, seen through a check of one frame in 64, and a stack on it. */
static struct side {
    struct fa_netdev checked; /* first */
    struct fa_vnet_port port;
    struct fa_stack stack;
    struct fa_pool pool;
    struct fa_counters counters;
    struct fa_tcp_listener listener;
    uint32_t buckets[CONN_MAX];
    _Alignas(64) uint8_t conns[CONN_MAX * FA_TCP_CONN_BYTES];
    _Alignas(64) uint8_t memory[POOL_BYTES];
} sides[2];

static struct fa_vnet wire;
static struct fa_vnet_mac macs[16];
static uint64_t frame_count;
static uint64_t peek_count;
static uint64_t bad_count;
static uint64_t sum;
static fa_ns now;

/* ---- the device that looks ---- */

static struct fa_netdev *inner(struct fa_netdev *dev)
{
    return &FA_CONTAINER(dev, struct side, checked)->port.dev;
}

static size_t rx(struct fa_netdev *dev, fa_ns at, struct fa_buf **ret_bufs, size_t count_max)
{
    size_t count = fa_netdev_rx(inner(dev), at, ret_bufs, count_max);
    for (size_t i = 0; i < count; i++) {
        struct fa_slice frame = fa_buf_slice(ret_bufs[i]);
        bool whole = (ret_bufs[i]->offload.flags & FA_OFFLOAD_CSUM_NEEDED) == 0;
        if (++frame_count % BENCH_VERIFY_EVERY == 0 && whole &&
            !bench_frame_good(frame.at, frame.len)) {
            bad_count++;
        }
    }
    return count;
}

static fa_err tx_reserve(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    return fa_netdev_tx_reserve(inner(dev), ret_buf);
}

static void tx_commit(struct fa_netdev *dev, fa_ns at, struct fa_buf *take)
{
    fa_netdev_tx_commit(inner(dev), at, take);
}

static void tx_flush(struct fa_netdev *dev, fa_ns at)
{
    fa_netdev_tx_flush(inner(dev), at);
}

static fa_ns deadline(const struct fa_netdev *dev)
{
    return fa_netdev_deadline(&FA_CONTAINER(dev, const struct side, checked)->port.dev);
}

static void close_dev(struct fa_netdev *dev)
{
    fa_netdev_close(inner(dev));
}

static const struct fa_netdev_ops checked_ops = {
    .rx = rx,
    .tx_reserve = tx_reserve,
    .tx_commit = tx_commit,
    .tx_flush = tx_flush,
    .deadline = deadline,
    .close = close_dev,
};

/* ---- two stacks ---- */

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "tcp_bench: %s\n", what);
        exit(1);
    }
}

static void open_side(size_t idx, const struct path *path)
{
    struct side *side = &sides[idx];
    side->counters = (struct fa_counters){0};
    fa_pool_init(&side->pool, side->memory, sizeof side->memory, path->buf_size);
    fa_vnet_port_open(&wire, &side->port,
        &(struct fa_vnet_port_config){.name = idx == 0 ? "a" : "b",
            .mtu_bytes = path->mtu_bytes,
            .rx_count_max = RX_FRAMES,
            .pool = &side->pool});
    side->checked = (struct fa_netdev){.ops = &checked_ops, .info = side->port.dev.info};
    fa_stack_init(&side->stack,
        &(struct fa_stack_config){
            .iface_count = 1,
            .ifaces[0] = {.dev = &side->checked,
                .ipv6_off = true,
                .ip = fa_ip4(10, 0, 0, (uint8_t)(1 + idx)),
                .prefix_bits = 24},
            .pool = &side->pool,
            .counters = &side->counters,
            .seed = 1 + idx,
            .tcp = {.features_off = FA_TCP_TIMESTAMPS, // lwIP's are off, too
                .conn_memory = side->conns,
                .conn_count_max = CONN_MAX,
                .bucket_memory = side->buckets,
                .bucket_count = CONN_MAX,
                .rx_window_bytes = path->window_bytes,
                .tx_buffer_bytes = path->window_bytes},
        },
        now);
    const struct fa_tcp_listen_config listen = {.port = PORT};
    must(fa_tcp_listen(&side->stack.tcp, &side->listener, &listen) == FA_OK, "cannot listen");
}

static void open_sides(const struct path *path)
{
    fa_vnet_init(
        &wire, &(struct fa_vnet_config){
                   .macs = macs, .mac_count = FA_COUNT_OF(macs), .offload = path->offload});
    for (size_t i = 0; i < 2; i++) {
        open_side(i, path);
    }
}

/* One turn of a loop that drives both stacks, the one that has something to say first. It reads the
 * clock once, as that of an image does, and as lwIP's turn does. */
static void turn_from(size_t first)
{
    now = fa_clock_mono_ns();
    (void)fa_stack_poll(&sides[first].stack, now); // whether there was work: the callers see
    (void)fa_stack_poll(&sides[1 - first].stack, now);
}

static void turn(void)
{
    turn_from(0);
}

static void close_sides(void)
{
    for (size_t i = 0; i < 2; i++) {
        fa_stack_stop(&sides[i].stack);
        fa_netdev_close(&sides[i].checked);
        must(sides[i].pool.used_count == 0, "a buffer is lost");
    }
}

/* ---- connections ---- */

static struct fa_flow *open_client(void)
{
    struct fa_flow *flow;
    const struct fa_endpoint remote = {fa_ip4(10, 0, 0, 2), PORT};
    must(fa_stack_connect(&sides[0].stack, &remote, &flow) == FA_OK, "cannot connect");
    return flow;
}

static struct fa_flow *accept_server(void)
{
    struct fa_flow *flow;
    while (fa_listener_accept(&sides[1].listener.listener, &flow) != FA_OK) {
        turn();
    }
    return flow;
}

/* Write fresh bytes as long as there is room. Returns: how many in all. */
static uint64_t write_fresh(struct fa_flow *flow, uint64_t off)
{
    uint8_t *at;
    size_t cap;
    while (fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        cap -= cap % 8; // so that every byte is known by its place
        bench_fill(at, cap, off);
        fa_flow_commit(flow, cap);
        off += cap;
        if (cap == 0) {
            break;
        }
    }
    return off;
}

/* Read all there is. Returns: how many bytes in all. */
static uint64_t read_all(struct fa_flow *flow, uint64_t off, bool verify)
{
    struct fa_slice seen;
    while (fa_flow_peek(flow, &seen) == FA_OK) {
        sum += bench_sum(seen.at, seen.len);
        if (verify && ++peek_count % BENCH_VERIFY_EVERY == 0 &&
            !bench_bytes_good(seen.at, seen.len, off)) {
            bad_count++;
        }
        off += seen.len;
        fa_flow_done(flow, seen.len);
    }
    return off;
}

/* Returns: Gbit/s of processor time. */
static double run_bulk(const struct path *path, uint64_t segments)
{
    open_sides(path);
    struct fa_flow *client = open_client();
    struct fa_flow *server = accept_server();
    uint64_t bytes = segments * (path->mtu_bytes - 40u);
    uint64_t sent = 0;
    uint64_t received = 0;
    double start = bench_cpu_s();
    while (received < bytes) {
        sent = write_fresh(client, sent);
        turn();
        received = read_all(server, received, path->offload != 0);
    }
    double took = bench_cpu_s() - start;
    fa_flow_abort(client);
    fa_flow_abort(server);
    close_sides();
    return (double)bytes * 8 / took / 1e9;
}

static double bulk_1500(uint32_t window_kib, uint64_t segments)
{
    return run_bulk(&(struct path){1500, FA_BUF_SIZE, 0, window_kib * KIB}, segments);
}

static double run_bulk_1500(uint64_t segments)
{
    return bulk_1500(64, segments);
}

static double run_bulk_256k(uint64_t segments)
{
    return bulk_1500(256, segments);
}

static double run_bulk_1024k(uint64_t segments)
{
    return bulk_1500(1024, segments);
}

static double run_bulk_4096k(uint64_t segments)
{
    return bulk_1500(4096, segments);
}

static double run_bulk_9000(uint64_t segments)
{
    return run_bulk(&(struct path){9000, 9280, 0, 256 * KIB}, segments);
}

/* Segments of up to 64 KiB, cut by nobody, summed by nobody: they never leave this memory. */
static double run_super(uint64_t segments)
{
    return run_bulk(&(struct path){1500, 65536 - 64, SUPER, 1024 * KIB}, segments);
}

/* Send a ping from a side and wait until the other has it. */
static void send_ping(size_t side, struct fa_flow *from, struct fa_flow *to, uint64_t mark)
{
    uint8_t *at;
    size_t cap;
    must(fa_flow_reserve(from, &at, &cap) == FA_OK && cap >= PING_LEN, "no room for a ping");
    bench_fill(at, PING_LEN, mark);
    fa_flow_commit(from, PING_LEN);
    uint64_t received = 0;
    while (received < PING_LEN) {
        turn_from(side);
        received = read_all(to, received, false);
    }
}

static const struct path short_path = {1500, FA_BUF_SIZE, 0, 64 * KIB};

/* Returns: round trips of 64 bytes a second. */
static double run_ping(uint64_t count)
{
    open_sides(&short_path);
    struct fa_flow *client = open_client();
    struct fa_flow *server = accept_server();
    double start = bench_cpu_s();
    for (uint64_t i = 0; i < count; i++) {
        send_ping(0, client, server, i);
        send_ping(1, server, client, i);
    }
    double took = bench_cpu_s() - start;
    fa_flow_abort(client);
    fa_flow_abort(server);
    close_sides();
    return (double)count / took;
}

/* Returns: connections opened, with a request and its answer, and closed, a second. The client
 * closes first; its TIME_WAITs give way to one another. */
static double run_request(uint64_t count)
{
    open_sides(&short_path);
    struct fa_slice seen;
    double start = bench_cpu_s();
    for (uint64_t i = 0; i < count; i++) {
        struct fa_flow *client = open_client();
        struct fa_flow *server = accept_server();
        send_ping(0, client, server, i);
        send_ping(1, server, client, i);
        fa_flow_close(client);
        while (fa_flow_peek(server, &seen) == FA_AGAIN) {
            turn();
        }
        fa_flow_close(server);
        while (sides[1].stack.tcp.live_count != 0) {
            turn();
        }
    }
    double took = bench_cpu_s() - start;
    close_sides();
    return (double)count / took;
}

static const struct row {
    const char *name;
    const char *unit;
    double (*run)(uint64_t count);
    double (*run_peer)(uint64_t count); /* NULL: another program's */
    const char *peer_name;
    uint64_t count;       /* to take the time of */
    uint64_t count_short; /* to count the instructions of; 0: none */
    double bar;           /* least ratio to the peer */
} rows[] = {
    {"tcp_bulk_1500", "Gbit/s", run_bulk_1500, NULL, NULL, 600000, 2000, 1.5},
    {"tcp_bulk_9000", "Gbit/s", run_bulk_9000, NULL, NULL, 200000, 2000, 1.5},
    {"tcp_super_switch", "Gbit/s", run_super, NULL, NULL, 4000000, 20000, 1.5},
    {"tcp_window_256k", "Gbit/s", run_bulk_256k, run_bulk_1500, "64 KiB", 600000, 0, 0.85},
    {"tcp_window_1024k", "Gbit/s", run_bulk_1024k, run_bulk_1500, "64 KiB", 600000, 0, 0.85},
    {"tcp_window_4096k", "Gbit/s", run_bulk_4096k, run_bulk_1500, "64 KiB", 600000, 0, 0.85},
    {"tcp_ping_64", "rtt/s", run_ping, NULL, NULL, 200000, 1000, 1.5},
    {"tcp_request", "conn/s", run_request, NULL, NULL, 50000, 500, 1.5},
};

static void print_row(const struct row *row)
{
    char peer[64] = "\"peer_name\":null,\"peer\":null";
    if (row->run_peer != NULL) {
        snprintf(peer, sizeof peer, "\"peer_name\":\"%s\",\"peer\":%.6g", row->peer_name,
            row->run_peer(row->count));
    }
    printf("{\"area\":\"net\",\"name\":\"%s\",\"unit\":\"%s\",\"ours\":%.6g,%s,"
           "\"bar\":%g,\"better\":\"higher\",\"count\":%" PRIu64 "}\n",
        row->name, row->unit, row->run(row->count), peer, row->bar, row->count_short);
}

/* Without arguments, take the time of every row; with a row's name and a count, do that much of it
 * for a counter of instructions. */
int fa_main(void)
{
    struct fa_slice name = fa_plat_arg(1);
    struct fa_slice count = fa_plat_arg(2);
    fa_log_levels[FA_LOG_SOURCE_net] = FA_LOG_QUIET; // standard output is for the rows
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        if (count.at == NULL) {
            print_row(&rows[i]);
        } else if (fa_slice_equal(name, fa_slice_of(rows[i].name))) {
            (void)rows[i].run(strtoull((const char *)count.at, NULL, 10));
        }
    }
    bench_use(sum);
    must(bad_count == 0, "a frame is wrong");
    return 0;
}
