// SPDX-License-Identifier: ISC
//
// Super-segments cut and segments joined, over a switch that offers neither.

#include "fa/gso.h"

#include "fa/vnet.h"
#include "fa/wire/csum.h"
#include "test/t.h"

enum {
    BUF_COUNT = 64,
    LARGE_COUNT = 8,
    PAYLOAD_MAX = 40000,
    MSS = 1000,
    FIN = 1,
    PSH = 8,
    ACK = 16,
    CWR = 128,
};

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[8];
static struct fa_vnet_port ports[2];
static struct fa_gso gso[2];
static struct fa_pool pools[2];
static struct fa_pool large[2];
static _Alignas(64) uint8_t memory[2][BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t large_memory[2][LARGE_COUNT * FA_GSO_BUF_SIZE];
static struct fa_counters counters;
static uint8_t payload[PAYLOAD_MAX];

static void open_cards(uint8_t offload, bool join)
{
    counters = (struct fa_counters){};
    fa_vnet_init(
        &vnet, &(struct fa_vnet_config){
                   .macs = macs, .mac_count = 8, .offload = offload, .counters = &counters});
    for (unsigned i = 0; i < 2; i++) {
        fa_pool_init(&pools[i], memory[i], sizeof memory[i], FA_BUF_SIZE);
        fa_pool_init(&large[i], large_memory[i], sizeof large_memory[i], FA_GSO_BUF_SIZE);
        fa_vnet_port_open(&vnet, &ports[i],
            &(struct fa_vnet_port_config){.name = i == 0 ? "a" : "b", .pool = &pools[i]});
        fa_gso_wrap(&gso[i], &(struct fa_gso_config){.inner = &ports[i].dev,
                                 .pool = &large[i],
                                 .join = join && i == 1,
                                 .counters = &counters});
    }
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 7 + i / 251);
    }
}

static void close_cards(void)
{
    for (unsigned i = 0; i < 2; i++) {
        fa_netdev_close(&gso[i].dev);
        CHECK_EQ(pools[i].used_count, 0);
        CHECK_EQ(large[i].used_count, 0);
    }
}

/* What a frame says; the rest of it is the same in all. */
struct shape {
    bool ip6;
    bool options; /* twelve bytes of TCP options */
    uint8_t flags;
    uint8_t ttl;
    uint16_t window;
    uint32_t seq;
    uint32_t ack;
    size_t off; /* of its payload in `payload` */
    size_t len;
};

static size_t tcp_at(const struct shape *shape)
{
    return FA_ETH_HDR_LEN + (shape->ip6 ? 40u : 20u);
}

static size_t hdr_len(const struct shape *shape)
{
    return tcp_at(shape) + 20 + (shape->options ? 12u : 0u);
}

/* The sum over pseudo-header, TCP header and payload, by the definition. */
static uint16_t sum_tcp(const uint8_t *at, size_t len, size_t tcp, bool ip6)
{
    uint64_t sum = 6 + len - tcp;
    for (size_t i = ip6 ? 22 : 26; i < tcp; i++) {
        sum += (uint64_t)at[i] << (i % 2 == 0 ? 8 : 0);
    }
    for (size_t i = tcp; i < len; i++) {
        sum += (uint64_t)at[i] << (i % 2 == 0 ? 8 : 0);
    }
    while (sum > 0xffff) {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    return (uint16_t)sum;
}

static void write_frame(struct fa_buf *buf, const struct shape *shape)
{
    size_t len = hdr_len(shape) + shape->len;
    uint8_t *at = fa_buf_append(buf, len);
    __builtin_memset(at, 0, len);
    fa_copy(at, ports[1].dev.info.mac, FA_MAC_LEN);
    fa_copy(at + FA_MAC_LEN, ports[0].dev.info.mac, FA_MAC_LEN);
    fa_be16_store(at + 12, shape->ip6 ? 0x86dd : 0x0800);
    uint8_t *ip = at + FA_ETH_HDR_LEN;
    if (shape->ip6) {
        ip[0] = 0x60;
        fa_be16_store(ip + 4, (uint16_t)(len - FA_ETH_HDR_LEN - 40));
        ip[6] = 6;
        ip[7] = shape->ttl;
        ip[8] = 0x20;
        ip[23] = 1;
        ip[24] = 0x20;
        ip[39] = 2;
    } else {
        ip[0] = 0x45;
        fa_be16_store(ip + 2, (uint16_t)(len - FA_ETH_HDR_LEN));
        ip[6] = 0x40;
        ip[8] = shape->ttl;
        ip[9] = 6;
        fa_be32_store(ip + 12, 0x0a000001);
        fa_be32_store(ip + 16, 0x0a000002);
        fa_be16_store(ip + 10, fa_csum_fold(fa_csum_add(0, ip, 20)));
    }
    uint8_t *tcp = at + tcp_at(shape);
    fa_be16_store(tcp, 1000);
    fa_be16_store(tcp + 2, 80);
    fa_be32_store(tcp + 4, shape->seq);
    fa_be32_store(tcp + 8, shape->ack);
    tcp[12] = shape->options ? 0x80 : 0x50;
    tcp[13] = shape->flags;
    fa_be16_store(tcp + 14, shape->window);
    if (shape->options) {
        fa_be32_store(tcp + 20, 0x0101080a);
        fa_be32_store(tcp + 24, 77);
    }
    fa_copy(at + hdr_len(shape), payload + shape->off, shape->len);
}

/* Send it whole, with its checksum; or undone, to be cut at `gso_bytes` if that is not 0. */
static void send_shape(const struct shape *shape, bool undone, uint16_t gso_bytes)
{
    struct fa_buf *buf;
    REQUIRE(fa_netdev_tx_reserve(&gso[0].dev, &buf) == FA_OK);
    write_frame(buf, shape);
    size_t tcp = tcp_at(shape);
    uint8_t *field = fa_buf_at(buf) + tcp + 16;
    if (undone) {
        uint8_t *at = fa_buf_at(buf);
        uint8_t headers[FA_ETH_HDR_LEN + 40];
        fa_copy(headers, at, tcp);
        // The pseudo-header alone: its sum over nothing but the length.
        uint64_t sum = sum_tcp(headers, tcp, tcp, shape->ip6) + buf->len - tcp;
        fa_be16_store(field, (uint16_t)((sum >> 16) + (sum & 0xffff)));
        unsigned super = shape->ip6 ? FA_OFFLOAD_TSO6 : FA_OFFLOAD_TSO4;
        buf->offload = (struct fa_offload){
            .flags = (uint8_t)(FA_OFFLOAD_CSUM_NEEDED | (gso_bytes != 0 ? super : 0u)),
            .csum_start = (uint16_t)tcp,
            .csum_offset = 16,
            .gso_bytes = gso_bytes,
            .hdr_bytes = (uint16_t)hdr_len(shape),
        };
    } else {
        fa_be16_store(field, (uint16_t)~sum_tcp(fa_buf_at(buf), buf->len, tcp, shape->ip6));
    }
    fa_netdev_tx_commit(&gso[0].dev, 0, buf);
    fa_netdev_tx_flush(&gso[0].dev, 0);
}

/* Take what has arrived at b. Returns: how many frames. */
static size_t receive(struct fa_buf **ret_bufs)
{
    return fa_netdev_rx(&gso[1].dev, 0, ret_bufs, FA_NETDEV_BURST_MAX);
}

static void drop_frames(struct fa_buf **bufs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fa_buf_drop(bufs[i]);
    }
}

static const struct shape usual = {
    .flags = ACK | PSH | FIN | CWR, .ttl = 64, .window = 500, .seq = 0xfffff000, .ack = 9};

/* Check that frame `i` of a cut super-segment is what TCP itself would have sent. */
static void check_cut(struct fa_buf *buf, const struct shape *shape, size_t i, bool last)
{
    const uint8_t *at = fa_buf_slice(buf).at;
    const uint8_t *ip = at + FA_ETH_HDR_LEN;
    const uint8_t *tcp = at + tcp_at(shape);
    size_t off = i * MSS;
    size_t len = last ? shape->len - off : MSS;
    unsigned not_here = (last ? 0u : (unsigned)(PSH | FIN)) | (i == 0 ? 0u : (unsigned)CWR);
    REQUIRE(buf->len == hdr_len(shape) + len);
    CHECK_EQ(buf->offload.flags, 0);
    CHECK_EQ(sum_tcp(at, buf->len, tcp_at(shape), shape->ip6), 0xffff);
    CHECK_EQ(fa_be32_load(tcp + 4), shape->seq + (uint32_t)off);
    CHECK_EQ(tcp[13], shape->flags & ~not_here);
    CHECK(fa_equal(at + hdr_len(shape), payload + off, len));
    if (shape->ip6) {
        CHECK_EQ(fa_be16_load(ip + 4), buf->len - FA_ETH_HDR_LEN - 40);
    } else {
        CHECK_EQ(fa_be16_load(ip + 2), buf->len - FA_ETH_HDR_LEN);
        CHECK_EQ(fa_csum_fold(fa_csum_add(0, ip, 20)), 0);
    }
}

T(super_segments_are_cut_into_what_tcp_would_have_sent)
{
    static const size_t lens[] = {1, MSS - 1, MSS, MSS + 1, 3 * MSS, 20 * MSS + 17};
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    for (unsigned kind = 0; kind < 4; kind++) {
        for (size_t l = 0; l < FA_COUNT_OF(lens); l++) {
            struct shape shape = usual;
            shape.ip6 = (kind & 1) != 0;
            shape.options = (kind & 2) != 0;
            shape.len = lens[l];
            open_cards(0, false);
            send_shape(&shape, true, MSS);
            size_t count = receive(bufs);
            CHECK_EQ(count, (lens[l] + MSS - 1) / MSS);
            for (size_t i = 0; i < count; i++) {
                check_cut(bufs[i], &shape, i, i + 1 == count);
            }
            drop_frames(bufs, count);
            CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_gso_cut), 1);
            close_cards();
        }
    }
}

T(a_checksum_left_undone_is_filled_in_for_a_card_that_cannot)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    struct shape shape = usual;
    for (shape.len = 0; shape.len < 40; shape.len++) {
        shape.ip6 = shape.len % 2 != 0;
        open_cards(0, false);
        send_shape(&shape, true, 0);
        REQUIRE(receive(bufs) == 1);
        CHECK_EQ(bufs[0]->offload.flags, 0);
        CHECK_EQ(sum_tcp(fa_buf_at(bufs[0]), bufs[0]->len, tcp_at(&shape), shape.ip6), 0xffff);
        drop_frames(bufs, 1);
        close_cards();
    }
}

T(a_card_that_sums_itself_gets_segments_with_the_pseudo_header)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    struct shape shape = usual;
    shape.len = 2 * MSS;
    open_cards(FA_OFFLOAD_CSUM_NEEDED, false);
    send_shape(&shape, true, MSS);
    REQUIRE(receive(bufs) == 2);
    for (size_t i = 0; i < 2; i++) {
        struct fa_buf *buf = bufs[i];
        uint8_t *at = fa_buf_at(buf);
        CHECK_EQ(buf->offload.flags, FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_CSUM_GOOD);
        // What the card would do: sum from csum_start to the end, the field included.
        uint16_t csum = fa_csum_fold(fa_csum_add(0, at + 34, buf->len - 34));
        fa_be16_store(at + 34 + 16, csum);
        CHECK_EQ(sum_tcp(at, buf->len, 34, false), 0xffff);
        fa_buf_drop(buf);
    }
    close_cards();
}

T(a_card_that_cuts_itself_gets_the_super_segment)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    struct shape shape = usual;
    shape.len = MSS + 400; // the receiver's buffers hold it
    open_cards(FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_TSO4, false);
    send_shape(&shape, true, MSS);
    REQUIRE(receive(bufs) == 1);
    CHECK_EQ(bufs[0]->len, hdr_len(&shape) + shape.len);
    CHECK_EQ(bufs[0]->offload.gso_bytes, MSS);
    drop_frames(bufs, 1);
    close_cards();
}

T(a_full_card_keeps_the_rest_waiting_and_is_heard_above)
{
    struct fa_buf *held[BUF_COUNT];
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    struct fa_buf *buf;
    struct shape shape = usual;
    shape.len = 10 * MSS + 1;
    open_cards(0, false);
    size_t held_count = 0;
    while (fa_pool_free_count(&pools[0]) > 0) {
        REQUIRE(fa_netdev_tx_reserve(&ports[0].dev, &held[held_count++]) == FA_OK);
    }
    send_shape(&shape, true, MSS);
    CHECK_EQ(receive(bufs), 0);
    CHECK_EQ(fa_netdev_tx_reserve(&gso[0].dev, &buf), FA_AGAIN);
    CHECK(fa_netdev_deadline(&gso[0].dev) != FA_NS_NEVER);
    fa_buf_drop(held[--held_count]); // one at a time: the switch copies, and gives it back
    CHECK_EQ(fa_netdev_tx_reserve(&gso[0].dev, &buf), FA_OK);
    fa_buf_drop(buf);
    REQUIRE(receive(bufs) == 11);
    for (size_t i = 0; i < 11; i++) {
        check_cut(bufs[i], &shape, i, i == 10);
    }
    drop_frames(bufs, 11);
    drop_frames(held, held_count);
    close_cards();
}

T(a_descriptor_that_the_headers_deny_is_dropped_and_counted)
{
    static const struct fa_offload bad[] = {
        {FA_OFFLOAD_TSO4, 16, 34, MSS, 54},
        {FA_OFFLOAD_TSO4 | FA_OFFLOAD_CSUM_NEEDED, 16, 34, 0, 54},
        {FA_OFFLOAD_TSO4 | FA_OFFLOAD_CSUM_NEEDED, 16, 33, MSS, 54},
        {FA_OFFLOAD_TSO4 | FA_OFFLOAD_CSUM_NEEDED, 16, 34, MSS, 55},
        {FA_OFFLOAD_TSO4 | FA_OFFLOAD_CSUM_NEEDED, 16, 34, MSS, 60000},
        {FA_OFFLOAD_TSO4 | FA_OFFLOAD_CSUM_NEEDED, 14, 34, MSS, 54},
        {FA_OFFLOAD_TSO6 | FA_OFFLOAD_CSUM_NEEDED, 16, 34, MSS, 54},
        {FA_OFFLOAD_CSUM_NEEDED, 16, 3000, 0, 0},
        {FA_OFFLOAD_CSUM_NEEDED, 1, 34, 0, 0},
    };
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    struct shape shape = usual;
    shape.len = 300;
    open_cards(0, false);
    for (size_t i = 0; i < FA_COUNT_OF(bad); i++) {
        struct fa_buf *buf;
        REQUIRE(fa_netdev_tx_reserve(&gso[0].dev, &buf) == FA_OK);
        write_frame(buf, &shape);
        buf->offload = bad[i];
        fa_netdev_tx_commit(&gso[0].dev, 0, buf);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_tx_offload), i + 1);
    }
    CHECK_EQ(receive(bufs), 0);
    close_cards();
}

/* ---- joining ---- */

T(segments_in_sequence_are_joined_until_one_is_short_or_pushed)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    for (unsigned kind = 0; kind < 4; kind++) {
        struct shape shape = usual;
        shape.ip6 = (kind & 1) != 0;
        shape.options = (kind & 2) != 0;
        open_cards(0, true);
        for (size_t i = 0; i < 6; i++) { // 0 to 3, of which 3 is pushed; 4 and 5, which is short
            shape.off = i * MSS;
            shape.seq = usual.seq + (uint32_t)shape.off;
            shape.len = i == 5 ? 10 : MSS;
            shape.flags = i == 3 ? ACK | PSH : ACK;
            send_shape(&shape, false, 0);
        }
        REQUIRE(receive(bufs) == 2);
        for (size_t i = 0; i < 2; i++) {
            const uint8_t *at = fa_buf_slice(bufs[i]).at;
            size_t hdr = hdr_len(&shape);
            CHECK_EQ(bufs[i]->len, hdr + (i == 0 ? 4 * MSS : MSS + 10));
            CHECK(fa_equal(at + hdr, payload + 4 * MSS * i, bufs[i]->len - hdr));
            CHECK_EQ(at[tcp_at(&shape) + 13], i == 0 ? ACK | PSH : ACK);
            CHECK((bufs[i]->offload.flags & FA_OFFLOAD_CSUM_GOOD) != 0);
            CHECK_EQ(bufs[i]->offload.gso_bytes, MSS);
            CHECK_EQ(bufs[i]->offload.hdr_bytes, hdr);
        }
        drop_frames(bufs, 2);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_gro_joined), 4);
        close_cards();
    }
}

T(what_a_receiver_could_tell_apart_is_not_joined)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    for (unsigned kind = 0; kind < 8; kind++) {
        struct shape shape = usual;
        shape.flags = ACK;
        shape.len = MSS;
        open_cards(0, true);
        send_shape(&shape, false, 0);
        shape.seq += MSS + (kind == 0 ? 1u : 0u);
        shape.ack += kind == 1 ? 1u : 0u;
        shape.window = (uint16_t)(shape.window + (kind == 2));
        shape.ttl = (uint8_t)(shape.ttl + (kind == 3));
        shape.options = kind == 4;
        shape.flags |= kind == 5 ? FIN : 0;
        shape.len += kind == 6 ? 1u : 0u;
        shape.ip6 = kind == 7;
        send_shape(&shape, false, 0);
        size_t count = receive(bufs);
        CHECK_EQ(count, 2);
        CHECK_EQ(fa_buf_at(bufs[0])[14], 0x45);
        drop_frames(bufs, count);
        close_cards();
    }
}

T(a_segment_with_a_wrong_checksum_passes_alone)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    struct fa_buf *buf;
    struct shape shape = usual;
    shape.flags = ACK;
    shape.len = MSS;
    open_cards(0, true);
    send_shape(&shape, false, 0);
    shape.seq += MSS;
    REQUIRE(fa_netdev_tx_reserve(&gso[0].dev, &buf) == FA_OK);
    write_frame(buf, &shape); // without any
    fa_netdev_tx_commit(&gso[0].dev, 0, buf);
    shape.seq += MSS;
    send_shape(&shape, false, 0);
    REQUIRE(receive(bufs) == 3);
    CHECK((bufs[1]->offload.flags & FA_OFFLOAD_CSUM_GOOD) == 0);
    drop_frames(bufs, 3);
    close_cards();
}

T(what_is_cut_and_joined_again_is_what_it_was)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    for (size_t len = MSS + 1; len < PAYLOAD_MAX; len += 3777) {
        struct shape shape = usual;
        shape.flags = ACK | PSH;
        shape.len = len;
        open_cards(0, true);
        send_shape(&shape, true, MSS);
        REQUIRE(receive(bufs) == 1);
        CHECK_EQ(bufs[0]->len, hdr_len(&shape) + len);
        CHECK(fa_equal(fa_buf_at(bufs[0]) + hdr_len(&shape), payload, len));
        drop_frames(bufs, 1);
        close_cards();
    }
}

T(without_large_buffers_nothing_is_joined_and_nothing_lost)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    struct fa_buf *held[LARGE_COUNT];
    struct shape shape = usual;
    shape.flags = ACK | PSH;
    shape.len = 5 * MSS;
    open_cards(0, true);
    for (size_t i = 0; i < LARGE_COUNT; i++) {
        REQUIRE(fa_buf_alloc(&large[1], 0, &held[i]) == FA_OK);
    }
    send_shape(&shape, true, MSS);
    CHECK_EQ(receive(bufs), 5);
    drop_frames(bufs, 5);
    drop_frames(held, LARGE_COUNT);
    close_cards();
}
