// Made by `fata configure` from router.lua: change that file, not this one.
//
// two-nets.fata.h: what the C code of two-nets is given, and what it must define.

#ifndef FATA_two_nets_H
#define FATA_two_nets_H

#include "fa/boot.h"
#include "fa/loop.h"
#include "fa/flow.h"
#include "fa/blkdev.h"
#include "fa/kv.h"
#include "fa/stack.h"
#include "fa/http_server.h"

struct two_nets_devices {
    struct fa_loop *loop;
    struct fa_listener *control;
    struct fa_blkdev *disk;
    struct fa_kv *files;
    struct fa_kv *notes;
    struct fa_stack *outer;
    fa_ns pause; /* between two rounds */
    struct fa_ip peer;
    bool quiet;
    uint64_t rounds; /* how many */
    struct fa_blkdev *scratch;
};

/* Runs on a fiber. Returns: the status to end the image with; 0: go on serving. */
int two_nets_main(struct two_nets_devices *devices);

/* Answers /; `ctx` is the struct two_nets_devices. */
void two_nets_page(struct fa_http_exchange *x, void *ctx);

#endif
