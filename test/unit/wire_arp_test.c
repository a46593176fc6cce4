// SPDX-License-Identifier: ISC
//
// The ARP packet.

#include "fa/wire/arp.h"
#include "test/t.h"

static const uint8_t good[FA_ARP_PACKET_LEN] = {
    0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 2, 0, 0, 0, 0, 2, 192, 0, 2, 2};

T(packet_is_read_field_by_field)
{
    struct fa_arp_packet arp;
    REQUIRE(fa_arp_packet_decode((struct fa_slice){good, sizeof good}, &arp) == FA_ARP_PACKET_GOOD);
    CHECK_EQ(arp.op, FA_ARP_OP_REPLY);
    CHECK_EQ(arp.sender_ip, 0xc0000201);
    CHECK_EQ(arp.target_ip, 0xc0000202);
    CHECK_EQ(arp.sender_mac[5], 1);
    CHECK_EQ(arp.target_mac[5], 2);
}

T(packet_is_written_as_it_was_read)
{
    struct fa_arp_packet arp;
    uint8_t again[FA_ARP_PACKET_LEN];
    REQUIRE(fa_arp_packet_decode((struct fa_slice){good, sizeof good}, &arp) == FA_ARP_PACKET_GOOD);
    fa_arp_packet_encode(again, &arp);
    CHECK(fa_equal(again, good, sizeof good));
}

T(padding_behind_the_packet_is_nothing)
{
    uint8_t padded[46] = {0};
    struct fa_arp_packet arp;
    fa_copy(padded, good, sizeof good);
    CHECK_EQ(
        fa_arp_packet_decode((struct fa_slice){padded, sizeof padded}, &arp), FA_ARP_PACKET_GOOD);
}

T(every_broken_field_is_named)
{
    static const struct {
        size_t len;
        size_t off;
        uint8_t value;
        enum fa_arp_packet_verdict verdict;
    } rows[] = {
        {27, 0, 0, FA_ARP_PACKET_SHORT},
        {0, 0, 0, FA_ARP_PACKET_SHORT},
        {28, 1, 6, FA_ARP_PACKET_FORMAT}, // IEEE 802
        {28, 2, 0x86, FA_ARP_PACKET_FORMAT},
        {28, 4, 8, FA_ARP_PACKET_FORMAT},
        {28, 5, 16, FA_ARP_PACKET_FORMAT},
        {28, 7, 0, FA_ARP_PACKET_OP},
        {28, 7, 3, FA_ARP_PACKET_OP}, // reverse ARP
        {28, 6, 1, FA_ARP_PACKET_OP},
        {28, 8, 3, FA_ARP_PACKET_SENDER},
        {28, 8, 0xff, FA_ARP_PACKET_SENDER},
        {28, 7, 1, FA_ARP_PACKET_GOOD},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t bytes[FA_ARP_PACKET_LEN];
        struct fa_arp_packet arp;
        fa_copy(bytes, good, sizeof bytes);
        bytes[rows[i].off] = rows[i].value;
        CHECK_EQ(
            fa_arp_packet_decode((struct fa_slice){bytes, rows[i].len}, &arp), rows[i].verdict);
    }
}

T(zero_sender_is_refused)
{
    uint8_t bytes[FA_ARP_PACKET_LEN];
    struct fa_arp_packet arp;
    fa_copy(bytes, good, sizeof bytes);
    fa_zero(bytes + 8, FA_MAC_LEN);
    CHECK_EQ(
        fa_arp_packet_decode((struct fa_slice){bytes, sizeof bytes}, &arp), FA_ARP_PACKET_SENDER);
}
