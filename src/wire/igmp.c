// SPDX-License-Identifier: ISC
//
// Messages of the internet group management protocol.

#include "fa/wire/igmp.h"

#include "fa/wire/csum.h"
#include "fa/wire/ip4.h"

/* Tenths of a second, in version 3 above 128 as a small floating-point number (RFC 3376 4.1.1). */
static uint32_t delay_of(uint8_t version, uint8_t code)
{
    if (version == 1) {
        return FA_IGMP1_DELAY_MS;
    }
    if (version == 2 || code < 0x80) {
        return code * 100u;
    }
    uint32_t mantissa = (code & 0xf) | 0x10;
    uint32_t exponent = code >> 4 & 7;
    return (mantissa << (exponent + 3)) * 100;
}

enum fa_igmp_verdict fa_igmp_query_decode(struct fa_slice message, struct fa_igmp_query *ret_query)
{
    const uint8_t *at = message.at;
    bool third = message.len >= FA_IGMP3_QUERY_LEN;
    if (message.len < FA_IGMP2_LEN) {
        return FA_IGMP_SHORT;
    }
    if (fa_csum_fold(fa_csum_add(0, at, message.len)) != 0) {
        return FA_IGMP_CSUM;
    }
    if (at[0] != FA_IGMP_QUERY) {
        return FA_IGMP_TYPE;
    }
    uint16_t source_count = third ? fa_be16_load(at + 10) : 0;
    if ((message.len != FA_IGMP2_LEN && !third) ||
        (third && message.len - FA_IGMP3_QUERY_LEN < source_count * (size_t)4)) {
        return FA_IGMP_SHORT;
    }
    uint8_t version = third ? 3 : at[1] != 0 ? 2 : 1;
    struct fa_igmp_query query = {
        .version = version,
        .group = version == 1 ? 0 : fa_be32_load(at + 4), // RFC 1112 Appendix I: not looked at
        .delay_ms = delay_of(version, at[1]),
        .robustness = third ? at[8] & 7 : 0,
        .has_sources = source_count != 0,
    };
    if (query.group != 0 && !fa_ip4_is_multicast(query.group)) {
        return FA_IGMP_GROUP;
    }
    *ret_query = query;
    return FA_IGMP_GOOD;
}

void fa_igmp2_encode(uint8_t *at, uint8_t type, uint32_t group)
{
    fa_zero(at, FA_IGMP2_LEN);
    at[0] = type;
    fa_be32_store(at + 4, group);
    fa_be16_store(at + 2, fa_csum_fold(fa_csum_add(0, at, FA_IGMP2_LEN)));
}

void fa_igmp3_record_encode(uint8_t *at, uint8_t type, uint32_t group)
{
    fa_zero(at, 4);
    at[0] = type;
    fa_be32_store(at + 4, group);
}

void fa_igmp3_report_encode(uint8_t *at, uint16_t record_count)
{
    size_t len = FA_IGMP3_REPORT_LEN + record_count * (size_t)FA_IGMP3_RECORD_LEN;
    fa_zero(at, FA_IGMP3_REPORT_LEN);
    at[0] = FA_IGMP3_REPORT;
    fa_be16_store(at + 6, record_count);
    fa_be16_store(at + 2, fa_csum_fold(fa_csum_add(0, at, len)));
}
