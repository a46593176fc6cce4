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
    OPTION_SACK_OK = 4,
    OPTION_SACK = 5,
    OPTION_TS = 8,
    OPTION_MSS_LEN = 4,
    OPTION_SCALE_LEN = 3,
    OPTION_SACK_OK_LEN = 2,
    OPTION_TS_LEN = 10,
    SACK_BLOCK_LEN = 8,
};

static void decode_ts(const uint8_t *at, struct fa_tcp_header *header)
{
    header->has_ts = true;
    header->ts_value = fa_be32_load(at);
    header->ts_echo = fa_be32_load(at + 4);
}

static bool decode_sack(const uint8_t *at, size_t len, struct fa_tcp_header *header)
{
    size_t count = (len - 2) / SACK_BLOCK_LEN;
    if (count == 0 || count > FA_TCP_SACK_MAX || (len - 2) % SACK_BLOCK_LEN != 0) {
        return false;
    }
    header->sack_count = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        header->sacks[i].from = fa_be32_load(at + 2 + i * SACK_BLOCK_LEN);
        header->sacks[i].to = fa_be32_load(at + 6 + i * SACK_BLOCK_LEN);
    }
    return true;
}

/* One option that has a length. Returns: whether the length can be true. */
static bool decode_option(const uint8_t *at, size_t len, struct fa_tcp_header *header)
{
    switch (at[0]) {
    case OPTION_MSS:
        if (len != OPTION_MSS_LEN) {
            return false;
        }
        header->mss = fa_be16_load(at + 2);
        return true;
    case OPTION_SCALE:
        if (len != OPTION_SCALE_LEN) {
            return false;
        }
        header->has_scale = true;
        header->scale = (uint8_t)fa_min(at[2], FA_TCP_SCALE_MAX);
        return true;
    case OPTION_SACK_OK:
        header->sack_ok = true;
        return len == OPTION_SACK_OK_LEN;
    case OPTION_SACK:
        return decode_sack(at, len, header);
    case OPTION_TS:
        if (len != OPTION_TS_LEN) {
            return false;
        }
        decode_ts(at + 2, header);
        return true;
    default:
        return true;
    }
}

bool fa__tcp_decode_options(struct fa_slice options, struct fa_tcp_header *header)
{
    size_t off = 0;
    if (options.len >= FA_TCP_TS_LEN && fa_be32_load(options.at) == FA_TCP_TS_USUAL) {
        decode_ts(options.at + 4, header);
        off = FA_TCP_TS_LEN;
    }
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
    uint64_t sum = csum_good ? 0 : fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_TCP, 0);
    return fa_tcp_decode_summed(bytes, sum, csum_good, ret_header);
}

static void encode_options(uint8_t *option, const struct fa_tcp_header *header)
{
    static const uint8_t sack_ok[2] = {OPTION_SACK_OK, OPTION_SACK_OK_LEN};
    if (header->mss != 0) {
        option[0] = OPTION_MSS;
        option[1] = OPTION_MSS_LEN;
        fa_be16_store(option + 2, header->mss);
        option += OPTION_MSS_LEN;
    }
    if (header->has_ts) {
        fa_be32_store(option, FA_TCP_TS_USUAL);
        fa_be32_store(option + 4, header->ts_value);
        fa_be32_store(option + 8, header->ts_echo);
        if (header->sack_ok) {
            fa_copy(option, sack_ok, sizeof sack_ok);
        }
        option += FA_TCP_TS_LEN;
    } else if (header->sack_ok) {
        fa_be16_store(option, OPTION_NOP << 8 | OPTION_NOP);
        fa_copy(option + 2, sack_ok, sizeof sack_ok);
        option += 4;
    }
    if (header->has_scale) {
        option[0] = OPTION_NOP;
        option[1] = OPTION_SCALE;
        option[2] = OPTION_SCALE_LEN;
        option[3] = header->scale;
        option += 4;
    }
    if (header->sack_count != 0) {
        fa_be16_store(option, OPTION_NOP << 8 | OPTION_NOP);
        option[2] = OPTION_SACK;
        option[3] = (uint8_t)(2 + SACK_BLOCK_LEN * header->sack_count);
        option += 4;
    }
    for (unsigned i = 0; i < header->sack_count; i++) {
        fa_be32_store(option, header->sacks[i].from);
        fa_be32_store(option + 4, header->sacks[i].to);
        option += SACK_BLOCK_LEN;
    }
}

void fa_tcp_encode(uint8_t *at, const struct fa_ip_meta *meta, const struct fa_tcp_header *header,
    size_t payload_len, uint64_t payload_sum)
{
    size_t len = fa_tcp_encoded_len(header);
    FA_ASSERT(len <= FA_TCP_HDR_LEN_MAX);
    uint16_t offset_flags = (uint16_t)(len / 4 << 12 | header->flags);
    uint64_t sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_TCP, len + payload_len);
    sum = fa_csum_plus(sum, payload_sum);
    if (len > FA_TCP_HDR_LEN) {
        encode_options(at + FA_TCP_HDR_LEN, header);
        sum = fa_csum_add_short(sum, at + FA_TCP_HDR_LEN, len - FA_TCP_HDR_LEN);
    }
    sum = fa_csum_as_fields(sum) + header->source_port + header->target_port + header->seq +
          header->ack + offset_flags + header->window;
    fa_be16_store(at, header->source_port);
    fa_be16_store(at + 2, header->target_port);
    fa_be32_store(at + 4, header->seq);
    fa_be32_store(at + 8, header->ack);
    fa_be16_store(at + 12, offset_flags);
    fa_be16_store(at + 14, header->window);
    fa_be16_store(at + 16, fa_csum_fold_fields(sum));
    fa_be16_store(at + 18, 0); // the urgent pointer that nobody sets
}
