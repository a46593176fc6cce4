// SPDX-License-Identifier: ISC
//
// src/http/http_date.c: dates in the three forms of RFC 9110 5.6.7.

#include "fa/fmt.h"
#include "src/http/http_priv.h"

static const char days[7][10] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void put_number(char *at, unsigned value, size_t digits)
{
    for (size_t i = digits; i-- > 0; value /= 10) {
        at[i] = (char)('0' + value % 10);
    }
}

void fa_http_date_write(uint64_t unix_s, char at[FA_HTTP_DATE_LEN])
{
    struct fa_civil civil = fa_civil_of(unix_s);
    FA_ASSERT(civil.month >= 1);
    FA_ASSERT(civil.month <= 12);
    fa_copy(at, "Day, 00 Mon 0000 00:00:00 GMT", FA_HTTP_DATE_LEN);
    fa_copy(at, days[civil.weekday % 7], 3);
    put_number(at + 5, civil.day, 2);
    fa_copy(at + 8, months[civil.month - 1], 3);
    put_number(at + 12, civil.year, 4);
    put_number(at + 17, civil.hour, 2);
    put_number(at + 20, civil.minute, 2);
    put_number(at + 23, civil.second, 2);
}

/* A date's fields as text is read off. `ok` falls at the first thing that does not fit. */
struct reader {
    struct fa_slice rest;
    bool ok;
};

static void read_text(struct reader *reader, const char *text)
{
    struct fa_slice wanted = fa_slice_of(text);
    if (reader->rest.len < wanted.len || !fa_equal(reader->rest.at, wanted.at, wanted.len)) {
        reader->ok = false;
        return;
    }
    reader->rest = fa_slice_from(reader->rest, wanted.len);
}

static unsigned read_number(struct reader *reader, size_t digits)
{
    uint64_t value = 0;
    struct fa_slice text = {reader->rest.at, fa_min(digits, reader->rest.len)};
    if (text.len != digits || fa_parse_u64(text, 9999, &value) != FA_OK) {
        reader->ok = false;
    }
    reader->rest = fa_slice_from(reader->rest, digits);
    return (unsigned)value;
}

static uint8_t read_month(struct reader *reader)
{
    for (uint8_t i = 0; i < 12; i++) {
        if (reader->rest.len >= 3 && fa_equal(reader->rest.at, months[i], 3)) {
            reader->rest = fa_slice_from(reader->rest, 3);
            return (uint8_t)(i + 1);
        }
    }
    reader->ok = false;
    return 1;
}

static void read_time(struct reader *reader, struct fa_civil *civil)
{
    civil->hour = (uint8_t)read_number(reader, 2);
    read_text(reader, ":");
    civil->minute = (uint8_t)read_number(reader, 2);
    read_text(reader, ":");
    civil->second = (uint8_t)read_number(reader, 2);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static void read_fixed(struct reader *reader, struct fa_civil *civil)
{
    read_text(reader, ", ");
    civil->day = (uint8_t)read_number(reader, 2);
    read_text(reader, " ");
    civil->month = read_month(reader);
    read_text(reader, " ");
    civil->year = (uint16_t)read_number(reader, 4);
    read_text(reader, " ");
    read_time(reader, civil);
    read_text(reader, " GMT");
}

/* Sunday, 06-Nov-94 08:49:37 GMT. A year more than 50 years ahead is the past one. */
static void read_rfc850(struct reader *reader, uint64_t now_s, struct fa_civil *civil)
{
    read_text(reader, ", ");
    civil->day = (uint8_t)read_number(reader, 2);
    read_text(reader, "-");
    civil->month = read_month(reader);
    read_text(reader, "-");
    unsigned now_year = fa_civil_of(now_s).year;
    unsigned year = now_year - now_year % 100 + read_number(reader, 2);
    civil->year = (uint16_t)(year > now_year + 50 ? year - 100 : year);
    read_text(reader, " ");
    read_time(reader, civil);
    read_text(reader, " GMT");
}

/* Sun Nov  6 08:49:37 1994 */
static void read_asctime(struct reader *reader, struct fa_civil *civil)
{
    read_text(reader, " ");
    civil->month = read_month(reader);
    read_text(reader, " ");
    bool short_day = reader->rest.len != 0 && reader->rest.at[0] == ' ';
    reader->rest = fa_slice_from(reader->rest, short_day ? 1 : 0);
    civil->day = (uint8_t)read_number(reader, short_day ? 1 : 2);
    read_text(reader, " ");
    read_time(reader, civil);
    read_text(reader, " ");
    civil->year = (uint16_t)read_number(reader, 4);
}

static bool check_civil(const struct fa_civil *civil)
{
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = civil->year % 4 == 0 && (civil->year % 100 != 0 || civil->year % 400 == 0);
    unsigned length = lengths[civil->month - 1] + (leap && civil->month == 2 ? 1u : 0u);
    return civil->year >= 1970 && civil->day >= 1 && civil->day <= length && civil->hour < 24 &&
           civil->minute < 60 && civil->second <= 60;
}

fa_err fa_http_date_parse(struct fa_slice text, uint64_t now_s, uint64_t *ret_unix_s)
{
    struct fa_civil civil = {0};
    for (size_t i = 0; i < FA_COUNT_OF(days); i++) {
        struct fa_slice day = fa_slice_of(days[i]);
        struct reader reader = {text, true};
        if (text.len < 4 || !fa_equal(text.at, day.at, 3)) {
            continue;
        }
        if (text.len > day.len && fa_equal(text.at, day.at, day.len)) {
            reader.rest = fa_slice_from(text, day.len);
            read_rfc850(&reader, now_s, &civil);
        } else if (text.at[3] == ',') {
            reader.rest = fa_slice_from(text, 3);
            read_fixed(&reader, &civil);
        } else {
            reader.rest = fa_slice_from(text, 3);
            read_asctime(&reader, &civil);
        }
        if (!reader.ok || reader.rest.len != 0 || !check_civil(&civil)) {
            return FA_EINVAL;
        }
        *ret_unix_s = fa_civil_unix_s(&civil);
        return FA_OK;
    }
    return FA_EINVAL;
}
