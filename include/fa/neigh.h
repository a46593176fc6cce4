// SPDX-License-Identifier: ISC
//
// fa/neigh.h: the neighbours of one link: their Ethernet addresses, and whether they still answer.
//
// What ARP and neighbour discovery have in common (RFC 4861 5.1 and 7.3, RFC 1122 2.3.2): a bounded
// cache, states, parked packets, retries. It sends nothing: its owner, fa/arp.h for one, asks
// whom to ask for, and tells what it heard. Entries exist because somebody wanted to send there, or
// because somebody asked for us; the latter never push out one in use. Answers to senders that
// nobody knows, and who may not exist, have a share of places and questions and no more: what we
// begin ourselves finds the rest free. Tested by test/unit/neigh_test.c, fuzz/arp_fuzz.c.
//
//     if (fa_neigh_resolve(&neigh, now, &ip, false, frame)) send(frame);
//     while ((entry = fa_neigh_ask_take(&neigh, now)) != NULL) solicit(entry);
//     if ((entry = fa_neigh_find(&neigh, &ip)) != NULL) fa_neigh_confirm(&neigh, entry, now, mac);
//     while ((frame = fa_neigh_ready_take(&neigh)) != NULL) send(frame);

#ifndef FA_NEIGH_H
#define FA_NEIGH_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/ip.h"
#include "fa/list.h"
#include "fa/netdev.h"
#include "fa/rand.h"

enum {
    FA_NEIGH_COUNT_MAX = 128,
    FA_NEIGH_BUCKET_COUNT = 128,
    FA_NEIGH_INCOMPLETE_COUNT_MAX = 64, /* entries being asked for; the oldest gives way */
    FA_NEIGH_PARKED_ENTRY_MAX = 4,      /* packets waiting for one; the oldest gives way */
    FA_NEIGH_PARKED_COUNT_MAX = 32,     /* packets waiting for all; the newest gives way */
    FA_NEIGH_TRY_COUNT_MAX = 3,         /* questions before it is given up: RFC 4861 10 */
    FA_NEIGH_ASKS_PER_S = 100,          /* questions of all kinds, in bursts of as many */
    FA_NEIGH_ANSWER_PERCENT = 50,       /* what answers may take of the last two and of
                                         * incomplete entries, usually */
};

#define FA_NEIGH_RETRY_NS     (1 * FA_NS_S)  /* between questions: RETRANS_TIMER */
#define FA_NEIGH_REACHABLE_NS (30 * FA_NS_S) /* a confirmation is believed: REACHABLE_TIME */
#define FA_NEIGH_DELAY_NS     (5 * FA_NS_S)  /* DELAY_FIRST_PROBE_TIME */
#define FA_NEIGH_IDLE_NS      (30 * FA_NS_S) /* unused for so long: may be pushed out */

/* RFC 4861 7.3.2. */
enum fa_neigh_state {
    FA_NEIGH_INCOMPLETE, /* asked for by multicast; packets are parked */
    FA_NEIGH_REACHABLE,  /* confirmed within the reachable time, or not used since */
    FA_NEIGH_STALE,      /* believed, to be confirmed when it is used */
    FA_NEIGH_DELAY,      /* used; something may confirm it before we ask */
    FA_NEIGH_PROBE,      /* asked by unicast whether it still holds */
};

struct fa_neigh_config {
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
    fa_ns delay_ns;               /* spent in FA_NEIGH_DELAY; 0: one asks at once, as ARP does */
    uint8_t answer_percent;       /* of incomplete entries, of packets parked for all, of questions
                                   * a second: what answers may take [FA_NEIGH_ANSWER_PERCENT] */
};

/* A neighbour. Read-only outside of this module. */
struct fa_neigh_entry {
    struct fa_list node;       /* fa_neigh.lru, .incomplete or .free */
    struct fa_list timer_node; /* fa_neigh.asking, .asking_answers, .waiting or .delaying */
    struct fa_list parked;     /* of fa_buf.node: frames without a target, oldest first */
    struct fa_ip ip;
    fa_ns used_ns; /* last moved in fa_neigh.lru; FA_NS_NEVER: never sent to */
    fa_ns confirmed_ns;
    fa_ns due_ns;  /* in .waiting and .delaying; 0 in .asking and .asking_answers */
    uint16_t next; /* in its bucket: index + 1; 0: the last */
    uint8_t mac[FA_MAC_LEN];
    uint8_t state; /* enum fa_neigh_state */
    uint8_t try_count;
    uint8_t parked_count;
    bool answer; /* FA_NEIGH_INCOMPLETE: only answers wait for it */
    bool router; /* free for the owner: it said that it forwards packets */
};

/* Private below, complete so that it can be static; what was never used is never touched. Pinned.
 */
struct fa_neigh {
    struct fa_neigh_config config;
    fa_ns reachable_ns;
    fa_ns retry_ns;
    uint64_t hash_factor[2];
    uint16_t buckets[FA_NEIGH_BUCKET_COUNT]; /* index + 1 of the first entry; 0: empty */
    struct fa_list lru;                      /* entries with a known address, least used first */
    struct fa_list incomplete;               /* entries without, oldest first */
    struct fa_list free;
    struct fa_list asking;         /* entries to be asked for now */
    struct fa_list asking_answers; /* the same, for answers alone */
    struct fa_list waiting;  /* entries that were asked for, by due_ns: all wait equally long */
    struct fa_list delaying; /* entries in FA_NEIGH_DELAY, by due_ns */
    struct fa_list ready;    /* of fa_buf.node: parked frames whose target became known */
    struct fa_list failed;   /* of fa_buf.node: parked frames whose neighbour was given up */
    uint32_t generation; /* grows whenever an address that was handed out may not hold any more */
    uint32_t carved_count;
    uint32_t incomplete_count;
    uint32_t parked_count;
    uint32_t window_count; /* questions since window_ns */
    fa_ns window_ns;
    struct {
        uint32_t incomplete_count;
        uint32_t parked_count;
        uint32_t window_count;
    } answers; /* what of these is due to answers alone */
    struct fa_neigh_entry entries[FA_NEIGH_COUNT_MAX];
};

void fa_neigh_init(struct fa_neigh *neigh, const struct fa_neigh_config *config);

/* How long a confirmation is believed, and how long to wait between questions, from now on. */
void fa_neigh_times_set(struct fa_neigh *neigh, fa_ns reachable_ns, fa_ns retry_ns);

/*
 * Address a frame that begins with an Ethernet header to the neighbour `ip`. `answer`: it goes to
 * whoever sent us something, so its neighbour is asked for within the share of answers.
 *
 * Returns: true: its target is filled in, send it. False: the frame was taken; it is parked until
 *          the neighbour answers (fa_neigh_ready_take()) or is given up (fa_neigh_failed_take()),
 *          or was dropped and counted.
 */
FA_MUST_USE bool fa_neigh_resolve(
    struct fa_neigh *neigh, fa_ns now, const struct fa_ip *ip, bool answer, struct fa_buf *take);

/* The entry of a neighbour; NULL if there is none. Borrowed until anything else is called. */
struct fa_neigh_entry *fa_neigh_find(struct fa_neigh *neigh, const struct fa_ip *ip);

/* Enter a neighbour that has none, to be confirmed when it is used. Returns: NULL, counted, if
 * every place is in use. */
struct fa_neigh_entry *fa_neigh_learn(
    struct fa_neigh *neigh, fa_ns now, const struct fa_ip *ip, const uint8_t mac[FA_MAC_LEN]);

/* The neighbour answered from this address: what is parked for it is ready. */
void fa_neigh_confirm(
    struct fa_neigh *neigh, struct fa_neigh_entry *entry, fa_ns now, const uint8_t mac[FA_MAC_LEN]);

/* It was said to have this address, without an answer to a question of ours: believed, and to be
 * confirmed when it is used; what is parked for it is ready. */
void fa_neigh_suggest(
    struct fa_neigh *neigh, struct fa_neigh_entry *entry, fa_ns now, const uint8_t mac[FA_MAC_LEN]);

/* Time passed unseen: whoever is reachable is to be confirmed when it is used. */
void fa_neigh_doubt(struct fa_neigh *neigh);

/* Forget every neighbour and drop what waits. */
void fa_neigh_clear(struct fa_neigh *neigh);

/* The next neighbour to ask for: by multicast if it is FA_NEIGH_INCOMPLETE, else at its address.
 * NULL: none, or too many in this second. It counts as asked. */
struct fa_neigh_entry *fa_neigh_ask_take(struct fa_neigh *neigh, fa_ns now);

/* The next parked frame whose neighbour answered, ready to be sent; or whose neighbour was given
 * up, to be told to whoever sent it. NULL: none. Owns: the caller. */
struct fa_buf *fa_neigh_ready_take(struct fa_neigh *neigh);
struct fa_buf *fa_neigh_failed_take(struct fa_neigh *neigh);

/* Whether fa_neigh_ask_take() may have somebody. O(1). */
static inline bool fa_neigh_has_ask(const struct fa_neigh *neigh)
{
    return !fa_list_empty(&neigh->asking) || !fa_list_empty(&neigh->asking_answers);
}

/* When fa_neigh_tick() is due; FA_NS_NEVER. O(1). */
fa_ns fa_neigh_deadline(const struct fa_neigh *neigh);

/* Let time pass: ask again or give up. Returns: whether a neighbour was given up, *ret_dead; then
 * call it again. */
FA_MUST_USE bool fa_neigh_tick(struct fa_neigh *neigh, fa_ns now, struct fa_ip *ret_dead);

#endif
