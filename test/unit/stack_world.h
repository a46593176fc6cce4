// SPDX-License-Identifier: ISC
//
// test/unit/stack_world.h: two stacks and a troublemaker on one switch, in virtual time.
//
// Stacks a (10.0.0.1/24) and b (10.0.0.2/24); the third port is bare: a test writes frames to it
// by hand and reads what arrives.

#ifndef STACK_WORLD_H
#define STACK_WORLD_H

#include "fa/stack.h"
#include "fa/vnet.h"
#include "fa/wire/eth.h"
#include "fa/wire/ip4.h"

enum {
    WORLD_BUF_COUNT = 256,
    WORLD_LARGE_COUNT = 4, /* buffers that hold any packet */
    WORLD_CONN_COUNT = 16,
    WORLD_A = 0x0a000001,
    WORLD_B = 0x0a000002,
    WORLD_M = 0x0a000003, /* what the bare port says it is, if anything */
};

/* One station. */
struct station {
    struct fa_vnet_port port;
    struct fa_netdev *dev; /* the port, recorded */
    struct fa_pool pool;
    struct fa_pool large; /* for packets put together of fragments */
    struct fa_counters counters;
    struct fa_stack stack; /* not of the bare port */
};

struct world {
    struct fa_vnet vnet;
    struct station a;
    struct station b;
    struct station m;
    fa_ns now;
};

extern struct world world;

#define COUNTED(station, name) ((long long)FA_COUNTER_VALUE(&(station)->counters, name))

/* Plug three stations in; no stack runs yet. */
void world_open_wire(void);

/* The configuration of a stack with a static address, or by DHCP if `ip` is 0; without IPv6. */
struct fa_stack_config world_config(struct station *station, uint32_t ip);

/* Start a stack with that. */
void world_start(struct station *station, uint32_t ip);

/* Both: a and b have their addresses and are done announcing them. */
void world_open(void);

/* Poll until nobody has anything to do; time stands still. */
void world_settle(void);

/* Let time pass, from deadline to deadline. */
void world_run(fa_ns duration);

/* Stop the stacks, and see that every buffer is back. */
void world_close(void);

/* Send `payload` in an IPv4 packet in a frame from the bare port to `target_mac`, with `trailing`
 * bytes behind it. Fields of `ip` that are zero get usual values, its checksum is made. */
void world_inject(const uint8_t *target_mac, const struct fa_ip4_header *ip,
    struct fa_slice payload, size_t trailing);

/* Send bytes as the payload of a frame of `type` from the bare port. */
void world_inject_frame(const uint8_t *target_mac, uint16_t type, struct fa_slice payload);

/* The next frame at the bare port, whole; NULL if none waits. The caller drops it. */
struct fa_buf *world_sniff(void);

/* Forget all that waits at the bare port. */
void world_sniff_nothing(void);

/* A UDP datagram with header; in static memory. Checksum for those addresses. */
struct fa_slice world_datagram(uint32_t source, uint32_t target, uint16_t source_port,
    uint16_t target_port, struct fa_slice payload);

/* ---- short words ---- */

const uint8_t *world_mac(const struct station *station);
struct fa_endpoint world_at(uint32_t ip, uint16_t port);

/* Bind a port that hears broadcasts too; 0: any. */
fa_err world_bind(struct station *station, struct fa_udp_socket *socket, uint16_t port);

/* Send text from any address. */
fa_err world_send(struct fa_udp_socket *socket, const char *text, struct fa_endpoint to);

/* Whether the next datagram of a socket is this text; *ret_from may be NULL. */
bool world_recv(struct fa_udp_socket *socket, const char *text, struct fa_udp_from *ret_from);

/* Room for connections of stack a. */
struct fa_tcp_config world_tcp_config(void);

#endif
