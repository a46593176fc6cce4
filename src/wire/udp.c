// SPDX-License-Identifier: ISC
//
// The UDP header.

#include "fa/wire/udp.h"

#include "fa/wire/csum.h"

static uint16_t checksum(const uint8_t *at, size_t len, const struct fa_ip_meta *meta)
{
    uint64_t sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_UDP, len);
    return fa_csum_fold(fa_csum_add(sum, at, len));
}

enum fa_udp_verdict fa_udp_decode(struct fa_slice bytes, const struct fa_ip_meta *meta,
    bool csum_good, struct fa_udp_header *ret_header)
{
    if (bytes.len < FA_UDP_HDR_LEN) {
        return FA_UDP_SHORT;
    }
    struct fa_udp_header header = {
        .source_port = fa_be16_load(bytes.at),
        .target_port = fa_be16_load(bytes.at + 2),
        .len = fa_be16_load(bytes.at + 4),
    };
    if (header.len < FA_UDP_HDR_LEN || header.len > bytes.len) {
        return FA_UDP_LEN;
    }
    if (header.target_port == 0) {
        return FA_UDP_PORT;
    }
    bool has_csum = fa_be16_load(bytes.at + 6) != 0;
    if (!has_csum && !fa_ip_is4(&meta->remote)) {
        return FA_UDP_CSUM;
    }
    if (has_csum && !csum_good && checksum(bytes.at, header.len, meta) != 0) {
        return FA_UDP_CSUM;
    }
    *ret_header = header;
    return FA_UDP_GOOD;
}

void fa_udp_encode(uint8_t *at, const struct fa_ip_meta *meta, const struct fa_udp_header *header)
{
    FA_ASSERT(header->len >= FA_UDP_HDR_LEN);
    fa_be16_store(at, header->source_port);
    fa_be16_store(at + 2, header->target_port);
    fa_be16_store(at + 4, header->len);
    fa_be16_store(at + 6, 0);
    uint16_t csum = checksum(at, header->len, meta);
    // 0 would say that there is no checksum; all ones is the same number (RFC 768).
    fa_be16_store(at + 6, csum == 0 ? 0xffff : csum);
}
