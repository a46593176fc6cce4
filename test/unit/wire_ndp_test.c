// SPDX-License-Identifier: ISC
//
// Messages of neighbour discovery and their options.

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "fa/wire/ndp.h"
#include "test/t.h"

static const uint8_t mac[FA_MAC_LEN] = {2, 0, 0, 0, 0, 7};

static enum fa_ndp_verdict decode(const uint8_t *at, size_t len, struct fa_ndp_message *ret)
{
    return fa_ndp_decode((struct fa_slice){at, len}, ret);
}

T(what_we_send_survives_the_round)
{
    static const uint8_t types[] = {
        FA_ICMP6_ROUTER_SOLICIT, FA_ICMP6_NEIGHBOUR_SOLICIT, FA_ICMP6_NEIGHBOUR_ADVERT};
    for (size_t i = 0; i < FA_COUNT_OF(types); i++) {
        uint8_t bytes[FA_NDP_LEN_MAX];
        struct fa_ndp_message in = {.type = types[i], .has_source_mac = true, .has_nonce = true};
        struct fa_ndp_message out;
        fa_copy(in.source_mac, mac, FA_MAC_LEN);
        fa_copy(in.nonce, "nonce!", FA_NDP_NONCE_LEN);
        if (types[i] != FA_ICMP6_ROUTER_SOLICIT) {
            in.target = (struct fa_ip){{0xfe, 0x80, [15] = 9}};
        }
        in.solicited = in.override = types[i] == FA_ICMP6_NEIGHBOUR_ADVERT;
        size_t len = fa_ndp_encode(bytes, &in);
        CHECK(len <= sizeof bytes);
        REQUIRE(decode(bytes, len, &out) == FA_NDP_GOOD);
        CHECK(out.type == in.type && fa_ip_equal(&out.target, &in.target));
        CHECK(out.solicited == in.solicited && out.override == in.override && !out.router);
        CHECK(out.has_source_mac && !out.has_target_mac);
        CHECK(fa_equal(out.source_mac, mac, FA_MAC_LEN));
        CHECK(out.has_nonce && fa_equal(out.nonce, "nonce!", FA_NDP_NONCE_LEN));
    }
}

T(malformed_messages_are_named)
{
    uint8_t bytes[64] = {FA_ICMP6_NEIGHBOUR_SOLICIT};
    struct fa_ndp_message message;
    CHECK_EQ(decode(bytes, 7, &message), FA_NDP_SHORT);
    CHECK_EQ(decode(bytes, 23, &message), FA_NDP_SHORT);
    CHECK_EQ(decode(bytes, 24, &message), FA_NDP_GOOD);
    CHECK_EQ(decode(bytes, 25, &message), FA_NDP_OPTION); // half an option
    CHECK_EQ(decode(bytes, 32, &message), FA_NDP_OPTION); // of length 0
    bytes[25] = 2;
    CHECK_EQ(decode(bytes, 32, &message), FA_NDP_OPTION); // beyond the end
    CHECK_EQ(decode(bytes, 40, &message), FA_NDP_GOOD);
    bytes[8] = 0xff;
    CHECK_EQ(decode(bytes, 40, &message), FA_NDP_TARGET);
    bytes[8] = 0;
    bytes[1] = 1;
    CHECK_EQ(decode(bytes, 40, &message), FA_NDP_TYPE);
    bytes[1] = 0;
    bytes[0] = FA_ICMP6_ECHO;
    CHECK_EQ(decode(bytes, 40, &message), FA_NDP_TYPE);
}

T(more_options_than_the_limit_are_refused)
{
    uint8_t bytes[8 + 8 * (FA_NDP_OPTION_MAX + 1)] = {FA_ICMP6_ROUTER_SOLICIT};
    struct fa_ndp_message message;
    for (size_t i = 8; i < sizeof bytes; i += 8) {
        bytes[i] = 200;
        bytes[i + 1] = 1;
    }
    CHECK_EQ(decode(bytes, sizeof bytes - 8, &message), FA_NDP_GOOD);
    CHECK_EQ(decode(bytes, sizeof bytes, &message), FA_NDP_OPTION);
}

/* An advertisement as radvd sends it, with every option that is known. */
static const uint8_t advert[] = {
    134, 0, 0, 0, 64, 0xc8, 0x07, 0x08, 0, 0, 0x75, 0x30, 0, 0, 0x03, 0xe8, // high preference
    1, 1, 2, 0, 0, 0, 0, 9,                                                 // source address
    5, 1, 0, 0, 0, 0, 0x05, 0x78,                                           // MTU 1400
    3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0,         // prefix
    0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0,              //
    24, 2, 48, 0x18, 0, 0, 0, 60, 0xfd, 0, 0, 1, 0, 0, 0xff, 0,             // low route
    25, 3, 0, 0, 0, 0, 0, 30, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53, // server
    31, 2, 0, 0, 0, 0, 0, 31, 3, 'l', 'a', 'n', 0, 0, 0, 0,                              // search
};

T(a_router_advertisement_is_read_with_its_options)
{
    struct fa_ndp_message ra;
    struct fa_ndp_prefix prefix = {0};
    struct fa_ndp_route route = {0};
    struct fa_ndp_dns servers = {0};
    struct fa_ndp_dns search = {0};
    REQUIRE(decode(advert, sizeof advert, &ra) == FA_NDP_GOOD);
    CHECK(ra.hop_limit == 64 && ra.managed && ra.other && ra.preference == 1);
    CHECK(ra.lifetime_s == 1800 && ra.reachable_ms == 30000 && ra.retrans_ms == 1000);
    CHECK(ra.has_source_mac && ra.source_mac[5] == 9 && ra.mtu_bytes == 1400);
    int known = 0;
    for (struct fa_ndp_option option; fa_ndp_option_next(&ra.options, &option);) {
        known += fa_ndp_prefix_decode(option, &prefix);
        known += fa_ndp_route_decode(option, &route);
        known += fa_ndp_dns_decode(option, FA_NDP_OPTION_DNS_SERVERS, &servers);
        known += fa_ndp_dns_decode(option, FA_NDP_OPTION_DNS_SEARCH, &search);
    }
    CHECK_EQ(known, 4);
    CHECK(prefix.prefix_bits == 64 && prefix.on_link && prefix.autonomous);
    CHECK(prefix.valid_s == 86400 && prefix.preferred_s == 14400);
    CHECK(prefix.prefix.b[5] == 1 && prefix.prefix.b[8] == 0); // beyond the prefix: cleared
    CHECK(route.prefix_bits == 48 && route.preference == -1 && route.lifetime_s == 60);
    CHECK(route.prefix.b[0] == 0xfd && route.prefix.b[6] == 0);
    CHECK(servers.lifetime_s == 30 && servers.bytes.len == 16 && servers.bytes.at[15] == 0x53);
    CHECK(search.lifetime_s == 31 && search.bytes.len == 8 && search.bytes.at[0] == 3);
}

T(options_that_are_too_short_for_what_they_say_are_refused)
{
    static const uint8_t nothing[30] = {129};
    struct fa_ndp_prefix prefix;
    struct fa_ndp_route route;
    struct fa_ndp_dns dns;
    struct fa_ndp_option option = {FA_NDP_OPTION_PREFIX, {nothing, 30}};
    CHECK(!fa_ndp_prefix_decode(option, &prefix)); // 129 bits
    option.body = (struct fa_slice){nothing + 1, 22};
    CHECK(!fa_ndp_prefix_decode(option, &prefix));
    option.type = FA_NDP_OPTION_ROUTE;
    option.body = (struct fa_slice){(const uint8_t[]){1, 0, 0, 0, 0, 0}, 6};
    CHECK(!fa_ndp_route_decode(option, &route)); // one bit, and no room for it
    option.body.at = (const uint8_t[]){0, 0x10, 0, 0, 0, 0};
    CHECK(!fa_ndp_route_decode(option, &route)); // reserved preference
    option.body.at = nothing + 1;
    CHECK(fa_ndp_route_decode(option, &route)); // the default route needs none
    option.type = FA_NDP_OPTION_DNS_SERVERS;
    CHECK(!fa_ndp_dns_decode(option, FA_NDP_OPTION_DNS_SERVERS, &dns));
    option.body.len = 14;
    CHECK(!fa_ndp_dns_decode(option, FA_NDP_OPTION_DNS_SERVERS, &dns)); // half an address
}

T(a_redirect_has_two_addresses)
{
    uint8_t bytes[48] = {FA_ICMP6_REDIRECT, [8] = 0xfe,
        0x80, [23] = 1, [24] = 0x20, [39] = 2, [40] = 2, 1, 2, 0, 0, 0, 0, 5};
    struct fa_ndp_message message;
    REQUIRE(decode(bytes, sizeof bytes, &message) == FA_NDP_GOOD);
    CHECK(message.target.b[15] == 1 && message.redirected.b[15] == 2);
    CHECK(message.has_target_mac && message.target_mac[5] == 5);
    CHECK_EQ(decode(bytes, 39, &message), FA_NDP_SHORT);
}
