// SPDX-License-Identifier: ISC
//
// The DNS client: what servers say, and what others say in their name.
//
// An answer counts if it comes from the server that was asked, to the port it was asked from, with
// the query's id and its question letter by letter. Of its records only those count that the name
// asked for leads to, by aliases in the same message; all else in it is ignored.

#include "fa/trace.h"
#include "src/net/dns_priv.h"

/* ---- is it an answer to this query? ---- */

enum match {
    MATCH_GOOD,
    MATCH_NOT,  /* somebody guesses */
    MATCH_CASE, /* the server, or somebody who guesses, has changed the case of letters */
};

static bool is_error(uint8_t rcode)
{
    return rcode == FA_DNS_FORMERR || rcode == FA_DNS_NOTIMP;
}

static enum match check_question(
    struct fa_counters *counters, const struct fa_dns_query *query, struct fa_dns_message *message)
{
    struct fa_dns_question question;
    if (message->header.counts[0] == 0 && is_error(message->header.rcode)) {
        return MATCH_GOOD; // a server that did not understand may not repeat it
    }
    if (message->header.counts[0] != 1 || fa_dns_question_next(message, &question) != FA_DNS_GOOD ||
        question.type != query->type || question.rr_class != FA_DNS_CLASS_IN ||
        !fa_dns_name_equal(&question.name, &query->sent)) {
        FA_COUNT(counters, dns_rx_wrong_question);
        return MATCH_NOT;
    }
    if (!fa_equal(question.name.b, query->sent.b, query->sent.len)) {
        FA_COUNT(counters, dns_rx_case_mangled);
        return MATCH_CASE;
    }
    return MATCH_GOOD;
}

static enum match check_match(struct fa_counters *counters, const struct fa_dns_query *query,
    struct fa_slice bytes, struct fa_dns_message *ret_message)
{
    if (fa_dns_decode(bytes, ret_message) != FA_DNS_GOOD) {
        FA_COUNT(counters, dns_rx_short);
        return MATCH_NOT;
    }
    if (!ret_message->header.response || ret_message->header.opcode != 0) {
        FA_COUNT(counters, dns_rx_not_answer);
        return MATCH_NOT;
    }
    if (ret_message->header.id != query->id) {
        FA_COUNT(counters, dns_rx_wrong_id);
        return MATCH_NOT;
    }
    return check_question(counters, query, ret_message);
}

/* ---- what it says ---- */

/* Read all records once. Returns: whether that is possible; *ret_rcode has all its bits then. */
static bool survey(struct fa_dns_message message, uint16_t *ret_rcode)
{
    struct fa_dns_record record;
    enum fa_dns_verdict verdict;
    *ret_rcode = message.header.rcode;
    while ((verdict = fa_dns_record_next(&message, &record)) == FA_DNS_GOOD) {
        if (record.type == FA_DNS_OPT && record.section == FA_DNS_ADDITIONAL) {
            *ret_rcode |= (uint16_t)((record.ttl_s >> 24) << 4);
        }
    }
    return verdict == FA_DNS_END;
}

static bool is_about(
    const struct fa_dns_record *record, const struct fa_dns_name *name, uint16_t type)
{
    return record->section == FA_DNS_ANSWER && record->type == type &&
           record->rr_class == FA_DNS_CLASS_IN && fa_dns_name_equal(&record->name, name);
}

/* The name that the answer's canonical one is an alias of becomes the canonical one. Returns:
 * whether there was such an alias. */
static bool follow_alias(struct fa_dns_message message, struct fa_dns_answer *answer)
{
    struct fa_dns_record record;
    struct fa_dns_data data;
    while (fa_dns_record_next(&message, &record) == FA_DNS_GOOD) {
        if (is_about(&record, &answer->canonical, FA_DNS_CNAME) &&
            fa_dns_data_decode(
                message.bytes, record.data_off, record.data_len, FA_DNS_CNAME, &data)) {
            fa_dns_name_lower(&data.name);
            answer->canonical = data.name;
            answer->ttl_s = (uint32_t)fa_min(answer->ttl_s, record.ttl_s);
            return true;
        }
    }
    return false;
}

/* Gather the records asked for. Returns: whether all can be read. */
static bool collect(struct fa_dns_message message, struct fa_dns_answer *answer)
{
    struct fa_dns_record record;
    struct fa_dns_data data;
    while (fa_dns_record_next(&message, &record) == FA_DNS_GOOD) {
        if (!is_about(&record, &answer->canonical, answer->type)) {
            continue;
        }
        if (!fa_dns_data_decode(
                message.bytes, record.data_off, record.data_len, record.type, &data)) {
            return false;
        }
        // Where a name in it leads into the question, the query's mixture of letters is in it.
        fa_dns_name_lower(&data.name);
        fa_dns_name_lower(&data.mailbox);
        if (fa__dns_answer_add(answer, &data)) {
            answer->ttl_s = (uint32_t)fa_min(answer->ttl_s, record.ttl_s);
        }
    }
    return true;
}

/* How long it holds that there is nothing: as the SOA record of a zone above says (RFC 2308 5).
 * Without one it is not kept. *ret_referral: instead others are named who might know. */
static bool find_soa(
    struct fa_dns_message message, struct fa_dns_answer *answer, bool *ret_referral)
{
    struct fa_dns_record record;
    struct fa_dns_data data;
    *ret_referral = false;
    while (fa_dns_record_next(&message, &record) == FA_DNS_GOOD) {
        if (record.section != FA_DNS_AUTHORITY || record.rr_class != FA_DNS_CLASS_IN) {
            continue;
        }
        *ret_referral = *ret_referral || record.type == FA_DNS_NS;
        if (record.type == FA_DNS_SOA && fa_dns_name_is_under(&answer->canonical, &record.name) &&
            fa_dns_data_decode(
                message.bytes, record.data_off, record.data_len, FA_DNS_SOA, &data)) {
            uint32_t ttl_s = (uint32_t)fa_min(record.ttl_s, data.soa[FA_DNS_SOA_MINIMUM]);
            answer->ttl_s = (uint32_t)fa_min(answer->ttl_s, ttl_s);
            return true;
        }
    }
    return false;
}

/* Build the answer that a message is. Returns: whether it is one. */
static bool build(const struct fa_dns_message *message, struct fa_dns_answer *answer)
{
    bool alias = false;
    bool referral = false;
    bool exists = message->header.rcode != FA_DNS_NXDOMAIN;
    for (int i = 0; answer->type != FA_DNS_CNAME && follow_alias(*message, answer); i++) {
        alias = true;
        if (i == FA_DNS_ALIAS_COUNT_MAX) {
            answer->kind = FA_DNS_KIND_ALIAS; // too many: let the request count on
            return true;
        }
    }
    if (!collect(*message, answer)) {
        return false;
    }
    if (answer->count != 0) {
        answer->kind = FA_DNS_KIND_DATA;
        return true;
    }
    answer->kind = exists ? FA_DNS_KIND_NODATA : FA_DNS_KIND_NXDOMAIN;
    if (find_soa(*message, answer, &referral)) {
        return true;
    }
    if (exists && alias) {
        answer->kind = FA_DNS_KIND_ALIAS;
        return true;
    }
    answer->ttl_s = 0;
    return !(exists && referral);
}

/* ---- what follows from it ---- */

/* This server is of no use for this query. */
static void refuse(struct fa_dns *dns, fa_ns now, struct fa_dns_query *query)
{
    FA_COUNT(dns->config.counters, dns_server_refused);
    query->refused |= (uint8_t)(1u << query->server);
    fa__dns_query_next(dns, now, query);
}

static void take_answer(
    struct fa_dns *dns, fa_ns now, struct fa_dns_query *query, const struct fa_dns_message *message)
{
    struct fa_counters *counters = dns->config.counters;
    struct fa_dns_answer *answer = &dns->scratch;
    uint16_t rcode;
    bool readable = survey(*message, &rcode);
    FA_COUNT(counters, dns_rx_answers);
    FA_TRACE(dns_rx, now, (uint32_t)(query - dns->config.queries), query->server, query->type,
        rcode, now - query->sent_ns);
    fa__dns_server_good(dns, now, query);
    if (query->edns && (is_error((uint8_t)rcode) || rcode == FA_DNS_BADVERS)) {
        FA_COUNT(counters, dns_edns_refused);
        dns->servers[query->server].plain = true;
        fa__dns_query_again(dns, query, query->tcp, false);
        return;
    }
    if (message->header.truncated && !query->tcp) {
        FA_COUNT(counters, dns_rx_truncated);
        fa__dns_query_again(dns, query, true, query->edns);
        return;
    }
    if (rcode != FA_DNS_NOERROR && rcode != FA_DNS_NXDOMAIN) {
        refuse(dns, now, query);
        return;
    }
    fa__dns_answer_init(answer, &query->name, query->type);
    if (!readable || message->header.truncated || !build(message, answer)) {
        FA_COUNT_ADD(counters, dns_rx_bad_record, !readable);
        refuse(dns, now, query);
        return;
    }
    FA_COUNT_ADD(counters, dns_answer_cut, answer->cut);
    FA_TRACE(dns_end, now, (uint32_t)(query - dns->config.queries), answer->kind, answer->count,
        answer->ttl_s);
    fa__dns_query_end(dns, now, query, answer);
}

void fa_dns_input(struct fa_dns *dns, fa_ns now, uint32_t slot, bool tcp,
    const struct fa_endpoint *from, struct fa_slice bytes)
{
    FA_ASSERT(slot < dns->config.query_count_max);
    struct fa_counters *counters = dns->config.counters;
    struct fa_dns_query *query = &dns->config.queries[slot];
    struct fa_dns_message message;
    if (query->state != FA_DNS_QUERY_SENT || query->tcp != tcp) {
        FA_COUNT(counters, dns_rx_unasked);
        return;
    }
    const struct fa_endpoint *server = &dns->servers[query->server].endpoint;
    if (from->port != server->port || !fa_ip_equal(&from->ip, &server->ip)) {
        FA_COUNT(counters, dns_rx_wrong_source);
        return;
    }
    switch (check_match(counters, query, bytes, &message)) {
    case MATCH_CASE:
        if (!tcp) {
            fa__dns_query_again(dns, query, true, query->edns);
            return;
        }
        take_answer(dns, now, query, &message); // nobody off the path speaks on our connection
        break;
    case MATCH_GOOD:
        take_answer(dns, now, query, &message);
        break;
    case MATCH_NOT:
        if (++query->bogus_count == FA_DNS_BOGUS_COUNT_MAX) {
            FA_COUNT(counters, dns_rx_flooded);
            fa__dns_query_again(dns, query, true, query->edns);
        }
    }
    fa__dns_pump(dns, now);
}
