// SPDX-License-Identifier: ISC
//
// Ways to addresses: routes, and which of our addresses speaks.
//
// A packet leaves by the interface that has its source address (the strong model of RFC 1122
// 3.3.4.2), so that an answer goes the way the question came.

#include "fa/wire/ip4.h"
#include "src/net/stack_priv.h"

bool fa__iface_has(const struct fa_iface *iface, uint32_t ip)
{
    return iface->up && fa_ip4_of(&iface->ip) == ip;
}

bool fa__iface_is_broadcast(const struct fa_iface *iface, uint32_t ip)
{
    if (ip == FA_IP4_BROADCAST) {
        return true;
    }
    uint32_t mask = fa_ip4_mask(iface->prefix_bits);
    bool here = ((ip ^ fa_ip4_of(&iface->ip)) & mask) == 0;
    return iface->up && here && iface->prefix_bits < 31 && (ip | mask) == UINT32_MAX;
}

bool fa__stack_has(const struct fa_stack *stack, uint32_t ip)
{
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        if (fa__iface_has(&stack->ifaces[i], ip)) {
            return true;
        }
    }
    return fa_ip4_is_loopback(ip);
}

bool fa_stack_has_address(const struct fa_stack *stack, const struct fa_ip *ip)
{
    return fa_ip_is4(ip) && fa__stack_has(stack, fa_ip4_of(ip));
}

/* Bits of an address's family that `route` and `ip` must share. */
static bool route_matches(const struct fa_route *route, const struct fa_ip *ip)
{
    size_t bits = route->prefix_bits + (fa_ip_is4(&route->prefix) ? 96u : 0u);
    size_t whole = bits / 8;
    uint8_t rest = (uint8_t)(0xff00 >> (bits % 8));
    return fa_equal(route->prefix.b, ip->b, whole) &&
           (rest == 0 || ((route->prefix.b[whole] ^ ip->b[whole]) & rest) == 0);
}

/* The longest match among the interfaces that have `local`. */
static const struct fa_route *find_route(
    const struct fa_stack *stack, const struct fa_ip *remote, const struct fa_ip *local)
{
    const struct fa_route *best = NULL;
    bool any = fa_ip_is_zero(local);
    for (uint32_t i = 0; i < stack->route_count; i++) {
        const struct fa_route *route = &stack->routes[i];
        bool longer = best == NULL || route->prefix_bits > best->prefix_bits;
        if (longer && (any || fa_ip_equal(&stack->ifaces[route->iface].ip, local)) &&
            route_matches(route, remote)) {
            best = route;
        }
    }
    return best;
}

/* The interface that a broadcast to the whole link goes to: the one that has `local`, or the one
 * named. */
static uint32_t broadcast_iface(const struct fa_stack *stack, const struct fa_ip_meta *meta)
{
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        if (stack->ifaces[i].up && fa_ip_equal(&stack->ifaces[i].ip, &meta->local)) {
            return i;
        }
    }
    return meta->iface;
}

fa_err fa__stack_way(
    const struct fa_stack *stack, const struct fa_ip_meta *meta, struct fa__way *ret_way)
{
    if (!fa_ip_is4(&meta->remote)) {
        return FA_EINVAL;
    }
    uint32_t remote = fa_ip4_of(&meta->remote);
    bool any = fa_ip_is_zero(&meta->local);
    if (!any && (!fa_ip_is4(&meta->local) || !fa__stack_has(stack, fa_ip4_of(&meta->local)))) {
        return FA_EREFUSED;
    }
    if (fa__stack_has(stack, remote)) {
        *ret_way = (struct fa__way){.ours = true};
        return FA_OK;
    }
    bool multicast = fa_ip4_is_multicast(remote);
    if (!multicast && remote != FA_IP4_BROADCAST && !fa_ip4_is_host(remote)) {
        return FA_EINVAL;
    }
    const struct fa_route *route = find_route(stack, &meta->remote, &meta->local);
    bool to_link = multicast || remote == FA_IP4_BROADCAST;
    if (route == NULL && !to_link) {
        return FA_ENOENT;
    }
    bool named = route == NULL || remote == FA_IP4_BROADCAST;
    uint32_t idx = named ? broadcast_iface(stack, meta) : route->iface;
    if (idx >= stack->config.iface_count || !stack->ifaces[idx].up) {
        return FA_ENOENT;
    }
    bool via = !named && !fa_ip_is_zero(&route->gateway);
    struct fa__way way = {
        .iface_idx = idx,
        .next_hop = via ? fa_ip4_of(&route->gateway) : remote,
        .group = to_link || fa__iface_is_broadcast(&stack->ifaces[idx], remote),
    };
    if (fa__stack_has(stack, way.next_hop)) {
        return FA_ENOENT; // a gateway that became our own address
    }
    *ret_way = way;
    return FA_OK;
}

fa_err fa_stack_source_for(
    const struct fa_stack *stack, const struct fa_ip *remote, struct fa_ip *ret_local)
{
    struct fa__way way;
    struct fa_ip_meta meta = {.remote = *remote};
    if (fa__stack_way(stack, &meta, &way) != FA_OK) {
        return FA_ENOENT;
    }
    *ret_local = way.ours ? *remote : stack->ifaces[way.iface_idx].ip;
    return FA_OK;
}

fa_err fa_stack_route_add(struct fa_stack *stack, const struct fa_route *route)
{
    const struct fa_ip *gateway = &route->gateway;
    bool gateway_fits =
        fa_ip_is_zero(gateway) || (fa_ip_is4(gateway) && fa_ip4_is_host(fa_ip4_of(gateway)));
    if (route->iface >= stack->config.iface_count || !fa_ip_is4(&route->prefix) ||
        route->prefix_bits > 32 || !gateway_fits) {
        return FA_EINVAL;
    }
    if (stack->route_count == FA_STACK_ROUTE_MAX) {
        return FA_ENOSPC;
    }
    stack->routes[stack->route_count++] = *route;
    fa__stack_paths_forget(stack);
    return FA_OK;
}

void fa__stack_routes_drop(struct fa_stack *stack, uint32_t idx)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < stack->route_count; i++) {
        if (stack->routes[i].iface != idx) {
            stack->routes[count++] = stack->routes[i];
        }
    }
    stack->route_count = count;
    fa__stack_paths_forget(stack);
}
