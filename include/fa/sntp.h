// SPDX-License-Identifier: ISC
//
// fa/sntp.h: an SNTP client (RFC 4330, the client's part of RFC 5905) without I/O: what time it is.
//
// A round is a few exchanges with the servers in turn; the one with the shortest way there and back
// counts. The clock is to be stepped to it: nothing is slewed and no drift is learned. Requests
// carry a random number instead of our time, and an answer must repeat it. No authentication, no
// broadcast mode. fa/timesync.h binds it to a stack. Tested by test/unit/sntp_test.c,
// fuzz/sntp_fuzz.c.
//
//     fa_sntp_servers_set(&sntp, now, servers, count);
//     while (fa_sntp_output(&sntp, now, &send)) send_from_a_fresh_port(&send);
//     fa_sntp_input(&sntp, now, &from, datagram);
//     if (fa_sntp_take(&sntp, &sample)) fa_wall_set(fa_clock_mono_ns() + sample.ahead_ns);

#ifndef FA_SNTP_H
#define FA_SNTP_H

#include "fa/base.h"
#include "fa/counter.h"
#include "fa/ip.h"
#include "fa/rand.h"
#include "fa/wire/ntp.h"

enum {
    FA_SNTP_SERVER_COUNT_MAX = 4,
};

#define FA_SNTP_TIMEOUT_NS   (2 * FA_NS_S)  /* for an answer */
#define FA_SNTP_SPACING_NS   (2 * FA_NS_S)  /* between exchanges of a round */
#define FA_SNTP_RETRY_NS     (16 * FA_NS_S) /* after a round without an answer; then doubled */
#define FA_SNTP_POLL_MIN_NS  (64 * FA_NS_S) /* after the first good round; then doubled, up to */
#define FA_SNTP_POLL_MAX_NS  (1024 * FA_NS_S)
#define FA_SNTP_DELAY_MAX_NS FA_NS_S /* of a way there and back that is believed */

struct fa_sntp_config {
    struct fa_counters *counters; /* NULL: fa_counters_main */
    struct fa_rand *rand;         /* borrowed; its numbers must not be predictable */
    uint8_t exchange_count;       /* of a round, one for each server at least [4] */
};

struct fa_sntp_server {
    struct fa_endpoint endpoint;
    bool denied; /* it has told us to go away (RFC 5905 7.4: DENY, RSTR) */
};

/* One measurement. */
struct fa_sntp_sample {
    uint64_t ahead_ns; /* of wall clock (since 1970) before monotonic clock, modulo 2^64 */
    fa_ns delay_ns;    /* there and back, without the server's own time */
    struct fa_endpoint server;
    uint8_t stratum;
    uint8_t leap;
};

enum fa_sntp_state {
    FA_SNTP_IDLE, /* waits for due_ns */
    FA_SNTP_DUE,  /* has something to send */
    FA_SNTP_SENT, /* waits for an answer */
};

/* Private below. Movable. */
struct fa_sntp {
    struct fa_sntp_config config;
    struct fa_sntp_server servers[FA_SNTP_SERVER_COUNT_MAX];
    uint32_t server_count;
    uint32_t server;   /* asked last */
    uint8_t state;     /* enum fa_sntp_state */
    uint8_t exchanges; /* of this round */
    bool rated;        /* a server asks for more distance */
    bool ready;        /* fa_sntp_take() has something */
    uint64_t nonce;
    fa_ns sent_ns;
    fa_ns due_ns;
    fa_ns interval_ns;          /* to the next round; 0: none was yet */
    bool last_good;             /* the last round found an answer */
    struct fa_sntp_sample best; /* of this round; delay FA_NS_NEVER: none */
    struct fa_sntp_sample found;
};

struct fa_sntp_send {
    struct fa_endpoint server;
    uint8_t bytes[FA_NTP_LEN];
};

void fa_sntp_init(struct fa_sntp *sntp, const struct fa_sntp_config *config);

/* Whom to ask, and begin a round now. Those beyond FA_SNTP_SERVER_COUNT_MAX are ignored. */
void fa_sntp_servers_set(
    struct fa_sntp *sntp, fa_ns now, const struct fa_endpoint *servers, size_t count);

/* Fetch the next request. Returns: whether there was one. `now` is when it leaves: the measurement
 * begins there. */
FA_MUST_USE bool fa_sntp_output(struct fa_sntp *sntp, fa_ns now, struct fa_sntp_send *ret_send);

/* Take in a datagram that came at `now`. */
void fa_sntp_input(
    struct fa_sntp *sntp, fa_ns now, const struct fa_endpoint *from, struct fa_slice datagram);

/* The request could not be sent, or was refused. */
void fa_sntp_failed(struct fa_sntp *sntp, fa_ns now);

/* What the last round found, once. Returns: whether there is something new. */
FA_MUST_USE bool fa_sntp_take(struct fa_sntp *sntp, struct fa_sntp_sample *ret_sample);

static inline fa_ns fa_sntp_deadline(const struct fa_sntp *sntp)
{
    return sntp->state == FA_SNTP_DUE ? 0 : sntp->due_ns;
}

/* Let time pass. */
void fa_sntp_tick(struct fa_sntp *sntp, fa_ns now);

#endif
