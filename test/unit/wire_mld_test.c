// SPDX-License-Identifier: ISC
//
// Messages of multicast listener discovery.

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "fa/wire/mld.h"
#include "test/t.h"

T(queries_of_both_versions_are_told_apart_by_their_length)
{
    uint8_t bytes[60] = {
        FA_ICMP6_MLD_QUERY, [4] = 0x27, 0x10, [8] = 0xff, 2, [23] = 0xfb, [24] = 2};
    struct fa_mld_query query;
    REQUIRE(fa_mld_query_decode((struct fa_slice){bytes, 24}, &query) == FA_MLD_GOOD);
    CHECK(query.version == 1 && query.delay_ms == 10000 && query.group.b[15] == 0xfb);
    REQUIRE(fa_mld_query_decode((struct fa_slice){bytes, 28}, &query) == FA_MLD_GOOD);
    CHECK(query.version == 2 && query.delay_ms == 10000 && query.robustness == 2);
    CHECK(!query.has_sources);
    for (size_t len = 0; len < 28; len++) {
        bool good = len == 24;
        bool is = fa_mld_query_decode((struct fa_slice){bytes, len}, &query) == FA_MLD_GOOD;
        CHECK_EQ(is, good);
    }
    bytes[27] = 2;
    CHECK_EQ(fa_mld_query_decode((struct fa_slice){bytes, 59}, &query), FA_MLD_SHORT);
    CHECK_EQ(fa_mld_query_decode((struct fa_slice){bytes, 60}, &query), FA_MLD_GOOD);
    CHECK(query.has_sources);
}

T(long_delays_are_small_floating_point_numbers)
{
    static const struct {
        uint16_t code;
        uint32_t delay_ms;
    } rows[] = {{0, 0}, {0x7fff, 32767}, {0x8000, 32768}, {0x8001, 32776}, {0xffff, 8387584}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t bytes[28] = {FA_ICMP6_MLD_QUERY};
        struct fa_mld_query query;
        fa_be16_store(bytes + 4, rows[i].code);
        REQUIRE(fa_mld_query_decode((struct fa_slice){bytes, 28}, &query) == FA_MLD_GOOD);
        CHECK_EQ(query.delay_ms, rows[i].delay_ms);
    }
}

T(a_query_for_no_group_or_of_another_type_is_refused)
{
    uint8_t bytes[28] = {FA_ICMP6_MLD_QUERY, [8] = 0x20};
    struct fa_mld_query query;
    CHECK_EQ(fa_mld_query_decode((struct fa_slice){bytes, 28}, &query), FA_MLD_GROUP);
    bytes[8] = 0;
    bytes[1] = 1;
    CHECK_EQ(fa_mld_query_decode((struct fa_slice){bytes, 28}, &query), FA_MLD_TYPE);
}

T(reports_are_laid_out_as_the_rfc_draws_them)
{
    struct fa_ip group = fa_ip6_all_routers;
    uint8_t bytes[FA_MLD2_REPORT_LEN + FA_MLD2_RECORD_LEN];
    fa_mld2_report_encode(bytes, 1);
    fa_mld2_record_encode(bytes + FA_MLD2_REPORT_LEN, FA_MLD_RECORD_TO_EXCLUDE, &group);
    static const uint8_t expected[] = {
        143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
    CHECK(sizeof expected == sizeof bytes && fa_equal(bytes, expected, sizeof bytes));
    uint8_t done[FA_MLD1_LEN];
    fa_mld1_encode(done, FA_ICMP6_MLD1_DONE, &group);
    CHECK(done[0] == 132 && fa_equal(done + 8, group.b, 16));
    uint8_t alert[FA_MLD_ALERT_HDR_LEN];
    struct fa_ip6_chain chain;
    uint8_t packet[FA_IP6_HDR_LEN + FA_MLD_ALERT_HDR_LEN] = {0};
    fa_mld_alert_encode(alert, FA_IP_PROTO_ICMP6);
    fa_copy(packet + FA_IP6_HDR_LEN, alert, sizeof alert);
    CHECK_EQ(
        fa_ip6_chain_walk((struct fa_slice){packet, sizeof packet}, 0, &chain), FA_IP6_CHAIN_GOOD);
    CHECK(chain.router_alert && chain.protocol == FA_IP_PROTO_ICMP6);
}
