// SPDX-License-Identifier: ISC
//
// heap.c: takes memory until there is none, writes to the first and last byte of each piece, and
// says how many KiB there were.

#include "fa/fmt.h"
#include "fa/plat.h"

enum {
    PIECE = 64 * 1024, /* longer than the stack of a fiber, so none is of their area */
};

int fa_main(void)
{
    size_t count = 0;
    uint8_t *at;
    while (fa_plat_stack_map(PIECE, &at) == FA_OK) {
        FA_ASSERT(at[0] == 0 && at[PIECE - 1] == 0);
        at[0] = 1;
        at[PIECE - 1] = 1;
        count++;
    }
    FA_ASSERT(fa_plat_stack_map(PIECE, &at) == FA_ENOSPC); /* and it stays so */
    char line[64];
    const size_t len = fa_fmt(line, sizeof line, "%llu\n", (unsigned long long)count * 64);
    fa_console_write((struct fa_slice){(const uint8_t *)line, len});
    return 0;
}
