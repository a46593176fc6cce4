// SPDX-License-Identifier: ISC
//
// The IPv4 address of an interface: from the configuration or a lease, with the routes and servers
// that come with it.

#include "fa/log.h"
#include "fa/wire/ip4.h"
#include "src/net/stack_priv.h"

enum {
    LEASE_MTU_MIN = 576, /* bytes: a lease that says less is not believed (RFC 791 3.1) */
};

/* ---- addresses ---- */

/* The address as a lease or the configuration has it, and the ways that come with it. */
struct settings {
    struct fa_ip ip;
    uint8_t prefix_bits;
    const struct fa_addr_net *more; /* FA_IP_LIST_MAX of them; NULL: none */
    uint32_t route_count;
    struct fa_dhcp_route routes[FA_DHCP_ROUTE_COUNT_MAX];
};

/* A route to the interface's own network, and those beyond it. A gateway may be anywhere on the
 * link (RFC 3442), but not be a group or nobody. */
static void add_routes(struct fa_stack *stack, uint32_t idx, const struct settings *settings)
{
    const struct fa_route link = {
        .prefix = settings->ip,
        .prefix_bits = settings->prefix_bits,
        .iface = (uint8_t)idx,
    };
    fa__stack_route_must(stack, &link);
    for (uint32_t i = 0; i < settings->route_count; i++) {
        const struct fa_dhcp_route *said = &settings->routes[i];
        struct fa_route route = {
            .prefix = fa_ip4_ip(said->prefix),
            .prefix_bits = said->prefix_bits,
            .iface = (uint8_t)idx,
        };
        if (said->gateway != 0) {
            route.gateway = fa_ip4_ip(said->gateway);
        }
        if (said->gateway == 0 || fa_ip4_is_host(said->gateway)) {
            fa__stack_route_must(stack, &route);
        }
    }
    fa__stack_routes_start(stack, idx, true);
}

void fa__stack_ip4_stop(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    if (!iface->up) {
        return;
    }
    for (uint32_t i = 0; i < iface->addrs.count;) {
        struct fa_iface_addr *addr = &iface->addrs.at[i];
        if (fa_ip_is4(&addr->ip)) {
            fa_tcp_reset_all(&stack->tcp, now, &addr->ip);
            fa_addrs_remove(&iface->addrs, addr);
        } else {
            i++;
        }
    }
    fa__stack_routes_drop(stack, idx, true);
    fa_arp_address_set(&iface->arp, now, 0, 0);
    iface->ip = (struct fa_ip){0};
    iface->up = false;
    fa__stack_paths_forget(stack);
    FA_LOG(net, FA_LOG_INFO, "%s: no address", iface->config.dev->info.name);
}

static void add_address(struct fa_iface *iface, const struct fa_ip *ip, uint8_t prefix_bits)
{
    char text[FA_IP_TEXT_MAX];
    const struct fa_iface_addr addr = {
        .ip = *ip,
        .preferred_ns = FA_NS_NEVER,
        .valid_ns = FA_NS_NEVER,
        .prefix_bits = prefix_bits,
        .origin = iface->config.dhcp ? FA_ADDR_DHCP : FA_ADDR_STATIC,
        .state = FA_ADDR_PREFERRED,
    };
    bool room = fa_addrs_add(&iface->addrs, &addr) == FA_OK;
    FA_ASSERT(room); // FA_ADDR_COUNT_MAX is more than all origins together bring
    fa_ip_text(ip, text, sizeof text);
    FA_LOG(net, FA_LOG_INFO, "%s: %s/%u", iface->config.dev->info.name, text, prefix_bits);
}

/* Further addresses, each with a route to its network. */
static void add_more(
    struct fa_stack *stack, fa_ns now, uint32_t idx, const struct fa_addr_net *more)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    for (uint32_t i = 0; i < FA_IP_LIST_MAX && !fa_ip_is_zero(&more[i].ip); i++) {
        const struct fa_route link = {
            .prefix = more[i].ip, .prefix_bits = more[i].prefix_bits, .iface = (uint8_t)idx};
        add_address(iface, &more[i].ip, more[i].prefix_bits);
        fa_arp_address_add(&iface->arp, now, fa_ip4_of(&more[i].ip), more[i].prefix_bits);
        fa__stack_route_must(stack, &link);
    }
}

static void bring_up(
    struct fa_stack *stack, fa_ns now, uint32_t idx, const struct settings *settings)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    FA_ASSERT(fa_ip_is4(&settings->ip) && settings->prefix_bits <= 32);
    iface->ip = settings->ip;
    iface->prefix_bits = settings->prefix_bits;
    iface->up = true;
    fa__stack_paths_forget(stack);
    add_address(iface, &settings->ip, settings->prefix_bits);
    fa_arp_address_set(&iface->arp, now, fa_ip4_of(&settings->ip), settings->prefix_bits);
    add_routes(stack, idx, settings);
    if (settings->more != NULL) {
        add_more(stack, now, idx, settings->more);
    }
    fa_igmp_repeat(&iface->igmp, now); // what was joined before was told by nobody's address
    fa__stack_up_check(stack);
}

/* ---- leases ---- */

static void put_name(struct fa_stack *stack, uint32_t idx, struct fa_slice text)
{
    struct fa_names_entry entry = {
        .until_ns = stack->ifaces[idx].dhcp.lease.end_ns,
        .iface = (uint8_t)idx,
        .origin = FA_NAMES_DHCP,
    };
    if (fa_names_text_set(&entry, text) == FA_OK) {
        fa_names_put(&stack->names, FA_NAMES_DOMAIN, &entry);
    }
}

static void put_servers(struct fa_stack *stack, uint32_t idx, enum fa_names_kind kind,
    const uint32_t *servers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct fa_names_entry entry = {
            .ip = fa_ip4_ip(servers[i]),
            .until_ns = stack->ifaces[idx].dhcp.lease.end_ns,
            .iface = (uint8_t)idx,
            .origin = FA_NAMES_DHCP,
        };
        if (fa_ip4_is_host(servers[i])) {
            fa_names_put(&stack->names, kind, &entry);
        }
    }
}

/* The lease's servers and domains in place of those of the one before. */
static void take_names(struct fa_stack *stack, uint32_t idx)
{
    const struct fa_dhcp_lease *lease = &stack->ifaces[idx].dhcp.lease;
    char name[FA_DHCP_DOMAIN_LEN_MAX + 1];
    size_t off = 0;
    fa_names_forget(&stack->names, FA_NAMES_DHCP, idx);
    put_servers(stack, idx, FA_NAMES_DNS, lease->dns, lease->dns_count);
    put_servers(stack, idx, FA_NAMES_NTP, lease->ntp, lease->ntp_count);
    const struct fa_slice search = {lease->search, lease->search_len};
    for (size_t len; (len = fa_dhcp_search_next(search, &off, name)) != 0;) {
        put_name(stack, idx, (struct fa_slice){(const uint8_t *)name, len});
    }
    if (search.len == 0) {
        put_name(stack, idx, fa_slice_of(lease->domain));
    }
}

static struct settings settings_of(const struct fa_dhcp_lease *lease)
{
    struct settings settings = {
        .ip = fa_ip4_ip(lease->ip),
        .prefix_bits = lease->prefix_bits,
        .route_count = lease->route_count,
    };
    fa_copy(settings.routes, lease->routes, sizeof lease->routes);
    if (lease->route_count == 0 && lease->router != 0) {
        settings.routes[settings.route_count++] = (struct fa_dhcp_route){.gateway = lease->router};
    }
    return settings;
}

/* Whether the routes are those that the lease before brought. */
static bool same_routes(const struct fa_iface *iface, const struct settings *settings)
{
    bool same = iface->lease_route_count == settings->route_count;
    for (uint32_t i = 0; same && i < settings->route_count; i++) {
        const struct fa_dhcp_route *a = &iface->lease_routes[i];
        const struct fa_dhcp_route *b = &settings->routes[i];
        same =
            a->prefix == b->prefix && a->prefix_bits == b->prefix_bits && a->gateway == b->gateway;
    }
    return same;
}

static void take_lease(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    const struct fa_dhcp_lease *lease = &iface->dhcp.lease;
    const struct settings settings = settings_of(lease);
    uint16_t mtu = fa__iface_link_mtu(&iface->config);
    bool less = lease->mtu_bytes >= LEASE_MTU_MIN && lease->mtu_bytes < mtu;
    bool same_ways = same_routes(iface, &settings);
    iface->mtu_bytes = less ? lease->mtu_bytes : mtu;
    fa_copy(iface->lease_routes, settings.routes, sizeof settings.routes);
    iface->lease_route_count = settings.route_count;
    take_names(stack, idx);
    if (iface->up && fa_ip_equal(&iface->ip, &settings.ip) &&
        iface->prefix_bits == lease->prefix_bits) {
        if (!same_ways) {
            fa__stack_routes_drop(stack, idx, true);
            add_routes(stack, idx, &settings);
        }
        return;
    }
    fa__stack_ip4_stop(stack, now, idx);
    bring_up(stack, now, idx, &settings);
    char server[FA_IP_TEXT_MAX];
    struct fa_ip server_ip = fa_ip4_ip(lease->server_id);
    fa_ip_text(&server_ip, server, sizeof server);
    FA_LOG(dhcp, FA_LOG_INFO, "%s: lease from %s for %u s", iface->config.dev->info.name, server,
        lease->lease_s);
}

void fa__stack_dhcp_event(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    switch (fa_dhcp_event_take(&stack->ifaces[idx].dhcp)) {
    case FA_DHCP_EVENT_NONE:
        break;
    case FA_DHCP_EVENT_BOUND:
        take_lease(stack, now, idx);
        break;
    case FA_DHCP_EVENT_LOST:
        fa_names_forget(&stack->names, FA_NAMES_DHCP, idx);
        fa__stack_ip4_stop(stack, now, idx);
        break;
    case FA_DHCP_EVENT_PROBE:
        fa_arp_probe(&stack->ifaces[idx].arp, now, stack->ifaces[idx].dhcp.lease.ip);
        break;
    case FA_DHCP_EVENT_INFORMED:
        take_names(stack, idx);
        break;
    }
}

void fa__stack_probe_check(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    enum fa_arp_probe probe = fa_arp_probe_take(&iface->arp);
    if (probe == FA_ARP_PROBE_FREE || probe == FA_ARP_PROBE_TAKEN) {
        fa_dhcp_probe_done(&iface->dhcp, now, probe == FA_ARP_PROBE_TAKEN);
        fa__stack_dhcp_event(stack, now, idx);
    }
}

void fa__stack_conflict(
    struct fa_stack *stack, fa_ns now, uint32_t idx, enum fa_arp_verdict verdict)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    char text[FA_IP_TEXT_MAX];
    const struct fa_ip claimed = fa_ip4_ip(iface->arp.claimed_ip);
    fa_ip_text(&claimed, text, sizeof text);
    FA_LOG(net, FA_LOG_WARNING, "%s: another station uses %s%s", iface->config.dev->info.name, text,
        verdict == FA_ARP_DEFENDED ? ", told it is ours" : "");
    if (verdict == FA_ARP_LOST && iface->config.dhcp) {
        fa_dhcp_decline(&iface->dhcp, now);
        fa__stack_dhcp_event(stack, now, idx);
    }
}

/* ---- life ---- */

void fa__stack_ip4_start(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    const struct fa_iface_config *config = &stack->config.ifaces[idx];
    struct fa_arp_config arp = {.counters = stack->counters,
        .rand = &stack->rand,
        .answer_percent = stack->config.neigh_answer_percent};
    struct fa_dhcp_config dhcp = {
        .host_name = config->hostname,
        .vendor_class = config->vendor_class,
        .last_ip = fa_ip_is_zero(&config->last_ip) ? 0 : fa_ip4_of(&config->last_ip),
        .probe = config->probe,
        .duid = config->duid,
        .len_max = config->dev->info.mtu_bytes,
        .counters = stack->counters,
        .rand = &stack->rand,
    };
    fa_copy(arp.mac, config->dev->info.mac, FA_MAC_LEN);
    fa_copy(dhcp.mac, config->dev->info.mac, FA_MAC_LEN);
    fa_arp_init(&iface->arp, &arp);
    iface->lease_route_count = 0;
    if (!config->dhcp && config->inform && !config->ipv4_off) {
        dhcp.inform_ip = fa_ip4_of(&config->ip);
    }
    fa_dhcp_init(&iface->dhcp, &dhcp);
    fa_igmp_init(&iface->igmp, &(struct fa_igmp_config){
                                   .counters = stack->counters,
                                   .rand = &stack->rand,
                                   .off = config->igmp_off || config->ipv4_off,
                               });
    if (config->ipv4_off) {
        return;
    }
    if (config->dhcp) {
        fa_dhcp_start(&iface->dhcp, now);
        return;
    }
    struct settings settings = {
        .ip = config->ip, .prefix_bits = config->prefix_bits, .more = config->more4.at};
    if (!fa_ip_is_zero(&config->gateway)) {
        settings.routes[settings.route_count++] =
            (struct fa_dhcp_route){.gateway = fa_ip4_of(&config->gateway)};
    }
    bring_up(stack, now, idx, &settings);
    if (config->inform) {
        fa_dhcp_start(&iface->dhcp, now);
    }
}
