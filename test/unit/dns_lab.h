// SPDX-License-Identifier: ISC
//
// test/unit/dns_lab.h: a DNS client in virtual time, and words to be its servers with.
//
// Servers are 10.0.0.1 and on, port 53. What a test says as a server is built record by record on
// the query last fetched.

#ifndef DNS_LAB_H
#define DNS_LAB_H

#include "fa/dns.h"

enum {
    DLAB_QUERY_COUNT = 4,
    DLAB_ENTRY_COUNT = 8,
    DLAB_MESSAGE_CAP = 4096,
};

struct dns_lab {
    struct fa_dns dns;
    struct fa_counters counters;
    struct fa_rand rand;
    fa_ns now;
    struct fa_dns_send send;         /* the query last fetched */
    uint8_t bytes[DLAB_MESSAGE_CAP]; /* the answer being built */
    size_t len;
};

extern struct dns_lab dlab;

#define DLAB_COUNTED(name) ((long long)FA_COUNTER_VALUE(&dlab.counters, name))

/* A fresh client with so many servers; `config` may name what else is wanted. */
void dlab_open(uint32_t server_count, struct fa_dns_config config);

struct fa_endpoint dlab_server(uint32_t idx);
struct fa_dns_name dlab_name(const char *text);

/* Ask; FA_AGAIN until it is known. */
fa_err dlab_ask(struct fa_dns_request *request, const char *name, uint16_t type);

/* Fetch the next query into dlab.send. Returns: whether there was one. */
bool dlab_fetch(void);

/* Index of the server that dlab.send goes to. */
uint32_t dlab_asked(void);

/* The name that dlab.send asks for, as text in small letters. */
const char *dlab_asked_name(void);
uint16_t dlab_asked_type(void);

/* Begin an answer to dlab.send: its id and question, this rcode, nothing else yet. */
void dlab_begin(uint8_t rcode);

/* Add a record; data in its wire form, uncompressed. */
void dlab_add(enum fa_dns_section section, const char *name, uint16_t type, uint32_t ttl_s,
    const void *data, size_t len);
void dlab_add_a(const char *name, uint32_t ttl_s, uint8_t last);
void dlab_add_cname(const char *name, uint32_t ttl_s, const char *target);
void dlab_add_soa(const char *zone, uint32_t ttl_s, uint32_t minimum_s);

/* Say it, as the server that was asked and the way it was asked. */
void dlab_say(void);

/* Say it from elsewhere. */
void dlab_say_from(struct fa_endpoint from, bool tcp);

/* Let time pass up to the next deadline, or by a duration. */
void dlab_pass(void);
void dlab_pass_ns(fa_ns duration);

#endif
