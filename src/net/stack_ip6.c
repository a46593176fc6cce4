// SPDX-License-Identifier: ISC
//
// IPv6 on an interface: its life, what becomes of its addresses, and groups.

#include "fa/log.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "src/net/stack_priv.h"

static void log_addr(const struct fa_iface *iface, enum fa_log_level level,
    const struct fa_iface_addr *addr, const char *what)
{
    static const char *const origins[] = {
        [FA_ADDR_STATIC] = "",
        [FA_ADDR_DHCP] = " by DHCP",
        [FA_ADDR_SLAAC] = " from a router",
        [FA_ADDR_TEMPORARY] = " temporary",
        [FA_ADDR_LINK_LOCAL] = " link-local",
    };
    char text[FA_IP_TEXT_MAX];
    fa_ip_text(&addr->ip, text, sizeof text);
    FA_LOG(net, level, "%s: %s/%u%s%s", iface->config.dev->info.name, text, addr->prefix_bits,
        origins[addr->origin], what);
}

/* ---- life ---- */

static void add_route(struct fa_stack *stack, uint32_t idx, const struct fa_ip *prefix,
    uint8_t prefix_bits, const struct fa_ip *gateway)
{
    const struct fa_route route = {
        .prefix = *prefix, .prefix_bits = prefix_bits, .iface = (uint8_t)idx, .gateway = *gateway};
    fa__stack_route_must(stack, &route);
}

/* Configured addresses, their networks, and the way beyond. */
static void add_static(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    static const struct fa_ip none;
    struct fa_iface *iface = &stack->ifaces[idx];
    const struct fa_iface_config *config = &iface->config;
    for (uint32_t i = 0; i < FA_IP_LIST_MAX && !fa_ip_is_zero(&config->more.at[i].ip); i++) {
        const struct fa_addr_net *net = &config->more.at[i];
        fa_err err = fa_ndp_address_add(
            &iface->ndp, now, &net->ip, net->prefix_bits, FA_NS_NEVER, FA_ADDR_STATIC);
        FA_ASSERT(err == FA_OK); // a configured address that no host may have, or there twice
        add_route(stack, idx, &net->ip, net->prefix_bits, &none);
    }
    if (!fa_ip_is_zero(&config->gateway6)) {
        FA_ASSERT(fa_ip6_is_host(&config->gateway6));
        add_route(stack, idx, &none, 0, &config->gateway6);
    }
    fa__stack_routes_start(stack, idx, false);
}

void fa__stack_ip6_start(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    const struct fa_iface_config *config = &iface->config;
    const struct fa_netdev_info *info = &config->dev->info;
    struct fa_ndp_config ndp = {
        .iface = (uint8_t)idx,
        .mtu_bytes = (uint16_t)fa_max(fa__iface_link_mtu(config), FA_IP6_MTU_MIN),
        .addrs = &iface->addrs,
        .names = &stack->names,
        .counters = stack->counters,
        .rand = &stack->rand,
        .answer_percent = stack->config.neigh_answer_percent,
        .ra_off = config->ra_off,
        .privacy = config->privacy,
        .dad_off = config->dad_off,
        .redirects_off = config->redirects == FA_REDIRECTS_OFF,
    };
    fa_copy(ndp.mac, info->mac, FA_MAC_LEN);
    if (stack->secret_given) {
        ndp.iface_id[0] = (uint8_t)(idx + 1); // cards have other addresses at each boot
    }
    fa_copy(ndp.secret, stack->config.iid_secret, sizeof ndp.secret);
    fa_ndp_init(&iface->ndp, &ndp);
    fa_wipe(&ndp, sizeof ndp);
    fa_mld_init(&iface->mld,
        &(struct fa_mld_config){
            .counters = stack->counters, .rand = &stack->rand, .off = config->mld_off});
    struct fa_dhcp6_config dhcp6 = {
        .iface = (uint8_t)idx,
        .names = &stack->names,
        .counters = stack->counters,
        .rand = &stack->rand,
    };
    fa_copy(dhcp6.mac, info->mac, FA_MAC_LEN);
    fa_dhcp6_init(&iface->dhcp6, &dhcp6);
    if (config->ipv6_off || info->mtu_bytes < FA_IP6_MTU_MIN) {
        return;
    }
    fa_ndp_start(&iface->ndp, now);
    add_static(stack, now, idx);
}

void fa__stack_ip6_stop(struct fa_stack *stack, uint32_t idx)
{
    fa_ndp_stop(&stack->ifaces[idx].ndp);
    fa_dhcp6_stop(&stack->ifaces[idx].dhcp6);
    fa__stack_paths_forget(stack);
    fa__stack_routes_drop(stack, idx, false);
}

/* ---- events ---- */

/* Act on what became of one address. Returns: false if it is gone from the list. */
static bool follow_addr(
    struct fa_stack *stack, fa_ns now, struct fa_iface *iface, struct fa_iface_addr *addr)
{
    if (addr->state == FA_ADDR_EXPIRED) {
        log_addr(iface, FA_LOG_INFO, addr, ": no longer valid");
        fa_tcp_reset_all(&stack->tcp, now, &addr->ip);
        fa_addrs_remove(&iface->addrs, addr);
        return false;
    }
    if (!addr->told && addr->state == FA_ADDR_DUPLICATE) {
        addr->told = true;
        log_addr(iface, FA_LOG_WARNING, addr, ": another station has it");
    } else if (!addr->told && fa_addr_is_usable(addr)) {
        addr->told = true;
        log_addr(iface, FA_LOG_INFO, addr, "");
    }
    return true;
}

void fa__stack_ip6_tick(struct fa_stack *stack, fa_ns now, uint32_t idx)
{
    struct fa_iface *iface = &stack->ifaces[idx];
    if (now >= fa_ndp_deadline(&iface->ndp)) {
        fa_ndp_tick(&iface->ndp, now);
        fa__stack_undelivered(stack, now, &iface->ndp.neigh);
    }
    if (iface->ndp.changed) {
        iface->ndp.changed = false;
        fa__stack_paths_forget(stack);
        for (uint32_t i = 0; i < iface->addrs.count;) {
            struct fa_iface_addr *addr = &iface->addrs.at[i];
            i += fa_ip_is4(&addr->ip) || follow_addr(stack, now, iface, addr);
        }
        fa_mld_follow(&iface->mld, now, &iface->addrs);
        fa__stack_up_check(stack);
    }
    if (now >= fa_mld_deadline(&iface->mld)) {
        fa_mld_tick(&iface->mld, now);
    }
    // Once begun it goes on, whatever routers say later. Stateful servers know the rest too.
    if (iface->ndp.running && (iface->ndp.other || iface->ndp.managed)) {
        fa_dhcp6_start(&iface->dhcp6, now);
    }
    if (now >= fa_dhcp6_deadline(&iface->dhcp6)) {
        fa_dhcp6_tick(&iface->dhcp6, now);
    }
}

bool fa__iface_ip6_is_up(const struct fa_iface *iface)
{
    const struct fa_iface_config *config = &iface->config;
    bool near = config->ra_off && fa_ip_is_zero(&config->more.at[0].ip);
    for (uint32_t i = 0; i < iface->addrs.count; i++) {
        const struct fa_iface_addr *addr = &iface->addrs.at[i];
        if (!fa_ip_is4(&addr->ip) && fa_addr_is_usable(addr) &&
            (near || !fa_ip6_is_link_local(&addr->ip))) {
            return true;
        }
    }
    return false;
}

/* ---- groups ---- */

static fa_err set_group(struct fa_stack *stack, uint8_t idx, const struct fa_ip *group, bool member)
{
    fa_ns now = fa_stack_now(stack);
    if (idx >= stack->config.iface_count) {
        return FA_EINVAL;
    }
    fa__stack_touch(stack);
    if (fa_ip_is4(group)) {
        struct fa_igmp *igmp = &stack->ifaces[idx].igmp;
        uint32_t ip = fa_ip4_of(group);
        return member ? fa_igmp_join(igmp, now, ip) : fa_igmp_leave(igmp, now, ip);
    }
    struct fa_mld *mld = &stack->ifaces[idx].mld;
    return member ? fa_mld_join(mld, now, group) : fa_mld_leave(mld, now, group);
}

fa_err fa_stack_group_join(struct fa_stack *stack, uint8_t iface, const struct fa_ip *group)
{
    return set_group(stack, iface, group, true);
}

fa_err fa_stack_group_leave(struct fa_stack *stack, uint8_t iface, const struct fa_ip *group)
{
    return set_group(stack, iface, group, false);
}

fa_err fa__stack_group_set(void *stack, const struct fa_ip *group, uint8_t iface, bool member)
{
    return set_group(stack, iface, group, member);
}
