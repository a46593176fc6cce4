// SPDX-License-Identifier: ISC
//
// filter: compiles the filters of spt images, when the tender is built, into a C table on stdout.
//
// libseccomp makes the program; marks (host/tender/slots.h) stand in it for numbers that are known
// only when an image starts, and the places to put them are written beside it. It fails unless it
// finds each mark that the rules use. Tested by test/unit/tender_filter_test.c.
//
//     filter x86_64 >tender_filter.inc

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fa/caps.h"
#include "host/tender/slots.h"

enum {
    INSTRUCTION_COUNT_MAX = 4096, /* BPF_MAXINSNS */
};

#define ARCH_SET_FS     0x1002u
#define FALLOC_PUNCH    3u /* FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE */
#define STATUS_ABORT    255u
#define MARK_64(n, idx) ((uint64_t)SLOT_MARK(n, idx) << 32 | SLOT_MARK((n) + 1, idx))
#define COMPARE(i, how, n)                                                                         \
    {                                                                                              \
        .arg = (i), .op = (how), .datum_a = (n), .datum_b = 0                                      \
    }
#define EQUAL(i, n)   COMPARE(i, SCMP_CMP_EQ, n)
#define AT_MOST(i, n) COMPARE(i, SCMP_CMP_LE, n)
#define DIFFERS(i, n) COMPARE(i, SCMP_CMP_NE, n)
#define ALLOW(call, ...)                                                                           \
    add(filter, SCMP_SYS(call), (struct scmp_arg_cmp[]){__VA_ARGS__},                              \
        sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp))

[[gnu::noreturn]] static void fail(const char *what, const char *why)
{
    fprintf(stderr, "filter: %s: %s\n", what, why);
    exit(1);
}

static void add(scmp_filter_ctx filter, int call, const struct scmp_arg_cmp *args, size_t count)
{
    int err = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, (unsigned)count, args);
    if (err != 0) {
        fail("a rule", strerror(-err));
    }
}

/* What Solo5's own tender allows. */
static void add_solo5(scmp_filter_ctx filter, bool x86)
{
    ALLOW(write, EQUAL(0, FD_CONSOLE));
    ALLOW(epoll_pwait, EQUAL(0, FD_EPOLL));
    ALLOW(timerfd_settime, EQUAL(0, FD_TIMER));
    ALLOW(clock_gettime, EQUAL(0, 0 /* CLOCK_REALTIME */));
    ALLOW(clock_gettime, EQUAL(0, 1 /* CLOCK_MONOTONIC */));
    if (x86) {
        ALLOW(arch_prctl, EQUAL(0, ARCH_SET_FS));
    }
    for (unsigned i = 0; i < SLOT_NET_COUNT_MAX; i++) {
        ALLOW(read, EQUAL(0, SLOT_MARK(SLOT_NET_FD, i)));
        ALLOW(write, EQUAL(0, SLOT_MARK(SLOT_NET_FD, i)));
    }
    for (unsigned i = 0; i < SLOT_DISK_COUNT_MAX; i++) {
        ALLOW(pread64, EQUAL(0, SLOT_MARK(SLOT_DISK_FD, i)),
            EQUAL(2, SLOT_MARK(SLOT_BLOCK_BYTES, i)), AT_MOST(3, MARK_64(SLOT_BLOCK_LAST_HIGH, i)));
        ALLOW(pwrite64, EQUAL(0, SLOT_MARK(SLOT_DISK_FD, i)),
            EQUAL(2, SLOT_MARK(SLOT_BLOCK_BYTES, i)), AT_MOST(3, MARK_64(SLOT_BLOCK_LAST_HIGH, i)));
    }
}

/* What capabilities bring. A burst of blocks begins where the longest one still fits, since a
 * filter cannot add; behind that a disk goes by single blocks. What is not allowed, an abort among
 * it, ends in a signal that the tender makes a sentence of. */
static void add_fata(scmp_filter_ctx filter)
{
    ALLOW(write, EQUAL(0, FD_LOG));
    ALLOW(write, EQUAL(0, FD_CONTROL));
    ALLOW(write, EQUAL(0, FD_CORE));
    add(filter, SCMP_SYS(rt_sigreturn), NULL, 0);
    ALLOW(epoll_pwait2, EQUAL(0, FD_EPOLL));
    ALLOW(read, EQUAL(0, FD_ENTROPY), AT_MOST(2, FA_CAPS_ENTROPY_BYTES_MAX));
    ALLOW(exit_group, DIFFERS(0, STATUS_ABORT));
    for (unsigned i = 0; i < SLOT_DISK_COUNT_MAX; i++) {
        struct scmp_arg_cmp fd = EQUAL(0, SLOT_MARK(SLOT_DISK_FD, i));
        ALLOW(pread64, fd, AT_MOST(2, SLOT_MARK(SLOT_BURST_BYTES, i)),
            AT_MOST(3, MARK_64(SLOT_BURST_LAST_HIGH, i)));
        ALLOW(pwrite64, fd, AT_MOST(2, SLOT_MARK(SLOT_BURST_BYTES, i)),
            AT_MOST(3, MARK_64(SLOT_BURST_LAST_HIGH, i)));
        ALLOW(fdatasync, fd);
        ALLOW(fallocate, fd, EQUAL(1, FALLOC_PUNCH));
    }
}

/* Each mark that the rules use is there: libseccomp made nothing else of it. How often depends on
 * how it shares comparisons between rules. */
static void check_uses(size_t count[SLOT_NUMBER_COUNT][SLOT_DISK_COUNT_MAX], bool ours)
{
    for (size_t number = 0; number < SLOT_NUMBER_COUNT; number++) {
        const bool wanted = ours || number < SLOT_BURST_BYTES;
        for (size_t idx = 0; idx < SLOT_DISK_COUNT_MAX; idx++) {
            if ((count[number][idx] != 0) != wanted) {
                fail("a mark", wanted ? "was lost" : "is there that nobody put there");
            }
        }
    }
}

/* Which mark `value` is. Returns: false if none. */
static bool is_mark(uint32_t value, size_t *ret_number, size_t *ret_idx)
{
    *ret_number = value >> 8 & 0xff;
    *ret_idx = value & 0xff;
    return value == SLOT_MARK(*ret_number, *ret_idx) && *ret_number < SLOT_NUMBER_COUNT &&
           *ret_idx < SLOT_DISK_COUNT_MAX;
}

static void print_filter(const char *name, const struct sock_filter *at, size_t len, bool ours)
{
    size_t count[SLOT_NUMBER_COUNT][SLOT_DISK_COUNT_MAX] = {0};
    size_t number, idx;
    printf("static const struct sock_filter filter_%s[] = {\n", name);
    for (size_t i = 0; i < len; i++) {
        printf("    {0x%02x, %u, %u, 0x%08x},\n", at[i].code, at[i].jt, at[i].jf, at[i].k);
    }
    printf("};\n\nstatic const struct slot_patch patches_%s[] = {\n", name);
    for (size_t i = 0; i < len; i++) {
        if (is_mark(at[i].k, &number, &idx)) {
            if (BPF_CLASS(at[i].code) != BPF_JMP || BPF_SRC(at[i].code) != BPF_K) {
                fail("a mark", "stands where nothing is compared");
            }
            printf("    {%zu, %zu, %zu},\n", i, number, idx);
            count[number][idx]++;
        }
    }
    printf("};\n\n");
    check_uses(count, ours);
}

static void make(const char *name, uint32_t arch, bool ours)
{
    scmp_filter_ctx filter = seccomp_init(ours ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        fail("seccomp_init", "no memory");
    }
    if (arch != seccomp_arch_native() &&
        (seccomp_arch_add(filter, arch) != 0 ||
            seccomp_arch_remove(filter, seccomp_arch_native()) != 0)) {
        fail("architecture", "libseccomp does not know it");
    }
    seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    add_solo5(filter, arch == SCMP_ARCH_X86_64);
    if (ours) {
        add_fata(filter);
    } else {
        add(filter, SCMP_SYS(exit_group), NULL, 0);
    }
    /* What a packet or a sleep costs is decided first. */
    seccomp_syscall_priority(filter, SCMP_SYS(read), 255);
    seccomp_syscall_priority(filter, SCMP_SYS(write), 254);
    seccomp_syscall_priority(filter, SCMP_SYS(epoll_pwait), 253);

    static struct sock_filter program[INSTRUCTION_COUNT_MAX];
    int file = memfd_create("filter", MFD_CLOEXEC);
    if (file < 0 || seccomp_export_bpf(filter, file) != 0) {
        fail("seccomp_export_bpf", strerror(errno));
    }
    ssize_t len = pread(file, program, sizeof program, 0);
    if (len <= 0 || (size_t)len % sizeof *program != 0 || (size_t)len == sizeof program) {
        fail("the program", "is empty or too long");
    }
    print_filter(name, program, (size_t)len / sizeof *program, ours);
    close(file);
    seccomp_release(filter);
}

int main(int argc, char **argv)
{
    uint32_t arch = argc == 2 ? seccomp_arch_resolve_name(argv[1]) : 0;
    if (arch == 0) {
        fail("usage", "filter x86_64|aarch64");
    }
    printf("/* Made by host/filter. */\n\n");
    make("ours", arch, true);
    make("solo5", arch, false);
    return 0;
}
