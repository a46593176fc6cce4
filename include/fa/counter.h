// SPDX-License-Identifier: ISC
//
// fa/counter.h: what happened, by name: plain 64-bit cells in a page that others may read.
//
// Every drop, refusal and milestone has a line in fa/schema.def. Counting is one add. A page may
// be shared with the host: cells only grow and are written by one thread. Several stacks in one
// image have a page each. Reading and exporting belong to obs. Tested by test/unit/counter_test.c.
//
//     FA_COUNT(tcp->counters, tcp_rx_bad_checksum);

#ifndef FA_COUNTER_H
#define FA_COUNTER_H

#include "fa/base.h"

enum fa_counter_id {
#define FA_COUNTER(name, unit, doc) FA_COUNTER_##name,
#include "fa/schema.def"
    FA_COUNTER_COUNT
};

struct fa_counters {
    uint64_t cell[FA_COUNTER_COUNT];
};

struct fa_counter_info {
    const char *name;
    const char *unit;
    const char *doc;
};

/* The name of every counter, by fa_counter_id. */
extern const char *const fa_counter_names[FA_COUNTER_COUNT];

/* Name, unit and meaning; a tenth of a small image. */
extern const struct fa_counter_info fa_counter_infos[FA_COUNTER_COUNT];

/* The image's own page: for parts that are not given another. */
extern struct fa_counters fa_counters_main;

/* Add one, or `amount`, to a counter of the page `counters`. */
#define FA_COUNT(counters, name)             ((counters)->cell[FA_COUNTER_##name]++)
#define FA_COUNT_ADD(counters, name, amount) ((counters)->cell[FA_COUNTER_##name] += (amount))

/* The present value. */
#define FA_COUNTER_VALUE(counters, name) ((counters)->cell[FA_COUNTER_##name])

#endif
