// SPDX-License-Identifier: ISC
//
// src/http/http_answer.c: what a handler answers, framed (RFC 9112 6).

#include "src/http/http_priv.h"

enum {
    FRAMING_MAX = 96,    /* bytes kept for our own fields: length or coding, connection */
    CHUNK_HEAD_LEN = 6,  /* bytes: four digits, CR LF */
    CHUNK_FRAME_LEN = 8, /* bytes: the same and CR LF behind the data */
    CHUNK_LEN_MAX = 0xffff,
};

void fa_http_respond(struct fa_http_exchange *x, uint16_t status)
{
    FA_ASSERT(x->phase <= FA__HTTP_PHASE_HEAD);
    FA_ASSERT(status >= 200 && status <= 599);
    x->phase = FA__HTTP_PHASE_HEAD;
    x->status = status;
    x->initials = 0;
    fa_text_init(&x->head, x->head_memory, sizeof x->head_memory - FRAMING_MAX);
    fa__http_head_begin(x->server, &x->head, status);
}

/* Add a field line to `head`. Returns: whether it is whole and its value is one. */
[[gnu::format(printf, 3, 0)]] static bool add_field(
    struct fa_http_exchange *x, const char *name, const char *format, va_list args)
{
    FA_ASSERT(fa__http_all(fa_slice_of(name), FA__HTTP_TOKEN));
    fa_text_add(&x->head, "%s: ", name);
    size_t start = x->head.len;
    size_t room = x->head.cap - start;
    size_t len = fa_fmt_va(x->head.at + start, room, format, args);
    struct fa_slice value = {(const uint8_t *)x->head.at + start, len};
    if (x->head.cut || len >= room || !fa__http_all(value, FA__HTTP_FIELD)) {
        x->head.len = start;
        return false;
    }
    x->head.len += len;
    fa_text_add_slice(&x->head, FA_LIT("\r\n"));
    return !x->head.cut;
}

void fa_http_header(struct fa_http_exchange *x, const char *name, const char *format, ...)
{
    if (x->phase == FA__HTTP_PHASE_NEW) {
        fa_http_respond(x, 200);
    }
    FA_ASSERT(x->phase == FA__HTTP_PHASE_HEAD);
    x->initials |= 1u << (name[0] & 31);
    va_list args;
    va_start(args, format);
    x->spoiled |= !add_field(x, name, format, args);
    va_end(args);
}

void fa_http_redirect(struct fa_http_exchange *x, uint16_t status, const char *location, ...)
{
    FA_ASSERT(status >= 301 && status <= 308);
    fa_http_respond(x, status);
    x->initials |= 1u << ('L' & 31);
    va_list args;
    va_start(args, location);
    x->spoiled |= !add_field(x, "Location", location, args);
    va_end(args);
}

void fa_http_trailer(struct fa_http_exchange *x, const char *name, const char *format, ...)
{
    if (x->phase != FA__HTTP_PHASE_BODY || !x->chunked) {
        return;
    }
    if (!x->has_trailer) {
        x->has_trailer = true;
        fa_text_init(&x->head, x->head_memory, sizeof x->head_memory);
    }
    size_t start = x->head.len;
    va_list args;
    va_start(args, format);
    if (!add_field(x, name, format, args)) {
        x->head.len = start;
        x->head.cut = false;
    }
    va_end(args);
}

/* Whether the handler named the field that `line` begins with. */
static bool has_field(const struct fa_http_exchange *x, struct fa_slice line)
{
    struct fa_slice name = {line.at, fa__http_find(line, ':')};
    struct fa_slice rest = fa_text_slice(&x->head);
    while (rest.len > name.len) {
        if (rest.at[name.len] == ':' &&
            fa_http_name_equal((struct fa_slice){rest.at, name.len}, name)) {
            return true;
        }
        rest = fa_slice_from(rest, fa__http_find(rest, '\n') + 1);
    }
    return false;
}

/* The fields that every answer has unless its handler thought otherwise. They may take all that is
 * left of the room, but for the framing's. */
static void add_defaults(struct fa_http_exchange *x)
{
    const struct fa_http_server_config *config = &x->server->config;
    struct fa_slice rest = fa_slice_of(config->default_fields);
    if (x->conn->secure && !config->hsts_off &&
        !has_field(x, FA_LIT("Strict-Transport-Security:"))) {
        fa_text_add(&x->head, "Strict-Transport-Security: max-age=%u\r\n", config->hsts_max_age_s);
    }
    while (rest.len != 0) {
        struct fa_slice line = {rest.at, fa_min(fa__http_find(rest, '\n') + 1, rest.len)};
        bool maybe = (x->initials >> (line.at[0] & 31) & 1) != 0;
        if (!maybe || !has_field(x, line)) {
            fa_text_add_slice(&x->head, line);
        }
        rest = fa_slice_from(rest, line.len);
    }
    x->spoiled |= x->head.cut;
}

/* Our own fields, and the empty line. */
static void add_framing(struct fa_http_exchange *x, uint64_t len)
{
    const struct fa_http_request *request = &x->request;
    bool has_length = len != FA_HTTP_LEN_UNKNOWN;
    x->bodyless = request->method == FA_HTTP_HEAD || x->status == 204 || x->status == 304;
    x->send_left = len;
    x->head.cap = sizeof x->head_memory;
    if (x->status == 204 || x->status == 304) {
        /* Their length is known to everyone. */
    } else if (has_length) {
        fa_text_add(&x->head, "Content-Length: %llu\r\n", (unsigned long long)len);
    } else if (request->version_minor != 0) {
        x->chunked = true;
        fa_text_add_slice(&x->head, FA_LIT("Transfer-Encoding: chunked\r\n"));
    } else {
        x->closing = true; /* the end of the connection is the end of the body */
    }
    if (x->closing) {
        fa_text_add_slice(&x->head, FA_LIT("Connection: close\r\n"));
    } else if (request->version_minor == 0) {
        fa_text_add_slice(&x->head, FA_LIT("Connection: keep-alive\r\n"));
    }
    fa_text_add_slice(&x->head, FA_LIT("\r\n"));
    FA_ASSERT(!x->head.cut);
}

/* Send the head, whose fields are complete but for ours. */
static fa_err send_head(struct fa_http_exchange *x, uint64_t len)
{
    FA_ASSERT(x->phase == FA__HTTP_PHASE_HEAD);
    FA_ASSERT(!x->spoiled);
    /* A client that was not told to continue may or may not send its body: after this answer
     * nobody knows where the next request would begin. */
    x->closing |= x->continue_due || x->server->stopping || x->fault != FA_HTTP_FAULT_NONE;
    add_framing(x, len);
    x->phase = x->bodyless ? FA__HTTP_PHASE_OVER : FA__HTTP_PHASE_BODY;
    FA_TRY(fa__http_exchange_write(x, fa_text_slice(&x->head)));
    return x->bodyless ? FA_ECLOSED : FA_OK;
}

/* The page of an error as a whole answer; a 500 if the handler's fields are no good, or leave no
 * room for ours. Returns: FA_ECLOSED when it is sent. */
static fa_err send_page(struct fa_http_exchange *x)
{
    static const char type[] = "text/html; charset=utf-8";
    fa_http_header(x, "Content-Type", type);
    add_defaults(x);
    if (x->spoiled) {
        FA_COUNT(x->server->config.counters, http_spoiled);
        x->spoiled = false;
        fa_http_respond(x, 500);
        fa_http_header(x, "Content-Type", type);
        add_defaults(x);
    }
    char page[FA__HTTP_PAGE_MAX];
    size_t len = fa__http_page_write(x->status, page);
    x->closing |= !fa__http_body_drain(x);
    FA_TRY(send_head(x, len));
    FA_TRY(fa_http_write(x, (struct fa_slice){(const uint8_t *)page, len}));
    return FA_ECLOSED;
}

fa_err fa_http_begin(struct fa_http_exchange *x, uint64_t len)
{
    if (x->phase == FA__HTTP_PHASE_NEW) {
        fa_http_respond(x, 200);
    }
    if (!x->spoiled) {
        add_defaults(x);
    }
    return x->spoiled ? send_page(x) : send_head(x, len);
}

/* Put the frame around `len` bytes of data at `at` + CHUNK_HEAD_LEN. */
static void frame_chunk(uint8_t *at, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    FA_ASSERT(len <= CHUNK_LEN_MAX);
    for (size_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)digits[len >> (12 - 4 * i) & 15];
    }
    at[4] = '\r';
    at[5] = '\n';
    at[CHUNK_HEAD_LEN + len] = '\r';
    at[CHUNK_HEAD_LEN + len + 1] = '\n';
}

/* Send the small chunk that waits in `scratch`. */
static fa_err flush_scratch(struct fa_http_exchange *x)
{
    size_t len = x->scratch_len;
    x->scratch_len = 0;
    return fa__http_exchange_write(x, (struct fa_slice){x->scratch, len});
}

fa_err fa_http_reserve(struct fa_http_exchange *x, uint8_t **ret_at, size_t *ret_cap)
{
    FA_ASSERT(x->phase >= FA__HTTP_PHASE_BODY);
    if (x->phase == FA__HTTP_PHASE_OVER || x->send_left == 0) {
        return FA_ECLOSED;
    }
    if (x->broken) {
        return FA_ERESET;
    }
    FA_TRY(flush_scratch(x));
    uint8_t *at;
    size_t cap;
    FA_TRY(fa__http_exchange_reserve(x, &at, &cap));
    if (x->chunked) {
        if (cap <= CHUNK_FRAME_LEN) {
            /* At the end of the flow's memory there may be no room for a frame in one piece. */
            fa_flow_commit(x->conn->flow, 0);
            at = x->scratch;
            cap = sizeof x->scratch;
        }
        cap = fa_min(cap - CHUNK_FRAME_LEN, CHUNK_LEN_MAX);
    } else if (x->send_left != FA_HTTP_LEN_UNKNOWN) {
        cap = (size_t)fa_ns_min(cap, x->send_left);
    }
    x->room = at;
    x->room_len = cap;
    *ret_at = x->chunked ? at + CHUNK_HEAD_LEN : at;
    *ret_cap = cap;
    return FA_OK;
}

void fa_http_commit(struct fa_http_exchange *x, size_t len)
{
    FA_ASSERT(x->room != NULL);
    FA_ASSERT(len <= x->room_len);
    size_t framed = x->chunked && len != 0 ? len + CHUNK_FRAME_LEN : len;
    if (x->chunked && len != 0) {
        frame_chunk(x->room, len);
    }
    if (x->room == x->scratch) {
        x->scratch_len = framed;
    } else {
        fa_flow_commit(x->conn->flow, framed);
        fa__http_conn_pace_earn(x->conn, framed);
    }
    x->room = NULL;
    x->sent_bytes += len;
    if (x->send_left != FA_HTTP_LEN_UNKNOWN) {
        x->send_left -= len;
    }
}

fa_err fa_http_write(struct fa_http_exchange *x, struct fa_slice bytes)
{
    while (bytes.len != 0) {
        uint8_t *at;
        size_t cap;
        FA_TRY(fa_http_reserve(x, &at, &cap));
        size_t len = fa_min(cap, bytes.len);
        fa_copy(at, bytes.at, len);
        fa_http_commit(x, len);
        bytes = fa_slice_from(bytes, len);
    }
    return FA_OK;
}

/* Send the head of an answer whose body follows at once, whatever the request had for a body. */
static fa_err begin_whole(struct fa_http_exchange *x, size_t len)
{
    x->closing |= !fa__http_body_drain(x);
    return fa_http_begin(x, len);
}

fa_err fa_http_send(struct fa_http_exchange *x, struct fa_slice body)
{
    fa_err err = begin_whole(x, body.len);
    if (err != FA_OK) {
        return err == FA_ECLOSED ? FA_OK : err;
    }
    return fa_http_write(x, body);
}

fa_err fa_http_send_lasting(struct fa_http_exchange *x, struct fa_slice body)
{
    fa_err err = begin_whole(x, body.len);
    if (err != FA_OK) {
        return err == FA_ECLOSED ? FA_OK : err;
    }
    x->unsent = body;
    x->sent_bytes = body.len;
    x->send_left = 0;
    return FA_OK;
}

static void end_chunked(struct fa_http_exchange *x)
{
    fa_err err = flush_scratch(x);
    if (err == FA_OK) {
        err = fa__http_exchange_write(x, FA_LIT("0\r\n"));
    }
    if (err == FA_OK && x->has_trailer) {
        err = fa__http_exchange_write(x, fa_text_slice(&x->head));
    }
    if (err == FA_OK) {
        err = fa__http_exchange_write(x, FA_LIT("\r\n"));
    }
    x->broken |= err != FA_OK;
}

void fa__http_answer_finish(struct fa_http_exchange *x)
{
    FA_ASSERT(x->room == NULL);
    if (x->broken) {
        return;
    }
    if (x->phase == FA__HTTP_PHASE_NEW) {
        fa_http_respond(x, x->fault != FA_HTTP_FAULT_NONE ? fa_http_fault_status(x->fault) : 500);
    }
    if (x->phase == FA__HTTP_PHASE_HEAD) {
        bool has_page = x->spoiled || x->status >= 400;
        /* An error is told by `broken`. */
        (void)(has_page ? send_page(x) : fa_http_send(x, FA_LIT("")));
    } else if (x->phase == FA__HTTP_PHASE_BODY) {
        if (x->chunked) {
            end_chunked(x);
        } else if (x->send_left != 0 && x->send_left != FA_HTTP_LEN_UNKNOWN) {
            FA_COUNT(x->server->config.counters, http_cut_short);
            x->broken = true;
        }
    }
    x->closing |= !fa__http_body_drain(x);
}
