// SPDX-License-Identifier: ISC
//
// Every sentence of fa/flow.h, one function a claim. Streams are a fixed pattern of bytes, so that
// a lost, doubled or misplaced one shows.

#include "test/conform/flow_conform.h"

#include "fa/fiber.h"
#include "fa/plat.h"
#include "fa/rand.h"
#include "test/t.h"

enum {
    SETTLE_COUNT = 64,      /* pumps after which what can arrive has */
    PUMP_COUNT_MAX = 20000, /* pumps after which a promise counts as broken */
    STREAM_LEN = 1 << 20,
    HELD_LEN = 1000,           /* bytes that any flow takes without being read */
    SEND_LIMIT_MAX = 64 << 20, /* no implementation buffers that much */
    FIBER_COUNT_MAX = 8,
    CANARY = 0x5a,
};

#define STEP_NS (50 * FA_NS_US)

/* One pair of flows and what the claims need around it. */
struct pair {
    const struct conform_flow_target *target;
    struct fa_flow *flow[2]; /* NULL once given back */
    bool ok;
};

struct watcher {
    struct fa_watch watch;
    unsigned events;
};

static void note_events(struct fa_watch *watch, unsigned events)
{
    FA_CONTAINER(watch, struct watcher, watch)->events |= events;
}

static uint8_t pattern_at(uint64_t off)
{
    return (uint8_t)(off * 31 + (off >> 8) * 7 + (off >> 16));
}

static void pump_once(const struct pair *pair)
{
    pair->target->pump(pair->target->ctx);
    fa_plat_wait(fa_clock_mono_ns() + STEP_NS);
}

static void settle(const struct pair *pair)
{
    for (int i = 0; i < SETTLE_COUNT; i++) {
        pump_once(pair);
    }
}

static struct pair open_pair(const struct conform_flow_target *target)
{
    struct pair pair = {.target = target};
    pair.ok = target->open(target->ctx, pair.flow);
    CHECK(pair.ok);
    return pair;
}

static void give_back(struct pair *pair, int end, void (*how)(struct fa_flow *flow))
{
    struct fa_flow *flow = pair->flow[end];
    pair->flow[end] = NULL;
    flow->watch = NULL;
    how(flow);
}

static void close_pair(struct pair *pair)
{
    for (int end = 0; end < 2; end++) {
        if (pair->flow[end] != NULL) {
            give_back(pair, end, fa_flow_abort);
        }
    }
    settle(pair);
    pair->target->close(pair->target->ctx);
}

/* Commit pattern bytes [off, off + len) as far as there is room. Returns: how many. */
static size_t write_some(struct fa_flow *flow, uint64_t off, size_t len)
{
    size_t written = 0;
    while (written < len) {
        uint8_t *at;
        size_t cap;
        if (fa_flow_reserve(flow, &at, &cap) != FA_OK) {
            break;
        }
        CHECK(cap >= 1);
        cap = fa_min(cap, len - written);
        for (size_t i = 0; i < cap; i++) {
            at[i] = pattern_at(off + written + i);
        }
        fa_flow_commit(flow, cap);
        written += cap;
    }
    return written;
}

/* Take at most `len` bytes and check that they are the pattern's from `off` on. */
static size_t read_some(struct fa_flow *flow, uint64_t off, size_t len)
{
    struct fa_slice seen;
    if (fa_flow_peek(flow, &seen) != FA_OK) {
        return 0;
    }
    CHECK(seen.len > 0);
    len = fa_min(len, seen.len);
    size_t wrong_count = 0;
    for (size_t i = 0; i < len; i++) {
        wrong_count += seen.at[i] != pattern_at(off + i);
    }
    CHECK_EQ(wrong_count, 0);
    fa_flow_done(flow, len);
    return len;
}

/* Write pattern bytes from `off` on at one end, pumping. Returns: whether all were taken. */
static bool write_pattern(struct pair *pair, int end, uint64_t off, size_t len)
{
    for (int i = 0; i < PUMP_COUNT_MAX && len > 0; i++) {
        const size_t written = write_some(pair->flow[end], off, len);
        off += written;
        len -= written;
        if (written == 0) {
            pump_once(pair);
        }
    }
    return len == 0;
}

static bool read_pattern(struct pair *pair, int end, uint64_t off, size_t len)
{
    for (int i = 0; i < PUMP_COUNT_MAX && len > 0; i++) {
        const size_t seen = read_some(pair->flow[end], off, len);
        off += seen;
        len -= seen;
        if (seen == 0) {
            pump_once(pair);
        }
    }
    return len == 0;
}

/* What peek says once it says something else than FA_AGAIN. */
static fa_err peek_outcome(struct pair *pair, int end)
{
    struct fa_slice seen;
    fa_err err = FA_AGAIN;
    for (int i = 0; i < PUMP_COUNT_MAX && err == FA_AGAIN; i++) {
        err = fa_flow_peek(pair->flow[end], &seen);
        if (err == FA_AGAIN) {
            pump_once(pair);
        }
    }
    return err;
}

/* What reserve says at last, once it no longer gives room. */
static fa_err reserve_outcome(struct pair *pair, int end)
{
    fa_err err = FA_OK;
    for (int i = 0; i < PUMP_COUNT_MAX && (err == FA_OK || err == FA_AGAIN); i++) {
        uint8_t *at;
        size_t cap;
        err = fa_flow_reserve(pair->flow[end], &at, &cap);
        if (err == FA_OK) {
            at[0] = 'x';
            fa_flow_commit(pair->flow[end], 1);
        }
        pump_once(pair);
    }
    return err;
}

static void check_a_fresh_flow_is_silent(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    settle(&pair);
    for (int end = 0; end < 2; end++) {
        uint8_t byte = CANARY;
        struct fa_slice seen = {&byte, CANARY};
        CHECK_EQ(fa_flow_peek(pair.flow[end], &seen), FA_AGAIN);
        CHECK(seen.at == &byte && seen.len == CANARY);
        char name[128];
        __builtin_memset(name, CANARY, sizeof name);
        const size_t len = fa_flow_peer(pair.flow[end], name, sizeof name);
        CHECK(len > 0 && len < sizeof name && name[len] == '\0');
        __builtin_memset(name, CANARY, sizeof name);
        CHECK_EQ(fa_flow_peer(pair.flow[end], name, 3), len);
        CHECK(name[3] == CANARY && name[fa_min(len, 2)] == '\0');
    }
    close_pair(&pair);
}

static void check_bytes_go_both_ways(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    for (int end = 0; end < 2; end++) {
        CHECK(write_pattern(&pair, end, 0, 1));
        CHECK(read_pattern(&pair, 1 - end, 0, 1));
        CHECK(write_pattern(&pair, end, 1, 999));
        CHECK(read_pattern(&pair, 1 - end, 1, 999));
        settle(&pair);
        struct fa_slice seen;
        CHECK_EQ(fa_flow_peek(pair.flow[1 - end], &seen), FA_AGAIN);
    }
    close_pair(&pair);
}

struct overdone {
    struct fa_flow *flow;
    size_t len;
};

static void overdo(void *ctx)
{
    const struct overdone *overdone = ctx;
    fa_flow_done(overdone->flow, overdone->len);
}

static void check_peek_leaves_and_done_forgets(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    struct fa_slice first = {0};
    struct fa_slice again = {0};
    CHECK(write_pattern(&pair, 0, 0, 100));
    settle(&pair);
    CHECK_EQ(fa_flow_peek(pair.flow[1], &first), FA_OK);
    CHECK_EQ(fa_flow_peek(pair.flow[1], &again), FA_OK);
    CHECK(first.len > 1 && fa_slice_equal(first, again));
    fa_flow_done(pair.flow[1], 0);
    CHECK_EQ(fa_flow_peek(pair.flow[1], &again), FA_OK);
    CHECK(again.len > 0 && again.at[0] == pattern_at(0));
    fa_flow_done(pair.flow[1], 1);
    CHECK(read_pattern(&pair, 1, 1, 99));

    CHECK(write_pattern(&pair, 0, 0, 10));
    settle(&pair);
    CHECK_EQ(fa_flow_peek(pair.flow[1], &first), FA_OK);
    CHECK(t_traps(overdo, &(struct overdone){pair.flow[1], first.len + 1}));
    CHECK_EQ(fa_flow_peek(pair.flow[1], &first), FA_OK);
    CHECK(write_pattern(&pair, 0, 10, 10));
    settle(&pair);
    fa_flow_done(pair.flow[1], first.len);
    CHECK(t_traps(overdo, &(struct overdone){pair.flow[1], 1})); /* there, but not seen */
    close_pair(&pair);
}

static void check_commit_sends_what_it_says(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    uint8_t *at = NULL;
    size_t cap = 0;
    CHECK_EQ(fa_flow_reserve(pair.flow[0], &at, &cap), FA_OK);
    CHECK(cap >= 1);
    at[0] = CANARY;
    fa_flow_commit(pair.flow[0], 0);
    settle(&pair);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(pair.flow[1], &seen), FA_AGAIN);

    CHECK_EQ(fa_flow_reserve(pair.flow[0], &at, &cap), FA_OK);
    for (size_t i = 0; i < fa_min(cap, 8); i++) {
        at[i] = pattern_at(i);
    }
    fa_flow_commit(pair.flow[0], fa_min(cap, 3));
    CHECK(write_pattern(&pair, 0, fa_min(cap, 3), 50));
    CHECK(read_pattern(&pair, 1, 0, fa_min(cap, 3) + 50));
    settle(&pair);
    CHECK_EQ(fa_flow_peek(pair.flow[1], &seen), FA_AGAIN);
    close_pair(&pair);
}

static void check_who_does_not_read_stops_the_writer(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    size_t total = 0;
    int idle_count = 0;
    while (idle_count < SETTLE_COUNT && total < SEND_LIMIT_MAX) {
        const size_t written = write_some(pair.flow[0], total, 64 * 1024);
        total += written;
        idle_count = written == 0 ? idle_count + 1 : 0;
        pump_once(&pair);
    }
    CHECK(total > 0 && total < SEND_LIMIT_MAX);
    uint8_t byte;
    uint8_t *at = &byte;
    size_t cap = CANARY;
    struct watcher watcher = {.watch.fn = note_events};
    pair.flow[0]->watch = &watcher.watch;
    CHECK_EQ(fa_flow_reserve(pair.flow[0], &at, &cap), FA_AGAIN);
    CHECK(at == &byte && cap == CANARY);
    CHECK(read_pattern(&pair, 1, 0, total));
    settle(&pair);
    CHECK((watcher.events & FA_FLOW_WRITABLE) != 0);
    CHECK(write_pattern(&pair, 0, total, 1000));
    CHECK(read_pattern(&pair, 1, total, 1000));
    close_pair(&pair);
}

static void check_long_streams_arrive_whole(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    size_t sent[2] = {0};
    size_t seen[2] = {0};
    for (int i = 0; i < PUMP_COUNT_MAX && seen[0] + seen[1] < (size_t)2 * STREAM_LEN; i++) {
        for (int end = 0; end < 2; end++) {
            const size_t piece = 1 + (size_t)fa_rand_below(&rand, 9000);
            sent[end] +=
                write_some(pair.flow[end], sent[end], fa_min(piece, STREAM_LEN - sent[end]));
            const size_t bite = 1 + (size_t)fa_rand_below(&rand, 9000);
            seen[end] += read_some(pair.flow[1 - end], seen[end], bite);
        }
        pump_once(&pair);
    }
    CHECK_EQ(seen[0], STREAM_LEN);
    CHECK_EQ(seen[1], STREAM_LEN);
    close_pair(&pair);
}

static void check_the_watch_is_told(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    struct watcher watcher = {.watch.fn = note_events};
    struct fa_slice seen;
    settle(&pair);
    pair.flow[1]->watch = &watcher.watch;
    CHECK_EQ(fa_flow_peek(pair.flow[1], &seen), FA_AGAIN);
    CHECK(write_pattern(&pair, 0, 0, 5));
    settle(&pair);
    CHECK((watcher.events & FA_FLOW_READABLE) != 0);

    CHECK(read_pattern(&pair, 1, 0, 5));
    CHECK_EQ(fa_flow_peek(pair.flow[1], &seen), FA_AGAIN);
    watcher.events = 0;
    CHECK_EQ(fa_flow_shutdown(pair.flow[0]), FA_OK);
    settle(&pair);
    CHECK((watcher.events & FA_FLOW_READABLE) != 0);
    CHECK_EQ(fa_flow_peek(pair.flow[1], &seen), FA_ECLOSED);
    close_pair(&pair);

    pair = open_pair(target);
    REQUIRE(pair.ok);
    watcher.events = 0;
    settle(&pair);
    pair.flow[1]->watch = &watcher.watch;
    CHECK_EQ(fa_flow_peek(pair.flow[1], &seen), FA_AGAIN);
    give_back(&pair, 0, fa_flow_abort);
    settle(&pair);
    CHECK((watcher.events & FA_FLOW_READABLE) != 0);
    close_pair(&pair);
}

static void check_half_close(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    uint8_t byte;
    uint8_t *at = &byte;
    size_t cap = CANARY;
    CHECK(write_pattern(&pair, 0, 0, HELD_LEN));
    CHECK_EQ(fa_flow_shutdown(pair.flow[0]), FA_OK);
    CHECK_EQ(fa_flow_shutdown(pair.flow[0]), FA_OK);
    CHECK_EQ(fa_flow_reserve(pair.flow[0], &at, &cap), FA_ECLOSED);
    CHECK(at == &byte && cap == CANARY);
    CHECK(read_pattern(&pair, 1, 0, HELD_LEN));
    CHECK_EQ(peek_outcome(&pair, 1), FA_ECLOSED);
    CHECK_EQ(peek_outcome(&pair, 1), FA_ECLOSED);

    CHECK(write_pattern(&pair, 1, 0, HELD_LEN));
    CHECK(read_pattern(&pair, 0, 0, HELD_LEN));
    CHECK_EQ(fa_flow_shutdown(pair.flow[0]), FA_OK);
    CHECK_EQ(fa_flow_shutdown(pair.flow[1]), FA_OK);
    CHECK_EQ(peek_outcome(&pair, 0), FA_ECLOSED);
    give_back(&pair, 0, fa_flow_close);
    give_back(&pair, 1, fa_flow_close);
    close_pair(&pair);
}

static void check_close_sends_what_was_committed(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    CHECK(write_pattern(&pair, 0, 0, HELD_LEN));
    give_back(&pair, 0, fa_flow_close);
    CHECK(read_pattern(&pair, 1, 0, HELD_LEN));
    CHECK_EQ(peek_outcome(&pair, 1), FA_ECLOSED);
    CHECK_EQ(reserve_outcome(&pair, 1), FA_ERESET);
    close_pair(&pair);
}

static void check_close_over_unread_bytes_resets(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    CHECK(write_pattern(&pair, 0, 0, 100));
    settle(&pair);
    struct fa_slice seen;
    CHECK_EQ(fa_flow_peek(pair.flow[1], &seen), FA_OK);
    give_back(&pair, 1, fa_flow_close);
    CHECK_EQ(peek_outcome(&pair, 0), FA_ERESET);
    CHECK_EQ(reserve_outcome(&pair, 0), FA_ERESET);
    close_pair(&pair);
}

static void check_abort_breaks_off(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    CHECK(write_pattern(&pair, 1, 0, 10));
    give_back(&pair, 0, fa_flow_abort);
    settle(&pair);
    uint8_t byte;
    uint8_t *at = &byte;
    size_t cap = CANARY;
    CHECK_EQ(peek_outcome(&pair, 1), FA_ERESET);
    CHECK_EQ(fa_flow_reserve(pair.flow[1], &at, &cap), FA_ERESET);
    CHECK_EQ(fa_flow_shutdown(pair.flow[1]), FA_ERESET);
    CHECK(at == &byte && cap == CANARY);
    give_back(&pair, 1, fa_flow_close);
    close_pair(&pair);
}

/* ---- the calls that wait, on fibers ---- */

static struct fa_fibers *get_fibers(void)
{
    static struct fa_fibers fibers;
    static bool made;
    if (!made) {
        fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = FIBER_COUNT_MAX},
            fa_clock_mono_ns());
        made = true; /* once: stacks are never given back */
    }
    return &fibers;
}

/* One fiber's call and what came of it. */
struct task {
    struct fa_flow *flow;
    fa_ns deadline;
    const uint8_t *bytes;
    size_t len;
    fa_err err;
    fa_ns ended_ns;
    bool over;
};

static void task_peek(void *ctx)
{
    struct task *task = ctx;
    struct fa_slice seen;
    task->err = fa_flow_peek_wait(task->flow, task->deadline, &seen);
    task->ended_ns = fa_clock_mono_ns();
    task->over = true;
}

static void task_reserve(void *ctx)
{
    struct task *task = ctx;
    uint8_t *at;
    size_t cap;
    task->err = fa_flow_reserve_wait(task->flow, task->deadline, &at, &cap);
    if (task->err == FA_OK) {
        fa_flow_commit(task->flow, 0);
    }
    task->ended_ns = fa_clock_mono_ns();
    task->over = true;
}

static void task_write(void *ctx)
{
    struct task *task = ctx;
    task->err =
        fa_flow_write_all(task->flow, (struct fa_slice){task->bytes, task->len}, task->deadline);
    task->over = true;
}

static void task_read(void *ctx)
{
    struct task *task = ctx;
    size_t off = 0;
    struct fa_slice seen;
    while ((task->err = fa_flow_peek_wait(task->flow, task->deadline, &seen)) == FA_OK) {
        off += read_some(task->flow, off, seen.len);
    }
    task->len = off;
    task->over = true;
}

static void spawn(fa_fiber_fn fn, struct task *task, struct fa_fiber **ret_fiber)
{
    CHECK_EQ(fa_fiber_spawn(get_fibers(), fn, task, ret_fiber), FA_OK);
}

static void run_fibers(const struct pair *pair)
{
    (void)fa_fibers_run(get_fibers(), fa_clock_mono_ns()); /* whether any ran: seen by tasks */
    pump_once(pair);
}

static bool run_until_over(const struct pair *pair, const struct task *task)
{
    for (int i = 0; i < PUMP_COUNT_MAX && !task->over; i++) {
        run_fibers(pair);
    }
    return task->over;
}

/* Fill the way from end 0 until it takes no more. */
static void fill_up(struct pair *pair)
{
    size_t idle_count = 0;
    for (size_t off = 0; idle_count < SETTLE_COUNT && off < SEND_LIMIT_MAX; pump_once(pair)) {
        const size_t written = write_some(pair->flow[0], off, 64 * 1024);
        off += written;
        idle_count = written == 0 ? idle_count + 1 : 0;
    }
}

static void check_waits_end_at_their_deadline(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    struct watcher watcher = {.watch.fn = note_events};
    const fa_fiber_fn fns[] = {task_peek, task_reserve};
    fill_up(&pair);
    pair.flow[0]->watch = &watcher.watch;
    for (size_t i = 0; i < FA_COUNT_OF(fns); i++) {
        struct task task = {
            .flow = pair.flow[0], .deadline = fa_ns_after(fa_clock_mono_ns(), 5 * FA_NS_MS)};
        spawn(fns[i], &task, NULL);
        REQUIRE(run_until_over(&pair, &task));
        CHECK_EQ(task.err, FA_ETIMEOUT);
        CHECK(task.ended_ns >= task.deadline);
        CHECK(pair.flow[0]->watch == &watcher.watch);
    }
    close_pair(&pair);
}

static void check_waits_end_with_news(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    struct task reads = {.flow = pair.flow[1], .deadline = FA_NS_NEVER};
    spawn(task_peek, &reads, NULL);
    for (int i = 0; i < SETTLE_COUNT; i++) {
        run_fibers(&pair);
    }
    CHECK(!reads.over);
    CHECK(write_pattern(&pair, 0, 0, 1));
    REQUIRE(run_until_over(&pair, &reads));
    CHECK_EQ(reads.err, FA_OK);
    CHECK(read_pattern(&pair, 1, 0, 1));

    size_t off = 0;
    fill_up(&pair);
    struct task writes = {.flow = pair.flow[0], .deadline = FA_NS_NEVER};
    spawn(task_reserve, &writes, NULL);
    for (int i = 0; i < SETTLE_COUNT; i++) {
        run_fibers(&pair);
    }
    CHECK(!writes.over);
    for (int i = 0; i < PUMP_COUNT_MAX && !writes.over; i++) {
        off += read_some(pair.flow[1], off, SIZE_MAX);
        run_fibers(&pair);
    }
    CHECK(writes.over);
    CHECK_EQ(writes.err, FA_OK);
    close_pair(&pair);
}

static void check_waits_can_be_cancelled(const struct conform_flow_target *target)
{
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    const fa_fiber_fn fns[] = {task_peek, task_reserve, task_write};
    fill_up(&pair);
    for (size_t i = 0; i < FA_COUNT_OF(fns); i++) {
        struct task task = {.flow = pair.flow[0],
            .deadline = FA_NS_NEVER,
            .bytes = (const uint8_t *)"bytes",
            .len = 5};
        struct fa_fiber *fiber = NULL;
        spawn(fns[i], &task, &fiber);
        run_fibers(&pair);
        REQUIRE(!task.over && fiber != NULL);
        fa_fiber_cancel(fiber);
        REQUIRE(run_until_over(&pair, &task));
        CHECK_EQ(task.err, FA_ECANCEL);
        CHECK(pair.flow[0]->watch == NULL);
    }
    close_pair(&pair);
}

static void check_fibers_stream(const struct conform_flow_target *target)
{
    static uint8_t bytes[STREAM_LEN];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = pattern_at(i);
    }
    struct pair pair = open_pair(target);
    REQUIRE(pair.ok);
    struct task writes = {
        .flow = pair.flow[0], .deadline = FA_NS_NEVER, .bytes = bytes, .len = sizeof bytes};
    struct task reads = {.flow = pair.flow[1], .deadline = FA_NS_NEVER};
    spawn(task_write, &writes, NULL);
    spawn(task_read, &reads, NULL);
    REQUIRE(run_until_over(&pair, &writes));
    CHECK_EQ(writes.err, FA_OK);
    CHECK_EQ(fa_flow_shutdown(pair.flow[0]), FA_OK);
    REQUIRE(run_until_over(&pair, &reads));
    CHECK_EQ(reads.err, FA_ECLOSED);
    CHECK_EQ(reads.len, sizeof bytes);
    close_pair(&pair);
}

static void check_waits_end_when_the_flow_breaks(const struct conform_flow_target *target)
{
    const fa_fiber_fn fns[] = {task_peek, task_reserve, task_write};
    for (size_t i = 0; i < FA_COUNT_OF(fns); i++) {
        struct pair pair = open_pair(target);
        REQUIRE(pair.ok);
        fill_up(&pair);
        struct task task = {.flow = pair.flow[0],
            .deadline = FA_NS_NEVER,
            .bytes = (const uint8_t *)"bytes",
            .len = 5};
        spawn(fns[i], &task, NULL);
        run_fibers(&pair);
        CHECK(!task.over);
        give_back(&pair, 1, fa_flow_abort);
        REQUIRE(run_until_over(&pair, &task));
        CHECK_EQ(task.err, FA_ERESET);
        close_pair(&pair);
    }
}

void conform_flow(const struct conform_flow_target *target)
{
    check_a_fresh_flow_is_silent(target);
    check_bytes_go_both_ways(target);
    check_peek_leaves_and_done_forgets(target);
    check_commit_sends_what_it_says(target);
    check_who_does_not_read_stops_the_writer(target);
    check_long_streams_arrive_whole(target);
    check_the_watch_is_told(target);
    check_half_close(target);
    check_close_sends_what_was_committed(target);
    check_close_over_unread_bytes_resets(target);
    check_abort_breaks_off(target);
    check_waits_end_at_their_deadline(target);
    check_waits_end_with_news(target);
    check_waits_can_be_cancelled(target);
    check_fibers_stream(target);
    check_waits_end_when_the_flow_breaks(target);
}
