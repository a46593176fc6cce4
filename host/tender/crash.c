// SPDX-License-Identifier: ISC
//
// Reports of a failed image. From the handler on nothing of libc is used that keeps state.

#include "crash.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "raw.h"
#include "slots.h"

enum {
    STACK_BYTES = 16384,
    FRAME_COUNT_MAX = 24,
    SCAN_WORDS = 4096, /* of the stack that are looked at for frames */
    STATUS_ABORT = 255,
};

#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

static struct {
    const char *name;
    struct fa_slice file;
    struct elf_image image;
    uint64_t mem_size;
    uint64_t thread; /* the tender's FS: the image has its own */
    bool entered;
} crash;

#if defined(__x86_64__)
#define PC_OF(context) ((uint64_t)(context)->uc_mcontext.gregs[REG_RIP])
#define SP_OF(context) ((uint64_t)(context)->uc_mcontext.gregs[REG_RSP])
#define A0_OF(context) ((uint64_t)(context)->uc_mcontext.gregs[REG_RDI])
#elif defined(__aarch64__)
#define PC_OF(context) ((uint64_t)(context)->uc_mcontext.pc)
#define SP_OF(context) ((uint64_t)(context)->uc_mcontext.sp)
#define A0_OF(context) ((uint64_t)(context)->uc_mcontext.regs[0])
#endif

/* A line that grows and is written at once. */
struct line {
    char text[512];
    size_t len;
};

static void add_bytes(struct line *line, const void *at, size_t len)
{
    len = fa_min(len, sizeof line->text - line->len);
    memcpy(line->text + line->len, at, len);
    line->len += len;
}

static void add_text(struct line *line, const char *text)
{
    add_bytes(line, text, strlen(text));
}

static void add_number(struct line *line, uint64_t value, unsigned base)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    add_text(line, base == 16 ? "0x" : "");
    add_bytes(line, digits + at, sizeof digits - at);
}

static void write_line(struct line *line)
{
    add_bytes(line, "\n", 1);
    (void)raw_call(SYS_write, FD_LOG, (long)line->text, (long)line->len);
    line->len = 0;
}

static void add_place(struct line *line, uint64_t pc)
{
    uint64_t off = 0;
    struct fa_slice name = elf_symbol(crash.file, pc, &off);
    add_number(line, pc, 16);
    if (name.len != 0) {
        add_text(line, " ");
        add_bytes(line, name.at, fa_min(name.len, 80));
        add_text(line, "+");
        add_number(line, off, 16);
    }
}

bool crash_is_call(struct fa_slice code, size_t off)
{
#if defined(__aarch64__)
    return off >= 4 && off <= code.len &&
           (code.at[off - 1] >> 2 == 0x25 /* bl */ ||
               (code.at[off - 1] == 0xd6 && code.at[off - 2] == 0x3f /* blr */));
#else
    if (off > code.len) {
        return false;
    }
    if (off >= 5 && code.at[off - 5] == 0xe8) {
        return true;
    }
    /* FF /2: two bytes, with a displacement and an index up to seven. */
    for (size_t len = 2; len <= 7 && len <= off; len++) {
        if (code.at[off - len] == 0xff && (code.at[off - len + 1] >> 3 & 7) == 2) {
            return true;
        }
    }
    return false;
#endif
}

static bool is_return(uint64_t address)
{
    for (size_t i = 0; i < crash.image.segment_count; i++) {
        const struct elf_segment *segment = &crash.image.segment[i];
        if (segment->executable && address > segment->at &&
            address - segment->at <= segment->file_len) {
            return crash_is_call(
                (struct fa_slice){crash.file.at + segment->file_off, segment->file_len},
                address - segment->at);
        }
    }
    return false;
}

static void write_frames(uint64_t pc, uint64_t sp)
{
    struct line line = {.len = 0};
    size_t count = 0;
    add_text(&line, "  #0 ");
    add_place(&line, pc);
    write_line(&line);
    if (sp % 8 != 0 || sp < crash.image.segment[0].start) {
        return;
    }
    for (size_t i = 0; i < SCAN_WORDS && sp + 8 * i + 8 <= crash.mem_size; i++) {
        uint64_t word;
        memcpy(&word, (const void *)(uintptr_t)(sp + 8 * i), sizeof word);
        if (is_return(word) && ++count < FRAME_COUNT_MAX) {
            add_text(&line, "  #");
            add_number(&line, count, 10);
            add_text(&line, " ");
            add_place(&line, word);
            write_line(&line);
        }
    }
}

/* Returns: what happened, as the end of a sentence that begins with the image's name. */
static void add_reason(
    struct line *line, int signal, const siginfo_t *info, const ucontext_t *context)
{
    const long number = info->si_syscall;
    if (signal != SIGSYS) {
        add_text(line, signal == SIGSEGV  ? "it touched memory at "
                       : signal == SIGBUS ? "no memory could be had for address "
                       : signal == SIGFPE ? "it divided by zero or overflowed at "
                                          : "it ran what is no instruction at ");
        add_number(line, (uint64_t)(uintptr_t)info->si_addr, 16);
        add_text(line, signal == SIGSEGV ? ", which it may not" : "");
    } else if (number == SYS_exit_group && A0_OF(context) == STATUS_ABORT) {
        add_text(line, "it gave up (status 255)");
    } else {
        add_text(line, "it made system call ");
        add_number(line, (uint64_t)number, 10);
        add_text(line, ", or that with arguments which it may not");
    }
}

[[gnu::noinline]] static void report(int signal, const siginfo_t *info, const ucontext_t *context)
{
    struct line line = {.len = 0};
    add_text(&line, "fata-tender: ");
    add_text(&line, crash.name);
    add_text(&line, ": ");
    add_reason(&line, signal, info, context);
    write_line(&line);
    write_frames(PC_OF(context), SP_OF(context));
}

/* A fault in here, as on a stack that ends at a guard page, ends it with what was said so far. The
 * status is 255, written so that the filter does not take it for an abort of the image's. */
__attribute__((no_stack_protector)) static void handle(int signal, siginfo_t *info, void *context)
{
#if defined(__x86_64__)
    (void)raw_call(SYS_arch_prctl, ARCH_SET_FS, (long)crash.thread, 0);
#endif
    if (!crash.entered) {
        crash.entered = true;
        report(signal, info, context);
    }
    (void)raw_call(SYS_exit_group, -1, 0, 0);
    __builtin_trap();
}

bool crash_arm(const char *name, struct fa_slice file, const struct elf_image *image,
    uint64_t mem_size, struct sentence *why)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    static uint8_t stack[STACK_BYTES];
    crash.name = name;
    crash.file = file;
    crash.image = *image;
    crash.mem_size = mem_size;
#if defined(__x86_64__)
    (void)raw_call(SYS_arch_prctl, ARCH_GET_FS, (long)&crash.thread, 0);
#endif
    if (sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL) != 0) {
        return sentence_say(why, "sigaltstack: %s", strerror(errno));
    }
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    action.sa_sigaction = handle;
    for (size_t i = 0; i < FA_COUNT_OF(signals); i++) {
        if (sigaction(signals[i], &action, NULL) != 0) {
            return sentence_say(why, "sigaction: %s", strerror(errno));
        }
    }
    return true;
}
