// SPDX-License-Identifier: ISC
//
// entropy_caps.c: 64 bytes, once.

#include "plat/guest/entropy_caps.h"

_Static_assert((int)FA_CAPS_SEED_BYTES == (int)FA_ENTROPY_TAKE_BYTES, "one question takes all");

static size_t take(void *ctx, uint8_t *at, size_t len)
{
    struct fa_caps *caps = ctx;
    /* Written from outside, while the image stands still. */
    const uint32_t flags = *(const volatile uint32_t *)&caps->flags;
    if (caps->version == 0 || (flags & FA_CAPS_SEED) == 0 || len < FA_CAPS_SEED_BYTES) {
        return 0;
    }
    fa_copy(at, caps->seed, FA_CAPS_SEED_BYTES);
    fa_wipe(caps->seed, FA_CAPS_SEED_BYTES);
    caps->flags = flags & ~(uint32_t)FA_CAPS_SEED;
    return FA_CAPS_SEED_BYTES;
}

void fa__entropy_caps_init(struct fa_entropy_source *source, struct fa_caps *caps)
{
    *source = (struct fa_entropy_source){
        .name = "tender",
        .take = take,
        .ctx = caps,
        .bits_per_byte = 8,
    };
}
