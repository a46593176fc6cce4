// SPDX-License-Identifier: ISC
//
// What neighbours say: about themselves, about our addresses, and questions for them.

#include "fa/wire/eth.h"
#include "src/net/ndp_priv.h"

void fa__ndp_heard(
    struct fa_ndp *ndp, fa_ns now, const struct fa_ip *ip, const uint8_t mac[FA_MAC_LEN])
{
    if (fa_mac_is_group(mac) || fa_mac_equal(mac, fa_mac_zero)) {
        return;
    }
    struct fa_neigh_entry *entry = fa_neigh_find(&ndp->neigh, ip);
    if (entry == NULL) {
        (void)fa_neigh_learn(&ndp->neigh, now, ip, mac); // or counted
    } else if (entry->state == FA_NEIGH_INCOMPLETE || !fa_mac_equal(entry->mac, mac)) {
        fa_neigh_suggest(&ndp->neigh, entry, now, mac);
    }
}

/* ---- neighbour solicitations ---- */

static void queue_reply(struct fa_ndp *ndp, const struct fa_ip *target, const struct fa_ip *remote)
{
    if (ndp->reply_count == FA_NDP_REPLY_COUNT_MAX) {
        FA_COUNT(ndp->config.counters, ndp_tx_reply_full);
        return;
    }
    uint32_t idx = (ndp->reply_head + ndp->reply_count) % FA_NDP_REPLY_COUNT_MAX;
    ndp->replies[idx] = (struct fa_ndp_reply){.target = *target, .remote = *remote};
    ndp->reply_count++;
}

/* Another station asks for an address that we are asking for as well. */
static void take_dad(
    struct fa_ndp *ndp, fa_ns now, struct fa_iface_addr *addr, const struct fa_ndp_message *message)
{
    bool own = addr->asked && message->has_nonce &&
               fa_equal(message->nonce, addr->nonce, sizeof addr->nonce);
    if (own) {
        FA_COUNT(ndp->config.counters, ndp_rx_own); // the link gave our question back
        return;
    }
    fa__ndp_duplicate(ndp, now, addr);
}

static void take_solicit(struct fa_ndp *ndp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_ndp_message *message)
{
    bool nobody = fa_ip_is_zero(&meta->remote);
    struct fa_ip group = fa_ip6_solicited_node(&message->target);
    if (nobody && (!fa_ip_equal(&meta->local, &group) || message->has_source_mac)) {
        FA_COUNT(ndp->config.counters, ndp_rx_invalid);
        return;
    }
    struct fa_iface_addr *addr = fa_addrs_find(ndp->config.addrs, &message->target);
    if (addr != NULL && addr->state == FA_ADDR_TENTATIVE && nobody) {
        take_dad(ndp, now, addr, message);
        return;
    }
    if (addr == NULL || !fa_addr_is_usable(addr)) {
        FA_COUNT(ndp->config.counters, ndp_rx_ignored);
        return;
    }
    if (!nobody && message->has_source_mac) {
        fa__ndp_heard(ndp, now, &meta->remote, message->source_mac);
    }
    queue_reply(ndp, &message->target, &meta->remote);
}

/* ---- neighbour advertisements ---- */

/* RFC 4861 7.2.5, for a neighbour whose address is known. */
static void update(struct fa_ndp *ndp, fa_ns now, struct fa_neigh_entry *entry,
    const struct fa_ndp_message *message)
{
    const uint8_t *mac = message->has_target_mac ? message->target_mac : entry->mac;
    bool same = fa_mac_equal(mac, entry->mac);
    if (!same && !message->override) {
        if (entry->state == FA_NEIGH_REACHABLE) {
            fa_neigh_suggest(&ndp->neigh, entry, now, entry->mac); // doubted, not replaced
        }
        return;
    }
    if (!same) {
        FA_COUNT(ndp->config.counters, ndp_changed);
    }
    if (message->solicited) {
        fa_neigh_confirm(&ndp->neigh, entry, now, mac);
        fa__ndp_router_dead(ndp, &entry->ip, false);
    } else if (!same) {
        fa_neigh_suggest(&ndp->neigh, entry, now, mac);
    }
}

static void take_advert(struct fa_ndp *ndp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_ndp_message *message)
{
    bool bad_mac = message->has_target_mac && (fa_mac_is_group(message->target_mac) ||
                                                  fa_mac_equal(message->target_mac, fa_mac_zero));
    if ((meta->multicast && message->solicited) || bad_mac) {
        FA_COUNT(ndp->config.counters, ndp_rx_invalid);
        return;
    }
    struct fa_iface_addr *addr = fa_addrs_find(ndp->config.addrs, &message->target);
    if (addr != NULL && addr->state == FA_ADDR_TENTATIVE) {
        fa__ndp_duplicate(ndp, now, addr);
        return;
    }
    if (addr != NULL) {
        FA_COUNT(ndp->config.counters, ndp_conflicts);
        return;
    }
    struct fa_neigh_entry *entry = fa_neigh_find(&ndp->neigh, &message->target);
    bool incomplete = entry != NULL && entry->state == FA_NEIGH_INCOMPLETE;
    if (entry == NULL || (incomplete && !message->has_target_mac)) {
        FA_COUNT(ndp->config.counters, ndp_rx_ignored);
        return;
    }
    if (!incomplete) {
        update(ndp, now, entry, message);
    } else if (message->solicited) {
        fa_neigh_confirm(&ndp->neigh, entry, now, message->target_mac);
        fa__ndp_router_dead(ndp, &entry->ip, false);
    } else {
        fa_neigh_suggest(&ndp->neigh, entry, now, message->target_mac);
    }
    if (entry->router && !message->router) {
        fa__ndp_router_gone(ndp, &entry->ip);
    }
    entry->router = message->router;
}

/* ---- all ---- */

void fa_ndp_input(
    struct fa_ndp *ndp, fa_ns now, const struct fa_ip_meta *meta, struct fa_slice bytes)
{
    struct fa_ndp_message message;
    struct fa_counters *counters = ndp->config.counters;
    FA_COUNT(counters, ndp_rx_messages);
    if (meta->ttl != FA_NDP_HOP_LIMIT) {
        FA_COUNT(counters, ndp_rx_hop_limit);
        return;
    }
    if (fa_ndp_decode(bytes, &message) != FA_NDP_GOOD) {
        FA_COUNT(counters, ndp_rx_malformed);
        return;
    }
    if (!ndp->running) {
        FA_COUNT(counters, ndp_rx_ignored);
        return;
    }
    switch (message.type) {
    case FA_ICMP6_NEIGHBOUR_SOLICIT:
        take_solicit(ndp, now, meta, &message);
        break;
    case FA_ICMP6_NEIGHBOUR_ADVERT:
        take_advert(ndp, now, meta, &message);
        break;
    case FA_ICMP6_ROUTER_ADVERT:
        fa__ndp_router_advert(ndp, now, meta, &message);
        break;
    case FA_ICMP6_REDIRECT:
        fa__ndp_redirect(ndp, now, meta, &message);
        break;
    default:
        FA_COUNT(counters, ndp_rx_ignored); // a router's to answer
    }
}
