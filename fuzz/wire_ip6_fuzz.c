// SPDX-License-Identifier: ISC
//
// IPv6 packets: headers survive the round, a walk of any chain stays inside of the packet.

#include "fa/wire/ip6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_slice packet = {data, fa_min(len, UINT16_MAX)};
    struct fa_ip6_header ip;
    struct fa_ip6_header second;
    struct fa_ip6_chain chain;
    if (fa_ip6_decode_quoted(packet, &ip) != FA_IP6_GOOD) {
        return 0;
    }
    uint8_t again[FA_IP6_HDR_LEN];
    fa_ip6_encode(again, &ip);
    FA_ASSERT(fa_equal(again, data, sizeof again));
    if (fa_ip6_decode(packet, &second) == FA_IP6_GOOD) {
        packet.len = FA_IP6_HDR_LEN + (size_t)second.payload_len;
    }
    enum fa_ip6_chain_verdict verdict = fa_ip6_chain_walk(packet, ip.next, &chain);
    FA_ASSERT(chain.off <= packet.len && chain.next_off < packet.len);
    if (verdict == FA_IP6_CHAIN_PROBLEM) {
        FA_ASSERT(chain.problem_off < packet.len);
    } else if (verdict == FA_IP6_CHAIN_GOOD) {
        FA_ASSERT(packet.at[chain.next_off] == chain.protocol);
    } else if (verdict == FA_IP6_CHAIN_FRAGMENT) {
        FA_ASSERT(chain.fragmented && (chain.fragment.off != 0 || chain.fragment.more));
        FA_ASSERT(packet.at[chain.next_off] == FA_IP6_NEXT_FRAGMENT);
    }
    FA_ASSERT(fa_ip_prefix_equal(&ip.source, &ip.source, fa_ip_is4(&ip.source) ? 32 : 128));
    FA_ASSERT(fa_ip6_scope_of(&ip.target) <= 15);
    uint8_t bits = fa_ip_common_bits(&ip.source, &ip.target);
    FA_ASSERT(bits == fa_ip_common_bits(&ip.target, &ip.source) && bits <= 128);
    struct fa_ip group = fa_ip6_solicited_node(&ip.target);
    fa_ip6_group_mac(again, &group);
    return 0;
}
