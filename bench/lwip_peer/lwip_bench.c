// SPDX-License-Identifier: ISC
//
// bench/lwip_peer/lwip_bench.c: lwIP against itself over a wire in memory, one thread, both ends.
//
// One lwIP instance has two Ethernet interfaces that talk through a wire which copies each frame
// once and verifies one in 64. It does what bench/tcp_bench.c does with Fata's stack and prints
// the same rows with lwIP's figures, for tools/bench to join. Built once per frame and window size.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/payload.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

enum {
    WIRE_FRAMES = 4096, /* power of two; more than any window holds */
    CHUNK_LEN = (BENCH_MTU > 1500 ? 2 : 8) * TCP_MSS,
    RING_LEN =
        (BENCH_WINDOW / CHUNK_LEN + 3) * CHUNK_LEN, /* what may be unacknowledged, and more */
    PORT = 7,
    PING_LEN = 64,
};

/* Frames on their way to one of the interfaces. */
struct wire {
    struct pbuf *frames[WIRE_FRAMES];
    unsigned head;
    unsigned tail;
    struct netif *to;
};

static struct netif sides[2];
static struct wire wires[2]; /* wires[i] leads to sides[i] */
static uint64_t frame_count;
static uint64_t drop_count;
static uint64_t bad_count;

/* One connection with both its ends, and what has passed. */
static struct {
    struct tcp_pcb *client;
    struct tcp_pcb *server;
    bool connected;
    bool echo;
    uint64_t sent_bytes;
    uint64_t received_bytes;
    uint64_t replied_bytes;
    uint64_t sum;
} flow;

static uint8_t ring[RING_LEN];

u32_t sys_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (u32_t)((uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000);
}

static err_t send_frame(struct netif *from, struct pbuf *frame)
{
    struct wire *wire = &wires[from == &sides[0] ? 1 : 0];
    struct pbuf *copy = pbuf_alloc(PBUF_RAW, frame->tot_len, PBUF_POOL);
    if (copy == NULL || wire->tail - wire->head == WIRE_FRAMES) {
        drop_count++;
        if (copy != NULL) {
            pbuf_free(copy);
        }
        return ERR_OK;
    }
    pbuf_copy_partial(frame, copy->payload, frame->tot_len, 0);
    if (++frame_count % BENCH_VERIFY_EVERY == 0 &&
        !bench_frame_good(copy->payload, copy->tot_len)) {
        bad_count++;
    }
    wire->frames[wire->tail++ % WIRE_FRAMES] = copy;
    return ERR_OK;
}

static err_t init_side(struct netif *side)
{
    side->output = etharp_output;
    side->linkoutput = send_frame;
    side->mtu = BENCH_MTU;
    side->hwaddr_len = 6;
    memcpy(side->hwaddr, "\x02\0\0\0\0", 6);
    side->hwaddr[5] = (u8_t)(1 + (side == &sides[1]));
    side->name[0] = 'b';
    side->name[1] = 'n';
    side->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

/* Deliver what is on both wires, then let timers run. */
static void turn(void)
{
    for (int i = 0; i < 2; i++) {
        struct wire *wire = &wires[i];
        unsigned end = wire->tail;
        while (wire->head != end) {
            struct pbuf *frame = wire->frames[wire->head++ % WIRE_FRAMES];
            wire->to->input(frame, wire->to);
        }
    }
    sys_check_timeouts();
}

static err_t server_received(void *ctx, struct tcp_pcb *pcb, struct pbuf *data, err_t err)
{
    (void)ctx;
    (void)err;
    if (data == NULL) {
        flow.server = NULL;
        return tcp_close(pcb);
    }
    for (struct pbuf *part = data; part != NULL; part = part->next) {
        flow.sum += bench_sum(part->payload, part->len);
    }
    flow.received_bytes += data->tot_len;
    tcp_recved(pcb, data->tot_len);
    if (flow.echo) {
        (void)tcp_write(pcb, data->payload, data->len, TCP_WRITE_FLAG_COPY);
        (void)tcp_output(pcb);
    }
    pbuf_free(data);
    return ERR_OK;
}

static err_t client_received(void *ctx, struct tcp_pcb *pcb, struct pbuf *data, err_t err)
{
    (void)ctx;
    (void)err;
    if (data == NULL) {
        return ERR_OK;
    }
    flow.sum += bench_sum(data->payload, data->len);
    flow.replied_bytes += data->tot_len;
    tcp_recved(pcb, data->tot_len);
    pbuf_free(data);
    return ERR_OK;
}

static err_t accept_connection(void *ctx, struct tcp_pcb *pcb, err_t err)
{
    (void)ctx;
    (void)err;
    flow.server = pcb;
    tcp_recv(pcb, server_received);
    tcp_nagle_disable(pcb);
    return ERR_OK;
}

static err_t note_connected(void *ctx, struct tcp_pcb *pcb, err_t err)
{
    (void)ctx;
    (void)pcb;
    (void)err;
    flow.connected = true;
    return ERR_OK;
}

static void open_flow(bool echo)
{
    memset(&flow, 0, sizeof flow);
    flow.echo = echo;
    flow.client = tcp_new();
    if (flow.client == NULL) {
        fprintf(stderr, "lwip_bench: no free connection\n");
        exit(1);
    }
    tcp_bind_netif(flow.client, &sides[0]);
    tcp_recv(flow.client, client_received);
    tcp_nagle_disable(flow.client);
    (void)tcp_connect(flow.client, &sides[1].ip_addr, PORT, note_connected);
    while (!flow.connected || flow.server == NULL) {
        turn();
    }
}

/* Close from the client's side and wait until the server's end is gone. */
static void close_flow(void)
{
    (void)tcp_close(flow.client);
    while (
        flow.server != NULL || wires[0].head != wires[0].tail || wires[1].head != wires[1].tail) {
        turn();
    }
}

/* Write fresh bytes as long as the connection takes whole chunks. */
static void send_bulk(u8_t flags)
{
    bool wrote = false;
    while (tcp_sndbuf(flow.client) >= CHUNK_LEN &&
           tcp_sndqueuelen(flow.client) + 4 * 8 < TCP_SND_QUEUELEN) {
        uint8_t *at = flags == 0 ? ring + flow.sent_bytes % RING_LEN : ring;
        bench_fill(at, CHUNK_LEN, flow.sent_bytes);
        if (tcp_write(flow.client, at, CHUNK_LEN, flags) != ERR_OK) {
            break;
        }
        flow.sent_bytes += CHUNK_LEN;
        wrote = true;
    }
    if (wrote) {
        (void)tcp_output(flow.client);
    }
}

/* Returns: Gbit/s of processor time. */
static double run_bulk(u8_t flags, uint64_t bytes)
{
    open_flow(false);
    double start = bench_cpu_s();
    while (flow.received_bytes < bytes) {
        send_bulk(flags);
        turn();
    }
    double took = bench_cpu_s() - start;
    while (flow.received_bytes < flow.sent_bytes) {
        turn();
    }
    close_flow();
    return (double)bytes * 8 / took / 1e9;
}

/* Returns: round trips of 64 bytes a second. */
static double run_ping(uint64_t count)
{
    uint8_t ping[PING_LEN];
    open_flow(true);
    double start = bench_cpu_s();
    for (uint64_t i = 0; i < count; i++) {
        bench_fill(ping, sizeof ping, i);
        (void)tcp_write(flow.client, ping, sizeof ping, TCP_WRITE_FLAG_COPY);
        (void)tcp_output(flow.client);
        while (flow.replied_bytes < (i + 1) * PING_LEN) {
            turn();
        }
    }
    double took = bench_cpu_s() - start;
    close_flow();
    return (double)count / took;
}

/* Returns: connections opened, with a request and its answer, and closed, a second. */
static double run_request(uint64_t count)
{
    uint8_t request[PING_LEN];
    double start = bench_cpu_s();
    for (uint64_t i = 0; i < count; i++) {
        open_flow(true);
        bench_fill(request, sizeof request, i);
        (void)tcp_write(flow.client, request, sizeof request, TCP_WRITE_FLAG_COPY);
        (void)tcp_output(flow.client);
        while (flow.replied_bytes < PING_LEN) {
            turn();
        }
        close_flow();
    }
    return (double)count / (bench_cpu_s() - start);
}

/* Half of the segments by each way to send. Returns: the better figure. */
static double run_bulk_best(uint64_t segments)
{
    double copying = run_bulk(TCP_WRITE_FLAG_COPY, segments / 2 * TCP_MSS);
    double lending = run_bulk(0, segments / 2 * TCP_MSS);
    return copying > lending ? copying : lending;
}

static const struct row {
    const char *name;
    const char *unit;
    double (*run)(uint64_t count);
    uint64_t count;       /* to take the time of */
    uint64_t count_short; /* to count the instructions of */
} rows[] = {
#if BENCH_MTU == 1500
    {"tcp_bulk_1500", "Gbit/s", run_bulk_best, 600000, 2000},
#else
    {"tcp_bulk_9000", "Gbit/s", run_bulk_best, 200000, 2000},
#endif
#if BENCH_MTU == 1500 && BENCH_WINDOW_KIB == 64
    {"tcp_ping_64", "rtt/s", run_ping, 200000, 1000},
    {"tcp_request", "conn/s", run_request, 50000, 500},
#endif
};

static void print_row(const struct row *row)
{
    printf("{\"area\":\"net\",\"name\":\"%s\",\"unit\":\"%s\",\"ours\":null,"
           "\"peer_name\":\"lwIP 2.1.3\",\"peer\":%.6g,\"bar\":null,\"better\":\"higher\","
           "\"peer_count\":%llu}\n",
        row->name, row->unit, row->run(row->count), (unsigned long long)row->count_short);
}

/* Without arguments, take the time of every row; with a row's name and a count, do that much of it
 * for a counter of instructions. */
int main(int argc, char **argv)
{
    lwip_init();
    for (int i = 0; i < 2; i++) {
        ip4_addr_t address;
        ip4_addr_t mask;
        ip4_addr_t gateway = {0};
        IP4_ADDR(&address, 10, 0, 0, (u8_t)(1 + i));
        IP4_ADDR(&mask, 255, 255, 255, 0);
        wires[i].to = &sides[i];
        netif_add(&sides[i], &address, &mask, &gateway, NULL, init_side, ethernet_input);
        netif_set_up(&sides[i]);
    }
    struct tcp_pcb *listener = tcp_new();
    tcp_bind_netif(listener, &sides[1]);
    (void)tcp_bind(listener, IP_ANY_TYPE, PORT);
    listener = tcp_listen(listener);
    tcp_accept(listener, accept_connection);

    (void)run_bulk(TCP_WRITE_FLAG_COPY, 100 * TCP_MSS); /* ARP */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (argc < 3) {
            print_row(&rows[i]);
        } else if (strcmp(argv[1], rows[i].name) == 0) {
            (void)rows[i].run(strtoull(argv[2], NULL, 10));
        }
    }
    bench_use(flow.sum);
    if (drop_count != 0 || bad_count != 0) {
        fprintf(stderr, "lwip_bench: %llu frames dropped, %llu wrong\n",
            (unsigned long long)drop_count, (unsigned long long)bad_count);
        return 1;
    }
    return 0;
}
