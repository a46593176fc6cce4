// SPDX-License-Identifier: ISC
//
// hash.c: SipHash and CRC32C.

#include "fa/hash.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "both read words as they lie");

static inline uint64_t load_u64(const uint8_t *at)
{
    uint64_t word;
    __builtin_memcpy(&word, at, sizeof word);
    return word;
}

static inline uint32_t load_u32(const uint8_t *at)
{
    uint32_t word;
    __builtin_memcpy(&word, at, sizeof word);
    return word;
}

static inline uint64_t rotate_left(uint64_t word, unsigned by)
{
    return word << by | word >> (64 - by);
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline void mix_once(struct sip *sip)
{
    sip->v0 += sip->v1;
    sip->v1 = rotate_left(sip->v1, 13) ^ sip->v0;
    sip->v0 = rotate_left(sip->v0, 32);
    sip->v2 += sip->v3;
    sip->v3 = rotate_left(sip->v3, 16) ^ sip->v2;
    sip->v0 += sip->v3;
    sip->v3 = rotate_left(sip->v3, 21) ^ sip->v0;
    sip->v2 += sip->v1;
    sip->v1 = rotate_left(sip->v1, 17) ^ sip->v2;
    sip->v2 = rotate_left(sip->v2, 32);
}

/* One to four rounds, without a loop: the number is constant wherever it is asked for. */
[[gnu::always_inline]] static inline void mix_sip(struct sip *sip, unsigned round_count)
{
    if (round_count > 3) {
        mix_once(sip);
    }
    if (round_count > 2) {
        mix_once(sip);
    }
    if (round_count > 1) {
        mix_once(sip);
    }
    mix_once(sip);
}

/* SipHash-c-d with c rounds a word and d at the end; constants as in the paper, section 2.1. */
[[gnu::always_inline]] static inline uint64_t hash_sip(
    const struct fa_siphash_key *key, struct fa_slice bytes, unsigned c, unsigned d)
{
    struct sip sip = {
        .v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
        .v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = key->k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t off = 0;
    for (; off + 8 <= bytes.len; off += 8) {
        uint64_t word = load_u64(bytes.at + off);
        sip.v3 ^= word;
        mix_sip(&sip, c);
        sip.v0 ^= word;
    }
    uint64_t last = (uint64_t)bytes.len << 56;
    unsigned shift = 0;
    if ((bytes.len & 4) != 0) {
        last |= load_u32(bytes.at + off);
        off += 4;
        shift = 32;
    }
    for (; off < bytes.len; off++, shift += 8) {
        last |= (uint64_t)bytes.at[off] << shift;
    }
    sip.v3 ^= last;
    mix_sip(&sip, c);
    sip.v0 ^= last;
    sip.v2 ^= 0xff;
    mix_sip(&sip, d);
    return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

uint64_t fa_siphash(const struct fa_siphash_key *key, struct fa_slice bytes)
{
    return hash_sip(key, bytes, 2, 4);
}

uint64_t fa_siphash13(const struct fa_siphash_key *key, struct fa_slice bytes)
{
    return hash_sip(key, bytes, 1, 3);
}

#define CRC32C_POLYNOMIAL UINT32_C(0x82f63b78) /* 0x1edc6f41, bits reversed */

/* crc_table[n][b]: what byte b does to the sum when n bytes follow it. Made on first use: 8 KiB
 * that need not be in the image. */
static uint32_t crc_table[8][256];

static void make_crc_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? CRC32C_POLYNOMIAL : 0);
        }
        crc_table[0][byte] = crc;
    }
    for (unsigned n = 1; n < 8; n++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint32_t before = crc_table[n - 1][byte];
            crc_table[n][byte] = before >> 8 ^ crc_table[0][before & 0xff];
        }
    }
}

uint32_t fa_crc32c(uint32_t crc, struct fa_slice bytes)
{
    if (crc_table[0][1] == 0) {
        make_crc_table();
    }
    crc = ~crc;
    size_t off = 0;
    for (; off + 8 <= bytes.len; off += 8) {
        uint64_t word = load_u64(bytes.at + off) ^ crc;
        crc = crc_table[7][word & 0xff] ^ crc_table[6][word >> 8 & 0xff] ^
              crc_table[5][word >> 16 & 0xff] ^ crc_table[4][word >> 24 & 0xff] ^
              crc_table[3][word >> 32 & 0xff] ^ crc_table[2][word >> 40 & 0xff] ^
              crc_table[1][word >> 48 & 0xff] ^ crc_table[0][word >> 56];
    }
    for (; off < bytes.len; off++) {
        crc = crc >> 8 ^ crc_table[0][(crc ^ bytes.at[off]) & 0xff];
    }
    return ~crc;
}
