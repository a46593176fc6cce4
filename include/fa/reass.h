// SPDX-License-Identifier: ISC
//
// fa/reass.h: fragments of both families become packets again (RFC 791 3.2, RFC 8200 4.5).
//
// No I/O and no header format: its owner says what a fragment's header said. Fragments are kept as
// they came, under hard bounds; a whole packet is copied once into one buffer. Datagrams whose
// fragments overlap are dropped whole (RFC 5722, for IPv4 too), first fragments without the whole
// transport header as well (RFC 1858, 3128, 7112). Tested by test/unit/reass_test.c and
// fuzz/reass_fuzz.c.
//
//     fa_reass_init(&reass, &(struct fa_reass_config){.pool = &pool, .large_pool = &large});
//     struct fa_buf *whole = fa_reass_input(&reass, now, &part, packet);
//     while ((first = fa_reass_tick(&reass, now, &meta)) != NULL) tell_sender(first, &meta);

#ifndef FA_REASS_H
#define FA_REASS_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/ip.h"
#include "fa/list.h"

enum {
    FA_REASS_DATAGRAM_COUNT_MAX = 16, /* under way at once; the oldest gives way */
    FA_REASS_SOURCE_COUNT_MAX = 4,    /* of these from one address; its oldest gives way */
    FA_REASS_FRAGMENT_COUNT_MAX = 64, /* of one datagram: 65,535 bytes by an MTU of 1,044 */
    FA_REASS_BYTES_MAX = 256 * 1024,  /* of buffers held, as they are, not as they are filled */
    FA_REASS_PACKET_LEN_MAX = UINT16_MAX,
    FA_REASS_LARGE_BUF_SIZE = 65856, /* holds any packet, its buffer's struct and headroom */
};

#define FA_REASS_TIMEOUT4_NS (15 * FA_NS_S) /* RFC 791 3.2 */
#define FA_REASS_TIMEOUT6_NS (60 * FA_NS_S) /* RFC 8200 4.5 */

/* All zero members but the pools are the defaults above. */
struct fa_reass_config {
    struct fa_pool *pool;       /* for whole packets that fit its buffers */
    struct fa_pool *large_pool; /* for larger ones; NULL: they are dropped */
    struct fa_counters *counters;
    uint32_t datagram_count_max; /* FA_REASS_DATAGRAM_COUNT_MAX at most */
    uint32_t source_count_max;
    uint32_t fragment_count_max;
    uint32_t bytes_max; /* a single datagram may hold half of them */
    fa_ns timeout4_ns;
    fa_ns timeout6_ns;
};

/* One fragment. Its buffer begins with `header_len` bytes that are not part of the payload. */
struct fa_reass_part {
    const struct fa_ip_meta *meta; /* `protocol`: what the first fragment's payload begins with,
                                    * behind `upper_off` bytes of extension headers */
    uint32_t id;
    uint16_t header_len;
    uint16_t upper_off;
    uint16_t off; /* bytes, of its payload in the whole one; a multiple of 8 */
    bool more;    /* it is not the last */
};

/* A datagram under way. Private. */
struct fa_reass_datagram {
    struct fa_list fragments; /* of fa_buf.node, by offset, which is in fa_buf.tag */
    struct fa_ip_meta meta;   /* of the fragment that came first, later of the first in order */
    uint32_t id;
    uint32_t fragment_count;
    uint32_t held_bytes;  /* of buffers */
    uint32_t payload_len; /* bytes that have come */
    uint32_t end_off;     /* of the whole payload; 0: not known */
    uint16_t header_len;  /* of the first fragment */
    uint8_t ecn_seen;     /* a bit for each of the four codepoints */
    bool used;
    bool dead; /* what still comes is dropped */
    fa_ns begun_ns;
    fa_ns due_ns;
};

/* Private, complete so that it can be static. Pinned. */
struct fa_reass {
    struct fa_reass_config config;
    struct fa_reass_datagram datagrams[FA_REASS_DATAGRAM_COUNT_MAX];
    uint32_t used_count;
    uint32_t held_bytes;
    fa_ns due_ns;
};

void fa_reass_init(struct fa_reass *reass, const struct fa_reass_config *config);

/* Drop everything. */
void fa_reass_done(struct fa_reass *reass);

/*
 * Take in one fragment. One that is all of its packet (an atomic one, RFC 6946) is none, and must
 * not come here: it is a packet of its own whatever others have its identification.
 *
 * Owns:    `take` is consumed.
 * Returns: NULL, or the whole packet, which the caller owns: the first fragment's header_len bytes
 *          as they came, FA_BUF_HEADROOM in front of them, then the whole payload. *ret_meta is the
 *          first fragment's, its congestion mark all fragments' (RFC 3168 5.3), and *ret_header_len
 *          what that one said.
 */
struct fa_buf *fa_reass_input(struct fa_reass *reass, fa_ns now, const struct fa_reass_part *part,
    struct fa_buf *take, struct fa_ip_meta *ret_meta, uint16_t *ret_header_len);

/* Give up one datagram whose time is over. Returns: its first fragment, as it came, which the
 * caller owns and may answer with "time exceeded"; NULL if there is no (further) one. Ask until
 * then. */
struct fa_buf *fa_reass_tick(struct fa_reass *reass, fa_ns now, struct fa_ip_meta *ret_meta);

/* When fa_reass_tick() has something to do; FA_NS_NEVER. O(1). */
static inline fa_ns fa_reass_deadline(const struct fa_reass *reass)
{
    return reass->due_ns;
}

#endif
