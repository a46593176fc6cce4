// SPDX-License-Identifier: ISC
//
// fa/wire/dhcp6.h: the messages of stateless DHCPv6 (RFC 8415 8; options of RFC 3646 and 5908).
//
// Pure encode of an information-request, pure decode of what servers and clients say to each other;
// relays' messages, addresses and prefixes are not read. Of an option that is repeated the first
// counts, but that of NTP, of which each names one server. Tested by
// test/unit/wire_dhcp6_test.c, fuzz/wire_dhcp6_fuzz.c.
//
//     struct fa_dhcp6_message reply;
//     if (fa_dhcp6_decode(payload, &reply) == FA_DHCP6_GOOD && reply.type == FA_DHCP6_REPLY)
//         for (size_t off = 0; off < reply.dns.len; off += 16)
//             use(reply.dns.at + off);

#ifndef FA_WIRE_DHCP6_H
#define FA_WIRE_DHCP6_H

#include "fa/base.h"
#include "fa/netdev.h"

enum {
    FA_DHCP6_PORT_CLIENT = 546,
    FA_DHCP6_PORT_SERVER = 547,
    FA_DHCP6_DUID_LEN = 4 + FA_MAC_LEN, /* bytes of a DUID-LL, RFC 8415 11.4 */
    FA_DHCP6_INFORM_LEN = 38,           /* bytes of an information-request */
    FA_DHCP6_XID_MASK = 0xffffff,       /* 24 bits, RFC 8415 8 */
};

/* Seconds, RFC 8415 7.6. */
enum {
    FA_DHCP6_REFRESH_DEFAULT_S = 86400, /* IRT_DEFAULT */
    FA_DHCP6_REFRESH_MIN_S = 600,       /* IRT_MINIMUM */
    FA_DHCP6_INF_MAX_RT_LEAST_S = 60,   /* what INF_MAX_RT may be, 21.25 */
    FA_DHCP6_INF_MAX_RT_MOST_S = 86400,
};

/* RFC 8415 7.3; between them those that ask for addresses. */
enum fa_dhcp6_type {
    FA_DHCP6_SOLICIT = 1,
    FA_DHCP6_REPLY = 7,
    FA_DHCP6_INFORM = 11, /* the last that is no relay's */
};

/* Numbers of the options that are understood. */
enum fa_dhcp6_option_code {
    FA_DHCP6_OPTION_CLIENT_ID = 1,
    FA_DHCP6_OPTION_SERVER_ID = 2,
    FA_DHCP6_OPTION_REQUESTED = 6,
    FA_DHCP6_OPTION_ELAPSED = 8,
    FA_DHCP6_OPTION_STATUS = 13,
    FA_DHCP6_OPTION_DNS = 23,
    FA_DHCP6_OPTION_SEARCH = 24,
    FA_DHCP6_OPTION_REFRESH = 32,
    FA_DHCP6_OPTION_NTP = 56,
    FA_DHCP6_OPTION_INF_MAX_RT = 83,
};

/* What is inside an NTP option, RFC 5908 4. */
enum fa_dhcp6_ntp_code {
    FA_DHCP6_NTP_ADDRESS = 1,
    FA_DHCP6_NTP_GROUP = 2,
    FA_DHCP6_NTP_NAME = 3,
};

enum FA_MUST_USE fa_dhcp6_verdict {
    FA_DHCP6_GOOD,
    FA_DHCP6_SHORT,   /* no room for type and transaction */
    FA_DHCP6_TYPE,    /* of a relay, or unknown */
    FA_DHCP6_OPTIONS, /* an option runs over the end, or has a length that it cannot have */
};

/* An option, and what is inside one. Borrows the bytes. */
struct fa_dhcp6_option {
    uint16_t code;
    struct fa_slice value;
};

/* What a message says. Slices borrow its bytes; empty: not said. */
struct fa_dhcp6_message {
    uint8_t type; /* enum fa_dhcp6_type */
    uint32_t xid;
    uint16_t elapsed_cs; /* hundredths of a second */
    uint16_t status;     /* RFC 8415 21.13; 0: success, or not said */
    uint32_t refresh_s;  /* when to ask again, as a client has to take it: IRT_DEFAULT if it is not
                          * said, IRT_MINIMUM at least; UINT32_MAX: never */
    uint32_t inf_max_rt_s; /* 0: not said, or out of bounds */
    struct fa_slice client_id;
    struct fa_slice server_id;
    struct fa_slice requested; /* numbers of options, 2 bytes each */
    struct fa_slice dns;       /* addresses, 16 bytes each */
    struct fa_slice search;    /* names as in RFC 1035 3.1, uncompressed */
    struct fa_slice options;   /* all of them: for fa_dhcp6_option_next() */
};

/* The DUID of a card, RFC 8415 11.4. */
void fa_dhcp6_duid_encode(uint8_t at[FA_DHCP6_DUID_LEN], const uint8_t mac[FA_MAC_LEN]);

/* Write an information-request for servers, domains and times. Returns: FA_DHCP6_INFORM_LEN. */
size_t fa_dhcp6_inform_encode(uint8_t at[FA_DHCP6_INFORM_LEN], const uint8_t mac[FA_MAC_LEN],
    uint32_t xid, uint16_t elapsed_cs);

/* Read the payload of a datagram. *ret_message is written for FA_DHCP6_GOOD only. */
enum fa_dhcp6_verdict fa_dhcp6_decode(struct fa_slice bytes, struct fa_dhcp6_message *ret_message);

/* Take the next option off `options`, or off the value of an NTP option. Returns: false at the
 * end, or if what is left is none. */
FA_MUST_USE bool fa_dhcp6_option_next(struct fa_slice *options, struct fa_dhcp6_option *ret_option);

#endif
