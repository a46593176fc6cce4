// SPDX-License-Identifier: ISC
//
// test/sim/handover_test.c: connections move from stack to stack while they carry data.
//
// Two ends, a wire with faults, several connections with bytes both ways, all from one seed. Every
// now and then all connections of one end are saved, half-open ones included, and loaded by a new
// stack of the same address with another clock, other keys and other memory, after a pause in which
// its segments are lost. Checked: every byte, an orderly end of each, nothing sent by the saving,
// nothing left.

#include "fa/fmt.h"
#include "fa/sim.h"
#include "fa/tcp_handover.h"
#include "src/net/tcp_priv.h"
#include "test/t.h"
#include "test/unit/tcp_pair.h"

enum {
    CONNS_MAX = 8,
    BYTES_MAX = 200000, /* each way */
    MOVES_MIN = 20,
    SAVED_BYTES = 16 << 20,
    SAVED_MAX = 256,
    LIVENESS_S = 3000,
};

struct side {
    struct fa_flow *flow; /* NULL: not yet, or closed */
    uint64_t written;
    uint64_t seen;
    bool shut;
    bool done; /* everything read, their end seen, closed */
};

static struct side sides[2][CONNS_MAX];
static uint64_t bytes_of[2][CONNS_MAX]; /* that the side writes */
static size_t conn_count;
static struct fa_rand rand_;
static uint8_t saved[SAVED_BYTES];
static size_t saved_off[SAVED_MAX + 1];
static struct fa_flow **saved_flow[SAVED_MAX]; /* where the flow goes; NULL: none stood for it */
static size_t saved_count;
static uint32_t move_count;
static uint32_t state_counts[FA_TCP_STATE_COUNT];

/* ---- moving ---- */

static void save_all(int end)
{
    struct tcp_end *from = &pair.ends[end];
    fa_ns now = pair.now + pair.skew[end];
    size_t len;
    saved_count = 0;
    saved_off[0] = 0;
    for (size_t i = 0; i < conn_count; i++) {
        struct fa_flow **flow = &sides[end][i].flow;
        if (*flow != NULL) {
            size_t off = saved_off[saved_count];
            state_counts[fa__tcp_conn_of(*flow)->state]++;
            REQUIRE(fa_tcp_save(*flow, now, saved + off, sizeof saved - off, &len) == FA_OK);
            saved_flow[saved_count++] = flow;
            saved_off[saved_count] = off + len;
        }
    }
    size_t off = saved_off[saved_count];
    while (fa_tcp_save_next(&from->tcp, now, saved + off, sizeof saved - off, &len) == FA_OK) {
        REQUIRE(saved_count < SAVED_MAX);
        state_counts[saved[off + 6]]++; // docs/spec/tcp-handover.md
        saved_flow[saved_count++] = NULL;
        off += len;
        saved_off[saved_count] = off;
    }
    // What is still to be said is said to strangers: resets of no connection.
    CHECK(fa_list_empty(&from->tcp.dirty));
    CHECK_EQ(from->tcp.live_count, 0);
    CHECK_EQ(from->pool.used_count, 0);
}

/* Nobody is there: what arrives is lost. */
static void pause_end(int end, fa_ns duration)
{
    struct fa_list *node;
    pair.now += duration;
    while ((node = fa_list_first(&pair.wire[end])) != NULL && fa_buf_of(node)->at_ns <= pair.now) {
        fa_list_unlink(node);
        fa_buf_drop(fa_buf_of(node));
    }
}

static void load_all(int end)
{
    struct tcp_end *to = &pair.ends[end];
    pair.skew[end] = fa_rand_below(&rand_, 1000000) * FA_NS_S + fa_rand_below(&rand_, FA_NS_S);
    fa_ns now = pair.now + pair.skew[end];
    tcp_end_init(to, &pair.config.tcp, to->ip, 80, pair.config.pool_bufs, fa_rand_u64(&rand_), now);
    if (end == 1) {
        CHECK_EQ(fa_tcp_listen(&to->tcp, &to->listener, &(struct fa_tcp_listen_config){.port = 80}),
            FA_OK);
    }
    for (size_t i = 0; i < saved_count; i++) {
        struct fa_slice bytes = {saved + saved_off[i], saved_off[i + 1] - saved_off[i]};
        struct fa_flow *flow = NULL;
        CHECK_EQ(fa_tcp_load(&to->tcp, now, bytes, &flow), FA_OK);
        CHECK((flow != NULL) == (saved_flow[i] != NULL));
        if (saved_flow[i] != NULL) {
            *saved_flow[i] = flow;
        }
    }
    fa__tcp_check_all(&to->tcp);
}

static void move(int end)
{
    pair_pump(pair.now);
    save_all(end);
    if (fa_rand_chance(&rand_, 500000)) {
        pause_end(end, fa_rand_below(&rand_, 100) * FA_NS_MS);
    }
    load_all(end);
    move_count++;
}

/* ---- the work ---- */

/* Streams are told apart by the client's port, which both sides know. */
static unsigned stream_of(const struct fa_flow *flow, int writer)
{
    struct fa_tcp_info info;
    fa_tcp_info_of(flow, &info);
    uint16_t port = info.local.port == 80 ? info.remote.port : info.local.port;
    return (unsigned)port * 2 + (unsigned)writer;
}

static size_t index_of_port(uint16_t port, const uint16_t *ports)
{
    for (size_t i = 0; i < conn_count; i++) {
        if (ports[i] == port) {
            return i;
        }
    }
    return CONNS_MAX;
}

static void accept_all(const uint16_t *ports)
{
    struct fa_flow *flow;
    while (fa_listener_accept(&pair.ends[1].listener.listener, &flow) == FA_OK) {
        struct fa_tcp_info info;
        fa_tcp_info_of(flow, &info);
        size_t i = index_of_port(info.remote.port, ports);
        REQUIRE(i < conn_count);
        sides[1][i].flow = flow;
    }
}

static void work(int end, size_t i)
{
    struct side *side = &sides[end][i];
    struct fa_slice bytes;
    if (side->flow == NULL || side->done) {
        return;
    }
    if (fa_rand_chance(&rand_, 700000)) {
        size_t len =
            (size_t)fa_min(bytes_of[end][i] - side->written, 1 + fa_rand_below(&rand_, 20000));
        pair_write(side->flow, stream_of(side->flow, end), &side->written, len);
    }
    if (fa_rand_chance(&rand_, 700000)) {
        pair_read(side->flow, stream_of(side->flow, 1 - end), &side->seen,
            1 + fa_rand_below(&rand_, 20000));
    }
    if (side->written == bytes_of[end][i] && !side->shut) {
        CHECK_EQ(fa_flow_shutdown(side->flow), FA_OK);
        side->shut = true;
    }
    fa_err err = fa_flow_peek(side->flow, &bytes);
    if (side->shut && err == FA_ECLOSED) {
        CHECK_EQ(side->seen, bytes_of[1 - end][i]);
        fa_flow_close(side->flow);
        side->flow = NULL;
        side->done = true;
    } else if (err != FA_OK && err != FA_AGAIN && err != FA_ECLOSED) {
        t_fail(__FILE__, __LINE__, "connection %u of end %d broke: %s", (unsigned)i, end,
            fa_err_name(err));
    }
}

static bool all_done(void)
{
    bool done = true;
    for (size_t i = 0; i < conn_count; i++) {
        done = done && sides[0][i].done && sides[1][i].done;
    }
    return done;
}

static void begin(uint16_t *ports)
{
    static const uint32_t faults[] = {0, 0, 5000, 30000};
    conn_count = 2 + fa_rand_below(&rand_, CONNS_MAX - 1);
    pair_init(&(struct pair_config){
        .seed = fa_rand_u64(&rand_) >> 8,
        .delay_ns = fa_rand_below(&rand_, 40) * FA_NS_MS,
        .loss_per_million = faults[fa_rand_below(&rand_, 4)],
        .duplicate_per_million = faults[fa_rand_below(&rand_, 4)],
        .reorder_per_million = faults[fa_rand_below(&rand_, 4)] * 10,
    });
    for (size_t i = 0; i < conn_count; i++) {
        struct fa_tcp_info info;
        for (int end = 0; end < 2; end++) {
            sides[end][i] = (struct side){0};
            bytes_of[end][i] = fa_rand_below(&rand_, BYTES_MAX);
        }
        REQUIRE(pair_connect(&sides[0][i].flow) == FA_OK);
        fa_tcp_info_of(sides[0][i].flow, &info);
        ports[i] = info.local.port;
    }
}

T(connections_move_between_stacks_while_they_carry_data)
{
    uint16_t ports[CONNS_MAX];
    fa_rand_init_seed(&rand_, fa_sim_seed());
    move_count = 0;
    begin(ports);
    fa_ns start = pair.now;
    uint64_t turns_a_move = 8 + fa_rand_below(&rand_, 60);
    while ((!all_done() || move_count < MOVES_MIN) && !t_failed() &&
           pair.now < start + LIVENESS_S * FA_NS_S) {
        accept_all(ports);
        for (size_t i = 0; i < conn_count; i++) {
            work(0, i);
            work(1, i);
        }
        if (fa_rand_below(&rand_, turns_a_move) == 0) {
            move((int)fa_rand_below(&rand_, 2));
        } else if (!pair_turn()) {
            pair.now += FA_NS_MS;
        }
    }
    CHECK(all_done());
    CHECK(move_count >= MOVES_MIN);
    char states[128];
    size_t off = 0;
    for (int i = 0; i < FA_TCP_STATE_COUNT; i++) {
        off += fa_fmt(states + off, sizeof states - off, " %u", (unsigned)state_counts[i]);
    }
    t_note("seed %llu: %u connections, %u moves, %llu ms; saved by state:%s",
        (unsigned long long)fa_sim_seed(), (unsigned)conn_count, (unsigned)move_count,
        (unsigned long long)((pair.now - start) / FA_NS_MS), states);
    if (!t_failed()) {
        pair_end(500 * FA_NS_S);
    }
}
