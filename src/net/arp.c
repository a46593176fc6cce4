// SPDX-License-Identifier: ISC
//
// ARP: our address, and what is sent. What packets say is in arp_input.c.

#include "fa/arp.h"

#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
#include "src/net/arp_priv.h"

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
    arp->own_count = 0;
    arp->announce_due = false;
    arp->announce_ns = FA_NS_NEVER;
    if (ip != 0) {
        fa_arp_address_add(arp, now, ip, prefix_bits);
    }
}

void fa_arp_address_add(struct fa_arp *arp, fa_ns now, uint32_t ip, uint8_t prefix_bits)
{
    FA_ASSERT(arp->own_count < FA_ARP_OWN_COUNT_MAX);
    FA_ASSERT(ip != 0 && prefix_bits <= 32 && fa__arp_own(arp, ip) == NULL);
    arp->own[arp->own_count++] = (struct fa_arp_own){
        .ip = ip,
        .mask = fa_ip4_mask(prefix_bits),
        .up_ns = now,
        .defended_ns = FA_NS_NEVER,
    };
    fa_arp_announce(arp);
}

struct fa_arp_own *fa__arp_own(struct fa_arp *arp, uint32_t ip)
{
    for (uint32_t i = 0; i < arp->own_count; i++) {
        if (arp->own[i].ip == ip) {
            return &arp->own[i];
        }
    }
    return NULL;
}

struct fa_arp_own *fa__arp_own_near(struct fa_arp *arp, uint32_t ip)
{
    for (uint32_t i = 0; i < arp->own_count; i++) {
        if (((arp->own[i].ip ^ ip) & arp->own[i].mask) == 0) {
            return &arp->own[i];
        }
    }
    return NULL;
}

/* Make an announcement of each due. */
static void announce_all(struct fa_arp *arp)
{
    for (uint32_t i = 0; i < arp->own_count; i++) {
        arp->own[i].announce_due = true;
    }
    arp->announce_due = arp->own_count != 0;
}

void fa_arp_announce(struct fa_arp *arp)
{
    arp->announce_count = arp->own_count != 0 ? FA_ARP_ANNOUNCE_COUNT : 0;
    arp->announce_ns = FA_NS_NEVER;
    announce_all(arp);
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
    FA_ASSERT(arp->own_count != 0 && ip != 0 && fa__arp_own(arp, ip) == NULL);
    struct fa_ip neighbour = fa_ip4_ip(ip);
    return fa_neigh_resolve(&arp->neigh, now, &neighbour, answer, take);
}

/* `mac`: where to; `packet` lacks the address of our own card. */
static void write_frame(
    struct fa_arp *arp, struct fa_buf *buf, const uint8_t *mac, struct fa_arp_packet packet)
{
    struct fa_eth_header eth = {.type = FA_ETH_TYPE_ARP};
    fa_copy(eth.target, mac, FA_MAC_LEN);
    fa_copy(eth.source, arp->config.mac, FA_MAC_LEN);
    fa_copy(packet.sender_mac, arp->config.mac, FA_MAC_LEN);
    fa_eth_encode(fa_buf_append(buf, FA_ETH_HDR_LEN), &eth);
    fa_arp_packet_encode(fa_buf_append(buf, FA_ARP_PACKET_LEN), &packet);
}

static void write_reply(struct fa_arp *arp, struct fa_buf *buf)
{
    const struct fa_arp_reply *reply = &arp->replies[arp->reply_head];
    arp->reply_head = (arp->reply_head + 1) % FA_ARP_REPLY_COUNT_MAX;
    arp->reply_count--;
    struct fa_arp_packet packet = {
        .op = FA_ARP_OP_REPLY, .sender_ip = reply->own_ip, .target_ip = reply->ip};
    fa_copy(packet.target_mac, reply->mac, FA_MAC_LEN);
    write_frame(arp, buf, reply->mac, packet);
    FA_COUNT(arp->config.counters, arp_tx_replies);
}

static void write_announcement(struct fa_arp *arp, fa_ns now, struct fa_buf *buf)
{
    uint32_t first = 0;
    uint32_t due_count = 0;
    for (uint32_t i = arp->own_count; i-- > 0;) {
        first = arp->own[i].announce_due ? i : first;
        due_count += arp->own[i].announce_due;
    }
    struct fa_arp_own *due = &arp->own[first];
    FA_ASSERT(due->announce_due);
    due->announce_due = false;
    if (due_count == 1) { // a round is over
        arp->announce_due = false;
        arp->announce_count -= arp->announce_count > 0;
        arp->announce_ns =
            arp->announce_count > 0 ? fa_ns_after(now, FA_ARP_ANNOUNCE_NS) : FA_NS_NEVER;
    }
    write_frame(arp, buf, fa_mac_broadcast,
        (struct fa_arp_packet){
            .op = FA_ARP_OP_REQUEST, .sender_ip = due->ip, .target_ip = due->ip});
    FA_COUNT(arp->config.counters, arp_tx_announcements);
}

static void write_request(
    struct fa_arp *arp, struct fa_buf *buf, const struct fa_neigh_entry *entry)
{
    const uint8_t *mac = entry->state == FA_NEIGH_PROBE ? entry->mac : fa_mac_broadcast;
    uint32_t ip = fa_ip4_of(&entry->ip);
    const struct fa_arp_own *near = fa__arp_own_near(arp, ip);
    write_frame(arp, buf, mac,
        (struct fa_arp_packet){.op = FA_ARP_OP_REQUEST,
            .sender_ip = near != NULL ? near->ip : arp->own[0].ip,
            .target_ip = ip});
    FA_COUNT(arp->config.counters, arp_tx_requests);
}

/* From nobody, so that it changes no table (RFC 5227 2.1.1). */
static void write_probe(struct fa_arp *arp, fa_ns now, struct fa_buf *buf)
{
    uint64_t spread = FA_ARP_PROBE_MAX_NS - FA_ARP_PROBE_MIN_NS;
    fa_ns wait = FA_ARP_PROBE_MIN_NS + fa_rand_below(arp->config.rand, spread);
    arp->probe_due = false;
    arp->probe_count++;
    arp->probe_ns =
        fa_ns_after(now, arp->probe_count < FA_ARP_PROBE_COUNT ? wait : FA_ARP_PROBE_END_NS);
    write_frame(arp, buf, fa_mac_broadcast,
        (struct fa_arp_packet){.op = FA_ARP_OP_REQUEST, .target_ip = arp->probe_ip});
    FA_COUNT(arp->config.counters, arp_tx_probes);
}

bool fa_arp_output(struct fa_arp *arp, fa_ns now, struct fa_buf *buf)
{
    FA_ASSERT(buf->len == 0);
    if (arp->probe_due) {
        write_probe(arp, now, buf);
        return true;
    }
    if (arp->own_count == 0) {
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
        announce_all(arp);
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
