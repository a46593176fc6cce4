// SPDX-License-Identifier: ISC
//
// test/sim/alone_test.c: each kind of trouble by itself, so that a failure has one cause; and
// storms, which need more than chance.

#include "fa/sim.h"
#include "src/net/tcp_priv.h"
#include "test/sim/scene.h"
#include "test/t.h"

enum {
    BIG_BYTES = 64 * 1024,
    STORM_S = 60,
    STORM_SEGMENTS_MAX = STORM_S * 2 * 4, /* two ends, a challenge each 500 ms and its answer */
};

/* Run one world for each kind. The first that fails ends it. */
static void run_each(unsigned count, struct scene_config (*config_of)(unsigned kind))
{
    uint64_t seed = fa_sim_seed();
    for (unsigned kind = 0; kind < count && !t_failed(); kind++) {
        uint64_t digest;
        struct scene_config config = config_of(kind);
        config.big_bytes = BIG_BYTES;
        scene_run(seed, &config, &digest);
    }
}

static struct scene_config one_weather(unsigned kind)
{
    return (struct scene_config){.weather_kinds = 1u << kind};
}

static struct scene_config one_box(unsigned kind)
{
    return (struct scene_config){.box_kinds = 1u << kind};
}

static struct scene_config one_mischief(unsigned kind)
{
    return (struct scene_config){.mischief = (enum mischief_kind)kind};
}

T(each_fault_of_cables_alone)
{
    run_each(WEATHER_KIND_COUNT, one_weather);
}

T(each_middlebox_alone)
{
    run_each(BOXES_KIND_COUNT, one_box);
}

T(each_mischief_alone)
{
    run_each(MISCHIEF_KIND_COUNT, one_mischief);
}

T(a_syn_flood_costs_nobody_a_connection)
{
    uint64_t digest;
    struct scene_config config = {
        .mischief = MISCHIEF_FLOOD, .features_all = true, .big_bytes = BIG_BYTES};
    const struct scene *scene = scene_run(fa_sim_seed(), &config, &digest);
    CHECK(scene->mischief.intruder.sent_count > 1000);
    for (size_t i = 0; i < scene->workload.transfer_count; i++) {
        CHECK_EQ(scene->workload.transfers[i].attempt, 0);
    }
}

static void turn_for(struct world *world, struct intruder *intruder, fa_ns duration)
{
    fa_ns end = fa_sim_now() + duration;
    while (fa_sim_now() < end) {
        (void)intruder_poll(intruder, fa_sim_now());
        fa_loop_turn(&world->loop, false);
        fa_sim_advance(FA_NS_MS);
    }
}

static const struct fa_tcp_conn *conn_of(struct fa_flow *flow)
{
    return fa__tcp_conn_of(flow);
}

/* A segment that fits: `target` takes it for its peer's. */
static void forge_data(
    struct intruder *intruder, struct world_station *target, const struct fa_tcp_conn *conn)
{
    const struct fa_tcp_header header = {.source_port = conn->tuple.remote_port,
        .target_port = conn->tuple.local_port,
        .seq = conn->rcv_nxt,
        .ack = conn->snd_una,
        .window = 1000,
        .flags = FA_TCP_ACK | FA_TCP_PSH};
    intruder_send(intruder, fa_sim_now(), target, &conn->tuple.remote, &header, 100);
}

/* Each end believes the other to have sent what it never did. Each answers the other's numbers
 * with its own: for ever, if nothing limits it. */
T(a_storm_of_acks_between_two_confused_ends_is_bounded)
{
    static struct intruder intruder;
    struct fa_flow *flows[2];
    fa_sim_reseed(fa_sim_seed());
    struct world *world = sim_world_open(&(struct world_config){
        .station_count = 2, .features_off = {FA_TCP_TIMESTAMPS, FA_TCP_TIMESTAMPS}});
    struct world_station *stations = world->stations;
    intruder_open(&intruder, world, INTRUDER_QUIET);
    turn_for(world, &intruder, FA_NS_S); /* until addresses are in use */
    REQUIRE(fa_stack_connect(&stations[0].stack, &stations[1].address, &flows[0]) == FA_OK);
    turn_for(world, &intruder, FA_NS_S);
    REQUIRE(fa_listener_accept(&stations[1].listener.listener, &flows[1]) == FA_OK);
    for (int i = 0; i < 2; i++) {
        forge_data(&intruder, &stations[i], conn_of(flows[i]));
    }
    uint64_t before = sim_world_count(world, FA_COUNTER_tcp_tx_segments);
    turn_for(world, &intruder, STORM_S * FA_NS_S);
    uint64_t sent = sim_world_count(world, FA_COUNTER_tcp_tx_segments) - before;
    t_note("%llu segments in %d s", (unsigned long long)sent, STORM_S);
    CHECK(sent >= 2);
    CHECK(sent <= STORM_SEGMENTS_MAX);
    fa_flow_abort(flows[0]);
    fa_flow_abort(flows[1]);
    turn_for(world, &intruder, FA_NS_S);
    intruder_close(&intruder);
    CHECK_EQ(sim_world_close(world), 0);
}
