// SPDX-License-Identifier: ISC
//
// test/sim/scene.h: a world, what goes wrong in it, the work that is done in it and the checks, put
// together; for tests that say which kinds there are, or leave them to the seed.
//
// Checked: every byte, both ways, on every connection; an orderly end of each transfer, no break
// that the world does not explain; that it ends within the time that the faults explain; that
// afterwards no connection and no buffer is left.

#ifndef TEST_SIM_SCENE_H
#define TEST_SIM_SCENE_H

#include "test/sim/boxes.h"
#include "test/sim/mischief.h"
#include "test/sim/states.h"
#include "test/sim/weather.h"
#include "test/sim/workload.h"
#include "test/sim/world.h"

struct scene_config {
    uint32_t weather_kinds;      /* bits; 0: fine weather */
    uint32_t box_kinds;          /* bits; 0: no boxes */
    enum mischief_kind mischief; /* MISCHIEF_NONE */
    bool features_all;           /* every station has every feature on; else the seed says which */
    uint64_t big_bytes;          /* each way, of each of 8 to 12 connections */
    bool count_moves;            /* transitions of states too */
};

struct scene {
    struct scene_config config;
    struct world *world;
    struct weather weather;
    struct boxes boxes;
    struct mischief mischief;
    struct workload workload;
    struct states states;
    fa_ns start_ns;
    fa_ns bound_ns;
    uint64_t bytes;
    size_t extended_count; /* times that bound_ns was */
};

/* What the seed chooses: weather, and often boxes, and now and then mischief. */
struct scene_config scene_choose(void);

/* Run the world of `seed` to its end, with checks. Returns: what was seen. *ret_digest: the world's
 * digest; 0 if something failed. */
const struct scene *scene_run(
    uint64_t seed, const struct scene_config *config, uint64_t *ret_digest);

#endif
