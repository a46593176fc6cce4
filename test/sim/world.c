// SPDX-License-Identifier: ISC
//
// test/sim/world.c: see world.h.

#include "test/sim/world.h"

#include "fa/capture_file.h"
#include "fa/fmt.h"
#include "fa/sim.h"

static struct world the_world;
static struct fa_vnet_mac macs[64];
static uint8_t capture_memory[WORLD_CAPTURE_BYTES];
static _Alignas(64) uint8_t pool_memory[WORLD_STATION_MAX][WORLD_POOL_BUFS * FA_BUF_SIZE];
static _Alignas(64) uint8_t conn_memory[WORLD_STATION_MAX][WORLD_CONN_MAX * FA_TCP_CONN_BYTES];
static uint32_t bucket_memory[WORLD_STATION_MAX][WORLD_CONN_MAX];

static void open_station(
    struct world *world, const struct world_config *chosen, size_t idx, fa_ns now)
{
    static const char *const names[WORLD_STATION_MAX] = {"a", "b", "c", "d"};
    struct world_station *station = &world->stations[idx];
    size_t bufs = chosen->pool_bufs != 0 ? chosen->pool_bufs : WORLD_POOL_BUFS;
    FA_ASSERT(bufs <= WORLD_POOL_BUFS);
    fa_pool_init(&station->pool, pool_memory[idx], bufs * FA_BUF_SIZE, FA_BUF_SIZE);
    fa_vnet_port_open(&world->wire, &station->port,
        &(struct fa_vnet_port_config){.name = names[idx], .pool = &station->pool});
    struct fa_rand rand;
    fa_sim_rand_init(&rand, names[idx]);
    fa_fault_wrap(&station->fault, &station->port.dev,
        &(struct fa_fault_wrap_config){
            .seed = fa_rand_u64(&rand), .held_count_max = 2048, .counters = &station->counters});
    middlebox_wrap(
        &station->box, &station->fault.dev, &(struct middlebox_config){}, fa_rand_u64(&rand));
    fa_capture_wrap(&station->captured, &world->capture, &station->box.dev);
    uint8_t number = (uint8_t)(idx + 1);
    struct fa_ip four = fa_ip4(10, 0, 0, number);
    struct fa_ip six = {{0xfd, [15] = number}};
    station->address = (struct fa_endpoint){.ip = world->six ? six : four, .port = WORLD_PORT};
    const struct fa_stack_config config = {
        .iface_count = 1,
        .ifaces[0] = {.dev = &station->captured.dev,
            .ip = four,
            .prefix_bits = 24,
            .more.at = {{.ip = six, .prefix_bits = 64}},
            .ipv4_off = world->six,
            .ipv6_off = !world->six,
            .ra_off = true,
            .dad_off = true},
        .pool = &station->pool,
        .counters = &station->counters,
        .seed = fa_rand_u64(&rand) | 1,
        .tcp = {.conn_memory = conn_memory[idx],
            .conn_count_max = WORLD_CONN_MAX,
            .bucket_memory = bucket_memory[idx],
            .bucket_count = WORLD_CONN_MAX,
            .features_off = chosen->features_off[idx],
            .congestion = chosen->congestion[idx]},
    };
    fa_stack_init(&station->stack, &config, now);
    fa_stack_start(&station->stack, &world->loop);
    const struct fa_tcp_listen_config listen = {
        .port = WORLD_PORT, .half_open_max = WORLD_HALF_OPEN_MAX};
    FA_ASSERT(fa_tcp_listen(&station->stack.tcp, &station->listener, &listen) == FA_OK);
}

struct world *sim_world_open(const struct world_config *config)
{
    struct world *world = &the_world;
    size_t station_count = config->station_count;
    FA_ASSERT(station_count >= 2 && station_count <= WORLD_STATION_MAX);
    fa_zero(world, sizeof *world);
    fa_loop_init(&world->loop, &(struct fa_loop_config){.fibers.fiber_count_max = WORLD_FIBER_MAX});
    fa_vnet_init(
        &world->wire, &(struct fa_vnet_config){.macs = macs, .mac_count = FA_COUNT_OF(macs)});
    fa_capture_ring_init(&world->ring, capture_memory, sizeof capture_memory, NULL);
    fa_capture_init(
        &world->capture, &(struct fa_capture_config){.sink = fa_capture_ring_sink(&world->ring)});
    world->station_count = station_count;
    struct fa_rand rand;
    fa_sim_rand_init(&rand, "family");
    world->six = fa_rand_below(&rand, 2) != 0;
    for (size_t i = 0; i < station_count; i++) {
        open_station(world, config, i, fa_sim_now());
    }
    return world;
}

size_t sim_world_close(struct world *world)
{
    size_t left = 0;
    for (size_t i = 0; i < world->station_count; i++) {
        fa_stack_stop(&world->stations[i].stack);
        fa_netdev_close(&world->stations[i].captured.dev);
    }
    for (size_t i = 0; i < world->station_count; i++) {
        left += world->stations[i].pool.used_count;
    }
    return left;
}

uint64_t sim_world_count(const struct world *world, enum fa_counter_id counter)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < world->station_count; i++) {
        sum += world->stations[i].counters.cell[counter];
    }
    return sum;
}

uint64_t sim_world_digest(const struct world *world)
{
    uint64_t digest = fa_sim_now();
    for (size_t i = 0; i < world->station_count; i++) {
        for (size_t c = 0; c < FA_COUNTER_COUNT; c++) {
            digest = (digest ^ world->stations[i].counters.cell[c]) * 0x100000001b3 + c;
        }
    }
    return digest;
}

void sim_world_capture_save(struct world *world, const char *path)
{
    static struct fa_capture_file file;
    const char *reason;
    if (fa_capture_file_open(&file, path, &reason) == FA_OK) {
        fa_capture_ring_dump(&world->ring, fa_capture_file_sink(&file));
        (void)fa_capture_file_close(&file); /* a capture that is cut off still helps */
    }
}
