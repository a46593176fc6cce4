// SPDX-License-Identifier: ISC
//
// plat/guest/entropy_health.h: whether what a source of random bytes gives can be random at all.
//
// Repetition count and adaptive proportion of NIST SP 800-90B (4.4.1, 4.4.2) on its bytes, which
// find a source that is stuck or biased; and its 64-bit words may be neither all zeros nor all
// ones (what broken RDRAND gave) nor one of the eight before, which finds a device that repeats a
// buffer. A source that failed once stays refused until fa__entropy_health_init(). No test shows
// that bytes are random. Tested by test/unit/entropy_health_test.c.

#ifndef FA_PLAT_GUEST_ENTROPY_HEALTH_H
#define FA_PLAT_GUEST_ENTROPY_HEALTH_H

#include "fa/base.h"

enum {
    /* False alarms at 2^-30 a sample if a byte has 4 bits of min-entropy, half of what is hoped. */
    FA_ENTROPY_RUN_MAX = 8,         /* equal bytes in a row that pass */
    FA_ENTROPY_WINDOW_BYTES = 512,  /* of the proportion, 90B 4.4.2 for samples with many values */
    FA_ENTROPY_PROPORTION_MAX = 69, /* how often the first byte of a window may come in it */
    FA_ENTROPY_WORD_HISTORY = 8,    /* words of which none may come again: 64 bytes */
};

enum fa_entropy_fault {
    FA_ENTROPY_GOOD,
    FA_ENTROPY_STUCK,  /* one byte too often in a row */
    FA_ENTROPY_BIASED, /* one byte too often in a window */
    FA_ENTROPY_ZEROS,
    FA_ENTROPY_ONES,
    FA_ENTROPY_REPEATS, /* a word that was there before */
};

struct fa_entropy_health {
    enum fa_entropy_fault fault;
    uint8_t last;  /* byte, of a run of run_count */
    uint8_t first; /* byte of the window, seen match_count times in window_count */
    uint16_t run_count;
    uint16_t window_count;
    uint16_t match_count;
    uint64_t word_count; /* words looked at so far */
    uint64_t word[FA_ENTROPY_WORD_HISTORY];
};

/* Begin with a source of which nothing is known. Zeroed memory is such a state too. */
void fa__entropy_health_init(struct fa_entropy_health *health);

/* Look at more bytes of the source; a last word of less than 8 bytes is not compared. Returns:
 * what was wrong with them, or with earlier ones. */
enum fa_entropy_fault fa__entropy_health_check(
    struct fa_entropy_health *health, struct fa_slice bytes);

/* A word for a fault: "stuck". */
const char *fa__entropy_fault_name(enum fa_entropy_fault fault);

#endif
