// SPDX-License-Identifier: ISC
//
// run.h: an image being run: what the parts of `fata run` share.

#ifndef FATA_RUN_H
#define FATA_RUN_H

#include <pthread.h>
#include <sys/types.h>

#include "command.h"

enum {
    RUN_NET_FD = 3, /* the wire's end in the image */
};

/* A port of this machine that leads to one of the image. */
struct forward {
    const char *address; /* of this machine, "127.0.0.1" */
    uint16_t host_port;
    uint16_t guest_port;
    bool udp;
};

struct run {
    struct project *project;
    struct arguments *arguments;
    const char *image;   /* the program to start */
    const char *tender;  /* which is this one if the image is not a program; NULL: it is */
    const char *net_key; /* boot key of its network card, such as "net"; NULL: none to be set */
    struct forward forwards[FORWARD_COUNT_MAX];
    size_t forward_count;
    bool user_net;         /* the network of user mode */
    const char *words[64]; /* arguments of the image, NULL at the end */
    size_t word_count;
    pid_t child;
    int console; /* what the image prints comes out here */
    pthread_t relay;
    bool told; /* where it can be reached */
};

/* Read "[ADDRESS:]HOST:GUEST[/udp]". Returns: false if it is not that. */
bool forward_parse(struct arena *arena, const char *text, struct forward *ret_forward);

/* Add an argument for the image. Returns: false if there are too many. */
bool run_add_word(struct run *run, const char *word);

/* Start the image, with `net_fd` (-1: none) as its descriptor RUN_NET_FD. */
bool run_start(struct run *run, int net_fd);

/* Wait for its end. Returns: its status, or 128 and the signal's number. */
int run_finish(struct run *run);

/* The whole of it with the network of user mode. Returns: a status. */
int run_user(struct run *run);

#endif
