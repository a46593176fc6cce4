// SPDX-License-Identifier: ISC
//
// How a socket gets its two ends: bind, listen, accept, connect; and how it loses a direction.

#include "src/posix/posix_priv.h"

enum {
    PORT_FIRST = 32768, // what listen() on port 0 chooses from, as Linux does
    PORT_COUNT = 28232,
    PORT_TRIES_MAX = 64,
};

/* ---- names ---- */

int fa__posix_name_in(const struct fa_posix_file *file, const struct fa_posix_sockaddr *name,
    struct fa_endpoint *ret_at)
{
    static const struct fa_ip any;
    static const struct fa_ip any4 = {{[10] = 0xff, [11] = 0xff}};
    if (name->family != file->family) {
        return -FA_POSIX_EAFNOSUPPORT;
    }
    bool zero = fa_ip_is_zero(&name->at.ip) || fa_ip_equal(&name->at.ip, &any4);
    bool is4 = fa_ip_is4(&name->at.ip);
    if (!zero && ((file->family == FA_POSIX_AF_INET && !is4) ||
                     (file->options[FA__POSIX_V6ONLY] != 0 && is4))) {
        return -FA_POSIX_EINVAL;
    }
    *ret_at = (struct fa_endpoint){zero ? any : name->at.ip, name->at.port};
    return 0;
}

void fa__posix_name_out(const struct fa_posix_file *file, const struct fa_endpoint *at,
    struct fa_posix_sockaddr *ret_name)
{
    *ret_name = (struct fa_posix_sockaddr){.family = file->family, .at = *at};
}

int fa_posix_getsockname(struct fa_posix *posix, int fd, struct fa_posix_sockaddr *ret_local)
{
    const struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    fa__posix_name_out(file, &file->local, ret_local);
    return 0;
}

int fa_posix_getpeername(struct fa_posix *posix, int fd, struct fa_posix_sockaddr *ret_remote)
{
    const struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (file->state != FA__POSIX_CONNECTED) {
        return -FA_POSIX_ENOTCONN;
    }
    fa__posix_name_out(file, &file->remote, ret_remote);
    return 0;
}

/* ---- bind ---- */

/* Whether another stream of this layer has the port. Two that both say SO_REUSEADDR may share it
 * until one listens. */
static bool is_taken(const struct fa_posix_file *file, const struct fa_endpoint *at)
{
    const struct fa_posix *posix = file->posix;
    for (uint32_t i = 0; i < posix->carved_count; i++) {
        const struct fa_posix_file *other = &posix->config.files[i];
        bool rival = other != file && other->kind == FA__POSIX_STREAM &&
                     (other->state == FA__POSIX_BOUND || other->state == FA__POSIX_LISTENING) &&
                     other->local.port == at->port;
        bool overlap = rival && (fa_ip_is_zero(&at->ip) || fa_ip_is_zero(&other->local.ip) ||
                                    fa_ip_equal(&at->ip, &other->local.ip));
        bool shared = file->options[FA__POSIX_REUSE] != 0 && other->options[FA__POSIX_REUSE] != 0 &&
                      other->state != FA__POSIX_LISTENING;
        if (overlap && !shared) {
            return true;
        }
    }
    return false;
}

static int bind_datagram(struct fa_posix_file *file, const struct fa_endpoint *at)
{
    struct fa_stack *stack = file->posix->config.stack;
    struct fa_udp_socket_config config = {
        .ip = at->ip,
        .port = at->port,
        .pool = stack->config.pool,
    };
    if (fa_udp_bind(&stack->udp, &file->udp, &config) != FA_OK) {
        return -FA_POSIX_EADDRINUSE;
    }
    file->udp.watch = &file->watch;
    file->local = (struct fa_endpoint){at->ip, file->udp.config.port};
    file->state = FA__POSIX_BOUND;
    fa__posix_options_apply(file);
    return 0;
}

int fa__posix_autobind(struct fa_posix_file *file)
{
    static const struct fa_endpoint any;
    return file->state == FA__POSIX_IDLE ? bind_datagram(file, &any) : 0;
}

int fa_posix_bind(struct fa_posix *posix, int fd, const struct fa_posix_sockaddr *local)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    struct fa_endpoint at;
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (file->state != FA__POSIX_IDLE) {
        return -FA_POSIX_EINVAL;
    }
    int error = fa__posix_name_in(file, local, &at);
    if (error != 0) {
        return error;
    }
    if (!fa_ip_is_zero(&at.ip) && !fa_stack_has_address(posix->config.stack, &at.ip)) {
        return -FA_POSIX_EADDRNOTAVAIL;
    }
    if (file->kind == FA__POSIX_DATAGRAM) {
        return bind_datagram(file, &at);
    }
    if (at.port != 0 && is_taken(file, &at)) {
        return -FA_POSIX_EADDRINUSE;
    }
    file->local = at;
    file->state = FA__POSIX_BOUND;
    return 0;
}

/* ---- listen and accept ---- */

int fa_posix_listen(struct fa_posix *posix, int fd, int backlog)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (file->kind != FA__POSIX_STREAM) {
        return -FA_POSIX_EOPNOTSUPP;
    }
    if (file->state == FA__POSIX_LISTENING) {
        return 0;
    }
    if (file->state > FA__POSIX_BOUND) {
        return -FA_POSIX_EINVAL;
    }
    struct fa_stack *stack = posix->config.stack;
    struct fa_tcp_listen_config config = {
        .ip = file->local.ip,
        .port = file->local.port,
        .nagle = file->options[FA__POSIX_NODELAY] == 0,
        .options = fa__posix_tcp_options(file),
        .backlog_max = (uint16_t)(backlog < 1                      ? 1
                                  : backlog > FA_POSIX_BACKLOG_MAX ? FA_POSIX_BACKLOG_MAX
                                                                   : backlog),
    };
    fa_err err = FA_EINVAL;
    for (int i = 0; i < PORT_TRIES_MAX && err != FA_OK; i++) {
        if (file->local.port == 0) {
            config.port = (uint16_t)(PORT_FIRST + fa_rand_below(&stack->rand, PORT_COUNT));
        } else {
            i = PORT_TRIES_MAX;
        }
        err = fa_tcp_listen(&stack->tcp, &file->listener, &config);
    }
    if (err != FA_OK) {
        return -FA_POSIX_EADDRINUSE;
    }
    file->listener.listener.watch = &file->watch;
    file->local.port = config.port;
    file->state = FA__POSIX_LISTENING;
    return 0;
}

/* Whether a socket of its family may talk to `ip`. A stack's port has no family, so a listener at
 * any address turns a stranger away only here. */
static bool fits_family(const struct fa_posix_file *file, const struct fa_ip *ip)
{
    bool is4 = fa_ip_is4(ip);
    return file->family == FA_POSIX_AF_INET ? is4 : !is4 || file->options[FA__POSIX_V6ONLY] == 0;
}

/* Take the oldest connection that fits. Returns: 0; -EAGAIN. */
static int take_flow(struct fa_posix_file *file, struct fa_flow **ret_flow)
{
    struct fa_tcp_info info;
    while (fa_listener_accept(&file->listener.listener, ret_flow) == FA_OK) {
        fa_tcp_info_of(*ret_flow, &info);
        if (fits_family(file, &info.remote.ip)) {
            return 0;
        }
        fa_flow_abort(*ret_flow);
    }
    return -FA_POSIX_EAGAIN;
}

static void adopt(
    const struct fa_posix_file *file, struct fa_posix_file *child, struct fa_flow *flow, int flags)
{
    child->state = FA__POSIX_CONNECTED;
    child->nonblock = (flags & FA_POSIX_SOCK_NONBLOCK) != 0;
    child->lingers = file->lingers;
    child->linger_ns = file->linger_ns;
    fa_copy(child->options, file->options, sizeof child->options);
    fa__posix_flow_set(child, flow);
}

int fa_posix_accept(struct fa_posix *posix, int fd, struct fa_posix_sockaddr *ret_remote, int flags)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    struct fa_flow *flow;
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (file->kind != FA__POSIX_STREAM) {
        return -FA_POSIX_EOPNOTSUPP;
    }
    fa_ns deadline = fa__posix_deadline(posix, file->rx_timeout_ns);
    for (;;) {
        if (file->state != FA__POSIX_LISTENING) {
            return -FA_POSIX_EINVAL;
        }
        struct fa_posix_file *child = fa__posix_open(posix, FA__POSIX_STREAM, file->family);
        if (child == NULL && fa_tcp_listener_pending(&file->listener) != 0) {
            return -FA_POSIX_EMFILE; // what waits waits on
        }
        if (child != NULL && take_flow(file, &flow) == 0) {
            adopt(file, child, flow, flags);
            if (ret_remote != NULL) {
                fa__posix_name_out(child, &child->remote, ret_remote);
            }
            return fa__posix_fd(child);
        }
        if (child != NULL) {
            (void)fa_posix_close(posix, fa__posix_fd(child)); // it was opened just now
        }
        int error = file->nonblock ? -FA_POSIX_EAGAIN : fa__posix_wait(file, deadline);
        if (error != 0) {
            return error;
        }
    }
}

/* ---- connect ---- */

/* Forget the other side (RFC 1122 has no word for it; Linux has). */
static int disconnect(struct fa_posix_file *file)
{
    if (file->kind == FA__POSIX_STREAM && file->state >= FA__POSIX_CONNECTING) {
        fa_flow_abort(file->flow);
        file->local = (struct fa_endpoint){0};
        file->state = FA__POSIX_IDLE;
        file->error = 0;
        file->broken = false;
        file->rx_shut = false;
        file->tx_shut = false;
    } else if (file->kind == FA__POSIX_DATAGRAM && file->state == FA__POSIX_CONNECTED) {
        (void)fa_udp_connect(&file->udp, NULL); // which cannot fail
        file->state = FA__POSIX_BOUND;
    }
    file->remote = (struct fa_endpoint){0};
    return 0;
}

static int connect_datagram(struct fa_posix_file *file, const struct fa_endpoint *remote)
{
    struct fa_ip local;
    int error = fa__posix_autobind(file);
    if (error != 0) {
        return error;
    }
    if (fa_stack_source_for(file->posix->config.stack, &remote->ip, &local) != FA_OK) {
        return -FA_POSIX_ENETUNREACH;
    }
    if (fa_udp_connect(&file->udp, remote) != FA_OK) {
        return remote->port == 0 ? -FA_POSIX_EINVAL : -FA_POSIX_EADDRINUSE;
    }
    if (fa_ip_is_zero(&file->local.ip)) {
        file->local.ip = local;
    }
    file->remote = *remote;
    file->state = FA__POSIX_CONNECTED;
    return 0;
}

static int begin_stream(struct fa_posix_file *file, const struct fa_endpoint *remote)
{
    struct fa_flow *flow;
    struct fa_tcp_connect_config config = {
        .remote = *remote,
        .local = file->local.ip,
        .local_port = file->local.port,
        .nagle = file->options[FA__POSIX_NODELAY] == 0,
        .options = fa__posix_tcp_options(file),
    };
    switch (fa_stack_connect_from(file->posix->config.stack, &config, &flow)) {
    case FA_OK:
        break;
    case FA_ENOENT:
        return -FA_POSIX_ENETUNREACH;
    case FA_EINVAL:
        return -FA_POSIX_EADDRINUSE;
    default:
        return -FA_POSIX_EADDRNOTAVAIL;
    }
    file->state = FA__POSIX_CONNECTING;
    fa__posix_flow_set(file, flow);
    file->broken = false;
    return 0;
}

int fa__posix_connect_end(struct fa_posix_file *file)
{
    uint8_t *at;
    size_t cap;
    if (file->state != FA__POSIX_CONNECTING) {
        return 0;
    }
    fa_err err = fa_flow_reserve(file->flow, &at, &cap);
    if (err == FA_OK) {
        fa_flow_commit(file->flow, 0);
    }
    if (err == FA_AGAIN) {
        struct fa_tcp_info info;
        fa_tcp_info_of(file->flow, &info);
        if (info.state == FA_TCP_SYN_SENT || info.state == FA_TCP_SYN_RECEIVED) {
            return -FA_POSIX_EINPROGRESS;
        }
    }
    if (err == FA_OK || err == FA_AGAIN || err == FA_ECLOSED) {
        file->state = FA__POSIX_CONNECTED;
        return 0;
    }
    fa__posix_note_error(file, err);
    return -file->error;
}

/* It came to nothing: the socket may try again. */
static int give_up(struct fa_posix_file *file)
{
    int error = fa__posix_take_error(file);
    fa_flow_close(file->flow);
    file->state = FA__POSIX_IDLE;
    file->local = (struct fa_endpoint){0};
    return error != 0 ? error : -FA_POSIX_ECONNABORTED; // the error was read by SO_ERROR
}

int fa_posix_connect(struct fa_posix *posix, int fd, const struct fa_posix_sockaddr *remote)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    struct fa_endpoint at;
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (remote->family == FA_POSIX_AF_UNSPEC) {
        return disconnect(file);
    }
    int error = fa__posix_name_in(file, remote, &at);
    if (error != 0) {
        return error;
    }
    if (file->kind == FA__POSIX_DATAGRAM) {
        return connect_datagram(file, &at);
    }
    if (file->state == FA__POSIX_CONNECTED || file->state == FA__POSIX_LISTENING) {
        return -FA_POSIX_EISCONN;
    }
    bool first = file->state != FA__POSIX_CONNECTING;
    error = first ? begin_stream(file, &at) : 0;
    if (error != 0) {
        return error;
    }
    fa_ns deadline = fa__posix_deadline(posix, file->tx_timeout_ns);
    while (fa__posix_connect_end(file) == -FA_POSIX_EINPROGRESS) {
        if (file->nonblock) {
            return first ? -FA_POSIX_EINPROGRESS : -FA_POSIX_EALREADY;
        }
        error = fa__posix_wait(file, deadline);
        if (error != 0) {
            return error == -FA_POSIX_EAGAIN ? -FA_POSIX_EINPROGRESS : error;
        }
    }
    return file->state == FA__POSIX_CONNECTED ? 0 : give_up(file);
}

/* ---- shutdown ---- */

int fa_posix_shutdown(struct fa_posix *posix, int fd, int how)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (how < FA_POSIX_SHUT_RD || how > FA_POSIX_SHUT_RDWR) {
        return -FA_POSIX_EINVAL;
    }
    (void)fa__posix_connect_end(file); // a connect on its way may be over by now
    if (file->state != FA__POSIX_CONNECTED) {
        return -FA_POSIX_ENOTCONN;
    }
    file->rx_shut = file->rx_shut || how != FA_POSIX_SHUT_WR;
    if (how != FA_POSIX_SHUT_RD) {
        file->tx_shut = true;
        if (file->kind == FA__POSIX_STREAM) {
            fa_err err = fa_flow_shutdown(file->flow);
            if (err != FA_OK) {
                fa__posix_note_error(file, err);
                return -FA_POSIX_ENOTCONN;
            }
        }
    }
    fa__posix_wake(file);
    return 0;
}
