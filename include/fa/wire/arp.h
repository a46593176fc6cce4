// SPDX-License-Identifier: ISC
//
// fa/wire/arp.h: the ARP packet for IPv4 over Ethernet (RFC 826).
//
// Pure encode and decode; what a packet means is fa/arp.h. Addresses are numbers in host order.
// Tested by test/unit/wire_arp_test.c, fuzz/wire_arp_fuzz.c.
//
//     if (fa_arp_packet_decode(bytes, &arp) == FA_ARP_PACKET_GOOD && arp.op == FA_ARP_OP_REQUEST)
//         answer(&arp);

#ifndef FA_WIRE_ARP_H
#define FA_WIRE_ARP_H

#include "fa/base.h"
#include "fa/netdev.h"

enum {
    FA_ARP_PACKET_LEN = 28, /* bytes */
    FA_ARP_OP_REQUEST = 1,
    FA_ARP_OP_REPLY = 2,
};

enum FA_MUST_USE fa_arp_packet_verdict {
    FA_ARP_PACKET_GOOD,
    FA_ARP_PACKET_SHORT,
    FA_ARP_PACKET_FORMAT, /* not IPv4 over Ethernet, or lengths that contradict it */
    FA_ARP_PACKET_OP,     /* neither request nor reply */
    FA_ARP_PACKET_SENDER, /* the sender's Ethernet address is a group's or zero */
};

struct fa_arp_packet {
    uint16_t op;
    uint8_t sender_mac[FA_MAC_LEN];
    uint8_t target_mac[FA_MAC_LEN];
    uint32_t sender_ip;
    uint32_t target_ip;
};

/* Read a packet; bytes behind it are padding. *ret_packet is written for FA_ARP_PACKET_GOOD only.
 */
enum fa_arp_packet_verdict fa_arp_packet_decode(
    struct fa_slice bytes, struct fa_arp_packet *ret_packet);

/* Write FA_ARP_PACKET_LEN bytes. */
void fa_arp_packet_encode(uint8_t *at, const struct fa_arp_packet *packet);

#endif
