// SPDX-License-Identifier: ISC
//
// UDP: connected sockets, groups, what ICMP says, and limits.

#include "fa/udp.h"

#include "fa/wire/udp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    PORT = 5353,
};

static const struct fa_ip mdns = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 224, 0, 0, 251}};
static struct fa_udp_socket a;
static struct fa_udp_socket b;
static struct fa_udp_socket c;

static fa_err bind_as(
    struct station *station, struct fa_udp_socket *socket, struct fa_udp_socket_config config)
{
    config.pool = &station->pool;
    return fa_udp_bind(&station->stack.udp, socket, &config);
}

/* What recv says when there should be no datagram. */
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

/* The station m says a datagram to stack a. */
static void m_says(uint16_t source_port, uint16_t target_port, const char *text)
{
    struct fa_ip4_header ip = {.source = WORLD_M, .target = WORLD_A, .protocol = FA_IP_PROTO_UDP};
    struct fa_slice datagram =
        world_datagram(WORLD_M, WORLD_A, source_port, target_port, fa_slice_of(text));
    world_inject(world_mac(&world.a), &ip, datagram, 0);
    world_settle();
}

/* ---- connected ---- */

T(a_connected_socket_hears_its_remote_alone)
{
    world_open();
    REQUIRE(bind_as(&world.a, &a, (struct fa_udp_socket_config){.port = 7}) == FA_OK);
    struct fa_endpoint remote = world_at(WORLD_M, 5000);
    REQUIRE(fa_udp_connect(&a, &remote) == FA_OK);
    m_says(5001, 7, "another port");
    CHECK_EQ(recv_nothing(&a), FA_AGAIN);
    CHECK_EQ(COUNTED(&world.a, udp_rx_no_socket), 1);
    m_says(5000, 7, "the port");
    CHECK(world_recv(&a, "the port", NULL));
    CHECK_EQ(fa_udp_connect(&a, NULL), FA_OK);
    m_says(5001, 7, "anybody again");
    CHECK(world_recv(&a, "anybody again", NULL));
    fa_udp_close(&a);
    CHECK_EQ(world.a.stack.udp.connected_count, 0);
    world_close();
}

T(connected_sockets_of_one_port_are_told_apart_by_their_remotes)
{
    struct fa_udp_socket_config shared = {.port = 7, .shared = true};
    struct fa_endpoint first = world_at(WORLD_M, 5000);
    struct fa_endpoint second = world_at(WORLD_M, 5001);
    struct fa_endpoint nowhere = world_at(WORLD_M, 0);
    world_open();
    REQUIRE(bind_as(&world.a, &a, shared) == FA_OK);
    REQUIRE(bind_as(&world.a, &b, shared) == FA_OK);
    REQUIRE(bind_as(&world.a, &c, shared) == FA_OK);
    CHECK_EQ(fa_udp_connect(&a, &first), FA_OK);
    CHECK_EQ(fa_udp_connect(&b, &first), FA_EINVAL);
    CHECK_EQ(fa_udp_connect(&b, &nowhere), FA_EINVAL);
    CHECK_EQ(fa_udp_connect(&b, &second), FA_OK);
    m_says(5001, 7, "to b");
    m_says(5000, 7, "to a");
    m_says(5002, 7, "to c");
    CHECK(world_recv(&a, "to a", NULL));
    CHECK(world_recv(&b, "to b", NULL));
    CHECK(world_recv(&c, "to c", NULL));
    fa_udp_close(&a);
    fa_udp_close(&b);
    fa_udp_close(&c);
    world_close();
}

T(a_connected_socket_sends_where_it_is_connected_to)
{
    world_open();
    REQUIRE(bind_as(&world.a, &a, (struct fa_udp_socket_config){0}) == FA_OK);
    REQUIRE(world_bind(&world.b, &b, 7) == FA_OK);
    CHECK_EQ(fa_udp_send(&a, FA_LIT("nowhere"), NULL, NULL), FA_EINVAL);
    struct fa_endpoint remote = world_at(WORLD_B, 7);
    REQUIRE(fa_udp_connect(&a, &remote) == FA_OK);
    CHECK_EQ(fa_udp_send(&a, FA_LIT("there"), NULL, NULL), FA_OK);
    world_settle();
    CHECK(world_recv(&b, "there", NULL));
    fa_udp_close(&a);
    fa_udp_close(&b);
    world_close();
}

/* ---- errors ---- */

static unsigned told;

static void tell(struct fa_watch *watch, unsigned events)
{
    (void)watch;
    told |= events;
}

T(a_refusal_is_told_once_to_the_owner_of_a_connected_socket)
{
    struct fa_watch watch = {tell};
    world_open();
    REQUIRE(bind_as(&world.a, &a, (struct fa_udp_socket_config){0}) == FA_OK);
    struct fa_endpoint remote = world_at(WORLD_B, 9);
    REQUIRE(fa_udp_connect(&a, &remote) == FA_OK);
    a.watch = &watch;
    told = 0;
    CHECK_EQ(fa_udp_send(&a, FA_LIT("?"), NULL, NULL), FA_OK);
    world_settle();
    CHECK_EQ(told, FA_FLOW_READABLE);
    CHECK_EQ(recv_nothing(&a), FA_EREFUSED);
    CHECK_EQ(recv_nothing(&a), FA_AGAIN);
    CHECK_EQ(a.error.remote.port, 9);
    CHECK_EQ(fa_udp_send(&a, FA_LIT("?"), NULL, NULL), FA_OK);
    world_settle();
    CHECK_EQ(fa_udp_send(&a, FA_LIT("?"), NULL, NULL), FA_EREFUSED);
    CHECK_EQ(fa_udp_send(&a, FA_LIT("?"), NULL, NULL), FA_OK);
    fa_udp_close(&a);
    world_close();
}

T(an_unconnected_socket_is_told_only_if_it_asks_for_it)
{
    world_open();
    REQUIRE(bind_as(&world.a, &a, (struct fa_udp_socket_config){0}) == FA_OK);
    REQUIRE(bind_as(&world.a, &b, (struct fa_udp_socket_config){.errors = true}) == FA_OK);
    CHECK_EQ(world_send(&a, "?", world_at(WORLD_B, 9)), FA_OK);
    CHECK_EQ(world_send(&b, "?", world_at(WORLD_B, 9)), FA_OK);
    world_settle();
    CHECK_EQ(recv_nothing(&a), FA_AGAIN);
    CHECK_EQ(a.refused_count, 1);
    CHECK_EQ(recv_nothing(&b), FA_EREFUSED);
    fa_udp_close(&a);
    fa_udp_close(&b);
    world_close();
}

T(an_error_about_what_was_not_sent_is_not_believed)
{
    world_open();
    REQUIRE(
        bind_as(&world.a, &a, (struct fa_udp_socket_config){.port = 7, .errors = true}) == FA_OK);
    CHECK_EQ(world_send(&a, "?", world_at(WORLD_B, 53)), FA_OK);
    world_settle();
    CHECK_EQ(recv_nothing(&a), FA_EREFUSED);
    struct fa_ip_meta meta = {.local = fa_ip4_ip(WORLD_A), .remote = fa_ip4_ip(WORLD_B)};
    const uint8_t wrong_source[8] = {0, 8, 0, 53};
    const uint8_t wrong_target[8] = {0, 7, 0, 54};
    const uint8_t right[8] = {0, 7, 0, 53};
    struct fa_udp *udp = &world.a.stack.udp;
    fa_udp_icmp(udp, &meta, FA_UDP_ICMP_UNREACHABLE, (struct fa_slice){wrong_source, 8});
    fa_udp_icmp(udp, &meta, FA_UDP_ICMP_UNREACHABLE, (struct fa_slice){wrong_target, 8});
    struct fa_ip_meta elsewhere = {.local = meta.local, .remote = fa_ip4_ip(WORLD_M)};
    fa_udp_icmp(udp, &elsewhere, FA_UDP_ICMP_UNREACHABLE, (struct fa_slice){right, 8});
    CHECK_EQ(recv_nothing(&a), FA_AGAIN);
    CHECK_EQ(COUNTED(&world.a, udp_icmp_unasked), 3);
    meta.mtu_bytes = 1280;
    fa_udp_icmp(udp, &meta, FA_UDP_ICMP_TOO_BIG, (struct fa_slice){right, 8});
    CHECK_EQ(recv_nothing(&a), FA_EINVAL);
    CHECK_EQ(a.error.mtu_bytes, 1280);
    fa_udp_close(&a);
    world_close();
}

/* ---- groups ---- */

T(a_group_is_heard_by_its_members_alone)
{
    struct fa_udp_from from;
    world_open();
    REQUIRE(world_bind(&world.a, &a, 0) == FA_OK);
    REQUIRE(world_bind(&world.b, &b, PORT) == FA_OK);
    CHECK_EQ(world_send(&a, "1", (struct fa_endpoint){mdns, PORT}), FA_OK);
    world_settle();
    CHECK_EQ(recv_nothing(&b), FA_AGAIN); // taking broadcasts is not being a member
    CHECK_EQ(fa_udp_join(&b, &mdns, 0), FA_OK);
    CHECK_EQ(fa_udp_join(&b, &mdns, 0), FA_EINVAL);
    CHECK_EQ(world_send(&a, "2", (struct fa_endpoint){mdns, PORT}), FA_OK);
    world_settle();
    REQUIRE(world_recv(&b, "2", &from));
    CHECK(fa_ip_equal(&from.group, &mdns) && fa_ip_is_zero(&from.local.ip));
    CHECK_EQ(from.ttl, 1);
    CHECK_EQ(fa_udp_leave(&b, &mdns, 0), FA_OK);
    CHECK_EQ(fa_udp_leave(&b, &mdns, 0), FA_ENOENT);
    CHECK_EQ(world_send(&a, "3", (struct fa_endpoint){mdns, PORT}), FA_OK);
    world_settle();
    CHECK_EQ(recv_nothing(&b), FA_AGAIN);
    fa_udp_close(&a);
    fa_udp_close(&b);
    world_close();
}

T(every_member_on_a_shared_port_gets_a_copy)
{
    struct fa_udp_socket_config shared = {.port = PORT, .shared = true};
    world_open();
    REQUIRE(bind_as(&world.b, &a, shared) == FA_OK);
    REQUIRE(bind_as(&world.b, &b, shared) == FA_OK);
    CHECK_EQ(bind_as(&world.b, &c, (struct fa_udp_socket_config){.port = PORT}), FA_EINVAL);
    CHECK_EQ(fa_udp_join(&a, &mdns, 0), FA_OK);
    CHECK_EQ(fa_udp_join(&b, &mdns, 0), FA_OK);
    REQUIRE(world_bind(&world.a, &c, 0) == FA_OK);
    CHECK_EQ(world_send(&c, "all", (struct fa_endpoint){mdns, PORT}), FA_OK);
    CHECK_EQ(world_send(&c, "one", world_at(WORLD_B, PORT)), FA_OK);
    world_settle();
    CHECK(world_recv(&a, "all", NULL) && world_recv(&b, "all", NULL));
    CHECK(world_recv(&a, "one", NULL));
    CHECK_EQ(recv_nothing(&b), FA_AGAIN);
    fa_udp_close(&a);
    fa_udp_close(&b);
    fa_udp_close(&c);
    world_close();
}

T(own_members_hear_what_is_sent_unless_it_is_sent_quietly)
{
    struct fa_udp_from from;
    world_open();
    REQUIRE(world_bind(&world.a, &a, PORT) == FA_OK);
    CHECK_EQ(fa_udp_join(&a, &mdns, 0), FA_OK);
    CHECK_EQ(world_send(&a, "myself", (struct fa_endpoint){mdns, PORT}), FA_OK);
    world_settle();
    REQUIRE(world_recv(&a, "myself", &from));
    CHECK_EQ(fa_ip4_of(&from.remote.ip), WORLD_A);
    CHECK_EQ(from.remote.port, PORT);
    a.config.group_quiet = true;
    CHECK_EQ(world_send(&a, "others", (struct fa_endpoint){mdns, PORT}), FA_OK);
    world_settle();
    CHECK_EQ(recv_nothing(&a), FA_AGAIN);
    fa_udp_close(&a);
    world_close();
}

static int member_count;
static fa_err join_outcome;

static fa_err count_members(void *ctx, const struct fa_ip *group, uint8_t iface, bool member)
{
    CHECK(ctx == &member_count && fa_ip_is_group(group) && iface == 3);
    if (member && join_outcome != FA_OK) {
        return join_outcome;
    }
    member_count += member ? 1 : -1;
    return FA_OK;
}

T(the_stack_is_asked_for_each_membership_and_told_of_each_end)
{
    struct fa_rand rand;
    struct fa_counters counters = {0};
    static struct fa_udp udp;
    fa_rand_init_seed(&rand, 1);
    member_count = 0;
    fa_udp_init(&udp, &(struct fa_udp_config){.counters = &counters,
                          .rand = &rand,
                          .group_set = count_members,
                          .ctx = &member_count});
    REQUIRE(fa_udp_bind(&udp, &a, &(struct fa_udp_socket_config){.port = PORT}) == FA_OK);
    struct fa_ip lone = fa_ip4(192, 0, 2, 1);
    CHECK_EQ(fa_udp_join(&a, &lone, 3), FA_EINVAL);
    join_outcome = FA_ENOSPC;
    CHECK_EQ(fa_udp_join(&a, &mdns, 3), FA_ENOSPC);
    join_outcome = FA_OK;
    for (uint8_t i = 0; i < FA_UDP_GROUP_COUNT_MAX; i++) {
        struct fa_ip group = {{0xff, 2, [15] = i}};
        CHECK_EQ(fa_udp_join(&a, &group, 3), FA_OK);
    }
    CHECK_EQ(fa_udp_join(&a, &mdns, 3), FA_ENOSPC);
    CHECK_EQ(member_count, FA_UDP_GROUP_COUNT_MAX);
    struct fa_ip group = {{0xff, 2, [15] = 0}};
    CHECK_EQ(fa_udp_leave(&a, &group, 3), FA_OK);
    CHECK_EQ(member_count, FA_UDP_GROUP_COUNT_MAX - 1);
    fa_udp_close(&a);
    CHECK_EQ(member_count, 0);
}

T(broadcast_needs_leave)
{
    world_open();
    REQUIRE(bind_as(&world.a, &a, (struct fa_udp_socket_config){0}) == FA_OK);
    CHECK_EQ(world_send(&a, "all", world_at(0xffffffff, 9)), FA_EINVAL);
    CHECK_EQ(world.a.pool.used_count, 0);
    fa_udp_close(&a);
    world_close();
}

/* ---- marks and limits ---- */

T(hop_limit_and_traffic_class_are_sent_and_reported)
{
    struct fa_udp_from from;
    struct fa_udp_socket_config marked = {.ttl = 3, .traffic = 0xb8};
    world_open();
    REQUIRE(bind_as(&world.a, &a, marked) == FA_OK);
    REQUIRE(world_bind(&world.b, &b, 7) == FA_OK);
    CHECK_EQ(world_send(&a, "x", world_at(WORLD_B, 7)), FA_OK);
    world_settle();
    REQUIRE(world_recv(&b, "x", &from));
    CHECK_EQ(from.ttl, 3);
    CHECK_EQ(from.traffic, 0xb8);
    a.config.ttl = 9;
    CHECK_EQ(world_send(&a, "y", world_at(WORLD_B, 7)), FA_OK);
    world_settle();
    REQUIRE(world_recv(&b, "y", &from));
    CHECK_EQ(from.ttl, 9);
    fa_udp_close(&a);
    fa_udp_close(&b);
    world_close();
}

T(queues_are_bounded_in_bytes_too)
{
    struct fa_udp_socket_config small = {.port = 7, .rx_bytes_max = 10, .tx_bytes_max = 5};
    struct fa_watch watch = {tell};
    world_open();
    REQUIRE(bind_as(&world.a, &a, small) == FA_OK);
    m_says(5000, 7, "123456");
    m_says(5000, 7, "12345");
    CHECK_EQ(COUNTED(&world.a, udp_rx_queue_full), 1);
    m_says(5000, 7, "7890");
    CHECK(world_recv(&a, "123456", NULL) && world_recv(&a, "7890", NULL));
    CHECK_EQ(a.rx_bytes, 0);
    a.watch = &watch;
    told = 0;
    CHECK_EQ(world_send(&a, "12345", world_at(WORLD_B, 9)), FA_OK);
    CHECK_EQ(world_send(&a, "6", world_at(WORLD_B, 9)), FA_ENOSPC);
    world_settle();
    CHECK_EQ(told, FA_FLOW_WRITABLE);
    CHECK_EQ(world_send(&a, "6", world_at(WORLD_B, 9)), FA_OK);
    fa_udp_close(&a);
    world_close();
}

/* ---- on a fiber ---- */

static fa_err waited[2];

static void wait_twice(void *ctx)
{
    struct fa_buf *buf = NULL;
    struct fa_udp_from from;
    const fa_ns *deadline = ctx;
    waited[0] = fa_udp_recv_wait(&a, FA_NS_NEVER, &buf, &from);
    fa_buf_drop(buf);
    waited[1] = fa_udp_recv_wait(&a, *deadline, &buf, &from);
}

T(a_fiber_waits_for_a_datagram_or_its_deadline)
{
    static struct fa_fibers fibers;
    world_open();
    fa_ns deadline = world.now + FA_NS_S;
    fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = 1}, world.now);
    REQUIRE(bind_as(&world.a, &a, (struct fa_udp_socket_config){.port = 7}) == FA_OK);
    waited[0] = waited[1] = FA_AGAIN;
    REQUIRE(fa_fiber_spawn(&fibers, wait_twice, &deadline, NULL) == FA_OK);
    (void)fa_fibers_run(&fibers, world.now);
    m_says(5000, 7, "x");
    (void)fa_fibers_run(&fibers, world.now);
    CHECK_EQ(waited[0], FA_OK);
    CHECK_EQ(waited[1], FA_AGAIN);
    (void)fa_fibers_run(&fibers, deadline + FA_NS_MS);
    CHECK_EQ(waited[1], FA_ETIMEOUT);
    CHECK(a.watch == NULL);
    fa_udp_close(&a);
    world_close();
}
