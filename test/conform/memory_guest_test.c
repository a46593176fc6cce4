// SPDX-License-Identifier: ISC
//
// What compilers call in an image, at every length around their limits and every overlap; and the
// stack of a fiber, which is usable to its last byte.

#include <string.h>

#include "fa/plat.h"
#include "test/t.h"

enum {
    LEN_MAX = 600,
    GUARD = 0xee,
    STACK_BYTES = 32 * 1024, /* what image.ld gives where nobody asks */
};

/* Through pointers, since a compiler puts code of its own in the place of a call it knows. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile move)(void *, const void *, size_t) = memmove;
static void *(*volatile fill)(void *, int, size_t) = memset;
static int (*volatile compare)(const void *, const void *, size_t) = memcmp;

static uint8_t from[LEN_MAX + 64];
static uint8_t to[LEN_MAX + 64];

static uint8_t mark(size_t i)
{
    return (uint8_t)(i * 7 + i / 251 + 1);
}

static void fill_marks(uint8_t *at, size_t len)
{
    for (volatile size_t i = 0; i < len; i++) { /* or the compiler makes a call of it */
        at[i] = mark(i);
    }
}

T(copies_are_whole_and_stay_in_bounds)
{
    fill_marks(from, sizeof from);
    for (size_t len = 0; len <= LEN_MAX; len++) {
        const size_t shift = len % 17;
        for (volatile size_t i = 0; i < sizeof to; i++) {
            to[i] = GUARD;
        }
        copy(to + 1 + shift, from + shift / 2, len);
        size_t wrong = 0;
        for (volatile size_t i = 0; i < sizeof to; i++) {
            const bool within = i >= 1 + shift && i < 1 + shift + len;
            wrong += to[i] != (within ? mark(i - 1 - shift + shift / 2) : GUARD);
        }
        CHECK_EQ(wrong, 0);
    }
}

T(moves_survive_every_overlap)
{
    for (size_t len = 0; len <= LEN_MAX; len += len < 70 ? 1 : 37) {
        for (size_t target = 0; target <= 48; target++) {
            fill_marks(to, sizeof to);
            move(to + target, to + 24, len);
            size_t wrong = 0;
            for (volatile size_t i = 0; i < sizeof to; i++) {
                const bool within = i >= target && i < target + len;
                wrong += to[i] != mark(within ? i - target + 24 : i);
            }
            CHECK_EQ(wrong, 0);
        }
    }
}

T(fills_are_whole_and_stay_in_bounds)
{
    for (size_t len = 0; len <= LEN_MAX; len++) {
        fill_marks(to, sizeof to);
        fill(to + 3, 0x1a5, len); /* the lowest byte counts */
        size_t wrong = 0;
        for (volatile size_t i = 0; i < sizeof to; i++) {
            wrong += to[i] != (i >= 3 && i < 3 + len ? 0xa5 : mark(i));
        }
        CHECK_EQ(wrong, 0);
    }
}

T(comparing_finds_the_first_difference)
{
    for (size_t len = 1; len <= 70; len++) {
        for (size_t at = 0; at < len; at++) {
            fill_marks(from, len);
            fill_marks(to, len);
            CHECK(compare(from, to, len) == 0);
            from[at] = 0x80;
            to[at] = 0x7f;
            if (at + 1 < len) {
                to[at + 1] = 0xff; /* what comes after does not matter */
            }
            CHECK(compare(from, to, len) > 0);
            CHECK(compare(to, from, len) < 0);
            CHECK(compare(from, to, at) == 0);
        }
    }
}

T(the_stack_of_a_fiber_is_usable_to_its_last_byte)
{
    uint8_t *first;
    uint8_t *second;
    CHECK_EQ(fa_plat_stack_map(STACK_BYTES, &first), FA_OK);
    CHECK_EQ(fa_plat_stack_map(STACK_BYTES, &second), FA_OK);
    CHECK_EQ(second - first, STACK_BYTES + 4096);
    for (size_t i = 0; i < STACK_BYTES; i++) {
        first[i] = 1;
        second[i] = 2;
    }
    CHECK(first[0] == 1 && first[STACK_BYTES - 1] == 1 && second[0] == 2);
}
