// SPDX-License-Identifier: ISC
//
// The IPv6 header, chains of extension headers, and addresses.

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "test/t.h"

static struct fa_ip ip_of(const char *text)
{
    struct fa_ip ip = {0};
    CHECK(fa_ip_parse(fa_slice_of(text), &ip) == FA_OK);
    return ip;
}

T(header_survives_the_round)
{
    uint8_t bytes[FA_IP6_HDR_LEN + 4] = {0};
    struct fa_ip6_header in = {
        .source = ip_of("2001:db8::1"),
        .target = ip_of("fe80::2"),
        .flow = 0xabcde,
        .payload_len = 4,
        .traffic = 0xb9,
        .next = FA_IP_PROTO_UDP,
        .hop_limit = 7,
    };
    struct fa_ip6_header out;
    fa_ip6_encode(bytes, &in);
    REQUIRE(fa_ip6_decode((struct fa_slice){bytes, sizeof bytes}, &out) == FA_IP6_GOOD);
    CHECK(fa_ip_equal(&out.source, &in.source) && fa_ip_equal(&out.target, &in.target));
    CHECK(out.flow == in.flow && out.payload_len == 4 && out.traffic == in.traffic);
    CHECK(out.next == in.next && out.hop_limit == 7);
}

T(short_foreign_and_overlong_packets_are_named)
{
    uint8_t bytes[FA_IP6_HDR_LEN] = {0x60};
    struct fa_ip6_header ip;
    CHECK_EQ(fa_ip6_decode((struct fa_slice){bytes, 39}, &ip), FA_IP6_SHORT);
    CHECK_EQ(fa_ip6_decode((struct fa_slice){bytes, 40}, &ip), FA_IP6_GOOD);
    bytes[5] = 1;
    CHECK_EQ(fa_ip6_decode((struct fa_slice){bytes, 40}, &ip), FA_IP6_LEN);
    CHECK_EQ(fa_ip6_decode_quoted((struct fa_slice){bytes, 40}, &ip), FA_IP6_GOOD);
    bytes[0] = 0x45;
    CHECK_EQ(fa_ip6_decode((struct fa_slice){bytes, 40}, &ip), FA_IP6_VERSION);
}

/* ---- chains ---- */

/* An IPv6 header's worth of zeros, then `bytes`, walked. */
static enum fa_ip6_chain_verdict walk(
    uint8_t next, const uint8_t *bytes, size_t len, struct fa_ip6_chain *ret_chain)
{
    static uint8_t packet[FA_IP6_HDR_LEN + 1024];
    fa_copy(packet + FA_IP6_HDR_LEN, bytes, len);
    return fa_ip6_chain_walk((struct fa_slice){packet, FA_IP6_HDR_LEN + len}, next, ret_chain);
}

#define WALK(next, chain, ...)                                                                     \
    walk(next, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), chain)

T(without_extension_headers_the_protocol_follows_at_once)
{
    struct fa_ip6_chain chain;
    CHECK_EQ(walk(FA_IP_PROTO_TCP, NULL, 0, &chain), FA_IP6_CHAIN_GOOD);
    CHECK(chain.off == 40 && chain.protocol == FA_IP_PROTO_TCP && chain.next_off == 6);
    CHECK_EQ(walk(FA_IP6_NEXT_NONE, NULL, 0, &chain), FA_IP6_CHAIN_NONE);
}

T(known_headers_are_walked_to_the_protocol)
{
    struct fa_ip6_chain chain;
    CHECK_EQ(WALK(0, &chain, 43, 0, 5, 2, 0, 0, 1, 0, // hop-by-hop: router alert
                 60, 0, 0, 0, 0, 0, 0, 0,             // routing type 0, no segments left
                 44, 0, 1, 4, 0, 0, 0, 0,             // target options: padding
                 17, 0, 0, 0, 1, 2, 3, 4),            // a fragment that is all of its packet
        FA_IP6_CHAIN_GOOD);
    CHECK(chain.off == 40 + 32 && chain.protocol == 17 && chain.next_off == 40 + 24);
    CHECK(chain.router_alert && chain.fragmented && chain.fragment.id == 0x01020304);
}

T(a_fragment_ends_the_walk)
{
    struct fa_ip6_chain chain;
    CHECK_EQ(WALK(60, &chain, 44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0x05, 0xd1, 0, 0, 0, 9, 1, 2),
        FA_IP6_CHAIN_FRAGMENT);
    CHECK(chain.off == 40 + 16 && chain.next_off == 40);
    CHECK(chain.fragment.off == 0x5d0 && chain.fragment.more);
    CHECK(chain.fragment.id == 9 && chain.fragment.next == 6);
    CHECK_EQ(WALK(44, &chain, 6, 0, 0x05, 0xd0, 0, 0, 0, 9), FA_IP6_CHAIN_FRAGMENT);
    CHECK(!chain.fragment.more);
}

T(headers_beyond_the_packet_are_short)
{
    struct fa_ip6_chain chain;
    CHECK_EQ(WALK(0, &chain, 6, 0, 1, 4, 0, 0, 0), FA_IP6_CHAIN_SHORT);
    CHECK_EQ(WALK(0, &chain, 6, 1, 1, 4, 0, 0, 0, 0), FA_IP6_CHAIN_SHORT);
    CHECK_EQ(WALK(44, &chain, 6, 0, 0, 0), FA_IP6_CHAIN_SHORT);
    CHECK_EQ(WALK(60, &chain, 6, 0, 1, 5, 0, 0, 0, 0), FA_IP6_CHAIN_SHORT);  // an option is longer
    CHECK_EQ(WALK(60, &chain, 6, 0, 1, 3, 0, 0, 0, 30), FA_IP6_CHAIN_SHORT); // and has no length
}

T(unknown_options_are_treated_as_their_upper_bits_say)
{
    struct fa_ip6_chain chain;
    CHECK_EQ(WALK(60, &chain, 6, 0, 0x1e, 4, 0, 0, 0, 0), FA_IP6_CHAIN_GOOD);
    CHECK_EQ(WALK(60, &chain, 6, 0, 0x5e, 4, 0, 0, 0, 0), FA_IP6_CHAIN_DROP);
    CHECK_EQ(WALK(60, &chain, 6, 0, 0x9e, 4, 0, 0, 0, 0), FA_IP6_CHAIN_PROBLEM);
    CHECK(chain.problem_code == FA_ICMP6_CODE_OPTION && chain.problem_off == 42);
    CHECK(chain.problem_always);
    CHECK_EQ(WALK(0, &chain, 6, 0, 0xc2, 4, 0, 1, 0, 0), FA_IP6_CHAIN_PROBLEM); // a jumbogram
    CHECK(chain.problem_code == FA_ICMP6_CODE_OPTION && !chain.problem_always);
}

T(what_would_have_to_be_forwarded_is_refused)
{
    struct fa_ip6_chain chain;
    for (uint8_t type = 0; type < 5; type++) {
        CHECK_EQ(WALK(43, &chain, 6, 0, type, 1, 0, 0, 0, 0), FA_IP6_CHAIN_PROBLEM);
        CHECK(chain.problem_code == FA_ICMP6_CODE_FIELD && chain.problem_off == 42);
        CHECK_EQ(WALK(43, &chain, 6, 0, type, 0, 0, 0, 0, 0), FA_IP6_CHAIN_GOOD);
    }
}

T(hop_by_hop_options_come_first_or_are_a_problem)
{
    struct fa_ip6_chain chain;
    CHECK_EQ(
        WALK(60, &chain, 0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0), FA_IP6_CHAIN_PROBLEM);
    CHECK(chain.problem_code == FA_ICMP6_CODE_NEXT && chain.problem_off == 40);
}

T(endless_chains_and_options_reach_a_limit)
{
    struct fa_ip6_chain chain;
    uint8_t bytes[(FA_IP6_EXT_COUNT_MAX + 1) * 8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (const uint8_t[]){60, 0, 1, 4, 0, 0, 0, 0}[i % 8];
    }
    bytes[sizeof bytes - 8] = 6;
    CHECK_EQ(walk(60, bytes, sizeof bytes, &chain), FA_IP6_CHAIN_LIMIT);
    CHECK_EQ(walk(60, bytes + 8, sizeof bytes - 8, &chain), FA_IP6_CHAIN_GOOD);
    uint8_t options[24] = {6, 2};
    for (size_t i = 2; i < 2 + 2 * FA_IP6_OPTION_COUNT_MAX; i += 2) {
        options[i] = 0x1e;
    }
    options[18] = 1;
    options[19] = 4;
    CHECK_EQ(walk(60, options, sizeof options, &chain), FA_IP6_CHAIN_GOOD);
    options[18] = 0x1e;
    CHECK_EQ(walk(60, options, sizeof options, &chain), FA_IP6_CHAIN_LIMIT);
    uint8_t padding[16] = {6, 1};
    CHECK_EQ(walk(60, padding, sizeof padding, &chain), FA_IP6_CHAIN_LIMIT);
    CHECK_EQ(WALK(60, &chain, 6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), FA_IP6_CHAIN_LIMIT);
}

/* ---- addresses ---- */

T(scopes_of_both_families)
{
    static const struct {
        const char *ip;
        uint8_t scope;
    } rows[] = {
        {"ff01::1", 1},
        {"ff02::1", 2},
        {"ff05::2", 5},
        {"ff0e::1", 14},
        {"fe80::1", 2},
        {"::1", 2},
        {"fec0::1", 5},
        {"fd00::1", 14},
        {"2001:db8::1", 14},
        {"192.0.2.1", 14},
        {"127.0.0.1", 2},
        {"169.254.3.4", 2},
        {"10.0.0.1", 14},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip ip = ip_of(rows[i].ip);
        CHECK_EQ(fa_ip6_scope_of(&ip), rows[i].scope);
    }
}

T(groups_and_their_ethernet_addresses)
{
    uint8_t mac[6];
    struct fa_ip ip = ip_of("2001:db8::1:2:abcd:ef01");
    struct fa_ip group = fa_ip6_solicited_node(&ip);
    struct fa_ip expected = ip_of("ff02::1:ffcd:ef01");
    CHECK(fa_ip_equal(&group, &expected));
    fa_ip6_group_mac(mac, &group);
    CHECK(fa_equal(mac, (const uint8_t[]){0x33, 0x33, 0xff, 0xcd, 0xef, 1}, 6));
}

T(prefixes_compare_bit_by_bit)
{
    struct fa_ip a = ip_of("2001:db8:0:8000::1");
    struct fa_ip b = ip_of("2001:db8:0:c000::1");
    CHECK_EQ(fa_ip_common_bits(&a, &b), 49);
    CHECK_EQ(fa_ip_common_bits(&a, &a), 128);
    CHECK(fa_ip_prefix_equal(&a, &b, 49) && !fa_ip_prefix_equal(&a, &b, 50));
    struct fa_ip c = fa_ip4(10, 1, 2, 3);
    struct fa_ip d = fa_ip4(10, 1, 3, 3);
    CHECK(fa_ip_prefix_equal(&c, &d, 23) && !fa_ip_prefix_equal(&c, &d, 24));
    CHECK(!fa_ip_prefix_equal(&c, &a, 0));
}

T(what_an_interface_may_have)
{
    static const char *const no[] = {"::", "::1", "ff02::1", "::ffff:1.2.3.4"};
    static const char *const yes[] = {"fe80::1", "2001:db8::", "fd12::7"};
    for (size_t i = 0; i < FA_COUNT_OF(no); i++) {
        struct fa_ip ip = ip_of(no[i]);
        CHECK(!fa_ip6_is_host(&ip));
    }
    for (size_t i = 0; i < FA_COUNT_OF(yes); i++) {
        struct fa_ip ip = ip_of(yes[i]);
        CHECK(fa_ip6_is_host(&ip));
    }
}
