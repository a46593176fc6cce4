// SPDX-License-Identifier: ISC
//
// The stream wire: a peer that says anything, in any pieces, reads when it likes and goes.
//
// Covers: plat/linux/stream.c

#include <sys/socket.h>
#include <unistd.h>

#include "fa/fmt.h"
#include "fa/stream.h"
#include "plat/linux/linux.h"

enum {
    BUF_COUNT = 80,
    AREA_LEN = 2048,
    TX_COUNT_MAX = 70,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_stream wire;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static uint8_t area[AREA_LEN];
static int peer_fd;

static void open_wire(void)
{
    int fds[2];
    int small = 1; /* so that a slow peer is soon met */
    char address[16];
    const char *reason;
    FA_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    FA_ASSERT(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    peer_fd = fds[1];
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    (void)fa_fmt(address, sizeof address, "fd:%d", fds[0]);
    fa_err err = fa_stream_open(&wire,
        &(struct fa_stream_config){.address = address,
            .name = "fuzz",
            .pool = &pool,
            .area = area,
            .area_len = sizeof area,
            .tx_count_max = TX_COUNT_MAX},
        &reason);
    FA_ASSERT(err == FA_OK);
}

static void receive_frames(size_t count_max)
{
    struct fa_buf *bufs[FA_NETDEV_BURST_MAX];
    size_t count = fa_netdev_rx(&wire.dev, 1, bufs, fa_min(count_max, FA_NETDEV_BURST_MAX));
    FA_ASSERT(count <= count_max);
    for (size_t i = 0; i < count; i++) {
        FA_ASSERT(bufs[i]->len >= FA_ETH_HDR_LEN);
        FA_ASSERT(bufs[i]->len <= FA_ETH_HDR_LEN + FA_STREAM_MTU_DEFAULT);
        fa_buf_drop(bufs[i]);
    }
}

static void send_frame(size_t len)
{
    struct fa_buf *buf;
    if (fa_netdev_tx_reserve(&wire.dev, &buf) == FA_OK) {
        fa_zero(fa_buf_append(buf, len), len);
        fa_netdev_tx_commit(&wire.dev, 1, buf);
    }
}

static void read_peer(size_t len)
{
    uint8_t bytes[255 * 16];
    if (peer_fd >= 0) {
        (void)recv(peer_fd, bytes, len, MSG_DONTWAIT);
    }
}

static void close_peer(void)
{
    if (peer_fd >= 0) {
        (void)close(peer_fd);
        peer_fd = -1;
    }
}

/* One step: what to do, a number, and for the first the bytes that are sent. Returns: its length.
 */
static size_t take_step(struct fa_slice input)
{
    size_t number = input.at[1];
    size_t len = 2;
    switch (input.at[0] % 6) {
    case 0:
        number = fa_min(number, input.len - 2);
        if (peer_fd >= 0) {
            (void)send(peer_fd, input.at + 2, number, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        len += number;
        break;
    case 1:
        receive_frames(number);
        break;
    case 2:
        send_frame(number * 6);
        break;
    case 3:
        fa_netdev_tx_flush(&wire.dev, 1);
        break;
    case 4:
        read_peer(number * 16);
        break;
    default:
        close_peer();
        break;
    }
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    open_wire();
    for (size_t off = 0; len - off >= 2;) {
        volatile struct timespec none = {.tv_nsec = 0};
        off += take_step((struct fa_slice){data + off, len - off});
        (void)fa__linux_poll(&none);
        (void)fa_netdev_deadline(&wire.dev);
    }
    receive_frames(FA_NETDEV_BURST_MAX);
    fa_netdev_close(&wire.dev);
    close_peer();
    FA_ASSERT(pool.used_count == 0);
    return 0;
}
