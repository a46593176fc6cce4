// SPDX-License-Identifier: ISC
//
// The ICMP message.

#include "fa/wire/csum.h"
#include "fa/wire/icmp.h"
#include "test/t.h"

T(message_survives_the_round_with_bodies_of_every_length)
{
    uint8_t message[80];
    for (size_t len = FA_ICMP_HDR_LEN; len <= sizeof message; len++) {
        for (size_t i = FA_ICMP_HDR_LEN; i < len; i++) {
            message[i] = (uint8_t)(i * 37);
        }
        struct fa_icmp_header in = {FA_ICMP_ECHO, 1, 0xbeef, 0x1234};
        struct fa_icmp_header out;
        fa_icmp_encode(message, len, &in);
        REQUIRE(fa_icmp_decode((struct fa_slice){message, len}, &out) == FA_ICMP_GOOD);
        CHECK(out.type == in.type && out.code == in.code && out.id == in.id && out.seq == in.seq);
    }
}

T(short_and_broken_messages_are_named)
{
    uint8_t message[12] = {0};
    struct fa_icmp_header icmp = {FA_ICMP_ECHO, 0, 1, 2};
    fa_icmp_encode(message, sizeof message, &icmp);
    CHECK_EQ(fa_icmp_decode((struct fa_slice){message, 7}, &icmp), FA_ICMP_SHORT);
    CHECK_EQ(fa_icmp_decode((struct fa_slice){message, 0}, &icmp), FA_ICMP_SHORT);
    message[11] ^= 1;
    CHECK_EQ(fa_icmp_decode((struct fa_slice){message, sizeof message}, &icmp), FA_ICMP_CSUM);
}

T(errors_are_told_from_questions)
{
    for (int type = 0; type < 256; type++) {
        bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        CHECK_EQ(fa_icmp_is_error((uint8_t)type), error);
    }
}
