// SPDX-License-Identifier: ISC
//
// fa/wire/icmp6.h: the ICMPv6 message (RFC 4443).
//
// Pure encode and decode of the eight bytes that all messages begin with. What they mean is
// fa/icmp.h; neighbour discovery is fa/wire/ndp.h, group membership fa/wire/mld.h. Tested by
// test/unit/wire_icmp6_test.c, fuzz/wire_icmp6_fuzz.c.
//
//     if (fa_icmp6_decode(message, &meta, &icmp) == FA_ICMP6_GOOD && icmp.type == FA_ICMP6_ECHO)
//         reply(icmp.word, fa_slice_from(message, FA_ICMP6_HDR_LEN));

#ifndef FA_WIRE_ICMP6_H
#define FA_WIRE_ICMP6_H

#include "fa/base.h"
#include "fa/ip.h"

enum {
    FA_ICMP6_HDR_LEN = 8, /* bytes */

    FA_ICMP6_UNREACHABLE = 1, /* types of errors */
    FA_ICMP6_TOO_BIG = 2,
    FA_ICMP6_TIME_EXCEEDED = 3,
    FA_ICMP6_PARAMETER = 4,
    FA_ICMP6_ECHO = 128, /* and of others */
    FA_ICMP6_ECHO_REPLY = 129,
    FA_ICMP6_MLD_QUERY = 130,
    FA_ICMP6_MLD1_REPORT = 131,
    FA_ICMP6_MLD1_DONE = 132,
    FA_ICMP6_ROUTER_SOLICIT = 133,
    FA_ICMP6_ROUTER_ADVERT = 134,
    FA_ICMP6_NEIGHBOUR_SOLICIT = 135,
    FA_ICMP6_NEIGHBOUR_ADVERT = 136,
    FA_ICMP6_REDIRECT = 137,
    FA_ICMP6_MLD2_REPORT = 143,

    FA_ICMP6_CODE_NO_ROUTE = 0, /* codes of FA_ICMP6_UNREACHABLE */
    FA_ICMP6_CODE_PROHIBITED = 1,
    FA_ICMP6_CODE_SCOPE = 2,
    FA_ICMP6_CODE_ADDRESS = 3,
    FA_ICMP6_CODE_PORT = 4,

    FA_ICMP6_CODE_REASSEMBLY = 1, /* of FA_ICMP6_TIME_EXCEEDED; 0: the hop limit */

    FA_ICMP6_CODE_FIELD = 0, /* codes of FA_ICMP6_PARAMETER */
    FA_ICMP6_CODE_NEXT = 1,
    FA_ICMP6_CODE_OPTION = 2,
};

enum FA_MUST_USE fa_icmp6_verdict {
    FA_ICMP6_GOOD,
    FA_ICMP6_SHORT,
    FA_ICMP6_CSUM,
};

struct fa_icmp6_header {
    uint8_t type;
    uint8_t code;
    uint32_t word; /* bytes 4 to 7: id and sequence number of echoes, the MTU of
                      FA_ICMP6_TOO_BIG, the offset of FA_ICMP6_PARAMETER */
};

/* Whether a message of this type reports about another packet, which it quotes. */
static inline bool fa_icmp6_is_error(uint8_t type)
{
    return type < 128;
}

/* Read a whole message and verify its checksum, which covers the addresses of `meta`. *ret_header
 * is written for FA_ICMP6_GOOD only. */
enum fa_icmp6_verdict fa_icmp6_decode(
    struct fa_slice message, const struct fa_ip_meta *meta, struct fa_icmp6_header *ret_header);

/* Write the header of a message of `len` bytes, whose body stands already behind it, checksum
 * included. */
void fa_icmp6_encode(
    uint8_t *at, size_t len, const struct fa_ip_meta *meta, const struct fa_icmp6_header *header);

#endif
