// SPDX-License-Identifier: ISC
//
// fa/igmp.h: which IPv4 groups an interface listens to, told to routers and switches: the host's
// part of IGMPv3 (RFC 3376), and of versions 2 and 1 where a querier speaks them, without I/O.
//
// Every sender of a group is listened to: no source filters. Reports of others do not silence ours,
// so that switches that snoop know each port. fa/mld.h has the same shape for IPv6. Groups are
// numbers in host order. Tested by test/unit/igmp_test.c, fuzz/igmp_fuzz.c.
//
//     FA_TRY(fa_igmp_join(&igmp, now, group));
//     while (fa_igmp_output(&igmp, now, empty, &meta)) send_with_router_alert(empty, &meta);
//     if (fa_igmp_has(&igmp, target)) take(packet);

#ifndef FA_IGMP_H
#define FA_IGMP_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/ip.h"
#include "fa/rand.h"
#include "fa/wire/igmp.h"

enum {
    FA_IGMP_GROUP_COUNT_MAX = 32,
    FA_IGMP_ROBUSTNESS = 2,          /* RFC 3376 8.1: how often a change is told */
    FA_IGMP_ALL_SYSTEMS = 0xe0000001 /* 224.0.0.1, as uint32_t: always listened to, never told */
};

#define FA_IGMP_UNSOLICITED_NS (1 * FA_NS_S)   /* RFC 3376 8.11, between repetitions, at most */
#define FA_IGMP_OLDER_NS       (260 * FA_NS_S) /* RFC 3376 8.12 with its defaults */

struct fa_igmp_config {
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
    bool off;                     /* groups are kept, nothing is told */
};

/* A group. Private. */
struct fa_igmp_group {
    fa_ns due_ns; /* when `record` is to be told; FA_NS_NEVER */
    uint32_t ip;
    uint16_t user_count;
    uint8_t record; /* FA_IGMP_RECORD_...; 0: nothing is to be told */
    uint8_t repeat_count;
    bool ready; /* to be told now */
};

/* Private below. Pinned. */
struct fa_igmp {
    struct fa_igmp_config config;
    struct fa_igmp_group groups[FA_IGMP_GROUP_COUNT_MAX];
    uint32_t group_count;
    bool ready;        /* a group may be */
    fa_ns due_ns;      /* of the earliest; FA_NS_NEVER */
    fa_ns version1_ns; /* version 1 is spoken until then, */
    fa_ns version2_ns; /* then version 2 until then */
};

void fa_igmp_init(struct fa_igmp *igmp, const struct fa_igmp_config *config);

/* Listen to a group once more, or once less. Returns: FA_OK; FA_EINVAL: no IPv4 group, or not
 * listened to; FA_ENOSPC: FA_IGMP_GROUP_COUNT_MAX. */
fa_err fa_igmp_join(struct fa_igmp *igmp, fa_ns now, uint32_t ip);
fa_err fa_igmp_leave(struct fa_igmp *igmp, fa_ns now, uint32_t ip);

/* Tell of all groups once more, as if they were joined now: whoever kept account may have
 * forgotten, or is another. */
void fa_igmp_repeat(struct fa_igmp *igmp, fa_ns now);

/* Whether packets to this group are listened to; 224.0.0.1 always is. */
bool fa_igmp_has(const struct fa_igmp *igmp, uint32_t ip);

/* Take in a message that came with this TTL; `alert`: its packet had the router alert option, which
 * queries of versions 2 and 3 must have (RFC 3376 9.1). Reports of others are counted. */
void fa_igmp_input(
    struct fa_igmp *igmp, fa_ns now, uint8_t ttl, bool alert, struct fa_slice message);

/* Write the next message into the empty buffer `buf`. Returns: whether there was one; *ret_meta
 * says where it goes, `local` is the caller's to choose and may be zero (RFC 3376 4.2.13). Its
 * packet has the router alert option (RFC 2113). */
FA_MUST_USE bool fa_igmp_output(
    struct fa_igmp *igmp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta);

/* Whether fa_igmp_output() may have something. O(1). */
static inline bool fa_igmp_has_output(const struct fa_igmp *igmp)
{
    return igmp->ready;
}

/* When fa_igmp_tick() is due; FA_NS_NEVER. O(1). */
static inline fa_ns fa_igmp_deadline(const struct fa_igmp *igmp)
{
    return igmp->due_ns;
}

/* Let time pass. */
void fa_igmp_tick(struct fa_igmp *igmp, fa_ns now);

#endif
