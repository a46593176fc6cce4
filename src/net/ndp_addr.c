// SPDX-License-Identifier: ISC
//
// Our IPv6 addresses: identifiers, duplicate address detection, lifetimes.

#include "fa/hash.h"
#include "src/net/ndp_priv.h"

enum {
    IID_LEN = 8,                /* bytes */
    PREFIX_BITS = 64,           /* of every prefix that addresses are formed of */
    LIFETIME_FLOOR_S = 2 * 3600 /* RFC 4862 5.5.3 e: forged messages do not shorten below it */
};

static bool is_ours(const struct fa_iface_addr *addr)
{
    return !fa_ip_is4(&addr->ip);
}

static bool is_formed(const struct fa_iface_addr *addr)
{
    return addr->origin != FA_ADDR_STATIC && addr->origin != FA_ADDR_DHCP;
}

const struct fa_iface_addr *fa__ndp_link_local(const struct fa_ndp *ndp)
{
    const struct fa_addrs *addrs = ndp->config.addrs;
    for (uint32_t i = 0; i < addrs->count; i++) {
        const struct fa_iface_addr *addr = &addrs->at[i];
        if (fa_ip6_is_link_local(&addr->ip) && fa_addr_is_usable(addr)) {
            return addr;
        }
    }
    return NULL;
}

/* ---- identifiers ---- */

/* All zeros is the routers' anycast address, the upper end belongs to others (RFC 5453). */
static bool is_reserved(const uint8_t iid[IID_LEN])
{
    static const uint8_t zero[IID_LEN];
    static const uint8_t anycast[] = {0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return fa_equal(iid, zero, IID_LEN) ||
           (fa_equal(iid, anycast, sizeof anycast) && iid[7] >= 0x80);
}

/* The same for a network and card at every boot, and for no two networks (RFC 7217 5). */
static void stable_iid(
    const struct fa_ndp *ndp, const struct fa_ip *prefix, uint8_t try_count, uint8_t ret_iid[8])
{
    struct fa_siphash_key key;
    uint8_t bytes[PREFIX_BITS / 8 + FA_MAC_LEN + 1];
    fa_copy(&key, ndp->config.secret, sizeof key);
    fa_copy(bytes, prefix->b, PREFIX_BITS / 8);
    fa_copy(bytes + PREFIX_BITS / 8, ndp->config.iface_id, FA_MAC_LEN);
    bytes[sizeof bytes - 1] = try_count;
    uint64_t hash = fa_siphash(&key, (struct fa_slice){bytes, sizeof bytes});
    fa_be32_store(ret_iid, (uint32_t)(hash >> 32));
    fa_be32_store(ret_iid + 4, (uint32_t)hash);
    fa_wipe(&key, sizeof key);
}

/* Give an address its identifier number addr->try_count. Returns: false if it cannot be had. */
static bool form(struct fa_ndp *ndp, struct fa_iface_addr *addr)
{
    struct fa_ip ip = {0};
    fa_copy(ip.b, addr->ip.b, PREFIX_BITS / 8);
    if (addr->origin == FA_ADDR_TEMPORARY) {
        fa_rand_fill(ndp->config.rand, ip.b + IID_LEN, IID_LEN);
    } else {
        stable_iid(ndp, &ip, addr->try_count, ip.b + IID_LEN);
    }
    if (is_reserved(ip.b + IID_LEN) || fa_addrs_find(ndp->config.addrs, &ip) != NULL) {
        return false;
    }
    addr->ip = ip;
    return true;
}

/* ---- duplicate address detection ---- */

/* When something next happens to an address. */
static fa_ns next_step(const struct fa_iface_addr *addr)
{
    fa_ns at = addr->valid_ns;
    if (addr->state == FA_ADDR_TENTATIVE && addr->due_ns != 0) {
        at = fa_ns_min(at, addr->due_ns);
    }
    if (addr->state == FA_ADDR_PREFERRED) {
        bool renewed = addr->origin == FA_ADDR_TEMPORARY && !addr->succeeded;
        fa_ns advance = renewed ? FA_NDP_TEMP_ADVANCE_NS : 0;
        bool never = addr->preferred_ns == FA_NS_NEVER || addr->preferred_ns < advance;
        at = fa_ns_min(at, never ? addr->preferred_ns : addr->preferred_ns - advance);
    }
    return at;
}

/* Nobody answered: use it. */
static void finish_test(struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr)
{
    addr->state = addr->preferred_ns <= now ? FA_ADDR_DEPRECATED : FA_ADDR_PREFERRED;
    addr->due_ns = FA_NS_NEVER;
    ndp->changed = true;
    fa__ndp_due(ndp, next_step(addr));
    if (fa_ip6_is_link_local(&addr->ip)) {
        fa__ndp_solicit(ndp);
    }
}

static void begin_test(struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr)
{
    addr->state = FA_ADDR_TENTATIVE;
    addr->asked = false;
    ndp->changed = true;
    if (ndp->config.dad_off) {
        finish_test(ndp, now, addr);
        return;
    }
    // Stations that a power cut or one advertisement woke do not all ask at once.
    addr->due_ns = fa_ns_after(now, 1 + fa_rand_below(ndp->config.rand, FA_NDP_DAD_DELAY_NS));
    fa__ndp_due(ndp, addr->due_ns);
}

void fa__ndp_duplicate(struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr)
{
    FA_ASSERT(addr->state == FA_ADDR_TENTATIVE);
    FA_COUNT(ndp->config.counters, ndp_duplicates);
    ndp->changed = true;
    while (is_formed(addr) && ++addr->try_count < FA_NDP_IID_TRY_COUNT_MAX) {
        if (form(ndp, addr)) {
            begin_test(ndp, now, addr);
            return;
        }
    }
    addr->state = FA_ADDR_DUPLICATE;
    addr->due_ns = FA_NS_NEVER;
}

/* ---- coming ---- */

/* Enter an address under test; one that is formed gets its identifier here. */
static bool add_addr(struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr)
{
    while (is_formed(addr) && !form(ndp, addr)) {
        if (++addr->try_count == FA_NDP_IID_TRY_COUNT_MAX) {
            return false;
        }
    }
    if (fa_addrs_add(ndp->config.addrs, addr) != FA_OK) {
        FA_COUNT(ndp->config.counters, ndp_addrs_full);
        return false;
    }
    begin_test(ndp, now, fa_addrs_find(ndp->config.addrs, &addr->ip));
    return true;
}

fa_err fa_ndp_address_add(struct fa_ndp *ndp, fa_ns now, const struct fa_ip *ip,
    uint8_t prefix_bits, fa_ns valid_ns, enum fa_addr_origin origin)
{
    FA_ASSERT(ndp->running);
    FA_ASSERT(origin == FA_ADDR_STATIC || origin == FA_ADDR_DHCP);
    if (!fa_ip6_is_host(ip) || prefix_bits > 128 || fa_addrs_find(ndp->config.addrs, ip) != NULL) {
        return FA_EINVAL;
    }
    struct fa_iface_addr addr = {
        .ip = *ip,
        .prefix_bits = prefix_bits,
        .origin = (uint8_t)origin,
        .preferred_ns = valid_ns,
        .valid_ns = valid_ns,
    };
    return add_addr(ndp, now, &addr) ? FA_OK : FA_ENOSPC;
}

void fa_ndp_start(struct fa_ndp *ndp, fa_ns now)
{
    FA_ASSERT(!ndp->running);
    ndp->running = true;
    struct fa_iface_addr addr = {
        .ip = {{0xfe, 0x80}},
        .prefix_bits = PREFIX_BITS,
        .origin = FA_ADDR_LINK_LOCAL,
        .preferred_ns = FA_NS_NEVER,
        .valid_ns = FA_NS_NEVER,
    };
    (void)add_addr(ndp, now, &addr); // counted; without one nothing is said
}

/* ---- prefixes ---- */

static fa_ns lifetime_ns(uint32_t lifetime_s)
{
    return lifetime_s == UINT32_MAX ? FA_NS_NEVER : lifetime_s * FA_NS_S;
}

static uint32_t count_origin(const struct fa_addrs *addrs, enum fa_addr_origin origin)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < addrs->count; i++) {
        count += addrs->at[i].origin == origin;
    }
    return count;
}

/* A temporary address beside the stable one `base` (RFC 8981 3.4). */
static void add_temporary(struct fa_ndp *ndp, fa_ns now, const struct fa_iface_addr *base)
{
    fa_ns desync = fa_rand_below(ndp->config.rand, FA_NDP_TEMP_DESYNC_NS);
    fa_ns preferred = fa_ns_after(now, FA_NDP_TEMP_PREFERRED_NS - desync);
    struct fa_iface_addr addr = {
        .ip = base->ip,
        .prefix_bits = PREFIX_BITS,
        .origin = FA_ADDR_TEMPORARY,
        .preferred_ns = fa_ns_min(base->preferred_ns, preferred),
        .valid_ns = fa_ns_min(base->valid_ns, fa_ns_after(now, FA_NDP_TEMP_VALID_NS)),
        .made_ns = now,
    };
    bool long_enough = addr.preferred_ns > fa_ns_after(now, FA_NDP_TEMP_ADVANCE_NS);
    bool room = count_origin(ndp->config.addrs, FA_ADDR_TEMPORARY) < FA_NDP_TEMPORARY_COUNT_MAX;
    if (long_enough && room) {
        (void)add_addr(ndp, now, &addr); // or counted
    }
}

/* Bring an address's lifetimes up to date (RFC 4862 5.5.3 e, RFC 8981 3.4). */
static void prolong(
    struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr, const struct fa_ndp_prefix *prefix)
{
    fa_ns floor = fa_ns_after(now, LIFETIME_FLOOR_S * FA_NS_S);
    fa_ns valid = fa_ns_after(now, lifetime_ns(prefix->valid_s));
    fa_ns preferred = fa_ns_after(now, lifetime_ns(prefix->preferred_s));
    if (valid < floor && valid < addr->valid_ns) {
        valid = fa_ns_min(addr->valid_ns, floor);
    }
    if (addr->origin == FA_ADDR_TEMPORARY) {
        valid = fa_ns_min(valid, fa_ns_after(addr->made_ns, FA_NDP_TEMP_VALID_NS));
        preferred = fa_ns_min(preferred, addr->preferred_ns);
    }
    addr->valid_ns = valid;
    addr->preferred_ns = preferred;
    if (addr->state == FA_ADDR_DEPRECATED && preferred > now) {
        addr->state = FA_ADDR_PREFERRED;
        ndp->changed = true;
    }
    ndp->due_ns = now; // the tick looks which comes first
}

void fa__ndp_autoconf(struct fa_ndp *ndp, fa_ns now, const struct fa_ndp_prefix *prefix)
{
    struct fa_addrs *addrs = ndp->config.addrs;
    if (prefix->prefix_bits != PREFIX_BITS || fa_ip6_is_link_local(&prefix->prefix) ||
        !fa_ip6_is_host(&prefix->prefix) || prefix->preferred_s > prefix->valid_s) {
        FA_COUNT(ndp->config.counters, ndp_rx_bad_prefix);
        return;
    }
    struct fa_iface_addr *stable = NULL;
    for (uint32_t i = 0; i < addrs->count; i++) {
        struct fa_iface_addr *addr = &addrs->at[i];
        bool same = is_ours(addr) && is_formed(addr) && addr->state != FA_ADDR_EXPIRED &&
                    fa_ip_prefix_equal(&addr->ip, &prefix->prefix, PREFIX_BITS);
        if (same) {
            prolong(ndp, now, addr, prefix);
            stable = addr->origin == FA_ADDR_SLAAC ? addr : stable;
        }
    }
    if (stable != NULL || prefix->valid_s == 0) {
        return;
    }
    if (count_origin(addrs, FA_ADDR_SLAAC) == FA_NDP_SLAAC_COUNT_MAX) {
        FA_COUNT(ndp->config.counters, ndp_addrs_full);
        return;
    }
    struct fa_iface_addr addr = {
        .ip = prefix->prefix,
        .prefix_bits = PREFIX_BITS,
        .origin = FA_ADDR_SLAAC,
        .preferred_ns = fa_ns_after(now, lifetime_ns(prefix->preferred_s)),
        .valid_ns = fa_ns_after(now, lifetime_ns(prefix->valid_s)),
    };
    if (add_addr(ndp, now, &addr) && ndp->config.privacy) {
        add_temporary(ndp, now, &addr);
    }
}

/* ---- time ---- */

/* The stable address that a temporary one stands beside; NULL: its prefix is gone. */
static const struct fa_iface_addr *base_of(
    const struct fa_addrs *addrs, const struct fa_iface_addr *temporary)
{
    for (uint32_t i = 0; i < addrs->count; i++) {
        const struct fa_iface_addr *addr = &addrs->at[i];
        if (addr->origin == FA_ADDR_SLAAC &&
            fa_ip_prefix_equal(&addr->ip, &temporary->ip, PREFIX_BITS)) {
            return addr;
        }
    }
    return NULL;
}

static void step_test(struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr)
{
    if (addr->due_ns == 0 || addr->due_ns > now) {
        return;
    }
    if (addr->asked) {
        finish_test(ndp, now, addr);
        return;
    }
    addr->due_ns = 0;
    ndp->dad_due = true;
}

/* Let a temporary address have a successor before it is deprecated. */
static void renew(struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr)
{
    if (addr->succeeded || fa_ns_after(now, FA_NDP_TEMP_ADVANCE_NS) < addr->preferred_ns) {
        return;
    }
    addr->succeeded = true;
    const struct fa_iface_addr *base = base_of(ndp->config.addrs, addr);
    if (base != NULL) {
        add_temporary(ndp, now, base);
    }
}

fa_ns fa__ndp_addrs_tick(struct fa_ndp *ndp, fa_ns now)
{
    struct fa_addrs *addrs = ndp->config.addrs;
    for (uint32_t i = 0; i < addrs->count; i++) {
        struct fa_iface_addr *addr = &addrs->at[i];
        if (!is_ours(addr) || addr->state == FA_ADDR_EXPIRED) {
            continue;
        }
        if (now >= addr->valid_ns) {
            addr->state = FA_ADDR_EXPIRED;
            ndp->changed = true;
            continue;
        }
        if (addr->state == FA_ADDR_TENTATIVE) {
            step_test(ndp, now, addr);
        }
        if (addr->origin == FA_ADDR_TEMPORARY && addr->state == FA_ADDR_PREFERRED) {
            renew(ndp, now, addr);
        }
        if (addr->state == FA_ADDR_PREFERRED && now >= addr->preferred_ns) {
            addr->state = FA_ADDR_DEPRECATED;
            ndp->changed = true;
        }
    }
    fa_ns at = FA_NS_NEVER;
    for (uint32_t i = 0; i < addrs->count; i++) {
        if (is_ours(&addrs->at[i]) && addrs->at[i].state != FA_ADDR_EXPIRED) {
            at = fa_ns_min(at, next_step(&addrs->at[i]));
        }
    }
    return at;
}
