// SPDX-License-Identifier: ISC
//
// test/sim/scene.c: see scene.h.

#include "test/sim/scene.h"

#include "fa/fmt.h"
#include "fa/log.h"
#include "fa/sim.h"
#include "test/t.h"

enum {
    BIG_MIN = 8,
    BIG_MAX = 12,
    SMALL_MAX = 40,
    SMALL_BYTES_MAX = 4000,
    ATTEMPT_MAX = 30,
};

/* Three timeouts, twice, of a second and more at first. */
#define BLACK_HOLE_NS (60 * FA_NS_S)
#define CALM_NS       (60 * FA_NS_S) /* from then on no new trouble begins */
/* Until a connection that was broken off is noticed, on top of the rest: TCP's user timeout, or the
 * workload's own patience. */
#define BREAK_NS  (2 * WORKLOAD_IDLE_NS)
#define LINGER_NS (2 * WORKLOAD_IDLE_NS) /* orphans, FIN_WAIT_2 and TIME_WAIT are over by then */

static struct scene scene;
static bool stalled;
static const char *hooked; /* test that has its capture saved */

static void note_stall(void *ctx)
{
    (void)ctx;
    stalled = true;
}

static bool all_gone(const struct world *world)
{
    bool gone = scene.workload.live_count == 0;
    for (size_t i = 0; i < world->station_count; i++) {
        gone = gone && world->stations[i].stack.tcp.live_count == 0;
    }
    return gone;
}

static void turn_until(const fa_ns *duration, bool (*done)(void))
{
    fa_ns start = fa_sim_now();
    while (fa_sim_now() - start < *duration && !stalled && !done() &&
           scene.workload.trouble[0] == '\0') {
        fa_loop_turn(&scene.world->loop, true);
        states_look(&scene.states, scene.world);
    }
}

/* Each connection that heavy losses have ended by its user timeout explains a longer run. */
static bool transfers_done(void)
{
    if (scene.workload.timeout_count > scene.extended_count) {
        scene.extended_count++;
        scene.bound_ns += BREAK_NS;
    }
    return workload_done(&scene.workload);
}

static bool world_empty(void)
{
    return all_gone(scene.world);
}

static void save_capture(void *ctx)
{
    char path[128];
    fa_fmt(path, sizeof path, "o/capture/sim-tcp-%llu.pcapng", (unsigned long long)fa_sim_seed());
    sim_world_capture_save(ctx, path);
    t_note("capture: %s", path);
}

static void add_transfer(struct fa_rand *rand, uint64_t bytes, enum workload_style style)
{
    struct world *world = scene.world;
    size_t from = fa_rand_below(rand, world->station_count);
    size_t to = (from + 1 + fa_rand_below(rand, world->station_count - 1)) % world->station_count;
    bool pauses = fa_rand_below(rand, 4) == 0;
    workload_add(
        &scene.workload, &(struct workload_transfer_config){.from = &world->stations[from].stack,
                             .from_address = world->stations[from].address,
                             .to = &world->stations[to].stack,
                             .to_address = world->stations[to].address,
                             .bytes_each_way = bytes,
                             .style = style,
                             .start_ns = fa_sim_now() + fa_rand_below(rand, 2000) * FA_NS_MS,
                             .pause_ns = pauses ? fa_rand_below(rand, 30) * FA_NS_S : 0});
    scene.bytes += 2 * bytes;
}

/* Whose port a box translates cannot be met on it. */
static enum workload_style choose_style(struct fa_rand *rand)
{
    enum workload_style style = (enum workload_style)fa_rand_below(rand, WORKLOAD_STYLE_COUNT);
    return style == WORKLOAD_MEETING && scene.boxes.may_break ? WORKLOAD_BOTH_WAYS : style;
}

static void add_transfers(struct fa_rand *rand)
{
    uint64_t big_count = BIG_MIN + fa_rand_below(rand, BIG_MAX - BIG_MIN + 1);
    uint64_t small_count = fa_rand_below(rand, 2) != 0 ? fa_rand_below(rand, SMALL_MAX + 1) : 0;
    for (uint64_t i = 0; i < big_count; i++) {
        enum workload_style style = choose_style(rand);
        /* Eight of them go all the way. */
        add_transfer(rand, scene.config.big_bytes,
            i < BIG_MIN && style == WORKLOAD_ABORT ? WORKLOAD_BOTH_WAYS : style);
    }
    for (uint64_t i = 0; i < small_count; i++) {
        add_transfer(
            rand, WORKLOAD_HELLO_LEN + fa_rand_below(rand, SMALL_BYTES_MAX), choose_style(rand));
    }
}

static void check_all_gone(void)
{
    CHECK_EQ(scene.workload.live_count, 0);
    for (size_t i = 0; i < scene.world->station_count; i++) {
        CHECK_EQ(scene.world->stations[i].stack.tcp.live_count, 0);
    }
    if (scene.config.mischief != MISCHIEF_NONE) {
        mischief_end(&scene.mischief);
    }
    CHECK_EQ(sim_world_close(scene.world), 0);
}

static void note_unfinished(void)
{
    for (size_t i = 0; i < scene.workload.transfer_count; i++) {
        const struct workload_transfer *transfer = &scene.workload.transfers[i];
        for (int server = 0; server < 2; server++) {
            char text[256];
            if (!transfer->client_done || !transfer->server_done) {
                workload_describe(&scene.workload, i, server != 0, text, sizeof text);
                t_note("transfer %zu %s: %s", i, server != 0 ? "server" : "client", text);
            }
        }
    }
}

/* Half of all stations have everything switched on. Bits without a meaning may be set. */
static uint32_t choose_features_off(struct fa_rand *rand)
{
    uint32_t off = fa_rand_below(rand, 2) != 0 ? fa_rand_u32(rand) : 0;
    bool needs_probes = (scene.config.box_kinds & boxes_black_hole) != 0;
    return needs_probes ? off & ~(uint32_t)FA_TCP_MTU_PROBE : off;
}

static void choose_congestion(struct world_config *config)
{
    struct fa_rand rand;
    fa_sim_rand_init(&rand, "congestion");
    for (size_t i = 0; i < WORLD_STATION_MAX; i++) {
        config->congestion[i] =
            (enum fa_tcp_congestion)fa_rand_below(&rand, FA_TCP_CONGESTION_COUNT);
    }
}

static void build_world(void)
{
    struct fa_rand rand;
    fa_sim_rand_init(&rand, "scene");
    struct world_config config = {.station_count = 2 + fa_rand_below(&rand, WORLD_STATION_MAX - 1)};
    for (size_t i = 0; i < WORLD_STATION_MAX; i++) {
        config.features_off[i] = scene.config.features_all ? 0 : choose_features_off(&rand);
    }
    choose_congestion(&config);
    config.pool_bufs = mischief_pool_bufs(scene.config.mischief, &rand);
    scene.world = sim_world_open(&config);
    scene.start_ns = fa_sim_now();
    fa_ns calm_from_ns = scene.start_ns + CALM_NS;
    weather_begin(&scene.weather, scene.world, scene.config.weather_kinds, calm_from_ns);
    if (scene.config.box_kinds != 0) {
        boxes_begin(&scene.boxes, scene.world, scene.config.box_kinds, calm_from_ns);
    }
    if (scene.config.mischief != MISCHIEF_NONE) {
        mischief_begin(&scene.mischief, scene.world, scene.config.mischief, calm_from_ns);
    }
}

static bool is_poor(void)
{
    bool poor = scene.config.box_kinds != 0; /* which may strip what they like */
    for (size_t i = 0; i < scene.world->station_count; i++) {
        uint32_t off = scene.world->stations[i].stack.tcp.config.features_off;
        poor = poor || (off & (FA_TCP_TIMESTAMPS | FA_TCP_SACK)) != 0;
    }
    return poor;
}

static void begin_work(void)
{
    struct fa_rand rand;
    fa_sim_rand_init(&rand, "workload");
    bool breaks = scene.boxes.may_break || scene.mischief.may_break;
    workload_init(&scene.workload,
        &(struct workload_config){.seed = fa_rand_u64(&rand),
            .attempt_max = ATTEMPT_MAX,
            .breaks_allowed = breaks,
            .timeouts_allowed = weather_is_heavy(&scene.weather),
            .memory_is_short = scene.mischief.memory_is_short},
        fa_sim_now());
    for (size_t i = 0; i < scene.world->station_count; i++) {
        workload_listen(&scene.workload, &scene.world->stations[i].listener.listener);
    }
    add_transfers(&rand);
    fa_loop_add(&scene.world->loop, &scene.workload.poller);
    scene.bound_ns =
        weather_bound(&scene.weather, scene.bytes, scene.config.big_bytes, is_poor()) +
        (breaks ? BREAK_NS : 0) +
        ((scene.config.box_kinds & boxes_black_hole) != 0 ? BLACK_HOLE_NS : 0) +
        (scene.config.box_kinds != 0 || scene.config.mischief != MISCHIEF_NONE ? CALM_NS : 0);
}

static void describe_outcome(uint64_t seed, fa_ns took)
{
    t_note(
        "seed %llu: %s %s%s%s; %zu stacks, %zu connections, %zu breaks, %llu bytes checked; %llu s "
        "of at most %llu",
        (unsigned long long)seed, scene.world->six ? "IPv6" : "IPv4", scene.weather.text,
        scene.boxes.text, scene.mischief.text, scene.world->station_count,
        scene.workload.transfer_count, scene.workload.break_count,
        (unsigned long long)scene.workload.bytes_checked, (unsigned long long)(took / FA_NS_S),
        (unsigned long long)(scene.bound_ns / FA_NS_S));
}

struct scene_config scene_choose(void)
{
    struct fa_rand rand;
    fa_sim_rand_init(&rand, "scene kinds");
    uint64_t kind = 1 + fa_rand_below(&rand, MISCHIEF_KIND_COUNT - 1);
    uint32_t boxes = fa_rand_below(&rand, 2) != 0 ? boxes_choose() : 0;
    return (struct scene_config){
        .weather_kinds = weather_choose(),
        .box_kinds = boxes,
        .mischief = fa_rand_below(&rand, 3) == 0 ? (enum mischief_kind)kind : MISCHIEF_NONE,
    };
}

static void begin_world(uint64_t seed, const struct scene_config *config)
{
    fa_sim_reseed(seed);
    fa_sim_on_stall(note_stall, NULL);
    FA_ASSERT(fa_log_levels_set(FA_LIT("*:warning"), NULL) == FA_OK);
    stalled = false;
    fa_zero(&scene, sizeof scene);
    scene.config = *config;
    states_begin(&scene.states, config->count_moves);
    build_world();
    begin_work();
}

const struct scene *scene_run(
    uint64_t seed, const struct scene_config *config, uint64_t *ret_digest)
{
    begin_world(seed, config);
    if (hooked != t_name()) { /* once for each test: the world lies where the one before lay */
        hooked = t_name();
        t_on_failure(save_capture, scene.world);
    }
    turn_until(&scene.bound_ns, transfers_done);
    fa_ns took = fa_sim_now() - scene.start_ns;
    if (scene.workload.trouble[0] != '\0') {
        t_fail(__FILE__, __LINE__, "%s", scene.workload.trouble);
    }
    CHECK(workload_done(&scene.workload));
    CHECK(!stalled);
    CHECK_EQ(scene.workload.bytes_wrong, 0);
    describe_outcome(seed, took);
    *ret_digest = 0;
    if (!workload_done(&scene.workload)) {
        note_unfinished();
    }
    if (!t_failed()) {
        turn_until(&(fa_ns){LINGER_NS + CALM_NS}, world_empty);
        *ret_digest = sim_world_digest(scene.world);
        check_all_gone();
    }
    return &scene;
}
