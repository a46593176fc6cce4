// SPDX-License-Identifier: ISC
//
// Sockets: names, streams, their ends, datagrams, and calls on fibers.

#include "fa/posix.h"

#include "test/t.h"
#include "test/unit/posix_world.h"

static char text[4096];

static int stream_a(void)
{
    return fa_posix_socket(&posix_a, FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM, 0);
}

static int datagram(struct fa_posix *posix)
{
    return fa_posix_socket(posix, FA_POSIX_AF_INET, FA_POSIX_SOCK_DGRAM, 0);
}

/* ---- descriptors ---- */

T(sockets_are_of_known_kinds)
{
    static const struct {
        int domain;
        int type;
        int protocol;
        int outcome;
    } cases[] = {
        {1, FA_POSIX_SOCK_STREAM, 0, -FA_POSIX_EAFNOSUPPORT},
        {FA_POSIX_AF_INET, 3, 0, -FA_POSIX_ESOCKTNOSUPPORT},
        {FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM, FA_POSIX_IPPROTO_UDP, -FA_POSIX_EPROTONOSUPPORT},
        {FA_POSIX_AF_INET6, FA_POSIX_SOCK_DGRAM, FA_POSIX_IPPROTO_TCP, -FA_POSIX_EPROTONOSUPPORT},
        {FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM | FA_POSIX_SOCK_NONBLOCK, FA_POSIX_IPPROTO_TCP, 0},
        {FA_POSIX_AF_INET6, FA_POSIX_SOCK_DGRAM | FA_POSIX_SOCK_CLOEXEC, 0, 1},
    };
    posix_world_open();
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        CHECK_EQ(fa_posix_socket(&posix_a, cases[i].domain, cases[i].type, cases[i].protocol),
            cases[i].outcome);
    }
    CHECK_EQ(
        fa_posix_fcntl(&posix_a, 0, FA_POSIX_F_GETFL, 0), FA_POSIX_O_RDWR | FA_POSIX_O_NONBLOCK);
    CHECK_EQ(fa_posix_fcntl(&posix_a, 1, FA_POSIX_F_GETFL, 0), FA_POSIX_O_RDWR);
    CHECK_EQ(fa_posix_fcntl(&posix_a, 1, 99, 0), -FA_POSIX_EINVAL);
    CHECK_EQ(
        posix_option(&posix_a, 0, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_TYPE), FA_POSIX_SOCK_STREAM);
    CHECK_EQ(
        posix_option(&posix_a, 1, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_PROTOCOL), FA_POSIX_IPPROTO_UDP);
    CHECK_EQ(posix_option(&posix_a, 1, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_DOMAIN), FA_POSIX_AF_INET6);
    posix_world_close();
}

T(descriptors_are_bounded_and_used_again)
{
    posix_world_open();
    for (int i = 0; i < POSIX_FILE_COUNT; i++) {
        CHECK_EQ(stream_a(), i);
    }
    CHECK_EQ(stream_a(), -FA_POSIX_EMFILE);
    CHECK_EQ(fa_posix_epoll_create(&posix_a), -FA_POSIX_EMFILE);
    CHECK_EQ(fa_posix_close(&posix_a, 3), 0);
    CHECK_EQ(stream_a(), 3);
    posix_world_close();
}

T(a_descriptor_that_is_not_open_is_told_everywhere)
{
    struct fa_posix_sockaddr name = posix_name(WORLD_B, 80);
    struct fa_posix_msg msg = {0};
    struct fa_posix_epoll_event event;
    int value = 0;
    uint32_t len = sizeof value;
    posix_world_open();
    int fd = stream_a();
    CHECK_EQ(fa_posix_close(&posix_a, fd), 0);
    int fds[] = {-1, fd, POSIX_FILE_COUNT, INT32_MAX};
    for (size_t i = 0; i < FA_COUNT_OF(fds); i++) {
        CHECK_EQ(fa_posix_bind(&posix_a, fds[i], &name), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_listen(&posix_a, fds[i], 1), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_accept(&posix_a, fds[i], NULL, 0), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_connect(&posix_a, fds[i], &name), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_getsockname(&posix_a, fds[i], &name), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_getpeername(&posix_a, fds[i], &name), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_shutdown(&posix_a, fds[i], 0), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_close(&posix_a, fds[i]), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_recvmsg(&posix_a, fds[i], &msg, 0), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_sendmsg(&posix_a, fds[i], &msg, 0), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_getsockopt(&posix_a, fds[i], 1, 2, &value, &len), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_setsockopt(&posix_a, fds[i], 1, 2, &value, len), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_fcntl(&posix_a, fds[i], FA_POSIX_F_GETFL, 0), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_ioctl(&posix_a, fds[i], FA_POSIX_FIONREAD, &value), -FA_POSIX_EBADF);
        CHECK_EQ(fa_posix_epoll_wait(&posix_a, fds[i], &event, 1, 0), -FA_POSIX_EBADF);
        CHECK_EQ(posix_ready(&posix_a, fds[i]), fds[i] < 0 ? 0 : FA_POSIX_POLLNVAL);
    }
    posix_world_close();
}

/* ---- names ---- */

T(a_port_is_bound_once)
{
    posix_world_open();
    struct fa_posix_sockaddr any = posix_name(0, 80);
    struct fa_posix_sockaddr own = posix_name(WORLD_A, 80);
    struct fa_posix_sockaddr foreign = posix_name(WORLD_B, 80);
    struct fa_posix_sockaddr six = {.family = FA_POSIX_AF_INET6, .at.port = 80};
    int first = stream_a();
    int second = stream_a();
    CHECK_EQ(fa_posix_bind(&posix_a, first, &foreign), -FA_POSIX_EADDRNOTAVAIL);
    CHECK_EQ(fa_posix_bind(&posix_a, first, &six), -FA_POSIX_EAFNOSUPPORT);
    CHECK_EQ(fa_posix_bind(&posix_a, first, &own), 0);
    CHECK_EQ(fa_posix_bind(&posix_a, first, &own), -FA_POSIX_EINVAL);
    CHECK_EQ(fa_posix_bind(&posix_a, second, &own), -FA_POSIX_EADDRINUSE);
    CHECK_EQ(fa_posix_bind(&posix_a, second, &any), -FA_POSIX_EADDRINUSE);
    CHECK_EQ(posix_option_set(&posix_a, first, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_REUSEADDR, 1), 0);
    CHECK_EQ(posix_option_set(&posix_a, second, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_REUSEADDR, 1), 0);
    CHECK_EQ(posix_option(&posix_a, second, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_REUSEADDR), 1);
    CHECK_EQ(fa_posix_bind(&posix_a, second, &own), 0);
    CHECK_EQ(fa_posix_listen(&posix_a, first, 1), 0);
    CHECK_EQ(fa_posix_listen(&posix_a, first, 1), 0);
    CHECK_EQ(fa_posix_listen(&posix_a, second, 1), -FA_POSIX_EADDRINUSE);
    posix_world_close();
}

T(a_port_of_zero_is_chosen)
{
    struct fa_posix_sockaddr name;
    posix_world_open();
    int fd = stream_a();
    CHECK_EQ(posix_option(&posix_a, fd, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_ACCEPTCONN), 0);
    CHECK_EQ(fa_posix_listen(&posix_a, fd, 1), 0);
    CHECK_EQ(posix_option(&posix_a, fd, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_ACCEPTCONN), 1);
    CHECK_EQ(fa_posix_getsockname(&posix_a, fd, &name), 0);
    CHECK(name.at.port >= 32768);
    CHECK_EQ(name.family, FA_POSIX_AF_INET);
    CHECK_EQ(fa_posix_getpeername(&posix_a, fd, &name), -FA_POSIX_ENOTCONN);
    CHECK_EQ(fa_posix_connect(&posix_a, fd, &name), -FA_POSIX_EISCONN);
    int udp = datagram(&posix_a);
    struct fa_posix_sockaddr zero = posix_name(0, 0);
    CHECK_EQ(fa_posix_bind(&posix_a, udp, &zero), 0);
    CHECK_EQ(fa_posix_getsockname(&posix_a, udp, &name), 0);
    CHECK(name.at.port >= FA_UDP_PORT_FIRST);
    posix_world_close();
}

T(a_connection_speaks_from_the_name_it_was_bound_to)
{
    struct fa_posix_sockaddr seen;
    posix_world_open();
    int server = posix_server(80, 5);
    int client = stream_a();
    struct fa_posix_sockaddr local = posix_name(WORLD_A, 4000);
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 80);
    CHECK_EQ(fa_posix_bind(&posix_a, client, &local), 0);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), 0);
    int end = fa_posix_accept(&posix_b, server, &seen, 0);
    CHECK(end >= 0);
    CHECK_EQ(seen.at.port, 4000);
    CHECK(fa_ip_equal(&seen.at.ip, &local.at.ip));
    CHECK_EQ(fa_posix_getpeername(&posix_a, client, &seen), 0);
    CHECK_EQ(seen.at.port, 80);
    CHECK_EQ(fa_posix_getsockname(&posix_b, end, &seen), 0);
    CHECK_EQ(seen.at.port, 80);
    int second = stream_a();
    CHECK_EQ(fa_posix_bind(&posix_a, second, &local), 0);
    CHECK_EQ(fa_posix_connect(&posix_a, second, &remote), -FA_POSIX_EADDRINUSE);
    posix_world_close();
}

/* ---- beginnings ---- */

T(connect_blocks_until_the_handshake_is_over)
{
    posix_world_open();
    int server = posix_server(80, 5);
    int client = stream_a();
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 80);
    CHECK_EQ(fa_posix_recv(&posix_a, client, text, 1, 0), -FA_POSIX_ENOTCONN);
    CHECK_EQ(fa_posix_send(&posix_a, client, text, 1, 0), -FA_POSIX_EPIPE);
    CHECK_EQ(fa_posix_shutdown(&posix_a, client, FA_POSIX_SHUT_WR), -FA_POSIX_ENOTCONN);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), 0);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), -FA_POSIX_EISCONN);
    int end = fa_posix_accept(&posix_b, server, NULL, FA_POSIX_SOCK_NONBLOCK);
    CHECK_EQ(fa_posix_recv(&posix_b, end, text, 1, 0), -FA_POSIX_EAGAIN);
    posix_world_close();
}

T(a_connect_that_does_not_block_is_asked_again)
{
    posix_world_open();
    posix_server(80, 5);
    int client = stream_a();
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 80);
    posix_nonblock(&posix_a, client);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), -FA_POSIX_EINPROGRESS);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), -FA_POSIX_EALREADY);
    CHECK_EQ(fa_posix_send(&posix_a, client, text, 1, 0), -FA_POSIX_EAGAIN);
    CHECK_EQ(posix_ready(&posix_a, client), 0);
    world_settle();
    CHECK_EQ(posix_ready(&posix_a, client), FA_POSIX_POLLOUT);
    CHECK_EQ(posix_option(&posix_a, client, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_ERROR), 0);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), -FA_POSIX_EISCONN);
    posix_world_close();
}

T(a_refused_connect_says_so_once_and_may_be_repeated)
{
    posix_world_open();
    int client = stream_a();
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 80);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), -FA_POSIX_ECONNREFUSED);
    posix_nonblock(&posix_a, client);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), -FA_POSIX_EINPROGRESS);
    world_settle();
    int ready = posix_ready(&posix_a, client);
    CHECK((ready & FA_POSIX_POLLERR) != 0 && (ready & FA_POSIX_POLLHUP) != 0);
    CHECK_EQ(posix_option(&posix_a, client, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_ERROR),
        FA_POSIX_ECONNREFUSED);
    CHECK_EQ(posix_option(&posix_a, client, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_ERROR), 0);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), -FA_POSIX_ECONNABORTED);
    posix_server(80, 5);
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), -FA_POSIX_EINPROGRESS);
    world_settle();
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), 0);
    posix_world_close();
}

T(connect_to_nowhere_fails_at_once_and_gives_up_at_its_timeout)
{
    posix_world_open();
    int client = stream_a();
    struct fa_posix_sockaddr nowhere = posix_name(0x08080808, 80);
    struct fa_posix_sockaddr silent = posix_name(0x0a000063, 80);
    struct fa_posix_timeval time = {.s = 2};
    CHECK_EQ(fa_posix_connect(&posix_a, client, &nowhere), -FA_POSIX_ENETUNREACH);
    CHECK_EQ(fa_posix_setsockopt(
                 &posix_a, client, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_SNDTIMEO, &time, sizeof time),
        0);
    fa_ns start = world.now;
    CHECK_EQ(fa_posix_connect(&posix_a, client, &silent), -FA_POSIX_EINPROGRESS);
    CHECK_EQ(world.now - start, 2 * FA_NS_S);
    posix_world_close();
}

T(accept_waits_and_leaves_alone_what_it_has_no_descriptor_for)
{
    posix_world_open();
    int server = posix_server(80, 5);
    struct fa_posix_timeval time = {.us = 5000};
    CHECK_EQ(fa_posix_setsockopt(
                 &posix_b, server, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_RCVTIMEO, &time, sizeof time),
        0);
    CHECK_EQ(fa_posix_accept(&posix_b, server, NULL, 0), -FA_POSIX_EAGAIN);
    posix_nonblock(&posix_b, server);
    CHECK_EQ(fa_posix_accept(&posix_b, server, NULL, 0), -FA_POSIX_EAGAIN);
    CHECK_EQ(posix_ready(&posix_b, server), 0);
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 80);
    CHECK_EQ(fa_posix_connect(&posix_a, stream_a(), &remote), 0);
    CHECK_EQ(posix_ready(&posix_b, server), FA_POSIX_POLLIN);
    int fd = 0;
    while (fd >= 0) {
        fd = datagram(&posix_b);
    }
    CHECK_EQ(fa_posix_accept(&posix_b, server, NULL, 0), -FA_POSIX_EMFILE);
    CHECK_EQ(fa_posix_close(&posix_b, POSIX_FILE_COUNT - 1), 0);
    CHECK_EQ(fa_posix_accept(&posix_b, server, NULL, 0), POSIX_FILE_COUNT - 1);
    CHECK_EQ(fa_posix_accept(&posix_b, 1, NULL, 0), -FA_POSIX_EOPNOTSUPP);
    CHECK_EQ(fa_posix_accept(&posix_a, stream_a(), NULL, 0), -FA_POSIX_EINVAL);
    posix_world_close();
}

/* ---- bytes ---- */

T(bytes_go_both_ways_in_pieces)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    char bytes[] = "one two three";
    struct fa_posix_iovec out[] = {{bytes, 3}, {NULL, 0}, {bytes + 3, 5}, {bytes + 8, 5}};
    CHECK_EQ(fa_posix_writev(&posix_a, a, out, FA_COUNT_OF(out)), 13);
    char first[4];
    char rest[32];
    struct fa_posix_iovec in[] = {{first, sizeof first}, {rest, sizeof rest}};
    CHECK_EQ(fa_posix_readv(&posix_b, b, in, 2), 13);
    CHECK(fa_equal(first, "one ", 4) && fa_equal(rest, "two three", 9));
    struct fa_posix_msg msg = {.iov = out, .iov_count = 1};
    CHECK_EQ(fa_posix_sendmsg(&posix_b, b, &msg, FA_POSIX_MSG_NOSIGNAL), 3);
    struct fa_posix_sockaddr name;
    msg = (struct fa_posix_msg){.name = &name, .iov = in, .iov_count = 2, .flags = 77};
    CHECK_EQ(fa_posix_recvmsg(&posix_a, a, &msg, 0), 3);
    CHECK_EQ(msg.flags, 0);
    CHECK_EQ(name.family, FA_POSIX_AF_UNSPEC);
    CHECK_EQ(fa_posix_write(&posix_a, a, "x", 1), 1);
    CHECK_EQ(fa_posix_read(&posix_b, b, text, 0), 0);
    CHECK_EQ(fa_posix_read(&posix_b, b, text, sizeof text), 1);
    CHECK_EQ(fa_posix_readv(&posix_a, a, in, -1), -FA_POSIX_EINVAL);
    CHECK_EQ(fa_posix_writev(&posix_a, a, out, FA_POSIX_IOV_MAX + 1), -FA_POSIX_EINVAL);
    msg.iov_count = FA_POSIX_IOV_MAX + 1;
    CHECK_EQ(fa_posix_recvmsg(&posix_a, a, &msg, 0), -FA_POSIX_EMSGSIZE);
    CHECK_EQ(fa_posix_sendmsg(&posix_a, a, &msg, 0), -FA_POSIX_EMSGSIZE);
    posix_world_close();
}

T(flags_peek_count_wait_and_do_not_wait)
{
    int a;
    int b;
    int value = -1;
    posix_world_open();
    posix_pair(80, &a, &b);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, FA_POSIX_MSG_DONTWAIT), -FA_POSIX_EAGAIN);
    CHECK_EQ(fa_posix_send(&posix_a, a, "abcdef", 6, 0), 6);
    CHECK_EQ(fa_posix_ioctl(&posix_a, a, FA_POSIX_SIOCOUTQ, &value), 0);
    CHECK_EQ(value, 6);
    CHECK_EQ(fa_posix_ioctl(&posix_a, a, FA_POSIX_SIOCOUTQNSD, &value), 0);
    CHECK_EQ(value, 6);
    world_run(FA_NS_S);
    world_settle(); // the stacks know what time it is
    CHECK_EQ(fa_posix_ioctl(&posix_a, a, FA_POSIX_SIOCOUTQ, &value), 0);
    CHECK_EQ(value, 0);
    CHECK_EQ(fa_posix_ioctl(&posix_b, b, FA_POSIX_FIONREAD, &value), 0);
    CHECK_EQ(value, 6);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, FA_POSIX_MSG_PEEK), 6);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 4, FA_POSIX_MSG_PEEK), 4);
    CHECK(fa_equal(text, "abcdef", 6));
    text[0] = '?';
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 2, FA_POSIX_MSG_TRUNC), 2);
    CHECK_EQ(text[0], '?');
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 2, FA_POSIX_MSG_WAITALL), 2);
    CHECK(fa_equal(text, "cd", 2));
    struct fa_posix_timeval time = {.us = 10000};
    CHECK_EQ(fa_posix_setsockopt(
                 &posix_b, b, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_RCVTIMEO, &time, sizeof time),
        0);
    fa_ns start = world.now;
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 3, FA_POSIX_MSG_WAITALL), 2);
    CHECK_EQ(world.now - start, 10 * FA_NS_MS);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 3, 0), -FA_POSIX_EAGAIN);
    CHECK_EQ(fa_posix_ioctl(&posix_b, b, 1, &value), -FA_POSIX_EINVAL);
    value = 1;
    CHECK_EQ(fa_posix_ioctl(&posix_b, b, FA_POSIX_FIONBIO, &value), 0);
    CHECK_EQ(fa_posix_fcntl(&posix_b, b, FA_POSIX_F_GETFL, 0) & FA_POSIX_O_NONBLOCK,
        FA_POSIX_O_NONBLOCK);
    posix_world_close();
}

T(a_writer_that_does_not_block_writes_what_fits)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    posix_nonblock(&posix_a, a);
    long long sum = 0;
    ptrdiff_t put;
    while ((put = fa_posix_send(&posix_a, a, text, sizeof text, 0)) > 0) {
        sum += put;
        world_settle();
    }
    CHECK_EQ(put, -FA_POSIX_EAGAIN);
    CHECK(sum >= 65536);
    CHECK_EQ(posix_ready(&posix_a, a) & FA_POSIX_POLLOUT, 0);
    long long read = 0;
    while (read < sum) {
        ptrdiff_t got = fa_posix_recv(&posix_b, b, text, sizeof text, 0);
        REQUIRE(got > 0);
        read += got;
    }
    CHECK_EQ(read, sum);
    world_run(FA_NS_S);
    CHECK(posix_ready(&posix_a, a) & FA_POSIX_POLLOUT);
    posix_world_close();
}

/* ---- ends ---- */

T(a_stream_ends_in_each_direction)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    CHECK_EQ(fa_posix_send(&posix_a, a, "bye", 3, 0), 3);
    CHECK_EQ(fa_posix_shutdown(&posix_a, a, 9), -FA_POSIX_EINVAL);
    CHECK_EQ(fa_posix_shutdown(&posix_a, a, FA_POSIX_SHUT_WR), 0);
    CHECK_EQ(fa_posix_send(&posix_a, a, "x", 1, 0), -FA_POSIX_EPIPE);
    world_settle();
    CHECK_EQ(posix_ready(&posix_b, b), FA_POSIX_POLLIN | FA_POSIX_POLLOUT);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 3);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 0);
    CHECK_EQ(posix_ready(&posix_b, b), FA_POSIX_POLLIN | FA_POSIX_POLLOUT | FA_POSIX_POLLRDHUP);
    CHECK_EQ(fa_posix_send(&posix_b, b, "back", 4, 0), 4);
    CHECK_EQ(fa_posix_recv(&posix_a, a, text, 9, 0), 4);
    CHECK_EQ(fa_posix_shutdown(&posix_a, a, FA_POSIX_SHUT_RD), 0);
    CHECK_EQ(fa_posix_recv(&posix_a, a, text, 9, 0), 0);
    CHECK_EQ(fa_posix_shutdown(&posix_b, b, FA_POSIX_SHUT_RDWR), 0);
    CHECK(posix_ready(&posix_b, b) & FA_POSIX_POLLHUP);
    posix_world_close();
}

T(a_reset_is_told_once)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    struct fa_posix_linger linger = {.on = 1};
    CHECK_EQ(fa_posix_setsockopt(
                 &posix_a, a, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_LINGER, &linger, sizeof linger),
        0);
    uint32_t len = sizeof linger;
    linger.on = 7;
    CHECK_EQ(
        fa_posix_getsockopt(&posix_a, a, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_LINGER, &linger, &len),
        0);
    CHECK_EQ(linger.on, 1);
    CHECK_EQ(fa_posix_close(&posix_a, a), 0);
    world_settle();
    int ready = posix_ready(&posix_b, b);
    CHECK_EQ(ready & (FA_POSIX_POLLERR | FA_POSIX_POLLHUP), FA_POSIX_POLLERR | FA_POSIX_POLLHUP);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 1, 0), -FA_POSIX_ECONNRESET);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 1, 0), 0);
    CHECK_EQ(fa_posix_send(&posix_b, b, text, 1, 0), -FA_POSIX_EPIPE);
    CHECK_EQ(posix_ready(&posix_b, b) & FA_POSIX_POLLERR, 0);
    CHECK_EQ(fa_posix_shutdown(&posix_b, b, FA_POSIX_SHUT_WR), -FA_POSIX_ENOTCONN);
    posix_world_close();
}

T(a_connection_is_forgotten_when_asked_to)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    struct fa_posix_sockaddr none = {.family = FA_POSIX_AF_UNSPEC};
    CHECK_EQ(fa_posix_connect(&posix_a, a, &none), 0);
    CHECK_EQ(fa_posix_recv(&posix_a, a, text, 1, 0), -FA_POSIX_ENOTCONN);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 1, 0), -FA_POSIX_ECONNRESET);
    posix_server(81, 5);
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 81);
    CHECK_EQ(fa_posix_connect(&posix_a, a, &remote), 0);
    posix_world_close();
}

/* ---- datagrams ---- */

T(datagrams_carry_names_and_keep_their_borders)
{
    struct fa_posix_sockaddr from;
    int value = -1;
    posix_world_open();
    int a = datagram(&posix_a);
    int b = datagram(&posix_b);
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    CHECK_EQ(fa_posix_send(&posix_a, a, "x", 1, 0), -FA_POSIX_EDESTADDRREQ);
    CHECK_EQ(fa_posix_bind(&posix_b, b, &to), 0);
    CHECK_EQ(fa_posix_bind(&posix_b, datagram(&posix_b), &to), -FA_POSIX_EADDRINUSE);
    CHECK_EQ(fa_posix_listen(&posix_b, b, 1), -FA_POSIX_EOPNOTSUPP);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "first", 5, 0, &to), 5);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "second", 6, 0, &to), 6);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "", 0, 0, &to), 0);
    world_settle();
    CHECK_EQ(fa_posix_ioctl(&posix_b, b, FA_POSIX_FIONREAD, &value), 0);
    CHECK_EQ(value, 5);
    CHECK_EQ(fa_posix_ioctl(&posix_b, b, FA_POSIX_SIOCOUTQ, &value), -FA_POSIX_EINVAL);
    CHECK_EQ(fa_posix_recvfrom(&posix_b, b, text, 9, FA_POSIX_MSG_PEEK, NULL), 5);
    CHECK_EQ(fa_posix_recvfrom(&posix_b, b, text, 9, 0, &from), 5);
    CHECK(fa_equal(text, "first", 5));
    CHECK_EQ(fa_ip4_of(&from.at.ip), WORLD_A);
    struct fa_posix_iovec iov = {text, 3};
    struct fa_posix_msg msg = {.iov = &iov, .iov_count = 1};
    CHECK_EQ(fa_posix_recvmsg(&posix_b, b, &msg, FA_POSIX_MSG_TRUNC), 6);
    CHECK_EQ(msg.flags, FA_POSIX_MSG_TRUNC);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 0);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, FA_POSIX_MSG_DONTWAIT), -FA_POSIX_EAGAIN);
    CHECK_EQ(fa_posix_sendto(&posix_b, b, "answer", 6, 0, &from), 6);
    CHECK_EQ(fa_posix_recvfrom(&posix_a, a, text, 9, 0, &from), 6);
    CHECK_EQ(from.at.port, 53);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, text, sizeof text, 0, &to), -FA_POSIX_EMSGSIZE);
    to.at.port = 0;
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &to), -FA_POSIX_EINVAL);
    to = posix_name(0x08080808, 53);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &to), -FA_POSIX_ENETUNREACH);
    posix_world_close();
}

T(a_connected_datagram_socket_hears_its_peer_alone)
{
    struct fa_posix_sockaddr local;
    posix_world_open();
    int a = datagram(&posix_a);
    int good = datagram(&posix_b);
    int other = datagram(&posix_b);
    struct fa_posix_sockaddr name = posix_name(WORLD_B, 53);
    CHECK_EQ(fa_posix_bind(&posix_b, good, &name), 0);
    CHECK_EQ(fa_posix_connect(&posix_a, a, &name), 0);
    CHECK_EQ(fa_posix_getsockname(&posix_a, a, &local), 0);
    CHECK_EQ(fa_ip4_of(&local.at.ip), WORLD_A);
    CHECK_EQ(fa_posix_sendto(&posix_b, other, "liar", 4, 0, &local), 4);
    CHECK_EQ(fa_posix_sendto(&posix_b, good, "truth", 5, 0, &local), 5);
    world_settle();
    CHECK_EQ(posix_ready(&posix_a, a), FA_POSIX_POLLIN | FA_POSIX_POLLOUT);
    CHECK_EQ(fa_posix_recv(&posix_a, a, text, 9, 0), 5);
    CHECK_EQ(fa_posix_send(&posix_a, a, "thanks", 6, 0), 6);
    CHECK_EQ(fa_posix_recv(&posix_b, good, text, 9, 0), 6);
    CHECK_EQ(fa_posix_close(&posix_b, good), 0);
    CHECK_EQ(fa_posix_send(&posix_a, a, "gone?", 5, 0), 5);
    world_settle();
    CHECK(posix_ready(&posix_a, a) & FA_POSIX_POLLERR);
    CHECK_EQ(fa_posix_recv(&posix_a, a, text, 9, 0), -FA_POSIX_ECONNREFUSED);
    CHECK_EQ(fa_posix_recv(&posix_a, a, text, 9, FA_POSIX_MSG_DONTWAIT), -FA_POSIX_EAGAIN);
    CHECK_EQ(fa_posix_shutdown(&posix_a, a, FA_POSIX_SHUT_RDWR), 0);
    CHECK_EQ(fa_posix_recv(&posix_a, a, text, 9, 0), 0);
    CHECK_EQ(fa_posix_send(&posix_a, a, "x", 1, 0), -FA_POSIX_EPIPE);
    posix_world_close();
}

T(a_full_queue_of_datagrams_is_waited_for)
{
    posix_world_open();
    int a = datagram(&posix_a);
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    ptrdiff_t put = 1;
    int count = 0;
    while (count < 1000 && put == 1) {
        put = fa_posix_sendto(&posix_a, a, "x", 1, FA_POSIX_MSG_DONTWAIT, &to);
        count++;
    }
    CHECK_EQ(put, -FA_POSIX_EAGAIN);
    CHECK_EQ(count, FA_UDP_QUEUE_COUNT_DEFAULT + 1);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &to), 1);
    posix_world_close();
}

/* ---- on fibers ---- */

enum {
    BULK_LEN = 3 * 1024 * 1024,
};

static struct fa_fibers fibers;
static long long bulk_sent;
static long long bulk_got;
static ptrdiff_t outcome;
static int pair_a;
static int pair_b;

static void write_bulk(void *ctx)
{
    (void)ctx;
    for (bulk_sent = 0; bulk_sent < BULK_LEN; bulk_sent += outcome) {
        outcome = fa_posix_send(&posix_a, pair_a, text, sizeof text, 0);
        if (outcome != (ptrdiff_t)sizeof text) {
            return;
        }
    }
    CHECK_EQ(fa_posix_close(&posix_a, pair_a), 0);
}

static void read_bulk(void *ctx)
{
    static char at[10000];
    ptrdiff_t got;
    (void)ctx;
    while ((got = fa_posix_recv(&posix_b, pair_b, at, sizeof at, 0)) > 0) {
        bulk_got += got;
    }
    CHECK_EQ(got, 0);
}

static void wait_for_bytes(void *ctx)
{
    (void)ctx;
    outcome = fa_posix_recv(&posix_b, pair_b, text, 1, 0);
}

/* A pair whose calls wait as a fiber does. */
static void open_fibers(void)
{
    posix_world_open();
    posix_pair(80, &pair_a, &pair_b);
    posix_a.config.wait = NULL;
    posix_b.config.wait = NULL;
    fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = 4}, world.now);
}

static void run_fibers(void)
{
    for (int i = 0; i < 100000 && fibers.live_count != 0; i++) {
        bool ran = fa_fibers_run(&fibers, world.now);
        world_settle();
        if (!ran) {
            world_run(FA_NS_MS);
        }
    }
}

T(blocking_calls_wait_on_their_fiber)
{
    open_fibers();
    bulk_got = 0;
    CHECK_EQ(fa_fiber_spawn(&fibers, write_bulk, NULL, NULL), FA_OK);
    CHECK_EQ(fa_fiber_spawn(&fibers, read_bulk, NULL, NULL), FA_OK);
    run_fibers();
    CHECK_EQ(fibers.live_count, 0);
    CHECK_EQ(bulk_sent, BULK_LEN);
    CHECK_EQ(bulk_got, BULK_LEN);
    posix_world_close();
}

T(a_call_that_waits_hears_of_close_and_cancel)
{
    struct fa_fiber *fiber;
    open_fibers();
    CHECK_EQ(fa_fiber_spawn(&fibers, wait_for_bytes, NULL, &fiber), FA_OK);
    (void)fa_fibers_run(&fibers, world.now);
    fa_fiber_cancel(fiber);
    run_fibers();
    CHECK_EQ(outcome, -FA_POSIX_EINTR);
    CHECK_EQ(fa_fiber_spawn(&fibers, wait_for_bytes, NULL, &fiber), FA_OK);
    (void)fa_fibers_run(&fibers, world.now);
    CHECK_EQ(fa_posix_close(&posix_b, pair_b), 0);
    int fd = fa_posix_socket(&posix_b, FA_POSIX_AF_INET, FA_POSIX_SOCK_DGRAM, 0);
    CHECK(fd >= 0);
    run_fibers();
    CHECK_EQ(outcome, -FA_POSIX_EBADF);
    CHECK_EQ(fibers.live_count, 0);
    posix_world_close();
}
