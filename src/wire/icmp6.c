// SPDX-License-Identifier: ISC
//
// The ICMPv6 message.

#include "fa/wire/icmp6.h"

#include "fa/wire/csum.h"

static uint16_t csum_of(const uint8_t *at, size_t len, const struct fa_ip_meta *meta)
{
    uint64_t sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_ICMP6, len);
    return fa_csum_fold(fa_csum_add(sum, at, len));
}

enum fa_icmp6_verdict fa_icmp6_decode(
    struct fa_slice message, const struct fa_ip_meta *meta, struct fa_icmp6_header *ret_header)
{
    if (message.len < FA_ICMP6_HDR_LEN) {
        return FA_ICMP6_SHORT;
    }
    if (csum_of(message.at, message.len, meta) != 0) {
        return FA_ICMP6_CSUM;
    }
    *ret_header = (struct fa_icmp6_header){
        .type = message.at[0],
        .code = message.at[1],
        .word = fa_be32_load(message.at + 4),
    };
    return FA_ICMP6_GOOD;
}

void fa_icmp6_encode(
    uint8_t *at, size_t len, const struct fa_ip_meta *meta, const struct fa_icmp6_header *header)
{
    FA_ASSERT(len >= FA_ICMP6_HDR_LEN);
    at[0] = header->type;
    at[1] = header->code;
    fa_be16_store(at + 2, 0);
    fa_be32_store(at + 4, header->word);
    fa_be16_store(at + 2, csum_of(at, len, meta));
}
