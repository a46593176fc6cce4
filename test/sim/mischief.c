// SPDX-License-Identifier: ISC
//
// test/sim/mischief.c: see mischief.h.

#include "test/sim/mischief.h"

#include "fa/fmt.h"
#include "fa/sim.h"

enum {
    TINY_POOL_MIN = 200, /* buffers: a burst of 64, what the switch keeps, a few segments */
    TINY_POOL_MAX = 1000,
    STAND_TURNS_MAX = 1000,
};

static const char *const kind_names[MISCHIEF_KIND_COUNT] = {"none", "clock-leaps", "clock-stands",
    "tiny-pools", "hoarder", "flood", "noise", "restart", "vanish"};

static uint64_t between(struct fa_rand *rand, uint64_t low, uint64_t high)
{
    return low + fa_rand_below(rand, high - low + 1);
}

static struct world_station *choose_station(struct mischief *mischief)
{
    struct world *world = mischief->world;
    return &world->stations[fa_rand_below(&mischief->rand, world->station_count)];
}

static void take_buffers(struct mischief *mischief)
{
    struct fa_pool *pool = &choose_station(mischief)->pool;
    struct fa_buf *buf;
    size_t left = fa_rand_below(&mischief->rand, 40);
    while (fa_pool_free_count(pool) > left && fa_buf_alloc(pool, FA_BUF_HEADROOM, &buf) == FA_OK) {
        fa_list_push_back(&mischief->hoard, &buf->node);
    }
}

static void cut_cable(struct world_station *station, bool mend)
{
    fa_fault_switch(&station->fault, FA_FAULT_RX, mend);
    fa_fault_switch(&station->fault, FA_FAULT_TX, mend);
}

/* End what lasts. Returns: whether there was anything. */
static bool stop_lasting(struct mischief *mischief)
{
    bool any = mischief->victim != NULL || !fa_list_empty(&mischief->hoard);
    if (mischief->victim != NULL) {
        cut_cable(mischief->victim, true);
        mischief->victim = NULL;
    }
    fa_buf_drop_all(&mischief->hoard);
    return any;
}

/* Do it once. Returns: how long until the next time, or until what lasts ends. */
static fa_ns strike(struct mischief *mischief)
{
    struct fa_rand *rand = &mischief->rand;
    fa_ns leap;
    switch (mischief->kind) {
    case MISCHIEF_CLOCK_LEAPS:
        leap = between(rand, FA_NS_MS, fa_rand_below(rand, 4) == 0 ? 20 * FA_NS_S : FA_NS_S);
        mischief->leapt_ns += leap;
        fa_sim_advance(leap);
        break;
    case MISCHIEF_CLOCK_STANDS:
        fa_sim_stand((uint32_t)between(rand, 1, STAND_TURNS_MAX));
        break;
    case MISCHIEF_HOARDER:
        take_buffers(mischief);
        return between(rand, FA_NS_MS, FA_NS_S);
    case MISCHIEF_RESTART:
        fa_tcp_reset_all(&choose_station(mischief)->stack.tcp, fa_sim_now(), NULL);
        return between(rand, 5, 30) * FA_NS_S;
    case MISCHIEF_VANISH:
        mischief->victim = choose_station(mischief);
        cut_cable(mischief->victim, false);
        return between(rand, 310, 400) * FA_NS_S;
    case MISCHIEF_NONE:
    case MISCHIEF_FLOOD:
    case MISCHIEF_NOISE:
    case MISCHIEF_TINY_POOLS:
    case MISCHIEF_KIND_COUNT:
        break;
    }
    return between(rand, 100 * FA_NS_MS, 3 * FA_NS_S);
}

static struct mischief *mischief_of(const struct fa_poller *poller)
{
    return FA_CONTAINER((struct fa_poller *)(uintptr_t)poller, struct mischief, poller);
}

static bool poll_mischief(struct fa_poller *poller, fa_ns now)
{
    struct mischief *mischief = mischief_of(poller);
    bool any = intruder_poll(&mischief->intruder, now);
    if (now < mischief->next_ns) {
        return any;
    }
    bool ended = stop_lasting(mischief);
    if (now >= mischief->calm_from_ns) {
        mischief->next_ns = FA_NS_NEVER;
        intruder_stop(&mischief->intruder);
    } else if (ended) {
        mischief->next_ns = now + between(&mischief->rand, FA_NS_MS, 5 * FA_NS_S);
    } else {
        mischief->next_ns = now + strike(mischief);
    }
    return true;
}

static fa_ns mischief_deadline(const struct fa_poller *poller)
{
    const struct mischief *mischief = mischief_of(poller);
    return fa_ns_min(mischief->next_ns, intruder_deadline(&mischief->intruder));
}

size_t mischief_pool_bufs(enum mischief_kind kind, struct fa_rand *rand)
{
    return kind == MISCHIEF_TINY_POOLS ? between(rand, TINY_POOL_MIN, TINY_POOL_MAX) : 0;
}

void mischief_begin(
    struct mischief *mischief, struct world *world, enum mischief_kind kind, fa_ns calm_from_ns)
{
    static const struct fa_poller_ops ops = {poll_mischief, mischief_deadline};
    *mischief = (struct mischief){.poller.ops = &ops,
        .world = world,
        .kind = kind,
        .may_break = kind == MISCHIEF_RESTART || kind == MISCHIEF_VANISH,
        .memory_is_short = kind == MISCHIEF_TINY_POOLS || kind == MISCHIEF_HOARDER,
        .next_ns = fa_sim_now() + FA_NS_S,
        .calm_from_ns = calm_from_ns};
    fa_list_init(&mischief->hoard);
    fa_sim_rand_init(&mischief->rand, "mischief");
    intruder_open(&mischief->intruder, world,
        kind == MISCHIEF_FLOOD   ? INTRUDER_FLOOD
        : kind == MISCHIEF_NOISE ? INTRUDER_NOISE
                                 : INTRUDER_NONE);
    fa_fmt(mischief->text, sizeof mischief->text, "+%s", kind_names[kind]);
    fa_loop_add(&world->loop, &mischief->poller);
}

void mischief_end(struct mischief *mischief)
{
    (void)stop_lasting(mischief);
    intruder_close(&mischief->intruder);
}
