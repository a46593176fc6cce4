// SPDX-License-Identifier: ISC
//
// fa/fragment.h: one packet leaves as several (RFC 791 2.3, RFC 8200 4.5).
//
// It cuts the payload of a packet that is longer than its way takes and writes the IP header of
// each piece, one at a time, as there is room for them. No I/O; it does not decide whether to
// fragment. The way back is fa/reass.h. Tested by test/unit/fragment_test.c, fuzz/reass_fuzz.c.
//
//     fa_fragment_begin(&fragment, datagram, &meta, mtu_bytes, fa_rand_u32(&rand));
//     while (fa_fragment_is_busy(&fragment) && reserve(&buf))
//         fa_fragment_next(&fragment, buf), send_take(buf);

#ifndef FA_FRAGMENT_H
#define FA_FRAGMENT_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/ip.h"

/* A packet being cut. Zeroed is valid and idle. Read `meta`; the rest is private. Movable. */
struct fa_fragment {
    struct fa_buf *packet; /* from its transport header on; NULL: idle */
    struct fa_ip_meta meta;
    uint32_t id;
    uint32_t off; /* bytes that have left */
    uint16_t mtu_bytes;
};

/*
 * Begin to cut `take`, which begins at its transport header, for a way of `mtu_bytes`.
 *
 * Owns:   `take`, until the last piece was fetched, or fa_fragment_stop().
 * Limits: traps if another one is under way. `id` must not be guessable (RFC 7739); IPv4 takes its
 *         lower 16 bits. mtu_bytes is 68 at least, and FA_IP6_MTU_MIN for IPv6.
 */
void fa_fragment_begin(struct fa_fragment *fragment, struct fa_buf *take,
    const struct fa_ip_meta *meta, uint16_t mtu_bytes, uint32_t id);

/* Write the next piece into the empty buffer `buf`: IP header, IPv6's fragment header, payload.
 * Limits: only while fa_fragment_is_busy(); FA_BUF_HEADROOM in front; with less room
 * behind than the MTU the piece is shorter. */
void fa_fragment_next(struct fa_fragment *fragment, struct fa_buf *buf);

/* Give up what has not left yet. */
void fa_fragment_stop(struct fa_fragment *fragment);

static inline bool fa_fragment_is_busy(const struct fa_fragment *fragment)
{
    return fragment->packet != NULL;
}

#endif
