// SPDX-License-Identifier: ISC
//
// fa/base.h: the words every other header uses.
//
// Outcomes, borrowed bytes, time, assertions and the few memory primitives. It allocates nothing,
// keeps no state and needs no libc beyond the compiler's own memcpy, memmove, memset and memcmp.
// Tested by test/unit/base_test.c.

#ifndef FA_BASE_H
#define FA_BASE_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FA_MUST_USE [[nodiscard]]

/* Outcome of a call that can fail. Dropping one does not compile; write (void) and say why. */
typedef enum FA_MUST_USE fa_err {
    FA_OK = 0,
    FA_AGAIN = -1,    /* not now: ask again after the next wake-up */
    FA_EINVAL = -2,   /* the caller's input is wrong, and stays wrong */
    FA_ENOSPC = -3,   /* a named limit is reached */
    FA_ECORRUPT = -4, /* stored bytes do not check out */
    FA_EIO = -5,      /* the device said no */
    FA_ECLOSED = -6,  /* orderly end: no more will come, or the object was closed here */
    FA_ERESET = -7,   /* the other side broke off */
    FA_ETIMEOUT = -8, /* the deadline passed first */
    FA_EREFUSED = -9, /* the other side said no */
    FA_ENOENT = -10,  /* no such thing */
    FA_ECANCEL = -11, /* the waiting fiber was cancelled */
} fa_err;

/* Name of an outcome, such as "FA_ETIMEOUT". Returns: static text, "FA_E?" for a foreign value. */
const char *fa_err_name(fa_err err);

/* Hand an error to the caller. The one control-flow macro of the house. */
#define FA_TRY(expression)                                                                         \
    do {                                                                                           \
        fa_err fa_try_err_ = (expression);                                                         \
        if (fa_try_err_ != FA_OK) {                                                                \
            return fa_try_err_;                                                                    \
        }                                                                                          \
    } while (0)

/* Borrowed bytes: valid for the call that carries them, unless its comment says longer. */
struct fa_slice {
    const uint8_t *at;
    size_t len; /* bytes */
};

typedef uint64_t fa_ns; /* monotonic time or duration, nanoseconds */

#define FA_NS_NEVER UINT64_MAX
#define FA_NS_US    ((fa_ns)1000)
#define FA_NS_MS    ((fa_ns)1000 * 1000)
#define FA_NS_S     ((fa_ns)1000 * 1000 * 1000)

#define FA_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of `type`, const or not, whose `member` is at `pointer`. */
#define FA_CONTAINER(pointer, type, member) ((type *)((uintptr_t)(pointer)-offsetof(type, member)))

/* A bug if it does not hold, ours or the caller's. Always compiled in. */
#define FA_ASSERT(expression)                                                                      \
    ((expression) ? (void)0 : fa_assert_fail(#expression, __FILE__, __LINE__))

/* Print place and expression on the console, then fa_plat_abort(). */
[[gnu::noreturn]] void fa_assert_fail(const char *expression, const char *file, int line);

/* A slice of a string literal, without its final NUL. */
#define FA_LIT(literal) ((struct fa_slice){(const uint8_t *)("" literal), sizeof(literal) - 1})

static inline size_t fa_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t fa_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline fa_ns fa_ns_min(fa_ns a, fa_ns b)
{
    return a < b ? a : b;
}

/* `now` + `duration`, or FA_NS_NEVER where that overflows. */
static inline fa_ns fa_ns_after(fa_ns now, fa_ns duration)
{
    fa_ns sum;
    return __builtin_add_overflow(now, duration, &sum) ? FA_NS_NEVER : sum;
}

/* Copy between places that do not overlap. */
static inline void fa_copy(void *target, const void *source, size_t len)
{
    FA_ASSERT(len == 0 || (uintptr_t)target >= (uintptr_t)source + len ||
              (uintptr_t)source >= (uintptr_t)target + len);
    if (len != 0) {
        __builtin_memcpy(target, source, len);
    }
}

/* Copy between places that may overlap. */
static inline void fa_move(void *target, const void *source, size_t len)
{
    if (len != 0) {
        __builtin_memmove(target, source, len);
    }
}

static inline void fa_zero(void *at, size_t len)
{
    if (len != 0) {
        __builtin_memset(at, 0, len);
    }
}

/* Zero a secret in a way that the compiler keeps. */
static inline void fa_wipe(void *at, size_t len)
{
    fa_zero(at, len);
    __asm__ __volatile__("" : : "r"(at) : "memory");
}

static inline bool fa_equal(const void *a, const void *b, size_t len)
{
    return len == 0 || __builtin_memcmp(a, b, len) == 0;
}

static inline bool fa_slice_equal(struct fa_slice a, struct fa_slice b)
{
    return a.len == b.len && fa_equal(a.at, b.at, a.len);
}

/* The slice of a NUL-terminated string, without the NUL. */
static inline struct fa_slice fa_slice_of(const char *text)
{
    return (struct fa_slice){(const uint8_t *)text, __builtin_strlen(text)};
}

/* `slice` from `off` on; empty if off is beyond its end. */
static inline struct fa_slice fa_slice_from(struct fa_slice slice, size_t off)
{
    if (slice.len == 0) {
        return slice; /* its `at` may be NULL, to which nothing may be added */
    }
    size_t skip = fa_min(off, slice.len);
    return (struct fa_slice){slice.at + skip, slice.len - skip};
}

/* Big-endian loads and stores, at any alignment. */
static inline uint16_t fa_be16_load(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static inline uint32_t fa_be32_load(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void fa_be16_store(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void fa_be32_store(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

#endif
