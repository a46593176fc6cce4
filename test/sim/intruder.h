// SPDX-License-Identifier: ISC
//
// test/sim/intruder.h: a stranger on the switch who speaks to every stack out of turn.
//
// It has no stack: it makes up segments from addresses that nobody has, or, blindly, from those of
// the others, and throws away what it hears.

#ifndef TEST_SIM_INTRUDER_H
#define TEST_SIM_INTRUDER_H

#include "test/sim/world.h"

enum {
    INTRUDER_POOL_BUFS = 256,
    INTRUDER_BURST_MAX = 32, /* segments at once */
};

enum intruder_kind {
    INTRUDER_NONE,
    INTRUDER_QUIET, /* just intruder_send() */
    INTRUDER_FLOOD, /* SYNs to the port that all listen on, from addresses that nobody has */
    INTRUDER_NOISE, /* segments of any kind between any two stations and ports in use */
};

/* Pinned. */
struct intruder {
    struct world *world;
    enum intruder_kind kind; /* INTRUDER_NONE: it is not there */
    struct fa_vnet_port port;
    struct fa_pool pool;
    struct fa_rand rand;
    fa_ns next_ns;
    uint64_t sent_count;
};

void intruder_open(struct intruder *intruder, struct world *world, enum intruder_kind kind);

/* Send one segment to `target`, as if from `source`, of the same family. */
void intruder_send(struct intruder *intruder, fa_ns now, struct world_station *target,
    const struct fa_ip *source, const struct fa_tcp_header *header, size_t payload_len);

bool intruder_poll(struct intruder *intruder, fa_ns now);

fa_ns intruder_deadline(const struct intruder *intruder);

/* Send nothing any more. */
void intruder_stop(struct intruder *intruder);

void intruder_close(struct intruder *intruder);

#endif
