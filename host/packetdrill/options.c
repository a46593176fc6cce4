// SPDX-License-Identifier: ISC
//
// Options. The layer's values are laid out as Linux's, but for TCP_INFO.

#include <linux/tcp.h>
#include <string.h>

#include "host/packetdrill/world.h"

_Static_assert(sizeof(struct linger) == sizeof(struct fa_posix_linger), "passed through");
_Static_assert(sizeof(struct timeval) == sizeof(struct fa_posix_timeval), "passed through");
_Static_assert((int)TCP_INFO == (int)FA_POSIX_TCP_INFO, "a number of Linux's");

/* Linux's own states. */
enum {
    LINUX_LISTEN = 10,
};

static const uint8_t states[FA_TCP_STATE_COUNT] = {
    [FA_TCP_ESTABLISHED] = 1,
    [FA_TCP_SYN_SENT] = 2,
    [FA_TCP_SYN_RECEIVED] = 3,
    [FA_TCP_FIN_WAIT_1] = 4,
    [FA_TCP_FIN_WAIT_2] = 5,
    [FA_TCP_TIME_WAIT] = 6,
    [FA_TCP_CLOSED] = 7,
    [FA_TCP_CLOSE_WAIT] = 8,
    [FA_TCP_LAST_ACK] = 9,
    [FA_TCP_CLOSING] = 11,
};

/* What Linux would say of it; what this stack does not know stays 0. */
static int get_tcp_info(struct world *world, int posix_fd, void *value, socklen_t *len)
{
    struct fa_tcp_info info = {0};
    uint32_t info_len = sizeof info;
    int listens = 0;
    uint32_t listens_len = sizeof listens;
    int outcome = fa_posix_getsockopt(
        &world->posix, posix_fd, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_INFO, &info, &info_len);
    if (outcome == 0) {
        outcome = fa_posix_getsockopt(&world->posix, posix_fd, FA_POSIX_SOL_SOCKET,
            FA_POSIX_SO_ACCEPTCONN, &listens, &listens_len);
    }
    if (outcome != 0) {
        return outcome;
    }
    uint32_t mss = info.mss_bytes != 0 ? info.mss_bytes : FA_TCP_MSS_DEFAULT;
    struct tcp_info linux_info = {
        .tcpi_state = listens != 0 ? LINUX_LISTEN : states[info.state],
        .tcpi_rto = (uint32_t)(info.rto_ns / FA_NS_US),
        .tcpi_rtt = (uint32_t)(info.srtt_ns / FA_NS_US),
        .tcpi_snd_mss = mss,
        .tcpi_unacked = (info.in_flight_bytes + mss - 1) / mss,
        .tcpi_snd_cwnd = info.cwnd_bytes / mss,
        .tcpi_snd_ssthresh = info.ssthresh_bytes / mss,
        .tcpi_total_retrans = info.retransmit_count,
        .tcpi_notsent_bytes = info.unsent_bytes,
    };
    *len = (socklen_t)fa_min(*len, sizeof linux_info);
    memcpy(value, &linux_info, *len);
    return 0;
}

static int call_getsockopt(void *userdata, int fd, int level, int name, void *value, socklen_t *len)
{
    struct world *world = world_enter(userdata);
    int posix_fd = handle_find(world, fd);
    bool info = level == FA_POSIX_IPPROTO_TCP && name == TCP_INFO;
    int outcome = info ? get_tcp_info(world, posix_fd, value, len)
                       : fa_posix_getsockopt(&world->posix, posix_fd, level, name, value, len);
    return (int)world_leave(world, outcome);
}

static int call_setsockopt(
    void *userdata, int fd, int level, int name, const void *value, socklen_t len)
{
    struct world *world = world_enter(userdata);
    int outcome =
        fa_posix_setsockopt(&world->posix, handle_find(world, fd), level, name, value, len);
    return (int)world_leave(world, outcome);
}

void option_calls(struct packetdrill_interface *ifc)
{
    ifc->getsockopt = call_getsockopt;
    ifc->setsockopt = call_setsockopt;
}
