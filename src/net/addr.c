// SPDX-License-Identifier: ISC
//
// The list of an interface's addresses, and which of them speaks.

#include "fa/addr.h"

#include "fa/wire/ip6.h"

struct fa_iface_addr *fa_addrs_find(struct fa_addrs *addrs, const struct fa_ip *ip)
{
    for (uint32_t i = 0; i < addrs->count; i++) {
        if (fa_ip_equal(&addrs->at[i].ip, ip)) {
            return &addrs->at[i];
        }
    }
    return NULL;
}

bool fa_addrs_has(const struct fa_addrs *addrs, const struct fa_ip *ip)
{
    for (uint32_t i = 0; i < addrs->count; i++) {
        if (fa_ip_equal(&addrs->at[i].ip, ip)) {
            return fa_addr_is_usable(&addrs->at[i]);
        }
    }
    return false;
}

fa_err fa_addrs_add(struct fa_addrs *addrs, const struct fa_iface_addr *addr)
{
    FA_ASSERT(fa_addrs_find(addrs, &addr->ip) == NULL);
    if (addrs->count == FA_ADDR_COUNT_MAX) {
        return FA_ENOSPC;
    }
    addrs->at[addrs->count++] = *addr;
    return FA_OK;
}

void fa_addrs_remove(struct fa_addrs *addrs, struct fa_iface_addr *addr)
{
    uint32_t idx = (uint32_t)(addr - addrs->at);
    FA_ASSERT(idx < addrs->count);
    addrs->count--;
    for (; idx < addrs->count; idx++) {
        addrs->at[idx] = addrs->at[idx + 1];
    }
}

/* ---- choosing (RFC 6724) ---- */

/* The default policy table (RFC 6724 2.1), longest prefixes first. */
struct policy {
    struct fa_ip prefix;
    uint8_t prefix_bits;
    uint8_t precedence;
    uint8_t label;
};

static const struct policy policies[] = {
    {{{[15] = 1}}, 128, 50, 0},         /* ::1 */
    {{{[10] = 0xff, 0xff}}, 96, 35, 4}, /* IPv4 */
    {{{0}}, 96, 1, 3},                  /* IPv4-compatible */
    {{{0x20, 0x01}}, 32, 5, 5},         /* Teredo */
    {{{0x20, 0x02}}, 16, 30, 2},        /* 6to4 */
    {{{0x3f, 0xfe}}, 16, 1, 12},        /* 6bone */
    {{{0xfe, 0xc0}}, 10, 1, 11},        /* site-local */
    {{{0xfc}}, 7, 3, 13},               /* unique local */
    {{{0}}, 0, 40, 1},                  /* the rest */
};

static const struct policy *policy_of(const struct fa_ip *ip)
{
    const struct policy *policy = policies;
    while (fa_ip_common_bits(&policy->prefix, ip) < policy->prefix_bits) {
        policy++;
    }
    return policy;
}

uint8_t fa_addr_label(const struct fa_ip *ip)
{
    return policy_of(ip)->label;
}

uint8_t fa_addr_precedence(const struct fa_ip *ip)
{
    return policy_of(ip)->precedence;
}

/* Rule 2: the smaller scope that still reaches `remote`; else the larger. */
static int compare_scopes(uint8_t a, uint8_t b, uint8_t remote)
{
    if (a == b) {
        return 0;
    }
    return a < b ? (a < remote ? -1 : 1) : (b < remote ? 1 : -1);
}

/* Whether `a` is the better source; of equals the one that came first is taken. */
static bool is_better(const struct fa_iface_addr *a, const struct fa_iface_addr *b,
    const struct fa_ip *remote, bool temporary)
{
    if (fa_ip_equal(&b->ip, remote) || fa_ip_equal(&a->ip, remote)) {
        return fa_ip_equal(&a->ip, remote);
    }
    int scope =
        compare_scopes(fa_ip6_scope_of(&a->ip), fa_ip6_scope_of(&b->ip), fa_ip6_scope_of(remote));
    if (scope != 0) {
        return scope > 0;
    }
    if (a->state != b->state) {
        return a->state == FA_ADDR_PREFERRED;
    }
    uint8_t label = fa_addr_label(remote);
    bool a_label = fa_addr_label(&a->ip) == label;
    bool b_label = fa_addr_label(&b->ip) == label;
    if (a_label != b_label) {
        return a_label;
    }
    if ((a->origin == FA_ADDR_TEMPORARY) != (b->origin == FA_ADDR_TEMPORARY)) {
        return (a->origin == FA_ADDR_TEMPORARY) == temporary;
    }
    if (fa_ip_is4(remote)) { // only a network that both are of tells something
        return fa_ip_prefix_equal(&a->ip, remote, a->prefix_bits) &&
               (!fa_ip_prefix_equal(&b->ip, remote, b->prefix_bits) ||
                   a->prefix_bits > b->prefix_bits);
    }
    size_t a_bits = fa_min(fa_ip_common_bits(&a->ip, remote), a->prefix_bits);
    size_t b_bits = fa_min(fa_ip_common_bits(&b->ip, remote), b->prefix_bits);
    return a_bits > b_bits;
}

const struct fa_iface_addr *fa_addrs_choose(
    const struct fa_addrs *addrs, const struct fa_ip *remote, bool temporary)
{
    const struct fa_iface_addr *best = NULL;
    for (uint32_t i = 0; i < addrs->count; i++) {
        const struct fa_iface_addr *addr = &addrs->at[i];
        if (fa_addr_is_usable(addr) && fa_ip_is4(&addr->ip) == fa_ip_is4(remote) &&
            (best == NULL || is_better(addr, best, remote, temporary))) {
            best = addr;
        }
    }
    bool beyond = best != NULL && fa_ip6_is_link_local(&best->ip) &&
                  fa_ip6_scope_of(remote) > FA_IP6_SCOPE_LINK;
    return beyond ? NULL : best;
}

const struct fa_iface_addr *fa_addrs_alike(
    const struct fa_addrs *addrs, const struct fa_ip *first, uint32_t *idx)
{
    const struct fa_iface_addr *model = NULL;
    for (uint32_t i = 0; i < addrs->count; i++) {
        model = fa_ip_equal(&addrs->at[i].ip, first) ? &addrs->at[i] : model;
    }
    while (model != NULL && *idx < addrs->count) {
        const struct fa_iface_addr *addr = &addrs->at[(*idx)++];
        bool temporary = addr->origin == FA_ADDR_TEMPORARY;
        if (addr != model && addr->state == FA_ADDR_PREFERRED &&
            fa_ip_is4(&addr->ip) == fa_ip_is4(first) && addr->prefix_bits == model->prefix_bits &&
            fa_ip_prefix_equal(&addr->ip, first, model->prefix_bits) &&
            temporary == (model->origin == FA_ADDR_TEMPORARY)) {
            return addr;
        }
    }
    return NULL;
}
