// SPDX-License-Identifier: ISC
//
// fiber_switch.S: the switch of stacks on x86-64, System V ABI. A stack that is switched away from
// holds, from its stack pointer up: MXCSR and x87 control word, r15 r14 r13 r12 rbx rbp, and where
// to continue. fiber_stack.c lays out the same by hand.

    .text

// void fa__fiber_switch(void **save, void *load)
    .globl  fa__fiber_switch
    .type   fa__fiber_switch, @function
    .p2align 4
fa__fiber_switch:
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq   %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq   %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq   %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq   %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq   %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq    $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw  4(%rsp)

    movq    %rsp, (%rdi)
    movq    %rsi, %rsp

    ldmxcsr (%rsp)
    fldcw   4(%rsp)
    addq    $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq    %r15
    .cfi_adjust_cfa_offset -8
    popq    %r14
    .cfi_adjust_cfa_offset -8
    popq    %r13
    .cfi_adjust_cfa_offset -8
    popq    %r12
    .cfi_adjust_cfa_offset -8
    popq    %rbx
    .cfi_adjust_cfa_offset -8
    popq    %rbp
    .cfi_adjust_cfa_offset -8
    // Not ret: the processor expects that one to go back to the caller on the stack that was left,
    // and is wrong each time.
    popq    %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rcx
    jmp     *%rcx
    .cfi_endproc
    .size   fa__fiber_switch, . - fa__fiber_switch

// Where a fresh stack continues: r12 is the entry, r13 its argument. It never returns.
    .globl  fa__fiber_begin
    .type   fa__fiber_begin, @function
    .p2align 4
fa__fiber_begin:
    .cfi_startproc
    .cfi_undefined %rip
    movq    %r13, %rdi
    call    *%r12
    ud2
    .cfi_endproc
    .size   fa__fiber_begin, . - fa__fiber_begin

    .section .note.GNU-stack, "", @progbits
