// SPDX-License-Identifier: ISC
//
// ICMP messages: as they are, and with their checksum made good, decoded, encoded, decoded.

#include "fa/wire/csum.h"
#include "fa/wire/icmp.h"

enum {
    MESSAGE_LEN_MAX = 2048, // bytes of an input that are looked at
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t message[MESSAGE_LEN_MAX];
    uint8_t again[MESSAGE_LEN_MAX];
    struct fa_icmp_header icmp;
    (void)fa_icmp_decode((struct fa_slice){data, len}, &icmp);
    len = fa_min(len, sizeof message);
    fa_copy(message, data, len);
    if (len < FA_ICMP_HDR_LEN) {
        return 0;
    }
    fa_be16_store(message + 2, 0);
    fa_be16_store(message + 2, fa_csum_fold(fa_csum_add(0, message, len)));
    FA_ASSERT(fa_icmp_decode((struct fa_slice){message, len}, &icmp) == FA_ICMP_GOOD);
    fa_copy(again, message, len);
    fa_zero(again, FA_ICMP_HDR_LEN);
    fa_icmp_encode(again, len, &icmp);
    FA_ASSERT(fa_equal(again, message, len));
    return 0;
}
