// SPDX-License-Identifier: ISC
//
// fa/addr.h: the addresses of an interface: which, where from, and how long they may be used.
//
// Of either family, in one bounded list an interface. No I/O, no time of its own: DHCP and
// neighbour discovery bring addresses and take them away, the stack looks them up. Tested by
// test/unit/addr_test.c.
//
//     for (uint32_t i = 0; i < iface->addrs.count; i++)
//         if (fa_addr_is_usable(&iface->addrs.at[i])) show(&iface->addrs.at[i].ip);

#ifndef FA_ADDR_H
#define FA_ADDR_H

#include "fa/base.h"
#include "fa/ip.h"

enum {
    FA_ADDR_COUNT_MAX = 20, /* addresses of an interface, of both families and all origins */
};

/* Where an address came from. */
enum fa_addr_origin {
    FA_ADDR_STATIC,     /* the configuration */
    FA_ADDR_DHCP,       /* a lease */
    FA_ADDR_SLAAC,      /* an advertised prefix and a stable identifier (RFC 4862, 7217) */
    FA_ADDR_TEMPORARY,  /* an advertised prefix and a random identifier (RFC 8981) */
    FA_ADDR_LINK_LOCAL, /* fe80::/64 and a stable identifier */
};

/* What it is good for (RFC 4862 5.5.4). */
enum fa_addr_state {
    FA_ADDR_TENTATIVE,  /* duplicate address detection runs: not used, not answered for */
    FA_ADDR_PREFERRED,  /* in use */
    FA_ADDR_DEPRECATED, /* serves what uses it already, and is the last choice for what is new */
    FA_ADDR_DUPLICATE,  /* another station has it: not used */
    FA_ADDR_EXPIRED,    /* valid no longer: not used; whoever owns the list takes it out */
};

/* One address of an interface. */
struct fa_iface_addr {
    struct fa_ip ip;
    fa_ns preferred_ns;  /* deprecated from then on; FA_NS_NEVER */
    fa_ns valid_ns;      /* forgotten then; FA_NS_NEVER */
    uint8_t prefix_bits; /* of its family: 24 for 192.0.2.1/24 */
    uint8_t origin;      /* enum fa_addr_origin */
    uint8_t state;       /* enum fa_addr_state */
    bool told;           /* free for the owner of the list */
    uint8_t try_count;   /* the rest is private to fa/ndp.h: identifiers tried for this one */
    bool asked;          /* whether it is taken, and nobody answered yet */
    bool succeeded;      /* a temporary one that the next has followed already */
    uint8_t nonce[6];    /* of that question */
    fa_ns due_ns;  /* of its next step, while it is tentative; 0: its question is to be sent */
    fa_ns made_ns; /* when a temporary one was made */
};

/* All of an interface. Movable. */
struct fa_addrs {
    struct fa_iface_addr at[FA_ADDR_COUNT_MAX]; /* in order of arrival */
    uint32_t count;
};

/* Whether packets may be sent from it and are taken for it. */
static inline bool fa_addr_is_usable(const struct fa_iface_addr *addr)
{
    return addr->state == FA_ADDR_PREFERRED || addr->state == FA_ADDR_DEPRECATED;
}

/* The entry of this address, in whatever state; NULL if there is none. Borrowed until the list
 * changes. */
struct fa_iface_addr *fa_addrs_find(struct fa_addrs *addrs, const struct fa_ip *ip);

/* Whether packets may be sent from `ip` and are taken for it. */
bool fa_addrs_has(const struct fa_addrs *addrs, const struct fa_ip *ip);

/* Add an address that is not there yet. Returns: FA_OK; FA_ENOSPC: FA_ADDR_COUNT_MAX are there. */
fa_err fa_addrs_add(struct fa_addrs *addrs, const struct fa_iface_addr *addr);

/*
 * The address to speak from to `remote`, of its family and usable (RFC 6724 5, rules 1 to 8 but
 * those of home addresses). `temporary`: prefer temporary addresses (rule 7).
 *
 * Returns: NULL if there is none, or none that answers come back to: a link-local one for what is
 *          beyond the link.
 */
const struct fa_iface_addr *fa_addrs_choose(
    const struct fa_addrs *addrs, const struct fa_ip *remote, bool temporary);

/*
 * Another address that can speak for `first`, which is one of them: of the same network, preferred,
 * temporary if it is. `idx` is where to look from, 0 at first; it moves on.
 *
 * Returns: NULL if there is no more.
 */
const struct fa_iface_addr *fa_addrs_alike(
    const struct fa_addrs *addrs, const struct fa_ip *first, uint32_t *idx);

/* Label and precedence of an address of either family in the default policy table (RFC 6724 2.1).
 */
uint8_t fa_addr_label(const struct fa_ip *ip);
uint8_t fa_addr_precedence(const struct fa_ip *ip);

/* Forget an entry. */
void fa_addrs_remove(struct fa_addrs *addrs, struct fa_iface_addr *addr);

#endif
