// SPDX-License-Identifier: ISC
//
// A file or block device as a disk.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach.h"

bool attach_disk(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attached *ret, struct sentence *why)
{
    (void)options;
    const uint32_t block =
        device->sector_bytes != 0 ? device->sector_bytes : OPTIONS_SECTOR_BYTES_DEFAULT;
    int fd = open(device->place, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return sentence_say(why, "--block:%s=%s: %s", entry->name, device->place, strerror(errno));
    }
    struct stat stat;
    const off_t capacity = lseek(fd, 0, SEEK_END);
    if (fstat(fd, &stat) != 0 || !(S_ISREG(stat.st_mode) || S_ISBLK(stat.st_mode)) ||
        capacity < 0) {
        close(fd);
        return sentence_say(why, "--block:%s=%s: it is neither a file nor a block device",
            entry->name, device->place);
    }
    if (capacity < (off_t)block || capacity % (off_t)block != 0) {
        close(fd);
        return sentence_say(why,
            "--block:%s=%s: its %lld bytes are not whole sectors of %u; make "
            "it longer by truncate",
            entry->name, device->place, (long long)capacity, block);
    }
    entry->block.capacity = (uint64_t)capacity;
    entry->block.block_size = (uint16_t)block;
    ret->fd = fd;
    return true;
}
