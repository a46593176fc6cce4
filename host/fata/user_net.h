// SPDX-License-Identifier: ISC
//
// user_net.h: a network for an image without any privilege: libslirp in this process.
//
// The image has a stream wire (fa/stream.h) whose other end is here. Behind it is the network that
// QEMU's user mode has: 10.0.2.0/24, the host and gateway at .2, a name server at .3, and DHCP,
// which gives the image .15. What the image sends out leaves by sockets of this process; ports of
// this machine lead in by forwards. Listens on the loopback address unless a forward says
// otherwise. No IPv6. Tested by test/unit/user_net_test.c.
//
//     struct user_net *net = user_net_open(&config, &image_fd, error, sizeof error);
//     ... start the image with image_fd, close image_fd here ...
//     user_net_run(net);
//     user_net_close(net);

#ifndef FATA_USER_NET_H
#define FATA_USER_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A port of this machine that leads to one of the image. */
struct user_net_forward {
    const char *address; /* dotted IPv4; NULL: 127.0.0.1 */
    uint16_t host_port;
    uint16_t guest_port;
    bool udp;
};

struct user_net_config {
    const struct user_net_forward *forwards; /* read by user_net_open() only */
    size_t forward_count;
};

struct user_net;

/*
 * Make the network and open its forwards.
 *
 * Owns:    the caller closes the network by user_net_close(), and *ret_fd, the image's end of the
 *          wire, once the image has it.
 * Returns: NULL on failure, and then `reterr` says which forward it was, why, and what to do.
 */
struct user_net *user_net_open(
    const struct user_net_config *config, int *ret_fd, char *reterr, size_t reterr_cap);

/* Carry packets until the image's end of the wire is closed everywhere, which is when it ends.
 * Returns: false if the image sent what is no frame, and was cut off for it. */
bool user_net_run(struct user_net *net);

/* NULL is allowed. */
void user_net_close(struct user_net *net);

#endif
