// SPDX-License-Identifier: ISC
//
// test/frame.h: made-up frames for tests of network cards: an Ethernet header, a 32-bit mark and
// bytes that follow from the mark, so that a received frame says which it is and whether it is
// whole.

#ifndef FRAME_H
#define FRAME_H

#include "fa/netdev.h"

enum {
    FRAME_TYPE = 0x88b5,            /* for local experiments (IEEE 802) */
    FRAME_MIN = FA_ETH_HDR_LEN + 4, /* bytes: header and mark */
};

extern const uint8_t frame_broadcast[FA_MAC_LEN];

/* Write a frame of `len` bytes, FRAME_MIN at least, into a buffer with that much room. */
void frame_write(struct fa_buf *buf, const uint8_t target[FA_MAC_LEN],
    const uint8_t source[FA_MAC_LEN], uint32_t mark, size_t len);

/* Send one from `dev`'s own address. Returns: whether the device had a buffer. No flush. */
bool frame_send(
    struct fa_netdev *dev, fa_ns now, const uint8_t target[FA_MAC_LEN], uint32_t mark, size_t len);

/* The mark of a received frame; UINT32_MAX if it is not one of these. */
uint32_t frame_mark(const struct fa_buf *buf);

/* Whether it is frame `mark`, whole and exactly `len` bytes long. */
bool frame_check(const struct fa_buf *buf, uint32_t mark, size_t len);

/* Take one frame. Returns: NULL if none waits. The caller drops it. */
struct fa_buf *frame_take(struct fa_netdev *dev, fa_ns now);

/* Take all that waits and drop it. Returns: how many. */
size_t frame_drain(struct fa_netdev *dev, fa_ns now);

#endif
