// SPDX-License-Identifier: ISC
//
// csum.c: checksums by AVX2, 32 bytes a vector, where the processor has it and the platform saves
// its registers. The arithmetic is that of src/wire/csum.c.

#include "fa/wire/csum.h"

typedef uint64_t lanes __attribute__((vector_size(32)));

#define AVX2 __attribute__((target("avx2")))

struct accumulator {
    lanes all0, all1;
    lanes upper0, upper1;
};

AVX2 static inline uint64_t reduce(const struct accumulator *acc)
{
    lanes upper = acc->upper0 + acc->upper1;
    lanes lower = acc->all0 + acc->all1 - (upper << 32);
    uint64_t sum = 0;
    for (size_t i = 0; i < 4; i++) {
        sum = fa_csum_plus(sum, fa_csum_plus(upper[i], lower[i]));
    }
    return sum;
}

AVX2 static uint64_t add_blocks(const uint8_t *at, size_t len)
{
    struct accumulator acc = {0};
    for (; len != 0; at += FA__CSUM_BLOCK, len -= FA__CSUM_BLOCK) {
        lanes a;
        lanes b;
        __builtin_memcpy(&a, at, sizeof a);
        __builtin_memcpy(&b, at + sizeof a, sizeof b);
        acc.all0 += a;
        acc.all1 += b;
        acc.upper0 += a >> 32;
        acc.upper1 += b >> 32;
    }
    return reduce(&acc);
}

AVX2 static uint64_t copy_blocks(uint8_t *to, const uint8_t *at, size_t len)
{
    struct accumulator acc = {0};
    for (; len != 0; at += FA__CSUM_BLOCK, to += FA__CSUM_BLOCK, len -= FA__CSUM_BLOCK) {
        lanes a;
        lanes b;
        __builtin_memcpy(&a, at, sizeof a);
        __builtin_memcpy(&b, at + sizeof a, sizeof b);
        __builtin_memcpy(to, &a, sizeof a);
        __builtin_memcpy(to + sizeof a, &b, sizeof b);
        acc.all0 += a;
        acc.all1 += b;
        acc.upper0 += a >> 32;
        acc.upper1 += b >> 32;
    }
    return reduce(&acc);
}

/* Intel's manual, volume 1, 14.7: AVX2, and an operating system that saves XMM and YMM. */
static bool has_avx2(void)
{
    enum { OSXSAVE_AVX = 1 << 27 | 1 << 28, XMM_YMM = 6, AVX2_BIT = 1 << 5 };
    uint32_t a = 0;
    uint32_t b;
    uint32_t c = 0;
    uint32_t d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (a < 7) {
        return false;
    }
    a = 1;
    c = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if ((c & OSXSAVE_AVX) != OSXSAVE_AVX) {
        return false;
    }
    uint32_t saved;
    __asm__("xgetbv" : "=a"(saved), "=d"(d) : "c"(0));
    a = 7;
    c = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (saved & XMM_YMM) == XMM_YMM && (b & AVX2_BIT) != 0;
}

const struct fa__csum_wide *fa__csum_wide_find(void)
{
    static const struct fa__csum_wide avx2 = {add_blocks, copy_blocks};
    return has_avx2() ? &avx2 : NULL;
}
