// SPDX-License-Identifier: ISC
//
// Two layers over two stacks.

#include "test/unit/posix_world.h"

#include "test/t.h"

struct fa_posix posix_a;
struct fa_posix posix_b;
long long posix_event_count;
static struct fa_posix_file files[2][POSIX_FILE_COUNT];
static fa_ns opened_ns;

/* Let a little time pass. */
static fa_err turn(void *ctx, struct fa_waitq *waitq, fa_ns deadline)
{
    (void)ctx;
    (void)waitq;
    if (world.now >= deadline) {
        return FA_ETIMEOUT;
    }
    if (world.now - opened_ns >= POSIX_WAIT_MAX) {
        return FA_EIO;
    }
    world_run(fa_ns_min(FA_NS_MS, deadline - world.now));
    world_settle();
    return FA_OK;
}

static void note_event(void *ctx)
{
    (void)ctx;
    posix_event_count++;
}

void posix_world_open(void)
{
    world_open();
    opened_ns = world.now;
    posix_event_count = 0;
    struct fa_posix_config config = {
        .file_count_max = POSIX_FILE_COUNT, .wait = turn, .event = note_event};
    config.stack = &world.a.stack;
    config.files = files[0];
    fa_posix_init(&posix_a, &config);
    config.stack = &world.b.stack;
    config.files = files[1];
    fa_posix_init(&posix_b, &config);
    world_settle();
}

void posix_world_close(void)
{
    fa_posix_done(&posix_a);
    fa_posix_done(&posix_b);
    world_close();
}

struct fa_posix_sockaddr posix_name(uint32_t ip, uint16_t port)
{
    return (struct fa_posix_sockaddr){FA_POSIX_AF_INET, world_at(ip, port)};
}

int posix_server(uint16_t port, int backlog)
{
    int fd = fa_posix_socket(&posix_b, FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM, 0);
    struct fa_posix_sockaddr name = posix_name(0, port);
    CHECK(fd >= 0);
    CHECK_EQ(fa_posix_bind(&posix_b, fd, &name), 0);
    CHECK_EQ(fa_posix_listen(&posix_b, fd, backlog), 0);
    return fd;
}

void posix_pair(uint16_t port, int *ret_a, int *ret_b)
{
    int server = posix_server(port, 5);
    struct fa_posix_sockaddr name = posix_name(WORLD_B, port);
    *ret_a = fa_posix_socket(&posix_a, FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM, 0);
    CHECK_EQ(fa_posix_connect(&posix_a, *ret_a, &name), 0);
    *ret_b = fa_posix_accept(&posix_b, server, NULL, 0);
    CHECK(*ret_a >= 0);
    CHECK(*ret_b >= 0);
    CHECK_EQ(fa_posix_close(&posix_b, server), 0);
}

int posix_option(struct fa_posix *posix, int fd, int level, int name)
{
    int value = INT32_MIN;
    uint32_t len = sizeof value;
    CHECK_EQ(fa_posix_getsockopt(posix, fd, level, name, &value, &len), 0);
    CHECK_EQ(len, sizeof value);
    return value;
}

int posix_option_set(struct fa_posix *posix, int fd, int level, int name, int value)
{
    return fa_posix_setsockopt(posix, fd, level, name, &value, sizeof value);
}

void posix_nonblock(struct fa_posix *posix, int fd)
{
    CHECK_EQ(fa_posix_fcntl(posix, fd, FA_POSIX_F_SETFL, FA_POSIX_O_NONBLOCK), 0);
}

int posix_ready(struct fa_posix *posix, int fd)
{
    struct fa_posix_pollfd poll = {.fd = fd, .events = (int16_t)0x3fff};
    (void)fa_posix_poll(posix, &poll, 1, 0); // the count says nothing more
    return poll.revents;
}
