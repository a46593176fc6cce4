// SPDX-License-Identifier: ISC
//
// fa/wire/ntp.h: the NTP packet (RFC 5905 7.3) and its timestamps.
//
// Pure encode and decode of the 48 bytes that every packet has; extension fields and authentication
// behind them are not looked at. Tested by test/unit/wire_ntp_test.c, fuzz/wire_ntp_fuzz.c.
//
//     if (fa_ntp_decode(datagram, &packet) == FA_NTP_GOOD && packet.origin == sent)
//         wall_ns = fa_ntp_unix_ns(packet.transmit);

#ifndef FA_WIRE_NTP_H
#define FA_WIRE_NTP_H

#include "fa/base.h"

enum {
    FA_NTP_PORT = 123,
    FA_NTP_LEN = 48, /* bytes */
    FA_NTP_VERSION = 4,
    FA_NTP_MODE_CLIENT = 3,
    FA_NTP_MODE_SERVER = 4,
    FA_NTP_LEAP_ALARM = 3,   /* the clock is not synchronised */
    FA_NTP_STRATUM_MAX = 15, /* 0 is a kiss-o'-death packet, RFC 5905 7.4 */
};

enum FA_MUST_USE fa_ntp_verdict {
    FA_NTP_GOOD,
    FA_NTP_SHORT,
};

struct fa_ntp_packet {
    uint8_t leap;
    uint8_t version;
    uint8_t mode;
    uint8_t stratum;
    int8_t poll;              /* log2 of seconds */
    int8_t precision;         /* log2 of seconds */
    uint32_t root_delay;      /* 1/65,536 s */
    uint32_t root_dispersion; /* 1/65,536 s */
    uint8_t ref_id[4];        /* four letters in a kiss-o'-death packet */
    uint64_t reference;       /* the four timestamps: 1/2^32 s since 1900, modulo 2^32 s */
    uint64_t origin;
    uint64_t receive;
    uint64_t transmit;
};

enum fa_ntp_verdict fa_ntp_decode(struct fa_slice bytes, struct fa_ntp_packet *ret_packet);
void fa_ntp_encode(uint8_t at[FA_NTP_LEN], const struct fa_ntp_packet *packet);

/* Nanoseconds since 1970 of a timestamp, which is taken to lie between 1968 and 2104 (RFC 4330 3);
 * 0 for what is before 1970. And the way back. */
uint64_t fa_ntp_unix_ns(uint64_t timestamp);
uint64_t fa_ntp_timestamp(uint64_t unix_ns);

#endif
