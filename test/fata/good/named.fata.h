// Made by `fata configure` from named.lua: change that file, not this one.
//
// named.fata.h: what the C code of named is given, and what it must define.

#ifndef FATA_named_H
#define FATA_named_H

#include "fa/boot.h"
#include "fa/loop.h"
#include "fa/blkdev.h"
#include "fa/resolver.h"
#include "fa/timesync.h"

struct named_devices {
    struct fa_loop *loop;
    struct fa_blkdev *disk;
    struct fa_resolver *names;
    struct fa_timesync *time;
};

/* Runs on a fiber. Returns: the status to end the image with. */
int named_main(struct named_devices *devices);

#endif
