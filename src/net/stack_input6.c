// SPDX-License-Identifier: ISC
//
// The way up for IPv6: header, addresses, extension headers; then neighbour discovery, listener
// discovery, or what both families have.

#include "fa/log.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "fa/wire/udp.h"
#include "src/net/stack_priv.h"

/* Drop what no honest station puts on a wire (RFC 4291 2.5.2, 2.5.3, 2.7). */
static bool check_wire(const struct fa__rx *rx, const struct fa_ip6_header *ip)
{
    bool bad_source = !fa_ip6_is_host(&ip->source) && !fa_ip_is_zero(&ip->source);
    bool bad_target =
        !fa_ip6_is_host(&ip->target) && (!fa_ip6_is_multicast(&ip->target) ||
                                            fa_ip6_scope_of(&ip->target) <= FA_IP6_SCOPE_INTERFACE);
    if (bad_source || bad_target) {
        fa__rx_drop(rx, FA_COUNTER_ip6_rx_martian);
        return false;
    }
    if (fa__stack_has(rx->stack, &ip->source)) {
        fa__rx_drop(rx, FA_COUNTER_ip6_rx_own_source);
        return false;
    }
    return true;
}

/* Whether it is for us. */
static bool check_target(const struct fa__rx *rx, const struct fa_ip_meta *meta)
{
    const struct fa_iface *iface = rx->iface;
    bool ours = meta->multicast ? fa_mld_has(&iface->mld, &meta->local)
                                : fa_addrs_has(&iface->addrs, &meta->local);
    if (!ours || !iface->ndp.running) {
        fa__rx_drop(rx, FA_COUNTER_ip6_rx_not_for_us);
        return false;
    }
    if (rx->link_group && !meta->multicast) {
        fa__rx_drop(rx, FA_COUNTER_ip6_rx_link_group);
        return false;
    }
    return true;
}

/* ---- extension headers ---- */

/* Tell the sender which byte we do not take, if it wants to know. */
static void refuse(
    const struct fa__rx *rx, const struct fa_ip_meta *meta, const struct fa_ip6_chain *chain)
{
    if (meta->multicast && !chain->problem_always) {
        fa__rx_drop(rx, FA_COUNTER_ip6_rx_option);
        return;
    }
    const struct fa_icmp_header error = {
        .type = FA_ICMP6_PARAMETER, .code = chain->problem_code, .seq = chain->problem_off};
    FA_COUNT(rx->stack->counters, ip6_rx_option);
    fa_icmp_error_take(&rx->stack->icmp, rx->now, meta, &error, rx->buf);
}

/* Walk to the transport. Returns: whether it is to be taken; else the packet is gone. */
static bool walk(
    struct fa__rx *rx, struct fa_ip_meta *meta, uint8_t next, struct fa_ip6_chain *ret_chain)
{
    static const enum fa_counter_id reasons[] = {
        [FA_IP6_CHAIN_FRAGMENT] = FA_COUNTER_ip6_rx_fragments,
        [FA_IP6_CHAIN_NONE] = FA_COUNTER_ip6_rx_no_next,
        [FA_IP6_CHAIN_SHORT] = FA_COUNTER_ip6_rx_chain_short,
        [FA_IP6_CHAIN_LIMIT] = FA_COUNTER_ip6_rx_chain_limit,
        [FA_IP6_CHAIN_DROP] = FA_COUNTER_ip6_rx_option,
    };
    enum fa_ip6_chain_verdict verdict = fa_ip6_chain_walk(fa_buf_slice(rx->buf), next, ret_chain);
    if (verdict == FA_IP6_CHAIN_FRAGMENT) {
        if (!fa__rx_reassemble6(rx, meta, ret_chain)) {
            return false;
        }
        next = fa_buf_at(rx->buf)[FA_IP6_NEXT_OFF];
        verdict = fa_ip6_chain_walk(fa_buf_slice(rx->buf), next, ret_chain);
        ret_chain->fragmented = true;
    }
    if (verdict == FA_IP6_CHAIN_PROBLEM) {
        refuse(rx, meta, ret_chain);
    } else if (verdict != FA_IP6_CHAIN_GOOD) {
        fa__rx_drop(rx, reasons[verdict]);
    }
    return verdict == FA_IP6_CHAIN_GOOD;
}

/* ---- what belongs to the link ---- */

static bool is_ndp(uint8_t type)
{
    return type >= FA_ICMP6_ROUTER_SOLICIT && type <= FA_ICMP6_REDIRECT;
}

static bool is_mld(uint8_t type)
{
    return (type >= FA_ICMP6_MLD_QUERY && type <= FA_ICMP6_MLD1_DONE) ||
           type == FA_ICMP6_MLD2_REPORT;
}

/* Take in neighbour and listener discovery. Returns: whether it was that. */
static bool input_link(
    const struct fa__rx *rx, const struct fa_ip_meta *meta, const struct fa_ip6_chain *chain)
{
    struct fa_slice message = fa_slice_from(fa_buf_slice(rx->buf), chain->off);
    struct fa_icmp6_header header;
    if (meta->protocol != FA_IP_PROTO_ICMP6 || message.len == 0 ||
        (!is_ndp(message.at[0]) && !is_mld(message.at[0]))) {
        return false;
    }
    // In fragments its options could hide from whoever guards the link (RFC 6980).
    if (rx->iface == NULL || chain->fragmented) {
        fa__rx_drop(rx, FA_COUNTER_ip6_rx_link_message);
        return true;
    }
    if (fa_icmp6_decode(message, meta, &header) != FA_ICMP6_GOOD) {
        fa__rx_drop(rx, FA_COUNTER_icmp_rx_bad_checksum);
        return true;
    }
    fa__stack_touch(rx->stack);
    if (is_ndp(header.type)) {
        fa_ndp_input(&rx->iface->ndp, rx->now, meta, message);
    } else if (header.type == FA_ICMP6_MLD_QUERY) {
        fa_mld_input(&rx->iface->mld, rx->now, meta, chain->router_alert, message);
    } else {
        FA_COUNT(rx->stack->counters, icmp_rx_ignored); // other listeners' reports
    }
    fa_buf_drop(rx->buf);
    return true;
}

/* Take in what DHCPv6 servers say. Off-link stations cannot reach the address that we ask from.
 * Returns: whether it was that. */
static bool input_dhcp6(
    const struct fa__rx *rx, const struct fa_ip_meta *meta, const struct fa_ip6_chain *chain)
{
    struct fa_udp_header udp;
    struct fa_slice datagram = fa_slice_from(fa_buf_slice(rx->buf), chain->off);
    if (rx->iface == NULL || rx->iface->dhcp6.state == FA_DHCP6_STOPPED ||
        meta->protocol != FA_IP_PROTO_UDP || !fa_ip6_is_link_local(&meta->local) ||
        datagram.len < FA_UDP_HDR_LEN || fa_be16_load(datagram.at + 2) != FA_DHCP6_PORT_CLIENT) {
        return false;
    }
    bool csum_good = (rx->buf->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0;
    if (fa_udp_decode(datagram, meta, csum_good, &udp) != FA_UDP_GOOD) {
        fa__rx_drop(rx, FA_COUNTER_dhcp6_rx_bad_udp);
        return true;
    }
    struct fa_slice payload = {datagram.at + FA_UDP_HDR_LEN, udp.len - (size_t)FA_UDP_HDR_LEN};
    fa__stack_touch(rx->stack);
    if (fa_dhcp6_input(&rx->iface->dhcp6, rx->now, payload)) {
        char server[FA_IP_TEXT_MAX];
        fa_ip_text(&meta->remote, server, sizeof server);
        FA_LOG(dhcp, FA_LOG_INFO, "%s: servers from %s by DHCPv6", rx->iface->config.dev->info.name,
            server);
    }
    fa_buf_drop(rx->buf);
    return true;
}

/* ---- the packet ---- */

static bool decode(const struct fa__rx *rx, struct fa_ip6_header *ret_ip)
{
    static const enum fa_counter_id reasons[] = {
        [FA_IP6_SHORT] = FA_COUNTER_ip6_rx_short,
        [FA_IP6_VERSION] = FA_COUNTER_ip6_rx_version,
        [FA_IP6_LEN] = FA_COUNTER_ip6_rx_len,
    };
    FA_COUNT(rx->stack->counters, ip6_rx_packets);
    enum fa_ip6_verdict verdict = fa_ip6_decode(fa_buf_slice(rx->buf), ret_ip);
    if (verdict != FA_IP6_GOOD) {
        fa__rx_drop(rx, reasons[verdict]);
        return false;
    }
    FA_TRACE(ip6_rx, rx->now, rx->iface_idx, fa__ip_half(&ret_ip->source, 0),
        fa__ip_half(&ret_ip->source, 8), fa__ip_half(&ret_ip->target, 0),
        fa__ip_half(&ret_ip->target, 8), ret_ip->next, ret_ip->payload_len);
    fa_buf_trim(rx->buf, FA_IP6_HDR_LEN + (size_t)ret_ip->payload_len);
    return true;
}

void fa__rx_ip6(struct fa__rx *rx)
{
    struct fa_ip6_header ip;
    struct fa_ip6_chain chain;
    if (!decode(rx, &ip)) {
        return;
    }
    struct fa_ip_meta meta = {
        .local = ip.target,
        .remote = ip.source,
        .ttl = ip.hop_limit,
        .traffic = ip.traffic,
        .multicast = fa_ip6_is_multicast(&ip.target),
        .dont_fragment = true,
        .iface = (uint8_t)rx->iface_idx,
        .mtu_bytes = FA_STACK_LOOPBACK_MTU,
    };
    if (rx->iface != NULL) {
        meta.mtu_bytes =
            fa_pmtu_of(&rx->stack->pmtu, rx->now, &meta.remote, rx->iface->ndp.mtu_bytes);
    }
    if ((rx->iface != NULL && (!check_wire(rx, &ip) || !check_target(rx, &meta))) ||
        !walk(rx, &meta, ip.next, &chain)) {
        return;
    }
    meta.protocol = chain.protocol;
    if (input_link(rx, &meta, &chain)) {
        return;
    }
    if (fa_ip_is_zero(&ip.source)) {
        fa__rx_drop(rx, FA_COUNTER_ip6_rx_martian);
        return;
    }
    if (input_dhcp6(rx, &meta, &chain)) {
        return;
    }
    const struct fa_icmp_header no_protocol = {
        .type = FA_ICMP6_PARAMETER, .code = FA_ICMP6_CODE_NEXT, .seq = chain.next_off};
    fa__rx_transport(rx, &meta, chain.off, &no_protocol);
}
