// SPDX-License-Identifier: ISC
//
// The way up: device, Ethernet, ARP or IPv4, then ICMP, UDP or TCP. IPv6 is in stack_input6.c.

#include "fa/wire/eth.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip4.h"
#include "fa/wire/udp.h"
#include "src/net/stack_priv.h"

/* ---- transports ---- */

/* Tell the transport whose packet it was. */
static void input_report(struct fa_stack *stack, fa_ns now, const struct fa_icmp_report *report)
{
    bool believed = false;
    switch (report->meta.protocol) {
    case FA_IP_PROTO_UDP:
        believed = fa_udp_icmp(&stack->udp, &report->meta,
            report->too_big ? FA_UDP_ICMP_TOO_BIG : FA_UDP_ICMP_UNREACHABLE, report->quoted);
        break;
    case FA_IP_PROTO_TCP:
        believed = fa_tcp_icmp(&stack->tcp, now, &report->meta,
            report->too_big ? FA_TCP_ICMP_TOO_BIG : FA_TCP_ICMP_UNREACHABLE, report->quoted);
        break;
    default:
        FA_COUNT(stack->counters, icmp_rx_quote);
    }
    if (report->too_big && believed) {
        fa_pmtu_lower(&stack->pmtu, now, &report->meta.remote, report->meta.mtu_bytes);
    }
}

void fa__stack_undelivered(struct fa_stack *stack, fa_ns now, struct fa_neigh *neigh)
{
    for (struct fa_buf *buf; (buf = fa_neigh_failed_take(neigh)) != NULL;) {
        struct fa_icmp_report report;
        struct fa_slice packet = fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN);
        bool ours = fa_icmp_undelivered(&stack->icmp, now, packet, &report);
        fa__stack_redirect_failed(stack, packet);
        if (ours) {
            input_report(stack, now, &report);
        }
        fa_buf_drop(buf);
    }
}

static void input_icmp(const struct fa__rx *rx, const struct fa_ip_meta *meta)
{
    struct fa_icmp_report report;
    fa__stack_touch(rx->stack);
    if (fa_icmp_input(&rx->stack->icmp, rx->now, meta, rx->buf, &report)) {
        if (!fa_ip_is_zero(&report.gateway)) {
            fa__stack_redirect(rx->stack, rx->now, meta, &report);
        } else {
            input_report(rx->stack, rx->now, &report);
        }
        fa_buf_drop(rx->buf);
    }
}

void fa__rx_transport(const struct fa__rx *rx, const struct fa_ip_meta *meta, size_t header_len,
    const struct fa_icmp_header *unknown)
{
    static const struct fa_icmp_header no_port = {
        .type = FA_ICMP_UNREACHABLE, .code = FA_ICMP_CODE_PORT};
    static const struct fa_icmp_header no_port6 = {
        .type = FA_ICMP6_UNREACHABLE, .code = FA_ICMP6_CODE_PORT};
    struct fa_stack *stack = rx->stack;
    bool four = fa_ip_is4(&meta->remote);
    if (rx->iface != NULL && !meta->multicast) {
        fa__stack_pair_learn(stack, meta);
    }
    fa_buf_pull(rx->buf, header_len);
    if (meta->protocol == FA_IP_PROTO_TCP) {
        fa_tcp_input(&stack->tcp, rx->now, meta, rx->buf);
    } else if (meta->protocol == FA_IP_PROTO_UDP) {
        if (!fa_udp_input(&stack->udp, rx->now, meta, rx->buf)) {
            fa_buf_push(rx->buf, header_len);
            fa_icmp_error_take(&stack->icmp, rx->now, meta, four ? &no_port : &no_port6, rx->buf);
        }
    } else if (meta->protocol == (four ? FA_IP_PROTO_ICMP : FA_IP_PROTO_ICMP6)) {
        input_icmp(rx, meta);
    } else {
        FA_COUNT(stack->counters, ip_rx_protocol);
        fa_buf_push(rx->buf, header_len);
        fa_icmp_error_take(&stack->icmp, rx->now, meta, unknown, rx->buf);
    }
}

/* ---- IPv4 ---- */

/* Whether it is from a DHCP server to a client. Before the lease it may come to any address. */
static bool is_dhcp(const struct fa__rx *rx, const struct fa_ip4_header *ip)
{
    const uint8_t *udp = fa_buf_at(rx->buf) + ip->header_len;
    return (rx->iface->config.dhcp || rx->iface->config.inform) &&
           ip->protocol == FA_IP_PROTO_UDP && ip->total_len >= ip->header_len + FA_UDP_HDR_LEN &&
           fa_be16_load(udp) == FA_DHCP_PORT_SERVER && fa_be16_load(udp + 2) == FA_DHCP_PORT_CLIENT;
}

static void input_dhcp(
    const struct fa__rx *rx, const struct fa_ip_meta *meta, const struct fa_ip4_header *ip)
{
    struct fa_udp_header udp;
    bool csum_good = (rx->buf->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0;
    struct fa_slice datagram = fa_slice_from(fa_buf_slice(rx->buf), ip->header_len);
    if (fa_udp_decode(datagram, meta, csum_good, &udp) != FA_UDP_GOOD) {
        fa__rx_drop(rx, FA_COUNTER_dhcp_rx_bad_udp);
        return;
    }
    struct fa_slice payload = {datagram.at + FA_UDP_HDR_LEN, udp.len - (size_t)FA_UDP_HDR_LEN};
    fa__stack_touch(rx->stack);
    fa_dhcp_input(&rx->iface->dhcp, rx->now, payload);
    fa_buf_drop(rx->buf);
    fa__stack_dhcp_event(rx->stack, rx->now, rx->iface_idx);
}

/* A group's query comes from 0.0.0.0 where a switch asks (RFC 4541 2.1.1); it is taken before
 * addresses are looked at, to any group or address of ours (RFC 3376 4.1.12). */
static void input_igmp(const struct fa__rx *rx, const struct fa_ip4_header *ip)
{
    struct fa_ip target = fa_ip4_ip(ip->target);
    if (!fa_igmp_has(&rx->iface->igmp, ip->target) && !fa_addrs_has(&rx->iface->addrs, &target)) {
        fa__rx_drop(rx, FA_COUNTER_ip4_rx_not_for_us);
        return;
    }
    fa__stack_touch(rx->stack);
    fa_igmp_input(&rx->iface->igmp, rx->now, ip->ttl, ip->router_alert,
        fa_slice_from(fa_buf_slice(rx->buf), ip->header_len));
    fa_buf_drop(rx->buf);
}

/* Drop what no honest station puts on a wire (RFC 1122 3.2.1.3, RFC 1812 5.3.7). */
static bool check_wire(const struct fa__rx *rx, const struct fa_ip4_header *ip)
{
    if (!fa_ip4_is_host(ip->source) || fa__iface_is_broadcast(rx->iface, ip->source) ||
        fa_ip4_is_loopback(ip->target) || ip->target >> 24 == 0) {
        fa__rx_drop(rx, FA_COUNTER_ip4_rx_martian);
        return false;
    }
    struct fa_ip source = fa_ip4_ip(ip->source);
    if (fa__stack_has(rx->stack, &source)) {
        fa__rx_drop(rx, FA_COUNTER_ip4_rx_own_source);
        return false;
    }
    return true;
}

/* Whether it is for us; *ret_group: and for others. */
static bool check_target(const struct fa__rx *rx, const struct fa_ip4_header *ip, bool *ret_group)
{
    bool group =
        fa__iface_is_broadcast(rx->iface, ip->target) || fa_igmp_has(&rx->iface->igmp, ip->target);
    struct fa_ip target = fa_ip4_ip(ip->target);
    if (!rx->iface->up || (!group && !fa_addrs_has(&rx->iface->addrs, &target))) {
        fa__rx_drop(rx, FA_COUNTER_ip4_rx_not_for_us);
        return false;
    }
    if (rx->link_group && !group) {
        fa__rx_drop(rx, FA_COUNTER_ip4_rx_link_group);
        return false;
    }
    *ret_group = group;
    return true;
}

/* Both checks; what they said of a good unicast packet holds for the next between the same
 * addresses. */
static bool check_addresses(
    const struct fa__rx *rx, const struct fa_ip4_header *ip, struct fa_ip_meta *meta)
{
    bool known = !rx->link_group &&
                 fa__stack_pair_find(rx->stack, rx->iface_idx, &meta->local, &meta->remote) != NULL;
    return known || (check_wire(rx, ip) && check_target(rx, ip, &meta->multicast));
}

static void input_ip4(struct fa__rx *rx)
{
    static const enum fa_counter_id reasons[] = {
        [FA_IP4_SHORT] = FA_COUNTER_ip4_rx_short,
        [FA_IP4_VERSION] = FA_COUNTER_ip4_rx_version,
        [FA_IP4_HEADER_LEN] = FA_COUNTER_ip4_rx_header_len,
        [FA_IP4_TOTAL_LEN] = FA_COUNTER_ip4_rx_total_len,
        [FA_IP4_CSUM] = FA_COUNTER_ip4_rx_bad_checksum,
        [FA_IP4_OPTIONS] = FA_COUNTER_ip4_rx_options,
        [FA_IP4_SOURCE_ROUTE] = FA_COUNTER_ip4_rx_source_route,
    };
    struct fa_ip4_header ip;
    FA_COUNT(rx->stack->counters, ip4_rx_packets);
    enum fa_ip4_verdict verdict = fa_ip4_decode(fa_buf_slice(rx->buf), &ip);
    if (verdict != FA_IP4_GOOD) {
        fa__rx_drop(rx, reasons[verdict]);
        return;
    }
    FA_TRACE(ip4_rx, rx->now, rx->iface_idx, ip.source, ip.target, ip.protocol, ip.total_len);
    fa_buf_trim(rx->buf, ip.total_len);
    struct fa_ip_meta meta = {
        .local = fa_ip4_ip(ip.target),
        .remote = fa_ip4_ip(ip.source),
        .protocol = ip.protocol,
        .ttl = ip.ttl,
        .traffic = ip.traffic,
        .dont_fragment = ip.dont_fragment,
        .iface = (uint8_t)rx->iface_idx,
        .mtu_bytes = FA_STACK_LOOPBACK_MTU,
    };
    if (rx->iface != NULL) {
        meta.mtu_bytes = fa_pmtu_of(&rx->stack->pmtu, rx->now, &meta.remote, rx->iface->mtu_bytes);
    }
    bool fragment = ip.fragment_off != 0 || ip.more_fragments;
    if (rx->iface != NULL && !fragment && is_dhcp(rx, &ip)) {
        input_dhcp(rx, &meta, &ip);
        return;
    }
    if (rx->iface != NULL && !fragment && ip.protocol == FA_IP_PROTO_IGMP) {
        input_igmp(rx, &ip);
        return;
    }
    if (rx->iface != NULL && !check_addresses(rx, &ip, &meta)) {
        return;
    }
    if (fragment && !fa__rx_reassemble4(rx, &meta, &ip)) {
        return;
    }
    static const struct fa_icmp_header no_protocol = {
        .type = FA_ICMP_UNREACHABLE, .code = FA_ICMP_CODE_PROTOCOL};
    fa__rx_transport(rx, &meta, ip.header_len, &no_protocol);
}

/* ---- Ethernet ---- */

static void input_arp(const struct fa__rx *rx)
{
    fa__stack_touch(rx->stack);
    enum fa_arp_verdict verdict = fa_arp_input(&rx->iface->arp, rx->now, fa_buf_slice(rx->buf));
    fa_buf_drop(rx->buf);
    fa__stack_probe_check(rx->stack, rx->now, rx->iface_idx);
    if (verdict != FA_ARP_FINE) {
        fa__stack_conflict(rx->stack, rx->now, rx->iface_idx, verdict);
    }
}

static void input_frame(struct fa__rx *rx)
{
    static const enum fa_counter_id reasons[] = {
        [FA_ETH_SHORT] = FA_COUNTER_eth_rx_short,
        [FA_ETH_LENGTH] = FA_COUNTER_eth_rx_length,
        [FA_ETH_SOURCE] = FA_COUNTER_eth_rx_source,
    };
    struct fa_eth_header eth;
    FA_COUNT(rx->stack->counters, net_rx_frames);
    enum fa_eth_verdict verdict = fa_eth_decode(fa_buf_slice(rx->buf), &eth);
    if (verdict != FA_ETH_GOOD) {
        fa__rx_drop(rx, reasons[verdict]);
        return;
    }
    rx->link_group = fa_mac_is_group(eth.target);
    if (!rx->link_group && !fa_mac_equal(eth.target, rx->iface->config.dev->info.mac)) {
        fa__rx_drop(rx, FA_COUNTER_eth_rx_not_for_us);
        return;
    }
    fa_buf_pull(rx->buf, FA_ETH_HDR_LEN);
    if (eth.type == FA_ETH_TYPE_IP4) {
        input_ip4(rx);
    } else if (eth.type == FA_ETH_TYPE_IP6) {
        fa__rx_ip6(rx);
    } else if (eth.type == FA_ETH_TYPE_ARP) {
        input_arp(rx);
    } else {
        fa__rx_drop(rx, FA_COUNTER_eth_rx_type);
    }
}

/* What was there when the poll began; answers to it wait for the next one. */
static bool input_loopback(struct fa_stack *stack, fa_ns now)
{
    uint32_t count = stack->loopback_count;
    for (uint32_t i = 0; i < count; i++) {
        struct fa_list *node = fa_list_pop_front(&stack->loopback);
        FA_ASSERT(node != NULL);
        stack->loopback_count--;
        struct fa__rx rx = {.stack = stack, .now = now, .buf = fa_buf_of(node)};
        if (rx.buf->len != 0 && *fa_buf_at(rx.buf) >> 4 == 6) {
            fa__rx_ip6(&rx);
        } else {
            input_ip4(&rx);
        }
    }
    return count != 0;
}

bool fa__stack_input(struct fa_stack *stack, fa_ns now)
{
    bool came = input_loopback(stack, now);
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        struct fa_buf *frames[FA_NETDEV_BURST_MAX];
        struct fa_iface *iface = &stack->ifaces[i];
        size_t count = fa_netdev_rx(iface->config.dev, now, frames, FA_NETDEV_BURST_MAX);
        FA_ASSERT(count <= FA_NETDEV_BURST_MAX);
        if (stack->tcp.spread && count > 1) {
            fa__stack_fast_expect(stack, i, frames, count);
        }
        uint32_t search_count = stack->tcp.search_count;
        for (size_t f = 0; f < count; f++) {
            if (!fa__stack_fast_input(stack, now, i, frames[f])) {
                struct fa__rx rx = {
                    .stack = stack, .now = now, .buf = frames[f], .iface = iface, .iface_idx = i};
                input_frame(&rx);
            }
        }
        if (count != 0) {
            came = true;
            stack->tcp.spread = stack->tcp.search_count - search_count > count / 2;
        }
    }
    return came;
}
