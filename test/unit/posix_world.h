// SPDX-License-Identifier: ISC
//
// test/unit/posix_world.h: the two stacks of stack_world.h, each with a socket layer, in one
// thread.
//
// A blocking call turns both stacks, in virtual time, until it is over. What no packet can end
// comes back as -FA_POSIX_EDEADLK after POSIX_WAIT_MAX.

#ifndef POSIX_WORLD_H
#define POSIX_WORLD_H

#include "fa/posix.h"
#include "test/unit/stack_world.h"

enum {
    POSIX_FILE_COUNT = 16, /* of each layer */
};

#define POSIX_WAIT_MAX (1000 * FA_NS_S)

extern struct fa_posix posix_a;
extern struct fa_posix posix_b;
extern long long posix_event_count; /* of both */

void posix_world_open(void);
void posix_world_close(void); /* and sees that every buffer is back */

/* An IPv4 address with port. */
struct fa_posix_sockaddr posix_name(uint32_t ip, uint16_t port);

/* A stream of layer b that listens on `port` at any address; -1 with a failed check. */
int posix_server(uint16_t port, int backlog);

/* A connected pair of streams, ends of a and b, over b's port. The listening one is closed. */
void posix_pair(uint16_t port, int *ret_a, int *ret_b);

/* Read an int option; a failed check if there is none. */
int posix_option(struct fa_posix *posix, int fd, int level, int name);
int posix_option_set(struct fa_posix *posix, int fd, int level, int name, int value);

void posix_nonblock(struct fa_posix *posix, int fd);

/* What poll() says of one descriptor now. */
int posix_ready(struct fa_posix *posix, int fd);

#endif
