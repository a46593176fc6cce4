// SPDX-License-Identifier: ISC
//
// ICMPv6 messages: as they are, and with their checksum made good, decoded, encoded, decoded.

#include "fa/wire/csum.h"
#include "fa/wire/icmp6.h"

enum {
    MESSAGE_LEN_MAX = 2048, // bytes of an input that are looked at
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct fa_ip_meta meta = {.local = {{0xfe, 0x80, [15] = 1}}, .remote = {{0xff}}};
    uint8_t message[MESSAGE_LEN_MAX];
    uint8_t again[MESSAGE_LEN_MAX];
    struct fa_icmp6_header icmp;
    (void)fa_icmp6_decode((struct fa_slice){data, len}, &meta, &icmp);
    len = fa_min(len, sizeof message);
    fa_copy(message, data, len);
    if (len < FA_ICMP6_HDR_LEN) {
        return 0;
    }
    fa_be16_store(message + 2, 0);
    uint64_t sum = fa_csum_pseudo(&meta.local, &meta.remote, FA_IP_PROTO_ICMP6, len);
    fa_be16_store(message + 2, fa_csum_fold(fa_csum_add(sum, message, len)));
    FA_ASSERT(fa_icmp6_decode((struct fa_slice){message, len}, &meta, &icmp) == FA_ICMP6_GOOD);
    fa_copy(again, message, len);
    fa_zero(again, FA_ICMP6_HDR_LEN);
    fa_icmp6_encode(again, len, &meta, &icmp);
    FA_ASSERT(fa_equal(again, message, len));
    return 0;
}
