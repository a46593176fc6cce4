// SPDX-License-Identifier: ISC
//
// entropy_cpu.c: words of the processor, each asked for ten times at most.

#include "plat/guest/entropy_cpu.h"

static bool take_word(const struct fa_cpu_random *random, uint64_t *ret_word)
{
    for (int i = 0; i < FA_ENTROPY_TRY_COUNT_MAX; i++) {
        if (random->word(ret_word)) {
            return true;
        }
    }
    return false;
}

static size_t take(void *ctx, uint8_t *at, size_t len)
{
    const struct fa_cpu_random *random = ctx;
    if (!random->present()) {
        return 0;
    }
    size_t got = 0;
    uint64_t word;
    while (len - got >= sizeof word && take_word(random, &word)) {
        fa_copy(at + got, &word, sizeof word);
        got += sizeof word;
    }
    fa_wipe(&word, sizeof word);
    return got;
}

void fa__entropy_cpu_init(struct fa_entropy_source *source, const struct fa_cpu_random *random)
{
    *source = (struct fa_entropy_source){
        .name = random->name,
        .take = take,
        .ctx = (void *)(uintptr_t)random,
        .bits_per_byte = FA_ENTROPY_CPU_BITS_PER_BYTE,
    };
}
