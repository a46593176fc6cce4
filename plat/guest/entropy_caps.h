// SPDX-License-Identifier: ISC
//
// plat/guest/entropy_caps.h: the tender's seed (struct fa_caps) as a source of the pool.
//
// Whoever restores or clones an image may put a new one there before it goes on; see
// fa__entropy_pool_generation_watch(). Tested by test/unit/entropy_caps_test.c.

#ifndef FA_PLAT_GUEST_ENTROPY_CAPS_H
#define FA_PLAT_GUEST_ENTROPY_CAPS_H

#include "fa/caps.h"
#include "plat/guest/entropy_pool.h"

/* A source over the seed of `caps`, which is kept. Each seed is given once, and wiped. */
void fa__entropy_caps_init(struct fa_entropy_source *source, struct fa_caps *caps);

#endif
