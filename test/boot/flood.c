// SPDX-License-Identifier: ISC
//
// flood.c: writes 4 MiB to the console: one half line by line, one in a single call.

#include "fa/plat.h"

enum {
    LINE = 64,
    HALF = 2 * 1024 * 1024,
};

static uint8_t text[HALF];

int fa_main(void)
{
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % LINE == LINE - 1 ? '\n' : (uint8_t)('a' + i / LINE % 26);
    }
    for (size_t i = 0; i < sizeof text; i += LINE) {
        fa_console_write((struct fa_slice){text + i, LINE});
    }
    fa_console_write((struct fa_slice){text, sizeof text});
    return 0;
}
