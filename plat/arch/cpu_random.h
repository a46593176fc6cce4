// SPDX-License-Identifier: ISC
//
// plat/arch/cpu_random.h: random words out of the processor, where it has an instruction for that.
//
// One table an architecture: RDSEED and RDRAND, or RNDRRS and RNDR, the better one first. Whether
// the words are any good is for others to judge (plat/guest/entropy_health.h).

#ifndef FA_PLAT_ARCH_CPU_RANDOM_H
#define FA_PLAT_ARCH_CPU_RANDOM_H

#include "fa/base.h"

enum {
    FA_CPU_RANDOM_COUNT = 2,
};

struct fa_cpu_random {
    const char *name;
    bool (*present)(void);
    /* Returns: false if the processor has none at the moment: ask again, a few times. */
    bool (*word)(uint64_t *ret_word);
};

extern const struct fa_cpu_random fa__cpu_random[FA_CPU_RANDOM_COUNT];

/* The fastest counter there is; see fa__entropy_event(). */
uint64_t fa__cpu_ticks(void);

/* Whether the processor says that it is emulated, so that its clock tells nothing random. */
bool fa__cpu_emulated(void);

#endif
