// Made by `fata configure` from program.lua: change that file, not this one.
//
// program.fata.h: what the C code of program is given, and what it must define.

#ifndef FATA_program_H
#define FATA_program_H

#include "fa/boot.h"
#include "fa/loop.h"
#include "fa/http_server.h"

struct program_devices {
    struct fa_loop *loop;
    const char *greeting; /* what to say */
};

/* Answers /users/me; `ctx` is the struct program_devices. */
void program_greet(struct fa_http_exchange *x, void *ctx);

/* Answers /form; `ctx` is the struct program_devices. */
void program_form(struct fa_http_exchange *x, void *ctx);

#endif
