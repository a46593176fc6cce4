// SPDX-License-Identifier: ISC
//
// trap.c: what CPL 3 asks for, and what goes wrong there.

#include "plat/gate/ring0/ring0.h"

enum {
    VECTOR_INVALID_OPCODE = 6,
    VECTOR_PAGE_FAULT = 14,
    CHAIN_MAX = 24,          // return addresses that are printed
    CHAIN_SCAN_WORDS = 4096, // of the stack
    FAULT_PRESENT = 1,       // bits of a page fault's code
    FAULT_WRITE = 2,
    FAULT_FETCH = 16,
};

static const char *const exception_names[32] = {"division by zero", "debug exception", "NMI",
    "breakpoint", "overflow", "bound range exceeded", "invalid opcode", "no FPU", "double fault",
    "coprocessor overrun", "invalid TSS", "segment not present", "stack segment fault",
    "general protection fault", "page fault", "reserved exception", "x87 exception",
    "alignment check", "machine check", "SIMD exception", "virtualization exception",
    "control protection exception"};

/* Whether the instruction before `at` is a call: then `at` on a stack may be a return address. */
static bool follows_call(uintptr_t at)
{
    if (at < (uintptr_t)fa__image_text + 8 || at >= (uintptr_t)fa__image_stack) {
        return false;
    }
    const uint8_t *end = (const uint8_t *)at;
    if (end[-5] == 0xe8) {
        return true;
    }
    // FF /2: through a register or memory, of 2, 3, 4, 6 or 7 bytes.
    static const uint8_t lengths[] = {2, 3, 4, 6, 7};
    for (size_t i = 0; i < sizeof lengths; i++) {
        const uint8_t *call = end - lengths[i];
        if (call[0] == 0xff && (call[1] & 0x38) == 0x10) {
            return true;
        }
    }
    return false;
}

/* Images have no unwind tables and no frame pointers: whatever on the stack looks like a return
 * address is printed. Some of it may be left over from calls that returned. */
static void print_chain(const struct fa__frame *frame)
{
    size_t count = 0;
    uintptr_t at = (frame->rsp + 7) & ~(uintptr_t)7;
    fa__ring0_print_hex("fata: call chain, as the stack looks:\n  ", frame->rip);
    for (size_t i = 0; i < CHAIN_SCAN_WORDS && count < CHAIN_MAX; i++, at += 8) {
        if (!fa__ring0_may(at, 8, true)) {
            break;
        }
        uintptr_t word = *(const uintptr_t *)at;
        if (follows_call(word)) {
            fa__ring0_print_hex("\n  ", word);
            count++;
        }
    }
    fa__ring0_print("\n");
}

static void print_registers(const struct fa__frame *frame)
{
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {
        {"  rip ", frame->rip},
        {"  rsp ", frame->rsp},
        {"  flg ", frame->rflags},
        {"\n  rax ", frame->rax},
        {"  rbx ", frame->rbx},
        {"  rcx ", frame->rcx},
        {"\n  rdx ", frame->rdx},
        {"  rsi ", frame->rsi},
        {"  rdi ", frame->rdi},
        {"\n  rbp ", frame->rbp},
        {"  r8  ", frame->r8},
        {"  r9  ", frame->r9},
        {"\n  r10 ", frame->r10},
        {"  r11 ", frame->r11},
        {"  r12 ", frame->r12},
        {"\n  r13 ", frame->r13},
        {"  r14 ", frame->r14},
        {"  r15 ", frame->r15},
    };
    for (size_t i = 0; i < FA_COUNT_OF(registers); i++) {
        fa__ring0_print_hex(registers[i].name, registers[i].value);
    }
    fa__ring0_print("\n");
}

void fa__ring0_report(const struct fa__frame *frame, const char *why)
{
    static bool reporting;
    if (reporting) { // the report itself goes wrong: no more words
        fa__target_stop(255);
    }
    reporting = true;
    fa__ring0_print("fata: ");
    fa__ring0_print(why);
    fa__ring0_print((frame->cs & 3) == 0 ? ", in ring 0\n" : "\n");
    print_registers(frame);
    print_chain(frame);
    fa__target_stop(255);
}

/* What the image did, in the reader's words. */
static const char *explain_page_fault(const struct fa__frame *frame, uintptr_t at)
{
    if (at < FA__RING0_PAGE) {
        return "a null pointer was used";
    }
    if ((fa__ring0_page_of(at) & (FA__PAGE_GUARD | FA__PAGE_PRESENT)) == FA__PAGE_GUARD) {
        return "a fiber ran over the end of its stack";
    }
    if (at >= (uintptr_t)fa__image_stack - FA__RING0_PAGE && at < (uintptr_t)fa__image_stack &&
        (frame->code & FAULT_WRITE) != 0) {
        return "the main stack is used up";
    }
    if ((frame->code & FAULT_FETCH) != 0) {
        return "a jump to what is no code";
    }
    if ((frame->code & FAULT_PRESENT) == 0) {
        return "an address where nothing is";
    }
    return (frame->code & FAULT_WRITE) != 0 ? "a write to what may not be written"
                                            : "a read of what may not be read";
}

static void report_exception(const struct fa__frame *frame)
{
    const char *name = exception_names[frame->vector];
    if (frame->vector == VECTOR_PAGE_FAULT) {
        uintptr_t at;
        __asm__ __volatile__("mov %%cr2, %0" : "=r"(at));
        fa__ring0_print_hex("fata: page fault at ", at);
        fa__ring0_print("\n");
        fa__ring0_report(frame, explain_page_fault(frame, at));
    }
    if (frame->vector == VECTOR_INVALID_OPCODE && fa__ring0_may(frame->rip, 2, false)) {
        const uint8_t *code = (const uint8_t *)frame->rip;
        if (code[0] == 0x0f && (code[1] == 0x05 || code[1] == 0x34)) {
            fa__ring0_report(frame, "a system call of another system's: there is no kernel here");
        }
    }
    fa__ring0_report(frame, name != NULL ? name : "unknown exception");
}

static void need(const struct fa__frame *frame, bool holds)
{
    if (!holds) {
        fa__ring0_report(frame, "the gate was called with an argument that it may not be given");
    }
}

static uintptr_t call(const struct fa__frame *frame)
{
    switch (frame->rax) {
    case FA__GATE_CONSOLE:
        need(frame, fa__ring0_may(frame->rdi, frame->rsi, false));
        fa__target_print((const char *)frame->rdi, frame->rsi);
        return 0;
    case FA__GATE_EXIT:
        need(frame, frame->rdi <= 255);
        fa__target_stop((int)frame->rdi);
    case FA__GATE_ABORT:
        fa__ring0_report(frame, "aborted");
    case FA__GATE_THREAD:
        need(frame, fa__ring0_may(frame->rdi, 64, true));
        fa__msr_write(FA__MSR_FS_BASE, frame->rdi);
        return 0;
    default:
        return fa__target_call(frame);
    }
}

void fa__ring0_trap(struct fa__frame *frame)
{
    if (frame->vector == FA__VECTOR_CALL) {
        frame->rax = call(frame);
    } else if (frame->vector < FA_COUNT_OF(exception_names)) {
        report_exception(frame);
    } else if (frame->vector != FA__VECTOR_SPURIOUS) {
        fa__target_interrupt((unsigned)frame->vector);
    }
}
