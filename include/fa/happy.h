// SPDX-License-Identifier: ISC
//
// fa/happy.h: Happy Eyeballs (RFC 8305): connect to a name by whichever address answers first.
//
// AAAA and A are asked for at once; addresses are ordered by RFC 6724 and tried in turn of
// families, each a moment after the one before; the first that stands wins, the others are aborted.
// A state machine that says when to begin what, and a call that waits on top of it. It remembers
// nothing from one name to the next (RFC 8305 4 allows to). Tested by test/unit/happy_test.c,
// fuzz/happy_fuzz.c.
//
//     struct fa_happy happy;
//     err = fa_happy_connect_wait(&resolver, &happy, FA_LIT("example.org"), 80, deadline, &flow);
//     if (err != FA_OK) { fa_happy_text(&happy, line, sizeof line); complain(line); }

#ifndef FA_HAPPY_H
#define FA_HAPPY_H

#include "fa/base.h"
#include "fa/flow.h"
#include "fa/ip.h"
#include "fa/resolver.h"

enum {
    FA_HAPPY_COUNT_MAX = 16, /* addresses tried; further ones are ignored */
};

#define FA_HAPPY_RESOLUTION_DELAY_NS (50 * FA_NS_MS)  /* for AAAA behind A, RFC 8305 3 */
#define FA_HAPPY_ATTEMPT_DELAY_NS    (250 * FA_NS_MS) /* RFC 8305 5 */
#define FA_HAPPY_ATTEMPT_MIN_NS      (100 * FA_NS_MS) /* RFC 8305 8 */
#define FA_HAPPY_ATTEMPT_MAX_NS      (2 * FA_NS_S)    /* RFC 8305 8 */

struct fa_happy_config {
    fa_ns attempt_delay_ns; /* between beginnings, kept within the limits above [250 ms] */
    /* The address that packets to `remote` are sent from. Returns: FA_OK; FA_ENOENT: no way. NULL:
     * addresses are ordered without it. */
    fa_err (*source_for)(void *ctx, const struct fa_ip *remote, struct fa_ip *ret_local);
    void *ctx;
};

enum fa_happy_state {
    FA_HAPPY_WAITING,
    FA_HAPPY_TRYING,
    FA_HAPPY_FAILED,
    FA_HAPPY_WON,
};

/* One address. */
struct fa_happy_attempt {
    struct fa_ip ip;
    uint8_t state; /* enum fa_happy_state */
    fa_err err;    /* why it failed */
};

/* Read `attempts`; the rest is private. Movable. */
struct fa_happy {
    struct fa_happy_config config;
    struct fa_happy_attempt attempts[FA_HAPPY_COUNT_MAX]; /* in the order of RFC 6724 */
    uint32_t count;
    uint32_t begun_count;
    bool last_v6;         /* family of the address tried last */
    bool pending[2];      /* A, AAAA are not known yet */
    fa_err family_err[2]; /* why there are none */
    fa_ns start_ns;       /* when to begin even without AAAA; FA_NS_NEVER */
    fa_ns next_ns;        /* when the next attempt may begin */
};

/* Begin: nothing is known of either family. */
void fa_happy_init(struct fa_happy *happy, const struct fa_happy_config *config);

/* What is known of a family now, once for each; `err` says why there are none. */
void fa_happy_resolved(
    struct fa_happy *happy, fa_ns now, bool v6, const struct fa_ip *ips, size_t count, fa_err err);

/* Whether to begin an attempt now: with happy->attempts[*ret_idx]. */
FA_MUST_USE bool fa_happy_next(struct fa_happy *happy, fa_ns now, uint32_t *ret_idx);

/* An attempt has ended: FA_OK, it stands, and the others are to be aborted. */
void fa_happy_ended(struct fa_happy *happy, fa_ns now, uint32_t idx, fa_err err);

/* Returns: FA_AGAIN; FA_OK: one stands; else all have failed: why the last one has, or why there
 * were no addresses. */
fa_err fa_happy_result(const struct fa_happy *happy);

/* When fa_happy_next() may have something new; FA_NS_NEVER. */
fa_ns fa_happy_deadline(const struct fa_happy *happy);

/* Write what became of each address, as "2001:db8::1 FA_EREFUSED, 192.0.2.1 FA_ETIMEOUT". Returns:
 * as fa_fmt(). */
size_t fa_happy_text(const struct fa_happy *happy, char *at, size_t cap);

/* Order addresses as destinations (RFC 6724 6, rules 1, 2, 5, 6, 8, 9 for IPv6, and 10), the best
 * first. Limits: it compares every pair: for dozens, not for thousands. */
void fa_happy_order(const struct fa_happy_config *config, struct fa_ip *ips, size_t count);

/*
 * Connect to a port of a name or an address; `happy` needs no initialisation and tells afterwards
 * what was tried.
 *
 * Owns:    *ret_flow is the caller's until fa_flow_close() or fa_flow_abort().
 * Returns: FA_OK; as fa_happy_result(); FA_EINVAL: not a name; FA_ETIMEOUT; FA_ECANCEL. Yields.
 */
fa_err fa_happy_connect_wait(struct fa_resolver *resolver, struct fa_happy *happy,
    struct fa_slice host, uint16_t port, fa_ns deadline, struct fa_flow **ret_flow);

#endif
