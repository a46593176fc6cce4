// SPDX-License-Identifier: ISC
//
// clock.c: time without leaving CPL 3.

#include "fa/plat.h"
#include "plat/gate/gate.h"

fa_ns fa_clock_mono_ns(void)
{
    static fa_ns last; // KVM's figures may step back by a few ns when it corrects them
    fa_ns now = fa__gate_clock_ns(&fa__gate_boot.clock);
    last = now > last ? now : last;
    return last;
}

uint64_t fa_clock_wall_ns(void)
{
    return fa__gate_boot.wall_ns == 0 ? 0 : fa__gate_boot.wall_ns + fa_clock_mono_ns();
}
