// SPDX-License-Identifier: ISC
//
// The ICMP message.

#include "fa/wire/icmp.h"

#include "fa/wire/csum.h"

enum fa_icmp_verdict fa_icmp_decode(struct fa_slice message, struct fa_icmp_header *ret_header)
{
    if (message.len < FA_ICMP_HDR_LEN) {
        return FA_ICMP_SHORT;
    }
    if (fa_csum_fold(fa_csum_add(0, message.at, message.len)) != 0) {
        return FA_ICMP_CSUM;
    }
    *ret_header = (struct fa_icmp_header){
        .type = message.at[0],
        .code = message.at[1],
        .id = fa_be16_load(message.at + 4),
        .seq = fa_be16_load(message.at + 6),
    };
    return FA_ICMP_GOOD;
}

void fa_icmp_encode(uint8_t *at, size_t len, const struct fa_icmp_header *header)
{
    FA_ASSERT(len >= FA_ICMP_HDR_LEN);
    at[0] = header->type;
    at[1] = header->code;
    fa_be16_store(at + 2, 0);
    fa_be16_store(at + 4, header->id);
    fa_be16_store(at + 6, header->seq);
    fa_be16_store(at + 2, fa_csum_fold(fa_csum_add(0, at, len)));
}
