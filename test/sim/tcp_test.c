// SPDX-License-Identifier: ISC
//
// test/sim/tcp_test.c: TCP in bad weather: many connections, several kinds of fault, one seed.
//
// Checked: every byte, both ways, on every connection; an orderly end of each; that it ends within
// LIVENESS_S of virtual time; that afterwards no connection and no buffer is left; and, on some
// seeds, that the same seed gives the same world.

#include "test/t.h"
#include "fa/fmt.h"
#include "fa/log.h"
#include "fa/sim.h"
#include "test/sim/weather.h"
#include "test/sim/workload.h"
#include "test/sim/world.h"

enum {
    TRANSFER_MIN = 8,
    TRANSFER_MAX = 12,
    BYTES_EACH_WAY = 256 * 1024,
    LIVENESS_S = 900, /* the worst rate limit alone needs about 60 s for all transfers */
    LINGER_S = 420,   /* 2 MSL, FIN_WAIT_2 and the user timeout of orphans are over by then */
};

struct outcome {
    uint64_t digest;
    char weather[WEATHER_TEXT_MAX];
};

static struct workload workload;
static struct weather weather;
static bool stalled;

static void note_stall(void *ctx)
{
    (void)ctx;
    stalled = true;
}

static void turn_until(struct world *world, fa_ns end, bool stop_when_done)
{
    while (fa_sim_now() < end && !stalled && !(stop_when_done && workload_done(&workload)) &&
           workload.trouble[0] == '\0') {
        fa_loop_turn(&world->loop, true);
    }
}

static void save_capture(void *ctx)
{
    char path[128];
    fa_fmt(path, sizeof path, "o/capture/sim-tcp-%llu.pcapng", (unsigned long long)fa_sim_seed());
    sim_world_capture_save(ctx, path);
    t_note("capture: %s", path);
}

static void add_transfers(struct world *world, struct fa_rand *rand)
{
    uint64_t count = TRANSFER_MIN + fa_rand_below(rand, TRANSFER_MAX - TRANSFER_MIN + 1);
    for (uint64_t i = 0; i < count; i++) {
        size_t from = fa_rand_below(rand, world->station_count);
        size_t to =
            (from + 1 + fa_rand_below(rand, world->station_count - 1)) % world->station_count;
        fa_ns start = fa_sim_now() + fa_rand_below(rand, 2000) * FA_NS_MS;
        workload_add(&workload, &world->stations[from].stack, &world->stations[to].address,
            BYTES_EACH_WAY, start);
    }
}

static void check_all_gone(struct world *world)
{
    for (size_t i = 0; i < world->station_count; i++) {
        CHECK_EQ(world->stations[i].stack.tcp.live_count, 0);
    }
    CHECK_EQ(sim_world_close(world), 0);
}

static void note_unfinished(void)
{
    for (size_t i = 0; i < workload.transfer_count; i++) {
        for (int server = 0; server < 2; server++) {
            char text[256];
            workload_describe(&workload, i, server != 0, text, sizeof text);
            t_note("transfer %zu %s: %s", i, server != 0 ? "server" : "client", text);
        }
    }
}

static struct outcome run_world(uint64_t seed)
{
    struct outcome outcome = {};
    struct fa_rand rand;
    fa_sim_reseed(seed);
    fa_sim_on_stall(note_stall, NULL);
    FA_ASSERT(fa_log_levels_set(FA_LIT("*:warning"), NULL) == FA_OK);
    stalled = false;
    fa_sim_rand_init(&rand, "workload");
    struct world *world = sim_world_open(2 + fa_rand_below(&rand, WORLD_STATION_MAX - 1));
    t_on_failure(save_capture, world);
    weather_begin(&weather, world);
    workload_init(&workload, fa_rand_u64(&rand), fa_sim_now());
    for (size_t i = 0; i < world->station_count; i++) {
        workload_listen(&workload, &world->stations[i].listener.listener);
    }
    add_transfers(world, &rand);
    fa_loop_add(&world->loop, &workload.poller);
    fa_ns start = fa_sim_now();
    turn_until(world, start + LIVENESS_S * FA_NS_S, true);
    fa_ns took = fa_sim_now() - start;
    if (workload.trouble[0] != '\0') {
        t_fail(__FILE__, __LINE__, "%s", workload.trouble);
    }
    CHECK(workload_done(&workload));
    CHECK(!stalled);
    CHECK_EQ(workload.bytes_wrong, 0);
    t_note("seed %llu: %s; %zu stacks, %zu connections, %llu bytes checked, %llu ms",
        (unsigned long long)seed, weather.text, world->station_count, workload.transfer_count,
        (unsigned long long)workload.bytes_checked, (unsigned long long)(took / FA_NS_MS));
    if (!workload_done(&workload)) {
        note_unfinished();
    }
    if (!t_failed()) {
        turn_until(world, fa_sim_now() + LINGER_S * FA_NS_S, false);
        outcome.digest = sim_world_digest(world);
        check_all_gone(world);
    }
    return outcome;
}

T(every_byte_arrives_in_bad_weather)
{
    uint64_t seed = fa_sim_seed();
    struct outcome first = run_world(seed);
    if (!t_failed() && seed % 20 == 1) {
        struct outcome second = run_world(seed);
        CHECK(first.digest == second.digest);
    }
}
