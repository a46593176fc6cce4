// SPDX-License-Identifier: ISC
//
// hostnet.c: the card that a tender attached under a name.

#include "fa/hostnet.h"
#include "plat/guest/guest.h"

fa_err fa_hostnet_open(
    const struct fa_hostnet_config *config, struct fa_netdev **ret_dev, const char **reterr_reason)
{
    return fa__guest_net_open(fa_slice_of(config->name), config->pool, ret_dev, reterr_reason);
}
