// SPDX-License-Identifier: ISC
//
// The list of an interface's addresses.

#include "fa/addr.h"

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
