// SPDX-License-Identifier: ISC
//
// clock.c: sleeps 50 ms and prints how long that was, then the wall clock, in nanoseconds.

#include "fa/fmt.h"
#include "fa/plat.h"

int fa_main(void)
{
    const fa_ns begin = fa_clock_mono_ns();
    const fa_ns end = begin + 50 * FA_NS_MS;
    fa_ns now;
    unsigned count = 0;
    while ((now = fa_clock_mono_ns()) < end) {
        fa_plat_wait(end);
        count++;
    }
    char line[128];
    const size_t len = fa_fmt(line, sizeof line, "%llu %u %llu\n",
        (unsigned long long)(now - begin), count, (unsigned long long)fa_clock_wall_ns());
    fa_console_write((struct fa_slice){(const uint8_t *)line, len});
    return 0;
}
