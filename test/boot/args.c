// SPDX-License-Identifier: ISC
//
// args.c: prints its arguments, one a line between brackets.

#include "fa/plat.h"

int fa_main(void)
{
    struct fa_slice arg;
    for (size_t i = 1; (arg = fa_plat_arg(i)).at != NULL; i++) {
        fa_console_write(FA_LIT("["));
        fa_console_write(arg);
        fa_console_write(FA_LIT("]\n"));
    }
    return 0;
}
