// SPDX-License-Identifier: ISC
//
// hostblk.c: the disk that a tender attached under a name.

#include "fa/hostblk.h"
#include "plat/guest/guest.h"

fa_err fa_hostblk_open(
    const struct fa_hostblk_config *config, struct fa_blkdev **ret_dev, const char **reterr_reason)
{
    FA_TRY(fa__guest_block_open(fa_slice_of(config->name), ret_dev, reterr_reason));
    (*ret_dev)->info.read_only |= config->read_only; /* which fa_blkdev_check() then refuses */
    return FA_OK;
}
