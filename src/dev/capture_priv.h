// SPDX-License-Identifier: ISC
//
// src/dev/capture_priv.h: what the writer of pcapng blocks and the ring that keeps them share.

#ifndef FA_CAPTURE_PRIV_H
#define FA_CAPTURE_PRIV_H

#include "fa/base.h"

/* Block types (draft-ietf-opsawg-pcapng section 4). */
enum {
    FA__PCAPNG_SECTION = 0x0a0d0d0a,
    FA__PCAPNG_IFACE = 1,
    FA__PCAPNG_STATS = 5,
    FA__PCAPNG_PACKET = 6, /* enhanced */
};

static inline void fa__le32_store(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint32_t fa__le32_load(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

#endif
