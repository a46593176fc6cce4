// SPDX-License-Identifier: ISC
//
// What the files of the socket layer share.
//
//     posix.c         descriptors, their events and waits; socket and close
//     posix_connect.c bind, listen, accept, connect, shutdown, names
//     posix_recv.c posix_send.c    bytes and datagrams
//     posix_option.c posix_value.c  getsockopt, setsockopt    posix_ioctl.c  fcntl, ioctl
//     posix_control.c control messages
//     posix_poll.c    readiness, poll, epoll

#ifndef FA_POSIX_PRIV_H
#define FA_POSIX_PRIV_H

#include "fa/posix.h"

enum fa__posix_kind {
    FA__POSIX_FREE,
    FA__POSIX_STREAM,
    FA__POSIX_DATAGRAM,
    FA__POSIX_EPOLL,
};

/* What fa_posix_file.options holds. */
enum fa__posix_number {
    FA__POSIX_REUSE,
    FA__POSIX_BROADCAST,
    FA__POSIX_SNDBUF, /* twice the bytes */
    FA__POSIX_RCVBUF,
    FA__POSIX_KEEPALIVE,
    FA__POSIX_NODELAY,
    FA__POSIX_MAXSEG,
    FA__POSIX_CORK,
    FA__POSIX_KEEPIDLE,
    FA__POSIX_KEEPINTVL,
    FA__POSIX_KEEPCNT,
    FA__POSIX_LINGER2,
    FA__POSIX_QUICKACK,
    FA__POSIX_USER_TIMEOUT,
    FA__POSIX_CONGESTION, /* enum fa_tcp_congestion + 1 */
    FA__POSIX_TTL,
    FA__POSIX_TRAFFIC,
    FA__POSIX_V6ONLY,
    FA__POSIX_PKTINFO,
    FA__POSIX_RECVTTL,
    FA__POSIX_RECVTRAFFIC,
    FA__POSIX_NUMBER_COUNT,
};

_Static_assert((int)FA__POSIX_NUMBER_COUNT == (int)FA_POSIX_OPTION_COUNT);

enum fa__posix_state {
    FA__POSIX_IDLE,
    FA__POSIX_BOUND, /* a stream: by name only, a datagram socket: in truth */
    FA__POSIX_LISTENING,
    FA__POSIX_CONNECTING,
    FA__POSIX_CONNECTED,
};

/* posix.c */

/* The open file of a descriptor; NULL. */
struct fa_posix_file *fa__posix_file(struct fa_posix *posix, int fd);
/* A socket's; NULL if it is an epoll. */
struct fa_posix_file *fa__posix_socket(struct fa_posix *posix, int fd);
int fa__posix_fd(const struct fa_posix_file *file);
/* A file of that kind, with usual values; NULL: none left. */
struct fa_posix_file *fa__posix_open(
    struct fa_posix *posix, enum fa__posix_kind kind, uint16_t family);
fa_ns fa__posix_now(const struct fa_posix *posix);
/* `timeout` from now on. */
fa_ns fa__posix_deadline(const struct fa_posix *posix, fa_ns timeout);
/* What the stack's outcome is called here; 0 for FA_OK. */
int fa__posix_errno(fa_err err);
/* Wait for an event of the file. Returns: 0; negative: the call is over; -EAGAIN at `deadline`. */
int fa__posix_wait(struct fa_posix_file *file, fa_ns deadline);
/* Take over what broke the flow, and give it out once. Returns: 0 or negative. */
void fa__posix_note_error(struct fa_posix_file *file, fa_err err);
int fa__posix_take_error(struct fa_posix_file *file);
/* Tell who waits for the file. */
void fa__posix_wake(struct fa_posix_file *file);
void fa__posix_flow_set(struct fa_posix_file *file, struct fa_flow *flow);

static inline bool fa__posix_has_flow(const struct fa_posix_file *file)
{
    return file->kind == FA__POSIX_STREAM && file->state >= FA__POSIX_CONNECTING;
}

/* posix_option.c */
struct fa_tcp_options fa__posix_tcp_options(const struct fa_posix_file *file);
/* Tell a connection, or a bound datagram socket, what the file has chosen. */
void fa__posix_options_apply(struct fa_posix_file *file);

/* posix_value.c */
int fa__posix_value_put(void *value, uint32_t *len, const void *from, size_t from_len);
int fa__posix_value_get(
    struct fa_posix_file *file, int level, int name, void *value, uint32_t *len);
int fa__posix_value_set(
    struct fa_posix_file *file, int level, int name, const void *value, uint32_t len);
void fa__posix_congestion_apply(struct fa_posix_file *file);

/* posix_control.c */
/* Write what was asked for about the datagram that is held; msg->control_len is the room. */
void fa__posix_control_put(const struct fa_posix_file *file, struct fa_posix_msg *msg);
/* Read what is wanted of a datagram. Returns: 0; -EINVAL. */
int fa__posix_control_take(
    const struct fa_posix_file *file, const struct fa_posix_msg *msg, struct fa_udp_to *to);

/* posix_connect.c */
int fa__posix_autobind(struct fa_posix_file *file);
/* Check an address and bring it to the layer's form. Returns: 0; negative. */
int fa__posix_name_in(const struct fa_posix_file *file, const struct fa_posix_sockaddr *name,
    struct fa_endpoint *ret_at);
void fa__posix_name_out(const struct fa_posix_file *file, const struct fa_endpoint *at,
    struct fa_posix_sockaddr *ret_name);
/* See whether a connect has come to its end. Returns: 0; -EINPROGRESS; else why it failed. */
int fa__posix_connect_end(struct fa_posix_file *file);

/* posix_recv.c */
/* Make file->held the oldest datagram that is for it. Returns: 0; -EAGAIN; the pending error. */
int fa__posix_hold(struct fa_posix_file *file);

/* posix_poll.c */
/* What poll() would report of it. */
unsigned fa__posix_ready(struct fa_posix_file *file);
void fa__posix_epoll_note(struct fa_posix_file *file);
void fa__posix_epoll_forget(struct fa_posix_file *file);

/* Bytes of a scattered message. */
static inline size_t fa__posix_iov_len(const struct fa_posix_msg *msg)
{
    size_t len = 0;
    for (size_t i = 0; i < msg->iov_count; i++) {
        len += msg->iov[i].len;
    }
    return len;
}

/* A place in a scattered message. */
struct fa__posix_cursor {
    const struct fa_posix_iovec *iov;
    size_t iov_count;
    size_t off; /* in the first one */
};

/* Copy as much as both sides have room for, one way or the other. Returns: bytes. */
size_t fa__posix_scatter(struct fa__posix_cursor *cursor, struct fa_slice bytes);
size_t fa__posix_gather(struct fa__posix_cursor *cursor, uint8_t *at, size_t cap);

#endif
