// SPDX-License-Identifier: ISC
//
// fmt.c: printf's format language, cut down, into a caller's buffer.

#include "fa/fmt.h"

enum {
    DIGITS_MAX = 24, /* bytes: 2^64 in octal has 22 digits */
};

/* One conversion, as it stands between '%' and its letter. */
struct spec {
    bool left;
    bool zero;
    bool precise;     /* a precision was given */
    char length;      /* 0, 'H' (hh), 'h', 'l', 'L' (ll), 'z' */
    size_t width;     /* bytes */
    size_t precision; /* bytes */
};

/* Text keeps growing in `len` when `at` is full, so that the caller learns what it needed. */
struct out {
    char *at;
    size_t cap;
    size_t len;
};

/* va_list may be an array type, so a pointer to one cannot be made of a parameter. */
struct args {
    va_list list;
};

static void put_bytes(struct out *out, const char *text, size_t len)
{
    if (out->len < out->cap) {
        fa_copy(out->at + out->len, text, fa_min(len, out->cap - out->len));
    }
    out->len += len;
}

static void put_repeated(struct out *out, char c, size_t count)
{
    if (out->len < out->cap) {
        __builtin_memset(out->at + out->len, c, fa_min(count, out->cap - out->len));
    }
    out->len += count;
}

/* `prefix` (a sign or 0x) goes before padding by zeros and after padding by spaces. */
static void put_padded(
    struct out *out, const struct spec *spec, struct fa_slice prefix, const char *text, size_t len)
{
    size_t whole = prefix.len + len;
    size_t padding = spec->width > whole ? spec->width - whole : 0;
    bool zeros = spec->zero && !spec->left;
    if (!spec->left && !zeros) {
        put_repeated(out, ' ', padding);
    }
    put_bytes(out, (const char *)prefix.at, prefix.len);
    if (zeros) {
        put_repeated(out, '0', padding);
    }
    put_bytes(out, text, len);
    if (spec->left) {
        put_repeated(out, ' ', padding);
    }
}

static void put_number(struct out *out, const struct spec *spec, struct fa_slice prefix,
    uint64_t value, unsigned base, const char *alphabet)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof digits;
    do {
        digits[--at] = alphabet[value % base];
        value /= base;
    } while (value != 0);
    put_padded(out, spec, prefix, digits + at, sizeof digits - at);
}

static void put_signed(struct out *out, const struct spec *spec, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    put_number(out, spec, value < 0 ? FA_LIT("-") : FA_LIT(""), magnitude, 10, "0123456789");
}

static void put_text(struct out *out, const struct spec *spec, const char *text)
{
    size_t len = 0;
    if (spec->precise) {
        // Looks no further than the precision, so a slice needs no NUL.
        while (len < spec->precision && text[len] != '\0') {
            len++;
        }
    } else {
        FA_ASSERT(text != NULL);
        len = __builtin_strlen(text);
    }
    struct spec spaces = *spec;
    spaces.zero = false;
    put_padded(out, &spaces, FA_LIT(""), text, len);
}

static int64_t take_signed(struct args *args, char length)
{
    switch (length) {
    case 'H':
        return (signed char)va_arg(args->list, int);
    case 'h':
        return (short)va_arg(args->list, int);
    case 'l':
        return va_arg(args->list, long);
    case 'L':
        return va_arg(args->list, long long);
    case 'z':
        return va_arg(args->list, ptrdiff_t);
    default:
        return va_arg(args->list, int);
    }
}

static uint64_t take_unsigned(struct args *args, char length)
{
    switch (length) {
    case 'H':
        return (unsigned char)va_arg(args->list, unsigned);
    case 'h':
        return (unsigned short)va_arg(args->list, unsigned);
    case 'l':
        return va_arg(args->list, unsigned long);
    case 'L':
        return va_arg(args->list, unsigned long long);
    case 'z':
        return va_arg(args->list, size_t);
    default:
        return va_arg(args->list, unsigned);
    }
}

/* Read flags, width, precision and length. Returns: where the conversion's letter is. */
static const char *read_spec(const char *at, struct args *args, struct spec *ret_spec)
{
    struct spec spec = {0};
    for (; *at == '0' || *at == '-'; at++) {
        spec.zero |= *at == '0';
        spec.left |= *at == '-';
    }
    if (*at == '*') {
        int width = va_arg(args->list, int);
        spec.left |= width < 0;
        spec.width = width < 0 ? 0 - (size_t)width : (size_t)width;
        at++;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        spec.width = spec.width * 10 + (size_t)(*at - '0');
    }
    if (*at == '.') {
        FA_ASSERT(at[1] == '*');
        int precision = va_arg(args->list, int);
        FA_ASSERT(precision >= 0);
        spec.precise = true;
        spec.precision = (size_t)precision;
        at += 2;
        FA_ASSERT(*at == 's');
    }
    if (*at == 'h' || *at == 'l' || *at == 'z') {
        spec.length = *at++;
        if (*at == spec.length && spec.length != 'z') {
            spec.length = *at++ == 'h' ? 'H' : 'L';
        }
    }
    *ret_spec = spec;
    return at;
}

static void put_conversion(struct out *out, const struct spec *spec, char letter, struct args *args)
{
    switch (letter) {
    case 'd':
    case 'i':
        put_signed(out, spec, take_signed(args, spec->length));
        return;
    case 'u':
        put_number(out, spec, FA_LIT(""), take_unsigned(args, spec->length), 10, "0123456789");
        return;
    case 'x':
        put_number(
            out, spec, FA_LIT(""), take_unsigned(args, spec->length), 16, "0123456789abcdef");
        return;
    case 'X':
        put_number(
            out, spec, FA_LIT(""), take_unsigned(args, spec->length), 16, "0123456789ABCDEF");
        return;
    case 'o':
        put_number(out, spec, FA_LIT(""), take_unsigned(args, spec->length), 8, "01234567");
        return;
    case 'p':
        put_number(
            out, spec, FA_LIT("0x"), (uintptr_t)va_arg(args->list, void *), 16, "0123456789abcdef");
        return;
    default:
        break;
    }
    FA_ASSERT(spec->length == 0); // no wide characters
    if (letter == 'c') {
        char c = (char)va_arg(args->list, int);
        // A character may be NUL, so its length is given rather than looked for.
        struct spec spaces = *spec;
        spaces.zero = false;
        put_padded(out, &spaces, FA_LIT(""), &c, 1);
    } else if (letter == 's') {
        put_text(out, spec, va_arg(args->list, const char *));
    } else {
        FA_ASSERT(letter == '%');
        put_bytes(out, "%", 1);
    }
}

size_t fa_fmt_va(char *at, size_t cap, const char *format, va_list list)
{
    struct out out = {.at = at, .cap = cap == 0 ? 0 : cap - 1};
    struct args args;
    va_copy(args.list, list);
    while (*format != '\0') {
        const char *end = format;
        while (*end != '\0' && *end != '%') {
            end++;
        }
        put_bytes(&out, format, (size_t)(end - format));
        format = end;
        if (*format == '%') {
            struct spec spec;
            format = read_spec(format + 1, &args, &spec);
            put_conversion(&out, &spec, *format, &args);
            format++;
        }
    }
    va_end(args.list);
    if (cap != 0) {
        at[fa_min(out.len, cap - 1)] = '\0';
    }
    return out.len;
}

size_t fa_fmt(char *at, size_t cap, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t len = fa_fmt_va(at, cap, format, args);
    va_end(args);
    return len;
}

void fa_text_init(struct fa_text *text, char *at, size_t cap)
{
    FA_ASSERT(cap > 0);
    *text = (struct fa_text){.at = at, .cap = cap};
    at[0] = '\0';
}

void fa_text_add(struct fa_text *text, const char *format, ...)
{
    size_t room = text->cap - text->len;
    va_list args;
    va_start(args, format);
    size_t len = fa_fmt_va(text->at + text->len, room, format, args);
    va_end(args);
    text->cut |= len >= room;
    text->len += fa_min(len, room - 1);
}

void fa_text_add_slice(struct fa_text *text, struct fa_slice bytes)
{
    size_t room = text->cap - text->len - 1;
    size_t len = fa_min(bytes.len, room);
    fa_copy(text->at + text->len, bytes.at, len);
    text->len += len;
    text->at[text->len] = '\0';
    text->cut |= len < bytes.len;
}
