// SPDX-License-Identifier: ISC
//
// fa/mld.h: which IPv6 groups an interface listens to, told to routers and switches: the listener's
// part of MLDv2 (RFC 3810, 9777), and of MLDv1 where a querier speaks it, without I/O.
//
// Every sender of a group is listened to: no source filters. Reports of others do not silence ours,
// so that switches that snoop know each port. fa/igmp.h has the same shape for IPv4. Tested by
// test/unit/mld_test.c, fuzz/mld_fuzz.c.
//
//     FA_TRY(fa_mld_join(&mld, now, &group));
//     while (fa_mld_output(&mld, now, &link_local, empty, &meta)) send(empty, &meta);
//     if (fa_mld_has(&mld, &target)) take(packet);

#ifndef FA_MLD_H
#define FA_MLD_H

#include "fa/addr.h"
#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/ip.h"
#include "fa/rand.h"
#include "fa/wire/mld.h"

enum {
    FA_MLD_GROUP_COUNT_MAX = 32, /* those of our own addresses included */
    FA_MLD_ROBUSTNESS = 2,       /* RFC 3810 9.1: how often a change is told */
};

#define FA_MLD_UNSOLICITED_NS (1 * FA_NS_S)   /* RFC 3810 9.11, between repetitions, at most */
#define FA_MLD_OLDER_NS       (260 * FA_NS_S) /* RFC 3810 9.12 with its defaults */

struct fa_mld_config {
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
    bool off;                     /* groups are kept, nothing is told */
};

/* A group. Private. */
struct fa_mld_group {
    struct fa_ip ip;
    fa_ns due_ns; /* when `record` is to be told; FA_NS_NEVER */
    uint16_t user_count;
    uint8_t record; /* FA_MLD_RECORD_...; 0: nothing is to be told */
    uint8_t repeat_count;
    bool own;   /* one of our addresses is asked for there */
    bool ready; /* to be told now */
};

/* Private below. Pinned. */
struct fa_mld {
    struct fa_mld_config config;
    struct fa_mld_group groups[FA_MLD_GROUP_COUNT_MAX];
    uint32_t group_count;
    bool ready;        /* a group may be */
    fa_ns due_ns;      /* of the earliest; FA_NS_NEVER */
    fa_ns version1_ns; /* version 1 is spoken until then */
};

void fa_mld_init(struct fa_mld *mld, const struct fa_mld_config *config);

/* Listen to a group once more, or once less. Returns: FA_OK; FA_EINVAL: no IPv6 group, or not
 * listened to; FA_ENOSPC: FA_MLD_GROUP_COUNT_MAX. */
fa_err fa_mld_join(struct fa_mld *mld, fa_ns now, const struct fa_ip *ip);
fa_err fa_mld_leave(struct fa_mld *mld, fa_ns now, const struct fa_ip *ip);

/* Listen to the groups where the IPv6 addresses of `addrs` are asked for, and to no other such. */
void fa_mld_follow(struct fa_mld *mld, fa_ns now, const struct fa_addrs *addrs);

/* Tell of all groups once more, as if they were joined now: whoever kept account may have
 * forgotten, or is another. */
void fa_mld_repeat(struct fa_mld *mld, fa_ns now);

/* Whether packets to this group are listened to; ff02::1 always is. */
bool fa_mld_has(const struct fa_mld *mld, const struct fa_ip *ip);

/* Take in a query: its bytes from the ICMPv6 header on, checksum verified; `alert`: its packet had
 * the router alert option. */
void fa_mld_input(struct fa_mld *mld, fa_ns now, const struct fa_ip_meta *meta, bool alert,
    struct fa_slice message);

/* Write the next message, from its hop-by-hop header on, into the empty buffer `buf`; `local` is
 * our link-local address, or zero. Returns: whether there was one; *ret_meta says where it goes. */
FA_MUST_USE bool fa_mld_output(struct fa_mld *mld, fa_ns now, const struct fa_ip *local,
    struct fa_buf *buf, struct fa_ip_meta *ret_meta);

/* Whether fa_mld_output() may have something. O(1). */
static inline bool fa_mld_has_output(const struct fa_mld *mld)
{
    return mld->ready;
}

/* When fa_mld_tick() is due; FA_NS_NEVER. O(1). */
static inline fa_ns fa_mld_deadline(const struct fa_mld *mld)
{
    return mld->due_ns;
}

/* Let time pass. */
void fa_mld_tick(struct fa_mld *mld, fa_ns now);

#endif
