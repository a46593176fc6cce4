// SPDX-License-Identifier: ISC
//
// The stack under the event loop, with fibers that wait for it.

#include "fa/log.h"
#include "fa/loop.h"
#include "fa/plat.h"
#include "fa/stack.h"
#include "test/t.h"

enum {
    BUF_COUNT = 64,
    CONN_COUNT = 8,
};

static struct fa_loop loop;
static struct fa_stack stack;
static struct fa_counters counters;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t conns[CONN_COUNT * FA_TCP_CONN_BYTES];
static uint32_t buckets[CONN_COUNT];
static struct fa_tcp_listener listener;

/* A card that is plugged into nothing, but for a frame that a test puts there. */
static struct fa_buf *lost_frame;

static size_t dead_rx(struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t max)
{
    (void)dev;
    (void)now;
    if (lost_frame == NULL || max == 0) {
        return 0;
    }
    ret_bufs[0] = lost_frame;
    lost_frame = NULL;
    return 1;
}

static fa_err dead_reserve(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    (void)dev;
    return fa_buf_alloc(&pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void dead_commit(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    (void)dev;
    (void)now;
    fa_buf_drop(take);
}

static void dead_flush(struct fa_netdev *dev, fa_ns now)
{
    (void)dev;
    (void)now;
}

static fa_ns dead_deadline(const struct fa_netdev *dev)
{
    (void)dev;
    return FA_NS_NEVER;
}

static void dead_close(struct fa_netdev *dev)
{
    (void)dev;
}

static const struct fa_netdev_ops dead_ops = {.rx = dead_rx,
    .tx_reserve = dead_reserve,
    .tx_commit = dead_commit,
    .tx_flush = dead_flush,
    .deadline = dead_deadline,
    .close = dead_close};

static struct fa_netdev dead = {
    .ops = &dead_ops, .info = {.name = "dead", .mac = {2, 0, 0, 0, 0, 1}, .mtu_bytes = 1500}};

static void begin(uint32_t iface_count)
{
    struct fa_stack_config config = {
        .iface_count = iface_count,
        .ifaces[0] = {.dev = &dead, .dhcp = true},
        .pool = &pool,
        .counters = &counters,
        .seed = 1,
        .tcp = {.conn_memory = conns,
            .conn_count_max = CONN_COUNT,
            .bucket_memory = buckets,
            .bucket_count = CONN_COUNT},
    };
    fa_log_levels[FA_LOG_SOURCE_net] = FA_LOG_QUIET;
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_loop_init(&loop, &(struct fa_loop_config){.fibers.fiber_count_max = 4});
    fa_stack_init(&stack, &config, fa_clock_mono_ns());
    fa_stack_start(&stack, &loop);
}

static void end(void)
{
    fa_stack_stop(&stack);
    CHECK_EQ(pool.used_count, 0);
}

static void serve_one(void *ctx)
{
    (void)ctx;
    struct fa_flow *flow;
    struct fa_slice seen;
    CHECK(fa_listener_accept_wait(&listener.listener, FA_NS_NEVER, &flow) == FA_OK);
    CHECK(fa_flow_peek_wait(flow, FA_NS_NEVER, &seen) == FA_OK);
    CHECK(fa_flow_write_all(flow, seen, FA_NS_NEVER) == FA_OK);
    fa_flow_done(flow, seen.len);
    fa_flow_close(flow);
}

static void ask_one(void *ctx)
{
    (void)ctx;
    struct fa_flow *flow;
    struct fa_slice seen;
    struct fa_endpoint to = {fa_ip4(127, 0, 0, 1), 80};
    CHECK(fa_stack_up_wait(&stack, FA_NS_NEVER) == FA_OK);
    CHECK(fa_stack_connect_wait(&stack, &to, FA_NS_NEVER, &flow) == FA_OK);
    CHECK(fa_flow_write_all(flow, FA_LIT("echo"), FA_NS_NEVER) == FA_OK);
    CHECK(fa_flow_peek_wait(flow, FA_NS_NEVER, &seen) == FA_OK);
    CHECK_TEXT(seen, "echo");
    fa_flow_done(flow, seen.len);
    fa_flow_close(flow);
    to.port = 81;
    CHECK(fa_stack_connect_wait(&stack, &to, FA_NS_NEVER, &flow) == FA_EREFUSED);
    to.ip = fa_ip4(192, 0, 2, 1);
    CHECK(fa_stack_connect_wait(&stack, &to, FA_NS_NEVER, &flow) == FA_ENOENT);
    fa_loop_stop(&loop, 7);
}

T(a_stack_without_interfaces_serves_itself)
{
    begin(0);
    REQUIRE(
        fa_tcp_listen(&stack.tcp, &listener, &(struct fa_tcp_listen_config){.port = 80}) == FA_OK);
    REQUIRE(fa_fiber_spawn(&loop.fibers, serve_one, NULL, NULL) == FA_OK);
    REQUIRE(fa_fiber_spawn(&loop.fibers, ask_one, NULL, NULL) == FA_OK);
    CHECK_EQ(fa_loop_run(&loop), 7);
    fa_listener_close(&listener.listener);
    end();
}

static void wait_in_vain(void *ctx)
{
    (void)ctx;
    CHECK(fa_stack_up_wait(&stack, fa_ns_after(loop.now, 5 * FA_NS_MS)) == FA_ETIMEOUT);
    fa_loop_stop(&loop, 0);
}

T(who_waits_for_an_address_that_does_not_come_is_told)
{
    begin(1);
    REQUIRE(fa_fiber_spawn(&loop.fibers, wait_in_vain, NULL, NULL) == FA_OK);
    CHECK_EQ(fa_loop_run(&loop), 0);
    CHECK(FA_COUNTER_VALUE(&counters, dhcp_tx_messages) >= 1);
    end();
}

T(a_frame_without_a_header_from_a_broken_card_is_dropped)
{
    begin(1);
    counters = (struct fa_counters){0};
    REQUIRE(fa_buf_alloc(&pool, 0, &lost_frame) == FA_OK);
    fa_zero(fa_buf_append(lost_frame, 13), 13);
    fa_stack_poll(&stack, fa_clock_mono_ns());
    CHECK_EQ(FA_COUNTER_VALUE(&counters, eth_rx_short), 1);
    end();
}

T(a_stack_without_buffers_asks_again_later_and_recovers)
{
    struct fa_udp_socket socket;
    struct fa_buf *held[BUF_COUNT];
    size_t count = 0;
    struct fa_ip self = fa_ip4(127, 0, 0, 1);
    begin(0);
    struct fa_udp_socket_config config = {.port = 7, .pool = &pool};
    REQUIRE(fa_udp_bind(&stack.udp, &socket, &config) == FA_OK);
    struct fa_endpoint to = {self, 7};
    CHECK(fa_udp_send(&socket, FA_LIT("x"), &self, &to) == FA_OK);
    while (fa_buf_alloc(&pool, 0, &held[count]) == FA_OK) {
        count++;
    }
    fa_ns now = fa_clock_mono_ns();
    CHECK(!fa_stack_poll(&stack, now));
    CHECK_EQ(fa_stack_deadline(&stack), now + FA_STACK_RETRY_NS);
    while (count > 0) {
        fa_buf_drop(held[--count]);
    }
    CHECK(fa_stack_poll(&stack, now + FA_STACK_RETRY_NS));
    CHECK(fa_stack_poll(&stack, now + FA_STACK_RETRY_NS));
    CHECK_EQ(socket.rx_count, 1);
    fa_udp_close(&socket);
    end();
}

T(a_datagram_longer_than_its_header_can_say_is_dropped)
{
    static _Alignas(64) uint8_t big_memory[66 * 1024];
    static uint8_t payload[UINT16_MAX - 8];
    struct fa_pool big;
    struct fa_udp_socket socket;
    struct fa_ip self = fa_ip4(127, 0, 0, 1);
    begin(0);
    counters = (struct fa_counters){0};
    fa_pool_init(&big, big_memory, sizeof big_memory, sizeof big_memory);
    struct fa_udp_socket_config config = {.port = 7, .pool = &big};
    REQUIRE(fa_udp_bind(&stack.udp, &socket, &config) == FA_OK);
    struct fa_endpoint to = {self, 7};
    struct fa_slice bytes = {payload, sizeof payload};
    CHECK(fa_udp_send(&socket, bytes, &self, &to) == FA_OK);
    fa_stack_poll(&stack, fa_clock_mono_ns());
    CHECK_EQ(FA_COUNTER_VALUE(&counters, ip_tx_too_big), 1);
    bytes.len -= 20;
    CHECK(fa_udp_send(&socket, bytes, &self, &to) == FA_OK);
    fa_stack_poll(&stack, fa_clock_mono_ns());
    fa_stack_poll(&stack, fa_clock_mono_ns());
    CHECK_EQ(socket.rx_count, 1);
    fa_udp_close(&socket);
    CHECK_EQ(big.used_count, 0);
    end();
}

static void start_on_a_group_address(void *ctx)
{
    struct fa_stack_config *config = ctx;
    config->ifaces[0].ip = fa_ip4(224, 0, 0, 1);
    fa_stack_init(&stack, config, 0);
}

T(a_static_address_that_no_host_may_have_traps)
{
    struct fa_stack_config config = {.iface_count = 1,
        .ifaces[0] = {.dev = &dead, .prefix_bits = 24},
        .pool = &pool,
        .seed = 1,
        .tcp = {.conn_memory = conns,
            .conn_count_max = CONN_COUNT,
            .bucket_memory = buckets,
            .bucket_count = CONN_COUNT}};
    CHECK(t_traps(start_on_a_group_address, &config));
}
