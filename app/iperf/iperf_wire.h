// SPDX-License-Identifier: ISC
//
// The messages of iperf 2: big-endian words of 32 bits, as version 2.1.8 puts them on the wire.
// Tested by test/unit/iperf_wire_test.c with bytes of that version, fuzzed by fuzz/iperf_fuzz.c.

#ifndef IPERF_WIRE_H
#define IPERF_WIRE_H

#include "fa/base.h"

enum {
    HEADER_LEN = 60,          /* bytes: what a client says of its test, first in a TCP stream */
    DATAGRAM_HEADER_LEN = 16, /* bytes: number and time, first in each datagram */
    REPORT_LEN = 128,         /* bytes: the server's report in answer to the last datagram */
    DATAGRAM_LEN_MIN = DATAGRAM_HEADER_LEN + HEADER_LEN,
};

/* What a client asks for. */
struct header {
    bool back;      /* the server is to send, too ... */
    bool at_once;   /* ... at the same time; else when the client's part is over */
    uint16_t port;  /* ... to this port of the client's */
    uint64_t bytes; /* how much to send; 0: as long as `time_ns` */
    fa_ns time_ns;
    uint64_t bits_per_s; /* of UDP; 0: not said */
};

/* First in each datagram. */
struct datagram_header {
    int64_t number; /* from 1 on; negative in the last one */
    uint32_t s;     /* when it was sent, by the sender's wall clock */
    uint32_t us;
};

/* What a UDP server counted. */
struct report {
    uint64_t bytes;
    fa_ns took_ns;
    uint64_t datagram_count;
    uint64_t lost_count;
    uint64_t late_count; /* arrived behind a later one */
    fa_ns jitter_ns;     /* RFC 3550 6.4.1 */
};

/* Every decoder takes any bytes. Returns: false if it is not such a message. */
void header_encode(uint8_t at[HEADER_LEN], const struct header *header);
bool header_decode(struct fa_slice bytes, struct header *ret_header);
void datagram_encode(uint8_t at[DATAGRAM_HEADER_LEN], const struct datagram_header *header);
bool datagram_decode(struct fa_slice bytes, struct datagram_header *ret_header);
void report_encode(uint8_t at[REPORT_LEN], const struct report *report);
bool report_decode(struct fa_slice bytes, struct report *ret_report);
/* The bytes that streams are filled with: the digits 0 to 9, from the stream's byte `off` on. */
void payload_fill(uint8_t *at, size_t len, uint64_t off);

#endif
