// SPDX-License-Identifier: ISC
//
// Messages of stateless DHCPv6.

#include "fa/wire/dhcp6.h"
#include "test/t.h"

static const uint8_t mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 1};

T(an_information_request_is_laid_out_as_the_rfcs_draw_it)
{
    static const uint8_t expected[FA_DHCP6_INFORM_LEN] = {
        11, 0xab, 0xcd, 0xef,                           // information-request, transaction
        0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 1,      // client identifier: DUID-LL, Ethernet
        0, 8, 0, 2, 0x01, 0x02,                         // elapsed time
        0, 6, 0, 10, 0, 23, 0, 24, 0, 56, 0, 32, 0, 83, // what we want
    };
    uint8_t bytes[FA_DHCP6_INFORM_LEN];
    CHECK_EQ(fa_dhcp6_inform_encode(bytes, mac, 0xabcdef, 0x0102), sizeof expected);
    CHECK(fa_equal(bytes, expected, sizeof expected));
    struct fa_dhcp6_message message;
    REQUIRE(fa_dhcp6_decode((struct fa_slice){bytes, sizeof bytes}, &message) == FA_DHCP6_GOOD);
    CHECK(message.type == FA_DHCP6_INFORM && message.xid == 0xabcdef);
    CHECK(message.elapsed_cs == 0x0102 && message.requested.len == 10);
    CHECK_EQ(message.client_id.len, FA_DHCP6_DUID_LEN);
}

static const uint8_t reply[] = {
    7, 1, 2, 3,                                                // reply
    0, 2, 0, 3, 0, 9, 1,                                       // server identifier
    0, 23, 0, 32, [15] = 0xfd, [30] = 1, 0xfe, 0x80, [46] = 2, // two servers
    0, 24, 0, 3, 1, 'a', 0,                                    // search list
    0, 32, 0, 4, 0, 0, 0x10, 0,                                // refresh
    0, 83, 0, 4, 0, 0, 0, 60,                                  // INF_MAX_RT
    0, 13, 0, 3, 0, 1, '!',                                    // status
    0, 99, 0, 0,                                               // unknown
};

T(a_reply_is_read_whole)
{
    struct fa_dhcp6_message message;
    REQUIRE(fa_dhcp6_decode((struct fa_slice){reply, sizeof reply}, &message) == FA_DHCP6_GOOD);
    CHECK(message.type == FA_DHCP6_REPLY && message.xid == 0x010203 && message.status == 1);
    CHECK(message.server_id.len == 3 && message.client_id.len == 0);
    CHECK(message.dns.len == 32 && message.dns.at[0] == 0xfd && message.dns.at[31] == 2);
    CHECK(message.search.len == 3 && message.search.at[1] == 'a');
    CHECK_EQ(message.refresh_s, 0x1000);
    CHECK_EQ(message.inf_max_rt_s, 60);
}

T(a_message_cut_anywhere_but_between_options_is_refused)
{
    static const size_t ends[] = {4, 11, 47, 54, 62, 70, 77, 81};
    CHECK_EQ(sizeof reply, 81);
    for (size_t len = 0; len <= sizeof reply; len++) {
        struct fa_dhcp6_message message;
        bool end = false;
        for (size_t i = 0; i < FA_COUNT_OF(ends); i++) {
            end = end || ends[i] == len;
        }
        enum fa_dhcp6_verdict verdict = fa_dhcp6_decode((struct fa_slice){reply, len}, &message);
        CHECK_EQ(verdict, len < 4 ? FA_DHCP6_SHORT : end ? FA_DHCP6_GOOD : FA_DHCP6_OPTIONS);
    }
}

T(relays_and_unknown_types_are_refused)
{
    struct fa_dhcp6_message message;
    for (unsigned type = 0; type < 256; type++) {
        uint8_t bytes[4] = {(uint8_t)type};
        enum fa_dhcp6_verdict verdict = fa_dhcp6_decode((struct fa_slice){bytes, 4}, &message);
        CHECK_EQ(verdict, type >= 1 && type <= 11 ? FA_DHCP6_GOOD : FA_DHCP6_TYPE);
    }
}

/* The verdict on a reply with one option of this code and length, of zeros. */
static enum fa_dhcp6_verdict verdict_on(uint8_t code, uint8_t len)
{
    uint8_t bytes[256] = {7, [5] = code, [7] = len};
    struct fa_dhcp6_message message;
    return fa_dhcp6_decode((struct fa_slice){bytes, 8u + len}, &message);
}

T(options_have_the_lengths_that_they_can_have)
{
    static const struct {
        uint8_t code;
        uint8_t good[3];
        uint8_t bad[3];
    } rows[] = {
        {FA_DHCP6_OPTION_CLIENT_ID, {3, 10, 130}, {0, 2, 131}},
        {FA_DHCP6_OPTION_SERVER_ID, {3, 10, 130}, {0, 2, 131}},
        {FA_DHCP6_OPTION_REQUESTED, {0, 2, 4}, {1, 3, 5}},
        {FA_DHCP6_OPTION_ELAPSED, {2, 2, 2}, {0, 1, 3}},
        {FA_DHCP6_OPTION_STATUS, {2, 3, 200}, {0, 1, 1}},
        {FA_DHCP6_OPTION_DNS, {0, 16, 32}, {1, 15, 17}},
        {FA_DHCP6_OPTION_REFRESH, {4, 4, 4}, {0, 3, 5}},
        {FA_DHCP6_OPTION_INF_MAX_RT, {4, 4, 4}, {0, 3, 5}},
        {FA_DHCP6_OPTION_NTP, {0, 1, 20}, {}},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        for (size_t j = 0; j < 3; j++) {
            CHECK_EQ(verdict_on(rows[i].code, rows[i].good[j]), FA_DHCP6_GOOD);
            if (rows[i].code != FA_DHCP6_OPTION_NTP) {
                CHECK_EQ(verdict_on(rows[i].code, rows[i].bad[j]), FA_DHCP6_OPTIONS);
            }
        }
    }
}

T(times_are_kept_within_the_rfcs_bounds)
{
    static const struct {
        uint32_t said_s;
        uint32_t refresh_s;
        uint32_t inf_max_rt_s;
    } rows[] = {
        {0, 600, 0},
        {59, 600, 0},
        {60, 600, 60},
        {599, 600, 599},
        {601, 601, 601},
        {86400, 86400, 86400},
        {86401, 86401, 0},
        {UINT32_MAX, UINT32_MAX, 0},
    };
    struct fa_dhcp6_message message;
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        // Each twice: the second must not count.
        uint8_t bytes[36] = {7, [5] = 32, [7] = 4, [13] = 83, [15] = 4, [21] = 32, [23] = 4,
            [26] = 9, [29] = 83, [31] = 4, [34] = 9};
        fa_be32_store(bytes + 8, rows[i].said_s);
        fa_be32_store(bytes + 16, rows[i].said_s);
        REQUIRE(fa_dhcp6_decode((struct fa_slice){bytes, 36}, &message) == FA_DHCP6_GOOD);
        CHECK_EQ(message.refresh_s, rows[i].refresh_s);
        CHECK_EQ(message.inf_max_rt_s, rows[i].inf_max_rt_s);
    }
    const uint8_t nothing[4] = {7};
    REQUIRE(fa_dhcp6_decode((struct fa_slice){nothing, 4}, &message) == FA_DHCP6_GOOD);
    CHECK_EQ(message.refresh_s, 86400);
    CHECK_EQ(message.inf_max_rt_s, 0);
}
