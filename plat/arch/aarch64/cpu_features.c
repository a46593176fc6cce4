// SPDX-License-Identifier: ISC
//
// cpu_features.c: the bits that OpenSSL and libgcc look at, out of ID_AA64ISAR0_EL1 (Arm ARM
// D19.2.61). Read at EL0 too: Linux answers there, as must whoever else runs this at EL0.

#include "plat/arch/cpu_features.h"

/* Bits of Linux's asm/hwcap.h, and the field that says so: from which value on. */
static const struct {
    uint8_t bit, shift, least;
} features[] = {
    {1, 0, 0},   /* ASIMD: every processor that runs this */
    {3, 4, 1},   /* AES */
    {4, 4, 2},   /* PMULL */
    {5, 8, 1},   /* SHA1 */
    {6, 12, 1},  /* SHA2 */
    {7, 16, 1},  /* CRC32 */
    {8, 20, 2},  /* ATOMICS */
    {17, 32, 1}, /* SHA3 */
    {21, 12, 2}, /* SHA512 */
};

size_t fa__cpu_hwcap(void)
{
    uint64_t isar0;
    __asm__("mrs %0, ID_AA64ISAR0_EL1" : "=r"(isar0));
    size_t hwcap = 0;
    for (size_t i = 0; i < FA_COUNT_OF(features); i++) {
        const uint64_t value = isar0 >> features[i].shift & 0xf;
        hwcap |= value >= features[i].least ? (size_t)1 << features[i].bit : 0;
    }
    return hwcap;
}
