// SPDX-License-Identifier: ISC
//
// poll and epoll.

#include "fa/posix.h"

#include "test/t.h"
#include "test/unit/posix_world.h"

static char text[4096];

/* ---- poll ---- */

T(poll_counts_who_is_ready_and_waits_if_nobody_is)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    struct fa_posix_pollfd fds[] = {
        {.fd = b, .events = FA_POSIX_POLLIN}, {.fd = -1, .revents = 9}, {.fd = 99}};
    CHECK_EQ(fa_posix_poll(&posix_b, fds, 2, 0), 0);
    CHECK_EQ(fds[1].revents, 0);
    fa_ns start = world.now;
    CHECK_EQ(fa_posix_poll(&posix_b, fds, 2, 25), 0);
    CHECK_EQ(world.now - start, 25 * FA_NS_MS);
    CHECK_EQ(fa_posix_send(&posix_a, a, "x", 1, 0), 1);
    CHECK_EQ(fa_posix_poll(&posix_b, fds, 2, -1), 1);
    CHECK_EQ(fds[0].revents, FA_POSIX_POLLIN);
    fds[0].events = FA_POSIX_POLLIN | FA_POSIX_POLLOUT;
    CHECK_EQ(fa_posix_poll(&posix_b, fds, 3, -1), 2);
    CHECK_EQ(fds[0].revents, FA_POSIX_POLLIN | FA_POSIX_POLLOUT);
    CHECK_EQ(fds[2].revents, FA_POSIX_POLLNVAL);
    fds[0].events = 0;
    CHECK_EQ(fa_posix_poll(&posix_b, fds, 1, 0), 0);
    posix_world_close();
}

T(a_wait_that_nothing_can_end_is_an_error)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    struct fa_posix_pollfd poll = {.fd = b, .events = FA_POSIX_POLLIN};
    CHECK_EQ(fa_posix_poll(&posix_b, &poll, 1, -1), -FA_POSIX_EDEADLK);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 1, 0), -FA_POSIX_EDEADLK);
    posix_world_close();
}

T(a_stream_that_is_no_connection_polls_as_in_linux)
{
    posix_world_open();
    int fd = fa_posix_socket(&posix_a, FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM, 0);
    CHECK_EQ(posix_ready(&posix_a, fd), FA_POSIX_POLLOUT | FA_POSIX_POLLHUP);
    int udp = fa_posix_socket(&posix_a, FA_POSIX_AF_INET, FA_POSIX_SOCK_DGRAM, 0);
    CHECK_EQ(posix_ready(&posix_a, udp), FA_POSIX_POLLOUT);
    posix_world_close();
}

/* ---- epoll ---- */

static int watch(int epoll, int op, int fd, uint32_t events)
{
    struct fa_posix_epoll_event event = {events, (uint64_t)fd + 1000};
    return fa_posix_epoll_ctl(&posix_b, epoll, op, fd, &event);
}

T(epoll_tells_its_members_as_long_as_they_are_ready)
{
    int a;
    int b;
    struct fa_posix_epoll_event events[4];
    posix_world_open();
    int epoll = fa_posix_epoll_create(&posix_b);
    posix_pair(80, &a, &b);
    int server = posix_server(81, 5);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_ADD, b, FA_POSIX_POLLIN), 0);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_ADD, server, FA_POSIX_POLLIN), 0);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 4, 0), 0);
    fa_ns start = world.now;
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 4, 7), 0);
    CHECK_EQ(world.now - start, 7 * FA_NS_MS);
    CHECK_EQ(fa_posix_send(&posix_a, a, "xy", 2, 0), 2);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 4, -1), 1);
        CHECK_EQ(events[0].events, FA_POSIX_POLLIN);
        CHECK_EQ(events[0].data, (uint64_t)b + 1000);
        CHECK_EQ(fa_posix_recv(&posix_b, b, text, 1, 0), 1);
    }
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 4, 0), 0);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_MOD, b, FA_POSIX_POLLOUT), 0);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 4, -1), 1);
    CHECK_EQ(events[0].events, FA_POSIX_POLLOUT);
    struct fa_posix_sockaddr name = posix_name(WORLD_B, 81);
    int client = fa_posix_socket(&posix_a, FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM, 0);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &name), 0);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 1, -1), 1);
    uint64_t first = events[0].data;
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 1, -1), 1);
    CHECK(events[0].data != first); // they take turns
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 4, -1), 2);
    CHECK_EQ(fa_posix_close(&posix_b, b), 0);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, events, 4, -1), 1);
    CHECK_EQ(fa_posix_close(&posix_b, epoll), 0);
    CHECK_EQ(posix_ready(&posix_b, server), FA_POSIX_POLLIN);
    posix_world_close();
}

T(epoll_tells_an_edge_once)
{
    int a;
    int b;
    struct fa_posix_epoll_event event;
    posix_world_open();
    int epoll = fa_posix_epoll_create(&posix_b);
    posix_pair(80, &a, &b);
    uint32_t edge = FA_POSIX_POLLIN | (uint32_t)FA_POSIX_EPOLLET;
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_ADD, b, edge), 0);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, &event, 1, 0), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(fa_posix_send(&posix_a, a, "x", 1, 0), 1);
        CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, &event, 1, -1), 1);
        CHECK_EQ(event.events, FA_POSIX_POLLIN);
        CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, &event, 1, 0), 0);
        CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 1);
        CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, FA_POSIX_MSG_DONTWAIT), -FA_POSIX_EAGAIN);
    }
    posix_world_close();
}

T(epoll_tells_one_shot_until_it_is_armed_again)
{
    int a;
    int b;
    struct fa_posix_epoll_event event;
    posix_world_open();
    int epoll = fa_posix_epoll_create(&posix_b);
    posix_pair(80, &a, &b);
    CHECK_EQ(fa_posix_send(&posix_a, a, "x", 1, 0), 1);
    world_settle();
    uint32_t once = FA_POSIX_POLLIN | FA_POSIX_EPOLLONESHOT;
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_ADD, b, once), 0);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, &event, 1, 0), 1);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 1);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, FA_POSIX_MSG_DONTWAIT), -FA_POSIX_EAGAIN);
    CHECK_EQ(fa_posix_send(&posix_a, a, "x", 1, 0), 1);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, &event, 1, 100), 0);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_MOD, b, once), 0);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, &event, 1, 0), 1);
    posix_world_close();
}

T(epoll_takes_what_makes_sense)
{
    int a;
    int b;
    struct fa_posix_epoll_event event;
    posix_world_open();
    int epoll = fa_posix_epoll_create(&posix_b);
    int other = fa_posix_epoll_create(&posix_b);
    posix_pair(80, &a, &b);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_ADD, other, 1), -FA_POSIX_EINVAL);
    CHECK_EQ(watch(b, FA_POSIX_EPOLL_CTL_ADD, b, 1), -FA_POSIX_EINVAL);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_ADD, 99, 1), -FA_POSIX_EBADF);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_MOD, b, 1), -FA_POSIX_ENOENT);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_DEL, b, 1), -FA_POSIX_ENOENT);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_ADD, b, 1), 0);
    CHECK_EQ(watch(epoll, 9, b, 1), -FA_POSIX_EINVAL);
    CHECK_EQ(watch(other, FA_POSIX_EPOLL_CTL_ADD, b, 1), -FA_POSIX_EEXIST);
    CHECK_EQ(watch(epoll, FA_POSIX_EPOLL_CTL_DEL, b, 1), 0);
    CHECK_EQ(watch(other, FA_POSIX_EPOLL_CTL_ADD, b, FA_POSIX_POLLOUT), 0);
    CHECK_EQ(posix_ready(&posix_b, other), FA_POSIX_POLLIN);
    CHECK_EQ(posix_ready(&posix_b, epoll), 0);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, b, &event, 1, 0), -FA_POSIX_EBADF);
    CHECK_EQ(fa_posix_epoll_wait(&posix_b, epoll, &event, 0, 0), -FA_POSIX_EINVAL);
    CHECK_EQ(fa_posix_recv(&posix_b, epoll, text, 1, 0), -FA_POSIX_EBADF);
    posix_world_close();
}

T(every_event_is_told_to_the_owner)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 1, FA_POSIX_MSG_DONTWAIT), -FA_POSIX_EAGAIN);
    long long before = posix_event_count;
    CHECK_EQ(fa_posix_send(&posix_a, a, "x", 1, 0), 1);
    world_settle();
    CHECK_EQ(posix_event_count - before, 1);
    posix_world_close();
}
