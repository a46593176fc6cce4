// SPDX-License-Identifier: ISC
//
// bench/http_bench.c: what a request costs the server, over pipes, so without any network; the
// client's end of the pipe is part of it. A row each, in the form that tools/bench reads. With a
// row's name and a number as arguments it does that many requests and prints nothing, so that
// instructions can be counted.

#include "fa/embedkv.h"
#include "fa/fmt.h"
#include "fa/http_kv.h"
#include "fa/plat.h"
#include "test/unit/http_world.h"

enum {
    ROUNDS = 5,         /* the quickest counts */
    PIPELINE_COUNT = 3, /* answers that fit the pipes of the test world */
};

static const char page[1024] = "a page of one kilobyte";
static const struct fa_embedkv_file files[] = {{.key = "index.html",
    .at = (const uint8_t *)page,
    .len = sizeof page,
    .modified_s = 784111777,
    .version = 1}};
static struct fa_embedkv embed;
static struct fa_http_kv site = {.kv = &embed.kv};
static const struct fa_http_route route = {.path = "/", .fn = fa_http_kv_handler, .ctx = &site};

/* What a browser sends. */
static const char request[] =
    "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
    "Connection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\n\r\n";

static void begin_world(void)
{
    fa_embedkv_init(&embed, files, FA_COUNT_OF(files));
    world_init(&(struct fa_http_server_config){
        .routes = &route, .route_count = 1, .request_count_max = UINT32_MAX});
}

/* Send `count` requests in one go and read all their answers. */
static void ask(struct world_client *client, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t *at;
        size_t cap;
        struct fa_slice rest = {(const uint8_t *)request, sizeof request - 1};
        while (rest.len != 0) {
            FA_ASSERT(fa_flow_reserve(client->flow, &at, &cap) == FA_OK);
            size_t len = fa_min(cap, rest.len);
            fa_copy(at, rest.at, len);
            fa_flow_commit(client->flow, len);
            rest = fa_slice_from(rest, len);
        }
    }
    client->len = 0;
    world_settle(client);
    FA_ASSERT(client->len > count * sizeof page);
}

static void parse_heads(uint64_t count)
{
    static const struct fa_http_limits limits = {
        .header_bytes_max = 8192, .header_count_max = 64, .target_bytes_max = 4096};
    static struct fa_http_request parsed;
    for (uint64_t i = 0; i < count; i++) {
        struct fa_http_scan scan = {.state = 0};
        struct fa_slice bytes = {(const uint8_t *)request, sizeof request - 1};
        size_t len = 0;
        FA_ASSERT(fa_http_head_scan(&scan, bytes, &len));
        FA_ASSERT(fa_http_parse_request(bytes, &limits, &parsed) == FA_HTTP_FAULT_NONE);
    }
}

static void get_kept_alive(uint64_t count)
{
    begin_world();
    struct world_client *client = world_connect();
    for (uint64_t i = 0; i < count; i++) {
        ask(client, 1);
    }
    world_leave(client);
}

static void get_pipelined(uint64_t count)
{
    begin_world();
    struct world_client *client = world_connect();
    for (uint64_t i = 0; i < count; i += PIPELINE_COUNT) {
        ask(client, PIPELINE_COUNT);
    }
    world_leave(client);
}

static void get_connecting(uint64_t count)
{
    begin_world();
    for (uint64_t i = 0; i < count; i++) {
        world.client_count = 0;
        world.accepted_count = 0;
        struct world_client *client = world_connect();
        ask(client, 1);
        world_leave(client);
    }
}

static const struct row {
    const char *name;
    uint64_t count;
    void (*run)(uint64_t count);
} rows[] = {
    {"parse a browser's head", 100000, parse_heads},
    {"get 1 KiB, kept alive", 30000, get_kept_alive},
    {"get 1 KiB, pipelined", 30000, get_pipelined},
    {"get 1 KiB, connecting", 30000, get_connecting},
};

static void print_row(const struct row *row)
{
    fa_ns best_ns = FA_NS_NEVER;
    for (int round = 0; round < ROUNDS; round++) {
        fa_ns begun_ns = fa_clock_mono_ns();
        row->run(row->count);
        best_ns = fa_ns_min(best_ns, fa_clock_mono_ns() - begun_ns);
    }
    char line[256];
    struct fa_text out;
    fa_text_init(&out, line, sizeof line);
    fa_text_add(&out,
        "{\"area\":\"http\",\"name\":\"%s\",\"unit\":\"req/s\",\"ours\":%llu,\"peer_name\":null,"
        "\"peer\":null,\"bar\":null,\"better\":\"higher\",\"count\":%llu}\n",
        row->name, (unsigned long long)(row->count * FA_NS_S / best_ns),
        (unsigned long long)row->count / 10);
    fa_console_write(fa_text_slice(&out));
}

int fa_main(void)
{
    struct fa_slice wanted = fa_plat_arg(1);
    uint64_t count = 0;
    if (wanted.at != NULL && fa_parse_u64(fa_plat_arg(2), UINT64_MAX, &count) != FA_OK) {
        fa_console_write(FA_LIT("usage: http_bench [ROW COUNT]\n"));
        return 1;
    }
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        if (wanted.at == NULL) {
            print_row(&rows[i]);
        } else if (fa_slice_equal(wanted, fa_slice_of(rows[i].name))) {
            rows[i].run(count);
        }
    }
    return 0;
}
