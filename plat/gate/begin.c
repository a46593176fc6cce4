// SPDX-License-Identifier: ISC
//
// begin.c: the first C of the application at CPL 3, and its ways out.

#include "fa/plat.h"
#include "plat/gate/gate.h"
#include "plat/guest/guest.h"

struct fa__gate_boot fa__gate_boot;

void fa__gate_main(void)
{
    const struct fa__guest_boot boot = {
        .memory_end = fa__gate_boot.memory_end,
        .command_line = fa__gate_boot.cmdline,
        .manifest = fa__gate_boot.manifest,
    };
    fa__guest_start(&boot);
}

void fa__guest_halt(int status)
{
    (void)fa__gate_call(FA__GATE_EXIT, (uintptr_t)status, 0, 0);
    __builtin_unreachable();
}

size_t fa__guest_console(const uint8_t *at, size_t len)
{
    (void)fa__gate_call(FA__GATE_CONSOLE, (uintptr_t)at, len, 0);
    return len;
}
