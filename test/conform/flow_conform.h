// SPDX-License-Identifier: ISC
//
// test/conform/flow_conform.h: what fa/flow.h promises, checked on any implementation.
//
//     T(pipe_conforms)
//     {
//         conform_flow(&(struct conform_flow_target){.open = open_pipe, .pump = pump_nothing,
//         ...});
//     }

#ifndef CONFORM_FLOW_H
#define CONFORM_FLOW_H

#include "fa/flow.h"

struct conform_flow_target {
    /* Make a connected pair. Returns: false, with a failed check or a skip, if it cannot. */
    bool (*open)(void *ctx, struct fa_flow *ret_flows[2]);
    /* Move what can move at fa_clock_mono_ns(). The suite lets time pass between calls. */
    void (*pump)(void *ctx);
    /* Both flows were given back: tear down and check that nothing leaked. */
    void (*close)(void *ctx);
    void *ctx;
};

void conform_flow(const struct conform_flow_target *target);

#endif
