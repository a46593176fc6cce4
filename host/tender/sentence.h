// SPDX-License-Identifier: ISC
//
// sentence.h: why something cannot be done, as one sentence with the place and the remedy.

#ifndef TENDER_SENTENCE_H
#define TENDER_SENTENCE_H

#include "fa/base.h"

enum {
    SENTENCE_BYTES = 512, /* with the NUL; longer ones are cut */
};

struct sentence {
    char text[SENTENCE_BYTES];
};

/* Write it. Returns: false, for `return sentence_say(...)`. */
[[gnu::format(printf, 2, 3)]] bool sentence_say(struct sentence *why, const char *format, ...);

#endif
