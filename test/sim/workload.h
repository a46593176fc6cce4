// SPDX-License-Identifier: ISC
//
// test/sim/workload.h: transfers between stacks whose every byte is known beforehand.
//
// A transfer is one TCP connection that carries `bytes_each_way` in both directions at once, at a
// pace and in pieces chosen from its seed: slow readers, idle writers, late half closes. Each end
// checks each byte it reads. The workload knows flows and listeners alone.

#ifndef TEST_SIM_WORKLOAD_H
#define TEST_SIM_WORKLOAD_H

#include "fa/flow.h"
#include "fa/loop.h"
#include "fa/rand.h"
#include "fa/stack.h"

enum {
    WORKLOAD_TRANSFER_MAX = 64,
    WORKLOAD_HELLO_LEN = 16, /* bytes: magic, index of the transfer */
    WORKLOAD_RETRY_MAX = 3,  /* connects that may time out, of one transfer */
};

/* One end of a transfer. */
struct workload_end {
    struct fa_watch watch;
    struct fa_list ready_node;
    struct workload *owner;
    struct fa_flow *flow;
    struct fa_rand rand;
    uint64_t out_key; /* of the bytes it writes */
    uint64_t in_key;
    uint64_t out_len;
    uint64_t out_total;
    uint64_t in_len;
    uint64_t in_total;
    uint8_t hello[WORKLOAD_HELLO_LEN];
    uint32_t hello_len; /* bytes of the other side's hello read so far (accepting end) */
    uint32_t write_max; /* bytes at once */
    uint32_t read_max;
    fa_ns read_pause_ns; /* 0: reads whenever it can */
    fa_ns read_from_ns;  /* paused until then */
    struct fa_deadline deadline;
    bool accepting;
    bool out_ended;
    bool in_ended;
    bool done;
    fa_err broke; /* FA_OK: it did not */
};

struct workload_transfer {
    struct fa_stack *from;
    struct fa_endpoint to;
    uint64_t bytes_each_way;
    uint32_t retry_count;
    struct fa_deadline deadline; /* when to connect */
    struct workload_end client;
    struct workload_end server;
};

struct workload {
    struct fa_poller poller;
    struct fa_watch listen_watch;
    struct fa_list ready;
    struct fa_deadline_queue deadlines;
    struct fa_listener *listeners[WORKLOAD_TRANSFER_MAX];
    size_t listener_count;
    struct workload_transfer transfers[WORKLOAD_TRANSFER_MAX];
    size_t transfer_count;
    struct workload_end strays[WORKLOAD_TRANSFER_MAX]; /* accepted, hello not read yet */
    size_t stray_count;
    uint64_t seed;
    fa_ns now; /* of the present poll */
    uint64_t bytes_checked;
    uint64_t bytes_wrong;
    size_t ends_done;
    char trouble[160]; /* the first thing that went wrong; empty: nothing */
};

void workload_init(struct workload *workload, uint64_t seed, fa_ns now);

void workload_listen(struct workload *workload, struct fa_listener *listener);

/* Add a transfer that begins at `start`. Limits: WORKLOAD_TRANSFER_MAX. */
void workload_add(struct workload *workload, struct fa_stack *from, const struct fa_endpoint *to,
    uint64_t bytes_each_way, fa_ns start);

/* Write how far one end of a transfer is, for the report of a failure. */
size_t workload_describe(
    const struct workload *workload, size_t idx, bool server, char *at, size_t cap);

/* Whether every end has sent, received and checked everything and was closed in order. */
bool workload_done(const struct workload *workload);

#endif
