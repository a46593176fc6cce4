// SPDX-License-Identifier: ISC
//
// Tests of the network of user mode, with a guest made of bare frames: just enough ARP, DHCP, UDP
// and TCP to see what libslirp does to it.

#include "host/fata/user_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fa/fmt.h"
#include "fa/plat.h"
#include "fa/stream.h"
#include "plat/linux/linux.h"
#include "test/frame.h"
#include "test/netcap.h"
#include "test/t.h"

enum {
    BUF_COUNT = 256,
    PATIENCE = 5000, /* sleeps of a millisecond before a frame counts as lost */
    TYPE_IP = 0x0800,
    TYPE_ARP = 0x0806,
    IP_OFF = FA_ETH_HDR_LEN,
    L4_OFF = IP_OFF + 20,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
};

#define GUEST_IP   UINT32_C(0x0a00020f)
#define GATEWAY_IP UINT32_C(0x0a000202)

static const uint8_t guest_mac[FA_MAC_LEN] = {0x02, 0, 0, 0, 0, 0x15};
static uint8_t gateway_mac[FA_MAC_LEN]; /* learned from its ARP */
static struct user_net *net;
static pthread_t runner;
static bool run_result;
static struct fa_stream wire;
static struct fa_netdev *dev; /* the wire, recorded */
static uint8_t area[65536];
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];

static void *run_net(void *ctx)
{
    (void)ctx;
    run_result = user_net_run(net);
    return NULL;
}

static void open_guest(const struct user_net_forward *forwards, size_t count)
{
    int fd;
    char address[16];
    char error[256] = "";
    const char *reason;
    net = user_net_open(&(struct user_net_config){.forwards = forwards, .forward_count = count},
        &fd, error, sizeof error);
    if (net == NULL) {
        t_note("%s", error);
    }
    FA_ASSERT(net != NULL);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    (void)fa_fmt(address, sizeof address, "fd:%d", fd);
    fa_err err = fa_stream_open(&wire,
        &(struct fa_stream_config){.address = address,
            .name = "guest",
            .pool = &pool,
            .area = area,
            .area_len = sizeof area},
        &reason);
    FA_ASSERT(err == FA_OK);
    dev = netcap_wrap(&wire.dev);
    FA_ASSERT(pthread_create(&runner, NULL, run_net, NULL) == 0);
}

static void close_guest(void)
{
    fa_netdev_close(dev);
    FA_ASSERT(pthread_join(runner, NULL) == 0);
    user_net_close(net);
    CHECK_EQ(pool.used_count, 0);
}

/* A port that is free now. */
static uint16_t find_port(int type)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof place;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    FA_ASSERT(bind(fd, (const struct sockaddr *)&place, len) == 0);
    FA_ASSERT(getsockname(fd, (struct sockaddr *)&place, &len) == 0);
    (void)close(fd);
    return ntohs(place.sin_port);
}

static int connect_host(int type, uint16_t port)
{
    const struct sockaddr_in place = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    FA_ASSERT(connect(fd, (const struct sockaddr *)&place, sizeof place) == 0);
    return fd;
}

static uint32_t add_words(uint32_t sum, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum += (uint32_t)at[i] << (i % 2 == 0 ? 8 : 0);
    }
    return sum;
}

static uint16_t fold_sum(uint32_t sum)
{
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void send_bytes(const uint8_t *frame, size_t len)
{
    struct fa_buf *buf;
    FA_ASSERT(fa_netdev_tx_reserve(dev, &buf) == FA_OK);
    fa_copy(fa_buf_append(buf, len), frame, len);
    fa_netdev_tx_commit(dev, fa_clock_mono_ns(), buf);
    fa_netdev_tx_flush(dev, fa_clock_mono_ns());
}

/* Send `l4_len` bytes of transport, already at L4_OFF of `frame`; its checksum field is at
 * `sum_off` from there. */
static void send_ip(
    uint8_t *frame, uint32_t source, uint32_t target, uint8_t proto, size_t l4_len, size_t sum_off)
{
    uint8_t *ip = frame + IP_OFF;
    uint8_t *l4 = frame + L4_OFF;
    fa_zero(ip, 20);
    ip[0] = 0x45;
    fa_be16_store(ip + 2, (uint16_t)(20 + l4_len));
    ip[8] = 64;
    ip[9] = proto;
    fa_be32_store(ip + 12, source);
    fa_be32_store(ip + 16, target);
    fa_be16_store(ip + 10, fold_sum(add_words(0, ip, 20)));
    fa_be16_store(l4 + sum_off, 0);
    uint32_t sum = add_words(proto + (uint32_t)l4_len, ip + 12, 8);
    fa_be16_store(l4 + sum_off, fold_sum(add_words(sum, l4, l4_len)));
    bool broadcast = target == UINT32_MAX;
    fa_copy(frame, broadcast ? frame_broadcast : gateway_mac, FA_MAC_LEN);
    fa_copy(frame + FA_MAC_LEN, guest_mac, FA_MAC_LEN);
    fa_be16_store(frame + 2 * FA_MAC_LEN, TYPE_IP);
    send_bytes(frame, L4_OFF + l4_len);
}

static void send_udp(uint32_t source, uint32_t target, uint16_t source_port, uint16_t target_port,
    const void *at, size_t len)
{
    uint8_t frame[1514];
    uint8_t *udp = frame + L4_OFF;
    fa_be16_store(udp, source_port);
    fa_be16_store(udp + 2, target_port);
    fa_be16_store(udp + 4, (uint16_t)(8 + len));
    fa_copy(udp + 8, at, len);
    send_ip(frame, source, target, PROTO_UDP, 8 + len, 6);
}

static void answer_arp(const uint8_t *request)
{
    uint8_t frame[42];
    fa_copy(gateway_mac, request + 22, FA_MAC_LEN);
    fa_copy(frame, request, sizeof frame);
    fa_copy(frame, gateway_mac, FA_MAC_LEN);
    fa_copy(frame + FA_MAC_LEN, guest_mac, FA_MAC_LEN);
    frame[21] = 2; /* reply */
    fa_copy(frame + 22, guest_mac, FA_MAC_LEN);
    fa_copy(frame + 28, request + 38, 4);
    fa_copy(frame + 32, request + 22, 10);
    send_bytes(frame, sizeof frame);
}

/* The next IPv4 packet of a protocol, for ARP is answered on the way. Returns: NULL if none comes.
 * The caller drops it. */
static struct fa_buf *receive_ip(uint8_t proto)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        volatile struct timespec moment = {.tv_nsec = 1000 * 1000};
        struct fa_buf *buf = frame_take(dev, fa_clock_mono_ns());
        if (buf == NULL) {
            (void)fa__linux_poll(&moment);
            continue;
        }
        const uint8_t *at = fa_buf_at(buf);
        uint16_t type = fa_be16_load(at + 2 * FA_MAC_LEN);
        if (type == TYPE_IP && buf->len >= L4_OFF + 8 && at[IP_OFF + 9] == proto) {
            return buf;
        }
        if (type == TYPE_ARP && buf->len >= 42 && at[21] == 1 &&
            fa_be32_load(at + 38) == GUEST_IP) {
            answer_arp(at);
        }
        fa_buf_drop(buf);
    }
    return NULL;
}

/* Wait until a client's socket is readable, while the guest lives on: its frames may wait for room
 * in the wire. */
static bool wait_client(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (poll(&ready, 1, 1) == 1) {
            return true;
        }
        volatile struct timespec none = {.tv_nsec = 0};
        (void)fa__linux_poll(&none);
        (void)frame_drain(dev, fa_clock_mono_ns());
    }
    return false;
}

/* Ask for an address, as a guest does that boots. */
static void send_discover(void)
{
    uint8_t dhcp[300] = {1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78};
    static const uint8_t options[] = {0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255};
    fa_copy(dhcp + 28, guest_mac, FA_MAC_LEN);
    fa_copy(dhcp + 236, options, sizeof options);
    send_udp(0, UINT32_MAX, 68, 67, dhcp, sizeof dhcp);
}

T(dhcp_offers_the_guest_its_address)
{
    open_guest(NULL, 0);
    send_discover();
    struct fa_buf *buf = receive_ip(PROTO_UDP);
    CHECK(buf != NULL);
    if (buf != NULL) {
        const uint8_t *udp = fa_buf_at(buf) + L4_OFF;
        CHECK_EQ(fa_be16_load(udp + 2), 68);
        CHECK_EQ(fa_be32_load(udp + 8 + 16), GUEST_IP);
        fa_buf_drop(buf);
    }
    close_guest();
    CHECK(run_result);
}

T(udp_forward_leads_in_and_back_out)
{
    const struct user_net_forward forward = {
        .host_port = find_port(SOCK_DGRAM), .guest_port = 53, .udp = true};
    char text[16] = "";
    open_guest(&forward, 1);
    int fd = connect_host(SOCK_DGRAM, forward.host_port);
    CHECK_EQ(send(fd, "ping", 4, 0), 4);
    struct fa_buf *buf = receive_ip(PROTO_UDP);
    CHECK(buf != NULL);
    if (buf != NULL) {
        const uint8_t *at = fa_buf_at(buf);
        CHECK_EQ(fa_be32_load(at + IP_OFF + 16), GUEST_IP);
        CHECK_EQ(fa_be16_load(at + L4_OFF + 2), 53);
        CHECK(fa_equal(at + L4_OFF + 8, "ping", 4));
        send_udp(
            GUEST_IP, fa_be32_load(at + IP_OFF + 12), 53, fa_be16_load(at + L4_OFF), "pong", 4);
        fa_buf_drop(buf);
        CHECK(wait_client(fd));
        CHECK_EQ(recv(fd, text, sizeof text, MSG_DONTWAIT), 4);
        CHECK(fa_equal(text, "pong", 4));
    }
    (void)close(fd);
    close_guest();
}

/* Refuse a SYN. Returns: the port it came from; 0 if it is none. */
static uint16_t refuse_syn(const uint8_t *at)
{
    const uint8_t *tcp = at + L4_OFF;
    uint8_t frame[L4_OFF + 20] = {0};
    if ((tcp[13] & 0x17) != 2) {
        return 0;
    }
    uint8_t *reply = frame + L4_OFF;
    fa_copy(reply, tcp + 2, 2);
    fa_copy(reply + 2, tcp, 2);
    fa_be32_store(reply + 8, fa_be32_load(tcp + 4) + 1);
    reply[12] = 5 << 4;
    reply[13] = 0x14; /* RST, ACK */
    send_ip(frame, GUEST_IP, fa_be32_load(at + IP_OFF + 12), PROTO_TCP, 20, 16);
    return fa_be16_load(tcp);
}

T(many_clients_of_a_tcp_forward_all_reach_the_guest)
{
    enum { CLIENT_COUNT = 300 };
    const struct user_net_forward forward = {.host_port = find_port(SOCK_STREAM), .guest_port = 80};
    static bool seen[65536];
    static int fds[CLIENT_COUNT];
    unsigned seen_count = 0;
    fa_zero(seen, sizeof seen);
    open_guest(&forward, 1);
    for (unsigned i = 0; i < CLIENT_COUNT; i++) {
        fds[i] = connect_host(SOCK_STREAM, forward.host_port); /* the backlog holds them */
    }
    while (seen_count < CLIENT_COUNT) {
        struct fa_buf *buf = receive_ip(PROTO_TCP);
        if (buf == NULL) {
            break;
        }
        CHECK_EQ(fa_be16_load(fa_buf_at(buf) + L4_OFF + 2), 80);
        uint16_t port = refuse_syn(fa_buf_at(buf));
        seen_count += port != 0 && !seen[port];
        seen[port] = true;
        fa_buf_drop(buf);
    }
    CHECK_EQ(seen_count, CLIENT_COUNT);
    for (unsigned i = 0; i < CLIENT_COUNT; i++) {
        char byte;
        CHECK(wait_client(fds[i])); /* the refusal comes through */
        CHECK(recv(fds[i], &byte, 1, MSG_DONTWAIT) <= 0);
        (void)close(fds[i]);
    }
    close_guest();
}

T(frame_without_sense_cuts_the_guest_off)
{
    static const uint8_t nonsense[8] = {0xff, 0xff, 0xff, 0xff};
    open_guest(NULL, 0);
    CHECK_EQ(send(wire.peer.fd, nonsense, sizeof nonsense, 0), sizeof nonsense);
    FA_ASSERT(pthread_join(runner, NULL) == 0);
    CHECK(!run_result);
    fa_netdev_close(dev);
    user_net_close(net);
}

static void check_refused(const struct user_net_forward *forward, const char *word)
{
    int fd;
    char error[256] = "";
    struct user_net *refused =
        user_net_open(&(struct user_net_config){.forwards = forward, .forward_count = 1}, &fd,
            error, sizeof error);
    CHECK(refused == NULL);
    if (strstr(error, word) == NULL) {
        t_fail(__FILE__, __LINE__, "%s: %s", word, error);
    }
}

T(forward_that_cannot_be_had_says_why_and_what_to_do)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (unsigned i = 0; i < FA_COUNT_OF(types); i++) {
        struct sockaddr_in place = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof place;
        char expected[64];
        int yes = 1;
        int fd = socket(AF_INET, types[i] | SOCK_CLOEXEC, 0);
        CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
        CHECK(bind(fd, (const struct sockaddr *)&place, len) == 0);
        CHECK(getsockname(fd, (struct sockaddr *)&place, &len) == 0);
        CHECK(i == 1 || listen(fd, 1) == 0);
        uint16_t port = ntohs(place.sin_port);
        (void)fa_fmt(expected, sizeof expected, "cannot listen on 127.0.0.1:%u/%s", port,
            i == 1 ? "udp" : "tcp");
        const struct user_net_forward forward = {
            .host_port = port, .guest_port = 80, .udp = i == 1};
        check_refused(&forward, expected);
        check_refused(&forward, "another program has it");
        (void)close(fd);
    }
    check_refused(&(struct user_net_forward){.address = "localhost", .host_port = 1}, "no IPv4");
    check_refused(
        &(struct user_net_forward){.address = "192.0.2.77", .host_port = 9999}, "no such address");
}
