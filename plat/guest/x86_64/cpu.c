// SPDX-License-Identifier: ISC
//
// cpu.c: what plat/guest asks of an x86-64 processor.

#include "plat/guest/guest.h"

enum {
    DRAW_TRIES = 10, /* Intel's advice for RDRAND */
    LEAF1_ECX_RDRAND = 1 << 30,
    LEAF7_EBX_ERMS = 1 << 9, /* REP MOVSB and STOSB are fast */
    KNOWN = 1,               /* `features` */
    HAS_ERMS = 2,
};

/* Asked once: CPUID ends in the hypervisor where there is one. */
static unsigned features;

__attribute__((no_stack_protector)) static void ask_cpuid(
    uint32_t leaf, uint32_t *ret_b, uint32_t *ret_c)
{
    uint32_t d;
    *ret_c = 0;
    __asm__ __volatile__("cpuid" : "+a"(leaf), "=b"(*ret_b), "+c"(*ret_c), "=d"(d));
}

__attribute__((no_stack_protector)) static bool draw(uint64_t *ret_value)
{
    uint32_t b;
    uint32_t c;
    ask_cpuid(1, &b, &c);
    bool drawn = false;
    for (int i = 0; (c & LEAF1_ECX_RDRAND) != 0 && i < DRAW_TRIES && !drawn; i++) {
        __asm__ __volatile__("rdrand %0" : "=r"(*ret_value), "=@ccc"(drawn));
    }
    return drawn;
}

__attribute__((no_stack_protector)) uint64_t fa__guest_early_random(void)
{
    uint64_t value = 0;
    (void)draw(&value);
    /* Spread over all bits by the constant of splitmix64. */
    return value ^ __builtin_ia32_rdtsc() * UINT64_C(0x9e3779b97f4a7c15);
}

static inline bool has_erms(void)
{
    if (features == 0) {
        uint32_t b;
        uint32_t c;
        ask_cpuid(7, &b, &c); /* a processor without this leaf answers with its highest */
        features = KNOWN | ((b & LEAF7_EBX_ERMS) != 0 ? HAS_ERMS : 0);
    }
    return (features & HAS_ERMS) != 0;
}

void fa__guest_copy_long(uint8_t *to, const uint8_t *at, size_t len)
{
    if (has_erms()) {
        __asm__ __volatile__("rep movsb" : "+D"(to), "+S"(at), "+c"(len) : : "memory");
        return;
    }
    const size_t tail_len = len % 8;
    len /= 8;
    __asm__ __volatile__("rep movsq" : "+D"(to), "+S"(at), "+c"(len) : : "memory");
    len = tail_len;
    __asm__ __volatile__("rep movsb" : "+D"(to), "+S"(at), "+c"(len) : : "memory");
}

void fa__guest_fill_long(uint8_t *to, uint8_t byte, size_t len)
{
    if (has_erms()) {
        __asm__ __volatile__("rep stosb" : "+D"(to), "+c"(len) : "a"(byte) : "memory");
        return;
    }
    const size_t tail_len = len % 8;
    len /= 8;
    __asm__ __volatile__("rep stosq"
                         : "+D"(to), "+c"(len)
                         : "a"(byte * UINT64_C(0x0101010101010101))
                         : "memory");
    len = tail_len;
    __asm__ __volatile__("rep stosb" : "+D"(to), "+c"(len) : "a"(byte) : "memory");
}
