// SPDX-License-Identifier: ISC
//
// fa/wire/ndp.h: messages of neighbour discovery and their options (RFC 4861, 4191, 7527, 8106).
//
// Pure encode and decode. Of a message the fields that stand once are read into a struct; options
// that may come several times are walked. Hop limit, addresses and checksum are the caller's to
// check. Tested by test/unit/wire_ndp_test.c, fuzz/wire_ndp_fuzz.c.
//
//     if (fa_ndp_decode(message, &ndp) == FA_NDP_GOOD)
//         while (fa_ndp_option_next(&ndp.options, &option))
//             if (fa_ndp_prefix_decode(option, &prefix)) use(&prefix);

#ifndef FA_WIRE_NDP_H
#define FA_WIRE_NDP_H

#include "fa/base.h"
#include "fa/ip.h"
#include "fa/netdev.h"

enum {
    FA_NDP_LEN_MAX = 40,        /* bytes that fa_ndp_encode() writes at most */
    FA_NDP_NONCE_LEN = 6,       /* bytes, RFC 3971 5.3.2 at least */
    FA_NDP_HOP_LIMIT = 255,     /* of all messages: what comes from beyond the link has less */
    FA_NDP_OPTION_MAX = 32,     /* options of a message */
    FA_NDP_LIFETIME_NEVER = -1, /* as uint32_t, in seconds: has no end */
};

/* Options. */
enum {
    FA_NDP_OPTION_SOURCE_MAC = 1,
    FA_NDP_OPTION_TARGET_MAC = 2,
    FA_NDP_OPTION_PREFIX = 3,
    FA_NDP_OPTION_QUOTE = 4,
    FA_NDP_OPTION_MTU = 5,
    FA_NDP_OPTION_NONCE = 14,
    FA_NDP_OPTION_ROUTE = 24,
    FA_NDP_OPTION_DNS_SERVERS = 25,
    FA_NDP_OPTION_DNS_SEARCH = 31,
};

enum FA_MUST_USE fa_ndp_verdict {
    FA_NDP_GOOD,
    FA_NDP_SHORT,  /* less than its fixed part */
    FA_NDP_TYPE,   /* none of neighbour discovery, or a code other than 0 */
    FA_NDP_OPTION, /* an option of length 0 or beyond the end, or more than FA_NDP_OPTION_MAX */
    FA_NDP_TARGET, /* the target or destination is a group */
};

/* A message; of a type's fields only those that it has are set. */
struct fa_ndp_message {
    uint8_t type;            /* FA_ICMP6_ROUTER_SOLICIT to FA_ICMP6_REDIRECT */
    struct fa_ip target;     /* of neighbour messages and redirects */
    struct fa_ip redirected; /* of a redirect: what is reached over `target` */
    bool router;             /* of a neighbour advertisement */
    bool solicited;
    bool override;
    uint8_t hop_limit;     /* of a router advertisement; 0: not said */
    bool managed;          /* addresses by DHCPv6 */
    bool other;            /* other configuration by DHCPv6 */
    int8_t preference;     /* -1, 0, 1 (RFC 4191 2.2) */
    uint16_t lifetime_s;   /* as a default router; 0: it is none */
    uint32_t reachable_ms; /* 0: not said */
    uint32_t retrans_ms;   /* 0: not said */
    bool has_source_mac;
    bool has_target_mac;
    bool has_nonce;
    uint8_t source_mac[FA_MAC_LEN];
    uint8_t target_mac[FA_MAC_LEN];
    uint8_t nonce[FA_NDP_NONCE_LEN];
    uint32_t mtu_bytes;      /* 0: not said */
    struct fa_slice options; /* all of them, well-formed; borrowed from the message */
};

/* One option: its type and what stands behind its two first bytes. */
struct fa_ndp_option {
    uint8_t type;
    struct fa_slice body;
};

/* RFC 4861 4.6.2. */
struct fa_ndp_prefix {
    struct fa_ip prefix;
    uint8_t prefix_bits;
    bool on_link;
    bool autonomous;
    uint32_t valid_s;
    uint32_t preferred_s;
};

/* RFC 4191 2.3. */
struct fa_ndp_route {
    struct fa_ip prefix;
    uint8_t prefix_bits;
    int8_t preference;
    uint32_t lifetime_s;
};

/* RFC 8106 5.1; 5.2 has names instead of addresses. */
struct fa_ndp_dns {
    uint32_t lifetime_s;
    struct fa_slice bytes; /* addresses of 16 bytes, or names as in RFC 1035 3.1, padded by zeros */
};

/* Read a whole ICMPv6 message. *ret_message is written for FA_NDP_GOOD only. */
enum fa_ndp_verdict fa_ndp_decode(struct fa_slice message, struct fa_ndp_message *ret_message);

/* Take the next option off `options`, which fa_ndp_decode() found well-formed. Returns: whether
 * there was one. */
bool fa_ndp_option_next(struct fa_slice *options, struct fa_ndp_option *ret_option);

/* Read an option. Returns: false if it is another one or too short. Bits of a prefix beyond its
 * length are cleared. */
FA_MUST_USE bool fa_ndp_prefix_decode(
    struct fa_ndp_option option, struct fa_ndp_prefix *ret_prefix);
FA_MUST_USE bool fa_ndp_route_decode(struct fa_ndp_option option, struct fa_ndp_route *ret_route);
FA_MUST_USE bool fa_ndp_dns_decode(
    struct fa_ndp_option option, uint8_t type, struct fa_ndp_dns *ret_dns);

/*
 * Write a router solicitation, a neighbour solicitation or advertisement, with the options that
 * the message has of source_mac, target_mac and nonce.
 *
 * Returns: bytes written, FA_NDP_LEN_MAX at most. The checksum is left zero.
 */
size_t fa_ndp_encode(uint8_t *at, const struct fa_ndp_message *message);

#endif
