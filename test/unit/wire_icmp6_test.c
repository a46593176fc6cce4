// SPDX-License-Identifier: ISC
//
// The ICMPv6 message.

#include "fa/wire/icmp6.h"

#include "test/t.h"

static const struct fa_ip_meta meta = {
    .local = {{0x20, 1, 0xd, 0xb8, [15] = 1}}, .remote = {{0x20, 1, 0xd, 0xb8, [15] = 2}}};

T(message_survives_the_round_with_bodies_of_every_length)
{
    uint8_t message[80];
    for (size_t len = FA_ICMP6_HDR_LEN; len <= sizeof message; len++) {
        for (size_t i = FA_ICMP6_HDR_LEN; i < len; i++) {
            message[i] = (uint8_t)(i * 37);
        }
        struct fa_icmp6_header in = {FA_ICMP6_ECHO, 1, 0xbeef1234};
        struct fa_icmp6_header out;
        fa_icmp6_encode(message, len, &meta, &in);
        REQUIRE(fa_icmp6_decode((struct fa_slice){message, len}, &meta, &out) == FA_ICMP6_GOOD);
        CHECK(out.type == in.type && out.code == in.code && out.word == in.word);
    }
}

T(short_and_broken_messages_are_named_and_the_addresses_are_under_the_checksum)
{
    uint8_t message[12] = {0};
    struct fa_icmp6_header icmp = {FA_ICMP6_ECHO, 0, 1};
    struct fa_ip_meta other = meta;
    fa_icmp6_encode(message, sizeof message, &meta, &icmp);
    CHECK_EQ(fa_icmp6_decode((struct fa_slice){message, 7}, &meta, &icmp), FA_ICMP6_SHORT);
    other.remote.b[15]++;
    CHECK_EQ(fa_icmp6_decode((struct fa_slice){message, 12}, &other, &icmp), FA_ICMP6_CSUM);
    message[11] ^= 1;
    CHECK_EQ(fa_icmp6_decode((struct fa_slice){message, 12}, &meta, &icmp), FA_ICMP6_CSUM);
}

T(an_echo_has_the_checksum_that_was_added_up_by_hand)
{
    uint8_t message[16] = {128, 0, 0, 0, 0, 7, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8};
    struct fa_ip_meta link = {
        .local = {{0xfe, 0x80, [15] = 1}}, .remote = {{0xfe, 0x80, [15] = 2}}};
    struct fa_icmp6_header icmp = {FA_ICMP6_ECHO, 0, 0x00070001};
    fa_icmp6_encode(message, sizeof message, &link, &icmp);
    // fe80+1+fe80+2 +16+58 +8000+7+1 +0102+0304+0506+0708 = 28d69, folded 8d6b, its complement:
    CHECK_EQ(fa_be16_load(message + 2), 0x7294);
}

T(errors_are_told_from_questions)
{
    for (int type = 0; type < 256; type++) {
        CHECK_EQ(fa_icmp6_is_error((uint8_t)type), type < 128);
    }
}
