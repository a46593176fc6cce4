// SPDX-License-Identifier: ISC
//
// The DNS client: what is known without asking: localhost, names that must not be asked for, static
// names and the way back from their addresses.

#include "src/net/dns_priv.h"

/* localhost, below it, and its addresses' names (RFC 6761 6.3); "invalid" never exists (6.4). */
static const struct fa_dns_name localhost = {11, "\x09localhost"};
static const struct fa_dns_name invalid = {9, "\x07invalid"};

static const struct fa_ip loopback4 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}};
static const struct fa_ip loopback6 = {{[15] = 1}};

static void add_ip(struct fa_dns_answer *answer, const struct fa_ip *ip)
{
    if (answer->type == (fa_ip_is4(ip) ? FA_DNS_A : FA_DNS_AAAA)) {
        struct fa_dns_data data = {.ip = *ip};
        (void)fa__dns_answer_add(answer, &data); // without room it says so itself
    }
}

/* The answer as it stands: with data, or that there is none of this type. */
static bool finish(struct fa_dns_answer *answer)
{
    answer->kind = answer->count != 0 ? FA_DNS_KIND_DATA : FA_DNS_KIND_NODATA;
    answer->ttl_s = 0;
    return true;
}

/* Names of addresses that we know: of loopback, and of static names. */
static bool find_pointer(
    const struct fa_dns *dns, const struct fa_dns_name *name, struct fa_dns_answer *answer)
{
    struct fa_dns_name reverse;
    struct fa_dns_data data = {.name = localhost};
    fa_dns_name_of_ip(&loopback6, &reverse);
    bool loopback = fa_dns_name_equal(name, &reverse);
    fa_dns_name_of_ip(&loopback4, &reverse);
    if (loopback || fa_dns_name_equal(name, &reverse)) {
        (void)fa__dns_answer_add(answer, &data);
        return finish(answer);
    }
    for (uint32_t i = 0; i < dns->config.static_count; i++) {
        const struct fa_dns_static *known = &dns->config.statics[i];
        fa_dns_name_of_ip(&known->ip, &reverse);
        if (fa_dns_name_equal(name, &reverse) &&
            fa_dns_name_parse(fa_slice_of(known->name), &data.name) == FA_OK) {
            (void)fa__dns_answer_add(answer, &data);
        }
    }
    return answer->count != 0 && finish(answer);
}

bool fa__dns_local_find(const struct fa_dns *dns, const struct fa_dns_name *name, uint16_t type,
    struct fa_dns_answer *ret_answer)
{
    bool known = false;
    fa__dns_answer_init(ret_answer, name, type);
    if (fa_dns_name_is_under(name, &invalid)) {
        finish(ret_answer);
        ret_answer->kind = FA_DNS_KIND_NXDOMAIN;
        return true;
    }
    if (fa_dns_name_is_under(name, &localhost)) {
        add_ip(ret_answer, &loopback4);
        add_ip(ret_answer, &loopback6);
        return finish(ret_answer);
    }
    if (type == FA_DNS_PTR) {
        return find_pointer(dns, name, ret_answer);
    }
    for (uint32_t i = 0; i < dns->config.static_count; i++) {
        struct fa_dns_name other;
        const struct fa_dns_static *entry = &dns->config.statics[i];
        if (fa_dns_name_parse(fa_slice_of(entry->name), &other) == FA_OK &&
            fa_dns_name_equal(name, &other)) {
            known = true;
            add_ip(ret_answer, &entry->ip);
        }
    }
    bool address = type == FA_DNS_A || type == FA_DNS_AAAA;
    return known && address && finish(ret_answer);
}
