// SPDX-License-Identifier: ISC
//
// A whole stack, fed with frames and time.
//
// An input is a list of records: a byte of flags, two bytes of length, then as many bytes: an IPv4
// or IPv6 packet, an ARP packet or a whole frame. Checksums are made good where the flags say so,
// so that the fuzzer gets beyond them. After all of it the stack must stop without losing a buffer.

#include "fa/log.h"
#include "fa/stack.h"
#include "fa/wire/csum.h"
#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"

enum {
    BUF_COUNT = 96,
    CONN_COUNT = 8,
    RECORD_COUNT_MAX = 200,
    QUEUE_COUNT_MAX = 16,
    US = 0x0a000001,

    FLAG_FRAME = 1 << 0, // bytes are a whole frame
    FLAG_ARP = 1 << 1,   // or the payload of an ARP frame; else an IPv4 packet
    FLAG_RAW = 1 << 2,   // addresses and checksums stay as they are
    FLAG_WAIT = 1 << 3,  // time passes, up to the next deadline
    FLAG_GROUP = 1 << 4, // the frame is sent to all
    FLAG_DHCP = 1 << 5,  // in the first record: the address comes by DHCP
    FLAG_SIX = 1 << 6,   // an IPv6 packet; in the first record: IPv6 is on
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_stack stack;
static struct fa_counters counters;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t conns[CONN_COUNT * FA_TCP_CONN_BYTES];
static uint32_t buckets[CONN_COUNT];
static const struct fa_ip us6 = {{0xfd, [15] = 1}};
static const struct fa_ip them6 = {{0xfe, 0x80, [15] = 2}};
static const uint8_t us_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 1};
static const uint8_t them_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 2};

/* A card: what the fuzzer says comes in, what goes out is looked at and dropped. */
static struct {
    struct fa_netdev dev;
    struct fa_buf *queue[QUEUE_COUNT_MAX];
    size_t count;
} card;

static size_t card_rx(struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t max)
{
    (void)dev;
    (void)now;
    FA_ASSERT(max >= QUEUE_COUNT_MAX);
    size_t count = card.count;
    fa_copy(ret_bufs, card.queue, count * sizeof card.queue[0]);
    card.count = 0;
    return count;
}

static fa_err card_reserve(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    (void)dev;
    return fa_buf_alloc(&pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void card_commit(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    (void)now;
    struct fa_eth_header eth;
    struct fa_ip4_header ip;
    FA_ASSERT(take->len <= FA_ETH_HDR_LEN + (size_t)dev->info.mtu_bytes);
    FA_ASSERT(fa_eth_decode(fa_buf_slice(take), &eth) == FA_ETH_GOOD);
    FA_ASSERT(fa_mac_equal(eth.source, us_mac) && !fa_mac_equal(eth.target, fa_mac_zero));
    if (eth.type == FA_ETH_TYPE_IP4) {
        struct fa_slice packet = fa_slice_from(fa_buf_slice(take), FA_ETH_HDR_LEN);
        FA_ASSERT(fa_ip4_decode(packet, &ip) == FA_IP4_GOOD && ip.total_len == packet.len);
    }
    if (eth.type == FA_ETH_TYPE_IP6) {
        struct fa_ip6_header ip6;
        struct fa_slice packet = fa_slice_from(fa_buf_slice(take), FA_ETH_HDR_LEN);
        FA_ASSERT(fa_ip6_decode(packet, &ip6) == FA_IP6_GOOD);
        FA_ASSERT(FA_IP6_HDR_LEN + (size_t)ip6.payload_len == packet.len);
    }
    fa_buf_drop(take);
}

static void card_flush(struct fa_netdev *dev, fa_ns now)
{
    (void)dev;
    (void)now;
}

static fa_ns card_deadline(const struct fa_netdev *dev)
{
    (void)dev;
    return card.count > 0 ? 0 : FA_NS_NEVER;
}

static void card_close(struct fa_netdev *dev)
{
    (void)dev;
}

static const struct fa_netdev_ops card_ops = {.rx = card_rx,
    .tx_reserve = card_reserve,
    .tx_commit = card_commit,
    .tx_flush = card_flush,
    .deadline = card_deadline,
    .close = card_close};

/* The checksum of what the IPv4 header says is TCP, UDP or ICMP. */
static void seal_transport(uint8_t *at, size_t len, const struct fa_ip4_header *ip)
{
    static const struct {
        uint8_t protocol;
        uint8_t off;
    } fields[] = {{FA_IP_PROTO_ICMP, 2}, {FA_IP_PROTO_TCP, 16}, {FA_IP_PROTO_UDP, 6}};
    struct fa_ip source = fa_ip4_ip(ip->source);
    struct fa_ip target = fa_ip4_ip(ip->target);
    for (size_t i = 0; i < FA_COUNT_OF(fields); i++) {
        if (fields[i].protocol == ip->protocol && len >= fields[i].off + 2u) {
            uint64_t sum = i == 0 ? 0 : fa_csum_pseudo(&source, &target, ip->protocol, len);
            fa_be16_store(at + fields[i].off, 0);
            fa_be16_store(at + fields[i].off, fa_csum_fold(fa_csum_add(sum, at, len)));
        }
    }
}

static void seal_packet(uint8_t *at, size_t len)
{
    struct fa_ip4_header ip;
    if (fa_ip4_decode_quoted((struct fa_slice){at, len}, &ip) != FA_IP4_GOOD) {
        return;
    }
    if (stack.ifaces[0].up) {
        ip.target = fa_ip4_of(&stack.ifaces[0].ip);
        fa_be32_store(at + 16, ip.target);
        fa_be32_store(at + 12, ip.source = 0x0a000002);
    }
    if (ip.protocol == FA_IP_PROTO_UDP && len >= ip.header_len + 48u) {
        fa_be32_store(at + ip.header_len + 12, stack.ifaces[0].dhcp.xid);
        fa_copy(at + ip.header_len + 36, us_mac, FA_MAC_LEN);
    }
    fa_be16_store(at + 2, (uint16_t)len);
    fa_be16_store(at + 10, 0);
    fa_be16_store(at + 10, fa_csum_fold(fa_csum_add(0, at, ip.header_len)));
    seal_transport(at + ip.header_len, len - ip.header_len, &ip);
}

/* From a neighbour, or nobody, to us or a group of ours, with a good checksum behind whatever
 * extension headers there are. */
static void seal_packet6(uint8_t *at, size_t len)
{
    struct fa_ip6_header ip;
    struct fa_ip6_chain chain;
    if (len < FA_IP6_HDR_LEN) {
        return;
    }
    at[0] = (uint8_t)(0x60 | (at[0] & 0xf));
    if (fa_ip6_decode_quoted((struct fa_slice){at, len}, &ip) != FA_IP6_GOOD) {
        return;
    }
    ip.payload_len = (uint16_t)(len - FA_IP6_HDR_LEN);
    ip.source = at[8] == 0 ? (struct fa_ip){{0}} : them6;
    struct fa_ip asked = fa_ip6_solicited_node(&us6);
    ip.target = at[24] != 0xff ? us6 : at[39] == 1 ? fa_ip6_all_nodes : asked;
    fa_ip6_encode(at, &ip);
    if (fa_ip6_chain_walk((struct fa_slice){at, len}, ip.next, &chain) != FA_IP6_CHAIN_GOOD) {
        return;
    }
    size_t field = chain.protocol == FA_IP_PROTO_TCP   ? 16
                   : chain.protocol == FA_IP_PROTO_UDP ? 6
                                                       : 2;
    if (len >= chain.off + field + 2) {
        size_t part = len - chain.off;
        uint64_t sum = fa_csum_pseudo(&ip.source, &ip.target, chain.protocol, part);
        fa_be16_store(at + chain.off + field, 0);
        sum = fa_csum_add(sum, at + chain.off, part);
        fa_be16_store(at + chain.off + field, fa_csum_fold(sum));
    }
}

static void inject(uint8_t flags, struct fa_slice bytes)
{
    struct fa_buf *buf;
    if (card.count == QUEUE_COUNT_MAX || fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return;
    }
    fa_copy(fa_buf_append(buf, bytes.len), bytes.at, bytes.len);
    if ((flags & FLAG_FRAME) == 0) {
        struct fa_eth_header eth = {
            .type = (flags & FLAG_ARP) != 0 ? FA_ETH_TYPE_ARP : FA_ETH_TYPE_IP4};
        if ((flags & FLAG_SIX) != 0) {
            eth.type = FA_ETH_TYPE_IP6;
            seal_packet6(fa_buf_at(buf), buf->len);
        } else if ((flags & (FLAG_ARP | FLAG_RAW)) == 0) {
            seal_packet(fa_buf_at(buf), buf->len);
        }
        bool group = (flags & FLAG_GROUP) != 0;
        fa_copy(eth.target, group ? fa_mac_broadcast : us_mac, FA_MAC_LEN);
        fa_copy(eth.source, them_mac, FA_MAC_LEN);
        fa_eth_encode(fa_buf_push(buf, FA_ETH_HDR_LEN), &eth);
    }
    card.queue[card.count++] = buf;
}

static void start(bool dhcp, bool six)
{
    card.dev = (struct fa_netdev){.ops = &card_ops, .info = {.name = "card", .mtu_bytes = 1500}};
    fa_copy(card.dev.info.mac, us_mac, FA_MAC_LEN);
    card.count = 0;
    for (int i = 0; i < FA_LOG_SOURCE_COUNT; i++) {
        fa_log_levels[i] = FA_LOG_QUIET;
    }
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    struct fa_stack_config config = {
        .iface_count = 1,
        .ifaces[0] = {.dev = &card.dev,
            .dhcp = dhcp,
            .ipv6_off = !six,
            .dad_off = true,
            .more.at[0] = {us6, 64}},
        .pool = &pool,
        .counters = &counters,
        .seed = 1,
        .tcp = {.conn_memory = conns,
            .conn_count_max = CONN_COUNT,
            .bucket_memory = buckets,
            .bucket_count = CONN_COUNT},
    };
    if (!dhcp) {
        config.ifaces[0].ip = fa_ip4_ip(US);
        config.ifaces[0].prefix_bits = 24;
        config.ifaces[0].more4.at[0] = (struct fa_addr_net){fa_ip4_ip(US + 256), 24};
        config.ifaces[0].gateway = fa_ip4_ip(US + 1);
        config.ifaces[0].redirects4 = true;
    }
    fa_stack_init(&stack, &config, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fa_tcp_listener listener;
    struct fa_udp_socket socket;
    fa_ns now = 0;
    start(len > 0 && (data[0] & FLAG_DHCP) != 0, len > 0 && (data[0] & FLAG_SIX) != 0);
    FA_ASSERT(
        fa_tcp_listen(&stack.tcp, &listener, &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
    FA_ASSERT(fa_udp_bind(&stack.udp, &socket, &(struct fa_udp_socket_config){.port = 7}) == FA_OK);
    size_t off = 0;
    for (int i = 0; off + 3 <= len && i < RECORD_COUNT_MAX; i++) {
        uint8_t flags = data[off];
        size_t take = fa_min(fa_be16_load(data + off + 1) % 1515, len - off - 3);
        if ((flags & FLAG_WAIT) != 0 && fa_stack_deadline(&stack) != FA_NS_NEVER) {
            fa_ns next = fa_stack_deadline(&stack);
            now = next > now ? next : now;
        }
        inject(flags, (struct fa_slice){data + off + 3, take});
        fa_stack_poll(&stack, now);
        off += 3 + take;
    }
    while (fa_stack_poll(&stack, now)) {
    }
    for (struct fa_flow *flow; fa_listener_accept(&listener.listener, &flow) == FA_OK;) {
        fa_flow_abort(flow);
    }
    fa_listener_close(&listener.listener);
    fa_udp_close(&socket);
    fa_stack_stop(&stack);
    FA_ASSERT(pool.used_count == 0);
    return 0;
}
