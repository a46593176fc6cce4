// SPDX-License-Identifier: ISC
//
// test/unit/tcp_pair.h: two TCPs joined by a wire that delays, loses, doubles and reorders, and
// lets a test look at each segment. Time is the caller's; the invariants of both are checked after
// every pump.
//
//     pair_init(&(struct pair_config){.delay_ns = FA_NS_MS, .loss_per_million = 50000});
//     REQUIRE(pair_open(flows));
//     while (pair_turn()) { ... }

#ifndef TEST_TCP_PAIR_H
#define TEST_TCP_PAIR_H

#include "test/unit/tcp_end.h"

struct pair_config {
    struct fa_tcp_config tcp; /* of both ends */
    size_t pool_bufs;         /* of each end; 0: all */
    bool nagle;
    uint64_t seed;
    fa_ns delay_ns; /* each way */
    uint32_t loss_per_million;
    uint32_t duplicate_per_million;
    uint32_t reorder_per_million; /* delayed by up to four times more */
    uint32_t corrupt_per_million; /* one bit */
    /* Called for each segment that end `from` sends; false loses it. NULL: none. */
    bool (*look)(int from, const struct fa_tcp_header *header, size_t payload_len);
};

struct pair {
    struct pair_config config;
    struct tcp_end ends[2];
    struct fa_rand rand;
    struct fa_list wire[2]; /* to each end, by fa_buf.at_ns */
    struct fa_pool wire_pool;
    fa_ns now;
    fa_ns skew[2]; /* how far an end's clock is ahead of `now` */
    uint64_t sent_count;
    uint64_t lost_count;
};

extern struct pair pair;

/* End 1 listens on its port, end 0 connects. */
void pair_init(const struct pair_config *config);
fa_err pair_connect(struct fa_flow **ret_flow);
/* Both flows of a new connection, flows[0] of the side that connects; pumps until it stands. */
bool pair_open(struct fa_flow *flows[2]);

/* Deliver what is due at `now`, let both ends act and send. */
void pair_pump(fa_ns now);
/* Pump, then move the time to the next thing that will happen. Returns: false if there is none. */
bool pair_turn(void);
/* Turn for `duration`. */
void pair_run(fa_ns duration);

/* Let all connections end (up to `duration`) and check that nothing is left. */
void pair_end(fa_ns duration);

/* Write, or read and check, the pattern from stream offset *off on, as much as goes up to `len`
 * bytes. Returns: how many. Stream `id` tells the streams apart. */
size_t pair_write(struct fa_flow *flow, unsigned id, uint64_t *off, size_t len);
size_t pair_read(struct fa_flow *flow, unsigned id, uint64_t *off, size_t len);

#endif
