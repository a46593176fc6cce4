// SPDX-License-Identifier: ISC
//
// Ports of active opens: random to outsiders, found when hardly any is left, and more of them than
// a port number can count.

#include "test/t.h"
#include "src/net/tcp_priv.h"
#include "test/unit/tcp_end.h"

enum {
    ALL = FA__TCP_PORT_COUNT,
    CONNS = 70000,
    BUCKETS = 1 << 16,
    BUFS = 64,
};

static _Alignas(64) uint8_t conn_memory[(size_t)CONNS * FA_TCP_CONN_BYTES];
static _Alignas(64) uint8_t pool_memory[(size_t)BUFS * FA_BUF_SIZE];
static uint32_t buckets[BUCKETS];
static struct fa_flow *flows[CONNS];
static struct fa_counters counters;
static struct fa_pool pool;
static struct fa_rand rand_;
static struct fa_tcp tcp;
static struct fa_tcp_listener listener;

static void start(uint64_t seed)
{
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand_, seed);
    fa_pool_init(&pool, pool_memory, sizeof pool_memory, FA_BUF_SIZE);
    fa_tcp_init(&tcp,
        &(struct fa_tcp_config){
            .conn_memory = conn_memory,
            .conn_count_max = CONNS,
            .bucket_memory = buckets,
            .bucket_count = BUCKETS,
            .pool = &pool,
            .counters = &counters,
            .rand = &rand_,
            .time_wait_ns = 60 * FA_NS_S,
        },
        FA_NS_S);
}

static struct fa_ip local_ip(unsigned i)
{
    return fa_ip4(192, 0, 2, (uint8_t)(1 + i));
}

static fa_err connect_from(unsigned local, unsigned remote, struct fa_flow **ret_flow)
{
    struct fa_tcp_connect_config config = {
        .remote = {fa_ip4(198, 51, 100, (uint8_t)(1 + remote)), 443},
        .local = local_ip(local),
        .mtu_bytes = TCP_END_MTU,
    };
    return fa_tcp_connect(&tcp, FA_NS_S, &config, ret_flow);
}

static uint16_t port_of(struct fa_flow *flow)
{
    return fa__tcp_conn_of(flow)->tuple.local_port;
}

/* Forget what would be sent. */
static void hush(void)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    REQUIRE(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    while (fa_tcp_output(&tcp, FA_NS_S, buf, &meta)) {
        fa_buf_drop(buf);
        REQUIRE(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
    }
    fa_buf_drop(buf);
}

T(ports_of_two_destinations_tell_nothing_about_each_other)
{
    uint32_t near_count = 0;
    uint32_t same_count = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        start(seed);
        REQUIRE(connect_from(0, 0, &flows[0]) == FA_OK);
        REQUIRE(connect_from(0, 1, &flows[1]) == FA_OK);
        int distance = (int)port_of(flows[1]) - (int)port_of(flows[0]);
        near_count += distance > -1000 && distance < 1000;
        start(seed);
        REQUIRE(connect_from(0, 0, &flows[2]) == FA_OK);
        same_count += port_of(flows[0]) == port_of(flows[2]);
    }
    CHECK(near_count < 40);    // 6 % by chance
    CHECK_EQ(same_count, 200); // all randomness is the caller's
}

T(a_port_is_not_used_again_soon)
{
    start(1);
    static uint8_t seen[65536];
    for (int i = 0; i < 20000; i++) {
        REQUIRE(connect_from(0, 0, &flows[0]) == FA_OK);
        uint16_t port = port_of(flows[0]);
        CHECK(port >= FA__TCP_PORT_FIRST);
        CHECK_EQ(seen[port], 0);
        seen[port] = 1;
        fa_flow_close(flows[0]);
    }
    CHECK_EQ(tcp.live_count, 0);
}

T(when_every_port_to_a_peer_is_in_use_a_connect_is_refused)
{
    start(2);
    const struct fa_tcp_listen_config listen = {.port = FA__TCP_PORT_FIRST + 1000};
    CHECK_EQ(fa_tcp_listen(&tcp, &listener, &listen), FA_OK);
    for (int i = 0; i < ALL - 1; i++) { // the listener's is not taken
        REQUIRE(connect_from(0, 0, &flows[i]) == FA_OK);
        CHECK(port_of(flows[i]) != listen.port);
    }
    struct fa_flow *flow;
    CHECK_EQ(connect_from(0, 0, &flow), FA_ENOSPC);
    CHECK_EQ(connect_from(0, 1, &flow), FA_OK); // another peer has ports of its own
    CHECK_EQ(connect_from(1, 0, &flow), FA_OK); // and so has another address of ours
    fa_listener_close(&listener.listener);
    CHECK_EQ(connect_from(0, 0, &flow), FA_OK);
    CHECK_EQ(port_of(flow), FA__TCP_PORT_FIRST + 1000);
}

T(the_last_free_port_is_found_without_a_search)
{
    start(3);
    for (int i = 0; i < ALL; i++) {
        REQUIRE(connect_from(0, 0, &flows[i]) == FA_OK);
    }
    struct fa_flow *flow;
    CHECK_EQ(connect_from(0, 0, &flow), FA_ENOSPC);
    uint64_t mapped = FA_COUNTER_VALUE(&counters, tcp_port_mapped);
    for (int round = 0; round < 10000; round++) {
        size_t victim = fa_rand_below(&rand_, ALL);
        uint16_t port = port_of(flows[victim]);
        fa_flow_close(flows[victim]);
        REQUIRE(connect_from(0, 0, &flows[victim]) == FA_OK);
        CHECK_EQ(port_of(flows[victim]), port);
    }
    CHECK_EQ(FA_COUNTER_VALUE(&counters, tcp_port_mapped), mapped); // 32,768 looks each
    CHECK(mapped <= 2);
}

T(maps_of_more_destinations_than_there_is_room_for_stay_true)
{
    enum { DESTINATIONS = FA_TCP_PORT_MAP_COUNT + 2, EACH = 11000 };
    _Static_assert(DESTINATIONS * EACH <= CONNS, "");
    start(4);
    for (int i = 0; i < DESTINATIONS * EACH; i++) {
        REQUIRE(connect_from(0, (unsigned)i % DESTINATIONS, &flows[i]) == FA_OK);
    }
    // A port in use that a map called free would make fa_tcp_connect() say FA_EINVAL.
    for (int round = 0; round < 20000; round++) {
        size_t victim = fa_rand_below(&rand_, DESTINATIONS * EACH);
        fa_flow_close(flows[victim]);
        REQUIRE(connect_from(0, (unsigned)(victim % DESTINATIONS), &flows[victim]) == FA_OK);
    }
    hush();
    fa__tcp_check_all(&tcp);
}

/* The peer's half of a handshake for whatever SYN or ACK leaves. */
static void answer_all(void)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    while (fa_tcp_has_output(&tcp)) {
        struct fa_tcp_header sent;
        REQUIRE(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
        bool some = fa_tcp_output(&tcp, FA_NS_S, buf, &meta);
        some = some && fa_tcp_decode(fa_buf_slice(buf), &meta, true, &sent) == FA_TCP_GOOD;
        fa_buf_drop(buf);
        if (!some || (sent.flags & FA_TCP_SYN) == 0) {
            continue;
        }
        struct fa_tcp_header answer = {
            .source_port = sent.target_port,
            .target_port = sent.source_port,
            .seq = sent.seq ^ 0x5aa5,
            .ack = sent.seq + 1,
            .flags = FA_TCP_SYN | FA_TCP_ACK,
            .window = 1000,
        };
        meta.mtu_bytes = TCP_END_MTU;
        buf = tcp_make(&pool, &meta.local, &meta.remote, &answer, (struct fa_slice){0});
        fa_tcp_input(&tcp, FA_NS_S, &meta, buf);
    }
}

T(seventy_thousand_connections_stand_at_once)
{
    start(5);
    uint32_t standing = 0;
    for (unsigned i = 0; i < CONNS; i++) {
        // Two addresses of ours, two peers: 131,072 tuples.
        REQUIRE(connect_from(i % 2, i / 2 % 2, &flows[i]) == FA_OK);
        if (i % 16 == 15) {
            answer_all();
        }
    }
    answer_all();
    for (unsigned i = 0; i < CONNS; i++) {
        standing += fa__tcp_conn_of(flows[i])->state == FA_TCP_ESTABLISHED;
    }
    CHECK_EQ(standing, CONNS);
    CHECK(standing > 65535);
    CHECK_EQ(pool.used_count, 0);
    struct fa_flow *flow;
    CHECK_EQ(connect_from(0, 0, &flow), FA_ENOSPC); // conn_count_max
    CHECK_EQ(FA_COUNTER_VALUE(&counters, tcp_conn_refused), 1);
    for (unsigned i = 0; i < CONNS; i++) {
        fa_flow_abort(flows[i]);
    }
    hush();
    CHECK_EQ(tcp.live_count, 0);
}
