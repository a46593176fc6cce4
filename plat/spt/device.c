// SPDX-License-Identifier: ISC
//
// device.c: frames and blocks by the descriptors that the tender names in the manifest.

#include <errno.h>
#include <fcntl.h>

#include "plat/spt/spt.h"

static long descriptor(uint32_t handle)
{
    return ((const struct fa_solo5_manifest *)fa__spt_info->manifest)->entry[handle].fd;
}

/* read() or write(), again where a signal to the tender's process came between. */
static long move(long number, uint32_t handle, const void *at, size_t len)
{
    long moved;
    do {
        moved = fa__spt_call(number, descriptor(handle), (long)at, (long)len, 0, 0, 0);
    } while (moved == -EINTR);
    return moved;
}

fa_err fa__guest_net_read(uint32_t handle, void *at, size_t cap, size_t *ret_len)
{
    const long len = move(SYS_read, handle, at, cap);
    if (len < 0) {
        return len == -EAGAIN ? FA_AGAIN : FA_EIO;
    }
    *ret_len = (size_t)len;
    return FA_OK;
}

fa_err fa__guest_net_write(uint32_t handle, const void *at, size_t len)
{
    const long written = move(SYS_write, handle, at, len);
    return written >= 0 ? FA_OK : written == -EAGAIN ? FA_AGAIN : FA_EIO;
}

/* The filter wants the whole of it in one call; less is an error of the host's. */
static fa_err move_at(long number, uint32_t handle, uint64_t off, const void *at, size_t len)
{
    long moved;
    do {
        moved = fa__spt_call(number, descriptor(handle), (long)at, (long)len, (long)off, 0, 0);
    } while (moved == -EINTR);
    return moved == (long)len ? FA_OK : FA_EIO;
}

fa_err fa__guest_block_read(uint32_t handle, uint64_t off, void *at, size_t len)
{
    return move_at(SYS_pread64, handle, off, at, len);
}

fa_err fa__guest_block_write(uint32_t handle, uint64_t off, const void *at, size_t len)
{
    return move_at(SYS_pwrite64, handle, off, at, len);
}

fa_err fa__guest_block_flush(uint32_t handle)
{
    return fa__spt_call(SYS_fdatasync, descriptor(handle), 0, 0, 0, 0, 0) == 0 ? FA_OK : FA_EIO;
}

fa_err fa__guest_block_discard(uint32_t handle, uint64_t off, size_t len)
{
    const long status = fa__spt_call(SYS_fallocate, descriptor(handle),
        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (long)off, (long)len, 0, 0);
    /* A file system that cannot is one where the blocks read as before. */
    return status == 0 || status == -EOPNOTSUPP ? FA_OK : FA_EIO;
}
