// SPDX-License-Identifier: ISC
//
// What reads text out of core: numbers, log thresholds, civil time, keys. And what writes it:
// slices in a small buffer. The first byte says which, the rest is the text.

#include "fa/fmt.h"
#include "fa/kv.h"
#include "fa/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A number that is understood is written as it was read, but for leading zeros and case. */
static void read_numbers(struct fa_slice text)
{
    uint64_t value;
    char again[32];
    if (fa_parse_u64(text, UINT64_MAX, &value) == FA_OK) {
        size_t len = fa_fmt(
            again, sizeof again, "%0*llu", (int)fa_min(text.len, 30), (unsigned long long)value);
        FA_ASSERT(text.len > 30 || fa_equal(again, text.at, fa_max(len, text.len)));
        FA_ASSERT(value == 0 || fa_parse_u64(text, value - 1, &value) == FA_EINVAL);
    }
    if (fa_parse_hex(text, UINT64_MAX, &value) == FA_OK && text.len <= 16) {
        uint64_t back = 0;
        size_t len = fa_fmt(again, sizeof again, "%llX", (unsigned long long)value);
        struct fa_slice written = {(const uint8_t *)again, len};
        FA_ASSERT(fa_parse_hex(written, UINT64_MAX, &back) == FA_OK && back == value);
    }
}

static void set_levels(struct fa_slice text)
{
    struct fa_slice bad = {0};
    if (fa_log_levels_set(text, &bad) == FA_EINVAL) {
        FA_ASSERT(bad.at >= text.at && bad.at + bad.len <= text.at + text.len);
    }
}

static void tell_time(struct fa_slice bytes)
{
    uint64_t unix_s = 0;
    fa_copy(&unix_s, bytes.at, fa_min(bytes.len, sizeof unix_s));
    struct fa_civil civil = fa_civil_of(unix_s);
    uint64_t back = fa_civil_unix_s(&civil);
    FA_ASSERT(back == unix_s || (back == 253402300799 && unix_s > back));
}

static void write_slice(struct fa_slice bytes)
{
    char small[20];
    struct fa_text out;
    fa_text_init(&out, small, sizeof small);
    fa_text_add(&out, "[%-*.*s]", 8, (int)fa_min(bytes.len, INT_MAX), (const char *)bytes.at);
    fa_text_add_slice(&out, bytes);
    FA_ASSERT(out.len < sizeof small && small[out.len] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    static void (*const reads[])(struct fa_slice) = {
        read_numbers, set_levels, tell_time, write_slice};
    struct fa_slice text = {data + 1, len - 1};
    reads[data[0] % FA_COUNT_OF(reads)](text);
    (void)fa_kv_key_check(text); // no promise but to come back
    return 0;
}
