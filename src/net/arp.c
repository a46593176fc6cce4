// SPDX-License-Identifier: ISC
//
// ARP: the cache of neighbours, and what is sent about it. What packets say is in arp_input.c.

#include "fa/arp.h"

#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"
#include "src/net/arp_priv.h"

void fa_arp_init(struct fa_arp *arp, const struct fa_arp_config *config)
{
    FA_ASSERT(config->rand != NULL);
    FA_ASSERT(!fa_mac_is_group(config->mac));
    // Not *arp = {0}: entries are initialised when they are first used.
    fa_zero(arp, offsetof(struct fa_arp, entries));
    arp->config = *config;
    if (arp->config.counters == NULL) {
        arp->config.counters = &fa_counters_main;
    }
    arp->hash_factor = fa_rand_u32(config->rand) | 1;
    arp->announce_ns = FA_NS_NEVER;
    arp->defended_ns = FA_NS_NEVER;
    fa_list_init(&arp->lru);
    fa_list_init(&arp->incomplete);
    fa_list_init(&arp->free);
    fa_list_init(&arp->asking);
    fa_list_init(&arp->waiting);
    fa_list_init(&arp->ready);
}

/* ---- the table ---- */

static uint16_t *bucket_of(struct fa_arp *arp, uint32_t ip)
{
    return &arp->buckets[(ip * arp->hash_factor) >> 24];
}

struct fa_arp_entry *fa__arp_find(struct fa_arp *arp, uint32_t ip)
{
    _Static_assert(FA_ARP_BUCKET_COUNT == 1 << 8, "bucket_of() takes the upper 8 bits");
    for (uint16_t i = *bucket_of(arp, ip); i != 0; i = arp->entries[i - 1].next) {
        if (arp->entries[i - 1].ip == ip) {
            return &arp->entries[i - 1];
        }
    }
    return NULL;
}

static void drop_parked(struct fa_arp *arp, struct fa_arp_entry *entry)
{
    FA_COUNT_ADD(arp->config.counters, arp_tx_unresolved, entry->parked_count);
    FA_ASSERT(arp->parked_count >= entry->parked_count);
    arp->parked_count -= entry->parked_count;
    entry->parked_count = 0;
    fa_buf_drop_all(&entry->parked);
}

static void forget(struct fa_arp *arp, struct fa_arp_entry *entry)
{
    uint16_t idx = (uint16_t)(entry - arp->entries);
    uint16_t *link = bucket_of(arp, entry->ip);
    while (*link != idx + 1) {
        FA_ASSERT(*link != 0);
        link = &arp->entries[*link - 1].next;
    }
    *link = entry->next;
    if (entry->state == FA_ARP_INCOMPLETE) {
        arp->incomplete_count--;
    }
    drop_parked(arp, entry);
    fa_list_unlink(&entry->timer_node);
    fa_list_unlink(&entry->node);
    fa_list_push_front(&arp->free, &entry->node);
}

/* Whether traffic of others may push this neighbour out. */
static bool is_idle(const struct fa_arp_entry *entry, fa_ns now)
{
    return entry->used_ns == FA_NS_NEVER || now >= fa_ns_after(entry->used_ns, FA_ARP_REACHABLE_NS);
}

/* An unused entry, in no list, zeroed. `asked`: we want to send there ourselves, so that a place is
 * found in any case; otherwise NULL when all places are in use. */
static struct fa_arp_entry *get_entry(struct fa_arp *arp, fa_ns now, bool asked)
{
    struct fa_list *node = fa_list_pop_front(&arp->free);
    if (node == NULL && arp->carved_count < FA_ARP_ENTRY_COUNT_MAX) {
        node = &arp->entries[arp->carved_count++].node;
    }
    if (node == NULL) {
        _Static_assert(FA_ARP_INCOMPLETE_COUNT_MAX < FA_ARP_ENTRY_COUNT_MAX);
        FA_ASSERT(!fa_list_empty(&arp->lru));
        struct fa_arp_entry *oldest = fa__arp_entry_of(fa_list_first(&arp->lru));
        if (!asked && !is_idle(oldest, now)) {
            return NULL;
        }
        FA_COUNT(arp->config.counters, arp_evicted);
        forget(arp, oldest);
        node = fa_list_pop_front(&arp->free);
    }
    struct fa_arp_entry *entry = fa__arp_entry_of(node);
    *entry = (struct fa_arp_entry){.used_ns = FA_NS_NEVER};
    fa_list_init(&entry->parked);
    return entry;
}

static void enter(struct fa_arp *arp, struct fa_arp_entry *entry, uint32_t ip)
{
    uint16_t *bucket = bucket_of(arp, ip);
    entry->ip = ip;
    entry->next = *bucket;
    *bucket = (uint16_t)(entry - arp->entries + 1);
}

/* Ask for a neighbour as soon as the device has room. */
static void ask(struct fa_arp *arp, struct fa_arp_entry *entry)
{
    fa_list_unlink(&entry->timer_node);
    fa_list_push_back(&arp->asking, &entry->timer_node);
}

static struct fa_arp_entry *begin_incomplete(struct fa_arp *arp, fa_ns now, uint32_t ip)
{
    if (arp->incomplete_count == FA_ARP_INCOMPLETE_COUNT_MAX) {
        FA_COUNT(arp->config.counters, arp_incomplete_full);
        forget(arp, fa__arp_entry_of(fa_list_first(&arp->incomplete)));
    }
    struct fa_arp_entry *entry = get_entry(arp, now, true);
    entry->state = FA_ARP_INCOMPLETE;
    arp->incomplete_count++;
    fa_list_push_back(&arp->incomplete, &entry->node);
    enter(arp, entry, ip);
    ask(arp, entry);
    return entry;
}

bool fa__arp_learn(struct fa_arp *arp, fa_ns now, uint32_t ip, const uint8_t *mac)
{
    struct fa_arp_entry *entry = get_entry(arp, now, false);
    if (entry == NULL) {
        FA_COUNT(arp->config.counters, arp_rx_cache_full);
        return false;
    }
    entry->state = FA_ARP_STALE;
    fa_copy(entry->mac, mac, FA_MAC_LEN);
    fa_list_push_front(&arp->lru, &entry->node);
    enter(arp, entry, ip);
    return true;
}

void fa__arp_confirm(struct fa_arp *arp, struct fa_arp_entry *entry, fa_ns now, const uint8_t *mac)
{
    fa_copy(entry->mac, mac, FA_MAC_LEN);
    fa_list_unlink(&entry->timer_node);
    entry->try_count = 0;
    entry->confirmed_ns = now;
    if (entry->state == FA_ARP_INCOMPLETE) {
        arp->incomplete_count--;
        entry->used_ns = now;
        fa_list_unlink(&entry->node);
        fa_list_push_back(&arp->lru, &entry->node);
        FA_ASSERT(arp->parked_count >= entry->parked_count);
        arp->parked_count -= entry->parked_count;
        entry->parked_count = 0;
        for (struct fa_list *node; (node = fa_list_pop_front(&entry->parked)) != NULL;) {
            fa_copy(fa_buf_at(fa_buf_of(node)), mac, FA_MAC_LEN);
            fa_list_push_back(&arp->ready, node);
        }
    }
    entry->state = FA_ARP_REACHABLE;
}

void fa_arp_address_set(struct fa_arp *arp, fa_ns now, uint32_t ip, uint8_t prefix_bits)
{
    FA_ASSERT(prefix_bits <= 32);
    for (uint32_t i = 0; i < FA_ARP_BUCKET_COUNT; i++) {
        while (arp->buckets[i] != 0) {
            forget(arp, &arp->entries[arp->buckets[i] - 1]);
        }
    }
    fa_buf_drop_all(&arp->ready);
    arp->reply_count = 0;
    arp->ip = ip;
    arp->mask = fa_ip4_mask(prefix_bits);
    arp->up_ns = now;
    arp->defended_ns = FA_NS_NEVER;
    arp->announce_count = ip != 0 ? FA_ARP_ANNOUNCE_COUNT : 0;
    arp->announce_due = ip != 0;
    arp->announce_ns = FA_NS_NEVER;
}

/* ---- sending ---- */

static void park(struct fa_arp *arp, struct fa_arp_entry *entry, struct fa_buf *take)
{
    if (entry->parked_count == FA_ARP_PARKED_ENTRY_MAX) {
        // The newest packet is worth most (RFC 1122 2.3.2.2).
        FA_COUNT(arp->config.counters, arp_tx_parked_full);
        fa_buf_drop(fa_buf_of(fa_list_pop_front(&entry->parked)));
        entry->parked_count--;
        arp->parked_count--;
    }
    if (arp->parked_count == FA_ARP_PARKED_COUNT_MAX) {
        FA_COUNT(arp->config.counters, arp_tx_parked_full);
        fa_buf_drop(take);
        return;
    }
    fa_list_push_back(&entry->parked, &take->node);
    entry->parked_count++;
    arp->parked_count++;
}

/* Keep the least used neighbours in front, without moving one for each packet. */
static void mark_used(struct fa_arp *arp, struct fa_arp_entry *entry, fa_ns now)
{
    if (entry->used_ns == FA_NS_NEVER || now >= fa_ns_after(entry->used_ns, FA_NS_S)) {
        entry->used_ns = now;
        fa_list_unlink(&entry->node);
        fa_list_push_back(&arp->lru, &entry->node);
    }
}

bool fa_arp_resolve(struct fa_arp *arp, fa_ns now, uint32_t ip, struct fa_buf *take)
{
    FA_ASSERT(arp->ip != 0 && ip != 0 && ip != arp->ip);
    FA_ASSERT(take->len >= FA_ETH_HDR_LEN);
    struct fa_arp_entry *entry = fa__arp_find(arp, ip);
    if (entry == NULL) {
        entry = begin_incomplete(arp, now, ip);
    }
    if (entry->state == FA_ARP_INCOMPLETE) {
        park(arp, entry, take);
        return false;
    }
    mark_used(arp, entry, now);
    bool old = now >= fa_ns_after(entry->confirmed_ns, FA_ARP_REACHABLE_NS);
    if (entry->state == FA_ARP_STALE || (entry->state == FA_ARP_REACHABLE && old)) {
        entry->state = FA_ARP_PROBE;
        entry->try_count = 0;
        ask(arp, entry);
    }
    fa_copy(fa_buf_at(take), entry->mac, FA_MAC_LEN);
    return true;
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

/* Whether the limit of requests a second lets another one through. */
static bool take_request(struct fa_arp *arp, fa_ns now)
{
    if (now >= fa_ns_after(arp->window_ns, FA_NS_S)) {
        arp->window_ns = now;
        arp->window_count = 0;
    }
    if (arp->window_count == FA_ARP_REQUESTS_PER_S) {
        return false;
    }
    arp->window_count++;
    return true;
}

static void write_request(struct fa_arp *arp, fa_ns now, struct fa_buf *buf)
{
    struct fa_arp_entry *entry =
        FA_CONTAINER(fa_list_pop_front(&arp->asking), struct fa_arp_entry, timer_node);
    bool probe = entry->state == FA_ARP_PROBE;
    const uint8_t *mac = probe ? entry->mac : fa_mac_broadcast;
    write_frame(arp, buf, mac, FA_ARP_OP_REQUEST, fa_mac_zero, entry->ip);
    FA_COUNT(arp->config.counters, arp_tx_requests);
    entry->try_count++;
    entry->due_ns = fa_ns_after(now, FA_ARP_RETRY_NS);
    fa_list_push_back(&arp->waiting, &entry->timer_node);
}

bool fa_arp_output(struct fa_arp *arp, fa_ns now, struct fa_buf *buf)
{
    FA_ASSERT(buf->len == 0);
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
    if (!fa_list_empty(&arp->asking) && take_request(arp, now)) {
        write_request(arp, now, buf);
        return true;
    }
    return false;
}

struct fa_buf *fa_arp_ready_take(struct fa_arp *arp)
{
    struct fa_list *node = fa_list_pop_front(&arp->ready);
    return node != NULL ? fa_buf_of(node) : NULL;
}

/* ---- time ---- */

fa_ns fa_arp_deadline(const struct fa_arp *arp)
{
    fa_ns at = arp->announce_ns;
    struct fa_list *first = fa_list_first(&arp->waiting);
    if (first != NULL) {
        at = fa_ns_min(at, FA_CONTAINER(first, struct fa_arp_entry, timer_node)->due_ns);
    }
    if (!fa_list_empty(&arp->asking) && arp->window_count == FA_ARP_REQUESTS_PER_S) {
        at = fa_ns_min(at, fa_ns_after(arp->window_ns, FA_NS_S));
    }
    return at;
}

void fa_arp_tick(struct fa_arp *arp, fa_ns now)
{
    if (now >= arp->announce_ns) {
        arp->announce_ns = FA_NS_NEVER;
        arp->announce_due = true;
    }
    for (struct fa_list *node; (node = fa_list_first(&arp->waiting)) != NULL;) {
        struct fa_arp_entry *entry = FA_CONTAINER(node, struct fa_arp_entry, timer_node);
        if (now < entry->due_ns) {
            break;
        }
        if (entry->try_count < FA_ARP_TRY_COUNT_MAX) {
            ask(arp, entry);
        } else {
            FA_COUNT(arp->config.counters, arp_given_up);
            forget(arp, entry);
        }
    }
}
