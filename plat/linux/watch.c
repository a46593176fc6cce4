// SPDX-License-Identifier: ISC
//
// Descriptors on one epoll instance, which exists from the first watch on.

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plat/linux/linux.h"

enum {
    EVENT_COUNT_MAX = 64, /* taken from the kernel at once; the rest comes with the next sleep */
};

static int epoll_fd = -1;
static bool has_pwait2 = true;

void fa__linux_watch(struct fa__linux_fd *watch, int fd, bool want_write)
{
    FA_ASSERT(fd >= 0);
    FA_ASSERT(!watch->watched || watch->fd == fd);
    if (epoll_fd < 0) {
        epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        FA_ASSERT(epoll_fd >= 0);
    }
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLRDHUP | EPOLLET | (want_write ? (uint32_t)EPOLLOUT : 0),
        .data.ptr = watch,
    };
    int op = watch->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(epoll_fd, op, fd, &event) != 0) {
        /* EPERM: a file without a poll operation. Its calls never say EAGAIN. */
        FA_ASSERT(errno == EPERM);
    }
    if (!watch->watched) {
        *watch =
            (struct fa__linux_fd){.fd = fd, .watched = true, .readable = true, .writable = true};
    }
}

void fa__linux_unwatch(struct fa__linux_fd *watch)
{
    if (watch->watched) {
        /* By hand, not by close(): a copy of the descriptor in a child would keep the entry. */
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    }
    *watch = (struct fa__linux_fd){.fd = -1};
}

/* Straight to the kernel, in all three: libc would hand it a copy of the timeout or an older call,
 * and fa__linux_poll() promises which memory is read. */
static int sleep_alone(volatile struct timespec *timeout)
{
    return (int)syscall(SYS_ppoll, NULL, 0, timeout, NULL, (size_t)0);
}

static int sleep_on_epoll(struct epoll_event *events, volatile struct timespec *timeout)
{
    if (has_pwait2) {
        long count = syscall(
            SYS_epoll_pwait2, epoll_fd, events, (int)EVENT_COUNT_MAX, timeout, NULL, (size_t)0);
        if (count >= 0 || errno != ENOSYS) {
            return (int)count;
        }
        has_pwait2 = false; /* before Linux 5.11 */
    }
    struct pollfd pollfd = {.fd = epoll_fd, .events = POLLIN};
    if (syscall(SYS_ppoll, &pollfd, 1, timeout, NULL, (size_t)0) < 0) {
        return -1;
    }
    return epoll_wait(epoll_fd, events, EVENT_COUNT_MAX, 0);
}

bool fa__linux_poll(volatile struct timespec *timeout)
{
    if (epoll_fd < 0) {
        if (timeout->tv_sec != 0 || timeout->tv_nsec != 0) {
            (void)sleep_alone(timeout); /* whatever ended it, the caller looks around */
        }
        return false;
    }
    struct epoll_event events[EVENT_COUNT_MAX];
    int count = sleep_on_epoll(events, timeout);
    FA_ASSERT(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; i++) {
        struct fa__linux_fd *watch = events[i].data.ptr;
        const uint32_t gone = EPOLLHUP | EPOLLERR;
        watch->readable |= (events[i].events & (EPOLLIN | EPOLLRDHUP | gone)) != 0;
        watch->writable |= (events[i].events & (EPOLLOUT | gone)) != 0;
    }
    return count > 0;
}
