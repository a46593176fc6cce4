// SPDX-License-Identifier: ISC
//
// fiber_switch.S: the switch of stacks on AArch64, AAPCS64. A stack that is switched away from
// holds, from its stack pointer up: x19 to x30 and d8 to d15. fiber_stack.c lays out the same by
// hand.

    .text

// void fa__fiber_switch(void **save, void *load)
    .globl  fa__fiber_switch
    .type   fa__fiber_switch, %function
    .p2align 4
fa__fiber_switch:
    .cfi_startproc
    stp     x19, x20, [sp, #-160]!
    .cfi_def_cfa_offset 160
    stp     x21, x22, [sp, #16]
    stp     x23, x24, [sp, #32]
    stp     x25, x26, [sp, #48]
    stp     x27, x28, [sp, #64]
    stp     x29, x30, [sp, #80]
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    .cfi_offset x29, -80
    .cfi_offset x30, -72

    mov     x9, sp
    str     x9, [x0]
    mov     sp, x1

    ldp     x21, x22, [sp, #16]
    ldp     x23, x24, [sp, #32]
    ldp     x25, x26, [sp, #48]
    ldp     x27, x28, [sp, #64]
    ldp     x29, x30, [sp, #80]
    ldp     d8, d9, [sp, #96]
    ldp     d10, d11, [sp, #112]
    ldp     d12, d13, [sp, #128]
    ldp     d14, d15, [sp, #144]
    ldp     x19, x20, [sp], #160
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    ret
    .cfi_endproc
    .size   fa__fiber_switch, . - fa__fiber_switch

// Where a fresh stack continues: x19 is the entry, x20 its argument. It never returns.
    .globl  fa__fiber_begin
    .type   fa__fiber_begin, %function
    .p2align 4
fa__fiber_begin:
    .cfi_startproc
    .cfi_undefined x30
    mov     x0, x20
    blr     x19
    brk     #1
    .cfi_endproc
    .size   fa__fiber_begin, . - fa__fiber_begin

    .section .note.GNU-stack, "", %progbits
