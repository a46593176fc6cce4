// SPDX-License-Identifier: ISC
//
// test/sim/workload.c: transfers: begun, introduced, begun again; see workload.h.

#include "test/sim/workload.h"

#include "fa/fmt.h"
#include "fa/tcp.h"

enum {
    MEETING_PORTS = 64, /* of each transfer: two an attempt, then from the start again */
    MTU_BYTES = 1500,
};

#define SWEEP_NS     (10 * FA_NS_S)
#define AGAIN_NS     FA_NS_S
#define AGAIN_MAX_NS (30 * FA_NS_S)

static const uint64_t hello_magic = 0x46617461732e696d;

void workload_trouble(struct workload *workload, const char *format, ...)
{
    if (workload->trouble[0] == '\0') {
        va_list args;
        va_start(args, format);
        fa_fmt_va(workload->trouble, sizeof workload->trouble, format, args);
        va_end(args);
    }
}

static bool is_current(const struct workload_end *end)
{
    return end->transfer != NULL && end->attempt == end->transfer->attempt;
}

static bool transfer_done(const struct workload_transfer *transfer)
{
    return transfer->client_done && transfer->server_done;
}

static void schedule_again(struct workload *workload, struct workload_transfer *transfer)
{
    transfer->client_done = transfer->server_done = false;
    transfer->client = transfer->server = NULL;
    if (transfer->attempt + 1 >= workload->config.attempt_max) {
        workload_trouble(workload, "transfer %zu: broken %u times",
            (size_t)(transfer - workload->transfers), (unsigned)transfer->attempt + 1);
        return;
    }
    /* With more and more patience: the other side may be away. */
    fa_ns pause = fa_ns_min(AGAIN_NS << fa_min(transfer->attempt, 10), AGAIN_MAX_NS);
    transfer->attempt++;
    fa_deadline_set(&workload->deadlines, &transfer->deadline, workload->now + pause);
}

/* A connection may always break before the two sides know each other: every SYN was lost, or the
 * server lost patience with a handshake. */
static bool may_break(const struct workload_end *end, fa_err err)
{
    const struct workload_transfer *transfer = end->transfer;
    if (err == FA_ETIMEOUT && end->owner->config.timeouts_allowed) {
        return true;
    }
    if (end->owner->config.breaks_allowed || transfer->config.style == WORKLOAD_ABORT) {
        return true;
    }
    bool strangers = transfer->server == NULL && !transfer->server_done;
    return transfer->config.style == WORKLOAD_MEETING ? end->in_len == 0 : strangers;
}

static void end_broke(struct workload_end *end, fa_err err, const char *what)
{
    struct workload *workload = end->owner;
    struct workload_transfer *transfer = end->transfer;
    workload->break_count++;
    workload->timeout_count += err == FA_ETIMEOUT && end->in_len + end->out_len != 0;
    if (!may_break(end, err)) {
        workload_trouble(workload, "transfer %zu %s: %s at %s, written %llu, read %llu of %llu",
            (size_t)(transfer - workload->transfers), end->accepting ? "server" : "client",
            fa_err_name(err), what, (unsigned long long)end->out_len,
            (unsigned long long)end->in_len, (unsigned long long)end->in_total);
    }
    if (transfer->config.style == WORKLOAD_ABORT && end->accepting) {
        transfer->server = NULL; /* just what it is about; the client counts */
    } else {
        schedule_again(workload, transfer);
    }
}

static void end_finished(struct workload_end *end)
{
    struct workload_transfer *transfer = end->transfer;
    *(end->accepting ? &transfer->server : &transfer->client) = NULL;
    *(end->accepting ? &transfer->server_done : &transfer->client_done) = true;
    transfer->server_done = transfer->server_done || transfer->config.style == WORKLOAD_ABORT;
    end->owner->done_count += transfer_done(transfer);
}

void workload_end_over(struct workload_end *end, fa_err err, const char *what)
{
    struct fa_flow *flow = end->flow;
    bool abort = err != FA_OK;
    if (is_current(end) && !transfer_done(end->transfer)) {
        if (err != FA_OK) {
            end_broke(end, err, what);
        } else {
            abort = end->transfer->config.style == WORKLOAD_ABORT && !end->accepting;
            end_finished(end);
        }
    }
    workload_end_free(end);
    if (abort) {
        fa_flow_abort(flow);
    } else {
        fa_flow_close(flow);
    }
}

static fa_err connect_end(struct workload_transfer *transfer, size_t idx, bool server, fa_ns now,
    struct fa_flow **ret_flow)
{
    const struct workload_transfer_config *config = &transfer->config;
    if (config->style != WORKLOAD_MEETING) {
        return fa_stack_connect(config->from, &config->to_address, ret_flow);
    }
    struct fa_endpoint here = server ? config->to_address : config->from_address;
    struct fa_endpoint there = server ? config->from_address : config->to_address;
    size_t first = WORKLOAD_PORT_FIRST + idx * MEETING_PORTS;
    uint16_t port = (uint16_t)(first + transfer->attempt * 2 % MEETING_PORTS);
    there.port = (uint16_t)(port + !server);
    return fa_tcp_connect(server ? &config->to->tcp : &config->from->tcp, now,
        &(struct fa_tcp_connect_config){.remote = there,
            .local = here.ip,
            .local_port = (uint16_t)(port + server),
            .mtu_bytes = MTU_BYTES},
        ret_flow);
}

/* Connect one end. Returns: false if there is no room for it now. */
static bool start_end(struct workload *workload, struct workload_transfer *transfer, bool server)
{
    struct fa_flow *flow;
    size_t idx = (size_t)(transfer - workload->transfers);
    fa_err err = connect_end(transfer, idx, server, workload->now, &flow);
    if (err != FA_OK) {
        if (err != FA_ENOSPC || !workload->config.memory_is_short) {
            workload_trouble(workload, "transfer %zu: connect: %s", idx, fa_err_name(err));
        }
        return false;
    }
    struct workload_end *end = workload_end_new(workload, flow);
    if (end == NULL) {
        workload_trouble(workload, "too many ends");
        fa_flow_abort(flow);
        return false;
    }
    end->attempt = transfer->attempt;
    end->accepting = server;
    end->greets = transfer->config.style != WORKLOAD_MEETING;
    workload_end_begin(end, transfer);
    workload_u64_store(end->hello, hello_magic);
    fa_be32_store(end->hello + 8, (uint32_t)idx);
    fa_be32_store(end->hello + 12, transfer->attempt);
    *(server ? &transfer->server : &transfer->client) = end;
    return true;
}

static void start_transfer(struct workload *workload, struct workload_transfer *transfer)
{
    bool meeting = transfer->config.style == WORKLOAD_MEETING;
    if (!start_end(workload, transfer, false) ||
        (meeting && !start_end(workload, transfer, true))) {
        schedule_again(workload, transfer);
    }
}

/* An accepted connection has said whose it is. */
static void introduce_end(struct workload_end *end)
{
    struct workload *workload = end->owner;
    uint64_t magic = workload_u64_load(end->hello);
    uint32_t idx = fa_be32_load(end->hello + 8);
    uint32_t attempt = fa_be32_load(end->hello + 12);
    if (magic != hello_magic || idx >= workload->transfer_count ||
        attempt > workload->transfers[idx].attempt) {
        workload_trouble(workload, "a connection without a hello");
        workload_end_over(end, FA_EINVAL, "hello");
        return;
    }
    struct workload_transfer *transfer = &workload->transfers[idx];
    if (attempt < transfer->attempt || transfer_done(transfer)) {
        workload_end_over(end, FA_EINVAL, "hello of an earlier attempt");
        return;
    }
    if (transfer->server != NULL) {
        workload_trouble(workload, "transfer %u: two servers", (unsigned)idx);
    }
    end->attempt = attempt;
    workload_end_begin(end, transfer);
    transfer->server = end;
    workload_end_step(end);
}

static bool accept_all(struct workload *workload)
{
    bool any = false;
    for (size_t i = 0; i < workload->listener_count; i++) {
        struct fa_flow *flow;
        while (fa_listener_accept(workload->listeners[i], &flow) == FA_OK) {
            struct workload_end *end = workload_end_new(workload, flow);
            any = true;
            if (end == NULL) {
                workload_trouble(workload, "too many ends");
                fa_flow_abort(flow);
                return any;
            }
            end->accepting = true;
        }
    }
    return any;
}

/* Give up ends that nobody speaks to any more. TCP cannot know: its peer may just be silent. */
static void sweep_ends(struct workload *workload)
{
    for (size_t i = 0; i < WORKLOAD_END_MAX; i++) {
        struct workload_end *end = &workload->ends[i];
        bool waits =
            is_current(end) && !transfer_done(end->transfer) && !workload->config.breaks_allowed;
        if (end->flow != NULL && !waits &&
            workload->now >= fa_ns_after(end->progress_ns, WORKLOAD_IDLE_NS)) {
            workload_end_over(end, FA_ETIMEOUT, "idle");
        }
    }
    fa_deadline_set(&workload->deadlines, &workload->sweep, workload->now + SWEEP_NS);
}

static void deadline_due(struct workload *workload, struct fa_deadline *due)
{
    uintptr_t at = (uintptr_t)due;
    if (due == &workload->sweep) {
        sweep_ends(workload);
    } else if (at >= (uintptr_t)workload->ends &&
               at < (uintptr_t)(workload->ends + WORKLOAD_END_MAX)) {
        workload_end_ready(FA_CONTAINER(due, struct workload_end, deadline));
    } else {
        start_transfer(workload, FA_CONTAINER(due, struct workload_transfer, deadline));
    }
}

static bool poll_workload(struct fa_poller *poller, fa_ns now)
{
    struct workload *workload = FA_CONTAINER(poller, struct workload, poller);
    workload->now = now;
    bool any = accept_all(workload);
    struct fa_deadline *due;
    while ((due = fa_deadline_pop(&workload->deadlines, now)) != NULL) {
        any = true;
        deadline_due(workload, due);
    }
    struct fa_list batch; /* who becomes ready meanwhile has its turn in the next poll */
    fa_list_init(&batch);
    struct fa_list *node;
    while ((node = fa_list_pop_front(&workload->ready)) != NULL) {
        fa_list_push_back(&batch, node);
    }
    while ((node = fa_list_pop_front(&batch)) != NULL) {
        struct workload_end *end = FA_CONTAINER(node, struct workload_end, ready_node);
        any = true;
        if (end->transfer != NULL) {
            workload_end_step(end);
        } else if (workload_end_greet(end)) {
            introduce_end(end);
        }
    }
    return any;
}

static fa_ns workload_deadline(const struct fa_poller *poller)
{
    const struct workload *workload =
        FA_CONTAINER((struct fa_poller *)(uintptr_t)poller, struct workload, poller);
    return fa_list_empty(&workload->ready) ? fa_deadline_next(&workload->deadlines) : 0;
}

void workload_init(struct workload *workload, const struct workload_config *config, fa_ns now)
{
    static const struct fa_poller_ops ops = {poll_workload, workload_deadline};
    *workload = (struct workload){.poller.ops = &ops, .config = *config, .now = now};
    fa_list_init(&workload->ready);
    fa_deadline_queue_init(&workload->deadlines, now);
    fa_deadline_set(&workload->deadlines, &workload->sweep, now + SWEEP_NS);
}

void workload_listen(struct workload *workload, struct fa_listener *listener)
{
    FA_ASSERT(workload->listener_count < WORKLOAD_LISTENER_MAX);
    workload->listeners[workload->listener_count++] = listener;
}

void workload_add(struct workload *workload, const struct workload_transfer_config *config)
{
    FA_ASSERT(workload->transfer_count < WORKLOAD_TRANSFER_MAX);
    FA_ASSERT(config->bytes_each_way >= WORKLOAD_HELLO_LEN);
    struct workload_transfer *transfer = &workload->transfers[workload->transfer_count++];
    *transfer = (struct workload_transfer){.config = *config};
    fa_deadline_set(&workload->deadlines, &transfer->deadline, config->start_ns);
}

size_t workload_describe(
    const struct workload *workload, size_t idx, bool server, char *at, size_t cap)
{
    const struct workload_transfer *transfer = &workload->transfers[idx];
    const struct workload_end *end = server ? transfer->server : transfer->client;
    if (end == NULL) {
        bool done = server ? transfer->server_done : transfer->client_done;
        return fa_fmt(
            at, cap, "attempt %u: %s", (unsigned)transfer->attempt, done ? "done" : "not begun");
    }
    struct fa_tcp_info info = {};
    fa_tcp_info_of(end->flow, &info);
    return fa_fmt(at, cap,
        "attempt %u, style %u: %u->%u %s: written %llu, read %llu of %llu; unsent %u, in flight "
        "%u, window %u there %u here, rto %llu ms",
        (unsigned)transfer->attempt, (unsigned)transfer->config.style, info.local.port,
        info.remote.port, fa_tcp_state_name(info.state), (unsigned long long)end->out_len,
        (unsigned long long)end->in_len, (unsigned long long)end->in_total, info.unsent_bytes,
        info.in_flight_bytes, info.tx_window_bytes, info.rx_window_bytes,
        (unsigned long long)(info.rto_ns / FA_NS_MS));
}
