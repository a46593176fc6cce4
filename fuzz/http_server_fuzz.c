// SPDX-License-Identifier: ISC
//
// fuzz/http_server_fuzz.c: a client that sends anything in any pieces, to a whole server.
//
// The first byte seeds the cutting, the second says whether the client then ends its side. What
// comes back must be whole answers, one after another, to the last byte; and after a while of
// silence nothing of the client may be left in the server.

#include "fa/embedkv.h"
#include "fa/http_kv.h"
#include "fa/rand.h"
#include "test/unit/http_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
    HEAD_MAX = 4096, /* answers to HEAD in one run */
};

static const struct fa_embedkv_file files[] = {
    {.key = "a/index.html", .at = (const uint8_t *)"page", .len = 4, .version = 1},
    {.key = "index.html", .at = (const uint8_t *)"index", .len = 5, .modified_s = 784111777},
};
static struct fa_embedkv embed;
static struct fa_http_kv site = {.kv = &embed.kv};

/* Where in the output the answers to HEAD begin: they look as if a body followed. */
static size_t heads[HEAD_MAX];
static size_t head_count;

static void note_method(const struct fa_http_exchange *x)
{
    const struct world_client *client = &world.clients[0];
    if (x->request.method == FA_HTTP_HEAD && head_count < HEAD_MAX) {
        heads[head_count++] = client->len + fa_ring_len(&client->pipe.ends[1].received);
    }
}

static void serve_site(struct fa_http_exchange *x, void *ctx)
{
    note_method(x);
    fa_http_kv_handler(x, ctx);
}

static void echo(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    struct fa_slice bytes;
    note_method(x);
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

static void swallow(struct fa_http_exchange *x, void *ctx)
{
    (void)ctx;
    uint8_t body[64];
    size_t len;
    if (fa_http_read_all(x, body, sizeof body, &len) == FA_OK) {
        (void)fa_http_send(x, (struct fa_slice){body, len});
    }
}

static const struct fa_http_route routes[] = {
    {.path = "/e", .methods = FA_HTTP_ALLOW(GET) | FA_HTTP_ALLOW(POST), .fn = echo},
    {.path = "/s", .methods = FA_HTTP_ALLOW(POST) | FA_HTTP_ALLOW(PUT), .fn = swallow},
    {.path = "/", .fn = serve_site, .ctx = &site},
};

static size_t find_text(struct fa_slice bytes, const char *text)
{
    struct fa_slice wanted = fa_slice_of(text);
    for (size_t i = 0; i + wanted.len <= bytes.len; i++) {
        if (fa_equal(bytes.at + i, wanted.at, wanted.len)) {
            return i;
        }
    }
    return bytes.len;
}

/* A value inside an answer's head; 0 without it. */
static size_t find_length(struct fa_slice head)
{
    const char *name = "\r\nContent-Length: ";
    size_t at = find_text(head, name);
    size_t value = 0;
    for (at += fa_slice_of(name).len; at < head.len && head.at[at] != '\r'; at++) {
        FA_ASSERT(head.at[at] >= '0' && head.at[at] <= '9');
        value = value * 10 + head.at[at] - '0';
    }
    return value;
}

/* Step over a chunked body. Returns: its bytes; all there are if it is not complete. */
static size_t skip_chunked(struct fa_slice bytes, bool *ret_whole)
{
    struct fa_http_chunked chunked = {.left = 0};
    size_t used = 0;
    *ret_whole = false;
    while (used < bytes.len) {
        size_t skip;
        size_t len;
        enum fa_http_chunk chunk =
            fa_http_chunked_next(&chunked, fa_slice_from(bytes, used), &skip, &len);
        FA_ASSERT(chunk != FA_HTTP_CHUNK_BAD);
        fa_http_chunked_done(&chunked, len);
        used += skip + len;
        if (chunk == FA_HTTP_CHUNK_END) {
            *ret_whole = true;
            break;
        }
    }
    return used;
}

/* An answer is cut only by a reset, or if it is the last, a refusal that found the pipe full. */
static void check_answers(struct fa_slice bytes, bool reset)
{
    bool may_be_cut = reset || bytes.len >= WORLD_PIPE_BYTES;
    size_t head_idx = 0;
    size_t off = 0;
    bool last = false;
    while (off < bytes.len) {
        struct fa_slice rest = fa_slice_from(bytes, off);
        FA_ASSERT(!last);
        FA_ASSERT(fa_equal(rest.at, "HTTP/1.1 ", fa_min(rest.len, 9)));
        size_t end = find_text(rest, "\r\n\r\n");
        if (end == rest.len) {
            FA_ASSERT(may_be_cut);
            return;
        }
        struct fa_slice head = {rest.at, end + 2};
        bool is_head = head_idx < head_count && heads[head_idx] == off;
        head_idx += is_head ? 1 : 0;
        off += end + 4;
        rest = fa_slice_from(bytes, off);
        last = find_text(head, "\r\nConnection: close\r\n") != head.len;
        bool chunked = find_text(head, "\r\nTransfer-Encoding: chunked\r\n") != head.len;
        bool sized = find_text(head, "\r\nContent-Length: ") != head.len;
        FA_ASSERT(!(chunked && sized));
        if (is_head || head.at[9] == '1' || fa_equal(head.at + 9, "204", 3) ||
            fa_equal(head.at + 9, "304", 3)) {
            continue;
        }
        bool whole = true;
        size_t len = rest.len;
        if (chunked) {
            len = skip_chunked(rest, &whole);
        } else if (sized) {
            len = find_length(head);
            whole = len <= rest.len;
        } else {
            FA_ASSERT(last);
        }
        FA_ASSERT(whole || may_be_cut);
        off += fa_min(len, rest.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2) {
        return 0;
    }
    struct fa_rand rand;
    fa_rand_init_seed(&rand, data[0]);
    fa_embedkv_init(&embed, files, FA_COUNT_OF(files));
    head_count = 0;
    world_init(&(struct fa_http_server_config){
        .routes = routes, .route_count = FA_COUNT_OF(routes), .body_bytes_max = 1000});
    struct world_client *client = world_connect();
    struct fa_slice rest = {data + 2, len - 2};
    while (rest.len != 0 && !client->closed) {
        size_t part = data[0] == 0 ? rest.len : 1 + (size_t)fa_rand_below(&rand, data[0]);
        part = fa_min(part, rest.len);
        world_send(client, (struct fa_slice){rest.at, part});
        rest = fa_slice_from(rest, part);
        if (fa_rand_chance(&rand, 10000)) {
            world_pass(fa_rand_below(&rand, 3 * FA_NS_S));
        }
    }
    if ((data[1] & 1) != 0) {
        fa_err err = fa_flow_shutdown(client->flow);
        (void)err; /* the server may have broken off */
    }
    do {
        world_pass(70 * FA_NS_S);
    } while (world_read(client));
    check_answers((struct fa_slice){client->output, client->len}, client->reset);
    world_leave(client);
    FA_ASSERT(fa_http_server_conn_count(&world.server) == 0);
    FA_ASSERT(world.loop.fibers.live_count == 0);
    return 0;
}
