// SPDX-License-Identifier: ISC
//
// entropy_pool.c: mixing, crediting, giving.

#include "plat/guest/entropy_pool.h"
#include "plat/guest/sha512.h"

/* What a hash is for: the first byte of each, so that none is ever another's. */
enum purpose {
    MIX = 1,
    OUTPUT,
    NEXT_STATE,
    BATCH,
    RESEED,
};

_Static_assert((int)FA_ENTROPY_STATE_BYTES == (int)FA_SHA512_BYTES, "a state is a hash");

static void hash_begin(
    struct fa__sha512 *hash, enum purpose purpose, const uint8_t state[FA_ENTROPY_STATE_BYTES])
{
    const uint8_t tag = (uint8_t)purpose;
    SHA512Init(hash);
    SHA512Update(hash, &tag, 1);
    SHA512Update(hash, state, FA_ENTROPY_STATE_BYTES);
}

static void hash_end(struct fa__sha512 *hash, uint8_t digest[FA_SHA512_BYTES])
{
    SHA512Final(digest, hash);
    fa_wipe(hash, sizeof *hash);
}

static void hash_number(struct fa__sha512 *hash, uint64_t number)
{
    SHA512Update(hash, (const uint8_t *)&number, sizeof number);
}

static void credit(struct fa_entropy_pool *pool, uint32_t bits)
{
    const uint32_t room = FA_ENTROPY_SEED_BITS - pool->credit_bits;
    pool->credit_bits += bits < room ? bits : room;
}

void fa__entropy_pool_init(struct fa_entropy_pool *pool, struct fa_counters *counters)
{
    *pool = (struct fa_entropy_pool){.counters = counters};
}

void fa__entropy_pool_source_add(struct fa_entropy_pool *pool, struct fa_entropy_source *source)
{
    FA_ASSERT(source->bits_per_byte <= 8);
    struct fa_entropy_source **place = &pool->sources;
    while (*place != NULL) {
        FA_ASSERT(*place != source);
        place = &(*place)->next;
    }
    *place = source;
    source->next = NULL;
}

void fa__entropy_pool_generation_watch(
    struct fa_entropy_pool *pool, const volatile uint32_t *generation)
{
    pool->generation = generation;
    pool->generation_seen = *generation;
}

void fa__entropy_pool_mix(
    struct fa_entropy_pool *pool, const char *name, struct fa_slice bytes, uint32_t bits)
{
    FA_ASSERT(bits <= 8 * bytes.len);
    const struct fa_slice label = fa_slice_of(name);
    struct fa__sha512 hash;
    hash_begin(&hash, MIX, pool->state);
    hash_number(&hash, label.len);
    SHA512Update(&hash, label.at, label.len);
    hash_number(&hash, bytes.len);
    SHA512Update(&hash, bytes.at, bytes.len);
    hash_end(&hash, pool->state);
    credit(pool, bits);
}

void fa__entropy_pool_seed(struct fa_entropy_pool *pool, const char *name, uint8_t *at, size_t len)
{
    const struct fa_slice seed = {at, len};
    struct fa_entropy_health health = {0};
    const bool good = fa__entropy_health_check(&health, seed) == FA_ENTROPY_GOOD;
    fa__entropy_pool_mix(pool, name, seed, good ? 8 * (uint32_t)len : 0);
    if (good) {
        pool->seed_bytes += len;
    } else {
        FA_COUNT(pool->counters, entropy_refused);
    }
    fa_wipe(&health, sizeof health);
    fa_wipe(at, len);
}

/* Ask one source. What fails the tests of health is mixed in all the same, which can do no harm,
 * and credited with nothing. */
static void take_from(struct fa_entropy_pool *pool, struct fa_entropy_source *source)
{
    uint8_t bytes[FA_ENTROPY_TAKE_BYTES] = {0};
    size_t len = 0;
    for (int i = 0; i < FA_ENTROPY_TRY_COUNT_MAX && len < sizeof bytes; i++) {
        const size_t got = source->take(source->ctx, bytes + len, sizeof bytes - len);
        /* More than there was room for: a device that lies, whose bytes are not worth a guess. */
        if (got > sizeof bytes - len) {
            len = 0;
            break;
        }
        len += got;
    }
    if (len > 0) {
        const struct fa_slice taken = {bytes, len};
        const bool good = fa__entropy_health_check(&source->health, taken) == FA_ENTROPY_GOOD;
        fa__entropy_pool_mix(
            pool, source->name, taken, good ? (uint32_t)len * source->bits_per_byte : 0);
        if (!good) {
            FA_COUNT(pool->counters, entropy_refused);
        }
        source->taken_bytes += len;
    }
    if (len < sizeof bytes) {
        FA_COUNT(pool->counters, entropy_short);
    }
    fa_wipe(bytes, sizeof bytes);
}

static void gather(struct fa_entropy_pool *pool, fa_ns now)
{
    pool->gathered_at = now;
    for (struct fa_entropy_source *source = pool->sources; source != NULL; source = source->next) {
        take_from(pool, source);
    }
}

static uint64_t rotate_left(uint64_t word, unsigned by)
{
    return word << by | word >> (64 - by);
}

/* Hash what is staged into the pool whose turn it is. */
static void end_batch(struct fa_entropy_pool *pool, fa_ns now)
{
    const uint32_t idx = pool->batch_count++ % FA_ENTROPY_POOL_COUNT;
    uint8_t *turn = pool->pool[idx];
    pool->pool0_filled |= idx == 0;
    struct fa__sha512 hash;
    hash_begin(&hash, BATCH, turn);
    SHA512Update(&hash, (const uint8_t *)pool->stage, sizeof pool->stage);
    hash_end(&hash, turn);
    const uint32_t room = FA_ENTROPY_SEED_BITS - pool->pooled_bits;
    pool->pooled_bits += pool->staged_bits < room ? pool->staged_bits : room;
    pool->staged_bits = 0;
    pool->event_count = 0;
    pool->batched_at = now;
}

void fa__entropy_pool_event(struct fa_entropy_pool *pool, fa_ns now, uint8_t kind, uint64_t ticks)
{
    uint64_t *word = &pool->stage[pool->event_count++ % FA_ENTROPY_STAGE_WORDS];
    *word = rotate_left(*word, 19) ^ ticks ^ (uint64_t)kind << 56;
    /* An event that comes as regularly as the two before it tells nothing. */
    const uint64_t delta = ticks - pool->event_last;
    if (delta != pool->event_delta && delta != 0 &&
        pool->staged_bits < FA_ENTROPY_SEED_BITS - pool->event_bits) {
        pool->staged_bits += pool->event_bits;
    }
    pool->event_last = ticks;
    pool->event_delta = delta;
    if (pool->event_count >= FA_ENTROPY_STAGE_WORDS &&
        now - pool->batched_at >= FA_ENTROPY_BATCH_NS) {
        end_batch(pool, now);
    }
}

uint32_t fa__entropy_event_bits(struct fa_entropy_clock *clock, fa_ns now, uint64_t ticks)
{
    if (!clock->begun) {
        *clock = (struct fa_entropy_clock){now, ticks, true};
    }
    const fa_ns passed = now - clock->at;
    return passed >= FA_ENTROPY_RESEED_NS && ticks - clock->ticks >= passed ? 1 : 0;
}

/* Use pool i in each 2^i-th reseeding; `all` of them where every bit is needed. */
static void reseed(struct fa_entropy_pool *pool, fa_ns now, bool all)
{
    struct fa__sha512 hash;
    hash_begin(&hash, RESEED, pool->state);
    pool->reseed_count++;
    for (unsigned i = 0; i < FA_ENTROPY_POOL_COUNT; i++) {
        if (all || pool->reseed_count % (UINT32_C(1) << i) == 0) {
            hash_number(&hash, i);
            SHA512Update(&hash, pool->pool[i], FA_ENTROPY_STATE_BYTES);
            fa_wipe(pool->pool[i], FA_ENTROPY_STATE_BYTES);
        }
    }
    hash_end(&hash, pool->state);
    pool->pool0_filled = false;
    pool->reseeded_at = now;
    FA_COUNT(pool->counters, entropy_reseed);
}

/* Bring in what there is, as far as it is due. */
static void refresh(struct fa_entropy_pool *pool, fa_ns now)
{
    if (pool->generation != NULL && *pool->generation != pool->generation_seen) {
        /* Somebody else may have the state, and all that is in the pools. */
        pool->generation_seen = *pool->generation;
        pool->credit_bits = 0;
        pool->pooled_bits = 0;
        pool->staged_bits = 0;
    }
    const bool poor = pool->credit_bits < FA_ENTROPY_SEED_BITS;
    if (poor || now - pool->gathered_at >= FA_ENTROPY_GATHER_NS) {
        gather(pool, now);
    }
    if (pool->credit_bits + pool->pooled_bits < FA_ENTROPY_SEED_BITS) {
        return; /* the pools' bits must not be used up piece by piece, to be guessed one by one */
    }
    if (pool->credit_bits < FA_ENTROPY_SEED_BITS) {
        credit(pool, pool->pooled_bits);
        pool->pooled_bits = 0;
        reseed(pool, now, true);
    } else if (pool->pool0_filled && now - pool->reseeded_at >= FA_ENTROPY_RESEED_NS) {
        reseed(pool, now, false);
    }
}

/* One block of output, or the state that takes the place of the one it was made from. */
static void make_block(
    struct fa_entropy_pool *pool, enum purpose purpose, uint8_t block[FA_SHA512_BYTES])
{
    struct fa__sha512 hash;
    hash_begin(&hash, purpose, pool->state);
    hash_number(&hash, pool->block_count++);
    hash_end(&hash, block);
}

static void give(struct fa_entropy_pool *pool, uint8_t *at, size_t len)
{
    uint8_t block[FA_SHA512_BYTES];
    for (size_t off = 0; off < len; off += sizeof block) {
        make_block(pool, OUTPUT, block);
        fa_copy(at + off, block, fa_min(sizeof block, len - off));
    }
    make_block(pool, NEXT_STATE, block);
    fa_copy(pool->state, block, sizeof block);
    fa_wipe(block, sizeof block);
}

bool fa__entropy_pool_fill(struct fa_entropy_pool *pool, fa_ns now, void *at, size_t len)
{
    /* Again, if this became a copy after the state was refreshed: the other one has the same bytes
     * in its hands. */
    do {
        refresh(pool, now);
        if (pool->credit_bits < FA_ENTROPY_SEED_BITS) {
            return false;
        }
        give(pool, at, len);
    } while (pool->generation != NULL && *pool->generation != pool->generation_seen);
    return true;
}

void fa__entropy_pool_explain(const struct fa_entropy_pool *pool, struct fa_text *text)
{
    fa_text_add(text, "%u of %u bits: ", pool->credit_bits, (unsigned)FA_ENTROPY_SEED_BITS);
    fa_text_add(text, "seed %lu bytes", (unsigned long)pool->seed_bytes);
    const struct fa_entropy_source *source = pool->sources;
    for (; source != NULL; source = source->next) {
        fa_text_add(text, ", %s ", source->name);
        if (source->health.fault != FA_ENTROPY_GOOD) {
            fa_text_add(text, "%s", fa__entropy_fault_name(source->health.fault));
        } else if (source->taken_bytes == 0) {
            fa_text_add(text, "nothing");
        } else {
            fa_text_add(text, "%lu bytes", (unsigned long)source->taken_bytes);
        }
    }
}
