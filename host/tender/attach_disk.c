// SPDX-License-Identifier: ISC
//
// A file or block device as a disk.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach.h"

enum {
    BURST_BYTES_MAX = 64 * 1024, /* of one call */
};

/* A private copy in memory: what the image writes is gone with it. Returns: -1, with errno. */
static int copy_file(int fd, off_t len)
{
    int copy = memfd_create("disk", MFD_CLOEXEC);
    if (copy < 0) {
        return -1;
    }
    if (ftruncate(copy, len) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
        close(copy);
        return -1;
    }
    for (off_t done = 0; done < len;) {
        ssize_t sent = sendfile(copy, fd, NULL, (size_t)(len - done));
        if (sent <= 0) {
            errno = sent == 0 ? EIO : errno;
            close(copy);
            return -1;
        }
        done += sent;
    }
    return copy;
}

/* Returns: the capacity; -1 and `why` if it is no disk. */
static off_t measure(int fd, uint32_t block, struct sentence *why)
{
    struct stat stat;
    const off_t capacity = lseek(fd, 0, SEEK_END);
    if (fstat(fd, &stat) != 0 || !(S_ISREG(stat.st_mode) || S_ISBLK(stat.st_mode)) ||
        capacity < 0) {
        sentence_say(why, "it is neither a file nor a block device");
        return -1;
    }
    if (capacity < (off_t)block || capacity % (off_t)block != 0) {
        sentence_say(why, "its %lld bytes are not whole sectors of %u; make it longer by truncate",
            (long long)capacity, block);
        return -1;
    }
    return capacity;
}

static bool open_disk(const struct options_device *device, uint32_t block, struct attached *ret,
    off_t *ret_capacity, struct sentence *why)
{
    int fd = open(device->place, (device->access == OPTIONS_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0) {
        return sentence_say(why, "%s%s", strerror(errno),
            errno == EACCES || errno == EROFS ? "; --block-access can be read or copy" : "");
    }
    ret->fd = fd;
    *ret_capacity = measure(fd, block, why);
    if (*ret_capacity >= 0 && device->access == OPTIONS_COPY) {
        ret->fd = copy_file(fd, *ret_capacity);
        close(fd);
        return ret->fd >= 0 || sentence_say(why, "its copy in memory: %s", strerror(errno));
    }
    return *ret_capacity >= 0;
}

bool attach_disk(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attached *ret, struct sentence *why)
{
    (void)options;
    const uint32_t block =
        device->sector_bytes != 0 ? device->sector_bytes : OPTIONS_SECTOR_BYTES_DEFAULT;
    struct sentence reason;
    off_t capacity = 0;
    if (!open_disk(device, block, ret, &capacity, &reason)) {
        return sentence_say(why, "--block:%s=%s: %s", entry->name, device->place, reason.text);
    }
    entry->block.capacity = (uint64_t)capacity;
    entry->block.block_size = (uint16_t)block;
    ret->caps.flags = FA_CAPS_BLOCK_FLUSH | FA_CAPS_BLOCK_MULTI;
    ret->caps.flags |=
        device->access == OPTIONS_READ ? FA_CAPS_BLOCK_READ_ONLY : FA_CAPS_BLOCK_DISCARD;
    ret->caps.bytes_max = BURST_BYTES_MAX;
    return true;
}
