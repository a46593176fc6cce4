// SPDX-License-Identifier: ISC
//
// test/unit/http_routes.h: the handlers that the server's tests ask, and how those tests begin and
// end. With http_world.h.

#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "fa/fmt.h"
#include "test/t.h"
#include "test/unit/http_world.h"

static const char lasting[100000] = "lasting";

static void greet(struct fa_http_exchange *x, void *ctx)
{
    fa_http_header(x, "Content-Type", "text/plain");
    (void)fa_http_send(x, fa_slice_of(ctx));
}

/* Answers with what was sent to it. */
static void echo(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    static uint8_t body[300];
    size_t len;
    if (fa_http_read_all(x, body, sizeof body, &len) == FA_OK) {
        (void)fa_http_send(x, (struct fa_slice){body, len});
    }
}

/* The same, but piece by piece. */
static void stream(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    struct fa_slice bytes;
    if (fa_http_begin(x, FA_HTTP_LEN_UNKNOWN) != FA_OK) {
        return;
    }
    while (fa_http_peek(x, &bytes) == FA_OK) {
        if (fa_http_write(x, bytes) != FA_OK) {
            return;
        }
        fa_http_done(x, bytes.len);
    }
}

/* 100,000 bytes in the way the path's tail says. */
static void large(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    struct fa_slice body = {(const uint8_t *)lasting, sizeof lasting};
    if (fa_slice_equal(x->tail, FA_LIT("lasting"))) {
        (void)fa_http_send_lasting(x, body);
    } else if (fa_slice_equal(x->tail, FA_LIT("copied"))) {
        (void)fa_http_send(x, body);
    } else if (fa_http_begin(x, FA_HTTP_LEN_UNKNOWN) == FA_OK) {
        (void)fa_http_write(x, body);
    }
}

static void ignore(struct fa_http_exchange *x, void *ctx)
{
    (void)x;
    (void)ctx;
}

static void respond(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    uint64_t status;
    FA_ASSERT(fa_parse_u64(x->tail, 599, &status) == FA_OK);
    fa_http_respond(x, (uint16_t)status);
}

/* Promises ten bytes and sends five. */
static void cut_short(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    if (fa_http_begin(x, 10) == FA_OK) {
        (void)fa_http_write(x, FA_LIT("12345"));
    }
}

static void reflect(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    fa_http_header(x, "X-Path", "%.*s", (int)x->tail.len, (const char *)x->tail.at);
    (void)fa_http_send(x, FA_LIT("fine"));
}

static void smuggle(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    fa_http_header(x, "X-Evil", "a%cSet-Cookie: b", '\n');
    (void)fa_http_send(x, FA_LIT("fine"));
}

/* A 404 with a field of as many bytes as the path's tail says. */
static void crowd(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    uint64_t width;
    FA_ASSERT(fa_parse_u64(x->tail, 2000, &width) == FA_OK);
    fa_http_respond(x, 404);
    fa_http_header(x, "X-Crowd", "%0*d", (int)width, 0);
}

static void wait_long(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    (void)fa_fiber_sleep_until(world.now + 60 * FA_NS_S);
    (void)fa_http_send(x, FA_LIT("late"));
}

static char hello[] = "hello\n";
static const struct fa_http_route routes[] = {
    {.path = "/", .fn = greet, .ctx = hello},
    {.path = "/echo", .methods = FA_HTTP_ALLOW(POST) | FA_HTTP_ALLOW(PUT), .fn = echo},
    {.path = "/stream", .methods = FA_HTTP_ALLOW(POST), .fn = stream},
    {.path = "/ignore", .methods = FA_HTTP_ALLOW(GET) | FA_HTTP_ALLOW(POST), .fn = ignore},
    {.path = "/large/", .fn = large},
    {.path = "/respond/", .fn = respond},
    {.path = "/cut", .fn = cut_short},
    {.path = "/reflect/", .fn = reflect},
    {.path = "/smuggle", .fn = smuggle},
    {.path = "/crowd/", .fn = crowd},
    {.path = "/wait", .fn = wait_long},
};

/* The root route would answer everything, so exact ones come first. */
static struct fa_http_route ordered[FA_COUNT_OF(routes)];

static inline void begin(struct fa_http_server_config config)
{
    for (size_t i = 0; i < FA_COUNT_OF(routes); i++) {
        ordered[i] = routes[(i + 1) % FA_COUNT_OF(routes)];
    }
    config.routes = ordered;
    config.route_count = FA_COUNT_OF(ordered);
    world_init(&config);
}

/* Every client goes; then nothing may be left. */
static inline void end(void)
{
    for (size_t i = 0; i < world.client_count; i++) {
        world_leave(&world.clients[i]);
    }
    world_pass(100 * FA_NS_S);
    CHECK_EQ(fa_http_server_conn_count(&world.server), 0);
    CHECK_EQ(world.loop.fibers.live_count, 0);
}

#define COUNTED(name) FA_COUNTER_VALUE(&world.counters, name)

/* Whether `text` occurs in `bytes`, and how often. */
static inline size_t count_text(struct fa_slice bytes, const char *text)
{
    struct fa_slice wanted = fa_slice_of(text);
    size_t count = 0;
    for (size_t i = 0; i + wanted.len <= bytes.len; i++) {
        count += fa_equal(bytes.at + i, wanted.at, wanted.len) ? 1 : 0;
    }
    return count;
}

static inline void check_output(struct world_client *client, const char *want, size_t row)
{
    struct fa_slice output = world_output(client);
    if (!fa_slice_equal(output, fa_slice_of(want))) {
        t_fail(__FILE__, __LINE__, "row %zu: %.*s", row, (int)fa_min(output.len, 400),
            (const char *)output.at);
    }
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEAD_200  "HTTP/1.1 200 OK\r\nServer: Fata\r\n"
#define PLAIN     "Content-Type: text/plain\r\n"
#define HELLO     HEAD_200 PLAIN "Content-Length: 6\r\n\r\nhello\n"

#endif
