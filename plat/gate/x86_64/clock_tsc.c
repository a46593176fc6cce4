// SPDX-License-Identifier: ISC
//
// clock_tsc.c: nanoseconds from the time stamp counter, by figures that KVM may change meanwhile.

#include "plat/gate/gate.h"

static uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ __volatile__("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

fa_ns fa__gate_clock_ns(const struct fa__gate_clock *clock)
{
    for (;;) {
        uint32_t version = __atomic_load_n(&clock->version, __ATOMIC_ACQUIRE);
        uint64_t passed = read_tsc() - clock->base_tsc;
        uint64_t scaled = clock->shift >= 0 ? passed << clock->shift : passed >> -clock->shift;
        fa_ns now = clock->base_ns + (fa_ns)((unsigned __int128)scaled * clock->mul >> 32);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        bool same = __atomic_load_n(&clock->version, __ATOMIC_RELAXED) == version;
        if (same && (version & 1) == 0) {
            return now;
        }
    }
}
