// Made by `fata configure` from sandboxed.lua: change that file, not this one.
//
// sandboxed.fata.h: what the C code of sandboxed is given, and what it must define.

#ifndef FATA_sandboxed_H
#define FATA_sandboxed_H

#include "fa/boot.h"
#include "fa/loop.h"
#include "fa/blkdev.h"
#include "fa/stack.h"

struct sandboxed_devices {
    struct fa_loop *loop;
    struct fa_blkdev *disk;
    struct fa_stack *net;
};

/* Runs on a fiber. Returns: the status to end the image with. */
int sandboxed_main(struct sandboxed_devices *devices);

#endif
