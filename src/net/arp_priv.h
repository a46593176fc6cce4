// SPDX-License-Identifier: ISC
//
// What the two files of ARP share.

#ifndef FA_NET_ARP_PRIV_H
#define FA_NET_ARP_PRIV_H

#include "fa/arp.h"

/* Our address `ip`; the one whose network has `ip`. NULL: there is none. */
struct fa_arp_own *fa__arp_own(struct fa_arp *arp, uint32_t ip);
struct fa_arp_own *fa__arp_own_near(struct fa_arp *arp, uint32_t ip);

#endif
