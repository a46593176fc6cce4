// SPDX-License-Identifier: ISC
//
// thread.c: FS, by the one call that the filter lets an x86-64 image make for it.

#include "plat/spt/spt.h"

enum {
    SET_FS = 0x1002, /* ARCH_SET_FS of asm/prctl.h */
};

__attribute__((no_stack_protector)) void fa__spt_thread_set(uint8_t *pointer)
{
    (void)fa__spt_call(SYS_arch_prctl, SET_FS, (long)(uintptr_t)pointer, 0, 0, 0, 0);
}
