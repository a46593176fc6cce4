// SPDX-License-Identifier: ISC
//
// The stack and IPv4 groups: what it tells, and what it takes.

#include "fa/wire/csum.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    GROUP = 0xef010203,
    REPORT_OFF = FA_ETH_HDR_LEN + FA_IP4_HDR_LEN + FA_IP4_ALERT_LEN,
};

static const uint8_t group_mac[FA_MAC_LEN] = {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03};
static const uint8_t all_mac[FA_MAC_LEN] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01};

/* The next frame at the bare port is a report of this kind from `source`. */
static void check_report(uint8_t record, uint32_t source)
{
    static const uint8_t mac[FA_MAC_LEN] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x16};
    struct fa_ip4_header ip;
    struct fa_buf *buf = world_sniff();
    REQUIRE(buf != NULL);
    const uint8_t *at = fa_buf_at(buf);
    CHECK_EQ(buf->len, REPORT_OFF + FA_IGMP3_REPORT_LEN + FA_IGMP3_RECORD_LEN);
    CHECK(fa_mac_equal(at, mac));
    REQUIRE(fa_ip4_decode(fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN), &ip) == FA_IP4_GOOD);
    CHECK(ip.router_alert && ip.ttl == 1 && ip.protocol == FA_IP_PROTO_IGMP);
    CHECK_EQ(ip.traffic, 0xc0);
    CHECK_EQ(ip.target, 0xe0000016);
    CHECK_EQ(ip.source, source);
    CHECK_EQ(at[REPORT_OFF], FA_IGMP3_REPORT);
    CHECK_EQ(at[REPORT_OFF + FA_IGMP3_REPORT_LEN], record);
    CHECK_EQ(fa_be32_load(at + REPORT_OFF + FA_IGMP3_REPORT_LEN + 4), (uint32_t)GROUP);
    fa_buf_drop(buf);
}

/* A general query of version 3, to be answered at once, with router alert. */
static void inject_query(uint32_t source, uint32_t target)
{
    uint8_t bytes[FA_IP4_HDR_LEN + FA_IP4_ALERT_LEN + FA_IGMP3_QUERY_LEN] = {0};
    uint8_t *message = bytes + FA_IP4_HDR_LEN + FA_IP4_ALERT_LEN;
    const struct fa_ip4_header ip = {
        .source = source,
        .target = target,
        .total_len = sizeof bytes,
        .ttl = 1,
        .protocol = FA_IP_PROTO_IGMP,
    };
    fa_ip4_alert_encode(bytes, &ip);
    message[0] = FA_IGMP_QUERY;
    fa_be16_store(message + 2, fa_csum_fold(fa_csum_add(0, message, FA_IGMP3_QUERY_LEN)));
    world_inject_frame(all_mac, FA_ETH_TYPE_IP4, (struct fa_slice){bytes, sizeof bytes});
}

T(membership_of_a_group_is_reported_with_router_alert_and_ttl_one)
{
    world_open();
    struct fa_ip group = fa_ip4_ip(GROUP);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 0, &group), FA_OK);
    CHECK(fa_stack_deadline(&world.a.stack) <= world.now);
    world_run(2 * FA_NS_S);
    check_report(FA_IGMP_RECORD_TO_EXCLUDE, WORLD_A);
    check_report(FA_IGMP_RECORD_TO_EXCLUDE, WORLD_A);
    CHECK(world_sniff() == NULL);
    CHECK_EQ(fa_stack_group_leave(&world.a.stack, 0, &group), FA_OK);
    world_run(2 * FA_NS_S);
    check_report(FA_IGMP_RECORD_TO_INCLUDE, WORLD_A);
    check_report(FA_IGMP_RECORD_TO_INCLUDE, WORLD_A);
    CHECK_EQ(fa_stack_group_leave(&world.a.stack, 0, &group), FA_EINVAL);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 1, &group), FA_EINVAL);
    struct fa_ip host = fa_ip4_ip(WORLD_B);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 0, &host), FA_EINVAL);
    CHECK_EQ(COUNTED(&world.a, igmp_tx_messages), 4);
    CHECK_EQ(COUNTED(&world.b, igmp_rx_ignored), 0); // 224.0.0.22 is the routers'
    world_close();
}

T(queries_are_answered_from_switches_without_an_address_too)
{
    static const struct {
        uint32_t source;
        uint32_t target;
        bool answered;
    } rows[] = {
        {WORLD_M, FA_IGMP_ALL_SYSTEMS, true},
        {0, FA_IGMP_ALL_SYSTEMS, true},
        {WORLD_M, GROUP, true},
        {WORLD_M, WORLD_A, true},
        {WORLD_M, GROUP + 1, false},
        {WORLD_M, WORLD_B, false},
    };
    world_open();
    struct fa_ip group = fa_ip4_ip(GROUP);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 0, &group), FA_OK);
    world_run(2 * FA_NS_S);
    world_sniff_nothing();
    long long count = 0;
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        inject_query(rows[i].source, rows[i].target);
        world_settle();
        count += rows[i].answered;
        CHECK_EQ(COUNTED(&world.a, igmp_rx_queries), count);
        if (rows[i].answered) {
            check_report(FA_IGMP_RECORD_IS_EXCLUDE, WORLD_A);
        }
        CHECK(world_sniff() == NULL);
    }
    CHECK_EQ(COUNTED(&world.a, ip4_rx_not_for_us), 2);
    world_close();
}

T(packets_to_groups_are_taken_by_their_members_alone)
{
    struct fa_udp_socket socket;
    struct fa_ip group = fa_ip4_ip(GROUP);
    world_open();
    REQUIRE(world_bind(&world.a, &socket, 5353) == FA_OK);
    struct fa_slice datagram = world_datagram(WORLD_M, GROUP, 5353, 5353, FA_LIT("hear"));
    const struct fa_ip4_header ip = {
        .source = WORLD_M, .target = GROUP, .protocol = FA_IP_PROTO_UDP};
    world_inject(group_mac, &ip, datagram, 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_not_for_us), 1);
    REQUIRE(fa_udp_join(&socket, &group, 0) == FA_OK);
    world_settle();
    world_inject(group_mac, &ip, datagram, 0);
    world_settle();
    CHECK(world_recv(&socket, "hear", NULL));
    fa_udp_close(&socket); // leaves
    world_settle();
    world_inject(group_mac, &ip, datagram, 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_not_for_us), 2);
    world_close();
}

T(before_there_is_an_address_groups_are_reported_from_none)
{
    world_open_wire();
    world_start(&world.a, 0); // DHCP that nobody answers
    struct fa_ip group = fa_ip4_ip(GROUP);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 0, &group), FA_OK);
    world_settle();
    fa_buf_drop(world_sniff()); // DHCP asks first
    check_report(FA_IGMP_RECORD_TO_EXCLUDE, 0);
    world_sniff_nothing();
    world_close();
}

T(with_igmp_off_groups_are_taken_and_not_told)
{
    world_open_wire();
    struct fa_stack_config config = world_config(&world.a, WORLD_A);
    config.ifaces[0].igmp_off = true;
    fa_stack_init(&world.a.stack, &config, world.now);
    struct fa_ip group = fa_ip4_ip(GROUP);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 0, &group), FA_OK);
    world_run(5 * FA_NS_S);
    inject_query(WORLD_M, FA_IGMP_ALL_SYSTEMS);
    world_run(5 * FA_NS_S);
    CHECK_EQ(COUNTED(&world.a, igmp_rx_queries), 1);
    CHECK_EQ(COUNTED(&world.a, igmp_tx_messages), 0);
    world_close();
}
