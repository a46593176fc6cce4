// SPDX-License-Identifier: ISC
//
// Ways out of a guest.

#include "fa/plat.h"
#include "plat/guest/guest.h"

enum {
    BUG_STATUS = 255, /* what Solo5's tenders and Albatross take for a crash */
};

void fa_plat_exit(int status)
{
    FA_ASSERT(status >= 0 && status <= 255);
    fa__guest_halt(status);
}

void fa_plat_abort(void)
{
    fa__guest_halt(BUG_STATUS);
}

bool fa_plat_stop_requested(void)
{
    return fa__guest_stop_requested();
}
