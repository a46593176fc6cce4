// SPDX-License-Identifier: ISC
//
// In the simulator the outside is silent: a switch with nobody else on it.

#include "fa/hostnet.h"
#include "fa/vnet.h"

#include "plat/linux/linux.h"

enum {
    MAC_COUNT = 4,
};

struct host_port {
    struct fa_vnet_port port;
    struct fa_vnet vnet;
    struct fa_vnet_mac macs[MAC_COUNT];
};

fa_err fa_hostnet_open(
    const struct fa_hostnet_config *config, struct fa_netdev **ret_dev, const char **reterr_reason)
{
    FA_ASSERT(config->name != NULL && config->pool != NULL);
    struct host_port *host = fa__linux_memory(sizeof *host);
    if (host == NULL) {
        *reterr_reason = FA__LINUX_NO_MEMORY;
        return FA_ENOSPC;
    }
    fa_vnet_init(&host->vnet,
        &(struct fa_vnet_config){.macs = host->macs, .mac_count = FA_COUNT_OF(host->macs)});
    fa_vnet_port_open(&host->vnet, &host->port,
        &(struct fa_vnet_port_config){.name = config->name, .pool = config->pool});
    *ret_dev = &host->port.dev;
    return FA_OK;
}
