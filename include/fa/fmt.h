// SPDX-License-Identifier: ISC
//
// fa/fmt.h: text into a caller's buffer, and numbers out of text. No locale, no float, no malloc.
//
// The format language is printf's, cut down: %d %i %u %x %X %o %c %s %.*s %p %%, lengths hh h l ll
// z, flags 0 - and a width (number or *). Anything else traps, as does a negative precision. Tested
// by test/unit/fmt_test.c.

#ifndef FA_FMT_H
#define FA_FMT_H

#include "fa/base.h"

/*
 * Write text, always NUL-terminated if cap > 0.
 *
 * Returns: the bytes the whole text needs, without the NUL; cut off if that is >= cap.
 */
[[gnu::format(printf, 3, 4)]] size_t fa_fmt(char *at, size_t cap, const char *format, ...);
[[gnu::format(printf, 3, 0)]] size_t fa_fmt_va(
    char *at, size_t cap, const char *format, va_list list);

/* A piece of text that grows in a fixed buffer and remembers whether something was cut off. A NUL
 * always follows it, so it holds cap - 1 bytes. Limits: cap at least 1. */
struct fa_text {
    char *at;
    size_t cap;
    size_t len;
    bool cut;
};

void fa_text_init(struct fa_text *text, char *at, size_t cap);
[[gnu::format(printf, 2, 3)]] void fa_text_add(struct fa_text *text, const char *format, ...);
void fa_text_add_slice(struct fa_text *text, struct fa_slice bytes);

static inline struct fa_slice fa_text_slice(const struct fa_text *text)
{
    return (struct fa_slice){(const uint8_t *)text->at, text->len};
}

/* A whole slice as a number. Returns: FA_OK; FA_EINVAL if it is empty, has any other character,
 * or is above `max`. */
fa_err fa_parse_u64(struct fa_slice text, uint64_t max, uint64_t *ret_value);
/* The same, hexadecimal digits of either case, no prefix. */
fa_err fa_parse_hex(struct fa_slice text, uint64_t max, uint64_t *ret_value);

/* Civil time in UTC. */
struct fa_civil {
    uint16_t year; /* 1970..9999 */
    uint8_t month; /* 1..12 */
    uint8_t day;   /* 1..31 */
    uint8_t hour;
    uint8_t minute;
    uint8_t second;  /* 0..59; 60, a leap second, is understood and counts as the next one */
    uint8_t weekday; /* 0 is Sunday */
};

/* Civil time `unix_s` seconds after 1970-01-01T00:00:00Z. Limits: what is later than the year 9999
 * is given as its last second. */
struct fa_civil fa_civil_of(uint64_t unix_s);

/* The way back; the weekday is not looked at. Traps if a field is out of its range above; a day
 * behind the month's last counts on into the next month, so 30 February does not come back as
 * itself. */
uint64_t fa_civil_unix_s(const struct fa_civil *civil);

#endif
