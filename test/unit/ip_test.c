// SPDX-License-Identifier: ISC
//
// Addresses as text, both ways.

#include "fa/ip.h"
#include "test/t.h"

static const struct {
    const char *text;
    const char *canonical; // NULL: not an address
} rows[] = {
    {"0.0.0.0", "0.0.0.0"},
    {"192.0.2.1", "192.0.2.1"},
    {"255.255.255.255", "255.255.255.255"},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"2001:db8::1", "2001:db8::1"},
    {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"0:0:0:0:0:ffff:c000:201", "192.0.2.1"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
    {"fe80::0001", "fe80::1"},
    {"", NULL},
    {".", NULL},
    {":", NULL},
    {":::", NULL},
    {"1", NULL},
    {"1.2.3", NULL},
    {"1.2.3.4.", NULL},
    {"1.2.3.4.5", NULL},
    {"1.2.3.256", NULL},
    {"1.2.3.04", NULL},
    {"1.2.3.-4", NULL},
    {"1.2..4", NULL},
    {" 1.2.3.4", NULL},
    {"1.2.3.1000", NULL},
    {"1:2:3:4:5:6:7", NULL},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"1:2:3:4:5:6:7:8::", NULL},
    {"::1:2:3:4:5:6:7:8", NULL},
    {"1::2::3", NULL},
    {"1:2:", NULL},
    {":1:2::", NULL},
    {"12345::", NULL},
    {"g::", NULL},
    {"1:2:3:4:5:6:7:1.2.3.4", NULL},
    {"::1.2.3", NULL},
    {"1.2.3.4::", NULL},
};

T(addresses_are_read_and_written_canonically)
{
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip ip;
        char text[FA_IP_TEXT_MAX] = "";
        fa_err err = fa_ip_parse(fa_slice_of(rows[i].text), &ip);
        if ((err == FA_OK) != (rows[i].canonical != NULL)) {
            t_fail(__FILE__, __LINE__, "\"%s\": %s", rows[i].text, fa_err_name(err));
            continue;
        }
        if (err != FA_OK) {
            CHECK_EQ(err, FA_EINVAL);
            continue;
        }
        size_t len = fa_ip_text(&ip, text, sizeof text);
        if (!fa_slice_equal(fa_slice_of(text), fa_slice_of(rows[i].canonical))) {
            t_fail(__FILE__, __LINE__, "\"%s\": written %s", rows[i].text, text);
        }
        CHECK_EQ(len, fa_slice_of(text).len);
        struct fa_ip again;
        CHECK(fa_ip_parse(fa_slice_of(text), &again) == FA_OK && fa_ip_equal(&ip, &again));
    }
}

T(refused_text_leaves_the_result_alone)
{
    struct fa_ip ip = fa_ip4(192, 0, 2, 7);
    CHECK(fa_ip_parse(FA_LIT("192.0.2"), &ip) == FA_EINVAL);
    struct fa_ip same = fa_ip4(192, 0, 2, 7);
    CHECK(fa_ip_equal(&ip, &same));
}

T(prefixes_count_their_familys_bits)
{
    static const struct {
        const char *text;
        int bits; // -1: refused
    } prefixes[] = {
        {"192.0.2.1/24", 24},
        {"0.0.0.0/0", 0},
        {"192.0.2.1/32", 32},
        {"192.0.2.1/33", -1},
        {"2001:db8::/64", 64},
        {"::/128", 128},
        {"::/129", -1},
        {"192.0.2.1", -1},
        {"192.0.2.1/", -1},
        {"/24", -1},
        {"192.0.2.1/2x", -1},
        {"192.0.2.1/24/24", -1},
    };
    for (size_t i = 0; i < FA_COUNT_OF(prefixes); i++) {
        struct fa_ip ip;
        uint8_t bits = 0;
        fa_err err = fa_ip_parse_prefix(fa_slice_of(prefixes[i].text), &ip, &bits);
        CHECK_EQ(err == FA_OK ? bits : -1, prefixes[i].bits);
    }
}

T(text_is_cut_off_at_the_cap_and_its_whole_length_told)
{
    struct fa_ip ip = fa_ip4(192, 0, 2, 1);
    char text[6];
    CHECK_EQ(fa_ip_text(&ip, text, sizeof text), 9);
    CHECK_TEXT(fa_slice_of(text), "192.0");
}

T(the_longest_texts_fit_their_constants)
{
    struct fa_endpoint endpoint = {.port = 65535};
    for (size_t i = 0; i < sizeof endpoint.ip.b; i++) {
        endpoint.ip.b[i] = 0xfd;
    }
    char text[FA_ENDPOINT_TEXT_MAX];
    CHECK(fa_ip_text(&endpoint.ip, text, sizeof text) < FA_IP_TEXT_MAX);
    CHECK(fa_endpoint_text(&endpoint, text, sizeof text) < FA_ENDPOINT_TEXT_MAX);
    CHECK_TEXT(fa_slice_of(text), "[fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd]:65535");
    endpoint = (struct fa_endpoint){fa_ip4(192, 0, 2, 1), 80};
    fa_endpoint_text(&endpoint, text, sizeof text);
    CHECK_TEXT(fa_slice_of(text), "192.0.2.1:80");
}
