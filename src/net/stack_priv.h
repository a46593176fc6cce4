// SPDX-License-Identifier: ISC
//
// What the files of the stack share: stack.c holds it together, stack_route.c knows the ways,
// stack_input.c brings packets up, stack_output.c brings them down.

#ifndef FA_NET_STACK_PRIV_H
#define FA_NET_STACK_PRIV_H

#include "fa/stack.h"
#include "fa/trace.h"

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
    uint32_t next_hop; /* a neighbour */
};

/* stack_route.c */

/* Find the way for a packet, of which `local` (zero: any), `remote` and `iface` (for broadcasts
 * from no address) count. Returns: FA_OK; FA_ENOENT: no route; FA_EINVAL: not a family or an
 * address to send to; FA_EREFUSED: `local` is not ours. */
fa_err fa__stack_way(
    const struct fa_stack *stack, const struct fa_ip_meta *meta, struct fa__way *ret_way);

/* Forget every route over an interface. */
void fa__stack_routes_drop(struct fa_stack *stack, uint32_t idx);

/* Whether the stack has this address: on any interface, or 127/8. */
bool fa__stack_has(const struct fa_stack *stack, uint32_t ip);

/* Whether the interface has this address: another's says no, even if it is ours too. */
bool fa__iface_has(const struct fa_iface *iface, uint32_t ip);

/* Whether `ip` names every station of the interface's link. */
bool fa__iface_is_broadcast(const struct fa_iface *iface, uint32_t ip);

/* stack_path.c */

/* The way of the last packet between these addresses, if it still holds; else NULL. */
const struct fa_stack_path *fa__stack_path_find(
    struct fa_stack *stack, fa_ns now, const struct fa_ip_meta *meta);

/* A packet left with this Ethernet header, to a neighbour of this table: remember it, if the
 * neighbour needs no looking after. */
void fa__stack_path_learn(struct fa_stack *stack, const struct fa_ip_meta *meta, uint32_t iface_idx,
    struct fa_neigh *neigh, const struct fa_ip *next_hop, const uint8_t eth[FA_ETH_HDR_LEN]);

/* Routes or addresses have changed: no way is known any more. */
static inline void fa__stack_paths_forget(struct fa_stack *stack)
{
    stack->path_generation++;
}

/* stack.c */

/* Act on what ARP and DHCP have to say about the interface's address. */
void fa__stack_conflict(
    struct fa_stack *stack, fa_ns now, uint32_t idx, enum fa_arp_verdict verdict);
void fa__stack_dhcp_event(struct fa_stack *stack, fa_ns now, uint32_t idx);

/* stack_input.c */

/* Take one burst from every device, and what we sent ourselves. Returns: whether anything came. */
bool fa__stack_input(struct fa_stack *stack, fa_ns now);

/* Tell transports about packets whose neighbour did not answer. */
void fa__stack_undelivered(struct fa_stack *stack, fa_ns now, struct fa_neigh *neigh);

/* stack_output.c */

/* Send what everybody has to say, as long as devices take it. Returns: whether anything went. */
bool fa__stack_output(struct fa_stack *stack, fa_ns now);

#endif
