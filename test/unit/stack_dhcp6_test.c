// SPDX-License-Identifier: ISC
//
// The stack and stateless DHCPv6: a router and a server at the bare port.

#include "fa/stack.h"

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "fa/wire/udp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    FLAG_MANAGED = 0x80, /* RFC 4861 4.2 */
    FLAG_OTHER = 0x40,
    ADVERT_LEN = 16,
    REPLY_LEN = 46,
};

static const struct fa_ip router = {{0xfe, 0x80, [15] = 0x99}};

/* Start a station with an IPv6 address by what routers say. */
static void begin(bool ra_off)
{
    world_open_wire();
    struct fa_stack_config config = world_config(&world.a, WORLD_A);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].ra_off = ra_off;
    fa_stack_init(&world.a.stack, &config, world.now);
    world_run(3 * FA_NS_S);
    world_sniff_nothing();
}

static void inject(const struct fa_ip *target, uint8_t next, struct fa_slice payload)
{
    uint8_t packet[FA_IP6_HDR_LEN + 128];
    uint8_t mac[FA_MAC_LEN];
    struct fa_ip6_header ip = {
        .source = router,
        .target = *target,
        .next = next,
        .payload_len = (uint16_t)payload.len,
        .hop_limit = 255,
    };
    fa_ip6_encode(packet, &ip);
    fa_copy(packet + FA_IP6_HDR_LEN, payload.at, payload.len);
    fa_copy(mac, world_mac(&world.a), FA_MAC_LEN);
    if (fa_ip6_is_multicast(target)) {
        fa_ip6_group_mac(mac, target);
    }
    world_inject_frame(
        mac, FA_ETH_TYPE_IP6, (struct fa_slice){packet, FA_IP6_HDR_LEN + payload.len});
    world_settle();
}

static void advertise(uint8_t flags)
{
    uint8_t bytes[ADVERT_LEN] = {FA_ICMP6_ROUTER_ADVERT, [5] = flags, [7] = 200};
    struct fa_ip_meta meta = {.local = fa_ip6_all_nodes, .remote = router};
    fa_icmp6_encode(bytes, sizeof bytes, &meta,
        &(struct fa_icmp6_header){FA_ICMP6_ROUTER_ADVERT, 0, fa_be32_load(bytes + 4)});
    inject(&fa_ip6_all_nodes, FA_IP_PROTO_ICMP6, (struct fa_slice){bytes, sizeof bytes});
}

/* The request that waits at the bare port; false: there is none. */
static bool sniff_request(struct fa_dhcp6_message *ret_request, struct fa_ip *ret_from)
{
    static uint8_t payload[FA_DHCP6_INFORM_LEN];
    for (struct fa_buf *buf; (buf = world_sniff()) != NULL; fa_buf_drop(buf)) {
        struct fa_slice frame = fa_buf_slice(buf);
        struct fa_slice packet = fa_slice_from(frame, FA_ETH_HDR_LEN);
        struct fa_ip6_header ip;
        struct fa_udp_header udp;
        if (fa_ip6_decode(packet, &ip) != FA_IP6_GOOD || ip.next != FA_IP_PROTO_UDP) {
            continue;
        }
        struct fa_ip_meta meta = {.local = ip.source, .remote = ip.target, .protocol = ip.next};
        struct fa_slice datagram = {packet.at + FA_IP6_HDR_LEN, ip.payload_len};
        CHECK_EQ(fa_udp_decode(datagram, &meta, false, &udp), FA_UDP_GOOD);
        CHECK(udp.target_port == 547 && datagram.len == FA_UDP_HDR_LEN + sizeof payload);
        CHECK(fa_equal(frame.at, (const uint8_t[]){0x33, 0x33, 0, 1, 0, 2}, FA_MAC_LEN));
        fa_copy(payload, datagram.at + FA_UDP_HDR_LEN, sizeof payload);
        fa_buf_drop(buf);
        *ret_from = ip.source;
        return fa_dhcp6_decode((struct fa_slice){payload, sizeof payload}, ret_request) ==
               FA_DHCP6_GOOD;
    }
    return false;
}

/* Answer it from `port` with one DNS server, fd00::LAST; `broken`: with a wrong checksum. */
static void answer(const struct fa_dhcp6_message *request, const struct fa_ip *to, uint8_t last,
    uint16_t port, bool broken)
{
    uint8_t bytes[FA_UDP_HDR_LEN + REPLY_LEN] = {0};
    uint8_t *at = bytes + FA_UDP_HDR_LEN;
    fa_be32_store(at, (uint32_t)FA_DHCP6_REPLY << 24 | request->xid);
    fa_copy(at + 4, (const uint8_t[]){0, 1, 0, 10}, 4);
    fa_copy(at + 8, request->client_id.at, FA_DHCP6_DUID_LEN);
    fa_copy(at + 18, (const uint8_t[]){0, 2, 0, 4, 0, 9, 1, 1, 0, 23, 0, 16, 0xfd}, 13);
    at[REPLY_LEN - 1] = last;
    struct fa_ip_meta meta = {.local = router, .remote = *to, .protocol = FA_IP_PROTO_UDP};
    fa_udp_encode(bytes, &meta, &(struct fa_udp_header){port, FA_DHCP6_PORT_CLIENT, sizeof bytes});
    bytes[7] ^= broken; // its checksum
    inject(to, FA_IP_PROTO_UDP, (struct fa_slice){bytes, sizeof bytes});
}

static const struct fa_names_list *dns(void)
{
    return &world.a.stack.names.lists[FA_NAMES_DNS];
}

T(a_router_that_says_so_makes_us_ask_and_the_answer_names_servers)
{
    static const uint8_t flags[] = {FLAG_OTHER, FLAG_MANAGED};
    for (size_t i = 0; i < FA_COUNT_OF(flags); i++) {
        struct fa_dhcp6_message request;
        struct fa_ip from;
        begin(false);
        advertise(0);
        world_run(5 * FA_NS_S);
        CHECK_EQ(COUNTED(&world.a, dhcp6_tx_messages), 0);
        world_sniff_nothing();
        advertise(flags[i]);
        world_run(FA_NS_S);
        REQUIRE(sniff_request(&request, &from));
        CHECK(fa_ip6_is_link_local(&from));
        answer(&request, &from, 0x53, FA_DHCP6_PORT_SERVER, true);
        CHECK_EQ(COUNTED(&world.a, dhcp6_rx_bad_udp), 1);
        answer(&request, &from, 0x53, 4000, false); // servers may speak from any port
        REQUIRE(dns()->count == 1);
        CHECK(dns()->at[0].ip.b[15] == 0x53 && dns()->at[0].origin == FA_NAMES_DHCP6);
        world_run(100 * FA_NS_S);
        advertise(0); // does not end what has begun
        CHECK_EQ(COUNTED(&world.a, dhcp6_tx_messages), 1);
        CHECK_EQ(dns()->count, 1);
        world_run(86402 * FA_NS_S);
        CHECK(COUNTED(&world.a, dhcp6_tx_messages) > 1);
        world_close();
    }
}

T(a_router_that_is_not_believed_makes_nobody_ask)
{
    begin(true);
    advertise(FLAG_OTHER);
    world_run(10 * FA_NS_S);
    CHECK_EQ(COUNTED(&world.a, dhcp6_tx_messages), 0);
    world_close();
}

T(nobody_listens_to_port_546_before_he_asks)
{
    const struct fa_dhcp6_message request = {
        .client_id = {(const uint8_t *)"0123456789", FA_DHCP6_DUID_LEN}};
    begin(false);
    const struct fa_iface_addr *addr =
        fa_addrs_choose(&world.a.stack.ifaces[0].addrs, &fa_ip6_all_nodes, false);
    REQUIRE(addr != NULL);
    answer(&request, &addr->ip, 1, FA_DHCP6_PORT_SERVER, false);
    CHECK_EQ(COUNTED(&world.a, dhcp6_rx_messages), 0);
    CHECK_EQ(COUNTED(&world.a, udp_rx_no_socket), 1);
    world_close();
}

T(who_was_suspended_asks_again)
{
    struct fa_dhcp6_message request;
    struct fa_dhcp6_message again;
    struct fa_ip from;
    begin(false);
    advertise(FLAG_OTHER);
    world_run(FA_NS_S);
    REQUIRE(sniff_request(&request, &from));
    answer(&request, &from, 1, FA_DHCP6_PORT_SERVER, false);
    fa_stack_suspend(&world.a.stack, world.now);
    world.now += 1000 * FA_NS_S;
    fa_stack_resume(&world.a.stack, world.now);
    world_run(FA_NS_S);
    REQUIRE(sniff_request(&again, &from));
    CHECK(again.xid != request.xid);
    answer(&again, &from, 2, FA_DHCP6_PORT_SERVER, false);
    REQUIRE(dns()->count == 1);
    CHECK_EQ(dns()->at[0].ip.b[15], 2);
    world_close();
}
