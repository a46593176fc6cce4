// SPDX-License-Identifier: ISC
//
// Known ways: how the last packet between two addresses left, so that the next one is a comparison
// and two headers.
//
// An entry holds while nothing has changed: routes and addresses have a generation number, each
// interface's neighbours another. It also ends after a second, or when the neighbour's confirmation
// does, so that the slow way keeps looking after the neighbour as if every packet had asked.

#include "src/net/stack_priv.h"

/* The entry that a pair of addresses may take. No secret: who fills it with others makes packets go
 * the slow way. */
static struct fa_stack_path *place_of(struct fa_stack *stack, const struct fa_ip_meta *meta)
{
    _Static_assert(FA_STACK_PATH_COUNT == 1 << 6, "the upper 6 bits are taken");
    struct fa__ip_words local = fa__ip_words_of(&meta->local);
    struct fa__ip_words remote = fa__ip_words_of(&meta->remote);
    uint64_t mixed = local.lower ^ remote.upper ^ (remote.lower << 7 | remote.lower >> 57);
    return &stack->paths[mixed * UINT64_C(0x9e3779b97f4a7c15) >> 58];
}

const struct fa_stack_path *fa__stack_path_find(
    struct fa_stack *stack, fa_ns now, const struct fa_ip_meta *meta)
{
    const struct fa_stack_path *path = place_of(stack, meta);
    bool holds = path->generation == stack->path_generation && now < path->until_ns &&
                 fa_ip_equal(&path->remote, &meta->remote) &&
                 fa_ip_equal(&path->local, &meta->local) &&
                 path->neigh_generation == path->neigh->generation;
    return holds ? path : NULL;
}

void fa__stack_path_learn(struct fa_stack *stack, const struct fa_ip_meta *meta, uint32_t iface_idx,
    struct fa_neigh *neigh, const struct fa_ip *next_hop, const uint8_t eth[FA_ETH_HDR_LEN])
{
    const struct fa_neigh_entry *entry = fa_neigh_find(neigh, next_hop);
    if (entry == NULL || entry->state != FA_NEIGH_REACHABLE) {
        return;
    }
    struct fa_stack_path *path = place_of(stack, meta);
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
    fa_copy(path->eth, eth, FA_ETH_HDR_LEN);
}
