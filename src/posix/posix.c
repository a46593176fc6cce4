// SPDX-License-Identifier: ISC
//
// The table of descriptors, and how a call learns that something has changed.

#include "src/posix/posix_priv.h"

/* ---- descriptors ---- */

void fa_posix_init(struct fa_posix *posix, const struct fa_posix_config *config)
{
    FA_ASSERT(config->stack != NULL && config->files != NULL);
    FA_ASSERT(config->file_count_max <= INT32_MAX);
    *posix = (struct fa_posix){.config = *config};
    fa_list_init(&posix->free);
    fa_waitq_init(&posix->pollers);
}

struct fa_posix_file *fa__posix_file(struct fa_posix *posix, int fd)
{
    if (fd < 0 || (uint32_t)fd >= posix->carved_count) {
        return NULL;
    }
    struct fa_posix_file *file = &posix->config.files[fd];
    return file->kind != FA__POSIX_FREE && !file->closing ? file : NULL;
}

struct fa_posix_file *fa__posix_socket(struct fa_posix *posix, int fd)
{
    struct fa_posix_file *file = fa__posix_file(posix, fd);
    return file != NULL && file->kind != FA__POSIX_EPOLL ? file : NULL;
}

int fa__posix_fd(const struct fa_posix_file *file)
{
    return (int)(file - file->posix->config.files);
}

static struct fa_posix_file *take_file(struct fa_posix *posix)
{
    struct fa_list *node = fa_list_pop_front(&posix->free);
    if (node != NULL) {
        return FA_CONTAINER(node, struct fa_posix_file, node);
    }
    if (posix->carved_count == posix->config.file_count_max) {
        return NULL;
    }
    struct fa_posix_file *file = &posix->config.files[posix->carved_count++];
    file->generation = 0;
    return file;
}

/* ---- events ---- */

void fa__posix_wake(struct fa_posix_file *file)
{
    struct fa_posix *posix = file->posix;
    fa_waitq_wake_all(&file->waitq);
    fa_waitq_wake_all(&posix->pollers);
    fa__posix_epoll_note(file);
    if (posix->config.event != NULL) {
        posix->config.event(posix->config.ctx);
    }
}

static void on_watch(struct fa_watch *watch, unsigned events)
{
    (void)events;
    fa__posix_wake(FA_CONTAINER(watch, struct fa_posix_file, watch));
}

struct fa_posix_file *fa__posix_open(
    struct fa_posix *posix, enum fa__posix_kind kind, uint16_t family)
{
    struct fa_posix_file *file = take_file(posix);
    if (file == NULL) {
        return NULL;
    }
    *file = (struct fa_posix_file){
        .posix = posix,
        .watch = {on_watch},
        .generation = file->generation,
        .kind = (uint8_t)kind,
        .family = family,
        .rx_timeout_ns = FA_NS_NEVER,
        .tx_timeout_ns = FA_NS_NEVER,
    };
    fa_waitq_init(&file->waitq);
    fa_list_init(&file->members);
    fa_list_init(&file->ready);
    return file;
}

void fa__posix_flow_set(struct fa_posix_file *file, struct fa_flow *flow)
{
    struct fa_tcp_info info;
    fa_tcp_info_of(flow, &info);
    file->flow = flow;
    file->local = info.local;
    file->remote = info.remote;
    flow->watch = &file->watch;
    fa__posix_options_apply(file);
}

fa_ns fa__posix_now(const struct fa_posix *posix)
{
    return fa_stack_now(posix->config.stack);
}

fa_ns fa__posix_deadline(const struct fa_posix *posix, fa_ns timeout)
{
    return fa_ns_after(fa__posix_now(posix), timeout);
}

int fa__posix_wait(struct fa_posix_file *file, fa_ns deadline)
{
    const struct fa_posix_config *config = &file->posix->config;
    uint32_t generation = file->generation;
    fa_err err = config->wait != NULL ? config->wait(config->ctx, &file->waitq, deadline)
                                      : fa_waitq_wait(&file->waitq, deadline);
    if (file->generation != generation) {
        return -FA_POSIX_EBADF;
    }
    return err == FA_ETIMEOUT ? -FA_POSIX_EAGAIN : -fa__posix_errno(err);
}

/* ---- errors ---- */

int fa__posix_errno(fa_err err)
{
    switch (err) {
    case FA_OK:
        return 0;
    case FA_AGAIN:
        return FA_POSIX_EAGAIN;
    case FA_EINVAL:
        return FA_POSIX_EINVAL;
    case FA_ENOSPC:
        return FA_POSIX_ENOBUFS;
    case FA_ECLOSED:
        return FA_POSIX_EPIPE;
    case FA_ERESET:
        return FA_POSIX_ECONNRESET;
    case FA_ETIMEOUT:
        return FA_POSIX_ETIMEDOUT;
    case FA_EREFUSED:
        return FA_POSIX_ECONNREFUSED;
    case FA_ENOENT:
        return FA_POSIX_ENETUNREACH;
    case FA_ECANCEL:
        return FA_POSIX_EINTR;
    case FA_ECORRUPT:
    case FA_EIO:
        break;
    }
    return FA_POSIX_EDEADLK; // no outcome of a stack; of config.wait: nothing will ever come
}

void fa__posix_note_error(struct fa_posix_file *file, fa_err err)
{
    if (!file->broken) {
        file->broken = true;
        file->error = fa__posix_errno(err);
    }
}

int fa__posix_take_error(struct fa_posix_file *file)
{
    int error = file->error;
    file->error = 0;
    return -error;
}

/* ---- life ---- */

int fa_posix_socket(struct fa_posix *posix, int domain, int type, int protocol)
{
    int flags = type & (FA_POSIX_SOCK_NONBLOCK | FA_POSIX_SOCK_CLOEXEC);
    bool stream = (type ^ flags) == FA_POSIX_SOCK_STREAM;
    if (domain != FA_POSIX_AF_INET && domain != FA_POSIX_AF_INET6) {
        return -FA_POSIX_EAFNOSUPPORT;
    }
    if (!stream && (type ^ flags) != FA_POSIX_SOCK_DGRAM) {
        return -FA_POSIX_ESOCKTNOSUPPORT;
    }
    if (protocol != 0 && protocol != (stream ? FA_POSIX_IPPROTO_TCP : FA_POSIX_IPPROTO_UDP)) {
        return -FA_POSIX_EPROTONOSUPPORT;
    }
    struct fa_posix_file *file =
        fa__posix_open(posix, stream ? FA__POSIX_STREAM : FA__POSIX_DATAGRAM, (uint16_t)domain);
    if (file == NULL) {
        return -FA_POSIX_EMFILE;
    }
    file->nonblock = (flags & FA_POSIX_SOCK_NONBLOCK) != 0;
    return fa__posix_fd(file);
}

static void close_stream(struct fa_posix_file *file)
{
    switch ((enum fa__posix_state)file->state) {
    case FA__POSIX_IDLE:
    case FA__POSIX_BOUND:
        break;
    case FA__POSIX_LISTENING:
        fa_listener_close(&file->listener.listener);
        break;
    case FA__POSIX_CONNECTING:
    case FA__POSIX_CONNECTED:
        if (file->lingers && file->linger_ns == 0) {
            fa_flow_abort(file->flow);
        } else {
            fa_flow_close(file->flow);
        }
        break;
    }
}

static void close_epoll(struct fa_posix_file *file)
{
    struct fa_list *node;
    while ((node = fa_list_first(&file->members)) != NULL) {
        fa__posix_epoll_forget(FA_CONTAINER(node, struct fa_posix_file, members_node));
    }
}

static void give_back(struct fa_posix_file *file)
{
    if (file->kind == FA__POSIX_STREAM) {
        close_stream(file);
    } else if (file->kind == FA__POSIX_EPOLL) {
        close_epoll(file);
    } else if (file->state != FA__POSIX_IDLE) {
        fa_buf_drop(file->held);
        fa_udp_close(&file->udp);
    }
    file->generation++;
    fa__posix_wake(file);
    file->kind = FA__POSIX_FREE;
    fa_list_push_back(&file->posix->free, &file->node);
}

/* Wait until the peer has all, and our end. Returns: whether the file is still there. */
static bool linger(struct fa_posix_file *file)
{
    fa_ns deadline = fa__posix_deadline(file->posix, file->linger_ns);
    struct fa_tcp_info info;
    fa_tcp_info_of(file->flow, &info);
    if (info.unread_bytes != 0 || fa_flow_shutdown(file->flow) != FA_OK) {
        return true; // it will be a reset
    }
    int error = 0;
    while (error == 0 && fa_tcp_drained(file->flow) == FA_AGAIN) {
        error = fa__posix_wait(file, deadline);
    }
    return error != -FA_POSIX_EBADF;
}

int fa_posix_close(struct fa_posix *posix, int fd)
{
    struct fa_posix_file *file = fa__posix_file(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    fa__posix_epoll_forget(file);
    if (fa__posix_has_flow(file) && file->lingers && file->linger_ns != 0) {
        file->closing = true;
        file->generation++;
        fa__posix_wake(file); // who waits for it gets -EBADF
        if (!linger(file)) {
            return 0;
        }
    }
    give_back(file);
    return 0;
}

void fa_posix_done(struct fa_posix *posix)
{
    for (uint32_t i = 0; i < posix->carved_count; i++) {
        struct fa_posix_file *file = &posix->config.files[i];
        if (file->kind != FA__POSIX_FREE) {
            fa__posix_epoll_forget(file);
            give_back(file);
        }
    }
}
