// SPDX-License-Identifier: ISC
//
// TCP's frames past the layers: what Ethernet and IP would find out about them again was found out
// for the ones before between the same addresses (docs/design/0019-fast-path.md).
//
// It stands in the tables of stack_path.c, which are caches: an entry may be missing, and who fills
// them with others only makes frames go the long way, through every layer, which also refuses what
// is refused here and counts why.

#include "fa/wire/csum.h"
#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "src/net/stack_priv.h"
#include "src/net/tcp_priv.h"

enum {
    DONT_FRAGMENT = 0x4000,
    TRAFFIC_OFF = 1, /* IPv4: bytes from the header */
    TRAFFIC6_SHIFT = 20,
    PROTOCOL_OFF = 9,
};

/* ---- in ---- */

/* Where in a frame the parts of a TCP segment are. */
struct shape {
    const uint8_t *remote; /* the last 4 bytes of each address */
    const uint8_t *local;
    uint32_t tcp_off; /* bytes */
    uint32_t len;     /* bytes of the TCP header and what follows it */
    uint8_t traffic;
};

/* IPv4 without options, whole, intact. */
static bool find_shape4(const uint8_t *at, size_t len, struct shape *ret_shape)
{
    const uint8_t *ip = at + FA_ETH_HDR_LEN;
    uint32_t total = fa_be16_load(ip + FA_IP4_LEN_OFF);
    bool usual = ip[0] == 0x45 && (fa_be16_load(ip + 6) & ~(unsigned)DONT_FRAGMENT) == 0 &&
                 ip[PROTOCOL_OFF] == FA_IP_PROTO_TCP;
    *ret_shape = (struct shape){
        .remote = ip + 12,
        .local = ip + 16,
        .tcp_off = FA_ETH_HDR_LEN + FA_IP4_HDR_LEN,
        .len = total - FA_IP4_HDR_LEN,
        .traffic = ip[TRAFFIC_OFF],
    };
    return usual && total >= FA_IP4_HDR_LEN + FA_TCP_HDR_LEN && total + FA_ETH_HDR_LEN <= len &&
           fa_csum_fold(fa_csum_add_short(0, ip, FA_IP4_HDR_LEN)) == 0;
}

/* IPv6 without extension headers. */
static bool find_shape6(const uint8_t *at, size_t len, struct shape *ret_shape)
{
    const uint8_t *ip = at + FA_ETH_HDR_LEN;
    uint32_t payload_len = fa_be16_load(ip + FA_IP6_LEN_OFF);
    *ret_shape = (struct shape){
        .remote = ip + 8 + 12,
        .local = ip + 24 + 12,
        .tcp_off = FA_ETH_HDR_LEN + FA_IP6_HDR_LEN,
        .len = payload_len,
        .traffic = (uint8_t)(fa_be16_load(ip) >> 4),
    };
    return ip[0] >> 4 == 6 && ip[FA_IP6_NEXT_OFF] == FA_IP_PROTO_TCP &&
           payload_len >= FA_TCP_HDR_LEN && payload_len + FA_ETH_HDR_LEN + FA_IP6_HDR_LEN <= len;
}

static bool find_shape(
    const struct fa_iface *iface, const struct fa_buf *buf, struct shape *ret_shape)
{
    struct fa_slice frame = fa_buf_slice(buf);
    if (frame.len < FA_ETH_HDR_LEN + FA_IP4_HDR_LEN + FA_TCP_HDR_LEN ||
        !fa_mac_equal(frame.at, iface->config.dev->info.mac) ||
        fa_mac_is_group(frame.at + FA_MAC_LEN) ||
        fa_mac_equal(frame.at + FA_MAC_LEN, fa_mac_zero)) {
        return false;
    }
    uint16_t type = fa_be16_load(frame.at + 2 * FA_MAC_LEN);
    return type == FA_ETH_TYPE_IP4   ? find_shape4(frame.at, frame.len, ret_shape)
           : type == FA_ETH_TYPE_IP6 ? find_shape6(frame.at, frame.len, ret_shape)
                                     : false;
}

static bool is_four(const struct shape *shape)
{
    return shape->tcp_off == FA_ETH_HDR_LEN + FA_IP4_HDR_LEN;
}

static void trace_rx(fa_ns now, uint32_t iface_idx, const struct shape *shape,
    const struct fa_ip *remote, const struct fa_ip *local)
{
    if (is_four(shape)) {
        FA_TRACE(ip4_rx, now, iface_idx, fa_ip4_of(remote), fa_ip4_of(local), FA_IP_PROTO_TCP,
            shape->len + FA_IP4_HDR_LEN);
    } else {
        FA_TRACE(ip6_rx, now, iface_idx, fa__ip_half(remote, 0), fa__ip_half(remote, 8),
            fa__ip_half(local, 0), fa__ip_half(local, 8), FA_IP_PROTO_TCP, shape->len);
    }
}

/* What is known of the frame's addresses, which are compared where they lie; NULL: nothing. */
static struct fa_stack_pair *find_pair(
    struct fa_stack *stack, uint32_t iface_idx, const struct shape *shape)
{
    uint32_t remote = fa__ip_tail(shape->remote);
    uint32_t local = fa__ip_tail(shape->local);
    struct fa_stack_pair *pair = &stack->pairs[fa__stack_path_place(local, remote)];
    const struct fa_ip_meta *meta = &pair->meta;
    bool alike = pair->generation == stack->path_generation && meta->iface == iface_idx &&
                 fa__ip_tail(meta->remote.b + 12) == remote &&
                 fa__ip_tail(meta->local.b + 12) == local;
    bool same = is_four(shape) ? fa_ip_is4(&meta->remote)
                               : fa_equal(shape->remote - 12, &meta->remote, sizeof meta->remote) &&
                                     fa_equal(shape->local - 12, &meta->local, sizeof meta->local);
    return alike && same ? pair : NULL;
}

bool fa__stack_fast_input(
    struct fa_stack *stack, fa_ns now, uint32_t iface_idx, struct fa_buf *take)
{
    struct fa__tcp_segment seg;
    struct shape shape;
    if (!fa__tcp_uses(&stack->tcp, FA_TCP_FAST_PATH) ||
        !find_shape(&stack->ifaces[iface_idx], take, &shape)) {
        return false;
    }
    struct fa_stack_pair *pair = find_pair(stack, iface_idx, &shape);
    if (pair == NULL || (shape.traffic & FA_IP_ECN_MASK) == FA_IP_ECN_CE) {
        return false;
    }
    const struct fa_slice bytes = {fa_buf_at(take) + shape.tcp_off, shape.len};
    bool csum_good = (take->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0;
    if (fa_tcp_decode_summed(bytes, pair->sum, csum_good, &seg.header) != FA_TCP_GOOD) {
        return false;
    }
    FA_COUNT(stack->counters, net_rx_frames);
    FA_COUNT(stack->counters, tcp_fast_rx);
    if (is_four(&shape)) {
        FA_COUNT(stack->counters, ip4_rx_packets);
    } else {
        FA_COUNT(stack->counters, ip6_rx_packets);
    }
    if (FA_TRACE_ON(ip4_rx)) {
        trace_rx(now, iface_idx, &shape, &pair->meta.remote, &pair->meta.local);
    }
    if ((seg.header.flags & FA_TCP_SYN) != 0) {
        uint16_t link = fa__iface_mtu(&stack->ifaces[iface_idx], &pair->meta.remote);
        pair->meta.mtu_bytes = fa_pmtu_of(&stack->pmtu, now, &pair->meta.remote, link);
    }
    fa_buf_trim(take, shape.tcp_off + shape.len);
    fa_buf_pull(take, shape.tcp_off);
    seg.meta = &pair->meta;
    seg.buf = take;
    fa__tcp_input_read(&stack->tcp, now, &seg);
    return true;
}

void fa__stack_fast_expect(
    struct fa_stack *stack, uint32_t iface_idx, struct fa_buf *const *frames, size_t count)
{
    uint32_t hashes[FA_NETDEV_BURST_MAX];
    struct shape shape;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (!find_shape(&stack->ifaces[iface_idx], frames[i], &shape)) {
            continue;
        }
        const uint8_t *tcp = fa_buf_at(frames[i]) + shape.tcp_off;
        struct fa__tcp_tuple tuple = {
            .local_port = fa_be16_load(tcp + 2),
            .remote_port = fa_be16_load(tcp),
        };
        if (is_four(&shape)) {
            tuple.local = fa_ip_from4(shape.local);
            tuple.remote = fa_ip_from4(shape.remote);
        } else {
            fa_copy(&tuple.local, shape.local - 12, sizeof tuple.local);
            fa_copy(&tuple.remote, shape.remote - 12, sizeof tuple.remote);
        }
        hashes[found++] = fa__tcp_expect(&stack->tcp, &tuple);
    }
    for (size_t i = 0; i < found; i++) {
        fa__tcp_expect_more(&stack->tcp, hashes[i]);
    }
}

/* ---- out ---- */

/* What a packet's IP header has of its own. */
struct ip_fields {
    uint32_t len; /* bytes of the TCP header and what follows it */
    uint8_t traffic;
    uint8_t ttl;    /* 0: the usual one */
    uint32_t ports; /* as they stand in the packet */
};

/* Write the Ethernet and the IP header in front of `tcp`; in what comes before them there is
 * room. */
[[gnu::always_inline]] static inline void write_ip(const struct fa_stack *stack,
    const struct fa_stack_path *path, const struct ip_fields *fields, uint8_t *tcp)
{
    uint8_t *ip = tcp - path->ip_len;
    uint8_t ttl = fields->ttl != 0 ? fields->ttl : path->hop_limit;
    fa_copy(tcp - sizeof path->frame, path->frame, sizeof path->frame);
    if (path->ip_len == FA_IP4_HDR_LEN) {
        uint32_t total = FA_IP4_HDR_LEN + fields->len;
        uint64_t sum = (uint64_t)path->ip_sum + total + fields->traffic + ((uint32_t)ttl << 8);
        ip[TRAFFIC_OFF] = fields->traffic;
        fa_be16_store(ip + FA_IP4_LEN_OFF, (uint16_t)total);
        ip[FA_IP4_TTL_OFF] = ttl;
        fa_be16_store(ip + FA_IP4_CSUM_OFF, fa_csum_fold_fields(sum));
    } else {
        uint32_t label = fa__stack_flow_label(stack, path->flow, fields->ports);
        uint32_t first = UINT32_C(6) << 28 | (uint32_t)fields->traffic << TRAFFIC6_SHIFT | label;
        fa_be32_store(ip, first);
        fa_be16_store(ip + FA_IP6_LEN_OFF, (uint16_t)fields->len);
        ip[FA_IP6_HOP_LIMIT_OFF] = ttl;
    }
}

bool fa__stack_fast_push(struct fa_stack *stack, const struct fa_stack_path *path,
    const struct fa_ip_meta *meta, struct fa_buf *buf)
{
    if (meta->protocol != FA_IP_PROTO_TCP || !meta->dont_fragment ||
        !fa__tcp_uses(&stack->tcp, FA_TCP_FAST_PATH)) {
        return false;
    }
    FA_ASSERT(fa_buf_headroom(buf) >= sizeof path->frame);
    uint8_t *tcp = fa_buf_at(buf);
    uint16_t headers = FA_ETH_HDR_LEN + path->ip_len;
    write_ip(stack, path,
        &(struct ip_fields){buf->len, meta->traffic, meta->ttl, fa_be32_load(tcp)}, tcp);
    (void)fa_buf_push(buf, headers);
    if (buf->offload.flags != 0) {
        buf->offload.csum_start = (uint16_t)(buf->offload.csum_start + headers);
        buf->offload.hdr_bytes = (uint16_t)(buf->offload.hdr_bytes + headers);
    }
    return true;
}

/* The TCP header of a usual segment, and its sum. */
static void write_tcp(const struct fa_stack_path *path, const struct fa_tcp_conn *conn,
    const struct fa__tcp_out *out, uint32_t len, uint8_t *tcp)
{
    uint32_t words = FA_TCP_HDR_LEN / 4 + (out->has_ts ? FA_TCP_TS_LEN / 4 : 0u);
    uint32_t offset_flags = words << 12 | out->flags;
    uint64_t sum = (uint64_t)path->pseudo_sum + len + conn->tuple.local_port +
                   conn->tuple.remote_port + out->seq + out->ack + offset_flags + out->window +
                   fa_csum_as_fields(out->sum);
    fa_be16_store(tcp, conn->tuple.local_port);
    fa_be16_store(tcp + 2, conn->tuple.remote_port);
    fa_be32_store(tcp + 4, out->seq);
    fa_be32_store(tcp + 8, out->ack);
    fa_be16_store(tcp + 12, (uint16_t)offset_flags);
    fa_be16_store(tcp + 14, out->window);
    fa_be16_store(tcp + 18, 0);
    if (out->has_ts) {
        fa_be32_store(tcp + FA_TCP_HDR_LEN, FA_TCP_TS_USUAL);
        fa_be32_store(tcp + FA_TCP_HDR_LEN + 4, out->ts_value);
        fa_be32_store(tcp + FA_TCP_HDR_LEN + 8, out->ts_echo);
        sum += (uint64_t)FA_TCP_TS_USUAL + out->ts_value + out->ts_echo;
    }
    fa_be16_store(tcp + FA_TCP_CSUM_OFF,
        !out->undone ? fa_csum_fold_fields(sum)
                     : (uint16_t)~fa_csum_fold_fields((uint64_t)path->pseudo_sum + len));
}

/* Push the headers of a usual segment in front of its payload. */
static void write_headers(const struct fa_stack *stack, const struct fa_stack_path *path,
    const struct fa_tcp_conn *conn, const struct fa__tcp_out *out, struct fa_buf *buf)
{
    bool super = buf->len > out->mss;
    bool ect = conn->ecn_ok && buf->len != 0;
    uint32_t tcp_len = FA_TCP_HDR_LEN + (out->has_ts ? (unsigned)FA_TCP_TS_LEN : 0u);
    uint32_t len = tcp_len + buf->len;
    uint8_t *tcp = fa_buf_push(buf, tcp_len);
    FA_ASSERT(fa_buf_headroom(buf) >= sizeof path->frame);
    write_tcp(path, conn, out, len, tcp);
    const struct ip_fields fields = {
        .len = len,
        .traffic = (uint8_t)(conn->traffic | (ect ? (unsigned)FA_IP_ECN_ECT0 : 0u)),
        .ttl = conn->ttl,
        .ports = (uint32_t)conn->tuple.local_port << 16 | conn->tuple.remote_port,
    };
    write_ip(stack, path, &fields, tcp);
    uint32_t lower_len = (uint32_t)FA_ETH_HDR_LEN + path->ip_len;
    (void)fa_buf_push(buf, lower_len);
    if (!out->undone) {
        return;
    }
    uint8_t tso = path->ip_len == FA_IP4_HDR_LEN ? FA_OFFLOAD_TSO4 : FA_OFFLOAD_TSO6;
    buf->offload = (struct fa_offload){
        .flags = (uint8_t)(FA_OFFLOAD_CSUM_NEEDED | (super ? tso : 0)),
        .csum_offset = FA_TCP_CSUM_OFF,
        .csum_start = (uint16_t)lower_len,
        .gso_bytes = (uint16_t)(super ? out->mss : 0),
        .hdr_bytes = (uint16_t)(super ? lower_len + tcp_len : 0),
    };
}

bool fa__stack_fast_send(struct fa_stack *stack, fa_ns now)
{
    struct fa_tcp_conn *conn = fa__tcp_fast_next(&stack->tcp);
    if (conn == NULL) {
        return false;
    }
    const struct fa_stack_path *path =
        fa__stack_path_between(stack, now, &conn->tuple.local, &conn->tuple.remote);
    if (path == NULL) {
        return false;
    }
    struct fa_iface *iface = &stack->ifaces[path->iface];
    struct fa_netdev *dev = iface->config.dev;
    struct fa__tcp_out out;
    struct fa_buf *buf;
    uint32_t options_len = conn->ts_ok ? FA_TCP_TS_LEN : 0;
    uint32_t largest = conn->mss + options_len + (uint32_t)FA_TCP_HDR_LEN + path->ip_len;
    if (largest > fa__iface_mtu(iface, &conn->tuple.remote) ||
        fa_netdev_tx_reserve(dev, &buf) != FA_OK) {
        return false;
    }
    buf->offload.flags = dev->info.tx_offload;
    if (!fa__tcp_fast_output(conn, now, buf, &out)) {
        fa_buf_drop(buf);
        return false;
    }
    write_headers(stack, path, conn, &out, buf);
    FA_COUNT(stack->counters, tcp_fast_tx);
    fa__stack_note_tx(stack, now, path, buf);
    fa__stack_commit(stack, now, iface, buf);
    return true;
}
