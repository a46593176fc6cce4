// SPDX-License-Identifier: ISC
//
// Joining received segments. A frame is joined to the one that its connection holds if it is the
// next in sequence and alike in everything that a receiver acts on: addresses, traffic class, hop
// limit, ports, acknowledgement, window, options (timestamps too), flags but for PSH. A PSH or a
// short segment ends a super-segment, as does the end of the burst. What is not plain TCP data
// passes, in its place.

#include "src/dev/gso_priv.h"

/* Segments that follow one another. */
struct flow {
    struct fa_buf **place; /* where the frame is in the burst */
    size_t tcp;            /* offset of the TCP header */
    size_t hdr_bytes;      /* all headers */
    size_t gso_bytes;      /* payload of each segment */
    uint32_t next_seq;
    bool joined; /* it lies in a large buffer */
};

/* A frame that may be joined. */
struct segment {
    const uint8_t *at;
    size_t len; /* without what trails the packet */
    size_t tcp;
    size_t hdr_bytes;
    bool ip6;
};

/* Offset of the TCP header of a packet that is neither a fragment nor has IP options; 0: not such
 * a one. *ret_len: bytes of the frame that belong to it. */
static size_t find_tcp(struct fa_slice frame, size_t *ret_len)
{
    const uint8_t *ip = frame.at + FA_ETH_HDR_LEN;
    if (frame.len < FA_ETH_HDR_LEN + FA__IP4_LEN + FA__TCP_LEN_MIN) {
        return 0;
    }
    uint16_t type = fa_be16_load(frame.at + 12);
    if (type == 0x0800) {
        *ret_len = FA_ETH_HDR_LEN + (size_t)fa_be16_load(ip + 2);
        bool plain = ip[0] == 0x45 && (fa_be16_load(ip + 6) & 0xbfff) == 0 && ip[9] == FA__IP_TCP;
        return plain && fa_csum_fold(fa_csum_add_short(0, ip, FA__IP4_LEN)) == 0
                   ? FA_ETH_HDR_LEN + FA__IP4_LEN
                   : 0;
    }
    if (type == 0x86dd && frame.len >= FA_ETH_HDR_LEN + FA__IP6_LEN + FA__TCP_LEN_MIN) {
        *ret_len = FA_ETH_HDR_LEN + FA__IP6_LEN + (size_t)fa_be16_load(ip + 4);
        return ip[0] >> 4 == 6 && ip[6] == FA__IP_TCP ? FA_ETH_HDR_LEN + FA__IP6_LEN : 0;
    }
    return 0;
}

/* Returns: whether the frame has data of a connection, intact, and flags that may be joined. */
static bool find_segment(struct fa_buf *buf, struct segment *ret_segment)
{
    struct fa_slice frame = fa_buf_slice(buf);
    struct segment segment = {.at = frame.at};
    segment.tcp = find_tcp(frame, &segment.len);
    if (segment.tcp == 0 || segment.len > frame.len ||
        segment.len < segment.tcp + FA__TCP_LEN_MIN ||
        (buf->offload.flags & (FA_OFFLOAD_TSO4 | FA_OFFLOAD_TSO6)) != 0) {
        return false;
    }
    const uint8_t *tcp = frame.at + segment.tcp;
    segment.hdr_bytes = segment.tcp + (size_t)(tcp[12] >> 4) * 4;
    segment.ip6 = segment.tcp != FA_ETH_HDR_LEN + FA__IP4_LEN;
    if (segment.hdr_bytes < segment.tcp + FA__TCP_LEN_MIN || segment.hdr_bytes >= segment.len ||
        (tcp[13] & ~FA__TCP_PSH) != FA__TCP_ACK) {
        return false;
    }
    *ret_segment = segment;
    if ((buf->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0) {
        return true;
    }
    size_t tcp_len = segment.len - segment.tcp;
    uint64_t sum = fa_csum_as_fields(fa_csum_add(0, tcp, tcp_len));
    if (fa_csum_fold_fields(sum + fa__gso_pseudo(frame.at, segment.ip6, tcp_len)) != 0) {
        return false;
    }
    buf->offload.flags |= FA_OFFLOAD_CSUM_GOOD; // need not be asked again
    return true;
}

/* Whether two frames are of one connection and direction. */
static bool is_same_flow(const uint8_t *a, const struct segment *b, size_t tcp)
{
    size_t addresses = b->ip6 ? FA_ETH_HDR_LEN + 8 : FA_ETH_HDR_LEN + 12;
    return tcp == b->tcp && fa_equal(a, b->at, FA_ETH_HDR_LEN) &&
           fa_equal(a + addresses, b->at + addresses, b->tcp - addresses) &&
           fa_equal(a + tcp, b->at + tcp, 4);
}

/* Whether all that a receiver acts on is alike. */
static bool is_alike(const uint8_t *a, const struct segment *b, size_t hdr_bytes)
{
    const uint8_t *ip_a = a + FA_ETH_HDR_LEN;
    const uint8_t *ip_b = b->at + FA_ETH_HDR_LEN;
    const uint8_t *tcp_a = a + b->tcp;
    const uint8_t *tcp_b = b->at + b->tcp;
    bool ip = b->ip6 ? fa_equal(ip_a, ip_b, 4) && fa_equal(ip_a + 6, ip_b + 6, 2)
                     : fa_equal(ip_a, ip_b, 2) && fa_equal(ip_a + 6, ip_b + 6, 4);
    return ip && hdr_bytes == b->hdr_bytes && fa_equal(tcp_a + 8, tcp_b + 8, 5) && // ACK, offset
           fa_equal(tcp_a + 14, tcp_b + 14, 2) &&                                  // window
           fa_equal(tcp_a + FA__TCP_LEN_MIN, tcp_b + FA__TCP_LEN_MIN,
               hdr_bytes - b->tcp - FA__TCP_LEN_MIN);
}

/* Give a flow a large buffer. Returns: whether there was one. */
static bool enlarge(struct fa_gso *gso, struct flow *flow, size_t len)
{
    struct fa_buf *old = *flow->place;
    struct fa_buf *large;
    if (fa_buf_alloc(gso->config.pool, FA_BUF_HEADROOM, &large) != FA_OK) {
        return false;
    }
    if (fa_buf_tailroom(large) < 2 * len) {
        fa_buf_drop(large);
        return false;
    }
    fa_copy(fa_buf_append(large, len), fa_buf_at(old), len);
    large->at_ns = old->at_ns;
    *flow->place = large;
    flow->joined = true;
    fa_buf_drop(old);
    return true;
}

/* Append the payload of a segment. Returns: whether it was joined; the frame is still there. */
static bool append(struct fa_gso *gso, struct flow *flow, const struct segment *next)
{
    size_t len = next->len - next->hdr_bytes;
    size_t held = flow->hdr_bytes + flow->gso_bytes;
    if (!flow->joined && !enlarge(gso, flow, held)) {
        return false;
    }
    struct fa_buf *buf = *flow->place;
    if (buf->len + len > fa_min(FA_ETH_HDR_LEN + UINT16_MAX, buf->len + fa_buf_tailroom(buf))) {
        return false;
    }
    fa_copy(fa_buf_append(buf, len), next->at + next->hdr_bytes, len);
    uint8_t *at = fa_buf_at(buf);
    size_t tcp = flow->tcp;
    at[tcp + 13] |= next->at[tcp + 13];
    fa__gso_ip_len_set(at, next->ip6, tcp - FA_ETH_HDR_LEN, buf->len);
    // The field of a checksum that is still to be made holds the sum of the pseudo-header.
    uint64_t pseudo = fa__gso_pseudo(at, next->ip6, buf->len - tcp);
    fa_be16_store(at + tcp + 16, (uint16_t)~fa_csum_fold_fields(pseudo));
    buf->offload = (struct fa_offload){
        .flags = (uint8_t)(FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_CSUM_GOOD |
                           (next->ip6 ? FA_OFFLOAD_TSO6 : FA_OFFLOAD_TSO4)),
        .csum_offset = 16,
        .csum_start = (uint16_t)tcp,
        .gso_bytes = (uint16_t)flow->gso_bytes,
        .hdr_bytes = (uint16_t)flow->hdr_bytes,
    };
    flow->next_seq += (uint32_t)len;
    FA_COUNT(gso->config.counters, netdev_gro_joined);
    return true;
}

static bool ends_flow(const struct segment *segment, size_t gso_bytes)
{
    return (segment->at[segment->tcp + 13] & FA__TCP_PSH) != 0 ||
           segment->len - segment->hdr_bytes != gso_bytes;
}

/* The flow of this frame in the table; `count` if it has none. */
static size_t find_flow(const struct flow *flows, size_t count, const struct segment *segment)
{
    for (size_t i = 0; i < count; i++) {
        if (is_same_flow(fa_buf_at(*flows[i].place), segment, flows[i].tcp)) {
            return i;
        }
    }
    return count;
}

size_t fa__gro_join(struct fa_gso *gso, struct fa_buf **bufs, size_t count)
{
    struct flow flows[FA_GSO_FLOW_MAX];
    size_t flow_count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct fa_buf *buf = bufs[i];
        struct segment segment;
        size_t tcp_only;
        bool good = find_segment(buf, &segment);
        if (!good) {
            // Of a held flow or not: what comes after it must not come before it.
            if (find_tcp(fa_buf_slice(buf), &tcp_only) != 0) {
                flow_count = 0;
            }
            bufs[kept++] = buf;
            continue;
        }
        size_t len = segment.len - segment.hdr_bytes;
        size_t f = find_flow(flows, flow_count, &segment);
        if (f < flow_count) {
            struct flow *flow = &flows[f];
            bool joins = fa_be32_load(segment.at + segment.tcp + 4) == flow->next_seq &&
                         len <= flow->gso_bytes &&
                         is_alike(fa_buf_at(*flow->place), &segment, flow->hdr_bytes) &&
                         append(gso, flow, &segment);
            bool end = !joins || ends_flow(&segment, flow->gso_bytes);
            if (end) {
                flows[f] = flows[--flow_count];
            }
            if (joins) {
                fa_buf_drop(buf);
                continue;
            }
        }
        bufs[kept] = buf;
        if (!ends_flow(&segment, len) && flow_count < FA_GSO_FLOW_MAX) {
            flows[flow_count++] = (struct flow){
                .place = &bufs[kept],
                .tcp = segment.tcp,
                .hdr_bytes = segment.hdr_bytes,
                .gso_bytes = len,
                .next_seq = fa_be32_load(segment.at + segment.tcp + 4) + (uint32_t)len,
            };
        }
        kept++;
    }
    return kept;
}
