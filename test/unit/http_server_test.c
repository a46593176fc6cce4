// SPDX-License-Identifier: ISC
//
// test/unit/http_server_test.c: the server over pipes: answers, limits, time, greedy clients.

#include "fa/fmt.h"
#include "fa/rand.h"
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
    {.path = "/wait", .fn = wait_long},
};

/* The root route would answer everything, so exact ones come first. */
static struct fa_http_route ordered[FA_COUNT_OF(routes)];

static void begin(struct fa_http_server_config config)
{
    for (size_t i = 0; i < FA_COUNT_OF(routes); i++) {
        ordered[i] = routes[(i + 1) % FA_COUNT_OF(routes)];
    }
    config.routes = ordered;
    config.route_count = FA_COUNT_OF(ordered);
    world_init(&config);
}

/* Every client goes; then nothing may be left. */
static void end(void)
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
static size_t count_text(struct fa_slice bytes, const char *text)
{
    struct fa_slice wanted = fa_slice_of(text);
    size_t count = 0;
    for (size_t i = 0; i + wanted.len <= bytes.len; i++) {
        count += fa_equal(bytes.at + i, wanted.at, wanted.len) ? 1 : 0;
    }
    return count;
}

static void check_output(struct world_client *client, const char *want, size_t row)
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

T(requests_get_exactly_these_answers)
{
    static const struct {
        const char *request;
        const char *answer;
        bool closed;
    } rows[] = {
        {GET("/"), HELLO, false},
        {GET("/anything/below?x"), HELLO, false},
        {"\r\n" GET("/"), HELLO, false},
        {GET("/") GET("/"), HELLO HELLO, false},
        {"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", HELLO, false},
        {"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", HEAD_200 PLAIN "Content-Length: 6\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" GET("/"),
            HEAD_200 PLAIN "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n", true},
        {"GET / HTTP/1.0\r\n\r\n",
            HEAD_200 PLAIN "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            HEAD_200 PLAIN "Content-Length: 6\r\nConnection: keep-alive\r\n\r\nhello\n", false},
        {"OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nServer: Fata\r\nAllow: GET, HEAD, OPTIONS\r\n\r\n", false},
        {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nServer: Fata\r\n"
            "Allow: GET, HEAD, POST, PUT, OPTIONS\r\n\r\n",
            false},
        {GET("/respond/204"), "HTTP/1.1 204 No Content\r\nServer: Fata\r\n\r\n", false},
        {GET("/respond/304"), "HTTP/1.1 304 Not Modified\r\nServer: Fata\r\n\r\n", false},
        {GET("/respond/200"), HEAD_200 "Content-Length: 0\r\n\r\n", false},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" GET("/"),
            HEAD_200 "Content-Length: 5\r\n\r\nhello" HELLO, false},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" GET("/"),
            HEAD_200 "Content-Length: 0\r\n\r\n" HELLO, false},
        {"POST /echo HTTP/1.1\r\nHost: h\r\n\r\n" GET("/"),
            HEAD_200 "Content-Length: 0\r\n\r\n" HELLO, false},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: x\r\n\r\n" GET("/"),
            HEAD_200 "Content-Length: 5\r\n\r\nhello" HELLO, false},
        {"POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" GET("/"),
            HEAD_200 "Transfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n0\r\n\r\n" HELLO, false},
        {"POST /stream HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
            HEAD_200 "Connection: close\r\n\r\nhello", true},
        /* a body that nobody reads is skipped when it is here ... */
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" GET("/"), HELLO HELLO,
            false},
        /* ... and ends the connection when it is not */
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
            HEAD_200 PLAIN "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n", true},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\n" HEAD_200 "Content-Length: 5\r\n\r\nhello", false},
        /* nobody asked for this body, so nobody knows whether it will come */
        {"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
            HEAD_200 PLAIN "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n", true},
        {GET("/reflect/a%20b"), HEAD_200 "X-Path: a b\r\nContent-Length: 4\r\n\r\nfine", false},
        {GET("/reflect/caf%C3%A9"), HEAD_200 "X-Path: caf\xc3\xa9\r\nContent-Length: 4\r\n\r\nfine",
            false},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin((struct fa_http_server_config){0});
        struct world_client *client = world_connect();
        world_send(client, fa_slice_of(rows[i].request));
        world_settle(client);
        check_output(client, rows[i].answer, i);
        CHECK_EQ(client->closed, rows[i].closed);
        CHECK(!client->reset);
        end();
    }
}

T(refusals_have_their_status_and_their_counter)
{
#define ROW(text, code, name)                                                                      \
    {                                                                                              \
        text, "HTTP/1.1 " code " ", FA_COUNTER_##name                                              \
    }
    static const struct {
        const char *request;
        const char *answer;
        enum fa_counter_id counter;
    } rows[] = {
        ROW("GET /\r\n\r\n", "400", http_bad_line),
        ROW("GET / HTTP/1.1\nHost: h\n\n", "400", http_bad_line_end),
        ROW("GET / HTTP/3.0\r\n\r\n", "505", http_bad_version),
        ROW(GET("/../x"), "400", http_bad_target),
        ROW("GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400", http_bad_header),
        ROW("GET / HTTP/1.1\r\n\r\n", "400", http_bad_host),
        ROW("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", "400", http_bad_length),
        ROW("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\n" GET("/smuggled"),
            "400", http_bad_framing),
        ROW("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "501", http_bad_coding),
        ROW("GET / HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n", "417", http_bad_expect),
        ROW("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx", "400",
            http_bad_body),
        ROW("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n", "413",
            http_body_too_large),
        ROW("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\nx", "413",
            http_body_too_large),
        ROW("BREW / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "501", http_unknown_method),
        ROW("CONNECT h:1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "501",
            http_unknown_method),
        ROW("GET /ignore HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "500", http_errors),
        ROW("GET /smuggle HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "500", http_spoiled),
        ROW("\x16\x03\x01\x02", "400", http_bad_line_end),
    };
#undef ROW
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin((struct fa_http_server_config){.body_bytes_max = 1000});
        struct world_client *client = world_connect();
        world_send(client, fa_slice_of(rows[i].request));
        world_settle(client);
        struct fa_slice output = world_output(client);
        struct fa_slice want = fa_slice_of(rows[i].answer);
        CHECK(output.len > want.len && fa_equal(output.at, want.at, want.len));
        CHECK_EQ(world.counters.cell[rows[i].counter], 1);
        CHECK_EQ(count_text(output, "HTTP/1.1"), 1);
        CHECK_EQ(count_text(output, "Connection: close\r\n"), 1);
        CHECK_EQ(count_text(output, "Set-Cookie"), 0);
        CHECK(client->closed && !client->reset);
        if (t_failed()) {
            t_note("row %zu: %.*s", i, (int)output.len, (const char *)output.at);
            return;
        }
        end();
    }
}

T(wrong_method_and_missing_route_say_so)
{
    begin((struct fa_http_server_config){0});
    struct world_client *client = world_connect();
    world_send(client, FA_LIT("DELETE /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    world_settle(client);
    struct fa_slice output = world_output(client);
    CHECK_EQ(count_text(output, "405 Method Not Allowed"), 2); /* and in the page's title */
    CHECK_EQ(count_text(output, "Allow: GET, HEAD, POST, PUT, OPTIONS\r\n"), 1);
    world.server.config.route_count = 1; /* /echo alone */
    client->len = 0;
    world_send(client, FA_LIT(GET("/")));
    world_settle(client);
    CHECK_EQ(count_text(world_output(client), "HTTP/1.1 404 Not Found"), 1);
    CHECK(!client->closed);
    end();
}

T(any_cutting_of_the_stream_gives_the_same_answers)
{
    static const char requests[] = GET("/") "\r\n" GET(
        "/reflect/x") "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world"
                      "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3\r\nabc\r\n0a;e\r\n0123456789\r\n0\r\nA: b\r\n\r\n"
                      "OPTIONS /echo HTTP/1.1\r\nHost: h\r\n\r\n" GET("/respond/404")
                          GET("/x/../respond/410") "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n" GET(
                              "/unseen");
    static uint8_t whole[8192];
    size_t whole_len = 0;
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 3);
    for (int n = 0; n < 60; n++) {
        begin((struct fa_http_server_config){0});
        struct world_client *client = world_connect();
        struct fa_slice rest = fa_slice_of(requests);
        while (rest.len != 0) {
            size_t len = n == 0 ? rest.len : n == 1 ? 1 : 1 + (size_t)fa_rand_below(&rand, 60);
            len = fa_min(len, rest.len);
            world_send(client, (struct fa_slice){rest.at, len});
            rest = fa_slice_from(rest, len);
        }
        world_settle(client);
        struct fa_slice output = world_output(client);
        if (n == 0) {
            REQUIRE(output.len <= sizeof whole);
            fa_copy(whole, output.at, output.len);
            whole_len = output.len;
            CHECK_EQ(count_text(output, "HTTP/1.1 "), 8);
        }
        CHECK(fa_slice_equal(output, (struct fa_slice){whole, whole_len}));
        CHECK(client->closed && !client->reset);
        end();
    }
}

T(a_thousand_pipelined_requests_are_answered_in_order)
{
    begin((struct fa_http_server_config){0});
    struct world_client *client = world_connect();
    for (unsigned i = 0; i < 1000; i++) {
        char text[64];
        size_t len = fa_fmt(text, sizeof text, "GET /reflect/%u HTTP/1.1\r\nHost: h\r\n\r\n", i);
        world_send(client, (struct fa_slice){(const uint8_t *)text, len});
    }
    world_settle(client);
    struct fa_slice output = world_output(client);
    for (unsigned i = 0; i < 1000; i++) {
        char text[128];
        size_t len =
            fa_fmt(text, sizeof text, HEAD_200 "X-Path: %u\r\nContent-Length: 4\r\n\r\nfine", i);
        REQUIRE(output.len >= len && fa_equal(output.at, text, len));
        output = fa_slice_from(output, len);
    }
    CHECK_EQ(output.len, 0);
    CHECK_EQ(COUNTED(http_requests), 1000);
    end();
}

T(pipelining_without_reading_is_held_back_not_stored)
{
    begin((struct fa_http_server_config){0});
    struct world_client *client = world_connect();
    size_t sent = 0;
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t *at;
        size_t cap;
        if (fa_flow_reserve(client->flow, &at, &cap) == FA_OK) {
            fa_move(at, GET("/"), fa_min(cap, sizeof GET("/") - 1));
            fa_flow_commit(client->flow, fa_min(cap, sizeof GET("/") - 1));
            sent += fa_min(cap, sizeof GET("/") - 1);
        }
        world_run();
    }
    CHECK(sent < 3 * WORLD_PIPE_BYTES);
    CHECK_EQ(COUNTED(http_slow_reader), 0);
    world_pass(40 * FA_NS_S);
    (void)world_read(client);
    CHECK(client->closed && client->reset);
    CHECK_EQ(COUNTED(http_slow_reader), 1);
    end();
}

T(bodies_come_whole_in_every_way_of_sending)
{
    static const struct {
        const char *request;
        size_t chunk_overhead;
        bool chunked;
    } rows[] = {
        {GET("/large/lasting"), 0, false},
        {GET("/large/copied"), 0, false},
        {"GET /large/streamed HTTP/1.0\r\n\r\n", 0, false},
        {GET("/large/streamed"), 0, true},
    };
    static char body[sizeof lasting];
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin((struct fa_http_server_config){0});
        struct world_client *client = world_connect();
        world_send(client, fa_slice_of(rows[i].request));
        world_settle(client);
        struct fa_slice output = world_output(client);
        size_t len = 0;
        while (len + 4 <= output.len && !fa_equal(output.at + len, "\r\n\r\n", 4)) {
            len++;
        }
        output = fa_slice_from(output, len + 4);
        if (rows[i].chunked) {
            struct fa_http_chunked chunked = {.left = 0};
            enum fa_http_chunk chunk;
            size_t skip;
            len = 0;
            size_t got = 0;
            while ((chunk = fa_http_chunked_next(&chunked, output, &skip, &len)) ==
                   FA_HTTP_CHUNK_DATA) {
                REQUIRE(got + len <= sizeof body);
                fa_copy(body + got, output.at + skip, len);
                got += len;
                fa_http_chunked_done(&chunked, len);
                output = fa_slice_from(output, skip + len);
            }
            CHECK_EQ(chunk, FA_HTTP_CHUNK_END);
            CHECK_EQ(skip, output.len);
            CHECK_EQ(got, sizeof body);
            CHECK(fa_equal(body, lasting, sizeof lasting));
        } else {
            CHECK(fa_slice_equal(
                output, (struct fa_slice){(const uint8_t *)lasting, sizeof lasting}));
        }
        end();
    }
}

T(lasting_bytes_are_sent_without_a_fiber)
{
    begin((struct fa_http_server_config){0});
    struct world_client *client = world_connect();
    fa_flow_commit(client->flow, 0);
    uint8_t *at;
    size_t cap;
    REQUIRE(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
    fa_copy(at, GET("/large/lasting"), sizeof GET("/large/lasting") - 1);
    fa_flow_commit(client->flow, sizeof GET("/large/lasting") - 1);
    world_run();
    CHECK_EQ(world.loop.fibers.live_count, 0);
    CHECK_EQ(world.conns[0].state, FA_HTTP_CONN_SENDING);
    /* A client that reads at 1,000 bytes a second is slow, but gets there. */
    while (client->len < sizeof lasting && !client->closed) {
        struct fa_slice bytes;
        world_pass(FA_NS_S);
        if (fa_flow_peek(client->flow, &bytes) == FA_OK) {
            size_t len = fa_min(bytes.len, 1000);
            client->len += len;
            fa_flow_done(client->flow, len);
        }
    }
    CHECK(client->len >= sizeof lasting);
    CHECK_EQ(COUNTED(http_slow_reader), 0);
    end();
}

T(client_that_reads_too_slowly_is_given_up_in_every_way_of_sending)
{
    static const char *const requests[] = {
        GET("/large/lasting"), GET("/large/copied"), GET("/large/streamed")};
    for (size_t i = 0; i < FA_COUNT_OF(requests); i++) {
        begin((struct fa_http_server_config){0});
        struct world_client *client = world_connect();
        uint8_t *at;
        size_t cap;
        struct fa_slice bytes = fa_slice_of(requests[i]);
        REQUIRE(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
        fa_copy(at, bytes.at, bytes.len);
        fa_flow_commit(client->flow, bytes.len);
        unsigned seconds = 0;
        for (; seconds < 200 && !client->closed; seconds++) {
            world_pass(FA_NS_S);
            fa_err err = fa_flow_peek(client->flow, &bytes);
            if (err == FA_OK) {
                fa_flow_done(client->flow, 1); /* one byte a second keeps nobody waiting */
            } else {
                client->closed = err != FA_AGAIN;
            }
        }
        CHECK(seconds > 25 && seconds < 40);
        CHECK_EQ(COUNTED(http_slow_reader), 1);
        end();
    }
}

T(answer_that_cannot_be_completed_breaks_the_connection)
{
    begin((struct fa_http_server_config){0});
    struct world_client *client = world_connect();
    world_send(client, FA_LIT(GET("/cut")));
    world_settle(client);
    CHECK(client->closed && client->reset);
    CHECK_EQ(COUNTED(http_cut_short), 1);
    end();
}

T(slow_head_gets_408_and_an_idle_connection_just_ends)
{
    begin((struct fa_http_server_config){0});
    struct world_client *slow = world_connect();
    struct world_client *idle = world_connect();
    world_send(idle, FA_LIT(GET("/")));
    for (unsigned i = 0; i < 9; i++) {
        world_send(slow, FA_LIT("G"));
        world_pass(FA_NS_S);
        (void)world_read(slow);
        CHECK_EQ(slow->len, 0);
    }
    world_pass(2 * FA_NS_S);
    world_settle(slow);
    CHECK_EQ(count_text(world_output(slow), "HTTP/1.1 408 Request Timeout\r\n"), 1);
    CHECK(slow->closed && !slow->reset);
    CHECK_EQ(COUNTED(http_slow_request), 1);
    CHECK(!idle->closed);
    world_pass(60 * FA_NS_S);
    world_settle(idle);
    CHECK(idle->closed && !idle->reset);
    CHECK_EQ(idle->len, world_output(idle).len + 8 + FA_HTTP_DATE_LEN);
    CHECK_EQ(COUNTED(http_idle_closed), 1);
    end();
}

T(slow_body_gets_408_and_one_cut_off_is_no_request)
{
    begin((struct fa_http_server_config){0});
    struct world_client *slow = world_connect();
    struct world_client *gone = world_connect();
    world_send(slow, FA_LIT("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"));
    world_send(gone, FA_LIT("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf"));
    CHECK_EQ(fa_flow_shutdown(gone->flow), FA_OK);
    world_settle(gone);
    CHECK_EQ(count_text(world_output(gone), "HTTP/1.1 400 "), 1);
    CHECK_EQ(COUNTED(http_bad_body), 1);
    for (unsigned i = 0; i < 50 && !slow->closed; i++) {
        world_pass(FA_NS_S);
        world_send(slow, FA_LIT("x"));
        world_settle(slow);
    }
    CHECK_EQ(count_text(world_output(slow), "HTTP/1.1 408 "), 1);
    CHECK_EQ(COUNTED(http_slow_request), 1);
    end();
}

T(head_beyond_its_limit_is_431_or_414)
{
    static const struct {
        const char *start;
        const char *answer;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\nX: ", "HTTP/1.1 431 "},
        {"GET /", "HTTP/1.1 414 "},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        for (int pieces = 0; pieces < 2; pieces++) {
            static char text[WORLD_HEAD_BYTES + 10];
            size_t len = fa_fmt(text, sizeof text, "%s", rows[i].start);
            while (len < sizeof text) {
                text[len++] = 'a';
            }
            begin((struct fa_http_server_config){0});
            struct world_client *client = world_connect();
            for (size_t off = 0; off < len; off += pieces ? 10 : len) {
                size_t part = fa_min(pieces ? 10 : len, len - off);
                world_send(client, (struct fa_slice){(uint8_t *)text + off, part});
            }
            world_settle(client);
            CHECK_EQ(count_text(world_output(client), rows[i].answer), 1);
            CHECK(client->closed && !client->reset);
            end();
        }
    }
}

T(slow_heads_cannot_take_all_buffers)
{
    begin((struct fa_http_server_config){0});
    struct world_client *slow[WORLD_HEAD_COUNT];
    for (size_t i = 0; i < WORLD_HEAD_COUNT; i++) {
        slow[i] = world_connect();
        world_send(slow[i], FA_LIT("GET / HT"));
    }
    /* All buffers are taken: a head in one piece needs none, one in two pieces is too early ... */
    struct world_client *client = world_connect();
    world_send(client, FA_LIT(GET("/")));
    CHECK_EQ(count_text(world_output(client), "HTTP/1.1 200 OK"), 1);
    world_send(client, FA_LIT("GET / HTTP"));
    CHECK_EQ(count_text(world_output(client), "HTTP/1.1 503 "), 1);
    CHECK_EQ(COUNTED(http_busy), 1);
    /* ... but after a second the oldest gives way. */
    world_pass(2 * FA_NS_S);
    client = world_connect();
    world_send(client, FA_LIT("GET / HTTP"));
    world_send(client, FA_LIT("/1.1\r\nHost: h\r\n\r\n"));
    CHECK_EQ(count_text(world_output(client), "HTTP/1.1 200 OK"), 1);
    world_settle(slow[0]);
    CHECK_EQ(count_text(world_output(slow[0]), "HTTP/1.1 408 "), 1);
    CHECK_EQ(COUNTED(http_head_evicted), 1);
    CHECK(!slow[1]->closed);
    end();
}

T(full_house_evicts_the_longest_idle_and_then_keeps_newcomers_waiting)
{
    begin((struct fa_http_server_config){0});
    struct world_client *first = world_connect();
    world_send(first, FA_LIT(GET("/")));
    world_send(world_connect(), FA_LIT(GET("/wait")));
    for (size_t i = 0; i < WORLD_CONN_COUNT - 2; i++) {
        world_send(world_connect(), FA_LIT("GET / HT"));
    }
    world_settle(first);
    CHECK(!first->closed);
    struct world_client *newcomer = world_connect();
    world_send(newcomer, FA_LIT("GET / HTTP/1.1\r\nHost: h\r\nX: "));
    world_settle(first);
    CHECK(first->closed && !first->reset);
    CHECK_EQ(COUNTED(http_idle_evicted), 1);
    /* Nobody is idle any more. */
    struct world_client *waiting = world_connect();
    world_run();
    CHECK_EQ(COUNTED(http_accept_paused), 1);
    CHECK_EQ(world.accepted_count, WORLD_CONN_COUNT + 1);
    CHECK(fa_slice_equal(world_output(waiting), FA_LIT("")));
    world_leave(newcomer);
    world_send(waiting, FA_LIT(GET("/")));
    world_settle(waiting);
    CHECK_EQ(count_text(world_output(waiting), "HTTP/1.1 200 OK"), 1);
    end();
}

T(requests_beyond_the_exchanges_wait_and_then_get_503)
{
    begin((struct fa_http_server_config){0});
    struct world_client *clients[WORLD_EXCHANGE_COUNT + 1];
    for (size_t i = 0; i < FA_COUNT_OF(clients); i++) {
        clients[i] = world_connect();
        world_send(clients[i], FA_LIT(GET("/wait")));
    }
    CHECK_EQ(world.conns[WORLD_EXCHANGE_COUNT].state, FA_HTTP_CONN_READY);
    world_pass(11 * FA_NS_S);
    world_settle(clients[WORLD_EXCHANGE_COUNT]);
    CHECK_EQ(count_text(world_output(clients[WORLD_EXCHANGE_COUNT]), "HTTP/1.1 503 "), 1);
    CHECK_EQ(COUNTED(http_busy), 1);
    struct world_client *patient = world_connect();
    world_pass(42 * FA_NS_S);
    world_send(patient, FA_LIT(GET("/")));
    CHECK_EQ(patient->len, 0);
    world_pass(8 * FA_NS_S);
    world_settle(patient);
    CHECK_EQ(count_text(world_output(patient), "hello"), 1);
    world_settle(clients[0]);
    CHECK_EQ(count_text(world_output(clients[0]), "late"), 1);
    end();
}

static void sleep_fiber(void *ctx)
{
    (void)ctx;
    (void)fa_fiber_sleep_until(world.now + FA_NS_S);
}

T(request_waits_for_a_fiber_when_others_have_them_all)
{
    begin((struct fa_http_server_config){0});
    for (int i = 0; i < WORLD_FIBER_COUNT; i++) {
        REQUIRE(fa_fiber_spawn(&world.loop.fibers, sleep_fiber, NULL, NULL) == FA_OK);
    }
    struct world_client *client = world_connect();
    world_send(client, FA_LIT(GET("/")));
    CHECK_EQ(client->len, 0);
    CHECK_EQ(world.loop.fibers.refused_count, 0);
    world_pass(2 * FA_NS_S);
    world_settle(client);
    CHECK_EQ(count_text(world_output(client), "hello"), 1);
    end();
}

T(connection_ends_after_its_last_allowed_request)
{
    begin((struct fa_http_server_config){.request_count_max = 3});
    struct world_client *client = world_connect();
    world_send(client, FA_LIT(GET("/") GET("/") GET("/") GET("/")));
    world_settle(client);
    CHECK_EQ(count_text(world_output(client), "HTTP/1.1 200 OK"), 3);
    CHECK_EQ(count_text(world_output(client), "Connection: close"), 1);
    CHECK(client->closed && !client->reset);
    end();
}

T(what_comes_after_the_end_is_thrown_away_to_a_limit)
{
    static uint8_t junk[1000];
    begin((struct fa_http_server_config){.linger_bytes_max = 10000});
    struct world_client *client = world_connect();
    world_send(client, FA_LIT("GET / HTTP/1.0\r\n\r\n"));
    for (int i = 0; i < 10; i++) {
        world_send(client, (struct fa_slice){junk, sizeof junk});
    }
    CHECK_EQ(world.conns[0].state, FA_HTTP_CONN_LINGER);
    world_send(client, (struct fa_slice){junk, 1});
    CHECK_EQ(world.conns[0].state, FA_HTTP_CONN_FREE);
    /* And to a time, if nothing comes. */
    client = world_connect();
    world_send(client, FA_LIT("GET / HTTP/1.0\r\n\r\n"));
    CHECK_EQ(world.conns[0].state, FA_HTTP_CONN_LINGER);
    world_pass(3 * FA_NS_S);
    CHECK_EQ(world.conns[0].state, FA_HTTP_CONN_FREE);
    end();
}

T(client_that_vanishes_leaves_nothing_behind)
{
    static const char *const requests[] = {"", "GET / HT", GET("/wait"), GET("/large/lasting"),
        GET("/large/copied"), GET("/large/streamed"),
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n",
        "POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "GET / HTTP/1.0\r\n\r\n"};
    for (size_t i = 0; i < FA_COUNT_OF(requests); i++) {
        begin((struct fa_http_server_config){0});
        struct world_client *client = world_connect();
        uint8_t *at;
        size_t cap;
        REQUIRE(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
        fa_move(at, requests[i], fa_slice_of(requests[i]).len);
        fa_flow_commit(client->flow, fa_slice_of(requests[i]).len);
        world_run();
        world_leave(client);
        world_pass(61 * FA_NS_S);
        CHECK_EQ(fa_http_server_conn_count(&world.server), 0);
        CHECK_EQ(world.loop.fibers.live_count, 0);
    }
}

T(half_closed_client_still_gets_its_answers)
{
    begin((struct fa_http_server_config){0});
    struct world_client *client = world_connect();
    uint8_t *at;
    size_t cap;
    REQUIRE(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
    fa_copy(at, GET("/") GET("/"), 2 * sizeof GET("/") - 2);
    fa_flow_commit(client->flow, 2 * sizeof GET("/") - 2);
    CHECK_EQ(fa_flow_shutdown(client->flow), FA_OK);
    world_settle(client);
    check_output(client, HELLO HELLO, 0);
    CHECK(client->closed && !client->reset);
    end();
}

T(one_busy_connection_does_not_starve_another)
{
    begin((struct fa_http_server_config){0});
    struct world_client *greedy = world_connect();
    struct world_client *modest = world_connect();
    uint8_t *at;
    size_t cap;
    REQUIRE(fa_flow_reserve(greedy->flow, &at, &cap) == FA_OK);
    size_t one = sizeof GET("/") - 1;
    for (size_t i = 0; i < 60; i++) {
        fa_copy(at + i * one, GET("/"), one);
    }
    fa_flow_commit(greedy->flow, 60 * one);
    REQUIRE(fa_flow_reserve(modest->flow, &at, &cap) == FA_OK);
    fa_copy(at, GET("/"), one);
    fa_flow_commit(modest->flow, one);
    while (modest->len == 0) {
        REQUIRE(world_turn());
        (void)world_read(modest);
    }
    CHECK(COUNTED(http_requests) <= 20);
    end();
}

T(stop_ends_idle_connections_and_completes_the_others)
{
    begin((struct fa_http_server_config){0});
    struct world_client *idle = world_connect();
    struct world_client *busy = world_connect();
    world_send(idle, FA_LIT(GET("/")));
    world_send(busy, FA_LIT(GET("/wait")));
    fa_http_server_stop(&world.server);
    world_settle(idle);
    CHECK(idle->closed && !idle->reset);
    CHECK_EQ(fa_http_server_conn_count(&world.server), 1);
    world_pass(61 * FA_NS_S);
    world_settle(busy);
    CHECK_EQ(count_text(world_output(busy), "Connection: close\r\n\r\nlate"), 1);
    CHECK(busy->closed && !busy->reset);
    end();
}

T(listeners_beyond_the_limit_are_refused)
{
    begin((struct fa_http_server_config){0});
    static struct fa_listener others[FA_HTTP_LISTENER_MAX];
    for (size_t i = 0; i < FA_COUNT_OF(others); i++) {
        others[i].ops = &world_listener_ops;
        fa_err err = fa_http_server_serve(&world.server, &others[i]);
        CHECK_EQ(err, i + 1 < FA_HTTP_LISTENER_MAX ? FA_OK : FA_ENOSPC);
    }
    fa_loop_remove(&world.loop, &world.server.poller);
    end();
}

T(idle_connections_hold_no_fiber_no_exchange_and_no_buffer)
{
    begin((struct fa_http_server_config){0});
    for (size_t i = 0; i < WORLD_CONN_COUNT; i++) {
        struct world_client *client = world_connect();
        world_send(client, FA_LIT("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"));
        world_send(client, FA_LIT("x"));
        CHECK_EQ(count_text(world_output(client), "200 OK"), 1);
        CHECK(world.conns[i].head_buf == NULL);
        CHECK_EQ(world.conns[i].state, FA_HTTP_CONN_IDLE);
    }
    size_t free_count = 0;
    FA_LIST_EACH(node, &world.server.free_exchanges) {
        free_count++;
    }
    CHECK_EQ(free_count, WORLD_EXCHANGE_COUNT);
    CHECK_EQ(world.loop.fibers.live_count, 0);
    end();
}
