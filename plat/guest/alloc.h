// SPDX-License-Identifier: ISC
//
// plat/guest/alloc.h: memory in pieces of any size out of one area that never grows.
//
// Two-level segregated fit (Masmano et al. 2004): free pieces hang in lists by power of two and
// sixteenth of it, two bitmaps find one that is large enough, neighbours that are free are joined
// at once. Each call takes a bounded number of steps but resize, which may copy. A header before
// each piece says how long it and its left neighbour are; what does not fit together traps, so
// most overruns and all second frees end the image. No system call, no lock: one thread.
//
// For malloc() of images with a libc; tested by test/unit/alloc_test.c
// and, against a model, fuzz/alloc_fuzz.c.

#ifndef FA_PLAT_GUEST_ALLOC_H
#define FA_PLAT_GUEST_ALLOC_H

#include "fa/base.h"

enum {
    FA_ALLOC_ALIGN = 16, /* of every piece */
    FA_ALLOC_HEADER_BYTES = 16,
    FA_ALLOC_SIXTEENTHS = 16, /* lists of a row */
    FA_ALLOC_ROW_COUNT = 33,  /* lengths below 256, then 2^8 to 2^39 */
};

#define FA_ALLOC_AREA_BYTES_MIN ((size_t)1024)
#define FA_ALLOC_AREA_BYTES_MAX ((size_t)1 << 39)

struct fa_alloc_piece; /* a header, and the lists' links in what is free */

struct fa_alloc {
    uint64_t rows; /* a bit for each row with a free piece */
    uint16_t lists[FA_ALLOC_ROW_COUNT];
    struct fa_alloc_piece *free[FA_ALLOC_ROW_COUNT][FA_ALLOC_SIXTEENTHS];
    uint8_t *begin;    /* the first header */
    uint8_t *end;      /* the last one, of no piece */
    size_t used_bytes; /* with headers */
    size_t peak_bytes;
    uint64_t refused_count; /* requests for which there was no room */
};

/* Begin with `len` bytes at `at`, at least FA_ALLOC_AREA_BYTES_MIN; what is above
 * FA_ALLOC_AREA_BYTES_MAX is left alone. They are not touched but at both ends. */
void fa__alloc_init(struct fa_alloc *alloc, uint8_t *at, size_t len);

/* Take `len` bytes at a multiple of `align`, a power of two. Not zeroed. Returns: NULL if there is
 * no room; a place of its own for len 0 too. */
void *fa__alloc_take(struct fa_alloc *alloc, size_t len, size_t align);

/* Give back what was taken, once. Not NULL. */
void fa__alloc_give(struct fa_alloc *alloc, void *at);

/* Make a piece longer or shorter, where it is if possible; beyond the shorter of both lengths
 * nothing is copied. Returns: where it is now, at a multiple of 16; NULL: no room, and it is as it
 * was. */
void *fa__alloc_resize(struct fa_alloc *alloc, void *at, size_t len);

/* The bytes that may be used at `at`: what was asked for, or a little more. */
size_t fa__alloc_usable(const struct fa_alloc *alloc, const void *at);

/* Walk over all pieces and lists; trap if they contradict one another. For tests. */
void fa__alloc_check(const struct fa_alloc *alloc);

#endif
