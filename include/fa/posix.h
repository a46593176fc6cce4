// SPDX-License-Identifier: ISC
//
// fa/posix.h: sockets as POSIX has them, thinly over one stack: descriptors, TCP, UDP, poll, epoll.
//
// For code and tests that think in sockets; whoever writes anew is better served by fa/flow.h and
// fa/udp.h, which copy nothing. Calls return what Linux's system calls do: a count or descriptor,
// or a negative FA_POSIX_E number. Every number here is Linux's own, so that a shim for a host
// passes them through. It has no files, pipes, signals, dup or fork, no out-of-band data, and
// control messages of datagrams alone. A blocking call waits on the fiber that makes it. IPv4 and
// IPv6 share one code path. Tested by test/unit/posix_test.c, posix_option_test.c,
// posix_control_test.c and posix_poll_test.c, fuzz/posix_fuzz.c, and through libfata_packetdrill.so
// by test/conform/packetdrill_linux_test.c.
//
//     fa_posix_init(&posix, &(struct fa_posix_config){&stack, files, FA_COUNT_OF(files)});
//     int fd = fa_posix_socket(&posix, FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM, 0);
//     if (fa_posix_connect(&posix, fd, &peer) == 0)
//         fa_posix_send(&posix, fd, "hello", 5, 0);
//     fa_posix_close(&posix, fd);

#ifndef FA_POSIX_H
#define FA_POSIX_H

#include "fa/base.h"
#include "fa/fiber.h"
#include "fa/flow.h"
#include "fa/ip.h"
#include "fa/list.h"
#include "fa/stack.h"

/* What a call returns, negated, when it fails. */
enum fa_posix_errno {
    FA_POSIX_ENOENT = 2,
    FA_POSIX_EINTR = 4, /* the waiting fiber was cancelled */
    FA_POSIX_EBADF = 9,
    FA_POSIX_EAGAIN = 11,
    FA_POSIX_EEXIST = 17,
    FA_POSIX_EINVAL = 22,
    FA_POSIX_EMFILE = 24, /* fa_posix_config.file_count_max are open */
    FA_POSIX_EPIPE = 32,
    FA_POSIX_EDEADLK = 35, /* a wait that nothing can end */
    FA_POSIX_EDESTADDRREQ = 89,
    FA_POSIX_EMSGSIZE = 90,
    FA_POSIX_ENOPROTOOPT = 92, /* no such option */
    FA_POSIX_EPROTONOSUPPORT = 93,
    FA_POSIX_ESOCKTNOSUPPORT = 94,
    FA_POSIX_EOPNOTSUPP = 95, /* Linux has it, this stack does not */
    FA_POSIX_EAFNOSUPPORT = 97,
    FA_POSIX_EADDRINUSE = 98,
    FA_POSIX_EADDRNOTAVAIL = 99,
    FA_POSIX_ENETUNREACH = 101,
    FA_POSIX_ECONNABORTED = 103,
    FA_POSIX_ECONNRESET = 104,
    FA_POSIX_ENOBUFS = 105,
    FA_POSIX_EISCONN = 106,
    FA_POSIX_ENOTCONN = 107,
    FA_POSIX_ETIMEDOUT = 110,
    FA_POSIX_ECONNREFUSED = 111,
    FA_POSIX_EALREADY = 114,
    FA_POSIX_EINPROGRESS = 115,
};

enum {
    FA_POSIX_AF_UNSPEC = 0, /* to connect(): forget the other side */
    FA_POSIX_AF_INET = 2,
    FA_POSIX_AF_INET6 = 10,
    FA_POSIX_SOCK_STREAM = 1,
    FA_POSIX_SOCK_DGRAM = 2,
    FA_POSIX_SOCK_NONBLOCK = 04000,   /* or'ed to the type, or a flag of accept() */
    FA_POSIX_SOCK_CLOEXEC = 02000000, /* means nothing here */
    FA_POSIX_SHUT_RD = 0,
    FA_POSIX_SHUT_WR = 1,
    FA_POSIX_SHUT_RDWR = 2,
    FA_POSIX_BACKLOG_MAX = 4096, /* what listen() asks for beyond that is not given (SOMAXCONN) */
    FA_POSIX_IOV_MAX = 1024,
    FA_POSIX_OPTION_COUNT = 21, /* numbers that a socket keeps */
};

/* Flags of the send and recv families. */
enum fa_posix_msg_flags {
    FA_POSIX_MSG_PEEK = 0x2,   /* does not wait for more with MSG_WAITALL */
    FA_POSIX_MSG_CTRUNC = 0x8, /* told: a control message found no room */
    FA_POSIX_MSG_TRUNC = 0x20, /* a datagram's real length; of a stream: count, do not copy */
    FA_POSIX_MSG_DONTWAIT = 0x40,
    FA_POSIX_MSG_WAITALL = 0x100,
    FA_POSIX_MSG_NOSIGNAL = 0x4000, /* there are no signals: means nothing */
    FA_POSIX_MSG_MORE = 0x8000,     /* means nothing on datagrams */
};

/* fa_posix_fcntl() and fa_posix_ioctl(). */
enum {
    FA_POSIX_F_GETFL = 3,
    FA_POSIX_F_SETFL = 4,
    FA_POSIX_O_RDWR = 02,
    FA_POSIX_O_NONBLOCK = 04000,
    FA_POSIX_FIONREAD = 0x541b,    /* also SIOCINQ: bytes that can be read; of the next datagram */
    FA_POSIX_SIOCOUTQ = 0x5411,    /* bytes written and not acknowledged */
    FA_POSIX_SIOCOUTQNSD = 0x894b, /* bytes written and not sent */
    FA_POSIX_FIONBIO = 0x5421,
};

enum fa_posix_level {
    FA_POSIX_SOL_SOCKET = 1,
    FA_POSIX_IPPROTO_IP = 0,
    FA_POSIX_IPPROTO_TCP = 6,
    FA_POSIX_IPPROTO_UDP = 17,
    FA_POSIX_IPPROTO_IPV6 = 41,
};

/* Options: an int, unless said. Those marked (-) fail with FA_POSIX_EOPNOTSUPP so far. An accepted
 * stream has those of its listener. */
enum {
    /* of FA_POSIX_SOL_SOCKET */
    FA_POSIX_SO_REUSEADDR = 2, /* kept; TIME_WAIT never stands in the way of listen() here */
    FA_POSIX_SO_TYPE = 3,      /* read only */
    FA_POSIX_SO_ERROR = 4,     /* read only; reading clears it */
    FA_POSIX_SO_BROADCAST = 6, /* also hear broadcasts and groups, and send to all */
    FA_POSIX_SO_SNDBUF = 7,    /* bytes; twice what was set is told, as in Linux. At most, and of a
                                * stream not more than fa_tcp_config.tx_buffer_bytes */
    FA_POSIX_SO_RCVBUF = 8,    /* the same; fa_tcp_config.rx_window_bytes */
    FA_POSIX_SO_KEEPALIVE = 9,
    FA_POSIX_SO_LINGER = 13,   /* struct fa_posix_linger: close() waits that long until the peer has
                                * acknowledged all, also where nothing else waits; 0 s: it resets */
    FA_POSIX_SO_RCVTIMEO = 20, /* struct fa_posix_timeval; zero: for ever */
    FA_POSIX_SO_SNDTIMEO = 21,
    FA_POSIX_SO_TIMESTAMP = 29,  /* (-) */
    FA_POSIX_SO_ACCEPTCONN = 30, /* read only */
    FA_POSIX_SO_PROTOCOL = 38,   /* read only */
    FA_POSIX_SO_DOMAIN = 39,     /* read only */
    /* of FA_POSIX_IPPROTO_TCP */
    FA_POSIX_TCP_NODELAY = 1,       /* off at first, as in Linux: small writes are collected */
    FA_POSIX_TCP_MAXSEG = 2,        /* 88 to 32767 bytes, before connect() or listen() */
    FA_POSIX_TCP_CORK = 3,          /* keep back what does not fill a segment */
    FA_POSIX_TCP_KEEPIDLE = 4,      /* 1 to 32767 s */
    FA_POSIX_TCP_KEEPINTVL = 5,     /* 1 to 32767 s */
    FA_POSIX_TCP_KEEPCNT = 6,       /* 1 to 127 probes */
    FA_POSIX_TCP_LINGER2 = 8,       /* s to wait for the peer's FIN after close(), 120 at most */
    FA_POSIX_TCP_INFO = 11,         /* struct fa_tcp_info of fa/tcp.h; read only */
    FA_POSIX_TCP_QUICKACK = 12,     /* acknowledge at once, until it is switched off again */
    FA_POSIX_TCP_CONGESTION = 13,   /* a name: "cubic", "newreno" */
    FA_POSIX_TCP_USER_TIMEOUT = 18, /* ms; 0: fa_tcp_config.user_timeout_ns */
    /* of FA_POSIX_IPPROTO_IP */
    FA_POSIX_IP_TOS = 1,      /* 0 to 255; of a stream without the bits of ECN */
    FA_POSIX_IP_TTL = 2,      /* 1 to 255; -1: the stack's */
    FA_POSIX_IP_PKTINFO = 8,  /* of datagrams: tell by a control message where each went, ... */
    FA_POSIX_IP_RECVTTL = 12, /* ... its TTL, */
    FA_POSIX_IP_RECVTOS = 13, /* its class */
    /* of FA_POSIX_IPPROTO_IPV6, of such sockets: the same */
    FA_POSIX_IPV6_UNICAST_HOPS = 16,
    FA_POSIX_IPV6_V6ONLY = 26, /* before bind(); off at first */
    FA_POSIX_IPV6_RECVPKTINFO = 49,
    FA_POSIX_IPV6_RECVHOPLIMIT = 51,
    FA_POSIX_IPV6_RECVTCLASS = 66,
    FA_POSIX_IPV6_TCLASS = 67,
};

/*
 * Control messages. recvmsg() writes those that were asked for; sendmsg() takes them for the one
 * datagram it sends. Level and type, with what follows struct fa_posix_cmsg:
 *
 *     IP, IP_PKTINFO (8)      struct fa_posix_pktinfo
 *     IP, IP_TTL (2)          int
 *     IP, IP_TOS (1)          a byte; to send also an int
 *     IPV6, PKTINFO (50)      struct fa_posix_pktinfo6; of IPv4 mapped
 *     IPV6, HOPLIMIT (52)     int, as TCLASS (67)
 *
 * A socket of IPv6 has those of IPv6, also for IPv4. To send, the interface counts for groups,
 * broadcast and link-local addresses.
 */
enum {
    FA_POSIX_IPV6_PKTINFO = 50,
    FA_POSIX_IPV6_HOPLIMIT = 52,
};

struct fa_posix_cmsg {
    size_t len; /* bytes, with this header; the next one begins at a multiple of sizeof(size_t) */
    int level;
    int type;
};

struct fa_posix_pktinfo {
    int iface;         /* index in the stack + 1; 0: any */
    uint8_t local[4];  /* our address; to send: zero, or where from */
    uint8_t target[4]; /* where it was sent to; may be a group */
};

struct fa_posix_pktinfo6 {
    uint8_t ip[16]; /* where it was sent to; to send: zero, or where from */
    int iface;
};

enum fa_posix_poll_events {
    FA_POSIX_POLLIN = 0x1,
    FA_POSIX_POLLOUT = 0x4,
    FA_POSIX_POLLERR = 0x8,  /* reported unasked, as are the next two */
    FA_POSIX_POLLHUP = 0x10, /* both directions are over */
    FA_POSIX_POLLNVAL = 0x20,
    FA_POSIX_POLLRDHUP = 0x2000, /* the other side has ended its stream */
    FA_POSIX_EPOLLONESHOT = 1 << 30,
    FA_POSIX_EPOLLET = (int)(1u << 31),
};

enum {
    FA_POSIX_EPOLL_CTL_ADD = 1,
    FA_POSIX_EPOLL_CTL_DEL = 2,
    FA_POSIX_EPOLL_CTL_MOD = 3,
};

/* An address with its port in host order. An IPv4 one is held IPv4-mapped, whatever the family. */
struct fa_posix_sockaddr {
    uint16_t family; /* FA_POSIX_AF_... */
    struct fa_endpoint at;
};

struct fa_posix_iovec {
    void *at;
    size_t len; /* bytes */
};

struct fa_posix_msg {
    struct fa_posix_sockaddr *name; /* NULL: none; else where to, or where from is written to it */
    struct fa_posix_iovec *iov;
    size_t iov_count;   /* FA_POSIX_IOV_MAX at most */
    int flags;          /* written by recvmsg: FA_POSIX_MSG_TRUNC, FA_POSIX_MSG_CTRUNC */
    void *control;      /* control messages, aligned as size_t is; NULL: none */
    size_t control_len; /* bytes there; recvmsg writes how many it filled */
};

struct fa_posix_linger {
    int on;
    int seconds;
};

struct fa_posix_timeval {
    int64_t s;
    int64_t us;
};

struct fa_posix_pollfd {
    int fd; /* negative: left out */
    int16_t events;
    int16_t revents;
};

struct fa_posix_epoll_event {
    uint32_t events;
    uint64_t data;
};

/* One open descriptor. The caller provides an array of them; private. Pinned. */
struct fa_posix_file {
    struct fa_list node; /* free, or ready in its epoll */
    struct fa_posix *posix;
    struct fa_watch watch;
    struct fa_waitq waitq;
    uint32_t generation; /* counts the closes: a call that slept sees that the file is gone */
    uint8_t kind;        /* of src/posix/posix_priv.h, as is the state */
    uint8_t state;
    uint16_t family;
    int error; /* pending: FA_POSIX_E..., 0: none */
    struct fa_endpoint local;
    struct fa_endpoint remote;
    fa_ns rx_timeout_ns; /* FA_NS_NEVER: none */
    fa_ns tx_timeout_ns;
    fa_ns linger_ns;                    /* if it lingers */
    int options[FA_POSIX_OPTION_COUNT]; /* 0: as usual */
    union {
        struct fa_flow *flow;            /* of a stream on its way or connected */
        struct fa_tcp_listener listener; /* of a listening one */
        struct fa_udp_socket udp;        /* of a bound datagram socket */
    };
    struct fa_buf *held; /* a datagram looked at and not read yet; NULL: none */
    struct fa_udp_from held_from;
    bool nonblock : 1;
    bool lingers : 1;
    bool closing : 1; /* it lingers, and is no descriptor any more */
    bool rx_shut : 1;
    bool tx_shut : 1;
    bool broken : 1; /* the flow's error was taken over */

    struct fa_posix_file *epoll; /* that it is watched by; NULL: none */
    struct fa_list members_node;
    uint32_t epoll_events;
    uint64_t epoll_data;
    struct fa_list members; /* of an epoll */
    struct fa_list ready;   /* of an epoll: members that may have something to say */
};

struct fa_posix_config {
    struct fa_stack *stack;      /* borrowed; several layers may share one */
    struct fa_posix_file *files; /* file_count_max of them, borrowed */
    uint32_t file_count_max;
    /* How a call waits; NULL: fa_waitq_wait(), the fiber's own. Whatever it is, it returns after
     * `waitq` was woken, at `deadline` (FA_ETIMEOUT), or now and then for no reason. Any other
     * outcome ends the call with that error. */
    fa_err (*wait)(void *ctx, struct fa_waitq *waitq, fa_ns deadline);
    /* Told of whatever may end a wait; NULL: nobody. It must not call back. */
    void (*event)(void *ctx);
    void *ctx;
};

/* Private below. Pinned. */
struct fa_posix {
    struct fa_posix_config config;
    struct fa_list free;
    uint32_t carved_count; /* files used at least once */
    struct fa_waitq pollers;
};

void fa_posix_init(struct fa_posix *posix, const struct fa_posix_config *config);

/* Close what is open. The stack must still be there; its last packets leave with its next poll. */
void fa_posix_done(struct fa_posix *posix);

/* Returns: a descriptor, not always the lowest free one; -EMFILE; -EAFNOSUPPORT,
 * -ESOCKTNOSUPPORT, -EPROTONOSUPPORT. */
int fa_posix_socket(struct fa_posix *posix, int domain, int type, int protocol);

/* Choose the local side. Port 0: any, of a stream chosen by listen() or connect(). Returns: 0;
 * -EADDRINUSE; -EADDRNOTAVAIL: not an address of the stack; -EINVAL: bound already. */
int fa_posix_bind(struct fa_posix *posix, int fd, const struct fa_posix_sockaddr *local);

/* Returns: 0, also when called again, which changes nothing; -EADDRINUSE; -EOPNOTSUPP. */
int fa_posix_listen(struct fa_posix *posix, int fd, int backlog);

/* Take the oldest connection; one that is not of the socket's family is reset. `ret_remote` may be
 * NULL; `flags`: FA_POSIX_SOCK_NONBLOCK for the new descriptor. Returns: it; -EMFILE, and the
 * connection waits on; -EAGAIN; -EINVAL: not listening. Yields. */
int fa_posix_accept(
    struct fa_posix *posix, int fd, struct fa_posix_sockaddr *ret_remote, int flags);

/* Returns: 0; -EINPROGRESS, -EALREADY: on its way; -EISCONN; -ECONNREFUSED, -ETIMEDOUT;
 * -ENETUNREACH; -EADDRINUSE, -EADDRNOTAVAIL. A datagram socket is connected at once, and hears
 * that peer alone. Yields. */
int fa_posix_connect(struct fa_posix *posix, int fd, const struct fa_posix_sockaddr *remote);

/* Returns: 0; -ENOTCONN. */
int fa_posix_getsockname(struct fa_posix *posix, int fd, struct fa_posix_sockaddr *ret_local);
int fa_posix_getpeername(struct fa_posix *posix, int fd, struct fa_posix_sockaddr *ret_remote);

/* End directions. Returns: 0; -ENOTCONN. */
int fa_posix_shutdown(struct fa_posix *posix, int fd, int how);

/* Give the descriptor back. What was written is still sent; calls that wait on it return -EBADF.
 * Returns: 0; -EBADF. Yields with SO_LINGER alone. */
int fa_posix_close(struct fa_posix *posix, int fd);

/* Receive. Returns: bytes; 0 at the end of a stream; -EAGAIN, also when SO_RCVTIMEO passed;
 * -ENOTCONN; once, after what came before it, whatever broke the connection. Yields. */
ptrdiff_t fa_posix_recvmsg(struct fa_posix *posix, int fd, struct fa_posix_msg *msg, int flags);
ptrdiff_t fa_posix_recvfrom(struct fa_posix *posix, int fd, void *at, size_t len, int flags,
    struct fa_posix_sockaddr *ret_from);
ptrdiff_t fa_posix_recv(struct fa_posix *posix, int fd, void *at, size_t len, int flags);
ptrdiff_t fa_posix_read(struct fa_posix *posix, int fd, void *at, size_t len);
ptrdiff_t fa_posix_readv(
    struct fa_posix *posix, int fd, const struct fa_posix_iovec *iov, int iov_count);

/* Send. A blocking one of a stream returns when all is written. Returns: bytes; -EAGAIN; -EPIPE;
 * -EMSGSIZE: a datagram that no buffer holds; -ENOBUFS: no buffer; -EDESTADDRREQ; -EINVAL: control
 * messages that make no sense; once, whatever broke the connection. Yields. */
ptrdiff_t fa_posix_sendmsg(
    struct fa_posix *posix, int fd, const struct fa_posix_msg *msg, int flags);
ptrdiff_t fa_posix_sendto(struct fa_posix *posix, int fd, const void *at, size_t len, int flags,
    const struct fa_posix_sockaddr *to);
ptrdiff_t fa_posix_send(struct fa_posix *posix, int fd, const void *at, size_t len, int flags);
ptrdiff_t fa_posix_write(struct fa_posix *posix, int fd, const void *at, size_t len);
ptrdiff_t fa_posix_writev(
    struct fa_posix *posix, int fd, const struct fa_posix_iovec *iov, int iov_count);

/* The control message after `before`, or the first one for NULL; NULL: there is none. */
static inline struct fa_posix_cmsg *fa_posix_cmsg_next(
    const struct fa_posix_msg *msg, const struct fa_posix_cmsg *before)
{
    size_t mask = sizeof(size_t) - 1;
    size_t off = before != NULL ? (size_t)((const char *)before - (char *)msg->control) +
                                      ((before->len + mask) & ~mask)
                                : 0;
    bool some = msg->control != NULL && off <= msg->control_len &&
                msg->control_len - off >= sizeof(struct fa_posix_cmsg);
    return some ? (struct fa_posix_cmsg *)(void *)((char *)msg->control + off) : NULL;
}

/* Read or set an option. *len is the room at `value` and then what was written. Returns: 0;
 * -ENOPROTOOPT: Linux has none either, or it is not for such a socket; -EOPNOTSUPP; -EINVAL. */
int fa_posix_getsockopt(
    struct fa_posix *posix, int fd, int level, int name, void *value, uint32_t *len);
int fa_posix_setsockopt(
    struct fa_posix *posix, int fd, int level, int name, const void *value, uint32_t len);

/* FA_POSIX_F_GETFL, FA_POSIX_F_SETFL with O_NONBLOCK. Returns: flags or 0; -EINVAL. */
int fa_posix_fcntl(struct fa_posix *posix, int fd, int command, int value);

/* FA_POSIX_FIONREAD, ... Returns: 0; -EINVAL: not for such a socket, or unknown. */
int fa_posix_ioctl(struct fa_posix *posix, int fd, unsigned long request, int *value);

/* Wait until one of `fds` has something to say, or for `timeout_ms`; negative: for ever. Returns:
 * how many have. Yields. */
int fa_posix_poll(
    struct fa_posix *posix, struct fa_posix_pollfd *fds, size_t fd_count, int timeout_ms);

/*
 * As in Linux, but a descriptor is in one epoll at most, and an edge (EPOLLET) is seen when a call
 * has said EAGAIN before: drain, then wait. O(ready) a call.
 *
 * Returns: a descriptor; 0, -EEXIST: in an epoll already, -ENOENT: not in this; how many events.
 * Yields.
 */
int fa_posix_epoll_create(struct fa_posix *posix);
int fa_posix_epoll_ctl(
    struct fa_posix *posix, int epfd, int op, int fd, const struct fa_posix_epoll_event *event);
int fa_posix_epoll_wait(struct fa_posix *posix, int epfd, struct fa_posix_epoll_event *ret_events,
    size_t count_max, int timeout_ms);

#endif
