// SPDX-License-Identifier: ISC
//
// fa/hash.h: SipHash for tables and secrets, CRC32C for stored bytes.
//
// SipHash (Aumasson & Bernstein 2012) is a keyed function that an attacker who does not know the
// key cannot predict: hash tables fed by the network, initial sequence numbers, cookies. CRC32C
// (RFC 3720 B.4, Castagnoli) finds broken bytes, not forged ones. Tested by test/unit/hash_test.c.

#ifndef FA_HASH_H
#define FA_HASH_H

#include "fa/base.h"

/* 128-bit key. A secret: wipe it. */
struct fa_siphash_key {
    uint64_t k0;
    uint64_t k1;
};

/* SipHash-2-4 of `bytes`. */
uint64_t fa_siphash(const struct fa_siphash_key *key, struct fa_slice bytes);

/* SipHash-1-3, for hash tables alone. */
uint64_t fa_siphash13(const struct fa_siphash_key *key, struct fa_slice bytes);

/* CRC32C of `bytes`, continuing from `crc` (0 to begin). */
uint32_t fa_crc32c(uint32_t crc, struct fa_slice bytes);

#endif
