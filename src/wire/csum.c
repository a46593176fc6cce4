// SPDX-License-Identifier: ISC
//
// The internet checksum: words for what is short, vectors of 16 bytes, which every processor has,
// for what is longer, and wider ones for long runs where there are some.
//
// A step of vectors needs neither carries nor masks: one register sums the lanes modulo 2^64,
// another their upper halves alone, and what the lower halves came to follows from both at the end.

#include "fa/wire/csum.h"

typedef uint64_t lanes __attribute__((vector_size(16)));

enum {
    VECTOR_MIN = 192,     /* bytes below which words are quicker */
    SPAN_BYTES = 1 << 30, /* far below the 2^32 lanes after which the upper halves could overflow */
};

static inline lanes load_lanes(const uint8_t *at)
{
    lanes value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
}

static inline void store_lanes(uint8_t *at, lanes value)
{
    __builtin_memcpy(at, &value, sizeof value);
}

/* What was summed so far. Two pairs, so that no addition waits for the one before. */
struct accumulator {
    lanes all0, all1;     /* modulo 2^64 a lane */
    lanes upper0, upper1; /* the upper 32 bits of each lane */
};

static inline void accumulate(struct accumulator *acc, lanes a, lanes b, lanes c, lanes d)
{
    acc->all0 += a;
    acc->all1 += b;
    acc->upper0 += a >> 32;
    acc->upper1 += b >> 32;
    acc->all0 += c;
    acc->all1 += d;
    acc->upper0 += c >> 32;
    acc->upper1 += d >> 32;
}

static inline uint64_t reduce(const struct accumulator *acc)
{
    lanes upper = acc->upper0 + acc->upper1;
    lanes lower = acc->all0 + acc->all1 - (upper << 32);
    return fa_csum_plus(fa_csum_plus(upper[0], upper[1]), fa_csum_plus(lower[0], lower[1]));
}

static uint64_t add_blocks(const uint8_t *at, size_t len)
{
    struct accumulator acc = {0};
    for (; len != 0; at += FA__CSUM_BLOCK, len -= FA__CSUM_BLOCK) {
        accumulate(
            &acc, load_lanes(at), load_lanes(at + 16), load_lanes(at + 32), load_lanes(at + 48));
    }
    return reduce(&acc);
}

static uint64_t copy_blocks(uint8_t *to, const uint8_t *at, size_t len)
{
    struct accumulator acc = {0};
    for (; len != 0; at += FA__CSUM_BLOCK, to += FA__CSUM_BLOCK, len -= FA__CSUM_BLOCK) {
        lanes a = load_lanes(at);
        lanes b = load_lanes(at + 16);
        lanes c = load_lanes(at + 32);
        lanes d = load_lanes(at + 48);
        store_lanes(to, a);
        store_lanes(to + 16, b);
        store_lanes(to + 32, c);
        store_lanes(to + 48, d);
        accumulate(&acc, a, b, c, d);
    }
    return reduce(&acc);
}

/* ---- which vectors: asked once, by the first who needs them ---- */

static const struct fa__csum_wide plain = {add_blocks, copy_blocks};

static uint64_t add_first(const uint8_t *at, size_t len);
static uint64_t copy_first(uint8_t *to, const uint8_t *at, size_t len);

static struct fa__csum_wide chosen = {add_first, copy_first};

void fa__csum_wide_use(const struct fa__csum_wide *wide)
{
    chosen = wide != NULL ? *wide : plain;
}

static uint64_t add_first(const uint8_t *at, size_t len)
{
    fa__csum_wide_use(fa__csum_wide_find());
    return chosen.add(at, len);
}

static uint64_t copy_first(uint8_t *to, const uint8_t *at, size_t len)
{
    fa__csum_wide_use(fa__csum_wide_find());
    return chosen.copy(to, at, len);
}

/* ---- sums ---- */

uint64_t fa_csum_add(uint64_t sum, const void *bytes, size_t len)
{
    FA_ASSERT(len <= SPAN_BYTES);
    const uint8_t *at = bytes;
    if (len >= VECTOR_MIN) {
        size_t blocks = len - len % FA__CSUM_BLOCK;
        sum = fa_csum_plus(sum, chosen.add(at, blocks));
        at += blocks;
        len -= blocks;
    }
    return fa_csum_add_short(sum, at, len);
}

static uint64_t copy_short(uint8_t *to, const uint8_t *at, size_t len, uint64_t sum)
{
    if (len == 0) {
        return sum; // then the places may be no places
    }
    size_t words = len - len % 8;
    unsigned __int128 wide = sum;
    size_t i = 0;
    for (; i < words; i += 8) {
        uint64_t word = fa__csum_word(at + i);
        __builtin_memcpy(to + i, &word, 8);
        wide += word;
    }
    sum = fa_csum_plus((uint64_t)wide, (uint64_t)(wide >> 64));
    for (; i < len; i++) {
        to[i] = at[i];
    }
    return fa_csum_add_short(sum, at + words, len - words);
}

uint64_t fa_csum_copy(void *target, const void *source, size_t len, uint64_t sum)
{
    FA_ASSERT(len <= SPAN_BYTES);
    const uint8_t *at = source;
    uint8_t *to = target;
    if (len >= VECTOR_MIN) {
        size_t blocks = len - len % FA__CSUM_BLOCK;
        sum = fa_csum_plus(sum, chosen.copy(to, at, blocks));
        at += blocks;
        to += blocks;
        len -= blocks;
    }
    return copy_short(to, at, len, sum);
}

uint64_t fa_csum_pseudo(
    const struct fa_ip *local, const struct fa_ip *remote, uint8_t protocol, size_t len)
{
    FA_ASSERT(len <= UINT32_MAX);
    uint8_t tail[8] = {0};
    fa_be32_store(tail, (uint32_t)len);
    tail[7] = protocol;
    uint64_t tail_word;
    __builtin_memcpy(&tail_word, tail, sizeof tail_word);
    struct fa__ip_words from = fa__ip_words_of(local);
    struct fa__ip_words to = fa__ip_words_of(remote);
    unsigned __int128 wide = from.upper;
    wide = wide + from.lower + to.upper + to.lower + tail_word;
    return fa_csum_plus((uint64_t)wide, (uint64_t)(wide >> 64));
}
