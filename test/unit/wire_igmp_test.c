// SPDX-License-Identifier: ISC
//
// Messages of the internet group management protocol.

#include "fa/wire/igmp.h"

#include "fa/wire/csum.h"
#include "test/t.h"

enum {
    MDNS = 0xe00000fb,
};

static enum fa_igmp_verdict decode(uint8_t *bytes, size_t len, struct fa_igmp_query *ret_query)
{
    fa_be16_store(bytes + 2, 0);
    fa_be16_store(bytes + 2, fa_csum_fold(fa_csum_add(0, bytes, len)));
    return fa_igmp_query_decode((struct fa_slice){bytes, len}, ret_query);
}

T(queries_of_three_versions_are_told_apart_by_length_and_code)
{
    uint8_t bytes[60] = {FA_IGMP_QUERY, 0, 0, 0, 224, 0, 0, 251, 2};
    struct fa_igmp_query query;
    REQUIRE(decode(bytes, 8, &query) == FA_IGMP_GOOD);
    CHECK(query.version == 1 && query.delay_ms == 10000 && query.group == 0);
    bytes[1] = 100;
    REQUIRE(decode(bytes, 8, &query) == FA_IGMP_GOOD);
    CHECK(query.version == 2 && query.delay_ms == 10000 && query.group == MDNS);
    REQUIRE(decode(bytes, 12, &query) == FA_IGMP_GOOD);
    CHECK(query.version == 3 && query.delay_ms == 10000 && query.group == MDNS);
    CHECK(query.robustness == 2 && !query.has_sources);
    for (size_t len = 4; len < 12; len++) {
        CHECK_EQ(decode(bytes, len, &query), len == 8 ? FA_IGMP_GOOD : FA_IGMP_SHORT);
    }
    bytes[11] = 2;
    CHECK_EQ(decode(bytes, 19, &query), FA_IGMP_SHORT);
    CHECK_EQ(decode(bytes, 20, &query), FA_IGMP_GOOD);
    CHECK(query.has_sources);
}

T(long_delays_are_small_floating_point_numbers_in_version_three_only)
{
    static const struct {
        uint8_t len;
        uint8_t code;
        uint32_t delay_ms;
    } rows[] = {{12, 0, 0}, {12, 127, 12700}, {12, 128, 12800}, {12, 129, 13600},
        {12, 255, 3174400}, {8, 255, 25500}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t bytes[12] = {FA_IGMP_QUERY, rows[i].code};
        struct fa_igmp_query query;
        REQUIRE(decode(bytes, rows[i].len, &query) == FA_IGMP_GOOD);
        CHECK_EQ(query.delay_ms, rows[i].delay_ms);
    }
}

T(what_is_no_query_or_for_no_group_or_damaged_is_refused)
{
    uint8_t bytes[12] = {FA_IGMP_QUERY, 1, 0, 0, 10, 0, 0, 1};
    struct fa_igmp_query query;
    CHECK_EQ(decode(bytes, 12, &query), FA_IGMP_GROUP);
    bytes[0] = FA_IGMP2_REPORT;
    CHECK_EQ(decode(bytes, 8, &query), FA_IGMP_TYPE);
    bytes[3] ^= 1;
    CHECK_EQ(fa_igmp_query_decode((struct fa_slice){bytes, 8}, &query), FA_IGMP_CSUM);
}

T(reports_are_laid_out_as_the_rfc_draws_them)
{
    uint8_t bytes[FA_IGMP3_REPORT_LEN + FA_IGMP3_RECORD_LEN];
    fa_igmp3_record_encode(bytes + FA_IGMP3_REPORT_LEN, FA_IGMP_RECORD_TO_EXCLUDE, MDNS);
    fa_igmp3_report_encode(bytes, 1);
    static const uint8_t expected[] = {0x22, 0, 0xf9, 0x02, 0, 0, 0, 1, 4, 0, 0, 0, 224, 0, 0, 251};
    CHECK(sizeof expected == sizeof bytes && fa_equal(bytes, expected, sizeof bytes));
    uint8_t leave[FA_IGMP2_LEN];
    fa_igmp2_encode(leave, FA_IGMP2_LEAVE, MDNS);
    static const uint8_t expected_leave[] = {0x17, 0, 0x08, 0x04, 224, 0, 0, 251};
    CHECK(fa_equal(leave, expected_leave, sizeof leave));
}
