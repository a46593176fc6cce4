// SPDX-License-Identifier: ISC
//
// counter.c: the names of the counters, out of fa/schema.def, and the image's own page.

#include "fa/counter.h"

const struct fa_counter_info fa_counter_infos[FA_COUNTER_COUNT] = {
#define FA_COUNTER(name, unit, doc) {#name, unit, doc},
#include "fa/schema.def"
};

struct fa_counters fa_counters_main;
