// SPDX-License-Identifier: ISC
//
// What routers say: that they are there, prefixes, routes, times, names, better first hops.

#include "src/net/ndp_priv.h"

enum {
    REACHABLE_MS_MAX = 3600 * 1000, /* RFC 4861 6.2.1 */
    RETRANS_MS_MAX = 60 * 1000,     /* ours: what is longer would be no discovery any more */
};

/* ---- the table of ways ---- */

static struct fa_ndp_way *find_way(struct fa_ndp *ndp, const struct fa_ndp_way *like)
{
    for (uint32_t i = 0; i < ndp->way_count; i++) {
        struct fa_ndp_way *way = &ndp->ways[i];
        bool any_router = like->kind == FA_NDP_REDIRECT;
        if (way->kind == like->kind && way->prefix_bits == like->prefix_bits &&
            fa_ip_equal(&way->prefix, &like->prefix) &&
            (any_router || fa_ip_equal(&way->router, &like->router))) {
            return way;
        }
    }
    return NULL;
}

static void remove_way(struct fa_ndp *ndp, struct fa_ndp_way *way)
{
    uint32_t idx = (uint32_t)(way - ndp->ways);
    ndp->changed = true;
    ndp->way_count--;
    for (; idx < ndp->way_count; idx++) {
        ndp->ways[idx] = ndp->ways[idx + 1];
    }
}

/* A place for one more of a kind; of redirects the oldest gives way. NULL: there is none. */
static struct fa_ndp_way *get_place(struct fa_ndp *ndp, enum fa_ndp_route_kind kind)
{
    _Static_assert(
        (int)FA_NDP_ROUTE_KIND_MAX * (int)FA_NDP_ROUTE_KIND_COUNT <= (int)FA_NDP_ROUTE_COUNT_MAX);
    struct fa_ndp_way *oldest = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < ndp->way_count; i++) {
        struct fa_ndp_way *way = &ndp->ways[i];
        if (way->kind == kind) {
            count++;
            oldest = oldest == NULL || way->until_ns < oldest->until_ns ? way : oldest;
        }
    }
    if (count < FA_NDP_ROUTE_KIND_MAX) {
        return &ndp->ways[ndp->way_count++];
    }
    FA_COUNT(ndp->config.counters, ndp_ways_full);
    return kind == FA_NDP_REDIRECT ? oldest : NULL;
}

/* Enter a way, bring it up to date, or take it out if it is over. */
static void put_way(struct fa_ndp *ndp, fa_ns now, const struct fa_ndp_way *way)
{
    struct fa_ndp_way *place = find_way(ndp, way);
    if (way->until_ns <= now) {
        if (place != NULL) {
            remove_way(ndp, place);
        }
        return;
    }
    if (place == NULL) {
        place = get_place(ndp, way->kind);
    }
    if (place != NULL) {
        *place = *way;
        ndp->changed = true;
        fa__ndp_due(ndp, way->until_ns);
    }
}

fa_ns fa__ndp_ways_tick(struct fa_ndp *ndp, fa_ns now)
{
    fa_ns at = FA_NS_NEVER;
    bool router = false;
    for (uint32_t i = 0; i < ndp->way_count;) {
        if (ndp->ways[i].until_ns <= now) {
            router = router || ndp->ways[i].kind == FA_NDP_ROUTER;
            remove_way(ndp, &ndp->ways[i]);
            continue;
        }
        at = fa_ns_min(at, ndp->ways[i].until_ns);
        i++;
    }
    if (router) {
        fa__ndp_solicit(ndp);
    }
    return at;
}

void fa__ndp_router_gone(struct fa_ndp *ndp, const struct fa_ip *ip)
{
    for (uint32_t i = 0; i < ndp->way_count;) {
        if (fa_ip_equal(&ndp->ways[i].router, ip)) {
            remove_way(ndp, &ndp->ways[i]);
        } else {
            i++;
        }
    }
}

void fa__ndp_router_dead(struct fa_ndp *ndp, const struct fa_ip *ip, bool dead)
{
    for (uint32_t i = 0; i < ndp->way_count;) {
        struct fa_ndp_way *way = &ndp->ways[i];
        if (!fa_ip_equal(&way->router, ip)) {
            i++;
        } else if (dead && way->kind == FA_NDP_REDIRECT) {
            remove_way(ndp, way); // back to the router that sent it (RFC 4861 7.3.3)
        } else {
            ndp->changed = ndp->changed || way->dead != dead;
            way->dead = dead;
            i++;
        }
    }
}

/* ---- advertisements ---- */

static fa_ns until(fa_ns now, uint32_t lifetime_s)
{
    return lifetime_s == UINT32_MAX ? FA_NS_NEVER : fa_ns_after(now, lifetime_s * FA_NS_S);
}

static void take_prefix(struct fa_ndp *ndp, fa_ns now, const struct fa_ndp_prefix *prefix)
{
    if (prefix->on_link && !fa_ip6_is_link_local(&prefix->prefix)) {
        struct fa_ndp_way way = {
            .prefix = prefix->prefix,
            .until_ns = until(now, prefix->valid_s),
            .prefix_bits = prefix->prefix_bits,
            .kind = FA_NDP_PREFIX,
        };
        put_way(ndp, now, &way);
    }
    if (prefix->autonomous) {
        fa__ndp_autoconf(ndp, now, prefix);
    }
}

static void take_route(
    struct fa_ndp *ndp, fa_ns now, const struct fa_ip *router, const struct fa_ndp_route *route)
{
    struct fa_ndp_way way = {
        .prefix = route->prefix,
        .router = *router,
        .until_ns = until(now, route->lifetime_s),
        .prefix_bits = route->prefix_bits,
        .kind = route->prefix_bits == 0 ? FA_NDP_ROUTER : FA_NDP_ROUTE,
        .preference = route->preference,
    };
    put_way(ndp, now, &way);
}

static void take_servers(struct fa_ndp *ndp, fa_ns now, const struct fa_ndp_dns *dns)
{
    for (size_t off = 0; off + 16 <= dns->bytes.len; off += 16) {
        struct fa_names_entry entry = {
            .until_ns = dns->lifetime_s == 0 ? 0 : until(now, dns->lifetime_s),
            .iface = ndp->config.iface,
            .origin = FA_NAMES_RA,
        };
        fa_copy(entry.ip.b, dns->bytes.at + off, 16);
        if (fa_ip6_is_host(&entry.ip)) {
            fa_names_put(ndp->config.names, FA_NAMES_DNS, &entry);
        }
    }
}

static void take_search(struct fa_ndp *ndp, fa_ns now, const struct fa_ndp_dns *dns)
{
    struct fa_slice bytes = dns->bytes;
    struct fa_names_entry entry = {
        .until_ns = dns->lifetime_s == 0 ? 0 : until(now, dns->lifetime_s),
        .iface = ndp->config.iface,
        .origin = FA_NAMES_RA,
    };
    while (fa_names_wire_take(&bytes, &entry)) {
        if (entry.text[0] != '\0') {
            fa_names_put(ndp->config.names, FA_NAMES_DOMAIN, &entry);
        }
    }
}

static void take_option(
    struct fa_ndp *ndp, fa_ns now, const struct fa_ip *router, struct fa_ndp_option option)
{
    struct fa_ndp_prefix prefix;
    struct fa_ndp_route route;
    struct fa_ndp_dns dns;
    bool named = ndp->config.names != NULL;
    if (fa_ndp_prefix_decode(option, &prefix)) {
        take_prefix(ndp, now, &prefix);
    } else if (fa_ndp_route_decode(option, &route)) {
        take_route(ndp, now, router, &route);
    } else if (named && fa_ndp_dns_decode(option, FA_NDP_OPTION_DNS_SERVERS, &dns)) {
        take_servers(ndp, now, &dns);
    } else if (named && fa_ndp_dns_decode(option, FA_NDP_OPTION_DNS_SEARCH, &dns)) {
        take_search(ndp, now, &dns);
    }
}

/* Times and limits of the link. */
static void take_parameters(struct fa_ndp *ndp, const struct fa_ndp_message *message)
{
    struct fa_neigh *neigh = &ndp->neigh;
    fa_ns reachable = neigh->reachable_ns;
    fa_ns retry = neigh->retry_ns;
    uint32_t reachable_ms = message->reachable_ms;
    if (reachable_ms != 0 && reachable_ms <= REACHABLE_MS_MAX &&
        reachable_ms != ndp->reachable_base_ms) {
        // Between half and one and a half of it, so that stations do not ask in step.
        ndp->reachable_base_ms = reachable_ms;
        reachable =
            reachable_ms * FA_NS_MS / 2 + fa_rand_below(ndp->config.rand, reachable_ms * FA_NS_MS);
    }
    if (message->retrans_ms != 0 && message->retrans_ms <= RETRANS_MS_MAX) {
        retry = message->retrans_ms * FA_NS_MS;
    }
    fa_neigh_times_set(neigh, reachable, retry);
    ndp->hop_limit = message->hop_limit != 0 ? message->hop_limit : ndp->hop_limit;
    if (message->mtu_bytes >= FA_IP6_MTU_MIN && message->mtu_bytes <= ndp->config.mtu_bytes) {
        ndp->mtu_bytes = (uint16_t)message->mtu_bytes;
    }
    ndp->managed = message->managed;
    ndp->other = message->other;
}

void fa__ndp_router_advert(struct fa_ndp *ndp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_ndp_message *message)
{
    const struct fa_ip *router = &meta->remote;
    if (!fa_ip6_is_link_local(router)) {
        FA_COUNT(ndp->config.counters, ndp_rx_invalid);
        return;
    }
    if (ndp->config.ra_off) {
        FA_COUNT(ndp->config.counters, ndp_rx_ignored);
        return;
    }
    FA_COUNT(ndp->config.counters, ndp_rx_router_adverts);
    if (message->has_source_mac) {
        fa__ndp_heard(ndp, now, router, message->source_mac);
        struct fa_neigh_entry *entry = fa_neigh_find(&ndp->neigh, router);
        if (entry != NULL) {
            entry->router = true;
        }
    }
    take_parameters(ndp, message);
    struct fa_ndp_way way = {
        .router = *router,
        .until_ns = until(now, message->lifetime_s),
        .kind = FA_NDP_ROUTER,
        .preference = message->preference,
    };
    put_way(ndp, now, &way);
    fa__ndp_router_dead(ndp, router, false);
    struct fa_slice options = message->options;
    for (struct fa_ndp_option option; fa_ndp_option_next(&options, &option);) {
        take_option(ndp, now, router, option);
    }
    if (message->lifetime_s != 0) {
        ndp->solicit_due = false;
        ndp->solicit_ns = FA_NS_NEVER;
    }
}

/* ---- redirects ---- */

void fa__ndp_redirect(struct fa_ndp *ndp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_ndp_message *message)
{
    struct fa_ip hop;
    bool on_link = fa_ip_equal(&message->target, &message->redirected);
    if (ndp->config.redirects_off) {
        FA_COUNT(ndp->config.counters, ndp_rx_ignored);
        return;
    }
    // Believed from the present first hop alone (RFC 4861 8.1).
    if (!fa_ip6_is_link_local(&meta->remote) || !fa_ip6_is_host(&message->redirected) ||
        (!on_link && !fa_ip6_is_link_local(&message->target)) ||
        fa_ndp_next_hop(ndp, &message->redirected, &hop) < 0 || !fa_ip_equal(&hop, &meta->remote) ||
        fa_ip_equal(&message->target, &meta->remote)) {
        FA_COUNT(ndp->config.counters, ndp_rx_invalid);
        return;
    }
    FA_COUNT(ndp->config.counters, ndp_rx_redirects);
    struct fa_ndp_way way = {
        .prefix = message->redirected,
        .until_ns = fa_ns_after(now, FA_NDP_REDIRECT_NS),
        .prefix_bits = 128,
        .kind = FA_NDP_REDIRECT,
    };
    if (!on_link) {
        way.router = message->target;
    }
    put_way(ndp, now, &way);
    if (message->has_target_mac) {
        fa__ndp_heard(ndp, now, &message->target, message->target_mac);
    }
}
