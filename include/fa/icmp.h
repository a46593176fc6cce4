// SPDX-License-Identifier: ISC
//
// fa/icmp.h: ICMP (RFC 792, 1122 3.2.2, 1812 4.3) and ICMPv6 (RFC 4443) without I/O: echoes,
// errors, and ping.
//
// Echo requests are answered, errors about packets of ours are handed to their transport, errors
// about packets of others are sent within one rate for both families. Redirects, source quench,
// timestamps and address masks are ignored here; neighbour discovery is fa/ndp.h, listener
// discovery fa/mld.h. Tested by test/unit/icmp_test.c, test/unit/icmp6_test.c.
//
//     if (fa_icmp_input(&icmp, now, &meta, message, &report)) tell_transport(&report);
//     fa_icmp_error_take(&icmp, now, &meta, &(struct fa_icmp_header){3, 3}, packet);
//     while ((message = fa_icmp_output(&icmp, now, empty, &meta)) != NULL) send(message, &meta);

#ifndef FA_ICMP_H
#define FA_ICMP_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/flow.h"
#include "fa/ip.h"
#include "fa/list.h"
#include "fa/rand.h"
#include "fa/wire/icmp.h"

enum {
    FA_ICMP_QUEUE_COUNT_MAX = 32,  /* answers waiting to be sent; further ones are dropped */
    FA_ICMP_ERRORS_PER_S = 100,    /* errors sent, in bursts of as many (RFC 1812 4.3.2.8) */
    FA_ICMP_QUOTE_LEN_MAX = 548,   /* bytes of the packet an error is about (RFC 1812 4.3.2.3) */
    FA_ICMP_QUOTE_LEN_MIN = 8,     /* transport bytes that an error quotes at least (RFC 792) */
    FA_ICMP6_QUOTE_LEN_MAX = 1232, /* the same of IPv6: what fits 1280 bytes (RFC 4443 2.4) */
};

struct fa_icmp_config {
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
};

/* An answer not yet sent. Private. */
struct fa_icmp_answer {
    struct fa_buf *buf; /* the body */
    struct fa_ip_meta meta;
    struct fa_icmp_header header; /* of ICMPv6 `id` and `seq` are the halves of its word */
};

/* What an incoming error says about a packet that this stack sent. */
struct fa_icmp_report {
    bool too_big;           /* for the next hop, which takes meta.mtu_bytes; else unreachable */
    struct fa_ip_meta meta; /* that packet's, seen from here */
    struct fa_ip gateway;   /* not zero: a redirect of IPv4, to this router; see fa/stack.h */
    struct fa_slice quoted; /* its transport header, 8 bytes at least; borrowed from the message */
};

/* Private below, complete so that it can be static. Pinned. */
struct fa_icmp {
    struct fa_icmp_config config;
    struct fa_icmp_answer answers[FA_ICMP_QUEUE_COUNT_MAX];
    uint32_t answer_head;
    uint32_t answer_count;
    uint32_t window_count; /* errors sent since window_ns */
    fa_ns window_ns;
    struct fa_list pings_unsent;
    struct fa_list pings_sent;
    uint16_t ping_seq;
};

void fa_icmp_init(struct fa_icmp *icmp, const struct fa_icmp_config *config);

/*
 * Take in one message: `take` begins at the ICMP header, `meta` says whose it is and, by its
 * protocol, of which family.
 *
 * Returns: whether it reports about a packet of ours. Then *ret_report is written, and `take`,
 *          which it borrows from, is still the caller's; otherwise `take` was consumed.
 */
FA_MUST_USE bool fa_icmp_input(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    struct fa_buf *take, struct fa_icmp_report *ret_report);

/* Say that `packet`, which begins at its IP header and which we sent, was not delivered: its
 * neighbour does not answer. Returns: as fa_icmp_input(); *ret_report borrows from `packet`. */
FA_MUST_USE bool fa_icmp_undelivered(
    struct fa_icmp *icmp, fa_ns now, struct fa_slice packet, struct fa_icmp_report *ret_report);

/*
 * Tell the sender of `take`, which begins at its IP header, what is wrong with it: `error` is a
 * header of the packet's family. Silently dropped: packets sent to a group (but for ICMPv6 errors
 * that groups get too), ICMP errors, and what is beyond the rate (counted).
 */
void fa_icmp_error_take(struct fa_icmp *icmp, fa_ns now, const struct fa_ip_meta *meta,
    const struct fa_icmp_header *error, struct fa_buf *take);

/* Write the next message into the empty buffer `take`, or into the one it came in if it is longer.
 * Returns: NULL if there was none; else the message, which the caller owns; *ret_meta then says
 * where it goes; its `local` may be zero: the stack chooses. `take` is consumed. */
struct fa_buf *fa_icmp_output(
    struct fa_icmp *icmp, fa_ns now, struct fa_buf *take, struct fa_ip_meta *ret_meta);

/* Whether fa_icmp_output() has something. O(1). */
static inline bool fa_icmp_has_output(const struct fa_icmp *icmp)
{
    return icmp->answer_count != 0 || !fa_list_empty(&icmp->pings_unsent);
}

/* Choose the address that a fetched message is sent from, and bring its checksum up to date. */
void fa_icmp_local_set(struct fa_buf *message, struct fa_ip_meta *meta, const struct fa_ip *local);

/* Drop what waits to be sent. */
void fa_icmp_done(struct fa_icmp *icmp);

/* One echo on its way. The caller provides it; private below. Pinned until stopped. */
struct fa_ping {
    struct fa_list node;
    struct fa_watch *watch; /* told FA_FLOW_READABLE; NULL: nobody. Set it after the start. */
    struct fa_ip remote;
    uint16_t id;
    uint16_t seq;
    uint16_t len;
    uint8_t iface; /* for link-local targets and groups: set it after the start */
    fa_ns sent_ns;
    fa_ns rtt_ns;
    fa_err result; /* FA_AGAIN until it is known */
};

/* Send one echo request with `len` bytes of payload. Owns: borrows `ping` until fa_ping_stop().
 * Limits: len as the way's MTU allows; a longer one is never answered. */
void fa_ping_start(
    struct fa_icmp *icmp, struct fa_ping *ping, const struct fa_ip *remote, uint16_t len);

/* Returns: FA_OK, the reply is here; FA_AGAIN; FA_EREFUSED: an ICMP error came instead. */
fa_err fa_ping_result(const struct fa_ping *ping, fa_ns *ret_rtt_ns);

/* Forget about it. Nothing happens if it is not started. */
void fa_ping_stop(struct fa_ping *ping);

#endif
