// SPDX-License-Identifier: ISC
//
// The suite: one claim a function, each in a world of its own.

#include "test/conform/packetdrill_conform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/wire/ip4.h"
#include "fa/wire/udp.h"
#include "test/conform/packetdrill_peer.h"
#include "test/t.h"

#ifndef SIOCOUTQ /* linux/sockios.h clashes with others */
#define SIOCOUTQ 0x5411
#endif

#define CALL(name, ...) peer->ifc.name(peer->w, __VA_ARGS__)
#define CHECK_FAILS(call, error)                                                                   \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK_EQ(call, -1);                                                                        \
        CHECK_EQ(errno, error);                                                                    \
    } while (0)

static packetdrill_init_fn init;
static char text[100000];

static void nonblock(struct peer *peer, int fd)
{
    CHECK_EQ(CALL(fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    CHECK_EQ(CALL(fcntl, fd, F_GETFL), O_RDWR | O_NONBLOCK);
}

/* ---- the table and the clock ---- */

static void every_member_is_there(struct peer *peer)
{
    void *members[sizeof peer->ifc / sizeof(void *)];
    memcpy(members, &peer->ifc, sizeof members);
    for (size_t i = 0; i < FA_COUNT_OF(members); i++) {
        CHECK(members[i] != NULL);
    }
    CHECK_EQ(FA_COUNT_OF(members), 33);
}

static void time_passes_when_it_is_slept(struct peer *peer)
{
    long long before = peer_now_us(peer);
    for (int i = 0; i < 100; i++) {
        long long now = peer_now_us(peer);
        CHECK(now > before && now <= before + 2);
        before = now;
    }
    CHECK_EQ(CALL(usleep, 3600 * 1000 * 1000u), 0);
    long long after = peer_now_us(peer);
    CHECK(after >= before + 3600 * 1000000LL && after <= before + 3600 * 1000000LL + 2);
    CHECK_EQ(CALL(usleep, 0), 0);
}

static void a_wait_for_a_packet_that_never_comes_ends(struct peer *peer)
{
    size_t len = sizeof text;
    long long time = 0;
    CHECK_EQ(CALL(netdev_receive, text, &len, &time), 0);
    CHECK_EQ(len, 0);
    CHECK_FAILS(CALL(netdev_send, text, 9001), ENOBUFS);
    memset(text, 0xff, 100);
    CHECK_EQ(CALL(netdev_send, text, 100), 0); // what the stack makes of it is its business
}

/* ---- beginnings ---- */

static void a_passive_open_carries_data_both_ways(struct peer *peer)
{
    int fd = peer_accept(peer);
    int value = -1;
    CHECK(fcntl(fd, F_GETFD) >= 0); // libc knows it
    CHECK_EQ(CALL(fcntl, fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(CALL(write, fd, text, 900), 900);
    uint32_t first = peer->got;
    CHECK_EQ(peer_expect(peer, FA_TCP_ACK, 900)->tcp.seq, first);
    CHECK_EQ(CALL(ioctl, fd, SIOCOUTQ, &value), 0);
    CHECK_EQ(value, 900);
    peer_send(peer, FA_TCP_ACK, 300);
    CHECK_EQ(CALL(ioctl, fd, SIOCOUTQ, &value), 0);
    CHECK_EQ(value, 0);
    CHECK_EQ(CALL(ioctl, fd, FIONREAD, &value), 0);
    CHECK_EQ(value, 300);
    CHECK_EQ(CALL(read, fd, text, sizeof text), 300);
    CHECK_EQ(text[299], 'p');
    peer_expect(peer, FA_TCP_ACK, 0);
    CHECK_EQ(CALL(shutdown, fd, SHUT_WR), 0);
    peer_expect(peer, FA_TCP_FIN | FA_TCP_ACK, 0);
    CHECK_FAILS(CALL(write, fd, text, 1), EPIPE);
    peer_send(peer, FA_TCP_FIN | FA_TCP_ACK, 0);
    CHECK_EQ(peer_expect(peer, FA_TCP_ACK, 0)->tcp.ack, peer->next);
    CHECK_EQ(CALL(read, fd, text, 1), 0);
    CHECK_EQ(CALL(close, fd), 0);
    CHECK_EQ(fcntl(fd, F_GETFD), -1);
    CHECK_FAILS(CALL(close, fd), EBADF);
}

/* Bytes of the options of a SYN in Linux's order; values that differ from run to run are 0. */
static const uint8_t linux_options[] = {
    2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 0};

static void an_active_open_begins_as_in_linux(struct peer *peer)
{
    int fd = CALL(socket, AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in name = peer_name(PEER_PEER, PEER_PORT);
    const struct sockaddr *at = (const struct sockaddr *)(const void *)&name;
    nonblock(peer, fd);
    CHECK_FAILS(CALL(connect, fd, at, sizeof name), EINPROGRESS);
    CHECK_FAILS(CALL(connect, fd, at, sizeof name), EALREADY);
    const struct seen *syn = peer_expect(peer, FA_TCP_SYN, 0);
    CHECK_EQ(syn->tcp.window, 65535);
    uint8_t options[sizeof linux_options];
    memcpy(options, syn->packet + FA_IP4_HDR_LEN + FA_TCP_HDR_LEN, sizeof options);
    CHECK_EQ(syn->tcp.len, FA_TCP_HDR_LEN + sizeof options);
    memset(options + 8, 0, 8);
    CHECK(options[19] != 0); // the scale
    options[19] = 0;
    CHECK(fa_equal(options, linux_options, sizeof options));
    peer->has_ts = true;
    peer_send(peer, FA_TCP_SYN | FA_TCP_ACK, 0);
    peer_expect(peer, FA_TCP_ACK, 0);
    CHECK_EQ(peer_int_option(peer, fd, SOL_SOCKET, SO_ERROR), 0);
    CHECK_FAILS(CALL(connect, fd, at, sizeof name), EISCONN);
    struct tcp_info info;
    socklen_t len = sizeof info;
    CHECK_EQ(CALL(getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    CHECK_EQ(len, sizeof info);
    CHECK_EQ(info.tcpi_state, 1);
    CHECK_EQ(info.tcpi_snd_mss, 1000 - 12);
    CHECK_EQ(info.tcpi_snd_cwnd, 10);
    CHECK_FAILS(CALL(getsockopt, fd, SOL_SOCKET, 9999, &info, &len), ENOPROTOOPT);
}

static void options_of_a_syn_are_switched_off(struct peer *peer)
{
    int fd = CALL(socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in name = peer_name(PEER_PEER, PEER_PORT);
    CHECK_FAILS(
        CALL(connect, fd, (const struct sockaddr *)(const void *)&name, sizeof name), EINPROGRESS);
    const struct seen *syn = peer_expect(peer, FA_TCP_SYN, 0);
    CHECK_EQ(syn->tcp.len, FA_TCP_HDR_LEN + 4);
    CHECK_EQ(syn->tcp.mss, 960);
}

static void set_int(struct peer *peer, int fd, int level, int name, int value)
{
    CHECK_EQ(CALL(setsockopt, fd, level, name, &value, sizeof value), 0);
    CHECK_EQ(peer_int_option(peer, fd, level, name), value);
}

/* The flags are what a socket has until it says something else. */
static void options_of_one_socket_are_beside_the_flags(struct peer *peer)
{
    int fd = CALL(socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in name = peer_name(PEER_PEER, PEER_PORT);
    CHECK_EQ(peer_int_option(peer, fd, IPPROTO_TCP, TCP_KEEPIDLE), 5);
    CHECK_EQ(peer_int_option(peer, fd, IPPROTO_TCP, TCP_KEEPINTVL), 2);
    CHECK_EQ(peer_int_option(peer, fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    CHECK_EQ(peer_int_option(peer, fd, SOL_SOCKET, SO_SNDBUF), 100000);
    set_int(peer, fd, IPPROTO_TCP, TCP_KEEPIDLE, 7);
    set_int(peer, fd, IPPROTO_TCP, TCP_MAXSEG, 700);
    set_int(peer, fd, IPPROTO_TCP, TCP_LINGER2, 9);
    set_int(peer, fd, IPPROTO_TCP, TCP_QUICKACK, 1);
    set_int(peer, fd, IPPROTO_IP, IP_TTL, 3);
    set_int(peer, fd, IPPROTO_IP, IP_TOS, 0x20);
    int bytes = 20000;
    CHECK_EQ(CALL(setsockopt, fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
    CHECK_EQ(peer_int_option(peer, fd, SOL_SOCKET, SO_RCVBUF), 2 * bytes);
    CHECK_FAILS(
        CALL(connect, fd, (const struct sockaddr *)(const void *)&name, sizeof name), EINPROGRESS);
    const struct seen *syn = peer_expect(peer, FA_TCP_SYN, 0);
    CHECK_EQ(syn->tcp.mss, 700);
    CHECK_EQ(syn->tcp.window, 20480);
    CHECK_EQ(syn->packet[1], 0x20);
    CHECK_EQ(syn->packet[8], 3);
    CHECK_EQ(peer_int_option(peer, fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
}

/* ---- loss ---- */

static void what_is_lost_is_sent_again_in_virtual_time(struct peer *peer)
{
    int fd = peer_accept(peer);
    CHECK_EQ(CALL(send, fd, text, 500, MSG_NOSIGNAL), 500);
    const struct seen *seen = peer_expect(peer, FA_TCP_ACK, 500);
    uint32_t seq = seen->tcp.seq;
    long long first = seen->time_us;
    seen = peer_expect(peer, FA_TCP_ACK, 500);
    long long second = seen->time_us;
    CHECK_EQ(seen->tcp.seq, seq);
    CHECK(second - first >= 1000 && second - first <= 3100000);
    seen = peer_expect(peer, FA_TCP_ACK, 500);
    CHECK_EQ(seen->tcp.seq, seq);
    CHECK(seen->time_us > second);
    CHECK(peer_now_us(peer) >= seen->time_us);
    CHECK_EQ(CALL(usleep, 100), 0);
    peer_send(peer, FA_TCP_ACK, 0);
    int value = -1;
    CHECK_EQ(CALL(ioctl, fd, SIOCOUTQ, &value), 0);
    CHECK_EQ(value, 0);
}

/* ---- calls that block ---- */

struct blocked {
    struct peer *peer;
    int fd;
    ssize_t outcome;
    int error;
    long long end_us;
    pthread_t thread;
    _Atomic pid_t tid;
};

static void *accept_there(void *ctx)
{
    struct blocked *blocked = ctx;
    blocked->tid = gettid();
    errno = 0;
    blocked->outcome = blocked->peer->ifc.accept(blocked->peer->w, blocked->fd, NULL, NULL);
    blocked->error = errno;
    blocked->end_us = peer_now_us(blocked->peer);
    return NULL;
}

static void *read_there(void *ctx)
{
    struct blocked *blocked = ctx;
    blocked->tid = gettid();
    errno = 0;
    blocked->outcome = blocked->peer->ifc.read(blocked->peer->w, blocked->fd, text, 4000);
    blocked->error = errno;
    blocked->end_us = peer_now_us(blocked->peer);
    return NULL;
}

/* Wait until the kernel says that the thread sleeps, as packetdrill does. */
static void await_sleep(const struct blocked *blocked)
{
    char path[64];
    char state = '?';
    for (int i = 0; i < 1000000 && state != 'S'; i++) {
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)blocked->tid);
        FILE *file = blocked->tid != 0 ? fopen(path, "r") : NULL;
        if (file != NULL && fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
            state = '?';
        }
        if (file != NULL) {
            fclose(file);
        }
        sched_yield();
    }
    CHECK_EQ(state, 'S');
}

static void start(struct blocked *blocked, void *(*fn)(void *ctx))
{
    CHECK_EQ(pthread_create(&blocked->thread, NULL, fn, blocked), 0);
    await_sleep(blocked);
}

static void an_accept_that_blocks_ends_when_the_handshake_does(struct peer *peer)
{
    struct blocked blocked = {.peer = peer, .fd = peer_listen(peer)};
    start(&blocked, accept_there);
    CHECK_EQ(CALL(usleep, 500000), 0);
    peer_shake_hands(peer);
    long long at = peer_now_us(peer);
    CHECK_EQ(CALL(usleep, 5000000), 0);
    CHECK_EQ(pthread_join(blocked.thread, NULL), 0);
    CHECK(blocked.outcome >= 0);
    CHECK(blocked.end_us - at <= 10 && at - blocked.end_us <= 10);
}

static void a_read_that_blocks_ends_with_bytes_or_at_its_timeout(struct peer *peer)
{
    struct blocked blocked = {.peer = peer, .fd = peer_accept(peer)};
    struct timeval time = {.tv_usec = 250000};
    start(&blocked, read_there);
    CHECK_EQ(CALL(usleep, 1000), 0);
    peer_send(peer, FA_TCP_ACK, 10);
    peer_send(peer, FA_TCP_ACK, 20);
    CHECK_EQ(pthread_join(blocked.thread, NULL), 0);
    CHECK_EQ(blocked.outcome, 10); // it was let finish before the next packet
    CHECK_EQ(CALL(recv, blocked.fd, text, 4000, 0), 20);
    CHECK_EQ(CALL(setsockopt, blocked.fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
    long long at = peer_now_us(peer);
    blocked.tid = 0;
    start(&blocked, read_there);
    CHECK_EQ(CALL(usleep, 5000000), 0);
    CHECK_EQ(pthread_join(blocked.thread, NULL), 0);
    CHECK_EQ(blocked.outcome, -1);
    CHECK_EQ(blocked.error, EAGAIN);
    CHECK(blocked.end_us - at >= 250000 && blocked.end_us - at <= 250100);
}

static void a_call_that_blocks_alone_moves_time_itself(struct peer *peer)
{
    int fd = CALL(socket, AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in name = peer_name(PEER_PEER, PEER_PORT);
    struct pollfd none = {.fd = -1};
    CHECK_FAILS(
        CALL(connect, fd, (const struct sockaddr *)(const void *)&name, sizeof name), ETIMEDOUT);
    long long at = peer_now_us(peer);
    CHECK_EQ(CALL(poll, &none, 1, 2000), 0);
    CHECK(peer_now_us(peer) - at >= 2000000);
    int server = peer_listen(peer);
    CHECK_FAILS(CALL(accept, server, NULL, NULL), EDEADLK);
}

/* ---- messages ---- */

static void messages_are_scattered_and_gathered(struct peer *peer)
{
    int fd = peer_accept(peer);
    char out[] = "onetwothree";
    struct iovec iov[] = {{out, 3}, {out + 3, 3}, {out + 6, 5}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 3};
    CHECK_EQ(CALL(writev, fd, iov, 3), 11);
    const struct seen *seen = peer_expect(peer, FA_TCP_ACK, 11);
    CHECK(fa_equal(seen->packet + seen->len - 11, "onetwothree", 11));
    peer_send(peer, FA_TCP_ACK, 0);
    CHECK_EQ(CALL(sendmsg, fd, &msg, 0), 11);
    peer_expect(peer, FA_TCP_ACK, 11);
    peer_send(peer, FA_TCP_ACK, 100);
    char first[7];
    char rest[50];
    struct iovec in[] = {{first, sizeof first}, {rest, sizeof rest}};
    CHECK_EQ(CALL(readv, fd, in, 2), 57);
    msg = (struct msghdr){.msg_iov = in, .msg_iovlen = 1, .msg_flags = 99};
    CHECK_EQ(CALL(recvmsg, fd, &msg, MSG_PEEK), 7);
    CHECK_EQ(msg.msg_flags, 0);
    CHECK_EQ(CALL(recvfrom, fd, rest, 30, 0, NULL, NULL), 30);
    CHECK_EQ(CALL(recv, fd, rest, sizeof rest, MSG_DONTWAIT), 13);
    CHECK_FAILS(CALL(recv, fd, rest, sizeof rest, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(CALL(sendto, fd, text, 5, 0, NULL, 0), 5);
}

static void datagrams_go_both_ways(struct peer *peer)
{
    int fd = CALL(socket, AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in name = peer_name(PEER_OWN, OWN_PORT);
    struct sockaddr_in from = {0};
    socklen_t len = sizeof from;
    uint8_t packet[64] = {0};
    CHECK_EQ(CALL(bind, fd, (const struct sockaddr *)(const void *)&name, sizeof name), 0);
    struct fa_ip_meta meta = {.local = fa_ip4_ip(PEER_PEER), .remote = fa_ip4_ip(PEER_OWN)};
    struct fa_udp_header udp = {PEER_PORT, OWN_PORT, FA_UDP_HDR_LEN + 4};
    struct fa_ip4_header ip = {
        .source = PEER_PEER, .target = PEER_OWN, .protocol = 17, .ttl = 9, .total_len = 32};
    memcpy(packet + 28, "ping", 4);
    fa_udp_encode(packet + 20, &meta, &udp);
    fa_ip4_encode(packet, &ip);
    CHECK_EQ(CALL(netdev_send, packet, 32), 0);
    CHECK_EQ(CALL(recvfrom, fd, text, 100, 0, (struct sockaddr *)(void *)&from, &len), 4);
    CHECK_EQ(ntohs(from.sin_port), PEER_PORT);
    CHECK_EQ(CALL(sendto, fd, "pong!", 5, 0, (const struct sockaddr *)(const void *)&from, len), 5);
    size_t size = sizeof packet;
    long long time;
    CHECK_EQ(CALL(netdev_receive, packet, &size, &time), 0);
    CHECK_EQ(size, 33);
    CHECK_EQ(fa_ip4_decode((struct fa_slice){packet, size}, &ip), FA_IP4_GOOD);
    meta = (struct fa_ip_meta){.local = fa_ip4_ip(ip.target), .remote = fa_ip4_ip(ip.source)};
    CHECK_EQ(fa_udp_decode((struct fa_slice){packet + 20, 13}, &meta, false, &udp), FA_UDP_GOOD);
    CHECK_EQ(udp.target_port, PEER_PORT);
    CHECK(fa_equal(packet + 28, "pong!", 5));
}

/* ---- both families ---- */

static int listen6(struct peer *peer, int v6only)
{
    int fd = CALL(socket, AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(OWN_PORT)};
    CHECK_EQ(CALL(setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only), 0);
    CHECK_EQ(CALL(bind, fd, (const struct sockaddr *)(const void *)&name, sizeof name), 0);
    CHECK_EQ(CALL(listen, fd, 5), 0);
    return fd;
}

static void a_dual_socket_accepts_both_families(struct peer *peer)
{
    int server = listen6(peer, 0);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in6 from = {0};
        socklen_t len = sizeof from;
        struct fa_ip wanted = i == 0 ? peer_peer6 : fa_ip4_ip(PEER_PEER);
        peer->six = i == 0;
        peer_shake_hands(peer);
        int fd = CALL(accept, server, (struct sockaddr *)(void *)&from, &len);
        CHECK(fd >= 0);
        CHECK_EQ(len, sizeof from);
        CHECK_EQ(from.sin6_family, AF_INET6);
        CHECK(fa_equal(&from.sin6_addr, wanted.b, sizeof wanted.b));
        CHECK_EQ(CALL(write, fd, text, 100), 100);
        peer_expect(peer, FA_TCP_ACK, 100);
        peer_send(peer, FA_TCP_RST | FA_TCP_ACK, 0);
    }
}

static void a_socket_of_one_family_refuses_the_other(struct peer *peer)
{
    for (int i = 0; i < 2; i++) {
        int server = i == 0 ? listen6(peer, 1) : CALL(socket, AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(OWN_PORT)};
        if (i == 1) {
            const struct sockaddr *at = (const struct sockaddr *)(const void *)&any;
            CHECK_EQ(CALL(bind, server, at, sizeof any), 0);
            CHECK_EQ(CALL(listen, server, 5), 0);
        }
        peer->six = i == 1;
        peer_shake_hands(peer);
        nonblock(peer, server);
        CHECK_FAILS(CALL(accept, server, NULL, NULL), EAGAIN);
        peer_expect(peer, FA_TCP_RST | FA_TCP_ACK, 0);
        CHECK_EQ(CALL(close, server), 0);
    }
}

static void an_active_open_speaks_ipv6(struct peer *peer)
{
    int fd = CALL(socket, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(PEER_PORT)};
    memcpy(&name.sin6_addr, &peer_peer6, sizeof name.sin6_addr);
    peer->six = true;
    CHECK_FAILS(
        CALL(connect, fd, (const struct sockaddr *)(const void *)&name, sizeof name), EINPROGRESS);
    CHECK_EQ(peer_expect(peer, FA_TCP_SYN, 0)->tcp.mss, 1440);
    peer_send(peer, FA_TCP_SYN | FA_TCP_ACK, 0);
    peer_expect(peer, FA_TCP_ACK, 0);
    CHECK_EQ(peer_int_option(peer, fd, SOL_SOCKET, SO_ERROR), 0);
}

/* ---- readiness ---- */

static void poll_and_epoll_tell_who_is_ready(struct peer *peer)
{
    int fd = peer_accept(peer);
    int epoll = CALL(epoll_create, 1);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 77};
    struct epoll_event events[3];
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN | POLLOUT}, {.fd = 900, .events = POLLIN}};
    CHECK_EQ(CALL(poll, fds, 2, 0), 2);
    CHECK_EQ(fds[0].revents, POLLOUT);
    CHECK_EQ(fds[1].revents, POLLNVAL);
    CHECK_FAILS(CALL(epoll_create, 0), EINVAL);
    CHECK_EQ(CALL(epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event), 0);
    CHECK_EQ(CALL(epoll_wait, epoll, events, 3, 0), 0);
    CHECK_EQ(CALL(epoll_wait, epoll, events, 3, 50), 0);
    peer_send(peer, FA_TCP_ACK, 100);
    CHECK_EQ(CALL(epoll_wait, epoll, events, 3, -1), 1);
    CHECK_EQ(events[0].events, EPOLLIN);
    CHECK_EQ(events[0].data.u64, 77);
    CHECK_EQ(CALL(poll, fds, 1, -1), 1);
    CHECK_EQ(fds[0].revents, POLLIN | POLLOUT);
    CHECK_EQ(CALL(epoll_ctl, epoll, EPOLL_CTL_DEL, fd, NULL), 0);
    CHECK_EQ(CALL(epoll_wait, epoll, events, 3, 0), 0);
    CHECK_EQ(CALL(close, epoll), 0);
}

/* ---- ends ---- */

static void resets_come_and_go(struct peer *peer)
{
    int fd = peer_accept(peer);
    peer_send(peer, FA_TCP_RST | FA_TCP_ACK, 0);
    CHECK_FAILS(CALL(read, fd, text, 1), ECONNRESET);
    CHECK_EQ(CALL(read, fd, text, 1), 0);
    CHECK_FAILS(CALL(write, fd, text, 1), EPIPE);
    CHECK_EQ(CALL(close, fd), 0);
    peer->next += 100000;
    peer_shake_hands(peer);
    fd = -1;
    for (int server = 3; server < 100 && fd < 0; server++) {
        fd = CALL(accept, server, NULL, NULL);
    }
    CHECK(fd >= 0);
    struct linger linger = {.l_onoff = 1};
    CHECK_EQ(CALL(setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    CHECK_EQ(CALL(close, fd), 0);
    peer_expect(peer, FA_TCP_RST | FA_TCP_ACK, 0);
}

static void what_libc_closed_is_not_closed_again(struct peer *peer)
{
    int fd = peer_accept(peer);
    CHECK_EQ(close(fd), 0);
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC); // takes its number
    CHECK_EQ(file, fd);
    peer_close(peer);
    CHECK(fcntl(file, F_GETFD) >= 0);
    close(file);
    peer_open(peer, init, NULL);
    fd = peer_accept(peer);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(CALL(socket, AF_INET, SOCK_STREAM, 0), fd);
    CHECK_FAILS(CALL(read, fd, text, 1), ENOTCONN);
}

static void bytes_are_spliced_to_a_pipe_and_from_it(struct peer *peer)
{
    int fds[2];
    int fd = peer_accept(peer);
    CHECK_EQ(CALL(pipe, fds), 0);
    peer_send(peer, FA_TCP_ACK, 600);
    CHECK_EQ(CALL(splice, fd, NULL, fds[1], NULL, 10000, 0), 600);
    CHECK_FAILS(CALL(splice, fd, NULL, fds[1], NULL, 10000, SPLICE_F_NONBLOCK), EAGAIN);
    loff_t off = 0;
    CHECK_FAILS(CALL(splice, fd, &off, fds[1], NULL, 10000, 0), ESPIPE);
    CHECK_EQ(CALL(read, fds[0], text, 100), 100); // a pipe is the host's
    peer_expect(peer, FA_TCP_ACK, 0);
    nonblock(peer, fd);
    CHECK_EQ(CALL(splice, fds[0], NULL, fd, NULL, 10000, 0), 500);
    CHECK_EQ(CALL(fcntl, fd, F_GETFL), O_RDWR | O_NONBLOCK);
    peer_expect(peer, FA_TCP_ACK, 500);
    CHECK_FAILS(CALL(splice, fds[0], NULL, fd, NULL, 10000, 0), EAGAIN);
    CHECK_EQ(CALL(write, fds[1], text, 10), 10);
    CHECK_EQ(CALL(close, fds[0]), 0);
    CHECK_EQ(CALL(close, fds[1]), 0);
}

/* ---- flags ---- */

static int exit_status_of(const char *flags)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct packetdrill_interface ifc;
        CHECK(freopen("/dev/null", "w", stderr) != NULL);
        init(flags, &ifc);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void flags_that_make_no_sense_are_refused(void)
{
    static const struct {
        const char *flags;
        int status;
    } cases[] = {
        {"", 0},
        {"local=10.0.0.1,gateway=10.0.0.2,netmask=255.255.255.0,mtu=1400,seed=9,cap=10", 0},
        {"ts=off,wscale=0,sack=on,cc=newreno,iw=4,ecn_ask=on,hystart=off,rcvbuf=65536,rcvwin=32768,"
         "sndbuf=65536",
            0},
        {"dsack=off,rack=off,tlp=off,prr=off,undo=off,limited=off,cookies=off", 0},
        {"delack=10,rto_min=500,time_wait=1,keepidle=5,keepintvl=1,keepcnt=3", 0},
        {"local6=2001:db8::9,gateway6=2001:db8::1,prefix6=64", 0},
        {"local6=192.0.2.1", 2},
        {"local=2001:db8::1", 2},
        {"nonsense=1", 2},
        {"ts", 2},
        {"ts=maybe", 2},
        {"mtu=70000", 2},
        {"mtu=10", 2},
        {"local=somewhere", 2},
        {"netmask=255.0.255.0", 2},
        {"netmask=33", 2},
        {"cc=vegas", 2},
        {"seed=0", 2},
    };
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        int status = exit_status_of(cases[i].flags);
        if (status != cases[i].status) {
            t_fail(__FILE__, __LINE__, "'%s' leaves with %d", cases[i].flags, status);
        }
    }
}

/* ---- the run ---- */

static const struct {
    void (*fn)(struct peer *peer);
    const char *name;
    const char *flags;
} claims[] = {
    {every_member_is_there, "every member", NULL},
    {time_passes_when_it_is_slept, "time", ""},
    {a_wait_for_a_packet_that_never_comes_ends, "no packet", "cap=5"},
    {a_passive_open_carries_data_both_ways, "passive open", NULL},
    {an_active_open_begins_as_in_linux, "active open", NULL},
    {options_of_a_syn_are_switched_off, "options off", "ts=off,sack=off,wscale=off,mtu=1000"},
    {options_of_one_socket_are_beside_the_flags, "options of one socket",
        "keepidle=5,keepintvl=2,keepcnt=3,sndbuf=100000"},
    {what_is_lost_is_sent_again_in_virtual_time, "loss", NULL},
    {an_accept_that_blocks_ends_when_the_handshake_does, "blocking accept", NULL},
    {a_read_that_blocks_ends_with_bytes_or_at_its_timeout, "blocking read", NULL},
    {a_call_that_blocks_alone_moves_time_itself, "blocking alone", NULL},
    {messages_are_scattered_and_gathered, "messages", NULL},
    {datagrams_go_both_ways, "datagrams", NULL},
    {a_dual_socket_accepts_both_families, "both families", NULL},
    {a_socket_of_one_family_refuses_the_other, "one family", NULL},
    {an_active_open_speaks_ipv6, "active open in IPv6", NULL},
    {poll_and_epoll_tell_who_is_ready, "readiness", NULL},
    {resets_come_and_go, "resets", NULL},
    {what_libc_closed_is_not_closed_again, "libc's close", NULL},
    {bytes_are_spliced_to_a_pipe_and_from_it, "splice", NULL},
};

void conform_packetdrill(packetdrill_init_fn wanted)
{
    static struct peer peer;
    init = wanted;
    for (size_t i = 0; i < FA_COUNT_OF(claims); i++) {
        bool failed = t_failed();
        peer_open(&peer, init, claims[i].flags);
        claims[i].fn(&peer);
        peer_close(&peer);
        if (!failed && t_failed()) {
            t_note("the first of these is in: %s", claims[i].name);
        }
    }
    flags_that_make_no_sense_are_refused();
}
