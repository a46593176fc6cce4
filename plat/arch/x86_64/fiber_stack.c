// SPDX-License-Identifier: ISC
//
// fiber_stack.c: a fresh stack on x86-64, as fiber_switch.S expects one.

#include "fa/fiber.h"

void fa__fiber_begin(void);

/* What fa__fiber_switch() pops, from the stack pointer up. */
struct frame {
    uint32_t mxcsr;
    uint16_t x87_control;
    uint16_t unused;
    uintptr_t r15;
    uintptr_t r14;
    uintptr_t r13;
    uintptr_t r12;
    uintptr_t rbx;
    uintptr_t rbp;
    uintptr_t rip;
    uintptr_t end_of_frames[2]; // zero, for those who walk the stack
};

_Static_assert(sizeof(struct frame) == 80, "as pushed, and the stack stays 16-byte aligned");

void *fa__fiber_stack_init(uint8_t *top, void (*entry)(void *arg), void *arg)
{
    FA_ASSERT((uintptr_t)top % 16 == 0);
    struct frame *frame = (struct frame *)(void *)top - 1;
    *frame = (struct frame){
        .mxcsr = 0x1f80,       // the ABI's defaults: all exceptions masked, round to nearest
        .x87_control = 0x037f, // the same, extended precision
        .r12 = (uintptr_t)entry,
        .r13 = (uintptr_t)arg,
        .rip = (uintptr_t)fa__fiber_begin,
    };
    return frame;
}
