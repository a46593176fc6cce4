// SPDX-License-Identifier: ISC
//
// fa/wire/udp.h: the UDP header (RFC 768, RFC 1122 4.1).
//
// Pure encode and decode; the checksum covers a pseudo-header, so addresses come along. Tested by
// test/unit/wire_udp_test.c, fuzz/wire_udp_fuzz.c.
//
//     if (fa_udp_decode(datagram, meta, false, &udp) == FA_UDP_GOOD)
//         deliver(udp.target_port, datagram.at + FA_UDP_HDR_LEN, udp.len - FA_UDP_HDR_LEN);

#ifndef FA_WIRE_UDP_H
#define FA_WIRE_UDP_H

#include "fa/base.h"
#include "fa/ip.h"

enum {
    FA_UDP_HDR_LEN = 8, /* bytes */
};

enum FA_MUST_USE fa_udp_verdict {
    FA_UDP_GOOD,
    FA_UDP_SHORT, /* less than a header */
    FA_UDP_LEN,   /* length below the header's or beyond the bytes there are */
    FA_UDP_PORT,  /* target port 0 */
    FA_UDP_CSUM,
};

struct fa_udp_header {
    uint16_t source_port; /* 0: no answer is wanted */
    uint16_t target_port;
    uint16_t len; /* bytes, header included */
};

/*
 * Read and verify the datagram at the front of `bytes`; what is beyond udp.len is padding.
 * `csum_good`: the checksum was verified below. A checksum of 0 means that there is none, which
 * IPv4 allows (RFC 1122 4.1.3.4) and IPv6 does not (RFC 8200 8.1).
 *
 * Returns: FA_UDP_GOOD, and only then *ret_header is written.
 */
enum fa_udp_verdict fa_udp_decode(struct fa_slice bytes, const struct fa_ip_meta *meta,
    bool csum_good, struct fa_udp_header *ret_header);

/* Write the header of a datagram whose payload stands already behind it, checksum included. */
void fa_udp_encode(uint8_t *at, const struct fa_ip_meta *meta, const struct fa_udp_header *header);

#endif
