// SPDX-License-Identifier: ISC
//
// Sockets: libc's addresses and messages on one side, the layer's on the other.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/packetdrill/world.h"

// The layer's numbers are Linux's, so they are passed through.
#define SAME(name) _Static_assert((int)FA_POSIX_##name == (int)(name), "a number of Linux's")
SAME(EAGAIN);
SAME(EADDRINUSE);
SAME(EADDRNOTAVAIL);
SAME(EBADF);
SAME(ECONNREFUSED);
SAME(ECONNRESET);
SAME(EDEADLK);
SAME(EINPROGRESS);
SAME(EMSGSIZE);
SAME(ENETUNREACH);
SAME(ENOPROTOOPT);
SAME(ENOTCONN);
SAME(EOPNOTSUPP);
SAME(EPIPE);
SAME(ETIMEDOUT);
SAME(AF_INET);
SAME(AF_INET6);
SAME(SOCK_STREAM);
SAME(SOCK_DGRAM);
SAME(SOCK_NONBLOCK);
SAME(SOCK_CLOEXEC);
SAME(SHUT_WR);
SAME(MSG_DONTWAIT);
SAME(MSG_PEEK);
SAME(MSG_TRUNC);
SAME(MSG_WAITALL);
SAME(SOL_SOCKET);
SAME(IP_PKTINFO);
SAME(IP_RECVTTL);
SAME(IPV6_PKTINFO);
SAME(IPV6_HOPLIMIT);
_Static_assert(sizeof(struct cmsghdr) == sizeof(struct fa_posix_cmsg), "passed through");
_Static_assert(sizeof(struct in_pktinfo) == sizeof(struct fa_posix_pktinfo), "passed through");
_Static_assert(sizeof(struct in6_pktinfo) == sizeof(struct fa_posix_pktinfo6), "passed through");
_Static_assert(sizeof(struct iovec) == sizeof(struct fa_posix_iovec), "passed through");
_Static_assert(offsetof(struct iovec, iov_base) == offsetof(struct fa_posix_iovec, at), "");
_Static_assert(offsetof(struct iovec, iov_len) == offsetof(struct fa_posix_iovec, len), "");

/* ---- addresses ---- */

static int name_in(const struct sockaddr *name, socklen_t len, struct fa_posix_sockaddr *ret_name)
{
    struct sockaddr_storage at = {0};
    memcpy(&at, name, fa_min(len, sizeof at));
    *ret_name = (struct fa_posix_sockaddr){.family = at.ss_family};
    if (at.ss_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, &at, sizeof in);
        ret_name->at.port = ntohs(in.sin_port);
        ret_name->at.ip = fa_ip_from4((const uint8_t *)&in.sin_addr);
        return 0;
    }
    if (at.ss_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in;
        memcpy(&in, &at, sizeof in);
        ret_name->at.port = ntohs(in.sin6_port);
        memcpy(ret_name->at.ip.b, &in.sin6_addr, sizeof ret_name->at.ip.b);
        return 0;
    }
    return at.ss_family == AF_UNSPEC && len >= sizeof(sa_family_t) ? 0 : -EINVAL;
}

/* Write as much as fits, and say how long it is. */
static void name_out(
    const struct fa_posix_sockaddr *name, struct sockaddr *ret_name, socklen_t *len)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(name->at.port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(name->at.port)};
    if (ret_name == NULL || len == NULL) {
        return;
    }
    if (name->family == AF_INET) {
        memcpy(&in.sin_addr, fa_ip_bytes4(&name->at.ip), sizeof in.sin_addr);
        memcpy(ret_name, &in, fa_min(*len, sizeof in));
        *len = sizeof in;
    } else if (name->family == AF_INET6) {
        memcpy(&in6.sin6_addr, name->at.ip.b, sizeof in6.sin6_addr);
        memcpy(ret_name, &in6, fa_min(*len, sizeof in6));
        *len = sizeof in6;
    } else {
        *len = 0;
    }
}

/* ---- beginnings and ends ---- */

static int call_socket(void *userdata, int domain, int type, int protocol)
{
    struct world *world = world_enter(userdata);
    int fd = fa_posix_socket(&world->posix, domain, type, protocol);
    return (int)world_leave(world, handle_new(world, fd));
}

static int call_bind(void *userdata, int fd, const struct sockaddr *at, socklen_t len)
{
    struct world *world = world_enter(userdata);
    struct fa_posix_sockaddr name;
    int outcome = name_in(at, len, &name);
    if (outcome == 0) {
        outcome = fa_posix_bind(&world->posix, handle_find(world, fd), &name);
    }
    return (int)world_leave(world, outcome);
}

static int call_listen(void *userdata, int fd, int backlog)
{
    struct world *world = world_enter(userdata);
    int outcome = fa_posix_listen(&world->posix, handle_find(world, fd), backlog);
    return (int)world_leave(world, outcome);
}

static int call_accept(void *userdata, int fd, struct sockaddr *at, socklen_t *len)
{
    struct world *world = world_enter(userdata);
    struct fa_posix_sockaddr name = {0};
    int outcome = fa_posix_accept(&world->posix, handle_find(world, fd), &name, 0);
    outcome = handle_new(world, outcome);
    if (outcome >= 0) {
        name_out(&name, at, len);
    }
    return (int)world_leave(world, outcome);
}

static int call_connect(void *userdata, int fd, const struct sockaddr *at, socklen_t len)
{
    struct world *world = world_enter(userdata);
    struct fa_posix_sockaddr name;
    int outcome = name_in(at, len, &name);
    if (outcome == 0) {
        outcome = fa_posix_connect(&world->posix, handle_find(world, fd), &name);
    }
    return (int)world_leave(world, outcome);
}

static int call_shutdown(void *userdata, int fd, int how)
{
    struct world *world = world_enter(userdata);
    int outcome = fa_posix_shutdown(&world->posix, handle_find(world, fd), how);
    return (int)world_leave(world, outcome);
}

/* ---- receiving ---- */

static ssize_t call_recvmsg(void *userdata, int fd, struct msghdr *msg, int flags)
{
    struct world *world = world_enter(userdata);
    struct fa_posix_sockaddr name = {0};
    struct fa_posix_msg own = {
        .name = msg->msg_name != NULL ? &name : NULL,
        .iov = (struct fa_posix_iovec *)(void *)msg->msg_iov,
        .iov_count = msg->msg_iovlen,
        .control = msg->msg_control,
        .control_len = msg->msg_controllen,
    };
    ptrdiff_t outcome = fa_posix_recvmsg(&world->posix, handle_find(world, fd), &own, flags);
    if (outcome >= 0) {
        name_out(&name, msg->msg_name, &msg->msg_namelen);
        msg->msg_flags = own.flags;
        msg->msg_controllen = own.control_len;
    }
    return world_leave(world, outcome);
}

// NOLINTNEXTLINE(readability-function-size): as many parameters as its namesake of libc
static ssize_t call_recvfrom(void *userdata, int fd, void *at, size_t len, int flags,
    struct sockaddr *name, socklen_t *name_len)
{
    struct iovec iov = {at, len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = name};
    msg.msg_namelen = name_len != NULL ? *name_len : 0;
    ssize_t got = call_recvmsg(userdata, fd, &msg, flags);
    if (got >= 0 && name_len != NULL) {
        *name_len = msg.msg_namelen;
    }
    return got;
}

static ssize_t call_recv(void *userdata, int fd, void *at, size_t len, int flags)
{
    return call_recvfrom(userdata, fd, at, len, flags, NULL, NULL);
}

/* Whether it is a socket of ours; pipes and files are the host's. */
static bool is_ours(void *userdata, int fd)
{
    struct world *world = world_enter(userdata);
    bool ours = handle_find(world, fd) >= 0;
    world_leave(world, 0);
    return ours;
}

static ssize_t call_read(void *userdata, int fd, void *at, size_t len)
{
    return is_ours(userdata, fd) ? call_recv(userdata, fd, at, len, 0) : read(fd, at, len);
}

static ssize_t call_readv(void *userdata, int fd, const struct iovec *iov, int count)
{
    if (!is_ours(userdata, fd)) {
        return readv(fd, iov, count);
    }
    struct world *world = world_enter(userdata);
    const struct fa_posix_iovec *own = (const struct fa_posix_iovec *)(const void *)iov;
    return world_leave(world, fa_posix_readv(&world->posix, handle_find(world, fd), own, count));
}

/* ---- sending ---- */

static ssize_t call_sendmsg(void *userdata, int fd, const struct msghdr *msg, int flags)
{
    struct world *world = world_enter(userdata);
    struct fa_posix_sockaddr name = {0};
    struct fa_posix_msg own = {
        .name = msg->msg_name != NULL ? &name : NULL,
        .iov = (struct fa_posix_iovec *)(void *)msg->msg_iov,
        .iov_count = msg->msg_iovlen,
        .control = msg->msg_control,
        .control_len = msg->msg_controllen,
    };
    ptrdiff_t outcome = msg->msg_name != NULL ? name_in(msg->msg_name, msg->msg_namelen, &name) : 0;
    if (outcome == 0) {
        outcome = fa_posix_sendmsg(&world->posix, handle_find(world, fd), &own, flags);
    }
    return world_leave(world, outcome);
}

// NOLINTNEXTLINE(readability-function-size): as many parameters as its namesake of libc
static ssize_t call_sendto(void *userdata, int fd, const void *at, size_t len, int flags,
    const struct sockaddr *name, socklen_t name_len)
{
    struct iovec iov = {(void *)(uintptr_t)at, len}; // read only, as is the name
    struct msghdr msg = {.msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_name = (void *)(uintptr_t)name,
        .msg_namelen = name_len};
    return call_sendmsg(userdata, fd, &msg, flags);
}

static ssize_t call_send(void *userdata, int fd, const void *at, size_t len, int flags)
{
    return call_sendto(userdata, fd, at, len, flags, NULL, 0);
}

static ssize_t call_write(void *userdata, int fd, const void *at, size_t len)
{
    return is_ours(userdata, fd) ? call_send(userdata, fd, at, len, 0) : write(fd, at, len);
}

static ssize_t call_writev(void *userdata, int fd, const struct iovec *iov, int count)
{
    if (!is_ours(userdata, fd)) {
        return writev(fd, iov, count);
    }
    struct world *world = world_enter(userdata);
    const struct fa_posix_iovec *own = (const struct fa_posix_iovec *)(const void *)iov;
    return world_leave(world, fa_posix_writev(&world->posix, handle_find(world, fd), own, count));
}

void socket_calls(struct packetdrill_interface *ifc)
{
    ifc->socket = call_socket;
    ifc->bind = call_bind;
    ifc->listen = call_listen;
    ifc->accept = call_accept;
    ifc->connect = call_connect;
    ifc->shutdown = call_shutdown;
    ifc->read = call_read;
    ifc->readv = call_readv;
    ifc->recv = call_recv;
    ifc->recvfrom = call_recvfrom;
    ifc->recvmsg = call_recvmsg;
    ifc->write = call_write;
    ifc->writev = call_writev;
    ifc->send = call_send;
    ifc->sendto = call_sendto;
    ifc->sendmsg = call_sendmsg;
}
