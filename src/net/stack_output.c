// SPDX-License-Identifier: ISC
//
// The way down: whoever has something to say gets a buffer of a device, IP and Ethernet headers are
// pushed in front of it, ARP or neighbour discovery fills in who it goes to.

#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "src/net/stack_priv.h"

enum {
    SEND_COUNT_MAX = 16,  /* packets of one protocol in a row */
    POLL_COUNT_MAX = 128, /* packets of one poll: what is sent is then still in the caches of who
                             receives it, and what comes in is not left waiting */
};

/* ---- frames ---- */

/* Push a header in front; what is left to the card moves. */
static uint8_t *push_header(struct fa_buf *buf, uint16_t len)
{
    if (buf->offload.flags != 0) {
        buf->offload.csum_start = (uint16_t)(buf->offload.csum_start + len);
        buf->offload.hdr_bytes = (uint16_t)(buf->offload.hdr_bytes + len);
    }
    return fa_buf_push(buf, len);
}

/* The group's Ethernet address (RFC 1112 6.4, RFC 2464 7), all stations for a broadcast. */
static void set_group(uint8_t *mac, const struct fa_ip *ip)
{
    if (!fa_ip_is4(ip)) {
        fa_ip6_group_mac(mac, ip);
    } else if (fa_ip4_is_multicast(fa_ip4_of(ip))) {
        fa_be16_store(mac, 0x0100);
        fa_be32_store(mac + 2, 0x5e000000 | (fa_ip4_of(ip) & 0x7fffff));
    } else {
        fa_copy(mac, fa_mac_broadcast, FA_MAC_LEN);
    }
}

void fa__stack_frame_send(struct fa_stack *stack, fa_ns now, const struct fa__way *way,
    const struct fa_ip_meta *meta, struct fa_buf *take)
{
    struct fa_iface *iface = &stack->ifaces[way->iface_idx];
    bool four = fa_ip_is4(&meta->remote);
    fa__stack_touch(stack);
    struct fa_eth_header eth = {.type = four ? FA_ETH_TYPE_IP4 : FA_ETH_TYPE_IP6};
    fa_copy(eth.source, iface->config.dev->info.mac, FA_MAC_LEN);
    if (way->group) {
        set_group(eth.target, &meta->remote);
    }
    fa_eth_encode(push_header(take, FA_ETH_HDR_LEN), &eth);
    if (!way->group) {
        struct fa_neigh *neigh = four ? &iface->arp.neigh : &iface->ndp.neigh;
        if (!fa_neigh_resolve(neigh, now, &way->next_hop, meta->answer, take)) {
            return;
        }
        fa__stack_path_learn(stack, meta, way->iface_idx, neigh, &way->next_hop, fa_buf_at(take));
    }
    fa__stack_commit(stack, now, iface, take);
}

/* ---- packets ---- */

uint8_t fa__stack_hop_limit(const struct fa_stack *stack, uint32_t idx, bool four)
{
    _Static_assert((int)FA_IP4_TTL_DEFAULT == (int)FA_IP6_HOP_LIMIT_DEFAULT);
    if (idx >= stack->config.iface_count) {
        return FA_IP4_TTL_DEFAULT;
    }
    const struct fa_iface *iface = &stack->ifaces[idx];
    uint8_t said = four ? 0 : iface->ndp.hop_limit;
    return iface->config.hop_limit != 0 ? iface->config.hop_limit
           : said != 0                  ? said
                                        : FA_IP4_TTL_DEFAULT;
}

static void write_ip4(struct fa_stack *stack, uint32_t idx, const struct fa_ip_meta *meta,
    struct fa_slice payload, uint8_t *at)
{
    struct fa_ip4_header ip = {
        .source = fa_ip4_of(&meta->local),
        .target = fa_ip4_of(&meta->remote),
        .total_len = (uint16_t)(FA_IP4_HDR_LEN + payload.len),
        .traffic = meta->traffic,
        .ttl = meta->ttl != 0 ? meta->ttl : fa__stack_hop_limit(stack, idx, true),
        .protocol = meta->protocol,
        .dont_fragment = meta->dont_fragment,
    };
    // An atomic packet needs no identification (RFC 6864); for others it must not be guessable.
    ip.id = ip.dont_fragment ? 0 : (uint16_t)fa_rand_u32(&stack->rand);
    fa_ip4_encode(at, &ip);
}

uint64_t fa__stack_flow_part(const struct fa_stack *stack, const struct fa_ip *remote)
{
    return ((uint64_t)fa_be32_load(remote->b + 8) << 32 | fa_be32_load(remote->b + 12)) *
           stack->flow_factor[0];
}

/* The same for all packets of a connection, and not to be guessed. */
static uint32_t flow_label(
    const struct fa_stack *stack, const struct fa_ip_meta *meta, struct fa_slice payload)
{
    bool ports = meta->protocol == FA_IP_PROTO_TCP || meta->protocol == FA_IP_PROTO_UDP;
    uint64_t part = fa__stack_flow_part(stack, &meta->remote);
    return ports && payload.len != 0 ? fa__stack_flow_label(stack, part, fa_be32_load(payload.at))
                                     : 0;
}

static void write_ip6(struct fa_stack *stack, uint32_t idx, const struct fa_ip_meta *meta,
    struct fa_slice payload, uint8_t *at)
{
    struct fa_ip6_header ip = {
        .source = meta->local,
        .target = meta->remote,
        .flow = flow_label(stack, meta, payload),
        .payload_len = (uint16_t)payload.len,
        .traffic = meta->traffic,
        .next = meta->protocol,
        .hop_limit = meta->ttl != 0 ? meta->ttl : fa__stack_hop_limit(stack, idx, false),
    };
    fa_ip6_encode(at, &ip);
}

void fa__stack_ip_write(struct fa_stack *stack, uint32_t idx, const struct fa_ip_meta *meta,
    struct fa_slice payload, uint8_t *at)
{
    if (fa_ip_is4(&meta->remote)) {
        write_ip4(stack, idx, meta, payload, at);
    } else {
        write_ip6(stack, idx, meta, payload, at);
    }
}

void fa__stack_trace_tx(fa_ns now, uint32_t idx, const uint8_t *ip, size_t len)
{
    struct fa_ip source;
    struct fa_ip target;
    if (ip[0] >> 4 == 4) {
        FA_TRACE(ip4_tx, now, idx, fa_be32_load(ip + 12), fa_be32_load(ip + 16), ip[9], len);
        return;
    }
    fa_copy(&source, ip + 8, sizeof source);
    fa_copy(&target, ip + 24, sizeof target);
    FA_TRACE(ip6_tx, now, idx, fa__ip_half(&source, 0), fa__ip_half(&source, 8),
        fa__ip_half(&target, 0), fa__ip_half(&target, 8), ip[FA_IP6_NEXT_OFF],
        len - FA_IP6_HDR_LEN);
}

static void push_ip(struct fa_stack *stack, fa_ns now, uint32_t idx, const struct fa_ip_meta *meta,
    struct fa_buf *buf)
{
    struct fa_slice payload = fa_buf_slice(buf);
    uint8_t *at = push_header(buf, fa_ip_is4(&meta->remote) ? FA_IP4_HDR_LEN : FA_IP6_HDR_LEN);
    FA_COUNT(stack->counters, ip_tx_packets);
    fa__stack_ip_write(stack, idx, meta, payload, at);
    if (FA_TRACE_ON(ip4_tx)) {
        fa__stack_trace_tx(now, idx, at, buf->len);
    }
}

static void loop_back(
    struct fa_stack *stack, fa_ns now, const struct fa_ip_meta *meta, struct fa_buf *take)
{
    if (stack->loopback_count == FA_STACK_LOOPBACK_COUNT_MAX) {
        fa__stack_drop(stack, now, 0, take, FA_COUNTER_ip_tx_loopback_full);
        return;
    }
    push_ip(stack, now, 0, meta, take);
    if ((take->offload.flags & FA_OFFLOAD_CSUM_NEEDED) != 0) {
        take->offload.flags |= FA_OFFLOAD_CSUM_GOOD; // it never leaves this memory
    }
    fa_list_push_back(&stack->loopback, &take->node);
    stack->loopback_count++;
}

/* What a transport's packet may have on its way, IP header included; what a card cuts into pieces,
 * or never sees (iface NULL), all that the header can say. TCP minds the way's MTU itself, and
 * finds out by what it sends when it has changed. */
static uint16_t len_max_of(const struct fa_stack *stack, fa_ns now, const struct fa_iface *iface,
    const struct fa_ip_meta *meta, const struct fa_buf *buf)
{
    bool super = (buf->offload.flags & (FA_OFFLOAD_TSO4 | FA_OFFLOAD_TSO6)) != 0;
    if (super || iface == NULL) {
        return UINT16_MAX;
    }
    uint16_t link = fa__iface_mtu(iface, &meta->remote);
    return meta->protocol == FA_IP_PROTO_TCP ? link
                                             : fa_pmtu_of(&stack->pmtu, now, &meta->remote, link);
}

static bool fits(const struct fa_ip_meta *meta, const struct fa_buf *buf, uint16_t len_max)
{
    size_t header_len = fa_ip_is4(&meta->remote) ? FA_IP4_HDR_LEN : FA_IP6_HDR_LEN;
    return buf->len + header_len <= len_max;
}

/* Send a packet the way of the one before. Returns: false, and nothing happens, if it is not
 * known. */
static bool send_known(
    struct fa_stack *stack, fa_ns now, const struct fa_ip_meta *meta, struct fa_buf *take)
{
    const struct fa_stack_path *path = fa__stack_path_find(stack, now, meta);
    if (path == NULL ||
        !fits(meta, take, len_max_of(stack, now, &stack->ifaces[path->iface], meta, take))) {
        return false;
    }
    if (fa__stack_fast_push(stack, path, meta, take)) {
        fa__stack_note_tx(stack, now, path, take);
    } else {
        push_ip(stack, now, path->iface, meta, take);
        const uint8_t *eth = path->frame + sizeof path->frame - path->ip_len - FA_ETH_HDR_LEN;
        fa_copy(push_header(take, FA_ETH_HDR_LEN), eth, FA_ETH_HDR_LEN);
    }
    fa__stack_commit(stack, now, &stack->ifaces[path->iface], take);
    return true;
}

/* Send a transport's packet. A zero `local` is chosen here, for protocols whose checksum does not
 * cover it. */
static void send_packet(
    struct fa_stack *stack, fa_ns now, struct fa_ip_meta *meta, struct fa_buf *take)
{
    struct fa__way way;
    if (send_known(stack, now, meta, take)) {
        return;
    }
    fa_err err = fa__stack_way(stack, meta, &way);
    if (err != FA_OK) {
        enum fa_counter_id reason = err == FA_EREFUSED ? FA_COUNTER_ip_tx_no_source
                                    : err == FA_EINVAL ? FA_COUNTER_ip_tx_bad_target
                                                       : FA_COUNTER_ip_tx_no_route;
        fa__stack_drop(stack, now, meta->iface, take, reason);
        return;
    }
    struct fa_iface *iface = &stack->ifaces[way.iface_idx];
    if (fa_ip_is_zero(&meta->local)) {
        meta->local = fa__stack_source(stack, &way, &meta->remote);
    }
    uint16_t len_max = len_max_of(stack, now, way.ours ? NULL : iface, meta, take);
    if (!fits(meta, take, len_max)) {
        fa__stack_fragment_take(stack, now, way.iface_idx, len_max, meta, take);
        return;
    }
    if (way.ours) {
        loop_back(stack, now, meta, take);
        return;
    }
    push_ip(stack, now, way.iface_idx, meta, take);
    fa__stack_frame_send(stack, now, &way, meta, take);
}

/* ---- who speaks ---- */

bool fa__stack_reserve(struct fa_stack *stack, struct fa_buf **ret_buf)
{
    if (stack->config.iface_count == 0 &&
        fa_buf_alloc(stack->config.pool, FA_BUF_HEADROOM, ret_buf) == FA_OK) {
        return true;
    }
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        if (fa_netdev_tx_reserve(stack->ifaces[i].config.dev, ret_buf) == FA_OK) {
            return true;
        }
    }
    stack->retry_ns = 0;
    return false;
}

/* What an interface says by itself, but ARP. Returns: whether there is something. */
static bool fetch_own(
    struct fa_iface *iface, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    const struct fa_iface_addr *addr = fa_addrs_choose(&iface->addrs, &fa_ip6_all_nodes, false);
    bool near = addr != NULL && fa_ip6_is_link_local(&addr->ip);
    const struct fa_ip local = near ? addr->ip : (struct fa_ip){0};
    return fa_dhcp_output(&iface->dhcp, now, buf, ret_meta) ||
           fa_dhcp6_output(&iface->dhcp6, now, &local, buf, ret_meta) ||
           fa_ndp_output(&iface->ndp, now, buf, ret_meta) ||
           fa_mld_output(&iface->mld, now, &local, buf, ret_meta) ||
           fa_igmp_output(&iface->igmp, now, buf, ret_meta);
}

/* Which groups we listen to: with router alert, from no address while there is none. */
static void push_igmp(struct fa_stack *stack, fa_ns now, uint32_t idx,
    const struct fa_ip_meta *meta, struct fa_buf *buf)
{
    enum { HEADER_LEN = FA_IP4_HDR_LEN + FA_IP4_ALERT_LEN };
    const struct fa_ip4_header ip = {
        .source = fa_ip4_of(&stack->ifaces[idx].ip),
        .target = fa_ip4_of(&meta->remote),
        .total_len = (uint16_t)(HEADER_LEN + buf->len),
        .traffic = meta->traffic,
        .ttl = meta->ttl,
        .protocol = meta->protocol,
        .dont_fragment = true,
    };
    fa_ip4_alert_encode(push_header(buf, HEADER_LEN), &ip);
    FA_COUNT(stack->counters, ip_tx_packets);
    FA_TRACE(ip4_tx, now, idx, ip.source, ip.target, ip.protocol, ip.total_len);
}

/* It goes to this link whatever routes say, which lead nowhere before there is an address; but to a
 * DHCP server, which may be anywhere. */
static bool send_own(struct fa_stack *stack, fa_ns now, uint32_t idx, struct fa_buf *take)
{
    struct fa_ip_meta meta;
    if (!fetch_own(&stack->ifaces[idx], now, take, &meta)) {
        fa_buf_drop(take);
        return false;
    }
    if (fa_ip_is4(&meta.remote) && !meta.multicast) {
        send_packet(stack, now, &meta, take);
        return true;
    }
    if (meta.protocol == FA_IP_PROTO_IGMP) {
        push_igmp(stack, now, idx, &meta, take);
    } else {
        push_ip(stack, now, idx, &meta, take);
    }
    struct fa__way way = {.iface_idx = idx, .group = meta.multicast, .next_hop = meta.remote};
    fa__stack_frame_send(stack, now, &way, &meta, take);
    return true;
}

static bool link_has_output(const struct fa_iface *iface)
{
    return fa_arp_has_output(&iface->arp) || !fa_list_empty(&iface->arp.neigh.ready) ||
           fa_ndp_has_output(&iface->ndp) || !fa_list_empty(&iface->ndp.neigh.ready) ||
           fa_mld_has_output(&iface->mld) || fa_igmp_has_output(&iface->igmp) ||
           fa_dhcp_has_output(&iface->dhcp) || fa_dhcp6_has_output(&iface->dhcp6);
}

bool fa__stack_links_speak(const struct fa_stack *stack)
{
    bool speak = false;
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        speak = speak || link_has_output(&stack->ifaces[i]);
    }
    return speak;
}

/* The next frame whose neighbour answered, of either family; NULL: none. */
static struct fa_buf *take_ready(struct fa_iface *iface)
{
    struct fa_buf *buf = fa_neigh_ready_take(&iface->arp.neigh);
    return buf != NULL ? buf : fa_neigh_ready_take(&iface->ndp.neigh);
}

/* What an interface says by itself: ARP, neighbour discovery, packets whose neighbour answered,
 * DHCP, groups. */
static bool send_link(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    struct fa_buf *buf;
    bool arp = fa_arp_has_output(&iface->arp);
    bool ready = !fa_list_empty(&iface->arp.neigh.ready) || !fa_list_empty(&iface->ndp.neigh.ready);
    if (!link_has_output(iface)) {
        return false;
    }
    if (fa_netdev_tx_reserve(iface->config.dev, &buf) != FA_OK) {
        stack->retry_ns = 0;
        return false;
    }
    if (arp && fa_arp_output(&iface->arp, now, buf)) {
        fa__stack_commit(stack, now, iface, buf);
        return true;
    }
    if (ready) {
        fa_buf_drop(buf); // it only said that there is room
        fa__stack_commit(stack, now, iface, take_ready(iface));
        return true;
    }
    return send_own(stack, now, idx, buf);
}

static bool send_links(struct fa_stack *stack, fa_ns now)
{
    bool sent = false;
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        sent = send_link(stack, now, i) || sent;
    }
    return sent;
}

/* The address that a packet without one is sent from. Returns: whether there is one. */
static bool source_for(
    const struct fa_stack *stack, const struct fa_ip_meta *meta, struct fa_ip *ret_local)
{
    struct fa__way way;
    if (fa__stack_way(stack, meta, &way) != FA_OK) {
        return false;
    }
    *ret_local = fa__stack_source(stack, &way, &meta->remote);
    return true;
}

static bool send_icmp(struct fa_stack *stack, fa_ns now)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    if (fa_fragment_is_busy(&stack->fragment) || !fa_icmp_has_output(&stack->icmp) ||
        !fa__stack_reserve(stack, &buf)) {
        return false;
    }
    buf = fa_icmp_output(&stack->icmp, now, buf, &meta);
    if (buf == NULL) {
        return false;
    }
    struct fa_ip local;
    if (fa_ip_is_zero(&meta.local) && source_for(stack, &meta, &local)) {
        fa_icmp_local_set(buf, &meta, &local);
    }
    send_packet(stack, now, &meta, buf);
    return true;
}

static bool send_udp(struct fa_stack *stack, fa_ns now)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    if (fa_fragment_is_busy(&stack->fragment) || !fa_udp_has_output(&stack->udp) ||
        !fa__stack_reserve(stack, &buf)) {
        return false;
    }
    fa_buf_drop(buf); // it only said that there is room: datagrams come with their own
    buf = fa_udp_output(&stack->udp, now, &meta);
    FA_ASSERT(buf != NULL);
    struct fa_ip local;
    if (fa_ip_is_zero(&meta.local) && source_for(stack, &meta, &local)) {
        fa_udp_local_set(buf, &meta, &local);
    }
    if (meta.loop && !fa_ip_is_zero(&meta.local)) {
        fa_udp_loop(&stack->udp, now, &meta, buf);
    }
    send_packet(stack, now, &meta, buf);
    return true;
}

/* What a segment may leave undone: what every card does, for it may leave by any. */
static uint8_t find_offer(const struct fa_stack *stack)
{
    unsigned offer = stack->config.iface_count == 0
                         ? 0
                         : FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_TSO4 | FA_OFFLOAD_TSO6;
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        offer &= stack->ifaces[i].config.dev->info.tx_offload;
    }
    return (uint8_t)offer;
}

static bool send_tcp(struct fa_stack *stack, fa_ns now)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    if (fa__stack_fast_send(stack, now)) {
        return true;
    }
    if (!fa_tcp_has_output(&stack->tcp) || !fa__stack_reserve(stack, &buf)) {
        return false;
    }
    buf->offload.flags = find_offer(stack);
    if (!fa_tcp_output(&stack->tcp, now, buf, &meta)) {
        fa_buf_drop(buf);
        return false;
    }
    send_packet(stack, now, &meta, buf);
    return true;
}

/* ---- whose turn it is ---- */

typedef bool (*send_fn)(struct fa_stack *stack, fa_ns now);
static const send_fn senders[] = {
    send_links, fa__stack_fragment_send, send_icmp, send_udp, send_tcp};

enum { LINKS, FRAGMENT, ICMP, UDP, TCP }; /* their indices */

/* Who has something to say: a bit each. */
static unsigned find_speakers(const struct fa_stack *stack)
{
    unsigned speakers = fa_tcp_has_output(&stack->tcp) ? 1u << TCP : 0u;
    if (fa_fragment_is_busy(&stack->fragment)) {
        speakers |= 1u << FRAGMENT; // the others may cut packets as well: they wait
    } else {
        speakers |= (fa_icmp_has_output(&stack->icmp) ? 1u << ICMP : 0u) |
                    (fa_udp_has_output(&stack->udp) ? 1u << UDP : 0u);
    }
    return speakers | (stack->touched && fa__stack_links_speak(stack) ? 1u << LINKS : 0u);
}

/* Whether nobody but TCP can have anything to say. */
static bool is_tcp_alone(const struct fa_stack *stack)
{
    return !stack->touched && !fa_fragment_is_busy(&stack->fragment) &&
           !fa_icmp_has_output(&stack->icmp) && !fa_udp_has_output(&stack->udp);
}

/* Whose turn it is among `speakers`, of whom there is one: the first from `turn` on. */
static unsigned find_next(unsigned speakers, unsigned turn)
{
    unsigned later = speakers >> turn << turn;
    return (unsigned)__builtin_ctz(later != 0 ? later : speakers);
}

/* Some packets of one sender. Returns: how many. */
static uint32_t send_some(struct fa_stack *stack, fa_ns now, unsigned sender)
{
    uint32_t count = 0;
    while (count < SEND_COUNT_MAX && senders[sender](stack, now)) {
        count++;
    }
    return count;
}

/* Packets of all in turn, until none has any, no device takes more, or it is enough for one poll.
 * The turn outlives the poll, so that a device that takes little is shared fairly. Returns: how
 * many. */
static uint32_t send_turns(struct fa_stack *stack, fa_ns now)
{
    uint32_t sent = 0;
    unsigned silent = 0; // had nothing after all, or no room
    unsigned speakers;
    while ((speakers = find_speakers(stack) & ~silent) != 0 && sent < POLL_COUNT_MAX) {
        unsigned sender = find_next(speakers, stack->turn);
        stack->turn = (sender + 1) % FA_COUNT_OF(senders);
        uint32_t count = send_some(stack, now, sender);
        sent += count;
        silent |= count == 0 ? 1u << sender : 0;
        if (count != 0 && sender != LINKS) {
            silent &= ~(1u << LINKS); // a packet may need a neighbour to be asked for
        }
    }
    return sent;
}

/* Segments, while nobody else waits for a turn. Returns: how many. */
static uint32_t send_alone(struct fa_stack *stack, fa_ns now)
{
    uint32_t sent = 0;
    while (sent < POLL_COUNT_MAX && !stack->touched && send_tcp(stack, now)) {
        sent++;
    }
    return sent;
}

static void flush(struct fa_stack *stack, fa_ns now)
{
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        if (stack->ifaces[i].unflushed) {
            stack->ifaces[i].unflushed = false;
            fa_netdev_tx_flush(stack->ifaces[i].config.dev, now);
        }
    }
}

bool fa__stack_output(struct fa_stack *stack, fa_ns now)
{
    uint32_t sent = 0;
    stack->retry_ns = FA_NS_NEVER;
    if (is_tcp_alone(stack)) {
        if (!fa_tcp_has_output(&stack->tcp)) {
            return false;
        }
        sent = send_alone(stack, now);
        bool done = !fa_tcp_has_output(&stack->tcp) || sent == POLL_COUNT_MAX;
        if (done && !stack->touched) {
            flush(stack, now);
            return sent != 0;
        }
    }
    // A full device may have room after the flush: it is asked twice.
    for (int round = 0; round < 2; round++) {
        stack->retry_ns = FA_NS_NEVER;
        sent += send_turns(stack, now);
        flush(stack, now);
        if (stack->retry_ns == FA_NS_NEVER) {
            return sent != 0;
        }
    }
    FA_COUNT(stack->counters, net_tx_stalled);
    stack->retry_ns = fa_ns_after(now, FA_STACK_RETRY_NS);
    return sent != 0;
}
