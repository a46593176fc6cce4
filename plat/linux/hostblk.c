// SPDX-License-Identifier: ISC
//
// The disk that a text names: a file or block device.

#include "fa/hostblk.h"
#include "fa/fileblk.h"

#include "linux.h"

fa_err fa_hostblk_open(
    const struct fa_hostblk_config *config, struct fa_blkdev **ret_dev, const char **reterr_reason)
{
    FA_ASSERT(config->name != NULL);
    if (config->where == NULL || config->where[0] == '\0') {
        *reterr_reason = "write the path of a file or block device";
        return FA_EINVAL;
    }
    struct fa_fileblk *disk = fa__linux_memory(sizeof *disk);
    if (disk == NULL) {
        *reterr_reason = FA__LINUX_NO_MEMORY;
        return FA_ENOSPC;
    }
    const struct fa_fileblk_config file = {
        .path = config->where, .name = config->name, .read_only = config->read_only};
    FA_TRY(fa_fileblk_open(disk, &file, reterr_reason));
    *ret_dev = &disk->dev;
    return FA_OK;
}
