// SPDX-License-Identifier: ISC
//
// trap.S: ways into ring 0 and out of it. Every vector has a stub of 16 bytes that pushes what the
// processor did not, then all go one way. No vector register is saved: ring 0 uses none.

    .text
    .altmacro

    .macro  stub vector code
    .p2align 4
    .if     \code == 0
    pushq   $0
    .endif
    pushq   $\vector
    jmp     enter
    .endm

// Exceptions 8, 10 to 14, 17, 21, 29 and 30 push a code of their own.
    .globl  fa__ring0_stubs
    .p2align 4
fa__ring0_stubs:
    .set    vector, 0
    .rept   48
    stub    %vector, %(vector < 32 && (0x60227d00 >> vector) & 1)
    .set    vector, vector + 1
    .endr

    .globl  fa__ring0_stub_call
    .p2align 4
fa__ring0_stub_call:
    pushq   $0
    pushq   $0x80
    jmp     enter

    .globl  fa__ring0_stub_others
    .p2align 4
fa__ring0_stub_others:
    pushq   $0
    pushq   $0xff
    jmp     enter

    .p2align 4
enter:
    pushq   %rax
    pushq   %rbx
    pushq   %rcx
    pushq   %rdx
    pushq   %rsi
    pushq   %rdi
    pushq   %rbp
    pushq   %r8
    pushq   %r9
    pushq   %r10
    pushq   %r11
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    cld
    movq    %rsp, %rdi
    call    fa__ring0_trap
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %r11
    popq    %r10
    popq    %r9
    popq    %r8
    popq    %rbp
    popq    %rdi
    popq    %rsi
    popq    %rdx
    popq    %rcx
    popq    %rbx
    popq    %rax
    addq    $16, %rsp
    iretq

// void fa__ring0_enter(void (*rip)(void), uintptr_t rsp): CPL 3 begins, interrupts off. It knows
// nothing of ring 0: every register that it could read it from is zero.
    .globl  fa__ring0_enter
    .type   fa__ring0_enter, @function
    .p2align 4
fa__ring0_enter:
    pushq   $0x1b
    pushq   %rsi
    pushq   $0x2
    pushq   $0x23
    pushq   %rdi
    xorl    %eax, %eax
    xorl    %ebx, %ebx
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    xorl    %esi, %esi
    xorl    %edi, %edi
    xorl    %ebp, %ebp
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
    xorl    %r12d, %r12d
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    xorl    %r15d, %r15d
    iretq
    .size   fa__ring0_enter, . - fa__ring0_enter

    .section .note.GNU-stack, "", @progbits
