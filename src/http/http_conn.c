// SPDX-License-Identifier: ISC
//
// src/http/http_conn.c: a connection between its requests: gather a head, send what is left, end.
// Everything here runs without waiting.

#include "src/http/http_priv.h"

enum {
    /* A head that comes in pieces may take a second before it has to give its buffer to others. */
    HEAD_GRACE_NS = 1000 * 1000 * 1000,
    REFUSAL_MAX = 256 + FA__HTTP_PAGE_MAX, /* bytes of an error's answer */
};

void fa__http_conn_enter(struct fa_http_conn *conn, enum fa_http_conn_state state, fa_ns deadline)
{
    struct fa_http_server *server = conn->server;
    fa_list_unlink(&conn->node);
    if (state == FA_HTTP_CONN_FREE) {
        fa_list_push_front(&server->conns[state], &conn->node); /* its memory is warm */
    } else {
        fa_list_push_back(&server->conns[state], &conn->node);
    }
    conn->state = (uint8_t)state;
    if (state == FA_HTTP_CONN_FREE || state == FA_HTTP_CONN_IDLE || state == FA_HTTP_CONN_LINGER) {
        server->paused = false; /* a newcomer may have its place */
    }
    fa_deadline_set(&server->deadlines, &conn->deadline, deadline);
}

/* The flow calls this in the middle of its work, so it only leaves a note. */
static void note_event(struct fa_watch *watch, unsigned events)
{
    struct fa_http_conn *conn = FA_CONTAINER(watch, struct fa_http_conn, watch);
    (void)events; /* what a connection does next depends on its state alone */
    if (!fa_list_linked(&conn->woken_node)) {
        fa_list_push_back(&conn->server->woken, &conn->woken_node);
    }
}

static void free_conn(struct fa_http_conn *conn)
{
    fa_list_unlink(&conn->woken_node);
    conn->flow = NULL;
    fa__http_conn_enter(conn, FA_HTTP_CONN_FREE, FA_NS_NEVER);
}

static void give_buffer(struct fa_http_conn *conn)
{
    struct fa_http_server *server = conn->server;
    if (conn->head_buf != NULL) {
        fa_copy(conn->head_buf, &server->free_heads, sizeof server->free_heads);
        server->free_heads = conn->head_buf;
        conn->head_buf = NULL;
    }
    conn->head_len = 0;
}

/* Get a buffer for a head; if need be the one of the slowest, which had its chance. */
static bool take_buffer(struct fa_http_conn *conn, fa_ns now)
{
    struct fa_http_server *server = conn->server;
    const struct fa_http_server_config *config = &server->config;
    size_t size = config->limits.header_bytes_max;
    FA_ASSERT(conn->head_buf == NULL);

    if (server->free_heads == NULL && config->head_memory_len - server->head_carved < size) {
        struct fa_list *oldest = fa_list_first(&server->conns[FA_HTTP_CONN_HEAD]);
        if (oldest == NULL) {
            return false;
        }
        struct fa_http_conn *slow = FA_CONTAINER(oldest, struct fa_http_conn, node);
        fa_ns begun_ns = slow->deadline.at_ns - config->head_timeout_ns;
        if (slow == conn || now < fa_ns_after(begun_ns, HEAD_GRACE_NS)) {
            return false;
        }
        FA_COUNT(config->counters, http_head_evicted);
        fa__http_conn_refuse(slow, FA_HTTP_FAULT_SLOW, now);
    }
    if (server->free_heads != NULL) {
        conn->head_buf = server->free_heads;
        fa_copy(&server->free_heads, conn->head_buf, sizeof server->free_heads);
    } else {
        conn->head_buf = config->head_memory + server->head_carved;
        server->head_carved += size;
    }
    return true;
}

bool fa__http_conn_keep_head(struct fa_http_conn *conn, fa_ns now)
{
    if (conn->head_buf != NULL) {
        return true;
    }
    if (!take_buffer(conn, now)) {
        return false;
    }
    fa_copy(conn->head_buf, conn->head.at, conn->head.len);
    fa_flow_done(conn->flow, conn->head.len);
    conn->head.at = conn->head_buf;
    return true;
}

void fa__http_conn_drop_head(struct fa_http_conn *conn)
{
    if (conn->head_buf == NULL) {
        fa_flow_done(conn->flow, conn->head.len);
    }
    give_buffer(conn);
    conn->head = (struct fa_slice){NULL, 0};
    conn->scan = (struct fa_http_scan){.state = 0};
}

static void await_head(struct fa_http_conn *conn, fa_ns now)
{
    const struct fa_http_server_config *config = &conn->server->config;
    if (conn->head_len != 0) {
        /* The time for a head runs from its first byte, however often more of it comes. */
        if (conn->state != FA_HTTP_CONN_HEAD) {
            fa__http_conn_enter(conn, FA_HTTP_CONN_HEAD, fa_ns_after(now, config->head_timeout_ns));
        }
    } else if (conn->server->stopping) {
        fa__http_conn_close(conn);
    } else if (conn->state != FA_HTTP_CONN_IDLE) {
        fa__http_conn_enter(conn, FA_HTTP_CONN_IDLE, fa_ns_after(now, config->idle_timeout_ns));
    }
}

bool fa__http_conn_take_head(struct fa_http_conn *conn, fa_ns now)
{
    const struct fa_http_server_config *config = &conn->server->config;
    for (;;) {
        struct fa_slice bytes;
        fa_err err = fa_flow_peek(conn->flow, &bytes);
        if (err == FA_AGAIN) {
            await_head(conn, now);
            return false;
        }
        if (err != FA_OK) {
            if (conn->head_len != 0) {
                FA_COUNT(config->counters, http_head_cut_short);
            }
            fa__http_conn_close(conn);
            return false;
        }
        size_t room = config->limits.header_bytes_max - conn->head_len;
        bytes.len = fa_min(bytes.len, room);
        size_t len = bytes.len;
        bool whole = fa_http_head_scan(&conn->scan, bytes, &len);
        if (whole && conn->head_buf == NULL) {
            conn->head = (struct fa_slice){bytes.at, len};
            return true;
        }
        if (!whole && len == room) {
            fa__http_conn_refuse(conn,
                conn->scan.line_seen ? FA_HTTP_FAULT_HEADER_LEN : FA_HTTP_FAULT_TARGET_LEN, now);
            return false;
        }
        if (conn->head_buf == NULL && !take_buffer(conn, now)) {
            fa__http_conn_refuse(conn, FA_HTTP_FAULT_BUSY, now);
            return false;
        }
        fa_copy(conn->head_buf + conn->head_len, bytes.at, len);
        fa_flow_done(conn->flow, len);
        conn->head_len += (uint32_t)len;
        if (whole) {
            conn->head = (struct fa_slice){conn->head_buf, conn->head_len};
            return true;
        }
    }
}

/* A complete head, if there is one, waits for an exchange and a fiber. */
static void look_for_request(struct fa_http_conn *conn, fa_ns now)
{
    if (fa__http_conn_take_head(conn, now)) {
        fa__http_conn_enter(
            conn, FA_HTTP_CONN_READY, fa_ns_after(now, conn->server->config.queue_timeout_ns));
    }
}

void fa__http_conn_begin(struct fa_http_conn *conn, struct fa_flow *flow, fa_ns now)
{
    struct fa_http_server *server = conn->server;
    FA_ASSERT(conn->state == FA_HTTP_CONN_FREE);
    FA_ASSERT(conn->head_buf == NULL);
    conn->watch.fn = note_event;
    conn->flow = flow;
    conn->head = (struct fa_slice){NULL, 0};
    conn->scan = (struct fa_http_scan){.state = 0};
    conn->unsent = (struct fa_slice){NULL, 0};
    conn->closing = false;
    conn->request_count = 0;
    conn->drained_bytes = 0;
    server->last_id += server->last_id == UINT32_MAX ? 2 : 1; /* 0 is nobody */
    conn->id = server->last_id;
    flow->watch = &conn->watch;
    FA_COUNT(server->config.counters, http_accepted);
    look_for_request(conn, now);
}

void fa__http_conn_pace_spend(struct fa_http_conn *conn, fa_ns now)
{
    FA_ASSERT(now >= conn->waiting_since_ns);
    conn->allowance_ns -= fa_ns_min(conn->allowance_ns, now - conn->waiting_since_ns);
    conn->waiting_since_ns = now;
}

/* Progress never earns more than the full patience: what fits the flow's buffers at once says
 * nothing about the client. */
void fa__http_conn_pace_earn(struct fa_http_conn *conn, size_t len)
{
    const struct fa_http_server_config *config = &conn->server->config;
    fa_ns earned = len * (FA_NS_S / config->progress_bytes_per_s_min);
    conn->allowance_ns = fa_ns_min(fa_ns_after(conn->allowance_ns, earned), config->patience_ns);
}

/* Closing with bytes unread would reset the connection, and the reset could overtake our answer
 * (RFC 9112 9.6). So they are thrown away, to a limit, until the client ends too. */
static void drain_input(struct fa_http_conn *conn)
{
    for (;;) {
        struct fa_slice bytes;
        fa_err err = fa_flow_peek(conn->flow, &bytes);
        if (err == FA_AGAIN) {
            return;
        }
        if (err != FA_OK) {
            fa__http_conn_close(conn);
            return;
        }
        conn->drained_bytes += bytes.len;
        if (conn->drained_bytes > conn->server->config.linger_bytes_max) {
            fa__http_conn_abort(conn);
            return;
        }
        fa_flow_done(conn->flow, bytes.len);
    }
}

static void linger(struct fa_http_conn *conn, fa_ns now)
{
    if (fa_flow_shutdown(conn->flow) != FA_OK) {
        fa__http_conn_abort(conn);
        return;
    }
    conn->drained_bytes = 0;
    fa__http_conn_enter(
        conn, FA_HTTP_CONN_LINGER, fa_ns_after(now, conn->server->config.linger_timeout_ns));
    drain_input(conn);
}

bool fa__http_conn_next(struct fa_http_conn *conn, fa_ns now)
{
    if (conn->closing) {
        linger(conn, now);
        return false;
    }
    return fa__http_conn_take_head(conn, now);
}

static void send_unsent(struct fa_http_conn *conn, fa_ns now)
{
    fa_err err = FA_OK;
    fa__http_conn_pace_spend(conn, now);
    while (conn->unsent.len != 0) {
        uint8_t *at;
        size_t cap;
        err = fa_flow_reserve(conn->flow, &at, &cap);
        if (err != FA_OK) {
            break;
        }
        size_t len = fa_min(cap, conn->unsent.len);
        fa_copy(at, conn->unsent.at, len);
        fa_flow_commit(conn->flow, len);
        fa__http_conn_pace_earn(conn, len);
        conn->unsent = fa_slice_from(conn->unsent, len);
    }
    if (err == FA_AGAIN) {
        fa_deadline_set(
            &conn->server->deadlines, &conn->deadline, fa_ns_after(now, conn->allowance_ns));
    } else if (err != FA_OK) {
        fa__http_conn_abort(conn);
    } else if (fa__http_conn_next(conn, now)) {
        fa__http_conn_enter(
            conn, FA_HTTP_CONN_READY, fa_ns_after(now, conn->server->config.queue_timeout_ns));
    }
}

void fa__http_conn_send(struct fa_http_conn *conn, struct fa_slice unsent, fa_ns now)
{
    FA_ASSERT(unsent.len != 0);
    conn->unsent = unsent;
    conn->waiting_since_ns = now;
    fa__http_conn_enter(conn, FA_HTTP_CONN_SENDING, FA_NS_NEVER);
    send_unsent(conn, now);
}

void fa__http_conn_refuse(struct fa_http_conn *conn, enum fa_http_fault fault, fa_ns now)
{
    struct fa_http_server *server = conn->server;
    uint16_t status = fa_http_fault_status(fault);
    char page[FA__HTTP_PAGE_MAX];
    char memory[REFUSAL_MAX];
    struct fa_text text;

    fa__http_fault_count(server->config.counters, fault);
    if (conn->head.at != NULL) {
        fa__http_conn_drop_head(conn);
    }
    give_buffer(conn);
    size_t page_len = fa__http_page_write(status, page);
    fa_text_init(&text, memory, sizeof memory);
    fa__http_head_begin(server, &text, status);
    fa_text_add(&text,
        "Content-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
        "Connection: close\r\n\r\n%.*s",
        page_len, (int)page_len, page);
    FA_ASSERT(!text.cut);

    struct fa_slice rest = fa_text_slice(&text);
    while (rest.len != 0) {
        uint8_t *at;
        size_t cap;
        fa_err err = fa_flow_reserve(conn->flow, &at, &cap);
        if (err == FA_AGAIN) {
            break; /* a page cut short, so that the answers before it still arrive */
        }
        if (err != FA_OK) {
            fa__http_conn_abort(conn);
            return;
        }
        size_t len = fa_min(cap, rest.len);
        fa_copy(at, rest.at, len);
        fa_flow_commit(conn->flow, len);
        rest = fa_slice_from(rest, len);
    }
    linger(conn, now);
}

void fa__http_conn_step(struct fa_http_conn *conn, fa_ns now)
{
    switch ((enum fa_http_conn_state)conn->state) {
    case FA_HTTP_CONN_IDLE:
    case FA_HTTP_CONN_HEAD:
        look_for_request(conn, now);
        break;
    case FA_HTTP_CONN_SENDING:
        send_unsent(conn, now);
        break;
    case FA_HTTP_CONN_LINGER:
        drain_input(conn);
        break;
    default:
        break; /* READY and BUSY look by themselves when it is their turn */
    }
}

void fa__http_conn_expire(struct fa_http_conn *conn, fa_ns now)
{
    struct fa_counters *counters = conn->server->config.counters;
    switch ((enum fa_http_conn_state)conn->state) {
    case FA_HTTP_CONN_IDLE:
        FA_COUNT(counters, http_idle_closed);
        fa__http_conn_close(conn);
        break;
    case FA_HTTP_CONN_HEAD:
        fa__http_conn_refuse(conn, FA_HTTP_FAULT_SLOW, now);
        break;
    case FA_HTTP_CONN_READY:
        fa__http_conn_refuse(conn, FA_HTTP_FAULT_BUSY, now);
        break;
    case FA_HTTP_CONN_SENDING:
        FA_COUNT(counters, http_slow_reader);
        fa__http_conn_abort(conn);
        break;
    default:
        FA_ASSERT(conn->state == FA_HTTP_CONN_LINGER);
        fa__http_conn_close(conn);
        break;
    }
}

void fa__http_conn_close(struct fa_http_conn *conn)
{
    give_buffer(conn);
    fa_flow_close(conn->flow);
    free_conn(conn);
}

void fa__http_conn_abort(struct fa_http_conn *conn)
{
    give_buffer(conn);
    fa_flow_abort(conn->flow);
    free_conn(conn);
}
