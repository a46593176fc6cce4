// SPDX-License-Identifier: ISC
//
// test/sim/weather.h: what goes wrong in a world: kinds of fault and how bad, out of its seed.

#ifndef TEST_SIM_WEATHER_H
#define TEST_SIM_WEATHER_H

#include "fa/loop.h"
#include "test/sim/world.h"

enum {
    WEATHER_KIND_COUNT = 12,
    WEATHER_CHOSEN_MIN = 3, /* kinds of fault in a world that chooses */
    WEATHER_CHOSEN_MAX = 5,
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
    uint64_t rate_min;  /* bytes a second of the slowest cable; 0: no limit */
    uint32_t loss_max;  /* of a million frames on the worst path, about; late ones count too */
    fa_ns delay_max_ns; /* of the slowest path, one way */
    char text[WEATHER_TEXT_MAX];
};

/* Kinds of fault, one bit each, out of the world's seed. */
uint32_t weather_choose(void);

/* Choose the strengths of `kinds`, set every cable's faults, and go on cutting cables, if that is
 * among them, until `calm_from_ns`. `text` then names the kinds. */
void weather_begin(
    struct weather *weather, struct world *world, uint32_t kinds, fa_ns calm_from_ns);

/* How long `bytes` in all, `bytes_each` on any one connection, may take in this weather. `poor`:
 * some ends have no timestamps, so a doubled timeout stays until new data went through (RFC 6298
 * 5), or no SACK blocks. */
fa_ns weather_bound(const struct weather *weather, uint64_t bytes, uint64_t bytes_each, bool poor);

/* Whether so much is lost that retransmissions of retransmissions are, and nothing may come through
 * until a connection gives up. */
bool weather_is_heavy(const struct weather *weather);

#endif
