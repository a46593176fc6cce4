// SPDX-License-Identifier: ISC
//
// fa/wire/dhcp.h: the DHCP message for Ethernet (RFC 2131 2, options of RFC 2132).
//
// Pure encode and decode, client's and server's messages alike; option overload is understood,
// splitting of long options (RFC 3396) is not: the first counts. Addresses are numbers in host
// order. Tested by test/unit/wire_dhcp_test.c, fuzz/wire_dhcp_fuzz.c.
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
    FA_DHCP_VALUE_LEN_MAX = 255,
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
    FA_DHCP_OPTION_CLIENT_ID = 61,
    FA_DHCP_OPTION_END = 255,
};

enum FA_MUST_USE fa_dhcp_verdict {
    FA_DHCP_GOOD,
    FA_DHCP_SHORT,
    FA_DHCP_FORMAT,  /* not Ethernet, no magic cookie, or neither request nor reply */
    FA_DHCP_OPTIONS, /* an option that runs over its field, or of a wrong length */
    FA_DHCP_TYPE,    /* no message type, or an unknown one */
};

/* One message. Options that are zero or empty are absent. */
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
    uint8_t dns_count;
    uint32_t requested_ip;
    uint32_t server_id;
    uint32_t lease_s; /* UINT32_MAX: for ever */
    uint32_t t1_s;
    uint32_t t2_s;
    uint16_t mtu_bytes;
    uint16_t len_max;          /* bytes of the largest message the sender takes, headers included */
    struct fa_slice host_name; /* these five borrow from the bytes decoded */
    struct fa_slice domain;
    struct fa_slice text;
    struct fa_slice client_id;
    struct fa_slice parameters; /* numbers of the options asked for */
};

/* Read a message. *ret_message is written for FA_DHCP_GOOD only. */
enum fa_dhcp_verdict fa_dhcp_decode(struct fa_slice bytes, struct fa_dhcp_message *ret_message);

/* Write a message, FA_DHCP_LEN_MIN bytes at least. Returns: its bytes; 0 if `cap` is too small.
 * Limits: slices of FA_DHCP_VALUE_LEN_MAX bytes. */
FA_MUST_USE size_t fa_dhcp_encode(uint8_t *at, size_t cap, const struct fa_dhcp_message *message);

#endif
