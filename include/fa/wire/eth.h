// SPDX-License-Identifier: ISC
//
// fa/wire/eth.h: the Ethernet II header (IEEE 802.3 clause 3, RFC 894).
//
// Pure encode and decode; no VLAN tags, no 802.3 length frames. Tested by
// test/unit/wire_eth_test.c, fuzz/wire_eth_fuzz.c.
//
//     if (fa_eth_decode(frame, &eth) == FA_ETH_GOOD && eth.type == FA_ETH_TYPE_ARP)
//         input_arp(fa_slice_from(frame, FA_ETH_HDR_LEN));

#ifndef FA_WIRE_ETH_H
#define FA_WIRE_ETH_H

#include "fa/base.h"
#include "fa/netdev.h"

enum {
    FA_ETH_TYPE_IP4 = 0x0800,
    FA_ETH_TYPE_ARP = 0x0806,
    FA_ETH_TYPE_IP6 = 0x86dd,
    FA_ETH_TYPE_MIN = 0x0600, /* below it stands a length (IEEE 802.3 3.2.6) */
};

enum FA_MUST_USE fa_eth_verdict {
    FA_ETH_GOOD,
    FA_ETH_SHORT,  /* less than a header */
    FA_ETH_LENGTH, /* an 802.3 frame with a length instead of a type */
    FA_ETH_SOURCE, /* the source is a group address or zero */
};

struct fa_eth_header {
    uint8_t target[FA_MAC_LEN];
    uint8_t source[FA_MAC_LEN];
    uint16_t type;
};

extern const uint8_t fa_mac_broadcast[FA_MAC_LEN];
extern const uint8_t fa_mac_zero[FA_MAC_LEN];

static inline bool fa_mac_equal(const uint8_t a[FA_MAC_LEN], const uint8_t b[FA_MAC_LEN])
{
    return fa_equal(a, b, FA_MAC_LEN);
}

/* Whether it names many stations: multicast or broadcast. */
static inline bool fa_mac_is_group(const uint8_t mac[FA_MAC_LEN])
{
    return (mac[0] & 1) != 0;
}

/* Read the header of `frame`. Returns: FA_ETH_GOOD, and only then *ret_header is written. */
enum fa_eth_verdict fa_eth_decode(struct fa_slice frame, struct fa_eth_header *ret_header);

/* Write FA_ETH_HDR_LEN bytes. */
void fa_eth_encode(uint8_t *at, const struct fa_eth_header *header);

#endif
