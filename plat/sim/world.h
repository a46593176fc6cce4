// SPDX-License-Identifier: ISC
//
// plat/sim/world.h: the state of the simulated world. Private to plat/sim.

#ifndef FA_PLAT_SIM_WORLD_H
#define FA_PLAT_SIM_WORLD_H

#include "fa/sim.h"

struct fa__sim_world {
    uint64_t seed;
    fa_ns now;
    fa_ns start_ns;
    uint64_t wall_start_ns; /* wall clock at `start_ns` */
    int64_t wall_jump_ns;
    uint32_t stand_count; /* sleeps that take no time */
    uint64_t read_count;  /* of the clock, since the last sleep */
    bool stop_requested;
    bool wake_pending;
    struct fa_rand entropy;
    struct fa_rand sleep; /* how late a sleep ends */
    void (*stall_fn)(void *ctx);
    void *stall_ctx;
};

extern struct fa__sim_world fa__sim;

/* Tell the hook, or say `why` on the console and leave. */
void fa__sim_stall(const char *why);

/* Print the command that runs this world again. */
void fa__sim_print_replay(void);

#endif
