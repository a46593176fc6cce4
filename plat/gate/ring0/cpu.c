// SPDX-License-Identifier: ISC
//
// cpu.c: the processor's own tables, and what CPL 3 may use of it.

#include "plat/gate/ring0/ring0.h"
#include "plat/guest/guest.h"

enum {
    VECTOR_DOUBLE_FAULT = 8,
    VECTOR_NMI = 2,
    VECTOR_MACHINE_CHECK = 18,
    STACK_BYTES = 8192,
    GATE_INTERRUPT = 0x8e, // present, 64-bit interrupt gate
    GATE_CPL3 = 0x60,      // which CPL 3 may call
    SELECTOR_CODE = 0x08,
    SELECTOR_TSS = 0x28,
};

/* Intel SDM 3A, 7.7: the 64-bit task state segment. */
struct [[gnu::packed]] tss {
    uint32_t unused;
    uint64_t rsp[3];
    uint64_t unused2;
    uint64_t ist[7];
    uint8_t unused3[10];
    uint16_t io_map;
};

_Static_assert(sizeof(struct tss) == 104, "no port for CPL 3");

/* Intel SDM 3A, 6.14.1. */
struct idt_entry {
    uint16_t low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t middle;
    uint32_t high;
    uint32_t unused;
};

struct [[gnu::packed]] table {
    uint16_t limit;
    uint64_t at;
};

static struct tss tss;
static struct idt_entry idt[256];
static uint64_t gdt[7];
static _Alignas(16) uint8_t stack[STACK_BYTES];       // where CPL 3 comes in
static _Alignas(16) uint8_t fault_stack[STACK_BYTES]; // of what must not come at all

static void set_idt(unsigned vector, const uint8_t *stub, unsigned ist, unsigned type)
{
    uintptr_t at = (uintptr_t)stub;
    idt[vector] = (struct idt_entry){
        .low = (uint16_t)at,
        .selector = SELECTOR_CODE,
        .ist = (uint8_t)ist,
        .type = (uint8_t)type,
        .middle = (uint16_t)(at >> 16),
        .high = (uint32_t)(at >> 32),
    };
}

static void load_tables(void)
{
    uintptr_t at = (uintptr_t)&tss;
    tss.rsp[0] = (uintptr_t)(stack + sizeof stack);
    tss.ist[0] = (uintptr_t)(fault_stack + sizeof fault_stack);
    tss.io_map = sizeof tss;
    gdt[1] = UINT64_C(0x00af9b000000ffff); // ring 0: code, data
    gdt[2] = UINT64_C(0x00cf93000000ffff);
    gdt[3] = UINT64_C(0x00cff3000000ffff); // CPL 3: data, code
    gdt[4] = UINT64_C(0x00affb000000ffff);
    gdt[5] = (uint64_t)(at & 0xff000000) << 32 | (uint64_t)0x89 << 40 |
             (uint64_t)(at & 0xffffff) << 16 | (sizeof tss - 1);
    gdt[6] = at >> 32;
    for (unsigned vector = 0; vector < FA_COUNT_OF(idt); vector++) {
        const uint8_t *stub =
            vector < 48 ? fa__ring0_stubs + (size_t)vector * 16 : fa__ring0_stub_others;
        set_idt(vector, stub, 0, GATE_INTERRUPT);
    }
    set_idt(FA__VECTOR_CALL, fa__ring0_stub_call, 0, GATE_INTERRUPT | GATE_CPL3);
    const unsigned own[] = {VECTOR_DOUBLE_FAULT, VECTOR_NMI, VECTOR_MACHINE_CHECK};
    for (size_t i = 0; i < FA_COUNT_OF(own); i++) {
        idt[own[i]].ist = 1;
    }
    struct table gdtr = {sizeof gdt - 1, (uintptr_t)gdt};
    struct table idtr = {sizeof idt - 1, (uintptr_t)idt};
    __asm__ __volatile__("lgdt %0; lidt %1; ltr %w2"
                         :
                         : "m"(gdtr), "m"(idtr), "r"(SELECTOR_TSS)
                         : "memory");
}

/* SSE, and AVX as far as the processor goes; AVX-512 too, for the libraries that ask for it. */
static void enable_vectors(uint64_t cr4)
{
    enum {
        XCR0_X87_SSE = 3,
        XCR0_AVX = 1 << 2,
        XCR0_AVX512 = 7 << 5,
    };
    if ((fa__cpuid(1, 0).ecx & (1u << 26)) != 0) { // XSAVE
        uint32_t wanted = XCR0_X87_SSE;
        uint32_t offered = fa__cpuid(13, 0).eax;
        wanted |= offered & XCR0_AVX;
        if ((offered & (XCR0_AVX | XCR0_AVX512)) == (XCR0_AVX | XCR0_AVX512)) {
            wanted |= XCR0_AVX512;
        }
        cr4 |= 1u << 18; // OSXSAVE
        __asm__ __volatile__("mov %0, %%cr4" : : "r"(cr4));
        __asm__ __volatile__("xsetbv" : : "c"(0), "a"(wanted), "d"(0));
    } else {
        __asm__ __volatile__("mov %0, %%cr4" : : "r"(cr4));
    }
    const uint32_t mxcsr = 0x1f80;
    __asm__ __volatile__("fninit; ldmxcsr %0" : : "m"(mxcsr));
}

void fa__ring0_cpu_init(void)
{
    uint64_t cr4;
    load_tables();
    __asm__ __volatile__("mov %%cr4, %0" : "=r"(cr4));
    cr4 |= 3u << 9; // OSFXSR, OSXMMEXCPT
    if (fa__cpuid(0, 0).eax >= 7) {
        struct fa__cpuid features = fa__cpuid(7, 0);
        cr4 |= (features.ebx >> 7 & 1) << 20; // SMEP: ring 0 runs nothing of CPL 3's
        cr4 |= (features.ecx >> 2 & 1) << 11; // UMIP: CPL 3 does not see the tables' places
    }
    enable_vectors(cr4);
    fa__msr_write(FA__MSR_FS_BASE, (uintptr_t)fa__guest_thread + FA__GUEST_THREAD_POINTER_OFF);
}
