// SPDX-License-Identifier: ISC
//
// plat/guest/entropy_cpu.h: the processor's instructions as a source of the pool.
//
// Tested by test/unit/entropy_cpu_test.c.

#ifndef FA_PLAT_GUEST_ENTROPY_CPU_H
#define FA_PLAT_GUEST_ENTROPY_CPU_H

#include "plat/arch/cpu_random.h"
#include "plat/guest/entropy_pool.h"

enum {
    /* RDRAND and RNDR stretch a seed, and what a hypervisor makes of them nobody knows: half. */
    FA_ENTROPY_CPU_BITS_PER_BYTE = 4,
};

/* A source over `random`, which is kept. It has nothing where the instruction is not there. */
void fa__entropy_cpu_init(struct fa_entropy_source *source, const struct fa_cpu_random *random);

#endif
