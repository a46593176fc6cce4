// SPDX-License-Identifier: ISC
//
// test/sim/workload.h: transfers between stacks whose every byte is known beforehand.
//
// A transfer is one TCP connection that carries `bytes_each_way` in both directions, in a style,
// at a pace and in pieces that follow from its seed: slow readers, writers of single bytes, long
// pauses. Each end checks each byte that it reads. A connection that breaks where the world allows
// it is begun again, from the first byte and with other bytes, until one goes through in order.
// The workload knows flows and listeners; it asks TCP itself only to open from both sides at once.

#ifndef TEST_SIM_WORKLOAD_H
#define TEST_SIM_WORKLOAD_H

#include "fa/flow.h"
#include "fa/loop.h"
#include "fa/rand.h"
#include "fa/stack.h"

enum {
    WORKLOAD_TRANSFER_MAX = 128,
    WORKLOAD_END_MAX = 512,
    WORKLOAD_LISTENER_MAX = 8,
    WORKLOAD_HELLO_LEN = 16,    /* bytes: magic, index of the transfer, attempt */
    WORKLOAD_PORT_FIRST = 9000, /* of ends that meet: two for each attempt */
};

/* An end of an earlier attempt, or one that nobody has spoken to, gives up after this; so does
 * every end where connections may break: longer than TCP's own user timeout. */
#define WORKLOAD_IDLE_NS (400 * FA_NS_S)

enum workload_style {
    WORKLOAD_BOTH_WAYS,
    WORKLOAD_CLIENT_FIRST, /* the server writes when it has read the client's end, ... */
    WORKLOAD_SERVER_FIRST, /* ... the client when it has read the server's */
    WORKLOAD_ABORT,        /* the client breaks off half-way */
    WORKLOAD_MEETING,      /* both connect at once, there is no server */
    WORKLOAD_STYLE_COUNT,
};

struct workload_transfer;

/* One end of a connection. */
struct workload_end {
    struct fa_watch watch;
    struct fa_list ready_node;
    struct workload *owner;
    struct workload_transfer *transfer; /* NULL: accepted, not introduced yet */
    struct fa_flow *flow;               /* NULL: this place is free */
    uint32_t attempt;
    bool accepting;
    bool greets;      /* its first bytes are a hello */
    uint64_t out_key; /* of the bytes it writes */
    uint64_t in_key;
    uint64_t out_len;
    uint64_t out_total;
    uint64_t in_len;
    uint64_t in_total;
    uint8_t hello[WORKLOAD_HELLO_LEN];
    uint32_t write_max; /* bytes at once */
    uint32_t read_max;
    fa_ns read_pause_ns;  /* after each read; 0: none */
    fa_ns read_from_ns;   /* paused until then */
    fa_ns write_pause_ns; /* once, half-way */
    fa_ns write_from_ns;
    fa_ns progress_ns; /* when it last read or wrote anything */
    struct fa_deadline deadline;
    bool out_ended;
    bool in_ended;
};

struct workload_transfer_config {
    struct fa_stack *from;
    struct fa_endpoint from_address;
    struct fa_stack *to;
    struct fa_endpoint to_address; /* where it listens */
    uint64_t bytes_each_way;       /* WORKLOAD_HELLO_LEN at least */
    enum workload_style style;
    fa_ns start_ns;
    fa_ns pause_ns; /* of the client, half-way; 0: none */
};

struct workload_transfer {
    struct workload_transfer_config config;
    uint32_t attempt;
    bool client_done;
    bool server_done;
    struct workload_end *client; /* of this attempt; NULL: none, or it is done */
    struct workload_end *server;
    struct fa_deadline deadline; /* when to connect */
};

struct workload_config {
    uint64_t seed;
    uint32_t attempt_max;  /* of each transfer */
    bool breaks_allowed;   /* in the middle too, not only before a byte has come */
    bool timeouts_allowed; /* such losses that nothing may come through for the user timeout */
    bool memory_is_short;  /* a connect may find no room; it is tried again */
};

struct workload {
    struct fa_poller poller;
    struct workload_config config;
    struct fa_list ready;
    struct fa_deadline_queue deadlines;
    struct fa_deadline sweep;
    struct fa_listener *listeners[WORKLOAD_LISTENER_MAX];
    size_t listener_count;
    struct workload_transfer transfers[WORKLOAD_TRANSFER_MAX];
    size_t transfer_count;
    struct workload_end ends[WORKLOAD_END_MAX];
    fa_ns now; /* of the present poll */
    uint64_t bytes_checked;
    uint64_t bytes_wrong;
    size_t done_count; /* transfers */
    size_t live_count; /* ends */
    size_t break_count;
    size_t timeout_count; /* of those in the middle, by timeout */
    char trouble[160];    /* the first thing that went wrong; empty: nothing */
};

void workload_init(struct workload *workload, const struct workload_config *config, fa_ns now);

void workload_listen(struct workload *workload, struct fa_listener *listener);

/* Add a transfer. Limits: WORKLOAD_TRANSFER_MAX. */
void workload_add(struct workload *workload, const struct workload_transfer_config *config);

/* Write how far one end of a transfer is, for the report of a failure. */
size_t workload_describe(
    const struct workload *workload, size_t idx, bool server, char *at, size_t cap);

/* Whether every transfer went through: all was sent, received, checked and ended in order. */
static inline bool workload_done(const struct workload *workload)
{
    return workload->done_count == workload->transfer_count;
}

/* ---- between the files of the workload ---------------------------------------------------- */

/* Eight bytes as both architectures have them, little-endian. */
static inline void workload_u64_store(uint8_t *at, uint64_t value)
{
    __builtin_memcpy(at, &value, sizeof value);
}

static inline uint64_t workload_u64_load(const uint8_t *at)
{
    uint64_t value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
}

/* workload_end.c: the bytes of one end. */
struct workload_end *workload_end_new(struct workload *workload, struct fa_flow *flow);
void workload_end_begin(struct workload_end *end, struct workload_transfer *transfer);
void workload_end_step(struct workload_end *end);
/* Look for the hello of an accepted connection. Returns: whether it is whole, in end->hello. */
bool workload_end_greet(struct workload_end *end);
void workload_end_ready(struct workload_end *end);
void workload_end_free(struct workload_end *end);

/* workload.c: what its end means for the transfer. `err` FA_OK: in order. */
void workload_end_over(struct workload_end *end, fa_err err, const char *what);

[[gnu::format(printf, 2, 3)]] void workload_trouble(
    struct workload *workload, const char *format, ...);

#endif
