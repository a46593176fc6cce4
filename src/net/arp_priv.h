// SPDX-License-Identifier: ISC
//
// What the files of ARP share.

#ifndef FA_NET_ARP_PRIV_H
#define FA_NET_ARP_PRIV_H

#include "fa/arp.h"

static inline struct fa_arp_entry *fa__arp_entry_of(struct fa_list *node)
{
    return FA_CONTAINER(node, struct fa_arp_entry, node);
}

/* The entry of a neighbour; NULL if there is none. */
struct fa_arp_entry *fa__arp_find(struct fa_arp *arp, uint32_t ip);

/* Remember a neighbour that has none. Returns: false, counted, if all entries are in use. */
bool fa__arp_learn(struct fa_arp *arp, fa_ns now, uint32_t ip, const uint8_t *mac);

/* The neighbour has this address now: send what is parked for it. */
void fa__arp_confirm(struct fa_arp *arp, struct fa_arp_entry *entry, fa_ns now, const uint8_t *mac);

#endif
