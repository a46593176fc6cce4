// SPDX-License-Identifier: ISC
//
// fa/dhcp.h: the DHCP client (RFC 2131, 2132, 5227) without I/O: an address for an interface, and
// what else the network says about itself.
//
// It speaks at once and takes the first offer. The address is used as soon as it is acknowledged,
// or, if the owner wants to be sure, when nobody answered probes for it; it is given back if
// another station turns out to have it. It may also ask for the address it had before, or, with a
// static one, for the rest alone. Tested by test/unit/dhcp_test.c, fuzz/dhcp_fuzz.c.
//
//     fa_dhcp_init(&dhcp, &(struct fa_dhcp_config){.mac = {2, 0, 0, 0, 0, 1}, .rand = &rand});
//     fa_dhcp_start(&dhcp, now);
//     while (fa_dhcp_output(&dhcp, now, empty, &meta)) send(empty, &meta);
//     fa_dhcp_input(&dhcp, now, payload_from_port_67);
//     if (fa_dhcp_event_take(&dhcp) == FA_DHCP_EVENT_BOUND) use(&dhcp.lease);

#ifndef FA_DHCP_H
#define FA_DHCP_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/ip.h"
#include "fa/rand.h"
#include "fa/wire/dhcp.h"

enum {
    FA_DHCP_TRY_COUNT_MAX = 4, /* REQUESTs for an offer before it is given up (RFC 2131 3.1 5) */
    FA_DHCP_REBOOT_TRY_COUNT_MAX = 2, /* REQUESTs for the address of before: 1 and 4 seconds */
    FA_DHCP_ROUTE_COUNT_MAX = 8,      /* of a lease that are kept */
};

#define FA_DHCP_HOLD_NS      (10 * FA_NS_S) /* after a DECLINE, RFC 2131 3.1 5 */
#define FA_DHCP_RENEW_MIN_NS (60 * FA_NS_S) /* between renewals, RFC 2131 4.4.5 */

enum fa_dhcp_state {
    FA_DHCP_STOPPED,
    FA_DHCP_SELECTING,
    FA_DHCP_REQUESTING,
    FA_DHCP_BOUND,
    FA_DHCP_RENEWING,
    FA_DHCP_REBINDING,
    FA_DHCP_HOLDING,   /* waits before it begins anew, after a NAK or a DECLINE */
    FA_DHCP_REBOOTING, /* INIT-REBOOT: asks for config.last_ip */
    FA_DHCP_PROBING,   /* acknowledged; the owner asks whether another station has the address */
    FA_DHCP_INFORMING, /* asks for parameters alone */
    FA_DHCP_INFORMED,
    FA_DHCP_STATE_COUNT,
};

struct fa_dhcp_config {
    uint8_t mac[FA_MAC_LEN];
    const char *host_name;    /* told to the server; NULL: none. Borrowed. 255 bytes at most */
    const char *vendor_class; /* the same, option 60 */
    uint32_t last_ip;         /* had before, asked for first; 0: none */
    uint32_t inform_ip;       /* static: only the rest is asked for (INFORM); 0: none */
    bool probe;               /* wait for fa_dhcp_probe_done() before the address is used */
    bool duid;                /* client identifier of RFC 4361 instead of the Ethernet address:
                               * servers know a client of both families by it. Off, as
                               * reservations are usually made for the latter. */
    uint16_t len_max;         /* bytes of the longest message taken, IP header included; [576] */
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
};

/* What was leased. Zero: not said. */
struct fa_dhcp_lease {
    uint32_t ip;
    uint32_t router;
    uint32_t dns[FA_DHCP_DNS_COUNT_MAX];
    uint32_t ntp[FA_DHCP_NTP_COUNT_MAX];
    uint32_t server_id;
    uint32_t lease_s; /* UINT32_MAX: for ever */
    uint16_t mtu_bytes;
    uint8_t prefix_bits;
    uint8_t dns_count;
    uint8_t ntp_count;
    uint8_t route_count;
    struct fa_dhcp_route routes[FA_DHCP_ROUTE_COUNT_MAX]; /* if there are any, `router` counts not
                                                           * (RFC 3442) */
    char domain[FA_DHCP_DOMAIN_LEN_MAX + 1];
    char host_name[FA_DHCP_DOMAIN_LEN_MAX + 1]; /* that the server gave us */
    uint16_t search_len;
    uint8_t search[FA_DHCP_LIST_LEN_MAX]; /* read by fa_dhcp_search_next() */
    fa_ns t1_ns;                          /* when to renew */
    fa_ns t2_ns;                          /* when to ask any server */
    fa_ns end_ns; /* when the address must not be used any more; FA_NS_NEVER */
};

/* What the owner has to do. */
enum fa_dhcp_event {
    FA_DHCP_EVENT_NONE,
    FA_DHCP_EVENT_BOUND, /* use fa_dhcp.lease, which may have another address than before */
    FA_DHCP_EVENT_LOST,  /* stop using the address */
    FA_DHCP_EVENT_PROBE, /* find out whether another station has lease.ip: fa_dhcp_probe_done() */
    FA_DHCP_EVENT_INFORMED, /* all of the lease but the address and its times */
};

/* Private below but for `state` and `lease`, complete so that it can be static. Movable. */
struct fa_dhcp {
    struct fa_dhcp_config config;
    struct fa_dhcp_lease lease; /* valid in BOUND, RENEWING and REBINDING */
    enum fa_dhcp_state state;
    enum fa_dhcp_event event;
    uint8_t pending;    /* enum fa_dhcp_type of the message to send now; 0: none */
    uint32_t try_count; /* messages sent in this state */
    uint32_t nak_count; /* since the last lease */
    bool verifying;     /* REBINDING in the words of INIT-REBOOT */
    uint32_t xid;
    uint32_t offered_ip;
    uint32_t server_id; /* who offered, or who gets the pending DECLINE or RELEASE */
    fa_ns begun_ns;     /* when this attempt to get or extend a lease began */
    fa_ns due_ns;       /* when fa_dhcp_tick() has something to do; FA_NS_NEVER */
};

void fa_dhcp_init(struct fa_dhcp *dhcp, const struct fa_dhcp_config *config);

/* Begin to look for an address. */
void fa_dhcp_start(struct fa_dhcp *dhcp, fa_ns now);

/* Give the address back: a RELEASE is the last thing fa_dhcp_output() has to say. */
void fa_dhcp_stop(struct fa_dhcp *dhcp);

/* The link may be another one: ask whether the lease still holds, as after a reboot (RFC 2131 3.2).
 * It is used meanwhile; nobody answering leaves it as it was. Nothing happens without a lease. */
void fa_dhcp_verify(struct fa_dhcp *dhcp, fa_ns now);

/* Another station has the address: DECLINE it, wait, begin anew. Nothing happens without a lease.
 */
void fa_dhcp_decline(struct fa_dhcp *dhcp, fa_ns now);

/* The owner has found out, in PROBING, whether another station has the address: it is declined, or
 * in use from now on. Ask fa_dhcp_event_take() afterwards. */
void fa_dhcp_probe_done(struct fa_dhcp *dhcp, fa_ns now, bool taken);

/* Take in the payload of a UDP datagram from port 67 to port 68. */
void fa_dhcp_input(struct fa_dhcp *dhcp, fa_ns now, struct fa_slice payload);

/* Write the next message, UDP header to payload, into the empty buffer `buf`, which has room for
 * 8 + FA_DHCP_LEN_MAX bytes. Returns: whether
 * there was one; *ret_meta then says where it goes: from 0.0.0.0 to 255.255.255.255, or, once
 * there is a lease, from its address. */
FA_MUST_USE bool fa_dhcp_output(
    struct fa_dhcp *dhcp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta);

/* Whether fa_dhcp_output() has something. O(1). */
static inline bool fa_dhcp_has_output(const struct fa_dhcp *dhcp)
{
    return dhcp->pending != 0;
}

static inline fa_ns fa_dhcp_deadline(const struct fa_dhcp *dhcp)
{
    return dhcp->due_ns;
}

/* Let time pass: send again, renew, rebind, lose the lease. */
void fa_dhcp_tick(struct fa_dhcp *dhcp, fa_ns now);

/* What happened since the last call; ask after each input and tick. */
enum fa_dhcp_event fa_dhcp_event_take(struct fa_dhcp *dhcp);

const char *fa_dhcp_state_name(enum fa_dhcp_state state);

#endif
