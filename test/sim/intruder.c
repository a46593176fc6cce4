// SPDX-License-Identifier: ISC
//
// test/sim/intruder.c: see intruder.h.

#include "test/sim/intruder.h"

#include "fa/sim.h"
#include "fa/wire/csum.h"
#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "src/net/tcp_priv.h"

static _Alignas(64) uint8_t pool_memory[INTRUDER_POOL_BUFS * FA_BUF_SIZE];

static uint64_t between(struct fa_rand *rand, uint64_t low, uint64_t high)
{
    return low + fa_rand_below(rand, high - low + 1);
}

static void push_ip4(struct fa_buf *buf, const struct fa_ip *source, const struct fa_ip *target)
{
    struct fa_ip4_header ip = {.source = fa_ip4_of(source),
        .target = fa_ip4_of(target),
        .total_len = (uint16_t)(FA_IP4_HDR_LEN + buf->len),
        .ttl = FA_IP4_TTL_DEFAULT,
        .protocol = FA_IP_PROTO_TCP};
    fa_ip4_encode(fa_buf_push(buf, FA_IP4_HDR_LEN), &ip);
}

static void push_ip6(struct fa_buf *buf, const struct fa_ip *source, const struct fa_ip *target)
{
    struct fa_ip6_header ip = {.source = *source,
        .target = *target,
        .payload_len = (uint16_t)buf->len,
        .next = FA_IP_PROTO_TCP,
        .hop_limit = FA_IP6_HOP_LIMIT_DEFAULT};
    fa_ip6_encode(fa_buf_push(buf, FA_IP6_HDR_LEN), &ip);
}

void intruder_send(struct intruder *intruder, fa_ns now, struct world_station *target,
    const struct fa_ip *source, const struct fa_tcp_header *header, size_t payload_len)
{
    struct fa_buf *buf;
    if (fa_netdev_tx_reserve(&intruder->port.dev, &buf) != FA_OK) {
        return;
    }
    const struct fa_ip_meta meta = {
        .local = *source, .remote = target->address.ip, .protocol = FA_IP_PROTO_TCP};
    size_t len = fa_tcp_encoded_len(header);
    fa_rand_fill(&intruder->rand, fa_buf_append(buf, payload_len), payload_len);
    uint64_t sum = fa_csum_add(0, fa_buf_at(buf), payload_len);
    fa_tcp_encode(fa_buf_push(buf, len), &meta, header, payload_len, sum);
    bool four = fa_ip_is4(source);
    if (four) {
        push_ip4(buf, source, &target->address.ip);
    } else {
        push_ip6(buf, source, &target->address.ip);
    }
    struct fa_eth_header eth = {.type = four ? FA_ETH_TYPE_IP4 : FA_ETH_TYPE_IP6};
    fa_copy(eth.target, target->port.dev.info.mac, FA_MAC_LEN);
    fa_copy(eth.source, intruder->port.dev.info.mac, FA_MAC_LEN);
    fa_eth_encode(fa_buf_push(buf, FA_ETH_HDR_LEN), &eth);
    fa_netdev_tx_commit(&intruder->port.dev, now, buf);
    intruder->sent_count++;
}

static struct world_station *choose_station(struct intruder *intruder)
{
    size_t count = intruder->world->station_count;
    return &intruder->world->stations[fa_rand_below(&intruder->rand, count)];
}

static void send_syn(struct intruder *intruder, fa_ns now)
{
    struct fa_rand *rand = &intruder->rand;
    struct fa_ip nobody = intruder->world->stations[0].address.ip;
    nobody.b[15] = (uint8_t)between(rand, 100, 250);
    const struct fa_tcp_header syn = {
        .source_port = (uint16_t)between(rand, 1024, 65535),
        .target_port = WORLD_PORT,
        .seq = fa_rand_u32(rand),
        .window = 1000,
        .mss = 1460,
        .flags = FA_TCP_SYN,
    };
    intruder_send(intruder, now, choose_station(intruder), &nobody, &syn, 0);
}

/* A segment of a connection that exists, with numbers that are anywhere; or near the right ones,
 * where nothing but the acknowledgement is wrong. Data with a good number would be taken in, as
 * from any attacker who can see it, so it is never sent. */
static void send_noise(struct intruder *intruder, fa_ns now)
{
    struct fa_rand *rand = &intruder->rand;
    struct world_station *target = choose_station(intruder);
    struct fa_tcp *tcp = &target->stack.tcp;
    if (tcp->carved_count == 0) {
        return;
    }
    const struct fa_tcp_conn *conn =
        fa__tcp_conn_at(tcp, (uint32_t)fa_rand_below(rand, tcp->carved_count));
    /* A SYN_SENT that is told a SYN believes it, as TCP has to. */
    if (conn->state == FA_TCP_CLOSED || conn->state == FA_TCP_SYN_SENT) {
        return;
    }
    size_t payload_len = fa_rand_below(rand, 64);
    struct fa_tcp_header header = {
        .source_port = conn->tuple.remote_port,
        .target_port = conn->tuple.local_port,
        .seq = conn->rcv_nxt + (UINT32_C(1) << 24) + fa_rand_u32(rand) % (UINT32_C(1) << 30),
        .ack = fa_rand_u32(rand),
        .window = (uint16_t)fa_rand_u32(rand),
        .flags = (uint8_t)fa_rand_u32(rand),
    };
    if (fa_rand_below(rand, 4) == 0) { /* what makes two ends confirm to each other for ever */
        header.seq = conn->rcv_nxt - 1;
        header.ack = conn->snd_una;
        header.flags = FA_TCP_ACK;
        payload_len = 0;
    }
    intruder_send(intruder, now, target, &conn->tuple.remote, &header, payload_len);
}

bool intruder_poll(struct intruder *intruder, fa_ns now)
{
    struct fa_buf *heard[FA_NETDEV_BURST_MAX];
    bool any = false;
    if (intruder->kind == INTRUDER_NONE) {
        return false;
    }
    size_t count = fa_netdev_rx(&intruder->port.dev, now, heard, FA_NETDEV_BURST_MAX);
    for (size_t i = 0; i < count; i++) {
        fa_buf_drop(heard[i]);
        any = true;
    }
    if (now < intruder->next_ns) {
        return any;
    }
    if (intruder->kind == INTRUDER_QUIET) {
        intruder->next_ns = FA_NS_NEVER;
        return any;
    }
    uint64_t burst = between(&intruder->rand, 1, INTRUDER_BURST_MAX);
    for (uint64_t i = 0; i < burst; i++) {
        if (intruder->kind == INTRUDER_FLOOD) {
            send_syn(intruder, now);
        } else {
            send_noise(intruder, now);
        }
    }
    fa_netdev_tx_flush(&intruder->port.dev, now);
    intruder->next_ns = now + between(&intruder->rand, FA_NS_MS, 50 * FA_NS_MS);
    return true;
}

fa_ns intruder_deadline(const struct intruder *intruder)
{
    return intruder->kind == INTRUDER_NONE
               ? FA_NS_NEVER
               : fa_ns_min(intruder->next_ns, fa_netdev_deadline(&intruder->port.dev));
}

void intruder_open(struct intruder *intruder, struct world *world, enum intruder_kind kind)
{
    *intruder = (struct intruder){.world = world, .kind = kind, .next_ns = fa_sim_now()};
    if (kind == INTRUDER_NONE) {
        return;
    }
    fa_sim_rand_init(&intruder->rand, "intruder");
    fa_pool_init(&intruder->pool, pool_memory, sizeof pool_memory, FA_BUF_SIZE);
    fa_vnet_port_open(&world->wire, &intruder->port,
        &(struct fa_vnet_port_config){.name = "x", .pool = &intruder->pool});
}

void intruder_stop(struct intruder *intruder)
{
    intruder->next_ns = FA_NS_NEVER;
}

void intruder_close(struct intruder *intruder)
{
    if (intruder->kind != INTRUDER_NONE) {
        fa_netdev_close(&intruder->port.dev);
        intruder->kind = INTRUDER_NONE;
        FA_ASSERT(intruder->pool.used_count == 0);
    }
}
