// SPDX-License-Identifier: ISC
//
// iperf: measures TCP and UDP against iperf 2, as its client or its server.
//
// The server runs always: a test in both directions needs it on the client's side too.

#include "iperf.h"

#include "fa/fmt.h"

struct work work;

static void run_test(void *ctx)
{
    const struct test *place = ctx;
    const struct test test = *place; // the one who spawned us waits for this copy no longer
    bool good = work.devices->udp ? udp_run(&test) : tcp_run(&test);
    work.failed = work.failed || !good;
    work.client_count--;
    (void)fa_waitq_wake_all(&work.over);
}

bool test_spawn(const struct test *test)
{
    enum { WAITING_MAX = 64 };
    static struct test waiting[WAITING_MAX];
    static unsigned next;
    struct test *place = &waiting[next++ % WAITING_MAX];
    *place = *test;
    if (fa_fiber_spawn(&work.devices->loop->fibers, run_test, place, NULL) != FA_OK) {
        return false;
    }
    work.client_count++;
    fa_fiber_yield(); // the new fiber runs before its place is needed again
    return true;
}

static void serve_flow(void *ctx)
{
    tcp_serve(ctx);
    work.served_count--;
    work.served_count_all++;
    (void)fa_waitq_wake_all(&work.over);
}

static void serve_tcp(void *ctx)
{
    struct fa_listener *listener = ctx;
    struct fa_flow *flow;
    while (fa_listener_accept_wait(listener, FA_NS_NEVER, &flow) == FA_OK) {
        if (fa_fiber_spawn(&work.devices->loop->fibers, serve_flow, flow, NULL) != FA_OK) {
            fa_flow_abort(flow);
        } else {
            work.served_count++;
        }
    }
}

static bool serve(struct fa_stack *stack, struct fa_listener *listener)
{
    return udp_serve_start(stack) &&
           fa_fiber_spawn(&work.devices->loop->fibers, serve_tcp, listener, NULL) == FA_OK;
}

/* Wait until our tests are over, and `back_count` of the other side's; not for ever. */
static bool wait_for_end(unsigned back_count, fa_ns deadline)
{
    while (work.client_count != 0) {
        if (fa_waitq_wait(&work.over, FA_NS_NEVER) != FA_OK) {
            return false;
        }
    }
    while (work.served_count != 0 || work.served_count_all < back_count) {
        if (fa_waitq_wait(&work.over, deadline) != FA_OK) {
            say("the other side did not send back\n");
            return false;
        }
    }
    return true;
}

static int run_client(const struct iperf_devices *devices)
{
    struct test test = {.stack = devices->near, .server.port = devices->port};
    bool back = devices->dual || devices->tradeoff;
    if (fa_ip_parse(fa_slice_of(devices->client), &test.server.ip) != FA_OK) {
        say("iperf: --client: \"%s\" is not an address such as 192.0.2.1\n", devices->client);
        return 64;
    }
    test.header = (struct header){
        .back = back,
        .at_once = devices->dual,
        .port = devices->port,
        .bytes = devices->bytes,
        .time_ns = devices->bytes != 0 ? 0 : devices->time,
        .bits_per_s = devices->udp ? devices->bandwidth : 0,
    };
    if (fa_stack_up_wait(devices->near, FA_NS_NEVER) != FA_OK) {
        return 1;
    }
    for (uint64_t i = 0; i < devices->parallel; i++) {
        if (!test_spawn(&test)) {
            say("iperf: --parallel: there are not so many fibers: see --fibers\n");
            return 64;
        }
    }
    unsigned back_count = back ? (unsigned)devices->parallel : 0;
    fa_ns patience = fa_ns_after(devices->time, devices->time + LINGER_S * FA_NS_S);
    bool good = wait_for_end(back_count, fa_ns_after(fa_clock_mono_ns(), patience));
    return good && !work.failed ? 0 : 1;
}

int iperf_main(struct iperf_devices *devices)
{
    work.devices = devices;
    fa_waitq_init(&work.over);
    bool served = serve(devices->near, devices->back);
    if (devices->far != devices->near) {
        served = serve(devices->far, devices->listener) && served;
    }
    if (!served) {
        say("iperf: cannot serve port %u\n", devices->port);
        return 1;
    }
    if (devices->client[0] != '\0') {
        return run_client(devices);
    }
    say("Server listening on TCP and UDP port %u\n", devices->port);
    while (fa_waitq_wait(&work.over, FA_NS_NEVER) == FA_OK) {
        continue; // whoever serves says what there is to say
    }
    return 0;
}
