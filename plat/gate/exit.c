// SPDX-License-Identifier: ISC
//
// exit.c: as that of plat/guest, but ring 0 can tell where a bug was met.

#include "fa/plat.h"
#include "plat/gate/gate.h"
#include "plat/guest/guest.h"

void fa_plat_exit(int status)
{
    FA_ASSERT(status >= 0 && status <= 255);
    fa__guest_halt(status);
}

void fa_plat_abort(void)
{
    (void)fa__gate_call(FA__GATE_ABORT, 0, 0, 0);
    __builtin_unreachable();
}

bool fa_plat_stop_requested(void)
{
    return fa__guest_stop_requested();
}
