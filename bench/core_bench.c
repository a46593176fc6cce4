// SPDX-License-Identifier: ISC
//
// core_bench: what the smallest operations of core cost, a row each, in the form that tools/bench
// reads. With a row's name and a number as arguments it does that many operations of it and prints
// nothing, so that instructions can be counted.

#include <stdlib.h>
#include <ucontext.h>

#include "fa/buf.h"
#include "fa/chan.h"
#include "fa/deadline.h"
#include "fa/fmt.h"
#include "fa/hash.h"
#include "fa/log.h"
#include "fa/plat.h"
#include "fa/rand.h"
#include "fa/trace.h"

enum {
    ROUNDS = 5, /* of ours and the peer's in turn; the quickest of each counts */
};

/* Keeps the compiler from dropping work whose result nobody reads. */
static void keep(uint64_t value)
{
    __asm__ __volatile__("" : : "r"(value) : "memory");
}

/* ---- hashes ---- */

static uint8_t bytes[4096];

static void hash_40_bytes(uint64_t count)
{
    const struct fa_siphash_key key = {1, 2};
    for (uint64_t idx = 0; idx < count; idx++) {
        keep(fa_siphash(&key, (struct fa_slice){bytes, 40}));
    }
}

static void sum_4_kib(uint64_t count)
{
    uint32_t crc = 0;
    for (uint64_t idx = 0; idx < count; idx++) {
        crc = fa_crc32c(crc, (struct fa_slice){bytes, sizeof bytes});
    }
    keep(crc);
}

/* The same sum, a byte and a bit at a time, as the RFC defines it. */
static void sum_4_kib_bitwise(uint64_t count)
{
    uint32_t crc = 0;
    for (uint64_t idx = 0; idx < count; idx++) {
        crc = ~crc;
        for (size_t off = 0; off < sizeof bytes; off++) {
            crc ^= bytes[off];
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >> 1 ^ (0x82f63b78 & (0 - (crc & 1)));
            }
        }
        crc = ~crc;
    }
    keep(crc);
}

static void draw_random(uint64_t count)
{
    struct fa_rand rand;
    fa_rand_init_seed(&rand, 1);
    for (uint64_t idx = 0; idx < count; idx++) {
        keep(fa_rand_u64(&rand));
    }
}

/* ---- fibers and channels ---- */

static struct fa_fibers fibers;

static void init_fibers(void)
{
    static bool ready;
    if (!ready) {
        fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = 2}, 0);
        ready = true;
    }
}

static void spawn(fa_fiber_fn fn, uint64_t *count)
{
    FA_ASSERT(fa_fiber_spawn(&fibers, fn, count, NULL) == FA_OK);
}

static void yield_often(void *ctx)
{
    for (uint64_t left = *(uint64_t *)ctx; left > 0; left--) {
        fa_fiber_yield();
    }
}

/* A round trip: the run queue, the switch to the fiber and the switch back. */
static void switch_fibers(uint64_t count)
{
    init_fibers();
    spawn(yield_often, &count);
    while (fa_fibers_run(&fibers, 0)) {
    }
}

static ucontext_t main_context;
static ucontext_t other_context;

static void swap_forever(void)
{
    for (;;) {
        swapcontext(&other_context, &main_context);
    }
}

static void switch_contexts(uint64_t count)
{
    static uint8_t stack[64 * 1024];
    getcontext(&other_context);
    other_context.uc_stack.ss_sp = stack;
    other_context.uc_stack.ss_size = sizeof stack;
    makecontext(&other_context, swap_forever, 0);
    for (uint64_t idx = 0; idx < count; idx++) {
        swapcontext(&main_context, &other_context);
    }
}

static void do_nothing(void *ctx)
{
    keep((uintptr_t)ctx);
}

static void spawn_and_end(uint64_t count)
{
    init_fibers();
    for (uint64_t idx = 0; idx < count; idx++) {
        spawn(do_nothing, NULL);
        fa_fibers_run(&fibers, 0);
    }
}

static struct fa_chan chan;
static uint64_t cells[16];

static void send_often(void *ctx)
{
    for (uint64_t left = *(uint64_t *)ctx; left > 0; left--) {
        FA_ASSERT(fa_chan_send(&chan, &left, FA_NS_NEVER) == FA_OK);
    }
}

static void recv_often(void *ctx)
{
    uint64_t item;
    for (uint64_t left = *(uint64_t *)ctx; left > 0; left--) {
        FA_ASSERT(fa_chan_recv(&chan, &item, FA_NS_NEVER) == FA_OK);
    }
}

static void pass_items(uint64_t count)
{
    init_fibers();
    fa_chan_init(&chan, cells, sizeof cells[0], FA_COUNT_OF(cells));
    spawn(send_often, &count);
    spawn(recv_often, &count);
    while (fa_fibers_run(&fibers, 0)) {
    }
}

/* ---- buffers and deadlines ---- */

static void take_buffers(uint64_t count)
{
    static _Alignas(64) uint8_t memory[16 * FA_BUF_SIZE];
    struct fa_pool pool;
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    for (uint64_t idx = 0; idx < count; idx++) {
        struct fa_buf *buf;
        FA_ASSERT(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf) == FA_OK);
        keep((uintptr_t)buf);
        fa_buf_drop(buf);
    }
}

static void take_blocks(uint64_t count)
{
    for (uint64_t idx = 0; idx < count; idx++) {
        void *block = malloc(FA_BUF_SIZE);
        keep((uintptr_t)block);
        free(block);
    }
}

/* A retransmission timer, moved with each acknowledgement. */
static void move_deadline(uint64_t count)
{
    static struct fa_deadline_queue queue;
    struct fa_deadline deadline = {0};
    fa_deadline_queue_init(&queue, 0);
    for (uint64_t idx = 0; idx < count; idx++) {
        fa_deadline_set(&queue, &deadline, 200 * FA_NS_MS + idx * 10 * FA_NS_US);
    }
    fa_deadline_clear(&queue, &deadline);
}

/* ---- what is emitted ---- */

static void trace_nothing(uint64_t count)
{
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
    for (uint64_t idx = 0; idx < count; idx++) {
        FA_TRACE(fiber_wait, idx, 1, idx);
        keep(idx);
    }
}

static void trace_word(uint64_t count)
{
    static _Alignas(64) uint8_t memory[sizeof(struct fa_trace_ring) + 65536];
    fa_trace_attach(FA_TRACE_SCHED, memory, sizeof memory);
    for (uint64_t idx = 0; idx < count; idx++) {
        FA_TRACE(fiber_wait, idx, 1, idx);
    }
    fa_trace_attach(FA_TRACE_SCHED, NULL, 0);
}

static void log_nothing(uint64_t count)
{
    for (uint64_t idx = 0; idx < count; idx++) {
        FA_LOG(app, FA_LOG_DEBUG, "%llu", (unsigned long long)idx);
        keep(idx);
    }
}

/* ---- rows ---- */

static const struct row {
    const char *name;
    uint64_t count;
    void (*ours)(uint64_t count);
    void (*peer)(uint64_t count);
    const char *peer_name;
    uint64_t peer_count;
} rows[] = {
    {"siphash-2-4 of 40 bytes", 1000000, hash_40_bytes, NULL, NULL, 0},
    {"crc32c of 4 KiB", 2000, sum_4_kib, sum_4_kib_bitwise, "bit by bit", 200},
    {"random 64 bits", 1000000, draw_random, NULL, NULL, 0},
    {"fiber round trip", 1000000, switch_fibers, switch_contexts, "swapcontext", 100000},
    {"fiber spawn, run, end", 500000, spawn_and_end, NULL, NULL, 0},
    {"chan send and recv", 1000000, pass_items, NULL, NULL, 0},
    {"buf alloc and drop", 1000000, take_buffers, take_blocks, "malloc and free", 1000000},
    {"deadline moved, 1 set", 1000000, move_deadline, NULL, NULL, 0},
    {"trace, class off", 10000000, trace_nothing, NULL, NULL, 0},
    {"trace, one word", 1000000, trace_word, NULL, NULL, 0},
    {"log below threshold", 10000000, log_nothing, NULL, NULL, 0},
};

static double measure(void (*fn)(uint64_t count), uint64_t count)
{
    fa_ns start = fa_clock_mono_ns();
    fn(count);
    return (double)(fa_clock_mono_ns() - start) / (double)count;
}

/* Nanoseconds as text with two decimals, which fa_fmt() does not do by itself. */
static void add_ns(struct fa_text *out, const char *name, double ns)
{
    unsigned long long hundredths = (unsigned long long)(ns * 100 + 0.5);
    fa_text_add(out, ",\"%s\":%llu.%02llu", name, hundredths / 100, hundredths % 100);
}

static void print_row(const struct row *row)
{
    double ours = 1e18;
    double peer = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double ns = measure(row->ours, row->count);
        ours = ns < ours ? ns : ours;
        if (row->peer != NULL) {
            ns = measure(row->peer, row->peer_count);
            peer = ns < peer ? ns : peer;
        }
    }
    char line[512];
    struct fa_text out;
    fa_text_init(&out, line, sizeof line);
    fa_text_add(&out, "{\"area\":\"core\",\"name\":\"%s\",\"unit\":\"ns\"", row->name);
    add_ns(&out, "ours", ours);
    if (row->peer != NULL) {
        fa_text_add(&out, ",\"peer_name\":\"%s\"", row->peer_name);
        add_ns(&out, "peer", peer);
    } else {
        fa_text_add(&out, ",\"peer_name\":null,\"peer\":null");
    }
    fa_text_add(&out, ",\"bar\":null,\"better\":\"lower\",\"count\":1000}\n");
    fa_console_write(fa_text_slice(&out));
}

int fa_main(void)
{
    struct fa_slice wanted = fa_plat_arg(1);
    uint64_t count = 0;
    if (wanted.at != NULL && fa_parse_u64(fa_plat_arg(2), UINT64_MAX, &count) != FA_OK) {
        fa_console_write(FA_LIT("usage: core_bench [ROW COUNT]\n"));
        return 1;
    }
    for (size_t idx = 0; idx < FA_COUNT_OF(rows); idx++) {
        if (wanted.at == NULL) {
            print_row(&rows[idx]);
        } else if (fa_slice_equal(wanted, fa_slice_of(rows[idx].name))) {
            rows[idx].ours(count);
        }
    }
    return 0;
}
