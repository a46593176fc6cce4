// SPDX-License-Identifier: ISC
//
// fa/deadline.h: a queue of deadlines, O(1) to set, move and clear, for millions of them.
//
// A hierarchical timing wheel (Varghese & Lauck 1987): nine levels of 64 slots, level 0 in ticks
// of 2^FA_DEADLINE_TICK_SHIFT ns, one bitmap a level. A deadline never fires early and at most one
// tick late. It calls nobody back: the owner pops what is due. Tested by
// test/unit/deadline_test.c, measured by bench/deadline_bench.c.
//
//     fa_deadline_set(&queue, &conn->timer, fa_ns_after(now, rto_ns));
//     while ((due = fa_deadline_pop(&queue, now)) != NULL)
//         fire(FA_CONTAINER(due, struct conn, timer));

#ifndef FA_DEADLINE_H
#define FA_DEADLINE_H

#include "fa/base.h"
#include "fa/list.h"

enum {
    FA_DEADLINE_TICK_SHIFT = 10, /* a tick is 1,024 ns */
    FA_DEADLINE_LEVELS = 9,      /* 64^9 ticks: all that is left of 64 bits */
    FA_DEADLINE_SLOTS = 64,
};

/* One deadline, inside the struct it belongs to. Zeroed is valid and not set. Pinned while set. */
struct fa_deadline {
    struct fa_list node;
    fa_ns at_ns;
};

/* Pinned. */
struct fa_deadline_queue {
    fa_ns now_ns;                          /* the latest time seen */
    uint64_t now_tick;                     /* all before it has been popped */
    fa_ns next_ns;                         /* what fa_deadline_next() says */
    uint32_t levels;                       /* bit l: level l is not empty */
    uint64_t occupied[FA_DEADLINE_LEVELS]; /* bit s: slot s of the level is not empty */
    struct fa_list slots[FA_DEADLINE_LEVELS][FA_DEADLINE_SLOTS];
};

void fa_deadline_queue_init(struct fa_deadline_queue *queue, fa_ns now);

/* Set or move a deadline. FA_NS_NEVER clears it, as does any time within a tick of it; one already
 * past, by the time last seen, is popped next. */
void fa_deadline_set(struct fa_deadline_queue *queue, struct fa_deadline *deadline, fa_ns at);

/* Clear a deadline; nothing happens if it is not set. */
void fa_deadline_clear(struct fa_deadline_queue *queue, struct fa_deadline *deadline);

static inline bool fa_deadline_is_set(const struct fa_deadline *deadline)
{
    return fa_list_linked(&deadline->node);
}

/* Take out one deadline whose time has come at `now`; NULL if there is none (left). They come in
 * order to within two ticks, those that were past when they were set as of that moment; and always
 * in the same order for the same calls. */
struct fa_deadline *fa_deadline_pop(struct fa_deadline_queue *queue, fa_ns now);

/* When fa_deadline_pop() should be asked next: never later than a tick after the earliest
 * deadline, possibly before it; a time already past if one is due. FA_NS_NEVER: nothing is set. */
static inline fa_ns fa_deadline_next(const struct fa_deadline_queue *queue)
{
    return queue->next_ns;
}

#endif
