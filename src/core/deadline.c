// SPDX-License-Identifier: ISC
//
// deadline.c: the wheel. docs/design/0001-deadline-queue.md says why a wheel.
//
// A tick has nine digits of six bits. A deadline lies at the level of the highest digit in which
// its tick differs from now_tick, in the slot of that digit. So the slots of a level are all within
// one turn of it, the lowest level that is not empty holds the earliest deadline, and its lowest
// occupied slot is the one: no search ever wraps. Moving now_tick forward keeps all this true as
// long as it passes no occupied slot.

#include "fa/deadline.h"

enum {
    SLOT_BITS = 6,
};

_Static_assert(1 << SLOT_BITS == FA_DEADLINE_SLOTS, "a digit picks a slot");
_Static_assert(FA_DEADLINE_TICK_SHIFT + SLOT_BITS * FA_DEADLINE_LEVELS == 64, "ticks cover fa_ns");

#define TICK_MAX (UINT64_MAX >> FA_DEADLINE_TICK_SHIFT)

struct place {
    unsigned level;
    unsigned slot;
};

static struct place find_place(const struct fa_deadline_queue *queue, uint64_t tick)
{
    FA_ASSERT(tick >= queue->now_tick);
    unsigned top_bit = 63 - (unsigned)__builtin_clzll((tick ^ queue->now_tick) | 1);
    unsigned level = top_bit / SLOT_BITS;
    unsigned slot = (unsigned)(tick >> (level * SLOT_BITS)) % FA_DEADLINE_SLOTS;
    return (struct place){level, slot};
}

static void link_at_tick(
    struct fa_deadline_queue *queue, struct fa_deadline *deadline, uint64_t tick)
{
    struct place place = find_place(queue, tick);
    fa_list_push_back(&queue->slots[place.level][place.slot], &deadline->node);
    queue->occupied[place.level] |= UINT64_C(1) << place.slot;
    queue->levels |= UINT32_C(1) << place.level;
    unsigned shift = place.level * SLOT_BITS;
    queue->next_ns = fa_ns_min(queue->next_ns, tick >> shift << shift << FA_DEADLINE_TICK_SHIFT);
}

static void mark_empty(struct fa_deadline_queue *queue, struct place place)
{
    queue->occupied[place.level] &= ~(UINT64_C(1) << place.slot);
    if (queue->occupied[place.level] == 0) {
        queue->levels &= ~(UINT32_C(1) << place.level);
    }
}

/* The first whole tick at or after `at`, so that nothing is early; but what has passed already is
 * due in a tick that has begun. */
static uint64_t find_tick(const struct fa_deadline_queue *queue, fa_ns at)
{
    uint64_t tick = at >> FA_DEADLINE_TICK_SHIFT;
    bool begun = at <= queue->now_ns || tick << FA_DEADLINE_TICK_SHIFT == at;
    tick += begun ? 0 : 1;
    return tick < queue->now_tick ? queue->now_tick : tick;
}

/* Where the earliest deadline lies. Returns: false if none is set; else *ret_tick is the first
 * tick of its slot. */
static bool find_earliest(
    const struct fa_deadline_queue *queue, struct place *ret_place, uint64_t *ret_tick)
{
    if (queue->levels == 0) {
        return false;
    }
    unsigned level = (unsigned)__builtin_ctz(queue->levels);
    unsigned slot = (unsigned)__builtin_ctzll(queue->occupied[level]);
    unsigned shift = level * SLOT_BITS;
    uint64_t above = queue->now_tick >> shift >> SLOT_BITS << SLOT_BITS << shift;
    *ret_place = (struct place){level, slot};
    *ret_tick = above | (uint64_t)slot << shift;
    return true;
}

/* It is asked for far more often than it changes. */
static void note_next(struct fa_deadline_queue *queue)
{
    struct place place;
    uint64_t tick;
    bool any = find_earliest(queue, &place, &tick);
    queue->next_ns = any ? tick << FA_DEADLINE_TICK_SHIFT : FA_NS_NEVER;
}

void fa_deadline_queue_init(struct fa_deadline_queue *queue, fa_ns now)
{
    *queue = (struct fa_deadline_queue){
        .now_ns = now,
        .now_tick = now >> FA_DEADLINE_TICK_SHIFT,
        .next_ns = FA_NS_NEVER,
    };
    for (size_t level = 0; level < FA_DEADLINE_LEVELS; level++) {
        for (size_t slot = 0; slot < FA_DEADLINE_SLOTS; slot++) {
            fa_list_init(&queue->slots[level][slot]);
        }
    }
}

void fa_deadline_set(struct fa_deadline_queue *queue, struct fa_deadline *deadline, fa_ns at)
{
    fa_deadline_clear(queue, deadline);
    deadline->at_ns = at;
    uint64_t tick = find_tick(queue, at);
    if (tick <= TICK_MAX) {
        link_at_tick(queue, deadline, tick);
    }
}

void fa_deadline_clear(struct fa_deadline_queue *queue, struct fa_deadline *deadline)
{
    if (!fa_deadline_is_set(deadline)) {
        return;
    }
    // Alone in its slot, its only neighbour is the slot itself, which tells where it is.
    struct fa_list *slot = deadline->node.next;
    bool alone = slot == deadline->node.prev;
    fa_list_unlink(&deadline->node);
    if (alone) {
        unsigned idx = (unsigned)(((uintptr_t)slot - (uintptr_t)queue->slots) / sizeof *slot);
        FA_ASSERT(idx < FA_DEADLINE_LEVELS * FA_DEADLINE_SLOTS); // set in another queue?
        mark_empty(queue, (struct place){idx / FA_DEADLINE_SLOTS, idx % FA_DEADLINE_SLOTS});
        note_next(queue);
    }
}

/* Deal the deadlines of a slot out to the levels below it, where now_tick has just arrived. */
static void cascade(struct fa_deadline_queue *queue, struct place place)
{
    struct fa_list *slot = &queue->slots[place.level][place.slot];
    mark_empty(queue, place);
    struct fa_list *node;
    while ((node = fa_list_pop_front(slot)) != NULL) {
        struct fa_deadline *deadline = FA_CONTAINER(node, struct fa_deadline, node);
        link_at_tick(queue, deadline, find_tick(queue, deadline->at_ns));
    }
}

struct fa_deadline *fa_deadline_pop(struct fa_deadline_queue *queue, fa_ns now)
{
    queue->now_ns = now > queue->now_ns ? now : queue->now_ns;
    uint64_t target = queue->now_ns >> FA_DEADLINE_TICK_SHIFT;
    struct place place;
    uint64_t tick;
    while (find_earliest(queue, &place, &tick) && tick <= target) {
        queue->now_tick = tick;
        if (place.level == 0) {
            struct fa_list *first = fa_list_first(&queue->slots[0][place.slot]);
            struct fa_deadline *deadline = FA_CONTAINER(first, struct fa_deadline, node);
            fa_deadline_clear(queue, deadline);
            note_next(queue);
            return deadline;
        }
        cascade(queue, place);
    }
    queue->now_tick = target;
    note_next(queue);
    return NULL;
}
