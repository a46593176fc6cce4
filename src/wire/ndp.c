// SPDX-License-Identifier: ISC
//
// Messages of neighbour discovery.

#include "fa/wire/ndp.h"

#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"

enum {
    OPTION_UNIT = 8, /* bytes: what lengths of options count */
};

/* Bytes before the options; 0: not one of ours. */
static size_t fixed_len(uint8_t type)
{
    switch (type) {
    case FA_ICMP6_ROUTER_SOLICIT:
        return 8;
    case FA_ICMP6_ROUTER_ADVERT:
        return 16;
    case FA_ICMP6_NEIGHBOUR_SOLICIT:
    case FA_ICMP6_NEIGHBOUR_ADVERT:
        return 24;
    case FA_ICMP6_REDIRECT:
        return 40;
    default:
        return 0;
    }
}

/* 01 high, 00 medium, 11 low; 10 is to be taken as medium (RFC 4191 2.2). */
static int8_t preference_of(uint8_t bits)
{
    static const int8_t values[] = {0, 1, 0, -1};
    return values[bits & 3];
}

/* ---- options ---- */

static bool options_fit(struct fa_slice options)
{
    for (uint32_t count = 0; options.len != 0; count++) {
        size_t len = options.len < 2 ? 0 : options.at[1] * (size_t)OPTION_UNIT;
        if (len == 0 || len > options.len || count == FA_NDP_OPTION_MAX) {
            return false;
        }
        options = fa_slice_from(options, len);
    }
    return true;
}

bool fa_ndp_option_next(struct fa_slice *options, struct fa_ndp_option *ret_option)
{
    if (options->len < OPTION_UNIT) {
        return false;
    }
    size_t len = options->at[1] * (size_t)OPTION_UNIT;
    FA_ASSERT(len != 0 && len <= options->len);
    *ret_option = (struct fa_ndp_option){
        .type = options->at[0],
        .body = {options->at + 2, len - 2},
    };
    *options = fa_slice_from(*options, len);
    return true;
}

static void read_option(struct fa_ndp_option option, struct fa_ndp_message *message)
{
    const uint8_t *at = option.body.at;
    switch (option.type) {
    case FA_NDP_OPTION_SOURCE_MAC:
        message->has_source_mac = true;
        fa_copy(message->source_mac, at, FA_MAC_LEN);
        break;
    case FA_NDP_OPTION_TARGET_MAC:
        message->has_target_mac = true;
        fa_copy(message->target_mac, at, FA_MAC_LEN);
        break;
    case FA_NDP_OPTION_MTU:
        message->mtu_bytes = fa_be32_load(at + 2);
        break;
    case FA_NDP_OPTION_NONCE:
        message->has_nonce = true;
        fa_copy(message->nonce, at, FA_NDP_NONCE_LEN);
        break;
    default:
        break; // walked by whoever wants it
    }
}

/* Keep the first `bits` bits. */
static void mask(struct fa_ip *ip, uint8_t bits)
{
    for (uint32_t i = 0; i < sizeof ip->b; i++) {
        uint32_t keep = bits > i * 8 ? bits - i * 8 : 0;
        ip->b[i] &= keep >= 8 ? 0xff : (uint8_t)(0xff00 >> keep);
    }
}

bool fa_ndp_prefix_decode(struct fa_ndp_option option, struct fa_ndp_prefix *ret_prefix)
{
    const uint8_t *at = option.body.at;
    if (option.type != FA_NDP_OPTION_PREFIX || option.body.len < 30 || at[0] > 128) {
        return false;
    }
    *ret_prefix = (struct fa_ndp_prefix){
        .prefix_bits = at[0],
        .on_link = (at[1] & 0x80) != 0,
        .autonomous = (at[1] & 0x40) != 0,
        .valid_s = fa_be32_load(at + 2),
        .preferred_s = fa_be32_load(at + 6),
    };
    fa_copy(ret_prefix->prefix.b, at + 14, 16);
    mask(&ret_prefix->prefix, ret_prefix->prefix_bits);
    return true;
}

bool fa_ndp_route_decode(struct fa_ndp_option option, struct fa_ndp_route *ret_route)
{
    const uint8_t *at = option.body.at;
    size_t len = option.body.len - 6;
    if (option.type != FA_NDP_OPTION_ROUTE || at[0] > 128 || (at[0] + 7u) / 8 > len ||
        (at[1] >> 3 & 3) == 2) {
        return false;
    }
    *ret_route = (struct fa_ndp_route){
        .prefix_bits = at[0],
        .preference = preference_of(at[1] >> 3),
        .lifetime_s = fa_be32_load(at + 2),
    };
    fa_copy(ret_route->prefix.b, at + 6, fa_min(len, 16));
    mask(&ret_route->prefix, ret_route->prefix_bits);
    return true;
}

bool fa_ndp_dns_decode(struct fa_ndp_option option, uint8_t type, struct fa_ndp_dns *ret_dns)
{
    size_t len = option.body.len - 6;
    bool whole = type == FA_NDP_OPTION_DNS_SEARCH || len % 16 == 0;
    if (option.type != type || len == 0 || !whole) {
        return false;
    }
    *ret_dns = (struct fa_ndp_dns){
        .lifetime_s = fa_be32_load(option.body.at + 2),
        .bytes = fa_slice_from(option.body, 6),
    };
    return true;
}

/* ---- messages ---- */

static void read_fixed(const uint8_t *at, struct fa_ndp_message *message)
{
    switch (message->type) {
    case FA_ICMP6_ROUTER_ADVERT:
        message->hop_limit = at[4];
        message->managed = (at[5] & 0x80) != 0;
        message->other = (at[5] & 0x40) != 0;
        message->preference = preference_of(at[5] >> 3);
        message->lifetime_s = fa_be16_load(at + 6);
        message->reachable_ms = fa_be32_load(at + 8);
        message->retrans_ms = fa_be32_load(at + 12);
        break;
    case FA_ICMP6_NEIGHBOUR_ADVERT:
        message->router = (at[4] & 0x80) != 0;
        message->solicited = (at[4] & 0x40) != 0;
        message->override = (at[4] & 0x20) != 0;
        fa_copy(message->target.b, at + 8, 16);
        break;
    case FA_ICMP6_NEIGHBOUR_SOLICIT:
        fa_copy(message->target.b, at + 8, 16);
        break;
    case FA_ICMP6_REDIRECT:
        fa_copy(message->target.b, at + 8, 16);
        fa_copy(message->redirected.b, at + 24, 16);
        break;
    default:
        break;
    }
}

enum fa_ndp_verdict fa_ndp_decode(struct fa_slice message, struct fa_ndp_message *ret_message)
{
    size_t len = message.len < FA_ICMP6_HDR_LEN ? 0 : fixed_len(message.at[0]);
    if (message.len < FA_ICMP6_HDR_LEN || message.len < len) {
        return FA_NDP_SHORT;
    }
    if (len == 0 || message.at[1] != 0) {
        return FA_NDP_TYPE;
    }
    struct fa_ndp_message read = {
        .type = message.at[0],
        .options = fa_slice_from(message, len),
    };
    if (!options_fit(read.options)) {
        return FA_NDP_OPTION;
    }
    read_fixed(message.at, &read);
    if (fa_ip6_is_multicast(&read.target) || fa_ip6_is_multicast(&read.redirected)) {
        return FA_NDP_TARGET;
    }
    struct fa_slice options = read.options;
    for (struct fa_ndp_option option; fa_ndp_option_next(&options, &option);) {
        read_option(option, &read);
    }
    *ret_message = read;
    return FA_NDP_GOOD;
}

static uint8_t *write_option(uint8_t *at, uint8_t type, const uint8_t *six)
{
    _Static_assert((int)FA_NDP_NONCE_LEN == (int)FA_MAC_LEN);
    at[0] = type;
    at[1] = 1;
    fa_copy(at + 2, six, FA_MAC_LEN);
    return at + OPTION_UNIT;
}

size_t fa_ndp_encode(uint8_t *at, const struct fa_ndp_message *message)
{
    FA_ASSERT(message->type >= FA_ICMP6_ROUTER_SOLICIT);
    FA_ASSERT(message->type <= FA_ICMP6_NEIGHBOUR_ADVERT);
    FA_ASSERT(message->type != FA_ICMP6_ROUTER_ADVERT);
    size_t len = fixed_len(message->type);
    fa_zero(at, len);
    at[0] = message->type;
    if (message->type == FA_ICMP6_NEIGHBOUR_ADVERT) {
        at[4] = (uint8_t)((message->router ? 0x80 : 0) | (message->solicited ? 0x40 : 0) |
                          (message->override ? 0x20 : 0));
    }
    if (message->type != FA_ICMP6_ROUTER_SOLICIT) {
        fa_copy(at + 8, message->target.b, 16);
    }
    uint8_t *end = at + len;
    if (message->has_source_mac) {
        end = write_option(end, FA_NDP_OPTION_SOURCE_MAC, message->source_mac);
    }
    if (message->has_target_mac) {
        end = write_option(end, FA_NDP_OPTION_TARGET_MAC, message->target_mac);
    }
    if (message->has_nonce) {
        end = write_option(end, FA_NDP_OPTION_NONCE, message->nonce);
    }
    return (size_t)(end - at);
}
