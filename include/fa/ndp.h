// SPDX-License-Identifier: ISC
//
// fa/ndp.h: neighbour discovery and address autoconfiguration of one interface, without I/O.
//
// Who on the link has an IPv6 address (RFC 4861, with the states of fa/neigh.h), which of ours
// nobody else has (RFC 4862 5.4, 7527), which routers, prefixes and routes there are (RFC 4861 6.3,
// 4191, 7559), and the addresses that follow (RFC 4862, 7217, 8981). It manages the IPv6 entries of
// a struct fa_addrs. Not there: router behaviour, secure discovery, optimistic addresses, DHCPv6,
// for which it only says whether routers ask for it. Tested by test/unit/ndp_test.c,
// test/unit/ndp_router_test.c, fuzz/ndp_fuzz.c.
//
//     fa_ndp_start(&ndp, now);
//     fa_ndp_input(&ndp, now, &meta, message);
//     while (fa_ndp_output(&ndp, now, empty, &meta)) send(empty, &meta);
//     if (fa_ndp_next_hop(&ndp, &meta.remote, &hop))
//         fa_neigh_resolve(&ndp.neigh, now, &hop, false, frame);

#ifndef FA_NDP_H
#define FA_NDP_H

#include "fa/addr.h"
#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/ip.h"
#include "fa/names.h"
#include "fa/neigh.h"
#include "fa/netdev.h"
#include "fa/rand.h"
#include "fa/wire/ndp.h"

enum {
    FA_NDP_REPLY_COUNT_MAX = 16,    /* advertisements waiting to be sent */
    FA_NDP_ROUTE_COUNT_MAX = 32,    /* of all kinds */
    FA_NDP_ROUTE_KIND_MAX = 8,      /* routers, prefixes, routes and redirects, each */
    FA_NDP_SLAAC_COUNT_MAX = 4,     /* stable addresses from advertised prefixes */
    FA_NDP_TEMPORARY_COUNT_MAX = 6, /* temporary ones, old ones included */
    FA_NDP_IID_TRY_COUNT_MAX = 3,   /* identifiers tried: IDGEN_RETRIES, TEMP_IDGEN_RETRIES */
};

#define FA_NDP_DAD_DELAY_NS      (1 * FA_NS_S)    /* before the first question, at most */
#define FA_NDP_SOLICIT_DELAY_NS  (1 * FA_NS_S)    /* before the first after a standstill, at most */
#define FA_NDP_SOLICIT_NS        (4 * FA_NS_S)    /* RTR_SOLICITATION_INTERVAL, doubled each time */
#define FA_NDP_SOLICIT_MAX_NS    (3600 * FA_NS_S) /* RFC 7559 2: MRT */
#define FA_NDP_REDIRECT_NS       (600 * FA_NS_S)  /* a redirect is believed */
#define FA_NDP_TEMP_VALID_NS     (172800 * FA_NS_S) /* RFC 8981 3.8: TEMP_VALID_LIFETIME */
#define FA_NDP_TEMP_PREFERRED_NS (86400 * FA_NS_S)  /* TEMP_PREFERRED_LIFETIME */
#define FA_NDP_TEMP_DESYNC_NS    (34560 * FA_NS_S)  /* MAX_DESYNC_FACTOR */
#define FA_NDP_TEMP_ADVANCE_NS   (5 * FA_NS_S)      /* REGEN_ADVANCE */

struct fa_ndp_config {
    uint8_t mac[FA_MAC_LEN];
    uint8_t iface;                /* its index, for `names` */
    uint16_t mtu_bytes;           /* of the link */
    uint8_t secret[16];           /* of stable identifiers (RFC 7217 5) */
    uint8_t iface_id[FA_MAC_LEN]; /* tells this interface from the host's others, there [mac] */
    struct fa_addrs *addrs;       /* borrowed: IPv6 entries are added, changed and removed */
    struct fa_names *names;       /* borrowed: DNS servers and domains; NULL: nobody asks */
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
    uint8_t answer_percent;       /* fa_neigh_config's */
    bool ra_off;                  /* routers are not asked and not believed */
    bool privacy;                 /* temporary addresses */
    bool dad_off;                 /* addresses are used at once */
    bool redirects_off;
};

/* What a route came from, and so how it is counted. */
enum fa_ndp_route_kind {
    FA_NDP_ROUTER,   /* a default router */
    FA_NDP_PREFIX,   /* a prefix on the link */
    FA_NDP_ROUTE,    /* a prefix beyond a router (RFC 4191) */
    FA_NDP_REDIRECT, /* one address */
    FA_NDP_ROUTE_KIND_COUNT,
};

/* A way that the link told. */
struct fa_ndp_way {
    struct fa_ip prefix;
    struct fa_ip router; /* zero: on the link */
    fa_ns until_ns;
    uint8_t prefix_bits;
    uint8_t kind;      /* enum fa_ndp_route_kind */
    int8_t preference; /* -1, 0, 1 */
    bool dead;         /* the router stopped answering: others first (RFC 4861 6.3.6) */
};

/* An advertisement not yet sent. Private. */
struct fa_ndp_reply {
    struct fa_ip target;
    struct fa_ip remote;
};

/* Private but for what is said to be read. Pinned. */
struct fa_ndp {
    struct fa_ndp_config config;
    bool running;       /* between start and stop */
    bool changed;       /* read and cleared by the owner: addresses or ways are others now */
    bool managed;       /* read: routers ask for addresses by DHCPv6 (RFC 4861 4.2) */
    bool other;         /* read: and for the rest */
    uint8_t hop_limit;  /* read: what routers advertise; 0: nothing */
    uint16_t mtu_bytes; /* read: the link's, or less if a router says so */
    struct fa_ndp_way ways[FA_NDP_ROUTE_COUNT_MAX];
    uint32_t way_count;
    struct fa_ndp_reply replies[FA_NDP_REPLY_COUNT_MAX];
    uint32_t reply_head;
    uint32_t reply_count;
    uint32_t reachable_base_ms; /* what routers advertise; 0: nothing */
    bool dad_due;               /* an address of ours is to be asked for */
    bool solicit_due;
    fa_ns solicit_wait_ns; /* before the next router solicitation */
    fa_ns solicit_ns;      /* when it is due; FA_NS_NEVER: no more */
    fa_ns due_ns;          /* of the earliest end of a lifetime or step of an address */
    struct fa_neigh neigh;
};

void fa_ndp_init(struct fa_ndp *ndp, const struct fa_ndp_config *config);

/* Form the link-local address, test it, then ask for routers. */
void fa_ndp_start(struct fa_ndp *ndp, fa_ns now);

/* The interface may be on another link now, or at the same after a while: ask for routers again,
 * within a second (RFC 4861 6.3.7). */
void fa_ndp_resume(struct fa_ndp *ndp, fa_ns now);

/* Forget neighbours, ways and all IPv6 addresses; drop what waits. */
void fa_ndp_stop(struct fa_ndp *ndp);

/* Test a configured address, and use it if nobody else has it. Returns: FA_OK; FA_ENOSPC;
 * FA_EINVAL: it is there already, or no interface may have it. */
fa_err fa_ndp_address_add(struct fa_ndp *ndp, fa_ns now, const struct fa_ip *ip,
    uint8_t prefix_bits, fa_ns valid_ns, enum fa_addr_origin origin);

/* Take in a message of neighbour discovery: its bytes from the ICMPv6 header on, checksum verified;
 * meta->ttl is its hop limit, meta->multicast says that it was sent to a group. */
void fa_ndp_input(
    struct fa_ndp *ndp, fa_ns now, const struct fa_ip_meta *meta, struct fa_slice bytes);

/* Write the next message, from the ICMPv6 header on, into the empty buffer `buf`. Returns: whether
 * there was one; *ret_meta says where it goes, on this link. */
FA_MUST_USE bool fa_ndp_output(
    struct fa_ndp *ndp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta);

/* Whether fa_ndp_output() may have something. O(1). */
bool fa_ndp_has_output(const struct fa_ndp *ndp);

/*
 * Who a packet to `remote` is given to, as far as the link told: by the longest prefix, then
 * routers that answer before those that do not, then preference.
 *
 * Returns: bits of the prefix that decided, 0 for a default router; -1: nothing leads there.
 */
int fa_ndp_next_hop(const struct fa_ndp *ndp, const struct fa_ip *remote, struct fa_ip *ret_hop);

/* When fa_ndp_tick() is due; FA_NS_NEVER. O(1). */
fa_ns fa_ndp_deadline(const struct fa_ndp *ndp);

/* Let time pass: test addresses, ask again, give up, deprecate, expire. */
void fa_ndp_tick(struct fa_ndp *ndp, fa_ns now);

#endif
