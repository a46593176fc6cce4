// SPDX-License-Identifier: ISC
//
// plat/guest/entropy_pool.h: from what is hard to guess to bytes that are fit for keys.
//
// A state of 512 bits. Whatever comes in is hashed into it with its source's name and its length,
// and credited with the bits of entropy that it is believed to have. Nothing comes out before
// 256 bits are credited. Output is SHA-512 of state and a counter; each request replaces the state,
// so that who reads it later cannot find what was given out before (Bernstein, "fast-key-erasure").
// Times of events go through 32 pools after Fortuna (Ferguson, Schneier & Kohno 2010, ch. 9): who
// knows the state, and guesses most of them, is locked out again sooner or later.
//
// No I/O and no clock: sources and time are arguments. Called from one thread, by
// plat/guest/entropy.c; tested by test/unit/entropy_pool_test.c and fuzz/entropy_fuzz.c.

#ifndef FA_PLAT_GUEST_ENTROPY_POOL_H
#define FA_PLAT_GUEST_ENTROPY_POOL_H

#include "fa/counter.h"
#include "fa/fmt.h"
#include "plat/guest/entropy_health.h"

enum {
    FA_ENTROPY_STATE_BYTES = 64,
    FA_ENTROPY_SEED_BITS = 256,    /* credited before anything is given out */
    FA_ENTROPY_TAKE_BYTES = 64,    /* asked of a source at a time */
    FA_ENTROPY_TRY_COUNT_MAX = 10, /* short answers of a source in a row, and of an instruction */
    FA_ENTROPY_POOL_COUNT = 32,
    FA_ENTROPY_STAGE_WORDS = 8, /* events that are hashed together, at least */
    FA_ENTROPY_EXPLAIN_BYTES = 256,
};

#define FA_ENTROPY_GATHER_NS (1 * FA_NS_S) /* from one asking of the sources to the next */
#define FA_ENTROPY_RESEED_NS                                                                       \
    (100 * FA_NS_MS)                        /* from one use of the pools to the next, Fortuna's    \
                                             */
#define FA_ENTROPY_BATCH_NS (10 * FA_NS_MS) /* events in less time than that are one batch */

/* Something that can be asked for random bytes. Stays where it is while a pool knows it. */
struct fa_entropy_source {
    const char *name; /* static text; bytes of two sources are told apart by it */
    /* Fill `at` as far as there is something, without waiting. Returns: bytes written, 0..len. */
    size_t (*take)(void *ctx, uint8_t *at, size_t len);
    void *ctx;
    uint32_t bits_per_byte; /* what a byte is credited with: 0..8 */

    uint64_t taken_bytes; /* from here on the pool's */
    struct fa_entropy_health health;
    struct fa_entropy_source *next;
};

struct fa_entropy_pool {
    uint8_t state[FA_ENTROPY_STATE_BYTES]; /* a secret */
    uint64_t block_count;                  /* hashed from it so far: the counter */
    uint32_t credit_bits;                  /* 0..FA_ENTROPY_SEED_BITS */
    struct fa_entropy_source *sources;     /* in the order in which they were added */
    uint64_t seed_bytes;                   /* that were good */
    fa_ns gathered_at;
    struct fa_counters *counters;

    const volatile uint32_t *generation; /* NULL: nobody says when this becomes a copy */
    uint32_t generation_seen;

    uint32_t event_bits; /* what an event is credited with; 0: its clock is slow or emulated */
    uint32_t staged_bits;
    uint32_t pooled_bits; /* credited, but in the pools still */
    uint32_t event_count; /* staged */
    uint32_t batch_count;
    uint32_t reseed_count;
    bool pool0_filled;   /* since the last use of it */
    uint64_t event_last; /* ticks, and their first difference */
    uint64_t event_delta;
    fa_ns batched_at;
    fa_ns reseeded_at;
    uint64_t stage[FA_ENTROPY_STAGE_WORDS];
    uint8_t pool[FA_ENTROPY_POOL_COUNT][FA_ENTROPY_STATE_BYTES];
};

/* Begin with nothing known and nothing credited. `counters` is kept. */
void fa__entropy_pool_init(struct fa_entropy_pool *pool, struct fa_counters *counters);

/* Ask `source` too from now on. It is kept. */
void fa__entropy_pool_source_add(struct fa_entropy_pool *pool, struct fa_entropy_source *source);

/*
 * A word that changes whenever what was memory before may be known or run elsewhere: after a
 * resume, a restore, in each clone. It is kept. When it changes, all credit is gone, and output
 * goes on once the sources have brought 256 bits anew.
 */
void fa__entropy_pool_generation_watch(
    struct fa_entropy_pool *pool, const volatile uint32_t *generation);

/* Hash bytes in, and credit `bits`, at most 8 a byte. */
void fa__entropy_pool_mix(
    struct fa_entropy_pool *pool, const char *name, struct fa_slice bytes, uint32_t bits);

/* Hash in what whoever started the image gave it, and wipe it, so that nobody finds it in memory
 * later. Full credit, unless it cannot be random. */
void fa__entropy_pool_seed(struct fa_entropy_pool *pool, const char *name, uint8_t *at, size_t len);

/* Something happened at `ticks` of the fastest counter there is. `kind` says what. Cheap: hashes
 * once in FA_ENTROPY_BATCH_NS. */
void fa__entropy_pool_event(struct fa_entropy_pool *pool, fa_ns now, uint8_t kind, uint64_t ticks);

/* The counter that events are timed by, at the first of them. */
struct fa_entropy_clock {
    fa_ns at;
    uint64_t ticks;
    bool begun;
};

/* What an event may be credited with: 1 if the counter has made a tick a nanosecond or more since
 * the first event, at least FA_ENTROPY_RESEED_NS ago; a device's jitter is lost between slower
 * ones. Else 0. */
uint32_t fa__entropy_event_bits(struct fa_entropy_clock *clock, fa_ns now, uint64_t ticks);

/* Give `len` bytes. Asks the sources first, if there is too little credit or a second has passed.
 * Returns: false if there is too little credit still; nothing is written then. */
[[nodiscard]] bool fa__entropy_pool_fill(
    struct fa_entropy_pool *pool, fa_ns now, void *at, size_t len);

/* Say what is known of each source, for the sentence with which an image ends:
 * "128 of 256 bits: seed 16 bytes, rdseed all zeros, virtio-rng nothing". */
void fa__entropy_pool_explain(const struct fa_entropy_pool *pool, struct fa_text *text);

#endif
