// SPDX-License-Identifier: ISC
//
// The stack and hostile or broken packets: dropped, by name, and answered only where that is safe.

#include "fa/stack.h"
#include "fa/trace.h"
#include "fa/wire/csum.h"
#include "fa/wire/icmp.h"
#include "fa/wire/tcp.h"
#include "test/t.h"
#include "test/unit/stack_world.h"

static const uint8_t stranger[FA_MAC_LEN] = {2, 0xaa, 0, 0, 0, 9};

T(addresses_that_cannot_be_on_a_wire_are_dropped)
{
    static const struct {
        uint32_t source;
        uint32_t target;
        enum fa_counter_id counter;
    } rows[] = {
        {0x7f000001, WORLD_A, FA_COUNTER_ip4_rx_martian},
        {0x00000000, WORLD_A, FA_COUNTER_ip4_rx_martian},
        {0x00010203, WORLD_A, FA_COUNTER_ip4_rx_martian},
        {0xe0000001, WORLD_A, FA_COUNTER_ip4_rx_martian},
        {0xffffffff, WORLD_A, FA_COUNTER_ip4_rx_martian},
        {0xf0000001, WORLD_A, FA_COUNTER_ip4_rx_martian},
        {0x0a0000ff, WORLD_A, FA_COUNTER_ip4_rx_martian},
        {WORLD_M, 0x7f000001, FA_COUNTER_ip4_rx_martian},
        {WORLD_M, 0x00000000, FA_COUNTER_ip4_rx_martian},
        {WORLD_A, WORLD_A, FA_COUNTER_ip4_rx_own_source},
        {WORLD_M, WORLD_B, FA_COUNTER_ip4_rx_not_for_us},
        {WORLD_M, 0x0a000000, FA_COUNTER_ip4_rx_not_for_us},
        {WORLD_M, 0x0a0001ff, FA_COUNTER_ip4_rx_not_for_us},
        {WORLD_M, 0xf0000001, FA_COUNTER_ip4_rx_not_for_us},
    };
    world_open();
    struct fa_udp_socket socket;
    REQUIRE(world_bind(&world.a, &socket, 7) == FA_OK);
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        struct fa_ip4_header ip = {
            .source = rows[i].source, .target = rows[i].target, .protocol = FA_IP_PROTO_UDP};
        uint64_t before = world.a.counters.cell[rows[i].counter];
        world_inject(world_mac(&world.a), &ip,
            world_datagram(rows[i].source, rows[i].target, 1, 7, FA_LIT("x")), 0);
        world_settle();
        if (world.a.counters.cell[rows[i].counter] != before + 1 || socket.rx_count != 0) {
            t_fail(__FILE__, __LINE__, "row %zu is not counted as %s", i,
                fa_counter_names[rows[i].counter]);
        }
    }
    CHECK(world_sniff() == NULL); // and nobody was answered
    fa_udp_close(&socket);
    world_close();
}

T(a_unicast_packet_in_a_broadcast_frame_is_dropped)
{
    struct fa_ip4_header ip = {.source = WORLD_M, .target = WORLD_A, .protocol = FA_IP_PROTO_UDP};
    world_open();
    world_inject(fa_mac_broadcast, &ip, world_datagram(WORLD_M, WORLD_A, 1, 7, FA_LIT("x")), 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_link_group), 1);
    CHECK_EQ(COUNTED(&world.b, ip4_rx_not_for_us), 1);
    CHECK(world_sniff() == NULL);
    world_close();
}

T(frames_that_are_not_ours_are_dropped_by_name)
{
    uint8_t bytes[64] = {0};
    struct fa_slice payload = {bytes, sizeof bytes};
    world_open();
    world_inject_frame(stranger, FA_ETH_TYPE_IP4, payload);
    world_inject_frame(world_mac(&world.a), FA_ETH_TYPE_IP6, payload);
    world_inject_frame(world_mac(&world.a), 0x88cc, payload);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, eth_rx_not_for_us), 1);
    CHECK_EQ(COUNTED(&world.a, eth_rx_type), 1);
    CHECK_EQ(COUNTED(&world.a, ip6_rx_version), 1);
    struct fa_buf *buf;
    for (int i = 0; i < 2; i++) {
        REQUIRE(fa_netdev_tx_reserve(world.m.dev, &buf) == FA_OK);
        uint8_t *frame = fa_buf_append(buf, 60);
        fa_zero(frame, 60);
        fa_copy(frame, world_mac(&world.a), FA_MAC_LEN);
        frame[6] = i == 0 ? 2 : 3; // a station, a group
        fa_be16_store(frame + 12, i == 0 ? 46 : FA_ETH_TYPE_ARP);
        fa_netdev_tx_commit(world.m.dev, world.now, buf);
    }
    world_settle();
    CHECK_EQ(COUNTED(&world.a, eth_rx_length), 1);
    CHECK_EQ(COUNTED(&world.a, eth_rx_source), 1);
    world_close();
}

T(broken_ip4_headers_are_dropped_by_name)
{
    static const struct {
        size_t off;
        uint8_t value;
        bool sealed; // its checksum is made good again
        enum fa_counter_id counter;
    } rows[] = {
        {0, 0x65, true, FA_COUNTER_ip4_rx_version}, {0, 0x44, true, FA_COUNTER_ip4_rx_header_len},
        {2, 0xff, true, FA_COUNTER_ip4_rx_total_len}, {8, 1, false, FA_COUNTER_ip4_rx_bad_checksum},
        {6, 0x20, true, FA_COUNTER_ip4_rx_fragments}, {7, 0x01, true, FA_COUNTER_ip4_rx_fragments},
        {8, 1, true, FA_COUNTER_udp_rx_datagrams}, // a TTL of 1 is enough for us
    };
    world_open();
    struct fa_udp_socket socket;
    REQUIRE(world_bind(&world.a, &socket, 7) == FA_OK);
    struct fa_slice datagram = world_datagram(WORLD_M, WORLD_A, 1, 7, FA_LIT("x"));
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        uint8_t packet[60] = {0};
        struct fa_ip4_header ip = {.source = WORLD_M,
            .target = WORLD_A,
            .protocol = FA_IP_PROTO_UDP,
            .ttl = 64,
            .total_len = (uint16_t)(FA_IP4_HDR_LEN + datagram.len)};
        fa_ip4_encode(packet, &ip);
        fa_copy(packet + FA_IP4_HDR_LEN, datagram.at, datagram.len);
        packet[rows[i].off] = rows[i].value;
        if (rows[i].sealed) {
            fa_be16_store(packet + 10, 0);
            fa_be16_store(packet + 10, fa_csum_fold(fa_csum_add(0, packet, FA_IP4_HDR_LEN)));
        }
        world_inject_frame(
            world_mac(&world.a), FA_ETH_TYPE_IP4, (struct fa_slice){packet, sizeof packet});
        world_settle();
        if (world.a.counters.cell[rows[i].counter] != 1 + (rows[i].off == 7)) {
            t_fail(__FILE__, __LINE__, "row %zu is not counted as %s", i,
                fa_counter_names[rows[i].counter]);
        }
    }
    world_inject_frame(world_mac(&world.a), FA_ETH_TYPE_IP4, (struct fa_slice){datagram.at, 19});
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip4_rx_short), 1);
    fa_udp_close(&socket);
    world_close();
}

T(options_are_skipped_and_source_routes_refused)
{
    static const uint8_t options[][8] = {{148, 4, 0, 0}, {131, 7, 4, 1, 2, 3, 4}, {7, 40, 4}};
    static const enum fa_counter_id counters[] = {
        FA_COUNTER_udp_rx_datagrams, FA_COUNTER_ip4_rx_source_route, FA_COUNTER_ip4_rx_options};
    world_open();
    struct fa_udp_socket socket;
    REQUIRE(world_bind(&world.a, &socket, 7) == FA_OK);
    struct fa_slice datagram = world_datagram(WORLD_M, WORLD_A, 1, 7, FA_LIT("x"));
    for (size_t i = 0; i < FA_COUNT_OF(options); i++) {
        uint8_t packet[60] = {0};
        struct fa_ip4_header ip = {.source = WORLD_M,
            .target = WORLD_A,
            .protocol = FA_IP_PROTO_UDP,
            .ttl = 64,
            .total_len = (uint16_t)(28 + datagram.len)};
        fa_ip4_encode(packet, &ip);
        packet[0] = 0x47;
        fa_copy(packet + 20, options[i], 8);
        fa_copy(packet + 28, datagram.at, datagram.len);
        fa_be16_store(packet + 10, 0);
        fa_be16_store(packet + 10, fa_csum_fold(fa_csum_add(0, packet, 28)));
        world_inject_frame(
            world_mac(&world.a), FA_ETH_TYPE_IP4, (struct fa_slice){packet, sizeof packet});
        world_settle();
        CHECK_EQ(world.a.counters.cell[counters[i]], 1);
    }
    CHECK(world_recv(&socket, "x", NULL));
    fa_udp_close(&socket);
    world_close();
}

T(trailing_bytes_are_cut_off)
{
    struct fa_ip4_header ip = {.source = WORLD_M, .target = WORLD_A, .protocol = FA_IP_PROTO_UDP};
    world_open();
    struct fa_udp_socket socket;
    REQUIRE(world_bind(&world.a, &socket, 7) == FA_OK);
    for (size_t trailing = 0; trailing < 40; trailing++) {
        world_inject(world_mac(&world.a), &ip,
            world_datagram(WORLD_M, WORLD_A, 1, 7, FA_LIT("abc")), trailing);
        world_settle();
        CHECK(world_recv(&socket, "abc", NULL));
    }
    uint8_t echo[16] = {0};
    fa_icmp_encode(echo, sizeof echo, &(struct fa_icmp_header){.type = FA_ICMP_ECHO});
    ip.protocol = FA_IP_PROTO_ICMP; // its checksum covers all that the header says is there
    world_inject(world_mac(&world.a), &ip, (struct fa_slice){echo, sizeof echo}, 7);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, icmp_rx_echoes), 1);
    fa_udp_close(&socket);
    world_close();
}

T(unknown_protocols_are_refused_but_not_when_sent_to_all)
{
    struct fa_ip4_header ip = {.source = WORLD_M, .target = WORLD_A, .protocol = 132};
    static const uint8_t body[16];
    struct fa_slice payload = {body, sizeof body};
    world_open();
    world_inject(world_mac(&world.a), &ip, payload, 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip_rx_protocol), 1);
    CHECK_EQ(
        world.a.stack.ifaces[0].arp.neigh.parked_count, 1); // the answer waits for our ARP reply
    ip.target = 0xffffffff;
    world_inject(fa_mac_broadcast, &ip, payload, 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, ip_rx_protocol), 2);
    CHECK_EQ(COUNTED(&world.a, icmp_tx_suppressed), 1);
    CHECK_EQ(world.a.stack.ifaces[0].arp.neigh.parked_count, 1);
    world_close();
}

T(an_echo_to_everybody_is_answered_by_nobody)
{
    struct fa_ip4_header ip = {
        .source = WORLD_M, .target = 0xffffffff, .protocol = FA_IP_PROTO_ICMP};
    uint8_t echo[16] = {0};
    fa_icmp_encode(echo, sizeof echo, &(struct fa_icmp_header){.type = FA_ICMP_ECHO});
    world_open();
    world_inject(fa_mac_broadcast, &ip, (struct fa_slice){echo, sizeof echo}, 0);
    world_settle();
    CHECK_EQ(COUNTED(&world.a, icmp_rx_group), 1);
    CHECK_EQ(COUNTED(&world.b, icmp_rx_group), 1);
    world_close();
}

/* A SYN of `source`, whole. Valid until the next one. */
static struct fa_slice syn_of(uint32_t source, uint16_t port)
{
    static uint8_t bytes[64];
    const struct fa_ip_meta meta = {
        .local = fa_ip4_ip(source), .remote = fa_ip4_ip(WORLD_A), .protocol = FA_IP_PROTO_TCP};
    const struct fa_tcp_header header = {
        .source_port = 1000, .target_port = port, .window = 1000, .flags = FA_TCP_SYN};
    fa_tcp_encode(bytes, &meta, &header, 0, 0);
    return (struct fa_slice){bytes, fa_tcp_encoded_len(&header)};
}

T(answers_to_strangers_are_told_from_what_we_say_ourselves)
{
    world_open();
    struct fa_tcp_listener listener;
    struct fa_flow *flow;
    struct fa_stack *stack = &world.a.stack;
    const struct fa_neigh *neigh = &stack->ifaces[0].arp.neigh;
    REQUIRE(fa_tcp_listen(&stack->tcp, &listener,
                &(struct fa_tcp_listen_config){.port = 80, .half_open_max = 1}) == FA_OK);
    uint8_t echo[16] = {0};
    fa_icmp_encode(echo, sizeof echo, &(struct fa_icmp_header){.type = FA_ICMP_ECHO});
    const struct fa_slice echo_slice = {echo, sizeof echo};
    enum { FIRST = WORLD_A + 100 };
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t source = FIRST + i;
        struct fa_ip4_header ip = {.source = source, .target = WORLD_A};
        struct fa_slice said = echo_slice;
        if (i < 3) { // a SYN+ACK, a cookie's SYN+ACK, a reset
            ip.protocol = FA_IP_PROTO_TCP;
            said = syn_of(source, i < 2 ? 80 : 81);
        } else if (i == 3) { // port unreachable
            ip.protocol = FA_IP_PROTO_UDP;
            said = world_datagram(source, WORLD_A, 1, 7, FA_LIT("x"));
        } else { // protocol unreachable, an echo's reply
            ip.protocol = i == 4 ? 132 : FA_IP_PROTO_ICMP;
        }
        world_inject(world_mac(&world.a), &ip, said, 0);
        world_settle();
        CHECK_EQ(neigh->incomplete_count, i + 1);
        CHECK_EQ(neigh->answers.incomplete_count, i + 1);
    }
    CHECK_EQ(COUNTED(&world.a, tcp_cookie_sent), 1);
    const struct fa_endpoint absent = world_at(FIRST + 50, 80);
    REQUIRE(fa_stack_connect(stack, &absent, &flow) == FA_OK);
    world_settle();
    CHECK_EQ(neigh->incomplete_count, 7);
    CHECK_EQ(neigh->answers.incomplete_count, 6);
    fa_flow_abort(flow);
    world_close();
}

T(a_burst_of_garbage_leaks_nothing)
{
    struct fa_rand dice;
    fa_rand_init_seed(&dice, 99);
    world_open();
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[128];
        fa_rand_fill(&dice, bytes, sizeof bytes);
        size_t len = (size_t)fa_rand_below(&dice, sizeof bytes);
        bytes[0] = 0x45;
        if (len >= FA_IP4_HDR_LEN && fa_rand_chance(&dice, 900000)) {
            fa_be16_store(bytes + 2, (uint16_t)len);
            fa_be16_store(bytes + 6, 0);
            bytes[9] = (uint8_t[]){1, 6, 17, 2}[bytes[9] % 4];
            fa_be32_store(bytes + 12, WORLD_M);
            fa_be32_store(bytes + 16, WORLD_A);
            fa_be16_store(bytes + 10, 0);
            fa_be16_store(bytes + 10, fa_csum_fold(fa_csum_add(0, bytes, FA_IP4_HDR_LEN)));
        }
        uint16_t type = fa_rand_chance(&dice, 100000) ? FA_ETH_TYPE_ARP : FA_ETH_TYPE_IP4;
        world_inject_frame(world_mac(&world.a), type, (struct fa_slice){bytes, len});
        world.now += fa_rand_below(&dice, FA_NS_MS);
        world_settle();
        world_sniff_nothing();
    }
    world_close();
}

T(drops_are_traced_with_their_reason)
{
    static _Alignas(8) uint8_t memory[8192];
    struct fa_ip4_header ip = {
        .source = 0x7f000001, .target = WORLD_A, .protocol = FA_IP_PROTO_UDP};
    world_open();
    fa_trace_attach(FA_TRACE_PACKET, memory, sizeof memory);
    world_inject(
        world_mac(&world.a), &ip, world_datagram(0x7f000001, WORLD_A, 1, 7, FA_LIT("x")), 0);
    fa_stack_poll(&world.a.stack, world.now);
    const struct fa_trace_ring *ring = fa_trace_rings[FA_TRACE_PACKET];
    uint64_t cursor = ring->head;
    struct fa_trace_record record;
    uint64_t words[4];
    bool dropped = false;
    while (fa_trace_read(ring, sizeof memory, &cursor, &record, words, sizeof words) == FA_OK) {
        if (record.event == FA_EVENT_net_drop) {
            dropped = true;
            CHECK_EQ(words[0], FA_COUNTER_ip4_rx_martian);
            CHECK_EQ(words[1], 29);
        }
    }
    CHECK(dropped);
    fa_trace_attach(FA_TRACE_PACKET, NULL, 0);
    world_close();
}
