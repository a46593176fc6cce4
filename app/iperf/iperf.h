// SPDX-License-Identifier: ISC
//
// What the files of iperf share: a measured stream, a test, and the two protocols' clients and
// servers.

#ifndef IPERF_H
#define IPERF_H

#include "iperf.fata.h"
#include "iperf_wire.h"

#include "fa/fiber.h"
#include "fa/plat.h"

enum {
    LINGER_S = 10, /* how long a client waits for the other direction beyond the test's time */
};

/* One direction of one connection, as it is reported. */
struct stream {
    unsigned id;
    fa_ns start_ns;
    fa_ns shown_ns;       /* end of the last interval printed */
    uint64_t shown_bytes; /* counted until then */
    uint64_t bytes;
};

/* iperf_report.c */
void stream_begin(struct stream *stream, const char *what, const struct fa_endpoint *peer);
/* Count; print a line if an interval is over. */
void stream_count(struct stream *stream, size_t len);
void stream_end(const struct stream *stream);
void stream_end_udp(const struct stream *stream, const char *whose, const struct report *report);
[[gnu::format(printf, 1, 2)]] void say(const char *format, ...);

/* What is going on, and who waits for its end. */
struct work {
    const struct iperf_devices *devices;
    unsigned client_count;     /* tests of ours under way */
    unsigned served_count;     /* tests of others under way */
    unsigned served_count_all; /* ... and over */
    bool failed;
    struct fa_waitq over; /* woken as one of the counts changes */
};
extern struct work work;

/* A test to run as the client. */
struct test {
    struct fa_stack *stack;
    struct fa_endpoint server;
    struct header header;
};

/* Run it on a fiber of its own: a copy is taken. Returns: whether there was one. */
bool test_spawn(const struct test *test);

/* iperf_tcp.c: what fibers do; `flow` is taken. */
void tcp_serve(struct fa_flow *flow);
/* Returns: whether all was sent and read. */
bool tcp_run(const struct test *test);

/* iperf_udp.c: serve until the image stops. Returns: false if the port is taken. */
bool udp_serve_start(struct fa_stack *stack);
bool udp_run(const struct test *test);

#endif
