// SPDX-License-Identifier: ISC
//
// The socket layer, called in any order.
//
// An input is a list of calls of four bytes: which, a descriptor, two arguments. All sockets live
// on one stack that talks to itself, so what one call makes the next may connect to, read, break or
// close. A call that blocks turns the stack a few times and gives up. Whatever comes of it, every
// outcome is one that the header knows, and in the end every buffer is back.

#include "fa/log.h"
#include "fa/posix.h"
#include "fa/stack.h"

enum {
    BUF_COUNT = 64,
    CONN_COUNT = 16,
    FILE_COUNT = 12,
    CALL_COUNT_MAX = 300,
    TURN_COUNT_MAX = 8, // of a call that blocks
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_stack stack;
static struct fa_posix posix;
static struct fa_posix_file files[FILE_COUNT];
static struct fa_counters counters;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static _Alignas(64) uint8_t conns[CONN_COUNT * FA_TCP_CONN_BYTES];
static uint32_t buckets[CONN_COUNT];
static uint8_t bytes[4096];
static fa_ns now;
static int turn_count;

static void turn(fa_ns limit)
{
    for (int i = 0; i < TURN_COUNT_MAX && fa_stack_poll(&stack, now); i++) {
    }
    fa_ns next = fa_stack_deadline(&stack);
    now = next > now && next < limit ? next : now + FA_NS_MS;
    (void)fa_stack_poll(&stack, now); // the next turn sees what came of it
}

static fa_err wait_turn(void *ctx, struct fa_waitq *waitq, fa_ns deadline)
{
    (void)ctx;
    (void)waitq;
    if (turn_count-- == 0) {
        return FA_EIO;
    }
    turn(deadline);
    return now >= deadline ? FA_ETIMEOUT : FA_OK;
}

static struct fa_posix_sockaddr name_of(uint8_t port, uint8_t how)
{
    static const struct fa_ip any;
    struct fa_posix_sockaddr name = {.family = FA_POSIX_AF_INET};
    name.at.port = (how & 1) != 0 ? port & 7u : 1000u + (port & 7u);
    name.at.ip = (how & 2) != 0 ? any : fa_ip4(127, 0, 0, 1);
    if ((how & 12) == 12) {
        name.family = (how & 16) != 0 ? FA_POSIX_AF_UNSPEC : FA_POSIX_AF_INET6;
    }
    return name;
}

/* Calls about bytes. */
static ptrdiff_t move_bytes(int fd, uint8_t how, uint8_t arg)
{
    struct fa_posix_sockaddr name = name_of(arg, how);
    struct fa_posix_iovec iov[] = {{bytes, arg}, {bytes + 256, arg * 8u}};
    struct fa_posix_msg msg = {.iov = iov, .iov_count = 2};
    int flags = (how & 32) != 0 ? FA_POSIX_MSG_DONTWAIT : 0;
    flags |= (how & 64) != 0 ? FA_POSIX_MSG_PEEK | FA_POSIX_MSG_TRUNC : 0;
    flags |= (how & 128) != 0 ? FA_POSIX_MSG_WAITALL : 0;
    struct {
        struct fa_posix_cmsg head;
        int data[4];
    } control = {
        {arg & 63u, (how & 4) != 0 ? FA_POSIX_IPPROTO_IP : FA_POSIX_IPPROTO_IPV6, arg >> 2},
        {how & 1, arg}};
    msg.control = (how & 16) != 0 ? &control : NULL;
    msg.control_len = sizeof control - (arg & 31u);
    msg.name = (how & 2) != 0 ? &name : NULL;
    ptrdiff_t outcome = (how & 1) != 0 ? fa_posix_sendmsg(&posix, fd, &msg, flags)
                                       : fa_posix_recvmsg(&posix, fd, &msg, flags);
    FA_ASSERT(outcome <= arg * 9 || (flags & FA_POSIX_MSG_TRUNC) != 0);
    return outcome;
}

/* Calls about options. */
static ptrdiff_t do_option(int fd, uint8_t how, uint8_t arg)
{
    static const int levels[] = {
        FA_POSIX_SOL_SOCKET, FA_POSIX_IPPROTO_TCP, FA_POSIX_IPPROTO_IP, FA_POSIX_IPPROTO_IPV6};
    int level = levels[how >> 6];
    static const uint8_t names6[] = {16, 26, 49, 51, 66, 67};
    int name = level == FA_POSIX_IPPROTO_IPV6 ? names6[how % sizeof names6] : how & 31;
    int value[8] = {arg & 3, arg >> 2};
    uint32_t len = (how & 32) != 0 ? arg % sizeof value : sizeof value;
    if ((arg & 128) != 0) {
        return fa_posix_setsockopt(&posix, fd, level, name, value, len);
    }
    uint32_t room = len;
    int outcome = fa_posix_getsockopt(&posix, fd, level, name, value, &len);
    FA_ASSERT(outcome != 0 || len <= room);
    return outcome;
}

/* Calls about readiness. */
static ptrdiff_t do_ready(int fd, uint8_t how, uint8_t arg)
{
    struct fa_posix_epoll_event events[4];
    struct fa_posix_epoll_event event = {
        (uint32_t)(how & 31) | (uint32_t)(how & 192) << 24, (uint64_t)fd};
    struct fa_posix_pollfd fds[] = {{fd, (int16_t)how, 0}, {arg % FILE_COUNT, -1, 0}};
    int outcome;
    switch (arg >> 5) {
    case 0:
        return fa_posix_epoll_create(&posix);
    case 1:
    case 2:
        outcome = fa_posix_epoll_wait(&posix, fd, events, 4, how & 3);
        for (int i = 0; i < outcome; i++) {
            FA_ASSERT(events[i].events != 0 && events[i].data < FILE_COUNT);
        }
        return outcome;
    case 3:
        outcome = fa_posix_poll(&posix, fds, 2, how & 3);
        FA_ASSERT(outcome < 0 || outcome == (fds[0].revents != 0) + (fds[1].revents != 0));
        return outcome;
    default:
        return fa_posix_epoll_ctl(&posix, arg % FILE_COUNT, (how >> 5) & 3, fd, &event);
    }
}

static ptrdiff_t do_call(uint8_t which, int fd, uint8_t how, uint8_t arg)
{
    struct fa_posix_sockaddr name = name_of(arg, how);
    int value = arg;
    switch (which % 14) {
    case 0:
        return fa_posix_socket(&posix, (how & 1) != 0 ? FA_POSIX_AF_INET6 : FA_POSIX_AF_INET,
            (arg & 3) | (how & 2) << 10, 0);
    case 1:
        return fa_posix_bind(&posix, fd, &name);
    case 2:
        return fa_posix_listen(&posix, fd, arg);
    case 3:
        return fa_posix_accept(&posix, fd, &name, how & FA_POSIX_SOCK_NONBLOCK);
    case 4:
        return fa_posix_connect(&posix, fd, &name);
    case 5:
    case 6:
        return move_bytes(fd, how, arg);
    case 7:
        return fa_posix_shutdown(&posix, fd, arg & 3);
    case 8:
        return fa_posix_close(&posix, fd);
    case 9:
        return do_option(fd, how, arg);
    case 10:
        return fa_posix_fcntl(&posix, fd, how & 7, (arg & 1) != 0 ? FA_POSIX_O_NONBLOCK : 0);
    case 11:
        return fa_posix_ioctl(&posix, fd, 0x5400ul + how, &value);
    case 12:
        return do_ready(fd, how, arg);
    default:
        turn(now + FA_NS_S);
        return 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fa_log_levels[FA_LOG_SOURCE_net] = FA_LOG_QUIET;
    now = FA_NS_S;
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    struct fa_stack_config config = {
        .pool = &pool,
        .counters = &counters,
        .seed = 1,
        .tcp = {.conn_memory = conns,
            .conn_count_max = CONN_COUNT,
            .bucket_memory = buckets,
            .bucket_count = CONN_COUNT},
    };
    fa_stack_init(&stack, &config, now);
    fa_posix_init(&posix,
        &(struct fa_posix_config){
            .stack = &stack, .files = files, .file_count_max = FILE_COUNT, .wait = wait_turn});
    for (size_t i = 0; i + 4 <= len && i < 4 * CALL_COUNT_MAX; i += 4) {
        turn_count = TURN_COUNT_MAX;
        ptrdiff_t outcome = do_call(data[i], data[i + 1] % FILE_COUNT, data[i + 2], data[i + 3]);
        FA_ASSERT(outcome >= -FA_POSIX_EINPROGRESS);
    }
    fa_posix_done(&posix);
    fa_stack_stop(&stack);
    FA_ASSERT(pool.used_count == 0);
    return 0;
}
