// SPDX-License-Identifier: ISC
//
// The internet checksum, 64 bytes a step.
//
// The step works on vectors of 64-bit lanes and needs neither carries nor masks: one register
// sums the lanes modulo 2^64, another sums their upper halves alone, and what the lower halves came
// to follows from both at the end. The compiler turns the vectors into whatever the machine has.

#include "fa/wire/csum.h"

typedef uint64_t lanes __attribute__((vector_size(16)));

enum {
    STEP_BYTES = 64,
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

static inline uint64_t load_u64(const uint8_t *at)
{
    uint64_t value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
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

/* Less than a step. An odd last byte counts as if a zero followed it. */
static inline uint64_t add_tail(uint64_t sum, const uint8_t *at, size_t len)
{
    for (; len >= 8; at += 8, len -= 8) {
        sum = fa_csum_plus(sum, load_u64(at));
    }
    uint32_t u32 = 0;
    uint16_t u16 = 0;
    uint16_t u8 = 0;
    if ((len & 4) != 0) {
        __builtin_memcpy(&u32, at, 4);
        at += 4;
    }
    if ((len & 2) != 0) {
        __builtin_memcpy(&u16, at, 2);
        at += 2;
    }
    if ((len & 1) != 0) {
        __builtin_memcpy(&u8, at, 1);
    }
    return fa_csum_plus(sum, (uint64_t)u32 + u16 + u8);
}

uint64_t fa_csum_add(uint64_t sum, const void *bytes, size_t len)
{
    FA_ASSERT(len <= SPAN_BYTES);
    const uint8_t *at = bytes;
    if (len >= STEP_BYTES) {
        struct accumulator acc = {0};
        for (; len >= STEP_BYTES; at += STEP_BYTES, len -= STEP_BYTES) {
            accumulate(&acc, load_lanes(at), load_lanes(at + 16), load_lanes(at + 32),
                load_lanes(at + 48));
        }
        sum = fa_csum_plus(sum, reduce(&acc));
    }
    return add_tail(sum, at, len);
}

uint64_t fa_csum_copy(void *target, const void *source, size_t len, uint64_t sum)
{
    FA_ASSERT(len <= SPAN_BYTES);
    const uint8_t *at = source;
    uint8_t *to = target;
    if (len >= STEP_BYTES) {
        struct accumulator acc = {0};
        for (; len >= STEP_BYTES; at += STEP_BYTES, to += STEP_BYTES, len -= STEP_BYTES) {
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
        sum = fa_csum_plus(sum, reduce(&acc));
    }
    fa_copy(to, at, len);
    return add_tail(sum, at, len);
}

uint64_t fa_csum_pseudo(
    const struct fa_ip *local, const struct fa_ip *remote, uint8_t protocol, size_t len)
{
    FA_ASSERT(len <= UINT32_MAX);
    uint8_t tail[8] = {0};
    fa_be32_store(tail, (uint32_t)len);
    tail[7] = protocol;
    uint64_t sum = fa_csum_plus(load_u64(local->b), load_u64(local->b + 8));
    sum = fa_csum_plus(sum, fa_csum_plus(load_u64(remote->b), load_u64(remote->b + 8)));
    return fa_csum_plus(sum, load_u64(tail));
}
