// SPDX-License-Identifier: ISC
//
// The IPv4 header.

#include "fa/wire/ip4.h"

#include "fa/wire/csum.h"

enum {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_LOOSE_ROUTE = 131, /* RFC 791 3.1 */
    OPTION_STRICT_ROUTE = 137,
    OPTION_ALERT = 148, /* RFC 2113 */
    FLAG_DONT_FRAGMENT = 0x4000,
    FLAG_MORE_FRAGMENTS = 0x2000,
};

static enum fa_ip4_verdict check_options(const uint8_t *at, size_t len, bool *ret_alert)
{
    for (size_t off = 0; off < len && at[off] != OPTION_END;) {
        if (at[off] == OPTION_NOP) {
            off++;
            continue;
        }
        if (len - off < 2 || at[off + 1] < 2 || at[off + 1] > len - off) {
            return FA_IP4_OPTIONS;
        }
        if (at[off] == OPTION_LOOSE_ROUTE || at[off] == OPTION_STRICT_ROUTE) {
            return FA_IP4_SOURCE_ROUTE;
        }
        if (at[off] == OPTION_ALERT && at[off + 1] == FA_IP4_ALERT_LEN) {
            *ret_alert = true;
        }
        off += at[off + 1];
    }
    return FA_IP4_GOOD;
}

static void read_fields(const uint8_t *at, struct fa_ip4_header *ret_header)
{
    uint16_t fragment = fa_be16_load(at + 6);
    *ret_header = (struct fa_ip4_header){
        .source = fa_be32_load(at + 12),
        .target = fa_be32_load(at + 16),
        .total_len = fa_be16_load(at + 2),
        .id = fa_be16_load(at + 4),
        .fragment_off = (uint16_t)(fragment << 3),
        .header_len = (uint8_t)((at[0] & 0xf) * 4),
        .traffic = at[1],
        .ttl = at[8],
        .protocol = at[9],
        .dont_fragment = (fragment & FLAG_DONT_FRAGMENT) != 0,
        .more_fragments = (fragment & FLAG_MORE_FRAGMENTS) != 0,
    };
}

static enum fa_ip4_verdict check_shape(struct fa_slice packet)
{
    if (packet.len < FA_IP4_HDR_LEN) {
        return FA_IP4_SHORT;
    }
    if (packet.at[0] >> 4 != 4) {
        return FA_IP4_VERSION;
    }
    size_t header_len = (size_t)(packet.at[0] & 0xf) * 4;
    if (header_len < FA_IP4_HDR_LEN) {
        return FA_IP4_HEADER_LEN;
    }
    if (packet.len < header_len) {
        return FA_IP4_SHORT;
    }
    return fa_be16_load(packet.at + 2) < header_len ? FA_IP4_TOTAL_LEN : FA_IP4_GOOD;
}

enum fa_ip4_verdict fa_ip4_decode(struct fa_slice packet, struct fa_ip4_header *ret_header)
{
    enum fa_ip4_verdict verdict = check_shape(packet);
    if (verdict != FA_IP4_GOOD) {
        return verdict;
    }
    struct fa_ip4_header header;
    read_fields(packet.at, &header);
    if (header.total_len > packet.len) {
        return FA_IP4_TOTAL_LEN;
    }
    uint64_t sum = fa_csum_add_short(0, packet.at, FA_IP4_HDR_LEN); // a length known beforehand
    if (header.header_len > FA_IP4_HDR_LEN) {
        sum = fa_csum_add_short(
            sum, packet.at + FA_IP4_HDR_LEN, header.header_len - (size_t)FA_IP4_HDR_LEN);
    }
    if (fa_csum_fold(sum) != 0) {
        return FA_IP4_CSUM;
    }
    if (header.header_len > FA_IP4_HDR_LEN) {
        verdict = check_options(
            packet.at + FA_IP4_HDR_LEN, header.header_len - FA_IP4_HDR_LEN, &header.router_alert);
    }
    if (verdict == FA_IP4_GOOD) {
        *ret_header = header;
    }
    return verdict;
}

enum fa_ip4_verdict fa_ip4_decode_quoted(struct fa_slice quoted, struct fa_ip4_header *ret_header)
{
    enum fa_ip4_verdict verdict = check_shape(quoted);
    if (verdict == FA_IP4_GOOD) {
        read_fields(quoted.at, ret_header);
    }
    return verdict;
}

void fa_ip4_encode(uint8_t *at, const struct fa_ip4_header *header)
{
    FA_ASSERT(header->total_len >= FA_IP4_HDR_LEN);
    FA_ASSERT(header->fragment_off % 8 == 0);
    uint16_t fragment = header->fragment_off >> 3;
    fragment |= header->dont_fragment ? FLAG_DONT_FRAGMENT : 0;
    fragment |= header->more_fragments ? FLAG_MORE_FRAGMENTS : 0;
    uint16_t version_traffic = (uint16_t)((4 << 4 | FA_IP4_HDR_LEN / 4) << 8 | header->traffic);
    uint16_t ttl_protocol = (uint16_t)(header->ttl << 8 | header->protocol);
    uint64_t sum = (uint64_t)version_traffic + header->total_len + header->id + fragment +
                   ttl_protocol + header->source + header->target;
    fa_be16_store(at, version_traffic);
    fa_be16_store(at + 2, header->total_len);
    fa_be16_store(at + 4, header->id);
    fa_be16_store(at + 6, fragment);
    fa_be16_store(at + 8, ttl_protocol);
    fa_be16_store(at + 10, fa_csum_fold_fields(sum));
    fa_be32_store(at + 12, header->source);
    fa_be32_store(at + 16, header->target);
}

void fa_ip4_alert_encode(uint8_t *at, const struct fa_ip4_header *header)
{
    static const uint8_t alert[FA_IP4_ALERT_LEN] = {OPTION_ALERT, FA_IP4_ALERT_LEN, 0, 0};
    enum { LEN = FA_IP4_HDR_LEN + FA_IP4_ALERT_LEN };
    FA_ASSERT(header->total_len >= LEN);
    fa_ip4_encode(at, header);
    at[0] = 4 << 4 | LEN / 4;
    fa_be16_store(at + 10, 0);
    fa_copy(at + FA_IP4_HDR_LEN, alert, sizeof alert);
    fa_be16_store(at + 10, fa_csum_fold(fa_csum_add_short(0, at, LEN)));
}
