// SPDX-License-Identifier: ISC
//
// The waiting helpers, over a pipe. What every flow must do is test/conform/flow_conform.c.
#include "fa/fiber.h"
#include "fa/fmt.h"
#include "fa/pipe.h"
#include "test/t.h"

enum {
    CAP = 8,
};

#define TICK_NS ((fa_ns)1 << FA_DEADLINE_TICK_SHIFT)

static struct fa_fibers fibers;
static fa_ns now;
static uint8_t memory[2 * CAP];
static struct fa_pipe pipe;
static struct fa_flow *a;
static struct fa_flow *b;
static char story[256];
static struct fa_text out;
static fa_ns deadline;

static void begin_story(void)
{
    static const struct fa_fibers_config config = {.fiber_count_max = 4};
    now = 100 * TICK_NS;
    deadline = FA_NS_NEVER;
    fa_fibers_init(&fibers, &config, now);
    fa_pipe_init(&pipe, memory, CAP);
    a = fa_pipe_flow(&pipe, 0);
    b = fa_pipe_flow(&pipe, 1);
    fa_text_init(&out, story, sizeof story);
}

static struct fa_fiber *spawn(fa_fiber_fn fn, void *ctx)
{
    struct fa_fiber *fiber = NULL;
    CHECK(fa_fiber_spawn(&fibers, fn, ctx, &fiber) == FA_OK);
    return fiber;
}

static void run_until(fa_ns time)
{
    now = time;
    while (fa_fibers_run(&fibers, now)) {
    }
}

/* Read to the end and say what came. */
static void read_all(void *ctx)
{
    struct fa_flow *flow = ctx;
    struct fa_slice seen;
    fa_err err;
    while ((err = fa_flow_peek_wait(flow, deadline, &seen)) == FA_OK) {
        fa_text_add_slice(&out, seen);
        fa_flow_done(flow, seen.len);
    }
    fa_text_add(&out, "<%s>", fa_err_name(err));
}

static void write_text(void *ctx)
{
    fa_err err = fa_flow_write_all(ctx, FA_LIT("a text longer than the pipe"), deadline);
    fa_text_add(&out, "(%s)", fa_err_name(err));
}

T(a_long_text_goes_through_a_small_pipe)
{
    begin_story();
    spawn(write_text, a);
    spawn(read_all, b);
    run_until(now);
    CHECK(fa_flow_shutdown(a) == FA_OK);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "a text longer than the p(FA_OK)ipe<FA_ECLOSED>");
    CHECK(a->watch == NULL && b->watch == NULL);
}

T(waiting_ends_at_the_deadline)
{
    begin_story();
    deadline = now + 5 * TICK_NS;
    spawn(write_text, a);
    spawn(read_all, a);
    run_until(now + 4 * TICK_NS);
    CHECK_TEXT(fa_text_slice(&out), "");
    run_until(deadline);
    CHECK(a->watch == NULL);
    CHECK_TEXT(fa_text_slice(&out), "(FA_ETIMEOUT)<FA_ETIMEOUT>");
}

T(waiting_ends_when_cancelled)
{
    begin_story();
    struct fa_fiber *writer = spawn(write_text, a);
    struct fa_fiber *reader = spawn(read_all, a);
    run_until(now);
    fa_fiber_cancel(writer); // the one that came first leaves first
    run_until(now);
    fa_fiber_cancel(reader);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "(FA_ECANCEL)<FA_ECANCEL>");
    CHECK(a->watch == NULL);
}

T(waiting_ends_when_the_flow_breaks)
{
    begin_story();
    spawn(write_text, a);
    spawn(read_all, a);
    run_until(now);
    fa_flow_abort(b);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "<FA_ERESET>(FA_ERESET)");
}

T(a_reader_and_a_writer_may_wait_for_one_flow)
{
    for (int order = 0; order < 2; order++) {
        begin_story();
        spawn(order == 0 ? write_text : read_all, a);
        spawn(order == 0 ? read_all : write_text, a);
        run_until(now);
        CHECK(fa_flow_write_all(b, FA_LIT("hi"), 0) == FA_OK);
        run_until(now);
        CHECK_TEXT(fa_text_slice(&out), "hi");
        spawn(read_all, b);
        run_until(now);
        CHECK_TEXT(fa_text_slice(&out), "hia text longer than the p(FA_OK)ipe");
        CHECK(fa_flow_shutdown(b) == FA_OK);
        CHECK(fa_flow_shutdown(a) == FA_OK);
        run_until(now);
        CHECK_EQ(fibers.live_count, 0);
        CHECK(a->watch == NULL && b->watch == NULL);
    }
}

struct listener {
    struct fa_watch watch;
    unsigned event_count;
};

static void count_events(struct fa_watch *watch, unsigned events)
{
    (void)events;
    FA_CONTAINER(watch, struct listener, watch)->event_count++;
}

T(a_watch_that_was_there_hears_on_and_comes_back)
{
    begin_story();
    struct listener listener = {{count_events}, 0};
    b->watch = &listener.watch;
    spawn(read_all, b);
    run_until(now);
    CHECK(b->watch != &listener.watch);
    CHECK(fa_flow_write_all(a, FA_LIT("x"), 0) == FA_OK);
    CHECK_EQ(listener.event_count, 1);
    fa_flow_close(a);
    run_until(now);
    CHECK(b->watch == &listener.watch);
}

/* A listener with one flow to give, once it is told to. */
struct source {
    struct fa_listener listener;
    struct fa_flow *ready;
};

static fa_err accept_source(struct fa_listener *listener, struct fa_flow **ret_flow)
{
    struct source *source = FA_CONTAINER(listener, struct source, listener);
    if (source->ready == NULL) {
        return FA_AGAIN;
    }
    *ret_flow = source->ready;
    source->ready = NULL;
    return FA_OK;
}

static void close_source(struct fa_listener *listener)
{
    (void)listener;
}

static const struct fa_listener_ops source_ops = {.accept = accept_source, .close = close_source};

static void accept_one(void *ctx)
{
    struct fa_flow *flow = NULL;
    fa_err err = fa_listener_accept_wait(ctx, deadline, &flow);
    CHECK((flow != NULL) == (err == FA_OK));
    fa_text_add(&out, "%s ", fa_err_name(err));
}

T(accept_waits_for_a_flow_or_the_deadline)
{
    begin_story();
    struct source source = {.listener.ops = &source_ops};
    deadline = now + 5 * TICK_NS;
    spawn(accept_one, &source.listener);
    run_until(now);
    CHECK(source.listener.watch != NULL);
    source.ready = a;
    source.listener.watch->fn(source.listener.watch, FA_FLOW_READABLE);
    run_until(now);
    CHECK_TEXT(fa_text_slice(&out), "FA_OK ");
    spawn(accept_one, &source.listener);
    run_until(now);
    run_until(deadline);
    CHECK_TEXT(fa_text_slice(&out), "FA_OK FA_ETIMEOUT ");
    CHECK(source.listener.watch == NULL);
    fa_listener_close(&source.listener);
}
