// SPDX-License-Identifier: ISC
//
// cpu_random.c: RNDRRS and RNDR (Arm ARM, FEAT_RNG, ARMv8.5).
//
// ID_AA64ISAR0_EL1 is read at EL0 too: Linux answers there, as must whoever else runs this at EL0.

#include "plat/arch/cpu_random.h"

static bool present(void)
{
    uint64_t features;
    __asm__("mrs %0, ID_AA64ISAR0_EL1" : "=r"(features));
    return (features >> 60 & 0xf) != 0; // RNDR, bits 63:60: both registers or none
}

/* Z is set if there was nothing to read. The registers by number: older assemblers know no name. */
static bool seed_word(uint64_t *ret_word)
{
    bool good;
    __asm__ __volatile__("mrs %0, s3_3_c2_c4_1" : "=r"(*ret_word), "=@ccne"(good));
    return good;
}

static bool rand_word(uint64_t *ret_word)
{
    bool good;
    __asm__ __volatile__("mrs %0, s3_3_c2_c4_0" : "=r"(*ret_word), "=@ccne"(good));
    return good;
}

const struct fa_cpu_random fa__cpu_random[FA_CPU_RANDOM_COUNT] = {
    {"rndrrs", present, seed_word},
    {"rndr", present, rand_word},
};

uint64_t fa__cpu_ticks(void)
{
    uint64_t ticks;
    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}

/* Nothing says so here; the platform judges by the frequency of the counter. */
bool fa__cpu_emulated(void)
{
    return false;
}
