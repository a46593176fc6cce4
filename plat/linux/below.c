// SPDX-License-Identifier: ISC
//
// Paths that stay below a directory.

#include "plat/linux/below.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in the kernel's openat2.h, which not every libc comes with. */
struct open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

enum {
    RESOLVE_NO_LINKS = 0x04,
    RESOLVE_BELOW = 0x08,
    MADE_MODE = 0777, /* as cut down by the umask */
};

static int open_segment(int fd, const char *segment, int flags, bool make)
{
    const int all = flags | O_NOFOLLOW | O_CLOEXEC;
    const int opened = openat(fd, segment, all);
    if (opened >= 0 || errno != ENOENT || !make) {
        return opened;
    }
    if (mkdirat(fd, segment, MADE_MODE) != 0 && errno != EEXIST) {
        return -1;
    }
    return openat(fd, segment, all);
}

int fa__below_walk(int root_fd, const char *path, int flags, bool make)
{
    int fd = root_fd;
    for (;;) {
        size_t len = 0;
        while (path[len] != '\0' && path[len] != '/') {
            len++;
        }
        FA_ASSERT(len > 0 && len <= FA__BELOW_PATH_MAX);
        char segment[FA__BELOW_PATH_MAX + 1];
        fa_copy(segment, path, len);
        segment[len] = '\0';
        const bool last = path[len] == '\0';
        const int next = open_segment(fd, segment, last ? flags : O_PATH | O_DIRECTORY, make);
        if (fd != root_fd) {
            const int kept = errno;
            (void)close(fd);
            errno = kept;
        }
        if (next < 0 || last) {
            return next;
        }
        fd = next;
        path += len + 1;
    }
}

int fa__below_open(int root_fd, const char *path, int flags, bool *no_openat2)
{
    if (!*no_openat2) {
        struct open_how how = {
            .flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
            .resolve = RESOLVE_BELOW | RESOLVE_NO_LINKS,
        };
        const int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return fd;
        }
        *no_openat2 = true; /* before Linux 5.6, or under a filter that does not know it */
    }
    return fa__below_walk(root_fd, path, flags, false);
}
