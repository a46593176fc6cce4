// SPDX-License-Identifier: ISC
//
// fa/sim.h: the deterministic world of plat/sim: time, chance and entropy out of one 64-bit seed.
//
// An image linked with plat/sim instead of plat/linux runs as a process whose clock moves only when
// it sleeps: hours pass in seconds, and the same seed gives the same run to the last bit. The wire
// is src/dev/vnet.c under src/dev/fault.c, the disk src/dev/memblk.c; both draw from the streams
// below. The seed is `--seed N`, taken out of the arguments, else the environment's FATA_SIM_SEED,
// else 1. Why it is made this way: docs/design/0003-simulator.md. Tested by test/unit/sim_test.c.
//
//     fa_sim_reseed(seed);
//     fa_sim_rand_init(&wire_rand, "wire");
//     int status = fa_loop_run(&loop);
//     if (status != 0) t_note("replay: %.*s", (int)fa_sim_replay(at, sizeof at), at);

#ifndef FA_SIM_H
#define FA_SIM_H

#include "fa/base.h"
#include "fa/rand.h"

enum {
    FA_SIM_STALLED_STATUS = 3,          /* exit status of a world in which nothing can happen */
    FA_SIM_SPIN_MAX = 50 * 1000 * 1000, /* readings of the clock between two sleeps */
};

/* The seed of this world. */
uint64_t fa_sim_seed(void);

/* Begin another world: clock, wall clock, entropy and streams start again from `seed`; a request to
 * stop and the stall hook are forgotten. What was made in the old world must be gone. */
void fa_sim_reseed(uint64_t seed);

/* Begin the random sequence that this world has for `purpose`. Each purpose has its own, so one
 * more draw for one of them changes nothing for the others. */
void fa_sim_rand_init(struct fa_rand *rand, const char *purpose);

/* What fa_clock_mono_ns() says, but never taken for spinning: for tests and checkers. */
fa_ns fa_sim_now(void);

/* Let time pass without sleeping: a slow computation, a host that was suspended. */
void fa_sim_advance(fa_ns duration);

/* Let the next `sleep_count` sleeps take no time at all: a clock that stands, as some virtual ones
 * do. Then it goes on from where it stood. */
void fa_sim_stand(uint32_t sleep_count);

/* Set the wall clock forward or back against the monotonic one. It stops at 1 ns after 1970. */
void fa_sim_wall_jump(int64_t delta_ns);

/* Ask the image to stop, as Ctrl-C would. */
void fa_sim_stop(void);

/*
 * Call fn(ctx) when the world stalls: a sleep without a deadline, or FA_SIM_SPIN_MAX readings of
 * the clock without a sleep. NULL: print the command that replays it and exit with
 * FA_SIM_STALLED_STATUS. After `fn` the image goes on as after a wake-up.
 */
void fa_sim_on_stall(void (*fn)(void *ctx), void *ctx);

/* Write the command that runs this program again with this seed. Returns: as fa_fmt(). */
size_t fa_sim_replay(char *at, size_t cap);

#endif
