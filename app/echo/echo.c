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

/* A datagram goes back in the buffer it came in. */
static void echo_datagrams(void *ctx)
{
    struct fa_udp_socket *socket = ctx;
    struct fa_buf *buf;
    struct fa_udp_from from;
    while (fa_udp_recv_wait(socket, FA_NS_NEVER, &buf, &from) == FA_OK) {
        /* A full queue drops it, as any wire may. */
        (void)fa_udp_send_take(socket, buf, &from.local.ip, &from.remote);
    }
}

int echo_main(struct echo_devices *devices)
{
    static struct fa_udp_socket socket;
    const struct fa_udp_socket_config config = {.port = devices->port};
    if (fa_udp_bind(&devices->stack->udp, &socket, &config) != FA_OK ||
        fa_fiber_spawn(&devices->loop->fibers, echo_datagrams, &socket, NULL) != FA_OK) {
        return 1;
    }
    struct fa_flow *flow;
    while (fa_listener_accept_wait(devices->tcp, FA_NS_NEVER, &flow) == FA_OK) {
        if (fa_fiber_spawn(&devices->loop->fibers, echo_flow, flow, NULL) != FA_OK) {
            fa_flow_abort(flow); /* every fiber is busy: say so at once */
        }
    }
    return 0;
}
