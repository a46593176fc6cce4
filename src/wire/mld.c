// SPDX-License-Identifier: ISC
//
// Messages of multicast listener discovery.

#include "fa/wire/mld.h"

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"

/* Below 32,768 milliseconds as they are, above as a small floating-point number (RFC 3810 5.1.3).
 */
static uint32_t delay_of(uint16_t code)
{
    if (code < 0x8000) {
        return code;
    }
    uint32_t mantissa = (code & 0xfff) | 0x1000;
    uint32_t exponent = code >> 12 & 7;
    return mantissa << (exponent + 3);
}

enum fa_mld_verdict fa_mld_query_decode(struct fa_slice message, struct fa_mld_query *ret_query)
{
    const uint8_t *at = message.at;
    bool second = message.len >= FA_MLD2_QUERY_LEN;
    if (message.len != FA_MLD1_LEN && !second) {
        return FA_MLD_SHORT;
    }
    if (at[0] != FA_ICMP6_MLD_QUERY || at[1] != 0) {
        return FA_MLD_TYPE;
    }
    uint16_t source_count = second ? fa_be16_load(at + 26) : 0;
    if (second && message.len - FA_MLD2_QUERY_LEN < source_count * (size_t)16) {
        return FA_MLD_SHORT;
    }
    struct fa_mld_query query = {
        .version = second ? 2 : 1,
        .delay_ms = second ? delay_of(fa_be16_load(at + 4)) : fa_be16_load(at + 4),
        .robustness = second ? at[24] & 7 : 0,
        .has_sources = source_count != 0,
    };
    fa_copy(query.group.b, at + 8, 16);
    if (!fa_ip_is_zero(&query.group) && !fa_ip6_is_multicast(&query.group)) {
        return FA_MLD_GROUP;
    }
    *ret_query = query;
    return FA_MLD_GOOD;
}

void fa_mld1_encode(uint8_t *at, uint8_t type, const struct fa_ip *group)
{
    fa_zero(at, 8);
    at[0] = type;
    fa_copy(at + 8, group->b, 16);
}

void fa_mld2_report_encode(uint8_t *at, uint16_t record_count)
{
    fa_zero(at, FA_MLD2_REPORT_LEN);
    at[0] = FA_ICMP6_MLD2_REPORT;
    fa_be16_store(at + 6, record_count);
}

void fa_mld2_record_encode(uint8_t *at, uint8_t type, const struct fa_ip *group)
{
    fa_zero(at, 4);
    at[0] = type;
    fa_copy(at + 4, group->b, 16);
}

void fa_mld_alert_encode(uint8_t *at, uint8_t next)
{
    static const uint8_t bytes[FA_MLD_ALERT_HDR_LEN] = {0, 0, 5, 2, 0, 0, 1, 0};
    fa_copy(at, bytes, sizeof bytes);
    at[0] = next;
}
