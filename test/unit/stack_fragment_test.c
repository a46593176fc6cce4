// SPDX-License-Identifier: ISC
//
// Packets longer than the wire takes, from stack to stack and from a peer that cuts its own.

#include "fa/fragment.h"
#include "fa/wire/csum.h"
#include "fa/wire/icmp.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"
#include "fa/wire/udp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

enum { LONG_LEN = 20000 };

static uint8_t payload[LONG_LEN];
static const struct fa_ip any;

/* A world where a and b know each other, and a socket of each. */
static struct fa_udp_socket at_a;
static struct fa_udp_socket at_b;

static void begin(void)
{
    world_open();
    REQUIRE(world_bind(&world.a, &at_a, 1) == FA_OK);
    REQUIRE(world_bind(&world.b, &at_b, 7) == FA_OK);
    at_a.config.pool = &world.a.large;
    struct fa_endpoint to = world_at(WORLD_B, 7);
    CHECK_EQ(fa_udp_send(&at_a, FA_LIT("hello"), &any, &to), FA_OK);
    world_settle();
    CHECK(world_recv(&at_b, "hello", NULL));
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 13 + i / 256);
    }
    world_sniff_nothing();
}

static void end(void)
{
    fa_udp_close(&at_a);
    fa_udp_close(&at_b);
    world_close();
}

static bool received(size_t len)
{
    struct fa_buf *buf;
    struct fa_udp_from from;
    if (fa_udp_recv(&at_b, &buf, &from) != FA_OK) {
        return false;
    }
    bool same = buf->len == len && fa_equal(fa_buf_slice(buf).at, payload, len);
    fa_buf_drop(buf);
    return same;
}

static void send_long(size_t len)
{
    struct fa_endpoint to = world_at(WORLD_B, 7);
    CHECK_EQ(fa_udp_send(&at_a, (struct fa_slice){payload, len}, &any, &to), FA_OK);
}

T(a_datagram_longer_than_the_wire_takes_arrives_whole)
{
    begin();
    send_long(1472);
    world_settle();
    CHECK(received(1472));
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragmented), 0);
    send_long(1473);
    world_settle();
    CHECK(received(1473));
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragmented), 1);
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragments), 2);
    send_long(LONG_LEN);
    send_long(LONG_LEN);
    world_settle();
    CHECK(received(LONG_LEN));
    CHECK(received(LONG_LEN));
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragments), 2 + 14 + 14);
    CHECK_EQ(COUNTED(&world.b, ip4_rx_fragments), 2 + 14 + 14);
    CHECK_EQ(COUNTED(&world.b, reass_done), 3);
    end();
}

/* A's card, but it lends no more than `left` buffers. */
static struct {
    struct fa_netdev dev;
    int left;
} narrow;

static fa_err narrow_reserve(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    (void)dev;
    return narrow.left-- > 0 ? fa_netdev_tx_reserve(world.a.dev, ret_buf) : FA_AGAIN;
}

static size_t narrow_rx(struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count)
{
    (void)dev;
    return fa_netdev_rx(world.a.dev, now, ret_bufs, count);
}

static void narrow_commit(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    (void)dev;
    fa_netdev_tx_commit(world.a.dev, now, take);
}

static void narrow_flush(struct fa_netdev *dev, fa_ns now)
{
    (void)dev;
    fa_netdev_tx_flush(world.a.dev, now);
}

static fa_ns narrow_deadline(const struct fa_netdev *dev)
{
    (void)dev;
    return fa_netdev_deadline(world.a.dev);
}

static const struct fa_netdev_ops narrow_ops = {.rx = narrow_rx,
    .tx_reserve = narrow_reserve,
    .tx_commit = narrow_commit,
    .tx_flush = narrow_flush,
    .deadline = narrow_deadline,
    .close = NULL};

/* Send a long datagram over a card that takes three of its pieces. */
static void send_with_little_room(void)
{
    narrow.dev = (struct fa_netdev){.ops = &narrow_ops, .info = world.a.dev->info};
    narrow.left = 4; // one of them for the question whether UDP may speak
    world.a.stack.ifaces[0].config.dev = &narrow.dev;
    send_long(LONG_LEN);
    CHECK(fa_stack_poll(&world.a.stack, world.now));
    CHECK(fa_fragment_is_busy(&world.a.stack.fragment));
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragments), 3);
    CHECK_EQ(fa_stack_deadline(&world.a.stack), world.now + FA_STACK_RETRY_NS);
}

static void give_room(void)
{
    world.a.stack.ifaces[0].config.dev = world.a.dev;
}

T(pieces_wait_for_a_device_that_has_no_room)
{
    begin();
    send_with_little_room();
    CHECK(!received(LONG_LEN));
    give_room();
    world_run(10 * FA_STACK_RETRY_NS);
    CHECK(received(LONG_LEN));
    end();
}

T(what_must_not_be_cut_is_dropped)
{
    begin();
    at_a.config.dont_fragment = true;
    send_long(1473);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip_tx_too_big), 1);
    CHECK_EQ(COUNTED(&world.b, ip4_rx_fragments), 0);
    end();
}

T(pieces_without_a_way_any_more_are_given_up)
{
    begin();
    send_with_little_room();
    world.a.stack.ifaces[0].addrs.count = 0;
    give_room();
    world_run(2 * FA_STACK_RETRY_NS);
    CHECK(!fa_fragment_is_busy(&world.a.stack.fragment));
    CHECK_EQ(COUNTED(&world.a, ip_tx_no_route), 1);
    world.a.stack.ifaces[0].addrs.count = 1;
    end();
}

/* Send a message of M to A in pieces of `piece_len` bytes; the last `omit` pieces stay away. */
static void inject_pieces(uint8_t protocol, struct fa_slice message, size_t piece_len, int omit)
{
    for (size_t off = 0; off < message.len; off += piece_len) {
        struct fa_slice piece = fa_slice_from(message, off);
        piece.len = fa_min(piece.len, piece_len);
        bool more = off + piece.len < message.len;
        struct fa_ip4_header ip = {
            .source = WORLD_M,
            .target = WORLD_A,
            .protocol = protocol,
            .id = 77,
            .fragment_off = (uint16_t)off,
            .more_fragments = more,
        };
        if (more || omit == 0) {
            world_inject(world_mac(&world.a), &ip, piece, 0);
        }
    }
    world_settle();
}

/* The ARP reply that tells A who M is. */
static void introduce(void)
{
    struct fa_arp_packet packet = {
        .op = FA_ARP_OP_REQUEST, .sender_ip = WORLD_M, .target_ip = WORLD_A};
    uint8_t bytes[FA_ARP_PACKET_LEN];
    fa_copy(packet.sender_mac, world.m.dev->info.mac, FA_MAC_LEN);
    fa_arp_packet_encode(bytes, &packet);
    world_inject_frame(
        world_mac(&world.a), FA_ETH_TYPE_ARP, (struct fa_slice){bytes, sizeof bytes});
    world_settle();
    world_sniff_nothing();
}

/* The next ICMP message that M hears, put together; its length, 0: none. */
static size_t hear_icmp(struct fa_icmp_header *ret_header, uint8_t *target, size_t cap)
{
    size_t len = 0;
    for (struct fa_buf *buf; (buf = world_sniff()) != NULL; fa_buf_drop(buf)) {
        struct fa_ip4_header ip;
        struct fa_slice packet = fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN);
        if (fa_ip4_decode(packet, &ip) == FA_IP4_GOOD && ip.protocol == FA_IP_PROTO_ICMP) {
            struct fa_slice piece = fa_slice_from(packet, FA_IP4_HDR_LEN);
            CHECK(ip.fragment_off + piece.len <= cap);
            fa_copy(target + ip.fragment_off, piece.at, piece.len);
            len = fa_max(len, ip.fragment_off + piece.len);
        }
    }
    if (len > 0) {
        CHECK(fa_icmp_decode((struct fa_slice){target, len}, ret_header) == FA_ICMP_GOOD);
    }
    return len;
}

T(a_long_echo_request_in_pieces_is_answered_as_long_in_pieces)
{
    static uint8_t message[9000];
    static uint8_t answer[9000];
    struct fa_icmp_header header = {FA_ICMP_ECHO, 0, 5, 6};
    begin();
    introduce();
    fa_copy(message + FA_ICMP_HDR_LEN, payload, sizeof message - FA_ICMP_HDR_LEN);
    fa_icmp_encode(message, sizeof message, &header);
    inject_pieces(FA_IP_PROTO_ICMP, (struct fa_slice){message, sizeof message}, 1480, 0);
    CHECK_EQ(hear_icmp(&header, answer, sizeof answer), sizeof message);
    CHECK_EQ(header.type, FA_ICMP_ECHO_REPLY);
    CHECK(fa_equal(
        answer + FA_ICMP_HDR_LEN, message + FA_ICMP_HDR_LEN, sizeof message - FA_ICMP_HDR_LEN));
    end();
}

T(a_datagram_in_pieces_to_no_socket_is_reported_as_a_whole_packet)
{
    struct fa_icmp_header header = {0};
    static uint8_t answer[1500];
    begin();
    introduce();
    struct fa_slice datagram =
        world_datagram(WORLD_M, WORLD_A, 4, 9, (struct fa_slice){payload, 1000});
    inject_pieces(FA_IP_PROTO_UDP, datagram, 504, 0);
    CHECK_EQ(hear_icmp(&header, answer, sizeof answer), FA_ICMP_HDR_LEN + FA_ICMP_QUOTE_LEN_MAX);
    CHECK(header.type == FA_ICMP_UNREACHABLE && header.code == FA_ICMP_CODE_PORT);
    struct fa_ip4_header ip = {0};
    CHECK(fa_ip4_decode_quoted(fa_slice_from((struct fa_slice){answer, sizeof answer}, 8), &ip) ==
          FA_IP4_GOOD);
    CHECK_EQ(ip.total_len, FA_IP4_HDR_LEN + datagram.len);
    CHECK(!ip.more_fragments && ip.fragment_off == 0);
    CHECK_EQ(fa_csum_fold(fa_csum_add(0, answer + FA_ICMP_HDR_LEN, FA_IP4_HDR_LEN)), 0);
    end();
}

T(the_sender_is_told_when_pieces_did_not_come_in_time)
{
    struct fa_icmp_header header = {0};
    static uint8_t answer[1500];
    begin();
    introduce();
    struct fa_slice datagram =
        world_datagram(WORLD_M, WORLD_A, 4, 1, (struct fa_slice){payload, 1000});
    inject_pieces(FA_IP_PROTO_UDP, datagram, 504, 1);
    world_run(FA_REASS_TIMEOUT4_NS - FA_NS_MS);
    CHECK_EQ(hear_icmp(&header, answer, sizeof answer), 0);
    world_run(2 * FA_NS_MS);
    CHECK_EQ(
        hear_icmp(&header, answer, sizeof answer), FA_ICMP_HDR_LEN + FA_IP4_HDR_LEN + (size_t)504);
    CHECK_EQ(header.type, FA_ICMP_TIME_EXCEEDED);
    CHECK_EQ(header.code, FA_ICMP_CODE_REASSEMBLY);
    CHECK_EQ(COUNTED(&world.a, reass_timeout), 1);
    // Without the first piece nobody knows what to tell.
    struct fa_ip4_header ip = {.source = WORLD_M,
        .target = WORLD_A,
        .protocol = FA_IP_PROTO_UDP,
        .id = 78,
        .fragment_off = 504};
    world_inject(world_mac(&world.a), &ip, (struct fa_slice){payload, 100}, 0);
    world_run(2 * FA_REASS_TIMEOUT4_NS);
    CHECK_EQ(hear_icmp(&header, answer, sizeof answer), 0);
    CHECK_EQ(COUNTED(&world.a, reass_timeout), 2);
    end();
}

T(pieces_for_others_are_not_kept)
{
    begin();
    struct fa_ip4_header ip = {
        .source = WORLD_M, .target = WORLD_B, .protocol = FA_IP_PROTO_UDP, .more_fragments = true};
    world_inject(world_mac(&world.a), &ip, (struct fa_slice){payload, 504}, 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_not_for_us), 1);
    CHECK_EQ(COUNTED(&world.a, reass_rx_fragments), 0);
    end();
}

/* ---- IPv6 ---- */

static const struct fa_ip ip6_a = {{0x20, 1, 0xd, 0xb8, [15] = 1}};
static const struct fa_ip ip6_b = {{0x20, 1, 0xd, 0xb8, [15] = 2}};
static const struct fa_ip ip6_m = {{0x20, 1, 0xd, 0xb8, [15] = 3}};

static void start6(struct station *station, const struct fa_ip *ip)
{
    struct fa_stack_config config = world_config(station, WORLD_A);
    config.ifaces[0].ipv6_off = false;
    config.ifaces[0].ipv4_off = true;
    config.ifaces[0].ra_off = true;
    config.ifaces[0].dad_off = true;
    config.ifaces[0].more.at[0] = (struct fa_addr_net){*ip, 64};
    config.seed = ip->b[15];
    fa_stack_init(&station->stack, &config, world.now);
}

static void begin6(void)
{
    world_open_wire();
    start6(&world.a, &ip6_a);
    start6(&world.b, &ip6_b);
    world_run(10 * FA_NS_S);
    REQUIRE(world_bind(&world.a, &at_a, 1) == FA_OK);
    REQUIRE(world_bind(&world.b, &at_b, 7) == FA_OK);
    at_a.config.pool = &world.a.large;
    struct fa_endpoint to = {ip6_b, 7};
    CHECK_EQ(fa_udp_send(&at_a, FA_LIT("hello"), &any, &to), FA_OK);
    world_settle();
    CHECK(world_recv(&at_b, "hello", NULL));
    world_sniff_nothing();
}

T(long_datagrams_go_over_ipv6_as_well)
{
    begin6();
    struct fa_endpoint to = {ip6_b, 7};
    CHECK_EQ(fa_udp_send(&at_a, (struct fa_slice){payload, LONG_LEN}, &any, &to), FA_OK);
    world_settle();
    CHECK(received(LONG_LEN));
    CHECK_EQ(COUNTED(&world.a, ip_tx_fragments), 14);
    CHECK_EQ(COUNTED(&world.b, ip6_rx_fragments), 14);
    CHECK_EQ(COUNTED(&world.b, reass_done), 1);
    end();
}

/* A fragment of M to A: `next` is what its fragment header names. */
static void inject6(uint16_t off, bool more, uint8_t next, struct fa_slice bytes)
{
    uint8_t packet[1500];
    const struct fa_ip6_header ip = {.source = ip6_m,
        .target = ip6_a,
        .payload_len = (uint16_t)(FA_IP6_FRAGMENT_HDR_LEN + bytes.len),
        .next = FA_IP6_NEXT_FRAGMENT,
        .hop_limit = 64};
    const struct fa_ip6_fragment fragment = {.id = 5, .off = off, .more = more, .next = next};
    fa_ip6_encode(packet, &ip);
    fa_ip6_fragment_encode(packet + FA_IP6_HDR_LEN, &fragment);
    fa_copy(packet + FA_IP6_HDR_LEN + FA_IP6_FRAGMENT_HDR_LEN, bytes.at, bytes.len);
    world_inject_frame(world_mac(&world.a), FA_ETH_TYPE_IP6,
        (struct fa_slice){packet, FA_IP6_HDR_LEN + FA_IP6_FRAGMENT_HDR_LEN + bytes.len});
    world_settle();
}

/* A datagram of M to A's port 1, behind eight bytes of target options if `options`. */
static size_t write6(uint8_t *at, size_t len, bool options)
{
    const struct fa_ip_meta meta = {.local = ip6_m, .remote = ip6_a};
    size_t off = options ? 8 : 0;
    fa_copy(at, (const uint8_t[]){FA_IP_PROTO_UDP, 0, 1, 4, 0, 0, 0, 0}, off);
    fa_copy(at + off + FA_UDP_HDR_LEN, payload, len);
    fa_udp_encode(at + off, &meta, &(struct fa_udp_header){9, 1, (uint16_t)(FA_UDP_HDR_LEN + len)});
    return off + FA_UDP_HDR_LEN + len;
}

T(extension_headers_behind_the_fragment_header_are_walked_in_the_whole)
{
    uint8_t bytes[400];
    struct fa_buf *buf;
    struct fa_udp_from from;
    begin6();
    size_t len = write6(bytes, 300, true);
    inject6(160, false, FA_IP6_NEXT_TARGET, (struct fa_slice){bytes + 160, len - 160});
    inject6(0, true, FA_IP6_NEXT_TARGET, (struct fa_slice){bytes, 160});
    REQUIRE(fa_udp_recv(&at_a, &buf, &from) == FA_OK);
    CHECK_EQ(buf->len, 300);
    CHECK(fa_equal(fa_buf_at(buf), payload, 300));
    fa_buf_drop(buf);
    end();
}

T(a_first_ipv6_fragment_without_its_transport_header_is_dropped)
{
    uint8_t bytes[400];
    begin6();
    size_t len = write6(bytes, 300, true);
    inject6(0, true, FA_IP6_NEXT_TARGET, (struct fa_slice){bytes, 8});
    CHECK_EQ(COUNTED(&world.a, reass_tiny), 1);
    inject6(0, true, FA_IP6_NEXT_TARGET, (struct fa_slice){bytes, 16});
    inject6(16, false, FA_IP6_NEXT_TARGET, (struct fa_slice){bytes + 16, len - 16});
    CHECK_EQ(COUNTED(&world.a, reass_tiny), 1);
    CHECK_EQ(COUNTED(&world.a, reass_done), 1);
    end();
}

T(neighbour_discovery_in_fragments_is_not_heard)
{
    uint8_t bytes[32] = {FA_ICMP6_NEIGHBOUR_SOLICIT};
    begin6();
    inject6(0, true, FA_IP_PROTO_ICMP6, (struct fa_slice){bytes, 16});
    inject6(16, false, FA_IP_PROTO_ICMP6, (struct fa_slice){bytes + 16, 16});
    CHECK_EQ(COUNTED(&world.a, reass_done), 1);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_link_message), 1);
    end();
}

T(an_atomic_fragment_is_a_packet_of_its_own)
{
    uint8_t bytes[400];
    struct fa_buf *buf;
    struct fa_udp_from from;
    begin6();
    size_t len = write6(bytes, 100, false);
    inject6(0, true, FA_IP_PROTO_UDP, (struct fa_slice){payload, 64}); // the same identification
    inject6(0, false, FA_IP_PROTO_UDP, (struct fa_slice){bytes, len});
    REQUIRE(fa_udp_recv(&at_a, &buf, &from) == FA_OK);
    CHECK_EQ(buf->len, 100);
    fa_buf_drop(buf);
    CHECK_EQ(COUNTED(&world.a, reass_overlap), 0);
    CHECK_EQ(COUNTED(&world.a, reass_rx_fragments), 1);
    end();
}

T(uneven_and_too_long_ipv6_fragments_are_reported_to_their_sender)
{
    begin6();
    inject6(0, true, FA_IP_PROTO_UDP, (struct fa_slice){payload, 63});
    inject6(65528, false, FA_IP_PROTO_UDP, (struct fa_slice){payload, 64});
    CHECK_EQ(COUNTED(&world.a, reass_bad_len), 2);
    CHECK_EQ(COUNTED(&world.a, icmp_tx_answers), 2);
    CHECK_EQ(COUNTED(&world.a, reass_rx_fragments), 0);
    world_run(10 * FA_NS_S); // nobody answers for M
    end();
}
