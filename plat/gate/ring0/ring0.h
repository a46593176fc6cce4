// SPDX-License-Identifier: ISC
//
// plat/gate/ring0/ring0.h: inside ring 0: what trap.S, cpu.c, page.c, trap.c and print.c share,
// and what a machine adds (plat/gate/pc). None of it is for CPL 3: its pages are not
// mapped there, and with SMEP it cannot call code that is.

#ifndef FA_GATE_RING0_H
#define FA_GATE_RING0_H

#include "plat/gate/gate.h"

enum {
    FA__RING0_PAGE = 4096,
    FA__RING0_LARGE = 2 << 20,
    FA__VECTOR_TIMER = 0x20,
    FA__VECTOR_DEVICE = 0x21, /* the first of FA__VECTOR_DEVICE_COUNT */
    FA__VECTOR_DEVICE_COUNT = 15,
    FA__VECTOR_CALL = 0x80,
    FA__VECTOR_SPURIOUS = 0xff,
};

#define FA__MSR_FS_BASE UINT32_C(0xc0000100)

/* On the gate's stack, as trap.S pushes it and `iretq` wants it. */
struct fa__frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, code; /* code: of the exception, else 0 */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Bits of page table entries. */
#define FA__PAGE_PRESENT  UINT64_C(0x001)
#define FA__PAGE_WRITE    UINT64_C(0x002)
#define FA__PAGE_USER     UINT64_C(0x004)
#define FA__PAGE_UNCACHED UINT64_C(0x018)
#define FA__PAGE_LARGE    UINT64_C(0x080)
#define FA__PAGE_GUARD    UINT64_C(0x200) /* ours to use: once a page, now a guard */
#define FA__PAGE_NX       (UINT64_C(1) << 63)
#define FA__PAGE_AT       UINT64_C(0x000ffffffffff000)

/* cpu.c: GDT, TSS, IDT, vector state for CPL 3, SMEP and UMIP where the processor has them. */
void fa__ring0_cpu_init(void);

/* page.c. Memory from 0 to `memory_end` is the image's. */
void fa__ring0_pages_init(uintptr_t memory_end);
/* The entry that maps `at`; 0: none. */
uint64_t fa__ring0_page_of(uintptr_t at);
/* Whether CPL 3 may read, and write, every byte. */
bool fa__ring0_may(uintptr_t at, size_t len, bool write);
/* Map registers, for CPL 3 if `user`. Returns: where; 0 if there is no room for them. */
uintptr_t fa__ring0_map_device(uint64_t physical, size_t len, bool user);
/* Whether `len` bytes at `at` are registers that were mapped for CPL 3. */
bool fa__ring0_is_device(uintptr_t at, size_t len);

/* print.c: text and numbers on the target's console. `..._die` leaves with 255. */
void fa__ring0_print(const char *text);
void fa__ring0_print_hex(const char *text, uint64_t number);
[[gnu::noreturn]] void fa__ring0_die(const char *text);

/* trap.S */
[[gnu::noreturn]] void fa__ring0_enter(void (*rip)(void), uintptr_t rsp);
extern const uint8_t fa__ring0_stubs[];       /* 16 bytes a vector, of the first 48 */
extern const uint8_t fa__ring0_stub_call[];   /* of FA__VECTOR_CALL */
extern const uint8_t fa__ring0_stub_others[]; /* of all others */

/* trap.c */
void fa__ring0_trap(struct fa__frame *frame);
/* Print why the image ends at `frame`, and leave. */
[[gnu::noreturn]] void fa__ring0_report(const struct fa__frame *frame, const char *why);

/* What a machine adds. */
void fa__target_print(const char *text, size_t len);
[[gnu::noreturn]] void fa__target_stop(int status);
uintptr_t fa__target_call(const struct fa__frame *frame); /* calls that trap.c does not know */
void fa__target_interrupt(unsigned vector);

/* The image's layout, from the linker script, in this order. Each begins at a page. */
extern const uint8_t fa__image_gate[];   /* text and constants of ring 0 */
extern uint8_t fa__image_gate_bss[];     /* its variables */
extern uint8_t fa__image_tables[];       /* the last of them: pages for page tables */
extern const uint8_t fa__image_rodata[]; /* what CPL 3 only reads */
extern const uint8_t fa__image_text[];   /* what it runs */
extern uint8_t fa__image_stack[];        /* its main stack */
extern uint8_t fa__main_stack_top[];
extern uint8_t fa__stacks[];    /* fa__stack_count times fa__stack_stride: stacks of fibers */
extern uint8_t fa__image_end[]; /* the heap begins */
extern const uint8_t fa__stack_stride[]; /* values, not places: absolute symbols */
extern const uint8_t fa__stack_count[];

static inline void fa__out8(uint16_t port, uint8_t value)
{
    __asm__ __volatile__("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t fa__in8(uint16_t port)
{
    uint8_t value;
    __asm__ __volatile__("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void fa__out16(uint16_t port, uint16_t value)
{
    __asm__ __volatile__("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void fa__out32(uint16_t port, uint32_t value)
{
    __asm__ __volatile__("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint32_t fa__in32(uint16_t port)
{
    uint32_t value;
    __asm__ __volatile__("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void fa__msr_write(uint32_t msr, uint64_t value)
{
    __asm__ __volatile__("wrmsr"
                         :
                         : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                         : "memory");
}

static inline uint64_t fa__tsc(void)
{
    uint32_t low, high;
    __asm__ __volatile__("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

struct fa__cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct fa__cpuid fa__cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct fa__cpuid got;
    __asm__ __volatile__("cpuid"
                         : "=a"(got.eax), "=b"(got.ebx), "=c"(got.ecx), "=d"(got.edx)
                         : "a"(leaf), "c"(subleaf));
    return got;
}

#endif
