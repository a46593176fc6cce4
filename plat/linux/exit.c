// SPDX-License-Identifier: ISC
//
// Ways out of the process.

#include <stdlib.h>

#include "fa/plat.h"

void fa_plat_exit(int status)
{
    FA_ASSERT(status >= 0 && status <= 255);
    exit(status);
}

void fa_plat_abort(void)
{
    abort();
}
