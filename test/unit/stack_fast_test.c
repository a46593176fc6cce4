// SPDX-License-Identifier: ISC
//
// The short way of usual segments (src/net/stack_fast.c, tcp_fast.c): whatever the wire does, the
// frames are those of the long way, byte for byte and at the same times. And what is refused.

#include "fa/fault.h"
#include "fa/rand.h"
#include "fa/wire/csum.h"
#include "fa/wire/tcp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum {
    PORT = 80,
    BYTES = 200000, /* each way */
    TURNS_MAX = 200000,
};

/* What a transfer goes over, and how the ends are. */
struct trip {
    uint64_t seed;
    uint32_t features_off;
    uint32_t trouble_per_million; /* of each kind: losses, copies, corruption, reordering */
    bool six;
    bool nagle;
};

/* A device between a stack and the faults of its wire, that remembers all it was given. */
static struct watched {
    struct fa_netdev dev; /* first */
    struct fa_fault fault;
    uint64_t digest;
    void (*edit)(uint8_t *frame); /* once, of the next frame received; NULL: none */
} watched[2];

static struct fa_netdev *inner(struct fa_netdev *dev)
{
    return &FA_CONTAINER(dev, struct watched, dev)->fault.dev;
}

static size_t rx(struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct watched *self = FA_CONTAINER(dev, struct watched, dev);
    size_t count = fa_netdev_rx(inner(dev), now, ret_bufs, count_max);
    if (count != 0 && self->edit != NULL) {
        self->edit(fa_buf_at(ret_bufs[0]));
        self->edit = NULL;
    }
    return count;
}

static fa_err tx_reserve(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    return fa_netdev_tx_reserve(inner(dev), ret_buf);
}

static void tx_commit(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct watched *self = FA_CONTAINER(dev, struct watched, dev);
    static const struct fa_siphash_key key = {1, 2};
    self->digest ^= fa_siphash13(&key, fa_buf_slice(take)) + now;
    self->digest = self->digest << 7 | self->digest >> 57;
    fa_netdev_tx_commit(inner(dev), now, take);
}

static void tx_flush(struct fa_netdev *dev, fa_ns now)
{
    fa_netdev_tx_flush(inner(dev), now);
}

static fa_ns deadline(const struct fa_netdev *dev)
{
    return fa_netdev_deadline(&FA_CONTAINER(dev, const struct watched, dev)->fault.dev);
}

static void close_dev(struct fa_netdev *dev)
{
    fa_netdev_close(inner(dev));
}

static const struct fa_netdev_ops watched_ops = {
    .rx = rx,
    .tx_reserve = tx_reserve,
    .tx_commit = tx_commit,
    .tx_flush = tx_flush,
    .deadline = deadline,
    .close = close_dev,
};

static struct fa_ip ip6_of(unsigned last)
{
    return (struct fa_ip){{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)last}};
}

static void start(struct station *station, const struct trip *trip)
{
    size_t idx = station == &world.a ? 0 : 1;
    const struct fa_fault_config faults = {
        .loss_per_million = trip->trouble_per_million,
        .duplicate_per_million = trip->trouble_per_million,
        .corrupt_per_million = trip->trouble_per_million,
        .corrupt_bits_max = 1,
        .reorder_per_million = trip->trouble_per_million,
        .reorder_ns = 3 * FA_NS_MS,
        .trailing_bytes_max = trip->trouble_per_million != 0 ? 8 : 0,
        .delay_ns = 2 * FA_NS_MS,
    };
    struct fa_fault_wrap_config wrap = {
        .seed = trip->seed + idx, .tx = faults, .counters = &station->counters};
    fa_fault_wrap(&watched[idx].fault, station->dev, &wrap);
    watched[idx].dev = (struct fa_netdev){&watched_ops, station->dev->info};
    watched[idx].digest = 0;
    watched[idx].edit = NULL;
    station->dev = &watched[idx].dev;
    struct fa_stack_config config = world_config(station, idx == 0 ? WORLD_A : WORLD_B);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].dad_off = true;
    config.ifaces[0].ra_off = true;
    config.ifaces[0].more.at[0] = (struct fa_addr_net){ip6_of(1 + (unsigned)idx), 64};
    config.tcp.features_off = trip->features_off;
    fa_stack_init(&station->stack, &config, world.now);
}

static void open_trip(const struct trip *trip)
{
    world_open_wire();
    start(&world.a, trip);
    start(&world.b, trip);
    world_run(FA_NS_S);
}

/* Write bytes known by their place, in pieces that the seed chooses. Returns: how many in all. */
static uint64_t write_some(struct fa_flow *flow, struct fa_rand *rand, uint64_t off)
{
    uint8_t *at;
    size_t cap;
    if (off == BYTES || fa_flow_reserve(flow, &at, &cap) != FA_OK) {
        return off;
    }
    cap = fa_min(fa_min(cap, BYTES - off), 1 + fa_rand_below(rand, 4000));
    for (size_t i = 0; i < cap; i++) {
        at[i] = (uint8_t)((off + i) * 31 >> 3);
    }
    fa_flow_commit(flow, cap);
    return off + cap;
}

static uint64_t read_some(struct fa_flow *flow, uint64_t off)
{
    struct fa_slice seen;
    while (fa_flow_peek(flow, &seen) == FA_OK) {
        for (size_t i = 0; i < seen.len; i++) {
            if (seen.at[i] != (uint8_t)((off + i) * 31 >> 3)) {
                t_fail(__FILE__, __LINE__, "a byte is wrong");
                return off;
            }
        }
        off += seen.len;
        fa_flow_done(flow, seen.len);
    }
    return off;
}

static void step(void)
{
    world_settle();
    fa_ns next = fa_ns_min(fa_stack_deadline(&world.a.stack), fa_stack_deadline(&world.b.stack));
    world.now = next != FA_NS_NEVER && next > world.now ? next : world.now + FA_NS_MS;
}

/* Both ways at once, then an orderly end. Returns: a digest of all frames. */
static uint64_t travel(const struct trip *trip)
{
    struct fa_tcp_listener listener;
    struct fa_flow *client = NULL;
    struct fa_flow *server = NULL;
    struct fa_rand rand;
    uint64_t sent[2] = {0};
    uint64_t received[2] = {0};
    fa_rand_init_seed(&rand, trip->seed);
    open_trip(trip);
    struct fa_endpoint to = world_at(WORLD_B, PORT);
    to.ip = trip->six ? ip6_of(2) : to.ip;
    const struct fa_tcp_listen_config listen = {.port = PORT, .nagle = trip->nagle};
    CHECK(fa_tcp_listen(&world.b.stack.tcp, &listener, &listen) == FA_OK);
    if (fa_stack_connect(&world.a.stack, &to, &client) != FA_OK) {
        t_fail(__FILE__, __LINE__, "no connection");
        return 0;
    }
    for (int turn = 0; received[0] < BYTES || received[1] < BYTES; turn++) {
        if (turn == TURNS_MAX) {
            t_fail(__FILE__, __LINE__, "it does not arrive");
            break;
        }
        if (server == NULL) {
            (void)fa_listener_accept(&listener.listener, &server);
        } else {
            sent[1] = write_some(server, &rand, sent[1]);
            received[0] = read_some(server, received[0]);
        }
        sent[0] = write_some(client, &rand, sent[0]);
        received[1] = read_some(client, received[1]);
        step();
    }
    fa_flow_close(client);
    if (server != NULL) {
        fa_flow_close(server);
    }
    world_run(200 * FA_NS_S);
    uint64_t digest = watched[0].digest ^ watched[1].digest << 1;
    world_close();
    return digest;
}

/* What was counted on both sides, but for what tells the ways apart. */
struct counted {
    struct fa_counters of[2];
};

static struct counted take_counted(void)
{
    struct counted counted = {{world.a.counters, world.b.counters}};
    for (size_t i = 0; i < 2; i++) {
        counted.of[i].cell[FA_COUNTER_tcp_fast_rx] = 0;
        counted.of[i].cell[FA_COUNTER_tcp_fast_tx] = 0;
    }
    return counted;
}

/* Both ways of doing it; the long one has no use for the short one. */
static void compare(struct trip trip)
{
    uint64_t fast = travel(&trip);
    struct counted fast_counted = take_counted();
    CHECK(COUNTED(&world.a, tcp_fast_tx) > 0);
    CHECK(COUNTED(&world.b, tcp_fast_rx) > 0);
    trip.features_off |= FA_TCP_FAST_PATH;
    uint64_t slow = travel(&trip);
    CHECK_EQ(COUNTED(&world.a, tcp_fast_tx), 0);
    CHECK_EQ(COUNTED(&world.b, tcp_fast_rx), 0);
    CHECK_EQ(fast, slow);
    struct counted slow_counted = take_counted();
    for (size_t i = 0; i < FA_COUNTER_COUNT; i++) {
        CHECK_EQ(fast_counted.of[0].cell[i], slow_counted.of[0].cell[i]);
        CHECK_EQ(fast_counted.of[1].cell[i], slow_counted.of[1].cell[i]);
    }
}

T(frames_of_the_short_way_are_those_of_the_long_way)
{
    compare((struct trip){.seed = 1});
    compare((struct trip){.seed = 2, .six = true});
    compare((struct trip){.seed = 3, .features_off = FA_TCP_TIMESTAMPS});
    compare((struct trip){.seed = 4, .features_off = FA_TCP_TIMESTAMPS, .six = true});
    compare((struct trip){.seed = 5, .features_off = FA_TCP_ECN});
    compare((struct trip){.seed = 6, .features_off = FA_TCP_SACK, .nagle = true});
}

T(so_they_are_on_a_wire_that_loses_repeats_corrupts_and_reorders)
{
    for (uint64_t seed = 0; seed < 24; seed++) {
        compare((struct trip){
            .seed = 100 + seed,
            .trouble_per_million = seed % 3 == 0 ? 2000 : 20000,
            .six = seed % 2 != 0,
            .nagle = seed % 5 == 0,
            .features_off =
                (seed % 4 == 0 ? FA_TCP_TIMESTAMPS : 0u) | (seed % 7 == 0 ? FA_TCP_SACK : 0u),
        });
    }
}

/* ---- one connection, and what happens to the next frame of it ---- */

static struct fa_tcp_listener listener;
static struct fa_flow *client;
static struct fa_flow *server;

static void send_one(struct fa_flow *from, struct fa_flow *to)
{
    uint8_t *at;
    size_t cap;
    struct fa_slice seen;
    REQUIRE(fa_flow_reserve(from, &at, &cap) == FA_OK);
    at[0] = 'x';
    fa_flow_commit(from, 1);
    for (int i = 0; i < 10; i++) {
        step();
    }
    while (fa_flow_peek(to, &seen) == FA_OK) {
        fa_flow_done(to, seen.len);
    }
}

/* Frames of the connection take the short way afterwards. */
static void open_pair(void)
{
    open_trip(&(struct trip){.seed = 1});
    struct fa_endpoint to = world_at(WORLD_B, PORT);
    const struct fa_tcp_listen_config listen = {.port = PORT};
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener, &listen) == FA_OK);
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
    for (int i = 0; i < 10; i++) {
        step();
    }
    REQUIRE(fa_listener_accept(&listener.listener, &server) == FA_OK);
    for (int i = 0; i < 3; i++) {
        send_one(client, server);
        send_one(server, client);
    }
    CHECK(COUNTED(&world.a, tcp_fast_tx) > 0 && COUNTED(&world.b, tcp_fast_rx) > 0);
}

static void close_pair(void)
{
    fa_flow_abort(client);
    fa_flow_abort(server);
    world_run(FA_NS_S);
    world_close();
}

static void spoil_ttl(uint8_t *frame)
{
    frame[FA_ETH_HDR_LEN + 8] ^= 1;
}

static void spoil_payload(uint8_t *frame)
{
    frame[FA_ETH_HDR_LEN + FA_IP4_HDR_LEN + FA_TCP_HDR_LEN + FA_TCP_TS_LEN] ^= 1;
}

static void mark(uint8_t *frame)
{
    uint8_t *ip = frame + FA_ETH_HDR_LEN;
    uint16_t before = fa_be16_load(ip);
    ip[1] |= FA_IP_ECN_CE;
    fa_be16_store(ip + 10, fa_csum_update(fa_be16_load(ip + 10), before, fa_be16_load(ip)));
}

static void add_options(uint8_t *frame)
{
    uint8_t *tcp = frame + FA_ETH_HDR_LEN + FA_IP4_HDR_LEN;
    uint16_t before = fa_be16_load(tcp + 12);
    tcp[12] = 0xf0; // 60 bytes, more than there are
    fa_be16_store(tcp + 16, fa_csum_update(fa_be16_load(tcp + 16), before, fa_be16_load(tcp + 12)));
}

T(a_spoilt_frame_is_refused_and_counted_by_the_long_way)
{
    open_pair();
    watched[1].edit = spoil_ttl;
    send_one(client, server);
    CHECK_EQ(COUNTED(&world.b, ip4_rx_bad_checksum), 1);
    world_run(FA_NS_S);
    watched[1].edit = spoil_payload;
    send_one(client, server);
    CHECK_EQ(COUNTED(&world.b, tcp_rx_bad_checksum), 1);
    world_run(FA_NS_S);
    watched[1].edit = add_options;
    send_one(client, server);
    CHECK_EQ(COUNTED(&world.b, tcp_rx_bad_offset), 1);
    close_pair();
}

T(a_marked_frame_takes_the_long_way)
{
    open_pair();
    long long before = COUNTED(&world.b, tcp_fast_rx);
    watched[1].edit = mark;
    send_one(client, server);
    CHECK_EQ(COUNTED(&world.b, tcp_fast_rx), before);
    close_pair();
}

T(an_orderly_end_takes_the_short_way)
{
    open_pair();
    long long before_a = COUNTED(&world.a, tcp_fast_tx);
    long long before_b = COUNTED(&world.b, tcp_fast_tx);
    fa_flow_close(client);
    for (int i = 0; i < 10; i++) {
        step();
    }
    fa_flow_close(server);
    for (int i = 0; i < 10; i++) {
        step();
    }
    // Its FIN and the last ACK; the ACK of a FIN, and another. A way may have to be learned anew.
    CHECK(COUNTED(&world.a, tcp_fast_tx) > before_a);
    CHECK(COUNTED(&world.b, tcp_fast_tx) > before_b);
    world_run(200 * FA_NS_S);
    world_close();
}

T(the_user_timeout_begins_when_data_leave)
{
    open_pair();
    world_run(290 * FA_NS_S); // of 300
    fa_fault_switch(&watched[0].fault, FA_FAULT_TX, false);
    uint8_t *at;
    size_t cap;
    REQUIRE(fa_flow_reserve(client, &at, &cap) == FA_OK);
    fa_flow_commit(client, 1);
    world_run(200 * FA_NS_S);
    CHECK_EQ(COUNTED(&world.a, tcp_conn_timeout), 0);
    world_run(110 * FA_NS_S);
    CHECK_EQ(COUNTED(&world.a, tcp_conn_timeout), 1);
    fa_flow_abort(server);
    fa_flow_abort(client);
    world_close();
}

T(a_way_ends_with_its_address)
{
    open_pair();
    long long before = COUNTED(&world.b, tcp_fast_rx);
    world.b.stack.path_generation++; // as every change of addresses and routes does
    world.a.stack.path_generation++;
    long long sent = COUNTED(&world.a, tcp_fast_tx);
    send_one(client, server);
    CHECK_EQ(COUNTED(&world.b, tcp_fast_rx), before);
    CHECK_EQ(COUNTED(&world.a, tcp_fast_tx), sent);
    close_pair();
}

/* A frame of one byte, with timestamps. */
enum { SMALL_LEN = FA_ETH_HDR_LEN + FA_IP4_HDR_LEN + FA_TCP_HDR_LEN + FA_TCP_TS_LEN + 1 };
static uint8_t kept[SMALL_LEN];

static void keep(uint8_t *frame)
{
    fa_copy(kept, frame, sizeof kept);
}

static void replay(uint8_t *frame)
{
    fa_copy(frame, kept, sizeof kept);
}

T(a_late_frame_is_not_taken_for_one_of_the_next_connection_in_its_place)
{
    open_pair();
    watched[1].edit = keep;
    send_one(client, server);
    fa_flow_abort(client);
    fa_flow_abort(server);
    world_run(FA_NS_S);
    const struct fa_endpoint to = world_at(WORLD_B, PORT);
    REQUIRE(fa_stack_connect(&world.a.stack, &to, &client) == FA_OK);
    for (int i = 0; i < 10; i++) {
        step();
    }
    REQUIRE(fa_listener_accept(&listener.listener, &server) == FA_OK);
    send_one(client, server);
    long long before = COUNTED(&world.b, tcp_rx_no_connection);
    watched[1].edit = replay;
    send_one(client, server);
    CHECK_EQ(COUNTED(&world.b, tcp_rx_no_connection), before + 1);
    close_pair();
}

/* ---- many connections: what is fetched ahead changes nothing ---- */

T(segments_of_many_connections_in_one_burst_arrive)
{
    enum { COUNT = 12 };
    struct fa_flow *clients[COUNT];
    struct fa_flow *servers[COUNT];
    struct fa_slice seen;
    uint8_t *at;
    size_t cap;
    open_trip(&(struct trip){.seed = 1});
    const struct fa_tcp_listen_config listen = {.port = PORT};
    REQUIRE(fa_tcp_listen(&world.b.stack.tcp, &listener, &listen) == FA_OK);
    for (size_t i = 0; i < COUNT; i++) {
        struct fa_endpoint to = world_at(WORLD_B, PORT);
        to.ip = i % 2 != 0 ? ip6_of(2) : to.ip;
        REQUIRE(fa_stack_connect(&world.a.stack, &to, &clients[i]) == FA_OK);
        world_run(FA_NS_S / 10);
        REQUIRE(fa_listener_accept(&listener.listener, &servers[i]) == FA_OK);
    }
    fa_zero(world.b.stack.tcp.recent, sizeof world.b.stack.tcp.recent); // as if many more talked
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            REQUIRE(fa_flow_reserve(clients[i], &at, &cap) == FA_OK);
            at[0] = (uint8_t)i;
            fa_flow_commit(clients[i], 1);
        }
        world_run(FA_NS_S / 10);
        CHECK(round != 0 || world.b.stack.tcp.spread); // found by searching, once
        for (size_t i = 0; i < COUNT; i++) {
            REQUIRE(fa_flow_peek(servers[i], &seen) == FA_OK);
            CHECK(seen.len == 1 && seen.at[0] == i);
            fa_flow_done(servers[i], 1);
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        fa_flow_abort(clients[i]);
        fa_flow_abort(servers[i]);
    }
    world_run(FA_NS_S);
    world_close();
}
