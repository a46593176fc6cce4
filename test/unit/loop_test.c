// SPDX-License-Identifier: ISC
#include "fa/fmt.h"
#include "fa/loop.h"
#include "fa/plat.h"
#include "test/t.h"

static struct fa_loop loop;
static char story[64];
static struct fa_text out;

/* A poller that writes down its name, and may do something to others on the way. */
struct actor {
    struct fa_poller poller;
    char name;
    bool busy;
    fa_ns deadline;
    struct actor *removes;
    struct actor *adds;
    bool stops;
};

static bool poll_actor(struct fa_poller *poller, fa_ns now)
{
    struct actor *actor = FA_CONTAINER(poller, struct actor, poller);
    CHECK(now == loop.now);
    fa_text_add(&out, "%c", actor->name);
    if (actor->removes != NULL) {
        fa_loop_remove(&loop, &actor->removes->poller);
        actor->removes = NULL;
    }
    if (actor->adds != NULL) {
        fa_loop_add(&loop, &actor->adds->poller);
        actor->adds = NULL;
    }
    if (actor->stops) {
        fa_loop_stop(&loop, 7);
    }
    return actor->busy;
}

static fa_ns ask_actor(const struct fa_poller *poller)
{
    return FA_CONTAINER(poller, struct actor, poller)->deadline;
}

static const struct fa_poller_ops actor_ops = {.poll = poll_actor, .deadline = ask_actor};

static struct actor actors[4];

/* Actors a, b, c in the loop, d outside; all idle. */
static void begin_story(void)
{
    static const struct fa_loop_config config = {.fibers.fiber_count_max = 4};
    fa_loop_init(&loop, &config);
    fa_text_init(&out, story, sizeof story);
    for (size_t idx = 0; idx < FA_COUNT_OF(actors); idx++) {
        actors[idx] = (struct actor){
            .poller.ops = &actor_ops,
            .name = (char)('a' + (char)idx),
            .deadline = FA_NS_NEVER,
        };
    }
    for (size_t idx = 0; idx < 3; idx++) {
        fa_loop_add(&loop, &actors[idx].poller);
    }
}

static bool turn(void)
{
    return fa_loop_turn(&loop, false);
}

static void say_f(void *ctx)
{
    (void)ctx;
    fa_text_add(&out, "f");
    fa_fiber_yield();
    fa_text_add(&out, "g");
}

T(a_turn_runs_fibers_and_then_polls_in_order)
{
    begin_story();
    CHECK(fa_fiber_spawn(&loop.fibers, say_f, NULL, NULL) == FA_OK);
    CHECK(turn());
    CHECK_TEXT(fa_text_slice(&out), "fabc");
    CHECK(turn());
    CHECK_TEXT(fa_text_slice(&out), "fabcgabc");
    CHECK(!turn());
    CHECK_EQ(loop.turn_count, 3);
}

T(a_turn_says_whether_anything_was_done)
{
    begin_story();
    CHECK(!turn());
    actors[1].busy = true;
    CHECK(turn());
}

T(a_poller_may_remove_any_poller_while_it_is_polled)
{
    static const struct {
        size_t who;
        size_t whom;
        const char *story; // of that turn and the next
    } rows[] = {
        {0, 0, "abcbc"},                                 // itself, first
        {1, 1, "abcac"}, {2, 2, "abcab"},                // itself, last
        {0, 1, "acac"},                                  // the next one
        {0, 2, "abab"}, {1, 2, "abab"}, {1, 0, "abcbc"}, // the one before
        {2, 0, "abcbc"}, {2, 3, "abcabc"},               // one that is not there
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        begin_story();
        actors[rows[row].who].removes = &actors[rows[row].whom];
        turn();
        turn();
        CHECK_TEXT(fa_text_slice(&out), rows[row].story);
    }
}

T(a_poller_added_in_a_turn_is_polled_last_from_the_next_turn_on)
{
    for (size_t who = 0; who < 3; who++) {
        begin_story();
        actors[who].adds = &actors[3];
        turn();
        CHECK_TEXT(fa_text_slice(&out), "abc");
        turn();
        CHECK_TEXT(fa_text_slice(&out), "abcabcd");
    }
}

T(a_poller_that_leaves_and_joins_again_goes_last)
{
    begin_story();
    actors[0].removes = &actors[0];
    actors[0].adds = &actors[0];
    turn();
    turn();
    CHECK_TEXT(fa_text_slice(&out), "abcbca");
}

static void stop_later(void *ctx)
{
    fa_ns *until = ctx;
    *until = fa_ns_after(loop.now, 2 * FA_NS_MS);
    CHECK(fa_fiber_sleep_until(*until) == FA_OK);
    fa_loop_stop(&loop, 5);
}

T(run_sleeps_until_a_fiber_is_due_and_ends_with_its_status)
{
    begin_story();
    fa_ns until = 0;
    CHECK(fa_fiber_spawn(&loop.fibers, stop_later, &until, NULL) == FA_OK);
    CHECK_EQ(fa_loop_run(&loop), 5);
    CHECK(until != 0 && fa_clock_mono_ns() >= until);
    CHECK(loop.turn_count < 1000); // it slept
}

T(run_sleeps_no_longer_than_the_earliest_poller_wants)
{
    begin_story();
    actors[0].deadline = fa_ns_after(loop.now, 1000 * 1000 * FA_NS_S);
    actors[1].deadline = fa_ns_after(loop.now, FA_NS_MS);
    for (int count = 0; fa_clock_mono_ns() < actors[1].deadline; count++) {
        REQUIRE(count < 1000);
        fa_loop_turn(&loop, true);
    }
}

T(a_poller_whose_time_has_come_is_not_slept_over)
{
    begin_story();
    actors[2].deadline = loop.now;
    CHECK(!fa_loop_turn(&loop, true));
    actors[2].deadline = 0;
    CHECK(!fa_loop_turn(&loop, true));
}

T(stop_ends_the_run_without_a_sleep)
{
    begin_story();
    actors[1].stops = true;
    CHECK_EQ(fa_loop_run(&loop), 7);
    CHECK_TEXT(fa_text_slice(&out), "abc");
    CHECK_EQ(fa_loop_run(&loop), 7); // and once more
    CHECK_TEXT(fa_text_slice(&out), "abcabc");
    fa_loop_stop(&loop, 8);
    CHECK_EQ(fa_loop_run(&loop), 8);
    CHECK_TEXT(fa_text_slice(&out), "abcabc");
}

static bool poll_again(struct fa_poller *poller, fa_ns now)
{
    (void)poller;
    (void)now;
    return fa_loop_turn(&loop, false);
}

static void turn_loop(void *ctx)
{
    fa_loop_turn(ctx, false);
}

T(a_turn_within_a_turn_traps)
{
    static const struct fa_poller_ops again_ops = {.poll = poll_again, .deadline = ask_actor};
    begin_story();
    actors[3].poller.ops = &again_ops;
    fa_loop_add(&loop, &actors[3].poller);
    CHECK(t_traps(turn_loop, &loop));
}
