// SPDX-License-Identifier: ISC
//
// entry.S: where an spt image begins on x86-64, and the one place where it calls the kernel.

// The tender jumps here with the address of its boot info in RDI. Its stack is left alone: ours has
// memory below it that may not be written.
    .section .text.fa_entry, "ax", @progbits
    .globl  fa__spt_entry
    .type   fa__spt_entry, @function
fa__spt_entry:
    .cfi_startproc
    .cfi_undefined %rip
    endbr64
    leaq    fa__main_stack_top(%rip), %rsp
    xorl    %ebp, %ebp
    movq    %rdi, %rbx
    call    fa__spt_early           // thread register, canary
    subq    %rax, %rsp              // by a multiple of 16
    movq    %rbx, %rdi
    call    fa__spt_start
    ud2
    .cfi_endproc
    .size   fa__spt_entry, . - fa__spt_entry

// long fa__spt_call(long number, long a, long b, long c, long d, long e, long f)
    .section .text.fa__spt_call, "ax", @progbits
    .globl  fa__spt_call
    .type   fa__spt_call, @function
    .p2align 4
fa__spt_call:
    .cfi_startproc
    endbr64
    movq    %rdi, %rax
    movq    %rsi, %rdi
    movq    %rdx, %rsi
    movq    %rcx, %rdx
    movq    %r8, %r10
    movq    %r9, %r8
    movq    8(%rsp), %r9
    syscall
    ret
    .cfi_endproc
    .size   fa__spt_call, . - fa__spt_call

    .section .note.GNU-stack, "", @progbits
