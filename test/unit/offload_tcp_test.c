// SPDX-License-Identifier: ISC
//
// TCP that leaves checksums and cutting to its card: over a switch that hands super-segments on,
// over cards that cut and join in software, with losses, and to ourselves.

#include "fa/fault.h"
#include "fa/gso.h"
#include "fa/stack.h"
#include "fa/vnet.h"
#include "test/t.h"

enum {
    BYTES = 3 << 20,
    CONN_COUNT = 8,
    SMALL_COUNT = 1024,
    LARGE_COUNT = 128,
    PORT = 7,
};

/* A station: a port, perhaps faults, perhaps software offload, a stack. */
static struct end {
    struct fa_vnet_port port;
    struct fa_fault fault;
    struct fa_gso gso;
    struct fa_stack stack;
    struct fa_pool pool;
    struct fa_pool large;
    struct fa_counters counters;
    struct fa_tcp_listener listener;
    uint32_t buckets[CONN_COUNT];
    _Alignas(64) uint8_t conns[CONN_COUNT * FA_TCP_CONN_BYTES];
    _Alignas(64) uint8_t memory[SMALL_COUNT * FA_BUF_SIZE];
    _Alignas(64) uint8_t large_memory[LARGE_COUNT * FA_GSO_BUF_SIZE];
} ends[2];

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[8];
static fa_ns now;

/* How the ends are made. */
struct way {
    uint8_t switch_offload; /* what the switch hands on */
    bool large_ports;       /* the ports' buffers hold super-segments */
    bool gso[2];            /* an end has software offload */
    bool join;
    uint32_t loss_per_million;
};

static void open_end(unsigned idx, const struct way *way)
{
    struct end *end = &ends[idx];
    end->counters = (struct fa_counters){};
    fa_pool_init(&end->pool, end->memory, sizeof end->memory, FA_BUF_SIZE);
    fa_pool_init(&end->large, end->large_memory, sizeof end->large_memory, FA_GSO_BUF_SIZE);
    fa_vnet_port_open(&vnet, &end->port,
        &(struct fa_vnet_port_config){.name = idx == 0 ? "a" : "b",
            .pool = way->large_ports ? &end->large : &end->pool,
            .rx_count_max = 1000});
    struct fa_netdev *dev = &end->port.dev;
    if (way->loss_per_million != 0) {
        fa_fault_wrap(&end->fault, dev,
            &(struct fa_fault_wrap_config){
                .seed = 1 + idx, .tx.loss_per_million = way->loss_per_million});
        dev = &end->fault.dev;
    }
    if (way->gso[idx]) {
        fa_gso_wrap(&end->gso,
            &(struct fa_gso_config){
                .inner = dev, .pool = &end->large, .join = way->join, .counters = &end->counters});
        dev = &end->gso.dev;
    }
    fa_stack_init(&end->stack,
        &(struct fa_stack_config){
            .iface_count = 1,
            .ifaces[0] = {.dev = dev,
                .ip = fa_ip4(10, 0, 0, (uint8_t)(1 + idx)),
                .prefix_bits = 24},
            .pool = way->large_ports ? &end->large : &end->pool,
            .counters = &end->counters,
            .seed = 1 + idx,
            .tcp = {.conn_memory = end->conns,
                .conn_count_max = CONN_COUNT,
                .bucket_memory = end->buckets,
                .bucket_count = CONN_COUNT,
                .rx_window_bytes = 512 << 10,
                .tx_buffer_bytes = 512 << 10},
        },
        now);
    const struct fa_tcp_listen_config listen = {.port = PORT};
    REQUIRE(fa_tcp_listen(&end->stack.tcp, &end->listener, &listen) == FA_OK);
}

/* Let both work; when neither has anything to do, time passes. */
static void turn(void)
{
    bool busy = fa_stack_poll(&ends[0].stack, now);
    busy = fa_stack_poll(&ends[1].stack, now) || busy;
    if (!busy) {
        fa_ns next =
            fa_ns_min(fa_stack_deadline(&ends[0].stack), fa_stack_deadline(&ends[1].stack));
        now = next != FA_NS_NEVER && next > now ? next : now + FA_NS_US;
    }
}

static uint8_t byte_at(uint64_t off)
{
    return (uint8_t)(off * 31 + off / 253);
}

static uint64_t write_some(struct fa_flow *flow, uint64_t off)
{
    uint8_t *at;
    size_t cap;
    while (off < BYTES && fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        cap = fa_min(cap, BYTES - off);
        for (size_t i = 0; i < cap; i++) {
            at[i] = byte_at(off + i);
        }
        fa_flow_commit(flow, cap);
        off += cap;
    }
    return off;
}

static uint64_t read_some(struct fa_flow *flow, uint64_t off)
{
    struct fa_slice seen;
    while (fa_flow_peek(flow, &seen) == FA_OK) {
        for (size_t i = 0; i < seen.len; i++) {
            if (seen.at[i] != byte_at(off + i)) {
                t_fail(__FILE__, __LINE__, "byte %llu differs", (unsigned long long)(off + i));
                return BYTES;
            }
        }
        off += seen.len;
        fa_flow_done(flow, seen.len);
    }
    return off;
}

/* Bytes there and back at once, from a to `remote`, whose listener is `acceptor`'s. */
static void transfer(const struct fa_endpoint *remote, struct end *acceptor)
{
    struct fa_flow *client;
    struct fa_flow *server = NULL;
    uint64_t sent[2] = {0};
    uint64_t received[2] = {0};
    REQUIRE(fa_stack_connect(&ends[0].stack, remote, &client) == FA_OK);
    for (uint32_t i = 0; i < 1000 && server == NULL; i++) {
        turn();
        (void)fa_listener_accept(&acceptor->listener.listener, &server);
    }
    REQUIRE(server != NULL);
    uint32_t turns = 0;
    while ((received[0] < BYTES || received[1] < BYTES) && turns++ < 400000) {
        sent[0] = write_some(client, sent[0]);
        sent[1] = write_some(server, sent[1]);
        turn();
        received[1] = read_some(server, received[1]);
        received[0] = read_some(client, received[0]);
    }
    CHECK_EQ(received[0], BYTES);
    CHECK_EQ(received[1], BYTES);
    fa_flow_abort(client);
    fa_flow_abort(server);
    turn();
}

static void open_ends(const struct way *way)
{
    now = FA_NS_S;
    fa_vnet_init(&vnet,
        &(struct fa_vnet_config){.macs = macs, .mac_count = 8, .offload = way->switch_offload});
    open_end(0, way);
    open_end(1, way);
}

static void close_ends(void)
{
    for (unsigned i = 0; i < 2; i++) {
        fa_stack_stop(&ends[i].stack);
        fa_netdev_close(ends[i].stack.config.ifaces[0].dev);
        CHECK_EQ(ends[i].pool.used_count, 0);
        CHECK_EQ(ends[i].large.used_count, 0);
        CHECK_EQ(FA_COUNTER_VALUE(&ends[i].counters, tcp_rx_bad_checksum), 0);
        CHECK_EQ(FA_COUNTER_VALUE(&ends[i].counters, netdev_tx_offload), 0);
    }
}

static void run(const struct way *way)
{
    const struct fa_endpoint remote = {fa_ip4(10, 0, 0, 2), PORT};
    open_ends(way);
    transfer(&remote, &ends[1]);
}

static long long frames_of(unsigned idx)
{
    return (long long)FA_COUNTER_VALUE(&ends[idx].counters, net_tx_frames);
}

enum { BOTH4 = FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_TSO4 };

T(super_segments_cross_a_switch_that_hands_them_on)
{
    run(&(struct way){.switch_offload = BOTH4, .large_ports = true});
    CHECK(frames_of(0) < BYTES / 8000);
    close_ends();
}

T(checksums_alone_may_be_left_undone)
{
    run(&(struct way){.switch_offload = FA_OFFLOAD_CSUM_NEEDED});
    CHECK(frames_of(0) > BYTES / 1460);
    close_ends();
}

T(software_cuts_what_the_card_cannot)
{
    run(&(struct way){.gso = {true, true}});
    CHECK(FA_COUNTER_VALUE(&ends[0].counters, netdev_gso_cut) > 30);
    close_ends();
}

T(software_joins_what_was_cut)
{
    run(&(struct way){.gso = {true, true}, .join = true});
    CHECK(FA_COUNTER_VALUE(&ends[1].counters, netdev_gro_joined) > BYTES / 1460 / 4);
    close_ends();
}

T(one_end_with_and_one_without_understand_each_other)
{
    run(&(struct way){.gso = {true, false}});
    close_ends();
    run(&(struct way){.gso = {false, true}, .join = true});
    close_ends();
}

T(losses_among_cut_and_joined_segments_are_repaired)
{
    run(&(struct way){.gso = {true, true}, .join = true, .loss_per_million = 10000});
    CHECK(FA_COUNTER_VALUE(&ends[0].counters, tcp_retransmit) > 0);
    close_ends();
}

T(to_ourselves_nothing_has_to_be_summed)
{
    const struct fa_endpoint self = {fa_ip4(10, 0, 0, 1), PORT};
    open_ends(&(struct way){.switch_offload = BOTH4, .large_ports = true});
    transfer(&self, &ends[0]);
    close_ends();
}
