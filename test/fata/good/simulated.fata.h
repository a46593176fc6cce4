// Made by `fata configure` from simulated.lua: change that file, not this one.
//
// simulated.fata.h: what the C code of simulated is given, and what it must define.

#ifndef FATA_simulated_H
#define FATA_simulated_H

#include "fa/boot.h"
#include "fa/loop.h"
#include "fa/stack.h"
#include "fa/netdev.h"

struct simulated_devices {
    struct fa_loop *loop;
    struct fa_stack *a;
    struct fa_stack *b;
    struct fa_netdev *card;
    struct fa_stack *outside;
};

/* Runs on a fiber. Returns: the status to end the image with. */
int simulated_main(struct simulated_devices *devices);

#endif
