// SPDX-License-Identifier: ISC
//
// fmt_parse.c: numbers out of text, and civil time both ways.

#include "fa/fmt.h"

/* The value of a digit of either base; 16 for any other character. */
static unsigned digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10U : 16;
}

static fa_err parse_number(struct fa_slice text, unsigned base, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t off = 0; off < text.len; off++) {
        unsigned digit = digit_value(text.at[off]);
        if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return FA_EINVAL;
        }
    }
    if (text.len == 0 || value > max) {
        return FA_EINVAL;
    }
    *ret_value = value;
    return FA_OK;
}

fa_err fa_parse_u64(struct fa_slice text, uint64_t max, uint64_t *ret_value)
{
    return parse_number(text, 10, max, ret_value);
}

fa_err fa_parse_hex(struct fa_slice text, uint64_t max, uint64_t *ret_value)
{
    return parse_number(text, 16, max, ret_value);
}

enum {
    DAY_S = 24 * 60 * 60,
    YEAR_FIRST = 1970,
    YEAR_LAST = 9999,
};

#define UNIX_S_LAST UINT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Days from 1970-01-01 to the first day of `year`; a year divisible by 4 has one more, but for
 * centuries that are not divisible by 400. */
static uint64_t days_before_year(unsigned year)
{
    unsigned past = year - 1;
    unsigned leap_count = past / 4 - past / 100 + past / 400;
    unsigned leap_count_1970 = 1969 / 4 - 1969 / 100 + 1969 / 400;
    return (uint64_t)(year - YEAR_FIRST) * 365 + leap_count - leap_count_1970;
}

/* Days in the year before the first of `month`; month 13 gives the days of the whole year. */
static unsigned days_before_month(unsigned year, unsigned month)
{
    static const uint16_t days[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (leap && month > 2 ? 1U : 0U);
}

struct fa_civil fa_civil_of(uint64_t unix_s)
{
    if (unix_s > UNIX_S_LAST) {
        unix_s = UNIX_S_LAST;
    }
    uint64_t days = unix_s / DAY_S;
    unsigned second = (unsigned)(unix_s % DAY_S);
    // No year is longer than 366 days, so this is at or before the right one, by a week at most.
    unsigned year = YEAR_FIRST + (unsigned)(days / 366);
    while (days_before_year(year + 1) <= days) {
        year++;
    }
    unsigned day = (unsigned)(days - days_before_year(year));
    unsigned month = 1;
    while (days_before_month(year, month + 1) <= day) {
        month++;
    }
    return (struct fa_civil){
        .year = (uint16_t)year,
        .month = (uint8_t)month,
        .day = (uint8_t)(day - days_before_month(year, month) + 1),
        .hour = (uint8_t)(second / 3600),
        .minute = (uint8_t)(second / 60 % 60),
        .second = (uint8_t)(second % 60),
        .weekday = (uint8_t)((days + 4) % 7), // 1970-01-01 was a Thursday
    };
}

uint64_t fa_civil_unix_s(const struct fa_civil *civil)
{
    FA_ASSERT(civil->year >= YEAR_FIRST && civil->year <= YEAR_LAST);
    FA_ASSERT(civil->month >= 1 && civil->month <= 12);
    FA_ASSERT(civil->day >= 1 && civil->day <= 31);
    FA_ASSERT(civil->hour < 24 && civil->minute < 60 && civil->second <= 60);
    uint64_t days = days_before_year(civil->year) + days_before_month(civil->year, civil->month) +
                    civil->day - 1U;
    return days * DAY_S + civil->hour * 3600U + civil->minute * 60U + civil->second;
}
