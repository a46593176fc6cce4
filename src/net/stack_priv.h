// SPDX-License-Identifier: ISC
//
// What the files of the stack share: stack.c holds it together, stack_ip4.c and stack_ip6.c its
// addresses and groups, stack_route.c and stack_redirect.c know the ways, stack_input.c and
// stack_input6.c bring packets up, stack_output.c brings them down, stack_fragment.c cuts those
// that are too long and puts together what comes in pieces.

#ifndef FA_NET_STACK_PRIV_H
#define FA_NET_STACK_PRIV_H

#include "fa/stack.h"
#include "fa/trace.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"

/* Drop a buffer, and say why. */
static inline void fa__stack_drop(struct fa_stack *stack, fa_ns now, uint32_t iface_idx,
    struct fa_buf *take, enum fa_counter_id reason)
{
    stack->counters->cell[reason]++;
    FA_TRACE(net_drop, now, iface_idx, (uint64_t)reason, take->len);
    fa_buf_drop(take);
}

/* Where a packet to some address goes. */
struct fa__way {
    bool ours;  /* to ourselves; the rest says nothing */
    bool group; /* to many stations; next_hop says nothing */
    uint32_t iface_idx;
    struct fa_ip next_hop; /* a neighbour */
};

/* Half of an address, for traces: from byte `off` on. */
static inline uint64_t fa__ip_half(const struct fa_ip *ip, size_t off)
{
    return (uint64_t)fa_be32_load(ip->b + off) << 32 | fa_be32_load(ip->b + off + 4);
}

/* stack_route.c */

/* Find the way for a packet, of which `local` (zero: any), `remote` and `iface` (for groups,
 * link-local addresses and broadcasts from no address) count. Returns: FA_OK; FA_ENOENT: no route,
 * or no address to speak from; FA_EINVAL: not an address to send to; FA_EREFUSED: `local` is not
 * ours. */
fa_err fa__stack_way(
    const struct fa_stack *stack, const struct fa_ip_meta *meta, struct fa__way *ret_way);

/* The address that speaks to `remote` on a way that fa__stack_way() found; zero: none. */
struct fa_ip fa__stack_source(
    const struct fa_stack *stack, const struct fa__way *way, const struct fa_ip *remote);

/* Forget every route of a family over an interface. */
void fa__stack_routes_drop(struct fa_stack *stack, uint32_t idx, bool four);

/* Whether the stack has this address: on any interface, or 127/8 or ::1. */
bool fa__stack_has(const struct fa_stack *stack, const struct fa_ip *ip);

/* Whether `ip` names every station of the interface's link. */
bool fa__iface_is_broadcast(const struct fa_iface *iface, uint32_t ip);

/* stack_path.c */

/* The last 4 bytes of an address, to compare. */
static inline uint32_t fa__ip_tail(const uint8_t at[4])
{
    uint32_t word;
    __builtin_memcpy(&word, at, sizeof word);
    return word;
}

/* The place that addresses which end so may take. No secret: who fills it with others makes packets
 * go the slow way. */
static inline uint32_t fa__stack_path_place(uint32_t local, uint32_t remote)
{
    _Static_assert(FA_STACK_PATH_COUNT == 1 << 6, "the upper 6 bits are taken");
    uint64_t mixed = (uint64_t)remote << 32 ^ local;
    return (uint32_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

/* The way of the last packet between these addresses, if it still holds; else NULL. */
const struct fa_stack_path *fa__stack_path_between(
    struct fa_stack *stack, fa_ns now, const struct fa_ip *local, const struct fa_ip *remote);
static inline const struct fa_stack_path *fa__stack_path_find(
    struct fa_stack *stack, fa_ns now, const struct fa_ip_meta *meta)
{
    return fa__stack_path_between(stack, now, &meta->local, &meta->remote);
}

/* A packet left with this Ethernet header, to a neighbour of this table: remember it, if the
 * neighbour needs no looking after. */
void fa__stack_path_learn(struct fa_stack *stack, const struct fa_ip_meta *meta, uint32_t iface_idx,
    struct fa_neigh *neigh, const struct fa_ip *next_hop, const uint8_t eth[FA_ETH_HDR_LEN]);

/* What is known of these addresses of unicast packets from an interface, of which one was good;
 * NULL: nothing. And: the packet is good. */
struct fa_stack_pair *fa__stack_pair_find(struct fa_stack *stack, uint32_t iface_idx,
    const struct fa_ip *local, const struct fa_ip *remote);
void fa__stack_pair_learn(struct fa_stack *stack, const struct fa_ip_meta *meta);

/* Something other than TCP was given work or a deadline, or may have been: look again. */
static inline void fa__stack_touch(struct fa_stack *stack)
{
    stack->touched = true;
}

/* Routes or addresses have changed: no way is known any more. */
static inline void fa__stack_paths_forget(struct fa_stack *stack)
{
    stack->path_generation++;
    fa__stack_touch(stack);
}

/* What fits a frame of this interface, IP header included, in the family of `ip`. */
static inline uint16_t fa__iface_mtu(const struct fa_iface *iface, const struct fa_ip *ip)
{
    return fa_ip_is4(ip) ? iface->mtu_bytes : iface->ndp.mtu_bytes;
}

/* What the interface's frames may hold, before anybody says less. */
static inline uint16_t fa__iface_link_mtu(const struct fa_iface_config *config)
{
    return config->mtu_bytes != 0 ? config->mtu_bytes : config->dev->info.mtu_bytes;
}

/* stack_config.c */

/* Servers and domains as configured. */
void fa__stack_names_start(struct fa_stack *stack);

/* Routes of one family over an interface as configured. */
void fa__stack_routes_start(struct fa_stack *stack, uint32_t idx, bool four);

/* Add a route; say so in the log if there is no room for it. */
void fa__stack_route_must(struct fa_stack *stack, const struct fa_route *route);

/* stack_ip4.c */

/* Begin and end IPv4 on an interface. */
void fa__stack_ip4_start(struct fa_stack *stack, fa_ns now, uint32_t idx);
void fa__stack_ip4_stop(struct fa_stack *stack, fa_ns now, uint32_t idx);

/* Act on what ARP and DHCP have to say about the interface's address. */
void fa__stack_conflict(
    struct fa_stack *stack, fa_ns now, uint32_t idx, enum fa_arp_verdict verdict);
void fa__stack_probe_check(struct fa_stack *stack, fa_ns now, uint32_t idx);
void fa__stack_dhcp_event(struct fa_stack *stack, fa_ns now, uint32_t idx);

/* stack_redirect.c */
/* A router of IPv4, meta->remote, names a better first hop. */
void fa__stack_redirect(struct fa_stack *stack, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_icmp_report *report);
/* Put another next hop in the place of *next if one was named. */
void fa__stack_redirect_apply(
    const struct fa_stack *stack, uint32_t idx, const struct fa_ip *remote, struct fa_ip *next);
/* `packet` was not delivered, since its next hop did not answer. */
void fa__stack_redirect_failed(struct fa_stack *stack, struct fa_slice packet);

/* stack.c */

/* Wake who waits for the stack to be up, if it is. */
void fa__stack_up_check(struct fa_stack *stack);

/* stack_ip6.c */

/* Begin and end IPv6 on an interface. */
void fa__stack_ip6_start(struct fa_stack *stack, fa_ns now, uint32_t idx);
void fa__stack_ip6_stop(struct fa_stack *stack, uint32_t idx);

/* Let time pass, and act on what neighbour discovery changed. */
void fa__stack_ip6_tick(struct fa_stack *stack, fa_ns now, uint32_t idx);

/* Whether an interface is as far as IPv6 alone brings it. */
bool fa__iface_ip6_is_up(const struct fa_iface *iface);

/* fa_udp_config.group_set */
fa_err fa__stack_group_set(void *stack, const struct fa_ip *group, uint8_t iface, bool member);

/* stack_input.c */

/* A packet on its way up, as far as it is understood. */
struct fa__rx {
    struct fa_stack *stack;
    fa_ns now;
    struct fa_buf *buf;
    struct fa_iface *iface; /* NULL: we sent it ourselves */
    uint32_t iface_idx;
    bool link_group; /* its frame was sent to many stations */
};

/* Drop it, and say why. */
static inline void fa__rx_drop(const struct fa__rx *rx, enum fa_counter_id reason)
{
    fa__stack_drop(rx->stack, rx->now, rx->iface_idx, rx->buf, reason);
}

/* Hand up what stands behind `header_len` bytes of IP headers, for any transport but those that
 * are part of IPv6 itself. `unknown`: what to tell the sender if its protocol is not spoken. */
void fa__rx_transport(const struct fa__rx *rx, const struct fa_ip_meta *meta, size_t header_len,
    const struct fa_icmp_header *unknown);

/* stack_input6.c: an IPv6 packet. */
void fa__rx_ip6(struct fa__rx *rx);

/* Take one burst from every device, and what we sent ourselves. Returns: whether anything came. */
bool fa__stack_input(struct fa_stack *stack, fa_ns now);

/* Tell transports about packets whose neighbour did not answer. */
void fa__stack_undelivered(struct fa_stack *stack, fa_ns now, struct fa_neigh *neigh);

/* stack_output.c */

/* Send what everybody has to say, as long as devices take it. Returns: whether anything went. */
bool fa__stack_output(struct fa_stack *stack, fa_ns now);

/* Room for one frame on any device that has some: a packet may leave by another than the one that
 * lent its buffer. Without devices the stack talks to itself. */
FA_MUST_USE bool fa__stack_reserve(struct fa_stack *stack, struct fa_buf **ret_buf);

/* Whether a link has something to say by itself: ARP, neighbour discovery, groups, DHCP. */
bool fa__stack_links_speak(const struct fa_stack *stack);

/* Trace a packet of either family that is about to leave; `ip` is its header. */
void fa__stack_trace_tx(fa_ns now, uint32_t idx, const uint8_t *ip, size_t len);

/* Count a packet whose headers came of a known way, and trace it. */
static inline void fa__stack_note_tx(
    struct fa_stack *stack, fa_ns now, const struct fa_stack_path *path, struct fa_buf *buf)
{
    FA_COUNT(stack->counters, ip_tx_packets);
    if (FA_TRACE_ON(ip4_tx)) {
        fa__stack_trace_tx(
            now, path->iface, fa_buf_at(buf) + FA_ETH_HDR_LEN, buf->len - FA_ETH_HDR_LEN);
    }
}

/* Give a frame to the interface's device. */
static inline void fa__stack_commit(
    struct fa_stack *stack, fa_ns now, struct fa_iface *iface, struct fa_buf *take)
{
    FA_COUNT(stack->counters, net_tx_frames);
    iface->unflushed = true;
    fa_netdev_tx_commit(iface->config.dev, now, take);
}

/* Write the IP header of a packet at `at`, FA_IP4_HDR_LEN or FA_IP6_HDR_LEN bytes. */
void fa__stack_ip_write(struct fa_stack *stack, uint32_t idx, const struct fa_ip_meta *meta,
    struct fa_slice payload, uint8_t *at);

/* Send an IP packet as a frame, now or when its neighbour has answered. */
void fa__stack_frame_send(struct fa_stack *stack, fa_ns now, const struct fa__way *way,
    const struct fa_ip_meta *meta, struct fa_buf *take);

/* A flow label (RFC 6437 3): what the address brings to it, and the ports, as they stand in the
 * packet. */
uint64_t fa__stack_flow_part(const struct fa_stack *stack, const struct fa_ip *remote);
static inline uint32_t fa__stack_flow_label(
    const struct fa_stack *stack, uint64_t part, uint32_t ports)
{
    return (uint32_t)((part + ports * stack->flow_factor[1]) >> 44);
}

/* How far packets go when nobody says so. */
uint8_t fa__stack_hop_limit(const struct fa_stack *stack, uint32_t idx, bool four);

/* stack_fragment.c */

/* Take in the fragment that rx->buf is, from its IP header on. Returns: whether rx->buf is the
 * whole packet now, *meta and *ip made true of it; else it was kept or dropped. */
FA_MUST_USE bool fa__rx_reassemble4(
    struct fa__rx *rx, struct fa_ip_meta *meta, struct fa_ip4_header *ip);

/* The same for IPv6, whose `chain` ends in a fragment header; the whole has none any more. */
FA_MUST_USE bool fa__rx_reassemble6(
    struct fa__rx *rx, struct fa_ip_meta *meta, const struct fa_ip6_chain *chain);

/* Give up what is not complete in time, and tell its senders. */
void fa__stack_reass_tick(struct fa_stack *stack, fa_ns now);

/* Begin to cut a transport's packet that is longer than its way takes, unless its sender forbade
 * that: a UDP socket is told. Pieces follow as devices have room; meanwhile neither UDP nor ICMP is
 * asked. */
void fa__stack_fragment_take(struct fa_stack *stack, fa_ns now, uint32_t iface_idx,
    uint16_t mtu_bytes, const struct fa_ip_meta *meta, struct fa_buf *take);

/* Send the next piece. Returns: whether there was one. */
bool fa__stack_fragment_send(struct fa_stack *stack, fa_ns now);

/* stack_fast.c */

/* Take in a frame if it is the usual one of a known connection. Returns: false, and nothing
 * happens, if it is not. */
bool fa__stack_fast_input(
    struct fa_stack *stack, fa_ns now, uint32_t iface_idx, struct fa_buf *take);

/* Segments of many connections have come: fetch what finding those needs, all at once. */
void fa__stack_fast_expect(
    struct fa_stack *stack, uint32_t iface_idx, struct fa_buf *const *frames, size_t count);

/* Send the next segment if it is a usual one and its way is known. Returns: whether it was. */
bool fa__stack_fast_send(struct fa_stack *stack, fa_ns now);

/* Push the headers that TCP's packet has on a known way. Returns: false, and nothing happens, if it
 * is to have others. */
bool fa__stack_fast_push(struct fa_stack *stack, const struct fa_stack_path *path,
    const struct fa_ip_meta *meta, struct fa_buf *buf);

/* stack_suspend.c */

/* Resume if the poll comes config.oversleep_ns later than it was asked for. */
void fa__stack_overslept(struct fa_stack *stack, fa_ns now);

#endif
