// SPDX-License-Identifier: ISC
//
// What the files of neighbour discovery share: ndp.c holds it together and sends, ndp_input.c reads
// messages of neighbours, ndp_router.c those of routers, ndp_addr.c keeps our addresses.

#ifndef FA_NET_NDP_PRIV_H
#define FA_NET_NDP_PRIV_H

#include "fa/ndp.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"

/* ndp_addr.c */

/* Another station has, or tests, this tentative address of ours. */
void fa__ndp_duplicate(struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr);

/* A router advertised a prefix that addresses may be formed of. */
void fa__ndp_autoconf(struct fa_ndp *ndp, fa_ns now, const struct fa_ndp_prefix *prefix);

/* Let time pass for addresses. Returns: when it is to be called again. */
fa_ns fa__ndp_addrs_tick(struct fa_ndp *ndp, fa_ns now);

/* The link-local address; NULL: none that may be used. */
const struct fa_iface_addr *fa__ndp_link_local(const struct fa_ndp *ndp);

/* ndp_router.c */
void fa__ndp_router_advert(struct fa_ndp *ndp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_ndp_message *message);
void fa__ndp_redirect(struct fa_ndp *ndp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_ndp_message *message);

/* `ip` no longer forwards, or forwards again, or does not answer. */
void fa__ndp_router_gone(struct fa_ndp *ndp, const struct fa_ip *ip);
void fa__ndp_router_dead(struct fa_ndp *ndp, const struct fa_ip *ip, bool dead);

/* Forget ways that are over. Returns: when the next one is. */
fa_ns fa__ndp_ways_tick(struct fa_ndp *ndp, fa_ns now);

/* ndp_input.c */

/* A message says that its sender has this Ethernet address. */
void fa__ndp_heard(
    struct fa_ndp *ndp, fa_ns now, const struct fa_ip *ip, const uint8_t mac[FA_MAC_LEN]);

/* ndp.c */

/* Begin to solicit routers. */
void fa__ndp_solicit(struct fa_ndp *ndp);

/* Something that fa_ndp_tick() is to look at happens at `at`. */
static inline void fa__ndp_due(struct fa_ndp *ndp, fa_ns at)
{
    ndp->due_ns = fa_ns_min(ndp->due_ns, at);
}

#endif
