// SPDX-License-Identifier: ISC
//
// wait.c: the sleep of an idle image. Whether a device has something is read in its rings, so a
// deadline that has passed asks nobody. An interrupt that came since a driver looked last ends the
// sleep at once: it is pending in the processor.

#include "fa/plat.h"
#include "plat/gate/gate.h"
#include "plat/guest/entropy.h"
#include "plat/guest/guest.h"

void fa_plat_wait(fa_ns deadline)
{
    fa_ns duration = 0; // forever
    if (deadline != FA_NS_NEVER) {
        fa_ns now = deadline == 0 ? 0 : fa_clock_mono_ns();
        if (deadline <= now) {
            return;
        }
        duration = deadline - now;
    }
    (void)fa__gate_call(FA__GATE_SLEEP, duration, 0, 0);
    fa__entropy_woken(0);
}

bool fa__guest_stop_requested(void)
{
    return false; // nobody can ask: there is no power button that every machine has
}
