// SPDX-License-Identifier: ISC
//
// fa/arp.h: who on the link has this IPv4 address (RFC 826, 1122 2.3.2, 5227), without I/O.
//
// One struct fa_arp serves one interface with one address. It keeps a bounded cache of neighbours,
// parks a few packets for those it is asking for, answers for its own address, announces it and
// defends it. It learns from packets addressed to it alone. Tested by test/unit/arp_test.c,
// fuzz/arp_fuzz.c.
//
//     fa_arp_init(&arp, &(struct fa_arp_config){.mac = {2, 0, 0, 0, 0, 1}, .rand = &rand});
//     fa_arp_address_set(&arp, now, 0xc0000201, 24);
//     if (fa_arp_resolve(&arp, now, 0xc0000202, frame)) send(frame);
//     while (fa_arp_output(&arp, now, empty)) send(empty);
//     while ((frame = fa_arp_ready_take(&arp)) != NULL) send(frame);

#ifndef FA_ARP_H
#define FA_ARP_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/list.h"
#include "fa/netdev.h"
#include "fa/rand.h"
#include "fa/wire/arp.h"

enum {
    FA_ARP_ENTRY_COUNT_MAX = 256,
    FA_ARP_BUCKET_COUNT = 256,
    FA_ARP_INCOMPLETE_COUNT_MAX = 64, /* entries being asked for; the oldest gives way */
    FA_ARP_PARKED_ENTRY_MAX = 4,      /* packets waiting for one neighbour; the oldest gives way */
    FA_ARP_PARKED_COUNT_MAX = 32,     /* packets waiting for all of them; the newest gives way */
    FA_ARP_REPLY_COUNT_MAX = 16,      /* replies waiting to be sent */
    FA_ARP_TRY_COUNT_MAX = 3,         /* requests for a neighbour before it is given up */
    FA_ARP_REQUESTS_PER_S = 100,      /* requests of all kinds, in bursts of as many */
    FA_ARP_ANNOUNCE_COUNT = 2,        /* RFC 5227 2.3: ANNOUNCE_NUM */
};

#define FA_ARP_RETRY_NS     (1 * FA_NS_S)  /* between requests, RFC 1122 2.3.2.1 */
#define FA_ARP_REACHABLE_NS (30 * FA_NS_S) /* a confirmed address is believed for so long */
#define FA_ARP_ANNOUNCE_NS  (2 * FA_NS_S)  /* RFC 5227 1.1: ANNOUNCE_INTERVAL */
#define FA_ARP_DEFEND_NS    (10 * FA_NS_S) /* RFC 5227 1.1: DEFEND_INTERVAL */

enum fa_arp_state {
    FA_ARP_INCOMPLETE, /* asked for by broadcast; packets are parked */
    FA_ARP_REACHABLE,  /* confirmed within FA_ARP_REACHABLE_NS, or not used since */
    FA_ARP_STALE,      /* believed, to be confirmed when it is used */
    FA_ARP_PROBE,      /* used, and asked by unicast whether it still holds */
};

struct fa_arp_config {
    uint8_t mac[FA_MAC_LEN];      /* ours */
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
};

/* A neighbour. Private. */
struct fa_arp_entry {
    struct fa_list node;       /* fa_arp.lru, fa_arp.incomplete or fa_arp.free */
    struct fa_list timer_node; /* fa_arp.asking or fa_arp.waiting */
    struct fa_list parked;     /* of fa_buf.node: frames without a target, oldest first */
    fa_ns used_ns;             /* last moved in fa_arp.lru; FA_NS_NEVER: never sent to */
    fa_ns confirmed_ns;
    fa_ns due_ns; /* in fa_arp.waiting: when to ask again or give up */
    uint32_t ip;
    uint16_t next; /* in its bucket: index + 1; 0: the last */
    uint8_t mac[FA_MAC_LEN];
    uint8_t state; /* enum fa_arp_state */
    uint8_t try_count;
    uint8_t parked_count;
};

/* An answer not yet sent. Private. */
struct fa_arp_reply {
    uint8_t mac[FA_MAC_LEN];
    uint32_t ip;
};

/* Private below, complete so that it can be static; what was never used is never touched. Pinned.
 */
struct fa_arp {
    struct fa_arp_config config;
    uint32_t ip; /* ours; 0: none yet */
    uint32_t mask;
    uint32_t hash_factor;
    uint16_t buckets[FA_ARP_BUCKET_COUNT]; /* index + 1 of the first entry; 0: empty */
    struct fa_list lru;                    /* entries with a known address, least used first */
    struct fa_list incomplete;             /* entries without, oldest first */
    struct fa_list free;
    struct fa_list asking;  /* entries whose request is to be sent now */
    struct fa_list waiting; /* entries whose request was sent, by due_ns: all wait equally long */
    struct fa_list ready;   /* of fa_buf.node: parked frames whose target became known */
    uint32_t carved_count;
    uint32_t incomplete_count;
    uint32_t parked_count;
    struct fa_arp_reply replies[FA_ARP_REPLY_COUNT_MAX];
    uint32_t reply_head;
    uint32_t reply_count;
    uint32_t window_count; /* requests sent since window_ns */
    fa_ns window_ns;
    fa_ns announce_ns; /* when the next announcement is due */
    fa_ns up_ns;       /* when our address was set */
    fa_ns defended_ns; /* when we last defended it; FA_NS_NEVER: not yet */
    uint32_t announce_count;
    bool announce_due;
    bool lost_said; /* since defended_ns */
    struct fa_arp_entry entries[FA_ARP_ENTRY_COUNT_MAX];
};

void fa_arp_init(struct fa_arp *arp, const struct fa_arp_config *config);

/* Take on an address and announce it, or lay it down (ip 0). Neighbours are forgotten, packets
 * that wait for them dropped. Limits: prefix_bits at most 32. */
void fa_arp_address_set(struct fa_arp *arp, fa_ns now, uint32_t ip, uint8_t prefix_bits);

/* What a packet from the link says about our own address (RFC 5227 2.4). */
enum fa_arp_verdict {
    FA_ARP_FINE,     /* nothing */
    FA_ARP_DEFENDED, /* another station claimed it and was told once that it is ours */
    FA_ARP_LOST,     /* another station holds it: it claimed it while we announced it, or again
                        within FA_ARP_DEFEND_NS. Said once in that time. */
};

/* Take in the payload of an ARP frame. What it calls for is fetched by fa_arp_output(). */
enum fa_arp_verdict fa_arp_input(struct fa_arp *arp, fa_ns now, struct fa_slice bytes);

/*
 * Address a frame that begins with an Ethernet header to the neighbour `ip`.
 *
 * Returns: true: its target is filled in, send it. False: the frame was taken; it is parked until
 *          the neighbour answers (fa_arp_ready_take()), or was dropped and counted.
 * Limits:  our address is set; `ip` is none of 0, ours, a group's.
 */
FA_MUST_USE bool fa_arp_resolve(struct fa_arp *arp, fa_ns now, uint32_t ip, struct fa_buf *take);

/* Write the next ARP frame, Ethernet header included, into the empty buffer `buf`. Returns:
 * whether there was one. */
FA_MUST_USE bool fa_arp_output(struct fa_arp *arp, fa_ns now, struct fa_buf *buf);

/* The next parked frame whose neighbour has answered, ready to be sent; NULL if there is none.
 * Owns: the caller. */
struct fa_buf *fa_arp_ready_take(struct fa_arp *arp);

/* Whether fa_arp_output() may have something. O(1). */
static inline bool fa_arp_has_output(const struct fa_arp *arp)
{
    return arp->reply_count != 0 || arp->announce_due || !fa_list_empty(&arp->asking);
}

/* When fa_arp_tick() is due; FA_NS_NEVER. O(1). */
fa_ns fa_arp_deadline(const struct fa_arp *arp);

/* Let time pass: ask again, give up, announce. */
void fa_arp_tick(struct fa_arp *arp, fa_ns now);

#endif
