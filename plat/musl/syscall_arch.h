/* SPDX-License-Identifier: ISC
 *
 * plat/musl/syscall_arch.h: musl's way to the kernel is a function of the image. plat/musl/build
 * puts it in the place of musl's own, so that no object of this libc holds an instruction that
 * would end an image under a filter. The names are musl's. */

long fa__syscall(long number, long a, long b, long c, long d, long e, long f);

/* 64-bit arguments are one register on each architecture that we have. */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

#define IPC_64 0

static inline long __syscall0(long n)
{
    return fa__syscall(n, 0, 0, 0, 0, 0, 0);
}

static inline long __syscall1(long n, long a)
{
    return fa__syscall(n, a, 0, 0, 0, 0, 0);
}

static inline long __syscall2(long n, long a, long b)
{
    return fa__syscall(n, a, b, 0, 0, 0, 0);
}

static inline long __syscall3(long n, long a, long b, long c)
{
    return fa__syscall(n, a, b, c, 0, 0, 0);
}

static inline long __syscall4(long n, long a, long b, long c, long d)
{
    return fa__syscall(n, a, b, c, d, 0, 0);
}

static inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
    return fa__syscall(n, a, b, c, d, e, 0);
}

static inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
    return fa__syscall(n, a, b, c, d, e, f);
}
