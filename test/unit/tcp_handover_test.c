// SPDX-License-Identifier: ISC
//
// A connection as bytes: saved in every state without a sound, continued by a stack with another
// clock and other keys; the bytes as docs/spec/tcp-handover.md has them; bad ones refused.

#include "fa/tcp_handover.h"
#include "src/net/tcp_priv.h"
#include "src/net/tcp_saved.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
    MSS = TCP_END_MSS,
    SAVED_MAX = 1 << 20,
};

static uint8_t saved[SAVED_MAX];
static size_t saved_len;
static enum fa_tcp_congestion congestion_there; /* of connections that begin in the other stack */

static void start(void)
{
    lab_init(NULL);
    lab_listen(NULL);
    lab_accept();
}

/* `len` bytes of the stream from `seq` on, in segments. */
static void give(uint32_t seq, uint32_t len)
{
    while (len > 0) {
        uint32_t piece = fa__u32_min(len, MSS);
        IN(.flags = A, .seq = seq, .ack = 1, .len = piece);
        seq += piece;
        len -= piece;
    }
    lab_sleep(0);
}

/* Another stack in the place of the lab's: another clock, other keys, an empty pool. */
static void renew(void)
{
    QUIET();
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(lab.end.tcp.held_bytes, 0);
    CHECK_EQ(lab.end.pool.used_count, 0);
    CHECK_EQ(fa_tcp_deadline(&lab.end.tcp), FA_NS_NEVER);
    lab.now += 123456 * FA_NS_S;
    struct fa_tcp_config config = {
        .user_timeout_ns = 100 * FA_NS_S, .congestion = congestion_there};
    tcp_end_init(&lab.end, &config, lab.end.ip, LAB_PORT, 0, 77, lab.now);
    lab_listen(NULL);
}

static void load(void)
{
    struct fa_flow *flow = NULL;
    CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, (struct fa_slice){saved, saved_len}, &flow), FA_OK);
    lab.flow = flow;
    lab.conn = flow != NULL ? fa__tcp_conn_of(flow) : NULL;
    fa__tcp_check_all(&lab.end.tcp);
}

/* The lab's flow goes to another stack. */
static void move(void)
{
    size_t want = fa_tcp_saved_len(lab.flow);
    REQUIRE(fa_tcp_save(lab.flow, lab.now, saved, sizeof saved, &saved_len) == FA_OK);
    CHECK_EQ(saved_len, want);
    lab.flow = NULL;
    renew();
    load();
}

/* The one connection that no flow stands for does. */
static void move_unheld(void)
{
    REQUIRE(fa_tcp_save_next(&lab.end.tcp, lab.now, saved, sizeof saved, &saved_len) == FA_OK);
    size_t len;
    CHECK_EQ(fa_tcp_save_next(&lab.end.tcp, lab.now, saved, 0, &len), FA_ENOENT);
    renew();
    load();
    CHECK(lab.flow == NULL);
}

/* ---- every state ---- */

T(an_established_connection_goes_on_both_ways)
{
    start();
    lab_write(100);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 100);
    IN(.flags = A, .seq = 1, .ack = 101, .len = 200);
    lab_read(50);
    move();
    CHECK_EQ(lab_read(1000), 150);
    lab_write(300);
    OUT(.flags = A, .seq = 101, .ack = 201, .len = 300);
    IN(.flags = A, .seq = 201, .ack = 401, .len = 10);
    CHECK_EQ(lab_read(1000), 10);
    lab_end();
}

T(what_is_in_flight_may_be_acknowledged_there_or_is_sent_again)
{
    for (int acked = 0; acked < 2; acked++) {
        start();
        lab_write(5000);
        lab_sleep(0);
        move();
        CHECK_EQ(lab.conn->snd_una - lab.iss, 1);
        if (acked) {
            IN(.flags = A, .seq = 1, .ack = 5001);
            lab_sleep(10 * FA_NS_S);
            CHECK_EQ(COUNT(tcp_retransmit), 0);
        } else {
            lab_sleep(10 * FA_NS_S);
            CHECK(COUNT(tcp_retransmit) > 0);
            IN(.flags = A, .seq = 1, .ack = 5001);
        }
        CHECK_EQ(lab.conn->snd_una - lab.iss, 5001);
        CHECK_EQ(lab.end.pool.used_count, 0);
        lab_end();
    }
}

T(bytes_beyond_a_hole_and_unread_ones_go_along)
{
    start();
    give(1, 5000);
    give(6001, 3000);
    give(14001, 1000);
    move();
    CHECK_EQ(lab.conn->rx_bytes, 5000);
    CHECK_EQ(lab.conn->ooo_bytes, 4000);
    give(5001, 1000);
    CHECK_EQ(lab_read(20000), 9000);
    give(9001, 5000);
    CHECK_EQ(lab_read(20000), 6000);
    lab_end();
}

T(a_flow_in_every_synchronized_state_goes_on)
{
    static const enum fa_tcp_state states[] = {FA_TCP_ESTABLISHED, FA_TCP_FIN_WAIT_1,
        FA_TCP_FIN_WAIT_2, FA_TCP_CLOSE_WAIT, FA_TCP_CLOSING, FA_TCP_LAST_ACK, FA_TCP_TIME_WAIT};
    for (size_t i = 0; i < FA_COUNT_OF(states); i++) {
        start();
        lab_to(states[i]);
        move();
        CHECK_EQ(lab_state(), states[i]);
        bool their_end = lab.conn->fin_received;
        bool our_end = lab.conn->fin_queued;
        uint32_t una = lab.conn->snd_una - lab.iss;
        lab_sleep(0);
        if (our_end && una == 1) {
            IN(.flags = A, .seq = their_end ? 2 : 1, .ack = 2);
        }
        if (!their_end) {
            IN(.flags = F | A, .seq = 1, .ack = our_end ? 2 : 1);
        }
        if (!our_end) {
            CHECK_EQ(fa_flow_shutdown(lab.flow), FA_OK);
            lab_sleep(0);
            IN(.flags = A, .seq = 2, .ack = 2);
        }
        struct fa_slice seen;
        CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ECLOSED);
        fa_flow_close(lab.flow);
        lab.flow = NULL;
        lab_sleep(120 * FA_NS_S);
        CHECK_EQ(lab.end.tcp.live_count, 0);
        CHECK_EQ(COUNT(tcp_reset_sent), 0);
        lab_end();
    }
}

T(a_connect_goes_on_with_its_syn)
{
    lab_init(NULL);
    struct fa_tcp_connect_config config = {
        .remote = {lab.peer_ip, LAB_PEER_PORT}, .local = lab.end.ip, .mtu_bytes = TCP_END_MTU};
    for (int sent = 0; sent < 2; sent++) {
        CHECK_EQ(fa_tcp_connect(&lab.end.tcp, lab.now, &config, &lab.flow), FA_OK);
        lab.conn = fa__tcp_conn_of(lab.flow);
        uint32_t iss = lab.conn->iss;
        if (sent) {
            OUT(.flags = S);
        }
        move();
        OUT(.flags = S, .mss = MSS, .has_scale = true, .scale = 7, .sack_ok = true);
        CHECK_EQ(lab.iss, iss);
        IN(.flags = S | A, .ack = 1, .mss = MSS);
        OUT(.flags = A, .seq = 1, .ack = 1);
        CHECK_EQ(lab_state(), FA_TCP_ESTABLISHED);
        fa_flow_abort(lab.flow);
        lab_sleep(0);
        lab.flow = NULL;
    }
    lab_end();
}

T(a_half_open_connection_goes_to_the_listener_there)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = MSS);
    OUT(.flags = S | A, .ack = 1);
    uint32_t iss = lab.iss;
    move_unheld();
    CHECK_EQ(lab.end.listener.half_open_count, 1);
    OUT(.flags = S | A, .ack = 1);
    CHECK_EQ(lab.iss, iss);
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab_end();
}

T(one_that_waits_to_be_accepted_does_so_there_with_its_bytes)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = MSS);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .len = 777);
    lab_sleep(0);
    move_unheld();
    CHECK_EQ(lab.end.listener.accept_count, 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    CHECK_EQ(lab_read(1000), 777);
    lab_end();
}

T(orphans_and_time_waits_end_there_in_time)
{
    static const enum fa_tcp_state states[] = {
        FA_TCP_FIN_WAIT_1, FA_TCP_FIN_WAIT_2, FA_TCP_CLOSING, FA_TCP_LAST_ACK, FA_TCP_TIME_WAIT};
    for (size_t i = 0; i < FA_COUNT_OF(states); i++) {
        start();
        lab_to(states[i]);
        fa_flow_close(lab.flow);
        lab.flow = NULL;
        lab_sleep(20 * FA_NS_S);
        move_unheld();
        CHECK_EQ(lab.end.tcp.orphan_count, states[i] == FA_TCP_TIME_WAIT ? 0 : 1);
        CHECK_EQ(lab.end.tcp.time_wait_count, states[i] == FA_TCP_TIME_WAIT ? 1 : 0);
        bool timed = states[i] == FA_TCP_FIN_WAIT_2 || states[i] == FA_TCP_TIME_WAIT;
        lab_sleep(39 * FA_NS_S);
        CHECK_EQ(lab.end.tcp.live_count, 1);
        lab_sleep(timed ? 2 * FA_NS_S : 60 * FA_NS_S); // 60 s in all, or the user timeout
        CHECK_EQ(lab.end.tcp.live_count, 0);
        lab_end();
    }
}

T(a_flow_that_ended_says_so_there)
{
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 10);
    IN(.flags = R, .seq = 11);
    move();
    struct fa_slice seen;
    CHECK_EQ(lab_read(100), 10);
    CHECK_EQ(fa_flow_peek(lab.flow, &seen), FA_ERESET);
    lab_end();
}

T(a_reset_that_was_due_is_sent_there)
{
    start();
    fa_flow_abort(lab.flow);
    lab.flow = NULL;
    REQUIRE(fa_tcp_save_next(&lab.end.tcp, lab.now, saved, sizeof saved, &saved_len) == FA_OK);
    renew();
    load();
    OUT(.flags = R | A, .seq = 1, .ack = 1);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    lab_end();
}

T(timestamps_go_on_although_the_clock_is_another)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = MSS, .has_ts = true, .ts_value = 500);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_value = 501);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    lab.end.tcp.now = lab.now;
    uint32_t before = fa__tcp_ts_now(lab.conn);
    move();
    CHECK_EQ(fa__tcp_ts_now(lab.conn), before);
    CHECK_EQ(lab.conn->ts_recent, 501);
    IN(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_value = 400, .len = 5); // PAWS
    CHECK_EQ(lab_read(10), 0);
    IN(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_value = 502, .len = 5);
    CHECK_EQ(lab_read(10), 5);
    lab_end();
}

T(congestion_control_goes_on_as_it_was_chosen_here)
{
    for (unsigned which = 0; which < FA_TCP_CONGESTION_COUNT; which++) {
        start();
        CHECK_EQ(fa_tcp_congestion_set(lab.flow, (enum fa_tcp_congestion)which), FA_OK);
        uint32_t cwnd = lab.conn->cwnd;
        congestion_there = (enum fa_tcp_congestion) !which;
        move();
        congestion_there = FA_TCP_CUBIC;
        CHECK_EQ(fa_tcp_congestion_of(lab.flow), which);
        CHECK_EQ(lab.conn->cwnd, cwnd);
        if (which == FA_TCP_CUBIC) { // and has begun as that, not as another
            CHECK_EQ(lab.conn->cc_state.hystart.last_us, UINT32_MAX);
        }
        lab_end();
    }
}

T(timestamps_stand_still_while_their_stack_does)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S, .mss = MSS, .has_ts = true, .ts_value = 500);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1, .has_ts = true, .ts_value = 501);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    lab_sleep(100 * FA_NS_MS);
    lab.now += 3600 * FA_NS_S;
    fa_tcp_resume(&lab.end.tcp, lab.now, 3600 * FA_NS_S);
    lab_write(10);
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 10, .has_ts = true, .ts_value = 100, .ts_echo = 501);
    lab_sleep(20 * FA_NS_MS);
    lab_end();
}

T(a_closed_window_is_probed_there)
{
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .closed = true);
    lab_write(1000);
    lab_sleep(FA_NS_S);
    move();
    lab_sleep(10 * FA_NS_S);
    CHECK(COUNT(tcp_window_probe) > 0);
    CHECK_EQ(lab.conn->snd_max - lab.iss, 2);
    lab_end();
}

/* ---- limits ---- */

T(a_save_that_does_not_fit_changes_nothing)
{
    start();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 100);
    size_t len = 0;
    CHECK_EQ(
        fa_tcp_save(lab.flow, lab.now, saved, fa_tcp_saved_len(lab.flow) - 1, &len), FA_ENOSPC);
    CHECK_EQ(len, 0);
    CHECK_EQ(lab_read(1000), 100);
    lab_end();
}

T(a_load_that_finds_no_room_leaves_nothing)
{
    start();
    give(1, 5000);
    REQUIRE(fa_tcp_save(lab.flow, lab.now, saved, sizeof saved, &saved_len) == FA_OK);
    lab.flow = NULL;
    renew();
    struct fa_flow *flow = NULL;
    struct fa_slice bytes = {saved, saved_len};
    struct fa_buf *hoard[TCP_END_POOL_BUFS];
    size_t count = 0;
    while (fa_pool_free_count(&lab.end.pool) > 1) {
        CHECK_EQ(fa_buf_alloc(&lab.end.pool, 0, &hoard[count++]), FA_OK);
    }
    CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, bytes, &flow), FA_ENOSPC);
    CHECK(flow == NULL);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(fa_pool_free_count(&lab.end.pool), 1);
    while (count > 0) {
        fa_buf_drop(hoard[--count]);
    }
    load();
    CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, bytes, &flow), FA_EINVAL); // it is here already
    CHECK_EQ(lab_read(9999), 5000);
    lab_end();
}

T(a_load_beyond_the_limits_of_the_stack_is_refused)
{
    start();
    lab_write(5000);
    REQUIRE(fa_tcp_save(lab.flow, lab.now, saved, sizeof saved, &saved_len) == FA_OK);
    lab.flow = NULL;
    lab_sleep(0); // what was due of it
    renew();
    struct fa_flow *flow = NULL;
    struct fa_slice bytes = {saved, saved_len};
    struct fa_tcp_config *config = &lab.end.tcp.config;
    const struct fa_tcp_config full = *config;
    config->tx_buffer_bytes = 4999;
    CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, bytes, &flow), FA_ENOSPC);
    config->tx_buffer_bytes = 5000;
    config->conn_count_max = 0;
    CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, bytes, &flow), FA_ENOSPC);
    CHECK_EQ(COUNT(tcp_conn_refused), 1);
    CHECK(flow == NULL);
    CHECK_EQ(lab.end.tcp.live_count, 0);
    config->conn_count_max = full.conn_count_max;
    CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, bytes, &flow), FA_OK);
    CHECK(flow != NULL);
    lab.flow = flow;
    lab.conn = fa__tcp_conn_of(flow);
    lab_end();
}

T(one_that_was_not_accepted_needs_a_listener_with_room)
{
    lab_init(NULL);
    lab_listen(NULL);
    IN(.flags = S);
    OUT(.flags = S | A, .ack = 1);
    REQUIRE(fa_tcp_save_next(&lab.end.tcp, lab.now, saved, sizeof saved, &saved_len) == FA_OK);
    renew();
    fa_listener_close(&lab.end.listener.listener);
    struct fa_flow *flow = NULL;
    struct fa_slice bytes = {saved, saved_len};
    CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, bytes, &flow), FA_EINVAL);
    lab_listen(&(struct fa_tcp_listen_config){.half_open_max = 1});
    IN(.flags = S, .port = 7);
    CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, bytes, &flow), FA_ENOSPC);
    lab_end();
}

/* ---- the bytes ---- */

/* The test vector of docs/spec/tcp-handover.md. */
static const uint8_t vector[] = {
#include "test/data/tcp-handover.inc"
};

T(the_test_vector_is_what_its_description_says)
{
    struct fa__saved one;
    struct fa_slice payload;
    REQUIRE(fa__saved_decode((struct fa_slice){vector, sizeof vector}, &one, &payload) == FA_OK);
    CHECK_EQ(one.state, FA_TCP_ESTABLISHED);
    CHECK_EQ(one.flags, FA__SAVED_HELD | FA__SAVED_SCALE | FA__SAVED_TS | FA__SAVED_SACK);
    CHECK_EQ(one.local_port, 40000);
    CHECK_EQ(one.remote_port, 80);
    CHECK_EQ(one.iss, 1000);
    CHECK_EQ(one.snd_una, 1001);
    CHECK_EQ(one.sent_len, 3);
    CHECK_EQ(one.tx_len, 5);
    CHECK_EQ(one.rcv_nxt, 5005);
    CHECK_EQ(one.rx_len, 4);
    CHECK_EQ(one.ooo_count, 1);
    CHECK_EQ(one.mss, 1448);
    CHECK_EQ(one.congestion, FA_TCP_NEW_RENO);
    CHECK_EQ(one.end_in_ns, FA__SAVED_NEVER);
    CHECK(fa_equal(payload.at, "read", 4));
    CHECK(fa_equal(payload.at + 12, "ooo", 3));
    CHECK(fa_equal(payload.at + 15, "write", 5));
}

T(the_test_vector_is_written_as_it_was_read)
{
    lab_init(NULL);
    lab.now = 1000000 * FA_NS_S;
    tcp_end_init(&lab.end, &(struct fa_tcp_config){0}, fa_ip4(10, 0, 0, 1), 80, 0, 5, lab.now);
    fa_copy(saved, vector, sizeof vector);
    saved_len = sizeof vector;
    load();
    static uint8_t again[512];
    size_t len;
    REQUIRE(fa_tcp_save(lab.flow, lab.now, again, sizeof again, &len) == FA_OK);
    lab.flow = NULL;
    CHECK_EQ(len, sizeof vector);
    CHECK(fa_equal(again, vector, sizeof vector));
    lab_end();
}

static void seal(uint8_t *at, size_t len)
{
    uint32_t crc = fa_crc32c(0, (struct fa_slice){at, len - 4});
    for (int i = 0; i < 4; i++) {
        at[len - 4 + (size_t)i] = (uint8_t)(crc >> 8 * i);
    }
}

T(every_flipped_bit_and_every_cut_is_refused)
{
    static uint8_t bytes[sizeof vector];
    struct fa_flow *flow;
    lab_init(NULL);
    for (size_t len = 0; len < sizeof vector; len++) {
        CHECK_EQ(
            fa_tcp_load(&lab.end.tcp, lab.now, (struct fa_slice){vector, len}, &flow), FA_ECORRUPT);
    }
    for (size_t bit = 0; bit < 8 * sizeof vector; bit++) {
        fa_copy(bytes, vector, sizeof vector);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_EQ(fa_tcp_load(&lab.end.tcp, lab.now, (struct fa_slice){bytes, sizeof bytes}, &flow),
            FA_ECORRUPT);
    }
    lab_end();
}

T(what_no_connection_can_be_is_refused_although_the_sum_is_right)
{
    static const struct {
        uint8_t off;
        uint8_t len;
        uint32_t value;
    } cases[] = {
        {4, 2, 2},                // another version
        {6, 1, 10},               // no such state
        {6, 1, FA_TCP_TIME_WAIT}, // without FINs
        {7, 1, 6},                // an error, though it lives
        {12, 4, 0},               // nobody's
        {12, 4, 1 | 2},           // a flow's and a listener's
        {12, 4, 1u << 16},        // an unknown flag
        {48, 2, 0},               // port 0
        {60, 4, 6},               // more sent than written
        {64, 4, 4},               // fewer bytes written than there are
        {64, 4, 1u << 31},        // and far more
        {92, 4, 2},               // bytes beyond what was promised
        {92, 4, 0xffffffff},      // too much promised
        {96, 4, 0xffffffff},      // acknowledged in another age
        {104, 4, 5},              // more unread bytes than there are
        {108, 4, 2},              // another run
        {108, 4, 0xffffffff},     // very many
        {112, 4, 1},              // a window below a segment
        {127, 1, 1},              // a round trip of years
        {184, 2, 10},             // tiny segments
        {186, 2, 0},              // none
        {190, 1, 15},             // scaled beyond RFC 7323
        {191, 1, 15},             //
        {192, 1, 17},             // backed off for ever
        {194, 1, 2},              // no such congestion control
        {195, 1, 1},              // not zero
        {200, 4, 0},              // a run where the hole should be
        {204, 4, 0},              // an empty run
        {204, 4, 0xffffffff},     // an endless one
    };
    static uint8_t bytes[sizeof vector];
    struct fa_flow *flow = NULL;
    lab_init(NULL);
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        fa_copy(bytes, vector, sizeof vector);
        for (size_t k = 0; k < cases[i].len; k++) {
            bytes[cases[i].off + k] = (uint8_t)(cases[i].value >> 8 * k);
        }
        seal(bytes, sizeof bytes);
        fa_err err =
            fa_tcp_load(&lab.end.tcp, lab.now, (struct fa_slice){bytes, sizeof bytes}, &flow);
        if (err != FA_ECORRUPT) {
            t_fail(__FILE__, __LINE__, "case %u: %s", (unsigned)i, fa_err_name(err));
        }
    }
    CHECK_EQ(lab.end.tcp.live_count, 0);
    CHECK_EQ(lab.end.pool.used_count, 0);
    lab_end();
}
