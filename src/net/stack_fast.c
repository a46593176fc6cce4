// SPDX-License-Identifier: ISC
//
// The usual frame of an established connection, past the layers: what Ethernet, IP and TCP would
// find out about it again was found out for the one before (docs/design/0019-fast-path.md).
//
// A lane remembers it, one table each way. Lanes are a cache: they may be missing, and who fills
// them with others only makes frames go the long way, through every layer, which also refuses what
// is refused here and counts why. A lane holds while routes, addresses and, on the way out, the
// neighbour are what they were.

#include "fa/wire/csum.h"
#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "src/net/stack_priv.h"
#include "src/net/tcp_priv.h"

enum {
    IP4_LEN_OFF = 2, /* bytes from the IP header */
    IP4_CSUM_OFF = 10,
    IP6_LEN_OFF = 4,
    TCP_SEQ_OFF = 4, /* bytes from the TCP header */
    TCP_ACK_OFF = 8,
    TCP_LEN_OFF = 12,
    TCP_FLAGS_OFF = 13,
    TCP_WINDOW_OFF = 14,
    TCP_TS_OFF = 20,
    DONT_FRAGMENT = 0x4000,
    ECN4 = 1, /* the byte of the IP header that has the ECN field */
    ECN6 = 1, /* the same, in its upper half */
    ECN6_SHIFT = 4,
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
    uint32_t total = fa_be16_load(ip + IP4_LEN_OFF);
    bool usual = ip[0] == 0x45 && (fa_be16_load(ip + 6) & ~(unsigned)DONT_FRAGMENT) == 0 &&
                 ip[9] == FA_IP_PROTO_TCP;
    *ret_shape = (struct shape){
        .remote = ip + 12,
        .local = ip + 16,
        .tcp_off = FA_ETH_HDR_LEN + FA_IP4_HDR_LEN,
        .len = total - FA_IP4_HDR_LEN,
        .traffic = ip[ECN4],
    };
    return usual && total >= FA_IP4_HDR_LEN + FA_TCP_HDR_LEN && total + FA_ETH_HDR_LEN <= len &&
           fa_csum_fold(fa_csum_add_short(0, ip, FA_IP4_HDR_LEN)) == 0;
}

/* IPv6 without extension headers. */
static bool find_shape6(const uint8_t *at, size_t len, struct shape *ret_shape)
{
    const uint8_t *ip = at + FA_ETH_HDR_LEN;
    uint32_t payload_len = fa_be16_load(ip + IP6_LEN_OFF);
    *ret_shape = (struct shape){
        .remote = ip + 8 + 12,
        .local = ip + 24 + 12,
        .tcp_off = FA_ETH_HDR_LEN + FA_IP6_HDR_LEN,
        .len = payload_len,
        .traffic = (uint8_t)(fa_be16_load(ip) >> 4),
    };
    return ip[0] >> 4 == 6 && ip[6] == FA_IP_PROTO_TCP && payload_len >= FA_TCP_HDR_LEN &&
           payload_len + FA_ETH_HDR_LEN + FA_IP6_HDR_LEN <= len;
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

static uint32_t load_word(const void *at)
{
    uint32_t word;
    __builtin_memcpy(&word, at, sizeof word);
    return word;
}

/* The lane that a connection's frames may take. No secret: see above. */
static struct fa_stack_lane_in *lane_in(
    struct fa_stack *stack, uint32_t remote, uint32_t local, uint32_t ports)
{
    _Static_assert(FA_STACK_LANE_COUNT == 1 << 6, "the upper 6 bits are taken");
    uint64_t mixed = (uint64_t)remote << 32 ^ local ^ (uint64_t)ports << 16;
    return &stack->lanes_in[mixed * UINT64_C(0x9e3779b97f4a7c15) >> 58];
}

/* Both addresses, for those whose last words were compared already. */
static bool has_addresses(const struct fa_stack_lane_in *lane, const struct shape *shape)
{
    if (shape->tcp_off == FA_ETH_HDR_LEN + FA_IP4_HDR_LEN) {
        return fa_ip_is4(&lane->meta.remote);
    }
    return fa_equal(shape->remote - 12, &lane->meta.remote, sizeof lane->meta.remote) &&
           fa_equal(shape->local - 12, &lane->meta.local, sizeof lane->meta.local);
}

static const struct fa_stack_lane_in *find_lane(
    struct fa_stack *stack, uint32_t iface_idx, const uint8_t *tcp, const struct shape *shape)
{
    uint32_t remote = load_word(shape->remote);
    uint32_t local = load_word(shape->local);
    uint32_t ports = load_word(tcp);
    const struct fa_stack_lane_in *lane = lane_in(stack, remote, local, ports);
    bool holds = lane->generation == stack->path_generation && lane->ports == ports &&
                 lane->meta.iface == iface_idx && load_word(lane->meta.remote.b + 12) == remote &&
                 load_word(lane->meta.local.b + 12) == local && lane->conn->id == lane->conn_id &&
                 lane->conn->hashed;
    return holds && has_addresses(lane, shape) ? lane : NULL;
}

/* What its header says. Returns: false: it has flags or options that are not usual. */
static bool read_header(
    const uint8_t *tcp, const struct shape *shape, struct fa_tcp_header *ret_header)
{
    uint8_t flags = tcp[TCP_FLAGS_OFF];
    uint32_t words = tcp[TCP_LEN_OFF] >> 4;
    bool bare = words == FA_TCP_HDR_LEN / 4;
    bool stamped = words == (FA_TCP_HDR_LEN + FA_TCP_TS_LEN) / 4 && shape->len >= words * 4 &&
                   fa_be32_load(tcp + TCP_TS_OFF) == FA_TCP_TS_USUAL;
    if ((!bare && !stamped) || (flags & ~(unsigned)(FA_TCP_PSH | FA_TCP_FIN)) != FA_TCP_ACK) {
        return false;
    }
    ret_header->source_port = fa_be16_load(tcp);
    ret_header->target_port = fa_be16_load(tcp + 2);
    ret_header->seq = fa_be32_load(tcp + TCP_SEQ_OFF);
    ret_header->ack = fa_be32_load(tcp + TCP_ACK_OFF);
    ret_header->window = fa_be16_load(tcp + TCP_WINDOW_OFF);
    ret_header->mss = 0;
    ret_header->flags = flags;
    ret_header->len = (uint8_t)(words * 4);
    ret_header->has_scale = false;
    ret_header->scale = 0;
    ret_header->sack_ok = false;
    ret_header->has_ts = stamped;
    ret_header->sack_count = 0;
    ret_header->ts_value = 0;
    ret_header->ts_echo = 0;
    if (stamped) {
        ret_header->ts_value = fa_be32_load(tcp + TCP_TS_OFF + 4);
        ret_header->ts_echo = fa_be32_load(tcp + TCP_TS_OFF + 8);
    }
    return true;
}

static bool is_intact(
    const struct fa_stack_lane_in *lane, const struct fa_buf *buf, const uint8_t *tcp, uint32_t len)
{
    if ((buf->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0) {
        return true;
    }
    uint64_t sum = fa_csum_plus_field(lane->sum, (uint16_t)len);
    return fa_csum_fold(fa_csum_add(sum, tcp, len)) == 0;
}

bool fa__stack_fast_input(
    struct fa_stack *stack, fa_ns now, uint32_t iface_idx, struct fa_buf *take)
{
    struct fa__tcp_segment seg;
    struct shape shape;
    if (!find_shape(&stack->ifaces[iface_idx], take, &shape)) {
        return false;
    }
    const uint8_t *tcp = fa_buf_at(take) + shape.tcp_off;
    const struct fa_stack_lane_in *lane = find_lane(stack, iface_idx, tcp, &shape);
    if (lane == NULL || (shape.traffic & FA_IP_ECN_MASK) == FA_IP_ECN_CE ||
        !read_header(tcp, &shape, &seg.header) || !is_intact(lane, take, tcp, shape.len)) {
        return false;
    }
    FA_COUNT(stack->counters, net_rx_frames);
    FA_COUNT(stack->counters, tcp_fast_rx);
    if (shape.tcp_off == FA_ETH_HDR_LEN + FA_IP4_HDR_LEN) {
        FA_COUNT(stack->counters, ip4_rx_packets);
        FA_TRACE(ip4_rx, now, iface_idx, fa_be32_load(shape.remote), fa_be32_load(shape.local),
            FA_IP_PROTO_TCP, shape.len + FA_IP4_HDR_LEN);
    } else {
        FA_COUNT(stack->counters, ip6_rx_packets);
        FA_TRACE(ip6_rx, now, iface_idx, fa__ip_half(&lane->meta.remote, 0),
            fa__ip_half(&lane->meta.remote, 8), fa__ip_half(&lane->meta.local, 0),
            fa__ip_half(&lane->meta.local, 8), FA_IP_PROTO_TCP, shape.len);
    }
    fa_buf_trim(take, shape.tcp_off + shape.len);
    fa_buf_pull(take, shape.tcp_off + seg.header.len);
    seg.meta = &lane->meta;
    seg.buf = take;
    fa__tcp_input_known(lane->conn, now, &seg);
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
        bool four = shape.tcp_off == FA_ETH_HDR_LEN + FA_IP4_HDR_LEN;
        struct fa__tcp_tuple tuple = {
            .local_port = fa_be16_load(tcp + 2),
            .remote_port = fa_be16_load(tcp),
        };
        if (four) {
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

void fa__stack_fast_learn(struct fa_stack *stack, const struct fa_ip_meta *meta)
{
    struct fa_tcp_conn *conn = stack->tcp.last;
    if (conn == NULL || conn->state != FA_TCP_ESTABLISHED || conn->long_way ||
        !fa_ip_equal(&conn->tuple.remote, &meta->remote) ||
        !fa_ip_equal(&conn->tuple.local, &meta->local)) {
        return;
    }
    uint8_t bytes[4];
    fa_be16_store(bytes, conn->tuple.remote_port);
    fa_be16_store(bytes + 2, conn->tuple.local_port);
    uint32_t ports = load_word(bytes);
    struct fa_stack_lane_in *lane =
        lane_in(stack, load_word(meta->remote.b + 12), load_word(meta->local.b + 12), ports);
    if (lane->conn != conn || lane->conn_id != conn->id) {
        lane->conn = conn; // the second time it is worth the rest
        lane->conn_id = conn->id;
        lane->generation = stack->path_generation - 1;
        return;
    }
    *lane = (struct fa_stack_lane_in){
        .conn = conn,
        .conn_id = conn->id,
        .generation = stack->path_generation,
        .ports = ports,
        .sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_TCP, 0),
        .meta = *meta,
    };
    lane->meta.traffic = 0;
}

/* ---- out ---- */

/* Write the headers that the connection's frames have in common, and their sums. */
static void build(struct fa_stack *stack, const struct fa_tcp_conn *conn,
    const struct fa_ip_meta *meta, const struct fa_stack_path *path,
    struct fa_stack_lane_out *ret_lane)
{
    bool four = fa_ip_is4(&meta->remote);
    uint32_t ip_len = four ? FA_IP4_HDR_LEN : FA_IP6_HDR_LEN;
    const struct fa_tcp_header header = {
        .source_port = conn->tuple.local_port,
        .target_port = conn->tuple.remote_port,
        .flags = FA_TCP_ACK,
        .has_ts = conn->ts_ok,
    };
    uint32_t tcp_len = (uint32_t)fa_tcp_encoded_len(&header);
    *ret_lane = (struct fa_stack_lane_out){
        .conn = conn,
        .ttl = conn->ttl,
        .traffic = conn->traffic,
        .neigh = path->neigh,
        .until_ns = path->until_ns,
        .conn_id = conn->id,
        .generation = path->generation,
        .neigh_generation = path->neigh_generation,
        .iface = path->iface,
        .len = (uint8_t)(FA_ETH_HDR_LEN + ip_len + tcp_len),
        .ip_len = (uint8_t)ip_len,
    };
    uint8_t *tcp = ret_lane->frame + sizeof ret_lane->frame - tcp_len;
    uint8_t *ip = tcp - ip_len;
    fa_copy(ip - FA_ETH_HDR_LEN, path->eth, FA_ETH_HDR_LEN);
    fa_tcp_encode(tcp, meta, &header, 0, 0);
    fa_be16_store(tcp + FA_TCP_CSUM_OFF, 0);
    uint64_t sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_TCP, 0);
    ret_lane->pseudo_sum = (uint32_t)fa_csum_as_fields(sum);
    ret_lane->tcp_sum = (uint32_t)fa_csum_as_fields(fa_csum_add_short(sum, tcp, tcp_len));
    fa__stack_ip_write(stack, path->iface, meta, (struct fa_slice){tcp, tcp_len}, ip);
    fa_be16_store(ip + (four ? IP4_LEN_OFF : IP6_LEN_OFF), 0);
    if (four) {
        fa_be16_store(ip + IP4_CSUM_OFF, 0);
        ret_lane->ip_sum = (uint32_t)fa_csum_as_fields(fa_csum_add_short(0, ip, ip_len));
    }
}

/* The lane of a connection, made on the second occasion. NULL: the long way. */
static const struct fa_stack_lane_out *lane_out(
    struct fa_stack *stack, fa_ns now, const struct fa_tcp_conn *conn)
{
    struct fa_stack_lane_out *lane =
        &stack->lanes_out[(uintptr_t)conn / FA_TCP_CONN_BYTES % FA_STACK_LANE_COUNT];
    if (lane->conn != conn || lane->conn_id != conn->id) {
        *lane = (struct fa_stack_lane_out){.conn = conn, .conn_id = conn->id};
        return NULL;
    }
    if (lane->generation == stack->path_generation && now < lane->until_ns &&
        lane->neigh_generation == lane->neigh->generation && lane->ttl == conn->ttl &&
        lane->traffic == conn->traffic) {
        return lane;
    }
    const struct fa_ip_meta meta = {
        .local = conn->tuple.local,
        .remote = conn->tuple.remote,
        .protocol = FA_IP_PROTO_TCP,
        .ttl = conn->ttl,
        .traffic = conn->traffic,
        .dont_fragment = true,
    };
    const struct fa_stack_path *path = fa__stack_path_find(stack, now, &meta);
    if (path == NULL) {
        return NULL;
    }
    build(stack, conn, &meta, path, lane);
    return lane;
}

/* Push the headers and write what differs. */
static void write_headers(const struct fa_stack_lane_out *lane, const struct fa__tcp_out *out,
    bool ect, struct fa_buf *buf)
{
    uint32_t payload_len = buf->len;
    uint8_t *at = fa_buf_push(buf, lane->len);
    fa_copy(at + lane->len - sizeof lane->frame, lane->frame, sizeof lane->frame);
    uint8_t *ip = at + FA_ETH_HDR_LEN;
    uint8_t *tcp = ip + lane->ip_len;
    uint32_t len = lane->len - (uint32_t)FA_ETH_HDR_LEN - lane->ip_len + payload_len;
    if (lane->ip_len == FA_IP4_HDR_LEN) {
        uint32_t total = FA_IP4_HDR_LEN + len;
        uint32_t ecn = ect ? (unsigned)FA_IP_ECN_ECT0 : 0u;
        fa_be16_store(ip + IP4_LEN_OFF, (uint16_t)total);
        ip[ECN4] = (uint8_t)(ip[ECN4] | ecn);
        fa_be16_store(ip + IP4_CSUM_OFF, fa_csum_fold_fields((uint64_t)lane->ip_sum + total + ecn));
    } else {
        fa_be16_store(ip + IP6_LEN_OFF, (uint16_t)len);
        ip[ECN6] = (uint8_t)(ip[ECN6] | (ect ? (unsigned)FA_IP_ECN_ECT0 << ECN6_SHIFT : 0u));
    }
    fa_be32_store(tcp + TCP_SEQ_OFF, out->seq);
    fa_be32_store(tcp + TCP_ACK_OFF, out->ack);
    tcp[TCP_FLAGS_OFF] = out->flags;
    fa_be16_store(tcp + TCP_WINDOW_OFF, out->window);
    uint64_t sum = (uint64_t)lane->tcp_sum + len + out->seq + out->ack + out->window +
                   (out->flags & ~(unsigned)FA_TCP_ACK) + fa_csum_as_fields(out->sum);
    if (lane->len - FA_ETH_HDR_LEN - lane->ip_len != FA_TCP_HDR_LEN) {
        fa_be32_store(tcp + TCP_TS_OFF + 4, out->ts_value);
        fa_be32_store(tcp + TCP_TS_OFF + 8, out->ts_echo);
        sum += (uint64_t)out->ts_value + out->ts_echo;
    }
    if (!out->undone) {
        fa_be16_store(tcp + FA_TCP_CSUM_OFF, fa_csum_fold_fields(sum));
        return;
    }
    bool super = payload_len > out->mss;
    uint8_t tso = lane->ip_len == FA_IP4_HDR_LEN ? FA_OFFLOAD_TSO4 : FA_OFFLOAD_TSO6;
    uint16_t pseudo = (uint16_t)~fa_csum_fold_fields((uint64_t)lane->pseudo_sum + len);
    fa_be16_store(tcp + FA_TCP_CSUM_OFF, pseudo);
    buf->offload = (struct fa_offload){
        .flags = (uint8_t)(FA_OFFLOAD_CSUM_NEEDED | (super ? tso : 0)),
        .csum_offset = FA_TCP_CSUM_OFF,
        .csum_start = (uint16_t)(FA_ETH_HDR_LEN + lane->ip_len),
        .gso_bytes = (uint16_t)(super ? out->mss : 0),
        .hdr_bytes = (uint16_t)(super ? lane->len : 0),
    };
}

/* Returns: whether the next segment was sent. */
static bool send_next(struct fa_stack *stack, fa_ns now)
{
    struct fa_tcp_conn *conn = fa__tcp_fast_next(&stack->tcp);
    const struct fa_stack_lane_out *lane = conn != NULL ? lane_out(stack, now, conn) : NULL;
    if (lane == NULL) {
        return false;
    }
    struct fa_iface *iface = &stack->ifaces[lane->iface];
    struct fa_netdev *dev = iface->config.dev;
    struct fa__tcp_out out;
    struct fa_buf *buf;
    uint32_t mtu_bytes = fa__iface_mtu(iface, &conn->tuple.remote);
    if (conn->mss + lane->len - (uint32_t)FA_ETH_HDR_LEN > mtu_bytes ||
        fa_netdev_tx_reserve(dev, &buf) != FA_OK) {
        return false;
    }
    buf->offload.flags = dev->info.tx_offload;
    if (!fa__tcp_fast_output(conn, now, buf, &out)) {
        fa_buf_drop(buf);
        return false;
    }
    write_headers(lane, &out, conn->ecn_ok && buf->len != 0, buf);
    FA_COUNT(stack->counters, ip_tx_packets);
    FA_COUNT(stack->counters, tcp_fast_tx);
    if (FA_TRACE_ON(ip4_tx)) {
        uint8_t *ip = fa_buf_at(buf) + FA_ETH_HDR_LEN;
        fa__stack_trace_tx(now, lane->iface, ip, buf->len - FA_ETH_HDR_LEN);
    }
    fa__stack_commit(stack, now, iface, buf);
    return true;
}

uint32_t fa__stack_fast_send(struct fa_stack *stack, fa_ns now, uint32_t count_max)
{
    uint32_t count = 0;
    while (count < count_max && send_next(stack, now)) {
        count++;
    }
    return count;
}
