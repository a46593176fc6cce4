// SPDX-License-Identifier: ISC
//
// What the files of the DNS client share: dns.c has the requests, dns_query.c asks servers,
// dns_input.c judges what they say, dns_cache.c keeps it, dns_local.c knows what nobody need be
// asked, dns_answer.c reads and writes answers.

#ifndef FA_NET_DNS_PRIV_H
#define FA_NET_DNS_PRIV_H

#include "fa/dns.h"

/* dns.c */

/* Tell everybody who waits for a query how it ended, keep that, and free the query. */
void fa__dns_query_end(
    struct fa_dns *dns, fa_ns now, struct fa_dns_query *query, const struct fa_dns_answer *answer);

/* Give queries that are free to requests that wait for one. */
void fa__dns_pump(struct fa_dns *dns, fa_ns now);

/* dns_query.c */

/* Ask for `name`, which is in small letters: join a query that does already, or begin one. Returns:
 * FA_OK; FA_ENOSPC: every query is busy. */
fa_err fa__dns_query_join(struct fa_dns *dns, fa_ns now, struct fa_dns_request *request);

/* Nobody waits for it any more. */
void fa__dns_query_free(struct fa_dns *dns, struct fa_dns_query *query);

/* Ask the next server; over, if there is none left. */
void fa__dns_query_next(struct fa_dns *dns, fa_ns now, struct fa_dns_query *query);

/* Ask the same server again: by TCP, or without EDNS. */
void fa__dns_query_again(struct fa_dns *dns, struct fa_dns_query *query, bool tcp, bool edns);

/* The server of a query has answered, or has not. */
void fa__dns_server_good(struct fa_dns *dns, fa_ns now, const struct fa_dns_query *query);
void fa__dns_server_bad(struct fa_dns *dns, const struct fa_dns_query *query);

/* dns_cache.c */

void fa__dns_cache_init(struct fa_dns *dns);
bool fa__dns_cache_find(struct fa_dns *dns, fa_ns now, const struct fa_dns_name *name,
    uint16_t type, struct fa_dns_answer *ret_answer);
void fa__dns_cache_put(struct fa_dns *dns, fa_ns now, const struct fa_dns_name *name, uint16_t type,
    const struct fa_dns_answer *answer);

/* dns_local.c */

/* Answer what is known without asking. Returns: whether it is. */
bool fa__dns_local_find(const struct fa_dns *dns, const struct fa_dns_name *name, uint16_t type,
    struct fa_dns_answer *ret_answer);

/* dns_answer.c */

void fa__dns_answer_init(
    struct fa_dns_answer *answer, const struct fa_dns_name *name, uint16_t type);

/* Returns: whether there was room. */
bool fa__dns_answer_add(struct fa_dns_answer *answer, const struct fa_dns_data *data);

#endif
