// SPDX-License-Identifier: ISC
//
// malloc.c: malloc() and its kin for libraries that need a libc, over what memory is left.
//
// fa_heap_bytes, a symbol that the linker is given by --defsym, is a ceiling; without it the heap
// is all that the image was started with. musl calls the names with two underscores.

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "fa/plat.h"

#include "plat/guest/alloc.h"

extern const char fa_heap_bytes[] __attribute__((weak));

static struct fa_alloc heap;

/* Returns: false if there is no heap to speak of. */
static bool begin(void)
{
    if (heap.begin == NULL) {
        uint8_t *at;
        size_t len;
        fa_plat_heap(&at, &len);
        if ((uintptr_t)fa_heap_bytes != 0) {
            len = fa_min(len, (uintptr_t)fa_heap_bytes);
        }
        if (len >= FA_ALLOC_AREA_BYTES_MIN) {
            fa__alloc_init(&heap, at, len);
        }
    }
    return heap.begin != NULL;
}

static void *take(size_t len, size_t align)
{
    void *at = begin() ? fa__alloc_take(&heap, len, align) : NULL;
    if (at == NULL) {
        errno = ENOMEM;
    }
    return at;
}

void *malloc(size_t len)
{
    return take(len, FA_ALLOC_ALIGN);
}

void free(void *at)
{
    if (at != NULL) {
        fa__alloc_give(&heap, at);
    }
}

void *calloc(size_t count, size_t size)
{
    size_t len;
    if (__builtin_mul_overflow(count, size, &len)) {
        errno = ENOMEM;
        return NULL;
    }
    void *at = malloc(len);
    if (at != NULL) {
        fa_zero(at, len);
    }
    return at;
}

void *realloc(void *at, size_t len)
{
    if (at == NULL) {
        return malloc(len);
    }
    void *moved = fa__alloc_resize(&heap, at, len);
    if (moved == NULL) {
        errno = ENOMEM;
    }
    return moved;
}

void *aligned_alloc(size_t align, size_t len)
{
    if (align == 0 || (align & (align - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    return take(len, align);
}

size_t malloc_usable_size(void *at)
{
    return at != NULL ? fa__alloc_usable(&heap, at) : 0;
}

void *__libc_malloc(size_t len) __attribute__((alias("malloc"), copy(malloc)));
void *__libc_calloc(size_t count, size_t size) __attribute__((alias("calloc"), copy(calloc)));
void *__libc_realloc(void *at, size_t len) __attribute__((alias("realloc"), copy(realloc)));
void __libc_free(void *at) __attribute__((alias("free"), copy(free)));
