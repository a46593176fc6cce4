// SPDX-License-Identifier: ISC
//
// test/unit/http_route_test.c: hosts and parameters of routes, redirects, default fields, trailers.

#include "test/unit/http_routes.h"

static void say_params(struct fa_http_exchange *x, void *ctx)
{
    char memory[128];
    struct fa_text text;
    fa_text_init(&text, memory, sizeof memory);
    struct fa_slice id = fa_http_param(x, "id");
    struct fa_slice post = fa_http_param(x, "post");
    fa_text_add(&text, "%s", (const char *)ctx);
    fa_text_add_slice(&text, id);
    fa_text_add(&text, "|");
    fa_text_add_slice(&text, post);
    fa_text_add(&text, "|");
    fa_text_add_slice(&text, x->tail);
    (void)fa_http_send(x, fa_text_slice(&text));
}

/* Answers with the request's trailers as its own. */
static void echo_trailers(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    uint8_t memory[40];
    struct fa_slice bytes;
    fa_http_keep_trailers(x, memory, sizeof memory);
    if (fa_http_begin(x, FA_HTTP_LEN_UNKNOWN) != FA_OK) {
        return;
    }
    CHECK_EQ(fa_http_trailers(x).len, 0);
    while (fa_http_peek(x, &bytes) == FA_OK) {
        if (fa_http_write(x, bytes) != FA_OK) {
            return;
        }
        fa_http_done(x, bytes.len);
    }
    struct fa_slice rest = fa_http_trailers(x);
    struct fa_http_header field;
    while (fa_http_field_next(&rest, &field)) {
        fa_http_trailer(x, "X-Echo", "%.*s=%.*s", (int)field.name.len, (const char *)field.name.at,
            (int)field.value.len, (const char *)field.value.at);
    }
    fa_http_trailer(x, "X-Bad", "a%cb", '\r');
}

static void frame_me(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    fa_http_header(x, "x-frame-options", "DENY");
    (void)fa_http_send(x, FA_LIT("fine"));
}

static void redirect(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    fa_http_redirect(x, 303, "/%s", "there");
}

static const uint16_t port_8443 = 8443;
static char any[] = "any:";
static char sub[] = "sub:";
static char one[] = "one:";
static const struct fa_http_route table[] = {
    {.host = "one.example", .path = "/users/:id", .fn = say_params, .ctx = one},
    {.host = "*.example.org", .path = "/users/:id", .fn = say_params, .ctx = sub},
    {.path = "/users/:id", .fn = say_params, .ctx = any},
    {.path = "/users/:id/posts/:post", .fn = say_params, .ctx = any},
    {.path = "/files/:id/", .fn = say_params, .ctx = any},
    {.path = "/trailers", .methods = FA_HTTP_ALLOW(POST), .fn = echo_trailers},
    {.path = "/frame", .fn = frame_me},
    {.path = "/see", .fn = redirect},
    {.path = "/secure/", .fn = fa_http_to_https},
    {.path = "/secure8443/", .fn = fa_http_to_https, .ctx = (void *)(uintptr_t)&port_8443},
};

static struct world_client *ask(struct fa_http_server_config config, const char *request)
{
    config.routes = table;
    config.route_count = FA_COUNT_OF(table);
    world_init(&config);
    struct world_client *client = world_connect();
    world_send(client, fa_slice_of(request));
    world_settle(client);
    return client;
}

T(routes_match_hosts_and_parameters)
{
    static const struct {
        const char *host;
        const char *path;
        const char *body; /* NULL: 404 */
    } rows[] = {
        {"h", "/users/7", "any:7||"},
        {"one.example", "/users/7", "one:7||"},
        {"ONE.Example:8080", "/users/7", "one:7||"},
        {"one.example.", "/users/7", "one:7||"},
        {"xone.example", "/users/7", "any:7||"},
        {"a.example.org", "/users/7", "sub:7||"},
        {"a.b.example.org:1", "/users/7", "sub:7||"},
        {"example.org", "/users/7", "any:7||"},
        {".example.org", "/users/7", "any:7||"},
        {"[::1]:80", "/users/7", "any:7||"},
        {"h", "/users/a%20b", "any:a b||"},
        {"h", "/users/", NULL},
        {"h", "/users/7/", NULL},
        {"h", "/users/7/posts/9", "any:7|9|"},
        {"h", "/users/7/posts", NULL},
        {"h", "/users/7/posts/9/x", NULL},
        {"h", "/files/1/", "any:1||"},
        {"h", "/files/1/a/b", "any:1||a/b"},
        {"h", "/files/1", NULL},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        char text[200];
        char want[200];
        (void)fa_fmt(
            text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", rows[i].path, rows[i].host);
        struct world_client *client = ask((struct fa_http_server_config){0}, text);
        if (rows[i].body == NULL) {
            CHECK_EQ(count_text(world_output(client), "HTTP/1.1 404 "), 1);
        } else {
            (void)fa_fmt(want, sizeof want, HEAD_200 "Content-Length: %zu\r\n\r\n%s",
                fa_slice_of(rows[i].body).len, rows[i].body);
            check_output(client, want, i);
        }
        end();
    }
}

T(redirects_keep_path_and_query_and_need_a_host)
{
    static const struct {
        const char *request;
        const char *want;
    } rows[] = {
        {GET("/see"), "HTTP/1.1 303 See Other\r\nServer: Fata\r\nLocation: /there\r\n"},
        {GET("/secure/a%20b?c=%20d"), "\r\nLocation: https://h/secure/a%20b?c=%20d\r\n"},
        {"GET /secure/ HTTP/1.1\r\nHost: h:8080\r\n\r\n", "308 Permanent Redirect\r\n"},
        {"GET /secure/ HTTP/1.1\r\nHost: h:8080\r\n\r\n", "\r\nLocation: https://h/secure/\r\n"},
        {GET("/secure8443/"), "\r\nLocation: https://h:8443/secure8443/\r\n"},
        {"GET /secure/ HTTP/1.0\r\n\r\n", "HTTP/1.1 400 "},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct world_client *client = ask((struct fa_http_server_config){0}, rows[i].request);
        CHECK_EQ(count_text(world_output(client), rows[i].want), 1);
        end();
    }
    static char text[1200];
    size_t len = fa_fmt(text, sizeof text, "GET /secure/%0*d HTTP/1.1\r\nHost: h\r\n\r\n", 600, 0);
    CHECK(len < sizeof text);
    struct world_client *client = ask((struct fa_http_server_config){0}, text);
    CHECK_EQ(count_text(world_output(client), "HTTP/1.1 414 "), 1);
    end();
}

T(answers_are_safe_unless_their_handler_says_otherwise)
{
    const struct fa_http_server_config safe = {.default_fields = FA_HTTP_DEFAULT_FIELDS};
    struct world_client *client = ask(safe, GET("/users/1"));
    check_output(client,
        HEAD_200 FA_HTTP_DEFAULT_FIELDS "Content-Length: 7\r\n\r\n"
                                        "any:1||",
        0);
    end();
    client = ask(safe, GET("/frame"));
    CHECK_EQ(count_text(world_output(client), "X-Frame-Options"), 0);
    CHECK_EQ(count_text(world_output(client), "x-frame-options: DENY\r\n"), 1);
    CHECK_EQ(count_text(world_output(client), "nosniff"), 1);
    end();
    client = ask(safe, GET("/none"));
    CHECK_EQ(count_text(world_output(client), "nosniff"), 1);
    CHECK_EQ(count_text(world_output(client), "Strict-Transport-Security"), 0);
    end();
}

T(only_secure_flows_promise_to_stay_so)
{
    world.secure = true;
    struct world_client *client = ask((struct fa_http_server_config){0}, GET("/users/1"));
    CHECK_EQ(
        count_text(world_output(client), "Strict-Transport-Security: max-age=63072000\r\n"), 1);
    end();
    world.secure = true;
    client = ask((struct fa_http_server_config){.hsts_off = true}, GET("/users/1"));
    CHECK_EQ(count_text(world_output(client), "Strict-Transport-Security"), 0);
    end();
}

#define CHUNKED "POST /trailers HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

T(trailers_go_both_ways)
{
    struct world_client *client = ask((struct fa_http_server_config){0},
        CHUNKED "1\r\nx\r\n0\r\nA: 1\r\nContent-Length:  9 \r\n\r\n" GET("/users/1"));
    check_output(client,
        HEAD_200 "Transfer-Encoding: chunked\r\n\r\n0001\r\nx\r\n0\r\nX-Echo: A=1\r\n"
                 "X-Echo: Content-Length=9\r\n\r\n" HEAD_200 "Content-Length: 7\r\n\r\nany:1||",
        0);
    end();
    /* what does not fit the handler's 40 bytes is left out as whole lines */
    client = ask((struct fa_http_server_config){0},
        CHUNKED "0\r\nA: 1\r\nB: 0123456789012345678901234567890123456789\r\nC: 3\r\n\r\n");
    check_output(client, HEAD_200 "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Echo: A=1\r\n\r\n", 1);
    end();
    /* HTTP/1.0 has no trailers */
    client = ask(
        (struct fa_http_server_config){0}, "POST /trailers HTTP/1.0\r\nContent-Length: 1\r\n\r\nx");
    check_output(client, HEAD_200 "Connection: close\r\n\r\nx", 2);
    end();
}
