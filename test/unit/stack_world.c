// SPDX-License-Identifier: ISC
//
// The stations and their wire.

#include "test/unit/stack_world.h"

#include "fa/log.h"
#include "fa/wire/udp.h"
#include "test/netcap.h"
#include "test/t.h"

enum {
    MAC_COUNT = 16,
    STEP_COUNT_MAX = 100000, // polls of one settling: more is a loop without an end
};

struct world world;
static struct fa_vnet_mac macs[MAC_COUNT];
static _Alignas(64) uint8_t large_memory[3][WORLD_LARGE_COUNT * FA_REASS_LARGE_BUF_SIZE];
static _Alignas(64) uint8_t pool_memory[3][WORLD_BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t conn_memory[2][WORLD_CONN_COUNT * FA_TCP_CONN_BYTES];
static uint32_t buckets[2][WORLD_CONN_COUNT];

static void plug_in(struct station *station, const char *name, uint8_t *memory, uint8_t *large)
{
    station->counters = (struct fa_counters){0};
    fa_pool_init(&station->pool, memory, sizeof pool_memory[0], FA_BUF_SIZE);
    fa_pool_init(&station->large, large, sizeof large_memory[0], FA_REASS_LARGE_BUF_SIZE);
    struct fa_vnet_port_config config = {.name = name, .pool = &station->pool};
    fa_vnet_port_open(&world.vnet, &station->port, &config);
    station->dev = netcap_wrap(&station->port.dev);
    station->stack.poller.ops = NULL; // not started
}

void world_open_wire(void)
{
    world.now = 1000 * FA_NS_S;
    fa_log_levels[FA_LOG_SOURCE_net] = FA_LOG_QUIET;
    fa_log_levels[FA_LOG_SOURCE_dhcp] = FA_LOG_QUIET;
    fa_vnet_init(&world.vnet, &(struct fa_vnet_config){.macs = macs, .mac_count = MAC_COUNT});
    plug_in(&world.a, "a", pool_memory[0], large_memory[0]);
    plug_in(&world.b, "b", pool_memory[1], large_memory[1]);
    plug_in(&world.m, "m", pool_memory[2], large_memory[2]);
}

static struct fa_tcp_config tcp_config(int idx)
{
    return (struct fa_tcp_config){
        .conn_memory = conn_memory[idx],
        .conn_count_max = WORLD_CONN_COUNT,
        .bucket_memory = buckets[idx],
        .bucket_count = WORLD_CONN_COUNT,
    };
}

struct fa_tcp_config world_tcp_config(void)
{
    return tcp_config(0);
}

struct fa_stack_config world_config(struct station *station, uint32_t ip)
{
    struct fa_stack_config config = {
        .iface_count = 1,
        .ifaces[0] = {.dev = station->dev, .dhcp = ip == 0, .ipv6_off = true, .hostname = "guest"},
        .pool = &station->pool,
        .reass.large_pool = &station->large,
        .counters = &station->counters,
        .seed = 7,
        .tcp = tcp_config(station == &world.a ? 0 : 1),
    };
    if (ip != 0) {
        config.ifaces[0].ip = fa_ip4_ip(ip);
        config.ifaces[0].prefix_bits = 24;
    }
    return config;
}

void world_start(struct station *station, uint32_t ip)
{
    struct fa_stack_config config = world_config(station, ip);
    fa_stack_init(&station->stack, &config, world.now);
}

void world_open(void)
{
    world_open_wire();
    world_start(&world.a, WORLD_A);
    world_start(&world.b, WORLD_B);
    world_run(10 * FA_NS_S);
    world_sniff_nothing();
}

static bool runs(const struct station *station)
{
    return station->stack.poller.ops != NULL;
}

void world_settle(void)
{
    bool busy = true;
    for (int i = 0; busy; i++) {
        busy = runs(&world.a) && fa_stack_poll(&world.a.stack, world.now);
        busy = (runs(&world.b) && fa_stack_poll(&world.b.stack, world.now)) || busy;
        if (i == STEP_COUNT_MAX) {
            t_fail(__FILE__, __LINE__, "the stacks do not come to rest");
            return;
        }
    }
}

void world_run(fa_ns duration)
{
    fa_ns end = world.now + duration;
    for (int i = 0; i < STEP_COUNT_MAX; i++) {
        world_settle();
        fa_ns next = FA_NS_NEVER;
        if (runs(&world.a)) {
            next = fa_ns_min(next, fa_stack_deadline(&world.a.stack));
        }
        if (runs(&world.b)) {
            next = fa_ns_min(next, fa_stack_deadline(&world.b.stack));
        }
        if (next >= end) {
            world.now = end;
            return;
        }
        world.now = next > world.now ? next : world.now;
    }
    t_fail(__FILE__, __LINE__, "the stacks ask to be polled without an end");
}

static void unplug(struct station *station)
{
    if (runs(station)) {
        fa_stack_stop(&station->stack);
        station->stack.poller.ops = NULL;
    }
    fa_netdev_close(station->dev);
    CHECK_EQ(station->pool.used_count, 0);
    CHECK_EQ(station->large.used_count, 0);
}

void world_close(void)
{
    unplug(&world.a);
    unplug(&world.b);
    unplug(&world.m);
}

static void send_frame(struct fa_buf *take, const uint8_t *target_mac, uint16_t type)
{
    struct fa_eth_header eth = {.type = type};
    fa_copy(eth.target, target_mac, FA_MAC_LEN);
    fa_copy(eth.source, world.m.dev->info.mac, FA_MAC_LEN);
    fa_eth_encode(fa_buf_push(take, FA_ETH_HDR_LEN), &eth);
    fa_netdev_tx_commit(world.m.dev, world.now, take);
    fa_netdev_tx_flush(world.m.dev, world.now);
}

void world_inject_frame(const uint8_t *target_mac, uint16_t type, struct fa_slice payload)
{
    struct fa_buf *buf = NULL;
    CHECK(fa_netdev_tx_reserve(world.m.dev, &buf) == FA_OK);
    fa_copy(fa_buf_append(buf, payload.len), payload.at, payload.len);
    send_frame(buf, target_mac, type);
}

void world_inject(const uint8_t *target_mac, const struct fa_ip4_header *ip,
    struct fa_slice payload, size_t trailing)
{
    struct fa_buf *buf = NULL;
    struct fa_ip4_header full = *ip;
    full.total_len = (uint16_t)(FA_IP4_HDR_LEN + payload.len);
    full.ttl = ip->ttl != 0 ? ip->ttl : 64;
    CHECK(fa_netdev_tx_reserve(world.m.dev, &buf) == FA_OK);
    fa_copy(fa_buf_append(buf, payload.len), payload.at, payload.len);
    fa_ip4_encode(fa_buf_push(buf, FA_IP4_HDR_LEN), &full);
    __builtin_memset(fa_buf_append(buf, trailing), 0xa5, trailing);
    send_frame(buf, target_mac, FA_ETH_TYPE_IP4);
}

struct fa_buf *world_sniff(void)
{
    struct fa_buf *buf;
    return fa_netdev_rx(world.m.dev, world.now, &buf, 1) == 1 ? buf : NULL;
}

void world_sniff_nothing(void)
{
    for (struct fa_buf *buf; (buf = world_sniff()) != NULL;) {
        fa_buf_drop(buf);
    }
}

struct fa_slice world_datagram(uint32_t source, uint32_t target, uint16_t source_port,
    uint16_t target_port, struct fa_slice payload)
{
    static uint8_t bytes[1500];
    struct fa_ip_meta meta = {.local = fa_ip4_ip(source), .remote = fa_ip4_ip(target)};
    struct fa_udp_header header = {
        source_port, target_port, (uint16_t)(FA_UDP_HDR_LEN + payload.len)};
    fa_copy(bytes + FA_UDP_HDR_LEN, payload.at, payload.len);
    fa_udp_encode(bytes, &meta, &header);
    return (struct fa_slice){bytes, header.len};
}

/* ---- short words ---- */

const uint8_t *world_mac(const struct station *station)
{
    return station->dev->info.mac;
}

struct fa_endpoint world_at(uint32_t ip, uint16_t port)
{
    return (struct fa_endpoint){fa_ip4_ip(ip), port};
}

fa_err world_bind(struct station *station, struct fa_udp_socket *socket, uint16_t port)
{
    struct fa_udp_socket_config config = {.port = port, .pool = &station->pool, .broadcast = true};
    return fa_udp_bind(&station->stack.udp, socket, &config);
}

fa_err world_send(struct fa_udp_socket *socket, const char *text, struct fa_endpoint to)
{
    static const struct fa_ip any;
    return fa_udp_send(socket, fa_slice_of(text), &any, &to);
}

bool world_recv(struct fa_udp_socket *socket, const char *text, struct fa_udp_from *ret_from)
{
    struct fa_buf *buf;
    struct fa_udp_from from;
    if (fa_udp_recv(socket, &buf, &from) != FA_OK) {
        return false;
    }
    bool same = fa_slice_equal(fa_buf_slice(buf), fa_slice_of(text));
    fa_buf_drop(buf);
    if (ret_from != NULL) {
        *ret_from = from;
    }
    return same;
}
