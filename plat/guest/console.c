// SPDX-License-Identifier: ISC
//
// The console, in as many pieces as the target takes.

#include "fa/plat.h"
#include "plat/guest/guest.h"

void fa_console_write(struct fa_slice text)
{
    while (text.len > 0) {
        const size_t len = fa__guest_console(text.at, text.len);
        if (len == 0) {
            return; /* full, closed or gone: an image does not wait for its reader */
        }
        text = fa_slice_from(text, len);
    }
}
