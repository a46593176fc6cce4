// SPDX-License-Identifier: ISC
//
// poll, epoll and options.

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

/* ---- options ---- */

T(options_are_there_or_honestly_not)
{
    static const struct {
        int level;
        int name;
        int get; /* outcome */
        int set;
    } cases[] = {
        {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_TYPE, 0, -FA_POSIX_EOPNOTSUPP},
        {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_SNDBUF, 0, -FA_POSIX_EOPNOTSUPP},
        {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_RCVBUF, 0, -FA_POSIX_EOPNOTSUPP},
        {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_BROADCAST, 0, 0},
        {FA_POSIX_SOL_SOCKET, 77, -FA_POSIX_ENOPROTOOPT, -FA_POSIX_ENOPROTOOPT},
        {99, FA_POSIX_SO_TYPE, -FA_POSIX_ENOPROTOOPT, -FA_POSIX_ENOPROTOOPT},
        {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_NODELAY, 0, 0},
        {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_MAXSEG, 0, -FA_POSIX_EOPNOTSUPP},
        {FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_V6ONLY, 0, -FA_POSIX_ENOPROTOOPT},
    };
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        int value = 1;
        uint32_t len = sizeof value;
        CHECK_EQ(fa_posix_getsockopt(&posix_a, a, cases[i].level, cases[i].name, &value, &len),
            cases[i].get);
        CHECK_EQ(posix_option_set(&posix_a, a, cases[i].level, cases[i].name, 1), cases[i].set);
    }
    CHECK_EQ(posix_option(&posix_a, a, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_MAXSEG), 1448);
    CHECK_EQ(posix_option(&posix_a, a, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_SNDBUF),
        world.a.stack.tcp.config.tx_buffer_bytes);
    CHECK_EQ(posix_option_set(&posix_a, a, FA_POSIX_IPPROTO_IP, FA_POSIX_IP_TTL, 9),
        -FA_POSIX_EOPNOTSUPP);
    int udp = fa_posix_socket(&posix_a, FA_POSIX_AF_INET, FA_POSIX_SOCK_DGRAM, 0);
    CHECK_EQ(posix_option_set(&posix_a, udp, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_NODELAY, 1),
        -FA_POSIX_ENOPROTOOPT);
    posix_world_close();
}

T(option_values_are_checked_and_cut)
{
    struct fa_posix_timeval time = {.s = -1};
    struct fa_tcp_info info;
    uint32_t len = sizeof info;
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    const int level = FA_POSIX_SOL_SOCKET;
    const int name = FA_POSIX_SO_RCVTIMEO;
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, name, &time, sizeof time), -FA_POSIX_EINVAL);
    time = (struct fa_posix_timeval){.us = 1000000};
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, name, &time, sizeof time), -FA_POSIX_EINVAL);
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, name, &time, 8), -FA_POSIX_EINVAL);
    CHECK_EQ(
        fa_posix_setsockopt(&posix_a, a, level, FA_POSIX_SO_REUSEADDR, &time, 2), -FA_POSIX_EINVAL);
    time = (struct fa_posix_timeval){.s = 1, .us = 250000};
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, name, &time, sizeof time), 0);
    time = (struct fa_posix_timeval){0};
    uint32_t time_len = sizeof time;
    CHECK_EQ(fa_posix_getsockopt(&posix_a, a, level, name, &time, &time_len), 0);
    CHECK(time.s == 1 && time.us == 250000);
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, FA_POSIX_SO_SNDTIMEO, &time, time_len), 0);
    CHECK_EQ(
        fa_posix_getsockopt(&posix_a, a, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_INFO, &info, &len), 0);
    CHECK_EQ(len, sizeof info);
    CHECK_EQ(info.state, FA_TCP_ESTABLISHED);
    char byte = 7;
    len = 1;
    CHECK_EQ(fa_posix_getsockopt(&posix_a, a, level, FA_POSIX_SO_TYPE, &byte, &len), 0);
    CHECK_EQ(len, 1);
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
