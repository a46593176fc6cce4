// SPDX-License-Identifier: ISC
//
// What is a pipe's own; that it is a flow is shown by test/conform/flow_conform.c.
#include "fa/pipe.h"
#include "test/t.h"

enum {
    CAP = 8,
};

static uint8_t memory[2 * CAP];
static struct fa_pipe pipe;
static struct fa_flow *a;
static struct fa_flow *b;

static void open_pipe(void)
{
    fa_pipe_init(&pipe, memory, CAP);
    a = fa_pipe_flow(&pipe, 0);
    b = fa_pipe_flow(&pipe, 1);
}

/* Commit as much as goes without waiting. Returns: bytes. */
static size_t put(struct fa_flow *flow, const char *text)
{
    struct fa_slice left = fa_slice_of(text);
    uint8_t *at;
    size_t cap;
    size_t put_len = 0;
    while (left.len > put_len && fa_flow_reserve(flow, &at, &cap) == FA_OK) {
        size_t len = fa_min(cap, left.len - put_len);
        fa_copy(at, left.at + put_len, len);
        fa_flow_commit(flow, len);
        put_len += len;
    }
    return put_len;
}

static fa_err peek(struct fa_flow *flow)
{
    struct fa_slice bytes;
    return fa_flow_peek(flow, &bytes);
}

static fa_err reserve(struct fa_flow *flow)
{
    uint8_t *at;
    size_t cap;
    return fa_flow_reserve(flow, &at, &cap);
}

T(both_ways_are_apart_and_bounded)
{
    open_pipe();
    CHECK_EQ(put(a, "0123456789"), CAP);
    CHECK(reserve(a) == FA_AGAIN);
    CHECK_EQ(put(b, "xyz"), 3);
    struct fa_slice seen;
    CHECK(fa_flow_peek(b, &seen) == FA_OK);
    CHECK_TEXT(seen, "01234567");
    fa_flow_done(b, 3);
    CHECK_EQ(put(a, "abcdef"), 3);
    CHECK(fa_flow_peek(b, &seen) == FA_OK);
    CHECK_TEXT(seen, "34567");
    fa_flow_done(b, 5);
    CHECK(fa_flow_peek(b, &seen) == FA_OK);
    CHECK_TEXT(seen, "abc");
    CHECK(fa_flow_peek(a, &seen) == FA_OK);
    CHECK_TEXT(seen, "xyz");
}

T(how_one_end_leaves_is_what_the_other_sees)
{
    enum leave { CLOSE, ABORT, SHUTDOWN };
    static const struct {
        enum leave leave;
        const char *unread; // by the end that leaves
        const char *sent;   // by it, before
        fa_err first_peek;
        fa_err last_peek;
        fa_err reserve;
        fa_err shutdown;
    } rows[] = {
        {SHUTDOWN, "", "", FA_ECLOSED, FA_ECLOSED, FA_OK, FA_OK},
        {SHUTDOWN, "u", "s", FA_OK, FA_ECLOSED, FA_OK, FA_OK},
        {CLOSE, "", "", FA_ECLOSED, FA_ECLOSED, FA_ERESET, FA_OK},
        {CLOSE, "", "s", FA_OK, FA_ECLOSED, FA_ERESET, FA_OK},
        {CLOSE, "u", "", FA_ERESET, FA_ERESET, FA_ERESET, FA_ERESET},
        {CLOSE, "u", "s", FA_ERESET, FA_ERESET, FA_ERESET, FA_ERESET},
        {ABORT, "", "s", FA_ERESET, FA_ERESET, FA_ERESET, FA_ERESET},
    };
    for (size_t row = 0; row < FA_COUNT_OF(rows); row++) {
        open_pipe();
        put(b, rows[row].unread);
        put(a, rows[row].sent);
        if (rows[row].leave == SHUTDOWN) {
            CHECK(fa_flow_shutdown(a) == FA_OK);
            CHECK(fa_flow_shutdown(a) == FA_OK);
            CHECK(reserve(a) == FA_ECLOSED);
        } else if (rows[row].leave == CLOSE) {
            fa_flow_close(a);
        } else {
            fa_flow_abort(a);
        }
        CHECK_EQ(peek(b), rows[row].first_peek);
        if (rows[row].first_peek == FA_OK) {
            fa_flow_done(b, 1);
        }
        CHECK_EQ(peek(b), rows[row].last_peek);
        CHECK_EQ(reserve(b), rows[row].reserve);
        CHECK_EQ(fa_flow_shutdown(b), rows[row].shutdown);
        CHECK(!fa_pipe_is_over(&pipe));
        fa_flow_close(b);
        CHECK(fa_pipe_is_over(&pipe) == (rows[row].leave != SHUTDOWN));
    }
}

struct listener {
    struct fa_watch watch;
    unsigned events;
};

static void note_events(struct fa_watch *watch, unsigned events)
{
    FA_CONTAINER(watch, struct listener, watch)->events |= events;
}

T(the_other_end_is_told_of_each_change)
{
    open_pipe();
    struct listener listener = {{note_events}, 0};
    b->watch = &listener.watch;
    put(a, "x");
    CHECK_EQ(listener.events, FA_FLOW_READABLE);
    put(b, "01234567");
    CHECK(peek(a) == FA_OK);
    listener.events = 0;
    fa_flow_done(a, 2);
    CHECK_EQ(listener.events, FA_FLOW_WRITABLE);
    listener.events = 0;
    CHECK(fa_flow_shutdown(a) == FA_OK);
    CHECK_EQ(listener.events, FA_FLOW_READABLE);
    listener.events = 0;
    fa_flow_abort(a);
    CHECK_EQ(listener.events, FA_FLOW_READABLE | FA_FLOW_WRITABLE);
    fa_flow_close(b); // tells nobody: the first end is gone
}

T(the_peer_has_a_name)
{
    open_pipe();
    char name[16];
    CHECK_EQ(fa_flow_peer(a, name, sizeof name), 6);
    CHECK_TEXT(fa_slice_of(name), "pipe:1");
    CHECK_EQ(fa_flow_peer(b, name, sizeof name), 6);
    CHECK_TEXT(fa_slice_of(name), "pipe:0");
}

static void commit_more(void *ctx)
{
    fa_flow_commit(ctx, CAP + 1);
}

static void commit_twice(void *ctx)
{
    fa_flow_commit(ctx, 1);
    fa_flow_commit(ctx, 1);
}

static void done_unseen(void *ctx)
{
    fa_flow_done(ctx, 1);
}

static void use_closed(void *ctx)
{
    (void)peek(ctx);
}

T(misuse_traps)
{
    open_pipe();
    CHECK(reserve(a) == FA_OK);
    CHECK(t_traps(commit_more, a));
    CHECK(t_traps(commit_twice, a));
    CHECK(t_traps(done_unseen, b)); // there is a byte, but nobody has looked at it
    fa_flow_close(a);
    CHECK(t_traps(use_closed, a));
}
