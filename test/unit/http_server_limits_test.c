// SPDX-License-Identifier: ISC
//
// test/unit/http_server_limits_test.c: the server's limits, its time, and clients that are slow or
// ask for too much.

#include "test/unit/http_routes.h"

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
        CHECK(seconds >= 29 && seconds <= 32);
        CHECK_EQ(COUNTED(http_slow_reader), 1);
        end();
    }
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

T(body_beyond_the_handlers_room_is_413)
{
    for (unsigned extra = 0; extra < 2; extra++) {
        char text[512];
        size_t body_len = 300 + extra; /* echo has 300 */
        begin((struct fa_http_server_config){0});
        struct world_client *client = world_connect();
        size_t len = fa_fmt(text, sizeof text,
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", body_len);
        FA_ASSERT(len + body_len <= sizeof text);
        for (size_t i = 0; i < body_len; i++) {
            text[len++] = 'b';
        }
        world_send(client, (struct fa_slice){(uint8_t *)text, len});
        world_settle(client);
        CHECK_EQ(count_text(world_output(client), extra == 0 ? "200 OK" : "HTTP/1.1 413"), 1);
        CHECK_EQ(COUNTED(http_body_too_large), extra);
        end();
    }
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
            CHECK_EQ(COUNTED(http_head_too_large), i == 0 ? 1 : 0);
            CHECK_EQ(COUNTED(http_target_too_long), i == 0 ? 0 : 1);
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

/* Put `count` requests into the client's pipe at once. */
static void send_many(struct world_client *client, size_t count)
{
    uint8_t *at;
    size_t cap;
    size_t one = sizeof GET("/") - 1;
    FA_ASSERT(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
    FA_ASSERT(count * one <= cap);
    for (size_t i = 0; i < count; i++) {
        fa_copy(at + i * one, GET("/"), one);
    }
    fa_flow_commit(client->flow, count * one);
}

T(refusal_that_finds_no_room_does_not_cost_the_answers_before_it)
{
    unsigned cut_count = 0;
    for (size_t count = 20; count < 40; count++) {
        begin((struct fa_http_server_config){0});
        struct world_client *client = world_connect();
        uint8_t *at;
        size_t cap;
        send_many(client, count);
        REQUIRE(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
        fa_copy(at, "BAD\r\n\r\n", 7);
        fa_flow_commit(client->flow, 7);
        world_settle(client);
        struct fa_slice output = world_output(client);
        CHECK_EQ(count_text(output, HELLO), count);
        CHECK_EQ(COUNTED(http_bad_line), 1);
        CHECK(client->closed && !client->reset);
        cut_count += count_text(output, "<p>Bad Request</p>") == 0 ? 1 : 0;
        end();
    }
    CHECK(cut_count > 0 && cut_count < 20);
}

T(one_busy_connection_does_not_starve_another)
{
    begin((struct fa_http_server_config){0});
    struct world_client *greedy = world_connect();
    struct world_client *modest = world_connect();
    send_many(greedy, 60);
    send_many(modest, 1);
    while (modest->len == 0) {
        REQUIRE(world_turn());
        (void)world_read(modest);
    }
    CHECK(COUNTED(http_requests) <= 20);
    end();
}

T(busy_connections_give_way_to_one_that_waits_for_an_exchange)
{
    begin((struct fa_http_server_config){0});
    for (size_t i = 0; i < WORLD_EXCHANGE_COUNT; i++) {
        send_many(world_connect(), 60);
    }
    struct world_client *modest = world_connect();
    send_many(modest, 1);
    while (modest->len == 0) {
        REQUIRE(world_turn());
        (void)world_read(modest);
    }
    CHECK(COUNTED(http_requests) <= 2 * WORLD_EXCHANGE_COUNT + 1);
    end();
}

T(client_that_came_before_the_server_is_served)
{
    begin((struct fa_http_server_config){0});
    world_run();
    world.listener.watch = NULL;
    static struct fa_listener late = {.ops = &world_listener_ops};
    struct world_client *client = world_connect();
    CHECK_EQ(fa_http_server_serve(&world.server, &late), FA_OK);
    world_send(client, FA_LIT(GET("/")));
    CHECK_EQ(count_text(world_output(client), "hello"), 1);
    fa_loop_remove(&world.loop, &world.server.poller);
    end();
}
