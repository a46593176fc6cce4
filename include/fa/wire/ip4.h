// SPDX-License-Identifier: ISC
//
// fa/wire/ip4.h: the IPv4 header (RFC 791), and what can be told from an IPv4 address alone.
//
// Pure encode and decode. Options are checked and skipped; a source route is a reason to drop (RFC
// 7126 4.3). The only one it sends is router alert. Addresses are numbers in host order. Tested by
// test/unit/wire_ip4_test.c, fuzz/wire_ip4_fuzz.c.
//
//     if (fa_ip4_decode(packet, &ip) == FA_IP4_GOOD)
//         payload = (struct fa_slice){packet.at + ip.header_len, ip.total_len - ip.header_len};

#ifndef FA_WIRE_IP4_H
#define FA_WIRE_IP4_H

#include "fa/base.h"
#include "fa/ip.h"

enum {
    FA_IP4_HDR_LEN = 20, /* bytes, without options */
    FA_IP4_HDR_LEN_MAX = 60,
    FA_IP4_LEN_OFF = 2, /* bytes, to the header's total length */
    FA_IP4_TTL_OFF = 8,
    FA_IP4_CSUM_OFF = 10,
    FA_IP4_ALERT_LEN = 4,          /* of the router alert option (RFC 2113) */
    FA_IP4_TTL_DEFAULT = 64,       /* RFC 1700 */
    FA_IP4_BROADCAST = 0xffffffff, /* as uint32_t */
    FA_IP4_MTU_MIN = 68,           /* RFC 791 3.2 */
};

enum FA_MUST_USE fa_ip4_verdict {
    FA_IP4_GOOD,
    FA_IP4_SHORT,      /* less than its header */
    FA_IP4_VERSION,    /* not version 4 */
    FA_IP4_HEADER_LEN, /* IHL below 5 */
    FA_IP4_TOTAL_LEN,  /* total length below the header's or beyond the bytes there are */
    FA_IP4_CSUM,
    FA_IP4_OPTIONS, /* an option that runs over the header's end */
    FA_IP4_SOURCE_ROUTE,
};

struct fa_ip4_header {
    uint32_t source;
    uint32_t target;
    uint16_t total_len; /* bytes, header included */
    uint16_t id;
    uint16_t fragment_off; /* bytes, a multiple of 8 */
    uint8_t header_len;    /* bytes, options included; the encoder writes FA_IP4_HDR_LEN */
    uint8_t traffic;       /* DSCP and ECN */
    uint8_t ttl;
    uint8_t protocol;
    bool dont_fragment;
    bool more_fragments;
    bool router_alert; /* read only: the option is there */
};

/* Read and verify the header at the front of `packet`; what is beyond total_len is padding.
 * *ret_header is written for FA_IP4_GOOD only. */
enum fa_ip4_verdict fa_ip4_decode(struct fa_slice packet, struct fa_ip4_header *ret_header);

/* As fa_ip4_decode(), for the beginning of a packet that an ICMP error quotes: total_len may be
 * beyond the bytes there are, and the checksum, which routers changed, is not looked at. */
enum fa_ip4_verdict fa_ip4_decode_quoted(struct fa_slice quoted, struct fa_ip4_header *ret_header);

/* Write FA_IP4_HDR_LEN bytes, checksum included. */
void fa_ip4_encode(uint8_t *at, const struct fa_ip4_header *header);

/* The same with a router alert option: FA_IP4_HDR_LEN + FA_IP4_ALERT_LEN bytes. */
void fa_ip4_alert_encode(uint8_t *at, const struct fa_ip4_header *header);

/* The IPv4 address inside a struct fa_ip as a number, and back. */
static inline uint32_t fa_ip4_of(const struct fa_ip *ip)
{
    return fa_be32_load(fa_ip_bytes4(ip));
}

static inline struct fa_ip fa_ip4_ip(uint32_t address)
{
    uint8_t b[4];
    fa_be32_store(b, address);
    return fa_ip_from4(b);
}

/* The netmask of a prefix length. Limits: 32 at most. */
static inline uint32_t fa_ip4_mask(uint8_t prefix_bits)
{
    FA_ASSERT(prefix_bits <= 32);
    return prefix_bits == 0 ? 0 : UINT32_MAX << (32 - prefix_bits);
}

/* 224.0.0.0/4 (RFC 1112). */
static inline bool fa_ip4_is_multicast(uint32_t address)
{
    return address >> 28 == 0xe;
}

/* 127.0.0.0/8 (RFC 1122 3.2.1.3). */
static inline bool fa_ip4_is_loopback(uint32_t address)
{
    return address >> 24 == 127;
}

/* Whether a host may have it: not in 0/8, 127/8, 224/3 (RFC 1122 3.2.1.3, RFC 6890). */
static inline bool fa_ip4_is_host(uint32_t address)
{
    return address >> 24 != 0 && address >> 24 != 127 && address >> 29 != 7;
}

#endif
