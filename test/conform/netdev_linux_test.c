// SPDX-License-Identifier: ISC
//
// The suite of network cards on those of a Linux host: streams over every kind of socket, and two
// taps in a network namespace of this process's own, joined by a wire made of packet sockets. (A
// kernel bridge would talk in between.)

#include <net/if.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fa/fmt.h"
#include "fa/stream.h"
#include "fa/tap.h"
#include "plat/linux/linux.h"
#include "test/conform/netdev_conform.h"
#include "test/frame.h"
#include "test/t.h"

enum {
    BUF_COUNT = 128,
};

static struct fa_pool pools[2];
static _Alignas(64) uint8_t memory[2][BUF_COUNT * FA_BUF_SIZE];
static struct fa_counters counters;
static struct fa_stream streams[2];
static uint8_t areas[2][16384];
static struct fa_tap taps[2];

static void init_pair(struct conform_netdev_pair *ret_pair)
{
    counters = (struct fa_counters){};
    for (unsigned i = 0; i < 2; i++) {
        fa_pool_init(&pools[i], memory[i], sizeof memory[i], FA_BUF_SIZE);
        ret_pair->pool[i] = &pools[i];
    }
    ret_pair->counters = &counters;
}

/* A readiness that is there already comes at once; the kernel may need a moment for others. */
static void pump_kernel(void)
{
    volatile struct timespec moment = {.tv_nsec = 1000 * 1000};
    (void)fa__linux_poll(&moment);
}

static void close_nothing(void)
{
}

static const char *open_stream(
    unsigned i, const char *address, struct conform_netdev_pair *ret_pair)
{
    const char *reason = NULL;
    fa_err err = fa_stream_open(&streams[i],
        &(struct fa_stream_config){.address = address,
            .name = i == 0 ? "left" : "right",
            .pool = &pools[i],
            .area = areas[i],
            .area_len = sizeof areas[i],
            .counters = &counters},
        &reason);
    ret_pair->dev[i] = &streams[i].dev;
    return err == FA_OK ? NULL : reason;
}

static const char *open_socketpair(struct conform_netdev_pair *ret_pair)
{
    int fds[2];
    init_pair(ret_pair);
    FA_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    for (unsigned i = 0; i < 2; i++) {
        char address[16];
        (void)fa_fmt(address, sizeof address, "fd:%d", fds[i]);
        FA_ASSERT(open_stream(i, address, ret_pair) == NULL);
    }
    return NULL;
}

static char socket_path[64];

static const char *open_path(struct conform_netdev_pair *ret_pair)
{
    char address[80];
    struct fa_buf *buf;
    init_pair(ret_pair);
    (void)fa_fmt(socket_path, sizeof socket_path, "/tmp/fata-netdev-%d.sock", getpid());
    (void)fa_fmt(address, sizeof address, "listen:%s", socket_path);
    const char *reason = open_stream(0, address, ret_pair);
    if (reason == NULL) {
        (void)fa_fmt(address, sizeof address, "connect:%s", socket_path);
        reason = open_stream(1, address, ret_pair);
    }
    FA_ASSERT(reason == NULL);
    FA_ASSERT(fa_netdev_rx(&streams[0].dev, 0, &buf, 1) == 0); /* accepts */
    FA_ASSERT(streams[0].state == FA_STREAM_UP);
    return NULL;
}

static void check_path_is_gone(void)
{
    CHECK(access(socket_path, F_OK) != 0);
}

static int wire_fds[2]; /* a packet socket on each tap's interface */

/* Carry what one tap sent to the other. */
static void pump_taps(void)
{
    static uint8_t frame[2048];
    for (unsigned i = 0; i < 2; i++) {
        ssize_t len;
        while ((len = recv(wire_fds[i], frame, sizeof frame, MSG_DONTWAIT)) > 0) {
            CHECK_EQ(send(wire_fds[1 - i], frame, (size_t)len, 0), len);
        }
    }
    pump_kernel();
}

/* Bring an interface up and listen on it. Returns: whether that went well. */
static bool join_wire(const char *name, int *ret_fd)
{
    struct ifreq request = {.ifr_flags = IFF_UP};
    struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_protocol = 0x0300}; /* ETH_P_ALL */
    int yes = 1;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    fa_copy(request.ifr_name, name, strlen(name));
    place.sll_ifindex = (int)if_nametoindex(name);
    *ret_fd = fd;
    return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0 &&
           setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) == 0 &&
           bind(fd, (const struct sockaddr *)&place, sizeof place) == 0;
}

/* Two taps on a wire in a namespace. Returns: why not, or NULL. */
static const char *make_namespace(void)
{
    static const char *const names[] = {"tap0", "tap1"};
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return "no network namespace of its own";
    }
    /* Nobody but the test is to send anything. */
    FILE *file = fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w");
    if (file != NULL) {
        (void)fputs("1", file);
        (void)fclose(file);
    }
    for (unsigned i = 0; i < 2; i++) {
        const char *reason = NULL;
        if (fa_tap_open(&taps[i],
                &(struct fa_tap_config){.name = names[i], .pool = &pools[i], .offload = true},
                &reason) != FA_OK) {
            return reason;
        }
        if (!join_wire(names[i], &wire_fds[i])) {
            return "no packet sockets";
        }
    }
    return NULL;
}

/* The taps stay open for all claims, for one that is closed is gone. Each claim gets copies of the
 * descriptors, which also shows that inherited ones work. */
static int tap_fds[2];
static bool tap_offload;
static struct fa_pool tap_larges[2];
static bool tap_large;

static const char *open_taps(struct conform_netdev_pair *ret_pair)
{
    init_pair(ret_pair);
    for (unsigned i = 0; i < 2; i++) {
        char address[16];
        const char *reason = NULL;
        int fd = dup(tap_fds[i]);
        (void)fa_fmt(address, sizeof address, "fd:%d", fd);
        if (fa_tap_open(&taps[i],
                &(struct fa_tap_config){.name = address,
                    .pool = &pools[i],
                    .offload = tap_offload,
                    .large = tap_large ? &tap_larges[i] : NULL,
                    .counters = &counters},
                &reason) != FA_OK) {
            return reason;
        }
        ret_pair->dev[i] = &taps[i].dev;
    }
    pump_taps();
    (void)frame_drain(&taps[0].dev, 0); /* what the claim before left on the wire */
    (void)frame_drain(&taps[1].dev, 0);
    return NULL;
}

T(stream_over_a_socket_pair_is_a_netdev)
{
    CHECK(conform_netdev(&(struct conform_netdev_target){.name = "stream fd",
              .open = open_socketpair,
              .close = close_nothing,
              .pump = pump_kernel}) == NULL);
}

T(stream_over_a_path_is_a_netdev)
{
    CHECK(conform_netdev(&(struct conform_netdev_target){.name = "stream path",
              .open = open_path,
              .close = check_path_is_gone,
              .pump = pump_kernel}) == NULL);
}

T(tap_is_a_netdev)
{
    struct conform_netdev_pair pair;
    init_pair(&pair);
    const char *reason = make_namespace();
    if (reason == NULL) {
        tap_fds[0] = dup(taps[0].watch.fd);
        tap_fds[1] = dup(taps[1].watch.fd);
        fa_netdev_close(&taps[0].dev);
        fa_netdev_close(&taps[1].dev);
        reason = conform_netdev(&(struct conform_netdev_target){
            .name = "tap", .open = open_taps, .close = close_nothing, .pump = pump_taps});
    }
    if (reason != NULL) {
        t_skip(reason);
    }
}

/* The wire between them carries whole frames: what leaves undone is done by the kernel in between.
 */
T(tap_with_checksum_offload_is_a_netdev)
{
    if (tap_fds[1] == 0) {
        t_skip("no taps");
        return;
    }
    tap_offload = true;
    const char *reason = conform_netdev(&(struct conform_netdev_target){
        .name = "tap with offload", .open = open_taps, .close = close_nothing, .pump = pump_taps});
    CHECK(reason == NULL);
    CHECK_EQ(taps[0].dev.info.tx_offload, FA_OFFLOAD_CSUM_NEEDED);
    tap_offload = false;
}

T(tap_with_buffers_for_super_segments_is_a_netdev_and_pins_one_of_them)
{
    static _Alignas(64) uint8_t larges[2][4 * FA_TAP_SUPER_SIZE];
    if (tap_fds[1] == 0) {
        t_skip("no taps");
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        fa_pool_init(&tap_larges[i], larges[i], sizeof larges[i], FA_TAP_SUPER_SIZE);
    }
    tap_offload = tap_large = true;
    const char *reason = conform_netdev(&(struct conform_netdev_target){
        .name = "tap with large", .open = open_taps, .close = close_nothing, .pump = pump_taps});
    CHECK(reason == NULL);
    CHECK(taps[0].dev.info.tx_offload & FA_OFFLOAD_TSO4);
    CHECK_EQ(tap_larges[0].used_count, 0);
    struct conform_netdev_pair pair;
    REQUIRE(open_taps(&pair) == NULL);
    CHECK_EQ(tap_larges[0].used_count, 1);
    fa_netdev_close(pair.dev[0]);
    fa_netdev_close(pair.dev[1]);
    CHECK_EQ(tap_larges[0].used_count, 0);
    tap_offload = tap_large = false;
}

enum {
    SUPER_LEN = 5000,     /* bytes of the frames below, in segments of ... */
    SUPER_SEGMENT = 1400, /* ... as many payload bytes */
};

/* The host sends a super-segment to tap1, with number `tag` in it. */
static bool send_super(uint8_t tag)
{
    static const uint8_t header[10] = {
        1, 1, 54, 0, SUPER_SEGMENT & 255, SUPER_SEGMENT >> 8, 34, 0, 16};
    static uint8_t bytes[sizeof header + SUPER_LEN] = {[sizeof header] = 0x02,
        0,
        0,
        0,
        0,
        1,
        0x02,
        0,
        0,
        0,
        0,
        2,
        0x08,
        0, // Ethernet
        0x45,
        0,
        (SUPER_LEN - 14) >> 8,
        (SUPER_LEN - 14) & 255,
        0,
        0,
        0x40,
        0,
        64,
        6,
        0,
        0,
        10,
        0,
        0,
        1,
        10,
        0,
        0,
        2, // IPv4
        0,
        80,
        0x9c,
        0x40,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        1,
        0x50,
        0x10,
        0xff,
        0xff,
        0,
        0,
        0,
        0}; // TCP
    int yes = 1;
    int fd = dup(wire_fds[1]);
    for (size_t i = sizeof header + 54; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + tag);
    }
    fa_copy(bytes, header, sizeof header);
    bool sent = setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) == 0 &&
                send(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes;
    yes = 0;
    (void)setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes);
    (void)close(fd);
    return sent;
}

static struct fa_buf *take_super(struct fa_netdev *dev)
{
    struct fa_buf *buf = NULL;
    for (unsigned i = 0; i < 100 && buf == NULL; i++) {
        pump_kernel();
        buf = frame_take(dev, 0);
    }
    return buf;
}

T(super_segments_are_joined_and_lost_when_no_other_buffer_is_left)
{
    static _Alignas(64) uint8_t larges[2 * FA_TAP_SUPER_SIZE];
    struct conform_netdev_pair pair;
    char address[16];
    const char *reason = NULL;
    if (tap_fds[1] == 0) {
        t_skip("no taps");
        return;
    }
    init_pair(&pair);
    fa_pool_init(&tap_larges[1], larges, sizeof larges, FA_TAP_SUPER_SIZE);
    (void)fa_fmt(address, sizeof address, "fd:%d", dup(tap_fds[1]));
    REQUIRE(fa_tap_open(&taps[1],
                &(struct fa_tap_config){.name = address,
                    .pool = &pools[1],
                    .large = &tap_larges[1],
                    .offload = true,
                    .counters = &counters},
                &reason) == FA_OK);
    (void)frame_drain(&taps[1].dev, 0);
    if (!send_super(1)) {
        fa_netdev_close(&taps[1].dev);
        t_skip("no super-segments by packet sockets");
        return;
    }
    struct fa_buf *first = take_super(&taps[1].dev);
    REQUIRE(first != NULL);
    CHECK_EQ(first->len, SUPER_LEN);
    CHECK(first->pool == &tap_larges[1]);
    CHECK(first->offload.flags & FA_OFFLOAD_TSO4);
    CHECK_EQ(first->offload.gso_bytes, SUPER_SEGMENT);
    uint32_t wrong = 0;
    for (size_t i = 54; i < first->len; i++) {
        wrong += fa_buf_at(first)[i] != (uint8_t)((i + 10) * 7 + 1);
    }
    CHECK_EQ(wrong, 0);
    CHECK(send_super(2)); // the last buffer stays the spare one
    CHECK(take_super(&taps[1].dev) == NULL);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_pool_empty), 1);
    fa_buf_drop(first);
    CHECK(send_super(3));
    first = take_super(&taps[1].dev);
    REQUIRE(first != NULL);
    CHECK_EQ(fa_buf_at(first)[SUPER_LEN - 1], (uint8_t)((SUPER_LEN + 9) * 7 + 3));
    fa_buf_drop(first);
    fa_netdev_close(&taps[1].dev);
    CHECK_EQ(pools[1].used_count, 0);
    CHECK_EQ(tap_larges[1].used_count, 0);
}

/* Also where there would be room for it, as it is no super-segment. */
static void check_too_long(bool offload)
{
    static _Alignas(64) uint8_t larges[2 * FA_TAP_SUPER_SIZE];
    struct conform_netdev_pair pair;
    uint8_t frame[FA_ETH_HDR_LEN + 1001] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    char address[16];
    const char *reason = NULL;
    struct fa_buf *buf = NULL;
    init_pair(&pair);
    fa_pool_init(&tap_larges[1], larges, sizeof larges, FA_TAP_SUPER_SIZE);
    (void)fa_fmt(address, sizeof address, "fd:%d", dup(tap_fds[1]));
    REQUIRE(fa_tap_open(&taps[1],
                &(struct fa_tap_config){.name = address,
                    .mtu_bytes = 1000,
                    .pool = &pools[1],
                    .offload = offload,
                    .large = offload ? &tap_larges[1] : NULL,
                    .counters = &counters},
                &reason) == FA_OK);
    (void)frame_drain(&taps[1].dev, 0);
    CHECK_EQ(send(wire_fds[1], frame, sizeof frame, 0), sizeof frame);
    CHECK_EQ(send(wire_fds[1], frame, sizeof frame - 1, 0), sizeof frame - 1);
    for (unsigned i = 0; i < 1000; i++) {
        pump_kernel();
        buf = frame_take(&taps[1].dev, 0);
        if (buf != NULL) {
            CHECK_EQ(buf->len, FA_ETH_HDR_LEN + 1000);
            fa_buf_drop(buf);
            break;
        }
    }
    CHECK(buf != NULL);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_too_long), 1);
    fa_netdev_close(&taps[1].dev);
    CHECK_EQ(pools[1].used_count, 0);
}

T(frame_longer_than_a_tap_allows_is_dropped_whole)
{
    if (tap_fds[1] == 0) {
        t_skip("no taps");
        return;
    }
    check_too_long(false);
    check_too_long(true);
}

T(tap_that_cannot_be_had_says_why)
{
    static const struct {
        const char *name;
        uint16_t mtu_bytes;
        fa_err err;
        const char *word; /* of the reason */
    } cases[] = {
        {"", 0, FA_EINVAL, "1 to 15 bytes"},
        {"sixteen-bytes-xx", 0, FA_EINVAL, "1 to 15 bytes"},
        {"fd:x", 0, FA_EINVAL, "number"},
        {"fd:0", 0, FA_EINVAL, "no tap"},
        {"fd:99999", 0, FA_EINVAL, "no tap"},
        {"lo", 0, FA_EINVAL, "no tap with one queue"},
        {"tap0", 0, FA_EREFUSED, "in use"},
        {"tap7", 9000, FA_EINVAL, "packet buffers"},
    };
    struct conform_netdev_pair pair;
    init_pair(&pair);
    if (access("/dev/net/tun", R_OK | W_OK) != 0 || if_nametoindex("tap1") == 0) {
        t_skip("no taps");
        return;
    }
    for (unsigned i = 0; i < FA_COUNT_OF(cases); i++) {
        const char *reason = "";
        fa_err err = fa_tap_open(&taps[0],
            &(struct fa_tap_config){
                .name = cases[i].name, .mtu_bytes = cases[i].mtu_bytes, .pool = &pools[0]},
            &reason);
        if (err != cases[i].err || strstr(reason, cases[i].word) == NULL) {
            t_fail(__FILE__, __LINE__, "%s: %s: %s", cases[i].name, fa_err_name(err), reason);
        }
    }
}
