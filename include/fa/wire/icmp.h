// SPDX-License-Identifier: ISC
//
// fa/wire/icmp.h: the ICMP message (RFC 792, RFC 1191).
//
// Pure encode and decode of the eight bytes that all messages begin with. What they mean is
// fa/icmp.h. Tested by test/unit/wire_icmp_test.c, fuzz/wire_icmp_fuzz.c.
//
//     if (fa_icmp_decode(packet, &icmp) == FA_ICMP_GOOD && icmp.type == FA_ICMP_ECHO)
//         reply(icmp.id, icmp.seq, fa_slice_from(packet, FA_ICMP_HDR_LEN));

#ifndef FA_WIRE_ICMP_H
#define FA_WIRE_ICMP_H

#include "fa/base.h"

enum {
    FA_ICMP_HDR_LEN = 8, /* bytes */

    FA_ICMP_ECHO_REPLY = 0, /* types */
    FA_ICMP_UNREACHABLE = 3,
    FA_ICMP_SOURCE_QUENCH = 4,
    FA_ICMP_REDIRECT = 5,
    FA_ICMP_ECHO = 8,
    FA_ICMP_TIME_EXCEEDED = 11,
    FA_ICMP_PARAMETER = 12,

    FA_ICMP_CODE_NET = 0, /* codes of FA_ICMP_UNREACHABLE */
    FA_ICMP_CODE_HOST = 1,
    FA_ICMP_CODE_PROTOCOL = 2,
    FA_ICMP_CODE_PORT = 3,
    FA_ICMP_CODE_TOO_BIG = 4,

    FA_ICMP_CODE_REASSEMBLY = 1, /* of FA_ICMP_TIME_EXCEEDED: fragments did not come in time */
};

enum FA_MUST_USE fa_icmp_verdict {
    FA_ICMP_GOOD,
    FA_ICMP_SHORT,
    FA_ICMP_CSUM,
};

struct fa_icmp_header {
    uint8_t type;
    uint8_t code;
    uint16_t id;  /* bytes 4 and 5: of echoes */
    uint16_t seq; /* bytes 6 and 7: of echoes; the next hop's MTU of FA_ICMP_CODE_TOO_BIG */
};

/* Whether a message of this type reports about another packet, which it quotes (RFC 1122 3.2.2). */
static inline bool fa_icmp_is_error(uint8_t type)
{
    return type == FA_ICMP_UNREACHABLE || type == FA_ICMP_SOURCE_QUENCH ||
           type == FA_ICMP_REDIRECT || type == FA_ICMP_TIME_EXCEEDED || type == FA_ICMP_PARAMETER;
}

/* Read a whole message and verify its checksum. *ret_header is written for FA_ICMP_GOOD only. */
enum fa_icmp_verdict fa_icmp_decode(struct fa_slice message, struct fa_icmp_header *ret_header);

/* Write the header of a message of `len` bytes, whose body stands already behind it. */
void fa_icmp_encode(uint8_t *at, size_t len, const struct fa_icmp_header *header);

#endif
