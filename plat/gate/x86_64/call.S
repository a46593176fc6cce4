// SPDX-License-Identifier: ISC
//
// call.S: from CPL 3 into ring 0 and back (plat/gate/gate.h). A call keeps every register but
// rax.

    .text

// uintptr_t fa__gate_call(uintptr_t number, uintptr_t a, uintptr_t b, uintptr_t c)
    .globl  fa__gate_call
    .type   fa__gate_call, @function
    .p2align 4
fa__gate_call:
    .cfi_startproc
    endbr64
    movq    %rdi, %rax
    movq    %rsi, %rdi
    movq    %rdx, %rsi
    movq    %rcx, %rdx
    int     $0x80
    ret
    .cfi_endproc
    .size   fa__gate_call, . - fa__gate_call

// Where the application begins: FS is set, the canary is not.
    .globl  fa__gate_begin
    .type   fa__gate_begin, @function
    .p2align 4
fa__gate_begin:
    .cfi_startproc
    .cfi_undefined %rip
    endbr64
    andq    $-16, %rsp
    call    fa__guest_early
    subq    %rax, %rsp
    call    fa__gate_main
    ud2
    .cfi_endproc
    .size   fa__gate_begin, . - fa__gate_begin

    .section .note.GNU-stack, "", @progbits
