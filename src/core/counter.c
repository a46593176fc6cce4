// SPDX-License-Identifier: ISC
//
// counter.c: the names of the counters, out of fa/schema.def, and the image's own page.

#include "fa/counter.h"

const char *const fa_counter_names[FA_COUNTER_COUNT] = {
#define FA_COUNTER(name, unit, doc) #name,
#include "fa/schema.def"
};

struct fa_counters fa_counters_main;
