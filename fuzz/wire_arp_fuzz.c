// SPDX-License-Identifier: ISC
//
// ARP packets: what is decoded is encoded again as it was.

#include "fa/wire/arp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_arp_packet arp;
    uint8_t again[FA_ARP_PACKET_LEN];
    if (fa_arp_packet_decode((struct fa_slice){data, len}, &arp) == FA_ARP_PACKET_GOOD) {
        fa_arp_packet_encode(again, &arp);
        FA_ASSERT(fa_equal(again, data, sizeof again));
    }
    return 0;
}
