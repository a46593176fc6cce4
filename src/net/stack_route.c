// SPDX-License-Identifier: ISC
//
// Ways to addresses: routes, and which of our addresses speaks.
//
// A packet leaves by the interface that has its source address (the strong model of RFC 1122
// 3.3.4.2), so that an answer goes the way the question came.

#include "fa/log.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "src/net/stack_priv.h"

bool fa__iface_is_broadcast(const struct fa_iface *iface, uint32_t ip)
{
    if (ip == FA_IP4_BROADCAST) {
        return true;
    }
    for (uint32_t i = 0; i < iface->addrs.count; i++) {
        const struct fa_iface_addr *addr = &iface->addrs.at[i];
        if (!fa_ip_is4(&addr->ip) || addr->prefix_bits >= 31) {
            continue;
        }
        uint32_t mask = fa_ip4_mask(addr->prefix_bits);
        if (((ip ^ fa_ip4_of(&addr->ip)) & mask) == 0 && (ip | mask) == UINT32_MAX) {
            return true;
        }
    }
    return false;
}

bool fa__stack_has(const struct fa_stack *stack, const struct fa_ip *ip)
{
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        if (fa_addrs_has(&stack->ifaces[i].addrs, ip)) {
            return true;
        }
    }
    return fa_ip_is4(ip) ? fa_ip4_is_loopback(fa_ip4_of(ip)) : fa_ip6_is_loopback(ip);
}

bool fa_stack_has_address(const struct fa_stack *stack, const struct fa_ip *ip)
{
    return fa__stack_has(stack, ip);
}

/* ---- routes ---- */

/* What a route, or what the link told, says about an address. */
struct hop {
    int bits; /* of the prefix; -1: nothing leads there */
    uint32_t iface_idx;
    struct fa_ip next;
    bool blackhole;
};

/* Whether a packet from `local` (zero: any) may leave by an interface. */
static bool may_leave(const struct fa_iface *iface, const struct fa_ip *local)
{
    return fa_ip_is_zero(local) || fa_addrs_has(&iface->addrs, local);
}

/* The longest match among the interfaces that have `local`: of routes first, then of what routers
 * advertise. */
static struct hop find_hop(
    const struct fa_stack *stack, const struct fa_ip *remote, const struct fa_ip *local)
{
    struct hop best = {.bits = -1};
    for (uint32_t i = 0; i < stack->route_count; i++) {
        const struct fa_route *route = &stack->routes[i];
        if (route->prefix_bits > best.bits && may_leave(&stack->ifaces[route->iface], local) &&
            fa_ip_prefix_equal(&route->prefix, remote, route->prefix_bits) &&
            fa_ip_is4(&route->prefix) == fa_ip_is4(remote)) {
            best = (struct hop){
                .bits = route->prefix_bits,
                .iface_idx = route->iface,
                .next = fa_ip_is_zero(&route->gateway) ? *remote : route->gateway,
                .blackhole = route->blackhole,
            };
        }
    }
    for (uint32_t i = 0; i < stack->config.iface_count && !fa_ip_is4(remote); i++) {
        const struct fa_iface *iface = &stack->ifaces[i];
        struct fa_ip next;
        int bits = fa_ndp_next_hop(&iface->ndp, remote, &next);
        if (bits > best.bits && may_leave(iface, local)) {
            best = (struct hop){.bits = bits, .iface_idx = i, .next = next};
        }
    }
    return best;
}

/* The interface for what no route tells: the one that has `local`, or the one named. */
static uint32_t named_iface(const struct fa_stack *stack, const struct fa_ip_meta *meta)
{
    for (uint32_t i = 0; i < stack->config.iface_count; i++) {
        if (!fa_ip_is_zero(&meta->local) && fa_addrs_has(&stack->ifaces[i].addrs, &meta->local)) {
            return i;
        }
    }
    return meta->iface;
}

/* ---- ways ---- */

/* What kind of address it is sent to. */
enum target {
    TARGET_NONE,  /* not one to send to */
    TARGET_HOST,  /* one station, by a route */
    TARGET_LINK,  /* one station of a link that has to be named */
    TARGET_GROUP, /* many, by a route or on the link that is named */
    TARGET_ALL,   /* every station of the link that is named */
};

static enum target target_of(const struct fa_ip *remote)
{
    if (!fa_ip_is4(remote)) {
        return fa_ip6_is_multicast(remote)    ? TARGET_GROUP
               : !fa_ip6_is_host(remote)      ? TARGET_NONE
               : fa_ip6_is_link_local(remote) ? TARGET_LINK
                                              : TARGET_HOST;
    }
    uint32_t ip = fa_ip4_of(remote);
    return ip == FA_IP4_BROADCAST    ? TARGET_ALL
           : fa_ip4_is_multicast(ip) ? TARGET_GROUP
           : fa_ip4_is_host(ip)      ? TARGET_HOST
                                     : TARGET_NONE;
}

struct fa_ip fa__stack_source(
    const struct fa_stack *stack, const struct fa__way *way, const struct fa_ip *remote)
{
    if (way->ours) {
        return *remote;
    }
    const struct fa_iface *iface = &stack->ifaces[way->iface_idx];
    // Of IPv4 the one that the next hop knows speaks: it may be a router of one network of several.
    const struct fa_ip *near = fa_ip_is4(remote) ? &way->next_hop : remote;
    const struct fa_iface_addr *addr = fa_addrs_choose(&iface->addrs, near, iface->config.privacy);
    return addr != NULL ? addr->ip : (struct fa_ip){{0}};
}

fa_err fa__stack_way(
    const struct fa_stack *stack, const struct fa_ip_meta *meta, struct fa__way *ret_way)
{
    const struct fa_ip *remote = &meta->remote;
    bool any = fa_ip_is_zero(&meta->local);
    if (!any &&
        (fa_ip_is4(&meta->local) != fa_ip_is4(remote) || !fa__stack_has(stack, &meta->local))) {
        return FA_EREFUSED;
    }
    if (fa__stack_has(stack, remote)) {
        *ret_way = (struct fa__way){.ours = true};
        return FA_OK;
    }
    enum target target = target_of(remote);
    if (target == TARGET_NONE) {
        return FA_EINVAL;
    }
    bool routed = target == TARGET_HOST || (target == TARGET_GROUP && fa_ip_is4(remote));
    struct hop hop = {.bits = -1};
    if (routed) {
        hop = find_hop(stack, remote, &meta->local);
        fa__stack_redirect_apply(stack, hop.iface_idx, remote, &hop.next);
    }
    if (hop.blackhole || (target == TARGET_HOST && hop.bits < 0)) {
        return FA_ENOENT;
    }
    struct fa__way way = {
        .iface_idx = hop.bits < 0 ? named_iface(stack, meta) : hop.iface_idx,
        .next_hop = hop.bits < 0 ? *remote : hop.next,
        .group = target == TARGET_GROUP || target == TARGET_ALL,
    };
    if (way.iface_idx >= stack->config.iface_count) {
        return FA_ENOENT;
    }
    const struct fa_iface *iface = &stack->ifaces[way.iface_idx];
    way.group =
        way.group || (fa_ip_is4(remote) && fa__iface_is_broadcast(iface, fa_ip4_of(remote)));
    if (fa_addrs_choose(&iface->addrs, remote, false) == NULL ||
        fa__stack_has(stack, &way.next_hop)) {
        return FA_ENOENT; // no address yet, or a gateway that became our own address
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
    *ret_local = fa__stack_source(stack, &way, remote);
    return FA_OK;
}

/* Whether packets of the prefix's family may be given to this gateway. */
static bool gateway_fits(const struct fa_route *route)
{
    const struct fa_ip *gateway = &route->gateway;
    bool four = fa_ip_is4(&route->prefix);
    if (fa_ip_is_zero(gateway)) {
        return true;
    }
    return four ? fa_ip_is4(gateway) && fa_ip4_is_host(fa_ip4_of(gateway))
                : fa_ip6_is_host(gateway);
}

fa_err fa_stack_route_add(struct fa_stack *stack, const struct fa_route *route)
{
    uint8_t bits_max = fa_ip_is4(&route->prefix) ? 32 : 128;
    if (route->iface >= stack->config.iface_count || route->prefix_bits > bits_max ||
        !gateway_fits(route)) {
        return FA_EINVAL;
    }
    if (stack->route_count == FA_STACK_ROUTE_MAX) {
        return FA_ENOSPC;
    }
    stack->routes[stack->route_count++] = *route;
    fa__stack_paths_forget(stack);
    return FA_OK;
}

void fa__stack_route_must(struct fa_stack *stack, const struct fa_route *route)
{
    fa_err err = fa_stack_route_add(stack, route);
    if (err != FA_OK) {
        FA_LOG(net, FA_LOG_ERROR, "%s: %s", stack->ifaces[route->iface].config.dev->info.name,
            err == FA_ENOSPC ? "no room for its routes: FA_STACK_ROUTE_MAX are there"
                             : "a route that makes no sense is left out");
    }
}

void fa__stack_routes_drop(struct fa_stack *stack, uint32_t idx, bool four)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < stack->route_count; i++) {
        const struct fa_route *route = &stack->routes[i];
        if (route->iface != idx || fa_ip_is4(&route->prefix) != four) {
            stack->routes[count++] = *route;
        }
    }
    stack->route_count = count;
    fa__stack_paths_forget(stack);
}
