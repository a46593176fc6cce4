// SPDX-License-Identifier: ISC
//
// src/http/http_body.c: a request's body, decoded and limited.

#include "src/http/http_priv.h"

/* The body is no good, and nothing behind it can be trusted to be a request. */
static fa_err fail_body(struct fa_http_exchange *x, enum fa_http_fault fault)
{
    fa__http_fault_count(x->server->config.counters, fault);
    x->fault = fault;
    x->body_over = true;
    x->closing = true;
    return fault == FA_HTTP_FAULT_BODY_LEN ? FA_ENOSPC
           : fault == FA_HTTP_FAULT_SLOW   ? FA_ETIMEOUT
                                           : FA_ECORRUPT;
}

/* The next bytes of the flow, with `may_wait`. */
static fa_err peek_flow(struct fa_http_exchange *x, bool may_wait, struct fa_slice *ret_bytes)
{
    fa_err err =
        may_wait ? fa__http_exchange_peek(x, ret_bytes) : fa_flow_peek(x->conn->flow, ret_bytes);
    if (err == FA_ECLOSED) {
        return fail_body(x, FA_HTTP_FAULT_BODY);
    }
    if (err == FA_ETIMEOUT && may_wait) {
        return fail_body(x, FA_HTTP_FAULT_SLOW);
    }
    x->broken |= err != FA_OK && err != FA_AGAIN;
    return err;
}

static fa_err peek_chunked(struct fa_http_exchange *x, bool may_wait, struct fa_slice *ret_bytes)
{
    for (;;) {
        struct fa_slice bytes;
        size_t skip;
        size_t len;
        FA_TRY(peek_flow(x, may_wait, &bytes));
        enum fa_http_chunk chunk = fa_http_chunked_next(&x->decoder, bytes, &skip, &len);
        if (chunk == FA_HTTP_CHUNK_DATA && skip == 0) {
            if (x->decoder.left > x->server->config.body_bytes_max - x->body_bytes) {
                return fail_body(x, FA_HTTP_FAULT_BODY_LEN);
            }
            *ret_bytes = (struct fa_slice){bytes.at, len};
            return FA_OK;
        }
        fa_flow_done(x->conn->flow, skip);
        if (chunk == FA_HTTP_CHUNK_END) {
            x->body_over = true;
            return FA_ECLOSED;
        }
        if (chunk == FA_HTTP_CHUNK_BAD) {
            return fail_body(x, FA_HTTP_FAULT_BODY);
        }
    }
}

static fa_err peek_body(struct fa_http_exchange *x, bool may_wait, struct fa_slice *ret_bytes)
{
    if (x->body_over) {
        return FA_ECLOSED;
    }
    if (x->request.chunked) {
        return peek_chunked(x, may_wait, ret_bytes);
    }
    struct fa_slice bytes;
    FA_TRY(peek_flow(x, may_wait, &bytes));
    bytes.len = (size_t)fa_ns_min(bytes.len, x->body_left);
    *ret_bytes = bytes;
    return FA_OK;
}

fa_err fa_http_peek(struct fa_http_exchange *x, struct fa_slice *ret_bytes)
{
    if (x->broken || x->fault != FA_HTTP_FAULT_NONE) {
        return FA_ERESET;
    }
    if (x->continue_due && x->phase <= FA__HTTP_PHASE_HEAD) {
        x->continue_due = false;
        FA_TRY(fa__http_exchange_write(x, FA_LIT("HTTP/1.1 100 Continue\r\n\r\n")));
    }
    return peek_body(x, true, ret_bytes);
}

void fa_http_done(struct fa_http_exchange *x, size_t len)
{
    FA_ASSERT(!x->body_over || len == 0);
    fa_flow_done(x->conn->flow, len);
    fa__http_conn_pace_earn(x->conn, len);
    x->body_bytes += len;
    if (x->request.chunked) {
        fa_http_chunked_done(&x->decoder, len);
    } else {
        FA_ASSERT(len <= x->body_left);
        x->body_left -= len;
        x->body_over = x->body_left == 0;
    }
}

fa_err fa_http_read_all(struct fa_http_exchange *x, uint8_t *at, size_t cap, size_t *ret_len)
{
    size_t len = 0;
    fa_err err;
    struct fa_slice bytes;
    while ((err = fa_http_peek(x, &bytes)) == FA_OK) {
        if (bytes.len > cap - len) {
            return fail_body(x, FA_HTTP_FAULT_BODY_LEN);
        }
        fa_copy(at + len, bytes.at, bytes.len);
        fa_http_done(x, bytes.len);
        len += bytes.len;
    }
    if (err != FA_ECLOSED) {
        return err;
    }
    *ret_len = len;
    return FA_OK;
}

void fa_http_keep_trailers(struct fa_http_exchange *x, uint8_t *at, size_t cap)
{
    x->decoder.trailer_at = at;
    x->decoder.trailer_cap = cap;
    x->trailers = at;
}

struct fa_slice fa_http_trailers(const struct fa_http_exchange *x)
{
    bool good = x->body_over && x->fault == FA_HTTP_FAULT_NONE;
    return (struct fa_slice){x->trailers, good ? x->decoder.trailer_len : 0};
}

bool fa__http_body_drain(struct fa_http_exchange *x)
{
    struct fa_slice bytes;
    fa_err err = FA_AGAIN;
    if (x->broken || (x->continue_due && !x->body_over)) {
        return false;
    }
    while ((err = peek_body(x, false, &bytes)) == FA_OK) {
        fa_http_done(x, bytes.len);
    }
    return err == FA_ECLOSED && x->fault == FA_HTTP_FAULT_NONE;
}
