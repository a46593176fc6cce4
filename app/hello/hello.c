// SPDX-License-Identifier: ISC
//
// hello: one C function behind HTTP. fata.lua names it as the route "/", and what it is handed, the
// struct hello_devices, is declared in the header that `fata configure` writes.

#include "hello.fata.h"

void hello_greet(struct fa_http_exchange *x, void *ctx)
{
    const struct hello_devices *devices = ctx;
    char line[256];
    size_t len = fa_fmt(line, sizeof line, "%s\n", devices->greeting);
    struct fa_slice text = {(const uint8_t *)line, fa_min(len, sizeof line - 1)};
    fa_http_header(x, "Content-Type", "text/plain; charset=utf-8");
    (void)fa_http_send(x, text); // a client that went away is no matter
}
