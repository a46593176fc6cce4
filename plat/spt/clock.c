// SPDX-License-Identifier: ISC
//
// Clocks of the host: by the vDSO where the tender says where it is, else by a system call.

#include <time.h>

#include "fa/plat.h"
#include "plat/spt/spt.h"

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;
    const uint64_t fn = fa__guest_caps.clock_fn;
    const long status = fn != 0 ? ((int (*)(clockid_t, struct timespec *))fn)(clock, &time)
                                : fa__spt_call(SYS_clock_gettime, clock, (long)&time, 0, 0, 0, 0);
    FA_ASSERT(status == 0);
    return (uint64_t)time.tv_sec * FA_NS_S + (uint64_t)time.tv_nsec;
}

fa_ns fa_clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t fa_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}
