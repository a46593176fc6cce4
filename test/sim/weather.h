// SPDX-License-Identifier: ISC
//
// test/sim/weather.h: what goes wrong in a world: kinds of fault and how bad, out of its seed.

#ifndef TEST_SIM_WEATHER_H
#define TEST_SIM_WEATHER_H

#include "fa/loop.h"
#include "test/sim/world.h"

enum {
    WEATHER_KIND_MIN = 3, /* kinds of fault in every world */
    WEATHER_KIND_MAX = 5,
    WEATHER_TEXT_MAX = 160,
};

/* Pinned. */
struct weather {
    struct fa_poller poller;
    struct world *world;
    struct fa_rand rand;
    uint32_t kinds;    /* bit k: the kind k of weather.c */
    fa_ns next_cut_ns; /* of the kind that cuts cables */
    struct world_station *cut;
    fa_ns calm_from_ns; /* no cut begins after this */
    char text[WEATHER_TEXT_MAX];
};

/* Choose kinds and strengths, set every cable's faults, and go on cutting cables if that is among
 * them. `text` then names the kinds. */
void weather_begin(struct weather *weather, struct world *world);

#endif
