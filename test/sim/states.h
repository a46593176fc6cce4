// SPDX-License-Identifier: ISC
//
// test/sim/states.h: which states of TCP a world has seen: pairs of both ends, and transitions.
//
// A pair is the states of the two ends of one connection at one moment, the one that connected
// first; CLOSED stands for an end that is not there, and is no LISTEN: that is a struct of its own.
// Pairs are looked at after each turn, transitions are read from the trace. `make sim` adds up what
// the worlds print and holds it against the pairs that a model of two ends can reach
// (tools/states.py).

#ifndef TEST_SIM_STATES_H
#define TEST_SIM_STATES_H

#include "test/sim/world.h"

struct states {
    uint64_t pairs[FA_TCP_STATE_COUNT][FA_TCP_STATE_COUNT];
    uint64_t moves[FA_TCP_STATE_COUNT][FA_TCP_STATE_COUNT]; /* [from][to] */
    uint8_t last[WORLD_STATION_MAX][WORLD_CONN_MAX];        /* seen after the turn before */
    uint64_t trace_cursor;
};

/* Begin to watch; `moves`: transitions too, which takes a trace of all that TCP does. */
void states_begin(struct states *states, bool moves);

/* Look at every connection whose state, or whose peer's, may have changed in this turn. */
void states_look(struct states *states, const struct world *world);

/* Print lines "# pair A: B=COUNT ..." and "# move A: B=COUNT ...". */
void states_print(const struct states *states);

#endif
