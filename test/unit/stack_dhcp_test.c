// SPDX-License-Identifier: ISC
//
// The stack and its address by DHCP, against a scripted server at the bare port.

#include "fa/loop.h"
#include "fa/stack.h"

#include "fa/wire/udp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    SERVER = WORLD_M,
    LEASED = 0x0a000064, // 10.0.0.100
};

/* What the server does. */
static struct {
    uint32_t ip;
    uint32_t router;
    uint32_t lease_s;
    uint16_t mtu_bytes;
    uint32_t dns;
    uint32_t ntp;
    struct fa_slice routes;
    struct fa_slice search;
    struct fa_slice domain;
    bool unicast; // answers go to the client's address, as RFC 2131 4.1 prefers
    bool dumb;
    bool refuses;                  // renewals
    int heard[FA_DHCP_INFORM + 1]; // by type
} server;

static void begin(void)
{
    world_open_wire();
    fa_zero(&server, sizeof server);
    server.ip = LEASED;
    server.router = SERVER;
    server.lease_s = 3600;
    world_start(&world.a, 0);
}

static void answer(const struct fa_dhcp_message *question, uint8_t type)
{
    uint8_t bytes[FA_BUF_SIZE];
    struct fa_dhcp_message message = {
        .op = FA_DHCP_OP_REPLY,
        .type = type,
        .xid = question->xid,
        .your_ip = server.ip,
        .server_id = SERVER,
        .mask = 0xffffff00,
        .router = server.router,
        .lease_s = server.lease_s,
        .mtu_bytes = server.mtu_bytes,
        .dns = {server.dns},
        .dns_count = server.dns != 0,
        .ntp = {server.ntp},
        .ntp_count = server.ntp != 0,
        .routes = server.routes,
        .search = server.search,
        .domain = server.domain,
    };
    fa_copy(message.mac, question->mac, FA_MAC_LEN);
    size_t len = fa_dhcp_encode(bytes, sizeof bytes, &message);
    uint32_t target = server.unicast ? server.ip : FA_IP4_BROADCAST;
    struct fa_ip4_header ip = {.source = SERVER, .target = target, .protocol = FA_IP_PROTO_UDP};
    world_inject(server.unicast ? question->mac : fa_mac_broadcast, &ip,
        world_datagram(SERVER, target, 67, 68, (struct fa_slice){bytes, len}), 0);
}

/* Say who has SERVER's address. */
static void answer_arp(struct fa_slice bytes)
{
    struct fa_arp_packet arp;
    uint8_t reply[FA_ARP_PACKET_LEN];
    if (fa_arp_packet_decode(bytes, &arp) != FA_ARP_PACKET_GOOD || arp.target_ip != SERVER) {
        return;
    }
    struct fa_arp_packet packet = {
        .op = FA_ARP_OP_REPLY, .sender_ip = SERVER, .target_ip = arp.sender_ip};
    fa_copy(packet.sender_mac, world.m.dev->info.mac, FA_MAC_LEN);
    fa_copy(packet.target_mac, arp.sender_mac, FA_MAC_LEN);
    fa_arp_packet_encode(reply, &packet);
    world_inject_frame(arp.sender_mac, FA_ETH_TYPE_ARP, (struct fa_slice){reply, sizeof reply});
}

static void hear(struct fa_slice frame)
{
    struct fa_eth_header eth;
    struct fa_ip4_header ip;
    struct fa_dhcp_message message;
    CHECK(fa_eth_decode(frame, &eth) == FA_ETH_GOOD);
    struct fa_slice packet = fa_slice_from(frame, FA_ETH_HDR_LEN);
    if (eth.type == FA_ETH_TYPE_ARP) {
        answer_arp(packet);
        return;
    }
    REQUIRE(fa_ip4_decode(packet, &ip) == FA_IP4_GOOD);
    struct fa_slice payload = fa_slice_from(packet, FA_IP4_HDR_LEN + FA_UDP_HDR_LEN);
    if (ip.protocol != FA_IP_PROTO_UDP || fa_dhcp_decode(payload, &message) != FA_DHCP_GOOD) {
        return;
    }
    server.heard[message.type]++;
    if (server.dumb) {
        return;
    }
    if (message.type == FA_DHCP_DISCOVER && !server.refuses) {
        answer(&message, FA_DHCP_OFFER);
    } else if (message.type == FA_DHCP_REQUEST) {
        answer(&message, server.refuses && message.client_ip != 0 ? FA_DHCP_NAK : FA_DHCP_ACK);
    } else if (message.type == FA_DHCP_INFORM) {
        answer(&message, FA_DHCP_ACK);
    }
}

/* Let the stacks and the server talk until nobody has anything to say. */
static void settle(void)
{
    for (bool heard = true; heard;) {
        world_settle();
        heard = false;
        for (struct fa_buf *buf; (buf = world_sniff()) != NULL;) {
            hear(fa_buf_slice(buf));
            fa_buf_drop(buf);
            heard = true;
        }
    }
}

/* As world_run(), with the server. */
static void run(fa_ns duration)
{
    fa_ns end = world.now + duration;
    for (;;) {
        settle();
        fa_ns next = fa_stack_deadline(&world.a.stack);
        if (next > end) {
            world.now = end;
            return;
        }
        world.now = next > world.now ? next : world.now;
    }
}

static const struct fa_iface *iface(void)
{
    return &world.a.stack.ifaces[0];
}

T(an_address_is_there_without_any_time_passing)
{
    for (int unicast = 0; unicast < 2; unicast++) {
        begin();
        server.unicast = unicast != 0;
        CHECK(!fa_stack_is_up(&world.a.stack));
        CHECK(fa_stack_deadline(&world.a.stack) == 0);
        settle();
        CHECK(fa_stack_is_up(&world.a.stack));
        CHECK_EQ(fa_ip4_of(&iface()->ip), LEASED);
        CHECK_EQ(iface()->prefix_bits, 24);
        CHECK_EQ(COUNTED(&world.a, dhcp_bound), 1);
        CHECK(server.heard[FA_DHCP_DISCOVER] == 1 && server.heard[FA_DHCP_REQUEST] == 1);
        CHECK_EQ(COUNTED(&world.a, arp_tx_announcements), 1);
        struct fa_ip local;
        struct fa_ip far = fa_ip4(8, 8, 8, 8);
        CHECK_EQ(fa_stack_source_for(&world.a.stack, &far, &local), FA_OK);
        CHECK_EQ(fa_ip4_of(&local), LEASED);
        world_close();
    }
}

T(groups_joined_before_are_reported_from_the_new_address)
{
    begin();
    struct fa_ip group = fa_ip4(239, 1, 2, 3);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 0, &group), FA_OK);
    world.a.stack.ifaces[0].igmp.groups[0].record = 0; // was told long ago
    settle();
    CHECK(fa_stack_is_up(&world.a.stack));
    CHECK_EQ(COUNTED(&world.a, igmp_tx_messages), 1);
    world_close();
}

T(without_a_router_there_is_no_way_out)
{
    begin();
    server.router = 0;
    settle();
    struct fa_ip local;
    struct fa_ip far = fa_ip4(8, 8, 8, 8);
    CHECK_EQ(fa_stack_source_for(&world.a.stack, &far, &local), FA_ENOENT);
    world_close();
}

T(a_smaller_mtu_is_believed_and_a_silly_one_not)
{
    static const uint16_t rows[][2] = {{0, 1500}, {1400, 1400}, {9000, 1500}, {575, 1500}};
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin();
        server.mtu_bytes = rows[i][0];
        settle();
        CHECK_EQ(iface()->mtu_bytes, rows[i][1]);
        world_close();
    }
}

T(a_renewed_lease_disturbs_nothing)
{
    begin();
    settle();
    struct fa_route route = {.prefix = fa_ip4(192, 0, 2, 0), .prefix_bits = 24};
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &route), FA_OK);
    run(10 * 3600 * FA_NS_S);
    CHECK(server.heard[FA_DHCP_REQUEST] >= 15);
    CHECK_EQ(server.heard[FA_DHCP_DISCOVER], 1);
    CHECK_EQ(COUNTED(&world.a, arp_tx_announcements), 2);
    CHECK_EQ(world.a.stack.route_count, 3);
    world_close();
}

T(a_server_beyond_the_router_is_asked_by_way_of_it)
{
    struct fa_ip far = fa_ip4(8, 8, 8, 8);
    begin();
    settle();
    struct fa_iface *own = &world.a.stack.ifaces[0];
    own->dhcp.lease.server_id = fa_ip4_of(&far);
    int heard = server.heard[FA_DHCP_REQUEST];
    run(1900 * FA_NS_S); // past half of the lease
    CHECK(server.heard[FA_DHCP_REQUEST] > heard);
    CHECK(fa_neigh_find(&own->arp.neigh, &far) == NULL);
    world_close();
}

T(a_lease_that_runs_out_takes_the_address_away_until_there_is_another)
{
    begin();
    settle();
    server.dumb = true;
    run(3599 * FA_NS_S);
    CHECK(fa_stack_is_up(&world.a.stack));
    run(2 * FA_NS_S);
    CHECK(!fa_stack_is_up(&world.a.stack));
    CHECK_EQ(world.a.stack.route_count, 0);
    CHECK(fa_ip_is_zero(&iface()->ip));
    server.dumb = false;
    server.ip = LEASED + 1;
    run(100 * FA_NS_S);
    CHECK(fa_stack_is_up(&world.a.stack));
    CHECK_EQ(fa_ip4_of(&iface()->ip), LEASED + 1);
    world_close();
}

T(the_servers_of_a_lease_are_known_as_long_as_it_lasts)
{
    begin();
    server.dns = SERVER;
    settle();
    const struct fa_names_list *dns = &world.a.stack.names.lists[FA_NAMES_DNS];
    CHECK_EQ(dns->count, 1);
    CHECK_EQ(fa_ip4_of(&dns->at[0].ip), SERVER);
    CHECK_EQ(dns->at[0].origin, FA_NAMES_DHCP);
    server.dns = SERVER + 1;
    run(1801 * FA_NS_S); // the renewal names another
    CHECK_EQ(dns->count, 1);
    CHECK_EQ(fa_ip4_of(&dns->at[0].ip), SERVER + 1);
    server.dumb = true;
    run(3600 * FA_NS_S);
    CHECK_EQ(dns->count, 0);
    world_close();
}

T(another_address_on_renewal_replaces_the_first)
{
    begin();
    settle();
    server.ip = LEASED + 7;
    run(1801 * FA_NS_S);
    CHECK_EQ(fa_ip4_of(&iface()->ip), LEASED + 7);
    CHECK_EQ(world.a.stack.route_count, 2);
    CHECK(COUNTED(&world.a, arp_tx_announcements) >= 3);
    world_close();
}

T(an_address_that_another_station_has_is_declined)
{
    begin();
    settle();
    world_start(&world.b, LEASED); // answers our announcement with its own
    settle();
    CHECK_EQ(server.heard[FA_DHCP_DECLINE], 1);
    CHECK(!fa_stack_is_up(&world.a.stack));
    CHECK_EQ(COUNTED(&world.a, dhcp_declined), 1);
    server.ip = LEASED + 1;
    run(11 * FA_NS_S);
    CHECK(fa_stack_is_up(&world.a.stack));
    CHECK_EQ(fa_ip4_of(&iface()->ip), LEASED + 1);
    world_close();
}

T(stopping_gives_the_lease_back)
{
    begin();
    settle();
    run(1900 * FA_NS_S); // a renewal has made the server a neighbour
    fa_stack_stop(&world.a.stack);
    world.a.stack.poller.ops = NULL;
    for (struct fa_buf *buf; (buf = world_sniff()) != NULL;) {
        hear(fa_buf_slice(buf));
        fa_buf_drop(buf);
    }
    CHECK_EQ(server.heard[FA_DHCP_RELEASE], 1);
    world_close();
}

T(a_broken_datagram_to_the_client_port_is_dropped_by_name)
{
    begin();
    server.dumb = true;
    settle();
    struct fa_ip4_header ip = {
        .source = SERVER, .target = FA_IP4_BROADCAST, .protocol = FA_IP_PROTO_UDP};
    struct fa_slice datagram = world_datagram(SERVER, LEASED, 67, 68, FA_LIT("nonsense"));
    world_inject(fa_mac_broadcast, &ip, datagram, 0); // its checksum is for another target
    settle();
    CHECK_EQ(COUNTED(&world.a, dhcp_rx_bad_udp), 1);
    datagram = world_datagram(SERVER, FA_IP4_BROADCAST, 67, 68, FA_LIT("nonsense"));
    world_inject(fa_mac_broadcast, &ip, datagram, 0);
    settle();
    CHECK_EQ(COUNTED(&world.a, dhcp_rx_short), 1);
    datagram = world_datagram(SERVER, FA_IP4_BROADCAST, 69, 68, FA_LIT("not a server's"));
    world_inject(fa_mac_broadcast, &ip, datagram, 0);
    settle();
    CHECK_EQ(COUNTED(&world.a, dhcp_rx_messages), 1);
    world_close();
}

T(before_there_is_an_address_nothing_else_is_heard)
{
    begin();
    server.dumb = true;
    settle();
    struct fa_ip4_header ip = {.source = WORLD_M, .target = LEASED, .protocol = FA_IP_PROTO_UDP};
    world_inject(world.a.dev->info.mac, &ip, world_datagram(WORLD_M, LEASED, 1, 7, FA_LIT("x")), 0);
    ip.target = FA_IP4_BROADCAST;
    world_inject(
        fa_mac_broadcast, &ip, world_datagram(WORLD_M, FA_IP4_BROADCAST, 1, 7, FA_LIT("x")), 0);
    settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_not_for_us), 2);
    world_close();
}

T(a_refused_renewal_takes_the_servers_away_before_their_time)
{
    begin();
    server.dns = SERVER;
    settle();
    const struct fa_names_list *dns = &world.a.stack.names.lists[FA_NAMES_DNS];
    CHECK_EQ(dns->count, 1);
    server.refuses = true;
    run(1801 * FA_NS_S);
    CHECK(!fa_stack_is_up(&world.a.stack));
    CHECK_EQ(dns->count, 0);
    world_close();
}

T(routes_of_a_lease_replace_its_router_and_follow_it)
{
    static const uint8_t routes[] = {16, 172, 16, 10, 0, 0, 9, 32, 8, 8, 8, 8, 0, 0, 0, 0};
    static const uint8_t others[] = {16, 172, 17, 10, 0, 0, 9};
    struct fa_ip local;
    struct fa_ip in = fa_ip4(172, 16, 5, 5);
    struct fa_ip moved = fa_ip4(172, 17, 5, 5);
    struct fa_ip link = fa_ip4(8, 8, 8, 8);
    struct fa_ip out = fa_ip4(9, 9, 9, 9);
    begin();
    server.routes = (struct fa_slice){routes, sizeof routes};
    settle();
    CHECK_EQ(world.a.stack.route_count, 3);
    CHECK_EQ(fa_stack_source_for(&world.a.stack, &in, &local), FA_OK);
    CHECK_EQ(fa_stack_source_for(&world.a.stack, &link, &local), FA_OK);
    CHECK_EQ(fa_stack_source_for(&world.a.stack, &out, &local), FA_ENOENT); // by no router
    server.routes = (struct fa_slice){others, sizeof others};
    run(1801 * FA_NS_S);
    CHECK_EQ(fa_stack_source_for(&world.a.stack, &in, &local), FA_ENOENT);
    CHECK_EQ(fa_stack_source_for(&world.a.stack, &moved, &local), FA_OK);
    CHECK_EQ(world.a.stack.route_count, 2);
    world_close();
}

T(time_servers_and_domains_of_a_lease_are_known)
{
    static const uint8_t search[] = "\3lan\0\7example\3org";
    begin();
    server.ntp = SERVER;
    server.domain = FA_LIT("home.arpa");
    settle();
    const struct fa_names *names = &world.a.stack.names;
    CHECK_EQ(names->lists[FA_NAMES_NTP].count, 1);
    REQUIRE(names->lists[FA_NAMES_DOMAIN].count == 1);
    CHECK_TEXT(fa_slice_of(names->lists[FA_NAMES_DOMAIN].at[0].text), "home.arpa");
    server.search = (struct fa_slice){search, sizeof search};
    run(1801 * FA_NS_S); // a search list replaces the domain
    REQUIRE(names->lists[FA_NAMES_DOMAIN].count == 2);
    CHECK_TEXT(fa_slice_of(names->lists[FA_NAMES_DOMAIN].at[0].text), "lan");
    CHECK_TEXT(fa_slice_of(names->lists[FA_NAMES_DOMAIN].at[1].text), "example.org");
    world_close();
}

static void start_with(bool probe, bool inform)
{
    struct fa_stack_config config = world_config(&world.a, inform ? WORLD_A : 0);
    config.ifaces[0].probe = probe;
    config.ifaces[0].inform = inform;
    fa_stack_init(&world.a.stack, &config, world.now);
}

T(a_probed_address_is_used_after_three_questions)
{
    begin();
    start_with(true, false);
    settle();
    CHECK(!fa_stack_is_up(&world.a.stack));
    run(FA_ARP_PROBE_WAIT_NS + 2 * FA_ARP_PROBE_MAX_NS + FA_ARP_PROBE_END_NS);
    CHECK(fa_stack_is_up(&world.a.stack));
    CHECK_EQ(COUNTED(&world.a, arp_tx_probes), 3);
    CHECK_EQ(server.heard[FA_DHCP_DECLINE], 0);
    world_close();
}

T(a_probed_address_that_answers_is_declined_unused)
{
    begin();
    start_with(true, false);
    world_start(&world.b, LEASED);
    settle();
    run(FA_ARP_PROBE_WAIT_NS + FA_NS_MS);
    CHECK_EQ(server.heard[FA_DHCP_DECLINE], 1);
    CHECK_EQ(COUNTED(&world.a, arp_tx_probes), 1);
    CHECK_EQ(COUNTED(&world.a, dhcp_bound), 0);
    CHECK_EQ(COUNTED(&world.b, arp_conflicts), 0); // a probe changes nothing
    server.ip = LEASED + 1;
    run(20 * FA_NS_S);
    CHECK(fa_stack_is_up(&world.a.stack));
    CHECK_EQ(fa_ip4_of(&iface()->ip), LEASED + 1);
    world_close();
}

T(a_static_address_learns_the_servers)
{
    begin();
    server.dns = SERVER;
    start_with(false, true);
    settle();
    CHECK(fa_stack_is_up(&world.a.stack));
    CHECK_EQ(server.heard[FA_DHCP_INFORM], 1);
    CHECK_EQ(server.heard[FA_DHCP_DISCOVER], 0);
    CHECK_EQ(world.a.stack.names.lists[FA_NAMES_DNS].count, 1);
    CHECK_EQ(fa_ip4_of(&iface()->ip), WORLD_A);
    world_close();
}

static struct fa_loop loop;

static void wait_for_address(void *ctx)
{
    (void)ctx;
    CHECK(fa_stack_up_wait(&world.a.stack, FA_NS_NEVER) == FA_OK);
    fa_loop_stop(&loop, 5);
}

static void serve(void *ctx)
{
    (void)ctx;
    for (int turn = 0; turn < 1000 && !fa_stack_is_up(&world.a.stack); turn++) {
        fa_fiber_yield();
        for (struct fa_buf *buf; (buf = world_sniff()) != NULL;) {
            hear(fa_buf_slice(buf));
            fa_buf_drop(buf);
        }
    }
    CHECK(fa_stack_is_up(&world.a.stack));
    fa_fiber_yield();
    fa_loop_stop(&loop, 6); // too late: the other one was not woken
}

T(who_waits_for_the_address_is_woken_when_it_is_there)
{
    begin();
    fa_loop_init(&loop, &(struct fa_loop_config){.fibers.fiber_count_max = 2});
    fa_stack_start(&world.a.stack, &loop);
    REQUIRE(fa_fiber_spawn(&loop.fibers, wait_for_address, NULL, NULL) == FA_OK);
    REQUIRE(fa_fiber_spawn(&loop.fibers, serve, NULL, NULL) == FA_OK);
    CHECK_EQ(fa_loop_run(&loop), 5);
    world_close();
}
