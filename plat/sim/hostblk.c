// SPDX-License-Identifier: ISC
//
// In the simulator a disk is memory, empty when the world begins.

#include "fa/hostblk.h"
#include "fa/memblk.h"

#include "plat/linux/linux.h"

enum {
    BLOCK_BYTES = 512,
    BLOCK_COUNT = 32768, /* 16 MiB */
    REQ_COUNT_MAX = 32,  /* as fa/fileblk.h has it */
    REQ_BLOCKS_MAX = 2048,
};

struct host_disk {
    struct fa_memblk disk;
    _Alignas(64) uint8_t memory[(size_t)BLOCK_BYTES * BLOCK_COUNT];
};

fa_err fa_hostblk_open(
    const struct fa_hostblk_config *config, struct fa_blkdev **ret_dev, const char **reterr_reason)
{
    FA_ASSERT(config->name != NULL);
    struct host_disk *host = fa__linux_memory(sizeof *host);
    if (host == NULL) {
        *reterr_reason = FA__LINUX_NO_MEMORY;
        return FA_ENOSPC;
    }
    fa_memblk_init(&host->disk, &(struct fa_memblk_config){.name = config->name,
                                    .block_bytes = BLOCK_BYTES,
                                    .block_count = BLOCK_COUNT,
                                    .req_count_max = REQ_COUNT_MAX,
                                    .req_blocks_max = REQ_BLOCKS_MAX,
                                    .read_only = config->read_only,
                                    .memory = host->memory});
    *ret_dev = &host->disk.dev;
    return FA_OK;
}
