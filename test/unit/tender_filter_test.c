// SPDX-License-Identifier: ISC
//
// The filters of spt images: each program is interpreted at each limit and beside it.

#include "host/tender/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "fa/caps.h"
#include "test/t.h"

enum {
    CAPACITY_BLOCKS = 2048,
    BLOCK = 512,
    BURST = 65536,
};
#define CAPACITY (UINT64_C(0x500000000) + (uint64_t)CAPACITY_BLOCKS * BLOCK)

static struct sock_filter program[FILTER_LEN_MAX];
static size_t program_len;

/* What the kernel would do. The few instructions that libseccomp makes; another ends the test. */
static uint32_t interpret(const struct seccomp_data *data)
{
    uint32_t a = 0;
    for (size_t pc = 0; pc < program_len; pc++) {
        const struct sock_filter *at = &program[pc];
        bool yes;
        switch (at->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            a = *(const uint32_t *)(const void *)((const uint8_t *)data + at->k);
            continue;
        case BPF_RET | BPF_K:
            return at->k & SECCOMP_RET_ACTION_FULL;
        case BPF_JMP | BPF_JA:
            pc += at->k;
            continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
            yes = a == at->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            yes = a > at->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            yes = a >= at->k;
            break;
        default:
            fa_assert_fail("an instruction that this does not know", __FILE__, __LINE__);
        }
        pc += yes ? at->jt : at->jf;
    }
    fa_assert_fail("the program ends without an answer", __FILE__, __LINE__);
}

static bool allows(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const struct seccomp_data data = {
        .nr = (int)number,
#if defined(__x86_64__)
        .arch = AUDIT_ARCH_X86_64,
#else
        .arch = AUDIT_ARCH_AARCH64,
#endif
        .args = {a, b, c, d}
    };
    return interpret(&data) == SECCOMP_RET_ALLOW;
}

/* Two networks; three disks, of which the last has one block and no bursts. */
static void make(bool strict)
{
    struct filter_numbers numbers = {.strict = strict};
    numbers.net[0].used = numbers.net[7].used = true;
    numbers.disk[0].capacity = CAPACITY;
    numbers.disk[0].block_bytes = BLOCK;
    numbers.disk[0].burst_bytes = BURST;
    numbers.disk[6].capacity = 8192;
    numbers.disk[6].block_bytes = 4096;
    numbers.disk[6].burst_bytes = BURST; /* more than there is */
    numbers.disk[7].capacity = BLOCK;
    numbers.disk[7].block_bytes = BLOCK;
    program_len = filter_make(&numbers, program);
}

static void check_solo5(void)
{
    CHECK(allows(SYS_write, FD_CONSOLE, 1, UINT64_MAX, 0));
    CHECK(!allows(SYS_write, 0, 0, 0, 0));
    CHECK(!allows(SYS_write, UINT64_C(0x100000001), 0, 0, 0));
    CHECK(!allows(SYS_read, FD_CONSOLE, 0, 0, 0));
    for (uint64_t fd = 0; fd < FD_END + 2; fd++) {
        bool net = fd == FD_NET || fd == FD_NET + 7;
        CHECK(allows(SYS_read, fd, 0, 2000, 0) == net);
        CHECK(allows(SYS_epoll_pwait, fd, 0, 0, 0) == (fd == FD_EPOLL));
        CHECK(allows(SYS_timerfd_settime, fd, 0, 0, 0) == (fd == FD_TIMER));
        CHECK(allows(SYS_clock_gettime, fd, 0, 0, 0) == (fd < 2));
    }
    CHECK(allows(SYS_write, FD_NET, 0, 0, 0) && allows(SYS_write, FD_NET + 7, 0, 0, 0));
    CHECK(!allows(SYS_write, FD_NET + 1, 0, 0, 0));
    CHECK(allows(SYS_exit_group, 0, 0, 0, 0) && allows(SYS_exit_group, 254, 0, 0, 0));
#if defined(__x86_64__)
    CHECK(allows(SYS_arch_prctl, 0x1002, 0, 0, 0));
    CHECK(!allows(SYS_arch_prctl, 0x1001, 0, 0, 0));
    CHECK(!allows(SYS_arch_prctl, UINT64_C(0x100001002), 0, 0, 0));
#endif
}

static void check_blocks(long number)
{
    CHECK(allows(number, FD_DISK, 0, BLOCK, 0));
    CHECK(allows(number, FD_DISK, 0, BLOCK, CAPACITY - BLOCK));
    CHECK(!allows(number, FD_DISK, 0, BLOCK, CAPACITY - BLOCK + 1));
    CHECK(allows(number, FD_DISK, 0, BLOCK, UINT64_C(0x4ffffffff)));
    CHECK(!allows(number, FD_DISK, 0, BLOCK, UINT64_C(0x600000000)));
    CHECK(!allows(number, FD_DISK, 0, BLOCK, UINT64_MAX));
    CHECK(!allows(number, FD_DISK, 0, BLOCK + 1, CAPACITY - BLOCK));
    CHECK(!allows(number, FD_DISK, 0, UINT64_C(1) << 32 | BLOCK, CAPACITY - BLOCK));
    CHECK(allows(number, FD_DISK + 6, 0, 4096, 4096));
    CHECK(!allows(number, FD_DISK + 6, 0, 4096, 4097));
    CHECK(!allows(number, FD_DISK + 6, 0, 8192, 0));
    CHECK(allows(number, FD_DISK + 7, 0, BLOCK, 0));
    CHECK(!allows(number, FD_DISK + 7, 0, BLOCK, 1));
    CHECK(!allows(number, FD_DISK + 1, 0, BLOCK, 0));
    CHECK(!allows(number, FD_DISK + 1, 0, 0, 0));
    CHECK(!allows(number, FD_NET, 0, BLOCK, 0));
}

T(each_filter_allows_what_solo5_does_at_its_limits)
{
    for (int strict = 0; strict < 2; strict++) {
        make(strict != 0);
        check_solo5();
        check_blocks(SYS_pread64);
        check_blocks(SYS_pwrite64);
    }
}

T(the_strict_filter_allows_nothing_else)
{
    make(true);
    CHECK(allows(SYS_exit_group, 255, 0, 0, 0));
    CHECK(!allows(SYS_pread64, FD_DISK, 0, BLOCK - 1, 0));
    CHECK(!allows(SYS_pread64, FD_DISK, 0, BURST, 0));
    CHECK(!allows(SYS_write, FD_LOG, 0, 0, 0));
    CHECK(!allows(SYS_read, FD_ENTROPY, 0, 1, 0));
    for (long number = 0; number < 600; number++) {
        if (number != SYS_exit_group) {
            /* No descriptor of any rule is 200; clocks and codes are not, either. */
            CHECK(!allows(number, 200, 0, 0, 0));
        }
    }
}

T(ours_allows_what_capabilities_bring_and_nothing_else)
{
    make(false);
    CHECK(!allows(SYS_exit_group, 255, 0, 0, 0));
    CHECK(allows(SYS_exit_group, UINT64_MAX, 0, 0, 0));
    CHECK(allows(SYS_read, FD_ENTROPY, 0, FA_CAPS_ENTROPY_BYTES_MAX, 0));
    CHECK(!allows(SYS_read, FD_ENTROPY, 0, FA_CAPS_ENTROPY_BYTES_MAX + 1, 0));
    for (uint64_t fd = 0; fd < FD_END + 2; fd++) {
        bool disk = fd == FD_DISK || fd == FD_DISK + 6 || fd == FD_DISK + 7;
        CHECK(allows(SYS_fdatasync, fd, 0, 0, 0) == disk);
        CHECK(allows(SYS_fallocate, fd, 3, 0, 0) == disk);
        CHECK(!allows(SYS_fallocate, fd, 1, 0, 0) && !allows(SYS_fallocate, fd, 0, 0, 0));
        CHECK(allows(SYS_epoll_pwait2, fd, 0, 0, 0) == (fd == FD_EPOLL));
    }
    for (long number = 0; number < 600; number++) {
        if (number != SYS_exit_group && number != SYS_rt_sigreturn) {
            CHECK(!allows(number, 200, 0, 0, 0));
        }
    }
}

T(a_burst_ends_within_the_disk)
{
    make(false);
    CHECK(allows(SYS_pwrite64, FD_DISK, 0, BURST, 0));
    CHECK(allows(SYS_pwrite64, FD_DISK, 0, BURST, CAPACITY - BURST));
    CHECK(!allows(SYS_pwrite64, FD_DISK, 0, BURST, CAPACITY - BURST + BLOCK));
    CHECK(!allows(SYS_pwrite64, FD_DISK, 0, 2 * BLOCK, CAPACITY - BURST + BLOCK));
    CHECK(!allows(SYS_pwrite64, FD_DISK, 0, BURST + BLOCK, 0));
    CHECK(!allows(SYS_pwrite64, FD_DISK + 7, 0, 2 * BLOCK, 0));
}

T(another_architecture_is_refused_whatever_it_asks)
{
    const struct seccomp_data i386 = {.nr = SYS_write, .arch = AUDIT_ARCH_I386, .args = {1}};
    const struct seccomp_data x32 = {
        .nr = 0x40000000 | SYS_write, .arch = AUDIT_ARCH_X86_64, .args = {1}};
    for (int strict = 0; strict < 2; strict++) {
        make(strict != 0);
        CHECK_EQ(interpret(&i386), SECCOMP_RET_KILL_PROCESS);
        CHECK(interpret(&x32) != SECCOMP_RET_ALLOW);
    }
}
