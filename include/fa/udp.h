// SPDX-License-Identifier: ISC
//
// fa/udp.h: UDP (RFC 768) as a protocol without I/O: datagrams in, datagrams out, sockets up.
//
// A socket is a bound port with a queue each way, bounded in datagrams and in bytes. Datagrams keep
// their borders; what does not fit is dropped and counted. A connected socket hears one remote
// alone; it, and any that asks for it, is told what ICMP says. It does not fragment, route or pick
// source addresses: the stack does. Tested by test/unit/udp_test.c, test/unit/udp_socket_test.c,
// test/unit/udp_ip6_test.c, fuzz/udp_fuzz.c.
//
//     FA_TRY(fa_udp_bind(&udp, &socket, &(struct fa_udp_socket_config){.port = 7}));
//     while (fa_udp_recv(&socket, &buf, &from) == FA_OK)
//         FA_TRY(fa_udp_send_take(&socket, buf, &from.local.ip, &from.remote));

#ifndef FA_UDP_H
#define FA_UDP_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/flow.h"
#include "fa/hash.h"
#include "fa/ip.h"
#include "fa/list.h"
#include "fa/rand.h"

struct fa_udp;

enum {
    FA_UDP_BUCKET_COUNT = 256,
    FA_UDP_HEADROOM = 62,            /* bytes in front of a payload: Ethernet, IPv6, UDP */
    FA_UDP_QUEUE_COUNT_DEFAULT = 64, /* datagrams */
    FA_UDP_QUEUE_BYTES_DEFAULT = 256 * 1024,
    FA_UDP_PORT_FIRST = 49152,  /* of those chosen here, RFC 6335 6 */
    FA_UDP_GROUP_COUNT_MAX = 8, /* groups that one socket is a member of */
    FA_UDP_RECENT_COUNT = 4,    /* remotes of an unconnected socket that ICMP may speak of */
};

struct fa_udp_config {
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;
    /* Become, or stop being, a member of a group at an interface, once for each call; NULL: no
     * need. Returns: FA_OK; FA_ENOSPC; FA_EINVAL. Leaving does not fail. */
    fa_err (*group_set)(void *ctx, const struct fa_ip *group, uint8_t iface, bool member);
    void *ctx; /* of group_set */
};

/* Zero means the default in brackets. */
struct fa_udp_socket_config {
    struct fa_ip ip;       /* zero: any address of the stack */
    uint16_t port;         /* 0: chosen at random from 49152..65535 (RFC 6335) */
    uint16_t rx_count_max; /* datagrams that wait to be read [64] */
    uint16_t tx_count_max; /* datagrams that wait to be sent [64] */
    uint32_t rx_bytes_max; /* payload bytes that wait to be read [262,144] */
    uint32_t tx_bytes_max; /* payload bytes that wait to be sent [262,144] */
    bool broadcast;        /* takes datagrams sent to broadcast addresses, may send to them */
    bool shared;           /* others that are shared too may bind the port: what comes to a group
                            * or to all goes to each of them, the rest to the first */
    bool errors;           /* recv and send tell ICMP errors although it is not connected */
    struct fa_pool *pool;  /* where fa_udp_send() takes buffers */
    /* These, broadcast and the limits of both queues may be changed in the bound socket's config.
     */
    uint8_t ttl;        /* hop limit [the stack's] */
    uint8_t group_ttl;  /* the same, to groups [1] */
    uint8_t traffic;    /* traffic class: DSCP and ECN */
    uint8_t iface;      /* interface for groups, broadcast and link-local addresses */
    bool group_quiet;   /* our own members of a group do not hear what is sent to it here */
    bool dont_fragment; /* too long is an error then */
};

/* Where a datagram came from and went to. */
struct fa_udp_from {
    struct fa_endpoint local; /* its address is zero if the datagram was sent to a group */
    struct fa_endpoint remote;
    struct fa_ip group; /* which group, or broadcast address; zero: none */
    uint8_t iface;
    uint8_t ttl; /* hop limit that was left */
    uint8_t traffic;
};

/* Where a datagram goes, and how. */
struct fa_udp_to {
    struct fa_ip local;        /* zero: the socket's, else the stack chooses */
    struct fa_endpoint remote; /* all zero: where the socket is connected to */
    uint8_t iface;             /* for groups, broadcast and link-local addresses */
    uint8_t ttl;               /* hop limit [the stack's] */
    uint8_t traffic;
};

/* What ICMP said of a datagram sent here. */
struct fa_udp_error {
    fa_err err; /* FA_EREFUSED: unreachable; FA_EINVAL: too long; FA_OK: none, or already told */
    struct fa_endpoint remote; /* where it was going */
    uint16_t mtu_bytes;        /* too long for this, IP header included; 0: not said */
};

struct fa_udp_group {
    struct fa_ip ip;
    uint8_t iface;
};

/* A bound port. The caller provides it; private below. Pinned until closed. */
struct fa_udp_socket {
    struct fa_list node;           /* by port */
    struct fa_list connected_node; /* by port and remote */
    struct fa_udp *udp;
    struct fa_udp_socket_config config;
    struct fa_watch *watch;    /* told FA_FLOW_READABLE, also of errors, and FA_FLOW_WRITABLE when a
                                * full queue has room; NULL: nobody. Set it directly. */
    struct fa_endpoint remote; /* connected to; port 0: not */
    struct fa_list rx;
    struct fa_list tx;
    uint32_t rx_count;
    uint32_t tx_count;
    uint32_t rx_bytes;
    uint32_t tx_bytes;
    struct fa_list dirty_node;
    bool tx_refused;           /* the writer wants to know when there is room */
    struct fa_udp_error error; /* the latest; to be read, also after it was told */
    uint32_t refused_count;    /* datagrams that ICMP said did not arrive */
    uint32_t recent_next;
    struct fa_endpoint recent[FA_UDP_RECENT_COUNT];
    struct fa_udp_group groups[FA_UDP_GROUP_COUNT_MAX];
    uint32_t group_count;
};

/* Private below. Pinned. */
struct fa_udp {
    struct fa_udp_config config;
    struct fa_siphash_key key;
    struct fa_list buckets[FA_UDP_BUCKET_COUNT];   /* sockets by port */
    struct fa_list connected[FA_UDP_BUCKET_COUNT]; /* connected ones by port and remote, too */
    uint32_t connected_count;
    struct fa_list dirty;
};

void fa_udp_init(struct fa_udp *udp, const struct fa_udp_config *config);

/*
 * Take in one datagram: `take` begins at the UDP header, FA_UDP_HEADROOM - 8 bytes at least stand
 * in front of it, as behind Ethernet and IPv4 headers.
 *
 * Returns: false if it is well-formed and no socket is bound to its port: `take` is untouched and
 *          still the caller's, who answers with ICMP port unreachable. True: `take` was consumed,
 *          by a socket's queue or dropped and counted.
 */
FA_MUST_USE bool fa_udp_input(
    struct fa_udp *udp, fa_ns now, const struct fa_ip_meta *meta, struct fa_buf *take);

/* Fetch the next datagram to send, UDP header to payload, checksum complete. Returns: NULL if
 * there is none; else the caller owns it and *ret_meta says where it goes. If its `local` is zero,
 * the caller chooses one by fa_udp_local_set(). */
struct fa_buf *fa_udp_output(struct fa_udp *udp, fa_ns now, struct fa_ip_meta *ret_meta);

/* Choose the address that a fetched datagram is sent from, and bring its checksum up to date. */
void fa_udp_local_set(struct fa_buf *datagram, struct fa_ip_meta *meta, const struct fa_ip *local);

/* Give a copy of a fetched datagram, whose `local` is known, to our own members of its group: what
 * the caller does if meta->loop says so. */
void fa_udp_loop(
    struct fa_udp *udp, fa_ns now, const struct fa_ip_meta *meta, const struct fa_buf *datagram);

enum fa_udp_icmp {
    FA_UDP_ICMP_UNREACHABLE,
    FA_UDP_ICMP_TOO_BIG, /* meta->mtu_bytes is the next hop's */
};

/* ICMP says that the datagram whose UDP header begins `quoted` (8 bytes at least) did not arrive;
 * `meta` is that datagram's, seen from here. Believed only of a socket's port and of the remote it
 * is connected to or has just sent to; told to its owner by fa_udp_recv() and fa_udp_send().
 * Returns: whether it was. */
bool fa_udp_icmp(struct fa_udp *udp, const struct fa_ip_meta *meta, enum fa_udp_icmp kind,
    struct fa_slice quoted);

/* Whether fa_udp_output() has something. */
static inline bool fa_udp_has_output(const struct fa_udp *udp)
{
    return !fa_list_empty(&udp->dirty);
}

/* Returns: FA_OK; FA_EINVAL: the port is taken; FA_ENOSPC: no port left. */
fa_err fa_udp_bind(
    struct fa_udp *udp, struct fa_udp_socket *socket, const struct fa_udp_socket_config *config);

/* Hear `remote` alone from now on, and send to it where no other is named; NULL: hear everybody
 * again. What waits already stays. Returns: FA_OK; FA_EINVAL: port 0, or a shared socket of the
 * same port is connected there. */
fa_err fa_udp_connect(struct fa_udp_socket *socket, const struct fa_endpoint *remote);

/* Hear what is sent to `group` at an interface of the stack. Returns: FA_OK; FA_EINVAL: not a
 * group's address, or a member already; FA_ENOSPC: FA_UDP_GROUP_COUNT_MAX, or the stack's limit. */
fa_err fa_udp_join(struct fa_udp_socket *socket, const struct fa_ip *group, uint8_t iface);

/* Returns: FA_OK; FA_ENOENT: it is no member. */
fa_err fa_udp_leave(struct fa_udp_socket *socket, const struct fa_ip *group, uint8_t iface);

/* Unbind, leave all groups and drop both queues. Nothing happens if it is not bound. */
void fa_udp_close(struct fa_udp_socket *socket);

/* Take the oldest received datagram, payload only. Owns: the caller drops or sends *ret_buf.
 * Returns: FA_OK; FA_AGAIN; once for each error, of a connected socket or one with config.errors:
 * FA_EREFUSED, FA_EINVAL as socket->error.err was. */
fa_err fa_udp_recv(
    struct fa_udp_socket *socket, struct fa_buf **ret_buf, struct fa_udp_from *ret_from);

/* As above, but wait. Also returns: FA_ETIMEOUT; FA_ECANCEL. Yields. The fiber takes over
 * socket->watch during the call. */
fa_err fa_udp_recv_wait(struct fa_udp_socket *socket, fa_ns deadline, struct fa_buf **ret_buf,
    struct fa_udp_from *ret_from);

/* Send the payload in `take`, which has FA_UDP_HEADROOM bytes of headroom at least, as every
 * received datagram has, from `local` (NULL or zero: the socket's, else the stack chooses) to
 * `remote` (NULL: the one it is connected to). Always consumes it. What is longer than the way's
 * MTU is the stack's to cut, or to drop and count. Returns: FA_OK; FA_ENOSPC: the queue is full;
 * FA_EINVAL: above 65,527 bytes, port 0, or broadcast without leave; FA_EREFUSED and FA_EINVAL
 * also as fa_udp_recv() tells errors: nothing was sent then. */
fa_err fa_udp_send_take(struct fa_udp_socket *socket, struct fa_buf *take,
    const struct fa_ip *local, const struct fa_endpoint *remote);

/* The same, for one datagram in another way than config says. */
fa_err fa_udp_send_to(
    struct fa_udp_socket *socket, struct fa_buf *take, const struct fa_udp_to *to);

/* Copy and send. Returns: as fa_udp_send_take(); FA_ENOSPC also if config.pool is empty, FA_EINVAL
 * also if the payload does not fit a buffer. */
fa_err fa_udp_send(struct fa_udp_socket *socket, struct fa_slice payload, const struct fa_ip *local,
    const struct fa_endpoint *remote);

/* Whether `ip` is a group's address, of either family (RFC 5771, RFC 4291 2.7). */
static inline bool fa_ip_is_group(const struct fa_ip *ip)
{
    return ip->b[0] == 0xff || (fa_ip_is4(ip) && ip->b[12] >> 4 == 0xe);
}

#endif
