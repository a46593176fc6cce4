// SPDX-License-Identifier: ISC
//
// What compilers call without being asked: memcpy, memmove, memset, memcmp, strlen.
//
// Short lengths by overlapping loads and stores, without a loop; long ones in the way of the
// processor (plat/guest/ARCH/cpu.c). FENCE keeps gcc from seeing a memcpy in the loop of memcpy.

#include "plat/guest/guest.h"

#define FENCE() __asm__ __volatile__("" : : : "memory")

enum {
    CHUNK = 16,
    BULK_MIN = 256, /* from here on the processor's own way is worth its start */
};

typedef uint8_t chunk __attribute__((vector_size(CHUNK)));

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *left, const void *right, size_t len);
size_t strlen(const char *text);

/* Both ends of [min, 2 * min] bytes, read before either is written. */
#define COPY_ENDS(type, to, from, len)                                                             \
    do {                                                                                           \
        type head_;                                                                                \
        type tail_;                                                                                \
        __builtin_memcpy(&head_, (from), sizeof head_);                                            \
        __builtin_memcpy(&tail_, (from) + (len) - sizeof tail_, sizeof tail_);                     \
        __builtin_memcpy((to), &head_, sizeof head_);                                              \
        __builtin_memcpy((to) + (len) - sizeof tail_, &tail_, sizeof tail_);                       \
    } while (0)

static inline chunk load(const uint8_t *at)
{
    chunk value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
}

static inline void store(uint8_t *at, chunk value)
{
    __builtin_memcpy(at, &value, sizeof value);
}

/* At most 2 * CHUNK bytes; they may overlap. */
static inline void copy_short(uint8_t *to, const uint8_t *from, size_t len)
{
    if (len >= CHUNK) {
        COPY_ENDS(chunk, to, from, len);
    } else if (len >= 8) {
        COPY_ENDS(uint64_t, to, from, len);
    } else if (len >= 4) {
        COPY_ENDS(uint32_t, to, from, len);
    } else if (len >= 2) {
        COPY_ENDS(uint16_t, to, from, len);
    } else if (len == 1) {
        *to = *from;
    }
}

/* More than CHUNK bytes, upwards; `to` may be below `from`. */
static inline void copy_up(uint8_t *to, const uint8_t *from, size_t len)
{
    const chunk tail = load(from + len - CHUNK);
    uint8_t *const last = to + len - CHUNK;
    for (; to < last; to += CHUNK, from += CHUNK) {
        store(to, load(from));
        FENCE();
    }
    store(last, tail);
}

static inline void copy_down(uint8_t *to, const uint8_t *from, size_t len)
{
    const chunk head = load(from);
    uint8_t *at = to + len - CHUNK;
    for (; at > to; at -= CHUNK) {
        store(at, load(from + (at - to)));
        FENCE();
    }
    store(to, head);
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    if (len <= 2 * CHUNK) {
        copy_short(to, from, len);
    } else if (len < BULK_MIN) {
        copy_up(to, from, len);
    } else {
        fa__guest_copy_long(to, from, len);
    }
    return to;
}

void *memmove(void *to, const void *from, size_t len)
{
    const uintptr_t gap = (uintptr_t)to - (uintptr_t)from; /* wraps where `to` is below */
    if (len <= 2 * CHUNK) {
        copy_short(to, from, len);
    } else if (gap < len) {
        copy_down(to, from, len);
    } else if (len < BULK_MIN || -gap < len) {
        copy_up(to, from, len);
    } else {
        fa__guest_copy_long(to, from, len);
    }
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    uint8_t *at = to;
    const uint8_t value = (uint8_t)byte;
    if (len >= BULK_MIN) {
        fa__guest_fill_long(at, value, len);
    } else if (len >= CHUNK) {
        const chunk all = (chunk){0} + value;
        for (size_t off = 0; off + CHUNK <= len; off += CHUNK) {
            store(at + off, all);
            FENCE();
        }
        store(at + len - CHUNK, all);
    } else {
        for (size_t off = 0; off < len; off++) {
            at[off] = value;
            FENCE();
        }
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t len)
{
    const uint8_t *a = left;
    const uint8_t *b = right;
    size_t off = 0;
    for (; off + 8 <= len; off += 8) {
        uint64_t x;
        uint64_t y;
        __builtin_memcpy(&x, a + off, sizeof x);
        __builtin_memcpy(&y, b + off, sizeof y);
        if (x != y) {
            /* Little-endian: the first byte that differs is the highest after the swap. */
            return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
        }
    }
    for (; off < len; off++) {
        if (a[off] != b[off]) {
            return a[off] < b[off] ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t len = 0;
    while (text[len] != '\0') {
        len++;
        FENCE();
    }
    return len;
}
