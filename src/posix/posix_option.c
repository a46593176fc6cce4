// SPDX-License-Identifier: ISC
//
// Options. What is a number stands in one table: of which sockets it is, what it may be, what is
// told of it, and whom it is told to when it changes; the numbers themselves are kept in
// fa_posix_file.options, where 0 means as usual. The others have functions (posix_value.c). What
// Linux has and this stack does not says so.

#include "fa/wire/ip4.h"
#include "src/posix/posix_priv.h"

enum how {
    SWITCH = 1 << 0,    /* any number but 0 is 1 */
    USUAL = 1 << 1,     /* -1 is as usual */
    BRING_IN = 1 << 2,  /* what is out of bounds becomes the bound */
    TWICE = 1 << 3,     /* twice of it is told, as in Linux */
    READ_ONLY = 1 << 4, /* told, not kept */
    LACKING = 1 << 5,   /* Linux has it */
};

struct option {
    int16_t level;
    int16_t name;
    uint8_t kind; /* enum fa__posix_kind; FA__POSIX_FREE: of every socket */
    uint8_t how;
    uint8_t number; /* enum fa__posix_number */
    int min;
    int max;
    int (*shown)(struct fa_posix_file *file, int number); /* NULL: the number itself */
    int (*apply)(struct fa_posix_file *file);             /* NULL: it is looked at when it counts */
};

/* ---- what is told ---- */

static int show_type(struct fa_posix_file *file, int number)
{
    (void)number;
    return file->kind == FA__POSIX_STREAM ? FA_POSIX_SOCK_STREAM : FA_POSIX_SOCK_DGRAM;
}

static int show_protocol(struct fa_posix_file *file, int number)
{
    (void)number;
    return file->kind == FA__POSIX_STREAM ? FA_POSIX_IPPROTO_TCP : FA_POSIX_IPPROTO_UDP;
}

static int show_domain(struct fa_posix_file *file, int number)
{
    (void)number;
    return file->family;
}

static int show_listening(struct fa_posix_file *file, int number)
{
    (void)number;
    return file->state == FA__POSIX_LISTENING;
}

static int show_error(struct fa_posix_file *file, int number)
{
    (void)number;
    (void)fa__posix_ready(file); // what broke it since the last call becomes known
    return -fa__posix_take_error(file);
}

static const struct fa_tcp_config *tcp_of(const struct fa_posix_file *file)
{
    return &file->posix->config.stack->tcp.config;
}

static int show_sndbuf(struct fa_posix_file *file, int number)
{
    return number != 0 ? number : (int)tcp_of(file)->tx_buffer_bytes;
}

static int show_rcvbuf(struct fa_posix_file *file, int number)
{
    return number != 0 ? number : (int)tcp_of(file)->rx_window_bytes;
}

static int seconds_or(int number, fa_ns otherwise)
{
    return number != 0 ? number : (int)(otherwise / FA_NS_S);
}

static int show_keepidle(struct fa_posix_file *file, int number)
{
    return seconds_or(number, tcp_of(file)->keepalive_after_ns);
}

static int show_keepintvl(struct fa_posix_file *file, int number)
{
    return seconds_or(number, tcp_of(file)->keepalive_interval_ns);
}

static int show_keepcnt(struct fa_posix_file *file, int number)
{
    return number != 0 ? number : (int)tcp_of(file)->keepalive_probes;
}

static int show_linger2(struct fa_posix_file *file, int number)
{
    return seconds_or(number, tcp_of(file)->fin_wait_2_ns);
}

static int show_maxseg(struct fa_posix_file *file, int number)
{
    struct fa_tcp_info info;
    if (!fa__posix_has_flow(file)) {
        return number != 0 ? number : FA_TCP_MSS_DEFAULT;
    }
    fa_tcp_info_of(file->flow, &info);
    return (int)info.mss_bytes;
}

static int show_ttl(struct fa_posix_file *file, int number)
{
    (void)file;
    return number != 0 ? number : FA_IP4_TTL_DEFAULT;
}

/* ---- who is told ---- */

struct fa_tcp_options fa__posix_tcp_options(const struct fa_posix_file *file)
{
    const int *numbers = file->options;
    return (struct fa_tcp_options){
        .rx_window_bytes = (uint32_t)numbers[FA__POSIX_RCVBUF] / 2,
        .tx_buffer_bytes = (uint32_t)numbers[FA__POSIX_SNDBUF] / 2,
        .keepalive_after_s = (uint16_t)numbers[FA__POSIX_KEEPIDLE],
        .keepalive_interval_s = (uint16_t)numbers[FA__POSIX_KEEPINTVL],
        .keepalive_probes = (uint8_t)numbers[FA__POSIX_KEEPCNT],
        .fin_wait_2_s = (uint8_t)numbers[FA__POSIX_LINGER2],
        .ttl = (uint8_t)numbers[FA__POSIX_TTL],
        .traffic = (uint8_t)numbers[FA__POSIX_TRAFFIC],
        .mss_bytes = (uint16_t)numbers[FA__POSIX_MAXSEG],
        .quick_ack = numbers[FA__POSIX_QUICKACK] != 0,
    };
}

static uint32_t bytes_or(int number, uint32_t otherwise)
{
    return number != 0 ? (uint32_t)number / 2 : otherwise;
}

/* Those of a connection, a listener, or a bound datagram socket. */
static int apply_options(struct fa_posix_file *file)
{
    const int *numbers = file->options;
    if (fa__posix_has_flow(file)) {
        struct fa_tcp_options options = fa__posix_tcp_options(file);
        fa_tcp_options_set(file->flow, fa__posix_now(file->posix), &options);
    } else if (file->state == FA__POSIX_LISTENING) {
        file->listener.config.options = fa__posix_tcp_options(file);
        file->listener.config.nagle = numbers[FA__POSIX_NODELAY] == 0;
    } else if (file->kind == FA__POSIX_DATAGRAM && file->state != FA__POSIX_IDLE) {
        struct fa_udp_socket_config *config = &file->udp.config;
        config->broadcast = numbers[FA__POSIX_BROADCAST] != 0;
        config->tx_bytes_max = bytes_or(numbers[FA__POSIX_SNDBUF], FA_UDP_QUEUE_BYTES_DEFAULT);
        config->rx_bytes_max = bytes_or(numbers[FA__POSIX_RCVBUF], FA_UDP_QUEUE_BYTES_DEFAULT);
    }
    return 0;
}

static int apply_nodelay(struct fa_posix_file *file)
{
    if (fa__posix_has_flow(file)) {
        fa_tcp_nagle_set(file->flow, file->options[FA__POSIX_NODELAY] == 0);
    }
    return apply_options(file);
}

static int apply_cork(struct fa_posix_file *file)
{
    if (fa__posix_has_flow(file)) {
        fa_tcp_cork_set(file->flow, file->options[FA__POSIX_CORK] != 0);
    }
    return 0;
}

static int apply_keepalive(struct fa_posix_file *file)
{
    if (fa__posix_has_flow(file)) {
        bool on = file->options[FA__POSIX_KEEPALIVE] != 0;
        fa_tcp_keepalive_set(file->flow, fa__posix_now(file->posix), on);
    }
    return 0;
}

static int apply_user_timeout(struct fa_posix_file *file)
{
    if (fa__posix_has_flow(file)) {
        fa_ns timeout = (fa_ns)file->options[FA__POSIX_USER_TIMEOUT] * FA_NS_MS;
        fa_tcp_user_timeout_set(file->flow, timeout);
    }
    return 0;
}

static int apply_v6only(struct fa_posix_file *file)
{
    return file->state == FA__POSIX_IDLE ? 0 : -FA_POSIX_EINVAL;
}

/* ---- the table ---- */

#define ANY    FA__POSIX_FREE
#define STREAM FA__POSIX_STREAM
#define DGRAM  FA__POSIX_DATAGRAM

#define SOCKET(name) FA_POSIX_SOL_SOCKET, FA_POSIX_SO_##name
#define TCP(name)    FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_##name, STREAM
#define IP4(name)    FA_POSIX_IPPROTO_IP, FA_POSIX_IP_##name
#define IP6(name)    FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_##name

/* Bytes of a buffer: what Linux gives at least, and more than any configuration has. */
#define BUFFER     BRING_IN | TWICE
#define BUFFER_MAX (1 << 29)

static const struct option options[] = {
    {SOCKET(REUSEADDR), ANY, SWITCH, FA__POSIX_REUSE, 0, 0, NULL, NULL},
    {SOCKET(TYPE), ANY, READ_ONLY, 0, 0, 0, show_type, NULL},
    {SOCKET(ERROR), ANY, READ_ONLY, 0, 0, 0, show_error, NULL},
    {SOCKET(BROADCAST), ANY, SWITCH, FA__POSIX_BROADCAST, 0, 0, NULL, apply_options},
    {SOCKET(SNDBUF), ANY, BUFFER, FA__POSIX_SNDBUF, 2304, BUFFER_MAX, show_sndbuf, apply_options},
    {SOCKET(RCVBUF), ANY, BUFFER, FA__POSIX_RCVBUF, 1152, BUFFER_MAX, show_rcvbuf, apply_options},
    {SOCKET(KEEPALIVE), ANY, SWITCH, FA__POSIX_KEEPALIVE, 0, 0, NULL, apply_keepalive},
    {SOCKET(TIMESTAMP), ANY, LACKING, 0, 0, 0, NULL, NULL},
    {SOCKET(ACCEPTCONN), ANY, READ_ONLY, 0, 0, 0, show_listening, NULL},
    {SOCKET(PROTOCOL), ANY, READ_ONLY, 0, 0, 0, show_protocol, NULL},
    {SOCKET(DOMAIN), ANY, READ_ONLY, 0, 0, 0, show_domain, NULL},
    {TCP(NODELAY), SWITCH, FA__POSIX_NODELAY, 0, 0, NULL, apply_nodelay},
    {TCP(MAXSEG), 0, FA__POSIX_MAXSEG, 88, 32767, show_maxseg, apply_options},
    {TCP(CORK), SWITCH, FA__POSIX_CORK, 0, 0, NULL, apply_cork},
    {TCP(KEEPIDLE), 0, FA__POSIX_KEEPIDLE, 1, 32767, show_keepidle, apply_options},
    {TCP(KEEPINTVL), 0, FA__POSIX_KEEPINTVL, 1, 32767, show_keepintvl, apply_options},
    {TCP(KEEPCNT), 0, FA__POSIX_KEEPCNT, 1, 127, show_keepcnt, apply_options},
    {TCP(LINGER2), BRING_IN, FA__POSIX_LINGER2, 0, 120, show_linger2, apply_options},
    {TCP(QUICKACK), SWITCH, FA__POSIX_QUICKACK, 0, 0, NULL, apply_options},
    {TCP(USER_TIMEOUT), 0, FA__POSIX_USER_TIMEOUT, 0, INT32_MAX, NULL, apply_user_timeout},
    {IP4(TOS), ANY, 0, FA__POSIX_TRAFFIC, 0, 255, NULL, apply_options},
    {IP4(TTL), ANY, USUAL, FA__POSIX_TTL, 1, 255, show_ttl, apply_options},
    {IP4(PKTINFO), DGRAM, SWITCH, FA__POSIX_PKTINFO, 0, 0, NULL, NULL},
    {IP4(RECVTTL), DGRAM, SWITCH, FA__POSIX_RECVTTL, 0, 0, NULL, NULL},
    {IP4(RECVTOS), DGRAM, SWITCH, FA__POSIX_RECVTRAFFIC, 0, 0, NULL, NULL},
    {IP6(UNICAST_HOPS), ANY, USUAL, FA__POSIX_TTL, 1, 255, show_ttl, apply_options},
    {IP6(V6ONLY), ANY, SWITCH, FA__POSIX_V6ONLY, 0, 0, NULL, apply_v6only},
    {IP6(RECVPKTINFO), DGRAM, SWITCH, FA__POSIX_PKTINFO, 0, 0, NULL, NULL},
    {IP6(RECVHOPLIMIT), DGRAM, SWITCH, FA__POSIX_RECVTTL, 0, 0, NULL, NULL},
    {IP6(RECVTCLASS), DGRAM, SWITCH, FA__POSIX_RECVTRAFFIC, 0, 0, NULL, NULL},
    {IP6(TCLASS), ANY, USUAL, FA__POSIX_TRAFFIC, 0, 255, NULL, apply_options},
};

static const struct option *find_option(const struct fa_posix_file *file, int level, int name)
{
    if (level == FA_POSIX_IPPROTO_IPV6 && file->family != FA_POSIX_AF_INET6) {
        return NULL;
    }
    for (size_t i = 0; i < FA_COUNT_OF(options); i++) {
        const struct option *option = &options[i];
        if (option->level == level && option->name == name &&
            (option->kind == ANY || option->kind == file->kind)) {
            return option;
        }
    }
    return NULL;
}

/* ---- reading and setting ---- */

static int get_number(
    struct fa_posix_file *file, const struct option *option, void *value, uint32_t *len)
{
    if ((option->how & LACKING) != 0) {
        return -FA_POSIX_EOPNOTSUPP;
    }
    int number = (option->how & READ_ONLY) != 0 ? 0 : file->options[option->number];
    number = option->shown != NULL ? option->shown(file, number) : number;
    return fa__posix_value_put(value, len, &number, sizeof number);
}

/* Bring a number to what is kept. Returns: whether it may be one. */
static bool take_number(const struct option *option, int *number)
{
    if ((option->how & SWITCH) != 0) {
        *number = *number != 0;
        return true;
    }
    if ((option->how & USUAL) != 0 && *number == -1) {
        *number = 0;
        return true;
    }
    if ((option->how & BRING_IN) != 0) {
        *number = *number < option->min ? option->min : *number;
        *number = *number > option->max ? option->max : *number;
    }
    return *number >= option->min && *number <= option->max;
}

static int set_number(
    struct fa_posix_file *file, const struct option *option, const void *value, uint32_t len)
{
    int number;
    if ((option->how & (LACKING | READ_ONLY)) != 0) {
        return -FA_POSIX_EOPNOTSUPP;
    }
    if (len < sizeof number) {
        return -FA_POSIX_EINVAL;
    }
    fa_copy(&number, value, sizeof number);
    if (!take_number(option, &number)) {
        return -FA_POSIX_EINVAL;
    }
    int *kept = &file->options[option->number];
    int before = *kept;
    *kept = (option->how & TWICE) != 0 ? 2 * number : number;
    int error = option->apply != NULL ? option->apply(file) : 0;
    *kept = error == 0 ? *kept : before;
    return error;
}

void fa__posix_options_apply(struct fa_posix_file *file)
{
    for (size_t i = 0; i < FA_COUNT_OF(options); i++) {
        const struct option *option = &options[i];
        if (option->apply != NULL && file->options[option->number] != 0 &&
            (option->kind == ANY || option->kind == file->kind)) {
            (void)option->apply(file); // it was allowed before
        }
    }
    fa__posix_congestion_apply(file);
}

int fa_posix_getsockopt(
    struct fa_posix *posix, int fd, int level, int name, void *value, uint32_t *len)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    const struct option *option = find_option(file, level, name);
    return option != NULL ? get_number(file, option, value, len)
                          : fa__posix_value_get(file, level, name, value, len);
}

int fa_posix_setsockopt(
    struct fa_posix *posix, int fd, int level, int name, const void *value, uint32_t len)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    const struct option *option = find_option(file, level, name);
    return option != NULL ? set_number(file, option, value, len)
                          : fa__posix_value_set(file, level, name, value, len);
}
