// SPDX-License-Identifier: ISC
//
// fa/pmtu.h: what ways are known to take less than their first link (RFC 1191, RFC 8201).
//
// A small table by destination. It believes whoever tells it, so only what a transport has checked
// against its own packets may be told (RFC 5927 7): a TCP segment in flight, a datagram to a remote
// that a socket has just sent to. No probing: TCP's own (RFC 4821) may tell it as well. Tested by
// test/unit/pmtu_test.c and stack_pmtu_test.c.
//
//     if (fa_udp_icmp(...)) fa_pmtu_lower(&pmtu, now, &remote, mtu_bytes);
//     mtu_bytes = fa_pmtu_of(&pmtu, now, &remote, iface->mtu_bytes);

#ifndef FA_PMTU_H
#define FA_PMTU_H

#include "fa/base.h"
#include "fa/counter.h"
#include "fa/ip.h"

enum {
    FA_PMTU_SET_COUNT = 32,  /* entries stand in sets, by a hash of the destination */
    FA_PMTU_SET_SIZE = 4,    /* in a full set the one that ends first gives way */
    FA_PMTU_FLOOR4 = 576,    /* bytes believed at least: less is slower than any real way */
    FA_PMTU_FLOOR4_MIN = 68, /* RFC 791 3.2 */
    FA_PMTU_FLOOR6 = 1280,   /* RFC 8201 4 */
};

#define FA_PMTU_AGE_NS (600 * FA_NS_S) /* the way may be wider again then, RFC 1191 6.3 */

/* Zero means the default in brackets. */
struct fa_pmtu_config {
    struct fa_counters *counters; /* [fa_counters_main] */
    uint16_t floor4_bytes;        /* [FA_PMTU_FLOOR4], FA_PMTU_FLOOR4_MIN at least */
    fa_ns age_ns;                 /* [FA_PMTU_AGE_NS] */
};

/* One way. Private. */
struct fa_pmtu_entry {
    struct fa_ip remote;
    fa_ns until_ns; /* 0: free */
    uint16_t mtu_bytes;
};

/* Private. Movable. */
struct fa_pmtu {
    struct fa_pmtu_config config;
    bool any; /* something was lowered at some time: else no question costs anything */
    struct fa_pmtu_entry sets[FA_PMTU_SET_COUNT][FA_PMTU_SET_SIZE];
};

void fa_pmtu_init(struct fa_pmtu *pmtu, const struct fa_pmtu_config *config);

/* A hop on the way to `remote` takes `mtu_bytes`, IP header included, and no more. What is below
 * the family's floor counts as the floor; what is not less than is known changes nothing. */
void fa_pmtu_lower(struct fa_pmtu *pmtu, fa_ns now, const struct fa_ip *remote, uint16_t mtu_bytes);

/* Private: as below, if anything is known. */
uint16_t fa__pmtu_find(
    const struct fa_pmtu *pmtu, fa_ns now, const struct fa_ip *remote, uint16_t link_mtu_bytes);

/* What the way to `remote` takes, whose first link takes `link_mtu_bytes`. O(1). */
static inline uint16_t fa_pmtu_of(
    const struct fa_pmtu *pmtu, fa_ns now, const struct fa_ip *remote, uint16_t link_mtu_bytes)
{
    return pmtu->any ? fa__pmtu_find(pmtu, now, remote, link_mtu_bytes) : link_mtu_bytes;
}

#endif
