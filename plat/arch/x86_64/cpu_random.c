// SPDX-License-Identifier: ISC
//
// cpu_random.c: RDSEED and RDRAND (Intel SDM volume 1, 7.3.17).

#include "plat/arch/cpu_random.h"

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid ask(uint32_t leaf)
{
    struct cpuid id = {0};
    __asm__ __volatile__("cpuid"
                         : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx)
                         : "a"(leaf), "c"(0));
    return id;
}

static bool seed_present(void)
{
    return ask(0).eax >= 7 && (ask(7).ebx & 1u << 18) != 0;
}

static bool rand_present(void)
{
    return (ask(1).ecx & 1u << 30) != 0;
}

static bool seed_word(uint64_t *ret_word)
{
    bool good;
    __asm__ __volatile__("rdseed %0" : "=r"(*ret_word), "=@ccc"(good));
    return good;
}

static bool rand_word(uint64_t *ret_word)
{
    bool good;
    __asm__ __volatile__("rdrand %0" : "=r"(*ret_word), "=@ccc"(good));
    return good;
}

const struct fa_cpu_random fa__cpu_random[FA_CPU_RANDOM_COUNT] = {
    {"rdseed", seed_present, seed_word},
    {"rdrand", rand_present, rand_word},
};

uint64_t fa__cpu_ticks(void)
{
    return __builtin_ia32_rdtsc();
}

bool fa__cpu_emulated(void)
{
    enum {
        HYPERVISOR_LEAF = 0x40000000,
    };
    static const char tcg[] = "TCGTCGTCGTCG"; /* in EBX, ECX, EDX */
    if ((ask(1).ecx & 1u << 31) == 0) {
        return false;
    }
    const struct cpuid id = ask(HYPERVISOR_LEAF);
    return fa_equal(&id.ebx, tcg, 4) && fa_equal(&id.ecx, tcg + 4, 4) &&
           fa_equal(&id.edx, tcg + 8, 4);
}
