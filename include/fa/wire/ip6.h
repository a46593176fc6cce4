// SPDX-License-Identifier: ISC
//
// fa/wire/ip6.h: the IPv6 header and its extension headers (RFC 8200), and what can be told from
// an IPv6 address alone.
//
// Pure encode and decode. No jumbograms; of extension headers only the
// fragment header is written. A chain is
// walked under hard bounds (RFC 8504 5.3). Tested by test/unit/wire_ip6_test.c,
// fuzz/wire_ip6_fuzz.c.
//
//     if (fa_ip6_decode(packet, &ip) == FA_IP6_GOOD)
//         verdict = fa_ip6_chain_walk(packet, ip.next, &chain);
//     if (verdict == FA_IP6_CHAIN_GOOD) payload = fa_slice_from(packet, chain.off);

#ifndef FA_WIRE_IP6_H
#define FA_WIRE_IP6_H

#include "fa/base.h"
#include "fa/ip.h"

enum {
    FA_IP6_HDR_LEN = 40, /* bytes */
    FA_IP6_LEN_OFF = 4,  /* bytes, to the header's payload length */
    FA_IP6_NEXT_OFF = 6, /* to its "next header" */
    FA_IP6_HOP_LIMIT_OFF = 7,
    FA_IP6_FRAGMENT_HDR_LEN = 8,
    FA_IP6_HOP_LIMIT_DEFAULT = 64,
    FA_IP6_MTU_MIN = 1280,        /* bytes, RFC 8200 5 */
    FA_IP6_EXT_COUNT_MAX = 8,     /* extension headers of a packet */
    FA_IP6_OPTION_COUNT_MAX = 8,  /* options of an extension header, padding not counted */
    FA_IP6_PADDING_COUNT_MAX = 8, /* paddings of an extension header */
};

/* Extension headers and what is none, as "next header" names them. */
enum {
    FA_IP6_NEXT_HOP_BY_HOP = 0,
    FA_IP6_NEXT_ROUTING = 43,
    FA_IP6_NEXT_FRAGMENT = 44,
    FA_IP6_NEXT_NONE = 59,
    FA_IP6_NEXT_TARGET = 60, /* "destination options" */
};

enum FA_MUST_USE fa_ip6_verdict {
    FA_IP6_GOOD,
    FA_IP6_SHORT,   /* less than its header */
    FA_IP6_VERSION, /* not version 6 */
    FA_IP6_LEN,     /* payload length beyond the bytes there are */
};

struct fa_ip6_header {
    struct fa_ip source;
    struct fa_ip target;
    uint32_t flow;        /* label, 20 bits */
    uint16_t payload_len; /* bytes behind the header */
    uint8_t traffic;      /* DSCP and ECN */
    uint8_t next;         /* the first extension header, or the protocol */
    uint8_t hop_limit;
};

/* Read the header at the front of `packet`; what is beyond payload_len is padding. *ret_header is
 * written for FA_IP6_GOOD only. */
enum fa_ip6_verdict fa_ip6_decode(struct fa_slice packet, struct fa_ip6_header *ret_header);

/* As fa_ip6_decode(), for the beginning of a packet that an ICMPv6 error quotes: payload_len may
 * be beyond the bytes there are. */
enum fa_ip6_verdict fa_ip6_decode_quoted(struct fa_slice quoted, struct fa_ip6_header *ret_header);

/* Write FA_IP6_HDR_LEN bytes. */
void fa_ip6_encode(uint8_t *at, const struct fa_ip6_header *header);

/* A fragment header (RFC 8200 4.5). */
struct fa_ip6_fragment {
    uint32_t id;
    uint16_t off; /* bytes, a multiple of 8, of its payload in the whole packet's */
    bool more;
    uint8_t next; /* of the first payload byte of the fragment that is first */
};

/* Write FA_IP6_FRAGMENT_HDR_LEN bytes. */
void fa_ip6_fragment_encode(uint8_t *at, const struct fa_ip6_fragment *fragment);

/* What a walk found. */
struct fa_ip6_chain {
    uint16_t off;      /* bytes from the packet's first to what follows the headers walked */
    uint16_t next_off; /* of the "next header" byte that names what follows */
    uint8_t protocol;  /* of what follows */
    bool router_alert; /* RFC 2711 */
    bool fragmented;   /* a fragment header was walked or found */
    struct fa_ip6_fragment fragment; /* if so */
    uint8_t problem_code; /* FA_IP6_CHAIN_PROBLEM: FA_ICMP6_CODE_... of a parameter problem */
    uint16_t problem_off; /* of the offending byte */
    bool problem_always;  /* to be reported even if the packet was sent to a group */
};

enum FA_MUST_USE fa_ip6_chain_verdict {
    FA_IP6_CHAIN_GOOD,     /* chain->protocol begins at chain->off */
    FA_IP6_CHAIN_FRAGMENT, /* at chain->off begins the payload of a fragment, not the only one */
    FA_IP6_CHAIN_NONE,     /* nothing follows (FA_IP6_NEXT_NONE) */
    FA_IP6_CHAIN_SHORT,    /* a header is longer than the packet */
    FA_IP6_CHAIN_LIMIT,    /* more headers, options or paddings than the limits above */
    FA_IP6_CHAIN_DROP,     /* an unknown option wants silence (RFC 8200 4.2) */
    FA_IP6_CHAIN_PROBLEM,  /* an unknown option or routing header, or one out of place: tell the
                              sender */
};

/*
 * Walk the extension headers of `packet`, whose IPv6 header says that `next` is the first. A
 * fragment that is all of its packet (RFC 6946) is walked like any other header.
 *
 * Returns: what follows; *ret_chain is written always, as far as it is known.
 * Limits:  a routing header with segments left is a problem, whatever its type: nothing is
 *          forwarded here (RFC 5095).
 */
enum fa_ip6_chain_verdict fa_ip6_chain_walk(
    struct fa_slice packet, uint8_t next, struct fa_ip6_chain *ret_chain);

/* ---- addresses ---- */

extern const struct fa_ip fa_ip6_loopback;    /* ::1 */
extern const struct fa_ip fa_ip6_all_nodes;   /* ff02::1 */
extern const struct fa_ip fa_ip6_all_routers; /* ff02::2 */

/* ff00::/8 (RFC 4291 2.7). */
static inline bool fa_ip6_is_multicast(const struct fa_ip *ip)
{
    return ip->b[0] == 0xff;
}

/* fe80::/10 (RFC 4291 2.5.6). */
static inline bool fa_ip6_is_link_local(const struct fa_ip *ip)
{
    return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

static inline bool fa_ip6_is_loopback(const struct fa_ip *ip)
{
    return fa_ip_equal(ip, &fa_ip6_loopback);
}

/* Whether an interface may have it: not IPv4, not unspecified, not ::1, not a group. */
static inline bool fa_ip6_is_host(const struct fa_ip *ip)
{
    return !fa_ip_is4(ip) && !fa_ip_is_zero(ip) && !fa_ip6_is_loopback(ip) &&
           !fa_ip6_is_multicast(ip);
}

/* Scopes, by the numbers of multicast addresses (RFC 4291 2.7, RFC 6724 3.1). */
enum fa_ip6_scope {
    FA_IP6_SCOPE_INTERFACE = 1,
    FA_IP6_SCOPE_LINK = 2,
    FA_IP6_SCOPE_SITE = 5,
    FA_IP6_SCOPE_GLOBAL = 14,
};

/* The scope of an address of either family (RFC 6724 3.1 and 3.2). */
uint8_t fa_ip6_scope_of(const struct fa_ip *ip);

/* The group that is asked who has `ip` (RFC 4291 2.7.1). */
struct fa_ip fa_ip6_solicited_node(const struct fa_ip *ip);

/* The Ethernet address of a group (RFC 2464 7). */
void fa_ip6_group_mac(uint8_t ret_mac[6], const struct fa_ip *group);

/* Whether the first `bits` bits are the same; of an IPv4 address `bits` counts those of its 32. */
bool fa_ip_prefix_equal(const struct fa_ip *a, const struct fa_ip *b, uint8_t bits);

/* How many leading bits two addresses have in common, 0 to 128. */
uint8_t fa_ip_common_bits(const struct fa_ip *a, const struct fa_ip *b);

#endif
