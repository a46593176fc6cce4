// SPDX-License-Identifier: ISC
//
// fa/wall.h: the image's wall clock: the platform's, until somebody who knows better sets it.
//
// Once set it runs on with the monotonic clock, whatever the platform's own does: a guest often has
// none, or one that nobody keeps. It is stepped, never slewed. fa/sntp.h and fa/timesync.h find out
// what to set it to. Tested by test/unit/wall_test.c.
//
//     fa_wall_set(wall_ns);
//     print_date(fa_wall_ns() / FA_NS_S);

#ifndef FA_WALL_H
#define FA_WALL_H

#include "fa/base.h"

/* Nanoseconds since 1970-01-01T00:00:00Z; may jump. 0: not known here. */
uint64_t fa_wall_ns(void);

/* Say what time it is now; trace rings are told, too. 0: go back to the platform's clock. */
void fa_wall_set(uint64_t wall_ns);

#endif
