// SPDX-License-Identifier: ISC
//
// The cache of neighbours.

#include "fa/neigh.h"

void fa_neigh_init(struct fa_neigh *neigh, const struct fa_neigh_config *config)
{
    FA_ASSERT(config->rand != NULL);
    // Not *neigh = {0}: entries are initialised when they are first used.
    fa_zero(neigh, offsetof(struct fa_neigh, entries));
    neigh->config = *config;
    if (neigh->config.counters == NULL) {
        neigh->config.counters = &fa_counters_main;
    }
    if (neigh->config.answer_percent == 0) {
        neigh->config.answer_percent = FA_NEIGH_ANSWER_PERCENT;
    }
    FA_ASSERT(neigh->config.answer_percent <= 100);
    neigh->hash_factor[0] = fa_rand_u64(config->rand) | 1;
    neigh->hash_factor[1] = fa_rand_u64(config->rand) | 1;
    fa_list_init(&neigh->lru);
    fa_list_init(&neigh->incomplete);
    fa_list_init(&neigh->free);
    fa_list_init(&neigh->asking);
    fa_list_init(&neigh->asking_answers);
    fa_list_init(&neigh->waiting);
    fa_list_init(&neigh->delaying);
    fa_list_init(&neigh->ready);
    fa_list_init(&neigh->failed);
    fa_neigh_times_set(neigh, FA_NEIGH_REACHABLE_NS, FA_NEIGH_RETRY_NS);
}

void fa_neigh_times_set(struct fa_neigh *neigh, fa_ns reachable_ns, fa_ns retry_ns)
{
    FA_ASSERT(reachable_ns > 0 && retry_ns > 0);
    neigh->generation++;
    neigh->reachable_ns = reachable_ns;
    neigh->retry_ns = retry_ns;
}

/* ---- the table ---- */

static struct fa_neigh_entry *entry_of(struct fa_list *node)
{
    return FA_CONTAINER(node, struct fa_neigh_entry, node);
}

static struct fa_neigh_entry *timed_entry_of(struct fa_list *node)
{
    return FA_CONTAINER(node, struct fa_neigh_entry, timer_node);
}

static uint64_t load64(const uint8_t *at)
{
    return (uint64_t)fa_be32_load(at) << 32 | fa_be32_load(at + 4);
}

static uint16_t *bucket_of(struct fa_neigh *neigh, const struct fa_ip *ip)
{
    _Static_assert(FA_NEIGH_BUCKET_COUNT == 1 << 7, "the upper 7 bits are taken");
    uint64_t hash =
        load64(ip->b) * neigh->hash_factor[0] + load64(ip->b + 8) * neigh->hash_factor[1];
    return &neigh->buckets[hash >> 57];
}

struct fa_neigh_entry *fa_neigh_find(struct fa_neigh *neigh, const struct fa_ip *ip)
{
    for (uint16_t i = *bucket_of(neigh, ip); i != 0; i = neigh->entries[i - 1].next) {
        if (fa_ip_equal(&neigh->entries[i - 1].ip, ip)) {
            return &neigh->entries[i - 1];
        }
    }
    return NULL;
}

/* What an incomplete entry takes of the share of answers, if it is one of them, it gives back. */
static void leave_answers(struct fa_neigh *neigh, struct fa_neigh_entry *entry)
{
    if (entry->answer) {
        entry->answer = false;
        FA_ASSERT(neigh->answers.incomplete_count > 0);
        FA_ASSERT(neigh->answers.parked_count >= entry->parked_count);
        neigh->answers.incomplete_count--;
        neigh->answers.parked_count -= entry->parked_count;
    }
}

/* Move the parked frames of an entry that answers do not count to another list. */
static void unpark(struct fa_neigh *neigh, struct fa_neigh_entry *entry, struct fa_list *list)
{
    FA_ASSERT(!entry->answer && neigh->parked_count >= entry->parked_count);
    neigh->parked_count -= entry->parked_count;
    entry->parked_count = 0;
    for (struct fa_list *node; (node = fa_list_pop_front(&entry->parked)) != NULL;) {
        fa_list_push_back(list, node);
    }
}

/* Free an entry; frames that are parked for it are dropped. */
static void forget(struct fa_neigh *neigh, struct fa_neigh_entry *entry)
{
    neigh->generation++;
    uint16_t idx = (uint16_t)(entry - neigh->entries);
    uint16_t *link = bucket_of(neigh, &entry->ip);
    while (*link != idx + 1) {
        FA_ASSERT(*link != 0);
        link = &neigh->entries[*link - 1].next;
    }
    *link = entry->next;
    if (entry->state == FA_NEIGH_INCOMPLETE) {
        neigh->incomplete_count--;
        leave_answers(neigh, entry);
    }
    FA_COUNT_ADD(neigh->config.counters, neigh_tx_unresolved, entry->parked_count);
    FA_ASSERT(neigh->parked_count >= entry->parked_count);
    neigh->parked_count -= entry->parked_count;
    fa_buf_drop_all(&entry->parked);
    fa_list_unlink(&entry->timer_node);
    fa_list_unlink(&entry->node);
    fa_list_push_front(&neigh->free, &entry->node);
}

/* Whether traffic of others may push this neighbour out. */
static bool is_idle(const struct fa_neigh_entry *entry, fa_ns now)
{
    return entry->used_ns == FA_NS_NEVER || now >= fa_ns_after(entry->used_ns, FA_NEIGH_IDLE_NS);
}

/* An unused entry, in no list, zeroed. `asked`: we want to send there ourselves, so that a place is
 * found in any case; otherwise NULL when all places are in use. */
static struct fa_neigh_entry *get_entry(struct fa_neigh *neigh, fa_ns now, bool asked)
{
    struct fa_list *node = fa_list_pop_front(&neigh->free);
    if (node == NULL && neigh->carved_count < FA_NEIGH_COUNT_MAX) {
        node = &neigh->entries[neigh->carved_count++].node;
    }
    if (node == NULL) {
        _Static_assert((int)FA_NEIGH_INCOMPLETE_COUNT_MAX < (int)FA_NEIGH_COUNT_MAX);
        FA_ASSERT(!fa_list_empty(&neigh->lru));
        struct fa_neigh_entry *oldest = entry_of(fa_list_first(&neigh->lru));
        if (!asked && !is_idle(oldest, now)) {
            return NULL;
        }
        FA_COUNT(neigh->config.counters, neigh_evicted);
        forget(neigh, oldest);
        node = fa_list_pop_front(&neigh->free);
    }
    struct fa_neigh_entry *entry = entry_of(node);
    *entry = (struct fa_neigh_entry){.used_ns = FA_NS_NEVER};
    fa_list_init(&entry->parked);
    return entry;
}

static void enter(struct fa_neigh *neigh, struct fa_neigh_entry *entry, const struct fa_ip *ip)
{
    uint16_t *bucket = bucket_of(neigh, ip);
    entry->ip = *ip;
    entry->next = *bucket;
    *bucket = (uint16_t)(entry - neigh->entries + 1);
}

/* Ask for a neighbour as soon as the device has room. */
static void ask(struct fa_neigh *neigh, struct fa_neigh_entry *entry)
{
    entry->due_ns = 0;
    fa_list_unlink(&entry->timer_node);
    fa_list_push_back(entry->answer ? &neigh->asking_answers : &neigh->asking, &entry->timer_node);
}

/* What answers may take of something that there is `count_max` of. */
static uint32_t answer_share(const struct fa_neigh *neigh, uint32_t count_max)
{
    return count_max * neigh->config.answer_percent / 100;
}

/* NULL if it is for an answer, and answers have their share or would push out somebody. */
static struct fa_neigh_entry *begin_incomplete(
    struct fa_neigh *neigh, fa_ns now, const struct fa_ip *ip, bool answer)
{
    uint32_t share = answer_share(neigh, FA_NEIGH_INCOMPLETE_COUNT_MAX);
    bool full = neigh->incomplete_count == FA_NEIGH_INCOMPLETE_COUNT_MAX;
    if (answer && (full || neigh->answers.incomplete_count >= share)) {
        return NULL;
    }
    if (full) {
        FA_COUNT(neigh->config.counters, neigh_incomplete_full);
        forget(neigh, entry_of(fa_list_first(&neigh->incomplete)));
    }
    struct fa_neigh_entry *entry = get_entry(neigh, now, !answer);
    if (entry == NULL) {
        return NULL;
    }
    entry->state = FA_NEIGH_INCOMPLETE;
    entry->answer = answer;
    neigh->incomplete_count++;
    neigh->answers.incomplete_count += answer;
    fa_list_push_back(&neigh->incomplete, &entry->node);
    enter(neigh, entry, ip);
    ask(neigh, entry);
    return entry;
}

void fa_neigh_doubt(struct fa_neigh *neigh)
{
    FA_LIST_EACH(node, &neigh->lru) {
        struct fa_neigh_entry *entry = FA_CONTAINER(node, struct fa_neigh_entry, node);
        entry->state = entry->state == FA_NEIGH_REACHABLE ? (uint8_t)FA_NEIGH_STALE : entry->state;
    }
    neigh->generation++;
}

void fa_neigh_clear(struct fa_neigh *neigh)
{
    for (uint32_t i = 0; i < FA_NEIGH_BUCKET_COUNT; i++) {
        while (neigh->buckets[i] != 0) {
            forget(neigh, &neigh->entries[neigh->buckets[i] - 1]);
        }
    }
    fa_buf_drop_all(&neigh->ready);
    fa_buf_drop_all(&neigh->failed);
}

/* ---- what is heard ---- */

struct fa_neigh_entry *fa_neigh_learn(
    struct fa_neigh *neigh, fa_ns now, const struct fa_ip *ip, const uint8_t mac[FA_MAC_LEN])
{
    struct fa_neigh_entry *entry = get_entry(neigh, now, false);
    if (entry == NULL) {
        FA_COUNT(neigh->config.counters, neigh_cache_full);
        return NULL;
    }
    entry->state = FA_NEIGH_STALE;
    fa_copy(entry->mac, mac, FA_MAC_LEN);
    fa_list_push_front(&neigh->lru, &entry->node);
    enter(neigh, entry, ip);
    return entry;
}

void fa_neigh_confirm(
    struct fa_neigh *neigh, struct fa_neigh_entry *entry, fa_ns now, const uint8_t mac[FA_MAC_LEN])
{
    if (!fa_equal(entry->mac, mac, FA_MAC_LEN)) {
        neigh->generation++;
    }
    fa_move(entry->mac, mac, FA_MAC_LEN); // it may be the entry's own
    fa_list_unlink(&entry->timer_node);
    entry->try_count = 0;
    entry->confirmed_ns = now;
    if (entry->state == FA_NEIGH_INCOMPLETE) {
        neigh->incomplete_count--;
        leave_answers(neigh, entry);
        entry->used_ns = now;
        fa_list_unlink(&entry->node);
        fa_list_push_back(&neigh->lru, &entry->node);
        FA_LIST_EACH(node, &entry->parked) {
            fa_copy(fa_buf_at(fa_buf_of(node)), mac, FA_MAC_LEN);
        }
        unpark(neigh, entry, &neigh->ready);
    }
    entry->state = FA_NEIGH_REACHABLE;
}

void fa_neigh_suggest(
    struct fa_neigh *neigh, struct fa_neigh_entry *entry, fa_ns now, const uint8_t mac[FA_MAC_LEN])
{
    fa_neigh_confirm(neigh, entry, now, mac);
    entry->state = FA_NEIGH_STALE;
    neigh->generation++; // it is to be confirmed when it is used
}

/* ---- sending ---- */

static void drop_answer(struct fa_neigh *neigh, struct fa_buf *take)
{
    FA_COUNT(neigh->config.counters, neigh_tx_answer_limited);
    fa_buf_drop(take);
}

static void park(
    struct fa_neigh *neigh, struct fa_neigh_entry *entry, bool answer, struct fa_buf *take)
{
    uint32_t share = answer_share(neigh, FA_NEIGH_PARKED_COUNT_MAX);
    if (answer && !entry->answer && entry->parked_count == FA_NEIGH_PARKED_ENTRY_MAX) {
        drop_answer(neigh, take); // rather than what we have to say ourselves
        return;
    }
    if (entry->parked_count == FA_NEIGH_PARKED_ENTRY_MAX) {
        // The newest packet is worth most (RFC 1122 2.3.2.2).
        FA_COUNT(neigh->config.counters, neigh_tx_parked_full);
        fa_buf_drop(fa_buf_of(fa_list_pop_front(&entry->parked)));
        entry->parked_count--;
        neigh->parked_count--;
        neigh->answers.parked_count -= entry->answer;
    }
    if (entry->answer && neigh->answers.parked_count >= share) {
        drop_answer(neigh, take);
        return;
    }
    if (neigh->parked_count == FA_NEIGH_PARKED_COUNT_MAX) {
        FA_COUNT(neigh->config.counters, neigh_tx_parked_full);
        fa_buf_drop(take);
        return;
    }
    fa_list_push_back(&entry->parked, &take->node);
    entry->parked_count++;
    neigh->parked_count++;
    neigh->answers.parked_count += entry->answer;
}

/* We have something to say ourselves to a neighbour that only answers waited for. */
static void adopt(struct fa_neigh *neigh, struct fa_neigh_entry *entry)
{
    leave_answers(neigh, entry);
    entry->try_count = 0;
    if (entry->due_ns == 0) {
        ask(neigh, entry);
    }
}

/* Keep the least used neighbours in front, without moving one for each packet. */
static void mark_used(struct fa_neigh *neigh, struct fa_neigh_entry *entry, fa_ns now)
{
    if (entry->used_ns == FA_NS_NEVER || now >= fa_ns_after(entry->used_ns, FA_NS_S)) {
        entry->used_ns = now;
        fa_list_unlink(&entry->node);
        fa_list_push_back(&neigh->lru, &entry->node);
    }
}

/* A neighbour whose confirmation is too old is used: see that it is confirmed. */
static void begin_probing(struct fa_neigh *neigh, struct fa_neigh_entry *entry, fa_ns now)
{
    entry->try_count = 0;
    if (neigh->config.delay_ns == 0) {
        entry->state = FA_NEIGH_PROBE;
        ask(neigh, entry);
        return;
    }
    entry->state = FA_NEIGH_DELAY;
    entry->due_ns = fa_ns_after(now, neigh->config.delay_ns);
    fa_list_unlink(&entry->timer_node);
    fa_list_push_back(&neigh->delaying, &entry->timer_node);
}

bool fa_neigh_resolve(
    struct fa_neigh *neigh, fa_ns now, const struct fa_ip *ip, bool answer, struct fa_buf *take)
{
    FA_ASSERT(take->len >= FA_ETH_HDR_LEN);
    struct fa_neigh_entry *entry = fa_neigh_find(neigh, ip);
    if (entry == NULL) {
        entry = begin_incomplete(neigh, now, ip, answer);
    }
    if (entry == NULL) {
        drop_answer(neigh, take);
        return false;
    }
    if (entry->answer && !answer) {
        adopt(neigh, entry);
    }
    if (entry->state == FA_NEIGH_INCOMPLETE) {
        park(neigh, entry, answer, take);
        return false;
    }
    mark_used(neigh, entry, now);
    bool old = now >= fa_ns_after(entry->confirmed_ns, neigh->reachable_ns);
    if (entry->state == FA_NEIGH_STALE || (entry->state == FA_NEIGH_REACHABLE && old)) {
        begin_probing(neigh, entry, now);
    }
    fa_copy(fa_buf_at(take), entry->mac, FA_MAC_LEN);
    return true;
}

/* The next entry that the limits of questions a second let through, our own first; NULL: none. */
static struct fa_list *next_asked(const struct fa_neigh *neigh)
{
    uint32_t share = answer_share(neigh, FA_NEIGH_ASKS_PER_S);
    if (neigh->window_count >= FA_NEIGH_ASKS_PER_S) {
        return NULL;
    }
    if (!fa_list_empty(&neigh->asking)) {
        return fa_list_first(&neigh->asking);
    }
    return neigh->answers.window_count < share ? fa_list_first(&neigh->asking_answers) : NULL;
}

struct fa_neigh_entry *fa_neigh_ask_take(struct fa_neigh *neigh, fa_ns now)
{
    if (!fa_neigh_has_ask(neigh)) {
        return NULL;
    }
    if (now >= fa_ns_after(neigh->window_ns, FA_NS_S)) {
        neigh->window_ns = now;
        neigh->window_count = neigh->answers.window_count = 0;
    }
    struct fa_list *node = next_asked(neigh);
    if (node == NULL) {
        return NULL;
    }
    struct fa_neigh_entry *entry = timed_entry_of(node);
    neigh->window_count++;
    neigh->answers.window_count += entry->answer;
    entry->try_count++;
    entry->due_ns = fa_ns_after(now, neigh->retry_ns);
    fa_list_unlink(node);
    fa_list_push_back(&neigh->waiting, node);
    return entry;
}

struct fa_buf *fa_neigh_ready_take(struct fa_neigh *neigh)
{
    struct fa_list *node = fa_list_pop_front(&neigh->ready);
    return node != NULL ? fa_buf_of(node) : NULL;
}

struct fa_buf *fa_neigh_failed_take(struct fa_neigh *neigh)
{
    struct fa_list *node = fa_list_pop_front(&neigh->failed);
    return node != NULL ? fa_buf_of(node) : NULL;
}

/* ---- time ---- */

static fa_ns first_due(const struct fa_list *list)
{
    struct fa_list *first = fa_list_first(list);
    return first != NULL ? timed_entry_of(first)->due_ns : FA_NS_NEVER;
}

fa_ns fa_neigh_deadline(const struct fa_neigh *neigh)
{
    fa_ns at = fa_ns_min(first_due(&neigh->waiting), first_due(&neigh->delaying));
    if (fa_neigh_has_ask(neigh) && next_asked(neigh) == NULL) {
        at = fa_ns_min(at, fa_ns_after(neigh->window_ns, FA_NS_S));
    }
    return at;
}

bool fa_neigh_tick(struct fa_neigh *neigh, fa_ns now, struct fa_ip *ret_dead)
{
    while (first_due(&neigh->delaying) <= now) {
        struct fa_neigh_entry *entry = timed_entry_of(fa_list_first(&neigh->delaying));
        entry->state = FA_NEIGH_PROBE;
        ask(neigh, entry);
    }
    while (first_due(&neigh->waiting) <= now) {
        struct fa_neigh_entry *entry = timed_entry_of(fa_list_first(&neigh->waiting));
        if (entry->try_count >= FA_NEIGH_TRY_COUNT_MAX) {
            FA_COUNT(neigh->config.counters, neigh_given_up);
            FA_COUNT_ADD(neigh->config.counters, neigh_tx_unresolved, entry->parked_count);
            *ret_dead = entry->ip;
            leave_answers(neigh, entry);
            unpark(neigh, entry, &neigh->failed);
            forget(neigh, entry);
            return true;
        }
        ask(neigh, entry);
    }
    return false;
}
