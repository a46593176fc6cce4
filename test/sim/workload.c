// SPDX-License-Identifier: ISC
//
// test/sim/workload.c: see workload.h.

#include "test/sim/workload.h"

#include "fa/fmt.h"
#include "fa/tcp.h"

static const uint64_t hello_magic = 0x46617461732e696d;

/* Eight bytes of the endless stream `key` at `off`, a multiple of 8 (splitmix64). */
static uint64_t stream_word(uint64_t key, uint64_t off)
{
    uint64_t z = key + (off / 8 + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static uint8_t stream_byte(uint64_t key, uint64_t off)
{
    return (uint8_t)(stream_word(key, off & ~UINT64_C(7)) >> (8 * (off & 7)));
}

static void fill_stream(uint64_t key, uint64_t off, uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = stream_byte(key, off + i);
    }
}

static size_t count_wrong(uint64_t key, uint64_t off, struct fa_slice bytes)
{
    size_t wrong = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        wrong += bytes.at[i] != stream_byte(key, off + i);
    }
    return wrong;
}

[[gnu::format(printf, 2, 3)]] static void note_trouble(
    struct workload *workload, const char *format, ...)
{
    if (workload->trouble[0] == '\0') {
        va_list args;
        va_start(args, format);
        fa_fmt_va(workload->trouble, sizeof workload->trouble, format, args);
        va_end(args);
    }
}

static void mark_ready(struct workload_end *end)
{
    if (!end->done && !fa_list_linked(&end->ready_node)) {
        fa_list_push_back(&end->owner->ready, &end->ready_node);
    }
}

static void end_told(struct fa_watch *watch, unsigned events)
{
    (void)events;
    mark_ready(FA_CONTAINER(watch, struct workload_end, watch));
}

static void init_end(
    struct workload *workload, struct workload_end *end, struct fa_flow *flow, uint64_t salt)
{
    *end = (struct workload_end){.owner = workload, .flow = flow, .watch.fn = end_told};
    fa_rand_init_seed(&end->rand, workload->seed ^ (salt * 0x9e3779b97f4a7c15));
    static const uint32_t sizes[] = {1, 100, 1000, 1460, 4096, 65536, 65536, 65536};
    end->write_max = sizes[fa_rand_below(&end->rand, FA_COUNT_OF(sizes))];
    end->read_max = sizes[fa_rand_below(&end->rand, FA_COUNT_OF(sizes))];
    /* One reader in four is slow: it looks away after each read. */
    if (fa_rand_below(&end->rand, 4) == 0) {
        end->read_pause_ns = fa_rand_below(&end->rand, 20) * FA_NS_MS;
        end->read_max = (uint32_t)fa_max(end->read_max, 4096);
    }
    fa_list_init(&end->ready_node);
    flow->watch = &end->watch;
    mark_ready(end);
}

/* A handshake of which every SYN was lost is no trouble: as any application, try again. */
static bool try_again(struct workload_end *end, fa_err err)
{
    if (end->accepting || err != FA_ETIMEOUT || end->out_len != 0) {
        return false;
    }
    struct workload *workload = end->owner;
    struct workload_transfer *transfer = FA_CONTAINER(end, struct workload_transfer, client);
    fa_flow_abort(end->flow);
    end->flow = NULL;
    transfer->retry_count++;
    fa_deadline_set(&workload->deadlines, &transfer->deadline, workload->now + FA_NS_S);
    return transfer->retry_count <= WORKLOAD_RETRY_MAX;
}

static void break_end(struct workload_end *end, fa_err err, const char *what)
{
    if (try_again(end, err)) {
        end->done = true; /* until it is begun again */
        return;
    }
    end->broke = err;
    end->done = true;
    note_trouble(end->owner, "%s end: %s at %s, written %llu of %llu, read %llu of %llu",
        end->accepting ? "server" : "client", fa_err_name(err), what,
        (unsigned long long)end->out_len, (unsigned long long)end->out_total,
        (unsigned long long)end->in_len, (unsigned long long)end->in_total);
    if (end->flow != NULL) {
        fa_flow_abort(end->flow);
        end->flow = NULL;
    }
}

/* Returns: whether anything was written. */
static bool step_write(struct workload_end *end)
{
    bool any = false;
    while (!end->out_ended && end->out_len < end->out_total) {
        uint8_t *at;
        size_t cap;
        fa_err err = fa_flow_reserve(end->flow, &at, &cap);
        if (err == FA_AGAIN) {
            return any;
        }
        if (err != FA_OK) {
            break_end(end, err, "reserve");
            return true;
        }
        size_t len = fa_min(fa_min(cap, end->write_max), end->out_total - end->out_len);
        size_t hello = 0;
        while (!end->accepting && end->out_len + hello < WORKLOAD_HELLO_LEN && hello < len) {
            at[hello] = end->hello[end->out_len + hello];
            hello++;
        }
        fill_stream(end->out_key, end->out_len + hello, at + hello, len - hello);
        fa_flow_commit(end->flow, len);
        end->out_len += len;
        any = true;
    }
    if (!end->out_ended && end->out_len == end->out_total) {
        fa_err err = fa_flow_shutdown(end->flow);
        if (err != FA_OK) {
            break_end(end, err, "shutdown");
            return true;
        }
        end->out_ended = true;
        any = true;
    }
    return any;
}

/* Look at received bytes once. Returns: whether anything was read. */
static bool step_read(struct workload_end *end, fa_ns now)
{
    if (end->in_ended || end->read_from_ns > now) {
        return false;
    }
    struct fa_slice bytes;
    fa_err err = fa_flow_peek(end->flow, &bytes);
    if (err == FA_AGAIN) {
        return false;
    }
    if (err == FA_ECLOSED && end->in_len == end->in_total) {
        end->in_ended = true;
        return true;
    }
    if (err != FA_OK) {
        break_end(end, err, "peek");
        return true;
    }
    bytes.len = fa_min(bytes.len, end->read_max);
    if (end->in_len + bytes.len > end->in_total) {
        note_trouble(end->owner, "more bytes than were sent");
        bytes.len = (size_t)(end->in_total - end->in_len);
        end->in_ended = true;
    }
    struct fa_slice checked = bytes;
    uint64_t off = end->in_len;
    if (end->accepting && off < WORKLOAD_HELLO_LEN) {
        /* The hello was checked when the transfer was found. */
        size_t skip = fa_min((size_t)(WORKLOAD_HELLO_LEN - off), checked.len);
        checked = fa_slice_from(checked, skip);
        off += skip;
    }
    size_t wrong = count_wrong(end->in_key, off, checked);
    if (wrong != 0) {
        note_trouble(end->owner, "%zu wrong bytes at %llu", wrong, (unsigned long long)off);
    }
    end->owner->bytes_wrong += wrong;
    end->owner->bytes_checked += checked.len;
    fa_flow_done(end->flow, bytes.len);
    end->in_len += bytes.len;
    if (end->read_pause_ns != 0) {
        end->read_from_ns = now + end->read_pause_ns;
        fa_deadline_set(&end->owner->deadlines, &end->deadline, end->read_from_ns);
    }
    return true;
}

static void step_end(struct workload_end *end, fa_ns now)
{
    bool any = true;
    for (int round = 0; round < 64 && any && !end->done; round++) {
        any = step_write(end);
        any = (!end->done && step_read(end, now)) || any;
    }
    if (!end->done && any) {
        mark_ready(end); /* let the others have a turn */
    }
    if (!end->done && end->out_ended && end->in_ended) {
        end->done = true;
        end->owner->ends_done++;
        fa_flow_close(end->flow);
        end->flow = NULL;
    }
}

static void start_transfer(struct workload *workload, struct workload_transfer *transfer)
{
    struct fa_flow *flow;
    uint64_t idx = (uint64_t)(transfer - workload->transfers);
    uint64_t total = transfer->bytes_each_way;
    fa_err err = fa_stack_connect(transfer->from, &transfer->to, &flow);
    if (err != FA_OK) {
        note_trouble(workload, "transfer %u: connect: %s", (unsigned)idx, fa_err_name(err));
        return;
    }
    struct workload_end *end = &transfer->client;
    init_end(workload, end, flow, idx * 2 + 1);
    end->out_total = end->in_total = total;
    end->out_key = idx * 2 + 1000;
    end->in_key = idx * 2 + 1001;
    for (int i = 0; i < 8; i++) {
        end->hello[i] = (uint8_t)(hello_magic >> (8 * i));
        end->hello[8 + i] = (uint8_t)(idx >> (8 * i));
    }
}

/* A stray's hello is there: make it the server end of its transfer. */
static void adopt_stray(struct workload *workload, struct fa_flow *flow, struct fa_slice hello)
{
    uint64_t magic = 0;
    uint64_t idx = 0;
    for (int i = 7; i >= 0; i--) {
        magic = magic << 8 | hello.at[i];
        idx = idx << 8 | hello.at[8 + i];
    }
    if (magic != hello_magic || idx >= workload->transfer_count) {
        note_trouble(workload, "a connection without a hello");
        fa_flow_abort(flow);
        return;
    }
    struct workload_transfer *transfer = &workload->transfers[idx];
    init_end(workload, &transfer->server, flow, idx * 2 + 2);
    transfer->server.accepting = true;
    transfer->server.out_total = transfer->server.in_total = transfer->bytes_each_way;
    transfer->server.out_key = idx * 2 + 1001;
    transfer->server.in_key = idx * 2 + 1000;
}

/* The hello may come in pieces of one byte; it is looked at without taking it until it is whole,
 * or taken into the stray when the flow lends less than that at a time. */
static bool step_stray(struct workload *workload, struct workload_end *stray)
{
    struct fa_slice bytes;
    fa_err err = fa_flow_peek(stray->flow, &bytes);
    if (err == FA_AGAIN) {
        return false;
    }
    if (err != FA_OK) {
        /* Its client gave up before a byte arrived, and tries again. */
        stray->done = true;
        fa_flow_abort(stray->flow);
        return true;
    }
    size_t len = fa_min(bytes.len, WORKLOAD_HELLO_LEN - stray->hello_len);
    fa_copy(stray->hello + stray->hello_len, bytes.at, len);
    stray->hello_len += (uint32_t)len;
    fa_flow_done(stray->flow, len);
    if (stray->hello_len == WORKLOAD_HELLO_LEN) {
        struct fa_flow *flow = stray->flow;
        stray->done = true;
        adopt_stray(workload, flow, (struct fa_slice){stray->hello, WORKLOAD_HELLO_LEN});
        for (size_t i = 0; i < workload->transfer_count; i++) {
            if (workload->transfers[i].server.flow == flow) {
                workload->transfers[i].server.in_len = WORKLOAD_HELLO_LEN;
            }
        }
    }
    return true;
}

static bool accept_all(struct workload *workload)
{
    bool any = false;
    for (size_t i = 0; i < workload->listener_count; i++) {
        struct fa_flow *flow;
        while (workload->stray_count < WORKLOAD_TRANSFER_MAX &&
               fa_listener_accept(workload->listeners[i], &flow) == FA_OK) {
            struct workload_end *stray = &workload->strays[workload->stray_count++];
            init_end(workload, stray, flow, 0);
            stray->accepting = true;
            any = true;
        }
    }
    return any;
}

static bool is_stray(const struct workload *workload, const struct workload_end *end)
{
    return end >= workload->strays && end < workload->strays + WORKLOAD_TRANSFER_MAX;
}

static bool poll_workload(struct fa_poller *poller, fa_ns now)
{
    struct workload *workload = FA_CONTAINER(poller, struct workload, poller);
    workload->now = now;
    bool any = accept_all(workload);
    struct fa_deadline *due;
    while ((due = fa_deadline_pop(&workload->deadlines, now)) != NULL) {
        any = true;
        for (size_t i = 0; i < workload->transfer_count; i++) {
            struct workload_transfer *transfer = &workload->transfers[i];
            if (due == &transfer->deadline) {
                start_transfer(workload, transfer);
            } else if (due == &transfer->client.deadline) {
                mark_ready(&transfer->client);
            } else if (due == &transfer->server.deadline) {
                mark_ready(&transfer->server);
            }
        }
    }
    struct fa_list batch;
    fa_list_init(&batch);
    struct fa_list *node;
    while ((node = fa_list_pop_front(&workload->ready)) != NULL) {
        fa_list_push_back(&batch, node);
    }
    while ((node = fa_list_pop_front(&batch)) != NULL) {
        struct workload_end *end = FA_CONTAINER(node, struct workload_end, ready_node);
        any = true;
        if (is_stray(workload, end)) {
            while (!end->done && step_stray(workload, end)) {
            }
        } else {
            step_end(end, now);
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

void workload_init(struct workload *workload, uint64_t seed, fa_ns now)
{
    static const struct fa_poller_ops ops = {poll_workload, workload_deadline};
    *workload = (struct workload){.poller.ops = &ops, .seed = seed};
    fa_list_init(&workload->ready);
    fa_deadline_queue_init(&workload->deadlines, now);
}

void workload_listen(struct workload *workload, struct fa_listener *listener)
{
    FA_ASSERT(workload->listener_count < WORKLOAD_TRANSFER_MAX);
    workload->listeners[workload->listener_count++] = listener;
}

void workload_add(struct workload *workload, struct fa_stack *from, const struct fa_endpoint *to,
    uint64_t bytes_each_way, fa_ns start)
{
    FA_ASSERT(workload->transfer_count < WORKLOAD_TRANSFER_MAX);
    FA_ASSERT(bytes_each_way >= WORKLOAD_HELLO_LEN);
    struct workload_transfer *transfer = &workload->transfers[workload->transfer_count++];
    *transfer = (struct workload_transfer){.from = from, .to = *to};
    transfer->bytes_each_way = bytes_each_way;
    fa_deadline_set(&workload->deadlines, &transfer->deadline, start);
}

size_t workload_describe(
    const struct workload *workload, size_t idx, bool server, char *at, size_t cap)
{
    static const char *const unknown = "not begun";
    const struct workload_transfer *transfer = &workload->transfers[idx];
    const struct workload_end *end = server ? &transfer->server : &transfer->client;
    struct fa_tcp_info info = {};
    if (end->done || end->flow == NULL) {
        return fa_fmt(at, cap, "%s", end->done ? fa_err_name(end->broke) : unknown);
    }
    fa_tcp_info_of(end->flow, &info);
    return fa_fmt(at, cap,
        "%u->%u %s: written %llu, read %llu of %llu; unsent %u, in flight %u, window %u there %u "
        "here, rto %llu ms",
        info.local.port, info.remote.port, fa_tcp_state_name(info.state),
        (unsigned long long)end->out_len, (unsigned long long)end->in_len,
        (unsigned long long)end->in_total, info.unsent_bytes, info.in_flight_bytes,
        info.tx_window_bytes, info.rx_window_bytes, (unsigned long long)(info.rto_ns / FA_NS_MS));
}

bool workload_done(const struct workload *workload)
{
    return workload->ends_done == workload->transfer_count * 2;
}
