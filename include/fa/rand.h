// SPDX-License-Identifier: ISC
//
// fa/rand.h: a seedable random generator, the same sequence for the same seed everywhere.
//
// SipHash-2-4 in counter mode under a 128-bit key: fast enough for ports, identifiers and jitter,
// and not to be predicted from its output. Not for key material: that is fa_entropy_fill().
// Protocols get a generator from their caller, so that tests and the simulator replay.
// Tested by test/unit/rand_test.c.

#ifndef FA_RAND_H
#define FA_RAND_H

#include "fa/base.h"
#include "fa/hash.h"

/* Movable. A secret: wipe it. */
struct fa_rand {
    struct fa_siphash_key key;
    uint64_t counter;
};

/* Begin the sequence of a 64-bit seed: tests and simulation. */
void fa_rand_init_seed(struct fa_rand *rand, uint64_t seed);

/* Begin an unpredictable sequence, keyed by fa_entropy_fill(). */
void fa_rand_init_entropy(struct fa_rand *rand);

uint64_t fa_rand_u64(struct fa_rand *rand);
uint32_t fa_rand_u32(struct fa_rand *rand);

/* Uniform in 0 .. limit - 1. Limits: limit at least 1. */
uint64_t fa_rand_below(struct fa_rand *rand, uint64_t limit);

/* True `per_million` times in a million. */
bool fa_rand_chance(struct fa_rand *rand, uint32_t per_million);

void fa_rand_fill(struct fa_rand *rand, void *at, size_t len);

#endif
