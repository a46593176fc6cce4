// SPDX-License-Identifier: ISC
//
// test/middlebox_edit.c: what the box changes in a segment; see middlebox.h.

#include "test/middlebox.h"

#include "fa/wire/csum.h"
#include "fa/wire/eth.h"
#include "fa/wire/icmp.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"

enum {
    IP6_HDR_LEN = 40,
    EXPERIMENT_KIND = 253, /* RFC 4727 */
    MARK_ONE_IN = 16,
    QUOTED_LEN = FA_IP4_HDR_LEN + 8,
    QUOTED6_LEN = IP6_HDR_LEN + 8,
};

static bool read_ip4(struct middlebox_segment *seg, struct fa_slice packet, size_t *ret_len)
{
    struct fa_ip4_header ip;
    if (fa_ip4_decode(packet, &ip) != FA_IP4_GOOD || ip.protocol != FA_IP_PROTO_TCP ||
        ip.fragment_off != 0 || ip.more_fragments) {
        return false;
    }
    seg->meta.local = fa_ip4_ip(ip.source);
    seg->meta.remote = fa_ip4_ip(ip.target);
    seg->tcp = seg->ip + ip.header_len;
    *ret_len = (size_t)ip.total_len - ip.header_len;
    return true;
}

static bool read_ip6(struct middlebox_segment *seg, struct fa_slice packet, size_t *ret_len)
{
    if (packet.len < IP6_HDR_LEN || packet.at[0] >> 4 != 6 || packet.at[6] != FA_IP_PROTO_TCP) {
        return false;
    }
    fa_copy(seg->meta.local.b, packet.at + 8, 16);
    fa_copy(seg->meta.remote.b, packet.at + 24, 16);
    seg->tcp = seg->ip + IP6_HDR_LEN;
    *ret_len = fa_be16_load(packet.at + 4);
    return *ret_len <= packet.len - IP6_HDR_LEN;
}

bool middlebox_segment_read(struct middlebox_segment *seg, struct fa_buf *buf)
{
    size_t len = 0;
    struct fa_eth_header eth;
    *seg = (struct middlebox_segment){.buf = buf, .ip = fa_buf_at(buf) + FA_ETH_HDR_LEN};
    if (fa_eth_decode(fa_buf_slice(buf), &eth) != FA_ETH_GOOD || buf->offload.flags != 0) {
        return false;
    }
    struct fa_slice packet = fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN);
    seg->meta.protocol = FA_IP_PROTO_TCP;
    bool good = eth.type == FA_ETH_TYPE_IP4   ? read_ip4(seg, packet, &len)
                : eth.type == FA_ETH_TYPE_IP6 ? read_ip6(seg, packet, &len)
                                              : false;
    if (!good || fa_tcp_decode((struct fa_slice){seg->tcp, len}, &seg->meta, false, &seg->header) !=
                     FA_TCP_GOOD) {
        return false;
    }
    fa_buf_trim(buf, (size_t)(seg->tcp - fa_buf_at(buf)) + len); /* what trails is padding */
    return true;
}

static size_t segment_len(const struct middlebox_segment *seg)
{
    return (size_t)(fa_buf_at(seg->buf) + seg->buf->len - seg->tcp);
}

static void set_total_len(struct middlebox_segment *seg)
{
    size_t len = (size_t)(fa_buf_at(seg->buf) + seg->buf->len - seg->ip);
    bool four = seg->ip[0] >> 4 == 4;
    fa_be16_store(seg->ip + (four ? 2 : 4), (uint16_t)(four ? len : len - IP6_HDR_LEN));
}

void middlebox_segment_mend(struct middlebox_segment *seg)
{
    size_t len = segment_len(seg);
    set_total_len(seg);
    if (seg->ip[0] >> 4 == 4) {
        fa_be16_store(seg->ip + 10, 0);
        fa_be16_store(seg->ip + 10, fa_csum_fold(fa_csum_add(0, seg->ip, FA_IP4_HDR_LEN)));
    }
    fa_be16_store(seg->tcp + 16, 0);
    uint64_t sum = fa_csum_pseudo(&seg->meta.local, &seg->meta.remote, FA_IP_PROTO_TCP, len);
    fa_be16_store(seg->tcp + 16, fa_csum_fold(fa_csum_add(sum, seg->tcp, len)));
}

static uint32_t kind_bit(uint8_t kind)
{
    static const uint32_t known =
        MIDDLEBOX_MSS | MIDDLEBOX_SCALE | MIDDLEBOX_SACK_OK | MIDDLEBOX_SACK | MIDDLEBOX_TS;
    bool named = kind < 31 && (known & 1u << kind) != 0;
    return named ? 1u << kind : MIDDLEBOX_UNKNOWN;
}

/* Make the header `cut` bytes shorter: what stands before the end of the options moves back. */
static void shorten_header(struct middlebox_segment *seg, size_t options_len, size_t cut)
{
    uint8_t *front = fa_buf_at(seg->buf);
    size_t len = (size_t)(seg->tcp - front) + FA_TCP_HDR_LEN + options_len;
    for (size_t i = len; i > 0; i--) {
        front[cut + i - 1] = front[i - 1];
    }
    fa_buf_pull(seg->buf, cut);
    seg->ip += cut;
    seg->tcp += cut;
    seg->header.len = (uint8_t)(FA_TCP_HDR_LEN + options_len);
    seg->tcp[12] = (uint8_t)(seg->header.len / 4 << 4 | (seg->tcp[12] & 0xf));
}

static void strip_options(
    const struct middlebox *box, uint32_t kinds, struct middlebox_segment *seg)
{
    uint8_t *at = seg->tcp + FA_TCP_HDR_LEN;
    size_t options_len = seg->header.len - (size_t)FA_TCP_HDR_LEN;
    size_t kept = 0;
    size_t len;
    for (size_t i = 0; i < options_len && at[i] != 0; i += len) {
        len = at[i] == 1 ? 1 : at[i + 1]; /* the decoder has seen that it fits */
        bool strip = at[i] != 1 && (kinds & kind_bit(at[i])) != 0;
        seg->changed = seg->changed || strip;
        if (strip && box->config.how == MIDDLEBOX_MANGLE) {
            at[i] = EXPERIMENT_KIND;
        } else if (strip && box->config.how == MIDDLEBOX_BLANK) {
            __builtin_memset(at + i, 1, len);
        } else if (box->config.how == MIDDLEBOX_REMOVE && !strip) {
            __builtin_memmove(at + kept, at + i, len);
            kept += len;
        }
    }
    if (seg->changed && box->config.how == MIDDLEBOX_REMOVE) {
        size_t whole = (kept + 3) / 4 * 4;
        __builtin_memset(at + kept, 0, whole - kept);
        shorten_header(seg, whole, options_len - whole);
    }
}

/* Where the option `kind` stands, or NULL. */
static uint8_t *find_option(const struct middlebox_segment *seg, uint8_t kind)
{
    uint8_t *at = seg->tcp + FA_TCP_HDR_LEN;
    uint8_t *end = seg->tcp + seg->header.len;
    while (at < end && *at != 0 && *at != kind) {
        at += *at == 1 ? 1 : at[1];
    }
    return at < end && *at == kind ? at : NULL;
}

static void clamp_mss(const struct middlebox *box, struct middlebox_segment *seg)
{
    uint8_t *option = find_option(seg, 2);
    if (option != NULL && fa_be16_load(option + 2) > box->config.mss_max) {
        fa_be16_store(option + 2, box->config.mss_max);
        seg->changed = true;
    }
}

static void add32(uint8_t *at, uint32_t by)
{
    fa_be32_store(at, fa_be32_load(at) + by);
}

/* The inside's numbers are larger outside, by an amount that follows from the other end. */
static void shift_numbers(
    const struct middlebox *box, enum middlebox_dir dir, struct middlebox_segment *seg)
{
    bool out = dir == MIDDLEBOX_OUT;
    const struct fa_siphash_key key = {.k0 = box->shift_key};
    uint8_t remote[18];
    fa_copy(remote, (out ? &seg->meta.remote : &seg->meta.local)->b, 16);
    fa_copy(remote + 16, seg->tcp + (out ? 2 : 0), 2);
    uint32_t by = (uint32_t)fa_siphash(&key, (struct fa_slice){remote, sizeof remote});
    seg->changed = true;
    if (out) {
        add32(seg->tcp + 4, by);
        return;
    }
    if ((seg->header.flags & FA_TCP_ACK) != 0) {
        add32(seg->tcp + 8, 0u - by);
    }
    uint8_t *sack = box->config.shift_sack ? find_option(seg, 5) : NULL;
    for (size_t i = 2; sack != NULL && i < sack[1]; i += 4) {
        add32(sack + i, 0u - by);
    }
}

static void edit_ecn(struct middlebox *box, struct middlebox_segment *seg)
{
    bool four = seg->ip[0] >> 4 == 4;
    uint8_t *at = seg->ip + 1;
    uint8_t shift = four ? 0 : 4; /* the traffic class lies across two bytes of IPv6 */
    uint8_t bits = (uint8_t)(*at >> shift & 3);
    uint8_t wanted = bits;
    if (box->config.ecn == MIDDLEBOX_ECN_BLEACH) {
        wanted = 0;
    } else if (box->config.ecn == MIDDLEBOX_ECN_MARK && bits != 0) {
        wanted = fa_rand_below(&box->rand, MARK_ONE_IN) == 0 ? 3 : bits;
    } else if (box->config.ecn == MIDDLEBOX_ECN_DENY && (seg->header.flags & FA_TCP_SYN) != 0) {
        seg->changed = seg->changed || (seg->tcp[13] & (FA_TCP_ECE | FA_TCP_CWR)) != 0;
        seg->tcp[13] &= (uint8_t) ~(FA_TCP_ECE | FA_TCP_CWR);
    }
    seg->changed = seg->changed || wanted != bits;
    *at = (uint8_t)((*at & ~(3 << shift)) | wanted << shift);
}

void middlebox_segment_edit(
    struct middlebox *box, enum middlebox_dir dir, struct middlebox_segment *seg)
{
    const struct middlebox_config *config = &box->config;
    uint32_t kinds = config->strip | (dir == MIDDLEBOX_OUT ? config->strip_out : 0);
    if (config->shift_seq) {
        shift_numbers(box, dir, seg);
    }
    if (config->mss_max != 0 && (seg->header.flags & FA_TCP_SYN) != 0) {
        clamp_mss(box, seg);
    }
    if (kinds != 0) {
        strip_options(box, kinds, seg);
    }
    if (config->ecn != MIDDLEBOX_ECN_KEEP) {
        edit_ecn(box, seg);
    }
}

static void swap_bytes(uint8_t *a, uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

static void swap_ends(uint8_t *frame)
{
    uint8_t *ip = frame + FA_ETH_HDR_LEN;
    bool four = ip[0] >> 4 == 4;
    swap_bytes(frame, frame + FA_MAC_LEN, FA_MAC_LEN);
    swap_bytes(ip + (four ? 12 : 8), ip + (four ? 16 : 24), four ? 4 : 16);
}

void middlebox_turn_reset(struct middlebox_segment *seg)
{
    uint32_t seq = (seg->header.flags & FA_TCP_ACK) != 0 ? seg->header.ack : 0;
    uint32_t ack = seg->header.seq + (uint32_t)(segment_len(seg) - seg->header.len);
    struct fa_ip local = seg->meta.local;
    swap_ends(fa_buf_at(seg->buf));
    swap_bytes(seg->tcp, seg->tcp + 2, 2);
    fa_buf_trim(seg->buf, (size_t)(seg->tcp - fa_buf_at(seg->buf)) + FA_TCP_HDR_LEN);
    seg->meta.local = seg->meta.remote;
    seg->meta.remote = local;
    fa_be32_store(seg->tcp + 4, seq);
    fa_be32_store(seg->tcp + 8, ack);
    seg->tcp[12] = FA_TCP_HDR_LEN / 4 << 4;
    seg->tcp[13] = FA_TCP_RST | FA_TCP_ACK;
    fa_be16_store(seg->tcp + 14, 0);
    middlebox_segment_mend(seg);
}

static void turn_too_big6(struct fa_buf *buf, uint16_t mtu_bytes)
{
    uint8_t quoted[QUOTED6_LEN];
    uint8_t *frame = fa_buf_at(buf);
    struct fa_ip_meta back = {.protocol = FA_IP_PROTO_ICMP6};
    fa_copy(quoted, frame + FA_ETH_HDR_LEN, QUOTED6_LEN);
    fa_copy(back.remote.b, quoted + 8, sizeof back.remote.b);
    fa_copy(back.local.b, quoted + 24, sizeof back.local.b);
    size_t len = FA_ICMP6_HDR_LEN + QUOTED6_LEN;
    fa_buf_trim(buf, FA_ETH_HDR_LEN + IP6_HDR_LEN + len);
    swap_bytes(frame, frame + FA_MAC_LEN, FA_MAC_LEN);
    uint8_t *icmp = frame + FA_ETH_HDR_LEN + IP6_HDR_LEN;
    fa_copy(icmp + FA_ICMP6_HDR_LEN, quoted, QUOTED6_LEN);
    fa_icmp6_encode(
        icmp, len, &back, &(struct fa_icmp6_header){.type = FA_ICMP6_TOO_BIG, .word = mtu_bytes});
    struct fa_ip6_header ip = {.source = back.local,
        .target = back.remote,
        .payload_len = (uint16_t)len,
        .next = FA_IP_PROTO_ICMP6,
        .hop_limit = FA_IP6_HOP_LIMIT_DEFAULT};
    fa_ip6_encode(frame + FA_ETH_HDR_LEN, &ip);
}

void middlebox_turn_too_big(struct fa_buf *buf, uint16_t mtu_bytes)
{
    if (fa_buf_at(buf)[FA_ETH_HDR_LEN] >> 4 == 6) {
        turn_too_big6(buf, mtu_bytes);
        return;
    }
    uint8_t quoted[QUOTED_LEN];
    uint8_t *frame = fa_buf_at(buf);
    fa_copy(quoted, frame + FA_ETH_HDR_LEN, QUOTED_LEN);
    uint32_t sender = fa_be32_load(quoted + 12);
    uint32_t target = fa_be32_load(quoted + 16);
    fa_buf_trim(buf, FA_ETH_HDR_LEN + FA_IP4_HDR_LEN + FA_ICMP_HDR_LEN + QUOTED_LEN);
    swap_bytes(frame, frame + FA_MAC_LEN, FA_MAC_LEN);
    uint8_t *icmp = frame + FA_ETH_HDR_LEN + FA_IP4_HDR_LEN;
    fa_copy(icmp + FA_ICMP_HDR_LEN, quoted, QUOTED_LEN);
    fa_icmp_encode(icmp, FA_ICMP_HDR_LEN + QUOTED_LEN,
        &(struct fa_icmp_header){
            .type = FA_ICMP_UNREACHABLE, .code = FA_ICMP_CODE_TOO_BIG, .seq = mtu_bytes});
    fa_ip4_encode(
        frame + FA_ETH_HDR_LEN, &(struct fa_ip4_header){.source = target,
                                    .target = sender,
                                    .total_len = FA_IP4_HDR_LEN + FA_ICMP_HDR_LEN + QUOTED_LEN,
                                    .ttl = FA_IP4_TTL_DEFAULT,
                                    .protocol = FA_IP_PROTO_ICMP});
}
