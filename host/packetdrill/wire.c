// SPDX-License-Identifier: ISC
//
// A network card between Ethernet and bare IP packets.
//
// The stack under test is the whole of it, neighbours included, so it gets an Ethernet card like
// any other; what belongs to the link alone (ARP, neighbour discovery, group membership) ends here
// and is never shown to a script, which speaks of IP packets.

#include <string.h>

#include "fa/wire/arp.h"
#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
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

static void keep_packet(struct wire *wire, fa_ns now, struct fa_buf *frame)
{
    struct fa_ip4_header ip;
    fa_buf_pull(frame, FA_ETH_HDR_LEN);
    if (fa_ip4_decode(fa_buf_slice(frame), &ip) != FA_IP4_GOOD || ip.protocol == PROTO_IGMP) {
        fa_buf_drop(frame);
        return;
    }
    frame->at_ns = now;
    fa_list_push_back(&wire->from_stack, &frame->node);
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
    } else if (eth.type == FA_ETH_TYPE_ARP) {
        answer_arp(wire, take);
    } else if (eth.type == FA_ETH_TYPE_IP4) {
        keep_packet(wire, now, take);
    } else {
        fa_buf_drop(take);
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
    };
    memcpy(wire->dev.info.mac, own_mac, FA_MAC_LEN);
    fa_list_init(&wire->to_stack);
    fa_list_init(&wire->from_stack);
}
