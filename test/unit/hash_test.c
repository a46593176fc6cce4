// SPDX-License-Identifier: ISC
#include "fa/hash.h"
#include "test/t.h"

static const struct fa_siphash_key paper_key = {
    UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

/* 0, 1, 2, ... */
static struct fa_slice counting_bytes(size_t len)
{
    static uint8_t bytes[64];
    for (size_t idx = 0; idx < sizeof bytes; idx++) {
        bytes[idx] = (uint8_t)idx;
    }
    return (struct fa_slice){bytes, len};
}

T(siphash_2_4_gives_the_published_values)
{
    // Length 15: the paper, appendix A. The others: the first of the authors' reference vectors.
    static const struct {
        size_t len;
        uint64_t hash;
    } rows[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},
        {1, UINT64_C(0x74f839c593dc67fd)},
        {2, UINT64_C(0x0d6c8009d9a94f5a)},
        {3, UINT64_C(0x85676696d7fb7e2d)},
        {4, UINT64_C(0xcf2794e0277187b7)},
        {5, UINT64_C(0x18765564cd99a68d)},
        {6, UINT64_C(0xcbc9466e58fee3ce)},
        {7, UINT64_C(0xab0200f58b01d137)},
        {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK(fa_siphash(&paper_key, counting_bytes(rows[row].len)) == rows[row].hash);
    }
}

T(siphash_1_3_agrees_with_an_independent_implementation)
{
    // From CPython 3.11, whose hash of bytes is SipHash-1-3, under the zero key.
    static const struct {
        size_t len;
        uint64_t hash;
    } rows[] = {
        {1, UINT64_C(0x68a914128e01e473)},
        {7, UINT64_C(0x2f098ab0c751325a)},
        {8, UINT64_C(0xead411e67ebe2eea)},
        {15, UINT64_C(0xf30eb725bb91c9ea)},
        {16, UINT64_C(0x8972188433a5c5b7)},
        {33, UINT64_C(0x7fb71d24dfa4c9f6)},
    };
    const struct fa_siphash_key zero = {0};
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK(fa_siphash13(&zero, counting_bytes(rows[row].len)) == rows[row].hash);
    }
}

T(crc32c_gives_the_published_values)
{
    // RFC 3720, B.4; the last one is the check value that catalogues of CRCs give.
    static const uint8_t read_command[48] = {
        0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02};
    uint8_t zeros[32] = {0};
    uint8_t ones[32];
    uint8_t falling[32];
    for (size_t idx = 0; idx < 32; idx++) {
        ones[idx] = 0xff;
        falling[idx] = (uint8_t)(31 - idx);
    }
    const struct {
        struct fa_slice bytes;
        uint32_t crc;
    } rows[] = {
        {{zeros, 32}, 0x8a9136aa},
        {{ones, 32}, 0x62a8ab43},
        {counting_bytes(32), 0x46dd794e},
        {{falling, 32}, 0x113fdb5c},
        {{read_command, 48}, 0xd9963a56},
        {FA_LIT("123456789"), 0xe3069283},
        {FA_LIT(""), 0},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        CHECK_EQ(fa_crc32c(0, rows[row].bytes), rows[row].crc);
    }
}

T(crc32c_may_be_cut_anywhere)
{
    struct fa_slice whole = counting_bytes(64);
    uint32_t crc = fa_crc32c(0, whole);
    for (size_t cut = 0; cut <= whole.len; cut++) {
        uint32_t first = fa_crc32c(0, (struct fa_slice){whole.at, cut});
        CHECK_EQ(fa_crc32c(first, fa_slice_from(whole, cut)), crc);
    }
}
