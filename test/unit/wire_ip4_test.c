// SPDX-License-Identifier: ISC
//
// The IPv4 header.

#include "fa/wire/csum.h"
#include "fa/wire/ip4.h"
#include "test/t.h"

/* From RFC 1071's family of textbook examples: its checksum is 0xb861. */
static const uint8_t example[FA_IP4_HDR_LEN] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00,
    0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

static uint8_t packet[256];

static enum fa_ip4_verdict decode(size_t len, struct fa_ip4_header *ret_ip)
{
    return fa_ip4_decode((struct fa_slice){packet, len}, ret_ip);
}

static void seal(void)
{
    fa_be16_store(packet + 10, 0);
    size_t len = (size_t)(packet[0] & 0xf) * 4;
    fa_be16_store(packet + 10, fa_csum_fold(fa_csum_add(0, packet, len)));
}

T(header_is_read_field_by_field)
{
    struct fa_ip4_header ip;
    fa_copy(packet, example, sizeof example);
    REQUIRE(decode(0x73, &ip) == FA_IP4_GOOD);
    CHECK_EQ(ip.total_len, 0x73);
    CHECK_EQ(ip.header_len, 20);
    CHECK_EQ(ip.protocol, 17);
    CHECK_EQ(ip.ttl, 64);
    CHECK_EQ(ip.source, 0xc0a80001);
    CHECK_EQ(ip.target, 0xc0a800c7);
    CHECK(ip.dont_fragment && !ip.more_fragments && ip.fragment_off == 0);
}

T(header_is_written_as_it_was_read)
{
    struct fa_ip4_header ip;
    uint8_t again[FA_IP4_HDR_LEN];
    fa_copy(packet, example, sizeof example);
    REQUIRE(decode(0x73, &ip) == FA_IP4_GOOD);
    fa_ip4_encode(again, &ip);
    CHECK(fa_equal(again, example, sizeof again));
}

T(every_field_survives_the_round)
{
    struct fa_ip4_header in = {
        .source = 1,
        .target = 0xfffffffe,
        .total_len = 200,
        .id = 0xabcd,
        .fragment_off = 65528,
        .header_len = 20,
        .traffic = 0xfe,
        .ttl = 255,
        .protocol = 89,
        .more_fragments = true,
    };
    struct fa_ip4_header out;
    fa_ip4_encode(packet, &in);
    REQUIRE(decode(200, &out) == FA_IP4_GOOD);
    CHECK_EQ(out.source, in.source);
    CHECK_EQ(out.target, in.target);
    CHECK_EQ(out.id, in.id);
    CHECK_EQ(out.fragment_off, in.fragment_off);
    CHECK_EQ(out.traffic, in.traffic);
    CHECK_EQ(out.ttl, in.ttl);
    CHECK_EQ(out.protocol, in.protocol);
    CHECK(out.more_fragments && !out.dont_fragment);
}

T(every_broken_field_is_named)
{
    static const struct {
        size_t len;
        size_t off;
        uint8_t value;
        enum fa_ip4_verdict verdict;
    } rows[] = {
        {0, 8, 64, FA_IP4_SHORT},
        {19, 8, 64, FA_IP4_SHORT},
        {0x73, 0, 0x65, FA_IP4_VERSION},
        {0x73, 0, 0x44, FA_IP4_HEADER_LEN},
        {0x73, 0, 0x40, FA_IP4_HEADER_LEN},
        {59, 0, 0x4f, FA_IP4_SHORT},
        {0x73, 3, 19, FA_IP4_TOTAL_LEN},
        {0x72, 8, 64, FA_IP4_TOTAL_LEN},
        {0x73, 8, 63, FA_IP4_CSUM},
        {0x73, 8, 64, FA_IP4_GOOD},
        {200, 8, 64, FA_IP4_GOOD},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip4_header ip;
        fa_zero(packet, sizeof packet);
        fa_copy(packet, example, sizeof example);
        packet[rows[i].off] = rows[i].value;
        CHECK_EQ(decode(rows[i].len, &ip), rows[i].verdict);
    }
}

T(options_are_skipped_and_bounded)
{
    static const struct {
        uint8_t options[8];
        enum fa_ip4_verdict verdict;
    } rows[] = {
        {{0}, FA_IP4_GOOD},
        {{1, 1, 1, 1, 1, 1, 1, 1}, FA_IP4_GOOD},
        {{1, 0, 131, 3, 0, 0, 0, 0}, FA_IP4_GOOD}, // behind the end nothing counts
        {{148, 4, 0, 0, 0, 0, 0, 0}, FA_IP4_GOOD}, // router alert
        {{7, 8, 4, 0, 0, 0, 0, 0}, FA_IP4_GOOD},   // record route
        {{7, 9, 4, 0, 0, 0, 0, 0}, FA_IP4_OPTIONS},
        {{7, 0, 0, 0, 0, 0, 0, 0}, FA_IP4_OPTIONS},
        {{7, 1, 0, 0, 0, 0, 0, 0}, FA_IP4_OPTIONS},
        {{1, 1, 1, 1, 1, 1, 1, 7}, FA_IP4_OPTIONS}, // no length byte left
        {{131, 7, 4, 1, 2, 3, 4, 0}, FA_IP4_SOURCE_ROUTE},
        {{1, 137, 7, 4, 1, 2, 3, 4}, FA_IP4_SOURCE_ROUTE},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip4_header ip;
        fa_copy(packet, example, sizeof example);
        packet[0] = 0x47;
        fa_copy(packet + 20, rows[i].options, 8);
        seal();
        CHECK_EQ(decode(0x73, &ip), rows[i].verdict);
        if (rows[i].verdict == FA_IP4_GOOD) {
            CHECK_EQ(ip.header_len, 28);
            CHECK_EQ(ip.router_alert, rows[i].options[0] == 148);
        }
    }
}

T(quoted_header_may_be_cut_and_changed)
{
    struct fa_ip4_header ip;
    fa_copy(packet, example, sizeof example);
    packet[8] = 1; // the last router's TTL, under the old checksum
    struct fa_slice quoted = {packet, 28};
    CHECK_EQ(fa_ip4_decode_quoted(quoted, &ip), FA_IP4_GOOD);
    CHECK_EQ(ip.source, 0xc0a80001);
    packet[0] = 0x48;
    CHECK_EQ(fa_ip4_decode_quoted(quoted, &ip), FA_IP4_SHORT);
}

T(masks_and_kinds_of_addresses)
{
    CHECK_EQ(fa_ip4_mask(0), 0);
    CHECK_EQ(fa_ip4_mask(24), 0xffffff00);
    CHECK_EQ(fa_ip4_mask(32), 0xffffffff);
    static const struct {
        uint8_t b[4];
        bool host;
    } rows[] = {
        {{0, 0, 0, 0}, false},
        {{0, 1, 2, 3}, false},
        {{1, 0, 0, 1}, true},
        {{10, 0, 2, 15}, true},
        {{126, 255, 255, 254}, true},
        {{127, 0, 0, 1}, false},
        {{128, 0, 0, 1}, true},
        {{223, 255, 255, 254}, true},
        {{224, 0, 0, 1}, false},
        {{239, 1, 2, 3}, false},
        {{240, 0, 0, 1}, false},
        {{255, 255, 255, 255}, false},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK_EQ(fa_ip4_is_host(fa_be32_load(rows[i].b)), rows[i].host);
    }
    struct fa_ip ip = fa_ip4_ip(0xc0000201);
    CHECK_EQ(fa_ip4_of(&ip), 0xc0000201);
    CHECK(fa_ip_is4(&ip));
}

T(a_header_with_router_alert_is_six_words)
{
    uint8_t bytes[FA_IP4_HDR_LEN + FA_IP4_ALERT_LEN];
    struct fa_ip4_header ip = {
        .source = 0x0a000001, .target = 0xe0000016, .total_len = 24, .ttl = 1, .protocol = 2};
    fa_ip4_alert_encode(bytes, &ip);
    static const uint8_t option[] = {148, 4, 0, 0};
    CHECK(bytes[0] == 0x46 && fa_equal(bytes + FA_IP4_HDR_LEN, option, sizeof option));
    struct fa_ip4_header back;
    REQUIRE(fa_ip4_decode((struct fa_slice){bytes, sizeof bytes}, &back) == FA_IP4_GOOD);
    CHECK(back.router_alert && back.header_len == 24 && back.target == ip.target);
}
