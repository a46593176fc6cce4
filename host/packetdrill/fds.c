// SPDX-License-Identifier: ISC
//
// Descriptors that libc knows too: each of ours is an empty file in memory of its own, which nobody
// reads, so that libc's close() of it is harmless and its inode tells it from whatever came after.

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/packetdrill/world.h"

enum {
    SPLICE_LEN = 65536, // bytes that splice() moves at once
};

/* ---- the table ---- */

static bool is_still_there(const struct handle *handle)
{
    struct stat now;
    return fstat(handle->fd, &now) == 0 && now.st_dev == handle->dev && now.st_ino == handle->ino;
}

static struct handle *find_fd(struct world *world, int fd)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (world->handles[i].posix_fd >= 0 && world->handles[i].fd == fd) {
            return &world->handles[i];
        }
    }
    return NULL;
}

int handle_find(struct world *world, int fd)
{
    const struct handle *handle = find_fd(world, fd);
    return handle != NULL ? handle->posix_fd : -1;
}

int handle_find_back(const struct world *world, int posix_fd)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (world->handles[i].posix_fd == posix_fd) {
            return world->handles[i].fd;
        }
    }
    return -1;
}

/* The socket of a descriptor that libc has closed meanwhile is closed too. */
static void forget(struct world *world, struct handle *handle)
{
    (void)fa_posix_close(&world->posix, handle->posix_fd); // open as long as it is in the table
    handle->posix_fd = -1;
}

int handle_new(struct world *world, int posix_fd)
{
    struct stat status;
    if (posix_fd < 0) {
        return posix_fd;
    }
    int fd = memfd_create("fata socket", MFD_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        (void)fa_posix_close(&world->posix, posix_fd); // it was opened just now
        return -EMFILE;
    }
    struct handle *stale = find_fd(world, fd);
    if (stale != NULL) {
        forget(world, stale);
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (world->handles[i].posix_fd < 0) {
            world->handles[i] = (struct handle){fd, posix_fd, status.st_dev, status.st_ino};
            return fd;
        }
    }
    FA_ASSERT(false); // there are as many handles as files
    return -EMFILE;
}

void handle_init(struct world *world)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        world->handles[i].posix_fd = -1;
    }
}

void handle_done(struct world *world)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct handle *handle = &world->handles[i];
        if (handle->posix_fd >= 0 && is_still_there(handle)) {
            close(handle->fd);
        }
    }
}

/* ---- the calls ---- */

static int call_close(void *userdata, int fd)
{
    struct world *world = world_enter(userdata);
    struct handle *handle = find_fd(world, fd);
    if (handle != NULL) {
        int outcome = fa_posix_close(&world->posix, handle->posix_fd);
        handle->posix_fd = -1;
        close(fd);
        return (int)world_leave(world, outcome);
    }
    world_leave(world, 0);
    return close(fd);
}

static int call_fcntl(void *userdata, int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    int value = va_arg(args, int); // of no meaning without one
    va_end(args);
    struct world *world = world_enter(userdata);
    int posix_fd = handle_find(world, fd);
    if (posix_fd < 0 || command == F_GETFD || command == F_SETFD) {
        world_leave(world, 0);
        return fcntl(fd, command, value);
    }
    return (int)world_leave(world, fa_posix_fcntl(&world->posix, posix_fd, command, value));
}

static int call_ioctl(void *userdata, int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    int *value = va_arg(args, int *);
    va_end(args);
    struct world *world = world_enter(userdata);
    int posix_fd = handle_find(world, fd);
    if (posix_fd < 0) {
        world_leave(world, 0);
        return ioctl(fd, request, value);
    }
    return (int)world_leave(world, fa_posix_ioctl(&world->posix, posix_fd, request, value));
}

static int call_pipe(void *userdata, int fds[2])
{
    (void)userdata; // a pipe is none of the stack's business
    return pipe2(fds, O_CLOEXEC);
}

/* ---- splice: between a socket and a pipe of the host ---- */

/* Bytes that the pipe takes without blocking. */
static size_t pipe_room(int fd)
{
    int used = 0;
    int size = fcntl(fd, F_GETPIPE_SZ);
    return size > 0 && ioctl(fd, FIONREAD, &used) == 0 && used < size ? (size_t)(size - used) : 0;
}

static ptrdiff_t splice_out(struct world *world, int posix_fd, int pipe, size_t len, int flags)
{
    static uint8_t bytes[SPLICE_LEN]; // under the world's lock
    len = fa_min(len, fa_min(sizeof bytes, pipe_room(pipe)));
    if (len == 0) {
        return -EAGAIN;
    }
    ptrdiff_t got = fa_posix_recv(&world->posix, posix_fd, bytes, len, flags);
    if (got <= 0) {
        return got;
    }
    return write(pipe, bytes, (size_t)got) == got ? got : -EIO;
}

static ptrdiff_t splice_in(struct world *world, int pipe, int posix_fd, size_t len)
{
    static uint8_t bytes[SPLICE_LEN]; // under the world's lock
    int there = 0;
    if (ioctl(pipe, FIONREAD, &there) != 0) {
        return -EINVAL;
    }
    len = fa_min(len, fa_min(sizeof bytes, (size_t)there));
    if (len == 0) {
        return -EAGAIN;
    }
    // What was read from a pipe cannot be put back, so it is sent to its end whatever the socket's
    // mode is.
    int mode = fa_posix_fcntl(&world->posix, posix_fd, FA_POSIX_F_GETFL, 0);
    ptrdiff_t got = read(pipe, bytes, len);
    (void)fa_posix_fcntl(&world->posix, posix_fd, FA_POSIX_F_SETFL, 0);
    ptrdiff_t put = got > 0 ? fa_posix_send(&world->posix, posix_fd, bytes, (size_t)got, 0) : -EIO;
    (void)fa_posix_fcntl(&world->posix, posix_fd, FA_POSIX_F_SETFL, mode);
    return put;
}

// NOLINTNEXTLINE(readability-function-size): as many parameters as its namesake of libc
static ssize_t call_splice(
    void *userdata, int in, loff_t *in_off, int out, loff_t *out_off, size_t len, unsigned flags)
{
    struct world *world = world_enter(userdata);
    int posix_in = handle_find(world, in);
    int posix_out = handle_find(world, out);
    int dont_wait = (flags & SPLICE_F_NONBLOCK) != 0 ? FA_POSIX_MSG_DONTWAIT : 0;
    ptrdiff_t outcome = -EINVAL;
    if ((posix_in >= 0 && in_off != NULL) || (posix_out >= 0 && out_off != NULL)) {
        outcome = -ESPIPE;
    } else if (posix_in >= 0 && posix_out < 0) {
        outcome = splice_out(world, posix_in, out, len, dont_wait);
    } else if (posix_out >= 0 && posix_in < 0) {
        outcome = splice_in(world, in, posix_out, len);
    } else if (posix_in < 0) {
        world_leave(world, 0);
        return splice(in, in_off, out, out_off, len, flags);
    }
    return world_leave(world, outcome);
}

void handle_calls(struct packetdrill_interface *ifc)
{
    ifc->close = call_close;
    ifc->fcntl = call_fcntl;
    ifc->ioctl = call_ioctl;
    ifc->pipe = call_pipe;
    ifc->splice = call_splice;
}
