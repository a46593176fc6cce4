// SPDX-License-Identifier: ISC
//
// The network of user mode: the loop between the wire and libslirp.

#include "user_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fa/base.h"
#include "fa/stream.h"

enum {
    LENGTH_LEN = 4, /* bytes in front of each frame */
    AREA_LEN = 4 * FA_STREAM_FRAME_MAX,
    OUT_HIGH = AREA_LEN / 2, /* bytes: with more waiting for the image, sockets are left alone */
    POLL_COUNT_MIN = 64,
    LISTEN_COUNT = 1024, /* clients that may wait to be accepted; libslirp asks for one */
};

/* Host byte order; as QEMU's `-netdev user`. */
#define NETWORK     UINT32_C(0x0a000200)
#define NETMASK     UINT32_C(0xffffff00)
#define HOST        UINT32_C(0x0a000202)
#define NAME_SERVER UINT32_C(0x0a000203)
#define GUEST       UINT32_C(0x0a00020f)

struct user_net {
    Slirp *slirp;
    int fd; /* our end of the wire */
    struct pollfd *polls;
    size_t poll_count;
    size_t poll_cap;
    uint8_t in[AREA_LEN];
    size_t in_len;
    uint8_t out[AREA_LEN];
    size_t out_len;
};

/* ---- what libslirp asks for --------------------------------------------------------------------
 */

static ssize_t send_packet(const void *at, size_t len, void *opaque)
{
    struct user_net *net = opaque;
    if (LENGTH_LEN + len <= sizeof net->out - net->out_len) {
        uint8_t *out = net->out + net->out_len;
        fa_be32_store(out, (uint32_t)len);
        fa_copy(out + LENGTH_LEN, at, len);
        net->out_len += LENGTH_LEN + len;
    } /* else it is lost, as on any wire */
    return (ssize_t)len;
}

static void ignore_guest_error(const char *message, void *opaque)
{
    (void)message;
    (void)opaque;
}

static int64_t read_clock(void *opaque)
{
    struct timespec now;
    (void)opaque;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Timers are for IPv6 router advertisements alone. */
static void *make_timer(SlirpTimerCb fn, void *ctx, void *opaque)
{
    (void)fn;
    (void)ctx;
    return opaque;
}

static void free_timer(void *timer, void *opaque)
{
    (void)timer;
    (void)opaque;
}

static void set_timer(void *timer, int64_t expire_ms, void *opaque)
{
    (void)timer;
    (void)expire_ms;
    (void)opaque;
}

static void ignore_fd(int fd, void *opaque)
{
    (void)fd;
    (void)opaque;
}

static void ignore_notice(void *opaque)
{
    (void)opaque;
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = ignore_guest_error,
    .clock_get_ns = read_clock,
    .timer_new = make_timer,
    .timer_free = free_timer,
    .timer_mod = set_timer,
    .register_poll_fd = ignore_fd,
    .unregister_poll_fd = ignore_fd,
    .notify = ignore_notice,
};

/* Both sets of flags are small sets of bits that mean the same. */
static const struct {
    int slirp;
    short poll;
} flags[] = {
    {SLIRP_POLL_IN, POLLIN},
    {SLIRP_POLL_OUT, POLLOUT},
    {SLIRP_POLL_PRI, POLLPRI},
    {SLIRP_POLL_ERR, POLLERR},
    {SLIRP_POLL_HUP, POLLHUP},
};

static int add_poll(int fd, int events, void *opaque)
{
    struct user_net *net = opaque;
    if (net->poll_count == net->poll_cap) {
        size_t cap = 2 * net->poll_cap;
        struct pollfd *polls = reallocarray(net->polls, cap, sizeof *polls);
        if (polls == NULL) {
            return -1; /* this socket waits for a better moment */
        }
        net->polls = polls;
        net->poll_cap = cap;
    }
    struct pollfd *entry = &net->polls[net->poll_count];
    *entry = (struct pollfd){.fd = fd};
    for (size_t i = 0; i < FA_COUNT_OF(flags); i++) {
        if ((events & flags[i].slirp) != 0) {
            entry->events |= flags[i].poll;
        }
    }
    return (int)net->poll_count++;
}

static int find_events(int idx, void *opaque)
{
    const struct user_net *net = opaque;
    int events = 0;
    for (size_t i = 0; idx >= 0 && i < FA_COUNT_OF(flags); i++) {
        if ((net->polls[idx].revents & flags[i].poll) != 0) {
            events |= flags[i].slirp;
        }
    }
    return events;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static struct in_addr make_addr(uint32_t address)
{
    return (struct in_addr){.s_addr = htonl(address)};
}

/* Whether the forward's port can be had. libslirp would take a UDP port away from another program,
 * and tells less about what went wrong. Returns: 0 or the errno. */
static int check_port(const struct user_net_forward *forward, struct in_addr address)
{
    const struct sockaddr_in place = {
        .sin_family = AF_INET, .sin_port = htons(forward->host_port), .sin_addr = address};
    int yes = 1;
    int fd = socket(AF_INET, (forward->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    if (!forward->udp) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); /* only TIME_WAIT */
    }
    int port_errno = bind(fd, (const struct sockaddr *)&place, sizeof place) == 0 ? 0 : errno;
    if (port_errno == 0 && !forward->udp && listen(fd, 1) != 0) {
        port_errno = errno;
    }
    (void)close(fd);
    return port_errno;
}

static const char *find_advice(int port_errno)
{
    switch (port_errno) {
    case EADDRINUSE:
        return ": another program has it; end that, or forward another port";
    case EACCES:
        return ": ports below 1024 need privilege here; forward one above";
    case EADDRNOTAVAIL:
        return ": this machine has no such address; leave it out for 127.0.0.1";
    default:
        return "";
    }
}

static bool open_forward(
    struct user_net *net, const struct user_net_forward *forward, char *reterr, size_t reterr_cap)
{
    struct in_addr address;
    const char *text = forward->address != NULL ? forward->address : "127.0.0.1";
    if (inet_pton(AF_INET, text, &address) != 1) {
        (void)snprintf(reterr, reterr_cap, "%s is no IPv4 address such as 127.0.0.1", text);
        return false;
    }
    int port_errno = check_port(forward, address);
    if (port_errno == 0 && slirp_add_hostfwd(net->slirp, forward->udp, address, forward->host_port,
                               make_addr(GUEST), forward->guest_port) != 0) {
        port_errno = errno;
    }
    if (port_errno != 0) {
        (void)snprintf(reterr, reterr_cap, "cannot listen on %s:%u/%s: %s%s", text,
            forward->host_port, forward->udp ? "udp" : "tcp", strerror(port_errno),
            find_advice(port_errno));
        return false;
    }
    return true;
}

/* Let more clients wait than the one that libslirp asks the kernel for. */
static void widen_listeners(struct user_net *net)
{
    uint32_t timeout_ms = UINT32_MAX;
    net->poll_count = 0;
    slirp_pollfds_fill(net->slirp, &timeout_ms, add_poll, net);
    for (size_t i = 0; i < net->poll_count; i++) {
        int listening = 0;
        socklen_t len = sizeof listening;
        if (getsockopt(net->polls[i].fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 &&
            listening != 0) {
            (void)listen(net->polls[i].fd, LISTEN_COUNT); /* else it works, slower */
        }
    }
}

struct user_net *user_net_open(
    const struct user_net_config *config, int *ret_fd, char *reterr, size_t reterr_cap)
{
    const SlirpConfig slirp_config = {
        .version = 4,
        .in_enabled = true,
        .vnetwork = make_addr(NETWORK),
        .vnetmask = make_addr(NETMASK),
        .vhost = make_addr(HOST),
        .vdhcp_start = make_addr(GUEST),
        .vnameserver = make_addr(NAME_SERVER),
        .vhostname = "fata",
    };
    int ends[2];
    struct user_net *net = calloc(1, sizeof *net);
    struct pollfd *polls = calloc(POLL_COUNT_MIN, sizeof *polls);
    if (net == NULL || polls == NULL ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)snprintf(reterr, reterr_cap, "cannot make a wire: %s", strerror(errno));
        free(polls);
        free(net);
        return NULL;
    }
    net->fd = ends[0];
    net->polls = polls;
    net->poll_cap = POLL_COUNT_MIN;
    net->slirp = slirp_new(&slirp_config, &callbacks, net);
    bool good = net->slirp != NULL;
    if (!good) {
        (void)snprintf(reterr, reterr_cap, "libslirp does not start");
    }
    for (size_t i = 0; i < config->forward_count && good; i++) {
        good = open_forward(net, &config->forwards[i], reterr, reterr_cap);
    }
    if (!good) {
        (void)close(ends[1]);
        user_net_close(net);
        return NULL;
    }
    widen_listeners(net);
    *ret_fd = ends[1];
    return net;
}

void user_net_close(struct user_net *net)
{
    if (net == NULL) {
        return;
    }
    if (net->slirp != NULL) {
        slirp_cleanup(net->slirp);
    }
    (void)close(net->fd);
    free(net->polls);
    free(net);
}

/* ---- the loop ----------------------------------------------------------------------------------
 */

/* Hand every whole frame that is here to libslirp. Returns: false if one makes no sense. */
static bool input_frames(struct user_net *net)
{
    size_t off = 0;
    while (net->in_len - off >= LENGTH_LEN) {
        size_t len = fa_be32_load(net->in + off);
        if (len > FA_STREAM_FRAME_MAX) {
            return false;
        }
        if (net->in_len - off < LENGTH_LEN + len) {
            break;
        }
        slirp_input(net->slirp, net->in + off + LENGTH_LEN, (int)len);
        off += LENGTH_LEN + len;
    }
    net->in_len -= off;
    fa_move(net->in, net->in + off, net->in_len);
    return true;
}

/* Returns: false if the wire is closed or broken. */
static bool receive_bytes(struct user_net *net)
{
    ssize_t len = recv(net->fd, net->in + net->in_len, sizeof net->in - net->in_len, MSG_DONTWAIT);
    if (len > 0) {
        net->in_len += (size_t)len;
        return true;
    }
    return len < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool send_bytes(struct user_net *net)
{
    if (net->out_len == 0) {
        return true;
    }
    ssize_t len = send(net->fd, net->out, net->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (len < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    net->out_len -= (size_t)len;
    fa_move(net->out, net->out + len, net->out_len);
    return true;
}

/* Take what came over the wire. Returns: false if it is the end, and then *ret_good tells which. */
static bool serve_wire(struct user_net *net, short ready, bool *ret_good)
{
    if ((ready & (POLLIN | POLLHUP | POLLERR)) == 0) {
        return true;
    }
    *ret_good = true;
    if (!receive_bytes(net)) {
        return false;
    }
    *ret_good = input_frames(net);
    return *ret_good;
}

bool user_net_run(struct user_net *net)
{
    for (;;) {
        bool good;
        uint32_t timeout_ms = UINT32_MAX;
        bool congested = net->out_len > OUT_HIGH;
        net->poll_count = 0;
        const int wire = add_poll(net->fd, 0, net); /* the first always finds room */
        if (!congested) { /* else what the sockets have stays there: back-pressure to the clients */
            slirp_pollfds_fill(net->slirp, &timeout_ms, add_poll, net);
        }
        net->polls[wire].events = POLLIN | (net->out_len > 0 ? POLLOUT : 0);
        int count = poll(net->polls, net->poll_count, timeout_ms > INT_MAX ? -1 : (int)timeout_ms);
        /* The wire first: an ARP reply frees packets, which only the call after it sends on. */
        if (count > 0 && !serve_wire(net, net->polls[wire].revents, &good)) {
            return good;
        }
        if (!congested) {
            slirp_pollfds_poll(net->slirp, count < 0, find_events, net);
        }
        if (!send_bytes(net)) {
            return true;
        }
    }
}
