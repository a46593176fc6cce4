// SPDX-License-Identifier: ISC
//
// Entropy that is none: the seed's own stream.

#include "fa/plat.h"
#include "plat/sim/world.h"

void fa_entropy_fill(void *at, size_t len)
{
    fa_rand_fill(&fa__sim.entropy, at, len);
}
