// SPDX-License-Identifier: ISC
//
// Addresses: text that is read is written canonically and read again to the same; sixteen bytes
// that are written are read again to the same.
// Covers: src/wire/ip.c

#include "fa/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_text(const struct fa_ip *ip)
{
    char text[FA_IP_TEXT_MAX];
    struct fa_ip again;
    size_t len = fa_ip_text(ip, text, sizeof text);
    FA_ASSERT(len < sizeof text);
    FA_ASSERT(fa_ip_parse(fa_slice_of(text), &again) == FA_OK);
    FA_ASSERT(fa_ip_equal(ip, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_ip ip;
    uint8_t bits;
    struct fa_slice text = {data, len};
    if (fa_ip_parse(text, &ip) == FA_OK) {
        check_text(&ip);
    }
    if (fa_ip_parse_prefix(text, &ip, &bits) == FA_OK) {
        FA_ASSERT(bits <= (fa_ip_is4(&ip) ? 32 : 128));
    }
    if (len >= sizeof ip.b) {
        fa_copy(ip.b, data, sizeof ip.b);
        check_text(&ip);
    }
    return 0;
}
