// SPDX-License-Identifier: ISC
//
// What ARP packets say: about neighbours, about our own address, and questions for it.

#include "fa/arp.h"
#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
#include "src/net/arp_priv.h"

/* Another station uses an address of ours (RFC 5227 2.4). */
static enum fa_arp_verdict defend(struct fa_arp *arp, fa_ns now, struct fa_arp_own *own)
{
    FA_COUNT(arp->config.counters, arp_conflicts);
    bool announcing = now < fa_ns_after(own->up_ns, FA_ARP_ANNOUNCE_COUNT * FA_ARP_ANNOUNCE_NS);
    bool first = own->defended_ns == FA_NS_NEVER;
    arp->claimed_ip = own->ip;
    if (!first && now < fa_ns_after(own->defended_ns, FA_ARP_DEFEND_NS)) {
        // Not again, or two stations that are both sure would fill the link.
        if (own->lost_said) {
            return FA_ARP_FINE;
        }
        own->lost_said = true;
        return FA_ARP_LOST;
    }
    own->defended_ns = now;
    own->lost_said = announcing;
    own->announce_due = true;
    arp->announce_due = true;
    return announcing ? FA_ARP_LOST : FA_ARP_DEFENDED;
}

/* Bring what is known of the sender up to date. */
static void update(
    struct fa_arp *arp, fa_ns now, struct fa_neigh_entry *entry, const struct fa_arp_packet *packet)
{
    bool answer = packet->op == FA_ARP_OP_REPLY && fa__arp_own(arp, packet->target_ip) != NULL;
    bool same = fa_mac_equal(entry->mac, packet->sender_mac);
    bool known = entry->state != FA_NEIGH_INCOMPLETE;
    if (known && !same) {
        FA_COUNT(arp->config.counters, arp_changed);
    }
    if (known && !same && !answer) {
        fa_neigh_suggest(&arp->neigh, entry, now, packet->sender_mac); // fail-over relies on it
    } else {
        fa_neigh_confirm(&arp->neigh, entry, now, packet->sender_mac);
    }
}

static void queue_reply(struct fa_arp *arp, const struct fa_arp_packet *packet)
{
    if (arp->reply_count == FA_ARP_REPLY_COUNT_MAX) {
        FA_COUNT(arp->config.counters, arp_tx_reply_full);
        return;
    }
    uint32_t idx = (arp->reply_head + arp->reply_count) % FA_ARP_REPLY_COUNT_MAX;
    arp->reply_count++;
    arp->replies[idx].ip = packet->sender_ip;
    arp->replies[idx].own_ip = packet->target_ip;
    fa_copy(arp->replies[idx].mac, packet->sender_mac, FA_MAC_LEN);
}

/* Whether a station of our link may have this address: not the network's nor the broadcast one. */
static bool is_neighbour(struct fa_arp *arp, uint32_t ip)
{
    const struct fa_arp_own *near = fa__arp_own_near(arp, ip);
    if (near == NULL || !fa_ip4_is_host(ip)) {
        return false;
    }
    uint32_t host = ip & ~near->mask;
    bool has_ends = ~near->mask > 1; // not with 31 and 32 bits (RFC 3021)
    return !has_ends || (host != 0 && host != ~near->mask);
}

/* Whether the sender has the address that we ask for, or asks whether anybody has (RFC 5227 2.1.1).
 */
static bool answers_probe(const struct fa_arp *arp, const struct fa_arp_packet *packet)
{
    bool asks = packet->op == FA_ARP_OP_REQUEST && packet->sender_ip == 0 &&
                packet->target_ip == arp->probe_ip;
    return packet->sender_ip == arp->probe_ip || asks;
}

enum fa_arp_verdict fa_arp_input(struct fa_arp *arp, fa_ns now, struct fa_slice bytes)
{
    static const enum fa_counter_id reasons[] = {
        [FA_ARP_PACKET_SHORT] = FA_COUNTER_arp_rx_short,
        [FA_ARP_PACKET_FORMAT] = FA_COUNTER_arp_rx_format,
        [FA_ARP_PACKET_OP] = FA_COUNTER_arp_rx_op,
        [FA_ARP_PACKET_SENDER] = FA_COUNTER_arp_rx_sender,
    };
    struct fa_arp_packet packet;
    struct fa_counters *counters = arp->config.counters;
    FA_COUNT(counters, arp_rx_packets);
    enum fa_arp_packet_verdict verdict = fa_arp_packet_decode(bytes, &packet);
    if (verdict != FA_ARP_PACKET_GOOD) {
        counters->cell[reasons[verdict]]++;
        return FA_ARP_FINE;
    }
    bool own = fa_mac_equal(packet.sender_mac, arp->config.mac);
    if (arp->probe == FA_ARP_PROBE_ASKS && !own && answers_probe(arp, &packet)) {
        FA_COUNT(counters, arp_conflicts);
        fa_arp_probe_stop(arp);
        arp->probe = FA_ARP_PROBE_TAKEN;
        return FA_ARP_FINE;
    }
    if (arp->own_count == 0 || own) {
        FA_COUNT(counters, arp_rx_ignored);
        return FA_ARP_FINE;
    }
    struct fa_arp_own *claimed = fa__arp_own(arp, packet.sender_ip);
    if (claimed != NULL) {
        return defend(arp, now, claimed);
    }
    bool for_us = fa__arp_own(arp, packet.target_ip) != NULL;
    bool request = packet.op == FA_ARP_OP_REQUEST;
    struct fa_ip sender = fa_ip4_ip(packet.sender_ip);
    struct fa_neigh_entry *entry =
        packet.sender_ip != 0 ? fa_neigh_find(&arp->neigh, &sender) : NULL;
    if (entry != NULL) {
        update(arp, now, entry, &packet);
    } else if (!for_us || !request) {
        FA_COUNT(counters, arp_rx_ignored);
    } else if (packet.sender_ip == 0) {
        // A probe (RFC 5227 2.1.1): answered below, nothing to learn.
    } else if (is_neighbour(arp, packet.sender_ip)) {
        (void)fa_neigh_learn(&arp->neigh, now, &sender, packet.sender_mac); // or counted
    } else {
        // Answered all the same: a router may serve our network from outside of it.
        FA_COUNT(counters, arp_rx_foreign);
    }
    if (for_us && request) {
        queue_reply(arp, &packet);
    }
    return FA_ARP_FINE;
}
