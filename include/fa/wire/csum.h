// SPDX-License-Identifier: ISC
//
// fa/wire/csum.h: the internet checksum (RFC 1071), alone or while copying.
//
// A sum is a 64-bit accumulator in the machine's own byte order (RFC 1071 2B); it is folded once,
// at the end. Long runs of bytes use the widest vectors that the processor of the moment has.
// Tested by test/unit/wire_csum_test.c against a naive reference, each kind of vectors by itself.
//
//     uint64_t sum = fa_csum_pseudo(&meta->local, &meta->remote, FA_IP_PROTO_UDP, len);
//     fa_be16_store(header + 6, fa_csum_fold(fa_csum_add(sum, header, len)));   // to send
//     bool good = fa_csum_fold(fa_csum_add(sum, header, len)) == 0;             // to verify

#ifndef FA_WIRE_CSUM_H
#define FA_WIRE_CSUM_H

#include "fa/base.h"
#include "fa/ip.h"

/* Two sums as one, with end-around carry. */
static inline uint64_t fa_csum_plus(uint64_t a, uint64_t b)
{
    uint64_t sum;
    bool carry = __builtin_add_overflow(a, b, &sum);
    return sum + carry;
}

/*
 * Add `len` bytes to `sum`; 0 begins. Bytes that are added piece by piece are even in length, all
 * but the last; for other pieces there is fa_csum_join().
 */
FA_MUST_USE uint64_t fa_csum_add(uint64_t sum, const void *bytes, size_t len);

/* As fa_csum_add(), and copy the bytes to `target`, which does not overlap them. */
FA_MUST_USE uint64_t fa_csum_copy(void *target, const void *source, size_t len, uint64_t sum);

static inline uint64_t fa__csum_word(const uint8_t *at)
{
    uint64_t word;
    __builtin_memcpy(&word, at, sizeof word);
    return word;
}

/* As fa_csum_add(), in place: for headers, whose length the compiler knows or which are short. */
FA_MUST_USE static inline uint64_t fa_csum_add_short(uint64_t sum, const void *bytes, size_t len)
{
    const uint8_t *at = (const uint8_t *)bytes;
    unsigned __int128 wide = sum; // carries gather in the upper half, and no addition waits for one
    for (; len >= 32; at += 32, len -= 32) {
        wide += fa__csum_word(at);
        wide += fa__csum_word(at + 8);
        wide += fa__csum_word(at + 16);
        wide += fa__csum_word(at + 24);
    }
    for (; len >= 8; at += 8, len -= 8) {
        wide += fa__csum_word(at);
    }
    uint64_t tail = 0;
    if ((len & 4) != 0) {
        uint32_t word;
        __builtin_memcpy(&word, at, 4);
        tail = word;
        at += 4;
    }
    if ((len & 2) != 0) {
        uint16_t word;
        __builtin_memcpy(&word, at, 2);
        tail += word;
        at += 2;
    }
    if ((len & 1) != 0) { // as if a zero followed it
        uint16_t word = 0;
        __builtin_memcpy(&word, at, 1);
        tail += word;
    }
    wide += tail;
    return fa_csum_plus((uint64_t)wide, (uint64_t)(wide >> 64));
}

/* Add `part`, a sum of its own over bytes that begin `off` bytes into the whole; `off` may be odd.
 */
static inline uint64_t fa_csum_join(uint64_t sum, uint64_t part, size_t off)
{
    return fa_csum_plus(sum, (off & 1) != 0 ? part << 8 | part >> 56 : part);
}

/*
 * The checksum of a sum: its complement in 16 bits, to be stored by fa_be16_store().
 *
 * Returns: 0 for bytes that contain their own checksum and are intact.
 */
static inline uint16_t fa_csum_fold(uint64_t sum)
{
    // A number plus itself with its halves exchanged: the upper half is their sum, and the carry
    // out of it has come back in from below.
    sum += sum << 32 | sum >> 32;
    uint32_t half = (uint32_t)(sum >> 32);
    half += half << 16 | half >> 16;
    uint16_t word = (uint16_t) ~(half >> 16);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(word) : word;
}

/* Add a 16-bit header field, as if it stood at an even place. */
static inline uint64_t fa_csum_plus_field(uint64_t sum, uint16_t field)
{
    bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    return fa_csum_plus(sum, little ? __builtin_bswap16(field) : field);
}

/*
 * The sum of a pseudo-header (RFC 9293 3.1, RFC 768, RFC 8200 8.1) for `len` bytes of transport
 * header and payload. One formula serves both families: the ::ffff: in front of an IPv4 address
 * counts 0xffff, which is nothing in one's complement.
 */
FA_MUST_USE uint64_t fa_csum_pseudo(
    const struct fa_ip *local, const struct fa_ip *remote, uint8_t protocol, size_t len);

/* The checksum after one 16-bit word under it has changed (RFC 1624, equation 3). */
static inline uint16_t fa_csum_update(uint16_t csum, uint16_t old_word, uint16_t new_word)
{
    uint32_t sum = (uint32_t)(uint16_t)~csum + (uint16_t)~old_word + new_word;
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)~sum;
}

/* A sum as a number below 2^16 whose words are read as the wire has them: to go on with header
 * fields in registers, and to end with fa_csum_fold_fields(). */
static inline uint64_t fa_csum_as_fields(uint64_t sum)
{
    return (uint16_t)~fa_csum_fold(sum);
}

/* The checksum of a sum of 16-bit header fields as numbers; a 32-bit field counts as its halves, or
 * whole, which is the same in one's complement. Nothing that was just stored has to be read back.
 */
static inline uint16_t fa_csum_fold_fields(uint64_t sum)
{
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)~sum;
}

/* Vectors wider than every processor of an architecture has: whole blocks of FA__CSUM_BLOCK bytes,
 * at most 2^30 bytes. Private to src/wire/csum.c; one file per architecture,
 * plat/arch/ARCH/csum.c. */
struct fa__csum_wide {
    uint64_t (*add)(const uint8_t *at, size_t len);
    uint64_t (*copy)(uint8_t *target, const uint8_t *source, size_t len);
};

enum { FA__CSUM_BLOCK = 64 };

/* Returns: NULL if this processor has none, or the platform does not save them. */
const struct fa__csum_wide *fa__csum_wide_find(void);

/* Use these for long runs, NULL: none; for tests. */
void fa__csum_wide_use(const struct fa__csum_wide *wide);

#endif
