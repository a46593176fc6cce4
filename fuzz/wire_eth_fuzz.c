// SPDX-License-Identifier: ISC
//
// Ethernet headers: what is decoded is encoded again as it was.

#include "fa/wire/eth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_eth_header eth;
    uint8_t again[FA_ETH_HDR_LEN];
    if (fa_eth_decode((struct fa_slice){data, len}, &eth) == FA_ETH_GOOD) {
        fa_eth_encode(again, &eth);
        FA_ASSERT(fa_equal(again, data, sizeof again));
    }
    return 0;
}
