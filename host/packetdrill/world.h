// SPDX-License-Identifier: ISC
//
// One stack, its clock, and the wire that packetdrill sits on.
//
//     flags.c    --so_flags                     wire.c     packets instead of frames
//     world.c    the clock and who moves it     fds.c      descriptors that libc knows too
//     calls.c    sockets   options.c  options   ready.c    poll and epoll
//
// Time is virtual. It moves when somebody sleeps, waits for a packet or blocks; to look at it costs
// a microsecond. The thread that made the world moves it; any other one that blocks sleeps until
// the first has brought about what it waits for, and is let finish before time goes on.

#ifndef PACKETDRILL_WORLD_H
#define PACKETDRILL_WORLD_H

#include <pthread.h>
#include <sys/types.h>

#include "fa/posix.h"
#include "host/packetdrill/interface.h"

enum {
    FILE_COUNT = 64,
    BUF_COUNT = 4096,
    CONN_COUNT = 256,
};

/* What --so_flags set. */
struct settings {
    struct fa_ip local;
    struct fa_ip gateway;
    uint8_t prefix_bits;
    struct fa_ip local6;
    struct fa_ip gateway6;
    uint8_t prefix6_bits;
    uint16_t mtu_bytes;
    fa_ns cap_ns; /* of a wait for a packet, or that nothing ends */
    uint64_t seed;
    struct fa_tcp_config tcp;
};

/* A network card whose other side is IP packets: it answers the stack's questions for neighbours
 * itself, for every address but the stack's own. */
struct wire {
    struct fa_netdev dev; /* first */
    struct fa_pool *pool;
    struct fa_ip local;
    struct fa_ip local6;
    struct fa_list to_stack;
    struct fa_list from_stack; /* packets; at_ns says when they left */
    uint32_t waiting_count;    /* of from_stack */
};

/* A descriptor of the layer, and one of libc's that stands for it. packetdrill closes what a script
 * left open by libc's close(), so it must be a real one. */
struct handle {
    int fd;
    int posix_fd; /* -1: free */
    dev_t dev;
    ino_t ino;
};

/* A thread that sleeps in a call. */
struct sleeper {
    struct fa_list node;
    uint64_t seen; /* of world.event_count: what it has looked at */
    fa_ns deadline;
};

struct world {
    pthread_mutex_t lock;
    pthread_cond_t woken;  /* for sleepers: there was an event, or their deadline has come */
    pthread_cond_t looked; /* for the driver: a sleeper has looked */
    pthread_t driver;
    struct fa_list sleepers;
    uint64_t event_count;
    bool slept; /* the present call did */
    fa_ns now;
    struct settings settings;
    struct wire wire;
    struct fa_pool pool;
    struct fa_counters counters;
    struct fa_stack stack;
    struct fa_posix posix;
    struct fa_posix_file files[FILE_COUNT];
    struct handle handles[FILE_COUNT];
    uint32_t buckets[CONN_COUNT];
    uint8_t *pool_memory;
    uint8_t *conn_memory;
};

/* flags.c: read `text`, or say what is wrong with it and leave. */
void settings_read(const char *text, struct settings *ret_settings);

/* wire.c */
void wire_init(struct wire *wire, struct fa_pool *pool, const struct settings *settings);
/* Returns: false: too long, or no buffer. */
bool wire_send(struct wire *wire, struct fa_slice packet);
/* The oldest packet of the stack's; NULL. The caller drops it. */
struct fa_buf *wire_receive(struct wire *wire);

/* world.c */
struct world *world_enter(void *userdata);
/* Let go, and turn the layer's outcome into libc's. */
ssize_t world_leave(struct world *world, ptrdiff_t outcome);
/* Let the stack do what it can without time passing. */
void world_settle(struct world *world);

/* fds.c */
/* The layer's descriptor; -1: none of ours. */
int handle_find(struct world *world, int fd);
int handle_find_back(const struct world *world, int posix_fd);
/* Make one for a new descriptor of the layer, or pass its error on. Returns: libc's; negative. */
int handle_new(struct world *world, int posix_fd);
void handle_init(struct world *world);
void handle_done(struct world *world);
void handle_calls(struct packetdrill_interface *ifc);

/* calls.c, options.c, ready.c: fill their part of the table. */
void socket_calls(struct packetdrill_interface *ifc);
void option_calls(struct packetdrill_interface *ifc);
void ready_calls(struct packetdrill_interface *ifc);

#endif
