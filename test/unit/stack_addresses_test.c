// SPDX-License-Identifier: ISC
//
// Several IPv4 addresses of one interface: each is ours, and the right one speaks.

#include "fa/stack.h"

#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    A2 = 0x0a010001, /* 10.1.0.1/24, second of a */
    A3 = 0x0a000032, /* 10.0.0.50/24, third of a: of the first one's network */
    B2 = 0x0a010002, /* 10.1.0.2/24, second of b */
};

static struct fa_stack_config config_of(struct station *station, uint32_t ip, uint32_t second)
{
    struct fa_stack_config config = world_config(station, ip);
    config.ifaces[0].more4.at[0] = (struct fa_addr_net){fa_ip4_ip(second), 24};
    return config;
}

static void open_several(void)
{
    world_open_wire();
    struct fa_stack_config config = config_of(&world.a, WORLD_A, A2);
    config.ifaces[0].more4.at[1] = (struct fa_addr_net){fa_ip4_ip(A3), 24};
    config.ifaces[0].gateway = fa_ip4_ip(0x0a0100fe);
    fa_stack_init(&world.a.stack, &config, world.now);
    config = config_of(&world.b, WORLD_B, B2);
    fa_stack_init(&world.b.stack, &config, world.now);
    world_settle();
}

T(what_makes_no_sense_is_refused)
{
    const char *reason = "";
    world_open_wire();
    struct fa_stack_config config = config_of(&world.a, WORLD_A, A2);
    struct fa_iface_config *iface = &config.ifaces[0];
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_OK);
    iface->gateway = fa_ip4_ip(A2);
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_EINVAL);
    CHECK_TEXT(fa_slice_of(reason), "--ipv4-gateway is the address of this interface itself");
    config = config_of(&world.a, WORLD_A, WORLD_A);
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_EINVAL);
    CHECK_TEXT(fa_slice_of(reason), "--ipv4 names an address twice");
    config = config_of(&world.a, WORLD_A, A2);
    iface->more4.at[1] = iface->more4.at[0];
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_EINVAL);
    iface->more4.at[1] = (struct fa_addr_net){fa_ip4_ip(0x0a0200ff), 24};
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_EINVAL);
    CHECK_TEXT(fa_slice_of(reason), "--ipv4 names a whole network or all of its stations, not one");
    config = world_config(&world.a, 0);
    iface->more4.at[0] = (struct fa_addr_net){fa_ip4_ip(A2), 24};
    CHECK_EQ(fa_stack_config_check(&config, &reason), FA_EINVAL);
    CHECK_TEXT(fa_slice_of(reason), "--ipv4 is either dhcp or addresses, not both");
    world_close();
}

T(the_address_of_the_next_hops_network_speaks)
{
    static const uint32_t rows[][2] = {
        {0x0a000063, WORLD_A}, {0x0a010063, A2},
        {0x08080808, A2}, // by the router, which is of the second network
        {WORLD_B, WORLD_A}, {A3, A3},
        {0xef010203, A2}, // a group beyond the link: by the router, too
    };
    open_several();
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip to = fa_ip4_ip(rows[i][0]);
        struct fa_ip local;
        CHECK_EQ(fa_stack_source_for(&world.a.stack, &to, &local), FA_OK);
        CHECK_EQ(fa_ip4_of(&local), rows[i][1]);
    }
    struct fa_ip shown = fa_stack_address(&world.a.stack, 0);
    CHECK_EQ(fa_ip4_of(&shown), WORLD_A);
    world_close();
}

T(each_address_is_announced_asked_for_and_answered_from)
{
    struct fa_udp_socket a;
    struct fa_udp_socket b;
    struct fa_udp_from from;
    static const uint32_t targets[] = {WORLD_A, A2, A3};
    open_several();
    CHECK_EQ(COUNTED(&world.a, arp_tx_announcements), 3);
    REQUIRE(world_bind(&world.a, &a, 7) == FA_OK && world_bind(&world.b, &b, 0) == FA_OK);
    for (size_t i = 0; i < FA_COUNT_OF(targets); i++) {
        struct fa_ip target = fa_ip4_ip(targets[i]);
        CHECK(fa_stack_has_address(&world.a.stack, &target));
        CHECK_EQ(world_send(&b, "question", world_at(targets[i], 7)), FA_OK);
        world_settle();
        REQUIRE(world_recv(&a, "question", &from));
        CHECK_EQ(fa_ip4_of(&from.local.ip), targets[i]);
        CHECK_EQ(fa_ip4_of(&from.remote.ip), targets[i] == A2 ? B2 : WORLD_B);
        CHECK_EQ(fa_udp_send(&a, FA_LIT("answer"), &from.local.ip, &from.remote), FA_OK);
        world_settle();
        REQUIRE(world_recv(&b, "answer", &from));
        CHECK_EQ(fa_ip4_of(&from.remote.ip), targets[i]);
    }
    fa_udp_close(&a);
    fa_udp_close(&b);
    world_close();
}

T(connections_are_to_one_of_them)
{
    struct fa_tcp_listener listener;
    struct fa_flow *client;
    struct fa_flow *server;
    struct fa_tcp_info info;
    struct fa_endpoint to = world_at(B2, 80);
    open_several();
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener,
                &(struct fa_tcp_listen_config){.ip = to.ip, .port = 80}) == FA_OK);
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
    world_settle();
    REQUIRE(fa_listener_accept(&listener.listener, &server) == FA_OK);
    fa_tcp_info_of(server, &info);
    CHECK_EQ(fa_ip4_of(&info.remote.ip), A2);
    fa_flow_abort(client);
    fa_flow_abort(server);
    to = world_at(WORLD_B, 80); // not listened to there
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
    world_settle();
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(client, &seen), FA_EREFUSED);
    fa_flow_close(client);
    fa_listener_close(&listener.listener);
    world_close();
}

T(all_stations_of_each_network_are_all)
{
    static const uint32_t targets[] = {0x0a0000ff, 0x0a0100ff, 0x0a0200ff};
    struct fa_udp_socket a;
    struct fa_udp_socket b;
    struct fa_udp_from from;
    open_several();
    REQUIRE(world_bind(&world.a, &a, 0) == FA_OK && world_bind(&world.b, &b, 7) == FA_OK);
    for (size_t i = 0; i < FA_COUNT_OF(targets); i++) {
        CHECK_EQ(world_send(&a, "all", world_at(targets[i], 7)), FA_OK);
        world_settle();
        CHECK_EQ(world_recv(&b, "all", &from), i < 2);
        CHECK(i == 2 || fa_ip4_of(&from.remote.ip) == (i == 0 ? (uint32_t)WORLD_A : (uint32_t)A2));
    }
    // None of them is a source (RFC 1122 3.2.1.3).
    struct fa_ip4_header ip = {.source = 0x0a0100ff, .target = A2, .protocol = FA_IP_PROTO_UDP};
    world_inject(world_mac(&world.a), &ip, world_datagram(ip.source, A2, 1, 7, FA_LIT("x")), 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_martian), 1);
    fa_udp_close(&a);
    fa_udp_close(&b);
    world_close();
}
