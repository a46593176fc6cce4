// SPDX-License-Identifier: ISC
//
// UDP and what asks over it where IPv6 is spoken: groups, scopes, errors; names and connections of
// both families.

#include "fa/fiber.h"
#include "fa/happy.h"
#include "fa/wire/ip6.h"
#include "fa/wire/udp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    PORT = 5353,
};

static const struct fa_ip mdns6 = {{0xff, 2, [15] = 0xfb}};
static struct fa_udp_socket a;
static struct fa_udp_socket b;

static struct fa_ip ip6_of(uint8_t number)
{
    return (struct fa_ip){{0x20, 0x01, 0x0d, 0xb8, [15] = number}};
}

/* A station with 10.0.0.NUMBER and 2001:db8::NUMBER. */
static void start_both(struct station *station, uint8_t number)
{
    struct fa_stack_config config = world_config(station, 0x0a000000u | number);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].ra_off = true;
    config.ifaces[0].more.at[0] = (struct fa_addr_net){ip6_of(number), 64};
    config.seed = number;
    fa_stack_init(&station->stack, &config, world.now);
}

static void open_both(void)
{
    world_open_wire();
    start_both(&world.a, 1);
    start_both(&world.b, 2);
    world_run(10 * FA_NS_S);
    world_sniff_nothing();
}

static struct fa_ip link_local(const struct station *station)
{
    const struct fa_addrs *addrs = &station->stack.ifaces[0].addrs;
    for (uint32_t i = 0; i < addrs->count; i++) {
        if (addrs->at[i].origin == FA_ADDR_LINK_LOCAL) {
            return addrs->at[i].ip;
        }
    }
    return (struct fa_ip){{0}};
}

static fa_err recv_nothing(struct fa_udp_socket *socket)
{
    struct fa_buf *buf;
    struct fa_udp_from from;
    fa_err err = fa_udp_recv(socket, &buf, &from);
    if (err == FA_OK) {
        fa_buf_drop(buf);
    }
    return err;
}

T(a_refusal_by_icmpv6_is_told_to_the_owner)
{
    open_both();
    struct fa_endpoint remote = {ip6_of(2), 9};
    REQUIRE(world_bind(&world.a, &a, 0) == FA_OK);
    REQUIRE(fa_udp_connect(&a, &remote) == FA_OK);
    CHECK_EQ(fa_udp_send(&a, FA_LIT("?"), NULL, NULL), FA_OK);
    world_settle();
    CHECK_EQ(recv_nothing(&a), FA_EREFUSED);
    CHECK(fa_ip_equal(&a.error.remote.ip, &remote.ip));
    fa_udp_close(&a);
    world_close();
}

T(groups_of_ipv6_are_reported_heard_and_left)
{
    struct fa_udp_from from;
    open_both();
    REQUIRE(world_bind(&world.a, &a, 0) == FA_OK);
    REQUIRE(world_bind(&world.b, &b, PORT) == FA_OK);
    struct fa_endpoint all = {mdns6, PORT};
    CHECK_EQ(world_send(&a, "nobody", all), FA_OK);
    world_settle();
    CHECK_EQ(recv_nothing(&b), FA_AGAIN);
    REQUIRE(fa_udp_join(&b, &mdns6, 0) == FA_OK);
    world_run(2 * FA_NS_S);
    CHECK_EQ(world_send(&a, "member", all), FA_OK);
    world_settle();
    REQUIRE(world_recv(&b, "member", &from));
    CHECK(fa_ip_equal(&from.group, &mdns6) && from.ttl == 1);
    struct fa_ip source = link_local(&world.a);
    CHECK(fa_ip_equal(&from.remote.ip, &source)); // of the group's own scope
    CHECK_EQ(fa_udp_send(&b, FA_LIT("answer"), NULL, &from.remote), FA_OK);
    world_settle();
    CHECK(world_recv(&a, "answer", NULL));
    fa_udp_close(&b);
    fa_udp_close(&a);
    world_close();
}

T(a_membership_is_of_one_interface)
{
    open_both();
    REQUIRE(world_bind(&world.b, &b, PORT) == FA_OK);
    REQUIRE(fa_udp_join(&b, &mdns6, 0) == FA_OK);
    b.groups[0].iface = 1; // as if it had joined elsewhere
    REQUIRE(world_bind(&world.a, &a, 0) == FA_OK);
    CHECK_EQ(world_send(&a, "x", (struct fa_endpoint){mdns6, PORT}), FA_OK);
    world_settle();
    CHECK_EQ(recv_nothing(&b), FA_AGAIN);
    b.groups[0].iface = 0;
    fa_udp_close(&a);
    fa_udp_close(&b);
    world_close();
}

T(without_a_checksum_nothing_comes_in_over_ipv6)
{
    static struct fa_udp udp;
    static struct fa_pool pool;
    static _Alignas(64) uint8_t memory[4 * FA_BUF_SIZE];
    struct fa_counters counters = {0};
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_udp_init(&udp, &(struct fa_udp_config){.counters = &counters, .rand = &rand});
    REQUIRE(fa_udp_bind(&udp, &a, &(struct fa_udp_socket_config){.port = 7}) == FA_OK);
    for (int v6 = 0; v6 < 2; v6++) {
        struct fa_ip_meta meta = {.local = v6 != 0 ? ip6_of(1) : fa_ip4(10, 0, 0, 1),
            .remote = v6 != 0 ? ip6_of(2) : fa_ip4(10, 0, 0, 2)};
        struct fa_buf *buf;
        REQUIRE(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
        uint8_t *at = fa_buf_append(buf, FA_UDP_HDR_LEN);
        fa_udp_encode(at, &meta, &(struct fa_udp_header){9, 7, FA_UDP_HDR_LEN});
        fa_be16_store(at + 6, 0);
        CHECK(fa_udp_input(&udp, 0, &meta, buf));
        CHECK_EQ(a.rx_count, 1); // the one over IPv4
        CHECK_EQ(FA_COUNTER_VALUE(&counters, udp_rx_bad_checksum), v6);
    }
    fa_udp_close(&a);
}

T(copies_for_a_group_that_find_no_buffer_are_counted)
{
    static struct fa_udp udp;
    static struct fa_pool pool;
    static _Alignas(64) uint8_t memory[FA_BUF_SIZE];
    struct fa_counters counters = {0};
    struct fa_rand rand;
    struct fa_buf *buf;
    struct fa_udp_socket_config shared = {.port = 7, .shared = true};
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_udp_init(&udp, &(struct fa_udp_config){.counters = &counters, .rand = &rand});
    REQUIRE(fa_udp_bind(&udp, &a, &shared) == FA_OK && fa_udp_bind(&udp, &b, &shared) == FA_OK);
    REQUIRE(fa_udp_join(&a, &mdns6, 0) == FA_OK && fa_udp_join(&b, &mdns6, 0) == FA_OK);
    struct fa_ip_meta meta = {.local = mdns6, .remote = ip6_of(2), .multicast = true};
    REQUIRE(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    fa_udp_encode(
        fa_buf_append(buf, FA_UDP_HDR_LEN), &meta, &(struct fa_udp_header){9, 7, FA_UDP_HDR_LEN});
    CHECK(fa_udp_input(&udp, 0, &meta, buf));
    CHECK_EQ(a.rx_count + b.rx_count, 1);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, udp_rx_no_buffer), 1);
    fa_udp_close(&a);
    fa_udp_close(&b);
}

/* ---- names ---- */

static struct fa_resolver resolver;
static struct fa_dns_query queries[2];
static struct fa_resolver_slot slots[2];
static struct fa_dns_request request;

static const struct fa_dns_static statics[] = {
    {"b.test", {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}}},
    {"b.test", {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}}},
    {"old.test", {{0x20, 0x01, 0x0d, 0xb8, [15] = 99}}}, // nobody has it
    {"old.test", {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}}},
};

static void open_resolver(void)
{
    fa_resolver_init(&resolver,
        &(struct fa_resolver_config){.stack = &world.a.stack,
            .slots = slots,
            .dns = {.queries = queries,
                .query_count_max = 2,
                .statics = statics,
                .static_count = FA_COUNT_OF(statics)}},
        world.now);
}

/* A router names itself by its link-local address, as RFC 8106 lets it. */
T(a_server_with_a_link_local_address_is_asked)
{
    struct fa_udp_from from;
    struct fa_buf *buf;
    open_both();
    REQUIRE(world_bind(&world.b, &b, FA_DNS_PORT) == FA_OK);
    struct fa_names_entry entry = {.ip = link_local(&world.b), .until_ns = FA_NS_NEVER};
    fa_names_put(&world.a.stack.names, FA_NAMES_DNS, &entry);
    open_resolver();
    CHECK_EQ(fa_dns_ask(&resolver.dns, world.now, &request, FA_LIT("a.x"), FA_DNS_A), FA_OK);
    (void)fa_resolver_poll(&resolver, world.now);
    world_settle();
    REQUIRE(fa_udp_recv(&b, &buf, &from) == FA_OK);
    struct fa_ip source = link_local(&world.a);
    CHECK(fa_ip_equal(&from.remote.ip, &source));
    fa_buf_drop(buf);
    fa_dns_forget(&request, world.now);
    fa_resolver_stop(&resolver);
    fa_udp_close(&b);
    world_close();
}

/* ---- connections ---- */

static struct fa_happy happy;
static struct fa_flow *flow;
static fa_err outcome;

static void connect_to(void *ctx)
{
    const char *host = ctx;
    outcome = fa_happy_connect_wait(&resolver, &happy, fa_slice_of(host), 80, FA_NS_NEVER, &flow);
}

T(ipv6_is_preferred_and_ipv4_is_there_when_it_fails)
{
    static char hosts[][9] = {"b.test", "old.test"};
    static struct fa_fibers fibers;
    static struct fa_tcp_listener listener;
    for (size_t i = 0; i < FA_COUNT_OF(hosts); i++) {
        open_both();
        open_resolver();
        REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener,
                    &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
        fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = 1}, world.now);
        outcome = FA_AGAIN;
        REQUIRE(fa_fiber_spawn(&fibers, connect_to, hosts[i], NULL) == FA_OK);
        for (int step = 0; step < 1000 && outcome == FA_AGAIN; step++) {
            (void)fa_resolver_poll(&resolver, world.now);
            (void)fa_fibers_run(&fibers, world.now);
            world_run(FA_NS_MS);
        }
        REQUIRE(outcome == FA_OK && happy.count == 2);
        CHECK(!fa_ip_is4(&happy.attempts[0].ip));
        CHECK_EQ(happy.attempts[i].state, FA_HAPPY_WON);
        fa_flow_abort(flow);
        fa_resolver_stop(&resolver);
        fa_listener_close(&listener.listener);
        world_run(FA_NS_S);
        world_close();
    }
}
