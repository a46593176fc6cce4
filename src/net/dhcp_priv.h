// SPDX-License-Identifier: ISC
//
// What the files of DHCP share.

#ifndef FA_NET_DHCP_PRIV_H
#define FA_NET_DHCP_PRIV_H

#include "fa/dhcp.h"

/* Change state; nothing is pending or due afterwards. */
void fa__dhcp_enter(struct fa_dhcp *dhcp, fa_ns now, enum fa_dhcp_state state);

/* dhcp->lease is in use from now on. */
void fa__dhcp_bind(struct fa_dhcp *dhcp, fa_ns now);

/* Lose the lease, if there is one, and begin anew after `delay`. */
void fa__dhcp_hold(struct fa_dhcp *dhcp, fa_ns now, fa_ns delay);

/* As above, after a delay that grows with each refusal. */
void fa__dhcp_nak(struct fa_dhcp *dhcp, fa_ns now);

#endif
