// SPDX-License-Identifier: ISC
//
// The wall clock.

#include "fa/wall.h"

#include "fa/plat.h"
#include "fa/trace.h"
#include "test/t.h"

T(the_wall_clock_is_the_platforms_until_it_is_set)
{
    fa_wall_set(0);
    uint64_t before = fa_clock_wall_ns();
    uint64_t now = fa_wall_ns();
    CHECK(now >= before && now <= fa_clock_wall_ns());
}

T(once_set_it_runs_with_the_monotonic_clock)
{
    const uint64_t then = UINT64_C(1234567890) * FA_NS_S;
    fa_wall_set(then);
    fa_ns mono = fa_clock_mono_ns();
    uint64_t wall = fa_wall_ns();
    CHECK(wall >= then && wall < then + FA_NS_S);
    fa_ns passed = fa_clock_mono_ns() - mono;
    uint64_t wall_passed = fa_wall_ns() - wall;
    CHECK(wall_passed <= passed + FA_NS_S);
    fa_wall_set(0);
    CHECK(fa_wall_ns() != then);
}

T(trace_rings_are_told)
{
    static _Alignas(8) uint8_t memory[8192];
    fa_trace_attach(FA_TRACE_APP, memory, sizeof memory);
    fa_wall_set(UINT64_C(1234567890) * FA_NS_S);
    uint64_t offset = fa_trace_rings[FA_TRACE_APP]->wall_offset_ns;
    CHECK((fa_clock_mono_ns() + offset) / FA_NS_S - 1234567890 <= 1);
    fa_wall_set(0);
    CHECK(fa_trace_rings[FA_TRACE_APP]->wall_offset_ns != offset);
    fa_trace_attach(FA_TRACE_APP, NULL, 0);
}
