// SPDX-License-Identifier: ISC
//
// test/unit/http_world.h: an HTTP server and its clients in memory, with time in the test's hands.
//
// Clients are pipes. Nothing moves but by world_run() and nothing times out but by world_pass(), so
// the same test runs in no time on every platform. Shared by the tests, the fuzzer and the bench.

#ifndef HTTP_WORLD_H
#define HTTP_WORLD_H

#include "fa/fiber.h"
#include "fa/http_server.h"
#include "fa/loop.h"
#include "fa/pipe.h"

enum {
    WORLD_CLIENT_MAX = 8,
    WORLD_CONN_COUNT = 4,
    WORLD_EXCHANGE_COUNT = 2,
    WORLD_FIBER_COUNT = 3,
    WORLD_HEAD_COUNT = 3,
    WORLD_HEAD_BYTES = 1024,
    WORLD_PIPE_BYTES = 4096,
    WORLD_OUTPUT_MAX = 1 << 20,
};

struct world_client {
    struct fa_pipe pipe;
    uint8_t memory[2 * WORLD_PIPE_BYTES];
    struct fa_flow *flow;
    bool gone;
    bool closed; /* the server has ended its side, or broken off */
    bool reset;
    size_t len;
    uint8_t output[WORLD_OUTPUT_MAX];
};

struct world {
    struct fa_loop loop;
    struct fa_http_server server;
    struct fa_listener listener;
    struct fa_counters counters;
    fa_ns now;
    bool secure; /* the next world_init() serves secure flows */
    size_t client_count;
    size_t accepted_count;
    struct world_client clients[WORLD_CLIENT_MAX];
    struct fa_http_conn conns[WORLD_CONN_COUNT];
    struct fa_http_exchange exchanges[WORLD_EXCHANGE_COUNT];
    uint8_t heads[WORLD_HEAD_COUNT * WORLD_HEAD_BYTES];
};

static struct world world;

static fa_err world_accept(struct fa_listener *listener, struct fa_flow **ret_flow)
{
    (void)listener;
    if (world.accepted_count == world.client_count) {
        return FA_AGAIN;
    }
    *ret_flow = fa_pipe_flow(&world.clients[world.accepted_count++].pipe, 0);
    return FA_OK;
}

static void world_close(struct fa_listener *listener)
{
    (void)listener;
}

static const struct fa_listener_ops world_listener_ops = {world_accept, world_close};

/* Begin anew. Zeros in `config` are filled with this world's memory, small so that limits are near.
 * The fibers stay, because their stacks cannot be given back. */
static inline void world_init(const struct fa_http_server_config *config)
{
    static bool has_loop;
    if (!has_loop) {
        fa_loop_init(
            &world.loop, &(struct fa_loop_config){.fibers.fiber_count_max = WORLD_FIBER_COUNT});
        has_loop = true;
    }
    world.now = fa_ns_after(world.loop.now, FA_NS_S);
    world.counters = (struct fa_counters){0};
    world.client_count = 0;
    world.accepted_count = 0;
    world.listener = (struct fa_listener){.ops = &world_listener_ops};
    struct fa_http_server_config full = *config;
    full.loop = &world.loop;
    full.counters = &world.counters;
    full.conns = world.conns;
    full.conn_count = WORLD_CONN_COUNT;
    full.exchanges = world.exchanges;
    full.exchange_count = WORLD_EXCHANGE_COUNT;
    if (full.limits.header_bytes_max == 0) {
        full.limits.header_bytes_max = WORLD_HEAD_BYTES;
    }
    if (full.default_fields == NULL) {
        full.default_fields = ""; /* answers are compared to the byte */
    }
    full.head_memory = world.heads;
    full.head_memory_len = sizeof world.heads;
    fa_http_server_init(&world.server, &full, world.now);
    fa_err err = world.secure ? fa_http_server_serve_secure(&world.server, &world.listener)
                              : fa_http_server_serve(&world.server, &world.listener);
    FA_ASSERT(err == FA_OK);
    world.secure = false;
    fa_loop_remove(&world.loop, &world.server.poller);
}

/* A new client at the server's door. */
static inline struct world_client *world_connect(void)
{
    FA_ASSERT(world.client_count < WORLD_CLIENT_MAX);
    struct world_client *client = &world.clients[world.client_count++];
    fa_pipe_init(&client->pipe, client->memory, WORLD_PIPE_BYTES);
    client->flow = fa_pipe_flow(&client->pipe, 1);
    client->gone = false;
    client->closed = false;
    client->reset = false;
    client->len = 0;
    if (world.listener.watch != NULL) {
        world.listener.watch->fn(world.listener.watch, FA_FLOW_READABLE);
    }
    return client;
}

/* Read what the server has sent. Returns: whether there was anything. */
static inline bool world_read(struct world_client *client)
{
    struct fa_slice bytes;
    fa_err err = FA_AGAIN;
    bool did = false;
    while (!client->closed && (err = fa_flow_peek(client->flow, &bytes)) == FA_OK) {
        size_t len = fa_min(bytes.len, sizeof client->output - client->len);
        fa_copy(client->output + client->len, bytes.at, len);
        client->len += len;
        fa_flow_done(client->flow, bytes.len);
        did = true;
    }
    if (!client->closed && err != FA_AGAIN) {
        client->closed = true;
        client->reset = err != FA_ECLOSED;
    }
    return did;
}

/* One turn of the loop. Returns: whether anything was done. */
static inline bool world_turn(void)
{
    world.loop.now = world.now;
    bool did = fa_fibers_run(&world.loop.fibers, world.now);
    did |= world.server.poller.ops->poll(&world.server.poller, world.now);
    return did;
}

/* Turn until nothing moves. */
static inline void world_run(void)
{
    for (unsigned turns = 0; world_turn(); turns++) {
        FA_ASSERT(turns < 100000);
    }
}

/* Let `ns` pass, deadline by deadline. */
static inline void world_pass(fa_ns ns)
{
    fa_ns end = world.now + ns;
    world_run();
    while (world.now < end) {
        fa_ns next = fa_ns_min(fa_fibers_deadline(&world.loop.fibers),
            world.server.poller.ops->deadline(&world.server.poller));
        world.now = fa_ns_min(end, next > world.now ? next : world.now + 1);
        world_run();
    }
}

/* Send bytes as they fit, running the world in between and reading the answers. */
static inline void world_send(struct world_client *client, struct fa_slice bytes)
{
    for (unsigned idle = 0; bytes.len != 0 && idle < 100;) {
        uint8_t *at;
        size_t cap;
        fa_err err = fa_flow_reserve(client->flow, &at, &cap);
        if (err == FA_OK) {
            size_t len = fa_min(cap, bytes.len);
            fa_copy(at, bytes.at, len);
            fa_flow_commit(client->flow, len);
            bytes = fa_slice_from(bytes, len);
        }
        idle = err == FA_OK ? 0 : idle + 1;
        world_run();
        (void)world_read(client);
    }
}

/* Run and read until all is quiet. */
static inline void world_settle(struct world_client *client)
{
    do {
        world_run();
    } while (world_read(client));
}

/* The client goes away without a word, and the server notices. */
static inline void world_leave(struct world_client *client)
{
    if (!client->gone) {
        fa_flow_abort(client->flow);
    }
    client->gone = true;
    world_run();
}

/* What the client has received, without the Date fields. */
static inline struct fa_slice world_output(struct world_client *client)
{
    static uint8_t text[WORLD_OUTPUT_MAX];
    size_t len = 0;
    for (size_t i = 0; i < client->len; i++) {
        if (client->len - i > 8 + FA_HTTP_DATE_LEN &&
            fa_equal(client->output + i, "\r\nDate: ", 8) &&
            fa_equal(client->output + i + 8 + FA_HTTP_DATE_LEN - 3, "GMT", 3)) {
            i += 8 + FA_HTTP_DATE_LEN;
        }
        text[len++] = client->output[i];
    }
    return (struct fa_slice){text, len};
}

#endif
