// SPDX-License-Identifier: ISC
//
// plat/guest/sha512.h: what libmd's archive offers, declared here because its own header comes with
// the headers of a hosted libc. Its object sha2.o needs memcpy alone.

#ifndef FA_PLAT_GUEST_SHA512_H
#define FA_PLAT_GUEST_SHA512_H

#include "fa/base.h"

enum {
    FA_SHA512_BYTES = 64,
};

/* Its SHA2_CTX: state, count of bits, one block. A secret when what is hashed is: wipe it. */
struct fa__sha512 {
    uint64_t state[8];
    uint64_t bit_count[2];
    uint8_t block[128];
};

void SHA512Init(struct fa__sha512 *hash);
void SHA512Update(struct fa__sha512 *hash, const uint8_t *at, size_t len);
void SHA512Final(uint8_t digest[FA_SHA512_BYTES], struct fa__sha512 *hash);

#endif
