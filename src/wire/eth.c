// SPDX-License-Identifier: ISC
//
// The Ethernet II header.

#include "fa/wire/eth.h"

const uint8_t fa_mac_broadcast[FA_MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
const uint8_t fa_mac_zero[FA_MAC_LEN];

enum fa_eth_verdict fa_eth_decode(struct fa_slice frame, struct fa_eth_header *ret_header)
{
    if (frame.len < FA_ETH_HDR_LEN) {
        return FA_ETH_SHORT;
    }
    const uint8_t *source = frame.at + FA_MAC_LEN;
    uint16_t type = fa_be16_load(frame.at + 2 * FA_MAC_LEN);
    if (type < FA_ETH_TYPE_MIN) {
        return FA_ETH_LENGTH;
    }
    if (fa_mac_is_group(source) || fa_mac_equal(source, fa_mac_zero)) {
        return FA_ETH_SOURCE;
    }
    fa_copy(ret_header->target, frame.at, FA_MAC_LEN);
    fa_copy(ret_header->source, source, FA_MAC_LEN);
    ret_header->type = type;
    return FA_ETH_GOOD;
}

void fa_eth_encode(uint8_t *at, const struct fa_eth_header *header)
{
    FA_ASSERT(header->type >= FA_ETH_TYPE_MIN);
    fa_copy(at, header->target, FA_MAC_LEN);
    fa_copy(at + FA_MAC_LEN, header->source, FA_MAC_LEN);
    fa_be16_store(at + 2 * FA_MAC_LEN, header->type);
}
