// SPDX-License-Identifier: ISC
//
// test/sim/workload_end.c: one end of a connection: what it writes, what it must read.

#include "test/sim/workload.h"

enum {
    SMALL_PIECES_BYTES =
        64 * 1024,      /* that much of a stream goes in pieces of a few bytes; then ... */
    PIECE_BYTES = 1000, /* ... pieces are of so many at least: a world's time is short */
};

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
    size_t i = 0;
    for (; i < len && (off + i) % 8 != 0; i++) {
        at[i] = stream_byte(key, off + i);
    }
    for (; len - i >= 8; i += 8) {
        workload_u64_store(at + i, stream_word(key, off + i));
    }
    for (; i < len; i++) {
        at[i] = stream_byte(key, off + i);
    }
}

static size_t count_wrong(uint64_t key, uint64_t off, struct fa_slice bytes)
{
    size_t wrong = 0;
    size_t i = 0;
    for (; i < bytes.len && (off + i) % 8 != 0; i++) {
        wrong += bytes.at[i] != stream_byte(key, off + i);
    }
    for (; bytes.len - i >= 8; i += 8) {
        wrong += workload_u64_load(bytes.at + i) != stream_word(key, off + i); /* at least one */
    }
    for (; i < bytes.len; i++) {
        wrong += bytes.at[i] != stream_byte(key, off + i);
    }
    return wrong;
}

void workload_end_ready(struct workload_end *end)
{
    if (!fa_list_linked(&end->ready_node)) {
        fa_list_push_back(&end->owner->ready, &end->ready_node);
    }
}

static void end_told(struct fa_watch *watch, unsigned events)
{
    (void)events;
    workload_end_ready(FA_CONTAINER(watch, struct workload_end, watch));
}

struct workload_end *workload_end_new(struct workload *workload, struct fa_flow *flow)
{
    for (size_t i = 0; i < WORKLOAD_END_MAX; i++) {
        struct workload_end *end = &workload->ends[i];
        if (end->flow == NULL) {
            *end = (struct workload_end){.owner = workload,
                .flow = flow,
                .watch.fn = end_told,
                .progress_ns = workload->now};
            fa_list_init(&end->ready_node);
            flow->watch = &end->watch;
            workload->live_count++;
            workload_end_ready(end);
            return end;
        }
    }
    return NULL;
}

void workload_end_free(struct workload_end *end)
{
    fa_deadline_clear(&end->owner->deadlines, &end->deadline);
    fa_list_unlink(&end->ready_node);
    end->flow = NULL;
    end->owner->live_count--;
}

/* Pieces and pace, out of the workload's seed, the transfer, the side. */
static void choose_pace(struct workload_end *end, uint64_t salt)
{
    static const uint32_t sizes[] = {1, 100, 1000, 1460, 4096, 65536, 65536, 65536};
    struct fa_rand rand;
    fa_rand_init_seed(&rand, end->owner->config.seed ^ (salt * 0x9e3779b97f4a7c15));
    end->write_max = sizes[fa_rand_below(&rand, FA_COUNT_OF(sizes))];
    end->read_max = sizes[fa_rand_below(&rand, FA_COUNT_OF(sizes))];
    /* One reader in four is slow: it looks away after each read. */
    if (fa_rand_below(&rand, 4) == 0) {
        end->read_pause_ns = fa_rand_below(&rand, 20) * FA_NS_MS;
        end->read_max = (uint32_t)fa_max(end->read_max, 4096);
    }
}

void workload_end_begin(struct workload_end *end, struct workload_transfer *transfer)
{
    uint64_t idx = (uint64_t)(transfer - end->owner->transfers);
    uint64_t key = (idx + 1) << 32 | (uint64_t)end->attempt << 1;
    choose_pace(end, idx * 2 + (end->accepting ? 2 : 1));
    end->transfer = transfer;
    end->out_total = end->in_total = transfer->config.bytes_each_way;
    end->out_key = key + end->accepting;
    end->in_key = key + !end->accepting;
    if (!end->accepting) {
        end->write_pause_ns = transfer->config.pause_ns;
    }
}

static void sleep_until(struct workload_end *end, fa_ns at)
{
    if (!fa_deadline_is_set(&end->deadline) || at < end->deadline.at_ns) {
        fa_deadline_set(&end->owner->deadlines, &end->deadline, at);
    }
}

static size_t piece_len(size_t piece_max, uint64_t off)
{
    return off < SMALL_PIECES_BYTES ? piece_max : fa_max(piece_max, PIECE_BYTES);
}

/* Whether it is this end's turn to write. */
static bool may_write(struct workload_end *end)
{
    enum workload_style style = end->transfer->config.style;
    bool second = style == WORKLOAD_CLIENT_FIRST
                      ? end->accepting
                      : style == WORKLOAD_SERVER_FIRST && !end->accepting;
    bool turn = !second || end->in_ended || end->out_len < (end->greets ? WORKLOAD_HELLO_LEN : 0);
    if (end->write_pause_ns != 0 && end->out_len >= end->out_total / 2) {
        end->write_from_ns = fa_ns_after(end->owner->now, end->write_pause_ns);
        end->write_pause_ns = 0;
    }
    if (end->write_from_ns > end->owner->now) {
        sleep_until(end, end->write_from_ns);
        return false;
    }
    return turn && !end->out_ended;
}

/* How far it writes in one go: a hello alone if it is not its turn yet. */
static uint64_t write_limit(const struct workload_end *end)
{
    bool hello_only = end->greets && end->out_len < WORKLOAD_HELLO_LEN;
    return hello_only ? WORKLOAD_HELLO_LEN : end->out_total;
}

static void write_bytes(struct workload_end *end, uint8_t *at, size_t len)
{
    size_t hello = 0;
    while (end->greets && end->out_len + hello < WORKLOAD_HELLO_LEN && hello < len) {
        at[hello] = end->hello[end->out_len + hello];
        hello++;
    }
    fill_stream(end->out_key, end->out_len + hello, at + hello, len - hello);
    fa_flow_commit(end->flow, len);
    end->out_len += len;
}

/* Returns: whether anything was written. The end may be over afterwards. */
static bool step_write(struct workload_end *end)
{
    bool any = false;
    while (may_write(end) && end->out_len < end->out_total) {
        uint8_t *at;
        size_t cap;
        fa_err err = fa_flow_reserve(end->flow, &at, &cap);
        if (err == FA_AGAIN) {
            return any;
        }
        if (err != FA_OK) {
            workload_end_over(end, err, "reserve");
            return true;
        }
        write_bytes(end, at,
            fa_min(fa_min(cap, piece_len(end->write_max, end->out_len)),
                (size_t)(write_limit(end) - end->out_len)));
        any = true;
    }
    if (may_write(end) && end->out_len == end->out_total) {
        fa_err err = fa_flow_shutdown(end->flow);
        if (err != FA_OK) {
            workload_end_over(end, err, "shutdown");
            return true;
        }
        end->out_ended = true;
        any = true;
    }
    return any;
}

static void check_bytes(struct workload_end *end, struct fa_slice bytes)
{
    uint64_t off = end->in_len;
    if (off + bytes.len > end->in_total) {
        workload_trouble(end->owner, "more bytes than were sent");
        bytes.len = (size_t)(end->in_total - off);
    }
    size_t wrong = count_wrong(end->in_key, off, bytes);
    if (wrong != 0) {
        workload_trouble(end->owner, "%zu wrong at %llu", wrong, (unsigned long long)off);
    }
    end->owner->bytes_wrong += wrong;
    end->owner->bytes_checked += bytes.len;
}

/* Look at received bytes once. Returns: whether anything was read. It may be over afterwards. */
static bool step_read(struct workload_end *end)
{
    fa_ns now = end->owner->now;
    struct fa_slice bytes;
    if (end->in_ended) {
        return false;
    }
    if (end->read_from_ns > now) {
        sleep_until(end, end->read_from_ns);
        return false;
    }
    fa_err err = fa_flow_peek(end->flow, &bytes);
    if (err == FA_AGAIN) {
        return false;
    }
    if (err == FA_ECLOSED && end->in_len == end->in_total) {
        end->in_ended = true;
        return true;
    }
    if (err != FA_OK) {
        workload_end_over(end, err, "peek");
        return true;
    }
    bytes.len = fa_min(bytes.len, piece_len(end->read_max, end->in_len));
    check_bytes(end, bytes);
    fa_flow_done(end->flow, bytes.len);
    end->in_len += bytes.len;
    end->read_from_ns = end->read_pause_ns != 0 ? now + end->read_pause_ns : 0;
    return true;
}

void workload_end_step(struct workload_end *end)
{
    bool any = true;
    for (int round = 0; round < 64 && any && end->flow != NULL; round++) {
        any = step_write(end);
        any = (end->flow != NULL && step_read(end)) || any;
        end->progress_ns = any ? end->owner->now : end->progress_ns;
    }
    if (end->flow == NULL) {
        return;
    }
    bool aborting = end->transfer->config.style == WORKLOAD_ABORT && !end->accepting &&
                    end->out_len >= end->out_total / 2;
    if (aborting || (end->out_ended && end->in_ended)) {
        workload_end_over(end, FA_OK, aborting ? "abort" : "end");
    } else if (any) {
        workload_end_ready(end); /* let the others have a turn */
    }
}

bool workload_end_greet(struct workload_end *end)
{
    struct fa_slice bytes;
    fa_err err = FA_OK;
    while (end->in_len < WORKLOAD_HELLO_LEN) {
        err = fa_flow_peek(end->flow, &bytes);
        if (err != FA_OK) {
            break;
        }
        size_t len = fa_min(bytes.len, (size_t)(WORKLOAD_HELLO_LEN - end->in_len));
        fa_copy(end->hello + end->in_len, bytes.at, len);
        end->in_len += len;
        end->progress_ns = end->owner->now;
        fa_flow_done(end->flow, len);
    }
    if (err != FA_OK && err != FA_AGAIN) {
        workload_end_over(end, err, "hello");
        return false;
    }
    return end->in_len == WORKLOAD_HELLO_LEN;
}
