// SPDX-License-Identifier: ISC
//
// The table of path MTUs.

#include "fa/pmtu.h"

void fa_pmtu_init(struct fa_pmtu *pmtu, const struct fa_pmtu_config *config)
{
    *pmtu = (struct fa_pmtu){.config = *config};
    struct fa_pmtu_config *c = &pmtu->config;
    c->counters = c->counters != NULL ? c->counters : &fa_counters_main;
    c->floor4_bytes = c->floor4_bytes != 0 ? c->floor4_bytes : FA_PMTU_FLOOR4;
    c->age_ns = c->age_ns != 0 ? c->age_ns : FA_PMTU_AGE_NS;
    FA_ASSERT(c->floor4_bytes >= FA_PMTU_FLOOR4_MIN);
}

/* No secret: whoever fills a set with others makes us learn again, no more. */
static uint32_t set_of(const struct fa_ip *remote)
{
    uint64_t upper = (uint64_t)fa_be32_load(remote->b) << 32 | fa_be32_load(remote->b + 4);
    uint64_t lower = (uint64_t)fa_be32_load(remote->b + 8) << 32 | fa_be32_load(remote->b + 12);
    uint64_t mixed = (upper ^ lower << 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 32) % FA_PMTU_SET_COUNT;
}

uint16_t fa__pmtu_find(
    const struct fa_pmtu *pmtu, fa_ns now, const struct fa_ip *remote, uint16_t link_mtu_bytes)
{
    const struct fa_pmtu_entry *set = pmtu->sets[set_of(remote)];
    for (uint32_t i = 0; i < FA_PMTU_SET_SIZE; i++) {
        if (now < set[i].until_ns && fa_ip_equal(&set[i].remote, remote)) {
            return (uint16_t)fa_min(set[i].mtu_bytes, link_mtu_bytes);
        }
    }
    return link_mtu_bytes;
}

/* The entry of `remote`, or the one of its set that it may take: free, over, or to end first. */
static struct fa_pmtu_entry *place_of(struct fa_pmtu *pmtu, const struct fa_ip *remote)
{
    struct fa_pmtu_entry *set = pmtu->sets[set_of(remote)];
    struct fa_pmtu_entry *place = set;
    for (uint32_t i = 0; i < FA_PMTU_SET_SIZE; i++) {
        if (set[i].until_ns != 0 && fa_ip_equal(&set[i].remote, remote)) {
            return &set[i];
        }
        place = set[i].until_ns < place->until_ns ? &set[i] : place;
    }
    return place;
}

void fa_pmtu_lower(struct fa_pmtu *pmtu, fa_ns now, const struct fa_ip *remote, uint16_t mtu_bytes)
{
    size_t floor = fa_ip_is4(remote) ? pmtu->config.floor4_bytes : (size_t)FA_PMTU_FLOOR6;
    uint16_t mtu = (uint16_t)fa_max(mtu_bytes, floor);
    struct fa_pmtu_entry *entry = place_of(pmtu, remote);
    bool known = now < entry->until_ns;
    bool same = known && fa_ip_equal(&entry->remote, remote);
    if (same && entry->mtu_bytes <= mtu) {
        FA_COUNT(pmtu->config.counters, pmtu_ignored);
        return;
    }
    if (known && !same) {
        FA_COUNT(pmtu->config.counters, pmtu_evicted);
    }
    FA_COUNT(pmtu->config.counters, pmtu_lowered);
    pmtu->any = true;
    *entry = (struct fa_pmtu_entry){
        .remote = *remote,
        .until_ns = fa_ns_after(now, pmtu->config.age_ns),
        .mtu_bytes = mtu,
    };
}
