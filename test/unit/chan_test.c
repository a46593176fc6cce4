// SPDX-License-Identifier: ISC
#include "fa/chan.h"
#include "fa/fmt.h"
#include "test/t.h"

enum {
    FIBER_COUNT = 6,
    CAP = 3,
};

#define TICK_NS ((fa_ns)1 << FA_DEADLINE_TICK_SHIFT)

static struct fa_fibers fibers;
static struct fa_chan chan;
static int cells[CAP];
static fa_ns now;
static char story[256];
static struct fa_text out;

static void begin_story(void)
{
    static const struct fa_fibers_config config = {.fiber_count_max = FIBER_COUNT};
    now = 50 * TICK_NS;
    fa_fibers_init(&fibers, &config, now);
    fa_chan_init(&chan, cells, sizeof cells[0], CAP);
    fa_text_init(&out, story, sizeof story);
}

static void run_until(fa_ns time)
{
    now = time;
    while (fa_fibers_run(&fibers, now)) {
    }
}

struct task {
    char name;
    int first;
    int count;
    fa_ns deadline;
};

static struct fa_fiber *spawn(fa_fiber_fn fn, struct task *task)
{
    struct fa_fiber *fiber = NULL;
    CHECK(fa_fiber_spawn(&fibers, fn, task, &fiber) == FA_OK);
    return fiber;
}

/* Sends count items from first on, and says how it went when it stops. */
static void send_some(void *ctx)
{
    const struct task *task = ctx;
    fa_err err = FA_OK;
    for (int idx = 0; idx < task->count && err == FA_OK; idx++) {
        err = fa_chan_send(&chan, &(int){task->first + idx}, task->deadline);
    }
    fa_text_add(&out, "%c:%s ", task->name, fa_err_name(err));
}

static void recv_some(void *ctx)
{
    const struct task *task = ctx;
    for (int idx = 0; idx < task->count; idx++) {
        int item = -1;
        fa_err err = fa_chan_recv(&chan, &item, task->deadline);
        if (err != FA_OK) {
            CHECK_EQ(item, -1);
            fa_text_add(&out, "%c:%s ", task->name, fa_err_name(err));
            return;
        }
        fa_text_add(&out, "%c%d ", task->name, item);
    }
}

T(try_calls_need_no_fiber_and_never_wait)
{
    begin_story();
    int item = -1;
    CHECK(fa_chan_try_recv(&chan, &item) == FA_AGAIN);
    for (int idx = 0; idx < CAP; idx++) {
        CHECK(fa_chan_try_send(&chan, &idx) == FA_OK);
    }
    CHECK(fa_chan_try_send(&chan, &item) == FA_AGAIN);
    for (int idx = 0; idx < CAP; idx++) {
        CHECK(fa_chan_try_recv(&chan, &item) == FA_OK);
        CHECK_EQ(item, idx);
    }
    CHECK(fa_chan_try_recv(&chan, &item) == FA_AGAIN);
    CHECK_EQ(item, CAP - 1);
}

T(items_come_in_order_through_a_full_channel)
{
    begin_story();
    struct task sender = {'s', 0, 8, FA_NS_NEVER};
    struct task receiver = {'r', 0, 8, FA_NS_NEVER};
    spawn(send_some, &sender);
    run_until(now);
    CHECK_EQ(chan.tail - chan.head, CAP);
    spawn(recv_some, &receiver);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "r0 r1 r2 r3 r4 r5 s:FA_OK r6 r7 ");
}

T(each_item_wakes_one_receiver)
{
    begin_story();
    struct task receivers[] = {{'a', 0, 1, FA_NS_NEVER}, {'b', 0, 1, FA_NS_NEVER}};
    spawn(recv_some, &receivers[0]);
    spawn(recv_some, &receivers[1]);
    run_until(now);
    CHECK(fa_chan_try_send(&chan, &(int){1}) == FA_OK);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "a1 ");
    CHECK(fa_chan_try_send(&chan, &(int){2}) == FA_OK);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "a1 b2 ");
}

T(a_receiver_whose_item_was_taken_waits_again)
{
    begin_story();
    struct task receiver = {'r', 0, 1, FA_NS_NEVER};
    spawn(recv_some, &receiver);
    run_until(now);
    int item;
    CHECK(fa_chan_try_send(&chan, &(int){1}) == FA_OK);
    CHECK(fa_chan_try_recv(&chan, &item) == FA_OK);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "");
    CHECK(fa_chan_try_send(&chan, &(int){2}) == FA_OK);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "r2 ");
}

T(waiting_ends_at_the_deadline)
{
    begin_story();
    struct task receiver = {'r', 0, 1, now + 3 * TICK_NS};
    spawn(recv_some, &receiver);
    run_until(now + 2 * TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "");
    run_until(now + 2 * TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "r:FA_ETIMEOUT ");
    struct task sender = {'s', 0, CAP + 1, now + 3 * TICK_NS};
    spawn(send_some, &sender);
    run_until(now + 4 * TICK_NS);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "r:FA_ETIMEOUT s:FA_ETIMEOUT ");
    CHECK_EQ(chan.tail - chan.head, CAP);
}

T(cancel_ends_the_waiting)
{
    begin_story();
    struct task receiver = {'r', 0, 1, FA_NS_NEVER};
    struct fa_fiber *fiber = spawn(recv_some, &receiver);
    run_until(now);
    fa_fiber_cancel(fiber);
    run_until(now);
    struct task sender = {'s', 0, CAP + 1, FA_NS_NEVER};
    fiber = spawn(send_some, &sender);
    run_until(now);
    fa_fiber_cancel(fiber);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "r:FA_ECANCEL s:FA_ECANCEL ");
}

T(close_stops_senders_and_lets_receivers_drain)
{
    begin_story();
    struct task sender = {'s', 0, CAP + 1, FA_NS_NEVER};
    spawn(send_some, &sender);
    run_until(now);
    fa_chan_close(&chan);
    fa_chan_close(&chan);
    run_until(now);
    CHECK(fa_chan_try_send(&chan, &(int){9}) == FA_ECLOSED);
    struct task receiver = {'r', 0, CAP + 1, FA_NS_NEVER};
    spawn(recv_some, &receiver);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "s:FA_ECLOSED r0 r1 r2 r:FA_ECLOSED ");
}

T(close_wakes_every_receiver)
{
    begin_story();
    struct task receivers[] = {{'a', 0, 1, FA_NS_NEVER}, {'b', 0, 1, FA_NS_NEVER}};
    spawn(recv_some, &receivers[0]);
    spawn(recv_some, &receivers[1]);
    run_until(now);
    fa_chan_close(&chan);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "a:FA_ECLOSED b:FA_ECLOSED ");
}

static int sum;

static void recv_sum(void *ctx)
{
    (void)ctx;
    int item;
    while (fa_chan_recv(&chan, &item, FA_NS_NEVER) == FA_OK) {
        sum += item;
    }
}

T(many_senders_and_receivers_lose_nothing)
{
    begin_story();
    sum = 0;
    struct task senders[] = {
        {'a', 1, 100, FA_NS_NEVER}, {'b', 101, 100, FA_NS_NEVER}, {'c', 201, 100, FA_NS_NEVER}};
    for (size_t idx = 0; idx < FA_COUNT_OF(senders); idx++) {
        spawn(send_some, &senders[idx]);
        spawn(recv_sum, NULL);
    }
    run_until(now);
    CHECK_EQ(sum, 300 * 301 / 2);
    fa_chan_close(&chan);
    run_until(now);
    CHECK_EQ(fibers.live_count, 0);
}

static void init_empty(void *ctx)
{
    fa_chan_init(ctx, cells, sizeof cells[0], 0);
}

static void init_huge(void *ctx)
{
    fa_chan_init(ctx, cells, SIZE_MAX / 2, 3);
}

T(a_channel_of_nothing_traps)
{
    struct fa_chan bad;
    CHECK(t_traps(init_empty, &bad));
    CHECK(t_traps(init_huge, &bad));
}
