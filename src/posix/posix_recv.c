// SPDX-License-Identifier: ISC
//
// Receiving: bytes of a stream, whole datagrams.

#include "src/posix/posix_priv.h"

size_t fa__posix_scatter(struct fa__posix_cursor *cursor, struct fa_slice bytes)
{
    size_t copied = 0;
    while (copied < bytes.len && cursor->iov_count != 0) {
        size_t len = fa_min(cursor->iov->len - cursor->off, bytes.len - copied);
        if (len != 0) {
            fa_copy((uint8_t *)cursor->iov->at + cursor->off, bytes.at + copied, len);
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

/* Copy what is there and leave it there. Returns: how it ended. */
static fa_err peek_bytes(struct fa_posix_file *file, struct fa__posix_cursor *cursor,
    size_t len_max, int flags, size_t *got)
{
    const struct fa_buf *buf = NULL;
    struct fa_slice seen;
    FA_TRY(fa_flow_peek(file->flow, &seen));
    while (*got < len_max && (seen = fa_tcp_unread_next(file->flow, &buf)).len != 0) {
        seen.len = fa_min(seen.len, len_max - *got);
        if ((flags & FA_POSIX_MSG_TRUNC) == 0) {
            fa__posix_scatter(cursor, seen);
        }
        *got += seen.len;
    }
    return FA_OK;
}

/* Take what is there. Returns: how it ended; FA_OK: the message is full. */
static fa_err take_bytes(struct fa_posix_file *file, struct fa__posix_cursor *cursor,
    size_t len_max, int flags, size_t *got)
{
    while (*got < len_max) {
        struct fa_slice seen;
        fa_err err = fa_flow_peek(file->flow, &seen);
        if (err != FA_OK) {
            return err;
        }
        seen.len = fa_min(seen.len, len_max - *got);
        if ((flags & FA_POSIX_MSG_TRUNC) == 0) {
            fa__posix_scatter(cursor, seen);
        }
        *got += seen.len;
        fa_flow_done(file->flow, seen.len);
    }
    return FA_OK;
}

static ptrdiff_t recv_stream(struct fa_posix_file *file, const struct fa_posix_msg *msg, int flags)
{
    struct fa__posix_cursor cursor = {.iov = msg->iov, .iov_count = msg->iov_count};
    size_t len_max = fa__posix_iov_len(msg);
    size_t wanted = (flags & FA_POSIX_MSG_WAITALL) != 0 ? len_max : fa_min(len_max, 1);
    size_t got = 0;
    bool wait = !file->nonblock && (flags & FA_POSIX_MSG_DONTWAIT) == 0;
    fa_ns deadline = fa__posix_deadline(file->posix, file->rx_timeout_ns);
    for (;;) {
        int error = fa__posix_connect_end(file);
        if (file->state < FA__POSIX_CONNECTING) {
            return -FA_POSIX_ENOTCONN;
        }
        fa_err err = FA_AGAIN;
        if (error == 0) { // what came before it broke comes first
            err = (flags & FA_POSIX_MSG_PEEK) != 0
                      ? peek_bytes(file, &cursor, len_max, flags, &got)
                      : take_bytes(file, &cursor, len_max, flags, &got);
        }
        if (got != 0 && (err != FA_AGAIN || got >= wanted)) {
            return (ptrdiff_t)got; // an error waits for the next call
        }
        if (err == FA_OK || err == FA_ECLOSED || (err == FA_AGAIN && file->rx_shut)) {
            return 0;
        }
        if (err != FA_AGAIN) {
            fa__posix_note_error(file, err);
        }
        if (file->broken) {
            return fa__posix_take_error(file);
        }
        error = wait ? fa__posix_wait(file, deadline) : -FA_POSIX_EAGAIN;
        if (error != 0) {
            return got != 0 && error != -FA_POSIX_EBADF ? (ptrdiff_t)got : error;
        }
    }
}

/* ---- datagrams ---- */

int fa__posix_hold(struct fa_posix_file *file)
{
    if (file->error == 0 && file->held == NULL && file->state != FA__POSIX_IDLE) {
        fa_err err = fa_udp_recv(&file->udp, &file->held, &file->held_from);
        if (err == FA_EINVAL) {
            file->error = FA_POSIX_EMSGSIZE;
        } else if (err != FA_OK && err != FA_AGAIN) {
            file->error = fa__posix_errno(err);
        }
    }
    return file->error != 0 ? -file->error : file->held != NULL ? 0 : -FA_POSIX_EAGAIN;
}

static ptrdiff_t recv_datagram(struct fa_posix_file *file, struct fa_posix_msg *msg, int flags)
{
    struct fa__posix_cursor cursor = {.iov = msg->iov, .iov_count = msg->iov_count};
    bool wait = !file->nonblock && (flags & FA_POSIX_MSG_DONTWAIT) == 0;
    fa_ns deadline = fa__posix_deadline(file->posix, file->rx_timeout_ns);
    int error;
    while ((error = fa__posix_hold(file)) != 0) {
        if (error != -FA_POSIX_EAGAIN) {
            return fa__posix_take_error(file);
        }
        if (file->rx_shut) {
            return 0;
        }
        error = wait ? fa__posix_wait(file, deadline) : -FA_POSIX_EAGAIN;
        if (error != 0) {
            return error;
        }
    }
    struct fa_slice payload = fa_buf_slice(file->held);
    size_t copied = fa__posix_scatter(&cursor, payload);
    msg->flags = copied < payload.len ? FA_POSIX_MSG_TRUNC : 0;
    if (msg->name != NULL) {
        fa__posix_name_out(file, &file->held_from.remote, msg->name);
    }
    fa__posix_control_put(file, msg);
    if ((flags & FA_POSIX_MSG_PEEK) == 0) {
        fa_buf_drop(file->held);
        file->held = NULL;
    }
    return (ptrdiff_t)((flags & FA_POSIX_MSG_TRUNC) != 0 ? payload.len : copied);
}

/* ---- the calls ---- */

ptrdiff_t fa_posix_recvmsg(struct fa_posix *posix, int fd, struct fa_posix_msg *msg, int flags)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (msg->iov_count > FA_POSIX_IOV_MAX) {
        return -FA_POSIX_EMSGSIZE;
    }
    msg->flags = 0;
    if (file->kind == FA__POSIX_DATAGRAM) {
        return recv_datagram(file, msg, flags);
    }
    if (msg->name != NULL) {
        msg->name->family = FA_POSIX_AF_UNSPEC; // a stream names nobody
    }
    msg->control_len = 0;
    return recv_stream(file, msg, flags);
}

ptrdiff_t fa_posix_recvfrom(struct fa_posix *posix, int fd, void *at, size_t len, int flags,
    struct fa_posix_sockaddr *ret_from)
{
    struct fa_posix_iovec iov = {at, len};
    struct fa_posix_msg msg = {.name = ret_from, .iov = &iov, .iov_count = 1};
    return fa_posix_recvmsg(posix, fd, &msg, flags);
}

ptrdiff_t fa_posix_recv(struct fa_posix *posix, int fd, void *at, size_t len, int flags)
{
    return fa_posix_recvfrom(posix, fd, at, len, flags, NULL);
}

ptrdiff_t fa_posix_read(struct fa_posix *posix, int fd, void *at, size_t len)
{
    return fa_posix_recvfrom(posix, fd, at, len, 0, NULL);
}

ptrdiff_t fa_posix_readv(
    struct fa_posix *posix, int fd, const struct fa_posix_iovec *iov, int iov_count)
{
    if (iov_count < 0 || iov_count > FA_POSIX_IOV_MAX) {
        return -FA_POSIX_EINVAL;
    }
    struct fa_posix_msg msg = {
        .iov = (struct fa_posix_iovec *)(uintptr_t)iov, // read only
        .iov_count = (size_t)iov_count,
    };
    return fa_posix_recvmsg(posix, fd, &msg, 0);
}
