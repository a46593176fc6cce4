// SPDX-License-Identifier: ISC
//
// The DNS client: requests, from the name asked for through search list and aliases to an answer.

#include "src/net/dns_priv.h"

enum {
    REQUEST_COUNT_DEFAULT = 256,
    ROUND_COUNT_DEFAULT = 3,
    TTL_DEFAULT_S = 86400,
    NEGATIVE_TTL_DEFAULT_S = 900,
    FAILURE_TTL_DEFAULT_S = 1,
};

#define TIMEOUT_DEFAULT_NS FA_NS_S
#define QUERY_DEFAULT_NS   (15 * FA_NS_S)

/* ---- set up ---- */

static void fill_defaults(struct fa_dns_config *config)
{
    config->counters = config->counters != NULL ? config->counters : &fa_counters_main;
    if (config->request_count_max == 0) {
        config->request_count_max = REQUEST_COUNT_DEFAULT;
    }
    if (config->ndots == 0) {
        config->ndots = 1;
    }
    if (config->round_count_max == 0) {
        config->round_count_max = ROUND_COUNT_DEFAULT;
    }
    if (config->timeout_ns == 0) {
        config->timeout_ns = TIMEOUT_DEFAULT_NS;
    }
    if (config->query_ns == 0) {
        config->query_ns = QUERY_DEFAULT_NS;
    }
    if (config->ttl_max_s == 0) {
        config->ttl_max_s = TTL_DEFAULT_S;
    }
    if (config->negative_ttl_max_s == 0) {
        config->negative_ttl_max_s = NEGATIVE_TTL_DEFAULT_S;
    }
    if (config->failure_ttl_s == 0) {
        config->failure_ttl_s = FAILURE_TTL_DEFAULT_S;
    }
}

void fa_dns_init(struct fa_dns *dns, const struct fa_dns_config *config)
{
    FA_ASSERT(config->rand != NULL && config->query_count_max > 0);
    dns->config = *config;
    fill_defaults(&dns->config);
    dns->server_count = 0;
    dns->search_count = 0;
    dns->request_count = 0;
    dns->busy_count = 0;
    dns->due_count = 0;
    fa_list_init(&dns->waiting);
    fa_rand_fill(config->rand, &dns->key, sizeof dns->key);
    fa__dns_cache_init(dns);
    for (uint32_t i = 0; i < config->query_count_max; i++) {
        config->queries[i].state = FA_DNS_QUERY_FREE;
    }
    for (size_t i = 0; i < FA_DNS_SEARCH_COUNT_MAX && config->search[i] != NULL; i++) {
        fa_err err = fa_dns_name_parse(fa_slice_of(config->search[i]), &dns->search[i]);
        FA_ASSERT(err == FA_OK);
        dns->search_count++;
    }
    for (uint32_t i = 0; i < config->static_count; i++) {
        struct fa_dns_name name;
        fa_err err = fa_dns_name_parse(fa_slice_of(config->statics[i].name), &name);
        FA_ASSERT(err == FA_OK);
    }
}

void fa_dns_search_set(struct fa_dns *dns, const struct fa_dns_name *domains, size_t count)
{
    dns->search_count = (uint32_t)fa_min(count, FA_DNS_SEARCH_COUNT_MAX);
    fa_copy(dns->search, domains, dns->search_count * sizeof *domains);
}

/* ---- the names that a request stands for ---- */

/* The domain behind the name asked for, of candidate `idx`: NULL is none. Short names are tried in
 * the search list's domains first, longer ones as they are first. */
static const struct fa_dns_name *domain_of(
    const struct fa_dns *dns, const struct fa_dns_request *request, uint32_t idx)
{
    size_t dots = fa_dns_name_label_count(&request->asked) - 1;
    if (dots >= dns->config.ndots) {
        return idx == 0 ? NULL : &dns->search[idx - 1];
    }
    return idx == dns->search_count ? NULL : &dns->search[idx];
}

/* Make the next candidate the name to ask for. Returns: whether there is one. */
static bool take_candidate(const struct fa_dns *dns, struct fa_dns_request *request)
{
    bool root = request->asked.len == 1;
    uint32_t count = request->absolute || root ? 1 : dns->search_count + 1;
    while (request->candidate < count) {
        uint32_t idx = request->candidate++;
        const struct fa_dns_name *domain = count == 1 ? NULL : domain_of(dns, request, idx);
        request->name = request->asked;
        if (domain == NULL || fa_dns_name_join(&request->asked, domain, &request->name) == FA_OK) {
            fa_dns_name_lower(&request->name);
            return true;
        }
    }
    return false;
}

/* ---- from answer to answer ---- */

static void finish(struct fa_dns *dns, struct fa_dns_request *request, fa_err result)
{
    FA_ASSERT(request->dns == dns && dns->request_count > 0);
    dns->request_count--;
    request->dns = NULL;
    request->result = result;
    if (request->watch != NULL) {
        request->watch->fn(request->watch, FA_FLOW_READABLE);
    }
}

/* Act on request->answer. Returns: whether another name is to be asked for. */
static bool apply(struct fa_dns *dns, struct fa_dns_request *request)
{
    struct fa_dns_answer *answer = &request->answer;
    request->ttl_s = (uint32_t)fa_min(request->ttl_s, answer->ttl_s);
    switch ((enum fa_dns_kind)answer->kind) {
    case FA_DNS_KIND_DATA:
        answer->ttl_s = request->ttl_s;
        finish(dns, request, FA_OK);
        return false;
    case FA_DNS_KIND_ALIAS:
        if (++request->alias_count > FA_DNS_ALIAS_COUNT_MAX) {
            FA_COUNT(dns->config.counters, dns_alias_loops);
            finish(dns, request, FA_EIO);
            return false;
        }
        request->name = answer->canonical;
        return true;
    case FA_DNS_KIND_NODATA:
    case FA_DNS_KIND_NXDOMAIN:
        request->ttl_s = UINT32_MAX;
        if (request->alias_count == 0 && fa_dns_name_equal(&answer->canonical, &request->name) &&
            take_candidate(dns, request)) {
            return true;
        }
        finish(dns, request, FA_ENOENT);
        return false;
    case FA_DNS_KIND_FAILED:
        finish(dns, request, answer->err);
        return false;
    case FA_DNS_KIND_NONE:
        break;
    }
    fa_assert_fail("an answer of no kind", __FILE__, __LINE__);
}

/* What is known of the present name without asking a server. */
static bool find_known(struct fa_dns *dns, fa_ns now, struct fa_dns_request *request)
{
    struct fa_dns_answer *answer = &request->answer;
    const struct fa_dns_name *name = &request->name;
    if (fa__dns_local_find(dns, name, request->type, answer)) {
        FA_COUNT(dns->config.counters, dns_local);
        return true;
    }
    // What does not exist has no records of any type, so that is kept under type 0.
    if (fa__dns_cache_find(dns, now, name, request->type, answer) ||
        fa__dns_cache_find(dns, now, name, 0, answer)) {
        answer->type = request->type;
        return true;
    }
    if (dns->server_count == 0) {
        fa__dns_answer_init(answer, name, request->type);
        answer->kind = FA_DNS_KIND_FAILED;
        answer->err = FA_EIO;
        return true;
    }
    return false;
}

/* Go on until the request is answered or a server has to be asked. Bounded by the limits on aliases
 * and on search domains. */
static void advance(struct fa_dns *dns, fa_ns now, struct fa_dns_request *request)
{
    while (find_known(dns, now, request)) {
        if (!apply(dns, request)) {
            return;
        }
    }
    if (fa__dns_query_join(dns, now, request) != FA_OK) {
        FA_COUNT(dns->config.counters, dns_queries_full);
        fa_list_push_back(&dns->waiting, &request->node);
    }
}

void fa__dns_pump(struct fa_dns *dns, fa_ns now)
{
    while (dns->busy_count < dns->config.query_count_max) {
        struct fa_list *node = fa_list_pop_front(&dns->waiting);
        if (node == NULL) {
            return;
        }
        advance(dns, now, FA_CONTAINER(node, struct fa_dns_request, node));
    }
}

void fa__dns_query_end(
    struct fa_dns *dns, fa_ns now, struct fa_dns_query *query, const struct fa_dns_answer *answer)
{
    struct fa_list *node;
    struct fa_list over;
    bool none =
        answer->kind == FA_DNS_KIND_NXDOMAIN && fa_dns_name_equal(&answer->canonical, &query->name);
    fa__dns_cache_put(dns, now, &query->name, none ? 0 : query->type, answer);
    fa_list_init(&over);
    while ((node = fa_list_pop_front(&query->requests)) != NULL) {
        fa_list_push_back(&over, node);
    }
    fa__dns_query_free(dns, query);
    while ((node = fa_list_pop_front(&over)) != NULL) {
        struct fa_dns_request *request = FA_CONTAINER(node, struct fa_dns_request, node);
        request->query = NULL;
        request->answer = *answer;
        if (apply(dns, request)) {
            advance(dns, now, request);
        }
    }
}

/* ---- asking ---- */

/* An address is its own answer. */
static void answer_literal(struct fa_dns_request *request, const struct fa_ip *ip)
{
    struct fa_dns_data data = {.ip = *ip};
    uint16_t type = fa_ip_is4(ip) ? FA_DNS_A : FA_DNS_AAAA;
    fa__dns_answer_init(&request->answer, &request->asked, request->type);
    request->result = FA_ENOENT;
    if (request->type == type && fa__dns_answer_add(&request->answer, &data)) {
        request->answer.kind = FA_DNS_KIND_DATA;
        request->answer.ttl_s = 0;
        request->result = FA_OK;
    }
}

/* Whether the text of a name ends in a dot that is no part of a label. */
static bool is_absolute(struct fa_slice text)
{
    return text.len >= 2 && text.at[text.len - 1] == '.' && text.at[text.len - 2] != '\\';
}

fa_err fa_dns_ask(struct fa_dns *dns, fa_ns now, struct fa_dns_request *request,
    struct fa_slice name, uint16_t type)
{
    struct fa_watch *watch = request->watch;
    struct fa_dns_name asked = {.len = 1};
    struct fa_ip ip;
    bool literal = fa_ip_parse(name, &ip) == FA_OK; // an IPv6 address is no name
    if (type == FA_DNS_OPT || type == 0 || (!literal && fa_dns_name_parse(name, &asked) != FA_OK)) {
        return FA_EINVAL;
    }
    // Not *request = {0}: the answer is written when there is one.
    request->node = (struct fa_list){0};
    request->dns = NULL;
    request->query = NULL;
    request->watch = watch;
    request->result = FA_AGAIN;
    request->asked = asked;
    request->type = type;
    request->absolute = is_absolute(name);
    request->candidate = 0;
    request->alias_count = 0;
    request->ttl_s = UINT32_MAX;
    FA_COUNT(dns->config.counters, dns_requests);
    if (literal) {
        FA_COUNT(dns->config.counters, dns_local);
        answer_literal(request, &ip);
        return FA_OK;
    }
    if (dns->request_count == dns->config.request_count_max) {
        FA_COUNT(dns->config.counters, dns_requests_full);
        request->result = FA_ENOSPC;
        return FA_OK;
    }
    request->dns = dns;
    dns->request_count++;
    if (!take_candidate(dns, request)) {
        finish(dns, request, FA_ENOENT); // too long in every domain
        return FA_OK;
    }
    advance(dns, now, request);
    return FA_OK;
}

void fa_dns_forget(struct fa_dns_request *request, fa_ns now)
{
    struct fa_dns *dns = request->dns;
    struct fa_dns_query *query = request->query;
    if (dns == NULL) {
        return;
    }
    fa_list_unlink(&request->node);
    request->dns = NULL;
    request->query = NULL;
    dns->request_count--;
    if (query != NULL && fa_list_empty(&query->requests)) {
        fa__dns_query_free(dns, query);
        fa__dns_pump(dns, now);
    }
}
