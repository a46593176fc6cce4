// SPDX-License-Identifier: ISC
//
// A disk in a host file, one system call a request.

#include "fa/fileblk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 512,
    REQ_COUNT_MAX = 32,
    REQ_BLOCKS_MAX = 2048,
};

static struct fa_fileblk *disk_of(struct fa_blkdev *dev)
{
    return FA_CONTAINER(dev, struct fa_fileblk, dev);
}

/* Read or write all of a request; the kernel may do it in pieces. */
static fa_err transfer(const struct fa_fileblk *disk, const struct fa_blk_req *req)
{
    const uint32_t block_bytes = disk->dev.info.block_bytes;
    size_t left = (size_t)req->count * block_bytes;
    off_t off = (off_t)(req->block * block_bytes);
    uint8_t *at = req->at;
    while (left > 0) {
        const ssize_t len = req->op == FA_BLK_READ ? pread(disk->fd, at, left, off)
                                                   : pwrite(disk->fd, at, left, off);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            return FA_EIO; /* 0: the file has become shorter */
        }
        at += len;
        off += len;
        left -= (size_t)len;
    }
    return FA_OK;
}

static fa_err discard(const struct fa_fileblk *disk, const struct fa_blk_req *req)
{
    const uint32_t block_bytes = disk->dev.info.block_bytes;
    const int status = fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
        (off_t)(req->block * block_bytes), (off_t)((uint64_t)req->count * block_bytes));
    /* A file system that cannot is one where the blocks read as before. */
    return status == 0 || errno == EOPNOTSUPP ? FA_OK : FA_EIO;
}

static fa_err carry_out(const struct fa_fileblk *disk, const struct fa_blk_req *req)
{
    switch (req->op) {
    case FA_BLK_READ:
    case FA_BLK_WRITE:
        return transfer(disk, req);
    case FA_BLK_FLUSH:
        return fdatasync(disk->fd) == 0 ? FA_OK : FA_EIO;
    case FA_BLK_DISCARD:
        return discard(disk, req);
    }
    return FA_EIO;
}

static fa_err submit(struct fa_blkdev *dev, fa_ns now, struct fa_blk_req *req)
{
    struct fa_fileblk *disk = disk_of(dev);
    FA_TRY(fa_blkdev_check(dev, req));
    if (disk->finished.count == dev->info.req_count_max) {
        return FA_AGAIN;
    }
    fa_blk_finish(&disk->finished, now, req, carry_out(disk, req));
    return FA_OK;
}

static struct fa_blk_req *complete(struct fa_blkdev *dev, fa_ns now)
{
    (void)now;
    struct fa_fileblk *disk = disk_of(dev);
    return fa_blk_collect(&disk->finished);
}

static fa_ns deadline(const struct fa_blkdev *dev)
{
    const struct fa_fileblk *disk = FA_CONTAINER(dev, const struct fa_fileblk, dev);
    return disk->finished.count > 0 ? 0 : FA_NS_NEVER;
}

static void close_disk(struct fa_blkdev *dev)
{
    struct fa_fileblk *disk = disk_of(dev);
    while (fa_blk_collect(&disk->finished) != NULL) {
    }
    (void)close(disk->fd); /* and with it the lock; what was flushed is safe, the rest was never */
    disk->fd = -1;
}

static const struct fa_blkdev_ops fileblk_ops = {submit, complete, deadline, close_disk};

static fa_err explain_open(const char **ret_reason)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        *ret_reason = "no such file; make one of the size wanted, as by: truncate -s 64M FILE";
        return FA_ENOENT;
    case EACCES:
    case EPERM:
        *ret_reason = "no permission to open it";
        return FA_EREFUSED;
    case EROFS:
        *ret_reason = "it lies on a read-only file system; open it read-only";
        return FA_EREFUSED;
    case EISDIR:
        *ret_reason = "it is a directory, not a file or block device";
        return FA_EINVAL;
    default:
        *ret_reason = "it cannot be opened";
        return FA_EIO;
    }
}

/* Lock and measure what is open. */
static fa_err measure(
    int fd, const struct fa_fileblk_config *config, uint64_t *ret_bytes, const char **ret_reason)
{
    struct stat stat;
    if (flock(fd, (config->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        *ret_reason = "another process uses it";
        return FA_EREFUSED;
    }
    if (fstat(fd, &stat) != 0 || !(S_ISREG(stat.st_mode) || S_ISBLK(stat.st_mode))) {
        *ret_reason = "it is neither a file nor a block device";
        return FA_EINVAL;
    }
    const off_t end = lseek(fd, 0, SEEK_END); /* st_size of a block device is 0 */
    if (end < 0) {
        *ret_reason = "its size cannot be found out";
        return FA_EIO;
    }
    *ret_bytes = (uint64_t)end;
    return FA_OK;
}

static fa_err open_disk(const struct fa_fileblk_config *config, uint32_t block_bytes, int *ret_fd,
    uint64_t *ret_bytes, const char **ret_reason)
{
    /* O_NONBLOCK: a FIFO must not hold us up; files and block devices do not mind. */
    const int mode = config->read_only ? O_RDONLY : O_RDWR;
    const int fd = open(config->path, mode | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return explain_open(ret_reason);
    }
    uint64_t bytes = 0;
    fa_err err = measure(fd, config, &bytes, ret_reason);
    if (err == FA_OK && (bytes == 0 || bytes % block_bytes != 0)) {
        *ret_reason = bytes == 0 ? "it is empty; give it a size, as by: truncate -s 64M FILE"
                                 : "its size is not a multiple of the block size";
        err = FA_EINVAL;
    }
    if (err != FA_OK) {
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    *ret_bytes = bytes;
    return FA_OK;
}

static uint32_t or_default(uint32_t value, uint32_t usual)
{
    return value != 0 ? value : usual;
}

fa_err fa_fileblk_open(
    struct fa_fileblk *disk, const struct fa_fileblk_config *config, const char **ret_reason)
{
    const uint32_t block_bytes = or_default(config->block_bytes, BLOCK_BYTES);
    FA_ASSERT(block_bytes >= 512 && (block_bytes & (block_bytes - 1)) == 0);
    int fd;
    uint64_t bytes;
    FA_TRY(open_disk(config, block_bytes, &fd, &bytes, ret_reason));
    *disk = (struct fa_fileblk){.dev.ops = &fileblk_ops, .fd = fd};
    disk->dev.info = (struct fa_blkdev_info){
        .block_bytes = block_bytes,
        .block_count = bytes / block_bytes,
        .req_count_max = or_default(config->req_count_max, REQ_COUNT_MAX),
        .req_blocks_max = or_default(config->req_blocks_max, REQ_BLOCKS_MAX),
        .read_only = config->read_only,
        .can_discard = !config->read_only,
    };
    const struct fa_slice name = fa_slice_of(config->name != NULL ? config->name : "fileblk");
    fa_copy(disk->dev.info.name, name.at, fa_min(name.len, sizeof disk->dev.info.name - 1));
    fa_list_init(&disk->finished.list);
    return FA_OK;
}
