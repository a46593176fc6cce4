// SPDX-License-Identifier: ISC
//
// What the files of TCP share: the connection, the arriving segment, and who does what.
//
//     tcp.c        init, table of connections, life and death of one, where a segment goes
//     tcp_listen.c tcp_connect.c   the two ways a connection begins
//     tcp_input.c  RFC 9293 3.10.7, state by state        tcp_ack.c  what an ACK says, RTT, loss
//     tcp_rx.c     received bytes, our window             tcp_tx.c   bytes to send
//     tcp_output.c which segment is next                  tcp_timer.c  deadlines
//     tcp_board.h  loss recovery: tcp_board.c tcp_rack.c tcp_recover.c tcp_sack.c
//     tcp_cc.c tcp_cubic.c   congestion control           tcp_flow.c  fa_flow's table
//     tcp_ecn.c    marks of routers                       tcp_mtu.c  what fits the path
//     tcp_reply.c  resets and challenges                  tcp_check.c  invariants, for tests
//     tcp_cookie.c SYN cookies                            tcp_mem.c   buffers, window sizes
//     tcp_handover.c tcp_saved.c   a connection as bytes  tcp_resume.c  time that passed unseen
//     tcp_fast.c   the usual segment, in and out: what is rare is left to the files above
//     tcp_keep.c   keepalive, linger, orphans, TIME_WAIT  tcp_port.c  the port of an active open
//     tcp_own.c    what one connection has of its own     tcp_info.c  what others may know of it
//
// Nobody sends from within input, tick or a call of the application: they note on the connection
// what is due and put it on the dirty list; fa_tcp_output() decides once, at the end of the burst.

#ifndef FA_NET_TCP_PRIV_H
#define FA_NET_TCP_PRIV_H

#include "fa/tcp.h"
#include "fa/trace.h"
#include "fa/wire/tcp.h"
#include "src/net/tcp_board.h"

enum {
    FA__TCP_INITIAL_SEGMENTS = 10, /* initial window, RFC 6928 */
    FA__TCP_INITIAL_BYTES = 14600, /* the same, in bytes */
    FA__TCP_SUPER_BYTES_MAX =
        65535 - 40 - FA_TCP_HDR_LEN_MAX, /* payload that any IP header tells */
    FA__TCP_CWND_MAX = 1 << 30,          /* bytes: a window cannot be larger (RFC 7323 2.3) */
    FA__TCP_MSS_MIN = 64,                /* bytes; who names less gets this (CVE-2019-11479) */
    FA__TCP_DUP_ACK_MAX = 3,             /* RFC 5681 3.2 */
    FA__TCP_SYN_TRIES_MAX = 6,           /* SYNs of a connect, 63 s in all */
    FA__TCP_SYN_ACK_TRIES_MAX = 5,       /* SYN+ACKs of a half-open connection, 31 s in all */
    FA__TCP_PMTU_MIN4 = 576,             /* bytes; smaller ones are forged (RFC 5927 7) */
    FA__TCP_PMTU_MIN6 = 1280,            /* bytes, RFC 8200 5 */
    FA__TCP_PORT_FIRST = 32768,          /* ports that connect() chooses from, to 65535 */
    FA__TCP_PORT_COUNT = 32768,
};

#define FA__TCP_RTO_INITIAL   FA_NS_S        /* RFC 6298 2.1 */
#define FA__TCP_RTO_AFTER_SYN (3 * FA_NS_S)  /* RFC 6298 5.7 */
#define FA__TCP_RTO_MAX       (60 * FA_NS_S) /* RFC 6298 2.5 */
#define FA__TCP_CLOCK_GRAIN   1024           /* ns: G of RFC 6298, a tick of the deadline queue */
#define FA__TCP_ISN_TICK      4000           /* ns, RFC 9293 3.4.1 */
#define FA__TCP_STARVED_RETRY FA_NS_MS
#define FA__TCP_PTO_MIN       (2 * FA_NS_MS) /* of a probe, RFC 8985 7.2; else one for each ACK */
#define FA__TCP_TS_TICK       FA_NS_MS       /* of our timestamps; RFC 7323 5.4: 1 ms to 1 s */
#define FA__TCP_TS_AGE_SHIFT  30             /* the age of a timestamp counts in 2^30 ns: 1.07 s */
#define FA__TCP_TS_AGE_MAX    (24 * 86400 * FA_NS_S >> FA__TCP_TS_AGE_SHIFT) /* RFC 7323 5.5 */

/* Which counted list `node` is in. */
enum fa__tcp_list {
    FA__TCP_LIST_OTHER, /* none, or one that is not counted */
    FA__TCP_LIST_ORPHANS,
    FA__TCP_LIST_TIME_WAIT,
};

_Static_assert(sizeof(struct fa__tcp_tuple) == 36, "no padding");

/* What an acknowledgement brought, for congestion control. What a model of the path (BBR) would
 * want beside it is in docs/design/0020-pacing.md. */
struct fa__tcp_sample {
    uint32_t acked;  /* bytes that left the network */
    uint32_t flight; /* bytes that were out before */
    fa_ns rtt_ns;    /* 0: no sample */
};

/* How a connection reacts to acknowledgements and loss. */
struct fa__tcp_cc {
    const char *name;
    void (*init)(struct fa_tcp_conn *conn, bool syn_was_lost);
    /* Something arrived, outside of fast recovery. */
    void (*acked)(struct fa_tcp_conn *conn, const struct fa__tcp_sample *sample);
    /* Something was lost: set ssthresh; `flight` bytes were out. */
    void (*lost)(struct fa_tcp_conn *conn, uint32_t flight);
    /* The retransmission timer fired; `again`: for a segment it had fired for before. */
    void (*timeout)(struct fa_tcp_conn *conn, uint32_t flight, bool again);
    /* Nothing had been lost: cwnd and ssthresh are what they were, or more. */
    void (*undone)(struct fa_tcp_conn *conn);
};

extern const struct fa__tcp_cc fa__tcp_cubic;
extern const struct fa__tcp_cc fa__tcp_new_reno;
/* By enum fa_tcp_congestion. */
extern const struct fa__tcp_cc *const fa__tcp_ccs[FA_TCP_CONGESTION_COUNT];

/* HyStart++, RFC 9406: while ssthresh is still without bound. */
struct fa__tcp_hystart {
    uint32_t round_end;
    uint32_t last_us; /* least round trip of the round before; UINT32_MAX: none */
    uint32_t current_us;
    uint32_t css_us; /* of the round that began conservative slow start; 0: it has not */
    uint8_t sample_count;
    uint8_t css_rounds;
};

/* CUBIC, RFC 9438 4.1: afterwards. */
struct fa__tcp_cubic {
    uint32_t epoch_ms;
    uint32_t k_ms;
    uint32_t estimate; /* W_est, bytes */
    uint32_t prior;    /* cwnd_prior, bytes */
    bool has_epoch;
};

/*
 * One connection. Flat: hand-over writes it out field by field.
 *
 * Sequence numbers: snd_una <= snd_nxt <= snd_max, and snd_nxt < snd_max only while what a timeout
 * gave up is sent once more. tx holds [snd_una, tx_end); a FIN has the number tx_end.
 */
struct fa_tcp_conn {
    struct fa_flow flow; /* first */
    struct fa_tcp *tcp;
    struct fa_tcp_listener *listener; /* until it is accepted */
    struct fa__tcp_tuple tuple;
    uint32_t hash;
    uint32_t hash_next; /* index + 1 of the next one in the bucket; 0: none */
    uint32_t id;

    struct fa_list node; /* free, half-open, to accept, starved, orphan, or TIME_WAIT */
    struct fa_list dirty_node;
    struct fa_deadline timer; /* the earliest of the four below, or earlier */
    fa_ns retransmit_ns;      /* RTO or window probe */
    fa_ns ack_ns;             /* delayed ACK */
    fa_ns end_ns;             /* keepalive; of an orphan and in TIME_WAIT the end */
    fa_ns progress_ns;        /* last time something was acknowledged: the user timeout's start */

    struct fa_list tx;         /* buffers; tag is the sequence number of the first byte */
    struct fa_buf *tx_buf;     /* the one with snd_nxt, or before it; NULL: tx is empty */
    struct fa_list rx;         /* in order, not read yet */
    struct fa_list ooo;        /* beyond a hole; sorted, disjoint; tag as above */
    struct fa__tcp_work *work; /* of loss recovery and of holes; NULL: it needs none now */
    uint32_t rx_bytes;
    uint32_t ooo_bytes;
    uint32_t rx_count;  /* buffers */
    uint32_t ooo_count; /* buffers */
    uint32_t rx_peeked; /* bytes of the first buffer that the application has borrowed */

    uint32_t iss;
    uint32_t snd_una;
    uint32_t snd_nxt;
    uint32_t snd_max;
    uint32_t tx_end;
    uint32_t tx_small_end; /* of the last segment that was not full, if nagle */
    uint32_t snd_wnd;
    uint32_t snd_wnd_max;
    uint32_t snd_wl1;
    uint32_t irs;
    uint32_t rcv_nxt;
    uint32_t rcv_adv;              /* right edge of the window we promised; never goes back */
    uint32_t rcv_acked;            /* what our last ACK said */
    uint32_t rcv_fin;              /* number of a FIN that came early, if has_rcv_fin */
    uint16_t rx_window_kib;        /* of struct fa_tcp_options, as are the next ones marked (o) */
    uint16_t tx_buffer_kib;        /* (o) */
    uint16_t keepalive_after_s;    /* (o) */
    uint16_t keepalive_interval_s; /* (o) */

    uint32_t cwnd;
    uint32_t ssthresh;
    union {
        struct fa__tcp_hystart hystart;
        struct fa__tcp_cubic cubic;
    } cc_state;
    uint32_t cc_max;     /* CUBIC's W_max, bytes */
    uint32_t cwnd_acked; /* bytes acknowledged since cwnd last grew */
    uint32_t recover;    /* RFC 6582 */
    uint32_t min_rtt_ms; /* when min_rtt_ns was */
    fa_ns srtt_ns;       /* 0: not measured */
    fa_ns rttvar_ns;
    fa_ns min_rtt_ns;   /* least of late; FA_NS_NEVER: not measured */
    uint32_t undo_cwnd; /* what to go back to if nothing was lost after all */
    uint32_t undo_ssthresh;
    uint32_t undo_from;   /* snd_una at the time */
    uint16_t undo_count;  /* segments sent again since, of which no DSACK has told */
    uint16_t mss_high;    /* the largest payload that may pass; more than mss_max never */
    uint8_t mtu_lost;     /* probes of the present size */
    uint8_t ttl;          /* (o) */
    uint8_t traffic;      /* (o) without the bits of ECN */
    uint8_t fin_wait_2_s; /* (o) */
    uint32_t rtt_seq;     /* the timed byte */
    fa_ns rtt_start_ns;
    fa_ns sent_ns; /* last new data */
    uint32_t retransmit_count;
    uint32_t mtu_next_s;   /* when to try a larger segment, if mss < mss_max */
    uint32_t ecn_end;      /* snd_max when the window was last reduced for a mark */
    uint32_t ts_offset;    /* of our timestamps; a function of the tuple, so they outlive it */
    uint32_t ts_recent;    /* the peer's, to be echoed (RFC 7323 4.3) */
    uint32_t ts_recent_at; /* when that was, in 2^FA__TCP_TS_AGE_SHIFT ns */

    uint32_t heard_ms;        /* when the peer last said something acceptable */
    uint32_t challenge_ms;    /* when we last challenged it */
    uint32_t user_timeout_ms; /* 0: config's */
    uint32_t rx_space;        /* the receive window as it has grown */
    uint32_t tune_seq;        /* what the application had read at ... */
    uint32_t tune_us;         /* ... this time */

    uint16_t mss;     /* payload bytes of a full segment to send */
    uint16_t mss_max; /* what both sides would take */
    uint16_t rx_mss;  /* what we announced */
    uint16_t rx_full; /* largest payload received: a "full-sized" segment */

    union {
        struct {
            bool has_rcv_fin : 1;
            bool pool_low : 1;  /* the pool that feeds rx is nearly empty */
            bool no_memory : 1; /* a segment was dropped for that: say that the window is closed */
            bool recovery : 1;  /* fast recovery, RFC 6582 */
            bool timed_out : 1; /* until what a timeout gave up is acknowledged */
            bool tlp_due : 1;   /* a segment of new data, whatever the congestion window */
            bool persist : 1;   /* retransmit_ns is a window probe's */
            bool ecn_echo : 1;  /* tell the peer that a router has marked what it sent */
            bool ecn_reduced : 1; /* until ecn_end is acknowledged */
            bool cwr_due : 1;     /* tell the peer that we have slowed down */
            bool cork : 1;
            bool mtu_probing : 1; /* a larger segment is in flight */
            bool syn_due : 1;
            bool retransmit_due : 1; /* the segment at snd_una */
            bool probe_due : 1;
            bool keep_due : 1;  /* a keepalive probe */
            bool long_way : 1;  /* config.features_off has FA_TCP_FAST_PATH */
            bool reset_due : 1; /* a dead connection that has still to say so */
        };
        uint32_t rare; /* not 0: one of these. Then tcp_fast.c has no part in it */
    };

    uint8_t state;      /* enum fa_tcp_state */
    uint8_t congestion; /* enum fa_tcp_congestion */
    int8_t error;       /* fa_err of a connection that ended */
    uint8_t tx_scale;
    uint8_t rx_scale;
    uint8_t dup_acks;     /* received */
    uint8_t dup_acks_due; /* owed: one for each segment beyond a hole, RFC 5681 4.2 */
    uint8_t timer_kind;   /* enum fa__tcp_timer: what retransmit_ns is for */
    uint8_t reo_mult;     /* RFC 8985 6.2.4: reordering window in min_rtt / 4, less one */
    uint8_t reo_persist;
    uint8_t backoff;          /* doublings of the RTO */
    uint8_t tries;            /* SYNs sent */
    uint8_t keep_tries;       /* keepalive probes without an answer */
    uint8_t list;             /* enum fa__tcp_list */
    uint8_t keepalive_probes; /* (o) */

    bool fin_queued : 1;   /* nothing more to write after tx_end; in ESTABLISHED it is not */
    bool fin_received : 1; /* nor is this */
    bool flow_open : 1;    /* the application holds the flow */
    bool hashed : 1;       /* is in the table */
    bool passive : 1;      /* came by a SYN */
    bool cookie : 1;       /* ... that was answered by a cookie */
    bool nagle : 1;
    bool keepalive : 1;
    bool want_read : 1;    /* peek said FA_AGAIN */
    bool want_write : 1;   /* reserve said FA_AGAIN */
    bool lent : 1;         /* a reservation is open in the last buffer of tx */
    bool timing : 1;       /* rtt_seq and rtt_start_ns are valid */
    bool partial : 1;      /* in recovery: the first partial ACK was seen */
    bool burst_mixed : 1;  /* without a scoreboard: not all in flight was sent at sent_ns, ... */
    bool burst_resent : 1; /* ... not all but once */
    bool undo_armed : 1;
    bool reordered : 1; /* the path has been seen to reorder */
    bool syn_lost : 1;  /* our SYN was retransmitted */
    bool scale_ok : 1;  /* this and the next three: offered by us; after the SYNs, by both */
    bool ts_ok : 1;
    bool sack_ok : 1;
    bool ecn_ok : 1;
    bool ack_due : 1;
    bool mtu_try_high : 1; /* mss_high is worth a probe, before the middle */
    bool quick_ack : 1;    /* (o) */
};

_Static_assert(sizeof(struct fa_tcp_conn) <= FA_TCP_CONN_BYTES, "fa_tcp_config.conn_memory");

/* Whether what it sends goes the usual way of tcp_fast.c: nothing lost, nothing to tell but data,
 * an end and acknowledgements. */
static inline bool fa__tcp_is_calm(const struct fa_tcp_conn *conn)
{
    return conn->state >= FA_TCP_ESTABLISHED && conn->rare == 0 && conn->work == NULL &&
           (conn->dup_acks | conn->dup_acks_due | conn->keep_tries) == 0;
}

/* It will be needed soon, all of it: one wait for memory instead of one for each line. */
static inline void fa__tcp_prefetch(const struct fa_tcp_conn *conn)
{
    for (size_t off = 0; off < sizeof *conn; off += 64) {
        __builtin_prefetch((const uint8_t *)conn + off, 1);
    }
}

static inline const struct fa__tcp_cc *fa__tcp_cc(const struct fa_tcp_conn *conn)
{
    return fa__tcp_ccs[conn->congestion];
}

/* An arriving segment. */
struct fa__tcp_segment {
    struct fa_tcp_header header;
    const struct fa_ip_meta *meta;
    struct fa_buf *buf; /* the payload; NULL once somebody took it */
};

/* Sequence numbers wrap at 2^32 (RFC 9293 3.4). */
static inline bool fa__seq_lt(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool fa__seq_leq(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

static inline uint32_t fa__seq_max(uint32_t a, uint32_t b)
{
    return fa__seq_lt(a, b) ? b : a;
}

static inline uint32_t fa__u32_min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline bool fa__tcp_uses(const struct fa_tcp *tcp, enum fa_tcp_feature feature)
{
    return (tcp->config.features_off & feature) == 0;
}

/* What our timestamps say now, RFC 7323 5.4. */
static inline uint32_t fa__tcp_ts_now(const struct fa_tcp_conn *conn)
{
    return (uint32_t)(conn->tcp->now / FA__TCP_TS_TICK) + conn->ts_offset;
}

static inline struct fa_tcp_conn *fa__tcp_conn_of(struct fa_flow *flow)
{
    return FA_CONTAINER(flow, struct fa_tcp_conn, flow);
}

/* Numbers that a segment occupies: its payload, a SYN, a FIN. */
static inline uint32_t fa__tcp_segment_len(const struct fa__tcp_segment *seg)
{
    return seg->buf->len + ((seg->header.flags & FA_TCP_SYN) != 0 ? 1u : 0u) +
           ((seg->header.flags & FA_TCP_FIN) != 0 ? 1u : 0u);
}

static inline bool fa__tcp_fin_sent(const struct fa_tcp_conn *conn)
{
    return conn->fin_queued && conn->snd_max == conn->tx_end + 1;
}

/* Bytes written but never sent, or given up by a timeout. */
static inline uint32_t fa__tcp_unsent(const struct fa_tcp_conn *conn)
{
    return fa__seq_lt(conn->snd_nxt, conn->tx_end) ? conn->tx_end - conn->snd_nxt : 0;
}

/* Whether there is such a byte, or a FIN of that kind. */
static inline bool fa__tcp_has_unsent(const struct fa_tcp_conn *conn)
{
    return fa__tcp_unsent(conn) != 0 || (conn->fin_queued && conn->snd_nxt == conn->tx_end);
}

/* Milliseconds, modulo 2^32: 49 days. */
static inline uint32_t fa__tcp_ms(const struct fa_tcp *tcp)
{
    return (uint32_t)(tcp->now / FA_NS_MS);
}

/* Let fa_tcp_output() look at the connection. */
static inline void fa__tcp_mark(struct fa_tcp_conn *conn)
{
    if (!fa_list_linked(&conn->dirty_node)) {
        fa_list_push_back(&conn->tcp->dirty, &conn->dirty_node);
    }
}

static inline void fa__tcp_mark_ack(struct fa_tcp_conn *conn)
{
    conn->ack_due = true;
    fa__tcp_mark(conn);
}

static inline bool fa__tcp_board_on(const struct fa_tcp_conn *conn)
{
    return conn->work != NULL && !fa_list_empty(&conn->work->runs);
}

/* Bytes that are lost and not sent again yet. */
static inline uint32_t fa__tcp_lost(const struct fa_tcp_conn *conn)
{
    return conn->work != NULL ? conn->work->lost_bytes : 0;
}

/* Bytes on their way, as far as we know (RFC 6675's pipe). */
static inline uint32_t fa__tcp_pipe(const struct fa_tcp_conn *conn)
{
    uint32_t flight = conn->snd_nxt - conn->snd_una;
    if (!fa__tcp_board_on(conn)) {
        return flight;
    }
    uint32_t pipe = flight - conn->work->sacked_bytes - conn->work->lost_bytes;
    uint32_t arrived = conn->work->blind ? conn->dup_acks * (uint32_t)conn->mss : 0;
    return pipe - fa__u32_min(arrived, pipe);
}

/* What trace records say after their own words (fa/schema.def). */
#define FA__TCP_TRACE_TCB(conn)                                                                    \
    (conn)->state, (conn)->snd_una, (conn)->snd_nxt, (conn)->snd_wnd, (conn)->rcv_nxt,             \
        (conn)->rcv_adv - (conn)->rcv_nxt, (conn)->cwnd, (conn)->ssthresh

/* Which call a tcp_call record is about. */
enum fa__tcp_call {
    FA__TCP_CALL_PEEK,
    FA__TCP_CALL_DONE,
    FA__TCP_CALL_RESERVE,
    FA__TCP_CALL_COMMIT,
    FA__TCP_CALL_SHUTDOWN,
    FA__TCP_CALL_CLOSE,
    FA__TCP_CALL_ABORT,
    FA__TCP_CALL_CONNECT,
    FA__TCP_CALL_ACCEPT,
};

/* A call and what it returned: an fa_err, and bytes seen, lent, read or written. */
#define FA__TCP_TRACE_CALL(conn, call, err, len)                                                   \
    FA_TRACE(tcp_call, (conn)->tcp->now, (conn)->id, (call), (uint64_t)(int64_t)(err), (len),      \
        FA__TCP_TRACE_TCB(conn))

/* Which timer a tcp_timer record is about. */
enum fa__tcp_timer {
    FA__TCP_TIMER_RETRANSMIT,
    FA__TCP_TIMER_PERSIST,
    FA__TCP_TIMER_ACK,
    FA__TCP_TIMER_END,
    FA__TCP_TIMER_USER,
    FA__TCP_TIMER_PROBE,   /* tail loss probe, RFC 8985 7 */
    FA__TCP_TIMER_REORDER, /* RFC 8985 6.2 step 5 */
};

/* What a tcp_recovery record is about. */
enum fa__tcp_recovery {
    FA__TCP_RECOVERY_ENTER,
    FA__TCP_RECOVERY_LEAVE,
    FA__TCP_RECOVERY_TIMEOUT,
    FA__TCP_RECOVERY_UNDO,
    FA__TCP_RECOVERY_MARK,    /* a router's, told by the peer: slowed down */
    FA__TCP_RECOVERY_SMALLER, /* segments, from now on */
    FA__TCP_RECOVERY_LARGER,
};

#define FA__TCP_TRACE_RECOVERY(conn, what)                                                         \
    FA_TRACE(tcp_recovery, (conn)->tcp->now, (conn)->id, (what), fa__tcp_lost(conn),               \
        (conn)->work != NULL ? (conn)->work->sacked_bytes : 0, FA__TCP_TRACE_TCB(conn))

/* tcp_info.c */
void fa__tcp_trace_options(
    const struct fa_tcp_conn *conn, const struct fa_tcp_header *header, bool out);

/* tcp.c */
/* Take in a segment whose header is read, and stands in front of its payload still. seg->buf is
 * dropped, or kept. */
void fa__tcp_input_read(struct fa_tcp *tcp, fa_ns now, struct fa__tcp_segment *seg);
/* What of a tuple goes into a hash: all of it, IPv4 in 12 bytes at `room`. */
struct fa_slice fa__tcp_tuple_bytes(const struct fa__tcp_tuple *tuple, uint8_t room[12]);
/* What was made of the tuple before, if it was the last one; else nothing of it is known. */
struct fa_tcp_hashed *fa__tcp_hashed_of(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple);
/* A segment of this connection comes soon: fetch what finding it needs. Returns: for the second
 * step, a little later. Both only make things faster. */
uint32_t fa__tcp_expect(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple);
void fa__tcp_expect_more(struct fa_tcp *tcp, uint32_t hash);
struct fa_tcp_conn *fa__tcp_find(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple);
struct fa_tcp_conn *fa__tcp_conn_at(const struct fa_tcp *tcp, uint32_t idx);
/* A new connection in the table; the oldest TIME_WAIT gives way. NULL if no place is left. */
struct fa_tcp_conn *fa__tcp_conn_new(
    struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple, uint32_t iss, uint16_t mtu_bytes);
/* It is over; `why` is what the application is told. The struct is free again, unless the
 * application holds it or a reset is still to be sent. */
void fa__tcp_conn_end(struct fa_tcp_conn *conn, fa_err why, bool reset);
void fa__tcp_conn_reset_sent(struct fa_tcp_conn *conn);
/* Its segments are no longer its own. */
void fa__tcp_table_remove(struct fa_tcp_conn *conn);
/* Free the struct if nobody needs it. */
void fa__tcp_conn_release(struct fa_tcp_conn *conn);
void fa__tcp_set_state(struct fa_tcp_conn *conn, enum fa_tcp_state state);
/* Tell the watch, if it waits for one of `events`. */
void fa__tcp_wake(struct fa_tcp_conn *conn, unsigned events);
/* Payload bytes of a packet of `mtu_bytes` (RFC 6691). */
uint16_t fa__tcp_mss_of(const struct fa_ip *remote, uint16_t mtu_bytes);

/* The scale of the windows we announce. */
uint8_t fa__tcp_rx_scale(const struct fa_tcp *tcp);

/* tcp_own.c */
/* What the connection may use: its own, or the configuration's. */
uint32_t fa__tcp_rx_max(const struct fa_tcp_conn *conn);
uint32_t fa__tcp_tx_max(const struct fa_tcp_conn *conn);
fa_ns fa__tcp_keep_after(const struct fa_tcp_conn *conn);
fa_ns fa__tcp_keep_interval(const struct fa_tcp_conn *conn);
uint32_t fa__tcp_keep_probes(const struct fa_tcp_conn *conn);
fa_ns fa__tcp_fin_wait_2(const struct fa_tcp_conn *conn);
uint16_t fa__tcp_own_mss(const struct fa_tcp_options *options, uint16_t mss);
uint8_t fa__tcp_own_traffic(const struct fa_tcp_options *options);
/* The options of a connection before its first SYN is sent or answered. */
void fa__tcp_options_begin(struct fa_tcp_conn *conn, const struct fa_tcp_options *options);

/* tcp_connect.c */
/* RFC 6528: no two incarnations of a connection overlap, no outsider can guess. */
uint32_t fa__tcp_isn(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple);
/* The same for timestamps (RFC 7323 5.4): those of one tuple grow from incarnation to incarnation,
 * which is what RFC 6191 looks at. */
uint32_t fa__tcp_ts_offset(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple);

/* tcp_port.c */
void fa__tcp_port_init(struct fa_tcp *tcp);
/* Write a free local port into the tuple. Returns: whether there is one. */
bool fa__tcp_port_choose(struct fa_tcp *tcp, struct fa__tcp_tuple *tuple);
/* The tuple is in the table now, or no longer. */
void fa__tcp_port_note(struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple, bool is_free);
/* Listeners have changed. */
void fa__tcp_port_forget(struct fa_tcp *tcp);

/* tcp_listen.c */
struct fa_tcp_listener *fa__tcp_listener_find(
    const struct fa_tcp *tcp, const struct fa_ip *ip, uint16_t port);
/* `past`: the TIME_WAIT connection that this SYN replaces ended before this number; or NULL. */
void fa__tcp_listener_input(struct fa_tcp_listener *listener, const struct fa__tcp_tuple *tuple,
    struct fa__tcp_segment *seg, const uint32_t *past);
/* The handshake is complete. Returns: false, and nothing happens, if the queue is full. */
bool fa__tcp_listener_push(struct fa_tcp_conn *conn);
/* A half-open connection for the SYN `syn`, nothing sent yet. NULL: no place. */
struct fa_tcp_conn *fa__tcp_listener_half(struct fa_tcp_listener *listener,
    const struct fa__tcp_tuple *tuple, const struct fa_tcp_header *syn, uint16_t mtu_bytes,
    uint32_t iss);
/* Whether a connection in `state` can be handed to the listener: FA_OK; FA_EINVAL: it is NULL;
 * FA_ENOSPC: its list is full. And do so. */
fa_err fa__tcp_listener_room(const struct fa_tcp_listener *listener, enum fa_tcp_state state);
void fa__tcp_listener_adopt(struct fa_tcp_listener *listener, struct fa_tcp_conn *conn);
/* Take a connection that is not accepted out of its listener's books. */
void fa__tcp_listener_forget(struct fa_tcp_conn *conn);

/* RFC 9293 3.6.1: the initial number of a connection that follows one that had sent up to `past`;
 * NULL: it follows none. */
uint32_t fa__tcp_isn_after(
    struct fa_tcp *tcp, const struct fa__tcp_tuple *tuple, const uint32_t *past);

/* tcp_cookie.c */
/* Answer a SYN and forget it. */
void fa__tcp_cookie_reply(struct fa_tcp_listener *listener, const struct fa__tcp_tuple *tuple,
    const struct fa__tcp_segment *seg);
/* Returns: whether the ACK was taken care of: it opened a connection, or was dropped. */
bool fa__tcp_cookie_input(struct fa_tcp_listener *listener, const struct fa__tcp_tuple *tuple,
    struct fa__tcp_segment *seg);

/* tcp_input.c */
/* What a peer can take that sent this SYN. */
uint16_t fa__tcp_peer_mss(const struct fa_ip *remote, const struct fa_tcp_header *syn);
void fa__tcp_conn_input(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg);
/* The options of the peer's SYN: what both sides offered is used from now on. */
void fa__tcp_options_input(struct fa_tcp_conn *conn, const struct fa_tcp_header *header);
/* Payload of a full segment on a way of that MSS: timestamps take their part (RFC 6691). */
uint16_t fa__tcp_payload_max(const struct fa_tcp_conn *conn, uint16_t mss);

/* tcp_ack.c */
/* Process SEG.ACK and SEG.WND in a synchronized state. Returns: whether the segment goes on. */
bool fa__tcp_ack_input(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg);
void fa__tcp_rtt_sample(struct fa_tcp_conn *conn, fa_ns rtt);
/* The round trip by the timestamp that came back, which tells what it answers even where that was
 * sent twice (RFC 7323 4); 0: it tells nothing. */
fa_ns fa__tcp_echo_rtt(const struct fa_tcp_conn *conn, const struct fa_tcp_header *header);
fa_ns fa__tcp_rto(const struct fa_tcp_conn *conn);
/* New bytes that may be sent while `in_flight` are out; RFC 3042 included. */
uint32_t fa__tcp_usable(const struct fa_tcp_conn *conn, uint32_t in_flight);

/* Bytes up to `ack` have arrived, and there is no scoreboard (RFC 5681, RFC 6582). */
void fa__tcp_progress_input(struct fa_tcp_conn *conn, uint32_t ack);
/* Remember the peer's timestamp, to be echoed. */
static inline void fa__tcp_ts_note(struct fa_tcp_conn *conn, uint32_t ts_value)
{
    conn->ts_recent = ts_value;
    conn->ts_recent_at = (uint32_t)(conn->tcp->now >> FA__TCP_TS_AGE_SHIFT);
}

/* Forget the bytes before `ack` and what waited for it. */
void fa__tcp_progress(struct fa_tcp_conn *conn, uint32_t ack);

/* tcp_rack.c */
/* `run` up to `end` has arrived. */
void fa__tcp_rack_delivered(struct fa_tcp_conn *conn, const struct fa__tcp_run *run, uint32_t end);
void fa__tcp_rack_dsack(struct fa_tcp_conn *conn);
void fa__tcp_rack_recovered(struct fa_tcp_conn *conn);
/* Take for lost what is. Returns: when to look again, from now; 0: no need. */
fa_ns fa__tcp_rack_detect(struct fa_tcp_conn *conn);
void fa__tcp_rack_timeout(struct fa_tcp_conn *conn);
/* How long to wait before a tail loss probe; FA_NS_NEVER: none is wanted. `whole_burst`: no more
 * will be sent at this moment, so a single segment is one, whose ACK may be delayed. */
fa_ns fa__tcp_probe_timeout(const struct fa_tcp_conn *conn, bool whole_burst);
/* Returns: false: there can be none. */
bool fa__tcp_probe_fire(struct fa_tcp_conn *conn);
bool fa__tcp_probe_acked(struct fa_tcp_conn *conn, uint32_t ack, bool dsack, bool is_duplicate);

/* tcp_recover.c */
/* What an ACK means where there is a scoreboard. */
void fa__tcp_recover_input(
    struct fa_tcp_conn *conn, const struct fa_tcp_header *header, bool is_duplicate);
/* The reordering timer has fired; the retransmission timer has. */
void fa__tcp_recover_reordered(struct fa_tcp_conn *conn);
void fa__tcp_recover_timeout(struct fa_tcp_conn *conn);
/* A segment of `len` bytes was sent again. */
void fa__tcp_recover_resent(struct fa_tcp_conn *conn, uint32_t len);

/* tcp_mtu.c */
/* The retransmission timer has fired. */
void fa__tcp_mtu_timeout(struct fa_tcp_conn *conn);
/* ICMP says that `mss` is the most that passes. Returns: whether that is news. */
bool fa__tcp_mtu_told(struct fa_tcp_conn *conn, uint16_t mss);
/* Returns: the payload of a larger segment to try now, if `usable` and `room_max` allow for it; 0:
 * none. */
uint32_t fa__tcp_mtu_probe(struct fa_tcp_conn *conn, uint32_t usable, uint32_t room_max);
/* While one is in flight: snd_una has moved; [seq, end) was sent again; whether nothing but it is
 * lost. */
void fa__tcp_mtu_acked(struct fa_tcp_conn *conn);
void fa__tcp_mtu_resent(struct fa_tcp_conn *conn, uint32_t seq, uint32_t end);
bool fa__tcp_mtu_explains(const struct fa_tcp_conn *conn);

/* tcp_ecn.c */
/* Whether the flags of a SYN, or SYN+ACK, agree to ECN. */
bool fa__tcp_ecn_agrees(uint8_t flags);
void fa__tcp_ecn_input(struct fa_tcp_conn *conn, const struct fa__tcp_segment *seg);
void fa__tcp_ecn_acked(struct fa_tcp_conn *conn, const struct fa_tcp_header *header);
/* Add flags to a segment; `is_new`: of data never sent before. */
void fa__tcp_ecn_output(struct fa_tcp_conn *conn, uint8_t *flags, bool is_new);

/* tcp_sack.c */
/* Bytes were kept beyond a hole; came twice; rcv_nxt has moved. */
void fa__tcp_sack_kept(struct fa_tcp_conn *conn, uint32_t from, uint32_t to);
void fa__tcp_sack_twice(struct fa_tcp_conn *conn, uint32_t from, uint32_t to);
void fa__tcp_sack_trim(struct fa_tcp_conn *conn);
/* Blocks that the next ACK will have; write them, a DSACK for the last time. */
unsigned fa__tcp_sack_count(const struct fa_tcp_conn *conn);
void fa__tcp_sack_fill(struct fa_tcp_conn *conn, struct fa_tcp_header *header);

/* tcp_cc.c */
const struct fa__tcp_cc *fa__tcp_cc_of(enum fa_tcp_congestion which);
/* The initial window, no threshold. */
void fa__tcp_cc_begin(struct fa_tcp_conn *conn, bool syn_was_lost);
/* Grow by what was acknowledged, divided by `part`. */
void fa__tcp_cc_slow_start(
    struct fa_tcp_conn *conn, const struct fa__tcp_sample *sample, uint32_t part);

/* tcp_rx.c */
/* Take in the payload and FIN of an acceptable segment. */
void fa__tcp_rx_input(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg);
/* The payload is what is next, and may be kept: take it in. */
void fa__tcp_rx_next(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg);
/* Whether the pool that feeds the connections is nearly empty. */
bool fa__tcp_pool_is_low(const struct fa_pool *pool);
/* The right edge that an ACK sent now may promise. */
uint32_t fa__tcp_rx_edge(const struct fa_tcp_conn *conn);
void fa__tcp_rx_done(struct fa_tcp_conn *conn, size_t len);
/* Nothing more will come: forget what lies beyond a hole; or all but what the application looks
 * at; or all. */
void fa__tcp_rx_end(struct fa_tcp_conn *conn);
void fa__tcp_rx_break(struct fa_tcp_conn *conn);
void fa__tcp_rx_drop(struct fa_tcp_conn *conn);

/* tcp_tx.c */
fa_err fa__tcp_tx_reserve(struct fa_tcp_conn *conn, uint8_t **ret_at, size_t *ret_cap);
void fa__tcp_tx_commit(struct fa_tcp_conn *conn, size_t len);
/* Forget the bytes before `ack`. */
void fa__tcp_tx_acked(struct fa_tcp_conn *conn, uint32_t ack);
/* Go back to snd_una. */
void fa__tcp_tx_rewind(struct fa_tcp_conn *conn);
/* Copy out `len` bytes from sequence number `seq`; fast where that is snd_una, snd_nxt or near what
 * was sent again last. *ret_sum: their sum; NULL: nobody asks. Returns: the buffer of the last
 * byte. */
struct fa_buf *fa__tcp_tx_copy(
    const struct fa_tcp_conn *conn, uint32_t seq, uint8_t *target, uint32_t len, uint64_t *ret_sum);
/* Whether there is enough room in the send buffer to tell the application. The pool may still
 * refuse it. */
bool fa__tcp_tx_has_room(const struct fa_tcp_conn *conn);
void fa__tcp_tx_drop(struct fa_tcp_conn *conn);
/* Wake who waits for buffers, if there are some. */
void fa__tcp_tx_feed(struct fa_tcp *tcp);

/* tcp_mem.c */
/* A connection has taken the buffer into one of its queues; it leaves again by being dropped. */
void fa__tcp_hold(struct fa_tcp *tcp, const struct fa_buf *buf);
void fa__tcp_buf_drop(struct fa_tcp *tcp, struct fa_buf *take);
void fa__tcp_buf_drop_all(struct fa_tcp *tcp, struct fa_list *bufs);
bool fa__tcp_is_full(const struct fa_tcp *tcp);
void fa__tcp_rx_space_init(struct fa_tcp_conn *conn);
/* Bytes received and not read that the connection may hold now. */
uint32_t fa__tcp_rx_window(const struct fa_tcp_conn *conn);
/* The application has read. */
void fa__tcp_rx_tune(struct fa_tcp_conn *conn);
/* Bytes written and not acknowledged that it may hold now. */
uint32_t fa__tcp_tx_limit(const struct fa_tcp_conn *conn);

/* tcp_keep.c */
fa_ns fa__tcp_user_timeout(const struct fa_tcp_conn *conn);
/* The peer was heard, or keepalive was switched. */
void fa__tcp_keep_arm(struct fa_tcp_conn *conn);
/* The application has closed. FA_NS_NEVER: the peer may take as long as the user timeout. */
void fa__tcp_orphan(struct fa_tcp_conn *conn, fa_ns linger_ns);
/* Take `node` out of its list, whichever it is. */
void fa__tcp_unlist(struct fa_tcp_conn *conn);
/* Enter TIME_WAIT, or begin it anew; put one that nobody holds in its list; drop the oldest. */
void fa__tcp_time_wait(struct fa_tcp_conn *conn);
void fa__tcp_time_wait_list(struct fa_tcp_conn *conn);
bool fa__tcp_time_wait_evict(struct fa_tcp *tcp);
/* Whether a connect may take its tuple: the peer will know the new one by its timestamps, above all
 * of the old (RFC 6191 seen from the other side). */
bool fa__tcp_time_wait_gives_way(const struct fa_tcp_conn *conn);
/* end_ns has come. Returns: whether the connection lives on. */
bool fa__tcp_end_fire(struct fa_tcp_conn *conn);

/* tcp_timer.c */
/* Something is in flight: a timer for what never arrives begins now. `wait`: until the reordering
 * window is over, or 0. */
void fa__tcp_retransmit_arm(struct fa_tcp_conn *conn, fa_ns wait);
/* Make sure that the connection's timer fires by the earliest of its deadlines. */
void fa__tcp_timer_arm(struct fa_tcp_conn *conn);

/* tcp_reply.c */
/* Answer a segment that belongs to nobody (RFC 9293 3.10.7.1). */
void fa__tcp_reply_reset(struct fa_tcp *tcp, const struct fa__tcp_segment *seg);
/* RFC 5961: say what we expect, now and then. */
void fa__tcp_reply_challenge(struct fa_tcp_conn *conn);
void fa__tcp_reply_init(struct fa_tcp *tcp);
/* Room for an answer to `seg` if `budget` allows; NULL otherwise. */
struct fa_tcp_reply *fa__tcp_reply_new(
    struct fa_tcp *tcp, const struct fa__tcp_segment *seg, uint32_t *budget);
bool fa__tcp_reply_output(struct fa_tcp *tcp, struct fa_buf *buf, struct fa_ip_meta *ret_meta);

/* tcp_fast.c */
/* What the usual segment says, as far as it differs from others of its connection. */
struct fa__tcp_out {
    uint32_t seq;
    uint32_t ack;
    uint32_t ts_value; /* if has_ts */
    uint32_t ts_echo;
    uint16_t window;
    uint8_t flags;
    bool has_ts;
    bool undone;  /* the sum is left to the card, and cutting what is longer than mss */
    uint32_t mss; /* payload bytes of a full segment */
    uint64_t sum; /* of the payload; 0 if undone */
};
/* Minshall's variant of RFC 9293 3.7.4: whether a segment that was not full is in flight. Full ones
 * will be acknowledged soon by themselves. */
static inline bool fa__tcp_is_small_out(const struct fa_tcp_conn *conn)
{
    return fa__seq_lt(conn->snd_una, conn->tx_small_end) &&
           fa__seq_leq(conn->tx_small_end, conn->snd_nxt);
}
/* The connection whose turn it is to send, if it goes the usual way; or NULL. */
struct fa_tcp_conn *fa__tcp_fast_next(const struct fa_tcp *tcp);
/* Take its next segment: its payload is appended to `buf`, room for all headers in front. Returns:
 * false, and nothing happens, if the long way has to decide. */
bool fa__tcp_fast_output(
    struct fa_tcp_conn *conn, fa_ns now, struct fa_buf *buf, struct fa__tcp_out *ret_out);
/* Take in the usual segment. Returns: false, and nothing happens, if it is not one. */
bool fa__tcp_fast_input(struct fa_tcp_conn *conn, struct fa__tcp_segment *seg);

/* tcp_flow.c */
extern const struct fa_flow_ops fa__tcp_flow_ops;

/* tcp_check.c: trap unless every invariant of the connection, or of all, holds. */
void fa__tcp_check(const struct fa_tcp_conn *conn);
void fa__tcp_check_all(const struct fa_tcp *tcp);

#endif
