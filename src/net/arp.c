// SPDX-License-Identifier: ISC
//
// ARP: our address, and what is sent. What packets say is in arp_input.c.

#include "fa/arp.h"

#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"

void fa_arp_init(struct fa_arp *arp, const struct fa_arp_config *config)
{
    FA_ASSERT(config->rand != NULL);
    FA_ASSERT(!fa_mac_is_group(config->mac));
    // Not *arp = {0}: neighbours are initialised when they are first used.
    fa_zero(arp, offsetof(struct fa_arp, neigh));
    arp->config = *config;
    if (arp->config.counters == NULL) {
        arp->config.counters = &fa_counters_main;
    }
    arp->announce_ns = FA_NS_NEVER;
    arp->defended_ns = FA_NS_NEVER;
    arp->probe_ns = FA_NS_NEVER;
    fa_neigh_init(&arp->neigh, &(struct fa_neigh_config){.counters = arp->config.counters,
                                   .rand = config->rand,
                                   .answer_percent = config->answer_percent});
}

void fa_arp_address_set(struct fa_arp *arp, fa_ns now, uint32_t ip, uint8_t prefix_bits)
{
    FA_ASSERT(prefix_bits <= 32);
    fa_neigh_clear(&arp->neigh);
    arp->reply_count = 0;
    arp->ip = ip;
    arp->mask = fa_ip4_mask(prefix_bits);
    arp->up_ns = now;
    arp->defended_ns = FA_NS_NEVER;
    fa_arp_announce(arp);
}

void fa_arp_announce(struct fa_arp *arp)
{
    arp->announce_count = arp->ip != 0 ? FA_ARP_ANNOUNCE_COUNT : 0;
    arp->announce_due = arp->ip != 0;
    arp->announce_ns = FA_NS_NEVER;
}

void fa_arp_probe(struct fa_arp *arp, fa_ns now, uint32_t ip)
{
    FA_ASSERT(fa_ip4_is_host(ip));
    arp->probe = FA_ARP_PROBE_ASKS;
    arp->probe_ip = ip;
    arp->probe_count = 0;
    arp->probe_due = false;
    arp->probe_ns = fa_ns_after(now, fa_rand_below(arp->config.rand, FA_ARP_PROBE_WAIT_NS));
}

void fa_arp_probe_stop(struct fa_arp *arp)
{
    arp->probe = FA_ARP_PROBE_NONE;
    arp->probe_due = false;
    arp->probe_ns = FA_NS_NEVER;
}

/* ---- sending ---- */

bool fa_arp_resolve(struct fa_arp *arp, fa_ns now, uint32_t ip, bool answer, struct fa_buf *take)
{
    FA_ASSERT(arp->ip != 0 && ip != 0 && ip != arp->ip);
    struct fa_ip neighbour = fa_ip4_ip(ip);
    return fa_neigh_resolve(&arp->neigh, now, &neighbour, answer, take);
}

static void write_frame(struct fa_arp *arp, struct fa_buf *buf, const uint8_t *mac, uint16_t op,
    const uint8_t *target_mac, uint32_t target_ip)
{
    struct fa_eth_header eth = {.type = FA_ETH_TYPE_ARP};
    struct fa_arp_packet packet = {
        .op = op,
        .sender_ip = arp->ip,
        .target_ip = target_ip,
    };
    fa_copy(eth.target, mac, FA_MAC_LEN);
    fa_copy(eth.source, arp->config.mac, FA_MAC_LEN);
    fa_copy(packet.sender_mac, arp->config.mac, FA_MAC_LEN);
    fa_copy(packet.target_mac, target_mac, FA_MAC_LEN);
    fa_eth_encode(fa_buf_append(buf, FA_ETH_HDR_LEN), &eth);
    fa_arp_packet_encode(fa_buf_append(buf, FA_ARP_PACKET_LEN), &packet);
}

static void write_reply(struct fa_arp *arp, struct fa_buf *buf)
{
    const struct fa_arp_reply *reply = &arp->replies[arp->reply_head];
    arp->reply_head = (arp->reply_head + 1) % FA_ARP_REPLY_COUNT_MAX;
    arp->reply_count--;
    write_frame(arp, buf, reply->mac, FA_ARP_OP_REPLY, reply->mac, reply->ip);
    FA_COUNT(arp->config.counters, arp_tx_replies);
}

static void write_announcement(struct fa_arp *arp, fa_ns now, struct fa_buf *buf)
{
    arp->announce_due = false;
    arp->announce_count -= arp->announce_count > 0;
    arp->announce_ns = arp->announce_count > 0 ? fa_ns_after(now, FA_ARP_ANNOUNCE_NS) : FA_NS_NEVER;
    write_frame(arp, buf, fa_mac_broadcast, FA_ARP_OP_REQUEST, fa_mac_zero, arp->ip);
    FA_COUNT(arp->config.counters, arp_tx_announcements);
}

static void write_request(
    struct fa_arp *arp, struct fa_buf *buf, const struct fa_neigh_entry *entry)
{
    const uint8_t *mac = entry->state == FA_NEIGH_PROBE ? entry->mac : fa_mac_broadcast;
    write_frame(arp, buf, mac, FA_ARP_OP_REQUEST, fa_mac_zero, fa_ip4_of(&entry->ip));
    FA_COUNT(arp->config.counters, arp_tx_requests);
}

/* From nobody, so that it changes no table (RFC 5227 2.1.1). */
static void write_probe(struct fa_arp *arp, fa_ns now, struct fa_buf *buf)
{
    uint64_t spread = FA_ARP_PROBE_MAX_NS - FA_ARP_PROBE_MIN_NS;
    fa_ns wait = FA_ARP_PROBE_MIN_NS + fa_rand_below(arp->config.rand, spread);
    uint32_t ours = arp->ip;
    arp->probe_due = false;
    arp->probe_count++;
    arp->probe_ns =
        fa_ns_after(now, arp->probe_count < FA_ARP_PROBE_COUNT ? wait : FA_ARP_PROBE_END_NS);
    arp->ip = 0;
    write_frame(arp, buf, fa_mac_broadcast, FA_ARP_OP_REQUEST, fa_mac_zero, arp->probe_ip);
    arp->ip = ours;
    FA_COUNT(arp->config.counters, arp_tx_probes);
}

bool fa_arp_output(struct fa_arp *arp, fa_ns now, struct fa_buf *buf)
{
    FA_ASSERT(buf->len == 0);
    if (arp->probe_due) {
        write_probe(arp, now, buf);
        return true;
    }
    if (arp->ip == 0) {
        return false;
    }
    if (arp->reply_count != 0) {
        write_reply(arp, buf);
        return true;
    }
    if (arp->announce_due) {
        write_announcement(arp, now, buf);
        return true;
    }
    const struct fa_neigh_entry *entry = fa_neigh_ask_take(&arp->neigh, now);
    if (entry != NULL) {
        write_request(arp, buf, entry);
    }
    return entry != NULL;
}

/* ---- time ---- */

fa_ns fa_arp_deadline(const struct fa_arp *arp)
{
    fa_ns own = fa_ns_min(arp->announce_ns, arp->probe_ns);
    return fa_ns_min(own, fa_neigh_deadline(&arp->neigh));
}

void fa_arp_tick(struct fa_arp *arp, fa_ns now)
{
    if (now >= arp->announce_ns) {
        arp->announce_ns = FA_NS_NEVER;
        arp->announce_due = true;
    }
    if (now >= arp->probe_ns) {
        arp->probe_ns = FA_NS_NEVER;
        arp->probe_due = arp->probe_count < FA_ARP_PROBE_COUNT;
        arp->probe = arp->probe_due ? FA_ARP_PROBE_ASKS : FA_ARP_PROBE_FREE;
    }
    for (struct fa_ip dead; fa_neigh_tick(&arp->neigh, now, &dead);) {
        // Its packets are in fa_neigh.failed.
    }
}
