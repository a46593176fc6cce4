// SPDX-License-Identifier: ISC
//
// Sending: bytes into a stream, one datagram.

#include "src/posix/posix_priv.h"

size_t fa__posix_gather(struct fa__posix_cursor *cursor, uint8_t *at, size_t cap)
{
    size_t copied = 0;
    while (copied < cap && cursor->iov_count != 0) {
        size_t len = fa_min(cursor->iov->len - cursor->off, cap - copied);
        if (len != 0) {
            fa_copy(at + copied, (const uint8_t *)cursor->iov->at + cursor->off, len);
        }
        copied += len;
        cursor->off += len;
        if (cursor->off == cursor->iov->len) {
            cursor->iov++;
            cursor->iov_count--;
            cursor->off = 0;
        }
    }
    return copied;
}

/* ---- streams ---- */

/* Write what there is room for. Returns: how it ended; FA_OK: all is written. */
static fa_err put_bytes(
    struct fa_posix_file *file, struct fa__posix_cursor *cursor, size_t len_max, size_t *put)
{
    while (*put < len_max) {
        uint8_t *at;
        size_t cap;
        fa_err err = fa_flow_reserve(file->flow, &at, &cap);
        if (err != FA_OK) {
            return err;
        }
        size_t len = fa__posix_gather(cursor, at, fa_min(cap, len_max - *put));
        fa_flow_commit(file->flow, len);
        *put += len;
    }
    return FA_OK;
}

static ptrdiff_t send_stream(struct fa_posix_file *file, const struct fa_posix_msg *msg, int flags)
{
    struct fa__posix_cursor cursor = {.iov = msg->iov, .iov_count = msg->iov_count};
    size_t len_max = fa__posix_iov_len(msg);
    size_t put = 0;
    bool wait = !file->nonblock && (flags & FA_POSIX_MSG_DONTWAIT) == 0;
    fa_ns deadline = fa__posix_deadline(file->posix, file->tx_timeout_ns);
    for (;;) {
        int error = fa__posix_connect_end(file);
        if (file->state < FA__POSIX_CONNECTING || file->tx_shut) {
            return put != 0 ? (ptrdiff_t)put : -FA_POSIX_EPIPE;
        }
        fa_err err = FA_AGAIN;
        if (error == 0 && !file->broken) {
            err = put_bytes(file, &cursor, len_max, &put);
        }
        if (err == FA_OK || (put != 0 && err != FA_AGAIN)) {
            return (ptrdiff_t)put; // an error waits for the next call
        }
        if (err != FA_AGAIN) {
            fa__posix_note_error(file, err);
        }
        if (file->broken) {
            error = fa__posix_take_error(file);
            return error != 0 ? error : -FA_POSIX_EPIPE;
        }
        error = wait ? fa__posix_wait(file, deadline) : -FA_POSIX_EAGAIN;
        if (error != 0) {
            return put != 0 && error != -FA_POSIX_EBADF ? (ptrdiff_t)put : error;
        }
    }
}

/* ---- datagrams ---- */

static int target_of(
    const struct fa_posix_file *file, const struct fa_posix_msg *msg, struct fa_endpoint *ret_to)
{
    if (msg->name != NULL) {
        int error = fa__posix_name_in(file, msg->name, ret_to);
        return error != 0 ? error : ret_to->port == 0 ? -FA_POSIX_EINVAL : 0;
    }
    if (file->state != FA__POSIX_CONNECTED) {
        return -FA_POSIX_EDESTADDRREQ;
    }
    *ret_to = file->remote;
    return 0;
}

/* Make a datagram of the message and queue it. */
static int put_datagram(struct fa_posix_file *file, const struct fa_posix_msg *msg, size_t len,
    const struct fa_udp_to *to)
{
    struct fa__posix_cursor cursor = {.iov = msg->iov, .iov_count = msg->iov_count};
    struct fa_buf *buf;
    if (fa_buf_alloc(file->posix->config.stack->config.pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return -FA_POSIX_ENOBUFS;
    }
    if (len > fa_buf_tailroom(buf)) {
        fa_buf_drop(buf);
        return -FA_POSIX_EMSGSIZE;
    }
    fa__posix_gather(&cursor, fa_buf_append(buf, len), len);
    switch (fa_udp_send_to(&file->udp, buf, to)) {
    case FA_OK:
        return 0;
    case FA_ENOSPC:
        return -FA_POSIX_EAGAIN;
    case FA_EREFUSED:
        return -FA_POSIX_ECONNREFUSED;
    default:
        return -FA_POSIX_EMSGSIZE;
    }
}

static ptrdiff_t send_datagram(
    struct fa_posix_file *file, const struct fa_posix_msg *msg, int flags)
{
    struct fa_udp_to to = {
        .ttl = (uint8_t)file->options[FA__POSIX_TTL],
        .traffic = (uint8_t)file->options[FA__POSIX_TRAFFIC],
    };
    struct fa_ip source;
    size_t len = fa__posix_iov_len(msg);
    bool wait = !file->nonblock && (flags & FA_POSIX_MSG_DONTWAIT) == 0;
    fa_ns deadline = fa__posix_deadline(file->posix, file->tx_timeout_ns);
    int error = target_of(file, msg, &to.remote);
    if (error == 0) {
        error = fa__posix_control_take(file, msg, &to);
    }
    if (error == 0) {
        error = file->tx_shut ? -FA_POSIX_EPIPE : fa__posix_autobind(file);
    }
    if (error == 0) {
        error = fa__posix_take_error(file);
    }
    if (error != 0) {
        return error;
    }
    if (fa_stack_source_for(file->posix->config.stack, &to.remote.ip, &source) != FA_OK) {
        return -FA_POSIX_ENETUNREACH;
    }
    while ((error = put_datagram(file, msg, len, &to)) == -FA_POSIX_EAGAIN && wait) {
        error = fa__posix_wait(file, deadline);
        if (error != 0) {
            return error;
        }
    }
    return error != 0 ? error : (ptrdiff_t)len;
}

/* ---- the calls ---- */

ptrdiff_t fa_posix_sendmsg(
    struct fa_posix *posix, int fd, const struct fa_posix_msg *msg, int flags)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (msg->iov_count > FA_POSIX_IOV_MAX) {
        return -FA_POSIX_EMSGSIZE;
    }
    return file->kind == FA__POSIX_STREAM ? send_stream(file, msg, flags)
                                          : send_datagram(file, msg, flags);
}

ptrdiff_t fa_posix_sendto(struct fa_posix *posix, int fd, const void *at, size_t len, int flags,
    const struct fa_posix_sockaddr *to)
{
    struct fa_posix_iovec iov = {(void *)(uintptr_t)at, len}; // read only, as is the name
    struct fa_posix_msg msg = {
        .name = (struct fa_posix_sockaddr *)(uintptr_t)to, .iov = &iov, .iov_count = 1};
    return fa_posix_sendmsg(posix, fd, &msg, flags);
}

ptrdiff_t fa_posix_send(struct fa_posix *posix, int fd, const void *at, size_t len, int flags)
{
    return fa_posix_sendto(posix, fd, at, len, flags, NULL);
}

ptrdiff_t fa_posix_write(struct fa_posix *posix, int fd, const void *at, size_t len)
{
    return fa_posix_sendto(posix, fd, at, len, 0, NULL);
}

ptrdiff_t fa_posix_writev(
    struct fa_posix *posix, int fd, const struct fa_posix_iovec *iov, int iov_count)
{
    if (iov_count < 0 || iov_count > FA_POSIX_IOV_MAX) {
        return -FA_POSIX_EINVAL;
    }
    struct fa_posix_msg msg = {
        .iov = (struct fa_posix_iovec *)(uintptr_t)iov, // read only
        .iov_count = (size_t)iov_count,
    };
    return fa_posix_sendmsg(posix, fd, &msg, 0);
}
