// SPDX-License-Identifier: ISC
//
// fa/udp.h: UDP (RFC 768) as a protocol without I/O: datagrams in, datagrams out, sockets up.
//
// A socket is a bound port with a bounded queue each way. Datagrams keep their borders; what does
// not fit a queue is dropped and counted. Tested by test/unit/udp_test.c, fuzz/udp_fuzz.c.
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
#include "fa/ip.h"
#include "fa/list.h"
#include "fa/rand.h"

struct fa_udp;

struct fa_udp_config {
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;
};

struct fa_udp_socket_config {
    struct fa_ip ip;       /* zero: any address of the stack */
    uint16_t port;         /* 0: chosen at random from 49152..65535 (RFC 6335) */
    uint16_t rx_count_max; /* datagrams that wait to be read [64] */
    uint16_t tx_count_max; /* datagrams that wait to be sent [64] */
    bool broadcast;        /* also takes datagrams sent to broadcast or group addresses */
    struct fa_pool *pool;  /* where fa_udp_send() takes buffers */
};

/* Where a datagram came from and went to. */
struct fa_udp_from {
    struct fa_endpoint local; /* its address is zero if the datagram was sent to a group */
    struct fa_endpoint remote;
    uint8_t iface;
};

/* A bound port. The caller provides it; private below. Pinned until closed. */
struct fa_udp_socket {
    struct fa_list node;
    struct fa_udp *udp;
    struct fa_udp_socket_config config;
    struct fa_watch *watch; /* told FA_FLOW_READABLE; NULL: nobody. Set it directly. */
    struct fa_list rx;
    struct fa_list tx;
    uint32_t rx_count;
    uint32_t tx_count;
    struct fa_list dirty_node;
    uint32_t refused_count; /* datagrams that ICMP said did not arrive */
};

enum {
    FA_UDP_BUCKET_COUNT = 64,
    FA_UDP_HEADROOM = 42,            /* bytes in front of a payload to send: Ethernet, IPv4, UDP */
    FA_UDP_QUEUE_COUNT_DEFAULT = 64, /* datagrams */
    FA_UDP_PORT_FIRST = 49152,       /* of those chosen here, RFC 6335 6 */
};

/* Private below. Pinned. */
struct fa_udp {
    struct fa_udp_config config;
    struct fa_list buckets[FA_UDP_BUCKET_COUNT]; /* sockets by port */
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

/* ICMP says that the datagram whose UDP header begins `quoted` (8 bytes at least) did not arrive;
 * `meta` is that datagram's, seen from here. Counted in its socket's refused_count. */
void fa_udp_icmp(struct fa_udp *udp, const struct fa_ip_meta *meta, struct fa_slice quoted);

/* Whether fa_udp_output() has something. */
static inline bool fa_udp_has_output(const struct fa_udp *udp)
{
    return !fa_list_empty(&udp->dirty);
}

/* Returns: FA_OK; FA_EINVAL: the port is taken; FA_ENOSPC: no port left. */
fa_err fa_udp_bind(
    struct fa_udp *udp, struct fa_udp_socket *socket, const struct fa_udp_socket_config *config);

/* Unbind and drop both queues. Nothing happens if it is not bound. */
void fa_udp_close(struct fa_udp_socket *socket);

/* Take the oldest received datagram, payload only. Owns: the caller drops or sends *ret_buf.
 * Returns: FA_OK; FA_AGAIN. */
fa_err fa_udp_recv(
    struct fa_udp_socket *socket, struct fa_buf **ret_buf, struct fa_udp_from *ret_from);

/* Send the payload in `take`, which has FA_UDP_HEADROOM bytes of headroom at least, as every
 * received datagram has, from `local` (zero: the socket's, else the stack chooses) to `remote`.
 * Always consumes it. What is longer than the way's MTU is dropped and counted by the stack.
 * Returns: FA_OK; FA_ENOSPC: tx_count_max wait already; FA_EINVAL: above 65,527 bytes or port 0. */
fa_err fa_udp_send_take(struct fa_udp_socket *socket, struct fa_buf *take,
    const struct fa_ip *local, const struct fa_endpoint *remote);

/* Copy and send. Returns: as above; FA_ENOSPC also if config.pool is empty, FA_EINVAL also if the
 * payload does not fit a buffer. */
fa_err fa_udp_send(struct fa_udp_socket *socket, struct fa_slice payload, const struct fa_ip *local,
    const struct fa_endpoint *remote);

#endif
