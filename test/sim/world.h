// SPDX-License-Identifier: ISC
//
// test/sim/world.h: stacks on one switch behind bad cables, all out of the world's seed.
//
// The workload (workload.h), what goes wrong (weather.h: cables; boxes.h: middleboxes; mischief.h:
// clocks, memory, strangers) and the checks (the test itself) are apart, so that each can be read,
// and changed, alone. One world at a time: its memory is static.

#ifndef TEST_SIM_WORLD_H
#define TEST_SIM_WORLD_H

#include "fa/capture.h"
#include "fa/fault.h"
#include "fa/loop.h"
#include "fa/stack.h"
#include "fa/vnet.h"
#include "test/middlebox.h"

enum {
    WORLD_STATION_MAX = 4,
    WORLD_CONN_MAX = 256,   /* connections of one stack */
    WORLD_POOL_BUFS = 8192, /* buffers of one stack, usually */
    WORLD_HALF_OPEN_MAX = 64,
    WORLD_FIBER_MAX = 16,
    WORLD_PORT = 7000, /* every stack listens here */
    WORLD_CAPTURE_BYTES = 8 * 1024 * 1024,
};

/* One stack, its cable and its memory. */
struct world_station {
    struct fa_vnet_port port;
    struct fa_fault fault;
    struct middlebox box;
    struct fa_capture_dev captured;
    struct fa_pool pool;
    struct fa_counters counters;
    struct fa_stack stack;
    struct fa_tcp_listener listener;
    struct fa_endpoint address;
};

struct world {
    struct fa_loop loop;
    struct fa_vnet wire;
    struct fa_capture capture;
    struct fa_capture_ring ring;
    struct world_station stations[WORLD_STATION_MAX];
    size_t station_count;
    bool six; /* its addresses are of IPv6, as in half of the worlds */
};

struct world_config {
    size_t station_count;                     /* 2 to WORLD_STATION_MAX */
    size_t pool_bufs;                         /* of each; 0: WORLD_POOL_BUFS */
    uint32_t features_off[WORLD_STATION_MAX]; /* of each station's fa_tcp_config */
    enum fa_tcp_congestion congestion[WORLD_STATION_MAX];
};

/* Build and start a world of stacks, 10.0.0.1 or fd00::1 and up, wires perfect at first. */
struct world *sim_world_open(const struct world_config *config);

/* Stop the stacks and pull the plugs. Returns: how many buffers were not given back. */
size_t sim_world_close(struct world *world);

/* Sum of one counter over all stations and the switch. */
uint64_t sim_world_count(const struct world *world, enum fa_counter_id counter);

/* A number that differs when anything a stack counted differs: time and every counter. */
uint64_t sim_world_digest(const struct world *world);

/* Write the newest packets of all cables to `path`. */
void sim_world_capture_save(struct world *world, const char *path);

#endif
