// SPDX-License-Identifier: ISC
//
// Whether what a stack is told makes sense, and the servers that it is told.

#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "src/net/stack_priv.h"

enum {
    MTU4_MIN = 576, /* bytes: what every host takes (RFC 791 3.1) */
};

/* Why an IPv4 address makes no sense there; NULL: it does. */
static const char *find_fault_of(
    const struct fa_iface_config *config, const struct fa_ip *ip, uint8_t prefix_bits)
{
    if (!fa_ip_is4(ip) || !fa_ip4_is_host(fa_ip4_of(ip)) || prefix_bits > 32) {
        return "--ipv4 must be dhcp, or an address that a host may have, such as 192.0.2.1/24";
    }
    uint32_t host = fa_ip4_of(ip) & ~fa_ip4_mask(prefix_bits);
    if (prefix_bits < 31 && (host == 0 || host == ~fa_ip4_mask(prefix_bits))) {
        return "--ipv4 names a whole network or all of its stations, not one";
    }
    if (fa_ip_equal(&config->gateway, ip)) {
        return "--ipv4-gateway is the address of this interface itself";
    }
    return NULL;
}

/* The same of the IPv4 part of an interface. */
static const char *find_fault4(const struct fa_iface_config *config)
{
    uint32_t more_count = 0;
    while (more_count < FA_IP_LIST_MAX && !fa_ip_is_zero(&config->more4.at[more_count].ip)) {
        more_count++;
    }
    if (config->ipv4_off) {
        return NULL;
    }
    if (config->dhcp && more_count != 0) {
        return "--ipv4 is either dhcp or addresses, not both";
    }
    if (config->dhcp) {
        return fa_ip_is_zero(&config->gateway)
                   ? NULL
                   : "--ipv4-gateway needs an address in --ipv4: with dhcp the lease names routers";
    }
    const char *fault = find_fault_of(config, &config->ip, config->prefix_bits);
    for (uint32_t i = 0; fault == NULL && i < more_count; i++) {
        fault = find_fault_of(config, &config->more4.at[i].ip, config->more4.at[i].prefix_bits);
        bool twice = fa_ip_equal(&config->more4.at[i].ip, &config->ip);
        for (uint32_t k = 0; k < i; k++) {
            twice = twice || fa_ip_equal(&config->more4.at[i].ip, &config->more4.at[k].ip);
        }
        fault = twice ? "--ipv4 names an address twice" : fault;
    }
    return fault;
}

static const char *find_fault6(const struct fa_iface_config *config)
{
    for (uint32_t i = 0; i < FA_IP_LIST_MAX && !fa_ip_is_zero(&config->more.at[i].ip); i++) {
        if (!fa_ip6_is_host(&config->more.at[i].ip) || config->more.at[i].prefix_bits > 128) {
            return "--ipv6 must be addresses that a host may have, such as 2001:db8::2/64";
        }
        for (uint32_t k = 0; k < i; k++) {
            if (fa_ip_equal(&config->more.at[k].ip, &config->more.at[i].ip)) {
                return "--ipv6 names an address twice";
            }
        }
        if (fa_ip_equal(&config->gateway6, &config->more.at[i].ip)) {
            return "--ipv6-gateway is an address of this interface itself";
        }
    }
    return NULL;
}

static const char *find_fault(const struct fa_iface_config *config)
{
    uint16_t mtu = config->mtu_bytes;
    if (config->ipv4_off && config->ipv6_off) {
        return "--ipv4-only and --ipv6-only exclude each other";
    }
    if (mtu != 0 && mtu < (config->ipv6_off ? (int)MTU4_MIN : (int)FA_IP6_MTU_MIN)) {
        return "--mtu must be 1280 at least, or 576 with --ipv4-only, or 0";
    }
    if (mtu > config->dev->info.mtu_bytes) {
        return "--mtu is more than the network card takes";
    }
    const char *fault = find_fault4(config);
    return fault != NULL ? fault : find_fault6(config);
}

fa_err fa_stack_config_check(const struct fa_stack_config *config, const char **ret_reason)
{
    struct fa_names_entry entry;
    const char *fault = NULL;
    FA_ASSERT(config->iface_count <= FA_STACK_IFACE_MAX);
    for (uint32_t i = 0; i < config->iface_count && fault == NULL; i++) {
        FA_ASSERT(config->ifaces[i].dev != NULL);
        fault = find_fault(&config->ifaces[i]);
    }
    if (fault == NULL && config->domain != NULL &&
        fa_names_text_set(&entry, fa_slice_of(config->domain)) != FA_OK) {
        fault = "--domain must be a name such as example.org";
    }
    if (fault != NULL) {
        *ret_reason = fault;
    }
    return fault != NULL ? FA_EINVAL : FA_OK;
}

struct fa_ip fa_stack_address(const struct fa_stack *stack, uint32_t iface)
{
    FA_ASSERT(iface < stack->config.iface_count);
    const struct fa_addrs *addrs = &stack->ifaces[iface].addrs;
    struct fa_ip best = stack->ifaces[iface].ip;
    for (uint32_t i = 0; i < addrs->count; i++) {
        const struct fa_ip *ip = &addrs->at[i].ip;
        bool better = fa_ip_is_zero(&best) || fa_ip6_is_link_local(&best);
        if (fa_addr_is_usable(&addrs->at[i]) && better) {
            best = *ip;
        }
    }
    return best;
}

static void put_servers(struct fa_stack *stack, enum fa_names_kind kind, const struct fa_ip *list)
{
    for (uint32_t i = 0; i < FA_IP_LIST_MAX && !fa_ip_is_zero(&list[i]); i++) {
        const struct fa_names_entry entry = {
            .ip = list[i], .until_ns = FA_NS_NEVER, .origin = FA_NAMES_STATIC};
        fa_names_put(&stack->names, kind, &entry);
    }
}

void fa__stack_names_start(struct fa_stack *stack)
{
    const struct fa_stack_config *config = &stack->config;
    struct fa_names_entry entry = {.until_ns = FA_NS_NEVER, .origin = FA_NAMES_STATIC};
    put_servers(stack, FA_NAMES_DNS, config->dns.at);
    put_servers(stack, FA_NAMES_NTP, config->ntp.at);
    if (config->domain != NULL && fa_names_text_set(&entry, fa_slice_of(config->domain)) == FA_OK) {
        fa_names_put(&stack->names, FA_NAMES_DOMAIN, &entry);
    }
}

void fa__stack_routes_start(struct fa_stack *stack, uint32_t idx, bool four)
{
    const struct fa_iface_config *config = &stack->ifaces[idx].config;
    for (uint32_t i = 0; i < FA_IP_LIST_MAX; i++) {
        const struct fa_ip_route *said = &config->routes.at[i];
        const struct fa_route route = {
            .prefix = said->net.ip,
            .prefix_bits = said->net.prefix_bits,
            .iface = (uint8_t)idx,
            .gateway = said->gateway,
        };
        if (!fa_ip_is_zero(&said->gateway) && fa_ip_is4(&said->net.ip) == four) {
            fa__stack_route_must(stack, &route);
        }
    }
}
