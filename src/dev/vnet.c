// SPDX-License-Identifier: ISC
//
// The switch. Its table is set-associative, as in hardware: an address has a few places, looking
// one up is a handful of comparisons whatever a sender of made-up addresses does.

#include "fa/vnet.h"

#include "src/dev/netdev_priv.h"

#define GROUP_BIT ((uint64_t)1 << 40) /* multicast or broadcast (IEEE 802 8.2) */

static uint64_t load_mac(const uint8_t *at)
{
    return (uint64_t)fa_be16_load(at) << 32 | fa_be32_load(at + 2);
}

/* The places that `address` may take. Multiplicative hashing: no secret, for nothing is to be won
 * by filling a set but frames that are flooded. */
static struct fa_vnet_mac *find_set(const struct fa_vnet *vnet, uint64_t address)
{
    uint64_t hash = (address * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
    return vnet->macs + FA_VNET_WAYS * ((hash * vnet->set_count) >> 32);
}

static bool check_fresh(const struct fa_vnet *vnet, const struct fa_vnet_mac *mac, fa_ns now)
{
    return mac->port != NULL && now <= fa_ns_after(mac->seen_ns, vnet->age_ns);
}

/* Where `address` is behind; the place of the last frame's is looked at first. */
static struct fa_vnet_port *find_port(struct fa_vnet_port *from, uint64_t address, fa_ns now)
{
    const struct fa_vnet *vnet = from->vnet;
    struct fa_vnet_mac *last = from->target;
    if (last != NULL && last->address == address && check_fresh(vnet, last, now)) {
        return last->port;
    }
    struct fa_vnet_mac *set = find_set(vnet, address);
    for (uint32_t i = 0; i < FA_VNET_WAYS; i++) {
        if (set[i].address == address && check_fresh(vnet, &set[i], now)) {
            from->target = &set[i];
            return set[i].port;
        }
    }
    return NULL;
}

static void learn_source(struct fa_vnet_port *port, uint64_t address, fa_ns now)
{
    struct fa_vnet *vnet = port->vnet;
    if ((address & GROUP_BIT) != 0) {
        return;
    }
    if (port->source != NULL && port->source->address == address && port->source->port == port) {
        port->source->seen_ns = now;
        return;
    }
    struct fa_vnet_mac *set = find_set(vnet, address);
    struct fa_vnet_mac *place = &set[0];
    for (uint32_t i = 0; i < FA_VNET_WAYS; i++) {
        if (set[i].port != NULL && set[i].address == address) {
            place = &set[i];
            break;
        }
        if (place->port != NULL && (set[i].port == NULL || set[i].seen_ns < place->seen_ns)) {
            place = &set[i];
        }
    }
    if (place->address != address && check_fresh(vnet, place, now)) {
        FA_COUNT(vnet->counters, vnet_mac_evicted);
    }
    *place = (struct fa_vnet_mac){.address = address, .port = port, .seen_ns = now};
    port->source = place;
}

/* The one copy: into the receiver's memory. */
static void deliver_copy(struct fa_vnet_port *to, const struct fa_buf *frame)
{
    struct fa_counters *counters = to->vnet->counters;
    struct fa_buf *buf;
    if (to->rx_count >= to->rx_count_max) {
        FA_COUNT(counters, netdev_rx_queue_full);
        return;
    }
    bool too_long =
        frame->len > fa__netdev_frame_max(&to->dev) && (frame->offload.flags & FA__NETDEV_TSO) == 0;
    if (too_long || frame->len > fa_pool_room(to->pool) - FA_BUF_HEADROOM) {
        FA_COUNT(counters, netdev_rx_too_long);
        return;
    }
    if (fa_buf_alloc(to->pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        FA_COUNT(counters, netdev_rx_pool_empty);
        return;
    }
    fa_copy(fa_buf_append(buf, frame->len), fa_buf_slice(frame).at, frame->len);
    buf->offload = frame->offload;
    if ((buf->offload.flags & FA_OFFLOAD_CSUM_NEEDED) != 0) {
        buf->offload.flags |= FA_OFFLOAD_CSUM_GOOD; /* it never left this memory */
    }
    fa_list_push_back(&to->rx, &buf->node);
    to->rx_count++;
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct fa_vnet_port *port = FA_CONTAINER(dev, struct fa_vnet_port, dev);
    size_t count = fa_min(count_max, port->rx_count);
    (void)now;
    for (size_t i = 0; i < count; i++) {
        ret_bufs[i] = fa_buf_of(fa_list_pop_front(&port->rx));
    }
    port->rx_count -= (uint32_t)count;
    return count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct fa_vnet_port *port = FA_CONTAINER(dev, struct fa_vnet_port, dev);
    return fa_buf_alloc(port->pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void forward_frame(struct fa_vnet_port *from, fa_ns now, const struct fa_buf *frame)
{
    struct fa_vnet *vnet = from->vnet;
    const uint8_t *at = fa_buf_slice(frame).at;
    uint64_t target = load_mac(at);
    learn_source(from, load_mac(at + FA_MAC_LEN), now);
    if ((target & GROUP_BIT) == 0) {
        struct fa_vnet_port *to = find_port(from, target, now);
        if (to == from) {
            FA_COUNT(vnet->counters, vnet_same_port);
            return;
        }
        if (to != NULL) {
            deliver_copy(to, frame);
            return;
        }
        FA_COUNT(vnet->counters, vnet_flooded);
    }
    FA_LIST_EACH(node, &vnet->ports) {
        struct fa_vnet_port *to = FA_CONTAINER(node, struct fa_vnet_port, node);
        if (to != from) {
            deliver_copy(to, frame);
        }
    }
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct fa_vnet_port *port = FA_CONTAINER(dev, struct fa_vnet_port, dev);
    if (fa__netdev_tx_check(dev, port->vnet->counters, take)) {
        forward_frame(port, now, take);
    }
    fa_buf_drop(take);
}

static void flush_nothing(struct fa_netdev *dev, fa_ns now)
{
    (void)dev;
    (void)now;
}

/* A port with frames is due: nothing outside will wake whoever sleeps on it. */
static fa_ns find_deadline(const struct fa_netdev *dev)
{
    const struct fa_vnet_port *port = FA_CONTAINER(dev, const struct fa_vnet_port, dev);
    return port->rx_count > 0 ? 0 : FA_NS_NEVER;
}

static void close_port(struct fa_netdev *dev)
{
    struct fa_vnet_port *port = FA_CONTAINER(dev, struct fa_vnet_port, dev);
    struct fa_vnet *vnet = port->vnet;
    for (uint32_t i = 0; i < vnet->set_count * FA_VNET_WAYS; i++) {
        if (vnet->macs[i].port == port) {
            vnet->macs[i] = (struct fa_vnet_mac){};
        }
    }
    fa_list_unlink(&port->node);
    fa_buf_drop_all(&port->rx);
    port->rx_count = 0;
}

static const struct fa_netdev_ops vnet_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_nothing,
    .deadline = find_deadline,
    .close = close_port,
};

void fa_vnet_init(struct fa_vnet *vnet, const struct fa_vnet_config *config)
{
    const unsigned known = FA__NETDEV_TX_ASKS;
    FA_ASSERT(config->mac_count >= FA_VNET_WAYS && config->mac_count % FA_VNET_WAYS == 0);
    FA_ASSERT((config->offload & ~known) == 0);
    *vnet = (struct fa_vnet){
        .macs = config->macs,
        .set_count = config->mac_count / FA_VNET_WAYS,
        .age_ns = config->age_ns != 0 ? config->age_ns : FA_VNET_AGE_DEFAULT_NS,
        .offload = config->offload,
        .counters = config->counters != NULL ? config->counters : &fa_counters_main,
    };
    fa_list_init(&vnet->ports);
    fa_zero(config->macs, sizeof config->macs[0] * config->mac_count);
}

void fa_vnet_port_open(
    struct fa_vnet *vnet, struct fa_vnet_port *port, const struct fa_vnet_port_config *config)
{
    uint16_t mtu_bytes = config->mtu_bytes != 0 ? config->mtu_bytes : FA_VNET_MTU_DEFAULT;
    *port = (struct fa_vnet_port){
        .dev.ops = &vnet_ops,
        .vnet = vnet,
        .pool = config->pool,
        .rx_count_max = config->rx_count_max != 0 ? config->rx_count_max : FA_VNET_RX_COUNT_DEFAULT,
    };
    fa__netdev_info_set(&port->dev, config->name, config->mac, mtu_bytes, ++vnet->opened_count);
    FA_ASSERT(FA_BUF_HEADROOM + fa__netdev_frame_max(&port->dev) <= fa_pool_room(port->pool));
    port->dev.info.tx_offload = vnet->offload;
    port->dev.info.rx_offload = vnet->offload;
    if ((vnet->offload & FA_OFFLOAD_CSUM_NEEDED) != 0) {
        port->dev.info.rx_offload |= FA_OFFLOAD_CSUM_GOOD;
    }
    fa_list_init(&port->rx);
    fa_list_push_back(&vnet->ports, &port->node);
}
