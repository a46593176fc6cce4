// SPDX-License-Identifier: ISC
//
// fa/wire/dhcp.h: the DHCP message for Ethernet (RFC 2131 2, options of RFC 2132).
//
// Pure encode and decode, client's and server's messages alike, with option overload and lists
// split into several options (RFC 3396); of other options that are repeated the first counts.
// Addresses are numbers in host order. Tested by test/unit/wire_dhcp_test.c, fuzz/wire_dhcp_fuzz.c.
//
//     struct fa_dhcp_message offer;
//     if (fa_dhcp_decode(payload, &offer) == FA_DHCP_GOOD && offer.type == FA_DHCP_OFFER)
//         request(offer.your_ip, offer.server_id);

#ifndef FA_WIRE_DHCP_H
#define FA_WIRE_DHCP_H

#include "fa/base.h"
#include "fa/netdev.h"

enum {
    FA_DHCP_PORT_SERVER = 67,
    FA_DHCP_PORT_CLIENT = 68,
    FA_DHCP_LEN_MIN = 300,   /* bytes sent at least: what BOOTP relays expect (RFC 1542 2.1) */
    FA_DHCP_LEN_MAX = 548,   /* bytes every client accepts: 576 without IP and UDP headers */
    FA_DHCP_FIXED_LEN = 240, /* bytes in front of the options, magic cookie included */
    FA_DHCP_DNS_COUNT_MAX = 3,
    FA_DHCP_NTP_COUNT_MAX = 3,
    FA_DHCP_VALUE_LEN_MAX = 255,
    FA_DHCP_LIST_LEN_MAX = 512,   /* bytes of a search list, of routes, of all lists together */
    FA_DHCP_DOMAIN_LEN_MAX = 253, /* bytes of a name as text, RFC 1035 2.3.4 */
};

enum fa_dhcp_op {
    FA_DHCP_OP_REQUEST = 1,
    FA_DHCP_OP_REPLY = 2,
};

/* Option 53, RFC 2132 9.6. */
enum fa_dhcp_type {
    FA_DHCP_DISCOVER = 1,
    FA_DHCP_OFFER,
    FA_DHCP_REQUEST,
    FA_DHCP_DECLINE,
    FA_DHCP_ACK,
    FA_DHCP_NAK,
    FA_DHCP_RELEASE,
    FA_DHCP_INFORM,
};

/* Numbers of the options that are understood. */
enum fa_dhcp_option {
    FA_DHCP_OPTION_PAD = 0,
    FA_DHCP_OPTION_MASK = 1,
    FA_DHCP_OPTION_ROUTER = 3,
    FA_DHCP_OPTION_DNS = 6,
    FA_DHCP_OPTION_HOST_NAME = 12,
    FA_DHCP_OPTION_DOMAIN = 15,
    FA_DHCP_OPTION_MTU = 26,
    FA_DHCP_OPTION_NTP = 42,
    FA_DHCP_OPTION_REQUESTED_IP = 50,
    FA_DHCP_OPTION_LEASE = 51,
    FA_DHCP_OPTION_OVERLOAD = 52,
    FA_DHCP_OPTION_TYPE = 53,
    FA_DHCP_OPTION_SERVER_ID = 54,
    FA_DHCP_OPTION_PARAMETERS = 55,
    FA_DHCP_OPTION_TEXT = 56,
    FA_DHCP_OPTION_MESSAGE_MAX = 57,
    FA_DHCP_OPTION_T1 = 58,
    FA_DHCP_OPTION_T2 = 59,
    FA_DHCP_OPTION_VENDOR_CLASS = 60,
    FA_DHCP_OPTION_CLIENT_ID = 61,
    FA_DHCP_OPTION_SEARCH = 119,
    FA_DHCP_OPTION_ROUTES = 121,
    FA_DHCP_OPTION_END = 255,
};

enum FA_MUST_USE fa_dhcp_verdict {
    FA_DHCP_GOOD,
    FA_DHCP_SHORT,
    FA_DHCP_FORMAT,  /* not Ethernet, no magic cookie, or neither request nor reply */
    FA_DHCP_OPTIONS, /* an option that runs over its field, or of a wrong length */
    FA_DHCP_TYPE,    /* no message type, or an unknown one */
};

/* One message. Options that are zero or empty are absent. Pinned once decoded: slices of lists may
 * point into `joined`. */
struct fa_dhcp_message {
    uint8_t op;     /* enum fa_dhcp_op */
    uint8_t type;   /* enum fa_dhcp_type */
    bool broadcast; /* the client cannot take unicast yet */
    uint16_t secs;
    uint32_t xid;
    uint32_t client_ip;
    uint32_t your_ip;
    uint32_t next_server_ip;
    uint32_t relay_ip;
    uint8_t mac[FA_MAC_LEN];

    uint32_t mask;
    uint32_t router; /* the first of those named */
    uint32_t dns[FA_DHCP_DNS_COUNT_MAX];
    uint32_t ntp[FA_DHCP_NTP_COUNT_MAX];
    uint8_t dns_count;
    uint8_t ntp_count;
    uint32_t requested_ip;
    uint32_t server_id;
    uint32_t lease_s; /* UINT32_MAX: for ever */
    uint32_t t1_s;
    uint32_t t2_s;
    uint16_t mtu_bytes;
    uint16_t len_max;          /* bytes of the largest message the sender takes, headers included */
    struct fa_slice search;    /* RFC 3397, read by fa_dhcp_search_next() */
    struct fa_slice routes;    /* RFC 3442, read by fa_dhcp_route_next() */
    struct fa_slice host_name; /* these six borrow from the bytes decoded */
    struct fa_slice vendor_class;
    struct fa_slice domain;
    struct fa_slice text;
    struct fa_slice client_id;
    struct fa_slice parameters; /* numbers of the options asked for */

    size_t joined_len; /* private */
    uint8_t joined[FA_DHCP_LIST_LEN_MAX];
};

/* A way to a network (RFC 3442). */
struct fa_dhcp_route {
    uint32_t prefix;
    uint32_t gateway; /* 0: on the link */
    uint8_t prefix_bits;
};

/* Read the route at *off of message.routes and move *off behind it. Returns: false at the end, or
 * if what is there is none. */
FA_MUST_USE bool fa_dhcp_route_next(
    struct fa_slice routes, size_t *off, struct fa_dhcp_route *ret_route);

/* Read the name at *off of message.search, RFC 1035 4.1.4 compression included, as text into `at`,
 * of FA_DHCP_DOMAIN_LEN_MAX + 1 bytes, NUL included; move *off behind it. Returns: its length
 * without NUL; 0 at the end, or if what is there is no name. */
FA_MUST_USE size_t fa_dhcp_search_next(struct fa_slice search, size_t *off, char *at);

/* Read a message. *ret_message is good for FA_DHCP_GOOD only. */
enum fa_dhcp_verdict fa_dhcp_decode(struct fa_slice bytes, struct fa_dhcp_message *ret_message);

/* Write a message, FA_DHCP_LEN_MIN bytes at least; what is longer than an option holds becomes
 * several. Returns: its bytes; 0 if `cap` is too small. */
FA_MUST_USE size_t fa_dhcp_encode(uint8_t *at, size_t cap, const struct fa_dhcp_message *message);

#endif
