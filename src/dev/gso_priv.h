// SPDX-License-Identifier: ISC
//
// src/dev/gso_priv.h: what cutting and joining share: where the headers of a TCP frame are.

#ifndef FA_GSO_PRIV_H
#define FA_GSO_PRIV_H

#include "fa/gso.h"
#include "fa/wire/csum.h"

enum {
    FA__IP4_LEN = 20,
    FA__IP6_LEN = 40,
    FA__TCP_LEN_MIN = 20,
    FA__TCP_FIN = 0x01,
    FA__TCP_PSH = 0x08,
    FA__TCP_ACK = 0x10,
    FA__TCP_CWR = 0x80,
    FA__IP_TCP = 6,
};

/* The sum of a TCP pseudo-header (RFC 9293 3.1) as header fields, of the frame's own addresses. */
static inline uint64_t fa__gso_pseudo(const uint8_t *frame, bool ip6, size_t tcp_len)
{
    const uint8_t *ip = frame + FA_ETH_HDR_LEN;
    uint64_t sum =
        ip6 ? fa_csum_add_short(0, ip + 8, 2 * 16) : fa_csum_add_short(0, ip + 12, 2 * 4);
    return fa_csum_as_fields(sum) + FA__IP_TCP + tcp_len;
}

/* Say in the IP header how long the packet of `frame_len` is, and sum the header anew. */
static inline void fa__gso_ip_len_set(uint8_t *frame, bool ip6, size_t ip_len, size_t frame_len)
{
    uint8_t *ip = frame + FA_ETH_HDR_LEN;
    size_t packet_len = frame_len - FA_ETH_HDR_LEN;
    if (ip6) {
        fa_be16_store(ip + 4, (uint16_t)(packet_len - FA__IP6_LEN));
        return;
    }
    fa_be16_store(ip + 2, (uint16_t)packet_len);
    fa_be16_store(ip + 10, 0);
    fa_be16_store(ip + 10, fa_csum_fold(fa_csum_add_short(0, ip, ip_len)));
}

/* gro.c: join what can be joined among `count` received frames. Returns: how many are left. */
size_t fa__gro_join(struct fa_gso *gso, struct fa_buf **bufs, size_t count);

#endif
