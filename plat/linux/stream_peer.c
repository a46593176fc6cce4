// SPDX-License-Identifier: ISC
//
// The other end of a stream device: connected to, listened for or inherited.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fa/fmt.h"
#include "plat/linux/stream_priv.h"

static void begin_peer(struct fa_stream *stream, int fd)
{
    stream->state = FA_STREAM_UP;
    stream->parsed_len = 0;
    stream->received_len = 0;
    stream->skip_len = 0;
    stream->sent_len = 0;
    fa__linux_watch(&stream->peer, fd, false);
    FA_COUNT(stream->counters, stream_opened);
}

static void end_peer(struct fa_stream *stream)
{
    int fd = stream->peer.fd;
    fa__linux_unwatch(&stream->peer);
    (void)close(fd);
    fa_buf_drop_all(&stream->tx);
    stream->tx_count = 0;
    stream->awaits_room = false;
}

static void name_socket(const struct fa_stream *stream, struct sockaddr_un *ret_name)
{
    *ret_name = (struct sockaddr_un){.sun_family = AF_UNIX};
    fa_copy(ret_name->sun_path, stream->path, strlen(stream->path));
}

static int open_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Returns: 0 and a peer; else the errno. */
static int connect_peer(struct fa_stream *stream)
{
    struct sockaddr_un name;
    name_socket(stream, &name);
    int fd = open_socket();
    if (fd < 0) {
        return errno;
    }
    if (connect(fd, (const struct sockaddr *)&name, sizeof name) != 0) {
        int connect_errno = errno;
        (void)close(fd);
        return connect_errno;
    }
    begin_peer(stream, fd);
    return 0;
}

/* Whether an attempt to connect may do better later: nobody is there, or too many at once. */
static bool check_transient(int connect_errno)
{
    return connect_errno == ENOENT || connect_errno == ECONNREFUSED || connect_errno == EAGAIN;
}

static fa_err fail_open(int open_errno, const char **reterr_reason)
{
    *reterr_reason = strerror(open_errno);
    return open_errno == EACCES || open_errno == EPERM ? FA_EREFUSED : FA_EIO;
}

/* Whether the path is a socket that nobody listens on any more. connect() alone does not tell: a
 * plain file refuses too. */
static bool check_stale(const struct fa_stream *stream)
{
    struct sockaddr_un name;
    struct stat about;
    name_socket(stream, &name);
    if (lstat(stream->path, &about) != 0 || !S_ISSOCK(about.st_mode)) {
        return false;
    }
    int fd = open_socket();
    if (fd < 0) {
        return false;
    }
    bool stale =
        connect(fd, (const struct sockaddr *)&name, sizeof name) != 0 && errno == ECONNREFUSED;
    (void)close(fd);
    return stale;
}

/* Returns: 0 or the errno. */
static int bind_path(const struct fa_stream *stream, int fd)
{
    struct sockaddr_un name;
    name_socket(stream, &name);
    if (bind(fd, (const struct sockaddr *)&name, sizeof name) == 0) {
        return 0;
    }
    int bind_errno = errno;
    if (bind_errno != EADDRINUSE || !check_stale(stream)) {
        return bind_errno;
    }
    (void)unlink(stream->path); /* the next line tells if that went wrong */
    return bind(fd, (const struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
}

static fa_err open_listener(struct fa_stream *stream, const char **reterr_reason)
{
    int fd = open_socket();
    if (fd < 0) {
        return fail_open(errno, reterr_reason);
    }
    int bind_errno = bind_path(stream, fd);
    if (bind_errno != 0) {
        (void)close(fd);
        if (bind_errno == EADDRINUSE) {
            *reterr_reason = "another process listens there, or it is a file of another kind: take "
                             "another path";
            return FA_EREFUSED;
        }
        return fail_open(bind_errno, reterr_reason);
    }
    if (listen(fd, 1) != 0) {
        int listen_errno = errno;
        (void)unlink(stream->path);
        (void)close(fd);
        return fail_open(listen_errno, reterr_reason);
    }
    fa__linux_watch(&stream->listener, fd, false);
    stream->retry_at_ns = FA_NS_NEVER; /* the listener tells */
    return FA_OK;
}

static fa_err adopt_descriptor(
    struct fa_stream *stream, const char *number, const char **reterr_reason)
{
    uint64_t fd;
    int type;
    socklen_t len = sizeof type;
    if (fa_parse_u64(fa_slice_of(number), INT_MAX, &fd) != FA_OK) {
        *reterr_reason = "after `fd:` stands the number of an open descriptor";
        return FA_EINVAL;
    }
    if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM) {
        *reterr_reason = "the descriptor is no stream socket";
        return FA_EINVAL;
    }
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0 || fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0) {
        return fail_open(errno, reterr_reason);
    }
    stream->retry_at_ns = FA_NS_NEVER;
    begin_peer(stream, (int)fd);
    return FA_OK;
}

fa_err fa__stream_open_peer(
    struct fa_stream *stream, const char *address, const char **reterr_reason)
{
    static const char *const connect_word = "connect:";
    static const char *const listen_word = "listen:";
    if (strncmp(address, "fd:", 3) == 0) {
        return adopt_descriptor(stream, address + 3, reterr_reason);
    }
    stream->connects = strncmp(address, connect_word, strlen(connect_word)) == 0;
    if (!stream->connects && strncmp(address, listen_word, strlen(listen_word)) != 0) {
        *reterr_reason = "an address is connect:PATH, listen:PATH or fd:N";
        return FA_EINVAL;
    }
    const char *path = strchr(address, ':') + 1;
    size_t len = strlen(path);
    if (len == 0 || len > FA_STREAM_PATH_MAX) {
        *reterr_reason = "a socket's path has 1 to 107 bytes";
        return FA_EINVAL;
    }
    fa_copy(stream->path, path, len + 1);
    if (!stream->connects) {
        return open_listener(stream, reterr_reason);
    }
    int connect_errno = connect_peer(stream);
    if (connect_errno != 0 && !check_transient(connect_errno)) {
        return fail_open(connect_errno, reterr_reason);
    }
    return FA_OK;
}

/* Take the peer that waits; send others away, so that they see it instead of hanging. */
static void accept_peers(struct fa_stream *stream)
{
    int fd = accept4(stream->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0 && stream->state == FA_STREAM_UP) {
        FA_COUNT(stream->counters, stream_refused);
        (void)close(fd);
    } else if (fd >= 0) {
        begin_peer(stream, fd);
    } else if (errno != EINTR && errno != ECONNABORTED) {
        stream->listener.readable = false;
    }
}

void fa__stream_find_peer(struct fa_stream *stream, fa_ns now)
{
    if (stream->listener.readable) {
        accept_peers(stream);
    } else if (stream->connects && stream->state == FA_STREAM_WAITING &&
               now >= stream->retry_at_ns && connect_peer(stream) != 0) {
        stream->retry_at_ns = fa_ns_after(now, stream->retry_ns);
        stream->retry_ns = fa_ns_min(2 * stream->retry_ns, FA_STREAM_RETRY_MAX_NS);
    }
}

void fa__stream_drop_peer(struct fa_stream *stream, fa_ns now)
{
    FA_ASSERT(stream->state == FA_STREAM_UP);
    FA_COUNT(stream->counters, stream_closed);
    FA_COUNT_ADD(stream->counters, netdev_tx_lost, stream->tx_count);
    end_peer(stream);
    stream->state = FA_STREAM_WAITING;
    if (stream->connects) {
        stream->retry_at_ns = fa_ns_after(now, stream->retry_ns);
        stream->retry_ns = fa_ns_min(2 * stream->retry_ns, FA_STREAM_RETRY_MAX_NS);
    } else if (!stream->listener.watched) {
        stream->state = FA_STREAM_GONE;
    }
}

void fa__stream_close_peer(struct fa_stream *stream)
{
    if (stream->state == FA_STREAM_UP) {
        end_peer(stream);
    }
    stream->state = FA_STREAM_GONE;
    if (stream->listener.watched) {
        int fd = stream->listener.fd;
        fa__linux_unwatch(&stream->listener);
        (void)close(fd);
        (void)unlink(stream->path);
    }
}
