// SPDX-License-Identifier: ISC
//
// loop.c: the event loop.

#include "fa/loop.h"
#include "fa/plat.h"

void fa_loop_init(struct fa_loop *loop, const struct fa_loop_config *config)
{
    *loop = (struct fa_loop){.now = fa_clock_mono_ns()};
    fa_fibers_init(&loop->fibers, &config->fibers, loop->now);
    fa_list_init(&loop->pollers);
}

void fa_loop_add(struct fa_loop *loop, struct fa_poller *poller)
{
    FA_ASSERT(poller->ops != NULL);
    fa_list_push_back(&loop->pollers, &poller->node);
}

void fa_loop_remove(struct fa_loop *loop, struct fa_poller *poller)
{
    (void)loop; // a node leaves its list without help; the parameter says which one is meant
    fa_list_unlink(&poller->node);
}

/* Pollers come and go while they are polled, so the walk holds its place by nodes of its own:
 * `next` behind the one being polled, `end` before those that join. */
static bool poll_all(struct fa_loop *loop)
{
    struct fa_list next = {0};
    struct fa_list end = {0};
    bool did = false;
    fa_list_push_back(&loop->pollers, &end);
    struct fa_list *node = loop->pollers.next;
    while (node != &end) {
        struct fa_poller *poller = FA_CONTAINER(node, struct fa_poller, node);
        fa_list_insert_after(node, &next);
        did |= poller->ops->poll(poller, loop->now);
        node = next.next;
        fa_list_unlink(&next);
    }
    fa_list_unlink(&end);
    return did;
}

static fa_ns find_deadline(const struct fa_loop *loop)
{
    fa_ns earliest = fa_fibers_deadline(&loop->fibers);
    FA_LIST_EACH(node, &loop->pollers) {
        const struct fa_poller *poller = FA_CONTAINER(node, struct fa_poller, node);
        earliest = fa_ns_min(earliest, poller->ops->deadline(poller));
    }
    return earliest;
}

bool fa_loop_turn(struct fa_loop *loop, bool may_sleep)
{
    FA_ASSERT(!loop->turning);
    loop->turning = true;
    loop->now = fa_clock_mono_ns();
    loop->turn_count++;
    bool did = fa_fibers_run(&loop->fibers, loop->now);
    did |= poll_all(loop);
    loop->turning = false;
    // A busy image looks at its devices too, or they would starve: with a time that has passed,
    // fa_plat_wait() looks and does not sleep.
    bool sleeps = may_sleep && !did && !loop->stopping;
    fa_plat_wait(sleeps ? find_deadline(loop) : 0);
    return did;
}

int fa_loop_run(struct fa_loop *loop)
{
    while (!loop->stopping && !fa_plat_stop_requested()) {
        (void)fa_loop_turn(loop, true); // what it did is its own business
    }
    loop->stopping = false;
    return loop->status;
}

void fa_loop_stop(struct fa_loop *loop, int status)
{
    loop->stopping = true;
    loop->status = status;
}
