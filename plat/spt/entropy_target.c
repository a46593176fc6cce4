// SPDX-License-Identifier: ISC
//
// entropy_target.c: random bytes of the tender, by a descriptor that gives them at a limited rate.

#include "plat/guest/entropy.h"
#include "plat/spt/spt.h"

static size_t take(void *ctx, uint8_t *at, size_t len)
{
    (void)ctx;
    const long got =
        fa__spt_call(SYS_read, fa__guest_caps.entropy_fd, (long)at, (long)len, 0, 0, 0);
    return got > 0 ? (size_t)got : 0;
}

void fa__entropy_target_add(void)
{
    static struct fa_entropy_source source = {
        .name = "tender-fd", .take = take, .bits_per_byte = 8};
    if (fa__guest_caps.version != 0 && fa__guest_caps.entropy_fd != 0) {
        fa__entropy_source_add(&source);
    }
}
