// SPDX-License-Identifier: ISC
//
// Any bytes as frames, joined on the way in and cut by any descriptor on the way out: nothing is
// read outside of a frame, no buffer is lost, and what arrives is no longer than a card allows.
//
// Covers: src/dev/gso.c src/dev/gro.c

#include "fa/gso.h"
#include "fa/vnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
    BUF_COUNT = 128,
    LARGE_COUNT = 4,
};

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[4];
static struct fa_vnet_port ports[2];
static struct fa_gso gso[2];
static struct fa_pool pools[2];
static struct fa_pool large[2];
static _Alignas(64) uint8_t memory[2][BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t large_memory[2][LARGE_COUNT * FA_GSO_BUF_SIZE];
static struct fa_counters counters;

static void open_cards(uint8_t offload)
{
    fa_vnet_init(
        &vnet, &(struct fa_vnet_config){
                   .macs = macs, .mac_count = 4, .offload = offload, .counters = &counters});
    for (unsigned i = 0; i < 2; i++) {
        fa_pool_init(&pools[i], memory[i], sizeof memory[i], FA_BUF_SIZE);
        fa_pool_init(&large[i], large_memory[i], sizeof large_memory[i], FA_GSO_BUF_SIZE);
        fa_vnet_port_open(
            &vnet, &ports[i], &(struct fa_vnet_port_config){.name = "f", .pool = &pools[i]});
        fa_gso_wrap(&gso[i],
            &(struct fa_gso_config){
                .inner = &ports[i].dev, .pool = &large[i], .join = true, .counters = &counters});
    }
}

/* Eleven bytes say what follows: a descriptor, how long the frame is and how often it is sent, each
 * time a little further in sequence. */
static size_t send_frames(struct fa_slice input)
{
    enum { HEAD = 11 };
    if (input.len < HEAD + FA_ETH_HDR_LEN) {
        return input.len;
    }
    const uint8_t *at = input.at;
    size_t frame_len = fa_min(FA_ETH_HDR_LEN + (size_t)fa_be16_load(at + 8), input.len - HEAD);
    for (unsigned i = 0; i < 1 + at[10] % 4u; i++) {
        struct fa_buf *buf;
        if (fa_netdev_tx_reserve(&gso[0].dev, &buf) != FA_OK) {
            break;
        }
        frame_len = fa_min(frame_len, fa_buf_tailroom(buf));
        fa_copy(fa_buf_append(buf, frame_len), at + HEAD, frame_len);
        if (frame_len >= 54) {
            uint8_t *seq = fa_buf_at(buf) + 38;
            fa_be32_store(seq, fa_be32_load(seq) + i * (uint32_t)(frame_len - 54));
        }
        buf->offload = (struct fa_offload){
            .flags = at[0] & 15,
            .csum_offset = at[1],
            .csum_start = fa_be16_load(at + 2),
            .gso_bytes = fa_be16_load(at + 4),
            .hdr_bytes = fa_be16_load(at + 6),
        };
        fa_netdev_tx_commit(&gso[0].dev, 0, buf);
    }
    return HEAD + frame_len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    struct fa_slice input = {data, len};
    if (len == 0) {
        return 0;
    }
    open_cards(data[0] & (FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_TSO4));
    input = fa_slice_from(input, 1);
    while (input.len != 0) {
        input = fa_slice_from(input, send_frames(input));
        fa_netdev_tx_flush(&gso[0].dev, 0);
        size_t count = fa_netdev_rx(&gso[1].dev, 0, bufs, FA_NETDEV_BURST_MAX);
        for (size_t i = 0; i < count; i++) {
            FA_ASSERT(
                bufs[i]->len >= FA_ETH_HDR_LEN && bufs[i]->len <= FA_ETH_HDR_LEN + UINT16_MAX);
            fa_buf_drop(bufs[i]);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        fa_netdev_close(&gso[i].dev);
        FA_ASSERT(pools[i].used_count == 0 && large[i].used_count == 0);
    }
    return 0;
}
