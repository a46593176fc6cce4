// SPDX-License-Identifier: ISC
//
// src/http/http_server.c: accept, wake, and hand complete requests to fibers.

#include "fa/http_server.h"

#include "fa/fiber.h"
#include "src/http/http_priv.h"

enum {
    BURST_MAX = 16, /* requests of one connection in a row, before others and the loop get a turn */
};

static void note_newcomer(struct fa_watch *watch, unsigned events)
{
    (void)events; /* there is only one */
    FA_CONTAINER(watch, struct fa_http_port, watch)->pending = true;
}

static void release_exchange(struct fa_http_exchange *x)
{
    x->conn = NULL;
    fa_list_push_front(&x->server->free_exchanges, &x->node);
}

/* A fiber: answer the connection's request, and those that already wait behind it. */
static void run_exchange(void *ctx)
{
    struct fa_http_exchange *x = ctx;
    struct fa_http_server *server = x->server;
    struct fa_http_conn *conn = x->conn;
    for (unsigned count = 1;; count++) {
        fa__http_exchange_run(x);
        fa_ns now = server->config.loop->now;
        if (x->broken) {
            fa__http_conn_abort(conn);
            break;
        }
        fa__http_conn_drop_head(conn);
        conn->closing = x->closing;
        if (x->unsent.len != 0) {
            fa__http_conn_send(conn, x->unsent, now);
            break;
        }
        if (!fa__http_conn_next(conn, now)) {
            break;
        }
        if (count == BURST_MAX || !fa_list_empty(&server->conns[FA_HTTP_CONN_READY])) {
            fa__http_conn_enter(
                conn, FA_HTTP_CONN_READY, fa_ns_after(now, server->config.queue_timeout_ns));
            break;
        }
        enum fa_http_fault fault = fa__http_exchange_init(x, conn, now);
        if (fault != FA_HTTP_FAULT_NONE) {
            fa__http_conn_refuse(conn, fault, now);
            break;
        }
    }
    release_exchange(x);
}

/* Give fibers to as many complete requests as there are exchanges and stacks for. */
static bool dispatch(struct fa_http_server *server, fa_ns now)
{
    struct fa_fibers *fibers = &server->config.loop->fibers;
    bool did = false;
    struct fa_list *conn_node;
    struct fa_list *x_node;
    while ((conn_node = fa_list_first(&server->conns[FA_HTTP_CONN_READY])) != NULL &&
           (x_node = fa_list_first(&server->free_exchanges)) != NULL &&
           fibers->live_count < fibers->config.fiber_count_max) {
        struct fa_http_conn *conn = FA_CONTAINER(conn_node, struct fa_http_conn, node);
        struct fa_http_exchange *x = FA_CONTAINER(x_node, struct fa_http_exchange, node);
        enum fa_http_fault fault = fa__http_exchange_init(x, conn, now);
        did = true;
        if (fault != FA_HTTP_FAULT_NONE) {
            fa__http_conn_refuse(conn, fault, now);
            continue;
        }
        if (fa_fiber_spawn(fibers, run_exchange, x, NULL) != FA_OK) {
            /* No memory for another stack, ever: the request cannot be taken back apart, and
             * waiting for one of ours to end would do only if there is one. */
            fa__http_conn_refuse(conn, FA_HTTP_FAULT_BUSY, now);
            continue;
        }
        fa_list_unlink(&x->node);
        fa__http_conn_enter(conn, FA_HTTP_CONN_BUSY, FA_NS_NEVER);
    }
    return did;
}

/* A connection for a newcomer: a free one, else the one that has been of no use for longest. */
static struct fa_http_conn *find_conn(struct fa_http_server *server)
{
    static const enum fa_http_conn_state order[] = {
        FA_HTTP_CONN_FREE, FA_HTTP_CONN_LINGER, FA_HTTP_CONN_IDLE};
    for (size_t i = 0; i < FA_COUNT_OF(order); i++) {
        struct fa_list *node = fa_list_first(&server->conns[order[i]]);
        if (node != NULL) {
            return FA_CONTAINER(node, struct fa_http_conn, node);
        }
    }
    return NULL;
}

static bool accept_flows(struct fa_http_server *server, fa_ns now)
{
    bool did = false;
    for (uint32_t i = 0; i < server->port_count; i++) {
        struct fa_http_port *port = &server->ports[i];
        while (port->pending && !server->paused) {
            struct fa_http_conn *conn = find_conn(server);
            struct fa_flow *flow;
            if (conn == NULL) {
                FA_COUNT(server->config.counters, http_accept_paused);
                server->paused = true;
                break;
            }
            if (fa_listener_accept(port->listener, &flow) != FA_OK) {
                port->pending = false;
                break;
            }
            if (conn->state != FA_HTTP_CONN_FREE) {
                FA_COUNT(server->config.counters, http_idle_evicted);
                fa__http_conn_close(conn);
            }
            conn->secure = port->secure;
            fa__http_conn_begin(conn, flow, now);
            did = true;
        }
    }
    return did;
}

static bool wake_conns(struct fa_http_server *server, fa_ns now)
{
    /* What is woken meanwhile has its turn in the next poll, or two ends of a pipe that are served
     * here could keep each other going. */
    struct fa_list batch = {0};
    if (fa_list_empty(&server->woken)) {
        return false;
    }
    fa_list_insert_after(&server->woken, &batch);
    fa_list_unlink(&server->woken);
    struct fa_list *node;
    while ((node = fa_list_pop_front(&batch)) != NULL) {
        fa__http_conn_step(FA_CONTAINER(node, struct fa_http_conn, woken_node), now);
    }
    return true;
}

static bool poll_server(struct fa_poller *poller, fa_ns now)
{
    struct fa_http_server *server = FA_CONTAINER(poller, struct fa_http_server, poller);
    bool did = wake_conns(server, now);
    struct fa_deadline *due;
    while ((due = fa_deadline_pop(&server->deadlines, now)) != NULL) {
        fa__http_conn_expire(FA_CONTAINER(due, struct fa_http_conn, deadline), now);
        did = true;
    }
    did |= accept_flows(server, now);
    did |= dispatch(server, now);
    return did;
}

static fa_ns find_deadline(const struct fa_poller *poller)
{
    const struct fa_http_server *server = FA_CONTAINER(poller, struct fa_http_server, poller);
    bool pending = !fa_list_empty(&server->woken);
    for (uint32_t i = 0; i < server->port_count; i++) {
        pending |= server->ports[i].pending && !server->paused;
    }
    return pending ? 0 : fa_deadline_next(&server->deadlines);
}

static const struct fa_poller_ops server_ops = {
    .poll = poll_server,
    .deadline = find_deadline,
};

static void default_u32(uint32_t *value, uint32_t otherwise)
{
    *value = *value == 0 ? otherwise : *value;
}

static void default_u64(uint64_t *value, uint64_t otherwise)
{
    *value = *value == 0 ? otherwise : *value;
}

static void fill_config(struct fa_http_server_config *config)
{
    if (config->counters == NULL) {
        config->counters = &fa_counters_main;
    }
    if (config->default_fields == NULL) {
        config->default_fields = FA_HTTP_DEFAULT_FIELDS;
    }
    FA_ASSERT(fa_slice_of(config->default_fields).len <= FA_HTTP_DEFAULT_FIELDS_MAX);
    default_u32(&config->hsts_max_age_s, 2 * 365 * 24 * 3600);
    default_u32(&config->limits.header_bytes_max, 8192);
    default_u32(&config->limits.header_count_max, FA_HTTP_HEADER_MAX);
    default_u32(&config->limits.target_bytes_max, 4096);
    default_u64(&config->body_bytes_max, UINT64_C(1) << 20);
    default_u32(&config->request_count_max, 10000);
    default_u64(&config->head_timeout_ns, 10 * FA_NS_S);
    default_u64(&config->idle_timeout_ns, 60 * FA_NS_S);
    default_u64(&config->queue_timeout_ns, 10 * FA_NS_S);
    default_u64(&config->patience_ns, 30 * FA_NS_S);
    default_u32(&config->progress_bytes_per_s_min, 500);
    default_u64(&config->linger_timeout_ns, 2 * FA_NS_S);
    default_u64(&config->linger_bytes_max, UINT64_C(1) << 18);
}

void fa_http_server_init(
    struct fa_http_server *server, const struct fa_http_server_config *config, fa_ns now)
{
    FA_ASSERT(config->loop != NULL);
    FA_ASSERT(config->conn_count != 0);
    FA_ASSERT(config->exchange_count != 0);
    *server = (struct fa_http_server){.poller = {.ops = &server_ops}, .config = *config};
    fill_config(&server->config);
    FA_ASSERT(server->config.head_memory_len >= server->config.limits.header_bytes_max);
    FA_ASSERT(server->config.limits.header_count_max <= FA_HTTP_HEADER_MAX);
    for (size_t i = 0; i < FA_HTTP_CONN_STATE_COUNT; i++) {
        fa_list_init(&server->conns[i]);
    }
    fa_list_init(&server->woken);
    fa_list_init(&server->free_exchanges);
    fa_deadline_queue_init(&server->deadlines, now);
    for (uint32_t i = 0; i < config->conn_count; i++) {
        config->conns[i] = (struct fa_http_conn){.server = server};
        fa_list_push_back(&server->conns[FA_HTTP_CONN_FREE], &config->conns[i].node);
    }
    for (uint32_t i = 0; i < config->exchange_count; i++) {
        config->exchanges[i].server = server;
        config->exchanges[i].node = (struct fa_list){NULL, NULL};
        fa_list_push_back(&server->free_exchanges, &config->exchanges[i].node);
    }
}

static fa_err serve(struct fa_http_server *server, struct fa_listener *listener, bool secure)
{
    FA_ASSERT(!server->stopping);
    if (server->port_count == FA_HTTP_LISTENER_MAX) {
        return FA_ENOSPC;
    }
    if (!fa_list_linked(&server->poller.node)) {
        fa_loop_add(server->config.loop, &server->poller);
    }
    server->ports[server->port_count++] = (struct fa_http_port){
        .watch = {note_newcomer},
        .listener = listener,
        .secure = secure,
        .pending = true, /* some may have come before us */
    };
    listener->watch = &server->ports[server->port_count - 1].watch;
    return FA_OK;
}

fa_err fa_http_server_serve(struct fa_http_server *server, struct fa_listener *listener)
{
    return serve(server, listener, false);
}

fa_err fa_http_server_serve_secure(struct fa_http_server *server, struct fa_listener *listener)
{
    return serve(server, listener, true);
}

void fa_http_server_stop(struct fa_http_server *server)
{
    for (uint32_t i = 0; i < server->port_count; i++) {
        server->ports[i].listener->watch = NULL;
    }
    server->port_count = 0;
    server->stopping = true;
    FA_LIST_EACH_SAFE(node, &server->conns[FA_HTTP_CONN_IDLE]) {
        fa__http_conn_close(FA_CONTAINER(node, struct fa_http_conn, node));
    }
}

size_t fa_http_server_conn_count(const struct fa_http_server *server)
{
    size_t count = 0;
    for (size_t i = FA_HTTP_CONN_FREE + 1; i < FA_HTTP_CONN_STATE_COUNT; i++) {
        FA_LIST_EACH(node, &server->conns[i]) {
            count++;
        }
    }
    return count;
}
