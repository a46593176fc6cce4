// SPDX-License-Identifier: ISC
//
// IPv4 headers: what is decoded is encoded and decoded again to the same, options apart.
//
// A fuzzer does not find checksums: each input is tried as it is and with its checksum made good.

#include "fa/wire/csum.h"
#include "fa/wire/ip4.h"

enum {
    PACKET_LEN_MAX = 2048, // bytes of an input that are looked at
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(struct fa_slice packet)
{
    struct fa_ip4_header ip;
    struct fa_ip4_header quoted;
    if (fa_ip4_decode(packet, &ip) != FA_IP4_GOOD) {
        return;
    }
    FA_ASSERT(ip.header_len >= FA_IP4_HDR_LEN && ip.header_len <= FA_IP4_HDR_LEN_MAX);
    FA_ASSERT(ip.total_len >= ip.header_len && ip.total_len <= packet.len);
    FA_ASSERT(fa_ip4_decode_quoted(packet, &quoted) == FA_IP4_GOOD);

    uint8_t again[FA_IP4_HDR_LEN];
    struct fa_ip4_header second;
    ip.total_len = FA_IP4_HDR_LEN;
    ip.header_len = FA_IP4_HDR_LEN;
    fa_ip4_encode(again, &ip);
    FA_ASSERT(fa_ip4_decode((struct fa_slice){again, sizeof again}, &second) == FA_IP4_GOOD);
    FA_ASSERT(second.source == ip.source && second.target == ip.target && second.id == ip.id);
    FA_ASSERT(second.fragment_off == ip.fragment_off && second.traffic == ip.traffic);
    FA_ASSERT(second.ttl == ip.ttl && second.protocol == ip.protocol);
    FA_ASSERT(second.dont_fragment == ip.dont_fragment);
    FA_ASSERT(second.more_fragments == ip.more_fragments);
    FA_ASSERT(second.total_len == ip.total_len && second.header_len == ip.header_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t packet[PACKET_LEN_MAX];
    check((struct fa_slice){data, len});
    len = fa_min(len, sizeof packet);
    fa_copy(packet, data, len);
    size_t header_len = len > 0 ? (size_t)(packet[0] & 0xf) * 4 : 0;
    if (header_len >= FA_IP4_HDR_LEN && header_len <= len) {
        fa_be16_store(packet + 10, 0);
        fa_be16_store(packet + 10, fa_csum_fold(fa_csum_add(0, packet, header_len)));
        check((struct fa_slice){packet, len});
    }
    return 0;
}
