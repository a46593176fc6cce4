// SPDX-License-Identifier: ISC
//
// test/middlebox.h: what stands between two ends and thinks it knows TCP: a wrapper around a
// netdev.
//
// It has an inside, the stack that uses it, and an outside, the netdev that it wraps. It translates
// ports, strips options, lowers MSS, thins acknowledgements, spreads packets over two paths, drops
// what is too big, bleaches ECN, shifts sequence numbers, and forgets connections. Checksums are
// mended, but only those that were right: a packet that was corrupted before passes as it is. It
// knows IPv4 and IPv6 without extension headers; whatever else comes passes.
// Tested by test/unit/middlebox_test.c; used by test/sim.
//
//     middlebox_wrap(&box, &port.dev, &(struct middlebox_config){.mss_max = 1000}, seed);
//     use(&box.dev);

#ifndef TEST_MIDDLEBOX_H
#define TEST_MIDDLEBOX_H

#include "fa/ip.h"
#include "fa/list.h"
#include "fa/netdev.h"
#include "fa/rand.h"
#include "fa/wire/tcp.h"

enum {
    MIDDLEBOX_FLOW_MAX = 256, /* connections; the one not seen for longest gives way */
    MIDDLEBOX_HELD_MAX = 4096 /* frames on their way, both directions */
};

enum middlebox_dir {
    MIDDLEBOX_IN, /* to the stack */
    MIDDLEBOX_OUT,
    MIDDLEBOX_DIR_COUNT,
};

/* TCP option kinds, as bits of `strip`. */
enum {
    MIDDLEBOX_MSS = 1u << 2,
    MIDDLEBOX_SCALE = 1u << 3,
    MIDDLEBOX_SACK_OK = 1u << 4,
    MIDDLEBOX_SACK = 1u << 5,
    MIDDLEBOX_TS = 1u << 8,
    MIDDLEBOX_UNKNOWN = 1u << 31, /* every kind not named here */
};

/* How an option is stripped. */
enum middlebox_strip {
    MIDDLEBOX_BLANK,  /* overwritten by NOPs */
    MIDDLEBOX_REMOVE, /* taken out, the header becomes shorter */
    MIDDLEBOX_MANGLE, /* its kind becomes 253 (RFC 4727) */
};

enum middlebox_ecn {
    MIDDLEBOX_ECN_KEEP,
    MIDDLEBOX_ECN_BLEACH, /* both bits of each packet become 0 */
    MIDDLEBOX_ECN_MARK,   /* ECT becomes CE on one packet in 16 */
    MIDDLEBOX_ECN_DENY,   /* ECE and CWR of SYNs are cleared */
};

/* What the box does; zero: nothing. */
struct middlebox_config {
    uint32_t strip;     /* MIDDLEBOX_... kinds, both ways */
    uint32_t strip_out; /* ... and only on the way out */
    enum middlebox_strip how;
    uint16_t mss_max;   /* larger ones in SYNs become this; 0: left alone */
    fa_ns ack_hold_ns;  /* an ACK without data waits that long for one that supersedes it */
    fa_ns path_ns[2];   /* delays of the two paths that packets take by chance; 0, 0: one path */
    uint16_t mtu_bytes; /* longer IP packets are dropped; 0: none */
    bool mtu_icmp;      /* ... and the sender is told */
    enum middlebox_ecn ecn;
    bool shift_seq;  /* our sequence numbers are others outside */
    bool shift_sack; /* ... and SACK blocks are translated as well, which some boxes forget */
    bool nat;        /* connections from inside have other ports outside */
    fa_ns idle_ns;   /* connections not seen for that long are forgotten; 0: never */
    bool reset;      /* who belongs to nothing known is reset; else dropped */
};

/* What happened so far. */
struct middlebox_stats {
    uint64_t edited_count; /* segments changed in any way */
    uint64_t thinned_count;
    uint64_t too_big_count;
    uint64_t unknown_count; /* segments of connections that are not, or no longer, known */
    uint64_t reset_count;
    uint64_t rebound_count; /* connections that got another port while they were open */
};

struct middlebox_flow {
    bool used;
    bool from_inside;
    struct fa_ip remote;
    uint16_t remote_port;
    uint16_t inner_port;
    uint16_t outer_port;
    fa_ns seen_ns;
};

/* `dev` is the part to use. Private but for `stats`. Pinned. */
struct middlebox {
    struct fa_netdev dev;
    struct fa_netdev *inner;
    struct middlebox_config config;
    struct middlebox_stats stats;
    bool transparent; /* the config says nothing */
    struct fa_rand rand;
    uint64_t shift_key;
    uint16_t next_port;
    struct fa_list held[MIDDLEBOX_DIR_COUNT]; /* fa_buf.node by fa_buf.at_ns */
    uint32_t held_count;
    struct middlebox_flow flows[MIDDLEBOX_FLOW_MAX];
};

/* Wrap `inner`, which is borrowed until fa_netdev_close(&box->dev) closes both. */
void middlebox_wrap(struct middlebox *box, struct fa_netdev *inner,
    const struct middlebox_config *config, uint64_t seed);

/* Change what it does from the next packet on. */
void middlebox_set(struct middlebox *box, const struct middlebox_config *config);

/* Forget every connection, as after a restart: those from inside get other ports. */
void middlebox_forget(struct middlebox *box);

/* ---- between the files of the middlebox -------------------------------------------------- */

/* A frame with a good TCP segment over IPv4 or IPv6. */
struct middlebox_segment {
    struct fa_buf *buf;
    uint8_t *ip;
    uint8_t *tcp;
    struct fa_ip_meta meta; /* local: its source */
    struct fa_tcp_header header;
    bool changed;
};

/* middlebox_edit.c: read; change as configured; mend checksums. */
bool middlebox_segment_read(struct middlebox_segment *seg, struct fa_buf *buf);
void middlebox_segment_edit(
    struct middlebox *box, enum middlebox_dir dir, struct middlebox_segment *seg);
void middlebox_segment_mend(struct middlebox_segment *seg);
/* Make a frame an answer to its sender: a reset, or an ICMP error that quotes it. */
void middlebox_turn_reset(struct middlebox_segment *seg);
void middlebox_turn_too_big(struct fa_buf *buf, uint16_t mtu_bytes);

/* middlebox_flow.c: translate ports. Returns: false if the segment belongs to nothing known. */
bool middlebox_flow_pass(
    struct middlebox *box, enum middlebox_dir dir, fa_ns now, struct middlebox_segment *seg);

#endif
