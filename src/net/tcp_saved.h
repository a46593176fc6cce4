// SPDX-License-Identifier: ISC
//
// A saved connection, decoded (docs/spec/tcp-handover.md). tcp_saved.c knows the bytes and what can
// be true of them, tcp_handover.c makes a connection of it and back.

#ifndef FA_NET_TCP_SAVED_H
#define FA_NET_TCP_SAVED_H

#include "fa/base.h"
#include "fa/ip.h"

enum {
    FA__SAVED_VERSION = 1,
    FA__SAVED_FIXED_LEN = 196,    /* bytes before the payload */
    FA__SAVED_OOO_HEADER_LEN = 8, /* bytes before each run beyond a hole */
    FA__SAVED_CRC_LEN = 4,
};

#define FA__SAVED_NEVER UINT64_MAX

/* Bits of `flags`. */
enum fa__saved_flags {
    FA__SAVED_HELD = 1 << 0,     /* a flow stood for it */
    FA__SAVED_LISTENER = 1 << 1, /* not accepted yet */
    FA__SAVED_PASSIVE = 1 << 2,
    FA__SAVED_NAGLE = 1 << 3,
    FA__SAVED_KEEPALIVE = 1 << 4,
    FA__SAVED_FIN_QUEUED = 1 << 5,
    FA__SAVED_FIN_ACKED = 1 << 6,
    FA__SAVED_FIN_RECEIVED = 1 << 7,
    FA__SAVED_FIN_EARLY = 1 << 8, /* fin_off says where */
    FA__SAVED_SCALE = 1 << 9,
    FA__SAVED_TS = 1 << 10,
    FA__SAVED_SACK = 1 << 11,
    FA__SAVED_SYN_LOST = 1 << 12,
    FA__SAVED_RESET_DUE = 1 << 13,
    FA__SAVED_ACK_DUE = 1 << 14,
    FA__SAVED_PERSIST = 1 << 15, /* retransmit_in_ns is a window probe's */
    FA__SAVED_ECN = 1 << 16,
    FA__SAVED_ECN_ECHO = 1 << 17,
    FA__SAVED_FLAGS_ALL = (1 << 18) - 1,
};

struct fa__saved {
    uint8_t state;
    uint8_t error; /* of CLOSED: a negated fa_err */
    uint32_t total_len;
    uint32_t flags;
    struct fa_ip local;
    struct fa_ip remote;
    uint16_t local_port;
    uint16_t remote_port;
    uint32_t iss;
    uint32_t snd_una;
    uint32_t sent_len; /* numbers sent and not acknowledged */
    uint32_t tx_len;   /* bytes written and not acknowledged */
    uint32_t snd_wnd;
    uint32_t snd_wnd_max;
    uint32_t snd_wl1;
    uint32_t snd_wl2;
    uint32_t irs;
    uint32_t rcv_nxt;
    uint32_t promised_len; /* of the window, from rcv_nxt */
    uint32_t unacked_len;  /* before rcv_nxt */
    uint32_t fin_off;      /* from rcv_nxt */
    uint32_t rx_len;       /* bytes in order, unread */
    uint32_t ooo_count;    /* runs beyond a hole */
    uint32_t cwnd;
    uint32_t ssthresh;
    uint64_t srtt_ns;
    uint64_t rttvar_ns;
    uint64_t end_in_ns;      /* FA__SAVED_NEVER: it is not set */
    uint64_t no_progress_ns; /* how long nothing was acknowledged */
    uint64_t retransmit_in_ns;
    uint32_t silent_ms;
    uint32_t user_timeout_ms;
    uint32_t rx_space;
    uint32_t ts_value; /* our timestamp, had we sent one at that moment */
    uint32_t ts_recent;
    uint32_t ts_recent_age; /* 2^30 ns */
    uint16_t mss;
    uint16_t rx_mss;
    uint16_t rx_full;
    uint8_t tx_scale;
    uint8_t rx_scale;
    uint8_t backoff;
    uint8_t tries;
    uint8_t congestion; /* enum fa_tcp_congestion */
};

/* Write the fixed part. */
void fa__saved_encode(const struct fa__saved *saved, uint8_t at[FA__SAVED_FIXED_LEN]);

/*
 * Read a saved connection and refuse what no connection can be.
 *
 * Returns: FA_OK; FA_ECORRUPT. *ret_payload then is rx_len bytes, ooo_count runs (offset from
 * rcv_nxt, length, bytes), tx_len bytes.
 */
fa_err fa__saved_decode(
    struct fa_slice bytes, struct fa__saved *ret_saved, struct fa_slice *ret_payload);

#endif
