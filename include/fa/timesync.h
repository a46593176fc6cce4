// SPDX-License-Identifier: ISC
//
// fa/timesync.h: keeps the image's wall clock right: the SNTP client of fa/sntp.h on a stack.
//
// A fiber asks the servers of its config, or those the stack's network names, and steps the clock
// (fa/wall.h) after each round; each step is a log line. Accuracy is about a millisecond: the
// measurement is taken in turns of the loop. Tested by test/unit/timesync_test.c, test/e2e/sntp.t.
//
//     fa_timesync_init(&sync, &(struct fa_timesync_config){.resolver = &resolver});
//     FA_TRY(fa_fiber_spawn(&loop.fibers, fa_timesync_run, &sync, NULL));
//     FA_TRY(fa_timesync_wait(&sync, deadline)); // until the clock is right for the first time

#ifndef FA_TIMESYNC_H
#define FA_TIMESYNC_H

#include "fa/base.h"
#include "fa/fiber.h"
#include "fa/resolver.h"
#include "fa/sntp.h"

struct fa_timesync_config {
    struct fa_resolver *resolver; /* borrowed; its stack is asked over */
    const char *server; /* name or address; NULL or empty: those the network names. Borrowed */
};

/* Read `sample` and `set_count`; the rest is private. Pinned while its fiber runs. */
struct fa_timesync {
    struct fa_timesync_config config;
    struct fa_sntp sntp;
    struct fa_sntp_sample sample; /* the clock was last set by */
    uint32_t set_count;           /* times that it was set */
    uint32_t names_change_count;  /* of the stack's names, as last seen */
    struct fa_waitq waitq;
};

void fa_timesync_init(struct fa_timesync *sync, const struct fa_timesync_config *config);

/* Keep the clock right until the fiber is cancelled: give this to fa_fiber_spawn() with the struct
 * fa_timesync as its context. Yields. */
void fa_timesync_run(void *ctx);

/* Wait until the clock was set once. Returns: FA_OK; FA_ETIMEOUT; FA_ECANCEL. Yields. */
fa_err fa_timesync_wait(struct fa_timesync *sync, fa_ns deadline);

#endif
