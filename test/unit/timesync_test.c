// SPDX-License-Identifier: ISC
//
// The SNTP client on a stack: station a wants to know the time, station b knows it.

#include "fa/timesync.h"

#include "fa/log.h"
#include "fa/wall.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

#define WALL_AT_0 (UINT64_C(1700000000) * FA_NS_S)

static struct fa_timesync sync;
static struct fa_resolver resolver;
static struct fa_dns_query queries[2];
static struct fa_resolver_slot slots[2];
static struct fa_fibers fibers;
static struct fa_fiber *fiber;
static struct fa_udp_socket server;
static fa_err waited;

static const struct fa_dns_static statics[] = {
    {"time.test", {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2}}},
};

static void wait_once(void *ctx)
{
    const fa_ns *deadline = ctx;
    waited = fa_timesync_wait(&sync, *deadline);
}

static void begin(const char *named, fa_ns *deadline)
{
    world_open();
    fa_log_levels[FA_LOG_SOURCE_sntp] = FA_LOG_QUIET;
    CHECK(world_bind(&world.b, &server, FA_NTP_PORT) == FA_OK);
    fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = 2}, world.now);
    fa_resolver_init(&resolver,
        &(struct fa_resolver_config){.stack = &world.a.stack,
            .slots = slots,
            .dns = {.queries = queries,
                .query_count_max = 2,
                .statics = statics,
                .static_count = FA_COUNT_OF(statics)}},
        world.now);
    fa_timesync_init(&sync, &(struct fa_timesync_config){.resolver = &resolver, .server = named});
    waited = FA_AGAIN;
    *deadline = world.now + 20 * FA_NS_S;
    CHECK(fa_fiber_spawn(&fibers, fa_timesync_run, &sync, &fiber) == FA_OK);
    CHECK(fa_fiber_spawn(&fibers, wait_once, deadline, NULL) == FA_OK);
}

static void serve(void)
{
    struct fa_buf *buf;
    struct fa_udp_from from;
    struct fa_ntp_packet packet;
    uint8_t bytes[FA_NTP_LEN];
    while (fa_udp_recv(&server, &buf, &from) == FA_OK) {
        CHECK(fa_ntp_decode(fa_buf_slice(buf), &packet) == FA_NTP_GOOD);
        fa_buf_drop(buf);
        packet.mode = FA_NTP_MODE_SERVER;
        packet.stratum = 3;
        packet.origin = packet.transmit;
        packet.receive = packet.transmit = fa_ntp_timestamp(WALL_AT_0 + world.now);
        fa_ntp_encode(bytes, &packet);
        (void)fa_udp_send(&server, (struct fa_slice){bytes, sizeof bytes}, NULL, &from.remote);
    }
}

/* So many steps of 100 ms. */
static void run(int steps)
{
    for (int i = 0; i < steps; i++) {
        for (int turn = 0; turn < 6; turn++) {
            (void)fa_resolver_poll(&resolver, world.now);
            (void)fa_fibers_run(&fibers, world.now);
            world_settle();
            serve();
            world_settle();
        }
        world_run(100 * FA_NS_MS);
    }
}

static void end(void)
{
    fa_fiber_cancel(fiber);
    (void)fa_fibers_run(&fibers, world.now);
    CHECK_EQ(fibers.live_count, 0);
    fa_udp_close(&server);
    fa_resolver_stop(&resolver);
    fa_wall_set(0);
    fa_log_levels[FA_LOG_SOURCE_sntp] = FA_LOG_INFO;
    world_close();
}

T(the_clock_is_set_after_a_round_with_the_named_server)
{
    static const char *const names[] = {"10.0.0.2", "time.test"};
    for (size_t i = 0; i < FA_COUNT_OF(names); i++) {
        fa_ns deadline;
        begin(names[i], &deadline);
        run(30);
        CHECK_EQ(sync.set_count, 0); // in the middle of the round
        run(60);
        CHECK_EQ(sync.set_count, 1);
        CHECK_EQ(waited, FA_OK);
        CHECK_EQ(COUNTED(&world.a, sntp_clock_set), 1);
        CHECK_EQ(sync.sample.stratum, 3);
        CHECK(sync.sample.ahead_ns - WALL_AT_0 + FA_NS_MS < 2 * FA_NS_MS);
        run(700);
        CHECK_EQ(sync.set_count, 2); // about a minute later
        end();
    }
}

T(servers_that_the_network_names_are_asked)
{
    fa_ns deadline;
    struct fa_names_entry entry = {.ip = fa_ip4_ip(WORLD_B), .until_ns = FA_NS_NEVER};
    begin(NULL, &deadline);
    run(300);
    CHECK_EQ(sync.set_count, 0);
    CHECK_EQ(waited, FA_ETIMEOUT);
    fa_names_put(&world.a.stack.names, FA_NAMES_NTP, &entry);
    run(100);
    CHECK_EQ(sync.set_count, 1);
    end();
}

T(a_server_that_is_not_there_leaves_the_clock_alone)
{
    fa_ns deadline;
    begin("10.0.0.2", &deadline);
    fa_udp_close(&server);
    run(300);
    CHECK_EQ(sync.set_count, 0);
    CHECK(COUNTED(&world.a, sntp_unreachable) >= 4);
    end();
}
