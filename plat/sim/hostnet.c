// SPDX-License-Identifier: ISC
//
// In the simulator the outside is silent: a switch with nobody else on it.

#include "fa/hostnet.h"

fa_err fa_hostnet_open(struct fa_hostnet *net, const char *where, struct fa_pool *pool,
    bool offload, const char **reterr_reason)
{
    (void)offload;
    (void)where;
    (void)reterr_reason;
    fa_vnet_init(&net->vnet,
        &(struct fa_vnet_config){.macs = net->macs, .mac_count = FA_COUNT_OF(net->macs)});
    fa_vnet_port_open(
        &net->vnet, &net->port, &(struct fa_vnet_port_config){.name = "net", .pool = pool});
    net->dev = &net->port.dev;
    return FA_OK;
}
