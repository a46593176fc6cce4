// SPDX-License-Identifier: ISC
//
// bench/tap_bench.c: bulk TCP between our stack on a tap interface and the kernel behind it, for
// bench/veth_bench.py: tap_bench INTERFACE to|from SECONDS. The kernel's end is a second process
// that writes or reads as fast as it can. Prints Gbit/s by the clock on the wall; without arguments
// nothing, for it needs a namespace.

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/payload.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "fa/tap.h"

enum {
    CONN_MAX = 16,
    BUF_SIZE = FA_TAP_SUPER_SIZE,
    BUF_COUNT = 512,
    PORT = 5201,
    WINDOW = 2 << 20,
    CHUNK = 256 << 10,
};

static struct fa_tap tap;
static struct fa_stack stack;
static struct fa_pool pool;
static uint32_t buckets[CONN_MAX];
static _Alignas(64) uint8_t conns[CONN_MAX * FA_TCP_CONN_BYTES];
static _Alignas(64) uint8_t memory[(size_t)BUF_COUNT * BUF_SIZE];
static uint8_t chunk[CHUNK];
static uint64_t sum;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "tap_bench: %s\n", what);
        exit(1);
    }
}

/* ---- the kernel's end ---- */

static int listen_kernel(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int yes = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    must(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0, "cannot listen");
    return fd;
}

/* Take one connection; read all it brings, or write until it is gone. */
static void serve_kernel(int listener, bool reads)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = accept(listener, NULL, NULL);
    ssize_t len = 1;
    uint64_t off = 0;
    while (fd >= 0 && len > 0) {
        if (reads) {
            len = read(fd, chunk, sizeof chunk);
            sum += len > 0 ? bench_sum(chunk, (size_t)len) : 0;
        } else {
            bench_fill(chunk, sizeof chunk, off);
            len = send(fd, chunk, sizeof chunk, MSG_NOSIGNAL);
            off += len > 0 ? (uint64_t)len : 0;
        }
    }
    bench_use(sum);
    _exit(0);
}

/* ---- ours ---- */

static void open_stack(const char *name)
{
    const char *reason = "";
    fa_pool_init(&pool, memory, sizeof memory, BUF_SIZE);
    must(fa_tap_open(&tap, &(struct fa_tap_config){.name = name, .pool = &pool, .offload = true},
             &reason) == FA_OK,
        reason);
    fa_stack_init(&stack,
        &(struct fa_stack_config){
            .iface_count = 1,
            .ifaces[0] =
                {.dev = &tap.dev, .ipv6_off = true, .ip = fa_ip4(10, 9, 0, 2), .prefix_bits = 24},
            .pool = &pool,
            .tcp = {.conn_memory = conns,
                .conn_count_max = CONN_MAX,
                .bucket_memory = buckets,
                .bucket_count = CONN_MAX,
                .rx_window_bytes = WINDOW,
                .tx_buffer_bytes = WINDOW},
        },
        fa_clock_mono_ns());
}

/* Write or read what can be. Returns: how many bytes. */
static uint64_t work(struct fa_flow *flow, bool writes, uint64_t off)
{
    uint64_t before = off;
    uint8_t *at;
    size_t cap;
    struct fa_slice seen;
    while (writes && fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        bench_fill(at, cap, off);
        fa_flow_commit(flow, cap);
        off += cap;
    }
    while (!writes && fa_flow_peek(flow, &seen) == FA_OK) {
        sum += bench_sum(seen.at, seen.len);
        off += seen.len;
        fa_flow_done(flow, seen.len);
    }
    return off - before;
}

static double run(bool writes, double seconds)
{
    struct fa_flow *flow;
    const struct fa_endpoint remote = {fa_ip4(10, 9, 0, 1), PORT};
    uint64_t bytes = 0;
    fa_ns start = fa_clock_mono_ns();
    fa_ns now = start;
    must(fa_stack_connect(&stack, &remote, &flow) == FA_OK, "cannot connect");
    while ((double)(now - start) < seconds * 1e9) {
        now = fa_clock_mono_ns();
        bool busy = fa_stack_poll(&stack, now);
        uint64_t moved = work(flow, writes, bytes);
        bytes += moved;
        if (!busy && moved == 0) {
            fa_plat_wait(fa_ns_min(fa_stack_deadline(&stack), fa_ns_after(now, FA_NS_MS)));
        }
    }
    fa_flow_abort(flow);
    (void)fa_stack_poll(&stack, now); // the reset
    return (double)bytes * 8 / (double)(now - start);
}

int fa_main(void)
{
    struct fa_slice name = fa_plat_arg(1);
    bool writes = fa_slice_equal(fa_plat_arg(2), FA_LIT("to"));
    struct fa_slice seconds = fa_plat_arg(3);
    if (seconds.at == NULL) {
        return 0;
    }
    fa_log_levels[FA_LOG_SOURCE_net] = FA_LOG_QUIET;
    int listener = listen_kernel();
    pid_t peer = fork();
    must(peer >= 0, "cannot fork");
    if (peer == 0) {
        serve_kernel(listener, writes);
    }
    open_stack((const char *)name.at);
    double rate = run(writes, strtod((const char *)seconds.at, NULL));
    printf("%.6g\n", rate);
    bench_use(sum);
    fa_stack_stop(&stack);
    fa_netdev_close(&tap.dev);
    (void)kill(peer, SIGKILL); // it may wait for room that nobody will make
    (void)waitpid(peer, NULL, 0);
    return 0;
}
