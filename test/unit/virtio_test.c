// SPDX-License-Identifier: ISC
//
// Devices behind registers, played by the test in memory; and the words that say where they are.

#include "src/virtio/net.h"

#include <stdlib.h>
#include <string.h>

#include "test/t.h"

enum {
    POOL_COUNT = 64,
    FRAME = 100,
    HEADER = 12,
    FEATURES = 1 << 0 | 1 << 5 | 1 << 29, // and of the upper half: VERSION_1
    QUEUE_SIZE_MAX = 16,
};

static _Alignas(64) uint8_t pool_memory[(size_t)POOL_COUNT * FA_BUF_SIZE];
static struct fa_pool pool;
static _Alignas(8) uint8_t registers[FA__VIRTIO_MMIO_BYTES];
static struct fa__virtio_net net;
static struct fa_counters counters;
static uint16_t device_seen;

static void set32(size_t off, uint32_t value)
{
    memcpy(registers + off, &value, sizeof value);
}

static uint32_t get32(size_t off)
{
    uint32_t value;
    memcpy(&value, registers + off, sizeof value);
    return value;
}

static void plug_in(uint32_t version)
{
    static const uint8_t mac[] = {0x52, 0x54, 0, 1, 2, 3};
    memset(registers, 0, sizeof registers);
    set32(0x00, 0x74726976);
    set32(0x04, version);
    set32(0x08, FA__VIRTIO_NET);
    set32(0x10, FEATURES);
    set32(0x34, QUEUE_SIZE_MAX);
    memcpy(registers + 0x100, mac, sizeof mac);
    fa_pool_init(&pool, pool_memory, sizeof pool_memory, FA_BUF_SIZE);
    counters = (struct fa_counters){};
    device_seen = 0;
}

static fa_err open_net(void)
{
    const struct fa__virtio_net_config config = {
        .registers = registers, .name = "net0", .pool = &pool, .counters = &counters};
    return fa__virtio_net_open(&net, &config);
}

static void give_back(struct fa__virtq *q, uint32_t id, uint32_t len)
{
    uint16_t *index = (uint16_t *)(void *)(q->used + 2);
    const struct fa__virtq_used entry = {id, len};
    memcpy(q->used + 4 + (size_t)8 * (*index % q->size), &entry, sizeof entry);
    (*index)++;
}

/* The device fills the next buffer with a frame of `len` bytes and says it was `told`. */
static void receive(size_t len, uint32_t told)
{
    const uint16_t id = net.rx.avail[2 + device_seen++ % net.rx.size];
    uint8_t *at = (uint8_t *)(uintptr_t)net.rx.desc[id].at;
    memset(at, 0, HEADER);
    memset(at + HEADER, 0x5a, len);
    give_back(&net.rx, id, told);
}

T(registers_tell_a_device_from_nothing)
{
    plug_in(2);
    CHECK_EQ(fa__virtio_mmio_id(registers), FA__VIRTIO_NET);
    set32(0x04, 3);
    CHECK_EQ(fa__virtio_mmio_id(registers), 0);
    set32(0x04, 1);
    CHECK_EQ(fa__virtio_mmio_id(registers), FA__VIRTIO_NET);
    set32(0x00, UINT32_MAX);
    CHECK_EQ(fa__virtio_mmio_id(registers), 0);
}

T(a_card_begins_with_its_address_and_buffers_to_receive_into)
{
    static const uint8_t mac[] = {0x52, 0x54, 0, 1, 2, 3};
    for (uint32_t version = 1; version <= 2; version++) {
        plug_in(version);
        CHECK_EQ(open_net(), FA_OK);
        CHECK(memcmp(net.dev.info.mac, mac, sizeof mac) == 0);
        CHECK_EQ(net.rx.size, QUEUE_SIZE_MAX);
        CHECK_EQ(net.rx.lent_count, QUEUE_SIZE_MAX);
        CHECK_EQ(get32(0x70), version == 1 ? 7 : 15);
        CHECK_EQ(net.header_len, version == 1 ? 10 : 12);
        fa_netdev_close(&net.dev);
        CHECK_EQ(get32(0x70), 0);
        CHECK_EQ(pool.used_count, 0);
    }
}

T(a_device_without_version_1_or_queues_is_refused)
{
    plug_in(2);
    set32(0x10, FEATURES & ~1);
    CHECK_EQ(open_net(), FA_EIO);
    plug_in(2);
    set32(0x34, 0);
    CHECK_EQ(open_net(), FA_EIO);
    plug_in(2);
    fa_pool_init(&pool, pool_memory, sizeof pool_memory, 1024);
    CHECK_EQ(open_net(), FA_EINVAL);
    CHECK_EQ(pool.used_count, 0);
}

T(frames_are_received_where_frames_lie_and_buffers_follow)
{
    struct fa_buf *bufs[4];
    plug_in(2);
    CHECK_EQ(open_net(), FA_OK);
    CHECK_EQ(fa_netdev_deadline(&net.dev), FA_NS_NEVER);
    receive(FRAME, HEADER + FRAME);
    receive(FRAME + 1, HEADER + FRAME + 1);
    CHECK_EQ(fa_netdev_deadline(&net.dev), 0);
    CHECK_EQ(fa_netdev_rx(&net.dev, 0, bufs, 1), 1);
    CHECK_EQ(bufs[0]->len, FRAME);
    CHECK_EQ(fa_buf_headroom(bufs[0]), FA_BUF_HEADROOM);
    CHECK_EQ(fa_buf_at(bufs[0])[FRAME - 1], 0x5a);
    CHECK_EQ(fa_netdev_deadline(&net.dev), 0);
    CHECK_EQ(fa_netdev_rx(&net.dev, 0, bufs + 1, 3), 1);
    CHECK_EQ(net.rx.lent_count, QUEUE_SIZE_MAX);
    CHECK_EQ(fa_netdev_deadline(&net.dev), FA_NS_NEVER);
    fa_buf_drop(bufs[0]);
    fa_buf_drop(bufs[1]);
    fa_netdev_close(&net.dev);
    CHECK_EQ(pool.used_count, 0);
}

T(lengths_that_cannot_be_are_counted_or_cut)
{
    struct fa_buf *bufs[4];
    plug_in(2);
    CHECK_EQ(open_net(), FA_OK);
    receive(FRAME, HEADER + FA_ETH_HDR_LEN - 1);
    receive(FRAME, 0);
    receive(FRAME, UINT32_MAX);
    CHECK_EQ(fa_netdev_rx(&net.dev, 0, bufs, 4), 1);
    CHECK_EQ(bufs[0]->len, 1514);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_too_short), 2);
    CHECK_EQ(net.rx.bad_count, 1);
    fa_buf_drop(bufs[0]);
    fa_netdev_close(&net.dev);
    CHECK_EQ(pool.used_count, 0);
}

static fa_err send_one(void)
{
    struct fa_buf *buf;
    const fa_err err = fa_netdev_tx_reserve(&net.dev, &buf);
    if (err == FA_OK) {
        memset(fa_buf_append(buf, FRAME), 0xa5, FRAME);
        fa_netdev_tx_commit(&net.dev, 0, buf);
    }
    return err;
}

T(a_frame_goes_out_behind_a_header_that_asks_for_nothing)
{
    static const uint8_t zero[HEADER];
    plug_in(2);
    CHECK_EQ(open_net(), FA_OK);
    set32(0x50, UINT32_MAX);
    CHECK_EQ(send_one(), FA_OK);
    CHECK_EQ(get32(0x50), UINT32_MAX); // kept back
    fa_netdev_tx_flush(&net.dev, 0);
    CHECK_EQ(get32(0x50), 1);
    const struct fa__virtq_desc *desc = &net.tx.desc[net.tx.avail[2]];
    CHECK_EQ(desc->len, HEADER);
    CHECK(memcmp((void *)(uintptr_t)desc->at, zero, HEADER) == 0);
    desc = &net.tx.desc[desc->next];
    CHECK_EQ(desc->len, FRAME);
    CHECK_EQ(*(uint8_t *)(uintptr_t)desc->at, 0xa5);
    fa_netdev_close(&net.dev);
    CHECK_EQ(pool.used_count, 0);
}

T(a_full_queue_says_again_until_frames_are_sent)
{
    plug_in(2);
    CHECK_EQ(open_net(), FA_OK);
    for (int i = 0; i < QUEUE_SIZE_MAX / 2; i++) {
        CHECK_EQ(send_one(), FA_OK);
    }
    CHECK_EQ(send_one(), FA_AGAIN);
    CHECK_EQ(net.tx.avail[1], QUEUE_SIZE_MAX / 2); // it was shown all of them
    give_back(&net.tx, net.tx.avail[2], 0);
    CHECK_EQ(send_one(), FA_OK);
    CHECK_EQ(send_one(), FA_AGAIN);
    fa_netdev_close(&net.dev);
    CHECK_EQ(pool.used_count, 0);
}

T(words_of_the_command_line_say_where_devices_are)
{
    static const struct {
        const char *line;
        const char *left;
        size_t count;
        struct fa__virtio_place first;
    } lines[] = {
        {"virtio_mmio.device=512@0xfeb00e00:12", "", 1, {0xfeb00e00, 512, 12}},
        {"a virtio_mmio.device=4K@0xd0000000:5 b", "a  b", 1, {0xd0000000, 4096, 5}},
        {"virtio_mmio.device=0x200@0xFEB00000:5:1 virtio_mmio.device=512@1024:6", " ", 2,
            {0xfeb00000, 512, 5}},
        {"xvirtio_mmio.device=512@1:2", "xvirtio_mmio.device=512@1:2", 0, {}},
        {"virtio_mmio.device=511@1:2", "virtio_mmio.device=511@1:2", 0, {}},
        {"virtio_mmio.device=512@1:2x", "virtio_mmio.device=512@1:2x", 0, {}},
        {"virtio_mmio.device=512@:2", "virtio_mmio.device=512@:2", 0, {}},
        {"virtio_mmio.device=512@1", "virtio_mmio.device=512@1", 0, {}},
        {"virtio_mmio.device=512@1:99999999999", "virtio_mmio.device=512@1:99999999999", 0, {}},
        {"virtio_mmio.device=512@0x10000000000000000:1",
            "virtio_mmio.device=512@0x10000000000000000:1", 0, {}},
        {"virtio_mmio.device=", "virtio_mmio.device=", 0, {}},
        {"virtio_mmio.devic", "virtio_mmio.devic", 0, {}},
        {"", "", 0, {}},
    };
    for (size_t i = 0; i < FA_COUNT_OF(lines); i++) {
        struct fa__virtio_place places[FA__VIRTIO_PLACE_COUNT] = {};
        char *line = strdup(lines[i].line);
        CHECK_EQ(fa__virtio_mmio_places(line, places), lines[i].count);
        CHECK(strcmp(line, lines[i].left) == 0);
        if (lines[i].count > 0) {
            CHECK_EQ(places[0].at, lines[i].first.at);
            CHECK_EQ(places[0].len, lines[i].first.len);
            CHECK_EQ(places[0].line, lines[i].first.line);
        }
        free(line);
    }
}

T(places_beyond_the_limit_stay_words)
{
    static const char word[] = "virtio_mmio.device=512@0x1000:1 ";
    char line[sizeof word * (FA__VIRTIO_PLACE_COUNT + 1)];
    struct fa__virtio_place places[FA__VIRTIO_PLACE_COUNT];
    for (size_t i = 0; i <= FA__VIRTIO_PLACE_COUNT; i++) {
        memcpy(line + i * (sizeof word - 1), word, sizeof word);
    }
    CHECK_EQ(fa__virtio_mmio_places(line, places), FA__VIRTIO_PLACE_COUNT);
    CHECK(strstr(line, word) != NULL);
}
