// SPDX-License-Identifier: ISC
//
// fa/wire/igmp.h: messages of the internet group management protocol (RFC 3376, 2236, 1112).
//
// Pure encode and decode of what a host reads and says: queries of all three versions, reports of
// version 3 without sources, reports and leaves of the older ones. TTL, addresses and the router
// alert are the caller's to check. Addresses are numbers in host order. Tested by
// test/unit/wire_igmp_test.c, fuzz/wire_igmp_fuzz.c.
//
//     if (fa_igmp_query_decode(message, &query) == FA_IGMP_GOOD)
//         answer_within(query.delay_ms, query.group);

#ifndef FA_WIRE_IGMP_H
#define FA_WIRE_IGMP_H

#include "fa/base.h"

enum {
    FA_IGMP_QUERY = 0x11, /* types */
    FA_IGMP1_REPORT = 0x12,
    FA_IGMP2_REPORT = 0x16,
    FA_IGMP2_LEAVE = 0x17,
    FA_IGMP3_REPORT = 0x22,

    FA_IGMP2_LEN = 8,         /* bytes of a message of versions 1 and 2 */
    FA_IGMP3_QUERY_LEN = 12,  /* without sources */
    FA_IGMP3_REPORT_LEN = 8,  /* without records */
    FA_IGMP3_RECORD_LEN = 8,  /* without sources */
    FA_IGMP1_DELAY_MS = 10000 /* what a query of version 1 means (RFC 3376 4.1.1) */
};

/* How a record changes, or tells, what is listened to (RFC 3376 4.2.12). */
enum {
    FA_IGMP_RECORD_IS_EXCLUDE = 2, /* to the group, whoever sends */
    FA_IGMP_RECORD_TO_INCLUDE = 3, /* with no source: no longer */
    FA_IGMP_RECORD_TO_EXCLUDE = 4, /* to the group, whoever sends, from now on */
};

enum FA_MUST_USE fa_igmp_verdict {
    FA_IGMP_GOOD,
    FA_IGMP_SHORT, /* less than a message, or between the versions' lengths */
    FA_IGMP_CSUM,
    FA_IGMP_TYPE,  /* not a query */
    FA_IGMP_GROUP, /* asks for what is no group */
};

struct fa_igmp_query {
    uint8_t version;    /* 1, 2 or 3 (RFC 3376 7.1) */
    uint32_t group;     /* 0: all */
    uint32_t delay_ms;  /* answer at a random time within it */
    uint8_t robustness; /* 0: not said */
    bool has_sources;   /* about certain sources of the group only */
};

/* Read a whole IGMP message and verify its checksum. *ret_query is written for FA_IGMP_GOOD only.
 */
enum fa_igmp_verdict fa_igmp_query_decode(struct fa_slice message, struct fa_igmp_query *ret_query);

/* Write a message of version 1 or 2 about a group, checksum included: FA_IGMP2_LEN bytes. */
void fa_igmp2_encode(uint8_t *at, uint8_t type, uint32_t group);

/* Write one record without sources: FA_IGMP3_RECORD_LEN bytes. */
void fa_igmp3_record_encode(uint8_t *at, uint8_t type, uint32_t group);

/* Write a report's first FA_IGMP3_REPORT_LEN bytes; its records stand behind them already. */
void fa_igmp3_report_encode(uint8_t *at, uint16_t record_count);

#endif
