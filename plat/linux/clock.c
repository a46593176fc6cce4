// SPDX-License-Identifier: ISC
//
// Clocks of the host, read through the vDSO: no system call.

#include <time.h>

#include "fa/plat.h"

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;
    int status = clock_gettime(clock, &time);
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
