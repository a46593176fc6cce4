// SPDX-License-Identifier: ISC
//
// poll and epoll, of sockets of ours alone.

#include <errno.h>
#include <stdlib.h>

#include "host/packetdrill/world.h"

_Static_assert(POLLIN == (int)FA_POSIX_POLLIN && POLLOUT == (int)FA_POSIX_POLLOUT, "Linux's");
_Static_assert(POLLERR == (int)FA_POSIX_POLLERR && POLLHUP == (int)FA_POSIX_POLLHUP, "Linux's");
_Static_assert(EPOLLRDHUP == (int)FA_POSIX_POLLRDHUP, "Linux's");
_Static_assert(EPOLLET == (unsigned)FA_POSIX_EPOLLET, "Linux's");

enum {
    POLL_COUNT_MAX = 1024,
};

static int call_poll(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct world *world = world_enter(userdata);
    struct fa_posix_pollfd own[POLL_COUNT_MAX];
    if (count > POLL_COUNT_MAX) {
        return (int)world_leave(world, -EINVAL);
    }
    for (nfds_t i = 0; i < count; i++) {
        int posix_fd = fds[i].fd < 0 ? -1 : handle_find(world, fds[i].fd);
        bool foreign = fds[i].fd >= 0 && posix_fd < 0;
        own[i] = (struct fa_posix_pollfd){foreign ? INT32_MAX : posix_fd, fds[i].events, 0};
    }
    int outcome = fa_posix_poll(&world->posix, own, count, timeout_ms);
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = own[i].revents;
    }
    return (int)world_leave(world, outcome);
}

static int call_epoll_create(void *userdata, int size)
{
    struct world *world = world_enter(userdata);
    int fd = size > 0 ? fa_posix_epoll_create(&world->posix) : -EINVAL;
    return (int)world_leave(world, handle_new(world, fd));
}

static int call_epoll_ctl(void *userdata, int epfd, int op, int fd, struct epoll_event *event)
{
    struct world *world = world_enter(userdata);
    struct fa_posix_epoll_event own = {0};
    if (event != NULL) {
        own = (struct fa_posix_epoll_event){event->events, event->data.u64};
    }
    int outcome = fa_posix_epoll_ctl(
        &world->posix, handle_find(world, epfd), op, handle_find(world, fd), &own);
    return (int)world_leave(world, outcome);
}

static int call_epoll_wait(
    void *userdata, int epfd, struct epoll_event *events, int count_max, int timeout_ms)
{
    struct world *world = world_enter(userdata);
    struct fa_posix_epoll_event own[FILE_COUNT];
    size_t room = count_max > 0 ? fa_min((size_t)count_max, FILE_COUNT) : 0;
    int outcome =
        fa_posix_epoll_wait(&world->posix, handle_find(world, epfd), own, room, timeout_ms);
    for (int i = 0; i < outcome; i++) {
        events[i].events = own[i].events;
        events[i].data.u64 = own[i].data;
    }
    return (int)world_leave(world, outcome);
}

void ready_calls(struct packetdrill_interface *ifc)
{
    ifc->poll = call_poll;
    ifc->epoll_create = call_epoll_create;
    ifc->epoll_ctl = call_epoll_ctl;
    ifc->epoll_wait = call_epoll_wait;
}
