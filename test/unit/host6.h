// SPDX-License-Identifier: ISC
//
// test/unit/host6.h: one interface's neighbour discovery in virtual time: messages in by hand,
// what it says taken apart.

#ifndef HOST6_H
#define HOST6_H

#include "fa/ndp.h"
#include "fa/wire/icmp6.h"
#include "fa/wire/ip6.h"

struct host6 {
    struct fa_ndp ndp;
    struct fa_addrs addrs;
    struct fa_names names;
    struct fa_counters counters;
    struct fa_rand rand;
    struct fa_pool pool;
    fa_ns now;
};

extern struct host6 host6;
extern const uint8_t host6_mac[FA_MAC_LEN]; /* ours */
extern const uint8_t host6_router_mac[FA_MAC_LEN];

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&host6.counters, name))

/* The defaults: nothing is off, no privacy. */
struct fa_ndp_config host6_config(void);

/* Start; time stands at 100 s. */
void host6_begin(const struct fa_ndp_config *config);

/* As above with the defaults, the link-local address tested and router solicitations taken. */
void host6_open(void);

/* Stop, and see that every buffer is back. */
void host6_end(void);

struct fa_ip host6_ip(const char *text);

/* What is said next: false if nothing. */
bool host6_output(struct fa_ndp_message *ret_message, struct fa_ip_meta *ret_meta);

/* Forget what is to be said. */
void host6_drain(void);

/* Let time pass from deadline to deadline; what is said is forgotten. */
void host6_run(fa_ns duration);

/* Give it a message as from the wire: hop limit 255. */
void host6_input(const struct fa_ip *source, const struct fa_ip *target, struct fa_slice message);

/* A neighbour's solicitation or advertisement. */
void host6_neighbour(
    const struct fa_ip *source, const struct fa_ip *target, const struct fa_ndp_message *message);

/* Whether a frame to `ip` would leave at once. */
bool host6_resolve(const struct fa_ip *ip);

/* The entry with this origin, the first one; NULL. */
struct fa_iface_addr *host6_addr(enum fa_addr_origin origin);

#endif
