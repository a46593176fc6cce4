// SPDX-License-Identifier: ISC
//
// What a connection needs only while data is in flight or lies beyond a hole: struct fa__tcp_work,
// in a buffer of the pool. Its greater part is the scoreboard: runs of bytes that were sent at the
// same time and have fared alike (docs/design/0006-tcp.md).
//
//     tcp_board.c  the runs: sent, acknowledged, SACKed, lost, sent again
//     tcp_rack.c   RACK and TLP (RFC 8985): which of them are lost, when to probe
//     tcp_recover.c  what follows: recovery, PRR, and undoing it
//     tcp_sack.c   the blocks that we report

#ifndef FA_NET_TCP_BOARD_H
#define FA_NET_TCP_BOARD_H

#include "fa/buf.h"
#include "fa/wire/tcp.h"

struct fa_tcp_conn;

enum {
    FA__TCP_RUN_BUFS_MAX = 32, /* buffers of more runs; then runs get coarser */
};

enum fa__tcp_run_state {
    FA__TCP_RUN_OUT,    /* on its way, as far as we know */
    FA__TCP_RUN_LOST,   /* to be sent again */
    FA__TCP_RUN_SACKED, /* arrived beyond a hole */
};

/* Sequence numbers [seq, end), a FIN's included. */
struct fa__tcp_run {
    struct fa_list node;  /* of `runs` */
    struct fa_list order; /* of `out` or `lost` */
    fa_ns sent_ns;        /* the last time */
    uint32_t seq;
    uint32_t end;
    uint8_t state;   /* enum fa__tcp_run_state */
    bool resent : 1; /* more than once */
    bool coarse : 1; /* sent_ns is that of its last byte: good for RACK, not for the RTT */
};

struct fa__tcp_work {
    /* The scoreboard; `runs` is empty unless something is in flight, then it covers [snd_una,
     * snd_max). */
    struct fa_list runs; /* by number */
    struct fa_list out;  /* FA__TCP_RUN_OUT, by sent_ns */
    struct fa_list lost; /* FA__TCP_RUN_LOST, by number */
    struct fa_list free;
    struct fa__tcp_run *fresh; /* never used yet, up to fresh_end */
    struct fa__tcp_run *fresh_end;
    struct fa_list bufs;      /* of more runs */
    struct fa__tcp_run *hint; /* where the last SACK block lay; NULL: nowhere */
    struct fa_buf *tx_hint;   /* buffer of tx with the end of the last retransmission, or NULL */
    uint32_t buf_count;
    uint32_t sacked_bytes;
    uint32_t lost_bytes;

    /* RFC 8985. rack_*: of the newest segment that arrived. */
    fa_ns rack_sent_ns; /* 0: none */
    fa_ns rack_rtt_ns;
    fa_ns timeout_ns; /* of the last timeout: what was sent before measures no round trip */
    uint32_t rack_end;
    uint32_t fack;        /* the highest number that had arrived before this ACK */
    uint32_t dsack_round; /* reo_mult grows once until this is acknowledged */
    uint32_t tlp_end;     /* snd_max at the last tail loss probe, if has_tlp */

    /* Proportional rate reduction, RFC 6937. */
    uint32_t prr_flight; /* bytes out at the start */
    uint32_t prr_delivered;
    uint32_t prr_out;

    uint32_t mtu_seq; /* of a larger segment, if mtu_probing */
    uint32_t mtu_end;
    uint32_t undo_ts; /* our timestamp of the first retransmission */
    uint8_t frto;     /* RFC 5682: ACKs seen since the timeout + 1; 0: not in doubt */
    bool has_tlp : 1;
    bool tlp_resent : 1; /* the probe was a retransmission */
    bool has_dsack_round : 1;
    bool blind : 1; /* this recovery is one of duplicates that SACK nothing (RFC 6582) */

    /* What we report (RFC 2018, RFC 2883). */
    uint8_t block_count;
    bool has_dsack;
    struct fa_tcp_sack dsack;
    struct fa_tcp_sack blocks[FA_TCP_SACK_MAX]; /* newest first */
};

/* What one acknowledgement says has arrived. */
struct fa__tcp_delivery {
    uint32_t bytes;      /* not known to have arrived before */
    uint32_t lost_bytes; /* ... among them, that were taken for lost and not sent again */
    uint32_t fack;       /* the highest of them, or of before */
    fa_ns rtt_ns;        /* of the newest that was sent once; 0: none was */
    bool original;       /* something that was sent once */
    bool dsack;          /* a block said that something came twice */
};

/* tcp_board.c */
/* The work area; NULL if the pool is low. */
struct fa__tcp_work *fa__tcp_work_get(struct fa_tcp_conn *conn);
/* Give it back. */
void fa__tcp_work_drop(struct fa_tcp_conn *conn);
/* ... if nothing needs it. */
void fa__tcp_work_release(struct fa_tcp_conn *conn);
/* What is in flight is a run from now on. Returns: false, and nothing happens, without memory, or
 * while the bytes of a timeout are sent once more without a scoreboard. */
bool fa__tcp_board_open(struct fa_tcp_conn *conn);
/* Forget all runs: the classic way (tcp_ack.c) goes on from here. */
void fa__tcp_board_close(struct fa_tcp_conn *conn);
/* New numbers up to `end` have left; snd_max is still where they begin. */
void fa__tcp_board_sent(struct fa_tcp_conn *conn, uint32_t end);
/* The front of `run` up to `end` was sent again. */
void fa__tcp_board_resent(struct fa_tcp_conn *conn, struct fa__tcp_run *run, uint32_t end);
void fa__tcp_board_acked(struct fa_tcp_conn *conn, uint32_t ack, struct fa__tcp_delivery *delivery);
void fa__tcp_board_sacked(
    struct fa_tcp_conn *conn, const struct fa_tcp_sack *block, struct fa__tcp_delivery *delivery);
void fa__tcp_board_lose(struct fa__tcp_work *work, struct fa__tcp_run *run);
/* The first `len` numbers are lost unless they are known to be; without memory their whole run. */
void fa__tcp_board_lose_head(struct fa_tcp_conn *conn, uint32_t len);
/* The last `len` numbers are a run of their own, taken for lost. Returns: false without memory. */
bool fa__tcp_board_lose_tail(struct fa_tcp_conn *conn, uint32_t len);
/* Nothing was lost after all. */
void fa__tcp_board_unlose(struct fa__tcp_work *work);
/* The peer has thrown away what it had SACKed: all of it is lost. */
void fa__tcp_board_renege(struct fa__tcp_work *work);

static inline struct fa__tcp_run *fa__tcp_run_of(struct fa_list *node)
{
    return FA_CONTAINER(node, struct fa__tcp_run, node);
}

static inline struct fa__tcp_run *fa__tcp_run_of_order(struct fa_list *node)
{
    return FA_CONTAINER(node, struct fa__tcp_run, order);
}

#endif
