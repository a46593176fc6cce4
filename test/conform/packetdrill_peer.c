// SPDX-License-Identifier: ISC
//
// The far side.

#include "test/conform/packetdrill_peer.h"

#include <arpa/inet.h>
#include <string.h>

#include "fa/wire/csum.h"
#include "fa/wire/ip4.h"
#include "fa/wire/ip6.h"
#include "test/t.h"

const struct fa_ip peer_own6 = {{0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, [15] = 1}};
const struct fa_ip peer_peer6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};

void peer_open(struct peer *peer, packetdrill_init_fn init, const char *flags)
{
    *peer = (struct peer){.own_port = OWN_PORT, .next = 1000};
    init(flags, &peer->ifc);
    peer->w = peer->ifc.userdata;
}

void peer_close(struct peer *peer)
{
    peer->ifc.free(peer->w);
}

struct sockaddr_in peer_name(uint32_t ip, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
}

long long peer_now_us(struct peer *peer)
{
    struct timeval now = {0};
    CHECK_EQ(peer->ifc.gettimeofday(peer->w, &now, NULL), 0);
    return (long long)now.tv_sec * 1000000 + now.tv_usec;
}

int peer_int_option(struct peer *peer, int fd, int level, int name)
{
    int value = INT32_MIN;
    socklen_t len = sizeof value;
    CHECK_EQ(peer->ifc.getsockopt(peer->w, fd, level, name, &value, &len), 0);
    CHECK_EQ(len, sizeof value);
    return value;
}

/* ---- packets ---- */

static struct fa_ip_meta meta_of(const struct peer *peer, bool from_peer)
{
    struct fa_ip own = peer->six ? peer_own6 : fa_ip4_ip(PEER_OWN);
    struct fa_ip far = peer->six ? peer_peer6 : fa_ip4_ip(PEER_PEER);
    struct fa_ip_meta meta = {.protocol = 6};
    meta.local = from_peer ? far : own;
    meta.remote = from_peer ? own : far;
    return meta;
}

/* Write the IP header of a segment. Returns: its length. */
static size_t write_ip(const struct peer *peer, uint8_t *at, size_t len)
{
    if (peer->six) {
        struct fa_ip6_header ip = {
            .source = peer_peer6,
            .target = peer_own6,
            .payload_len = (uint16_t)len,
            .next = 6,
            .hop_limit = 64,
        };
        fa_ip6_encode(at, &ip);
        return FA_IP6_HDR_LEN;
    }
    struct fa_ip4_header ip = {
        .source = PEER_PEER,
        .target = PEER_OWN,
        .protocol = 6,
        .ttl = 64,
        .total_len = (uint16_t)(FA_IP4_HDR_LEN + len),
    };
    fa_ip4_encode(at, &ip);
    return FA_IP4_HDR_LEN;
}

void peer_send(struct peer *peer, uint8_t flags, size_t len)
{
    uint8_t packet[PACKET_MAX];
    bool syn = (flags & FA_TCP_SYN) != 0;
    struct fa_ip_meta meta = meta_of(peer, true);
    struct fa_tcp_header tcp = {
        .source_port = PEER_PORT,
        .target_port = peer->own_port,
        .seq = peer->next,
        .ack = (flags & FA_TCP_ACK) != 0 ? peer->got : 0,
        .window = 60000,
        .flags = flags,
        .mss = syn ? 1000 : 0,
        .has_scale = syn,
        .has_ts = peer->has_ts,
        .ts_value = 700,
        .ts_echo = peer->ts_echo,
    };
    size_t hdr_len = fa_tcp_encoded_len(&tcp);
    size_t ip_len = write_ip(peer, packet, hdr_len + len);
    uint8_t *payload = packet + ip_len + hdr_len;
    memset(payload, 'p', len);
    fa_tcp_encode(packet + ip_len, &meta, &tcp, len, fa_csum_add(0, payload, len));
    peer->next += (uint32_t)len + (syn ? 1u : 0u) + ((flags & FA_TCP_FIN) != 0 ? 1u : 0u);
    CHECK_EQ(peer->ifc.netdev_send(peer->w, packet, ip_len + hdr_len + len), 0);
}

/* Judge the IP header. Returns: its length. */
static size_t check_ip(const struct peer *peer, struct fa_slice packet)
{
    if (peer->six) {
        struct fa_ip6_header ip = {0};
        CHECK_EQ(fa_ip6_decode(packet, &ip), FA_IP6_GOOD);
        CHECK_EQ(FA_IP6_HDR_LEN + ip.payload_len, packet.len);
        CHECK(fa_ip_equal(&ip.source, &peer_own6) && fa_ip_equal(&ip.target, &peer_peer6));
        return FA_IP6_HDR_LEN;
    }
    struct fa_ip4_header ip = {0};
    CHECK_EQ(fa_ip4_decode(packet, &ip), FA_IP4_GOOD);
    CHECK_EQ(ip.total_len, packet.len);
    CHECK_EQ(ip.source, PEER_OWN);
    CHECK_EQ(ip.target, PEER_PEER);
    return ip.header_len;
}

const struct seen *peer_expect(struct peer *peer, uint8_t flags, size_t payload_len)
{
    static struct seen seen;
    seen = (struct seen){.len = sizeof seen.packet};
    CHECK_EQ(peer->ifc.netdev_receive(peer->w, seen.packet, &seen.len, &seen.time_us), 0);
    struct fa_slice packet = {seen.packet, seen.len};
    struct fa_ip_meta meta = meta_of(peer, false);
    struct fa_slice segment = fa_slice_from(packet, check_ip(peer, packet));
    CHECK_EQ(fa_tcp_decode(segment, &meta, false, &seen.tcp), FA_TCP_GOOD);
    CHECK_EQ(seen.tcp.target_port, PEER_PORT);
    // A SYN may ask for ECN, and a push is the sender's own affair.
    CHECK_EQ(seen.tcp.flags & ~(unsigned)(FA_TCP_PSH | FA_TCP_ECE | FA_TCP_CWR), flags);
    seen.payload_len = segment.len - seen.tcp.len;
    CHECK_EQ(seen.payload_len, payload_len);
    peer->own_port = seen.tcp.source_port;
    bool syn = (flags & FA_TCP_SYN) != 0;
    peer->got = seen.tcp.seq + (uint32_t)seen.payload_len + (syn ? 1u : 0u) +
                ((flags & FA_TCP_FIN) != 0 ? 1u : 0u);
    peer->ts_echo = seen.tcp.ts_value;
    return &seen;
}

/* ---- beginnings ---- */

int peer_listen(struct peer *peer)
{
    int fd = peer->ifc.socket(peer->w, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    int on = 1;
    struct sockaddr_in name = peer_name(PEER_OWN, OWN_PORT);
    CHECK(fd >= 0);
    CHECK_EQ(peer->ifc.setsockopt(peer->w, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    CHECK_EQ(
        peer->ifc.bind(peer->w, fd, (const struct sockaddr *)(const void *)&name, sizeof name), 0);
    CHECK_EQ(peer->ifc.listen(peer->w, fd, 5), 0);
    return fd;
}

void peer_shake_hands(struct peer *peer)
{
    peer_send(peer, FA_TCP_SYN, 0);
    peer_expect(peer, FA_TCP_SYN | FA_TCP_ACK, 0);
    peer_send(peer, FA_TCP_ACK, 0);
}

int peer_accept(struct peer *peer)
{
    int server = peer_listen(peer);
    struct sockaddr_in name = {0};
    socklen_t len = sizeof name;
    peer_shake_hands(peer);
    int fd = peer->ifc.accept(peer->w, server, (struct sockaddr *)(void *)&name, &len);
    CHECK(fd >= 0);
    CHECK_EQ(len, sizeof name);
    CHECK_EQ(ntohl(name.sin_addr.s_addr), PEER_PEER);
    CHECK_EQ(ntohs(name.sin_port), PEER_PORT);
    return fd;
}
