// SPDX-License-Identifier: ISC
//
// counter_info.c: what the counters mean. By itself, so that only who asks has the sentences in its
// image: they are 20 KiB.

#include "fa/counter.h"

const struct fa_counter_info fa_counter_infos[FA_COUNTER_COUNT] = {
#define FA_COUNTER(name, unit, doc) {#name, unit, doc},
#include "fa/schema.def"
};
