// SPDX-License-Identifier: ISC
//
// A network card between Ethernet and bare IP packets.
//
// The stack under test is the whole of it, neighbours included, so it gets an Ethernet card like
// any other; what belongs to the link alone (ARP, neighbour discovery, group membership) ends here
// and is never shown to a script, which speaks of IP packets.

#include <string.h>

#include "fa/wire/arp.h"
#include "fa/wire/csum.h"
#include "fa/wire/eth.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "fa/wire/ndp.h"
#include "host/packetdrill/world.h"

enum {
    PROTO_IGMP = 2,
    PACKET_COUNT_MAX = BUF_COUNT / 4, // that wait for packetdrill; then the oldest is lost
};

static const uint8_t far_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 1};
static const uint8_t own_mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 2};

static struct wire *wire_of(const struct fa_netdev *dev)
{
    return FA_CONTAINER(dev, struct wire, dev);
}

/* ---- from the stack ---- */

/* Answer a question for a neighbour: all addresses but the stack's own are the far side's. */
static void answer_arp(struct wire *wire, struct fa_buf *frame)
{
    struct fa_arp_packet packet;
    if (fa_arp_packet_decode(fa_slice_from(fa_buf_slice(frame), FA_ETH_HDR_LEN), &packet) !=
            FA_ARP_PACKET_GOOD ||
        packet.op != FA_ARP_OP_REQUEST || packet.target_ip == fa_ip4_of(&wire->local)) {
        fa_buf_drop(frame);
        return;
    }
    struct fa_eth_header eth = {.type = FA_ETH_TYPE_ARP};
    struct fa_arp_packet answer = {
        .op = FA_ARP_OP_REPLY, .sender_ip = packet.target_ip, .target_ip = packet.sender_ip};
    memcpy(eth.target, own_mac, FA_MAC_LEN);
    memcpy(eth.source, far_mac, FA_MAC_LEN);
    memcpy(answer.sender_mac, far_mac, FA_MAC_LEN);
    memcpy(answer.target_mac, own_mac, FA_MAC_LEN);
    fa_eth_encode(fa_buf_at(frame), &eth);
    fa_arp_packet_encode(fa_buf_at(frame) + FA_ETH_HDR_LEN, &answer);
    fa_list_push_back(&wire->to_stack, &frame->node);
}

/* The same in IPv6: a neighbour's advertisement in answer to a solicitation. */
static void answer_ndp(struct wire *wire, struct fa_slice message, const struct fa_ip *asker)
{
    struct fa_ndp_message asked;
    if (fa_ndp_decode(message, &asked) != FA_NDP_GOOD || asked.type != FA_ICMP6_NEIGHBOUR_SOLICIT ||
        fa_ip_equal(&asked.target, &wire->local6) || fa_ip_is_zero(asker)) {
        return;
    }
    struct fa_ndp_message answer = {
        .type = FA_ICMP6_NEIGHBOUR_ADVERT,
        .target = asked.target,
        .router = true,
        .solicited = true,
        .override = true,
        .has_target_mac = true,
    };
    memcpy(answer.target_mac, far_mac, FA_MAC_LEN);
    uint8_t bytes[FA_IP6_HDR_LEN + FA_NDP_LEN_MAX];
    uint8_t *body = bytes + FA_IP6_HDR_LEN;
    size_t len = fa_ndp_encode(body, &answer);
    uint64_t sum = fa_csum_pseudo(&asked.target, asker, FA_IP_PROTO_ICMP6, len);
    fa_be16_store(body + 2, fa_csum_fold(fa_csum_add(sum, body, len)));
    struct fa_ip6_header ip = {
        .source = asked.target,
        .target = *asker,
        .payload_len = (uint16_t)len,
        .next = FA_IP_PROTO_ICMP6,
        .hop_limit = FA_NDP_HOP_LIMIT,
    };
    fa_ip6_encode(bytes, &ip);
    (void)wire_send(wire, (struct fa_slice){bytes, FA_IP6_HDR_LEN + len}); // or it asks again
}

/* Whether it is the link's own business: neighbours, routers, groups. Neighbours are answered. */
static bool is_link6(struct wire *wire, struct fa_slice packet)
{
    struct fa_ip6_header ip;
    if (fa_ip6_decode(packet, &ip) != FA_IP6_GOOD || ip.next == FA_IP6_NEXT_HOP_BY_HOP) {
        return true; // what reports groups has such a header, and nothing else here
    }
    struct fa_slice message = fa_slice_from(packet, FA_IP6_HDR_LEN);
    if (ip.next != FA_IP_PROTO_ICMP6 || message.len == 0 ||
        message.at[0] < FA_ICMP6_ROUTER_SOLICIT || message.at[0] > FA_ICMP6_REDIRECT) {
        return false;
    }
    answer_ndp(wire, message, &ip.source);
    return true;
}

static bool is_link4(struct fa_slice packet)
{
    struct fa_ip4_header ip;
    return fa_ip4_decode(packet, &ip) != FA_IP4_GOOD || ip.protocol == PROTO_IGMP;
}

static void keep_packet(struct wire *wire, fa_ns now, struct fa_buf *take)
{
    take->at_ns = now;
    fa_list_push_back(&wire->from_stack, &take->node);
    if (++wire->waiting_count > PACKET_COUNT_MAX) {
        fa_buf_drop(wire_receive(wire));
    }
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct wire *wire = wire_of(dev);
    struct fa_eth_header eth;
    if (fa_eth_decode(fa_buf_slice(take), &eth) != FA_ETH_GOOD) {
        fa_buf_drop(take);
        return;
    }
    if (eth.type == FA_ETH_TYPE_ARP) {
        answer_arp(wire, take);
        return;
    }
    fa_buf_pull(take, FA_ETH_HDR_LEN);
    struct fa_slice packet = fa_buf_slice(take);
    if (eth.type == FA_ETH_TYPE_IP6 ? is_link6(wire, packet) : is_link4(packet)) {
        fa_buf_drop(take);
    } else {
        keep_packet(wire, now, take);
    }
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    return fa_buf_alloc(wire_of(dev)->pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void flush_frames(struct fa_netdev *dev, fa_ns now)
{
    (void)dev;
    (void)now;
}

struct fa_buf *wire_receive(struct wire *wire)
{
    struct fa_list *node = fa_list_pop_front(&wire->from_stack);
    if (node == NULL) {
        return NULL;
    }
    wire->waiting_count--;
    return fa_buf_of(node);
}

/* ---- to the stack ---- */

bool wire_send(struct wire *wire, struct fa_slice packet)
{
    struct fa_buf *buf;
    if (packet.len == 0 || packet.len > wire->dev.info.mtu_bytes ||
        fa_buf_alloc(wire->pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return false;
    }
    struct fa_eth_header eth = {.type = packet.at[0] >> 4 == 6 ? FA_ETH_TYPE_IP6 : FA_ETH_TYPE_IP4};
    memcpy(eth.target, own_mac, FA_MAC_LEN);
    memcpy(eth.source, far_mac, FA_MAC_LEN);
    fa_copy(fa_buf_append(buf, packet.len), packet.at, packet.len);
    fa_eth_encode(fa_buf_push(buf, FA_ETH_HDR_LEN), &eth);
    fa_list_push_back(&wire->to_stack, &buf->node);
    return true;
}

static size_t receive_frames(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct wire *wire = wire_of(dev);
    size_t count = 0;
    (void)now;
    while (count < count_max && !fa_list_empty(&wire->to_stack)) {
        ret_bufs[count++] = fa_buf_of(fa_list_pop_front(&wire->to_stack));
    }
    return count;
}

static fa_ns frame_deadline(const struct fa_netdev *dev)
{
    return fa_list_empty(&wire_of(dev)->to_stack) ? FA_NS_NEVER : 0;
}

static void close_wire(struct fa_netdev *dev)
{
    fa_buf_drop_all(&wire_of(dev)->to_stack);
    fa_buf_drop_all(&wire_of(dev)->from_stack);
}

static const struct fa_netdev_ops ops = {
    .rx = receive_frames,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_frames,
    .deadline = frame_deadline,
    .close = close_wire,
};

void wire_init(struct wire *wire, struct fa_pool *pool, const struct settings *settings)
{
    *wire = (struct wire){
        .dev = {.ops = &ops, .info = {.name = "packetdrill", .mtu_bytes = settings->mtu_bytes}},
        .pool = pool,
        .local = settings->local,
        .local6 = settings->local6,
    };
    memcpy(wire->dev.info.mac, own_mac, FA_MAC_LEN);
    fa_list_init(&wire->to_stack);
    fa_list_init(&wire->from_stack);
}
