// SPDX-License-Identifier: ISC
//
// IPv6 between stations: addresses, neighbours, transports on top.

#include "fa/stack.h"

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "fa/wire/udp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

static struct fa_ip ip_of(const char *text)
{
    struct fa_ip ip = {0};
    CHECK(fa_ip_parse(fa_slice_of(text), &ip) == FA_OK);
    return ip;
}

/* Start a station with IPv6 alone: a link-local address and 2001:db8::NUMBER/64. */
static void start6(struct station *station, uint8_t number)
{
    struct fa_stack_config config = world_config(station, WORLD_A);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].ipv4_off = true;
    config.ifaces[0].ra_off = true;
    config.ifaces[0].more.at[0] = (struct fa_addr_net){ip_of("2001:db8::"), 64};
    config.ifaces[0].more.at[0].ip.b[15] = number;
    config.seed = number;
    fa_stack_init(&station->stack, &config, world.now);
}

static void open6(void)
{
    world_open_wire();
    start6(&world.a, 1);
    start6(&world.b, 2);
    world_run(10 * FA_NS_S);
    world_sniff_nothing();
}

static struct fa_ip link_local(const struct station *station)
{
    const struct fa_addrs *addrs = &station->stack.ifaces[0].addrs;
    for (uint32_t i = 0; i < addrs->count; i++) {
        if (addrs->at[i].origin == FA_ADDR_LINK_LOCAL && fa_addr_is_usable(&addrs->at[i])) {
            return addrs->at[i].ip;
        }
    }
    t_fail(__FILE__, __LINE__, "no link-local address");
    return (struct fa_ip){{0}};
}

/* The address that a station forms with this secret. */
static struct fa_ip formed(struct station *station, uint64_t seed, uint8_t secret)
{
    world_open_wire();
    struct fa_stack_config config = world_config(station, WORLD_A);
    config.ifaces[0].ipv6_off = false;
    config.seed = seed;
    config.iid_secret[0] = secret;
    fa_stack_init(&station->stack, &config, world.now);
    world_run(10 * FA_NS_S);
    struct fa_ip ip = link_local(station);
    world_sniff_nothing();
    world_close();
    return ip;
}

T(a_secret_keeps_an_address_whatever_card_and_seed_there_are)
{
    struct fa_ip first = formed(&world.a, 1, 9);
    struct fa_ip again = formed(&world.b, 2, 9); // another MAC
    CHECK(fa_ip_equal(&first, &again));
    struct fa_ip other = formed(&world.a, 1, 10);
    CHECK(!fa_ip_equal(&first, &other));
    struct fa_ip random = formed(&world.a, 1, 0);
    struct fa_ip another = formed(&world.a, 2, 0);
    CHECK(!fa_ip_equal(&random, &another));
}

/* Whether an echo to `ip` is answered. */
static bool answers(struct station *station, struct fa_ip ip, uint16_t len)
{
    struct fa_ping ping;
    fa_ns rtt;
    fa_ping_start(&station->stack.icmp, &ping, &ip, len);
    world_settle();
    fa_err err = fa_ping_result(&ping, &rtt);
    fa_ping_stop(&ping);
    return err == FA_OK;
}

T(addresses_are_tested_before_they_are_used)
{
    world_open_wire();
    start6(&world.a, 1);
    struct fa_ip ip = ip_of("2001:db8::1");
    const struct fa_addrs *addrs = &world.a.stack.ifaces[0].addrs;
    CHECK_EQ(addrs->count, 2);
    CHECK(!fa_addrs_has(addrs, &ip));
    CHECK(!fa_stack_is_up(&world.a.stack));
    world_run(2 * FA_NS_S + 1);
    CHECK(fa_addrs_has(addrs, &ip));
    CHECK(fa_stack_is_up(&world.a.stack));
    CHECK_EQ(COUNTED(&world.a, ndp_tx_solicits), 2);
    CHECK_EQ(COUNTED(&world.a, ndp_tx_router_solicits), 0);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_own_source), 0);
    world_close();
}

T(ping_is_answered_over_both_scopes_and_groups)
{
    open6();
    CHECK(answers(&world.a, ip_of("2001:db8::2"), 1400));
    CHECK(answers(&world.a, link_local(&world.b), 1400));
    CHECK(answers(&world.a, ip_of("2001:db8::2"), 1500)); // in fragments both ways
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragments), 2);
    CHECK_EQ(COUNTED(&world.b, ip6_rx_fragments), 2);
    CHECK_EQ(COUNTED(&world.b, icmp_rx_echoes), 3);
    struct fa_ping ping;
    fa_ns rtt;
    fa_ping_start(&world.a.stack.icmp, &ping, &fa_ip6_all_nodes, 8);
    world_settle();
    CHECK_EQ(COUNTED(&world.b, icmp_rx_echoes), 4);
    CHECK_EQ(COUNTED(&world.b, icmp_tx_answers), 4);
    CHECK_EQ(fa_ping_result(&ping, &rtt), FA_AGAIN); // the answer is from another than was asked
    fa_ping_stop(&ping);
    world_close();
}

T(the_loopback_address_answers)
{
    open6();
    CHECK(answers(&world.a, fa_ip6_loopback, 100));
    CHECK(answers(&world.a, ip_of("2001:db8::1"), 100));
    world_close();
}

T(datagrams_go_both_ways_and_a_closed_port_is_refused)
{
    struct fa_udp_socket client;
    struct fa_udp_socket server;
    struct fa_udp_from from;
    open6();
    REQUIRE(world_bind(&world.a, &client, 0) == FA_OK);
    REQUIRE(world_bind(&world.b, &server, 53) == FA_OK);
    struct fa_endpoint to = {ip_of("2001:db8::2"), 53};
    CHECK_EQ(world_send(&client, "question", to), FA_OK);
    world_settle();
    REQUIRE(world_recv(&server, "question", &from));
    struct fa_ip a = ip_of("2001:db8::1");
    CHECK(fa_ip_equal(&from.remote.ip, &a) && fa_ip_equal(&from.local.ip, &to.ip));
    CHECK_EQ(fa_udp_send(&server, FA_LIT("answer"), &from.local.ip, &from.remote), FA_OK);
    world_settle();
    CHECK(world_recv(&client, "answer", &from));
    to.port = 9;
    CHECK_EQ(world_send(&client, "anybody?", to), FA_OK);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, udp_refused), 1);
    fa_udp_close(&client);
    fa_udp_close(&server);
    world_close();
}

T(a_connection_stands_carries_bytes_and_has_the_mss_of_ipv6)
{
    struct fa_tcp_listener listener;
    struct fa_tcp_info info;
    struct fa_flow *flow;
    struct fa_flow *served;
    uint8_t *at;
    size_t cap;
    open6();
    const struct fa_tcp_listen_config listen = {.port = 80};
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener, &listen) == FA_OK);
    struct fa_endpoint to = {ip_of("2001:db8::2"), 80};
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &flow) == FA_OK);
    world_settle();
    REQUIRE(fa_listener_accept(&listener.listener, &served) == FA_OK);
    REQUIRE(fa_flow_reserve(flow, &at, &cap) == FA_OK);
    fa_copy(at, "hello", 5);
    fa_flow_commit(flow, 5);
    world_settle();
    struct fa_slice got;
    REQUIRE(fa_flow_peek(served, &got) == FA_OK);
    CHECK_TEXT(got, "hello");
    fa_flow_done(served, got.len);
    fa_tcp_info_of(flow, &info);
    CHECK(info.mss_bytes <= 1500 - 40 - 20 && info.mss_bytes > 1400);
    fa_flow_abort(flow);
    fa_flow_abort(served);
    fa_listener_close(&listener.listener);
    world_close();
}

T(a_connection_to_a_neighbour_that_is_not_there_fails_within_seconds)
{
    struct fa_flow *flow;
    uint8_t *at;
    size_t cap;
    open6();
    struct fa_endpoint nobody = {ip_of("2001:db8::99"), 80};
    REQUIRE(fa_stack_connect(&world.a.stack, &nobody, &flow) == FA_OK);
    world_run(FA_NEIGH_TRY_COUNT_MAX * FA_NEIGH_RETRY_NS - 1);
    CHECK_EQ(fa_flow_reserve(flow, &at, &cap), FA_AGAIN);
    world_run(2);
    CHECK_EQ(fa_flow_reserve(flow, &at, &cap), FA_EREFUSED);
    fa_flow_abort(flow);
    world_close();
}

T(an_address_that_another_station_has_is_not_used)
{
    world_open_wire();
    start6(&world.a, 1);
    world_run(5 * FA_NS_S);
    start6(&world.b, 1);
    world_run(5 * FA_NS_S);
    struct fa_ip ip = ip_of("2001:db8::1");
    struct fa_iface_addr *addr = fa_addrs_find(&world.b.stack.ifaces[0].addrs, &ip);
    REQUIRE(addr != NULL);
    CHECK_EQ(addr->state, FA_ADDR_DUPLICATE);
    CHECK(fa_addrs_has(&world.a.stack.ifaces[0].addrs, &ip));
    CHECK_EQ(COUNTED(&world.b, ndp_duplicates), 1);
    CHECK(!answers(&world.b, ip_of("2001:db8::77"), 0));
    world_close();
}

T(stations_that_test_the_same_address_at_once_both_let_it_go)
{
    world_open_wire();
    start6(&world.a, 1);
    start6(&world.b, 1);
    world_run(5 * FA_NS_S);
    struct fa_ip ip = ip_of("2001:db8::1");
    bool a = fa_addrs_has(&world.a.stack.ifaces[0].addrs, &ip);
    bool b = fa_addrs_has(&world.b.stack.ifaces[0].addrs, &ip);
    CHECK(!a || !b);
    world_close();
}

T(nothing_is_said_by_a_stopped_stack)
{
    open6();
    fa_stack_stop(&world.a.stack);
    world.a.stack.poller.ops = NULL;
    world_sniff_nothing();
    world_run(FA_NS_S);
    CHECK(world_sniff() == NULL);
    CHECK_EQ(world.a.stack.ifaces[0].addrs.count, 0);
    world_close();
}
