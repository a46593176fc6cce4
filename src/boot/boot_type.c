// SPDX-License-Identifier: ISC
//
// The kinds of values that boot-time keys have, each with the one parser of its text.

#include "fa/boot.h"
#include "fa/log.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", FA_NS_US},
    {"ms", FA_NS_MS},
    {"s", FA_NS_S},
    {"m", 60 * FA_NS_S},
    {"h", 3600 * FA_NS_S},
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
};

static bool is_word(struct fa_slice text, const char *word)
{
    return fa_slice_equal(text, fa_slice_of(word));
}

/* Digits, then the name of a unit. */
static fa_err parse_scaled(
    struct fa_slice text, const struct unit *units, size_t unit_count, uint64_t *ret_value)
{
    size_t digits = 0;
    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9') {
        digits++;
    }
    uint64_t number;
    FA_TRY(fa_parse_u64((struct fa_slice){text.at, digits}, UINT64_MAX, &number));
    struct fa_slice name = fa_slice_from(text, digits);
    for (size_t i = 0; i < unit_count; i++) {
        uint64_t value;
        if (is_word(name, units[i].name)) {
            if (__builtin_mul_overflow(number, units[i].factor, &value)) {
                return FA_EINVAL;
            }
            *ret_value = value;
            return FA_OK;
        }
    }
    return FA_EINVAL;
}

static fa_err parse_flag(const struct fa_boot_key *key, struct fa_slice text)
{
    bool yes = is_word(text, "true") || is_word(text, "yes") || is_word(text, "1");
    if (!yes && !is_word(text, "false") && !is_word(text, "no") && !is_word(text, "0")) {
        return FA_EINVAL;
    }
    *(bool *)key->value = yes;
    return FA_OK;
}

static fa_err parse_number(const struct fa_boot_key *key, struct fa_slice text)
{
    uint64_t value;
    FA_TRY(fa_parse_u64(text, key->max != 0 ? key->max : UINT64_MAX, &value));
    if (value < key->min) {
        return FA_EINVAL;
    }
    *(uint64_t *)key->value = value;
    return FA_OK;
}

static fa_err parse_text(const struct fa_boot_key *key, struct fa_slice text)
{
    *(const char **)key->value = (const char *)text.at; /* arguments end in a NUL: fa/plat.h */
    return FA_OK;
}

static fa_err parse_port(const struct fa_boot_key *key, struct fa_slice text)
{
    uint64_t value;
    FA_TRY(fa_parse_u64(text, UINT16_MAX, &value));
    if (value == 0) {
        return FA_EINVAL;
    }
    *(uint16_t *)key->value = (uint16_t)value;
    return FA_OK;
}

static fa_err parse_duration(const struct fa_boot_key *key, struct fa_slice text)
{
    return parse_scaled(text, duration_units, FA_COUNT_OF(duration_units), key->value);
}

static fa_err parse_size(const struct fa_boot_key *key, struct fa_slice text)
{
    return parse_scaled(text, size_units, FA_COUNT_OF(size_units), key->value);
}

static fa_err parse_ip(const struct fa_boot_key *key, struct fa_slice text)
{
    return fa_ip_parse(text, key->value);
}

static bool is_host4(const struct fa_ip *ip)
{
    return fa_ip_is4(ip) && fa_ip4_is_host(fa_ip4_of(ip));
}

static bool is_host(const struct fa_ip *ip)
{
    return fa_ip_is4(ip) ? is_host4(ip) : fa_ip6_is_host(ip);
}

static fa_err parse_ip4(const struct fa_boot_key *key, struct fa_slice text)
{
    struct fa_ip ip;
    FA_TRY(fa_ip_parse(text, &ip));
    if (!is_host4(&ip)) {
        return FA_EINVAL;
    }
    *(struct fa_ip *)key->value = ip;
    return FA_OK;
}

static fa_err parse_ip6(const struct fa_boot_key *key, struct fa_slice text)
{
    struct fa_ip ip;
    FA_TRY(fa_ip_parse(text, &ip));
    if (!fa_ip6_is_host(&ip)) {
        return FA_EINVAL;
    }
    *(struct fa_ip *)key->value = ip;
    return FA_OK;
}

/* What stands before the first `mark` of *rest, which moves behind it; a mark at the end stands
 * for itself, and is no address. */
static struct fa_slice cut(struct fa_slice *rest, uint8_t mark)
{
    size_t len = 0;
    while (len < rest->len && (rest->at[len] != mark || len + 1 == rest->len)) {
        len++;
    }
    struct fa_slice head = {rest->at, len};
    *rest = fa_slice_from(*rest, len + 1);
    return head;
}

static fa_err parse_ips(const struct fa_boot_key *key, struct fa_slice text)
{
    struct fa_ip_list ips = {0};
    for (size_t i = 0; text.len != 0; i++) {
        struct fa_slice item = cut(&text, ',');
        if (i == FA_IP_LIST_MAX || fa_ip_parse(item, &ips.at[i]) != FA_OK || !is_host(&ips.at[i])) {
            return FA_EINVAL;
        }
    }
    *(struct fa_ip_list *)key->value = ips;
    return FA_OK;
}

/* One address with the length of its network's prefix, of the family asked for. */
static bool take_net(struct fa_slice text, bool four, struct fa_addr_net *ret_net)
{
    return fa_ip_parse_prefix(text, &ret_net->ip, &ret_net->prefix_bits) == FA_OK &&
           fa_ip_is4(&ret_net->ip) == four && is_host(&ret_net->ip);
}

static fa_err parse_nets(struct fa_slice text, bool four, struct fa_net_list *ret_nets)
{
    struct fa_net_list nets = {0};
    for (size_t i = 0; text.len != 0; i++) {
        struct fa_slice item = cut(&text, ',');
        if (i == FA_IP_LIST_MAX || !take_net(item, four, &nets.at[i])) {
            return FA_EINVAL;
        }
    }
    *ret_nets = nets;
    return FA_OK;
}

static fa_err parse_nets6(const struct fa_boot_key *key, struct fa_slice text)
{
    return parse_nets(text, false, key->value);
}

static fa_err parse_route(struct fa_slice text, struct fa_ip_route *ret_route)
{
    struct fa_slice net = cut(&text, '=');
    struct fa_ip_route route;
    FA_TRY(fa_ip_parse_prefix(net, &route.net.ip, &route.net.prefix_bits));
    FA_TRY(fa_ip_parse(text, &route.gateway));
    if (!is_host(&route.gateway) || fa_ip_is4(&route.gateway) != fa_ip_is4(&route.net.ip)) {
        return FA_EINVAL;
    }
    *ret_route = route;
    return FA_OK;
}

static fa_err parse_routes(const struct fa_boot_key *key, struct fa_slice text)
{
    struct fa_route_list routes = {0};
    for (size_t i = 0; text.len != 0; i++) {
        if (i == FA_IP_LIST_MAX) {
            return FA_EINVAL;
        }
        FA_TRY(parse_route(cut(&text, ','), &routes.at[i]));
    }
    *(struct fa_route_list *)key->value = routes;
    return FA_OK;
}

static fa_err parse_address(const struct fa_boot_key *key, struct fa_slice text)
{
    struct fa_boot_address address = {.dhcp = is_word(text, "dhcp")};
    struct fa_addr_net first;
    if (!address.dhcp) {
        bool more = text.len != 0;
        struct fa_slice item = cut(&text, ',');
        if (!more || !take_net(item, true, &first)) {
            return FA_EINVAL;
        }
        FA_TRY(parse_nets(text, true, &address.more));
        address.ip = first.ip;
        address.prefix_bits = first.prefix_bits;
    }
    *(struct fa_boot_address *)key->value = address;
    return FA_OK;
}

static const char congestions[] = "cubic|newreno";

static fa_err parse_congestion(const struct fa_boot_key *key, struct fa_slice text)
{
    struct fa_slice rest = fa_slice_of(congestions);
    for (uint8_t i = 0; rest.len != 0; i++) {
        if (fa_slice_equal(cut(&rest, '|'), text)) {
            *(uint8_t *)key->value = i;
            return FA_OK;
        }
    }
    return FA_EINVAL;
}

static fa_err parse_logs(const struct fa_boot_key *key, struct fa_slice text)
{
    (void)key;
    return fa_log_levels_set(text, NULL);
}

const struct fa_boot_type fa_boot_flag = {"flag", "BOOL", "true or false", parse_flag};
const struct fa_boot_type fa_boot_number = {"number", "N", "a number, such as 10", parse_number};
const struct fa_boot_type fa_boot_text = {"text", "TEXT", "text", parse_text};
const struct fa_boot_type fa_boot_port = {
    "port", "PORT", "a port from 1 to 65535, such as 8080", parse_port};
const struct fa_boot_type fa_boot_duration = {
    "duration", "TIME", "a duration, such as 250ms, 10s, 5m or 1h", parse_duration};
const struct fa_boot_type fa_boot_size = {
    "size", "SIZE", "a size, such as 512, 64KiB, 16MiB or 1GiB", parse_size};
const struct fa_boot_type fa_boot_ip = {"ip", "ADDRESS", "an address, such as 192.0.2.1", parse_ip};
const struct fa_boot_type fa_boot_address = {"address", "dhcp|ADDRESS/BITS,...",
    "dhcp, or up to five IPv4 addresses with their prefix lengths, such as 192.0.2.1/24",
    parse_address};
const struct fa_boot_type fa_boot_ip4 = {
    "ip4", "ADDRESS", "an IPv4 address, such as 192.0.2.1", parse_ip4};
const struct fa_boot_type fa_boot_ip6 = {
    "ip6", "ADDRESS", "an IPv6 address, such as fe80::1", parse_ip6};
const struct fa_boot_type fa_boot_ips = {"ips", "ADDRESS,...",
    "up to four addresses with commas between, such as 192.0.2.53,2001:db8::53", parse_ips};
const struct fa_boot_type fa_boot_nets6 = {"nets6", "ADDRESS/BITS,...",
    "up to four IPv6 addresses with their prefix lengths, such as 2001:db8::2/64,fd00::2/64",
    parse_nets6};
const struct fa_boot_type fa_boot_routes = {"routes", "NETWORK/BITS=ADDRESS,...",
    "up to four networks, each with its router, such as 10.0.0.0/8=192.0.2.1", parse_routes};
const struct fa_boot_type fa_boot_congestion = {
    "congestion", congestions, "cubic or newreno", parse_congestion};
const struct fa_boot_type fa_boot_logs = {
    "logs", "LEVELS", "levels, such as debug, or *:info,tcp:debug,http:quiet", parse_logs};
