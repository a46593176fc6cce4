// SPDX-License-Identifier: ISC
//
// entry.S: where an spt image begins on aarch64, and the one place where it calls the kernel.

// The tender jumps here with the address of its boot info in x0. Its stack is left alone: ours has
// memory below it that may not be written.
    .section .text.fa_entry, "ax", @progbits
    .globl  fa__spt_entry
    .type   fa__spt_entry, @function
    .p2align 2
fa__spt_entry:
    .cfi_startproc
    .cfi_undefined x30
    adrp    x9, fa__main_stack_top
    add     x9, x9, :lo12:fa__main_stack_top
    mov     sp, x9
    mov     x19, x0
    mov     x29, xzr
    mov     x30, xzr
    bl      fa__spt_early           // thread register, canary
    sub     sp, sp, x0              // by a multiple of 16
    mov     x0, x19
    bl      fa__spt_start
    brk     #0
    .cfi_endproc
    .size   fa__spt_entry, . - fa__spt_entry

// long fa__spt_call(long number, long a, long b, long c, long d, long e, long f)
    .section .text.fa__spt_call, "ax", @progbits
    .globl  fa__spt_call
    .type   fa__spt_call, @function
    .p2align 2
fa__spt_call:
    .cfi_startproc
    mov     x8, x0
    mov     x0, x1
    mov     x1, x2
    mov     x2, x3
    mov     x3, x4
    mov     x4, x5
    mov     x5, x6
    svc     #0
    ret
    .cfi_endproc
    .size   fa__spt_call, . - fa__spt_call

    .section .note.GNU-stack, "", @progbits
