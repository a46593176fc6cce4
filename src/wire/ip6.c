// SPDX-License-Identifier: ISC
//
// The IPv6 header, extension headers, and addresses.

#include "fa/wire/ip6.h"

#include "fa/wire/icmp6.h"

enum {
    OPTION_PAD1 = 0,
    OPTION_PADN = 1,
    OPTION_ROUTER_ALERT = 5,
    PADN_LEN_MAX = 5, /* data bytes: more is no alignment but a hidden channel (RFC 8504 5.3) */
};

const struct fa_ip fa_ip6_loopback = {{[15] = 1}};
const struct fa_ip fa_ip6_all_nodes = {{0xff, 2, [15] = 1}};
const struct fa_ip fa_ip6_all_routers = {{0xff, 2, [15] = 2}};

enum fa_ip6_verdict fa_ip6_decode_quoted(struct fa_slice quoted, struct fa_ip6_header *ret_header)
{
    const uint8_t *at = quoted.at;
    if (quoted.len < FA_IP6_HDR_LEN) {
        return FA_IP6_SHORT;
    }
    if (at[0] >> 4 != 6) {
        return FA_IP6_VERSION;
    }
    *ret_header = (struct fa_ip6_header){
        .flow = fa_be32_load(at) & 0xfffff,
        .payload_len = fa_be16_load(at + 4),
        .traffic = (uint8_t)(fa_be16_load(at) >> 4),
        .next = at[6],
        .hop_limit = at[7],
    };
    fa_copy(ret_header->source.b, at + 8, 16);
    fa_copy(ret_header->target.b, at + 24, 16);
    return FA_IP6_GOOD;
}

enum fa_ip6_verdict fa_ip6_decode(struct fa_slice packet, struct fa_ip6_header *ret_header)
{
    struct fa_ip6_header header;
    enum fa_ip6_verdict verdict = fa_ip6_decode_quoted(packet, &header);
    if (verdict != FA_IP6_GOOD) {
        return verdict;
    }
    if (header.payload_len > packet.len - FA_IP6_HDR_LEN) {
        return FA_IP6_LEN;
    }
    *ret_header = header;
    return FA_IP6_GOOD;
}

void fa_ip6_encode(uint8_t *at, const struct fa_ip6_header *header)
{
    FA_ASSERT(header->flow <= 0xfffff);
    fa_be32_store(at, 6u << 28 | (uint32_t)header->traffic << 20 | header->flow);
    fa_be16_store(at + 4, header->payload_len);
    at[6] = header->next;
    at[7] = header->hop_limit;
    fa_copy(at + 8, header->source.b, 16);
    fa_copy(at + 24, header->target.b, 16);
}

/* ---- extension headers ---- */

static enum fa_ip6_chain_verdict problem(
    struct fa_ip6_chain *chain, uint8_t code, size_t off, bool always)
{
    chain->problem_code = code;
    chain->problem_off = (uint16_t)off;
    chain->problem_always = always;
    return FA_IP6_CHAIN_PROBLEM;
}

/* What an option that nobody knows asks for, in its upper two bits (RFC 8200 4.2). */
static enum fa_ip6_chain_verdict refuse_option(struct fa_ip6_chain *chain, uint8_t type, size_t off)
{
    switch (type >> 6) {
    case 0:
        return FA_IP6_CHAIN_GOOD; // skip over it
    case 1:
        return FA_IP6_CHAIN_DROP;
    default:
        return problem(chain, FA_ICMP6_CODE_OPTION, off, type >> 6 == 2);
    }
}

/* The options between `off` and `end`. */
static enum fa_ip6_chain_verdict walk_options(
    struct fa_slice packet, size_t off, size_t end, bool by_hop, struct fa_ip6_chain *chain)
{
    uint32_t option_count = 0;
    uint32_t padding_count = 0;
    while (off < end) {
        uint8_t type = packet.at[off];
        if (type == OPTION_PAD1) {
            off++;
            if (++padding_count > FA_IP6_PADDING_COUNT_MAX) {
                return FA_IP6_CHAIN_LIMIT;
            }
            continue;
        }
        if (end - off < 2 || packet.at[off + 1] > end - off - 2) {
            return FA_IP6_CHAIN_SHORT;
        }
        size_t len = packet.at[off + 1];
        bool padding = type == OPTION_PADN;
        padding_count += padding;
        option_count += !padding;
        if (padding_count > FA_IP6_PADDING_COUNT_MAX || option_count > FA_IP6_OPTION_COUNT_MAX ||
            (padding && len > PADN_LEN_MAX)) {
            return FA_IP6_CHAIN_LIMIT;
        }
        if (by_hop && type == OPTION_ROUTER_ALERT && len == 2) {
            chain->router_alert = true;
        } else if (!padding) {
            enum fa_ip6_chain_verdict verdict = refuse_option(chain, type, off);
            if (verdict != FA_IP6_CHAIN_GOOD) {
                return verdict;
            }
        }
        off += 2 + len;
    }
    return FA_IP6_CHAIN_GOOD;
}

void fa_ip6_fragment_encode(uint8_t *at, const struct fa_ip6_fragment *fragment)
{
    FA_ASSERT(fragment->off % 8 == 0);
    at[0] = fragment->next;
    at[1] = 0;
    fa_be16_store(at + 2, (uint16_t)(fragment->off | (fragment->more ? 1 : 0)));
    fa_be32_store(at + 4, fragment->id);
}

static enum fa_ip6_chain_verdict walk_fragment(const uint8_t *at, struct fa_ip6_chain *chain)
{
    uint16_t word = fa_be16_load(at + 2);
    chain->fragmented = true;
    chain->fragment = (struct fa_ip6_fragment){
        .id = fa_be32_load(at + 4),
        .off = word & 0xfff8,
        .more = (word & 1) != 0,
        .next = at[0],
    };
    bool whole = chain->fragment.off == 0 && !chain->fragment.more;
    return whole ? FA_IP6_CHAIN_GOOD : FA_IP6_CHAIN_FRAGMENT;
}

/* One header at chain->off, of `len` bytes. */
static enum fa_ip6_chain_verdict walk_header(
    struct fa_slice packet, size_t len, bool first, struct fa_ip6_chain *chain)
{
    const uint8_t *at = packet.at + chain->off;
    switch (chain->protocol) {
    case FA_IP6_NEXT_HOP_BY_HOP:
        if (!first) {
            return problem(chain, FA_ICMP6_CODE_NEXT, chain->next_off, false);
        }
        return walk_options(packet, chain->off + 2u, chain->off + len, true, chain);
    case FA_IP6_NEXT_TARGET:
        return walk_options(packet, chain->off + 2u, chain->off + len, false, chain);
    case FA_IP6_NEXT_ROUTING:
        // Segments left: we would have to forward it.
        return at[3] == 0 ? FA_IP6_CHAIN_GOOD
                          : problem(chain, FA_ICMP6_CODE_FIELD, chain->off + 2u, false);
    default:
        return walk_fragment(at, chain);
    }
}

enum fa_ip6_chain_verdict fa_ip6_chain_walk(
    struct fa_slice packet, uint8_t next, struct fa_ip6_chain *ret_chain)
{
    struct fa_ip6_chain chain = {.off = FA_IP6_HDR_LEN, .next_off = 6, .protocol = next};
    enum fa_ip6_chain_verdict verdict = FA_IP6_CHAIN_GOOD;
    for (uint32_t i = 0; verdict == FA_IP6_CHAIN_GOOD; i++) {
        bool fragment = chain.protocol == FA_IP6_NEXT_FRAGMENT;
        bool known = fragment || chain.protocol == FA_IP6_NEXT_HOP_BY_HOP ||
                     chain.protocol == FA_IP6_NEXT_ROUTING || chain.protocol == FA_IP6_NEXT_TARGET;
        if (!known) {
            verdict = chain.protocol == FA_IP6_NEXT_NONE ? FA_IP6_CHAIN_NONE : FA_IP6_CHAIN_GOOD;
            break;
        }
        size_t left = packet.len - fa_min(chain.off, packet.len);
        size_t len = left < 8 || fragment ? 8 : (packet.at[chain.off + 1] + 1u) * 8u;
        if (i == FA_IP6_EXT_COUNT_MAX || len > left || chain.off + len > UINT16_MAX) {
            verdict = len > left ? FA_IP6_CHAIN_SHORT : FA_IP6_CHAIN_LIMIT;
            break;
        }
        verdict = walk_header(packet, len, i == 0, &chain);
        if (verdict == FA_IP6_CHAIN_GOOD || verdict == FA_IP6_CHAIN_FRAGMENT) {
            bool skip = verdict == FA_IP6_CHAIN_GOOD;
            chain.next_off = skip ? chain.off : chain.next_off;
            chain.protocol = skip ? packet.at[chain.off] : chain.protocol;
            chain.off = (uint16_t)(chain.off + len);
        }
    }
    *ret_chain = chain;
    return verdict;
}

/* ---- addresses ---- */

uint8_t fa_ip6_scope_of(const struct fa_ip *ip)
{
    if (fa_ip_is4(ip)) {
        const uint8_t *b = fa_ip_bytes4(ip);
        bool near = b[0] == 127 || (b[0] == 169 && b[1] == 254);
        return near ? FA_IP6_SCOPE_LINK : FA_IP6_SCOPE_GLOBAL;
    }
    if (fa_ip6_is_multicast(ip)) {
        return ip->b[1] & 0xf;
    }
    if (fa_ip6_is_link_local(ip) || fa_ip6_is_loopback(ip)) {
        return FA_IP6_SCOPE_LINK;
    }
    bool site = ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0xc0;
    return site ? FA_IP6_SCOPE_SITE : FA_IP6_SCOPE_GLOBAL;
}

struct fa_ip fa_ip6_solicited_node(const struct fa_ip *ip)
{
    struct fa_ip group = {{0xff, 2, [11] = 1, 0xff}};
    fa_copy(group.b + 13, ip->b + 13, 3);
    return group;
}

void fa_ip6_group_mac(uint8_t ret_mac[6], const struct fa_ip *group)
{
    FA_ASSERT(fa_ip6_is_multicast(group));
    fa_be16_store(ret_mac, 0x3333);
    fa_copy(ret_mac + 2, group->b + 12, 4);
}

uint8_t fa_ip_common_bits(const struct fa_ip *a, const struct fa_ip *b)
{
    for (uint32_t i = 0; i < sizeof a->b; i++) {
        uint32_t differ = (uint32_t)(a->b[i] ^ b->b[i]);
        if (differ != 0) {
            return (uint8_t)(i * 8 + (uint32_t)__builtin_clz(differ << 24));
        }
    }
    return 128;
}

bool fa_ip_prefix_equal(const struct fa_ip *a, const struct fa_ip *b, uint8_t bits)
{
    unsigned all = bits + (fa_ip_is4(a) ? 96u : 0u);
    return fa_ip_common_bits(a, b) >= all;
}
