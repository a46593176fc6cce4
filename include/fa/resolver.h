// SPDX-License-Identifier: ISC
//
// fa/resolver.h: the DNS client of fa/dns.h on a stack: each query from a UDP port of its own, or
// over TCP, and calls that wait.
//
// Servers and search domains are those of its config, or whatever the stack's network names
// (fa/names.h), followed as that changes. Nothing is decided here: what to ask and whom to believe
// is fa/dns.h. Tested by test/unit/resolver_test.c, test/e2e/dns.t.
//
//     fa_resolver_init(&resolver, &(struct fa_resolver_config){.stack = &stack, .slots = slots,
//         .dns = {.queries = queries, .query_count_max = 16}}, now);
//     fa_resolver_start(&resolver, &loop);
//     FA_TRY(fa_resolver_ask_wait(&resolver, FA_LIT("example.org"), FA_DNS_AAAA, deadline,
//     &answer)); count = fa_dns_answer_ips(&answer, ips, 8);

#ifndef FA_RESOLVER_H
#define FA_RESOLVER_H

#include "fa/base.h"
#include "fa/dns.h"
#include "fa/loop.h"
#include "fa/stack.h"
#include "fa/udp.h"

enum {
    FA_RESOLVER_TCP_BYTES_MAX = 8192, /* of an answer; longer ones are refused and counted */
};

/* What is open for one query. Private. */
struct fa_resolver_slot {
    struct fa_udp_socket socket;
    struct fa_flow *flow;                    /* NULL: none */
    uint8_t query[2 + FA_DNS_QUERY_LEN_MAX]; /* over TCP, behind its length */
    uint8_t answer[2 + FA_RESOLVER_TCP_BYTES_MAX];
    uint32_t query_len;
    uint32_t query_sent;
    uint32_t answer_len; /* bytes here so far */
};

struct fa_resolver_config {
    struct fa_stack *stack;                              /* borrowed */
    struct fa_dns_config dns;                            /* counters and rand are the stack's */
    struct fa_resolver_slot *slots;                      /* borrowed: dns.query_count_max of them */
    struct fa_endpoint servers[FA_DNS_SERVER_COUNT_MAX]; /* port 0: end. None: the network's */
};

/* Private below, but for `dns`, which may be asked directly. Pinned. */
struct fa_resolver {
    struct fa_poller poller;
    struct fa_resolver_config config;
    struct fa_dns dns;
    struct fa_loop *loop;
    fa_ns now;
    uint32_t open_count;         /* slots with a socket or a connection */
    uint32_t names_change_count; /* of the stack's names, as last seen */
};

void fa_resolver_init(
    struct fa_resolver *resolver, const struct fa_resolver_config *config, fa_ns now);

/* Poll it from the loop's next turn on. */
void fa_resolver_start(struct fa_resolver *resolver, struct fa_loop *loop);

/* Stop polling and close what is open. Requests that wait are never answered: forget them. */
void fa_resolver_stop(struct fa_resolver *resolver);

/* One poll at `now`, for owners without a loop. Returns: whether anything was done. */
bool fa_resolver_poll(struct fa_resolver *resolver, fa_ns now);

/* When to poll next; FA_NS_NEVER. */
fa_ns fa_resolver_deadline(const struct fa_resolver *resolver);

/* The time of its last poll, or of its loop's turn: for fa_dns_ask() and fa_dns_forget(). */
static inline fa_ns fa_resolver_now(const struct fa_resolver *resolver)
{
    return resolver->loop != NULL ? resolver->loop->now : resolver->now;
}

/* Ask, and wait for the answer. Returns: as fa_dns_ask() and fa_dns_result(), and *ret_answer is
 * written for FA_OK; FA_ETIMEOUT also at the deadline; FA_ECANCEL. Yields. */
fa_err fa_resolver_ask_wait(struct fa_resolver *resolver, struct fa_slice name, uint16_t type,
    fa_ns deadline, struct fa_dns_answer *ret_answer);

/* Ask for the names of an address: PTR records. As above. Yields. */
fa_err fa_resolver_name_wait(struct fa_resolver *resolver, const struct fa_ip *ip, fa_ns deadline,
    struct fa_dns_answer *ret_answer);

#endif
