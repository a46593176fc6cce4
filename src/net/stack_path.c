// SPDX-License-Identifier: ISC
//
// Known ways: how the last packet between two addresses left, so that the next one is a comparison
// and a copy of two headers; and which addresses a good packet came from and to.
//
// An entry holds while nothing has changed: routes and addresses have a generation number, each
// interface's neighbours another. It also ends after a second, or when the neighbour's confirmation
// does, so that the slow way keeps looking after the neighbour as if every packet had asked.

#include "fa/wire/csum.h"
#include "src/net/stack_priv.h"

static uint32_t place_of(const struct fa_ip *local, const struct fa_ip *remote)
{
    return fa__stack_path_place(fa__ip_tail(local->b + 12), fa__ip_tail(remote->b + 12));
}

/* ---- out ---- */

const struct fa_stack_path *fa__stack_path_between(
    struct fa_stack *stack, fa_ns now, const struct fa_ip *local, const struct fa_ip *remote)
{
    const struct fa_stack_path *path = &stack->paths[place_of(local, remote)];
    bool holds = path->generation == stack->path_generation && now < path->until_ns &&
                 fa_ip_equal(&path->remote, remote) && fa_ip_equal(&path->local, local) &&
                 path->neigh_generation == path->neigh->generation;
    return holds ? path : NULL;
}

/* Write what TCP's packets have in common. */
static void build(
    struct fa_stack *stack, struct fa_stack_path *path, const uint8_t eth[FA_ETH_HDR_LEN])
{
    bool four = fa_ip_is4(&path->remote);
    const struct fa_ip_meta meta = {
        .local = path->local,
        .remote = path->remote,
        .protocol = FA_IP_PROTO_TCP,
        .dont_fragment = true,
    };
    static const uint8_t no_ports[4];
    uint64_t sum = fa_csum_pseudo(&path->local, &path->remote, FA_IP_PROTO_TCP, 0);
    path->pseudo_sum = (uint32_t)fa_csum_as_fields(sum);
    path->hop_limit = fa__stack_hop_limit(stack, path->iface, four);
    path->flow = fa__stack_flow_part(stack, &path->remote);
    path->ip_len = four ? FA_IP4_HDR_LEN : FA_IP6_HDR_LEN;
    uint8_t *ip = path->frame + sizeof path->frame - path->ip_len;
    fa_copy(ip - FA_ETH_HDR_LEN, eth, FA_ETH_HDR_LEN);
    fa__stack_ip_write(stack, path->iface, &meta, (struct fa_slice){no_ports, 0}, ip);
    if (four) {
        fa_be16_store(ip + FA_IP4_LEN_OFF, 0);
        fa_be16_store(ip + FA_IP4_CSUM_OFF, 0);
        ip[FA_IP4_TTL_OFF] = 0;
        path->ip_sum = (uint32_t)fa_csum_as_fields(fa_csum_add_short(0, ip, FA_IP4_HDR_LEN));
    }
}

void fa__stack_path_learn(struct fa_stack *stack, const struct fa_ip_meta *meta, uint32_t iface_idx,
    struct fa_neigh *neigh, const struct fa_ip *next_hop, const uint8_t eth[FA_ETH_HDR_LEN])
{
    const struct fa_neigh_entry *entry = fa_neigh_find(neigh, next_hop);
    if (entry == NULL || entry->state != FA_NEIGH_REACHABLE) {
        return;
    }
    struct fa_stack_path *path = &stack->paths[place_of(&meta->local, &meta->remote)];
    *path = (struct fa_stack_path){
        .local = meta->local,
        .remote = meta->remote,
        .neigh = neigh,
        .until_ns = fa_ns_min(fa_ns_after(entry->confirmed_ns, neigh->reachable_ns),
            fa_ns_after(entry->used_ns, FA_NS_S)),
        .generation = stack->path_generation,
        .neigh_generation = neigh->generation,
        .iface = (uint8_t)iface_idx,
    };
    build(stack, path, eth);
}

/* ---- in ---- */

struct fa_stack_pair *fa__stack_pair_find(struct fa_stack *stack, uint32_t iface_idx,
    const struct fa_ip *local, const struct fa_ip *remote)
{
    struct fa_stack_pair *pair = &stack->pairs[place_of(local, remote)];
    bool holds = pair->generation == stack->path_generation && pair->meta.iface == iface_idx &&
                 fa_ip_equal(&pair->meta.remote, remote) && fa_ip_equal(&pair->meta.local, local);
    return holds ? pair : NULL;
}

void fa__stack_pair_learn(struct fa_stack *stack, const struct fa_ip_meta *meta)
{
    if (fa__stack_pair_find(stack, meta->iface, &meta->local, &meta->remote) != NULL) {
        return;
    }
    struct fa_stack_pair *pair = &stack->pairs[place_of(&meta->local, &meta->remote)];
    *pair = (struct fa_stack_pair){
        .meta = *meta,
        .sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_TCP, 0),
        .generation = stack->path_generation,
    };
    pair->meta.protocol = FA_IP_PROTO_TCP;
    pair->meta.traffic = 0;
}
