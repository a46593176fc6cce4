// SPDX-License-Identifier: ISC
//
// base_assert.c: the end of an image that has met a bug. In a file of its own so that the test
// harness, which wants to see traps happen, can be linked in its place.

#include "fa/base.h"
#include "fa/fmt.h"
#include "fa/plat.h"

void fa_assert_fail(const char *expression, const char *file, int line)
{
    // The console or the formatter may be what is broken: a second failure says nothing more.
    static bool failing;
    if (!failing) {
        failing = true;
        char text[256];
        struct fa_text message;
        fa_text_init(&message, text, sizeof text);
        fa_text_add(&message, "%s:%d: assertion failed: %s", file, line, expression);
        fa_console_write(fa_text_slice(&message));
        fa_console_write(FA_LIT("\n"));
    }
    fa_plat_abort();
}
