// SPDX-License-Identifier: ISC
//
// IPv6 packets that are dropped, by name, and what their senders are told.

#include "fa/stack.h"

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "fa/wire/udp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

static const struct fa_ip us = {{0x20, 1, 0xd, 0xb8, [15] = 1}};
static const struct fa_ip them = {{0x20, 1, 0xd, 0xb8, [15] = 3}};

static void open_a(void)
{
    world_open_wire();
    struct fa_stack_config config = world_config(&world.a, WORLD_A);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].ra_off = true;
    config.ifaces[0].dad_off = true;
    config.ifaces[0].more.at[0] = (struct fa_addr_net){us, 64};
    fa_stack_init(&world.a.stack, &config, world.now);
    world_run(10 * FA_NS_S);
    world_sniff_nothing();
}

/* Send a packet with these header fields and payload in a frame to a; `cut` bytes are missing. */
static void inject(const uint8_t *mac, const struct fa_ip *source, const struct fa_ip *target,
    uint8_t next, struct fa_slice payload, size_t cut)
{
    static uint8_t packet[1500];
    struct fa_ip6_header ip = {
        .source = *source,
        .target = *target,
        .next = next,
        .payload_len = (uint16_t)payload.len,
        .hop_limit = 64,
    };
    fa_ip6_encode(packet, &ip);
    fa_copy(packet + FA_IP6_HDR_LEN, payload.at, payload.len);
    world_inject_frame(
        mac, FA_ETH_TYPE_IP6, (struct fa_slice){packet, FA_IP6_HDR_LEN + payload.len - cut});
    world_settle();
}

static void inject_to_us(uint8_t next, struct fa_slice payload)
{
    inject(world_mac(&world.a), &them, &us, next, payload, 0);
}

/* The ICMPv6 error that is sent next, once our neighbour is known; false: none. */
static bool sniff_error(struct fa_icmp6_header *ret_header)
{
    for (struct fa_buf *buf; (buf = world_sniff()) != NULL; fa_buf_drop(buf)) {
        struct fa_slice packet = fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN);
        struct fa_ip6_header ip;
        if (fa_ip6_decode(packet, &ip) != FA_IP6_GOOD || ip.next != FA_IP_PROTO_ICMP6) {
            continue;
        }
        struct fa_ip_meta meta = {.local = ip.source, .remote = ip.target};
        struct fa_slice message = {packet.at + FA_IP6_HDR_LEN, ip.payload_len};
        if (fa_icmp6_decode(message, &meta, ret_header) == FA_ICMP6_GOOD &&
            fa_icmp6_is_error(ret_header->type)) {
            fa_buf_drop(buf);
            return true;
        }
    }
    return false;
}

/* Make us know them, so that answers leave at once. */
static void introduce(void)
{
    uint8_t bytes[FA_NDP_LEN_MAX];
    struct fa_ndp_message message = {
        .type = FA_ICMP6_NEIGHBOUR_SOLICIT, .target = us, .has_source_mac = true};
    fa_copy(message.source_mac, world_mac(&world.m), FA_MAC_LEN);
    size_t len = fa_ndp_encode(bytes, &message);
    struct fa_ip group = fa_ip6_solicited_node(&us);
    struct fa_ip_meta meta = {.local = group, .remote = them};
    fa_icmp6_encode(bytes, len, &meta, &(struct fa_icmp6_header){message.type, 0, 0});
    static uint8_t packet[FA_IP6_HDR_LEN + FA_NDP_LEN_MAX];
    struct fa_ip6_header ip = {.source = them,
        .target = group,
        .next = FA_IP_PROTO_ICMP6,
        .payload_len = (uint16_t)len,
        .hop_limit = 255};
    fa_ip6_encode(packet, &ip);
    fa_copy(packet + FA_IP6_HDR_LEN, bytes, len);
    uint8_t mac[FA_MAC_LEN];
    fa_ip6_group_mac(mac, &group);
    world_inject_frame(mac, FA_ETH_TYPE_IP6, (struct fa_slice){packet, FA_IP6_HDR_LEN + len});
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ndp_tx_adverts), 1);
    world_sniff_nothing();
}

T(broken_headers_are_dropped_by_name)
{
    open_a();
    inject(world_mac(&world.a), &them, &us, 17, FA_LIT("12345678"), 1);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_len), 1);
    inject(world_mac(&world.a), &them, &us, 17, FA_LIT("12345678"), 20);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_short), 1);
    inject_to_us(FA_IP6_NEXT_TARGET, FA_LIT("\x11\x02\0\0\0\0\0\0"));
    CHECK_EQ(COUNTED(&world.a, ip6_rx_chain_short), 1);
    inject_to_us(FA_IP6_NEXT_TARGET, FA_LIT("\x11\0\x01\x01\0\x01\x00\x01")); // cut in an option
    CHECK_EQ(COUNTED(&world.a, ip6_rx_chain_short), 2);
    static const uint8_t zeros[16] = {17, 1};
    inject_to_us(FA_IP6_NEXT_TARGET, (struct fa_slice){zeros, sizeof zeros});
    CHECK_EQ(COUNTED(&world.a, ip6_rx_chain_limit), 1);
    inject_to_us(FA_IP6_NEXT_NONE, FA_LIT(""));
    CHECK_EQ(COUNTED(&world.a, ip6_rx_no_next), 1);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_packets), 6);
    CHECK(world_sniff() == NULL);
    world_close();
}

T(addresses_that_cannot_be_on_a_wire_are_dropped_by_name)
{
    static const struct fa_ip group = {{0xff, 2, [15] = 1}};
    static const struct fa_ip nobody;
    static const struct fa_ip mapped = {{[10] = 0xff, 0xff, 10, 0, 0, 1}};
    static const struct fa_ip inside = {{0xff, 1, [15] = 1}};
    open_a();
    const uint8_t *mac = world_mac(&world.a);
    inject(mac, &group, &us, 17, FA_LIT("12345678"), 0);
    inject(mac, &fa_ip6_loopback, &us, 17, FA_LIT("12345678"), 0);
    inject(mac, &mapped, &us, 17, FA_LIT("12345678"), 0);
    inject(mac, &them, &fa_ip6_loopback, 17, FA_LIT("12345678"), 0);
    inject(mac, &them, &nobody, 17, FA_LIT("12345678"), 0);
    inject(mac, &them, &inside, 17, FA_LIT("12345678"), 0);
    inject(mac, &nobody, &us, 17, FA_LIT("12345678"), 0); // only discovery comes from nobody
    CHECK_EQ(COUNTED(&world.a, ip6_rx_martian), 7);
    inject(mac, &us, &us, 17, FA_LIT("12345678"), 0);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_own_source), 1);
    inject(mac, &them, &them, 17, FA_LIT("12345678"), 0);
    struct fa_ip unwanted = {{0xff, 2, [15] = 0x77}};
    inject(fa_mac_broadcast, &them, &unwanted, 17, FA_LIT("12345678"), 0);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_not_for_us), 2);
    inject(fa_mac_broadcast, &them, &us, 17, FA_LIT("12345678"), 0);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_link_group), 1);
    CHECK(world_sniff() == NULL);
    world_close();
}

T(senders_of_what_we_do_not_speak_are_told_which_byte)
{
    struct fa_icmp6_header error;
    open_a();
    introduce();
    inject_to_us(132, FA_LIT("12345678")); // SCTP
    CHECK_EQ(COUNTED(&world.a, ip_rx_protocol), 1);
    REQUIRE(sniff_error(&error));
    CHECK(error.type == FA_ICMP6_PARAMETER && error.code == FA_ICMP6_CODE_NEXT && error.word == 6);
    inject_to_us(FA_IP6_NEXT_ROUTING, FA_LIT("\x11\0\0\x01\0\0\0\0"));
    REQUIRE(sniff_error(&error));
    CHECK(error.code == FA_ICMP6_CODE_FIELD && error.word == 42);
    inject_to_us(FA_IP6_NEXT_TARGET, FA_LIT("\x11\0\x9e\x04\0\0\0\0"));
    REQUIRE(sniff_error(&error));
    CHECK(error.code == FA_ICMP6_CODE_OPTION && error.word == 42);
    inject_to_us(FA_IP6_NEXT_TARGET, FA_LIT("\x11\0\x5e\x04\0\0\0\0"));
    CHECK(!sniff_error(&error));
    CHECK_EQ(COUNTED(&world.a, ip6_rx_option), 3);
    inject_to_us(FA_IP_PROTO_UDP, FA_LIT("\x00\x01\x00\x09\x00\x08\x00\x00"));
    CHECK(!sniff_error(&error)); // without a checksum, which IPv6 needs
    CHECK_EQ(COUNTED(&world.a, udp_rx_bad_checksum), 1);
    world_close();
}

T(an_option_unknown_to_a_group_is_reported_only_if_it_asks_for_that)
{
    struct fa_icmp6_header error;
    uint8_t mac[FA_MAC_LEN];
    open_a();
    introduce();
    fa_ip6_group_mac(mac, &fa_ip6_all_nodes);
    inject(mac, &them, &fa_ip6_all_nodes, FA_IP6_NEXT_TARGET, FA_LIT("\x11\0\xde\x04\0\0\0\0"), 0);
    CHECK(!sniff_error(&error));
    inject(mac, &them, &fa_ip6_all_nodes, FA_IP6_NEXT_TARGET, FA_LIT("\x11\0\x9e\x04\0\0\0\0"), 0);
    CHECK(sniff_error(&error));
    world_close();
}

T(discovery_in_a_fragment_is_dropped)
{
    uint8_t bytes[FA_IP6_FRAGMENT_HDR_LEN + FA_NDP_LEN_MAX] = {FA_IP_PROTO_ICMP6};
    open_a();
    struct fa_ndp_message message = {.type = FA_ICMP6_NEIGHBOUR_SOLICIT, .target = us};
    size_t len = fa_ndp_encode(bytes + FA_IP6_FRAGMENT_HDR_LEN, &message);
    inject_to_us(FA_IP6_NEXT_FRAGMENT, (struct fa_slice){bytes, FA_IP6_FRAGMENT_HDR_LEN + len});
    CHECK_EQ(COUNTED(&world.a, ip6_rx_link_message), 1);
    CHECK_EQ(COUNTED(&world.a, ndp_rx_messages), 0);
    world_close();
}

T(discovery_with_a_wrong_checksum_is_dropped)
{
    uint8_t bytes[FA_NDP_LEN_MAX];
    open_a();
    struct fa_ndp_message message = {.type = FA_ICMP6_NEIGHBOUR_SOLICIT, .target = us};
    size_t len = fa_ndp_encode(bytes, &message);
    inject_to_us(FA_IP_PROTO_ICMP6, (struct fa_slice){bytes, len});
    CHECK_EQ(COUNTED(&world.a, icmp_rx_bad_checksum), 1);
    CHECK_EQ(COUNTED(&world.a, ndp_rx_messages), 0);
    world_close();
}
