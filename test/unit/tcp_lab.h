// SPDX-License-Identifier: ISC
//
// test/unit/tcp_lab.h: one TCP on the table, the test plays its peer segment by segment.
//
// Sequence numbers are counted from each side's SYN, which is 0. Time is virtual; every segment
// that leaves is noted with its time, and the invariants of all connections are checked after
// every step.
//
//     lab_init(NULL);
//     lab_listen(NULL);
//     IN(.flags = FA_TCP_SYN, .mss = 1460);
//     OUT(.flags = FA_TCP_SYN | FA_TCP_ACK, .ack = 1, .mss = 1460);
//     IN(.flags = FA_TCP_ACK, .seq = 1, .ack = 1);
//     QUIET();

#ifndef TEST_TCP_LAB_H
#define TEST_TCP_LAB_H

#include "test/t.h"
#include "test/unit/tcp_end.h"

enum {
    LAB_PORT = 80,         /* ours when we listen */
    LAB_PEER_PORT = 40000, /* the peer's */
};

/* A segment, numbers relative. A window that is 0 is 65535 in IN() and any in OUT(). */
struct lab_segment {
    uint8_t flags;
    int64_t seq;
    int64_t ack;
    uint32_t len; /* payload bytes: the stream's pattern */
    uint32_t window;
    bool closed; /* the window is 0 */
    uint16_t mss;
    bool has_scale;
    uint8_t scale;
    bool sack_ok;
    bool has_ts;       /* OUT: must be there if this says so */
    uint32_t ts_value; /* IN: as it is; OUT: ms since lab_init(), 0: any */
    uint32_t ts_echo;  /* IN: ms since lab_init(), OUT: as it is */
    bool ecn;          /* OUT: ECE, CWR and `traffic` count, too */
    uint8_t traffic;   /* class of the packet */
    uint8_t ttl;       /* OUT: of the packet; 0: any */
    uint8_t sack_count;
    struct fa_tcp_sack sacks[FA_TCP_SACK_MAX]; /* numbers relative */
    uint16_t port;                             /* the peer's; 0: LAB_PEER_PORT */
    fa_ns within_ns; /* OUT: let that much time pass until it comes; it must take it all */
};

struct lab {
    struct tcp_end end;
    struct fa_ip peer_ip;
    fa_ns now;
    uint32_t peer_iss;
    uint32_t iss; /* learned from the first SYN that leaves */
    bool has_iss;
    uint32_t ts_base; /* our timestamp at lab_init(), learned the same way */
    fa_ns start;
    uint8_t tx_scale; /* of the windows we announce, learned the same way */
    struct fa_flow *flow;
    struct fa_tcp_conn *conn; /* flow's */
    size_t lost_count;        /* segments that OUT() was not asked about */
};

extern struct lab lab;

/* NULL: a user timeout of 100 s and New Reno, whose windows are easy to reckon. */
void lab_init(const struct fa_tcp_config *config);
void lab_listen(const struct fa_tcp_listen_config *config);

/* The same on small numbers: begin with an initial number `to_wrap` bytes below 2^32. */
void lab_wrap_soon(uint32_t to_wrap);

void lab_in(const struct lab_segment *seg);
void lab_out(const char *file, int line, const struct lab_segment *want);
void lab_quiet(const char *file, int line);
/* Let time pass; what leaves meanwhile is forgotten. */
void lab_sleep(fa_ns duration);

#define IN(...)     lab_in(&(struct lab_segment){__VA_ARGS__})
#define OUT(...)    lab_out(__FILE__, __LINE__, &(struct lab_segment){__VA_ARGS__})
#define QUIET()     lab_quiet(__FILE__, __LINE__)
#define COUNT(name) END_COUNT(&lab.end, name)

/* Established connections, our side at 1, the peer's at 1; `lab.flow` is it. The peer's window is
 * 65535, its MSS 1460, no scaling unless said. */
void lab_accept(void);
void lab_connect(void);

/* Bring the connection, which is established, into `state`; the flow is still open. */
void lab_to(enum fa_tcp_state state);
enum fa_tcp_state lab_state(void);

/* Write `len` pattern bytes; read as many and check them. Returns: how many it were. */
size_t lab_write(size_t len);
size_t lab_read(size_t len);

/* Everything is closed and given back: no connection, no buffer is left. */
void lab_end(void);

#endif
