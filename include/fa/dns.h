// SPDX-License-Identifier: ISC
//
// fa/dns.h: a stub resolver (RFC 1034 5.3.1) without I/O: questions in, queries out, answers up.
//
// It asks recursive servers, the fastest first, over UDP and, where an answer does not fit or looks
// forged, over TCP; keeps what they say as long as they allow (RFC 2308 for what is not there);
// asks once for many who want the same; knows literals, localhost and static names by itself. A
// forger off the path must guess a port, an id and the case of every letter; what does not match is
// counted and ignored. No DNSSEC, no recursion, no mDNS. fa/resolver.h binds it to a stack. Tested
// by test/unit/dns_test.c, test/unit/dns_cache_test.c, fuzz/dns_fuzz.c.
//
//     FA_TRY(fa_dns_ask(&dns, now, &request, FA_LIT("www.example.org"), FA_DNS_AAAA));
//     while (fa_dns_output(&dns, now, &query)) send_from_a_fresh_port(&query);
//     fa_dns_input(&dns, now, query.slot, false, &from, datagram);
//     if (fa_dns_result(&request) == FA_OK) use(&request.answer);

#ifndef FA_DNS_H
#define FA_DNS_H

#include "fa/base.h"
#include "fa/counter.h"
#include "fa/flow.h"
#include "fa/hash.h"
#include "fa/ip.h"
#include "fa/list.h"
#include "fa/rand.h"
#include "fa/wire/dns.h"

enum {
    FA_DNS_SERVER_COUNT_MAX = 4,
    FA_DNS_SEARCH_COUNT_MAX = 6,
    FA_DNS_ANSWER_BYTES = 1024, /* data of one answer; further records are cut off and counted */
    FA_DNS_ENTRY_BYTES = 440,   /* name, canonical name and data of a cache entry */
    FA_DNS_ALIAS_COUNT_MAX = 8, /* CNAMEs followed for one name */
    FA_DNS_BOGUS_COUNT_MAX = 8, /* answers to one query that do not match, before it goes by TCP */
    FA_DNS_BUCKET_COUNT = 64,
};

#define FA_DNS_TIMEOUT_MIN_NS (300 * FA_NS_MS)
#define FA_DNS_TIMEOUT_MAX_NS (5 * FA_NS_S)

/* A name that is known without asking. */
struct fa_dns_static {
    const char *name; /* absolute, with or without its last dot */
    struct fa_ip ip;
};

/* Zero means the default in brackets. */
struct fa_dns_config {
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed; its numbers must not be predictable */
    struct fa_dns_query *queries; /* borrowed: one for each question asked at a time */
    uint32_t query_count_max;
    struct fa_dns_entry *entries;        /* borrowed: the cache */
    uint32_t entry_count_max;            /* 0: none */
    uint32_t request_count_max;          /* requests not answered yet [256] */
    const struct fa_dns_static *statics; /* borrowed */
    uint32_t static_count;
    const char *search[FA_DNS_SEARCH_COUNT_MAX]; /* domains to try behind short names; NULL: end */
    uint8_t ndots;               /* a name with as many dots is first tried as it is [1] */
    uint8_t round_count_max;     /* times that every server is asked [3] */
    fa_ns timeout_ns;            /* of a server that never answered, then doubled [1 s] */
    fa_ns query_ns;              /* all that one question may take [15 s] */
    uint32_t ttl_max_s;          /* [86,400] */
    uint32_t negative_ttl_max_s; /* [900], RFC 2308 5 allows three hours */
    uint32_t failure_ttl_s; /* no server has an answer: not asked again so soon [1], RFC 9520 */
};

enum fa_dns_kind {
    FA_DNS_KIND_NONE,
    FA_DNS_KIND_DATA,     /* records of the type asked for */
    FA_DNS_KIND_ALIAS,    /* the name is another's alias, of which this answer says no more */
    FA_DNS_KIND_NODATA,   /* the name is there, records of this type are not */
    FA_DNS_KIND_NXDOMAIN, /* there is no such name */
    FA_DNS_KIND_FAILED,
};

/* What is known of a name. Names in it are in small letters. Movable. */
struct fa_dns_answer {
    struct fa_dns_name canonical; /* behind all aliases */
    uint16_t type;
    uint8_t kind;   /* enum fa_dns_kind */
    fa_err err;     /* of FA_DNS_KIND_FAILED */
    bool cut;       /* there were more records than FA_DNS_ANSWER_BYTES */
    uint32_t count; /* records */
    uint32_t ttl_s; /* how long it holds from now on */
    uint32_t len;
    uint8_t bytes[FA_DNS_ANSWER_BYTES]; /* data of each, behind its length in two bytes */
};

/* A question, and its answer. The caller provides it; private below. Pinned until fa_dns_forget(),
 * or until it is answered. */
struct fa_dns_request {
    struct fa_list node;        /* of a query, or of those that wait for one */
    struct fa_dns *dns;         /* NULL: not asked, or answered */
    struct fa_dns_query *query; /* NULL: waits for one */
    struct fa_watch *watch;     /* told FA_FLOW_READABLE; NULL: nobody. Set it before asking. */
    fa_err result;              /* FA_AGAIN until it is known */
    struct fa_dns_name asked;
    struct fa_dns_name name; /* that is being asked for */
    uint16_t type;
    bool absolute; /* the search list is not used */
    uint8_t candidate;
    uint8_t alias_count;
    uint32_t ttl_s;              /* of the aliases so far */
    struct fa_dns_answer answer; /* valid if the result is FA_OK */
};

/* One cached answer. Private. */
struct fa_dns_entry {
    struct fa_list hash_node;
    struct fa_list lru_node;
    fa_ns end_ns;
    fa_err err;
    uint16_t type;
    uint8_t kind; /* enum fa_dns_kind */
    uint8_t name_len;
    uint8_t canonical_len;
    uint8_t count;
    uint16_t data_len;
    uint8_t bytes[FA_DNS_ENTRY_BYTES];
};

struct fa_dns_server {
    struct fa_endpoint endpoint;
    bool plain;       /* it does not understand EDNS */
    fa_ns srtt_ns;    /* smoothed time to an answer; 0: not known */
    fa_ns penalty_ns; /* held against it for not answering */
};

enum fa_dns_query_state {
    FA_DNS_QUERY_FREE,
    FA_DNS_QUERY_DUE,  /* to be sent */
    FA_DNS_QUERY_SENT, /* an answer is waited for */
};

/* One question being asked. Private. */
struct fa_dns_query {
    struct fa_list requests;
    struct fa_dns_name name; /* in small letters */
    struct fa_dns_name sent; /* in the case it was sent in */
    uint16_t type;
    uint16_t id;
    uint8_t state; /* enum fa_dns_query_state */
    bool tcp;
    bool edns;
    uint8_t server;
    uint8_t tried;   /* bit s: server s was asked in this round */
    uint8_t refused; /* bit s: server s has said that it will not answer */
    uint8_t round;
    uint8_t bogus_count;
    fa_ns timeout_ns; /* of this attempt */
    fa_ns sent_ns;
    fa_ns due_ns; /* when this attempt is over */
    fa_ns end_ns; /* when the whole is */
};

/* Private below, complete so that it can be static. Pinned. */
struct fa_dns {
    struct fa_dns_config config;
    struct fa_dns_server servers[FA_DNS_SERVER_COUNT_MAX];
    uint32_t server_count;
    struct fa_dns_name search[FA_DNS_SEARCH_COUNT_MAX];
    uint32_t search_count;
    struct fa_siphash_key key;
    struct fa_list buckets[FA_DNS_BUCKET_COUNT];
    struct fa_list lru;     /* oldest first */
    struct fa_list waiting; /* requests that no query is free for */
    uint32_t entry_count;   /* entries used at least once */
    uint32_t request_count;
    uint32_t busy_count; /* queries not free */
    uint32_t due_count;  /* queries to be sent */
    struct fa_dns_answer scratch;
};

/* A query to send: from a port that no query before it had, chosen at random. */
struct fa_dns_send {
    uint32_t slot; /* of the query; whatever was open for it is closed now */
    bool tcp;      /* behind its length in two bytes (RFC 1035 4.2.2) */
    struct fa_endpoint server;
    size_t len;
    uint8_t bytes[FA_DNS_QUERY_LEN_MAX];
};

/* Limits: traps on a search domain or a static name that is none. */
void fa_dns_init(struct fa_dns *dns, const struct fa_dns_config *config);

/* Whom to ask, in order of preference. What is known of servers that stay is kept. Those beyond
 * FA_DNS_SERVER_COUNT_MAX are ignored. */
void fa_dns_servers_set(
    struct fa_dns *dns, fa_ns now, const struct fa_endpoint *servers, size_t count);

/* Domains to try behind short names. Those beyond FA_DNS_SEARCH_COUNT_MAX are ignored. */
void fa_dns_search_set(struct fa_dns *dns, const struct fa_dns_name *domains, size_t count);

/*
 * Ask for the records of a type that a name has. A name with a dot at its end is taken as it is;
 * an address is its own answer.
 *
 * Owns:    borrows `request` until it is answered or forgotten. Its watch is set by the caller.
 * Returns: FA_OK, and fa_dns_result() may know already; FA_EINVAL: not a name, or type OPT.
 */
fa_err fa_dns_ask(struct fa_dns *dns, fa_ns now, struct fa_dns_request *request,
    struct fa_slice name, uint16_t type);

/* Returns: FA_OK, see request->answer; FA_AGAIN; FA_ENOENT: no such name, or no such records;
 * FA_ETIMEOUT: no server answered; FA_EREFUSED: none would; FA_EIO: there is no server, or aliases
 * lead in circles; FA_ENOSPC: request_count_max. */
static inline fa_err fa_dns_result(const struct fa_dns_request *request)
{
    return request->result;
}

/* Stop asking. Nothing happens if it was answered, or never asked. */
void fa_dns_forget(struct fa_dns_request *request, fa_ns now);

/* Fetch the next query to send. Returns: whether there was one. */
FA_MUST_USE bool fa_dns_output(struct fa_dns *dns, fa_ns now, struct fa_dns_send *ret_send);

/* Take in a message that came from `from` to the port of a slot, or over its TCP connection. */
void fa_dns_input(struct fa_dns *dns, fa_ns now, uint32_t slot, bool tcp,
    const struct fa_endpoint *from, struct fa_slice bytes);

/* The query of a slot could not be sent, was refused, or its connection broke. */
void fa_dns_failed(struct fa_dns *dns, fa_ns now, uint32_t slot);

/* Whether a slot waits for an answer: else what is open for it can be closed. */
static inline bool fa_dns_slot_waits(const struct fa_dns *dns, uint32_t slot)
{
    return dns->config.queries[slot].state == FA_DNS_QUERY_SENT;
}

static inline bool fa_dns_has_output(const struct fa_dns *dns)
{
    return dns->due_count != 0;
}

/* When fa_dns_tick() is due; FA_NS_NEVER. Looks at every busy query. */
fa_ns fa_dns_deadline(const struct fa_dns *dns);

/* Let time pass: ask again, ask others, give up. */
void fa_dns_tick(struct fa_dns *dns, fa_ns now);

/* Forget all that is cached. */
void fa_dns_flush(struct fa_dns *dns);

/* ---- answers ---- */

/* Read the record at *off (0 to begin), and move *off behind it. Borrows from the answer. Returns:
 * whether there was one. */
FA_MUST_USE bool fa_dns_answer_next(
    const struct fa_dns_answer *answer, size_t *off, struct fa_dns_data *ret_data);

/* The addresses of an A or AAAA answer, `cap` at most. Returns: how many. */
size_t fa_dns_answer_ips(const struct fa_dns_answer *answer, struct fa_ip *ips, size_t cap);

struct fa_dns_srv {
    struct fa_dns_name name;
    uint16_t priority;
    uint16_t weight;
    uint16_t port;
};

/* The servers of an SRV answer in the order to try them in: by priority, and by chance in
 * proportion to their weights (RFC 2782). Returns: how many, `cap` at most; 0 also if the service
 * is decidedly not offered (a target of "."). */
size_t fa_dns_answer_srvs(
    const struct fa_dns_answer *answer, struct fa_rand *rand, struct fa_dns_srv *srvs, size_t cap);

#endif
