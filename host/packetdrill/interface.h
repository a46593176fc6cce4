// SPDX-License-Identifier: ISC
//
// What packetdrill asks of a shared object (its option --so_filename): a function that fills a
// table of calls. Declared here anew, member for member in its order; nothing of packetdrill is
// copied.

#ifndef PACKETDRILL_INTERFACE_H
#define PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Every call is as its namesake of libc, with `userdata` in front. */
struct packetdrill_interface {
    void *userdata;
    void (*free)(void *userdata);
    int (*socket)(void *userdata, int domain, int type, int protocol);
    int (*bind)(void *userdata, int fd, const struct sockaddr *name, socklen_t len);
    int (*listen)(void *userdata, int fd, int backlog);
    int (*accept)(void *userdata, int fd, struct sockaddr *name, socklen_t *len);
    int (*connect)(void *userdata, int fd, const struct sockaddr *name, socklen_t len);
    ssize_t (*read)(void *userdata, int fd, void *at, size_t len);
    ssize_t (*readv)(void *userdata, int fd, const struct iovec *iov, int count);
    ssize_t (*recv)(void *userdata, int fd, void *at, size_t len, int flags);
    ssize_t (*recvfrom)(void *userdata, int fd, void *at, size_t len, int flags,
        struct sockaddr *name, socklen_t *name_len);
    ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *msg, int flags);
    ssize_t (*write)(void *userdata, int fd, const void *at, size_t len);
    ssize_t (*writev)(void *userdata, int fd, const struct iovec *iov, int count);
    ssize_t (*send)(void *userdata, int fd, const void *at, size_t len, int flags);
    ssize_t (*sendto)(void *userdata, int fd, const void *at, size_t len, int flags,
        const struct sockaddr *name, socklen_t name_len);
    ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *msg, int flags);
    int (*fcntl)(void *userdata, int fd, int command, ...);
    int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
    int (*close)(void *userdata, int fd);
    int (*shutdown)(void *userdata, int fd, int how);
    int (*getsockopt)(void *userdata, int fd, int level, int name, void *value, socklen_t *len);
    int (*setsockopt)(
        void *userdata, int fd, int level, int name, const void *value, socklen_t len);
    int (*poll)(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms);
    /* A packet, from its IP header on, to the stack. 0; -1: not taken. */
    int (*netdev_send)(void *userdata, const void *at, size_t len);
    /* The next packet from the stack. *len: room, then bytes, 0 if none came. */
    int (*netdev_receive)(void *userdata, void *at, size_t *len, long long *ret_time_us);
    int (*usleep)(void *userdata, useconds_t us);
    int (*gettimeofday)(void *userdata, struct timeval *ret_time, struct timezone *zone);
    int (*epoll_create)(void *userdata, int size);
    int (*epoll_ctl)(void *userdata, int epfd, int op, int fd, struct epoll_event *event);
    int (*epoll_wait)(
        void *userdata, int epfd, struct epoll_event *events, int count_max, int timeout_ms);
    int (*pipe)(void *userdata, int fds[2]);
    ssize_t (*splice)(void *userdata, int in, loff_t *in_off, int out, loff_t *out_off, size_t len,
        unsigned flags);
};

/* Fill *ifc. `flags`: of --so_flags, docs/guide/packetdrill.md; NULL: none. Bad ones are told on
 * stderr and end the process: the interface has no other way to fail. */
[[gnu::visibility("default")]] void packetdrill_interface_init(
    const char *flags, struct packetdrill_interface *ifc);

#endif
