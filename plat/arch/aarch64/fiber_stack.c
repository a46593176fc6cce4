// SPDX-License-Identifier: ISC
//
// fiber_stack.c: a fresh stack on AArch64, as fiber_switch.S expects one.

#include "fa/fiber.h"

void fa__fiber_begin(void);

/* What fa__fiber_switch() loads, from the stack pointer up. */
struct frame {
    uintptr_t x19_to_x28[10];
    uintptr_t x29;
    uintptr_t x30;
    uint64_t d8_to_d15[8];
};

_Static_assert(sizeof(struct frame) == 160, "as stored, and the stack stays 16-byte aligned");

void *fa__fiber_stack_init(uint8_t *top, void (*entry)(void *arg), void *arg)
{
    FA_ASSERT((uintptr_t)top % 16 == 0);
    struct frame *frame = (struct frame *)(void *)top - 1;
    *frame = (struct frame){
        .x19_to_x28 = {(uintptr_t)entry, (uintptr_t)arg},
        .x30 = (uintptr_t)fa__fiber_begin,
    };
    return frame;
}
