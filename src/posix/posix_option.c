// SPDX-License-Identifier: ISC
//
// Options: one table says which there are, of which sockets, and who reads and sets them. An
// option that Linux has and this stack does not is in the table without functions.

#include "fa/wire/ip4.h"
#include "src/posix/posix_priv.h"

struct option {
    int16_t level;
    int16_t name;
    uint8_t kind; /* enum fa__posix_kind; FA__POSIX_FREE: of every socket */
    int (*get)(struct fa_posix_file *file, void *value, uint32_t *len);
    int (*set)(struct fa_posix_file *file, const void *value, uint32_t len);
};

/* ---- values ---- */

static int put(void *value, uint32_t *len, const void *from, size_t from_len)
{
    *len = (uint32_t)fa_min(*len, from_len);
    fa_copy(value, from, *len);
    return 0;
}

static int put_int(void *value, uint32_t *len, int number)
{
    return put(value, len, &number, sizeof number);
}

static int take_int(const void *value, uint32_t len, int *ret_number)
{
    if (len < sizeof *ret_number) {
        return -FA_POSIX_EINVAL;
    }
    fa_copy(ret_number, value, sizeof *ret_number);
    return 0;
}

/* ---- of every socket ---- */

static int get_reuse(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->reuse);
}

static int set_reuse(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int on;
    int error = take_int(value, len, &on);
    file->reuse = error == 0 ? on != 0 : file->reuse;
    return error;
}

static int get_type(struct fa_posix_file *file, void *value, uint32_t *len)
{
    bool stream = file->kind == FA__POSIX_STREAM;
    return put_int(value, len, stream ? FA_POSIX_SOCK_STREAM : FA_POSIX_SOCK_DGRAM);
}

static int get_protocol(struct fa_posix_file *file, void *value, uint32_t *len)
{
    bool stream = file->kind == FA__POSIX_STREAM;
    return put_int(value, len, stream ? FA_POSIX_IPPROTO_TCP : FA_POSIX_IPPROTO_UDP);
}

static int get_domain(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->family);
}

static int get_error(struct fa_posix_file *file, void *value, uint32_t *len)
{
    (void)fa__posix_ready(file); // what broke it since the last call becomes known
    return put_int(value, len, -fa__posix_take_error(file));
}

static int get_broadcast(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->broadcast);
}

static int set_broadcast(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int on;
    int error = take_int(value, len, &on);
    if (error != 0) {
        return error;
    }
    if (file->kind == FA__POSIX_DATAGRAM && file->state != FA__POSIX_IDLE &&
        file->broadcast != (on != 0)) {
        return -FA_POSIX_EOPNOTSUPP; // a bound port has made up its mind
    }
    file->broadcast = on != 0;
    return 0;
}

static int get_sndbuf(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, (int)file->posix->config.stack->tcp.config.tx_buffer_bytes);
}

static int get_rcvbuf(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, (int)file->posix->config.stack->tcp.config.rx_window_bytes);
}

static int get_acceptconn(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->state == FA__POSIX_LISTENING);
}

static int get_linger(struct fa_posix_file *file, void *value, uint32_t *len)
{
    struct fa_posix_linger linger = {
        .on = file->lingers, .seconds = (int)(file->linger_ns / FA_NS_S)};
    return put(value, len, &linger, sizeof linger);
}

static int set_linger(struct fa_posix_file *file, const void *value, uint32_t len)
{
    struct fa_posix_linger linger;
    if (len < sizeof linger) {
        return -FA_POSIX_EINVAL;
    }
    fa_copy(&linger, value, sizeof linger);
    file->lingers = linger.on != 0;
    file->linger_ns = (fa_ns)(linger.seconds > 0 ? linger.seconds : 0) * FA_NS_S;
    return 0;
}

static bool has_flow(const struct fa_posix_file *file)
{
    return file->kind == FA__POSIX_STREAM && file->state >= FA__POSIX_CONNECTING;
}

static int get_keepalive(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->keepalive);
}

static int set_keepalive(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int on;
    int error = take_int(value, len, &on);
    if (error != 0) {
        return error;
    }
    file->keepalive = on != 0;
    if (has_flow(file)) {
        fa_tcp_keepalive_set(file->flow, fa__posix_now(file->posix), file->keepalive);
    }
    return 0;
}

static int put_timeout(void *value, uint32_t *len, fa_ns timeout)
{
    struct fa_posix_timeval time = {0};
    if (timeout != FA_NS_NEVER) {
        time.s = (int64_t)(timeout / FA_NS_S);
        time.us = (int64_t)(timeout % FA_NS_S / FA_NS_US);
    }
    return put(value, len, &time, sizeof time);
}

static int take_timeout(const void *value, uint32_t len, fa_ns *ret_timeout)
{
    struct fa_posix_timeval time;
    if (len < sizeof time) {
        return -FA_POSIX_EINVAL;
    }
    fa_copy(&time, value, sizeof time);
    if (time.s < 0 || time.s > INT32_MAX || time.us < 0 || time.us >= 1000000) {
        return -FA_POSIX_EINVAL; // Linux says EDOM
    }
    fa_ns timeout = (fa_ns)time.s * FA_NS_S + (fa_ns)time.us * FA_NS_US;
    *ret_timeout = timeout != 0 ? timeout : FA_NS_NEVER;
    return 0;
}

static int get_rcvtimeo(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_timeout(value, len, file->rx_timeout_ns);
}

static int set_rcvtimeo(struct fa_posix_file *file, const void *value, uint32_t len)
{
    return take_timeout(value, len, &file->rx_timeout_ns);
}

static int get_sndtimeo(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_timeout(value, len, file->tx_timeout_ns);
}

static int set_sndtimeo(struct fa_posix_file *file, const void *value, uint32_t len)
{
    return take_timeout(value, len, &file->tx_timeout_ns);
}

/* ---- of TCP ---- */

static int get_nodelay(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->nodelay);
}

static int set_nodelay(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int on;
    int error = take_int(value, len, &on);
    if (error != 0) {
        return error;
    }
    file->nodelay = on != 0;
    if (has_flow(file)) {
        fa_tcp_nagle_set(file->flow, !file->nodelay);
    } else if (file->state == FA__POSIX_LISTENING) {
        file->listener.config.nagle = !file->nodelay;
    }
    return 0;
}

static int get_cork(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->cork);
}

static int set_cork(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int on;
    int error = take_int(value, len, &on);
    if (error != 0) {
        return error;
    }
    file->cork = on != 0;
    if (has_flow(file)) {
        fa_tcp_cork_set(file->flow, file->cork);
    }
    return 0;
}

static int get_congestion(struct fa_posix_file *file, void *value, uint32_t *len)
{
    enum fa_tcp_congestion which = file->posix->config.stack->tcp.config.congestion;
    if (has_flow(file)) {
        which = fa_tcp_congestion_of(file->flow);
    } else if (file->has_congestion) {
        which = (enum fa_tcp_congestion)file->congestion;
    }
    struct fa_slice name = fa_slice_of(fa_tcp_congestion_name(which));
    return put(value, len, name.at, name.len + 1);
}

static int set_congestion(struct fa_posix_file *file, const void *value, uint32_t len)
{
    struct fa_slice wanted = {value, len};
    while (wanted.len != 0 && wanted.at[wanted.len - 1] == 0) {
        wanted.len--;
    }
    for (uint8_t i = 0; i < FA_TCP_CONGESTION_COUNT; i++) {
        enum fa_tcp_congestion which = (enum fa_tcp_congestion)i;
        if (fa_slice_equal(wanted, fa_slice_of(fa_tcp_congestion_name(which)))) {
            file->has_congestion = true;
            file->congestion = i;
            return has_flow(file) ? -fa__posix_errno(fa_tcp_congestion_set(file->flow, which)) : 0;
        }
    }
    return -FA_POSIX_ENOENT;
}

static int get_user_timeout(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, (int)(file->user_timeout_ns / FA_NS_MS));
}

static int set_user_timeout(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int ms;
    int error = take_int(value, len, &ms);
    if (error != 0 || ms < 0) {
        return error != 0 ? error : -FA_POSIX_EINVAL;
    }
    file->user_timeout_ns = (fa_ns)ms * FA_NS_MS;
    if (has_flow(file)) {
        fa_tcp_user_timeout_set(file->flow, file->user_timeout_ns);
    }
    return 0;
}

static int get_info(struct fa_posix_file *file, void *value, uint32_t *len)
{
    struct fa_tcp_info info = {.local = file->local};
    if (has_flow(file)) {
        fa_tcp_info_of(file->flow, &info);
    }
    return put(value, len, &info, sizeof info);
}

static int get_maxseg(struct fa_posix_file *file, void *value, uint32_t *len)
{
    struct fa_tcp_info info = {.mss_bytes = FA_TCP_MSS_DEFAULT};
    if (has_flow(file)) {
        fa_tcp_info_of(file->flow, &info);
    }
    return put_int(value, len, (int)info.mss_bytes);
}

/* ---- of IP ---- */

static int get_ttl(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->ttl != 0 ? file->ttl : FA_IP4_TTL_DEFAULT);
}

static int set_ttl(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int ttl;
    int error = take_int(value, len, &ttl);
    if (error != 0 || ttl == 0 || ttl < -1 || ttl > 255) {
        return -FA_POSIX_EINVAL;
    }
    file->ttl = (uint8_t)(ttl == -1 ? 0 : ttl);
    if (file->state != FA__POSIX_IDLE) {
        file->udp.config.ttl = file->ttl;
    }
    return 0;
}

static int get_traffic(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->traffic);
}

static int set_traffic(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int traffic;
    int error = take_int(value, len, &traffic);
    if (error != 0 || traffic < 0 || traffic > 255) {
        return -FA_POSIX_EINVAL;
    }
    file->traffic = (uint8_t)traffic;
    if (file->state != FA__POSIX_IDLE) {
        file->udp.config.traffic = file->traffic;
    }
    return 0;
}

static int get_v6only(struct fa_posix_file *file, void *value, uint32_t *len)
{
    return put_int(value, len, file->v6only);
}

static int set_v6only(struct fa_posix_file *file, const void *value, uint32_t len)
{
    int on;
    int error = take_int(value, len, &on);
    if (error != 0) {
        return error;
    }
    if (file->family != FA_POSIX_AF_INET6 || file->state != FA__POSIX_IDLE) {
        return file->family != FA_POSIX_AF_INET6 ? -FA_POSIX_ENOPROTOOPT : -FA_POSIX_EINVAL;
    }
    file->v6only = on != 0;
    return 0;
}

/* ---- the table ---- */

#define ANY    FA__POSIX_FREE
#define STREAM FA__POSIX_STREAM
#define DGRAM  FA__POSIX_DATAGRAM

static const struct option options[] = {
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_REUSEADDR, ANY, get_reuse, set_reuse},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_TYPE, ANY, get_type, NULL},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_ERROR, ANY, get_error, NULL},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_BROADCAST, ANY, get_broadcast, set_broadcast},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_SNDBUF, ANY, get_sndbuf, NULL},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_RCVBUF, ANY, get_rcvbuf, NULL},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_KEEPALIVE, ANY, get_keepalive, set_keepalive},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_LINGER, ANY, get_linger, set_linger},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_RCVTIMEO, ANY, get_rcvtimeo, set_rcvtimeo},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_SNDTIMEO, ANY, get_sndtimeo, set_sndtimeo},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_ACCEPTCONN, ANY, get_acceptconn, NULL},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_PROTOCOL, ANY, get_protocol, NULL},
    {FA_POSIX_SOL_SOCKET, FA_POSIX_SO_DOMAIN, ANY, get_domain, NULL},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_NODELAY, STREAM, get_nodelay, set_nodelay},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_MAXSEG, STREAM, get_maxseg, NULL},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_CORK, STREAM, get_cork, set_cork},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_KEEPIDLE, STREAM, NULL, NULL},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_KEEPINTVL, STREAM, NULL, NULL},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_KEEPCNT, STREAM, NULL, NULL},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_INFO, STREAM, get_info, NULL},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_CONGESTION, STREAM, get_congestion, set_congestion},
    {FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_USER_TIMEOUT, STREAM, get_user_timeout, set_user_timeout},
    {FA_POSIX_IPPROTO_IP, FA_POSIX_IP_TOS, DGRAM, get_traffic, set_traffic},
    {FA_POSIX_IPPROTO_IP, FA_POSIX_IP_TOS, STREAM, NULL, NULL},
    {FA_POSIX_IPPROTO_IP, FA_POSIX_IP_TTL, DGRAM, get_ttl, set_ttl},
    {FA_POSIX_IPPROTO_IP, FA_POSIX_IP_TTL, STREAM, NULL, NULL},
    {FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_UNICAST_HOPS, DGRAM, get_ttl, set_ttl},
    {FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_UNICAST_HOPS, STREAM, NULL, NULL},
    {FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_V6ONLY, ANY, get_v6only, set_v6only},
    {FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_TCLASS, DGRAM, get_traffic, set_traffic},
    {FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_TCLASS, STREAM, NULL, NULL},
};

static const struct option *find_option(const struct fa_posix_file *file, int level, int name)
{
    for (size_t i = 0; i < FA_COUNT_OF(options); i++) {
        const struct option *option = &options[i];
        if (option->level == level && option->name == name &&
            (option->kind == ANY || option->kind == file->kind)) {
            return option;
        }
    }
    return NULL;
}

int fa_posix_getsockopt(
    struct fa_posix *posix, int fd, int level, int name, void *value, uint32_t *len)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    const struct option *option = find_option(file, level, name);
    if (option == NULL) {
        return -FA_POSIX_ENOPROTOOPT;
    }
    return option->get != NULL ? option->get(file, value, len) : -FA_POSIX_EOPNOTSUPP;
}

int fa_posix_setsockopt(
    struct fa_posix *posix, int fd, int level, int name, const void *value, uint32_t len)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    const struct option *option = find_option(file, level, name);
    if (option == NULL) {
        return -FA_POSIX_ENOPROTOOPT;
    }
    return option->set != NULL ? option->set(file, value, len) : -FA_POSIX_EOPNOTSUPP;
}

/* ---- fcntl and ioctl ---- */

int fa_posix_fcntl(struct fa_posix *posix, int fd, int command, int value)
{
    struct fa_posix_file *file = fa__posix_file(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    switch (command) {
    case FA_POSIX_F_GETFL:
        return FA_POSIX_O_RDWR | (file->nonblock ? FA_POSIX_O_NONBLOCK : 0);
    case FA_POSIX_F_SETFL:
        file->nonblock = (value & FA_POSIX_O_NONBLOCK) != 0;
        return 0;
    default:
        return -FA_POSIX_EINVAL;
    }
}

static int ask_flow(const struct fa_posix_file *file, unsigned long request, int *value)
{
    struct fa_tcp_info info;
    if (!has_flow(file)) {
        return -FA_POSIX_EINVAL;
    }
    fa_tcp_info_of(file->flow, &info);
    switch (request) {
    case FA_POSIX_FIONREAD:
        *value = (int)info.unread_bytes;
        return 0;
    case FA_POSIX_SIOCOUTQ:
        *value = (int)(info.in_flight_bytes + info.unsent_bytes);
        return 0;
    case FA_POSIX_SIOCOUTQNSD:
        *value = (int)info.unsent_bytes;
        return 0;
    default:
        return -FA_POSIX_EINVAL;
    }
}

int fa_posix_ioctl(struct fa_posix *posix, int fd, unsigned long request, int *value)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (request == FA_POSIX_FIONBIO) {
        file->nonblock = *value != 0;
        return 0;
    }
    if (file->kind == FA__POSIX_STREAM) {
        return ask_flow(file, request, value);
    }
    if (request != FA_POSIX_FIONREAD) {
        return -FA_POSIX_EINVAL;
    }
    *value = fa__posix_hold(file) == 0 ? (int)file->held->len : 0;
    return 0;
}
