// SPDX-License-Identifier: ISC
//
// Readiness, poll and epoll.
//
// Asking a flow for bytes or room that is not there makes its watch tell of it later, so to look is
// to be told. An epoll keeps a list of members that may be ready: a watch puts one there, a wait
// that finds it is not takes it out. Thus a wait costs what is ready, not what is watched.

#include "src/posix/posix_priv.h"

/* ---- readiness ---- */

static unsigned ready_rx(struct fa_posix_file *file)
{
    struct fa_slice seen;
    fa_err err = fa_flow_peek(file->flow, &seen);
    if (err == FA_OK) {
        return FA_POSIX_POLLIN;
    }
    if (err == FA_ECLOSED) {
        return FA_POSIX_POLLIN | FA_POSIX_POLLRDHUP | (file->tx_shut ? FA_POSIX_POLLHUP : 0u);
    }
    if (err != FA_AGAIN) {
        fa__posix_note_error(file, err);
        return 0;
    }
    return file->rx_shut ? FA_POSIX_POLLIN | FA_POSIX_POLLRDHUP : 0u;
}

static unsigned ready_tx(struct fa_posix_file *file)
{
    uint8_t *at;
    size_t cap;
    fa_err err = fa_flow_reserve(file->flow, &at, &cap);
    if (err == FA_OK) {
        fa_flow_commit(file->flow, 0);
    }
    if (err != FA_OK && err != FA_AGAIN && err != FA_ECLOSED) {
        fa__posix_note_error(file, err);
    }
    return err != FA_AGAIN ? FA_POSIX_POLLOUT : 0u;
}

static unsigned ready_stream(struct fa_posix_file *file)
{
    switch ((enum fa__posix_state)file->state) {
    case FA__POSIX_IDLE:
    case FA__POSIX_BOUND:
        return FA_POSIX_POLLOUT | FA_POSIX_POLLHUP; // as Linux says
    case FA__POSIX_LISTENING:
        return fa_tcp_listener_pending(&file->listener) != 0 ? FA_POSIX_POLLIN : 0u;
    case FA__POSIX_CONNECTING:
    case FA__POSIX_CONNECTED:
        break;
    }
    if (fa__posix_connect_end(file) == -FA_POSIX_EINPROGRESS) {
        return 0;
    }
    unsigned ready = file->broken ? 0 : ready_rx(file) | ready_tx(file);
    if (file->broken) {
        ready = FA_POSIX_POLLIN | FA_POSIX_POLLOUT | FA_POSIX_POLLHUP | FA_POSIX_POLLRDHUP;
    }
    return ready | (file->error != 0 ? FA_POSIX_POLLERR : 0u);
}

static unsigned ready_datagram(struct fa_posix_file *file)
{
    int error = fa__posix_hold(file);
    unsigned ready = FA_POSIX_POLLOUT;
    if (error == 0 || file->rx_shut) {
        ready |= FA_POSIX_POLLIN;
    } else if (error != -FA_POSIX_EAGAIN) {
        ready |= FA_POSIX_POLLERR;
    }
    return ready;
}

unsigned fa__posix_ready(struct fa_posix_file *file)
{
    switch ((enum fa__posix_kind)file->kind) {
    case FA__POSIX_FREE:
        break;
    case FA__POSIX_STREAM:
        return ready_stream(file);
    case FA__POSIX_DATAGRAM:
        return ready_datagram(file);
    case FA__POSIX_EPOLL:
        return fa_list_empty(&file->ready) ? 0u : FA_POSIX_POLLIN;
    }
    return FA_POSIX_POLLNVAL;
}

/* ---- poll ---- */

static const unsigned unasked = FA_POSIX_POLLERR | FA_POSIX_POLLHUP | FA_POSIX_POLLNVAL;

static int poll_once(struct fa_posix *posix, struct fa_posix_pollfd *fds, size_t fd_count)
{
    int count = 0;
    for (size_t i = 0; i < fd_count; i++) {
        fds[i].revents = 0;
        if (fds[i].fd < 0) {
            continue;
        }
        struct fa_posix_file *file = fa__posix_file(posix, fds[i].fd);
        unsigned ready = file != NULL ? fa__posix_ready(file) : FA_POSIX_POLLNVAL;
        fds[i].revents = (int16_t)(ready & ((uint16_t)fds[i].events | unasked));
        count += fds[i].revents != 0 ? 1 : 0;
    }
    return count;
}

/* Wait for an event of any file. Returns: 0; -EAGAIN at the deadline; negative. */
static int wait_any(struct fa_posix *posix, fa_ns deadline)
{
    const struct fa_posix_config *config = &posix->config;
    fa_err err = config->wait != NULL ? config->wait(config->ctx, &posix->pollers, deadline)
                                      : fa_waitq_wait(&posix->pollers, deadline);
    return err == FA_ETIMEOUT ? -FA_POSIX_EAGAIN : -fa__posix_errno(err);
}

static fa_ns deadline_of(const struct fa_posix *posix, int timeout_ms)
{
    return timeout_ms < 0 ? FA_NS_NEVER : fa__posix_deadline(posix, (fa_ns)timeout_ms * FA_NS_MS);
}

int fa_posix_poll(
    struct fa_posix *posix, struct fa_posix_pollfd *fds, size_t fd_count, int timeout_ms)
{
    fa_ns deadline = deadline_of(posix, timeout_ms);
    int count;
    while ((count = poll_once(posix, fds, fd_count)) == 0 && timeout_ms != 0) {
        int error = wait_any(posix, deadline);
        if (error != 0) {
            return error == -FA_POSIX_EAGAIN ? poll_once(posix, fds, fd_count) : error;
        }
    }
    return count;
}

/* ---- epoll ---- */

void fa__posix_epoll_note(struct fa_posix_file *file)
{
    struct fa_posix_file *epoll = file->epoll;
    if (epoll != NULL && !fa_list_linked(&file->node)) {
        fa_list_push_back(&epoll->ready, &file->node);
        fa_waitq_wake_all(&epoll->waitq);
    }
}

void fa__posix_epoll_forget(struct fa_posix_file *file)
{
    if (file->epoll != NULL) {
        fa_list_unlink(&file->members_node);
        fa_list_unlink(&file->node);
        file->epoll = NULL;
    }
}

static struct fa_posix_file *find_epoll(struct fa_posix *posix, int epfd)
{
    struct fa_posix_file *file = fa__posix_file(posix, epfd);
    return file != NULL && file->kind == FA__POSIX_EPOLL ? file : NULL;
}

int fa_posix_epoll_create(struct fa_posix *posix)
{
    struct fa_posix_file *file = fa__posix_open(posix, FA__POSIX_EPOLL, FA_POSIX_AF_UNSPEC);
    return file != NULL ? fa__posix_fd(file) : -FA_POSIX_EMFILE;
}

int fa_posix_epoll_ctl(
    struct fa_posix *posix, int epfd, int op, int fd, const struct fa_posix_epoll_event *event)
{
    struct fa_posix_file *epoll = fa__posix_file(posix, epfd);
    struct fa_posix_file *file = fa__posix_file(posix, fd);
    if (epoll == NULL || file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (epoll->kind != FA__POSIX_EPOLL || file->kind == FA__POSIX_EPOLL) {
        return -FA_POSIX_EINVAL;
    }
    if (op == FA_POSIX_EPOLL_CTL_ADD ? file->epoll != NULL : file->epoll != epoll) {
        return op == FA_POSIX_EPOLL_CTL_ADD ? -FA_POSIX_EEXIST : -FA_POSIX_ENOENT;
    }
    switch (op) {
    case FA_POSIX_EPOLL_CTL_ADD:
        file->epoll = epoll;
        fa_list_push_back(&epoll->members, &file->members_node);
        break;
    case FA_POSIX_EPOLL_CTL_MOD:
        break;
    case FA_POSIX_EPOLL_CTL_DEL:
        fa__posix_epoll_forget(file);
        return 0;
    default:
        return -FA_POSIX_EINVAL;
    }
    file->epoll_events = event->events | FA_POSIX_POLLERR | FA_POSIX_POLLHUP;
    file->epoll_data = event->data;
    fa__posix_epoll_note(file);
    return 0;
}

/* Report the members that are ready, those that stay so behind the others. */
static int report_ready(
    struct fa_posix_file *epoll, struct fa_posix_epoll_event *ret_events, size_t count_max)
{
    const uint32_t how = (uint32_t)FA_POSIX_EPOLLET | FA_POSIX_EPOLLONESHOT;
    struct fa_list again;
    size_t count = 0;
    fa_list_init(&again);
    while (count < count_max && !fa_list_empty(&epoll->ready)) {
        struct fa_list *node = fa_list_pop_front(&epoll->ready);
        struct fa_posix_file *file = FA_CONTAINER(node, struct fa_posix_file, node);
        uint32_t events = fa__posix_ready(file) & file->epoll_events & ~how;
        if (events == 0) {
            continue;
        }
        ret_events[count++] = (struct fa_posix_epoll_event){events, file->epoll_data};
        if ((file->epoll_events & FA_POSIX_EPOLLONESHOT) != 0) {
            file->epoll_events &= how;
        } else if ((file->epoll_events & (uint32_t)FA_POSIX_EPOLLET) == 0) {
            fa_list_push_back(&again, node);
        }
    }
    struct fa_list *node;
    while ((node = fa_list_pop_front(&again)) != NULL) {
        fa_list_push_back(&epoll->ready, node);
    }
    return (int)count;
}

int fa_posix_epoll_wait(struct fa_posix *posix, int epfd, struct fa_posix_epoll_event *ret_events,
    size_t count_max, int timeout_ms)
{
    struct fa_posix_file *epoll = find_epoll(posix, epfd);
    fa_ns deadline = deadline_of(posix, timeout_ms);
    int count;
    if (epoll == NULL || count_max == 0) {
        return epoll == NULL ? -FA_POSIX_EBADF : -FA_POSIX_EINVAL;
    }
    while ((count = report_ready(epoll, ret_events, count_max)) == 0 && timeout_ms != 0) {
        int error = fa__posix_wait(epoll, deadline);
        if (error != 0) {
            return error == -FA_POSIX_EAGAIN ? report_ready(epoll, ret_events, count_max) : error;
        }
    }
    return count;
}
