// SPDX-License-Identifier: ISC
//
// What the files of UDP share: udp.c has the sockets, udp_input.c brings datagrams up, udp_output.c
// brings them down.

#ifndef FA_NET_UDP_PRIV_H
#define FA_NET_UDP_PRIV_H

#include "fa/udp.h"

/* udp.c */

struct fa_list *fa__udp_bucket(struct fa_udp *udp, uint16_t port);
struct fa_list *fa__udp_connected_bucket(
    struct fa_udp *udp, uint16_t port, const struct fa_endpoint *remote);

/* The error that the caller of recv or send is to be told now; it is told once. */
fa_err fa__udp_error_take(struct fa_udp_socket *socket);

static inline bool fa__udp_is_connected(const struct fa_udp_socket *socket)
{
    return socket->remote.port != 0;
}

static inline bool fa__udp_same_endpoint(const struct fa_endpoint *a, const struct fa_endpoint *b)
{
    return a->port == b->port && fa_ip_equal(&a->ip, &b->ip);
}

static inline void fa__udp_tell(struct fa_udp_socket *socket, unsigned events)
{
    if (socket->watch != NULL) {
        socket->watch->fn(socket->watch, events);
    }
}

/* udp_input.c */

/* The socket that hears what `remote` sends to `port` at `local`; NULL: none. */
struct fa_udp_socket *fa__udp_find(
    struct fa_udp *udp, uint16_t port, const struct fa_ip *local, const struct fa_endpoint *remote);

#endif
