// SPDX-License-Identifier: ISC
//
// NTP packets: decoded, encoded, decoded; timestamps there and back.

#include "fa/wire/ntp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_ntp_packet packet;
    uint8_t again[FA_NTP_LEN];
    if (fa_ntp_decode((struct fa_slice){data, len}, &packet) != FA_NTP_GOOD) {
        FA_ASSERT(len < FA_NTP_LEN);
        return 0;
    }
    fa_ntp_encode(again, &packet);
    FA_ASSERT(fa_equal(again, data, FA_NTP_LEN));
    uint64_t ns = fa_ntp_unix_ns(packet.transmit);
    uint64_t back = fa_ntp_unix_ns(fa_ntp_timestamp(ns));
    FA_ASSERT(back <= ns && ns - back <= 1);
    return 0;
}
