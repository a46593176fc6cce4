// SPDX-License-Identifier: ISC
//
// fa/arp.h: who on the link has this IPv4 address (RFC 826, 1122 2.3.2, 5227), without I/O.
//
// One struct fa_arp serves one interface with one address. It asks for neighbours, which fa/neigh.h
// remembers, answers for its own address, announces it and defends it. It learns from packets
// addressed to it alone. Tested by test/unit/arp_test.c, fuzz/arp_fuzz.c.
//
//     fa_arp_init(&arp, &(struct fa_arp_config){.mac = {2, 0, 0, 0, 0, 1}, .rand = &rand});
//     fa_arp_address_set(&arp, now, 0xc0000201, 24);
//     if (fa_arp_resolve(&arp, now, 0xc0000202, false, frame)) send(frame);
//     while (fa_arp_output(&arp, now, empty)) send(empty);
//     while ((frame = fa_neigh_ready_take(&arp.neigh)) != NULL) send(frame);

#ifndef FA_ARP_H
#define FA_ARP_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/neigh.h"
#include "fa/netdev.h"
#include "fa/rand.h"
#include "fa/wire/arp.h"

enum {
    FA_ARP_REPLY_COUNT_MAX = 16, /* replies waiting to be sent */
    FA_ARP_OWN_COUNT_MAX = 5,    /* addresses of ours: one, and a list (FA_IP_LIST_MAX) */
    FA_ARP_ANNOUNCE_COUNT = 2,   /* RFC 5227 2.3: ANNOUNCE_NUM */
    FA_ARP_PROBE_COUNT = 3,      /* RFC 5227 1.1: PROBE_NUM */
};

/* RFC 5227 1.1: PROBE_WAIT, PROBE_MIN, PROBE_MAX, ANNOUNCE_WAIT */
#define FA_ARP_PROBE_WAIT_NS (1 * FA_NS_S)
#define FA_ARP_PROBE_MIN_NS  (1 * FA_NS_S)
#define FA_ARP_PROBE_MAX_NS  (2 * FA_NS_S)
#define FA_ARP_PROBE_END_NS  (2 * FA_NS_S)

#define FA_ARP_ANNOUNCE_NS (2 * FA_NS_S)  /* RFC 5227 1.1: ANNOUNCE_INTERVAL */
#define FA_ARP_DEFEND_NS   (10 * FA_NS_S) /* RFC 5227 1.1: DEFEND_INTERVAL */

struct fa_arp_config {
    uint8_t mac[FA_MAC_LEN];      /* ours */
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
    uint8_t answer_percent;       /* fa_neigh_config's */
};

/* What became of a probe. */
enum fa_arp_probe {
    FA_ARP_PROBE_NONE,  /* none was asked for, or it was told already */
    FA_ARP_PROBE_ASKS,  /* it goes on */
    FA_ARP_PROBE_FREE,  /* nobody answered */
    FA_ARP_PROBE_TAKEN, /* another station has the address, or asks for it as well */
};

/* An answer not yet sent. Private. */
struct fa_arp_reply {
    uint8_t mac[FA_MAC_LEN];
    uint32_t ip;
    uint32_t own_ip; /* which of ours was asked for */
};

/* An address of ours. Private. */
struct fa_arp_own {
    uint32_t ip;
    uint32_t mask;
    fa_ns up_ns;       /* when it was set */
    fa_ns defended_ns; /* when we last defended it; FA_NS_NEVER: not yet */
    bool announce_due;
    bool lost_said; /* since defended_ns */
};

/* Private below, complete so that it can be static; what was never used is never touched. Pinned.
 */
struct fa_arp {
    struct fa_arp_config config;
    struct fa_arp_own own[FA_ARP_OWN_COUNT_MAX];
    uint32_t own_count;  /* 0: no address yet */
    uint32_t claimed_ip; /* of ours, that another station claimed last */
    struct fa_arp_reply replies[FA_ARP_REPLY_COUNT_MAX];
    uint32_t reply_head;
    uint32_t reply_count;
    fa_ns announce_ns; /* when the next announcement is due */
    uint32_t announce_count;
    uint32_t probe_ip;
    uint32_t probe_count; /* sent */
    fa_ns probe_ns;       /* when the next one, or the end, is due */
    uint8_t probe;        /* enum fa_arp_probe */
    bool probe_due;
    bool announce_due; /* of one of ours at least */
    struct fa_neigh neigh;
};

void fa_arp_init(struct fa_arp *arp, const struct fa_arp_config *config);

/* Take on an address and announce it, or lay all down (ip 0). Neighbours are forgotten, packets
 * that wait for them dropped. Limits: prefix_bits at most 32. */
void fa_arp_address_set(struct fa_arp *arp, fa_ns now, uint32_t ip, uint8_t prefix_bits);

/* Take on another one beside it. Questions are asked from the one that shares the neighbour's
 * network, else from the first. Limits: FA_ARP_OWN_COUNT_MAX in all; there is one already. */
void fa_arp_address_add(struct fa_arp *arp, fa_ns now, uint32_t ip, uint8_t prefix_bits);

/* Find out whether another station has `ip`, before it is ours (RFC 5227 2.1): within 4 to 9
 * seconds fa_arp_probe_take() knows. A probe that goes on is forgotten. */
void fa_arp_probe(struct fa_arp *arp, fa_ns now, uint32_t ip);

/* Stop that. */
void fa_arp_probe_stop(struct fa_arp *arp);

/* What is known: FREE and TAKEN are told once. Ask after fa_arp_input() and fa_arp_tick(). */
static inline enum fa_arp_probe fa_arp_probe_take(struct fa_arp *arp)
{
    enum fa_arp_probe probe = (enum fa_arp_probe)arp->probe;
    if (probe != FA_ARP_PROBE_ASKS) {
        arp->probe = FA_ARP_PROBE_NONE;
    }
    return probe;
}

/* Tell everybody once more whose our addresses are, if there are any. */
void fa_arp_announce(struct fa_arp *arp);

/* What a packet from the link says about an address of ours (RFC 5227 2.4): fa_arp.claimed_ip. */
enum fa_arp_verdict {
    FA_ARP_FINE,     /* nothing */
    FA_ARP_DEFENDED, /* another station claimed it and was told once that it is ours */
    FA_ARP_LOST,     /* another station holds it: it claimed it while we announced it, or again
                        within FA_ARP_DEFEND_NS. Said once in that time. */
};

/* Take in the payload of an ARP frame. What it calls for is fetched by fa_arp_output(). */
enum fa_arp_verdict fa_arp_input(struct fa_arp *arp, fa_ns now, struct fa_slice bytes);

/* As fa_neigh_resolve(), for the neighbour `ip`. Limits: we have an address; `ip` is none of 0,
 * ours, a group's. */
FA_MUST_USE bool fa_arp_resolve(
    struct fa_arp *arp, fa_ns now, uint32_t ip, bool answer, struct fa_buf *take);

/* Write the next ARP frame, Ethernet header included, into the empty buffer `buf`. Returns:
 * whether there was one. */
FA_MUST_USE bool fa_arp_output(struct fa_arp *arp, fa_ns now, struct fa_buf *buf);

/* Whether fa_arp_output() may have something. O(1). */
static inline bool fa_arp_has_output(const struct fa_arp *arp)
{
    return arp->reply_count != 0 || arp->announce_due || arp->probe_due ||
           fa_neigh_has_ask(&arp->neigh);
}

/* When fa_arp_tick() is due; FA_NS_NEVER. O(1). */
fa_ns fa_arp_deadline(const struct fa_arp *arp);

/* Let time pass: ask again, give up, announce. */
void fa_arp_tick(struct fa_arp *arp, fa_ns now);

#endif
