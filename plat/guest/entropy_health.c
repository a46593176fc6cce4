// SPDX-License-Identifier: ISC
//
// entropy_health.c: tests of raw bytes that run always.

#include "plat/guest/entropy_health.h"

void fa__entropy_health_init(struct fa_entropy_health *health)
{
    *health = (struct fa_entropy_health){0};
}

static void fail(struct fa_entropy_health *health, enum fa_entropy_fault fault)
{
    if (health->fault == FA_ENTROPY_GOOD) {
        health->fault = fault;
    }
}

static void check_byte(struct fa_entropy_health *health, uint8_t byte)
{
    if (health->run_count > 0 && byte == health->last) {
        if (++health->run_count > FA_ENTROPY_RUN_MAX) {
            fail(health, FA_ENTROPY_STUCK);
            health->run_count = FA_ENTROPY_RUN_MAX;
        }
    } else {
        health->last = byte;
        health->run_count = 1;
    }
    if (health->window_count == 0) {
        health->first = byte;
        health->match_count = 0;
    }
    if (byte == health->first && ++health->match_count > FA_ENTROPY_PROPORTION_MAX) {
        fail(health, FA_ENTROPY_BIASED);
    }
    health->window_count = (uint16_t)((health->window_count + 1) % FA_ENTROPY_WINDOW_BYTES);
}

static void check_word(struct fa_entropy_health *health, uint64_t word)
{
    if (word == 0) {
        fail(health, FA_ENTROPY_ZEROS);
    } else if (word == UINT64_MAX) {
        fail(health, FA_ENTROPY_ONES);
    }
    const size_t known = fa_min(health->word_count, FA_ENTROPY_WORD_HISTORY);
    for (size_t idx = 0; idx < known; idx++) {
        if (health->word[idx] == word) {
            fail(health, FA_ENTROPY_REPEATS);
        }
    }
    health->word[health->word_count++ % FA_ENTROPY_WORD_HISTORY] = word;
}

enum fa_entropy_fault fa__entropy_health_check(
    struct fa_entropy_health *health, struct fa_slice bytes)
{
    /* Words first: they say more exactly what is wrong with a source that is stuck at one value. */
    for (size_t off = 0; off + sizeof(uint64_t) <= bytes.len; off += sizeof(uint64_t)) {
        uint64_t word;
        fa_copy(&word, bytes.at + off, sizeof word);
        check_word(health, word);
    }
    for (size_t idx = 0; idx < bytes.len; idx++) {
        check_byte(health, bytes.at[idx]);
    }
    return health->fault;
}

const char *fa__entropy_fault_name(enum fa_entropy_fault fault)
{
    switch (fault) {
    case FA_ENTROPY_GOOD:
        return "good";
    case FA_ENTROPY_STUCK:
        return "stuck";
    case FA_ENTROPY_BIASED:
        return "biased";
    case FA_ENTROPY_ZEROS:
        return "all zeros";
    case FA_ENTROPY_ONES:
        return "all ones";
    case FA_ENTROPY_REPEATS:
        return "repeats";
    }
    return "?";
}
