// Made by `fata configure` from http.lua: change that file, not this one.
//
// http.fata.h: what the C code of http is given, and what it must define.

#ifndef FATA_http_H
#define FATA_http_H

#include "fa/boot.h"
#include "fa/loop.h"

struct http_devices {
    struct fa_loop *loop;
};

#endif
