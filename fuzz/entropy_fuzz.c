// SPDX-License-Identifier: ISC
//
// The pool under any sequence of inputs, events, copies and requests: what is credited never
// exceeds what came in, and nothing comes out before 256 bits since the last copy.
//
// Covers: plat/guest/entropy_pool.c plat/guest/entropy_health.c

#include "plat/guest/entropy_pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_entropy_pool pool;
static struct fa_counters counters;
static struct fa_entropy_source source;
static volatile uint32_t generation;
static struct fa_slice input;
static uint64_t bits_max; /* that may be credited since the last copy */

static struct fa_slice cut(size_t len)
{
    const struct fa_slice part = {input.at, fa_min(len, input.len)};
    input = fa_slice_from(input, part.len);
    return part;
}

static size_t take(void *ctx, uint8_t *at, size_t len)
{
    (void)ctx;
    const struct fa_slice head = cut(1);
    if (head.len == 0) {
        return 0;
    }
    if (head.at[0] == 0xff) {
        return len + 1;
    }
    const struct fa_slice part = cut(fa_min(len, head.at[0]));
    fa_copy(at, part.at, part.len);
    bits_max += part.len * source.bits_per_byte;
    return part.len;
}

static void request(fa_ns now, size_t len)
{
    static uint8_t out[256 + 2];
    if (generation != pool.generation_seen) {
        bits_max = 0;
    }
    out[len] = 0xa5;
    const bool gave = fa__entropy_pool_fill(&pool, now, out, len);
    FA_ASSERT(out[len] == 0xa5);
    FA_ASSERT(gave == (pool.credit_bits == FA_ENTROPY_SEED_BITS));
    FA_ASSERT(!gave || bits_max >= FA_ENTROPY_SEED_BITS);
}

static void run_op(uint8_t op, fa_ns *now)
{
    const struct fa_slice args = cut(8);
    uint8_t bytes[64];
    uint64_t number = 0;
    fa_copy(&number, args.at, args.len);
    switch (op % 6) {
    case 0:
        request(*now, number % 257);
        break;
    case 1:
        bits_max += pool.event_bits;
        fa__entropy_pool_event(&pool, *now, op, number);
        break;
    case 2:
        *now += number >> 20;
        break;
    case 3:
        generation++;
        break;
    case 4: {
        const struct fa_slice part = cut(number % (sizeof bytes + 1));
        fa_copy(bytes, part.at, part.len);
        bits_max += 8 * part.len;
        fa__entropy_pool_seed(&pool, "seed", bytes, part.len);
        break;
    }
    case 5:
        pool.event_bits = (uint32_t)number & 1;
        break;
    }
    FA_ASSERT(pool.credit_bits <= FA_ENTROPY_SEED_BITS);
    FA_ASSERT(pool.pooled_bits <= FA_ENTROPY_SEED_BITS);
    FA_ASSERT(pool.staged_bits <= FA_ENTROPY_SEED_BITS);
    FA_ASSERT(bits_max >= pool.credit_bits || generation != pool.generation_seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fa_ns now = 0;
    input = (struct fa_slice){data, len};
    bits_max = 0;
    generation = 0;
    source = (struct fa_entropy_source){.name = "fuzz", .take = take, .bits_per_byte = 8};
    fa__entropy_pool_init(&pool, &counters);
    fa__entropy_pool_source_add(&pool, &source);
    fa__entropy_pool_generation_watch(&pool, &generation);
    while (input.len > 0) {
        run_op(cut(1).at[0], &now);
    }
    char at[FA_ENTROPY_EXPLAIN_BYTES];
    struct fa_text text;
    fa_text_init(&text, at, sizeof at);
    fa__entropy_pool_explain(&pool, &text);
    FA_ASSERT(!text.cut);
    return 0;
}
