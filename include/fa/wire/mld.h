// SPDX-License-Identifier: ISC
//
// fa/wire/mld.h: messages of multicast listener discovery (RFC 3810, 2710).
//
// Pure encode and decode of what a listener reads and says: queries of both versions, reports of
// version 2 without sources, reports and dones of version 1. Hop limit, addresses and checksum are
// the caller's to check. Tested by test/unit/wire_mld_test.c, fuzz/wire_mld_fuzz.c.
//
//     if (fa_mld_query_decode(message, &query) == FA_MLD_GOOD)
//         answer_within(query.delay_ms, &query.group);

#ifndef FA_WIRE_MLD_H
#define FA_WIRE_MLD_H

#include "fa/base.h"
#include "fa/ip.h"

enum {
    FA_MLD1_LEN = 24,         /* bytes of a message of version 1 */
    FA_MLD2_QUERY_LEN = 28,   /* without sources */
    FA_MLD2_REPORT_LEN = 8,   /* without records */
    FA_MLD2_RECORD_LEN = 20,  /* without sources */
    FA_MLD_ALERT_HDR_LEN = 8, /* the hop-by-hop header that goes in front of each message */
};

/* How a record changes, or tells, what is listened to (RFC 3810 5.2.12). */
enum {
    FA_MLD_RECORD_IS_EXCLUDE = 2, /* to the group, whoever sends */
    FA_MLD_RECORD_TO_INCLUDE = 3, /* with no source: no longer */
    FA_MLD_RECORD_TO_EXCLUDE = 4, /* to the group, whoever sends, from now on */
};

enum FA_MUST_USE fa_mld_verdict {
    FA_MLD_GOOD,
    FA_MLD_SHORT, /* less than a query, or between the two versions' lengths */
    FA_MLD_TYPE,  /* not a query, or a code other than 0 */
    FA_MLD_GROUP, /* asks for what is no group */
};

struct fa_mld_query {
    uint8_t version;    /* 1 or 2 */
    struct fa_ip group; /* zero: all */
    uint32_t delay_ms;  /* answer at a random time within it */
    uint8_t robustness; /* 0: not said */
    bool has_sources;   /* about certain sources of the group only */
};

/* Read a whole ICMPv6 message. *ret_query is written for FA_MLD_GOOD only. */
enum fa_mld_verdict fa_mld_query_decode(struct fa_slice message, struct fa_mld_query *ret_query);

/* Write a message of version 1 about a group, checksum zero: FA_MLD1_LEN bytes. */
void fa_mld1_encode(uint8_t *at, uint8_t type, const struct fa_ip *group);

/* Write a report's first FA_MLD2_REPORT_LEN bytes, checksum zero. */
void fa_mld2_report_encode(uint8_t *at, uint16_t record_count);

/* Write one record without sources: FA_MLD2_RECORD_LEN bytes. */
void fa_mld2_record_encode(uint8_t *at, uint8_t type, const struct fa_ip *group);

/* Write the hop-by-hop header with a router alert (RFC 2711): FA_MLD_ALERT_HDR_LEN bytes. */
void fa_mld_alert_encode(uint8_t *at, uint8_t next);

#endif
