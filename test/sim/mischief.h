// SPDX-License-Identifier: ISC
//
// test/sim/mischief.h: what goes wrong inside and around the hosts of a world: clocks, memory,
// restarts, peers that vanish, strangers on the wire; out of its seed.

#ifndef TEST_SIM_MISCHIEF_H
#define TEST_SIM_MISCHIEF_H

#include "fa/loop.h"
#include "test/sim/intruder.h"
#include "test/sim/world.h"

enum {
    MISCHIEF_TEXT_MAX = 64,
    MISCHIEF_HOARD_MAX = WORLD_POOL_BUFS,
};

enum mischief_kind {
    MISCHIEF_NONE,
    MISCHIEF_CLOCK_LEAPS,  /* up to 20 s pass at once */
    MISCHIEF_CLOCK_STANDS, /* up to 1,000 turns take no time */
    MISCHIEF_TINY_POOLS,   /* from the beginning */
    MISCHIEF_HOARDER,      /* a stack's pool is empty for a while */
    MISCHIEF_FLOOD,        /* SYNs from nobody */
    MISCHIEF_NOISE,        /* made-up segments to ports in use */
    MISCHIEF_RESTART,      /* a stack resets all its connections */
    MISCHIEF_VANISH,       /* a station is away for longer than the user timeout */
    MISCHIEF_KIND_COUNT,
};

/* Pinned. */
struct mischief {
    struct fa_poller poller;
    struct world *world;
    struct fa_rand rand;
    enum mischief_kind kind;
    bool may_break;
    bool memory_is_short;
    fa_ns next_ns;
    fa_ns calm_from_ns;
    struct intruder intruder;
    struct world_station *victim; /* of what lasts */
    struct fa_list hoard;
    uint64_t leapt_ns; /* in all */
    char text[MISCHIEF_TEXT_MAX];
};

/* Buffers of each pool in a world with this mischief; 0: as usual. */
size_t mischief_pool_bufs(enum mischief_kind kind, struct fa_rand *rand);

/* Begin, and go on until `calm_from_ns`. */
void mischief_begin(
    struct mischief *mischief, struct world *world, enum mischief_kind kind, fa_ns calm_from_ns);

/* Give everything back and leave the wire: before the world is closed. */
void mischief_end(struct mischief *mischief);

#endif
