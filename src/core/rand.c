// SPDX-License-Identifier: ISC
//
// rand.c: SipHash-2-4 of a counter.

#include "fa/rand.h"
#include "fa/plat.h"

/* One step of SplitMix64 (Steele, Lea & Flood 2014): neighbouring seeds give unrelated keys. */
static uint64_t mix_seed(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t word = *seed;
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

void fa_rand_init_seed(struct fa_rand *rand, uint64_t seed)
{
    *rand = (struct fa_rand){0};
    rand->key.k0 = mix_seed(&seed);
    rand->key.k1 = mix_seed(&seed);
}

void fa_rand_init_entropy(struct fa_rand *rand)
{
    *rand = (struct fa_rand){0};
    fa_entropy_fill(&rand->key, sizeof rand->key);
}

uint64_t fa_rand_u64(struct fa_rand *rand)
{
    uint64_t counter = rand->counter++;
    struct fa_slice bytes = {(const uint8_t *)&counter, sizeof counter};
    return fa_siphash(&rand->key, bytes);
}

uint32_t fa_rand_u32(struct fa_rand *rand)
{
    return (uint32_t)(fa_rand_u64(rand) >> 32);
}

uint64_t fa_rand_below(struct fa_rand *rand, uint64_t limit)
{
    FA_ASSERT(limit >= 1);
    // The lowest 2^64 mod limit values would make some remainders likelier than others.
    uint64_t unfair_count = (0 - limit) % limit;
    uint64_t value;
    do {
        value = fa_rand_u64(rand);
    } while (value < unfair_count);
    return value % limit;
}

bool fa_rand_chance(struct fa_rand *rand, uint32_t per_million)
{
    return fa_rand_below(rand, 1000 * 1000) < per_million;
}

void fa_rand_fill(struct fa_rand *rand, void *at, size_t len)
{
    uint8_t *bytes = at;
    for (size_t off = 0; off < len; off += sizeof(uint64_t)) {
        uint64_t word = fa_rand_u64(rand);
        fa_copy(bytes + off, &word, fa_min(sizeof word, len - off));
    }
}
