// SPDX-License-Identifier: ISC
//
// test/conform/packetdrill_peer.h: the far side of one conversation with a libfata_packetdrill, as
// a script would be it: packets made and judged by src/wire.

#ifndef PACKETDRILL_PEER_H
#define PACKETDRILL_PEER_H

#include <netinet/in.h>

#include "fa/wire/tcp.h"
#include "host/packetdrill/interface.h"
#include "test/conform/packetdrill_conform.h"

enum {
    PEER_PORT = 40000,
    OWN_PORT = 8080,
    PACKET_MAX = 10000,
};

/* The stack's address and the peer's, which is beyond its gateway. */
#define PEER_OWN  0xc0a80001
#define PEER_PEER 0xc0000201
extern const struct fa_ip peer_own6;
extern const struct fa_ip peer_peer6;

/* A packet that came from the stack. */
struct seen {
    struct fa_tcp_header tcp;
    size_t payload_len;
    long long time_us;
    uint8_t packet[PACKET_MAX];
    size_t len; /* 0: none came */
};

struct peer {
    struct packetdrill_interface ifc;
    void *w; /* ifc.userdata */
    uint16_t own_port;
    uint32_t next; /* sequence number we send next */
    uint32_t got;  /* of the stack's: what we have */
    uint32_t ts_echo;
    bool has_ts;
    bool six; /* it speaks IPv6 */
};

/* Make a world; and end it. */
void peer_open(struct peer *peer, packetdrill_init_fn init, const char *flags);
void peer_close(struct peer *peer);

/* Send a segment with `len` bytes of payload from peer->next, acknowledging peer->got. A SYN offers
 * an mss of 1000 and a scale of 0. */
void peer_send(struct peer *peer, uint8_t flags, size_t len);

/* The next packet, a good TCP segment to us, or a failed check. What it says is acknowledged from
 * now on. */
const struct seen *peer_expect(struct peer *peer, uint8_t flags, size_t payload_len);

/* A listening socket at OWN_PORT. */
int peer_listen(struct peer *peer);
/* SYN, SYN+ACK, ACK to it. */
void peer_shake_hands(struct peer *peer);
/* All that, and accept. */
int peer_accept(struct peer *peer);

struct sockaddr_in peer_name(uint32_t ip, uint16_t port);
long long peer_now_us(struct peer *peer);
int peer_int_option(struct peer *peer, int fd, int level, int name);

#endif
