// SPDX-License-Identifier: ISC
//
// Which of our addresses a connection speaks from: another one where the ports of the first have
// run out, and one of the interface that a link-local target is named with.

#include "fa/stack.h"

#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    PORTS = 32768, /* that a connect chooses from */
    CONNS = 2 * PORTS + 1,
    BUCKETS = 65536,
    A2 = 0x0a000032, /* of the network that WORLD_A is of */
    A3 = 0x0a000033,
    OTHER = 0x0a010001, /* of another one */
};

static _Alignas(64) uint8_t conn_memory[(size_t)CONNS * FA_TCP_CONN_BYTES];
static uint32_t buckets[BUCKETS];
static struct fa_flow *flows[CONNS];

static struct fa_ip local_of(const struct fa_flow *flow)
{
    struct fa_tcp_info info;
    fa_tcp_info_of(flow, &info);
    return info.local.ip;
}

T(more_connections_than_ports_speak_from_several_addresses)
{
    static const uint32_t locals[] = {WORLD_A, OTHER, A2, A3};
    size_t counts[FA_COUNT_OF(locals)] = {0};
    struct fa_endpoint to = world_at(WORLD_B, 80);
    struct fa_flow *none;
    world_open_wire();
    struct fa_stack_config config = world_config(&world.a, WORLD_A);
    for (size_t i = 1; i < FA_COUNT_OF(locals); i++) {
        config.ifaces[0].more4.at[i - 1] = (struct fa_addr_net){fa_ip4_ip(locals[i]), 24};
    }
    config.tcp = (struct fa_tcp_config){
        .conn_memory = conn_memory,
        .conn_count_max = CONNS,
        .bucket_memory = buckets,
        .bucket_count = BUCKETS,
    };
    fa_stack_init(&world.a.stack, &config, world.now);
    world_settle();
    for (size_t i = 0; i < CONNS; i++) {
        REQUIRE(fa_stack_connect(&world.a.stack, &to, &flows[i]) == FA_OK);
        for (size_t k = 0; k < FA_COUNT_OF(locals); k++) {
            struct fa_ip local = local_of(flows[i]);
            counts[k] += fa_ip4_of(&local) == locals[k];
        }
    }
    CHECK_EQ(counts[0], PORTS);
    CHECK_EQ(counts[1], 0); // its answers may not come back
    CHECK_EQ(counts[2], PORTS);
    CHECK_EQ(counts[3], 1);
    CHECK_EQ(fa_stack_connect(&world.a.stack, &to, &none), FA_ENOSPC); // no memory
    fa_flow_abort(flows[CONNS - 1]);
    // Who names an address means it.
    struct fa_tcp_connect_config named = {.remote = to, .local = fa_ip4_ip(WORLD_A)};
    CHECK_EQ(fa_stack_connect_from(&world.a.stack, &named, &none), FA_ENOSPC);
    // A port that is free again is of the first.
    fa_flow_abort(flows[7]);
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &flows[7]) == FA_OK);
    struct fa_ip local = local_of(flows[7]);
    CHECK_EQ(fa_ip4_of(&local), WORLD_A);
    for (size_t i = 0; i < CONNS - 1; i++) {
        fa_flow_abort(flows[i]);
    }
    world_close();
}

static struct fa_ip link_local(const struct station *station, uint32_t iface)
{
    const struct fa_addrs *addrs = &station->stack.ifaces[iface].addrs;
    for (uint32_t i = 0; i < addrs->count; i++) {
        if (addrs->at[i].origin == FA_ADDR_LINK_LOCAL && fa_addr_is_usable(&addrs->at[i])) {
            return addrs->at[i].ip;
        }
    }
    t_fail(__FILE__, __LINE__, "no link-local address");
    return (struct fa_ip){{0}};
}

static struct fa_stack_config config6(struct station *station, uint64_t seed)
{
    struct fa_stack_config config = world_config(station, WORLD_A);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].ipv4_off = true;
    config.ifaces[0].ra_off = true;
    config.seed = seed;
    return config;
}

T(a_link_local_target_is_reached_over_the_interface_that_is_named)
{
    struct fa_tcp_listener listener;
    world_open_wire();
    struct fa_stack_config config = config6(&world.a, 1);
    config.iface_count = 2;
    config.ifaces[1] = config.ifaces[0];
    config.ifaces[1].dev = world.m.dev;
    fa_stack_init(&world.a.stack, &config, world.now);
    config = config6(&world.b, 2);
    fa_stack_init(&world.b.stack, &config, world.now);
    world_run(10 * FA_NS_S);
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener,
                &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
    for (uint8_t iface = 0; iface < 3; iface++) {
        struct fa_tcp_connect_config to = {.remote = {link_local(&world.b, 0), 80}, .iface = iface};
        struct fa_flow *ends[2];
        fa_err err = fa_stack_connect_from(&world.a.stack, &to, &ends[0]);
        if (iface == 2) {
            CHECK_EQ(err, FA_ENOENT); // there is none
            continue;
        }
        REQUIRE(err == FA_OK);
        world_settle();
        REQUIRE(fa_listener_accept(&listener.listener, &ends[1]) == FA_OK);
        struct fa_ip local = local_of(ends[0]);
        struct fa_ip want = link_local(&world.a, iface);
        CHECK(fa_ip_equal(&local, &want));
        fa_flow_abort(ends[0]);
        fa_flow_abort(ends[1]);
        world_settle();
    }
    fa_listener_close(&listener.listener);
    world_close();
}
