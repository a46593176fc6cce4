// SPDX-License-Identifier: ISC
//
// src/http/http_exchange.c: one request from its head to its handler, and waiting for its client.

#include "fa/log.h"
#include "fa/plat.h"
#include "fa/trace.h"
#include "src/http/http_priv.h"

enum fa_http_fault fa__http_exchange_init(
    struct fa_http_exchange *x, struct fa_http_conn *conn, fa_ns now)
{
    const struct fa_http_server_config *config = &conn->server->config;
    struct fa_http_request *request = &x->request;
    enum fa_http_fault fault = fa_http_parse_request(conn->head, &config->limits, request);
    if (fault != FA_HTTP_FAULT_NONE) {
        return fault;
    }
    bool has_body = request->chunked || request->content_len != 0;
    if (request->content_len > config->body_bytes_max) {
        return FA_HTTP_FAULT_BODY_LEN;
    }
    if (has_body && conn->head_buf == NULL) {
        /* The body lies behind the head in the flow, so the head has to make way, and is parsed
         * again because everything in `request` points into it. */
        if (!fa__http_conn_keep_head(conn, now)) {
            return FA_HTTP_FAULT_BUSY;
        }
        fault = fa_http_parse_request(conn->head, &config->limits, request);
        FA_ASSERT(fault == FA_HTTP_FAULT_NONE);
    }
    /* All between the request and the head's text. */
    size_t off = offsetof(struct fa_http_exchange, conn);
    fa_zero((uint8_t *)x + off, offsetof(struct fa_http_exchange, head_memory) - off);
    x->tail = request->path;
    x->conn = conn;
    x->begun_ns = now;
    x->continue_due = request->expect_continue;
    x->body_over = !has_body;
    x->body_left = request->content_len;
    conn->request_count++;
    x->closing = !request->keep_alive || conn->request_count >= config->request_count_max;
    conn->allowance_ns = config->patience_ns;
    return FA_HTTP_FAULT_NONE;
}

fa_err fa__http_exchange_peek(struct fa_http_exchange *x, struct fa_slice *ret_bytes)
{
    struct fa_http_conn *conn = x->conn;
    fa_err err = fa_flow_peek(conn->flow, ret_bytes);
    if (err == FA_AGAIN) {
        conn->waiting_since_ns = x->server->config.loop->now;
        err = fa_flow_peek_wait(
            conn->flow, fa_ns_after(conn->waiting_since_ns, conn->allowance_ns), ret_bytes);
        fa__http_conn_pace_spend(conn, x->server->config.loop->now);
    }
    return err;
}

fa_err fa__http_exchange_reserve(struct fa_http_exchange *x, uint8_t **ret_at, size_t *ret_cap)
{
    struct fa_http_conn *conn = x->conn;
    fa_err err = fa_flow_reserve(conn->flow, ret_at, ret_cap);
    if (err == FA_AGAIN) {
        conn->waiting_since_ns = x->server->config.loop->now;
        err = fa_flow_reserve_wait(
            conn->flow, fa_ns_after(conn->waiting_since_ns, conn->allowance_ns), ret_at, ret_cap);
        fa__http_conn_pace_spend(conn, x->server->config.loop->now);
    }
    if (err == FA_ETIMEOUT) {
        FA_COUNT(x->server->config.counters, http_slow_reader);
    }
    x->broken |= err != FA_OK;
    return err;
}

fa_err fa__http_exchange_write(struct fa_http_exchange *x, struct fa_slice bytes)
{
    while (bytes.len != 0) {
        uint8_t *at;
        size_t cap;
        FA_TRY(fa__http_exchange_reserve(x, &at, &cap));
        size_t len = fa_min(cap, bytes.len);
        fa_copy(at, bytes.at, len);
        fa_flow_commit(x->conn->flow, len);
        fa__http_conn_pace_earn(x->conn, len);
        bytes = fa_slice_from(bytes, len);
    }
    return FA_OK;
}

void fa__http_exchange_run(struct fa_http_exchange *x)
{
    struct fa_counters *counters = x->server->config.counters;
    fa__http_route(x);
    fa__http_answer_finish(x);
    FA_COUNT(counters, http_requests);
    if (x->status >= 500) {
        FA_COUNT(counters, http_errors);
    }
    FA_COUNT_ADD(counters, http_sent_bytes, x->sent_bytes);
    FA_TRACE(http_request, fa_clock_mono_ns(), x->conn->id, x->begun_ns, x->status, x->body_bytes,
        x->sent_bytes);
    FA_LOG(http, FA_LOG_DEBUG, "%.*s %.*s %u %llu%s", (int)fa_min(x->request.method_text.len, 16),
        (const char *)x->request.method_text.at, (int)fa_min(x->request.target.len, 256),
        (const char *)x->request.target.at, x->status, (unsigned long long)x->sent_bytes,
        x->broken ? " (broken off)" : "");
}
