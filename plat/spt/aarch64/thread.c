// SPDX-License-Identifier: ISC
//
// thread.c: TPIDR_EL0, which EL0 may write.

#include "plat/spt/spt.h"

__attribute__((no_stack_protector)) void fa__spt_thread_set(uint8_t *pointer)
{
    __asm__ __volatile__("msr tpidr_el0, %0" : : "r"(pointer));
}
