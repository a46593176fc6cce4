// SPDX-License-Identifier: ISC
#include "fa/fmt.h"
#include "test/t.h"

static char text[64];

/* What fa_fmt() writes, after a check that it says the right length. */
[[gnu::format(printf, 1, 2)]] static struct fa_slice fmt(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t len = fa_fmt_va(text, sizeof text, format, args);
    va_end(args);
    CHECK(len < sizeof text && text[len] == '\0');
    CHECK_EQ(__builtin_strlen(text), len);
    return (struct fa_slice){(const uint8_t *)text, len};
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* The same for formats and arguments that the compiler would warn of. */
static struct fa_slice fmt_odd(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t len = fa_fmt_va(text, sizeof text, format, args);
    va_end(args);
    return (struct fa_slice){(const uint8_t *)text, len};
}

#pragma GCC diagnostic pop

T(integers_of_every_length)
{
    CHECK_TEXT(fmt("%d %i", 0, -1), "0 -1");
    CHECK_TEXT(fmt("%d %d", INT_MAX, INT_MIN), "2147483647 -2147483648");
    CHECK_TEXT(fmt("%lld", LLONG_MIN), "-9223372036854775808");
    CHECK_TEXT(fmt("%ld", LONG_MAX), "9223372036854775807");
    CHECK_TEXT(fmt("%zu", SIZE_MAX), "18446744073709551615");
    CHECK_TEXT(fmt("%zd", (ptrdiff_t)-5), "-5");
    CHECK_TEXT(fmt("%u %lu %llu", UINT_MAX, 1UL, ULLONG_MAX), "4294967295 1 18446744073709551615");
    CHECK_TEXT(fmt_odd("%hhd %hhu %hd %hu", 300, 300, 70000, 70000), "44 44 4464 4464");
    CHECK_TEXT(fmt_odd("%hhd", 200), "-56");
    CHECK_TEXT(fmt("%x %X %o", 0xbeefU, 0xbeefU, 8U), "beef BEEF 10");
    CHECK_TEXT(fmt("%llo", ULLONG_MAX), "1777777777777777777777");
    CHECK_TEXT(fmt("%p", (void *)0x1f0), "0x1f0");
}

T(width_and_flags)
{
    CHECK_TEXT(fmt("[%5d|%-5d|%05d]", 42, 42, 42), "[   42|42   |00042]");
    CHECK_TEXT(fmt("[%5d|%-5d|%05d]", -42, -42, -42), "[  -42|-42  |-0042]");
    CHECK_TEXT(fmt("[%1d|%01d]", 12345, -12345), "[12345|-12345]");
    CHECK_TEXT(fmt("[%*d|%*d|%0*d]", 4, 7, -4, 7, 4, 7), "[   7|7   |0007]");
    CHECK_TEXT(fmt("[%3s|%-3s|%1s]", "a", "a", "abc"), "[  a|a  |abc]");
    CHECK_TEXT(fmt("[%3c|%-3c]", 'x', 'x'), "[  x|x  ]");
    CHECK_TEXT(fmt("[%10p|%-10p]", (void *)0x1f0, (void *)0x1f0), "[     0x1f0|0x1f0     ]");
    CHECK_TEXT(fmt("%02x:%02X", 10U, 10U), "0a:0A");
}

T(text_and_slices)
{
    CHECK_TEXT(fmt("%s-%c-%%", "abc", 'd'), "abc-d-%");
    CHECK_TEXT(fmt("%.*s|%.*s|%.*s", 2, "abc", 9, "abc", 0, "abc"), "ab|abc|");
    CHECK_TEXT(fmt("[%4.*s|%-4.*s]", 2, "abc", 2, "abc"), "[  ab|ab  ]");
    static const char unterminated[3] = {'a', 'b', 'c'};
    CHECK_TEXT(fmt("%.*s", 3, unterminated), "abc");
    const char *volatile none = NULL;
    CHECK_TEXT(fmt("%.*s", 0, none), "");
    CHECK_TEXT(fmt("%s", ""), "");
    CHECK_EQ(fa_fmt(text, sizeof text, "a%cb", 0), 3);
    CHECK(fa_equal(text, "a\0b", 4));
}

T(what_does_not_fit_is_cut_and_measured)
{
    char small[4] = {'#', '#', '#', '#'};
    CHECK_EQ(fa_fmt(small, sizeof small, "%s", "abcdef"), 6);
    CHECK_TEXT(fa_slice_of(small), "abc");
    CHECK_EQ(fa_fmt(small, sizeof small, "ab%3dc", 1), 6);
    CHECK_TEXT(fa_slice_of(small), "ab ");
    CHECK_EQ(fa_fmt(small, sizeof small, "%-60s|", "a"), 61);
    CHECK_TEXT(fa_slice_of(small), "a  ");
    CHECK_EQ(fa_fmt(small, 1, "xyz"), 3);
    CHECK_TEXT(fa_slice_of(small), "");
    small[0] = '#';
    CHECK_EQ(fa_fmt(small, 0, "xyz"), 3);
    CHECK_EQ(small[0], '#');
    CHECK_EQ(fa_fmt(NULL, 0, "%05d", 7), 5);
    char exact[4];
    CHECK_EQ(fa_fmt(exact, sizeof exact, "abc"), 3);
    CHECK_TEXT(fa_slice_of(exact), "abc");
}

static void format_bad(void *ctx)
{
    (void)fmt_odd(ctx, -1, -1, -1);
}

T(what_the_language_does_not_have_traps)
{
    static const char formats[][8] = {"%f", "%n", "%.3s", "%.d", "%+d", "% d", "%#x", "%ls", "%lc",
        "%jd", "%", "%5", "%q", "%.*d", "%.*s", "%hp%", "%lll"};
    for (size_t row = 0; row < FA_COUNT_OF(formats); row++) {
        char format[8];
        fa_copy(format, formats[row], sizeof format);
        CHECK(t_traps(format_bad, format));
    }
}

T(text_grows_until_it_is_cut)
{
    char small[8];
    struct fa_text out;
    fa_text_init(&out, small, sizeof small);
    CHECK_TEXT(fa_slice_of(small), "");
    fa_text_add(&out, "%d", 12);
    fa_text_add_slice(&out, FA_LIT("345"));
    CHECK_TEXT(fa_text_slice(&out), "12345");
    fa_text_add_slice(&out, (struct fa_slice){0});
    fa_text_add_slice(&out, FA_LIT("67"));
    CHECK(!out.cut);
    CHECK_TEXT(fa_slice_of(small), "1234567");
    fa_text_add(&out, "%s", "");
    CHECK(!out.cut);
    fa_text_add(&out, "8");
    CHECK(out.cut);
    CHECK_TEXT(fa_text_slice(&out), "1234567");
    fa_text_init(&out, small, 4);
    fa_text_add_slice(&out, FA_LIT("abcd"));
    CHECK(out.cut);
    CHECK_TEXT(fa_text_slice(&out), "abc");
    CHECK_TEXT(fa_slice_of(small), "abc");
}

T(numbers_are_read_whole_or_not_at_all)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t value;
    } rows[] = {
        {"0", UINT64_MAX, true, 0},
        {"007", UINT64_MAX, true, 7},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999", UINT64_MAX, false, 0},
        {"184467440737095516150", UINT64_MAX, false, 0},
        {"", UINT64_MAX, false, 0},
        {"-1", UINT64_MAX, false, 0},
        {"+1", UINT64_MAX, false, 0},
        {" 1", UINT64_MAX, false, 0},
        {"1 ", UINT64_MAX, false, 0},
        {"1a", UINT64_MAX, false, 0},
        {"\xb1", UINT64_MAX, false, 0},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        uint64_t value = 77;
        fa_err err = fa_parse_u64(fa_slice_of(rows[row].text), rows[row].max, &value);
        CHECK_EQ(err, rows[row].good ? FA_OK : FA_EINVAL);
        CHECK(value == (rows[row].good ? rows[row].value : 77));
    }
}

T(hexadecimal_takes_both_cases_and_nothing_else)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"dEaDbeef", true, 0xdeadbeef},
        {"FFFFFFFFFFFFFFFF", true, UINT64_MAX},
        {"10000000000000000", false, 0},
        {"0x1", false, 0},
        {"g", false, 0},
        {"G", false, 0},
        {"@", false, 0},
        {"`", false, 0},
        {"/", false, 0},
        {":", false, 0},
        {"\x10", false, 0},
        {"", false, 0},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        uint64_t value = 77;
        fa_err err = fa_parse_hex(fa_slice_of(rows[row].text), UINT64_MAX, &value);
        CHECK_EQ(err, rows[row].good ? FA_OK : FA_EINVAL);
        CHECK(value == (rows[row].good ? rows[row].value : 77));
    }
    uint64_t value = 77;
    CHECK(fa_parse_hex(FA_LIT("100"), 255, &value) == FA_EINVAL);
}

static struct fa_slice civil_text(uint64_t unix_s)
{
    struct fa_civil civil = fa_civil_of(unix_s);
    return fmt("%04u-%02u-%02u %02u:%02u:%02u %u", civil.year, civil.month, civil.day, civil.hour,
        civil.minute, civil.second, civil.weekday);
}

T(civil_time_of_known_moments)
{
    static const struct {
        uint64_t unix_s;
        const char *text;
    } rows[] = {
        {0, "1970-01-01 00:00:00 4"},
        {86399, "1970-01-01 23:59:59 4"},
        {86400, "1970-01-02 00:00:00 5"},
        {68169600, "1972-02-29 00:00:00 2"},
        {784111777, "1994-11-06 08:49:37 0"}, // RFC 9110, 5.6.7
        {951782400, "2000-02-29 00:00:00 2"},
        {951868800, "2000-03-01 00:00:00 3"},
        {978307199, "2000-12-31 23:59:59 0"},
        {2147483648, "2038-01-19 03:14:08 2"},
        {4107542400, "2100-03-01 00:00:00 1"}, // 2100 is no leap year
        {4107542399, "2100-02-28 23:59:59 0"},
        {253402300799, "9999-12-31 23:59:59 5"},
        {253402300800, "9999-12-31 23:59:59 5"}, // the limit
        {UINT64_MAX, "9999-12-31 23:59:59 5"},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK_TEXT(civil_text(rows[row].unix_s), rows[row].text);
    }
}

T(every_day_goes_there_and_back)
{
    struct fa_civil before = fa_civil_of(0);
    for (uint64_t day = 1; day <= 253402300799 / 86400; day++) {
        uint64_t unix_s = day * 86400 + day % 86400;
        struct fa_civil civil = fa_civil_of(unix_s);
        REQUIRE(fa_civil_unix_s(&civil) == unix_s);
        REQUIRE(civil.weekday == (before.weekday + 1) % 7);
        bool next_day = civil.day == before.day + 1 && civil.month == before.month;
        bool next_month = civil.day == 1 && civil.month == before.month + 1;
        bool next_year = civil.day == 1 && civil.month == 1 && before.month == 12;
        REQUIRE(next_day || next_month || next_year);
        before = civil;
    }
}

static void count_civil(void *ctx)
{
    (void)fa_civil_unix_s(ctx);
}

T(civil_fields_out_of_range_trap)
{
    struct fa_civil rows[] = {
        {1969, 12, 31, 0, 0, 0, 0},
        {10000, 1, 1, 0, 0, 0, 0},
        {2000, 0, 1, 0, 0, 0, 0},
        {2000, 13, 1, 0, 0, 0, 0},
        {2000, 1, 0, 0, 0, 0, 0},
        {2000, 1, 32, 0, 0, 0, 0},
        {2000, 1, 1, 24, 0, 0, 0},
        {2000, 1, 1, 0, 60, 0, 0},
        {2000, 1, 1, 0, 0, 61, 0},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK(t_traps(count_civil, &rows[row]));
    }
    // A day behind the month's end, and a leap second, count on.
    CHECK_EQ(fa_civil_unix_s(&(struct fa_civil){2001, 2, 29, 0, 0, 0, 0}), 983404800);
    CHECK_EQ(fa_civil_unix_s(&(struct fa_civil){2016, 12, 31, 23, 59, 60, 0}), 1483228800);
}
