// SPDX-License-Identifier: ISC
//
// The DNS client on a stack: station a asks, station b is the server, by UDP and TCP.

#include "fa/resolver.h"

#include "fa/fiber.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    QUERY_COUNT = 4,
    PORT = 53,
};

static struct fa_resolver resolver;
static struct fa_dns_query queries[QUERY_COUNT];
static struct fa_dns_entry entries[8];
static struct fa_resolver_slot slots[QUERY_COUNT];
static struct fa_dns_request request;

/* The server: a socket, a port to listen at, and what was asked last. */
static struct fa_udp_socket server;
static struct fa_tcp_listener listener;
static struct fa_flow *flow;
static uint16_t ports[16];
static uint32_t asked_count;
static size_t tcp_answer_len; // of bytes to say over TCP; 0: an ordinary answer

static void open_resolver(const struct fa_endpoint *named)
{
    struct fa_resolver_config config = {
        .stack = &world.a.stack,
        .slots = slots,
        .dns =
            {
                .queries = queries,
                .query_count_max = QUERY_COUNT,
                .entries = entries,
                .entry_count_max = FA_COUNT_OF(entries),
            },
    };
    if (named != NULL) {
        config.servers[0] = *named;
    }
    asked_count = 0;
    tcp_answer_len = 0;
    flow = NULL;
    fa_resolver_init(&resolver, &config, world.now);
}

static void open_server(void)
{
    REQUIRE(world_bind(&world.b, &server, PORT) == FA_OK);
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener,
                &(struct fa_tcp_listen_config){.port = PORT}) == FA_OK);
}

static void close_all(void)
{
    fa_resolver_stop(&resolver);
    CHECK_EQ(resolver.open_count, 0);
    fa_udp_close(&server);
    if (flow != NULL) {
        fa_flow_abort(flow);
    }
    fa_listener_close(&listener.listener);
    world_close();
}

/* An answer to a query: 192.0.2.7, or that it does not fit. Returns: its bytes. */
static size_t answer(uint8_t *at, struct fa_slice query, bool truncated)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7};
    size_t len = query.len - 11; // without its OPT record
    fa_copy(at, query.at, len);
    at[2] = truncated ? 0x83 : 0x81;
    at[7] = truncated ? 0 : 1;
    at[11] = 0;
    if (!truncated) {
        fa_copy(at + len, record, sizeof record);
        len += sizeof record;
    }
    return len;
}

/* What has come by UDP is too long an answer for a datagram if `truncated`. */
static void serve_udp(bool truncated)
{
    struct fa_buf *buf;
    struct fa_udp_from from;
    uint8_t bytes[512];
    while (fa_udp_recv(&server, &buf, &from) == FA_OK) {
        ports[asked_count++ % FA_COUNT_OF(ports)] = from.remote.port;
        size_t len = answer(bytes, fa_buf_slice(buf), truncated);
        fa_buf_drop(buf);
        CHECK_EQ(fa_udp_send(&server, (struct fa_slice){bytes, len}, NULL, &from.remote), FA_OK);
    }
}

static void serve_tcp(void)
{
    struct fa_slice query;
    static uint8_t bytes[2 + 9000];
    uint8_t *at;
    size_t cap;
    if (flow == NULL && fa_listener_accept(&listener.listener, &flow) != FA_OK) {
        return;
    }
    if (fa_flow_peek(flow, &query) != FA_OK || query.len < 2) {
        return;
    }
    size_t len = answer(bytes + 2, fa_slice_from(query, 2), false);
    fa_flow_done(flow, query.len);
    len = tcp_answer_len != 0 ? tcp_answer_len : len;
    fa_be16_store(bytes, (uint16_t)len);
    REQUIRE(fa_flow_reserve(flow, &at, &cap) == FA_OK);
    size_t first = fa_min(3, cap); // in pieces
    fa_copy(at, bytes, first);
    fa_flow_commit(flow, first);
    REQUIRE(fa_flow_reserve(flow, &at, &cap) == FA_OK);
    fa_copy(at, bytes + first, fa_min(cap, len + 2 - first));
    fa_flow_commit(flow, fa_min(cap, len + 2 - first));
}

static void go(bool truncated)
{
    for (int i = 0; i < 50; i++) {
        (void)fa_resolver_poll(&resolver, world.now);
        world_settle();
        serve_udp(truncated);
        serve_tcp();
        world_settle();
    }
}

static fa_err ask(const char *name)
{
    CHECK_EQ(fa_dns_ask(&resolver.dns, world.now, &request, fa_slice_of(name), FA_DNS_A), FA_OK);
    return fa_dns_result(&request);
}

static const struct fa_endpoint *b_named(void)
{
    static struct fa_endpoint endpoint;
    endpoint = world_at(WORLD_B, PORT);
    return &endpoint;
}

T(a_name_is_resolved_over_the_stack)
{
    struct fa_ip ip;
    world_open();
    open_server();
    open_resolver(b_named());
    CHECK_EQ(ask("www.example"), FA_AGAIN);
    CHECK(fa_resolver_deadline(&resolver) <= world.now);
    go(false);
    REQUIRE(fa_dns_result(&request) == FA_OK);
    CHECK_EQ(fa_dns_answer_ips(&request.answer, &ip, 1), 1);
    CHECK_EQ(ip.b[15], 7);
    CHECK_EQ(resolver.open_count, 0);
    CHECK(fa_resolver_deadline(&resolver) == FA_NS_NEVER);
    CHECK_EQ(COUNTED(&world.a, dns_requests), 1);
    CHECK_EQ(COUNTED(&world.a, dns_tx_queries), 1);
    CHECK_EQ(COUNTED(&world.a, dns_rx_answers), 1);
    close_all();
}

T(every_query_has_a_port_of_its_own)
{
    world_open();
    open_server();
    open_resolver(b_named());
    for (int i = 0; i < 8; i++) {
        const char name[] = {(char)('a' + i), '.', 'x', 0};
        CHECK_EQ(ask(name), FA_AGAIN);
        go(false);
        CHECK_EQ(fa_dns_result(&request), FA_OK);
        for (int j = 0; j < i; j++) {
            CHECK(ports[j] != ports[i]);
        }
    }
    CHECK_EQ(asked_count, 8);
    close_all();
}

T(a_forger_who_knows_everything_but_the_port_is_not_heard)
{
    world_open();
    open_server();
    open_resolver(b_named());
    CHECK_EQ(ask("www.example"), FA_AGAIN);
    (void)fa_resolver_poll(&resolver, world.now);
    world_settle();
    uint16_t port = slots[0].socket.config.port;
    struct fa_ip4_header ip = {.source = WORLD_M, .target = WORLD_A, .protocol = FA_IP_PROTO_UDP};
    world_inject(world_mac(&world.a), &ip,
        world_datagram(WORLD_M, WORLD_A, PORT, port, FA_LIT("another address")), 0);
    ip.source = WORLD_B;
    world_inject(world_mac(&world.a), &ip,
        world_datagram(WORLD_B, WORLD_A, PORT, (uint16_t)(port ^ 1), FA_LIT("another port")), 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, udp_rx_no_socket), 2);
    go(false);
    CHECK_EQ(fa_dns_result(&request), FA_OK);
    close_all();
}

T(a_long_answer_comes_by_tcp)
{
    world_open();
    open_server();
    open_resolver(b_named());
    CHECK_EQ(ask("www.example"), FA_AGAIN);
    go(true);
    CHECK_EQ(fa_dns_result(&request), FA_OK);
    CHECK_EQ(COUNTED(&world.a, dns_tx_tcp), 1);
    CHECK_EQ(resolver.open_count, 0);
    close_all();
}

static struct fa_ip link_local(const struct fa_iface *iface)
{
    for (uint32_t i = 0; i < iface->addrs.count; i++) {
        if (iface->addrs.at[i].origin == FA_ADDR_LINK_LOCAL) {
            return iface->addrs.at[i].ip;
        }
    }
    return (struct fa_ip){{0}};
}

/* Both stations with IPv6 alone, a with two cards on the wire. */
static void open_two_cards(void)
{
    world_open_wire();
    struct fa_stack_config config = world_config(&world.b, WORLD_B);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].ipv4_off = true;
    fa_stack_init(&world.b.stack, &config, world.now);
    config = world_config(&world.a, WORLD_A);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].ipv4_off = true;
    config.ifaces[1] = config.ifaces[0];
    config.ifaces[1].dev = world.m.dev;
    config.iface_count = 2;
    config.seed = 8;
    fa_stack_init(&world.a.stack, &config, world.now);
    world_run(10 * FA_NS_S);
}

T(a_link_local_server_is_asked_over_the_interface_that_told_of_it)
{
    for (uint8_t iface = 0; iface < 2; iface++) {
        open_two_cards();
        struct fa_names_entry told = {.ip = link_local(&world.b.stack.ifaces[0]),
            .until_ns = FA_NS_NEVER,
            .iface = iface,
            .origin = FA_NAMES_RA};
        fa_names_put(&world.a.stack.names, FA_NAMES_DNS, &told);
        open_server();
        open_resolver(NULL);
        CHECK_EQ(ask("www.example"), FA_AGAIN);
        go(true);
        CHECK_EQ(fa_dns_result(&request), FA_OK);
        REQUIRE(flow != NULL); // the answer came by TCP
        struct fa_tcp_info info;
        fa_tcp_info_of(flow, &info);
        struct fa_ip want = link_local(&world.a.stack.ifaces[iface]);
        CHECK(fa_ip_equal(&info.remote.ip, &want));
        close_all();
    }
}

T(an_answer_that_is_too_long_or_none_is_not_waited_for)
{
    static const size_t lens[] = {FA_RESOLVER_TCP_BYTES_MAX + 1, 1};
    for (size_t i = 0; i < FA_COUNT_OF(lens); i++) {
        world_open();
        open_server();
        open_resolver(b_named());
        tcp_answer_len = lens[i];
        CHECK_EQ(ask("www.example"), FA_AGAIN);
        go(true);
        CHECK_EQ(COUNTED(&world.a, dns_rx_too_long), i == 0 ? 1 : 0);
        CHECK_EQ(COUNTED(&world.a, dns_unreachable), 1);
        fa_dns_forget(&request, world.now);
        close_all();
    }
}

T(a_server_that_nobody_runs_is_known_at_once)
{
    world_open();
    open_resolver(b_named()); // stack b says that its port is closed
    REQUIRE(world_bind(&world.b, &server, PORT + 1) == FA_OK);
    REQUIRE(fa_tcp_listen(
                &world.b.stack.tcp, &listener, &(struct fa_tcp_listen_config){.port = 9}) == FA_OK);
    CHECK_EQ(ask("www.example"), FA_AGAIN);
    go(false);
    CHECK_EQ(fa_dns_result(&request), FA_ETIMEOUT);
    CHECK_EQ(COUNTED(&world.a, dns_unreachable), 3); // every round
    close_all();
}

T(a_server_that_says_nothing_is_not_waited_for_without_end)
{
    world_open();
    open_server();
    open_resolver(b_named());
    CHECK_EQ(ask("www.example"), FA_AGAIN);
    fa_ns begun = world.now;
    while (fa_dns_result(&request) == FA_AGAIN && world.now - begun < 100 * FA_NS_S) {
        (void)fa_resolver_poll(&resolver, world.now);
        world_run(10 * FA_NS_MS);
    }
    CHECK_EQ(fa_dns_result(&request), FA_ETIMEOUT);
    CHECK_EQ(COUNTED(&world.a, dns_given_up), 1);
    (void)fa_resolver_poll(&resolver, world.now);
    CHECK_EQ(resolver.open_count, 0);
    close_all();
}

T(servers_and_domains_of_the_network_are_followed)
{
    struct fa_names *names = &world.a.stack.names;
    struct fa_names_entry entry = {.ip = fa_ip4_ip(WORLD_B), .until_ns = FA_NS_NEVER};
    struct fa_names_entry domain = {.until_ns = FA_NS_NEVER};
    world_open();
    open_server();
    open_resolver(NULL);
    CHECK_EQ(ask("www"), FA_EIO);
    fa_names_put(names, FA_NAMES_DNS, &entry);
    REQUIRE(fa_names_text_set(&domain, FA_LIT("home.example")) == FA_OK);
    fa_names_put(names, FA_NAMES_DOMAIN, &domain);
    CHECK_EQ(fa_resolver_deadline(&resolver), 0);
    (void)fa_resolver_poll(&resolver, world.now);
    CHECK_EQ(ask("www"), FA_AGAIN);
    go(false);
    REQUIRE(fa_dns_result(&request) == FA_OK);
    struct fa_dns_name name;
    REQUIRE(fa_dns_name_parse(FA_LIT("www.home.example"), &name) == FA_OK);
    CHECK(fa_dns_name_equal(&request.answer.canonical, &name));
    entry.until_ns = 0;
    fa_names_put(names, FA_NAMES_DNS, &entry);
    (void)fa_resolver_poll(&resolver, world.now);
    CHECK_EQ(ask("other.x"), FA_EIO);
    close_all();
}

T(what_is_forgotten_is_closed)
{
    world_open();
    open_server();
    open_resolver(b_named());
    CHECK_EQ(ask("www.example"), FA_AGAIN);
    (void)fa_resolver_poll(&resolver, world.now);
    CHECK_EQ(resolver.open_count, 1);
    fa_dns_forget(&request, world.now);
    (void)fa_resolver_poll(&resolver, world.now);
    CHECK_EQ(resolver.open_count, 0);
    close_all();
}

/* ---- on a fiber ---- */

static fa_err outcomes[3];
static struct fa_dns_answer found;

static void ask_thrice(void *ctx)
{
    const fa_ns *deadline = ctx;
    struct fa_ip ip = fa_ip4(127, 0, 0, 1);
    outcomes[0] = fa_resolver_name_wait(&resolver, &ip, FA_NS_NEVER, &found);
    outcomes[1] = fa_resolver_ask_wait(&resolver, FA_LIT("a.x"), FA_DNS_A, FA_NS_NEVER, &found);
    outcomes[2] = fa_resolver_ask_wait(&resolver, FA_LIT("b.x"), FA_DNS_A, *deadline, &found);
}

T(a_fiber_waits_for_an_answer_or_its_deadline)
{
    static struct fa_fibers fibers;
    world_open();
    open_server();
    open_resolver(b_named());
    fa_ns deadline = world.now + FA_NS_MS;
    fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = 1}, world.now);
    outcomes[0] = outcomes[1] = outcomes[2] = FA_AGAIN;
    REQUIRE(fa_fiber_spawn(&fibers, ask_thrice, &deadline, NULL) == FA_OK);
    (void)fa_fibers_run(&fibers, world.now);
    CHECK_EQ(outcomes[0], FA_OK);
    CHECK_EQ(outcomes[1], FA_AGAIN);
    go(false);
    (void)fa_fibers_run(&fibers, world.now);
    CHECK_EQ(outcomes[1], FA_OK);
    CHECK_EQ(found.count, 1);
    (void)fa_fibers_run(&fibers, deadline + FA_NS_MS);
    CHECK_EQ(outcomes[2], FA_ETIMEOUT);
    CHECK_EQ(resolver.dns.request_count, 0);
    close_all();
}
