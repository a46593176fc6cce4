// SPDX-License-Identifier: ISC
//
// The DNS client: what servers said, as long as they allow it. The longest unused entry makes room.

#include "src/net/dns_priv.h"

static struct fa_list *bucket_of(struct fa_dns *dns, const struct fa_dns_name *name, uint16_t type)
{
    uint8_t bytes[FA_DNS_NAME_LEN_MAX + 2];
    fa_copy(bytes, name->b, name->len);
    fa_be16_store(bytes + name->len, type);
    uint64_t hash = fa_siphash13(&dns->key, (struct fa_slice){bytes, name->len + (size_t)2});
    return &dns->buckets[hash % FA_DNS_BUCKET_COUNT];
}

void fa__dns_cache_init(struct fa_dns *dns)
{
    for (size_t i = 0; i < FA_DNS_BUCKET_COUNT; i++) {
        fa_list_init(&dns->buckets[i]);
    }
    fa_list_init(&dns->lru);
    dns->entry_count = 0;
}

void fa_dns_flush(struct fa_dns *dns)
{
    fa__dns_cache_init(dns);
}

static struct fa_dns_entry *find_entry(
    struct fa_dns *dns, const struct fa_dns_name *name, uint16_t type)
{
    FA_LIST_EACH(node, bucket_of(dns, name, type)) {
        struct fa_dns_entry *entry = FA_CONTAINER(node, struct fa_dns_entry, hash_node);
        if (entry->type == type && entry->name_len == name->len &&
            fa_equal(entry->bytes, name->b, name->len)) {
            return entry;
        }
    }
    return NULL;
}

static void touch(struct fa_dns *dns, struct fa_dns_entry *entry)
{
    fa_list_unlink(&entry->lru_node);
    fa_list_push_back(&dns->lru, &entry->lru_node);
}

bool fa__dns_cache_find(struct fa_dns *dns, fa_ns now, const struct fa_dns_name *name,
    uint16_t type, struct fa_dns_answer *ret_answer)
{
    struct fa_dns_entry *entry = find_entry(dns, name, type);
    if (entry == NULL || entry->end_ns <= now) {
        return false;
    }
    touch(dns, entry);
    struct fa_dns_name canonical = {.len = entry->canonical_len};
    fa_copy(canonical.b, entry->bytes + entry->name_len, entry->canonical_len);
    fa__dns_answer_init(ret_answer, &canonical, type);
    ret_answer->kind = entry->kind;
    ret_answer->err = entry->err;
    ret_answer->count = entry->count;
    ret_answer->ttl_s = (uint32_t)((entry->end_ns - now) / FA_NS_S);
    ret_answer->len = entry->data_len;
    fa_copy(
        ret_answer->bytes, entry->bytes + entry->name_len + entry->canonical_len, entry->data_len);
    FA_COUNT(dns->config.counters, dns_cache_hits);
    return true;
}

/* An entry that is not linked: a fresh one, or the longest unused. */
static struct fa_dns_entry *take_entry(struct fa_dns *dns, fa_ns now)
{
    if (dns->entry_count < dns->config.entry_count_max) {
        struct fa_dns_entry *entry = &dns->config.entries[dns->entry_count++];
        entry->hash_node = entry->lru_node = (struct fa_list){0};
        return entry;
    }
    struct fa_dns_entry *oldest =
        FA_CONTAINER(fa_list_first(&dns->lru), struct fa_dns_entry, lru_node);
    if (oldest->end_ns > now) {
        FA_COUNT(dns->config.counters, dns_cache_evicted);
    }
    fa_list_unlink(&oldest->hash_node);
    return oldest;
}

/* Seconds that an answer may be kept. */
static uint32_t lifetime(const struct fa_dns *dns, const struct fa_dns_answer *answer)
{
    switch ((enum fa_dns_kind)answer->kind) {
    case FA_DNS_KIND_DATA:
    case FA_DNS_KIND_ALIAS:
        return (uint32_t)fa_min(answer->ttl_s, dns->config.ttl_max_s);
    case FA_DNS_KIND_NODATA:
    case FA_DNS_KIND_NXDOMAIN:
        return (uint32_t)fa_min(answer->ttl_s, dns->config.negative_ttl_max_s);
    case FA_DNS_KIND_FAILED:
        return dns->config.failure_ttl_s;
    case FA_DNS_KIND_NONE:
        break;
    }
    return 0;
}

void fa__dns_cache_put(struct fa_dns *dns, fa_ns now, const struct fa_dns_name *name, uint16_t type,
    const struct fa_dns_answer *answer)
{
    uint32_t ttl_s = lifetime(dns, answer);
    size_t len = (size_t)name->len + answer->canonical.len + answer->len;
    if (ttl_s == 0 || dns->config.entry_count_max == 0) {
        return;
    }
    if (len > FA_DNS_ENTRY_BYTES || answer->cut || answer->count > UINT8_MAX) {
        FA_COUNT(dns->config.counters, dns_cache_too_large);
        return;
    }
    struct fa_dns_entry *entry = find_entry(dns, name, type);
    if (entry == NULL) {
        entry = take_entry(dns, now);
        fa_list_push_back(bucket_of(dns, name, type), &entry->hash_node);
    }
    entry->end_ns = fa_ns_after(now, ttl_s * FA_NS_S);
    entry->err = answer->err;
    entry->type = type;
    entry->kind = answer->kind;
    entry->name_len = name->len;
    entry->canonical_len = answer->canonical.len;
    entry->count = (uint8_t)answer->count;
    entry->data_len = (uint16_t)answer->len;
    fa_copy(entry->bytes, name->b, name->len);
    fa_copy(entry->bytes + name->len, answer->canonical.b, answer->canonical.len);
    fa_copy(entry->bytes + name->len + answer->canonical.len, answer->bytes, answer->len);
    touch(dns, entry);
}
