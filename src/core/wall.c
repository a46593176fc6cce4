// SPDX-License-Identifier: ISC
//
// wall.c: the wall clock.

#include "fa/wall.h"

#include "fa/plat.h"
#include "fa/trace.h"

static bool is_set;
static uint64_t ahead_ns; // of the monotonic clock, modulo 2^64

uint64_t fa_wall_ns(void)
{
    return is_set ? fa_clock_mono_ns() + ahead_ns : fa_clock_wall_ns();
}

void fa_wall_set(uint64_t wall_ns)
{
    is_set = wall_ns != 0;
    ahead_ns = wall_ns - fa_clock_mono_ns();
    uint64_t now_ns = fa_wall_ns();
    for (size_t i = 0; i < FA_TRACE_CLASS_COUNT; i++) {
        if (fa_trace_rings[i] != NULL) {
            fa_trace_rings[i]->wall_offset_ns = now_ns == 0 ? 0 : now_ns - fa_clock_mono_ns();
        }
    }
}
