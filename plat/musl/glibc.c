// SPDX-License-Identifier: ISC
//
// glibc.c: what Debian's archives, compiled against glibc, ask for beyond what musl has: calls that
// check lengths which the compiler knew (_FORTIFY_SOURCE), and a few names of glibc's own.

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <ucontext.h>

#include "fa/base.h"

void *__memcpy_chk(void *to, const void *from, size_t len, size_t room);
void *__memmove_chk(void *to, const void *from, size_t len, size_t room);
void *__memset_chk(void *to, int byte, size_t len, size_t room);
int __sprintf_chk(char *at, int flag, size_t room, const char *format, ...);
int __snprintf_chk(char *at, size_t cap, int flag, size_t room, const char *format, ...);
int __vsnprintf_chk(char *at, size_t cap, int flag, size_t room, const char *format, va_list args);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __vfprintf_chk(FILE *file, int flag, const char *format, va_list args);
long __fdelt_chk(long fd);
[[gnu::noreturn]] void __longjmp_chk(jmp_buf place, int value);
int fcntl64(int fd, int command, ...);

void *__memcpy_chk(void *to, const void *from, size_t len, size_t room)
{
    FA_ASSERT(len <= room);
    return memcpy(to, from, len);
}

void *__memmove_chk(void *to, const void *from, size_t len, size_t room)
{
    FA_ASSERT(len <= room);
    return memmove(to, from, len);
}

void *__memset_chk(void *to, int byte, size_t len, size_t room)
{
    FA_ASSERT(len <= room);
    return memset(to, byte, len);
}

/* Format strings are the library's. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

int __vsnprintf_chk(char *at, size_t cap, int flag, size_t room, const char *format, va_list args)
{
    (void)flag;
    FA_ASSERT(cap <= room);
    return vsnprintf(at, cap, format, args);
}

int __snprintf_chk(char *at, size_t cap, int flag, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int len = __vsnprintf_chk(at, cap, flag, room, format, args);
    va_end(args);
    return len;
}

int __sprintf_chk(char *at, int flag, size_t room, const char *format, ...)
{
    (void)flag;
    va_list args;
    va_start(args, format);
    const size_t cap = fa_min(room, INT_MAX); /* SIZE_MAX: not known */
    const int len = vsnprintf(at, cap, format, args);
    va_end(args);
    FA_ASSERT(len >= 0 && (size_t)len < cap);
    return len;
}

int __vfprintf_chk(FILE *file, int flag, const char *format, va_list args)
{
    (void)flag;
    return vfprintf(file, format, args);
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int len = __vfprintf_chk(file, flag, format, args);
    va_end(args);
    return len;
}

long __fdelt_chk(long fd)
{
    FA_ASSERT(fd >= 0 && fd < FD_SETSIZE);
    return fd / (8 * (long)sizeof(long));
}

void __longjmp_chk(jmp_buf place, int value)
{
    longjmp(place, value);
}

/* No descriptor can be one of ours. */
int fcntl64(int fd, int command, ...)
{
    (void)fd;
    (void)command;
    errno = EBADF;
    return -1;
}

/* OpenSSL's asynchronous jobs, which nobody starts: they find out that there are none. */
int getcontext(ucontext_t *context)
{
    (void)context;
    errno = ENOSYS;
    return -1;
}

int setcontext(const ucontext_t *context)
{
    (void)context;
    errno = ENOSYS;
    return -1;
}

void makecontext(ucontext_t *context, void (*fn)(void), int count, ...)
{
    (void)context;
    (void)fn;
    (void)count;
}
