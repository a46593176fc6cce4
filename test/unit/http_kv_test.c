// SPDX-License-Identifier: ISC
//
// test/unit/http_kv_test.c: a store as a web site, lent (embedkv) and copied (memkv).

#include "fa/embedkv.h"
#include "fa/fmt.h"
#include "fa/http_kv.h"
#include "fa/memkv.h"
#include "test/t.h"
#include "test/unit/http_world.h"

#define PAGE(text) .at = (const uint8_t *)(text), .len = sizeof(text) - 1

/* 784111777 is Sun, 06 Nov 1994 08:49:37 GMT. */
static const struct fa_embedkv_file files[] = {
    {.key = "404.html", PAGE("gone"), .modified_s = 784111777, .version = 4},
    {.key = "a b/index.html", PAGE("space"), .modified_s = 784111777, .version = 5},
    {.key = "docs/index.html", PAGE("docs"), .modified_s = 784111777, .version = 2},
    {.key = "empty.txt", PAGE(""), .modified_s = 0, .version = 3},
    {.key = "index.html", PAGE("0123456789"), .modified_s = 784111777, .version = 0xabc},
};

static struct fa_embedkv embed;
static struct fa_memkv mem;
static struct fa_memkv_entry entries[8];
[[gnu::aligned(16)]] static uint8_t arena[300000];
static struct fa_http_kv site;
static struct fa_http_route route = {.path = "/", .fn = fa_http_kv_handler, .ctx = &site};

static void begin(struct fa_kv *kv)
{
    site = (struct fa_http_kv){.kv = kv};
    world_init(&(struct fa_http_server_config){.routes = &route, .route_count = 1});
}

static void begin_embed(void)
{
    fa_embedkv_init(&embed, files, FA_COUNT_OF(files));
    begin(&embed.kv);
}

static void begin_memory(void)
{
    fa_memkv_init(&mem, &(struct fa_memkv_config){.entries = entries,
                            .entry_count_max = FA_COUNT_OF(entries),
                            .memory = arena,
                            .memory_bytes = sizeof arena});
    begin(&mem.kv);
}

static void end(void)
{
    for (size_t i = 0; i < world.client_count; i++) {
        world_leave(&world.clients[i]);
    }
    world_pass(100 * FA_NS_S);
    CHECK_EQ(fa_http_server_conn_count(&world.server), 0);
    CHECK_EQ(world.loop.fibers.live_count, 0);
}

#define GET(path)    "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define WITH(fields) "GET / HTTP/1.1\r\nHost: h\r\n" fields "\r\n"
#define SERVER       "\r\nServer: Fata\r\n"
#define TAG          "ETag: \"0000000000000abc\"\r\n"
#define VALIDATORS   TAG "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n" ASK
#define ASK          "Cache-Control: no-cache\r\n"
#define RANGES       "Accept-Ranges: bytes\r\n"
#define HTML         "Content-Type: text/html; charset=utf-8\r\n" NOSNIFF
#define NOSNIFF      "X-Content-Type-Options: nosniff\r\n"
#define LENGTH(len)  "Content-Length: " len "\r\n\r\n"
#define INDEX_HEAD   "HTTP/1.1 200 OK" SERVER VALIDATORS RANGES HTML LENGTH("10")
#define INDEX        INDEX_HEAD "0123456789"
#define PARTIAL      "HTTP/1.1 206 Partial Content" SERVER
#define PART(range, len)                                                                           \
    PARTIAL "Content-Range: bytes " range "\r\n" VALIDATORS RANGES HTML LENGTH(len)
#define UNCHANGED    "HTTP/1.1 304 Not Modified" SERVER VALIDATORS "\r\n"
#define MOVED(place) "HTTP/1.1 301 Moved Permanently" SERVER "Location: " place "\r\n" LENGTH("0")
#define MISSING      "HTTP/1.1 404 Not Found" SERVER HTML LENGTH("4")

T(site_answers_exactly_this)
{
    static const struct {
        const char *request;
        const char *answer; /* or how it begins */
    } rows[] = {
        {GET("/"), INDEX},
        {GET("/index.html"), INDEX},
        {GET("/?query"), INDEX},
        {GET("/./docs/..//index.html"), INDEX},
        {"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", INDEX_HEAD},
        {"HEAD /none HTTP/1.1\r\nHost: h\r\n\r\n", MISSING},
        {GET("/docs"), MOVED("/docs/")},
        {GET("/docs?a=b"), MOVED("/docs/?a=b")},
        {GET("//docs"), MOVED("/docs/")}, /* never to another host */
        {GET("/a%20b"), MOVED("/a%20b/")},
        {GET("/none"), MISSING "gone"},
        {GET("/index.html/"), MISSING "gone"},
        {GET("/index.html/x"), MISSING "gone"},
        {GET("/docs/none/"), MISSING "gone"},
        {WITH("If-None-Match: \"0000000000000abc\"\r\n"), UNCHANGED},
        {WITH("If-None-Match: \"0000000000000abd\"\r\n"), INDEX},
        {WITH("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), UNCHANGED},
        {WITH("If-Match: \"x\"\r\n"), "HTTP/1.1 412 Precondition Failed\r\n"},
        {WITH("Range: bytes=2-4\r\n"), PART("2-4/10", "3") "234"},
        {WITH("Range: bytes=-3\r\n"), PART("7-9/10", "3") "789"},
        {WITH("Range: bytes=10-\r\n"),
            "HTTP/1.1 416 Range Not Satisfiable" SERVER "Content-Range: bytes */10\r\n"},
        {WITH("Range: bytes=0-1,4-5\r\n"), INDEX},
        {WITH("Range: bytes=2-4\r\nIf-Range: \"0000000000000abc\"\r\n"), PART("2-4/10", "3") "234"},
        {WITH("Range: bytes=2-4\r\nIf-Range: \"old\"\r\n"), INDEX},
        {GET("/empty.txt"), "HTTP/1.1 200 OK" SERVER "ETag: \"0000000000000003\"\r\n"
                            "Cache-Control: no-cache\r\nAccept-Ranges: bytes\r\n"
                            "Content-Type: text/plain; charset=utf-8\r\n"
                            "X-Content-Type-Options: nosniff\r\nContent-Length: 0\r\n\r\n"},
        {"POST / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        begin_embed();
        struct world_client *client = world_connect();
        world_send(client, fa_slice_of(rows[i].request));
        world_settle(client);
        struct fa_slice output = world_output(client);
        struct fa_slice want = fa_slice_of(rows[i].answer);
        bool whole = output.at[9] != '4' || output.at[11] == '4'; /* pages of ours are not given */
        output.len = whole ? output.len : fa_min(output.len, want.len);
        if (!fa_slice_equal(output, want)) {
            t_fail(
                __FILE__, __LINE__, "row %zu: %.*s", i, (int)output.len, (const char *)output.at);
        }
        CHECK(!client->closed);
        end();
    }
}

T(age_index_and_404_page_can_be_chosen)
{
    begin_embed();
    site.index = "empty.txt";
    site.not_found = "none";
    site.max_age_s = 60;
    struct world_client *client = world_connect();
    world_send(client, FA_LIT(GET("/none")));
    world_settle(client);
    struct fa_slice output = world_output(client);
    CHECK(output.len > 100 && fa_equal(output.at, "HTTP/1.1 404", 12)); /* our own page */
    client->len = 0;
    world_send(client, FA_LIT(GET("/")));
    world_settle(client);
    CHECK(fa_slice_equal(world_output(client),
        FA_LIT(
            "HTTP/1.1 200 OK" SERVER "ETag: \"0000000000000003\"\r\nCache-Control: max-age=60\r\n"
            "Accept-Ranges: bytes\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "X-Content-Type-Options: nosniff\r\nContent-Length: 0\r\n\r\n")));
    end();
}

T(site_below_a_path_sees_the_rest_of_it)
{
    begin_embed();
    static const struct fa_http_route below = {
        .path = "/site/", .fn = fa_http_kv_handler, .ctx = &site};
    world.server.config.routes = &below;
    struct world_client *client = world_connect();
    world_send(client, FA_LIT(GET("/site/docs")));
    world_settle(client);
    CHECK_TEXT(world_output(client), MOVED("/site/docs/"));
    client->len = 0;
    world_send(client, FA_LIT(GET("/site/")));
    world_settle(client);
    CHECK_TEXT(world_output(client), INDEX);
    end();
}

T(redirect_that_does_not_fit_is_refused)
{
    static char text[900];
    begin_embed();
    struct world_client *client = world_connect();
    size_t len = fa_fmt(text, sizeof text, "GET /docs?");
    while (len < 600) {
        text[len++] = 'a';
    }
    len += fa_fmt(text + len, sizeof text - len, " HTTP/1.1\r\nHost: h\r\n\r\n");
    world_send(client, (struct fa_slice){(uint8_t *)text, len});
    world_settle(client);
    CHECK(fa_equal(world_output(client).at, "HTTP/1.1 414", 12));
    CHECK_EQ(FA_COUNTER_VALUE(&world.counters, http_spoiled), 0);
    end();
}

static uint8_t large[100000];

/* Ask for a value that does not fit the pipe, and read nothing yet. */
static struct world_client *ask_for_large(void)
{
    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = (uint8_t)(i * 7 + i / 256);
    }
    begin_memory();
    FA_ASSERT(fa_kv_set(&mem.kv, FA_LIT("large"), (struct fa_slice){large, sizeof large}) == FA_OK);
    struct world_client *client = world_connect();
    uint8_t *at;
    size_t cap;
    FA_ASSERT(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
    fa_copy(at, GET("/large"), sizeof GET("/large") - 1);
    fa_flow_commit(client->flow, sizeof GET("/large") - 1);
    world_run();
    return client;
}

T(copied_value_comes_whole)
{
    struct world_client *client = ask_for_large();
    world_settle(client);
    REQUIRE(client->len > sizeof large);
    CHECK(fa_equal(client->output + client->len - sizeof large, large, sizeof large));
    CHECK(!client->closed);
    end();
}

T(value_that_changes_meanwhile_is_not_passed_off_as_complete)
{
    struct world_client *client = ask_for_large();
    large[50000] ^= 1;
    REQUIRE(fa_kv_set(&mem.kv, FA_LIT("large"), (struct fa_slice){large, sizeof large}) == FA_OK);
    world_settle(client);
    CHECK(client->closed && client->reset);
    CHECK_EQ(FA_COUNTER_VALUE(&world.counters, http_cut_short), 1);
    end();
}

T(value_that_vanishes_or_shrinks_meanwhile_breaks_the_answer_off)
{
    for (int shrinks = 0; shrinks < 2; shrinks++) {
        struct world_client *client = ask_for_large();
        fa_err err = shrinks ? fa_kv_set(&mem.kv, FA_LIT("large"), FA_LIT("small"))
                             : fa_kv_remove(&mem.kv, FA_LIT("large"));
        REQUIRE(err == FA_OK);
        world_settle(client);
        CHECK(client->closed && client->reset);
        CHECK_EQ(FA_COUNTER_VALUE(&world.counters, http_cut_short), 1);
        end();
    }
}

static fa_err find_failing(struct fa_kv *kv, struct fa_slice key, struct fa_kv_entry *ret_entry)
{
    (void)kv;
    (void)key;
    (void)ret_entry;
    return FA_EIO;
}

T(broken_store_is_a_500)
{
    static const struct fa_kv_ops ops = {.find = find_failing};
    struct fa_kv broken = {.ops = &ops};
    begin(&broken);
    struct world_client *client = world_connect();
    world_send(client, FA_LIT(GET("/")));
    world_settle(client);
    CHECK(fa_equal(world_output(client).at, "HTTP/1.1 500", 12));
    end();
}
