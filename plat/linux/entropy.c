// SPDX-License-Identifier: ISC
//
// Random bytes from the kernel.

#include <errno.h>
#include <sys/random.h>

#include "fa/plat.h"

void fa_entropy_fill(void *at, size_t len)
{
    uint8_t *target = at;
    while (len > 0) {
        ssize_t got = getrandom(target, len, 0);
        if (got < 0) {
            /* No key may ever be made of anything else, so there is nothing to go on with. */
            FA_ASSERT(errno == EINTR);
            continue;
        }
        target += got;
        len -= (size_t)got;
    }
}
