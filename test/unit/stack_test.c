// SPDX-License-Identifier: ISC
//
// The stack: between stations, to itself, over routes, by full devices, under TCP.

#include "fa/stack.h"

#include "src/net/stack_priv.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

static const struct fa_ip any;

/* ---- between two stacks ---- */

T(ping_is_answered)
{
    struct fa_ping ping;
    fa_ns rtt;
    world_open();
    struct fa_ip to = fa_ip4_ip(WORLD_B);
    fa_ping_start(&world.a.stack.icmp, &ping, &to, 1400);
    world_settle();
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_OK);
    CHECK_EQ(COUNTED(&world.b, icmp_rx_echoes), 1);
    CHECK_EQ(COUNTED(&world.b, icmp_tx_answers), 1);
    CHECK_EQ(COUNTED(&world.a, ip_tx_packets), 1);
    CHECK_EQ(COUNTED(&world.a, ip4_rx_packets), 1);
    CHECK_EQ(COUNTED(&world.b, arp_tx_replies), 1);
    CHECK_EQ(COUNTED(&world.a, arp_tx_requests), 1);
    CHECK_EQ(COUNTED(&world.b, arp_tx_requests), 1); // what it learned is confirmed when used
    fa_ping_stop(&ping);
    world_close();
}

T(datagrams_go_both_ways)
{
    struct fa_udp_socket client;
    struct fa_udp_socket server;
    struct fa_udp_from from;
    world_open();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    REQUIRE(world_bind(&world.b, &server, 53) == FA_OK);
    CHECK_EQ(world_send(&client, "question", world_at(WORLD_B, 53)), FA_OK);
    world_settle();
    REQUIRE(world_recv(&server, "question", &from));
    CHECK_EQ(fa_ip4_of(&from.remote.ip), WORLD_A);
    CHECK_EQ(fa_ip4_of(&from.local.ip), WORLD_B);
    CHECK_EQ(fa_udp_send(&server, FA_LIT("answer"), &from.local.ip, &from.remote), FA_OK);
    world_settle();
    CHECK(world_recv(&client, "answer", &from));
    fa_udp_close(&client);
    fa_udp_close(&server);
    world_close();
}

T(packets_wait_for_their_neighbour_and_leave_together)
{
    struct fa_udp_socket client;
    struct fa_udp_socket server;
    world_open();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    REQUIRE(world_bind(&world.b, &server, 53) == FA_OK);
    CHECK_EQ(world_send(&client, "1", world_at(WORLD_B, 53)), FA_OK);
    CHECK_EQ(world_send(&client, "2", world_at(WORLD_B, 53)), FA_OK);
    CHECK_EQ(world_send(&client, "3", world_at(WORLD_B, 53)), FA_OK);
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(COUNTED(&world.a, arp_tx_requests), 1);
    CHECK_EQ(world.a.stack.ifaces[0].arp.neigh.parked_count, 3);
    world_settle();
    CHECK(world_recv(&server, "1", NULL));
    CHECK(world_recv(&server, "2", NULL));
    CHECK(world_recv(&server, "3", NULL));
    CHECK_EQ(COUNTED(&world.a, arp_tx_requests), 1);
    fa_udp_close(&client);
    fa_udp_close(&server);
    world_close();
}

T(a_datagram_to_a_closed_port_is_refused)
{
    struct fa_udp_socket client;
    world_open();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    CHECK_EQ(world_send(&client, "anybody?", world_at(WORLD_B, 9)), FA_OK);
    world_settle();
    CHECK_EQ(client.refused_count, 1);
    CHECK_EQ(COUNTED(&world.a, udp_tx_datagrams), 1);
    CHECK_EQ(COUNTED(&world.a, udp_refused), 1);
    CHECK_EQ(COUNTED(&world.a, icmp_rx_unreachable), 1);
    CHECK_EQ(COUNTED(&world.b, udp_rx_no_socket), 1);
    fa_udp_close(&client);
    world_close();
}

T(a_neighbour_that_is_not_there_costs_three_requests_and_no_buffers)
{
    struct fa_udp_socket client;
    world_open();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    CHECK_EQ(world_send(&client, "anybody?", world_at(0x0a000063, 9)), FA_OK);
    world_run(10 * FA_NS_S);
    CHECK_EQ(COUNTED(&world.a, arp_tx_requests), 3);
    CHECK_EQ(COUNTED(&world.a, neigh_tx_unresolved), 1);
    CHECK_EQ(world.a.pool.used_count, 0);
    fa_udp_close(&client);
    world_close();
}

T(a_connection_to_a_neighbour_that_is_not_there_fails_within_seconds)
{
    struct fa_flow *flow;
    struct fa_ping ping;
    uint8_t *at;
    size_t cap;
    fa_ns rtt;
    world_open();
    struct fa_endpoint nobody = world_at(0x0a000063, 80);
    REQUIRE(fa_stack_connect(&world.a.stack, &nobody, &flow) == FA_OK);
    fa_ping_start(&world.a.stack.icmp, &ping, &nobody.ip, 8);
    world_run(FA_NEIGH_TRY_COUNT_MAX * FA_NEIGH_RETRY_NS - 1);
    CHECK_EQ(fa_flow_reserve(flow, &at, &cap), FA_AGAIN);
    world_run(2);
    CHECK_EQ(fa_flow_reserve(flow, &at, &cap), FA_EREFUSED);
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_EREFUSED);
    fa_flow_abort(flow);
    fa_ping_stop(&ping);
    world_close();
}

T(broadcasts_reach_everybody_who_listens)
{
    struct fa_udp_socket client;
    struct fa_udp_socket server;
    struct fa_udp_from from;
    world_open();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    REQUIRE(world_bind(&world.b, &server, 53) == FA_OK);
    struct fa_ip all_hosts = fa_ip4(224, 0, 0, 1);
    REQUIRE(fa_udp_join(&server, &all_hosts, 0) == FA_OK);
    static const uint32_t targets[] = {0xffffffff, 0x0a0000ff, 0xe0000001};
    for (size_t i = 0; i < FA_COUNT_OF(targets); i++) {
        CHECK_EQ(world_send(&client, "all", world_at(targets[i], 53)), FA_OK);
        world_settle();
        REQUIRE(world_recv(&server, "all", &from));
        CHECK_EQ(fa_ip4_of(&from.remote.ip), WORLD_A);
        CHECK(fa_ip_is_zero(&from.local.ip));
    }
    CHECK_EQ(COUNTED(&world.a, arp_tx_requests), 0);
    static const uint8_t group_mac[FA_MAC_LEN] = {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03};
    world_sniff_nothing();
    CHECK_EQ(world_send(&client, "some", world_at(0xef810203, 53)), FA_OK);
    world_settle();
    struct fa_buf *buf = world_sniff();
    REQUIRE(buf != NULL);
    CHECK(fa_mac_equal(fa_buf_at(buf), group_mac));
    fa_buf_drop(buf);
    fa_udp_close(&client);
    fa_udp_close(&server);
    world_close();
}

T(a_quiet_stack_has_nothing_to_do_and_no_deadline)
{
    world_open();
    CHECK(!fa_stack_poll(&world.a.stack, world.now));
    CHECK(fa_stack_deadline(&world.a.stack) == FA_NS_NEVER);
    world_close();
}

T(what_waits_to_be_sent_is_due_at_once)
{
    struct fa_udp_socket client;
    world_open();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    CHECK_EQ(world_send(&client, "x", world_at(WORLD_B, 9)), FA_OK);
    CHECK(fa_stack_deadline(&world.a.stack) <= world.now);
    fa_udp_close(&client);
    world_close();
}

/* ---- to ourselves ---- */

T(a_stack_talks_to_itself_without_the_wire)
{
    struct fa_udp_socket client;
    struct fa_udp_socket server;
    struct fa_udp_from from;
    static const uint32_t targets[] = {WORLD_A, 0x7f000001};
    world_open();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    REQUIRE(world_bind(&world.a, &server, 53) == FA_OK);
    long long frames = COUNTED(&world.a, net_tx_frames);
    for (size_t i = 0; i < FA_COUNT_OF(targets); i++) {
        CHECK_EQ(world_send(&client, "me", world_at(targets[i], 53)), FA_OK);
        world_settle();
        REQUIRE(world_recv(&server, "me", &from));
        CHECK_EQ(fa_ip4_of(&from.remote.ip), targets[i]);
        CHECK_EQ(fa_udp_send(&server, FA_LIT("too"), &from.local.ip, &from.remote), FA_OK);
        world_settle();
        CHECK(world_recv(&client, "too", NULL));
    }
    CHECK_EQ(COUNTED(&world.a, net_tx_frames), frames);
    fa_udp_close(&client);
    fa_udp_close(&server);
    world_close();
}

T(what_waits_for_ourselves_is_bounded)
{
    struct fa_udp_socket client;
    world_open();
    struct fa_udp_socket_config config = {.pool = &world.a.pool, .tx_count_max = 200};
    REQUIRE(fa_udp_bind(&world.a.stack.udp, &client, &config) == FA_OK);
    for (int i = 0; i < FA_STACK_LOOPBACK_COUNT_MAX + 10; i++) {
        CHECK_EQ(world_send(&client, "x", world_at(WORLD_A, client.config.port)), FA_OK);
    }
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(COUNTED(&world.a, ip_tx_loopback_full), 10);
    CHECK_EQ(world.a.stack.loopback_count, FA_STACK_LOOPBACK_COUNT_MAX);
    world_settle();
    CHECK_EQ(client.rx_count, FA_STACK_LOOPBACK_COUNT_MAX);
    fa_udp_close(&client);
    world_close();
}

/* ---- sending ---- */

/* Send from a to b. Returns: packets that reached b's UDP, in all. */
static long long send_to_b(struct fa_udp_socket *socket)
{
    CHECK_EQ(world_send(socket, "x", world_at(WORLD_B, 9)), FA_OK);
    world_settle();
    return COUNTED(&world.b, udp_rx_no_socket);
}

T(a_known_way_ends_with_the_neighbour_the_address_or_the_second)
{
    static const uint8_t moved[FA_MAC_LEN] = {2, 0, 0, 0, 0, 0x77};
    struct fa_udp_socket socket;
    struct fa_ip b = fa_ip4_ip(WORLD_B);
    world_open();
    REQUIRE(world_bind(&world.a, &socket, 0) == FA_OK);
    struct fa_stack *stack = &world.a.stack;
    struct fa_neigh *neigh = &stack->ifaces[0].arp.neigh;
    CHECK_EQ(send_to_b(&socket), 1); // parked, and sent when b answered
    CHECK_EQ(send_to_b(&socket), 2); // the slow way
    struct fa_ip_meta meta = {.local = fa_ip4_ip(WORLD_A), .remote = b};
    CHECK(fa__stack_path_find(stack, world.now, &meta) != NULL);
    CHECK(fa__stack_path_find(stack, world.now + FA_NS_S, &meta) == NULL);
    CHECK_EQ(send_to_b(&socket), 3); // the known way
    fa_neigh_confirm(neigh, fa_neigh_find(neigh, &b), world.now, moved);
    CHECK(fa__stack_path_find(stack, world.now, &meta) == NULL);
    CHECK_EQ(send_to_b(&socket), 3); // nobody has the new address
    CHECK_EQ(send_to_b(&socket), 3);
    CHECK(fa__stack_path_find(stack, world.now, &meta) != NULL);
    const struct fa_route route = {.prefix = fa_ip4_ip(0xc0000200), .prefix_bits = 24};
    CHECK_EQ(fa_stack_route_add(stack, &route), FA_OK);
    CHECK(fa__stack_path_find(stack, world.now, &meta) == NULL);
    CHECK_EQ(send_to_b(&socket), 3);
    fa_neigh_suggest(neigh, fa_neigh_find(neigh, &b), world.now, world.b.port.dev.info.mac);
    CHECK(fa__stack_path_find(stack, world.now, &meta) == NULL);
    CHECK_EQ(send_to_b(&socket), 4);
    fa_udp_close(&socket);
    world_close();
}

T(what_cannot_be_sent_is_dropped_by_name)
{
    static uint8_t big[1480];
    struct fa_udp_socket socket;
    static const uint8_t far6[16] = {0x20, 1};
    world_open();
    REQUIRE(world_bind(&world.a, &socket, 0) == FA_OK);
    CHECK_EQ(world_send(&socket, "x", world_at(0xc0000201, 9)), FA_OK);
    CHECK_EQ(world_send(&socket, "x", world_at(0x00000001, 9)), FA_OK);
    struct fa_endpoint to6 = {.port = 9};
    fa_copy(to6.ip.b, far6, sizeof far6);
    CHECK_EQ(world_send(&socket, "x", to6), FA_OK);
    struct fa_ip other = fa_ip4_ip(WORLD_M);
    struct fa_endpoint to = world_at(WORLD_B, 9);
    CHECK_EQ(fa_udp_send(&socket, FA_LIT("x"), &other, &to), FA_OK);
    socket.config.dont_fragment = true;
    CHECK_EQ(fa_udp_send(&socket, (struct fa_slice){big, 1473}, &any, &to), FA_OK);
    CHECK_EQ(fa_udp_send(&socket, (struct fa_slice){big, 1472}, &any, &to), FA_OK);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip_tx_no_route), 2);
    CHECK_EQ(COUNTED(&world.a, ip_tx_bad_target), 1);
    CHECK_EQ(COUNTED(&world.a, ip_tx_no_source), 1);
    CHECK_EQ(COUNTED(&world.a, ip_tx_too_big), 1);
    CHECK_EQ(COUNTED(&world.b, udp_rx_no_socket), 1); // the one that fits
    fa_udp_close(&socket);
    world_close();
}

T(packets_to_far_away_go_to_the_longest_matching_routes_gateway)
{
    static const struct {
        uint32_t prefix;
        uint8_t bits;
        uint32_t gateway;
    } routes[] = {
        {0xc0000200, 24, 0x0a000011},
        {0xc0000280, 25, 0x0a000012},
        {0xc0000281, 32, 0x0a000013},
        {0x00000000, 0, 0x0a000010},
    };
    static const uint32_t rows[][2] = {{0xc0000201, 0x0a000011}, {0xc0000280, 0x0a000012},
        {0xc0000281, 0x0a000013}, {0xc0000282, 0x0a000012}, {0xc0000301, 0x0a000010},
        {0x08080808, 0x0a000010}, {0x0a000063, 0x0a000063}};
    world_open();
    for (size_t i = 0; i < FA_COUNT_OF(routes); i++) {
        struct fa_route route = {.prefix = fa_ip4_ip(routes[i].prefix),
            .prefix_bits = routes[i].bits,
            .gateway = fa_ip4_ip(routes[i].gateway)};
        CHECK_EQ(fa_stack_route_add(&world.a.stack, &route), FA_OK);
    }
    struct fa_udp_socket socket;
    REQUIRE(world_bind(&world.a, &socket, 0) == FA_OK);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        world_sniff_nothing();
        world.now += FA_NS_S * 5;
        CHECK_EQ(world_send(&socket, "x", world_at(rows[i][0], 9)), FA_OK);
        world_settle();
        struct fa_buf *buf = world_sniff();
        struct fa_arp_packet arp;
        REQUIRE(buf != NULL);
        CHECK(fa_arp_packet_decode(fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN), &arp) ==
              FA_ARP_PACKET_GOOD);
        CHECK_EQ(arp.target_ip, rows[i][1]);
        fa_buf_drop(buf);
        world_run(5 * FA_NS_S); // it does not answer
    }
    fa_udp_close(&socket);
    world_close();
}

T(routes_that_make_no_sense_are_refused_and_their_number_is_bounded)
{
    world_open();
    struct fa_route good = {.prefix = fa_ip4_ip(0xc0000200), .prefix_bits = 24};
    struct fa_route route = good;
    route.iface = 1;
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &route), FA_EINVAL);
    route = good;
    route.prefix_bits = 33;
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &route), FA_EINVAL);
    route = good;
    route.gateway = fa_ip4_ip(0xe0000001);
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &route), FA_EINVAL);
    route = good;
    route.gateway.b[0] = 0x20; // of the other family
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &route), FA_EINVAL);
    for (uint32_t i = world.a.stack.route_count; i < FA_STACK_ROUTE_MAX; i++) {
        CHECK_EQ(fa_stack_route_add(&world.a.stack, &good), FA_OK);
    }
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &good), FA_ENOSPC);
    world_close();
}

T(of_two_routes_to_one_prefix_the_first_is_taken_until_it_is_gone)
{
    struct fa_route first = {
        .prefix = fa_ip4_ip(0xc0000200), .prefix_bits = 24, .gateway = fa_ip4_ip(WORLD_B)};
    struct fa_route second = first;
    second.gateway = fa_ip4_ip(WORLD_M);
    world_open();
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &first), FA_OK);
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &second), FA_OK);
    struct fa_udp_socket socket;
    REQUIRE(world_bind(&world.a, &socket, 9) == FA_OK);
    world_sniff_nothing();
    CHECK_EQ(world_send(&socket, "x", world_at(0xc0000207, 7)), FA_OK);
    world_settle();
    // b was asked for and got it; nobody asks for m.
    struct fa_buf *frame;
    while ((frame = world_sniff()) != NULL) {
        struct fa_arp_packet packet;
        struct fa_slice bytes = fa_slice_from(fa_buf_slice(frame), FA_ETH_HDR_LEN);
        CHECK(fa_arp_packet_decode(bytes, &packet) != FA_ARP_PACKET_GOOD ||
              packet.target_ip != WORLD_M);
        fa_buf_drop(frame);
    }
    CHECK_EQ(COUNTED(&world.b, ip4_rx_packets), 1);
    fa_udp_close(&socket);
    world_close();
}

T(our_own_address_as_gateway_leads_nowhere)
{
    world_open();
    struct fa_route route = {
        .prefix = fa_ip4_ip(0xc0000200), .prefix_bits = 24, .gateway = fa_ip4_ip(WORLD_A)};
    struct fa_ip remote = fa_ip4_ip(0xc0000201);
    struct fa_ip local;
    CHECK_EQ(fa_stack_route_add(&world.a.stack, &route), FA_OK);
    CHECK_EQ(fa_stack_source_for(&world.a.stack, &remote, &local), FA_ENOENT);
    world_close();
}

T(a_full_device_is_asked_again_and_nothing_is_lost)
{
    struct fa_udp_socket client;
    struct fa_udp_socket server;
    struct fa_buf *held[WORLD_BUF_COUNT];
    world_open();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    REQUIRE(world_bind(&world.b, &server, 53) == FA_OK);
    CHECK_EQ(world_send(&client, "hello", world_at(WORLD_B, 53)), FA_OK);
    world_settle();
    CHECK(world_recv(&server, "hello", NULL));
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(world_send(&client, "x", world_at(WORLD_B, 53)), FA_OK);
    }
    size_t count = 0;
    while (fa_buf_alloc(&world.a.pool, 0, &held[count]) == FA_OK) {
        count++;
    }
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(COUNTED(&world.a, net_tx_stalled), 1);
    CHECK_EQ(client.tx_count, 20);
    CHECK_EQ(fa_stack_deadline(&world.a.stack), world.now + FA_STACK_RETRY_NS);
    for (size_t i = 0; i < count; i++) {
        fa_buf_drop(held[i]);
    }
    world_run(2 * FA_STACK_RETRY_NS);
    CHECK_EQ(server.rx_count, 20);
    CHECK(fa_stack_deadline(&world.a.stack) == FA_NS_NEVER);
    fa_udp_close(&client);
    fa_udp_close(&server);
    world_close();
}

/* A card that has room for `room` more frames; the rest as the one inside. */
static struct {
    struct fa_netdev dev;
    struct fa_netdev *inner;
    size_t room;
} narrow;

static size_t narrow_rx(struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t max)
{
    (void)dev;
    return fa_netdev_rx(narrow.inner, now, ret_bufs, max);
}

static fa_err narrow_reserve(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    (void)dev;
    return narrow.room > 0 ? fa_netdev_tx_reserve(narrow.inner, ret_buf) : FA_AGAIN;
}

static void narrow_commit(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    (void)dev;
    CHECK(narrow.room > 0);
    narrow.room--;
    fa_netdev_tx_commit(narrow.inner, now, take);
}

static void narrow_flush(struct fa_netdev *dev, fa_ns now)
{
    (void)dev;
    fa_netdev_tx_flush(narrow.inner, now);
}

static fa_ns narrow_deadline(const struct fa_netdev *dev)
{
    (void)dev;
    return fa_netdev_deadline(narrow.inner);
}

static void narrow_close(struct fa_netdev *dev)
{
    (void)dev;
    fa_netdev_close(narrow.inner);
}

static const struct fa_netdev_ops narrow_ops = {.rx = narrow_rx,
    .tx_reserve = narrow_reserve,
    .tx_commit = narrow_commit,
    .tx_flush = narrow_flush,
    .deadline = narrow_deadline,
    .close = narrow_close};

T(transports_take_turns_when_the_device_takes_little)
{
    struct fa_udp_socket client;
    struct fa_udp_socket server;
    struct fa_ping pings[20];
    struct fa_ip to = fa_ip4_ip(WORLD_B);
    fa_ns rtt;
    world_open_wire();
    narrow.dev = *world.a.dev;
    narrow.dev.ops = &narrow_ops;
    narrow.inner = world.a.dev;
    narrow.room = 1000;
    world.a.dev = &narrow.dev;
    world_start(&world.a, WORLD_A);
    world_start(&world.b, WORLD_B);
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    REQUIRE(world_bind(&world.b, &server, 53) == FA_OK);
    CHECK_EQ(world_send(&client, "hello", world_at(WORLD_B, 53)), FA_OK);
    world_run(10 * FA_NS_S);
    CHECK(world_recv(&server, "hello", NULL));
    narrow.room = 0;
    for (size_t i = 0; i < FA_COUNT_OF(pings); i++) {
        fa_ping_start(&world.a.stack.icmp, &pings[i], &to, 0);
        CHECK_EQ(world_send(&client, "x", world_at(WORLD_B, 53)), FA_OK);
    }
    for (uint32_t sent = 0; sent < 10; sent++) {
        CHECK_EQ(client.tx_count, 20 - sent);
        CHECK_EQ(COUNTED(&world.a, icmp_tx_echoes), sent);
        for (int i = 0; i < 2; i++) {
            narrow.room = 1;
            fa_stack_poll(&world.a.stack, world.now);
        }
    }
    narrow.room = 1000;
    world_run(FA_NS_S);
    for (size_t i = 0; i < FA_COUNT_OF(pings); i++) {
        CHECK_EQ(fa_ping_result(&pings[i], &rtt), FA_OK);
        fa_ping_stop(&pings[i]);
    }
    CHECK_EQ(server.rx_count, 20);
    fa_udp_close(&client);
    fa_udp_close(&server);
    world_close();
}

/* ---- our address ---- */

static void claim(uint32_t ip)
{
    uint8_t bytes[FA_ARP_PACKET_LEN];
    struct fa_arp_packet packet = {.op = 1, .sender_ip = ip, .target_ip = ip};
    fa_copy(packet.sender_mac, world_mac(&world.m), FA_MAC_LEN);
    fa_arp_packet_encode(bytes, &packet);
    world_inject_frame(fa_mac_broadcast, FA_ETH_TYPE_ARP, (struct fa_slice){bytes, sizeof bytes});
}

T(a_static_address_is_announced_and_defended_once_in_ten_seconds)
{
    world_open();
    CHECK_EQ(COUNTED(&world.a, arp_tx_announcements), 2);
    for (int i = 0; i < 5; i++) {
        claim(WORLD_A);
        world_settle();
    }
    CHECK_EQ(COUNTED(&world.a, arp_conflicts), 5);
    CHECK_EQ(COUNTED(&world.a, arp_tx_announcements), 3);
    CHECK(fa_stack_is_up(&world.a.stack));
    world_run(11 * FA_NS_S);
    claim(WORLD_A);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, arp_tx_announcements), 4);
    world_close();
}

T(a_stopped_stack_is_silent)
{
    world_open();
    fa_stack_stop(&world.a.stack);
    CHECK(!fa_stack_is_up(&world.a.stack));
    world_sniff_nothing();
    struct fa_ping ping;
    fa_ns rtt;
    struct fa_ip to = fa_ip4_ip(WORLD_A);
    fa_ping_start(&world.b.stack.icmp, &ping, &to, 0);
    world_run(5 * FA_NS_S);
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_EREFUSED); // ARP found nobody
    fa_ping_stop(&ping);
    world_close();
}

/* ---- TCP on top ---- */

T(a_connection_stands_and_carries_bytes_both_ways)
{
    struct fa_tcp_listener listener;
    struct fa_flow *client;
    struct fa_flow *server;
    struct fa_slice seen;
    uint8_t *room;
    size_t cap;
    world_open();
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener,
                &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
    struct fa_endpoint to = world_at(WORLD_B, 80);
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
    world_settle();
    REQUIRE(fa_listener_accept(&listener.listener, &server) == FA_OK);
    REQUIRE(fa_flow_reserve(client, &room, &cap) == FA_OK);
    room[0] = 'q';
    fa_flow_commit(client, 1);
    world_settle();
    REQUIRE(fa_flow_peek(server, &seen) == FA_OK);
    CHECK(seen.len == 1 && seen.at[0] == 'q');
    fa_flow_done(server, 1);
    fa_flow_close(server);
    world_settle();
    CHECK_EQ(fa_flow_peek(client, &seen), FA_ECLOSED);
    fa_flow_close(client);
    world_run(FA_NS_S);
    fa_listener_close(&listener.listener);
    world_close();
}

T(a_connection_to_a_closed_port_is_refused)
{
    struct fa_flow *client;
    struct fa_slice seen;
    world_open();
    struct fa_endpoint to = world_at(WORLD_B, 81);
    struct fa_endpoint nowhere = world_at(0xc0000201, 80);
    CHECK_EQ(fa_stack_connect(&world.a.stack, &nowhere, &client), FA_ENOENT);
    struct fa_endpoint group = world_at(0xe0000001, 80);
    CHECK_EQ(fa_stack_connect(&world.a.stack, &group, &client), FA_ENOENT);
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
    world_settle();
    CHECK_EQ(fa_flow_peek(client, &seen), FA_EREFUSED);
    fa_flow_close(client);
    world_close();
}

T(a_stack_connects_to_itself)
{
    struct fa_tcp_listener listener;
    struct fa_flow *client;
    struct fa_flow *server;
    static const uint32_t targets[] = {WORLD_A, 0x7f000001};
    world_open();
    REQUIRE(fa_tcp_listen(&world.a.stack.tcp, &listener,
                &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
    for (size_t i = 0; i < FA_COUNT_OF(targets); i++) {
        struct fa_endpoint to = world_at(targets[i], 80);
        REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
        world_settle();
        REQUIRE(fa_listener_accept(&listener.listener, &server) == FA_OK);
        fa_flow_abort(client);
        world_settle();
        struct fa_slice seen;
        CHECK_EQ(fa_flow_peek(server, &seen), FA_ERESET);
        fa_flow_close(server);
    }
    fa_listener_close(&listener.listener);
    world_close();
}

T(stopping_the_stack_resets_its_connections)
{
    struct fa_tcp_listener listener;
    struct fa_flow *client;
    struct fa_flow *server;
    struct fa_slice seen;
    world_open();
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener,
                &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
    struct fa_endpoint to = world_at(WORLD_B, 80);
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
    world_settle();
    REQUIRE(fa_listener_accept(&listener.listener, &server) == FA_OK);
    fa_stack_stop(&world.b.stack);
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(fa_flow_peek(client, &seen), FA_ERESET);
    fa_flow_close(client);
    fa_flow_close(server);
    fa_listener_close(&listener.listener);
    world_close();
}

/* ---- two interfaces ---- */

/* A stack at both ends of the switch: 10.0.0.1/24 and 10.0.1.1/24. */
static void open_twice(void)
{
    world_open_wire();
    struct fa_stack_config config = {
        .iface_count = 2,
        .ifaces = {{.dev = world.a.dev, .ip = fa_ip4_ip(WORLD_A), .prefix_bits = 24},
            {.dev = world.b.dev, .ip = fa_ip4(10, 0, 1, 1), .prefix_bits = 24}},
        .pool = &world.a.pool,
        .counters = &world.a.counters,
        .seed = 7,
        .tcp = world_tcp_config(),
    };
    fa_stack_init(&world.a.stack, &config, world.now);
    world_run(10 * FA_NS_S);
    world_sniff_nothing();
}

T(packets_leave_by_the_interface_that_has_their_source)
{
    static const struct {
        uint32_t target;
        uint32_t local;
        int idx; // of the interface that asks for a neighbour; -1: no way
    } rows[] = {
        {0x0a000063, 0, 0},
        {0x0a000163, 0, 1},
        {0x0a000063, WORLD_A, 0},
        {0x0a000163, 0x0a000101, 1},
        {0x0a000163, WORLD_A, -1},
        {0x0a000063, 0x0a000101, -1},
    };
    struct fa_udp_socket socket;
    open_twice();
    REQUIRE(world_bind(&world.a, &socket, 0) == FA_OK);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip local = rows[i].local != 0 ? fa_ip4_ip(rows[i].local) : any;
        struct fa_endpoint to = world_at(rows[i].target, 9);
        long long lost = COUNTED(&world.a, ip_tx_no_route);
        CHECK_EQ(fa_udp_send(&socket, FA_LIT("x"), &local, &to), FA_OK);
        world_settle();
        CHECK_EQ(COUNTED(&world.a, ip_tx_no_route) - lost, rows[i].idx < 0);
        for (int idx = 0; idx < 2; idx++) {
            CHECK_EQ(world.a.stack.ifaces[idx].arp.neigh.incomplete_count, idx == rows[i].idx);
        }
        world_run(5 * FA_NS_S);
    }
    fa_udp_close(&socket);
    world_close();
}

T(an_address_is_reached_by_its_own_interface_alone)
{
    struct fa_ip4_header ip = {
        .source = WORLD_M, .target = 0x0a000101, .protocol = FA_IP_PROTO_UDP};
    open_twice();
    world_inject(
        world_mac(&world.a), &ip, world_datagram(WORLD_M, 0x0a000101, 1, 7, FA_LIT("x")), 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_not_for_us), 1);
    ip.source = 0x0a000101; // that of the other interface
    ip.target = WORLD_A;
    world_inject(
        world_mac(&world.a), &ip, world_datagram(ip.source, ip.target, 1, 7, FA_LIT("x")), 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_own_source), 1);
    world_close();
}

T(broadcasts_leave_by_the_interface_of_the_bound_address)
{
    struct fa_udp_socket socket;
    open_twice();
    for (int i = 0; i < 2; i++) {
        struct fa_udp_socket_config config = {
            .ip = world.a.stack.ifaces[i].ip, .port = 7, .broadcast = true, .pool = &world.a.pool};
        REQUIRE(fa_udp_bind(&world.a.stack.udp, &socket, &config) == FA_OK);
        CHECK_EQ(world_send(&socket, "x", world_at(FA_IP4_BROADCAST, 9)), FA_OK);
        world_settle();
        struct fa_buf *buf = world_sniff();
        REQUIRE(buf != NULL);
        CHECK(fa_mac_equal(
            fa_buf_at(buf) + FA_MAC_LEN, world.a.stack.ifaces[i].config.dev->info.mac));
        fa_buf_drop(buf);
        fa_udp_close(&socket);
    }
    world_close();
}
