// SPDX-License-Identifier: ISC
//
// The TCP header.

#include "fa/wire/tcp.h"

#include "fa/wire/csum.h"

enum {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_SCALE = 3,
    OPTION_MSS_LEN = 4,
    OPTION_SCALE_LEN = 3,
};

/* One option that has a length. Returns: whether the length can be true. */
static bool decode_option(const uint8_t *at, size_t len, struct fa_tcp_header *header)
{
    if (at[0] == OPTION_MSS) {
        if (len != OPTION_MSS_LEN) {
            return false;
        }
        header->mss = fa_be16_load(at + 2);
    } else if (at[0] == OPTION_SCALE) {
        if (len != OPTION_SCALE_LEN) {
            return false;
        }
        header->has_scale = true;
        header->scale = (uint8_t)fa_min(at[2], FA_TCP_SCALE_MAX);
    }
    return true;
}

static bool decode_options(struct fa_slice options, struct fa_tcp_header *header)
{
    size_t off = 0;
    while (off < options.len && options.at[off] != OPTION_END) {
        if (options.at[off] == OPTION_NOP) {
            off++;
            continue;
        }
        size_t left = options.len - off;
        size_t len = left < 2 ? 0 : options.at[off + 1];
        if (len < 2 || len > left || !decode_option(options.at + off, len, header)) {
            return false;
        }
        off += len;
    }
    return true;
}

enum fa_tcp_verdict fa_tcp_decode(struct fa_slice bytes, const struct fa_ip_meta *meta,
    bool csum_good, struct fa_tcp_header *ret_header)
{
    if (bytes.len < FA_TCP_HDR_LEN) {
        return FA_TCP_SHORT;
    }
    const uint8_t *at = bytes.at;
    size_t len = (size_t)(at[12] >> 4) * 4;
    if (len < FA_TCP_HDR_LEN || len > bytes.len) {
        return FA_TCP_OFFSET;
    }
    if (!csum_good) {
        uint64_t sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_TCP, bytes.len);
        if (fa_csum_fold(fa_csum_add(sum, at, bytes.len)) != 0) {
            return FA_TCP_CSUM;
        }
    }
    struct fa_tcp_header header = {
        .source_port = fa_be16_load(at),
        .target_port = fa_be16_load(at + 2),
        .seq = fa_be32_load(at + 4),
        .ack = fa_be32_load(at + 8),
        .len = (uint8_t)len,
        .flags = at[13],
        .window = fa_be16_load(at + 14),
    };
    if (header.source_port == 0 || header.target_port == 0) {
        return FA_TCP_PORT;
    }
    struct fa_slice options = {at + FA_TCP_HDR_LEN, len - FA_TCP_HDR_LEN};
    if (options.len != 0 && !decode_options(options, &header)) {
        return FA_TCP_OPTION;
    }
    *ret_header = header;
    return FA_TCP_GOOD;
}

void fa_tcp_encode(uint8_t *at, const struct fa_ip_meta *meta, const struct fa_tcp_header *header,
    size_t payload_len, uint64_t payload_sum)
{
    size_t len = fa_tcp_encoded_len(header);
    FA_ASSERT(len <= FA_TCP_HDR_LEN_MAX && len % 4 == 0);
    fa_be16_store(at, header->source_port);
    fa_be16_store(at + 2, header->target_port);
    fa_be32_store(at + 4, header->seq);
    fa_be32_store(at + 8, header->ack);
    at[12] = (uint8_t)(len / 4 << 4);
    at[13] = header->flags;
    fa_be16_store(at + 14, header->window);
    fa_be32_store(at + 16, 0); // checksum, and the urgent pointer that nobody sets
    uint8_t *option = at + FA_TCP_HDR_LEN;
    if (header->mss != 0) {
        option[0] = OPTION_MSS;
        option[1] = OPTION_MSS_LEN;
        fa_be16_store(option + 2, header->mss);
        option += OPTION_MSS_LEN;
    }
    if (header->has_scale) {
        option[0] = OPTION_NOP;
        option[1] = OPTION_SCALE;
        option[2] = OPTION_SCALE_LEN;
        option[3] = header->scale;
    }
    uint64_t sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_TCP, len + payload_len);
    sum = fa_csum_plus(fa_csum_add_short(sum, at, len), payload_sum);
    fa_be16_store(at + 16, fa_csum_fold(sum));
}
