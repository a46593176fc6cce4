// SPDX-License-Identifier: ISC
//
// pvh.S: where a PVH loader (QEMU, Firecracker, Cloud Hypervisor) begins: 32-bit protected mode, no
// paging, ebx is the physical address of struct hvm_start_info (xen/arch-x86/hvm/start_info.h).

    .section .note.pvh, "a", @note
    .p2align 2
    .long   4
    .long   8
    .long   18                  // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz  "Xen"
    .quad   fa__pvh_start

    .text
    .code32
    .globl  fa__pvh_start
    .type   fa__pvh_start, @function
fa__pvh_start:
    cli
    cld
    movl    $early_stack_end, %esp
    movl    %ebx, %edi

    // The first GiB as it is, in large pages, until page.c has made the real tables.
    movl    $early_pdpt + 3, early_pml4
    movl    $early_pd + 3, early_pdpt
    movl    $early_pd, %ecx
    movl    $0x83, %eax         // present, writable, large
1:  movl    %eax, (%ecx)
    addl    $8, %ecx
    addl    $0x200000, %eax
    cmpl    $0x40000000, %eax
    jb      1b

    movl    %cr4, %eax
    orl     $0x20, %eax         // PAE
    movl    %eax, %cr4
    movl    $early_pml4, %eax
    movl    %eax, %cr3
    movl    $0xc0000080, %ecx   // EFER: long mode, no-execute pages; SCE stays 0
    xorl    %edx, %edx
    movl    $0x900, %eax
    wrmsr
    movl    $0x80010033, %eax   // CR0: PG, WP, NE, ET, MP, PE
    movl    %eax, %cr0
    lgdt    early_gdtr
    ljmp    $8, $1f

    .code64
1:  movl    $0x10, %eax
    movl    %eax, %ss
    movl    %eax, %ds
    movl    %eax, %es
    xorl    %eax, %eax
    movl    %eax, %fs
    movl    %eax, %gs
    movl    $early_stack_end, %esp
    movl    %edi, %edi
    call    fa__virtio_boot
    ud2
    .size   fa__pvh_start, . - fa__pvh_start

    .section .rodata, "a"
    .p2align 3
early_gdt:
    .quad   0
    .quad   0x00af9b000000ffff
    .quad   0x00cf93000000ffff
early_gdtr:
    .word   . - early_gdt - 1
    .long   early_gdt

    .bss
    .p2align 12
early_pml4:
    .zero   4096
early_pdpt:
    .zero   4096
early_pd:
    .zero   4096
    .zero   4096
early_stack_end:

    .section .note.GNU-stack, "", @progbits
