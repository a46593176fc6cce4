// SPDX-License-Identifier: ISC
//
// Sleeping is what makes time pass.

#include <time.h>

#include "fa/plat.h"
#include "plat/sim/world.h"

enum {
    LATE_NS_MAX = 20 * 1000,             /* the usual sleep */
    VERY_LATE_NS_MAX = 10 * 1000 * 1000, /* the host was busy elsewhere */
    VERY_LATE_PER_MILLION = 2000,
    EARLY_PER_MILLION = 10 * 1000, /* woken for no reason, as fa_plat_wait() allows */
    LOOK_NS_MAX = 1000,            /* no sleep, just a look at the devices */
};

/* A test may put real descriptors into the world, such as both ends of a socket pair: then they
 * have to be asked. Weak, and so not by its header: a world without any is linked without epoll. */
[[gnu::weak]] bool fa__linux_poll(volatile struct timespec *timeout);

static bool poll_descriptors(void)
{
    volatile struct timespec none = {0};
    return fa__linux_poll != NULL && fa__linux_poll(&none);
}

/* How much later than asked for the sleeper runs again. */
static fa_ns draw_lateness(void)
{
    const bool very = fa_rand_chance(&fa__sim.sleep, VERY_LATE_PER_MILLION);
    return 1 + fa_rand_below(&fa__sim.sleep, very ? VERY_LATE_NS_MAX : LATE_NS_MAX);
}

void fa_plat_wait(fa_ns deadline)
{
    struct fa__sim_world *sim = &fa__sim;
    sim->read_count = 0;
    if (poll_descriptors() || sim->wake_pending) {
        deadline = 0;
    }
    sim->wake_pending = false;
    if (deadline == FA_NS_NEVER) {
        fa__sim_stall("a sleep without a deadline, and nothing is under way");
    } else if (sim->stand_count > 0) {
        sim->stand_count--;
    } else if (deadline <= sim->now) {
        /* Never 0: a loop that looks again and again moves on, as it would elsewhere. */
        sim->now += 1 + fa_rand_below(&sim->sleep, LOOK_NS_MAX);
    } else if (fa_rand_chance(&sim->sleep, EARLY_PER_MILLION)) {
        sim->now += fa_rand_below(&sim->sleep, deadline - sim->now);
    } else {
        sim->now = fa_ns_after(deadline, draw_lateness());
    }
}

bool fa_plat_stop_requested(void)
{
    return fa__sim.stop_requested;
}

void fa_sim_stop(void)
{
    fa__sim.stop_requested = true;
    fa__sim.wake_pending = true;
}

void fa_sim_on_stall(void (*fn)(void *ctx), void *ctx)
{
    fa__sim.stall_fn = fn;
    fa__sim.stall_ctx = ctx;
}
