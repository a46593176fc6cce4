// SPDX-License-Identifier: ISC
//
// fa/dhcp6.h: the stateless DHCPv6 client (RFC 8415 18.2.6) without I/O: DNS servers, search
// domains (RFC 3646) and NTP servers (RFC 5908) of a link.
//
// It asks for no address or prefix. It asks when its owner says so, as routers do by their flags,
// until somebody answers, and again when the answer is to be refreshed; what was said last is
// believed until something else is. Tested by test/unit/dhcp6_test.c, fuzz/dhcp6_fuzz.c.
//
//     fa_dhcp6_init(&dhcp6, &(struct fa_dhcp6_config){
//         .mac = {2, 0, 0, 0, 0, 1}, .names = &names, .rand = &rand});
//     fa_dhcp6_start(&dhcp6, now);
//     if (now >= fa_dhcp6_deadline(&dhcp6)) fa_dhcp6_tick(&dhcp6, now);
//     while (fa_dhcp6_output(&dhcp6, now, &link_local, empty, &meta)) send(empty, &meta);
//     if (fa_dhcp6_input(&dhcp6, now, payload_to_port_546)) look_at(&names);

#ifndef FA_DHCP6_H
#define FA_DHCP6_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/ip.h"
#include "fa/names.h"
#include "fa/rand.h"
#include "fa/wire/dhcp6.h"

#define FA_DHCP6_DELAY_NS (1 * FA_NS_S) /* before the first request, at most: INF_MAX_DELAY */
#define FA_DHCP6_RETRY_NS (1 * FA_NS_S) /* before the second: INF_TIMEOUT, then doubled */
#define FA_DHCP6_MAX_RT_NS                                                                         \
    (3600 * FA_NS_S) /* between two, at most: INF_MAX_RT, if none is said                          \
                      */

enum fa_dhcp6_state {
    FA_DHCP6_STOPPED,
    FA_DHCP6_DELAYING, /* so that hosts that boot together do not ask together */
    FA_DHCP6_ASKING,
    FA_DHCP6_INFORMED, /* until the answer is to be refreshed */
    FA_DHCP6_STATE_COUNT,
};

struct fa_dhcp6_config {
    uint8_t mac[FA_MAC_LEN];      /* the client's identifier is made of it (DUID-LL) */
    uint8_t iface;                /* its index, for `names` */
    struct fa_names *names;       /* borrowed: entries of FA_NAMES_DHCP6 are put and forgotten */
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
};

/* Private below but for `state`, complete so that it can be static. Movable. */
struct fa_dhcp6 {
    struct fa_dhcp6_config config;
    enum fa_dhcp6_state state;
    bool request_due; /* to be sent now */
    uint32_t xid;
    fa_ns begun_ns;  /* when the first request of this exchange was sent */
    fa_ns retry_ns;  /* after the last request: RT of RFC 8415 15; 0: none was sent */
    fa_ns max_rt_ns; /* INF_MAX_RT */
    fa_ns due_ns;    /* when fa_dhcp6_tick() has something to do; FA_NS_NEVER */
};

void fa_dhcp6_init(struct fa_dhcp6 *dhcp6, const struct fa_dhcp6_config *config);

/* Begin to ask, after a random delay. Nothing happens unless it is stopped. */
void fa_dhcp6_start(struct fa_dhcp6 *dhcp6, fa_ns now);

/* Ask again, since the link may be another one. What is known is believed meanwhile. Nothing
 * happens if it is stopped or asks already. */
void fa_dhcp6_verify(struct fa_dhcp6 *dhcp6, fa_ns now);

/* Ask no more, and forget what was said. */
void fa_dhcp6_stop(struct fa_dhcp6 *dhcp6);

/* Take in the payload of a UDP datagram to port 546. Returns: whether it was an answer to our
 * request, and the names are those that it says. */
bool fa_dhcp6_input(struct fa_dhcp6 *dhcp6, fa_ns now, struct fa_slice payload);

/*
 * Write the request that is due, UDP header to payload, into the empty buffer `buf`, which has room
 * for 8 + FA_DHCP6_INFORM_LEN bytes. `local`: a link-local address of the interface; zero: there is
 * none, and the request counts as one that got lost.
 *
 * Returns: whether something was written; *ret_meta then says where it goes, on this link.
 */
FA_MUST_USE bool fa_dhcp6_output(struct fa_dhcp6 *dhcp6, fa_ns now, const struct fa_ip *local,
    struct fa_buf *buf, struct fa_ip_meta *ret_meta);

/* Whether a request is due. O(1). */
static inline bool fa_dhcp6_has_output(const struct fa_dhcp6 *dhcp6)
{
    return dhcp6->request_due;
}

static inline fa_ns fa_dhcp6_deadline(const struct fa_dhcp6 *dhcp6)
{
    return dhcp6->due_ns;
}

/* Let time pass: ask, ask again, refresh. */
void fa_dhcp6_tick(struct fa_dhcp6 *dhcp6, fa_ns now);

#endif
