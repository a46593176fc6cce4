// SPDX-License-Identifier: ISC
//
// Any bytes as a TCP segment: what decodes is encoded again and decodes to the same.

#include "fa/wire/csum.h"
#include "fa/wire/tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_round(const struct fa_ip_meta *meta, const struct fa_tcp_header *header)
{
    uint8_t bytes[FA_TCP_HDR_LEN_MAX];
    struct fa_tcp_header again;
    if (fa_tcp_encoded_len(header) > FA_TCP_HDR_LEN_MAX) {
        return; // packed without padding, as we never write it
    }
    fa_tcp_encode(bytes, meta, header, 0, 0);
    struct fa_slice segment = {bytes, fa_tcp_encoded_len(header)};
    FA_ASSERT(fa_tcp_decode(segment, meta, false, &again) == FA_TCP_GOOD);
    FA_ASSERT(again.source_port == header->source_port);
    FA_ASSERT(again.target_port == header->target_port);
    FA_ASSERT(again.seq == header->seq && again.ack == header->ack);
    FA_ASSERT(again.window == header->window && again.flags == header->flags);
    FA_ASSERT(again.mss == header->mss);
    FA_ASSERT(again.has_scale == header->has_scale && again.scale == header->scale);
    FA_ASSERT(again.sack_ok == header->sack_ok && again.has_ts == header->has_ts);
    FA_ASSERT(again.ts_value == header->ts_value && again.ts_echo == header->ts_echo);
    FA_ASSERT(again.sack_count == header->sack_count);
    for (size_t i = 0; i < header->sack_count; i++) {
        FA_ASSERT(again.sacks[i].from == header->sacks[i].from);
        FA_ASSERT(again.sacks[i].to == header->sacks[i].to);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct fa_ip_meta meta;
    struct fa_slice bytes = {data, len};
    struct fa_tcp_header header;
    struct fa_tcp_header verified;
    if (len > UINT16_MAX || fa_tcp_decode(bytes, &meta, true, &header) != FA_TCP_GOOD) {
        return 0;
    }
    FA_ASSERT(header.len >= FA_TCP_HDR_LEN && header.len <= len);
    FA_ASSERT(header.scale <= FA_TCP_SCALE_MAX);
    enum fa_tcp_verdict verdict = fa_tcp_decode(bytes, &meta, false, &verified);
    FA_ASSERT(verdict == FA_TCP_GOOD || verdict == FA_TCP_CSUM);
    check_round(&meta, &header);
    return 0;
}
