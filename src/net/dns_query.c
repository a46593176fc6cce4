// SPDX-License-Identifier: ISC
//
// The DNS client: queries and the servers they go to.
//
// Every attempt has a port, an id and a mixture of capital and small letters of its own, all
// random. The servers are asked in turn, the fastest first; when all were, once more, with more
// patience, and at last without EDNS, for servers that drop what they do not know.

#include "fa/trace.h"
#include "src/net/dns_priv.h"

enum {
    SRTT_SHIFT = 3,  // an answer counts an eighth
    DECAY_SHIFT = 5, // what is held against a server fades by a 32nd with each query to another
};

static uint32_t slot_of(const struct fa_dns *dns, const struct fa_dns_query *query)
{
    return (uint32_t)(query - dns->config.queries);
}

static void set_state(struct fa_dns *dns, struct fa_dns_query *query, enum fa_dns_query_state state)
{
    dns->busy_count += state != FA_DNS_QUERY_FREE;
    dns->busy_count -= query->state != FA_DNS_QUERY_FREE;
    dns->due_count += state == FA_DNS_QUERY_DUE;
    dns->due_count -= query->state == FA_DNS_QUERY_DUE;
    query->state = (uint8_t)state;
}

/* ---- servers ---- */

void fa_dns_servers_set(
    struct fa_dns *dns, fa_ns now, const struct fa_endpoint *servers, size_t count)
{
    struct fa_dns_server next[FA_DNS_SERVER_COUNT_MAX] = {0};
    size_t kept = fa_min(count, FA_DNS_SERVER_COUNT_MAX);
    for (size_t i = 0; i < kept; i++) {
        next[i].endpoint = servers[i];
        for (uint32_t s = 0; s < dns->server_count; s++) {
            if (dns->servers[s].endpoint.port == servers[i].port &&
                fa_ip_equal(&dns->servers[s].endpoint.ip, &servers[i].ip)) {
                next[i] = dns->servers[s];
            }
        }
    }
    fa_copy(dns->servers, next, sizeof next);
    dns->server_count = (uint32_t)kept;
    for (uint32_t i = 0; i < dns->config.query_count_max; i++) {
        struct fa_dns_query *query = &dns->config.queries[i];
        if (query->state != FA_DNS_QUERY_FREE) {
            query->tried = query->refused = 0;
            fa__dns_query_next(dns, now, query);
        }
    }
    fa__dns_pump(dns, now);
}

void fa__dns_server_good(struct fa_dns *dns, fa_ns now, const struct fa_dns_query *query)
{
    struct fa_dns_server *server = &dns->servers[query->server];
    fa_ns rtt_ns = now - query->sent_ns;
    server->penalty_ns = 0;
    if (query->tcp) {
        return; // a handshake was part of it
    }
    if (server->srtt_ns == 0) {
        server->srtt_ns = rtt_ns + 1;
        return;
    }
    server->srtt_ns += (rtt_ns >> SRTT_SHIFT) - (server->srtt_ns >> SRTT_SHIFT);
}

void fa__dns_server_bad(struct fa_dns *dns, const struct fa_dns_query *query)
{
    struct fa_dns_server *server = &dns->servers[query->server];
    fa_ns worse = fa_max(server->penalty_ns * 2, query->timeout_ns);
    server->penalty_ns = fa_ns_min(worse, FA_DNS_TIMEOUT_MAX_NS);
}

static fa_ns cost_of(const struct fa_dns_server *server)
{
    return server->srtt_ns + server->penalty_ns;
}

/* The fastest of those that are not in the mask; unknown ones come first, in their order. */
static uint8_t choose_server(struct fa_dns *dns, uint8_t mask)
{
    uint32_t best = dns->server_count;
    for (uint32_t i = 0; i < dns->server_count; i++) {
        if ((mask >> i & 1) == 0 && (best == dns->server_count ||
                                        cost_of(&dns->servers[i]) < cost_of(&dns->servers[best]))) {
            best = i;
        }
    }
    FA_ASSERT(best < dns->server_count);
    for (uint32_t i = 0; i < dns->server_count; i++) {
        if (i != best) {
            dns->servers[i].srtt_ns -= dns->servers[i].srtt_ns >> DECAY_SHIFT;
            dns->servers[i].penalty_ns -= dns->servers[i].penalty_ns >> DECAY_SHIFT;
        }
    }
    return (uint8_t)best;
}

/* ---- attempts ---- */

/* Capitals and small letters by chance: 0x20 bits that a forger has to guess. */
static void mix_case(struct fa_dns *dns, struct fa_dns_query *query)
{
    uint64_t bits = 0;
    size_t letter = 0;
    query->sent = query->name;
    for (size_t i = 0; i < query->sent.len; i++) {
        uint8_t *byte = &query->sent.b[i];
        if (*byte < 'a' || *byte > 'z') {
            continue;
        }
        if (letter++ % 64 == 0) {
            bits = fa_rand_u64(dns->config.rand);
        }
        *byte ^= (uint8_t)((bits & 1) << 5);
        bits >>= 1;
    }
}

static void prepare(struct fa_dns *dns, struct fa_dns_query *query)
{
    query->id = (uint16_t)fa_rand_u32(dns->config.rand);
    query->bogus_count = 0;
    mix_case(dns, query);
    set_state(dns, query, FA_DNS_QUERY_DUE);
}

void fa__dns_query_again(struct fa_dns *dns, struct fa_dns_query *query, bool tcp, bool edns)
{
    query->tcp = tcp;
    query->edns = edns;
    query->timeout_ns = tcp ? FA_DNS_TIMEOUT_MAX_NS : query->timeout_ns;
    prepare(dns, query);
}

static void give_up(struct fa_dns *dns, fa_ns now, struct fa_dns_query *query)
{
    struct fa_dns_answer *answer = &dns->scratch;
    uint32_t all = (1u << dns->server_count) - 1;
    fa__dns_answer_init(answer, &query->name, query->type);
    answer->kind = FA_DNS_KIND_FAILED;
    answer->err = query->refused == all ? FA_EREFUSED : FA_ETIMEOUT;
    answer->err = all == 0 ? FA_EIO : answer->err;
    FA_COUNT(dns->config.counters, dns_given_up);
    FA_TRACE(dns_end, now, slot_of(dns, query), answer->kind, 0, 0);
    fa__dns_query_end(dns, now, query, answer);
}

/* How long to wait for a server: three times what it usually takes, doubled each round. */
static fa_ns timeout_of(const struct fa_dns *dns, const struct fa_dns_query *query)
{
    fa_ns srtt_ns = dns->servers[query->server].srtt_ns;
    fa_ns base = srtt_ns == 0 ? dns->config.timeout_ns : fa_max(3 * srtt_ns, FA_DNS_TIMEOUT_MIN_NS);
    return fa_ns_min(base << query->round, FA_DNS_TIMEOUT_MAX_NS);
}

void fa__dns_query_next(struct fa_dns *dns, fa_ns now, struct fa_dns_query *query)
{
    uint32_t all = (1u << dns->server_count) - 1;
    if ((uint32_t)(query->tried | query->refused) == all) {
        query->tried = 0;
        query->round++;
    }
    if (query->refused == all || query->round == dns->config.round_count_max ||
        now >= query->end_ns) {
        give_up(dns, now, query);
        return;
    }
    query->server = choose_server(dns, query->tried | query->refused);
    query->tried |= (uint8_t)(1u << query->server);
    query->tcp = false;
    bool last = query->round + 1 == dns->config.round_count_max;
    query->edns = !dns->servers[query->server].plain && !last;
    query->timeout_ns = timeout_of(dns, query);
    prepare(dns, query);
}

/* ---- begin and end ---- */

fa_err fa__dns_query_join(struct fa_dns *dns, fa_ns now, struct fa_dns_request *request)
{
    struct fa_dns_query *free = NULL;
    for (uint32_t i = 0; i < dns->config.query_count_max; i++) {
        struct fa_dns_query *query = &dns->config.queries[i];
        if (query->state == FA_DNS_QUERY_FREE) {
            free = free == NULL ? query : free;
        } else if (query->type == request->type &&
                   fa_dns_name_equal(&query->name, &request->name)) {
            FA_COUNT(dns->config.counters, dns_coalesced);
            request->query = query;
            fa_list_push_back(&query->requests, &request->node);
            return FA_OK;
        }
    }
    if (free == NULL) {
        return FA_ENOSPC;
    }
    *free = (struct fa_dns_query){
        .name = request->name,
        .type = request->type,
        .end_ns = fa_ns_after(now, dns->config.query_ns),
    };
    request->query = free;
    fa_list_init(&free->requests);
    fa_list_push_back(&free->requests, &request->node);
    FA_ASSERT(dns->server_count > 0);
    fa__dns_query_next(dns, now, free);
    return FA_OK;
}

void fa__dns_query_free(struct fa_dns *dns, struct fa_dns_query *query)
{
    FA_ASSERT(fa_list_empty(&query->requests));
    set_state(dns, query, FA_DNS_QUERY_FREE);
}

/* ---- to and from the owner ---- */

bool fa_dns_output(struct fa_dns *dns, fa_ns now, struct fa_dns_send *ret_send)
{
    if (dns->due_count == 0) {
        return false;
    }
    uint32_t slot = 0;
    while (dns->config.queries[slot].state != FA_DNS_QUERY_DUE) {
        slot++;
    }
    FA_ASSERT(slot < dns->config.query_count_max);
    struct fa_dns_query *query = &dns->config.queries[slot];
    query->sent_ns = now;
    query->due_ns = fa_ns_min(fa_ns_after(now, query->timeout_ns), query->end_ns);
    set_state(dns, query, FA_DNS_QUERY_SENT);
    ret_send->slot = slot;
    ret_send->tcp = query->tcp;
    ret_send->server = dns->servers[query->server].endpoint;
    ret_send->len = fa_dns_query_encode(
        ret_send->bytes, query->id, &query->sent, query->type, query->edns ? FA_DNS_EDNS_BYTES : 0);
    FA_COUNT(dns->config.counters, dns_tx_queries);
    FA_COUNT_ADD(dns->config.counters, dns_tx_tcp, query->tcp);
    FA_TRACE(dns_tx, now, slot, query->server, query->type, query->round, query->tcp);
    return true;
}

void fa_dns_failed(struct fa_dns *dns, fa_ns now, uint32_t slot)
{
    FA_ASSERT(slot < dns->config.query_count_max);
    struct fa_dns_query *query = &dns->config.queries[slot];
    if (query->state != FA_DNS_QUERY_SENT) {
        return;
    }
    FA_COUNT(dns->config.counters, dns_unreachable);
    fa__dns_server_bad(dns, query);
    fa__dns_query_next(dns, now, query);
    fa__dns_pump(dns, now);
}

fa_ns fa_dns_deadline(const struct fa_dns *dns)
{
    fa_ns at = FA_NS_NEVER;
    uint32_t left = dns->busy_count;
    for (uint32_t i = 0; left > 0; i++) {
        const struct fa_dns_query *query = &dns->config.queries[i];
        FA_ASSERT(i < dns->config.query_count_max);
        left -= query->state != FA_DNS_QUERY_FREE;
        at = query->state == FA_DNS_QUERY_SENT ? fa_ns_min(at, query->due_ns) : at;
    }
    return dns->due_count != 0 ? 0 : at;
}

void fa_dns_tick(struct fa_dns *dns, fa_ns now)
{
    for (uint32_t i = 0; i < dns->config.query_count_max; i++) {
        struct fa_dns_query *query = &dns->config.queries[i];
        if (query->state == FA_DNS_QUERY_SENT && now >= query->due_ns) {
            FA_COUNT(dns->config.counters, dns_timeouts);
            fa__dns_server_bad(dns, query);
            fa__dns_query_next(dns, now, query);
        }
    }
    fa__dns_pump(dns, now);
}
