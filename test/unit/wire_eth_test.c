// SPDX-License-Identifier: ISC
//
// The Ethernet header.

#include "fa/wire/eth.h"
#include "test/t.h"

static const uint8_t good[FA_ETH_HDR_LEN] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06};

T(header_is_read_field_by_field)
{
    struct fa_eth_header eth;
    REQUIRE(fa_eth_decode((struct fa_slice){good, sizeof good}, &eth) == FA_ETH_GOOD);
    CHECK_EQ(eth.type, FA_ETH_TYPE_ARP);
    CHECK(fa_mac_equal(eth.target, fa_mac_broadcast));
    CHECK(fa_equal(eth.source, good + 6, FA_MAC_LEN));
}

T(header_is_written_as_it_was_read)
{
    struct fa_eth_header eth;
    uint8_t again[FA_ETH_HDR_LEN];
    REQUIRE(fa_eth_decode((struct fa_slice){good, sizeof good}, &eth) == FA_ETH_GOOD);
    fa_eth_encode(again, &eth);
    CHECK(fa_equal(again, good, sizeof good));
}

T(what_is_not_ethernet_two_is_named)
{
    static const struct {
        size_t len;
        size_t off;
        uint8_t value;
        enum fa_eth_verdict verdict;
    } rows[] = {
        {0, 0, 0xff, FA_ETH_SHORT},
        {13, 0, 0xff, FA_ETH_SHORT},
        {14, 0, 0xff, FA_ETH_GOOD},
        {14, 12, 0x05, FA_ETH_LENGTH}, // 0x0506
        {14, 12, 0x06, FA_ETH_GOOD},   // 0x0606
        {14, 6, 0x01, FA_ETH_SOURCE},
        {14, 6, 0x03, FA_ETH_SOURCE},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t frame[FA_ETH_HDR_LEN];
        struct fa_eth_header eth;
        fa_copy(frame, good, sizeof frame);
        frame[rows[i].off] = rows[i].value;
        CHECK_EQ(fa_eth_decode((struct fa_slice){frame, rows[i].len}, &eth), rows[i].verdict);
    }
}

T(zero_source_is_refused)
{
    uint8_t frame[FA_ETH_HDR_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 8};
    struct fa_eth_header eth;
    CHECK_EQ(fa_eth_decode((struct fa_slice){frame, sizeof frame}, &eth), FA_ETH_SOURCE);
}
