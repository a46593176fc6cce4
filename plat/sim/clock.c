// SPDX-License-Identifier: ISC
//
// Clocks that stand still while the image computes and move when it sleeps.

#include "fa/plat.h"
#include "plat/sim/world.h"

fa_ns fa_clock_mono_ns(void)
{
    /* Reading must not move the clock, or one more log line would make another run of it. So code
     * that waits for time to pass without sleeping would wait for ever; find it instead. */
    if (++fa__sim.read_count > FA_SIM_SPIN_MAX) {
        fa__sim.read_count = 0;
        fa__sim_stall("the clock is read again and again without a sleep");
    }
    return fa__sim.now;
}

fa_ns fa_sim_now(void)
{
    return fa__sim.now;
}

uint64_t fa_clock_wall_ns(void)
{
    const uint64_t steady = fa__sim.wall_start_ns + (fa__sim.now - fa__sim.start_ns);
    const uint64_t jump = (uint64_t)fa__sim.wall_jump_ns;
    if (fa__sim.wall_jump_ns < 0) {
        return steady > 0 - jump ? steady + jump : 1;
    }
    return steady + jump;
}

void fa_sim_advance(fa_ns duration)
{
    FA_ASSERT(duration < FA_NS_NEVER - fa__sim.now);
    fa__sim.now += duration;
    fa__sim.read_count = 0;
}

void fa_sim_stand(uint32_t sleep_count)
{
    fa__sim.stand_count = sleep_count;
}

void fa_sim_wall_jump(int64_t delta_ns)
{
    bool overflow = __builtin_add_overflow(fa__sim.wall_jump_ns, delta_ns, &fa__sim.wall_jump_ns);
    FA_ASSERT(!overflow);
}
