// SPDX-License-Identifier: ISC
//
// clock: what time it is, according to the network's time servers. The status is 0 if they said.

#include "clock.fata.h"

#include "fa/fmt.h"
#include "fa/plat.h"
#include "fa/wall.h"

int clock_main(struct clock_devices *devices)
{
    fa_ns deadline = fa_ns_after(fa_clock_mono_ns(), devices->timeout);
    char line[200];
    if (fa_stack_up_wait(devices->stack, deadline) != FA_OK ||
        fa_timesync_wait(devices->time, deadline) != FA_OK) {
        fa_console_write(FA_LIT("clock: no time server answers\n"));
        return 1;
    }
    const struct fa_sntp_sample *sample = &devices->time->sample;
    uint64_t now_ns = fa_wall_ns();
    struct fa_civil civil = fa_civil_of(now_ns / FA_NS_S);
    char server[FA_ENDPOINT_TEXT_MAX];
    (void)fa_endpoint_text(&sample->server, server, sizeof server);
    (void)fa_fmt(line, sizeof line,
        "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ by %s, stratum %u, %u us away\n", civil.year,
        civil.month, civil.day, civil.hour, civil.minute, civil.second,
        (unsigned)(now_ns % FA_NS_S / FA_NS_MS), server, sample->stratum,
        (unsigned)(sample->delay_ns / FA_NS_US));
    fa_console_write(fa_slice_of(line));
    return 0;
}
