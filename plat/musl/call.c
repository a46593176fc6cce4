// SPDX-License-Identifier: ISC
//
// call.c: what musl would ask a kernel for, answered by the image: clock, console, randomness, the
// end, and a polite no to the rest. A call that is not in the table is counted and gets ENOSYS.
//
// There are no files: opening any says ENOENT. There is one thread: whoever would wait for another
// waits for ever, which ends the image with a sentence.

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fa/counter.h"
#include "fa/plat.h"
#include "fa/wall.h"
#include "plat/arch/cpu_features.h"
#include "plat/guest/guest.h"

enum {
    PROCESS_ID = 1,
    FUTEX_WAIT = 0, /* operations of futex(2), and what may be added to them */
    FUTEX_WAKE = 1,
    FUTEX_REQUEUE = 3,
    FUTEX_FLAGS = 128 | 256,
    RANDOM_BYTES_MAX = 256, /* of a call, as with Linux: getentropy() asks for no more */
};

/* plat/musl/inside.c */
void fa__musl_begin(void *thread_pointer, size_t thread_bytes, size_t hwcap);

/* plat/musl/syscall_arch.h */
long fa__syscall(long number, long a, long b, long c, long d, long e, long f);

/* Before the constructors of libraries: OpenSSL's asks for the processor's features. */
[[gnu::constructor(101)]] static void begin_libc(void)
{
    fa__musl_begin(fa__guest_thread + FA__GUEST_THREAD_POINTER_OFF,
        fa_min(FA__GUEST_THREAD_POINTER_OFF, FA__GUEST_THREAD_BYTES - FA__GUEST_THREAD_POINTER_OFF),
        fa__cpu_hwcap());
}

[[gnu::noreturn]] static void end(const char *why)
{
    fa_console_write(FA_LIT("libc: "));
    fa_console_write(fa_slice_of(why));
    fa_console_write(FA_LIT("\n"));
    fa_plat_abort();
}

static bool is_console(long fd)
{
    return fd == STDOUT_FILENO || fd == STDERR_FILENO;
}

static long write_parts(long fd, const struct iovec *parts, long count)
{
    if (!is_console(fd)) {
        return -EBADF;
    }
    size_t sum = 0;
    for (long i = 0; i < count; i++) {
        fa_console_write((struct fa_slice){parts[i].iov_base, parts[i].iov_len});
        sum += parts[i].iov_len;
    }
    return (long)sum;
}

/* Standard input is at its end. */
static long read_fd(long fd)
{
    return fd == STDIN_FILENO ? 0 : -EBADF;
}

static long get_clock(long clock, struct timespec *time)
{
    const bool mono = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
                      clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME ||
                      clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
    if (!mono && clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) {
        return -EINVAL;
    }
    const uint64_t ns = mono ? fa_clock_mono_ns() : fa_wall_ns();
    time->tv_sec = (time_t)(ns / FA_NS_S);
    time->tv_nsec = (long)(ns % FA_NS_S);
    return 0;
}

static long get_resolution(struct timespec *time)
{
    if (time != NULL) {
        *time = (struct timespec){.tv_nsec = 1};
    }
    return 0;
}

/* The whole image sleeps: a fiber that wants to wait alone uses fa/fiber.h. */
static long sleep_for(const struct timespec *time)
{
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= (long)FA_NS_S) {
        return -EINVAL;
    }
    const fa_ns until =
        fa_ns_after(fa_clock_mono_ns(), (fa_ns)time->tv_sec * FA_NS_S + (fa_ns)time->tv_nsec);
    while (fa_clock_mono_ns() < until) {
        fa_plat_wait(until);
    }
    return 0;
}

static long fill_random(void *at, size_t len)
{
    len = fa_min(len, RANDOM_BYTES_MAX);
    fa_entropy_fill(at, len);
    return (long)len;
}

static long use_futex(long operation)
{
    switch (operation & ~FUTEX_FLAGS) {
    case FUTEX_WAKE:
    case FUTEX_REQUEUE:
        return 0; /* nobody waits */
    case FUTEX_WAIT:
        end("a lock is taken already, and there is no other thread that could give it back");
    default:
        return -ENOSYS;
    }
}

static long refuse(void)
{
    FA_COUNT(&fa_counters_main, libc_unknown_call);
    return -ENOSYS;
}

/* What has a fixed answer here. */
static long answer(long number)
{
    switch (number) {
    case SYS_openat:
    case SYS_faccessat:
    case SYS_newfstatat:
    case SYS_readlinkat:
#ifdef SYS_open
    case SYS_open:
    case SYS_access:
    case SYS_stat:
    case SYS_lstat:
    case SYS_readlink:
#endif
    case SYS_getcwd:
        return -ENOENT;
    case SYS_close:
    case SYS_fcntl:
    case SYS_fstat:
        return -EBADF;
    case SYS_ioctl:
        return -ENOTTY;
    case SYS_lseek:
        return -ESPIPE;
    case SYS_brk:
    case SYS_mmap:
    case SYS_mremap:
        return -ENOMEM; /* memory comes from plat/musl/malloc.c */
    case SYS_getpid:
    case SYS_gettid:
    case SYS_set_tid_address:
        return PROCESS_ID;
    case SYS_getuid:
    case SYS_geteuid:
    case SYS_getgid:
    case SYS_getegid:
    case SYS_sched_yield:
    case SYS_rt_sigprocmask: /* signals: nobody sends any */
    case SYS_rt_sigaction:
        return 0;
    default:
        return refuse();
    }
}

long fa__syscall(long number, long a, long b, long c, long d, long e, long f)
{
    (void)d;
    (void)e;
    (void)f;
    switch (number) {
    case SYS_write:
        return write_parts(a, &(struct iovec){(void *)b, (size_t)c}, 1);
    case SYS_writev:
        return write_parts(a, (const struct iovec *)b, c);
    case SYS_read:
    case SYS_readv:
        return read_fd(a);
    case SYS_clock_gettime:
        return get_clock(a, (struct timespec *)b);
    case SYS_clock_getres:
        return get_resolution((struct timespec *)b);
    case SYS_nanosleep:
        return sleep_for((const struct timespec *)a);
    case SYS_clock_nanosleep:
        return b == 0 ? sleep_for((const struct timespec *)c) : refuse();
    case SYS_getrandom:
        return fill_random((void *)a, (size_t)b);
    case SYS_futex:
        return use_futex(b);
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
        end("the image sent a signal to itself, by abort() or raise()");
    case SYS_exit:
    case SYS_exit_group:
        fa_plat_exit((int)a & 0xff);
    default:
        return answer(number);
    }
}
