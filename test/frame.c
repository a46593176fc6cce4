// SPDX-License-Identifier: ISC
//
// Frames for tests.

#include "test/frame.h"

const uint8_t frame_broadcast[FA_MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static uint8_t find_byte(uint32_t mark, size_t off)
{
    return (uint8_t)((mark * 2654435761u >> 13) + 7 * off);
}

void frame_write(struct fa_buf *buf, const uint8_t target[FA_MAC_LEN],
    const uint8_t source[FA_MAC_LEN], uint32_t mark, size_t len)
{
    FA_ASSERT(len >= FRAME_MIN);
    uint8_t *at = fa_buf_append(buf, len);
    fa_copy(at, target, FA_MAC_LEN);
    fa_copy(at + FA_MAC_LEN, source, FA_MAC_LEN);
    fa_be16_store(at + 2 * FA_MAC_LEN, FRAME_TYPE);
    fa_be32_store(at + FA_ETH_HDR_LEN, mark);
    for (size_t off = FRAME_MIN; off < len; off++) {
        at[off] = find_byte(mark, off);
    }
}

bool frame_send(
    struct fa_netdev *dev, fa_ns now, const uint8_t target[FA_MAC_LEN], uint32_t mark, size_t len)
{
    struct fa_buf *buf;
    if (fa_netdev_tx_reserve(dev, &buf) != FA_OK) {
        return false;
    }
    frame_write(buf, target, dev->info.mac, mark, len);
    fa_netdev_tx_commit(dev, now, buf);
    return true;
}

uint32_t frame_mark(const struct fa_buf *buf)
{
    struct fa_slice frame = fa_buf_slice(buf);
    if (frame.len < FRAME_MIN || fa_be16_load(frame.at + 2 * FA_MAC_LEN) != FRAME_TYPE) {
        return UINT32_MAX;
    }
    return fa_be32_load(frame.at + FA_ETH_HDR_LEN);
}

bool frame_check(const struct fa_buf *buf, uint32_t mark, size_t len)
{
    struct fa_slice frame = fa_buf_slice(buf);
    if (frame.len != len || frame_mark(buf) != mark) {
        return false;
    }
    for (size_t off = FRAME_MIN; off < len; off++) {
        if (frame.at[off] != find_byte(mark, off)) {
            return false;
        }
    }
    return true;
}

struct fa_buf *frame_take(struct fa_netdev *dev, fa_ns now)
{
    struct fa_buf *buf = NULL;
    return fa_netdev_rx(dev, now, &buf, 1) == 1 ? buf : NULL;
}

size_t frame_drain(struct fa_netdev *dev, fa_ns now)
{
    size_t count = 0;
    struct fa_buf *buf;
    while ((buf = frame_take(dev, now)) != NULL) {
        fa_buf_drop(buf);
        count++;
    }
    return count;
}
