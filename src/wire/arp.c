// SPDX-License-Identifier: ISC
//
// The ARP packet.

#include "fa/wire/arp.h"

#include "fa/wire/eth.h"

/* Hardware type Ethernet, protocol type IPv4 and their address lengths, as they stand in front. */
static const uint8_t format[6] = {0, 1, 0x08, 0x00, FA_MAC_LEN, 4};

enum fa_arp_packet_verdict fa_arp_packet_decode(
    struct fa_slice bytes, struct fa_arp_packet *ret_packet)
{
    if (bytes.len < FA_ARP_PACKET_LEN) {
        return FA_ARP_PACKET_SHORT;
    }
    const uint8_t *at = bytes.at;
    if (!fa_equal(at, format, sizeof format)) {
        return FA_ARP_PACKET_FORMAT;
    }
    uint16_t op = fa_be16_load(at + 6);
    if (op != FA_ARP_OP_REQUEST && op != FA_ARP_OP_REPLY) {
        return FA_ARP_PACKET_OP;
    }
    if (fa_mac_is_group(at + 8) || fa_mac_equal(at + 8, fa_mac_zero)) {
        return FA_ARP_PACKET_SENDER;
    }
    ret_packet->op = op;
    fa_copy(ret_packet->sender_mac, at + 8, FA_MAC_LEN);
    ret_packet->sender_ip = fa_be32_load(at + 14);
    fa_copy(ret_packet->target_mac, at + 18, FA_MAC_LEN);
    ret_packet->target_ip = fa_be32_load(at + 24);
    return FA_ARP_PACKET_GOOD;
}

void fa_arp_packet_encode(uint8_t *at, const struct fa_arp_packet *packet)
{
    fa_copy(at, format, sizeof format);
    fa_be16_store(at + 6, packet->op);
    fa_copy(at + 8, packet->sender_mac, FA_MAC_LEN);
    fa_be32_store(at + 14, packet->sender_ip);
    fa_copy(at + 18, packet->target_mac, FA_MAC_LEN);
    fa_be32_store(at + 24, packet->target_ip);
}
