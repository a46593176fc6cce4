// SPDX-License-Identifier: ISC
//
// Tests of the switch in memory.

#include "fa/vnet.h"

#include "test/frame.h"
#include "test/t.h"

enum {
    PORT_COUNT = 4,
    BUF_COUNT = 32,
    MAC_COUNT = 8,
};

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[MAC_COUNT];
static struct fa_counters counters;
static struct fa_vnet_port ports[PORT_COUNT];
static struct fa_pool pools[PORT_COUNT];
static _Alignas(64) uint8_t memory[PORT_COUNT][BUF_COUNT * FA_BUF_SIZE];
static const uint8_t stranger[FA_MAC_LEN] = {0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee};

static void open_port(unsigned i, const struct fa_vnet_port_config *more)
{
    struct fa_vnet_port_config config = *more;
    config.name = "port";
    config.pool = &pools[i];
    fa_pool_init(&pools[i], memory[i], sizeof memory[i], FA_BUF_SIZE);
    fa_vnet_port_open(&vnet, &ports[i], &config);
}

static void open_wire(const struct fa_vnet_config *more)
{
    struct fa_vnet_config config = *more;
    config.macs = macs;
    config.mac_count = MAC_COUNT;
    config.counters = &counters;
    counters = (struct fa_counters){};
    fa_vnet_init(&vnet, &config);
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        open_port(i, &(struct fa_vnet_port_config){});
    }
}

static void close_wire(void)
{
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        fa_netdev_close(&ports[i].dev);
        CHECK_EQ(pools[i].used_count, 0);
    }
}

/* Let the wire learn where `i` is. */
static void announce_port(unsigned i, fa_ns now)
{
    CHECK(frame_send(&ports[i].dev, now, frame_broadcast, 0, FRAME_MIN));
    for (unsigned other = 0; other < PORT_COUNT; other++) {
        CHECK_EQ(frame_drain(&ports[other].dev, now), other != i);
    }
}

/* Whether a frame for `target` reaches exactly the ports of `mask`. */
static bool check_reaches(unsigned from, fa_ns now, const uint8_t *target, unsigned mask)
{
    unsigned reached = 0;
    bool sent = frame_send(&ports[from].dev, now, target, 1, 100);
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        reached |= frame_drain(&ports[i].dev, now) == 1 ? 1u << i : 0;
    }
    return sent && reached == mask;
}

T(unknown_and_group_addresses_reach_every_other_port)
{
    static const uint8_t group[FA_MAC_LEN] = {0x33, 0x33, 0, 0, 0, 1};
    open_wire(&(struct fa_vnet_config){});
    CHECK(check_reaches(0, 1, stranger, 0xe));
    CHECK_EQ(FA_COUNTER_VALUE(&counters, vnet_flooded), 1);
    CHECK(check_reaches(1, 1, group, 0xd));
    CHECK(check_reaches(3, 1, frame_broadcast, 0x7));
    CHECK_EQ(FA_COUNTER_VALUE(&counters, vnet_flooded), 1);
    close_wire();
}

T(learned_address_reaches_its_port_alone)
{
    open_wire(&(struct fa_vnet_config){});
    announce_port(2, 1);
    CHECK(check_reaches(0, 1, ports[2].dev.info.mac, 1 << 2));
    CHECK(check_reaches(2, 1, ports[0].dev.info.mac, 1 << 0)); /* learned from the frame before */
    CHECK_EQ(FA_COUNTER_VALUE(&counters, vnet_flooded), 0);
    close_wire();
}

T(address_that_moves_is_followed)
{
    struct fa_buf *buf;
    open_wire(&(struct fa_vnet_config){});
    announce_port(2, 1);
    REQUIRE(fa_netdev_tx_reserve(&ports[3].dev, &buf) == FA_OK);
    frame_write(buf, frame_broadcast, ports[2].dev.info.mac, 1, FRAME_MIN);
    fa_netdev_tx_commit(&ports[3].dev, 2, buf);
    for (unsigned i = 0; i < PORT_COUNT; i++) {
        (void)frame_drain(&ports[i].dev, 2);
    }
    CHECK(check_reaches(0, 3, ports[2].dev.info.mac, 1 << 3));
    close_wire();
}

T(frame_for_its_own_port_is_dropped_and_counted)
{
    open_wire(&(struct fa_vnet_config){});
    CHECK(check_reaches(1, 1, ports[1].dev.info.mac, 0));
    CHECK_EQ(FA_COUNTER_VALUE(&counters, vnet_same_port), 1);
    close_wire();
}

T(group_address_as_source_is_not_learned)
{
    static const uint8_t group[FA_MAC_LEN] = {0x01, 0, 0x5e, 0, 0, 1};
    struct fa_buf *buf;
    open_wire(&(struct fa_vnet_config){});
    REQUIRE(fa_netdev_tx_reserve(&ports[3].dev, &buf) == FA_OK);
    frame_write(buf, frame_broadcast, group, 1, FRAME_MIN);
    fa_netdev_tx_commit(&ports[3].dev, 1, buf);
    for (unsigned i = 0; i < MAC_COUNT; i++) {
        CHECK(macs[i].port == NULL);
    }
    close_wire();
}

T(address_is_forgotten_after_its_age_and_not_before)
{
    const fa_ns start = 7 * FA_NS_S;
    open_wire(&(struct fa_vnet_config){.age_ns = FA_NS_S});
    announce_port(2, start);
    CHECK(check_reaches(0, start + FA_NS_S, ports[2].dev.info.mac, 1 << 2));
    CHECK(check_reaches(0, start + FA_NS_S + 1, ports[2].dev.info.mac, 0xe));
    close_wire();

    open_wire(&(struct fa_vnet_config){});
    announce_port(2, start);
    CHECK(check_reaches(0, start + FA_VNET_AGE_DEFAULT_NS, ports[2].dev.info.mac, 1 << 2));
    CHECK(check_reaches(0, start + FA_VNET_AGE_DEFAULT_NS + 1, ports[2].dev.info.mac, 0xe));
    close_wire();
}

T(full_table_forgets_the_address_heard_least_recently)
{
    struct fa_buf *buf;
    uint8_t source[FA_MAC_LEN] = {0x02, 0x77};
    open_wire(&(struct fa_vnet_config){});
    announce_port(2, 1);
    /* Far more addresses than places, while port 2 keeps talking. */
    for (uint32_t i = 0; i < 1000; i++) {
        REQUIRE(fa_netdev_tx_reserve(&ports[3].dev, &buf) == FA_OK);
        fa_be32_store(source + 2, i);
        frame_write(buf, ports[2].dev.info.mac, source, i, FRAME_MIN);
        fa_netdev_tx_commit(&ports[3].dev, 2 + 2 * i, buf);
        CHECK_EQ(frame_drain(&ports[2].dev, 0), 1);
        CHECK(frame_send(&ports[2].dev, 3 + 2 * i, source, i, FRAME_MIN));
        CHECK_EQ(frame_drain(&ports[3].dev, 0), 1);
        CHECK_EQ(frame_drain(&ports[0].dev, 0), 0); /* neither was ever flooded */
    }
    CHECK(FA_COUNTER_VALUE(&counters, vnet_mac_evicted) > 1000 - MAC_COUNT - 1);
    fa_be32_store(source + 2, 0);
    CHECK(check_reaches(0, 3000, source, 0xe));
    close_wire();
}

T(full_queue_drops_the_newest_and_counts)
{
    open_wire(&(struct fa_vnet_config){});
    fa_netdev_close(&ports[1].dev);
    open_port(1, &(struct fa_vnet_port_config){.rx_count_max = 3});
    for (uint32_t i = 0; i < 5; i++) {
        CHECK(frame_send(&ports[0].dev, 1, frame_broadcast, i, 60));
    }
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_queue_full), 2);
    CHECK_EQ(fa_netdev_deadline(&ports[1].dev), 0);
    for (uint32_t i = 0; i < 3; i++) {
        struct fa_buf *buf = frame_take(&ports[1].dev, 1);
        REQUIRE(buf != NULL);
        CHECK(frame_check(buf, i, 60));
        fa_buf_drop(buf);
    }
    CHECK(frame_take(&ports[1].dev, 1) == NULL);
    CHECK_EQ(fa_netdev_deadline(&ports[1].dev), FA_NS_NEVER);
    CHECK(frame_send(&ports[0].dev, 1, frame_broadcast, 9, 60));
    CHECK_EQ(frame_drain(&ports[1].dev, 1), 1); /* it recovers */
    close_wire();
}

T(receiver_pays_for_its_own_frames)
{
    struct fa_buf *held[BUF_COUNT];
    open_wire(&(struct fa_vnet_config){});
    announce_port(1, 1);
    for (unsigned i = 0; i < BUF_COUNT; i++) {
        REQUIRE(fa_netdev_tx_reserve(&ports[1].dev, &held[i]) == FA_OK);
    }
    CHECK(frame_send(&ports[0].dev, 1, frame_broadcast, 1, 60));
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_pool_empty), 1);
    CHECK_EQ(frame_drain(&ports[1].dev, 1), 0);
    CHECK_EQ(frame_drain(&ports[2].dev, 1), 1); /* the others do not suffer */
    CHECK_EQ(pools[0].used_count, 0);
    for (unsigned i = 0; i < BUF_COUNT; i++) {
        fa_buf_drop(held[i]);
    }
    close_wire();
}

T(frame_too_long_for_the_receiver_is_dropped_and_counted)
{
    open_wire(&(struct fa_vnet_config){});
    fa_netdev_close(&ports[1].dev);
    open_port(1, &(struct fa_vnet_port_config){.mtu_bytes = 1000});
    CHECK(frame_send(&ports[0].dev, 1, frame_broadcast, 1, FA_ETH_HDR_LEN + 1000));
    CHECK(frame_send(&ports[0].dev, 1, frame_broadcast, 2, FA_ETH_HDR_LEN + 1001));
    CHECK_EQ(frame_drain(&ports[1].dev, 1), 1);
    CHECK_EQ(frame_drain(&ports[2].dev, 1), 2);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_too_long), 1);
    close_wire();
}

T(offload_is_refused_unless_the_switch_offers_it)
{
    struct fa_buf *buf;
    open_wire(&(struct fa_vnet_config){});
    CHECK_EQ(ports[0].dev.info.tx_offload, 0);
    CHECK_EQ(ports[0].dev.info.rx_offload, 0);
    REQUIRE(fa_netdev_tx_reserve(&ports[0].dev, &buf) == FA_OK);
    frame_write(buf, frame_broadcast, ports[0].dev.info.mac, 1, 60);
    buf->offload.flags = FA_OFFLOAD_CSUM_NEEDED;
    fa_netdev_tx_commit(&ports[0].dev, 1, buf);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_tx_offload), 1);
    CHECK_EQ(frame_drain(&ports[1].dev, 1), 0);
    close_wire();
}

T(offered_checksum_offload_passes_through_marked_as_good)
{
    struct fa_buf *buf;
    open_wire(&(struct fa_vnet_config){.offload = FA_OFFLOAD_CSUM_NEEDED});
    CHECK_EQ(ports[0].dev.info.tx_offload, FA_OFFLOAD_CSUM_NEEDED);
    CHECK_EQ(ports[0].dev.info.rx_offload, FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_CSUM_GOOD);
    REQUIRE(fa_netdev_tx_reserve(&ports[0].dev, &buf) == FA_OK);
    frame_write(buf, frame_broadcast, ports[0].dev.info.mac, 1, 60);
    buf->offload =
        (struct fa_offload){.flags = FA_OFFLOAD_CSUM_NEEDED, .csum_start = 34, .csum_offset = 16};
    fa_netdev_tx_commit(&ports[0].dev, 1, buf);
    buf = frame_take(&ports[1].dev, 1);
    REQUIRE(buf != NULL);
    CHECK_EQ(buf->offload.flags, FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_CSUM_GOOD);
    CHECK_EQ(buf->offload.csum_start, 34);
    CHECK_EQ(buf->offload.csum_offset, 16);
    fa_buf_drop(buf);
    close_wire();
}

T(super_segment_passes_only_where_offered_and_where_it_fits)
{
    static struct fa_vnet_port wide[2];
    static struct fa_pool wide_pool;
    static _Alignas(64) uint8_t wide_memory[4 * 8192];
    struct fa_buf *buf;
    open_wire(&(struct fa_vnet_config){.offload = FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_TSO4});
    fa_pool_init(&wide_pool, wide_memory, sizeof wide_memory, 8192);
    for (unsigned i = 0; i < 2; i++) {
        fa_vnet_port_open(
            &vnet, &wide[i], &(struct fa_vnet_port_config){.name = "wide", .pool = &wide_pool});
    }
    REQUIRE(fa_netdev_tx_reserve(&wide[0].dev, &buf) == FA_OK);
    frame_write(buf, frame_broadcast, wide[0].dev.info.mac, 5, 6000);
    buf->offload = (struct fa_offload){
        .flags = FA_OFFLOAD_TSO4 | FA_OFFLOAD_CSUM_NEEDED, .gso_bytes = 1448, .hdr_bytes = 66};
    fa_netdev_tx_commit(&wide[0].dev, 1, buf);
    buf = frame_take(&wide[1].dev, 1);
    REQUIRE(buf != NULL);
    CHECK(frame_check(buf, 5, 6000));
    CHECK_EQ(buf->offload.gso_bytes, 1448);
    fa_buf_drop(buf);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_too_long), PORT_COUNT); /* 2 KiB buffers */
    fa_netdev_close(&wide[0].dev);
    fa_netdev_close(&wide[1].dev);
    close_wire();
}

T(closed_port_is_forgotten_by_the_table)
{
    uint8_t gone[FA_MAC_LEN];
    open_wire(&(struct fa_vnet_config){});
    announce_port(2, 1);
    fa_copy(gone, ports[2].dev.info.mac, FA_MAC_LEN);
    CHECK(frame_send(&ports[0].dev, 1, gone, 1, 60)); /* queued when the port goes */
    fa_netdev_close(&ports[2].dev);
    CHECK_EQ(pools[2].used_count, 0);
    CHECK(check_reaches(0, 2, gone, 0xa));
    open_port(2, &(struct fa_vnet_port_config){});
    CHECK(!fa_equal(gone, ports[2].dev.info.mac, FA_MAC_LEN)); /* addresses are not used again */
    close_wire();
}

static void open_port_with_small_buffers(void *ctx)
{
    (void)ctx;
    open_port(0, &(struct fa_vnet_port_config){.mtu_bytes = 4000});
}

T(port_whose_buffers_cannot_hold_its_mtu_is_a_bug)
{
    open_wire(&(struct fa_vnet_config){});
    fa_netdev_close(&ports[0].dev);
    CHECK(t_traps(open_port_with_small_buffers, NULL));
}
