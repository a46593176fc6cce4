// SPDX-License-Identifier: ISC
//
// fa/ip.h: internet addresses of both families in one type, and what travels beside a packet.
//
// An IPv4 address is held IPv4-mapped (RFC 4291 2.5.5.2, ::ffff:a.b.c.d), so TCP, UDP and
// applications have one address type and one code path. No sockets, no names. Tested by
// test/unit/ip_test.c.
//
//     struct fa_ip ip;
//     FA_TRY(fa_ip_parse(FA_LIT("192.0.2.1"), &ip));

#ifndef FA_IP_H
#define FA_IP_H

#include "fa/base.h"

enum {
    FA_IP_LIST_MAX = 4,        /* of a configured list */
    FA_IP_TEXT_MAX = 48,       /* bytes of the longest address as text, NUL included */
    FA_ENDPOINT_TEXT_MAX = 56, /* "[address]:port", NUL included */
    FA_IP_PROTO_ICMP = 1,
    FA_IP_PROTO_IGMP = 2,
    FA_IP_PROTO_TCP = 6,
    FA_IP_PROTO_UDP = 17,
    FA_IP_ECN_MASK = 3, /* of the traffic class, RFC 3168 5 */
    FA_IP_ECN_ECT0 = 2, /* who sends this slows down when it is marked */
    FA_IP_ECN_CE = 3,   /* marked */
    FA_IP_PROTO_ICMP6 = 58,
};

/* An address, in network order. All zero bytes: unspecified, of either family. */
struct fa_ip {
    uint8_t b[16];
};

struct fa_endpoint {
    struct fa_ip ip;
    uint16_t port;
};

/* An address and the length of its network's prefix, as configured. */
struct fa_addr_net {
    struct fa_ip ip; /* zero: none */
    uint8_t prefix_bits;
};

/* A way as configured: a network, and who leads there. */
struct fa_ip_route {
    struct fa_addr_net net; /* all zero: none */
    struct fa_ip gateway;   /* of the same family */
};

/* A few of each, as configured; the first zero one ends a list. */
struct fa_ip_list {
    struct fa_ip at[FA_IP_LIST_MAX];
};
struct fa_net_list {
    struct fa_addr_net at[FA_IP_LIST_MAX];
};
struct fa_route_list {
    struct fa_ip_route at[FA_IP_LIST_MAX];
};

/* What a network layer tells a transport about a packet, and is told about one to send. */
struct fa_ip_meta {
    struct fa_ip local;
    struct fa_ip remote;
    uint8_t protocol; /* FA_IP_PROTO_... */
    uint8_t ttl;      /* hop limit; 0 to send: the usual one */
    uint8_t traffic;  /* traffic class: DSCP and ECN */
    bool multicast;   /* it came to, or goes to, a group or broadcast address */
    bool loop;        /* to send: our own members of the group get a copy */
    bool dont_fragment;
    bool answer;        /* to send: whoever sent us something gets it, wanted or not */
    uint8_t iface;      /* index of the interface in its stack */
    uint16_t mtu_bytes; /* of the way to `remote`, as far as it is known */
};

static inline struct fa_ip fa_ip_from4(const uint8_t b[4])
{
    return (struct fa_ip){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, b[0], b[1], b[2], b[3]}};
}

static inline struct fa_ip fa_ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return fa_ip_from4((const uint8_t[4]){a, b, c, d});
}

/* Two halves of an address, in the machine's order: to compare, not to count with. */
struct fa__ip_words {
    uint64_t upper;
    uint64_t lower;
};

static inline struct fa__ip_words fa__ip_words_of(const struct fa_ip *ip)
{
    struct fa__ip_words words;
    __builtin_memcpy(&words, ip->b, sizeof words);
    return words;
}

static inline bool fa_ip_is4(const struct fa_ip *ip)
{
    static const struct fa_ip mapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    struct fa__ip_words words = fa__ip_words_of(ip);
    uint32_t prefix;
    uint32_t mapped_prefix;
    __builtin_memcpy(&prefix, ip->b + 8, sizeof prefix);
    __builtin_memcpy(&mapped_prefix, mapped.b + 8, sizeof mapped_prefix);
    return words.upper == 0 && prefix == mapped_prefix;
}

static inline bool fa_ip_equal(const struct fa_ip *a, const struct fa_ip *b)
{
    struct fa__ip_words left = fa__ip_words_of(a);
    struct fa__ip_words right = fa__ip_words_of(b);
    return ((left.upper ^ right.upper) | (left.lower ^ right.lower)) == 0;
}

static inline bool fa_ip_is_zero(const struct fa_ip *ip)
{
    struct fa__ip_words words = fa__ip_words_of(ip);
    return (words.upper | words.lower) == 0;
}

/* The four bytes of an IPv4-mapped address. */
static inline const uint8_t *fa_ip_bytes4(const struct fa_ip *ip)
{
    return ip->b + 12;
}

/* Read "192.0.2.1" or "2001:db8::1" (RFC 4291 2.2). Returns: FA_OK; FA_EINVAL. */
fa_err fa_ip_parse(struct fa_slice text, struct fa_ip *ret_ip);

/* Read "192.0.2.1/24"; the prefix length counts the address's own family's bits. FA_EINVAL. */
fa_err fa_ip_parse_prefix(struct fa_slice text, struct fa_ip *ret_ip, uint8_t *ret_prefix_bits);

/* Write an address, RFC 5952 for IPv6. Returns: as fa_fmt(). */
size_t fa_ip_text(const struct fa_ip *ip, char *at, size_t cap);

/* Write "192.0.2.1:80" or "[2001:db8::1]:80". */
size_t fa_endpoint_text(const struct fa_endpoint *endpoint, char *at, size_t cap);

#endif
