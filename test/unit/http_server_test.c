// SPDX-License-Identifier: ISC
//
// test/unit/http_server_test.c: the server over pipes: what it answers, and in which pieces.

#include "fa/rand.h"
#include "test/unit/http_routes.h"

static const struct {
    const char *request;
    const char *answer;
    bool closed;
} answers[] = {
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
    {"POST /echo HTTP/1.1\r\nHost: h\r\n\r\n" GET("/"), HEAD_200 "Content-Length: 0\r\n\r\n" HELLO,
        false},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: x\r\n\r\n" GET("/"),
        HEAD_200 "Content-Length: 5\r\n\r\nhello" HELLO, false},
    {"POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" GET("/"),
        HEAD_200 "Transfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n0\r\n\r\n" HELLO, false},
    {"POST /stream HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
        HEAD_200 "Connection: close\r\n\r\nhello", true},
    /* a body that nobody reads is skipped when it is here ... */
    {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" GET("/"), HELLO HELLO, false},
    /* ... and ends the connection when it is not */
    {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
        HEAD_200 PLAIN "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n", true},
    {"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\n" HEAD_200 "Content-Length: 5\r\n\r\nhello", false},
    /* nobody asked for this body, so nobody knows whether it will come */
    {"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        HEAD_200 PLAIN "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n", true},
    /* the same when the answer is streamed */
    {"HEAD /large/streamed HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
     "Content-Length: 5\r\n\r\n",
        HEAD_200 "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", true},
    {"HEAD /large/streamed HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" GET("/"),
        HEAD_200 "Transfer-Encoding: chunked\r\n\r\n" HELLO, false},
    {GET("/reflect/a%20b"), HEAD_200 "X-Path: a b\r\nContent-Length: 4\r\n\r\nfine", false},
    {GET("/reflect/caf%C3%A9"), HEAD_200 "X-Path: caf\xc3\xa9\r\nContent-Length: 4\r\n\r\nfine",
        false},
};

T(requests_get_exactly_these_answers)
{
    for (size_t i = 0; i < FA_COUNT_OF(answers); i++) {
        begin((struct fa_http_server_config){0});
        struct world_client *client = world_connect();
        world_send(client, fa_slice_of(answers[i].request));
        world_settle(client);
        check_output(client, answers[i].answer, i);
        CHECK_EQ(client->closed, answers[i].closed);
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

T(head_without_room_for_all_fields_is_a_500)
{
    unsigned good_count = 0;
    begin((struct fa_http_server_config){0});
    struct world_client *client = world_connect();
    for (unsigned width = 700; width < 1000; width++) {
        char text[64];
        size_t len = fa_fmt(text, sizeof text, "GET /crowd/%u HTTP/1.1\r\nHost: h\r\n\r\n", width);
        client->len = 0;
        world_send(client, (struct fa_slice){(uint8_t *)text, len});
        world_settle(client);
        struct fa_slice output = world_output(client);
        bool good = count_text(output, "HTTP/1.1 404 ") == 1;
        good_count += good ? 1 : 0;
        CHECK(good || count_text(output, "HTTP/1.1 500 ") == 1);
        CHECK(good || width > 700);
    }
    CHECK(good_count > 50 && good_count < 250);
    CHECK_EQ(COUNTED(http_spoiled), 300 - good_count);
    end();
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
    CHECK_EQ(COUNTED(http_sent_bytes), 1000 * 4);
    CHECK_EQ(COUNTED(http_accepted), 1);
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
        CHECK_EQ(COUNTED(http_head_cut_short), i == 1 ? 1 : 0);
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

T(stop_lets_a_long_answer_end_and_then_closes)
{
    begin((struct fa_http_server_config){0});
    struct world_client *client = world_connect();
    uint8_t *at;
    size_t cap;
    REQUIRE(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
    fa_copy(at, GET("/large/lasting"), sizeof GET("/large/lasting") - 1);
    fa_flow_commit(client->flow, sizeof GET("/large/lasting") - 1);
    world_run();
    fa_http_server_stop(&world.server);
    world_settle(client);
    CHECK(client->len > sizeof lasting);
    CHECK(client->closed && !client->reset);
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
