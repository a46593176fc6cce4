// SPDX-License-Identifier: ISC
//
// See tcp_pair.h.

#include "test/unit/tcp_pair.h"

#include "src/net/tcp_priv.h"
#include "test/t.h"

enum {
    WIRE_BUFS = 8192,
};

struct pair pair;

static _Alignas(64) uint8_t wire_memory[WIRE_BUFS * FA_BUF_SIZE];

void pair_init(const struct pair_config *config)
{
    pair.config = *config;
    pair.now = 5 * FA_NS_S;
    pair.skew[0] = pair.skew[1] = 0;
    pair.sent_count = 0;
    pair.lost_count = 0;
    fa_rand_init_seed(&pair.rand, config->seed + 1);
    fa_pool_init(&pair.wire_pool, wire_memory, sizeof wire_memory, FA_BUF_SIZE);
    for (int i = 0; i < 2; i++) {
        fa_list_init(&pair.wire[i]);
        tcp_end_init(&pair.ends[i], &config->tcp, fa_ip4(10, 0, 0, (uint8_t)(i + 1)), 80,
            config->pool_bufs, config->seed * 2 + (unsigned)i, pair.now);
    }
    struct fa_tcp_listen_config listen = {.port = 80, .nagle = config->nagle};
    CHECK_EQ(fa_tcp_listen(&pair.ends[1].tcp, &pair.ends[1].listener, &listen), FA_OK);
}

fa_err pair_connect(struct fa_flow **ret_flow)
{
    struct fa_tcp_connect_config config = {
        .remote = {pair.ends[1].ip, 80},
        .local = pair.ends[0].ip,
        .mtu_bytes = TCP_END_MTU,
        .nagle = pair.config.nagle,
    };
    return fa_tcp_connect(&pair.ends[0].tcp, pair.now + pair.skew[0], &config, ret_flow);
}

/* ---- the wire ---- */

static void put_on_wire(struct fa_buf *take, int target, fa_ns due)
{
    struct fa_list *before = pair.wire[target].prev;
    while (before != &pair.wire[target] && fa_buf_of(before)->at_ns > due) {
        before = before->prev;
    }
    take->at_ns = due;
    fa_list_insert_after(before, &take->node);
}

static void carry(int from, struct fa_slice segment)
{
    const struct pair_config *config = &pair.config;
    struct fa_rand *rand = &pair.rand;
    unsigned copies = fa_rand_chance(rand, config->duplicate_per_million) ? 2 : 1;
    pair.sent_count++;
    if (fa_rand_chance(rand, config->loss_per_million)) {
        pair.lost_count++;
        return;
    }
    for (; copies > 0; copies--) {
        struct fa_buf *buf;
        fa_ns delay = config->delay_ns;
        if (fa_rand_chance(rand, config->reorder_per_million)) {
            delay += fa_rand_below(rand, 4 * config->delay_ns + 1);
        }
        if (fa_buf_alloc(&pair.wire_pool, 34, &buf) != FA_OK) {
            pair.lost_count++;
            return;
        }
        fa_copy(fa_buf_append(buf, segment.len), segment.at, segment.len);
        if (fa_rand_chance(rand, config->corrupt_per_million)) {
            fa_buf_at(buf)[fa_rand_below(rand, segment.len)] ^=
                (uint8_t)(1 << fa_rand_below(rand, 8));
        }
        put_on_wire(buf, 1 - from, fa_ns_after(pair.now, delay));
    }
}

static bool deliver(int to)
{
    struct tcp_end *end = &pair.ends[to];
    bool any = false;
    struct fa_list *node;
    while ((node = fa_list_first(&pair.wire[to])) != NULL && fa_buf_of(node)->at_ns <= pair.now) {
        struct fa_buf *frame = fa_buf_of(node);
        struct fa_buf *buf;
        fa_list_unlink(node);
        struct fa_ip_meta meta = {
            .local = end->ip, .remote = pair.ends[1 - to].ip, .mtu_bytes = TCP_END_MTU};
        if (fa_buf_alloc(&end->pool, 34, &buf) == FA_OK) {
            fa_copy(fa_buf_append(buf, frame->len), fa_buf_at(frame), frame->len);
            fa_tcp_input(&end->tcp, pair.now + pair.skew[to], &meta, buf);
        } else {
            pair.lost_count++;
        }
        fa_buf_drop(frame);
        any = true;
    }
    return any;
}

static bool send_all(int from)
{
    static _Alignas(64) uint8_t memory[FA_BUF_SIZE];
    struct tcp_end *end = &pair.ends[from];
    bool any = false;
    while (fa_tcp_has_output(&end->tcp)) {
        struct fa_pool pool;
        struct fa_buf *buf;
        struct fa_ip_meta meta;
        fa_pool_init(&pool, memory, sizeof memory, sizeof memory);
        CHECK_EQ(fa_buf_alloc(&pool, FA_BUF_HEADROOM, &buf), FA_OK);
        if (!fa_tcp_output(&end->tcp, pair.now + pair.skew[from], buf, &meta)) {
            break;
        }
        any = true;
        struct fa_tcp_header header;
        struct fa_slice segment = fa_buf_slice(buf);
        CHECK_EQ(fa_tcp_decode(segment, &meta, true, &header), FA_TCP_GOOD);
        if (pair.config.look == NULL || pair.config.look(from, &header, segment.len - header.len)) {
            carry(from, segment);
        }
    }
    return any;
}

void pair_pump(fa_ns now)
{
    bool any = true;
    pair.now = now;
    while (any) {
        any = false;
        for (int i = 0; i < 2; i++) {
            any = deliver(i) || any;
            fa_tcp_tick(&pair.ends[i].tcp, now + pair.skew[i]);
            any = send_all(i) || any;
        }
    }
    for (int i = 0; i < 2; i++) {
        fa__tcp_check_all(&pair.ends[i].tcp);
    }
}

/* When something will happen by itself. */
static fa_ns next_event(void)
{
    fa_ns next = FA_NS_NEVER;
    for (int i = 0; i < 2; i++) {
        struct fa_list *first = fa_list_first(&pair.wire[i]);
        next = fa_ns_min(next, first != NULL ? fa_buf_of(first)->at_ns : FA_NS_NEVER);
        fa_ns deadline = fa_tcp_deadline(&pair.ends[i].tcp);
        deadline -= deadline == FA_NS_NEVER ? 0 : fa_min(deadline, pair.skew[i]);
        next = fa_ns_min(next, deadline);
    }
    return next;
}

bool pair_turn(void)
{
    pair_pump(pair.now);
    fa_ns next = next_event();
    pair.now = next == FA_NS_NEVER ? pair.now : fa_max(pair.now, next);
    return next != FA_NS_NEVER;
}

void pair_run(fa_ns duration)
{
    fa_ns until = pair.now + duration;
    pair_pump(pair.now);
    for (fa_ns next = next_event(); next <= until; next = next_event()) {
        pair_pump(fa_max(pair.now, next));
    }
    pair.now = fa_max(pair.now, until);
}

bool pair_open(struct fa_flow *flows[2])
{
    if (pair_connect(&flows[0]) != FA_OK) {
        return false;
    }
    fa_ns until = pair.now + 60 * FA_NS_S;
    while (fa_listener_accept(&pair.ends[1].listener.listener, &flows[1]) != FA_OK) {
        if (!pair_turn() || pair.now > until) {
            return false;
        }
    }
    return true;
}

void pair_end(fa_ns duration)
{
    pair_run(duration);
    fa_listener_close(&pair.ends[1].listener.listener);
    for (int i = 0; i < 2; i++) {
        fa_tcp_reset_all(&pair.ends[i].tcp, pair.now + pair.skew[i], NULL); // TIME_WAIT
    }
    pair.config.look = NULL;
    pair.config.loss_per_million = 1000000;
    pair_pump(pair.now);
    for (int i = 0; i < 2; i++) {
        fa_buf_drop_all(&pair.wire[i]);
        CHECK_EQ(pair.ends[i].tcp.live_count, 0);
        CHECK_EQ(pair.ends[i].pool.used_count, 0);
    }
    CHECK_EQ(pair.wire_pool.used_count, 0);
}

/* ---- streams ---- */

/* Different for each stream and never repeating within 2^32 bytes. */
static uint8_t pattern_at(unsigned id, uint64_t off)
{
    uint64_t word = ((off >> 3) + 1) * UINT64_C(0x9e3779b97f4a7c15) + id * UINT64_C(0x12345679);
    return (uint8_t)(word >> (8 * (off & 7)));
}

size_t pair_write(struct fa_flow *flow, unsigned id, uint64_t *off, size_t len)
{
    size_t done = 0;
    uint8_t *at;
    size_t cap;
    while (done < len && fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        size_t piece = fa_min(cap, len - done);
        for (size_t i = 0; i < piece; i++) {
            at[i] = pattern_at(id, *off + i);
        }
        fa_flow_commit(flow, piece);
        *off += piece;
        done += piece;
    }
    return done;
}

size_t pair_read(struct fa_flow *flow, unsigned id, uint64_t *off, size_t len)
{
    size_t done = 0;
    struct fa_slice seen;
    while (done < len && fa_flow_peek(flow, &seen) == FA_OK) {
        size_t piece = fa_min(seen.len, len - done);
        size_t wrong_count = 0;
        for (size_t i = 0; i < piece; i++) {
            wrong_count += seen.at[i] != pattern_at(id, *off + i);
        }
        CHECK_EQ(wrong_count, 0);
        fa_flow_done(flow, piece);
        *off += piece;
        done += piece;
    }
    return done;
}
