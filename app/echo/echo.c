// SPDX-License-Identifier: ISC
//
// echo: sends back what it is sent (RFC 862). A fiber for each TCP connection, one for all of UDP;
// each is straight-line C that waits where it has to.

#include "echo.fata.h"

#include "fa/fiber.h"
#include "fa/plat.h"

enum {
    IDLE_MAX_S = 300, /* a connection that says nothing for so long is closed */
};

static fa_ns idle_deadline(void)
{
    return fa_ns_after(fa_clock_mono_ns(), IDLE_MAX_S * FA_NS_S);
}

static void echo_flow(void *ctx)
{
    struct fa_flow *flow = ctx;
    struct fa_slice seen;
    while (fa_flow_peek_wait(flow, idle_deadline(), &seen) == FA_OK &&
           fa_flow_write_all(flow, seen, idle_deadline()) == FA_OK) {
        fa_flow_done(flow, seen.len);
    }
    fa_flow_close(flow);
}

/* What has come wakes the fiber that waits for it. */
struct datagrams {
    struct fa_watch watch;
    struct fa_udp_socket socket;
    struct fa_waitq waitq;
};

static void wake(struct fa_watch *watch, unsigned events)
{
    (void)events;
    (void)fa_waitq_wake_all(&FA_CONTAINER(watch, struct datagrams, watch)->waitq);
}

/* A datagram goes back in the buffer it came in. */
static void echo_datagrams(void *ctx)
{
    struct datagrams *datagrams = ctx;
    do {
        struct fa_buf *buf;
        struct fa_udp_from from;
        while (fa_udp_recv(&datagrams->socket, &buf, &from) == FA_OK) {
            /* A full queue drops it, as any wire may. */
            (void)fa_udp_send_take(&datagrams->socket, buf, &from.local.ip, &from.remote);
        }
    } while (fa_waitq_wait(&datagrams->waitq, FA_NS_NEVER) == FA_OK);
}

int echo_main(struct echo_devices *devices)
{
    static struct datagrams datagrams = {.watch.fn = wake};
    const struct fa_udp_socket_config config = {.port = devices->port};
    fa_waitq_init(&datagrams.waitq);
    if (fa_udp_bind(&devices->stack->udp, &datagrams.socket, &config) != FA_OK ||
        fa_fiber_spawn(&devices->loop->fibers, echo_datagrams, &datagrams, NULL) != FA_OK) {
        return 1;
    }
    datagrams.socket.watch = &datagrams.watch;
    struct fa_flow *flow;
    while (fa_listener_accept_wait(devices->tcp, FA_NS_NEVER, &flow) == FA_OK) {
        if (fa_fiber_spawn(&devices->loop->fibers, echo_flow, flow, NULL) != FA_OK) {
            fa_flow_abort(flow); /* every fiber is busy: say so at once */
        }
    }
    return 0;
}
