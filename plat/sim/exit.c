// SPDX-License-Identifier: ISC
//
// Ways out of the world. One that ends badly says how to get there again.

#include <stdlib.h>

#include "fa/plat.h"
#include "plat/sim/world.h"

void fa_plat_exit(int status)
{
    FA_ASSERT(status >= 0 && status <= 255);
    if (status != 0) {
        fa__sim_print_replay();
    }
    exit(status);
}

void fa_plat_abort(void)
{
    fa__sim_print_replay();
    abort();
}
