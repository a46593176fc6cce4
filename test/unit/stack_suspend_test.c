// SPDX-License-Identifier: ISC
//
// A stack that stood still: connections go on if the peer keeps them, neighbours and the lease are
// asked again, what must not come twice is drawn anew.

#include "src/net/tcp_priv.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    PORT = 80,
    BYTES = 300000,
};

#define HOUR (3600 * FA_NS_S)

static struct fa_tcp_listener listener;
static struct fa_flow *client; /* a's */
static struct fa_flow *server; /* b's */
static uint32_t written;
static uint32_t seen;

static void open_with(struct fa_tcp_config *a, fa_ns oversleep_ns)
{
    world_open_wire();
    struct fa_stack_config config = world_config(&world.a, WORLD_A);
    config.tcp.keepalive = a->keepalive;
    config.oversleep_ns = oversleep_ns;
    fa_stack_init(&world.a.stack, &config, world.now);
    config = world_config(&world.b, WORLD_B);
    config.tcp.user_timeout_ns = 10 * HOUR;
    fa_stack_init(&world.b.stack, &config, world.now);
    world_run(10 * FA_NS_S);
    written = seen = 0;
    struct fa_endpoint to = world_at(WORLD_B, PORT);
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener,
                &(struct fa_tcp_listen_config){.port = PORT}) == FA_OK);
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
    world_settle();
    REQUIRE(fa_listener_accept(&listener.listener, &server) == FA_OK);
}

static void write_some(struct fa_flow *flow)
{
    uint8_t *at;
    size_t cap;
    while (written < BYTES && fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        size_t len = fa_min(cap, BYTES - written);
        for (size_t i = 0; i < len; i++) {
            at[i] = (uint8_t)(written++ * 7 % 251);
        }
        fa_flow_commit(flow, len);
    }
}

static void read_some(struct fa_flow *flow)
{
    struct fa_slice bytes;
    while (fa_flow_peek(flow, &bytes) == FA_OK) {
        uint32_t wrong = 0;
        for (size_t i = 0; i < bytes.len; i++) {
            wrong += bytes.at[i] != (uint8_t)(seen++ * 7 % 251);
        }
        CHECK_EQ(wrong, 0);
        fa_flow_done(flow, bytes.len);
    }
}

static void carry(struct fa_flow *from, struct fa_flow *to, fa_ns duration)
{
    fa_ns until = world.now + duration;
    while (seen < BYTES && world.now < until) {
        write_some(from);
        world_run(10 * FA_NS_MS);
        read_some(to);
    }
}

static void finish(void)
{
    fa_flow_abort(client);
    fa_flow_abort(server);
    world_settle();
    fa_listener_close(&listener.listener);
    world_close();
}

T(a_transfer_goes_on_after_an_hour_whoever_sends)
{
    for (int from_a = 0; from_a < 2; from_a++) {
        open_with(&(struct fa_tcp_config){0}, 0);
        struct fa_flow *from = from_a ? client : server;
        struct fa_flow *to = from_a ? server : client;
        write_some(from); // more than goes at once: some is in flight
        (void)fa_stack_poll(&world.a.stack, world.now);
        fa_stack_suspend(&world.a.stack, world.now);
        CHECK_EQ(fa_stack_deadline(&world.a.stack), FA_NS_NEVER);
        CHECK(!fa_stack_poll(&world.a.stack, world.now));
        world_run(HOUR);
        CHECK_EQ(COUNTED(&world.a, tcp_timeout), 0);
        fa_stack_resume(&world.a.stack, world.now);
        carry(from, to, 200 * FA_NS_S); // the other side has backed off to a minute or two
        CHECK_EQ(seen, BYTES);
        struct fa_tcp_info info;
        fa_tcp_info_of(client, &info);
        CHECK(info.srtt_ns < FA_NS_S); // nobody took the hour for a round trip
        CHECK_EQ(COUNTED(&world.a, net_resumed), 1);
        CHECK_EQ(COUNTED(&world.a, tcp_conn_timeout), 0);
        finish();
    }
}

T(a_retransmission_that_was_due_in_time_is_due_in_time)
{
    open_with(&(struct fa_tcp_config){0}, 0);
    fa_stack_suspend(&world.b.stack, world.now); // nobody answers
    write_some(client);
    world_run(5 * FA_NS_S);
    long long timeouts = COUNTED(&world.a, tcp_timeout);
    CHECK(timeouts >= 3); // backed off to seconds, and far from the user timeout
    fa_stack_suspend(&world.a.stack, world.now);
    world_run(HOUR);
    fa_stack_resume(&world.a.stack, world.now);
    world_run(100 * FA_NS_MS);
    CHECK_EQ(COUNTED(&world.a, tcp_timeout), timeouts);
    world_run(10 * FA_NS_S);
    CHECK(COUNTED(&world.a, tcp_timeout) > timeouts);
    fa_stack_resume(&world.b.stack, world.now);
    carry(client, server, 100 * FA_NS_S);
    CHECK_EQ(seen, BYTES);
    finish();
}

T(an_acknowledgement_that_waited_tells_of_no_round_trip_of_an_hour)
{
    open_with(&(struct fa_tcp_config){0}, 0);
    fa_stack_suspend(&world.b.stack, world.now);
    write_some(client);
    world_run(FA_NS_S); // sent more than once: the timestamp alone can tell which is answered
    fa_stack_suspend(&world.a.stack, world.now);
    fa_stack_resume(&world.b.stack, world.now);
    world_run(HOUR);
    fa_stack_resume(&world.a.stack, world.now);
    struct fa_tcp_info info;
    world_settle();
    fa_tcp_info_of(client, &info);
    CHECK(info.srtt_ns < 10 * FA_NS_S);
    carry(client, server, 200 * FA_NS_S);
    CHECK_EQ(seen, BYTES);
    finish();
}

T(an_idle_connection_is_not_asked_early_after_an_hour)
{
    open_with(&(struct fa_tcp_config){.keepalive = true}, 0);
    world_run(HOUR);
    fa_stack_suspend(&world.a.stack, world.now);
    world_run(2 * HOUR);
    fa_stack_resume(&world.a.stack, world.now);
    world_run(HOUR / 2);
    CHECK_EQ(COUNTED(&world.a, tcp_keepalive_sent), 0);
    world_run(HOUR / 2 + FA_NS_S);
    CHECK_EQ(COUNTED(&world.a, tcp_keepalive_sent), 1);
    carry(client, server, 10 * FA_NS_S);
    CHECK_EQ(seen, BYTES);
    finish();
}

T(neighbours_are_asked_again_and_told_where_we_are)
{
    open_with(&(struct fa_tcp_config){0}, 0);
    long long asked = COUNTED(&world.a, arp_tx_requests);
    long long told = COUNTED(&world.a, arp_tx_announcements);
    carry(client, server, FA_NS_S);
    fa_stack_suspend(&world.a.stack, world.now);
    world_run(FA_NS_S);
    fa_stack_resume(&world.a.stack, world.now);
    seen = written = 0;
    carry(client, server, FA_NS_S);
    CHECK_EQ(seen, BYTES);
    CHECK_EQ(COUNTED(&world.a, arp_tx_requests), asked + 1);
    CHECK(COUNTED(&world.a, arp_tx_announcements) > told);
    finish();
}

T(routers_are_solicited_and_groups_reported_again)
{
    const struct fa_ip group4 = fa_ip4(239, 1, 2, 3);
    const struct fa_ip group6 = {{0xff, 0x05, [15] = 9}};
    world_open_wire();
    struct fa_stack_config config = world_config(&world.a, WORLD_A);
    config.ifaces[0].ipv6_off = false;
    fa_stack_init(&world.a.stack, &config, world.now);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 0, &group4), FA_OK);
    CHECK_EQ(fa_stack_group_join(&world.a.stack, 0, &group6), FA_OK);
    world_run(HOUR); // all is said
    long long solicits = COUNTED(&world.a, ndp_tx_router_solicits);
    long long igmp = COUNTED(&world.a, igmp_tx_messages);
    long long mld = COUNTED(&world.a, mld_tx_messages);
    world_sniff_nothing();
    fa_stack_suspend(&world.a.stack, world.now);
    world_run(HOUR);
    fa_stack_resume(&world.a.stack, world.now);
    world_run(5 * FA_NS_S);
    CHECK_EQ(COUNTED(&world.a, ndp_tx_router_solicits) - solicits, 2); // within 1 s, 4 s later
    CHECK_EQ(COUNTED(&world.a, igmp_tx_messages) - igmp, 2);
    CHECK(COUNTED(&world.a, mld_tx_messages) > mld);
    world_sniff_nothing();
    world_close();
}

T(time_wait_ends_by_the_time_that_passed)
{
    open_with(&(struct fa_tcp_config){0}, 0);
    fa_flow_close(client);
    world_settle();
    fa_flow_close(server);
    world_settle();
    CHECK_EQ(world.a.stack.tcp.time_wait_count, 1);
    fa_stack_suspend(&world.a.stack, world.now);
    world_run(HOUR);
    fa_stack_resume(&world.a.stack, world.now);
    world_run(FA_NS_S);
    CHECK_EQ(world.a.stack.tcp.time_wait_count, 0);
    fa_listener_close(&listener.listener);
    world_close();
}

T(ports_and_cookies_begin_anew_but_living_connections_are_found)
{
    open_with(&(struct fa_tcp_config){0}, 0);
    struct fa_tcp *tcp = &world.a.stack.tcp;
    uint64_t port_key = tcp->ports.key.k0;
    uint64_t cookie_key = tcp->cookie_key.k0;
    uint64_t table_key = tcp->table_key.k0;
    uint64_t isn_key = tcp->isn_key.k0;
    fa_stack_suspend(&world.a.stack, world.now);
    fa_stack_resume(&world.a.stack, world.now);
    CHECK(tcp->ports.key.k0 != port_key);
    CHECK(tcp->cookie_key.k0 != cookie_key);
    CHECK(tcp->table_key.k0 == table_key);
    CHECK(tcp->isn_key.k0 == isn_key);
    carry(client, server, FA_NS_S);
    CHECK_EQ(seen, BYTES);
    finish();
}

T(who_oversleeps_was_suspended)
{
    for (int noticed = 0; noticed < 2; noticed++) {
        open_with(&(struct fa_tcp_config){0}, noticed ? 30 * FA_NS_S : 0);
        write_some(client);
        (void)fa_stack_poll(&world.a.stack, world.now); // something is in flight
        fa_ns until = world.now + HOUR;
        while (world.now < until) { // and nobody polls a
            world.now = fa_min(until, fa_max(world.now + 1, fa_stack_deadline(&world.b.stack)));
            (void)fa_stack_poll(&world.b.stack, world.now);
        }
        carry(client, server, 200 * FA_NS_S);
        CHECK_EQ(COUNTED(&world.a, net_resumed), noticed ? 1 : 0);
        CHECK_EQ(seen, BYTES);
        CHECK(!noticed || COUNTED(&world.a, tcp_timeout) == 0);
        finish();
    }
}
