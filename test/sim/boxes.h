// SPDX-License-Identifier: ISC
//
// test/sim/boxes.h: middleboxes in a world: which kinds stand before which stations, out of its
// seed.

#ifndef TEST_SIM_BOXES_H
#define TEST_SIM_BOXES_H

#include "fa/loop.h"
#include "test/sim/world.h"

enum {
    BOXES_KIND_COUNT = 18,
    BOXES_CHOSEN_MAX = 2, /* in a world that chooses */
    BOXES_TEXT_MAX = 96,
};

/* Pinned. */
struct boxes {
    struct fa_poller poller;
    struct world *world;
    struct fa_rand rand;
    uint32_t kinds;  /* bit k: the kind k of boxes.c */
    bool may_break;  /* connections that it forgets */
    fa_ns forget_ns; /* when next; FA_NS_NEVER */
    fa_ns calm_from_ns;
    char text[BOXES_TEXT_MAX];
};

/* The kind that swallows what is too big and says nothing: who does not look for it (RFC 4821) gets
 * nothing through. */
extern const uint32_t boxes_black_hole;

/* Kinds of middlebox, one bit each, out of the world's seed. */
uint32_t boxes_choose(void);

/* Set boxes of `kinds` before one station in two, at least one. A kind that forgets connections
 * does so until `calm_from_ns`. */
void boxes_begin(struct boxes *boxes, struct world *world, uint32_t kinds, fa_ns calm_from_ns);

#endif
