// Made by `fata configure` from streamed.lua: change that file, not this one.
//
// chosen.fata.h: what the C code of chosen is given, and what it must define.

#ifndef FATA_chosen_H
#define FATA_chosen_H

#include "fa/boot.h"
#include "fa/loop.h"

struct chosen_devices {
    struct fa_loop *loop;
};

#endif
