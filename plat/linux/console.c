// SPDX-License-Identifier: ISC
//
// The console is standard output, unbuffered, so lines stand in the order they were written in.

#include <errno.h>
#include <unistd.h>

#include "fa/plat.h"

void fa_console_write(struct fa_slice text)
{
    while (text.len > 0) {
        ssize_t len = write(STDOUT_FILENO, text.at, text.len);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            return; /* full, closed or gone: an image does not wait for its reader */
        }
        text = fa_slice_from(text, (size_t)len);
    }
}
