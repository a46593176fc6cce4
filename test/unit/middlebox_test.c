// SPDX-License-Identifier: ISC
//
// test/unit/middlebox_test.c: the middlebox of the simulator does to segments what it says.

#include "test/middlebox.h"

#include "fa/vnet.h"
#include "fa/wire/csum.h"
#include "fa/wire/eth.h"
#include "fa/wire/icmp.h"
#include "fa/wire/ip4.h"
#include "test/t.h"

enum { BUF_COUNT = 64, PAYLOAD_LEN = 100, INNER_PORT = 40000, REMOTE_PORT = 80 };

static _Alignas(64) uint8_t memory[2][BUF_COUNT * FA_BUF_SIZE];
static struct fa_pool pools[2];
static struct fa_vnet_mac macs[16];
static struct fa_vnet wire;
static struct fa_vnet_port ports[2]; /* inside, behind the box; outside */
static struct middlebox box;

static const struct fa_tcp_header syn = {.source_port = INNER_PORT,
    .target_port = REMOTE_PORT,
    .seq = 1000,
    .window = 5000,
    .mss = 1460,
    .flags = FA_TCP_SYN,
    .has_scale = true,
    .scale = 7,
    .sack_ok = true,
    .has_ts = true,
    .ts_value = 77};

static void open_box(const struct middlebox_config *config)
{
    fa_vnet_init(&wire, &(struct fa_vnet_config){.macs = macs, .mac_count = FA_COUNT_OF(macs)});
    for (int i = 0; i < 2; i++) {
        fa_pool_init(&pools[i], memory[i], sizeof memory[i], FA_BUF_SIZE);
        fa_vnet_port_open(&wire, &ports[i],
            &(struct fa_vnet_port_config){.name = i == 0 ? "in" : "out", .pool = &pools[i]});
    }
    middlebox_wrap(&box, &ports[0].dev, config, 1);
}

static void close_box(void)
{
    fa_netdev_close(&box.dev);
    fa_netdev_close(&ports[1].dev);
    CHECK_EQ(pools[0].used_count + pools[1].used_count, 0);
}

static struct fa_netdev *side_of(enum middlebox_dir dir)
{
    return dir == MIDDLEBOX_OUT ? &box.dev : &ports[1].dev;
}

/* Send a segment in one direction: from 10.0.0.1 inside to 10.0.0.2, or back. */
static void send(
    enum middlebox_dir dir, fa_ns now, const struct fa_tcp_header *header, size_t payload_len)
{
    struct fa_ip ends[2] = {fa_ip4(10, 0, 0, 1), fa_ip4(10, 0, 0, 2)};
    int source = dir == MIDDLEBOX_OUT ? 0 : 1;
    struct fa_buf *buf;
    FA_ASSERT(fa_netdev_tx_reserve(side_of(dir), &buf) == FA_OK);
    const struct fa_ip_meta meta = {
        .local = ends[source], .remote = ends[!source], .protocol = FA_IP_PROTO_TCP};
    uint8_t *payload = fa_buf_append(buf, payload_len);
    for (size_t i = 0; i < payload_len; i++) {
        payload[i] = (uint8_t)(i * 3);
    }
    uint64_t sum = fa_csum_add(0, payload, payload_len);
    fa_tcp_encode(fa_buf_push(buf, fa_tcp_encoded_len(header)), &meta, header, payload_len, sum);
    struct fa_ip4_header ip = {.source = fa_ip4_of(&meta.local),
        .target = fa_ip4_of(&meta.remote),
        .total_len = (uint16_t)(FA_IP4_HDR_LEN + buf->len),
        .traffic = 2,
        .ttl = 64,
        .protocol = FA_IP_PROTO_TCP,
        .dont_fragment = true};
    fa_ip4_encode(fa_buf_push(buf, FA_IP4_HDR_LEN), &ip);
    struct fa_eth_header eth = {.type = FA_ETH_TYPE_IP4};
    fa_copy(eth.target, ports[!source].dev.info.mac, FA_MAC_LEN);
    fa_copy(eth.source, ports[source].dev.info.mac, FA_MAC_LEN);
    fa_eth_encode(fa_buf_push(buf, FA_ETH_HDR_LEN), &eth);
    fa_netdev_tx_commit(side_of(dir), now, buf);
    fa_netdev_tx_flush(side_of(dir), now);
}

/* Take what came out on the side where `dir` leads to. Returns: whether there was a good segment,
 * its header, its payload's length and whether that is whole. */
static bool take(enum middlebox_dir dir, fa_ns now, struct fa_tcp_header *ret_header)
{
    struct fa_buf *buf;
    struct middlebox_segment seg;
    struct fa_netdev *dev = side_of(dir == MIDDLEBOX_OUT ? MIDDLEBOX_IN : MIDDLEBOX_OUT);
    if (fa_netdev_rx(dev, now, &buf, 1) == 0) {
        return false;
    }
    bool good = middlebox_segment_read(&seg, buf);
    const uint8_t *payload = good ? seg.tcp + seg.header.len : NULL;
    size_t len = good ? (size_t)(fa_buf_at(buf) + buf->len - payload) : 0;
    for (size_t i = 0; i < len; i++) {
        good = good && payload[i] == (uint8_t)(i * 3);
    }
    *ret_header = seg.header;
    fa_buf_drop(buf);
    CHECK(good);
    return good;
}

static struct fa_tcp_header pass(enum middlebox_dir dir, const struct fa_tcp_header *header)
{
    struct fa_tcp_header out = {};
    send(dir, 1, header, PAYLOAD_LEN);
    CHECK(take(dir, 1, &out));
    return out;
}

static struct fa_tcp_header answer_to(const struct fa_tcp_header *outer)
{
    return (struct fa_tcp_header){.source_port = outer->target_port,
        .target_port = outer->source_port,
        .seq = 9000,
        .ack = outer->seq + 1,
        .window = 100,
        .flags = FA_TCP_ACK};
}

T(without_a_config_nothing_changes)
{
    open_box(&(struct middlebox_config){});
    struct fa_tcp_header out = pass(MIDDLEBOX_OUT, &syn);
    CHECK(out.mss == 1460 && out.has_scale && out.sack_ok && out.has_ts);
    CHECK_EQ(box.stats.edited_count, 0);
    close_box();
}

T(options_are_blanked_removed_or_mangled_and_the_rest_stays)
{
    for (int how = 0; how < 3; how++) {
        open_box(&(struct middlebox_config){
            .strip = MIDDLEBOX_SACK_OK | MIDDLEBOX_TS, .how = (enum middlebox_strip)how});
        struct fa_tcp_header out = pass(MIDDLEBOX_OUT, &syn);
        CHECK(!out.sack_ok && !out.has_ts && out.has_scale && out.scale == 7);
        CHECK_EQ(out.mss, 1460);
        CHECK_EQ(out.seq, 1000);
        CHECK_EQ(out.len < fa_tcp_encoded_len(&syn), how == MIDDLEBOX_REMOVE);
        CHECK_EQ(box.stats.edited_count, 1);
        close_box();
    }
}

T(the_mss_of_a_syn_is_clamped_but_never_raised)
{
    open_box(&(struct middlebox_config){.mss_max = 1000});
    struct fa_tcp_header small = syn;
    small.mss = 900;
    CHECK_EQ(pass(MIDDLEBOX_OUT, &syn).mss, 1000);
    CHECK_EQ(pass(MIDDLEBOX_IN, &small).mss, 900);
    close_box();
}

T(sequence_numbers_are_shifted_and_back_with_sack_blocks_if_asked)
{
    for (int sack = 0; sack < 2; sack++) {
        open_box(&(struct middlebox_config){.shift_seq = true, .shift_sack = sack != 0});
        struct fa_tcp_header out = pass(MIDDLEBOX_OUT, &syn);
        CHECK(out.seq != 1000);
        struct fa_tcp_header back = answer_to(&out);
        back.sack_count = 1;
        back.sacks[0] = (struct fa_tcp_sack){out.seq + 500, out.seq + 600};
        struct fa_tcp_header in = pass(MIDDLEBOX_IN, &back);
        CHECK_EQ(in.ack, 1001);
        CHECK_EQ(in.seq, 9000);
        CHECK_EQ(in.sacks[0].from == 1500, sack);
        CHECK_EQ(in.sacks[0].to - in.sacks[0].from, 100);
        close_box();
    }
}

T(a_nat_translates_both_ways_and_binds_anew_when_it_forgot)
{
    open_box(&(struct middlebox_config){.nat = true, .reset = true});
    struct fa_tcp_header first = pass(MIDDLEBOX_OUT, &syn);
    CHECK(first.source_port != INNER_PORT);
    struct fa_tcp_header back = answer_to(&first);
    CHECK_EQ(pass(MIDDLEBOX_IN, &back).target_port, INNER_PORT);
    struct fa_tcp_header data = {.source_port = INNER_PORT,
        .target_port = REMOTE_PORT,
        .seq = 1001,
        .ack = 9000,
        .flags = FA_TCP_ACK};
    CHECK_EQ(pass(MIDDLEBOX_OUT, &data).source_port, first.source_port);
    middlebox_forget(&box);
    CHECK(pass(MIDDLEBOX_OUT, &data).source_port != first.source_port);
    CHECK_EQ(box.stats.rebound_count, 1);
    /* Who still speaks to the old port is reset. */
    struct fa_tcp_header reset = {};
    send(MIDDLEBOX_IN, 1, &back, 0);
    CHECK(!take(MIDDLEBOX_IN, 1, &reset));
    CHECK(take(MIDDLEBOX_OUT, 1, &reset));
    CHECK_EQ(reset.flags & FA_TCP_RST, FA_TCP_RST);
    CHECK_EQ(reset.seq, back.ack);
    close_box();
}

T(an_idle_connection_is_forgotten_in_silence)
{
    open_box(&(struct middlebox_config){.idle_ns = 1000});
    struct fa_tcp_header out = pass(MIDDLEBOX_OUT, &syn);
    struct fa_tcp_header back = answer_to(&out);
    send(MIDDLEBOX_IN, 1000, &back, 0);
    CHECK(take(MIDDLEBOX_IN, 1000, &out));
    send(MIDDLEBOX_IN, 2000, &back, 0);
    CHECK(!take(MIDDLEBOX_IN, 2000, &out));
    CHECK_EQ(box.stats.unknown_count, 1);
    CHECK_EQ(box.stats.reset_count, 0);
    close_box();
}

T(what_is_too_big_is_dropped_or_sent_back_as_an_icmp_error)
{
    struct fa_tcp_header out;
    for (int icmp = 0; icmp < 2; icmp++) {
        open_box(&(struct middlebox_config){.mtu_bytes = 600, .mtu_icmp = icmp != 0});
        send(MIDDLEBOX_OUT, 1, &syn, 600);
        CHECK(!take(MIDDLEBOX_OUT, 1, &out));
        struct fa_buf *buf = NULL;
        CHECK_EQ(fa_netdev_rx(&box.dev, 1, &buf, 1), icmp);
        if (buf != NULL) {
            struct fa_icmp_header header = {};
            struct fa_slice packet = fa_slice_from(fa_buf_slice(buf), FA_ETH_HDR_LEN);
            CHECK(fa_icmp_decode(fa_slice_from(packet, FA_IP4_HDR_LEN), &header) == FA_ICMP_GOOD);
            CHECK_EQ(header.code, FA_ICMP_CODE_TOO_BIG);
            CHECK_EQ(header.seq, 600);
            fa_buf_drop(buf);
        }
        send(MIDDLEBOX_OUT, 1, &syn, 500);
        CHECK(take(MIDDLEBOX_OUT, 1, &out));
        close_box();
    }
}

T(an_ack_waits_and_gives_way_to_a_later_one)
{
    open_box(&(struct middlebox_config){.ack_hold_ns = 100});
    struct fa_tcp_header ack = {
        .source_port = INNER_PORT, .target_port = REMOTE_PORT, .ack = 10, .flags = FA_TCP_ACK};
    struct fa_tcp_header out = {};
    send(MIDDLEBOX_OUT, 1, &ack, 0);
    ack.ack = 20;
    send(MIDDLEBOX_OUT, 50, &ack, 0);
    CHECK(!take(MIDDLEBOX_OUT, 149, &out));
    fa_netdev_tx_flush(&box.dev, 150);
    CHECK(take(MIDDLEBOX_OUT, 150, &out));
    CHECK_EQ(out.ack, 20);
    CHECK(!take(MIDDLEBOX_OUT, 1000, &out));
    CHECK_EQ(box.stats.thinned_count, 1);
    close_box();
}

T(two_paths_reorder)
{
    open_box(&(struct middlebox_config){.path_ns = {0, 1000}});
    bool reordered = false;
    uint32_t last = 0;
    for (uint32_t i = 1; i <= 20; i++) {
        struct fa_tcp_header header = syn;
        header.seq = i;
        send(MIDDLEBOX_OUT, i, &header, 0);
    }
    fa_netdev_tx_flush(&box.dev, 2000);
    struct fa_tcp_header out;
    for (int i = 0; i < 20; i++) {
        CHECK(take(MIDDLEBOX_OUT, 2000, &out));
        reordered = reordered || out.seq < last;
        last = out.seq;
    }
    CHECK(reordered);
    close_box();
}

T(ecn_is_bleached_and_denied)
{
    open_box(&(struct middlebox_config){.ecn = MIDDLEBOX_ECN_DENY});
    struct fa_tcp_header asks = syn;
    asks.flags = FA_TCP_SYN | FA_TCP_ECE | FA_TCP_CWR;
    CHECK_EQ(pass(MIDDLEBOX_OUT, &asks).flags, FA_TCP_SYN);
    middlebox_set(&box, &(struct middlebox_config){.ecn = MIDDLEBOX_ECN_BLEACH});
    send(MIDDLEBOX_OUT, 1, &syn, 0);
    struct fa_buf *buf = NULL;
    CHECK_EQ(fa_netdev_rx(&ports[1].dev, 1, &buf, 1), 1);
    CHECK_EQ(fa_buf_at(buf)[FA_ETH_HDR_LEN + 1], 0);
    fa_buf_drop(buf);
    close_box();
}

T(a_corrupted_segment_is_not_mended)
{
    open_box(&(struct middlebox_config){.mss_max = 500});
    send(MIDDLEBOX_IN, 1, &syn, PAYLOAD_LEN);
    struct fa_list *node = fa_list_first(&ports[0].rx);
    fa_buf_at(fa_buf_of(node))[FA_ETH_HDR_LEN + FA_IP4_HDR_LEN + 30] ^= 1;
    struct fa_buf *buf = NULL;
    struct middlebox_segment seg;
    CHECK_EQ(fa_netdev_rx(&box.dev, 1, &buf, 1), 1);
    CHECK(!middlebox_segment_read(&seg, buf));
    fa_buf_drop(buf);
    CHECK_EQ(box.stats.edited_count, 0);
    close_box();
}
