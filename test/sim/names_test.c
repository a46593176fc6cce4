// SPDX-License-Identifier: ISC
//
// test/sim/names_test.c: DNS and SNTP in bad weather: names are asked for and the clock is set
// while questions and answers get lost, come twice, late, out of order or with a flipped bit.
//
// Two stations serve names, one of them the time; the third asks, several fibers at once, over UDP
// and, where an answer does not fit, over TCP. Checked: no answer but the right one, for names that
// are not there as well; every name in the end; a clock that is no more wrong than half of the
// round trip it was measured by; nothing left.

#include "fa/fmt.h"
#include "fa/log.h"
#include "fa/resolver.h"
#include "fa/sim.h"
#include "fa/timesync.h"
#include "fa/wall.h"
#include "fa/wire/ntp.h"
#include "test/sim/weather.h"
#include "test/sim/world.h"
#include "test/t.h"

enum {
    SERVER_COUNT = 2,
    CLIENT_COUNT = 3,
    ASK_COUNT = 40, /* of each client */
    NAME_COUNT = 60,
    QUERY_COUNT = 4,
    ATTEMPT_MAX = 12, /* of one name, each of which asks several times */
    FIBER_MAX = CLIENT_COUNT + 2 * SERVER_COUNT + 2,
    MESSAGE_MAX = 512,
    TTL_S = 20,      /* some are asked for again, some come out of the cache */
    CLOCK_COUNT = 3, /* rounds that set the clock: after 10, 70 and 200 s */
    BOUND_S = 500,
};

#define ASK_NS       (30 * FA_NS_S)
#define TCP_NS       (5 * FA_NS_S) /* a server's patience */
#define WALL_AT_0    (UINT64_C(1700000000) * FA_NS_S)
#define CALM_FROM_NS (60 * FA_NS_S)

struct server {
    struct world_station *station;
    struct fa_udp_socket socket;
    struct fa_tcp_listener listener;
};

static struct world *world;
static struct weather weather;
static struct server servers[SERVER_COUNT];
static struct fa_udp_socket clock_socket;
static struct fa_resolver resolver;
static struct fa_dns_query queries[QUERY_COUNT];
static struct fa_dns_entry entries[16];
static struct fa_resolver_slot slots[QUERY_COUNT];
static struct fa_timesync sync;
static struct fa_fiber *fibers[FIBER_MAX];
static size_t fiber_count;
static uint32_t done_count;   /* clients */
static uint32_t clock_count;  /* times that the clock was set, as far as it was looked at */
static uint32_t again_count;  /* questions that had no answer at first */
static uint32_t by_tcp_count; /* answers */

static fa_ns bound(fa_ns duration)
{
    return fa_ns_after(fa_sim_now(), duration);
}

/* ---- what there is ---- */

static bool is_there(uint32_t number)
{
    return number % 7 != 3;
}

static bool fits_datagram(uint32_t number)
{
    return number % 5 != 2;
}

static struct fa_ip address_of(uint32_t number)
{
    return fa_ip4(192, 0, 2, (uint8_t)(number + 1));
}

/* ---- servers ---- */

/* The number in "n17.sim"; any other name is one that nobody has asked for. */
static uint32_t number_of(const struct fa_dns_name *name)
{
    uint32_t number = 0;
    for (uint8_t i = 2; i <= name->b[0]; i++) {
        number = number * 10 + (uint32_t)(name->b[i] - '0');
    }
    return number;
}

/* Answer a query. Returns: bytes at `at`; 0: it is none. */
static size_t answer(uint8_t *at, struct fa_slice query, bool tcp)
{
    struct fa_dns_message message;
    struct fa_dns_question question;
    if (query.len > MESSAGE_MAX / 2 || fa_dns_decode(query, &message) != FA_DNS_GOOD ||
        fa_dns_question_next(&message, &question) != FA_DNS_GOOD) {
        return 0;
    }
    uint32_t number = number_of(&question.name);
    bool whole = tcp || fits_datagram(number);
    bool record = whole && is_there(number);
    size_t len = message.off;
    fa_copy(at, query.at, len);
    at[2] = whole ? 0x81 : 0x83;
    at[3] = is_there(number) || !whole ? 0x80 : 0x83;
    fa_zero(at + 6, 6);
    at[7] = record;
    if (record) {
        static const uint8_t head[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, TTL_S, 0, 4};
        const struct fa_ip ip = address_of(number);
        fa_copy(at + len, head, sizeof head);
        fa_copy(at + len + sizeof head, fa_ip_bytes4(&ip), 4);
        len += sizeof head + 4;
    }
    by_tcp_count += tcp;
    return len;
}

static void serve_names(void *ctx)
{
    struct server *server = ctx;
    struct fa_buf *buf;
    struct fa_udp_from from;
    uint8_t bytes[MESSAGE_MAX];
    while (fa_udp_recv_wait(&server->socket, FA_NS_NEVER, &buf, &from) == FA_OK) {
        size_t len = answer(bytes, fa_buf_slice(buf), false);
        fa_buf_drop(buf);
        if (len != 0) {
            (void)fa_udp_send(
                &server->socket, (struct fa_slice){bytes, len}, &from.local.ip, &from.remote);
        }
    }
}

/* One query over a connection. */
static fa_err serve_flow(struct fa_flow *flow)
{
    static uint8_t query[2 + MESSAGE_MAX];
    uint8_t bytes[2 + MESSAGE_MAX];
    struct fa_slice seen;
    size_t len = 0;
    while (len < 2 || len < 2u + fa_be16_load(query)) {
        FA_TRY(fa_flow_peek_wait(flow, bound(TCP_NS), &seen));
        size_t more = fa_min(seen.len, sizeof query - len);
        fa_copy(query + len, seen.at, more);
        fa_flow_done(flow, more);
        len += more;
        if (more == 0) {
            return FA_EINVAL;
        }
    }
    len = answer(bytes + 2, (struct fa_slice){query + 2, fa_be16_load(query)}, true);
    fa_be16_store(bytes, (uint16_t)len);
    return fa_flow_write_all(flow, (struct fa_slice){bytes, 2 + len}, bound(TCP_NS));
}

static void serve_flows(void *ctx)
{
    struct server *server = ctx;
    struct fa_flow *flow;
    while (fa_listener_accept_wait(&server->listener.listener, FA_NS_NEVER, &flow) == FA_OK) {
        fa_err err = serve_flow(flow);
        if (err == FA_OK) {
            fa_flow_close(flow);
        } else {
            fa_flow_abort(flow);
        }
        if (err == FA_ECANCEL) {
            return;
        }
    }
}

static void serve_time(void *ctx)
{
    struct fa_buf *buf;
    struct fa_udp_from from;
    struct fa_ntp_packet packet;
    uint8_t bytes[FA_NTP_LEN];
    (void)ctx;
    while (fa_udp_recv_wait(&clock_socket, FA_NS_NEVER, &buf, &from) == FA_OK) {
        bool good = fa_ntp_decode(fa_buf_slice(buf), &packet) == FA_NTP_GOOD;
        fa_buf_drop(buf);
        if (!good) {
            continue;
        }
        packet.mode = FA_NTP_MODE_SERVER;
        packet.stratum = 3;
        packet.origin = packet.transmit;
        packet.receive = packet.transmit = fa_ntp_timestamp(WALL_AT_0 + fa_sim_now());
        fa_ntp_encode(bytes, &packet);
        (void)fa_udp_send(
            &clock_socket, (struct fa_slice){bytes, sizeof bytes}, &from.local.ip, &from.remote);
    }
}

/* ---- the client ---- */

/* Ask once. Returns: whether there was an answer; it is checked. */
static fa_err ask(uint32_t number)
{
    struct fa_dns_answer found;
    struct fa_ip ip;
    char name[32];
    const struct fa_ip want = address_of(number);
    fa_fmt(name, sizeof name, "n%u.sim.", (unsigned)number);
    fa_err err =
        fa_resolver_ask_wait(&resolver, fa_slice_of(name), FA_DNS_A, bound(ASK_NS), &found);
    if (err == FA_OK) {
        CHECK(is_there(number));
        CHECK_EQ(fa_dns_answer_ips(&found, &ip, 1), 1);
        CHECK(fa_ip_equal(&ip, &want));
    } else if (err == FA_ENOENT) {
        CHECK(!is_there(number));
        err = FA_OK;
    }
    return err;
}

static void ask_all(void *ctx)
{
    struct fa_rand *rand = ctx;
    for (int i = 0; i < ASK_COUNT; i++) {
        uint32_t number = (uint32_t)fa_rand_below(rand, NAME_COUNT);
        int attempt = 0;
        fa_err err;
        while ((err = ask(number)) != FA_OK && attempt < ATTEMPT_MAX) {
            if (err == FA_ECANCEL || fa_fiber_sleep_until(bound(FA_NS_S)) != FA_OK) {
                return;
            }
            attempt++;
            again_count++;
        }
        if (err != FA_OK) {
            t_fail(__FILE__, __LINE__, "n%u: %s", (unsigned)number, fa_err_name(err));
        }
        if (fa_fiber_sleep_until(bound(fa_rand_below(rand, 2 * FA_NS_S))) != FA_OK) {
            return;
        }
    }
    done_count++;
}

/* ---- the world ---- */

static void spawn(void (*fn)(void *ctx), void *ctx)
{
    REQUIRE(fa_fiber_spawn(&world->loop.fibers, fn, ctx, &fibers[fiber_count]) == FA_OK);
    fiber_count++;
}

static void open_socket(struct world_station *station, struct fa_udp_socket *socket, uint16_t port)
{
    const struct fa_udp_socket_config config = {.port = port, .pool = &station->pool};
    REQUIRE(fa_udp_bind(&station->stack.udp, socket, &config) == FA_OK);
}

static void open_servers(void)
{
    for (size_t i = 0; i < SERVER_COUNT; i++) {
        struct server *server = &servers[i];
        server->station = &world->stations[1 + i];
        open_socket(server->station, &server->socket, FA_DNS_PORT);
        REQUIRE(fa_tcp_listen(&server->station->stack.tcp, &server->listener,
                    &(struct fa_tcp_listen_config){.port = FA_DNS_PORT}) == FA_OK);
        spawn(serve_names, server);
        spawn(serve_flows, server);
    }
    open_socket(&world->stations[1], &clock_socket, FA_NTP_PORT);
    spawn(serve_time, NULL);
}

static void open_client(void)
{
    static struct fa_rand rands[CLIENT_COUNT];
    static char clock_name[FA_IP_TEXT_MAX];
    struct fa_resolver_config config = {
        .stack = &world->stations[0].stack,
        .slots = slots,
        .dns = {.queries = queries,
            .query_count_max = QUERY_COUNT,
            .entries = entries,
            .entry_count_max = FA_COUNT_OF(entries)},
    };
    for (size_t i = 0; i < SERVER_COUNT; i++) {
        config.servers[i] =
            (struct fa_endpoint){.ip = world->stations[1 + i].address.ip, .port = FA_DNS_PORT};
    }
    fa_resolver_init(&resolver, &config, fa_sim_now());
    fa_resolver_start(&resolver, &world->loop);
    for (size_t i = 0; i < CLIENT_COUNT; i++) {
        char purpose[16];
        fa_fmt(purpose, sizeof purpose, "asker %u", (unsigned)i);
        fa_sim_rand_init(&rands[i], purpose);
        spawn(ask_all, &rands[i]);
    }
    fa_ip_text(&world->stations[1].address.ip, clock_name, sizeof clock_name);
    fa_timesync_init(
        &sync, &(struct fa_timesync_config){.resolver = &resolver, .server = clock_name});
    spawn(fa_timesync_run, &sync);
}

static void close_all(void)
{
    for (size_t i = 0; i < fiber_count; i++) {
        if (i < 2 * SERVER_COUNT + 1 || i == fiber_count - 1) { /* the askers have ended */
            fa_fiber_cancel(fibers[i]);
        }
    }
    fa_ns end = bound(FA_NS_S);
    while (world->loop.fibers.live_count != 0 && fa_sim_now() < end) {
        fa_loop_turn(&world->loop, false);
    }
    CHECK_EQ(world->loop.fibers.live_count, 0);
    fa_resolver_stop(&resolver);
    for (size_t i = 0; i < SERVER_COUNT; i++) {
        fa_udp_close(&servers[i].socket);
        fa_listener_close(&servers[i].listener.listener);
    }
    fa_udp_close(&clock_socket);
    fa_wall_set(0);
    CHECK_EQ(sim_world_close(world), 0);
}

/* Each time that the clock was set: the server has read its own between the sending and the
 * hearing. */
static void check_clock(void)
{
    uint64_t truth = WALL_AT_0 + fa_sim_now();
    uint64_t wall = fa_wall_ns();
    uint64_t error = wall > truth ? wall - truth : truth - wall;
    clock_count = sync.set_count;
    if (error > sync.sample.delay_ns / 2 + FA_NS_MS) {
        t_fail(__FILE__, __LINE__, "the clock is wrong by %llu us, the round trip was %llu",
            (unsigned long long)(error / FA_NS_US),
            (unsigned long long)(sync.sample.delay_ns / FA_NS_US));
    }
}

static void save_capture(void *ctx)
{
    char path[128];
    fa_fmt(path, sizeof path, "o/capture/sim-names-%llu.pcapng", (unsigned long long)fa_sim_seed());
    sim_world_capture_save(ctx, path);
    t_note("capture: %s", path);
}

T(names_and_the_time_are_found_in_bad_weather)
{
    REQUIRE(fa_log_levels_set(FA_LIT("*:warning"), NULL) == FA_OK);
    fiber_count = 0;
    done_count = clock_count = again_count = by_tcp_count = 0;
    world = sim_world_open(&(struct world_config){.station_count = 1 + SERVER_COUNT});
    t_on_failure(save_capture, world);
    const fa_ns start = fa_sim_now();
    weather_begin(&weather, world, weather_choose(), start + CALM_FROM_NS);
    open_servers();
    open_client();
    while ((done_count < CLIENT_COUNT || clock_count < CLOCK_COUNT) && !t_failed() &&
           fa_sim_now() < start + BOUND_S * FA_NS_S) {
        fa_loop_turn(&world->loop, true);
        if (sync.set_count != clock_count) {
            check_clock();
        }
    }
    CHECK_EQ(done_count, CLIENT_COUNT);
    CHECK(clock_count >= CLOCK_COUNT);
    t_note("seed %llu: %s %s; %u asked again, %u answers by TCP; %llu s of at most %u",
        (unsigned long long)fa_sim_seed(), world->six ? "IPv6" : "IPv4", weather.text,
        (unsigned)again_count, (unsigned)by_tcp_count,
        (unsigned long long)((fa_sim_now() - start) / FA_NS_S), (unsigned)BOUND_S);
    if (!t_failed()) {
        close_all();
    }
}
