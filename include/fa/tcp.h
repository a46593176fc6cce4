// SPDX-License-Identifier: ISC
//
// fa/tcp.h: TCP (RFC 9293) as a protocol without I/O: segments in, segments out, flows up.
//
// One struct fa_tcp serves any number of addresses of a stack. It never calls malloc, the clock or
// the network: its owner passes time and segments in and pulls segments out. Beyond RFC 9293: RFC
// 6298 (retransmission timer), 5681 (congestion control), 5961 (blind attacks), 6528 (initial
// sequence numbers), 7323 (window scale, timestamps, PAWS), 6191 (TIME_WAIT). A connection is a
// fa_flow, a listening port a fa_listener. Tested by test/unit/tcp_*_test.c, test/sim,
// fuzz/tcp_fuzz.c; bench/tcp_bench.c.
//
//     fa_tcp_init(&tcp, &config);
//     FA_TRY(fa_tcp_listen(&tcp, &port80, &(struct fa_tcp_listen_config){.port = 80}));
//     fa_tcp_input(&tcp, now, &meta, segment);
//     while (fa_tcp_output(&tcp, now, buf, &meta)) send(buf, &meta);

#ifndef FA_TCP_H
#define FA_TCP_H

#include "fa/base.h"
#include "fa/buf.h"
#include "fa/counter.h"
#include "fa/deadline.h"
#include "fa/flow.h"
#include "fa/hash.h"
#include "fa/ip.h"
#include "fa/list.h"
#include "fa/rand.h"

enum {
    FA_TCP_MSS_DEFAULT = 536,    /* bytes, RFC 9293 3.7.1: when the other side names none */
    FA_TCP_REPLY_COUNT_MAX = 64, /* resets of no connection, waiting to be sent */
    FA_TCP_PORT_COUNTERS = 64,   /* RFC 6056 3.3.4: how predictable one destination makes others */
    FA_TCP_PORT_MAP_COUNT = 4,   /* destinations nearly out of ports that are searched in O(1) */
    FA_TCP_PORT_WORDS = 512,     /* of 64 ports: 32768 to 65535 */
    FA_TCP_PORT_SUMS = 8,
    FA_TCP_RECENT_COUNT = 64, /* connections found without a search, a power of two */
};

/* RFC 9293 3.3.2. LISTEN is a struct of its own. */
enum fa_tcp_state {
    FA_TCP_CLOSED,
    FA_TCP_SYN_SENT,
    FA_TCP_SYN_RECEIVED,
    FA_TCP_ESTABLISHED,
    FA_TCP_FIN_WAIT_1,
    FA_TCP_FIN_WAIT_2,
    FA_TCP_CLOSE_WAIT,
    FA_TCP_CLOSING,
    FA_TCP_LAST_ACK,
    FA_TCP_TIME_WAIT,
    FA_TCP_STATE_COUNT,
};

/* What a TCP may do beyond RFC 9293; each can be switched off, by fa_tcp_config.features_off. */
enum fa_tcp_feature {
    FA_TCP_WINDOW_SCALE = 1 << 0,     /* RFC 7323 2 */
    FA_TCP_TIMESTAMPS = 1 << 1,       /* RFC 7323 3, and PAWS, 5 */
    FA_TCP_SACK = 1 << 2,             /* RFC 2018, 6675; without it New Reno, RFC 6582 */
    FA_TCP_COOKIES = 1 << 3,          /* RFC 4987 3.6, over half_open_max; else SYNs are dropped */
    FA_TCP_RACK = 1 << 4,             /* RFC 8985 6; without it losses are counted, RFC 6675 */
    FA_TCP_TAIL_LOSS_PROBE = 1 << 5,  /* RFC 8985 7 */
    FA_TCP_PRR = 1 << 6,              /* proportional rate reduction, RFC 6937 */
    FA_TCP_UNDO = 1 << 7,             /* of needless recoveries: RFC 4015, 3708, 5682 */
    FA_TCP_LIMITED_TRANSMIT = 1 << 8, /* RFC 3042, without SACK */
    FA_TCP_DSACK = 1 << 9,            /* report what came twice, RFC 2883 */
    FA_TCP_ECN = 1 << 11,             /* RFC 3168, for who asks for it ... */
    FA_TCP_MTU_PROBE = 1 << 13,       /* make segments smaller that time out again and again, then
                                       * search for the largest that pass (RFC 4821, with SACK);
                                       * without it what ICMP has made smaller still grows again */
    FA_TCP_ECN_ASK = 1 << 12,         /* ... and by asking for it */
    FA_TCP_FAST_PATH = 1 << 14,       /* usual segments past the layers: the same ones, sooner */
    FA_TCP_HYSTART = 1 << 10,         /* CUBIC leaves slow start before loss, RFC 9406 */
};

/* Congestion control. */
enum fa_tcp_congestion {
    FA_TCP_CUBIC,    /* RFC 9438 */
    FA_TCP_NEW_RENO, /* RFC 5681, 6582 */
    FA_TCP_CONGESTION_COUNT,
};

struct fa_tcp_conn; /* src/net/tcp_priv.h; size by FA_TCP_CONN_BYTES */
struct fa_tcp;

/* All limits of a TCP. Zero means the default in brackets. */
struct fa_tcp_config {
    void *conn_memory;            /* conn_count_max * FA_TCP_CONN_BYTES bytes, 64-byte aligned */
    uint32_t conn_count_max;      /* connections, half-open and TIME_WAIT ones included */
    uint32_t *bucket_memory;      /* bucket_count words for the table of connections */
    uint32_t bucket_count;        /* a power of two, about conn_count_max */
    struct fa_pool *pool;         /* what is written but not acknowledged lives here */
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed */
    uint32_t features_off;        /* enum fa_tcp_feature: what not to use [0: all are on] */
    uint32_t rx_window_bytes;     /* largest receive window of a connection [4,194,304] */
    uint32_t rx_window_initial_bytes; /* grows from here as the application reads [65,535] */
    uint32_t tx_buffer_bytes;         /* most bytes unacknowledged or unsent of a connection; grows
                                       * with the congestion window from 64 KiB on [4,194,304] */
    size_t memory_high_bytes;         /* buffers of all connections: from here on one gets a buffer
                                       * only if it has none, and gives up what lies beyond a hole
                                       * [3/4 of the pool] */
    size_t memory_pressure_bytes;  /* above this windows and send buffers shrink to shares [2/3 of
                                    * memory_high_bytes] */
    size_t memory_low_bytes;       /* below this they grow again [1/2 of it] */
    uint32_t tx_buffer_count_keep; /* buffers of the pool that writers must leave free [1/8] */
    fa_ns time_wait_ns;            /* 2 MSL [60 s]; the oldest gives way when the table is full */
    fa_ns user_timeout_ns;         /* give up when nothing is acknowledged that long [300 s, RFC
                                    * 9293 3.9.1.1] */
    fa_ns fin_wait_2_ns;           /* wait for the peer's FIN after our close [60 s] */
    fa_ns delayed_ack_ns;          /* [40 ms], RFC 1122 4.2.3.2 allows up to 500 ms */
    enum fa_tcp_congestion congestion; /* of new connections [CUBIC] */
    uint32_t initial_segments;         /* of the initial window [10, RFC 6928] */
    fa_ns rto_min_ns;                  /* [200 ms]; RFC 6298 2.4 says 1 s, Linux 200 ms */
    uint32_t challenge_acks_per_s;     /* RFC 5961 section 7, about [100]; the exact number of a
                                        * second is random, so that nobody can count with it */
    fa_ns challenge_gap_ns;       /* between two challenge ACKs of one connection [500 ms]; below
                                   * 1 ms there is none */
    uint32_t resets_per_s;        /* in answer to segments that belong to nobody [1000] */
    uint16_t half_open_max;       /* of a listener that does not say [256] */
    uint32_t cookies_per_s;       /* SYN+ACKs beyond half_open_max [100,000] */
    bool keepalive;               /* of every connection; else fa_tcp_keepalive_set() */
    fa_ns keepalive_after_ns;     /* a peer that is silent that long is asked [2 h] */
    fa_ns keepalive_interval_ns;  /* and asked again [75 s] */
    uint32_t keepalive_probes;    /* so often, then the connection is reset [9] */
    uint32_t orphan_count_max;    /* closed here, not yet by the peer; the oldest is reset for a
                                   * newcomer [conn_count_max / 2] */
    uint32_t time_wait_count_max; /* the oldest gives way for a newcomer [conn_count_max] */
};

/* What one connection has of its own; zero: as fa_tcp_config says. Hand-over leaves it out: who
 * holds the flow sets it anew. */
struct fa_tcp_options {
    uint32_t rx_window_bytes; /* at most, as the next: rounded up to 1 KiB, 2 KiB at least, and not
                               * more than the configuration's */
    uint32_t tx_buffer_bytes;
    uint16_t keepalive_after_s;
    uint16_t keepalive_interval_s;
    uint8_t keepalive_probes;
    uint8_t fin_wait_2_s;
    uint8_t ttl;        /* or hop limit [the stack's] */
    uint8_t traffic;    /* DSCP; the two bits of ECN are TCP's own */
    uint16_t mss_bytes; /* largest segment both ways, 64 at least; only before there is a SYN */
    bool quick_ack;     /* acknowledge what arrives at once, not every second segment */
};

struct fa_tcp_listen_config {
    struct fa_ip ip; /* zero: any address of the stack */
    uint16_t port;
    uint16_t backlog_max; /* established, not yet accepted [128] */
    uint16_t
        half_open_max; /* SYN_RECEIVED [fa_tcp_config's]; further SYNs are answered by cookies */
    bool nagle;        /* collect small writes: fa_tcp_nagle_set() */
    struct fa_tcp_options options; /* of those that it accepts */
};

struct fa_tcp_connect_config {
    struct fa_endpoint remote;
    struct fa_ip local;  /* the address to speak from */
    uint16_t local_port; /* 0: chosen at random from 32,768 (RFC 6056); so many connections an
                          * address can have to each remote address and port */
    uint16_t mtu_bytes;  /* of the way there */
    uint8_t iface;       /* for the stack: which interface a link-local target is reached over */
    bool nagle;
    struct fa_tcp_options options;
};

/* A listening port. The caller provides it; private below. Pinned until closed. */
struct fa_tcp_listener {
    struct fa_listener listener;
    struct fa_list node;
    struct fa_tcp *tcp;
    struct fa_tcp_listen_config config;
    struct fa_list half_open;
    struct fa_list accept_queue;
    uint32_t accept_count;
    uint32_t half_open_count;
};

/* A reset in answer to a segment that belongs to no connection, or a SYN+ACK that is a cookie. */
struct fa_tcp_reply {
    struct fa_ip local;
    struct fa_ip remote;
    uint16_t local_port;
    uint16_t remote_port;
    uint32_t seq;
    uint32_t ack;
    uint8_t flags;
    uint8_t scale;
    bool has_scale;
    bool sack_ok;
    bool has_ts;
    uint16_t window;
    uint16_t mss;
    uint8_t ttl;
    uint8_t traffic;
    uint32_t ts_value;
    uint32_t ts_echo;
};

/* Whose a connection is. Without padding, so that it is compared as bytes. */
struct fa__tcp_tuple {
    struct fa_ip local;
    struct fa_ip remote;
    uint16_t local_port;
    uint16_t remote_port;
};

/* What was made of a tuple's bytes last: who asks for it, and makes a connection of it, asks for
 * the same several times. */
struct fa_tcp_hashed {
    struct fa__tcp_tuple tuple;
    bool known; /* `hash` is */
    bool secret_known;
    uint32_t hash;
    uint64_t secret;
};

/* A connection that a segment was for not long ago. Zeroed: none. */
struct fa_tcp_recent {
    struct fa_tcp_conn *conn;
    uint32_t ports; /* of its tuple: to see without a look at it that it is another */
};

/* Which ports are free for one local address and one destination. */
struct fa_tcp_port_map {
    struct fa_ip local;
    struct fa_ip remote;
    uint16_t remote_port;
    uint64_t sums[FA_TCP_PORT_SUMS]; /* bit w: word w is not 0 */
    uint64_t words[FA_TCP_PORT_WORDS];
};

struct fa_tcp_ports {
    struct fa_siphash_key key;
    uint32_t counters[FA_TCP_PORT_COUNTERS];
    uint32_t map_count;
    uint32_t map_next;
    struct fa_tcp_port_map maps[FA_TCP_PORT_MAP_COUNT];
};

/* Private below, complete so that it can be static. Pinned. */
struct fa_tcp {
    struct fa_tcp_config config;
    struct fa_siphash_key table_key;
    struct fa_siphash_key isn_key; /* RFC 6528 */
    struct fa_siphash_key cookie_key;
    struct fa_list listeners;
    struct fa_list free;      /* connections used before and free again */
    struct fa_list dirty;     /* connections that may have something to send */
    struct fa_list time_wait; /* those nobody holds, oldest first */
    struct fa_list orphans;   /* closed by the application before that, oldest first */
    struct fa_list starved;   /* connections whose writer waits for a buffer of the pool */
    struct fa_deadline_queue deadlines;
    struct fa_deadline starved_retry;
    struct fa_tcp_recent recent[FA_TCP_RECENT_COUNT];
    struct fa_tcp_hashed hashed;
    struct fa_tcp_reply replies[FA_TCP_REPLY_COUNT_MAX];
    uint32_t reply_head;
    uint32_t reply_count;
    uint32_t carved_count;
    uint32_t live_count;
    uint32_t search_count; /* of searches in the table, modulo 2^32 */
    bool spread;           /* most segments of the last burst had to be searched for: many talk */
    size_t held_bytes;     /* buffers in queues of connections */
    bool pressed; /* memory_pressure_bytes were held, and not less than memory_low_bytes yet */
    uint32_t orphan_count;
    uint32_t time_wait_count;
    uint32_t next_id;
    fa_ns now;             /* of the present input, output or tick */
    fa_ns budget_start_ns; /* of the second that the budgets below are for */
    uint32_t challenge_budget;
    uint32_t reset_budget;
    uint32_t cookie_budget;
    fa_ns cookie_until_ns; /* an ACK to a listener may answer a cookie; 0: never was one sent */
    struct fa_tcp_ports ports;
};

void fa_tcp_init(struct fa_tcp *tcp, const struct fa_tcp_config *config, fa_ns now);

/*
 * Take in one segment: `take` begins at the TCP header, `meta` says whose it is.
 *
 * Drops and counts what is malformed, has a bad checksum (unless FA_OFFLOAD_CSUM_GOOD), or was sent
 * to a group. What it answers is fetched by fa_tcp_output().
 */
void fa_tcp_input(
    struct fa_tcp *tcp, fa_ns now, const struct fa_ip_meta *meta, struct fa_buf *take);

/* ICMP says that the packet whose TCP header begins `quoted` (8 bytes at least) did not arrive.
 * `meta` is that packet's, seen from here. Hard errors end a connection in SYN_SENT only (RFC
 * 5927). Returns: whether it is in flight, so that the message may be believed.
 */
enum fa_tcp_icmp {
    FA_TCP_ICMP_UNREACHABLE,
    FA_TCP_ICMP_TOO_BIG, /* meta->mtu_bytes is the next hop's */
};
bool fa_tcp_icmp(struct fa_tcp *tcp, fa_ns now, const struct fa_ip_meta *meta,
    enum fa_tcp_icmp kind, struct fa_slice quoted);

/*
 * Write the next segment, headers to payload, into the empty buffer `buf`.
 *
 * buf->offload.flags says what the card will do for it (enum fa_offload_flags, usually 0). With
 * CSUM_NEEDED the checksum is left to the card; with TSO4 or TSO6 too, new data may be a
 * super-segment of up to 64 KiB. buf->offload then describes what is left, from the TCP header on:
 * whoever pushes a header moves csum_start and hdr_bytes.
 *
 * Returns: whether there was one; *ret_meta then says where it goes.
 * Limits:  `buf` has FA_BUF_HEADROOM bytes of headroom and room for the connection's MSS.
 */
bool fa_tcp_output(struct fa_tcp *tcp, fa_ns now, struct fa_buf *buf, struct fa_ip_meta *ret_meta);

/* Whether fa_tcp_output() may have something to say. O(1). */
static inline bool fa_tcp_has_output(const struct fa_tcp *tcp)
{
    return tcp->reply_count != 0 || !fa_list_empty(&tcp->dirty);
}

/* When fa_tcp_tick() is due; FA_NS_NEVER. O(1). */
static inline fa_ns fa_tcp_deadline(const struct fa_tcp *tcp)
{
    return fa_deadline_next(&tcp->deadlines);
}

/* Let time pass: retransmissions, probes, delayed acknowledgements, TIME_WAIT. */
void fa_tcp_tick(struct fa_tcp *tcp, fa_ns now);

/*
 * Listen on a port; accept with fa_listener_accept(&listener->listener, ...).
 *
 * Returns: FA_OK; FA_EINVAL: the port is taken for that address, or is 0.
 */
fa_err fa_tcp_listen(struct fa_tcp *tcp, struct fa_tcp_listener *listener,
    const struct fa_tcp_listen_config *config);

/*
 * Begin to connect. The flow says FA_AGAIN until the handshake is over, then works, or says
 * FA_EREFUSED or FA_ETIMEOUT.
 *
 * Owns:    *ret_flow is the caller's until fa_flow_close() or fa_flow_abort().
 * Returns: FA_OK; FA_ENOSPC: no connection, port or buffer left; FA_EINVAL: the 4-tuple is in use.
 *          One in TIME_WAIT for a second, with timestamps, is not.
 */
fa_err fa_tcp_connect(struct fa_tcp *tcp, fa_ns now, const struct fa_tcp_connect_config *config,
    struct fa_flow **ret_flow);

/*
 * Reset every connection that speaks from address `local`, or all with NULL, and what has not been
 * accepted: the address is gone, or the stack stops. fa_tcp_output() fetches the resets.
 */
void fa_tcp_reset_all(struct fa_tcp *tcp, fa_ns now, const struct fa_ip *local);

/*
 * Ask a silent peer now and then whether it is still there (RFC 9293 3.8.4), or stop doing so; the
 * connection ends with FA_ETIMEOUT if it is not. config.keepalive says what a new one does.
 */
void fa_tcp_keepalive_set(struct fa_flow *flow, fa_ns now, bool on);

/*
 * Give up when the peer has acknowledged nothing for `timeout` (RFC 5482, our side alone), in
 * milliseconds, at least one; 0: config.user_timeout_ns. With keepalive on it also ends the wait
 * for an answer to its probes.
 */
void fa_tcp_user_timeout_set(struct fa_flow *flow, fa_ns timeout);

/*
 * fa_flow_close() that does not wait for ever: if the peer has not acknowledged all and our FIN
 * after `linger`, the connection is reset. 0: reset it now, as fa_flow_abort() does.
 */
void fa_tcp_close_within(struct fa_flow *flow, fa_ns linger);

/* Give a connection other options from now on; its MSS stays. */
void fa_tcp_options_set(struct fa_flow *flow, fa_ns now, const struct fa_tcp_options *options);

/* How many connections wait to be accepted. */
static inline uint32_t fa_tcp_listener_pending(const struct fa_tcp_listener *listener)
{
    return listener->accept_count;
}

/*
 * Collect small writes of a connection from now on, or send each at turn's end. Collected is as
 * Linux does it, by Minshall's variant of RFC 9293 3.7.4: what fills no segment waits only while
 * another such segment is not acknowledged, not for full ones; at the end of the stream for none.
 */
void fa_tcp_nagle_set(struct fa_flow *flow, bool nagle);

/*
 * Time from `now` - `gap` to `now` has passed unseen: connections take it for none, but for those
 * in TIME_WAIT. Ports and cookies begin anew out of config.rand. O(connections).
 */
void fa_tcp_resume(struct fa_tcp *tcp, fa_ns now, fa_ns gap);

/* Keep back what does not fill a segment, until uncorked or closed, or for an RTO: Linux's
 * TCP_CORK. Limits: `flow` is a connection of fa_tcp. */
void fa_tcp_cork_set(struct fa_flow *flow, bool cork);

/* Change the congestion control of a connection, which begins anew with the window it has. Limits:
 * `flow` is a connection of fa_tcp. Returns: FA_OK; FA_EINVAL: there is no such one. */
fa_err fa_tcp_congestion_set(struct fa_flow *flow, enum fa_tcp_congestion which);
enum fa_tcp_congestion fa_tcp_congestion_of(const struct fa_flow *flow);
/* "cubic", "newreno"; "?". */
const char *fa_tcp_congestion_name(enum fa_tcp_congestion which);

/* What is known of a connection; for tests, logs and tools. */
struct fa_tcp_info {
    struct fa_endpoint local;
    struct fa_endpoint remote;
    enum fa_tcp_state state;
    uint32_t id; /* actor of its trace records */
    uint32_t mss_bytes;
    uint32_t cwnd_bytes;
    uint32_t ssthresh_bytes;
    uint32_t tx_window_bytes; /* the peer's */
    uint32_t rx_window_bytes; /* ours */
    uint32_t in_flight_bytes;
    uint32_t unsent_bytes;
    uint32_t unread_bytes; /* in order, not read yet */
    uint32_t retransmit_count;
    fa_ns srtt_ns;
    fa_ns rto_ns;
};

/* The received bytes that are not read yet, piece by piece, without reading them. *cursor is NULL
 * at first. Returns: an empty slice at the end. */
struct fa_slice fa_tcp_unread_next(const struct fa_flow *flow, const struct fa_buf **cursor);

/* Ask whether the peer has acknowledged all that was written, and its end. Returns: FA_OK;
 * FA_AGAIN, and the watch hears FA_FLOW_WRITABLE when it may have; FA_ERESET and the like: it never
 * will. */
fa_err fa_tcp_drained(struct fa_flow *flow);

/* Limits: `flow` is a connection of fa_tcp. */
void fa_tcp_info_of(const struct fa_flow *flow, struct fa_tcp_info *ret_info);

const char *fa_tcp_state_name(enum fa_tcp_state state);

/* Bytes of one connection in fa_tcp_config.conn_memory; checked against struct fa_tcp_conn. */
enum {
    FA_TCP_CONN_BYTES = 504, /* with the 4 of its bucket not more than 512 */
};

#endif
