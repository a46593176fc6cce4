// SPDX-License-Identifier: ISC
//
// SYN cookies: what they remember, what they refuse, and a flood beside a client who fetches pages.
// FATA_FLOOD=1000000 makes the flood a million segments (make flood).

#include <stdlib.h>

#include "src/net/tcp_priv.h"
#include "test/t.h"
#include "test/unit/tcp_pair.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    R = FA_TCP_RST,
    PERIOD_S = 64,
    FLOOD = 100000,
    PAGE_BYTES = 20000,
    REQUEST_BYTES = 100,
};

static struct tcp_end end;
static fa_ns now;

static struct fa_ip remote_ip(unsigned i)
{
    return fa_ip4(198, 51, (uint8_t)(i >> 8), (uint8_t)i);
}

static void give(struct tcp_end *to, unsigned host, const struct fa_tcp_header *header, size_t len)
{
    static const uint8_t payload[2000];
    struct fa_ip_meta meta = {.local = to->ip, .remote = remote_ip(host), .mtu_bytes = TCP_END_MTU};
    struct fa_buf *buf =
        tcp_make(&to->pool, &meta.local, &meta.remote, header, (struct fa_slice){payload, len});
    REQUIRE(buf != NULL);
    fa_tcp_input(&to->tcp, now, &meta, buf);
}

/* The next segment that leaves; flags 0: none. */
static struct fa_tcp_header fetch(void)
{
    struct fa_tcp_header header = {0};
    struct fa_buf *buf;
    struct fa_ip_meta meta;
    CHECK_EQ(fa_buf_alloc(&end.pool, FA_BUF_HEADROOM, &buf), FA_OK);
    if (fa_tcp_output(&end.tcp, now, buf, &meta)) {
        CHECK_EQ(fa_tcp_decode(fa_buf_slice(buf), &meta, false, &header), FA_TCP_GOOD);
    }
    fa_buf_drop(buf);
    fa__tcp_check_all(&end.tcp);
    return header;
}

static void start(const struct fa_tcp_config *config, const struct fa_tcp_listen_config *listen)
{
    now = 1000 * FA_NS_S;
    tcp_end_init(&end, config, fa_ip4(192, 0, 2, 1), 80, 0, 1, now);
    struct fa_tcp_listen_config full = *listen;
    full.port = 80;
    CHECK_EQ(fa_tcp_listen(&end.tcp, &end.listener, &full), FA_OK);
    // One half-open connection fills the list; it goes after 31 s.
    give(&end, 99, &(struct fa_tcp_header){.source_port = 1, .target_port = 80, .flags = S}, 0);
    (void)fetch();
}

static void start_full(void)
{
    start(&(struct fa_tcp_config){0}, &(struct fa_tcp_listen_config){.half_open_max = 1});
}

static struct fa_tcp_header syn_from(uint16_t port)
{
    return (struct fa_tcp_header){.source_port = port,
        .target_port = 80,
        .seq = 5000,
        .flags = S,
        .window = 1000,
        .mss = 1460};
}

/* The ACK that answers a SYN+ACK to `syn`. */
static struct fa_tcp_header ack_of(
    const struct fa_tcp_header *syn, const struct fa_tcp_header *syn_ack)
{
    return (struct fa_tcp_header){.source_port = syn->source_port,
        .target_port = 80,
        .seq = syn->seq + 1,
        .ack = syn_ack->seq + 1,
        .flags = A,
        .window = 500,
        .has_ts = syn_ack->has_ts,
        .ts_value = syn->ts_value + 1,
        .ts_echo = syn_ack->ts_value};
}

static struct fa_flow *accept_one(void)
{
    struct fa_flow *flow = NULL;
    return fa_listener_accept(&end.listener.listener, &flow) == FA_OK ? flow : NULL;
}

static void finish(struct fa_flow *flow)
{
    if (flow != NULL) {
        fa_flow_abort(flow);
    }
    fa_listener_close(&end.listener.listener);
    while (fetch().flags != 0) {
    }
    CHECK_EQ(end.tcp.live_count, 0);
    CHECK_EQ(end.pool.used_count, 0);
}

/* ---- what is remembered ---- */

T(a_full_half_open_list_answers_without_keeping_anything)
{
    start_full();
    struct fa_tcp_header syn = syn_from(2000);
    give(&end, 1, &syn, 0);
    CHECK_EQ(end.tcp.live_count, 1);
    struct fa_tcp_header syn_ack = fetch();
    CHECK_EQ(syn_ack.flags, S | A);
    CHECK_EQ(syn_ack.ack, 5001);
    CHECK_EQ(syn_ack.mss, 1460);
    CHECK_EQ(syn_ack.window, 65535);
    CHECK(!syn_ack.has_ts && !syn_ack.has_scale && !syn_ack.sack_ok);
    struct fa_tcp_header ack = ack_of(&syn, &syn_ack);
    give(&end, 1, &ack, 0);
    CHECK_EQ(fetch().flags, 0);
    struct fa_flow *flow = accept_one();
    REQUIRE(flow != NULL);
    const struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
    CHECK_EQ(conn->state, FA_TCP_ESTABLISHED);
    CHECK_EQ(conn->mss, 1460);
    CHECK_EQ(conn->snd_wnd, 500);
    CHECK(!conn->ts_ok && !conn->scale_ok && !conn->sack_ok);
    CHECK_EQ(END_COUNT(&end, tcp_cookie_sent), 1);
    CHECK_EQ(END_COUNT(&end, tcp_cookie_opened), 1);
    CHECK_EQ(END_COUNT(&end, tcp_reset_sent), 0);
    finish(flow);
}

T(scale_and_sack_ride_in_the_timestamp)
{
    for (unsigned i = 0; i < 64; i++) {
        start_full();
        now += i * 77 * FA_NS_MS; // other low bits of the clock
        struct fa_tcp_header syn = syn_from(2000);
        syn.has_ts = true;
        syn.ts_value = 123456;
        syn.has_scale = i % 16 != 15;
        syn.scale = syn.has_scale ? (uint8_t)(i % 16) : 0;
        syn.sack_ok = i / 16 % 2 != 0;
        give(&end, 1, &syn, 0);
        struct fa_tcp_header syn_ack = fetch();
        CHECK(syn_ack.has_ts);
        CHECK_EQ(syn_ack.ts_echo, 123456);
        CHECK_EQ(syn_ack.has_scale, syn.has_scale);
        CHECK_EQ(syn_ack.sack_ok, syn.sack_ok);
        struct fa_tcp_header ack = ack_of(&syn, &syn_ack);
        give(&end, 1, &ack, 100);
        struct fa_flow *flow = accept_one();
        REQUIRE(flow != NULL);
        const struct fa_tcp_conn *conn = fa__tcp_conn_of(flow);
        CHECK(conn->ts_ok);
        CHECK_EQ(conn->scale_ok, syn.has_scale);
        CHECK_EQ(conn->tx_scale, fa_min(syn.scale, FA_TCP_SCALE_MAX));
        CHECK_EQ(conn->sack_ok, syn.sack_ok);
        CHECK_EQ(conn->snd_wnd, 500u << conn->tx_scale);
        CHECK_EQ(conn->ts_recent, 123457);
        CHECK_EQ(conn->rx_bytes, 100);
        // What follows must not look older than the cookie.
        CHECK(!fa__seq_lt(fa__tcp_ts_now(conn), syn_ack.ts_value));
        CHECK(fa__tcp_ts_now(conn) - syn_ack.ts_value <= 64);
        finish(flow);
    }
}

T(the_mss_is_rounded_down_to_one_of_eight)
{
    static const uint16_t cases[][2] = {{0, 536}, {1, 64}, {535, 64}, {536, 536}, {1219, 536},
        {1300, 1220}, {1400, 1400}, {1459, 1440}, {1460, 1460}, {9000, 1460}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        start_full();
        struct fa_tcp_header syn = syn_from(2000);
        syn.mss = cases[i][0];
        give(&end, 1, &syn, 0);
        struct fa_tcp_header syn_ack = fetch();
        struct fa_tcp_header ack = ack_of(&syn, &syn_ack);
        give(&end, 1, &ack, 0);
        struct fa_flow *flow = accept_one();
        REQUIRE(flow != NULL);
        CHECK_EQ(fa__tcp_conn_of(flow)->mss, cases[i][1]); // at most what our path takes
        finish(flow);
    }
}

T(the_first_data_opens_the_connection_when_the_ack_was_lost)
{
    start_full();
    struct fa_tcp_header syn = syn_from(2000);
    give(&end, 1, &syn, 0);
    struct fa_tcp_header syn_ack = fetch();
    struct fa_tcp_header later = ack_of(&syn, &syn_ack);
    later.seq += 1000;
    give(&end, 1, &later, 1000); // the second segment comes first: no reset
    CHECK_EQ(fetch().flags, 0);
    CHECK_EQ(END_COUNT(&end, tcp_cookie_bad), 1);
    struct fa_tcp_header first = ack_of(&syn, &syn_ack);
    give(&end, 1, &first, 1000);
    give(&end, 1, &later, 1000);
    struct fa_flow *flow = accept_one();
    REQUIRE(flow != NULL);
    CHECK_EQ(fa__tcp_conn_of(flow)->rx_bytes, 2000);
    finish(flow);
}

/* ---- what is refused ---- */

T(a_late_copy_of_the_first_data_opens_no_second_connection)
{
    static const int closings[] = {0, 1};
    for (size_t i = 0; i < FA_COUNT_OF(closings); i++) {
        start_full();
        struct fa_tcp_header syn = syn_from(2000);
        give(&end, 1, &syn, 0);
        struct fa_tcp_header syn_ack = fetch();
        struct fa_tcp_header ack = ack_of(&syn, &syn_ack);
        struct fa_tcp_header data = ack;
        data.flags = A | F;
        give(&end, 1, &data, 100);
        struct fa_flow *flow = accept_one();
        REQUIRE(flow != NULL);
        struct fa_slice bytes;
        REQUIRE(fa_flow_peek(flow, &bytes) == FA_OK);
        fa_flow_done(flow, bytes.len);
        REQUIRE(fa_flow_shutdown(flow) == FA_OK);
        if (closings[i] != 0) {
            fa_flow_close(flow);
            flow = NULL;
        }
        CHECK_EQ(fetch().flags, F | A);
        ack.seq += 101;
        ack.ack += 1;
        give(&end, 1, &ack, 0);
        give(&end, 1, &data, 100); // the late copy
        CHECK(accept_one() == NULL);
        CHECK_EQ(END_COUNT(&end, tcp_cookie_opened), 1);
        CHECK_EQ(fetch().flags, A);
        now += end.tcp.config.time_wait_ns;
        fa_tcp_tick(&end.tcp, now);
        finish(flow);
    }
}

T(a_cookie_is_good_for_two_minutes_at_most)
{
    static const struct {
        uint64_t after_s;
        int good; /* 2: depends on when in a period it was made */
    } cases[] = {{0, 1}, {30, 1}, {63, 1}, {100, 2}, {128, 0}, {150, 0}, {100000, 0}};
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        for (unsigned shift = 0; shift < PERIOD_S; shift += 7) {
            start_full();
            now += shift * FA_NS_S;
            fa_tcp_tick(&end.tcp, now);
            if (end.tcp.live_count == 0) { // the one that fills the list has gone
                give(&end, 99,
                    &(struct fa_tcp_header){.source_port = 1, .target_port = 80, .flags = S}, 0);
            }
            while (fetch().flags != 0) {
            }
            struct fa_tcp_header syn = syn_from(2000);
            give(&end, 1, &syn, 0);
            struct fa_tcp_header syn_ack = fetch();
            now += cases[i].after_s * FA_NS_S;
            struct fa_tcp_header ack = ack_of(&syn, &syn_ack);
            give(&end, 1, &ack, 0);
            struct fa_flow *flow = accept_one();
            CHECK(cases[i].good == 2 || (flow != NULL) == (cases[i].good == 1));
            finish(flow);
        }
    }
}

T(another_peer_port_number_or_bit_makes_no_connection)
{
    start_full();
    struct fa_tcp_header syn = syn_from(2000);
    give(&end, 1, &syn, 0);
    struct fa_tcp_header syn_ack = fetch();
    struct fa_tcp_header good = ack_of(&syn, &syn_ack);
    struct fa_tcp_header bad = good;
    give(&end, 2, &bad, 0);
    bad.source_port++;
    give(&end, 1, &bad, 0);
    bad = good;
    bad.seq++;
    give(&end, 1, &bad, 0);
    for (unsigned bit = 0; bit < 32; bit++) {
        bad = good;
        bad.ack = ((good.ack - 1) ^ (1u << bit)) + 1;
        give(&end, 1, &bad, 0);
    }
    CHECK_EQ(END_COUNT(&end, tcp_cookie_bad), 35);
    CHECK(accept_one() == NULL);
    CHECK_EQ(end.tcp.live_count, 1);
    give(&end, 1, &good, 0);
    finish(accept_one());
}

T(guessing_acks_opens_nothing)
{
    start_full();
    struct fa_tcp_header syn = syn_from(2000);
    give(&end, 1, &syn, 0);
    (void)fetch();
    for (uint32_t i = 0; i < 200000; i++) {
        struct fa_tcp_header guess = {.source_port = 3000,
            .target_port = 80,
            .seq = 7,
            .ack = i * 21473,
            .flags = A,
            .window = 100};
        give(&end, 3, &guess, 0);
    }
    CHECK_EQ(END_COUNT(&end, tcp_cookie_opened), 0);
    finish(NULL);
}

T(without_cookies_out_a_stray_ack_is_reset)
{
    start(&(struct fa_tcp_config){0}, &(struct fa_tcp_listen_config){.half_open_max = 2});
    struct fa_tcp_header stray = {
        .source_port = 2000, .target_port = 80, .seq = 1, .ack = 77, .flags = A};
    give(&end, 1, &stray, 0);
    CHECK_EQ(fetch().flags, R);
    finish(NULL);
}

T(a_cookie_finds_a_full_accept_queue_and_is_asked_for_again_by_data)
{
    start(&(struct fa_tcp_config){0},
        &(struct fa_tcp_listen_config){.half_open_max = 1, .backlog_max = 1});
    struct fa_tcp_header syn[2];
    struct fa_tcp_header ack[2];
    for (uint16_t i = 0; i < 2; i++) {
        syn[i] = syn_from((uint16_t)(2000 + i));
        give(&end, 1, &syn[i], 0);
        struct fa_tcp_header syn_ack = fetch();
        ack[i] = ack_of(&syn[i], &syn_ack);
        give(&end, 1, &ack[i], 0);
    }
    CHECK_EQ(END_COUNT(&end, tcp_accept_full), 1);
    CHECK_EQ(end.listener.accept_count, 1);
    struct fa_flow *first = accept_one();
    REQUIRE(first != NULL);
    fa_flow_abort(first);
    give(&end, 1, &ack[1], 500);
    struct fa_flow *second = accept_one();
    REQUIRE(second != NULL);
    CHECK_EQ(fa__tcp_conn_of(second)->rx_bytes, 500);
    finish(second);
}

T(cookies_have_a_budget_a_second)
{
    start(&(struct fa_tcp_config){.cookies_per_s = 50},
        &(struct fa_tcp_listen_config){.half_open_max = 1});
    for (uint16_t i = 0; i < 200; i++) {
        struct fa_tcp_header syn = syn_from((uint16_t)(2000 + i));
        give(&end, 1, &syn, 0);
        (void)fetch();
    }
    CHECK_EQ(END_COUNT(&end, tcp_cookie_sent), 50);
    CHECK_EQ(END_COUNT(&end, tcp_syn_dropped), 150);
    now += FA_NS_S;
    struct fa_tcp_header syn = syn_from(3000);
    give(&end, 1, &syn, 0);
    CHECK_EQ(fetch().flags, S | A);
    finish(NULL);
}

/* ---- the flood ---- */

static uint32_t flood_sent;
static uint32_t flood_answers;

/* The addresses of the flood do not exist: what is sent to them is lost. Its ports are below those
 * that connect() chooses from. */
static bool lose_answers(int from, const struct fa_tcp_header *header, size_t payload_len)
{
    (void)payload_len;
    bool lost = from == 1 && header->target_port < FA__TCP_PORT_FIRST;
    flood_answers += lost;
    return !lost;
}

static void flood(uint32_t count)
{
    now = pair.now;
    for (uint32_t i = 0; i < count; i++, flood_sent++) {
        struct fa_tcp_header syn = {.source_port = (uint16_t)(1024 + flood_sent % 30000),
            .target_port = 80,
            .seq = flood_sent * 2654435761u,
            .flags = S,
            .window = 64000,
            .mss = 1460,
            .has_ts = flood_sent % 2 != 0,
            .ts_value = flood_sent};
        give(&pair.ends[1], flood_sent / 30000, &syn, 0);
    }
}

static struct {
    struct fa_flow *flow;   /* the client's */
    struct fa_flow *server; /* accepted, its page being sent */
    uint64_t asked;
    uint64_t heard; /* of the question, by the server */
    uint64_t sent;
    uint64_t seen;
    uint32_t done_count;
    uint32_t failed_count;
    fa_ns began;
    fa_ns slowest;
} fetching;

static bool is_over(struct fa_flow *flow)
{
    struct fa_slice seen;
    return fa_flow_peek(flow, &seen) == FA_ECLOSED;
}

/* One step of a client that fetches page after page, and of its server. */
static void fetch_pages(void)
{
    if (fetching.flow == NULL) {
        fetching.asked = fetching.heard = fetching.sent = fetching.seen = 0;
        fetching.began = pair.now;
        CHECK_EQ(pair_connect(&fetching.flow), FA_OK);
    }
    pair_write(fetching.flow, 1, &fetching.asked, REQUEST_BYTES - fetching.asked);
    pair_read(fetching.flow, 2, &fetching.seen, PAGE_BYTES);
    if (fetching.server == NULL) {
        (void)fa_listener_accept(&pair.ends[1].listener.listener, &fetching.server);
    }
    if (fetching.server != NULL) {
        pair_read(fetching.server, 1, &fetching.heard, REQUEST_BYTES);
        if (fetching.heard == REQUEST_BYTES && fetching.sent < PAGE_BYTES) {
            pair_write(fetching.server, 2, &fetching.sent, PAGE_BYTES - fetching.sent);
        } else if (fetching.sent == PAGE_BYTES) {
            fa_flow_close(fetching.server);
            fetching.server = NULL;
        }
    }
    uint8_t *at;
    size_t cap;
    fa_err err = fa_flow_reserve(fetching.flow, &at, &cap);
    fetching.failed_count += err != FA_OK && err != FA_AGAIN;
    if (fetching.seen == PAGE_BYTES && is_over(fetching.flow)) {
        fa_flow_close(fetching.flow);
        fetching.flow = NULL;
        fetching.done_count++;
        fetching.slowest = fa_max(fetching.slowest, pair.now - fetching.began);
    }
}

T(a_syn_flood_fails_no_fetch_and_takes_no_memory)
{
    const char *wanted = getenv("FATA_FLOOD");
    uint32_t total = wanted != NULL ? (uint32_t)strtoul(wanted, NULL, 10) : FLOOD;
    pair_init(&(struct pair_config){
        .delay_ns = 5 * FA_NS_MS, .look = lose_answers, .tcp.time_wait_count_max = 64});
    fetching.done_count = fetching.failed_count = 0;
    fetching.slowest = 0;
    flood_sent = flood_answers = 0;
    uint32_t live_max = 0;
    size_t held_max = 0;
    while (flood_sent < total) { // 50,000 a second
        flood(50);
        fetch_pages();
        pair_run(FA_NS_MS);
        live_max = (uint32_t)fa_max(live_max, pair.ends[1].tcp.live_count);
        held_max = fa_max(held_max, pair.ends[1].pool.used_count);
    }
    t_note("%u SYNs, %u answered, %u pages, slowest %llu ms; at most %u connections, %u buffers",
        (unsigned)flood_sent, (unsigned)flood_answers, (unsigned)fetching.done_count,
        (unsigned long long)(fetching.slowest / FA_NS_MS), (unsigned)live_max, (unsigned)held_max);
    CHECK_EQ(fetching.failed_count, 0);
    CHECK(fetching.done_count >= total / 50 / 60); // one in 60 ms
    CHECK(fetching.slowest < FA_NS_S);
    CHECK(live_max <= 256 + 64 + 2); // half-open, TIME_WAIT, the client's
    CHECK(held_max < 64);
    CHECK(END_COUNT(&pair.ends[1], tcp_cookie_opened) > 0);
    CHECK_EQ(END_COUNT(&pair.ends[1], tcp_syn_dropped), 0);
    if (fetching.flow != NULL) {
        fa_flow_abort(fetching.flow);
        fetching.flow = NULL;
    }
    if (fetching.server != NULL) {
        fa_flow_abort(fetching.server);
        fetching.server = NULL;
    }
    pair_end(500 * FA_NS_S);
}
