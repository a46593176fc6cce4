// SPDX-License-Identifier: ISC
//
// relay: carries connections on, so that two peers talk through our TCP twice. A fiber for each
// direction; the end of one direction is passed on while the other goes on.

#include "relay.fata.h"

#include "fa/fiber.h"
#include "fa/plat.h"

enum {
    PAIR_MAX = 128,
    CONNECT_S = 10,
};

/* Two flows that belong together. */
struct pair {
    bool used;
    struct fa_flow *flows[2];
    unsigned running; /* directions */
};

/* One direction. */
struct half {
    struct pair *pair;
    unsigned from;
};

static struct relay_devices *own;
static struct pair pairs[PAIR_MAX];
static struct half halves[PAIR_MAX][2];

static fa_err copy(struct fa_flow *from, struct fa_flow *to)
{
    struct fa_slice seen;
    fa_err err;
    while ((err = fa_flow_peek_wait(from, FA_NS_NEVER, &seen)) == FA_OK) {
        FA_TRY(fa_flow_write_all(to, seen, FA_NS_NEVER));
        fa_flow_done(from, seen.len);
    }
    return err == FA_ECLOSED ? fa_flow_shutdown(to) : err;
}

static void run_half(void *ctx)
{
    struct half *half = ctx;
    struct pair *pair = half->pair;
    fa_err err = copy(pair->flows[half->from], pair->flows[1 - half->from]);
    pair->running--;
    if (err != FA_OK) {
        // The other direction's fiber still looks at both: it ends by itself.
        (void)fa_flow_shutdown(pair->flows[0]);
        (void)fa_flow_shutdown(pair->flows[1]);
    }
    if (pair->running == 0) {
        fa_flow_close(pair->flows[0]);
        fa_flow_close(pair->flows[1]);
        pair->used = false;
    }
}

static struct pair *take_pair(void)
{
    for (size_t i = 0; i < PAIR_MAX; i++) {
        if (!pairs[i].used) {
            pairs[i] = (struct pair){.used = true};
            return &pairs[i];
        }
    }
    return NULL;
}

static void run_client(void *ctx)
{
    struct pair *pair = ctx;
    size_t idx = (size_t)(pair - pairs);
    const struct fa_endpoint server = {own->server, own->port};
    fa_ns deadline = fa_clock_mono_ns() + CONNECT_S * FA_NS_S;
    if (fa_stack_connect_wait(own->stack, &server, deadline, &pair->flows[1]) != FA_OK) {
        fa_flow_abort(pair->flows[0]);
        pair->used = false;
        return;
    }
    pair->running = 2;
    halves[idx][0] = (struct half){pair, 0};
    halves[idx][1] = (struct half){pair, 1};
    if (fa_fiber_spawn(&own->loop->fibers, run_half, &halves[idx][1], NULL) != FA_OK) {
        fa_flow_abort(pair->flows[0]);
        fa_flow_abort(pair->flows[1]);
        pair->used = false;
        return;
    }
    run_half(&halves[idx][0]);
}

int relay_main(struct relay_devices *devices)
{
    struct fa_flow *flow;
    own = devices;
    while (fa_listener_accept_wait(devices->tcp, FA_NS_NEVER, &flow) == FA_OK) {
        struct pair *pair = take_pair();
        if (pair == NULL) {
            fa_flow_abort(flow);
            continue;
        }
        pair->flows[0] = flow;
        if (fa_fiber_spawn(&devices->loop->fibers, run_client, pair, NULL) != FA_OK) {
            fa_flow_abort(flow);
            pair->used = false;
        }
    }
    return 0;
}
