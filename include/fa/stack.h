// SPDX-License-Identifier: ISC
//
// fa/stack.h: a network stack: interfaces, addresses, routes, and the poller that moves packets.
//
// It takes bursts from its network cards, hands them up through Ethernet, ARP or neighbour
// discovery, IPv4 or IPv6, ICMP, UDP and TCP, and sends what they have to say, once a loop turn.
// Several stacks may live in one image. Tested by test/unit/stack_test.c, stack_ip6_test.c,
// stack_igmp_test.c, test/sim and test/e2e.
//
//     fa_stack_init(&stack, &(struct fa_stack_config){.pool = &pool, .tcp = {...},
//         .iface_count = 1, .ifaces[0] = {.dev = dev, .dhcp = true}});
//     fa_stack_start(&stack, &loop);
//     FA_TRY(fa_tcp_listen(&stack.tcp, &port80, &(struct fa_tcp_listen_config){.port = 80}));

#ifndef FA_STACK_H
#define FA_STACK_H

#include "fa/addr.h"
#include "fa/arp.h"
#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/dhcp.h"
#include "fa/dhcp6.h"
#include "fa/fragment.h"
#include "fa/icmp.h"
#include "fa/igmp.h"
#include "fa/ip.h"
#include "fa/loop.h"
#include "fa/mld.h"
#include "fa/names.h"
#include "fa/ndp.h"
#include "fa/netdev.h"
#include "fa/pmtu.h"
#include "fa/rand.h"
#include "fa/reass.h"
#include "fa/tcp.h"
#include "fa/udp.h"

enum {
    FA_STACK_IFACE_MAX = 4,
    FA_STACK_ROUTE_MAX = 32,
    FA_STACK_REDIRECT_MAX = 8,        /* hosts whose first hop a redirect of IPv4 named */
    FA_STACK_PATH_COUNT = 64,         /* pairs of addresses whose way is remembered, each way */
    FA_STACK_LOOPBACK_COUNT_MAX = 64, /* packets to ourselves that wait for the next poll */
    FA_STACK_LOOPBACK_MTU = 1500,     /* bytes */
};

#define FA_STACK_RETRY_NS FA_NS_MS /* when to ask a device again that took no more frames */

#define FA_STACK_REDIRECT_NS (600 * FA_NS_S) /* so long a redirect of IPv4 is believed */

/* Whether a router of IPv6 may name a better first hop for a destination (RFC 4861 8). */
enum fa_redirects {
    FA_REDIRECTS_IPV6, /* the default: from the present first hop alone */
    FA_REDIRECTS_OFF,
};

/*
 * How one interface is set up. IPv4: either `dhcp`, or `ip` with `prefix_bits` and perhaps `more4`,
 * or `ipv4_off`.
 * IPv6: a link-local address always, others from `more` and from router advertisements, unless
 * `ipv6_off`. All zero members are the defaults.
 */
struct fa_iface_config {
    struct fa_netdev *dev; /* borrowed; closed by its owner after the stack */
    bool dhcp;
    struct fa_ip ip;          /* IPv4 */
    uint8_t prefix_bits;      /* 24 for 192.0.2.1/24 */
    struct fa_net_list more4; /* further ones of IPv4 */
    struct fa_ip gateway;     /* IPv4; zero: none */
    const char *hostname;     /* for DHCP; NULL: none */
    const char *vendor_class; /* the same */
    struct fa_ip last_ip;     /* IPv4, asked of DHCP first; zero: none */
    bool probe;  /* an address of DHCP's is used when nobody answers for it: 4 to 9 s later */
    bool duid;   /* fa_dhcp_config.duid */
    bool inform; /* with a static IPv4 address, DHCP is asked for servers and domains */
    struct fa_net_list more; /* IPv6 */
    struct fa_ip gateway6;   /* zero: whoever advertises itself */
    bool ipv4_off;           /* --ipv6-only */
    bool ipv6_off;           /* --ipv4-only */
    bool ra_off;             /* router advertisements are not believed and not asked for */
    bool privacy;            /* temporary addresses, for what we begin ourselves (RFC 8981) */
    bool dad_off;       /* addresses are used at once (RFC 4862 5.1, DupAddrDetectTransmits 0) */
    bool mld_off;       /* groups are not reported: on links whose switches do not snoop */
    bool igmp_off;      /* the same for IPv4 */
    uint8_t redirects;  /* enum fa_redirects */
    bool redirects4;    /* a router of IPv4 may do so, too: anyone on the link can say it is one */
    uint16_t mtu_bytes; /* [the device's]; not more than that */
    struct fa_route_list routes;
    uint8_t hop_limit; /* of packets, and their TTL [64, or what routers advertise] */
};

struct fa_stack_config {
    struct fa_iface_config ifaces[FA_STACK_IFACE_MAX];
    uint32_t iface_count;
    struct fa_pool *pool;         /* for what the stack itself sends and keeps */
    struct fa_tcp_config tcp;     /* pool, counters and rand are filled in */
    struct fa_reass_config reass; /* pool and counters are filled in */
    struct fa_pmtu_config pmtu;   /* counters are filled in */
    struct fa_ip_list dns;
    struct fa_ip_list ntp;
    const char *domain;           /* to search short names in; NULL: none */
    struct fa_counters *counters; /* NULL: fa_counters_main */
    uint64_t seed;                /* 0: entropy; else the same random numbers every time */
    uint8_t iid_secret[16]; /* keeps IPv6 addresses the same from boot to boot (RFC 7217 5), also
                             * on cards whose MACs differ then; zero: random, and other addresses
                             * each time */
    fa_ns oversleep_ns;     /* polled so much later than it asked for, the stack takes itself
                             * for suspended and resumes [0: never] */
    uint8_t neigh_answer_percent; /* of the neighbours that may be asked for: those that only
                                   * answers go to [FA_NEIGH_ANSWER_PERCENT] */
};

struct fa_kv;

/* One interface. Private below. */
struct fa_iface {
    struct fa_iface_config config;
    struct fa_arp arp;
    struct fa_dhcp dhcp;
    struct fa_ndp ndp; /* does not run with ipv6_off, or an MTU below 1280 */
    struct fa_mld mld;
    struct fa_igmp igmp;
    struct fa_dhcp6 dhcp6; /* begins when a router says so */
    struct fa_ip ip;       /* the first IPv4 one; zero: not yet known */
    uint8_t prefix_bits;
    struct fa_addrs addrs; /* of both families */
    bool up;               /* has an IPv4 address */
    bool unflushed;        /* frames were committed since the last flush */
    uint16_t mtu_bytes;    /* the device's, or less if DHCP says so */
    uint32_t lease_route_count;
    struct fa_dhcp_route lease_routes[FA_DHCP_ROUTE_COUNT_MAX]; /* installed for the lease */
};

struct fa_route {
    struct fa_ip prefix;
    uint8_t prefix_bits;
    uint8_t iface;
    struct fa_ip gateway; /* zero: on the link */
    bool blackhole;       /* nothing leads there: packets are not sent to a shorter prefix's way */
};

/* A first hop that a router of IPv4 named; src/net/stack_redirect.c. Zeroed: none. */
struct fa_stack_redirect {
    uint32_t target;
    uint32_t gateway;
    fa_ns until_ns;
    uint8_t iface;
};

/* How the last packet between two addresses left, and what TCP's packets between them have in
 * common; src/net/stack_path.c. Zeroed: no packet did. */
struct fa_stack_path {
    struct fa_ip local;
    struct fa_ip remote;
    const struct fa_neigh *neigh;
    fa_ns until_ns; /* then the slow way looks after the neighbour */
    uint32_t generation;
    uint32_t neigh_generation;
    uint8_t iface;
    uint8_t ip_len;      /* bytes of the IP header */
    uint8_t hop_limit;   /* of packets that name none */
    uint32_t ip_sum;     /* of the IPv4 header as it stands in `frame` */
    uint32_t pseudo_sum; /* of TCP's pseudo-header without its length */
    uint64_t flow;       /* the addresses' part in the flow label */
    uint8_t frame[56];   /* Ethernet and IP header, at its end, without what differs */
};

/* Addresses of a unicast packet that was good, as its next ones will be; src/net/stack_path.c.
 * Zeroed: of none. */
struct fa_stack_pair {
    struct fa_ip_meta meta; /* of TCP's packets: `mtu_bytes` and `traffic` are not true */
    uint64_t sum;           /* of TCP's pseudo-header without its length */
    uint32_t generation;
};

/* Private below, complete so that it can be static. Pinned. */
struct fa_stack {
    struct fa_poller poller;
    struct fa_stack_config config;
    struct fa_iface ifaces[FA_STACK_IFACE_MAX];
    struct fa_route routes[FA_STACK_ROUTE_MAX];
    uint32_t route_count;
    struct fa_stack_redirect redirects[FA_STACK_REDIRECT_MAX];
    uint32_t
        redirect_next; /* the place of the next one, modulo their count; 0: there never was one */
    uint32_t path_generation; /* grows with every change of routes and addresses */
    struct fa_stack_path paths[FA_STACK_PATH_COUNT];
    struct fa_stack_pair pairs[FA_STACK_PATH_COUNT];
    struct fa_icmp icmp;
    struct fa_udp udp;
    struct fa_tcp tcp;
    struct fa_reass reass;
    struct fa_pmtu pmtu;
    struct fa_fragment fragment; /* the one packet being cut */
    struct fa_names names;       /* DNS and NTP servers, search domains: read it */
    struct fa_rand rand;
    bool secret_given;       /* config.iid_secret was */
    uint64_t flow_factor[2]; /* of flow labels (RFC 6437) */
    struct fa_counters *counters;
    struct fa_loop *loop; /* NULL: none */
    struct fa_waitq up_waitq;
    struct fa_list loopback; /* of fa_buf.node: IP packets to ourselves */
    uint32_t loopback_count;
    uint32_t turn;      /* which transport may send next */
    bool touched;       /* something but TCP may have something to say, or another deadline */
    fa_ns timers_ns;    /* unless touched: when the earliest timer is due, TCP's left out */
    fa_ns now;          /* of the last poll */
    fa_ns retry_ns;     /* devices were full: when to try again; FA_NS_NEVER */
    fa_ns suspended_ns; /* since when; FA_NS_NEVER */
};

/*
 * Find a secret for fa_stack_config.iid_secret (16 bytes): made of `text`, which is best long and
 * random, or kept in `kv` under the key "ipv6-secret", where it is put the first time. With neither
 * (NULL, or an empty text) nothing is written.
 *
 * Returns: FA_OK; what `kv` says: FA_EREFUSED, FA_ENOSPC, FA_EINVAL, FA_EIO.
 */
fa_err fa_stack_secret(const char *text, struct fa_kv *kv, uint8_t *ret_secret);

/* Find out whether a config makes sense. Returns: FA_OK; FA_EINVAL, and *ret_reason is a sentence,
 * in the words of the boot-time keys that `fata` makes of it. */
fa_err fa_stack_config_check(const struct fa_stack_config *config, const char **ret_reason);

/*
 * Set the stack up: static addresses are in use from now on, DHCP begins with the first poll.
 *
 * Limits: traps on a config that makes no sense: a static address that no host may have, a gateway
 *         that is the interface itself, more interfaces than FA_STACK_IFACE_MAX.
 */
void fa_stack_init(struct fa_stack *stack, const struct fa_stack_config *config, fa_ns now);

/* Poll the stack from the loop's next turn on. */
void fa_stack_start(struct fa_stack *stack, struct fa_loop *loop);

/* Stop polling; release DHCP leases; connections are reset. What the devices take of the last
 * packets is sent. Buffers of the stack's own are given back; the caller closes its UDP sockets. */
void fa_stack_stop(struct fa_stack *stack);

/*
 * Stand still, for a snapshot or because the processor goes: what is ready is sent, then polls do
 * nothing until fa_stack_resume().
 */
void fa_stack_suspend(struct fa_stack *stack, fa_ns now);

/*
 * Go on. Connections take the time since for none: they last if their peers kept them. TIME_WAIT,
 * leases and neighbours take it for what it was: neighbours are asked again when they are used, our
 * addresses announced, leases verified (INIT-REBOOT), routers solicited, groups reported. The
 * stack's random numbers (unless it has a seed), TCP's ports and cookies begin anew; keys by which
 * living connections are found stay, so of two copies of one memory only one may resume.
 */
void fa_stack_resume(struct fa_stack *stack, fa_ns now);

/* Whether every interface has an IPv4 address; where IPv4 is off, one of IPv6 that is tested and
 * reaches as far as the configuration lets it: a link-local one only if no other is to come. */
bool fa_stack_is_up(const struct fa_stack *stack);

/* An address that others can reach an interface at, IPv4 first, then not link-local; zero: none.
 * For what people are told. */
struct fa_ip fa_stack_address(const struct fa_stack *stack, uint32_t iface);

/* Wait for that. Returns: FA_OK; FA_ETIMEOUT; FA_ECANCEL. Yields. */
fa_err fa_stack_up_wait(struct fa_stack *stack, fa_ns deadline);

/* One poll at `now`, for owners without a loop: tests, benches, the simulator. Returns: whether
 * anything was done. */
bool fa_stack_poll(struct fa_stack *stack, fa_ns now);

/* The time by which its calls count: of the loop's turn, without a loop of the last poll. */
static inline fa_ns fa_stack_now(const struct fa_stack *stack)
{
    return stack->loop != NULL ? stack->loop->now : stack->now;
}

/* Whether it is an address of the stack's own, a loopback one included. */
bool fa_stack_has_address(const struct fa_stack *stack, const struct fa_ip *ip);

/* When to poll next; FA_NS_NEVER. O(1). */
fa_ns fa_stack_deadline(const struct fa_stack *stack);

/*
 * Add a route beside those of the interfaces' own networks and gateways; of equally long prefixes
 * the one added first is taken. It is forgotten when its interface loses its address.
 *
 * Returns: FA_OK; FA_ENOSPC: FA_STACK_ROUTE_MAX are there; FA_EINVAL: no such interface, or not
 *          of one family.
 */
fa_err fa_stack_route_add(struct fa_stack *stack, const struct fa_route *route);

/* Listen to a group of either family at an interface, once for each call; or no longer. Returns:
 * FA_OK; FA_EINVAL: no such interface or group, or not listened to; FA_ENOSPC: the protocol's
 * limit (fa/mld.h, fa/igmp.h). */
fa_err fa_stack_group_join(struct fa_stack *stack, uint8_t iface, const struct fa_ip *group);
fa_err fa_stack_group_leave(struct fa_stack *stack, uint8_t iface, const struct fa_ip *group);

/* The address that packets to `remote` are sent from. Returns: FA_OK; FA_ENOENT: no route. */
fa_err fa_stack_source_for(
    const struct fa_stack *stack, const struct fa_ip *remote, struct fa_ip *ret_local);

/* Begin a TCP connection: route, source address and MTU come from the stack. Where an address has
 * no port left for the target (32,768 are chosen from), another of the same network speaks.
 * Returns: as fa_tcp_connect(); FA_ENOENT: no route or no address. */
fa_err fa_stack_connect(
    struct fa_stack *stack, const struct fa_endpoint *remote, struct fa_flow **ret_flow);

/* As above, from config->local and its port, over config->iface to a link-local target, with its
 * other wishes; what is zero in it is chosen, the MTU always. */
fa_err fa_stack_connect_from(
    struct fa_stack *stack, const struct fa_tcp_connect_config *config, struct fa_flow **ret_flow);

/* As fa_stack_connect(), and wait until it stands. Returns also: FA_EREFUSED; FA_ETIMEOUT;
 * FA_ECANCEL. Yields.
 */
fa_err fa_stack_connect_wait(struct fa_stack *stack, const struct fa_endpoint *remote,
    fa_ns deadline, struct fa_flow **ret_flow);

#endif
