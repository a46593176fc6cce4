// SPDX-License-Identifier: ISC
//
// Neighbour discovery: what is sent, time, and who a packet is given to.

#include "src/net/ndp_priv.h"

void fa_ndp_init(struct fa_ndp *ndp, const struct fa_ndp_config *config)
{
    FA_ASSERT(config->rand != NULL && config->addrs != NULL);
    FA_ASSERT(config->mtu_bytes >= FA_IP6_MTU_MIN);
    // Not *ndp = {0}: neighbours are initialised when they are first used.
    fa_zero(ndp, offsetof(struct fa_ndp, neigh));
    ndp->config = *config;
    if (config->counters == NULL) {
        ndp->config.counters = &fa_counters_main;
    }
    static const uint8_t none[FA_MAC_LEN];
    if (fa_equal(config->iface_id, none, sizeof none)) {
        fa_copy(ndp->config.iface_id, config->mac, FA_MAC_LEN);
    }
    ndp->mtu_bytes = config->mtu_bytes;
    ndp->solicit_ns = FA_NS_NEVER;
    ndp->due_ns = FA_NS_NEVER;
    fa_neigh_init(&ndp->neigh, &(struct fa_neigh_config){.counters = ndp->config.counters,
                                   .rand = config->rand,
                                   .delay_ns = FA_NEIGH_DELAY_NS,
                                   .answer_percent = config->answer_percent});
}

void fa_ndp_stop(struct fa_ndp *ndp)
{
    struct fa_addrs *addrs = ndp->config.addrs;
    for (uint32_t i = addrs->count; i-- > 0;) {
        if (!fa_ip_is4(&addrs->at[i].ip)) {
            fa_addrs_remove(addrs, &addrs->at[i]);
        }
    }
    fa_neigh_clear(&ndp->neigh);
    if (ndp->config.names != NULL) {
        fa_names_forget(ndp->config.names, FA_NAMES_RA, ndp->config.iface);
    }
    ndp->running = false;
    ndp->changed = true;
    ndp->way_count = 0;
    ndp->reply_count = 0;
    ndp->solicit_due = false;
    ndp->solicit_ns = FA_NS_NEVER;
    ndp->due_ns = FA_NS_NEVER;
}

/* ---- next hops ---- */

/* Of two ways that match equally long: whether `a` is better. */
static bool is_better(const struct fa_ndp_way *a, const struct fa_ndp_way *b)
{
    if (a->dead != b->dead) {
        return b->dead;
    }
    return a->preference > b->preference;
}

int fa_ndp_next_hop(const struct fa_ndp *ndp, const struct fa_ip *remote, struct fa_ip *ret_hop)
{
    const struct fa_ndp_way *best = NULL;
    if (fa_ip6_is_link_local(remote)) {
        *ret_hop = *remote;
        return 64;
    }
    for (uint32_t i = 0; i < ndp->way_count; i++) {
        const struct fa_ndp_way *way = &ndp->ways[i];
        bool longer = best == NULL || way->prefix_bits > best->prefix_bits ||
                      (way->prefix_bits == best->prefix_bits && is_better(way, best));
        if (longer && fa_ip_prefix_equal(&way->prefix, remote, way->prefix_bits)) {
            best = way;
        }
    }
    if (best == NULL) {
        return -1;
    }
    *ret_hop = fa_ip_is_zero(&best->router) ? *remote : best->router;
    return best->prefix_bits;
}

/* ---- sending ---- */

/* Write a message and its checksum. */
static void write_message(
    struct fa_buf *buf, const struct fa_ip_meta *meta, const struct fa_ndp_message *message)
{
    uint8_t bytes[FA_NDP_LEN_MAX];
    size_t len = fa_ndp_encode(bytes, message);
    uint8_t *at = fa_buf_append(buf, len);
    fa_copy(at, bytes, len);
    struct fa_icmp6_header header = {message->type, 0, fa_be32_load(bytes + 4)};
    fa_icmp6_encode(at, len, meta, &header);
}

static struct fa_ip_meta meta_to(const struct fa_ip *local, const struct fa_ip *remote)
{
    return (struct fa_ip_meta){
        .local = *local,
        .remote = *remote,
        .protocol = FA_IP_PROTO_ICMP6,
        .ttl = FA_NDP_HOP_LIMIT,
        .multicast = fa_ip6_is_multicast(remote),
    };
}

/* Ask whether somebody has an address of ours. */
static bool write_dad(
    struct fa_ndp *ndp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    struct fa_addrs *addrs = ndp->config.addrs;
    for (uint32_t i = 0; i < addrs->count; i++) {
        struct fa_iface_addr *addr = &addrs->at[i];
        if (addr->state != FA_ADDR_TENTATIVE || addr->asked || addr->due_ns != 0) {
            continue;
        }
        static const struct fa_ip nobody;
        struct fa_ip group = fa_ip6_solicited_node(&addr->ip);
        struct fa_ndp_message message = {
            .type = FA_ICMP6_NEIGHBOUR_SOLICIT, .target = addr->ip, .has_nonce = true};
        // The nonce tells our own question, looped back, from another's (RFC 7527).
        fa_rand_fill(ndp->config.rand, addr->nonce, sizeof addr->nonce);
        fa_copy(message.nonce, addr->nonce, sizeof addr->nonce);
        *ret_meta = meta_to(&nobody, &group);
        write_message(buf, ret_meta, &message);
        FA_COUNT(ndp->config.counters, ndp_tx_solicits);
        addr->asked = true;
        addr->due_ns = fa_ns_after(now, ndp->neigh.retry_ns);
        fa__ndp_due(ndp, addr->due_ns);
        return true;
    }
    ndp->dad_due = false;
    return false;
}

static void write_reply(struct fa_ndp *ndp, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    const struct fa_ndp_reply *reply = &ndp->replies[ndp->reply_head];
    ndp->reply_head = (ndp->reply_head + 1) % FA_NDP_REPLY_COUNT_MAX;
    ndp->reply_count--;
    bool nobody = fa_ip_is_zero(&reply->remote);
    struct fa_ndp_message message = {
        .type = FA_ICMP6_NEIGHBOUR_ADVERT,
        .target = reply->target,
        .solicited = !nobody,
        .override = true,
        .has_target_mac = true,
    };
    fa_copy(message.target_mac, ndp->config.mac, FA_MAC_LEN);
    *ret_meta = meta_to(&reply->target, nobody ? &fa_ip6_all_nodes : &reply->remote);
    ret_meta->answer = true;
    write_message(buf, ret_meta, &message);
    FA_COUNT(ndp->config.counters, ndp_tx_adverts);
}

static void write_router_solicit(
    struct fa_ndp *ndp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    static const struct fa_ip nobody;
    const struct fa_iface_addr *local = fa__ndp_link_local(ndp);
    struct fa_ndp_message message = {
        .type = FA_ICMP6_ROUTER_SOLICIT, .has_source_mac = local != NULL};
    fa_copy(message.source_mac, ndp->config.mac, FA_MAC_LEN);
    *ret_meta = meta_to(local != NULL ? &local->ip : &nobody, &fa_ip6_all_routers);
    write_message(buf, ret_meta, &message);
    FA_COUNT(ndp->config.counters, ndp_tx_router_solicits);
    ndp->solicit_due = false;
    // RFC 7559 2, RFC 8415 15: doubled each time, a tenth more or less.
    fa_ns wait = ndp->solicit_wait_ns;
    fa_ns jitter = fa_rand_below(ndp->config.rand, wait / 5);
    ndp->solicit_ns = fa_ns_after(now, wait - wait / 10 + jitter);
    ndp->solicit_wait_ns = fa_ns_min(2 * wait, FA_NDP_SOLICIT_MAX_NS);
}

/* The address that a question for `target` is asked from: of its own prefix before others. */
static const struct fa_iface_addr *source_for(const struct fa_ndp *ndp, const struct fa_ip *target)
{
    const struct fa_addrs *addrs = ndp->config.addrs;
    const struct fa_iface_addr *best = NULL;
    int best_bits = -1;
    for (uint32_t i = 0; i < addrs->count; i++) {
        const struct fa_iface_addr *addr = &addrs->at[i];
        int bits = fa_ip_common_bits(&addr->ip, target);
        if (fa_addr_is_usable(addr) && !fa_ip_is4(&addr->ip) && bits > best_bits) {
            best = addr;
            best_bits = bits;
        }
    }
    return best;
}

static bool write_solicit(
    struct fa_ndp *ndp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    const struct fa_neigh_entry *entry = fa_neigh_ask_take(&ndp->neigh, now);
    const struct fa_iface_addr *local = entry != NULL ? source_for(ndp, &entry->ip) : NULL;
    if (local == NULL) {
        return false;
    }
    struct fa_ip group = fa_ip6_solicited_node(&entry->ip);
    struct fa_ndp_message message = {
        .type = FA_ICMP6_NEIGHBOUR_SOLICIT, .target = entry->ip, .has_source_mac = true};
    fa_copy(message.source_mac, ndp->config.mac, FA_MAC_LEN);
    *ret_meta = meta_to(&local->ip, entry->state == FA_NEIGH_PROBE ? &entry->ip : &group);
    write_message(buf, ret_meta, &message);
    FA_COUNT(ndp->config.counters, ndp_tx_solicits);
    return true;
}

bool fa_ndp_has_output(const struct fa_ndp *ndp)
{
    return ndp->running && (ndp->reply_count != 0 || ndp->solicit_due || ndp->dad_due ||
                               fa_neigh_has_ask(&ndp->neigh));
}

bool fa_ndp_output(struct fa_ndp *ndp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta)
{
    FA_ASSERT(buf->len == 0);
    if (!ndp->running) {
        return false;
    }
    if (ndp->dad_due && write_dad(ndp, now, buf, ret_meta)) {
        return true;
    }
    if (ndp->reply_count != 0) {
        write_reply(ndp, buf, ret_meta);
        return true;
    }
    if (ndp->solicit_due) {
        write_router_solicit(ndp, now, buf, ret_meta);
        return true;
    }
    return write_solicit(ndp, now, buf, ret_meta);
}

/* ---- time ---- */

void fa__ndp_solicit(struct fa_ndp *ndp)
{
    if (!ndp->config.ra_off && ndp->solicit_ns == FA_NS_NEVER) {
        ndp->solicit_due = true;
        ndp->solicit_wait_ns = FA_NDP_SOLICIT_NS;
    }
}

void fa_ndp_resume(struct fa_ndp *ndp, fa_ns now)
{
    if (ndp->running && !ndp->config.ra_off) {
        ndp->solicit_due = false;
        ndp->solicit_wait_ns = FA_NDP_SOLICIT_NS;
        ndp->solicit_ns =
            fa_ns_after(now, fa_rand_below(ndp->config.rand, FA_NDP_SOLICIT_DELAY_NS));
    }
}

fa_ns fa_ndp_deadline(const struct fa_ndp *ndp)
{
    fa_ns at = fa_ns_min(ndp->due_ns, ndp->solicit_ns);
    return fa_ns_min(at, fa_neigh_deadline(&ndp->neigh));
}

void fa_ndp_tick(struct fa_ndp *ndp, fa_ns now)
{
    if (!ndp->running) {
        return;
    }
    for (struct fa_ip dead; fa_neigh_tick(&ndp->neigh, now, &dead);) {
        fa__ndp_router_dead(ndp, &dead, true);
    }
    if (now >= ndp->solicit_ns) {
        ndp->solicit_ns = FA_NS_NEVER;
        ndp->solicit_due = true;
    }
    if (now >= ndp->due_ns) {
        ndp->due_ns = fa__ndp_ways_tick(ndp, now);
        fa_ns addrs_due = fa__ndp_addrs_tick(ndp, now);
        fa__ndp_due(ndp, addrs_due);
    }
}
