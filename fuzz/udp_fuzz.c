// SPDX-License-Identifier: ISC
//
// UDP as a sequence of binds, closes, connects, joins, datagrams, sends and ICMP errors; no buffer
// may be lost.

#include "fa/udp.h"

#include "fa/wire/udp.h"

enum {
    BUF_COUNT = 64,
    SOCKET_COUNT = 4,
    OP_COUNT_MAX = 500,
    PAYLOAD_LEN_MAX = 64,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct fa_udp udp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static struct fa_udp_socket sockets[SOCKET_COUNT];

static struct fa_ip_meta meta_of(uint8_t op)
{
    return (struct fa_ip_meta){
        .local = fa_ip4(192, 0, 2, (op & 0x40) != 0 ? 1 : 3),
        .remote = fa_ip4(192, 0, 2, 2),
        .multicast = (op & 0x80) != 0,
    };
}

/* The same, to a group if it is to many and `arg` says so. */
static struct fa_ip_meta group_meta_of(uint8_t op, uint8_t arg)
{
    struct fa_ip_meta meta = meta_of(op);
    if (meta.multicast && (arg & 1) != 0) {
        meta.local = fa_ip4(224, 0, 0, 1 + (arg >> 1) % 10);
    }
    return meta;
}

static bool is_bound(const struct fa_udp_socket *socket)
{
    return fa_list_linked(&socket->node);
}

static void bind_some(struct fa_udp_socket *socket, uint8_t op, uint8_t arg)
{
    struct fa_udp_socket_config config = {
        .port = arg % 8,
        .rx_count_max = 1 + (arg >> 3) % 4,
        .tx_count_max = 1 + (arg >> 5) % 4,
        .rx_bytes_max = 16 * (1 + arg % 5),
        .tx_bytes_max = 16 * (1 + arg % 7),
        .broadcast = (op & 0x80) != 0,
        .shared = (arg & 4) != 0,
        .errors = (arg & 8) != 0,
        .pool = &pool,
    };
    if ((op & 0x40) != 0) {
        config.ip = fa_ip4(192, 0, 2, 1);
    }
    if (!is_bound(socket)) {
        (void)fa_udp_bind(&udp, socket, &config);
    }
}

/* The bytes as they are, or as the payload of a good datagram to a low port. */
static void input(uint8_t op, struct fa_slice bytes)
{
    struct fa_buf *buf;
    struct fa_ip_meta meta = group_meta_of(op, bytes.len > 0 ? bytes.at[0] : 0);
    if (fa_buf_alloc(&pool, FA_UDP_HEADROOM, &buf) != FA_OK) {
        return;
    }
    if ((op & 0x20) != 0 && bytes.len > 0) {
        uint8_t *at = fa_buf_append(buf, FA_UDP_HDR_LEN + bytes.len);
        fa_copy(at + FA_UDP_HDR_LEN, bytes.at, bytes.len);
        struct fa_udp_header header = {
            5000, 1 + bytes.at[0] % 8, (uint16_t)(FA_UDP_HDR_LEN + bytes.len)};
        fa_udp_encode(at, &meta, &header);
    } else {
        fa_copy(fa_buf_append(buf, bytes.len), bytes.at, bytes.len);
    }
    if (!fa_udp_input(&udp, 0, &meta, buf)) {
        fa_buf_drop(buf);
    }
}

static void echo(struct fa_udp_socket *socket)
{
    struct fa_buf *buf;
    struct fa_udp_from from;
    if (is_bound(socket) && fa_udp_recv(socket, &buf, &from) == FA_OK) {
        (void)fa_udp_send_take(socket, buf, &from.local.ip, &from.remote);
    }
}

static void output(void)
{
    struct fa_ip_meta meta;
    struct fa_udp_header header;
    struct fa_buf *buf = fa_udp_output(&udp, 0, &meta);
    if (buf == NULL) {
        return;
    }
    if (fa_ip_is_zero(&meta.local)) {
        struct fa_ip local = fa_ip4(192, 0, 2, 9);
        fa_udp_local_set(buf, &meta, &local);
    }
    FA_ASSERT(fa_udp_decode(fa_buf_slice(buf), &meta, false, &header) == FA_UDP_GOOD);
    FA_ASSERT(header.len == buf->len);
    if (meta.loop) {
        fa_udp_loop(&udp, 0, &meta, buf);
    }
    fa_buf_drop(buf);
}

static void check_books(void)
{
    size_t held = 0;
    for (size_t i = 0; i < SOCKET_COUNT; i++) {
        if (is_bound(&sockets[i])) {
            held += sockets[i].rx_count + sockets[i].tx_count;
            FA_ASSERT((sockets[i].tx_count != 0) == fa_list_linked(&sockets[i].dirty_node));
            FA_ASSERT(sockets[i].rx_count <= sockets[i].config.rx_count_max);
            FA_ASSERT(sockets[i].rx_bytes <= sockets[i].config.rx_bytes_max);
            FA_ASSERT(sockets[i].tx_bytes <= sockets[i].config.tx_bytes_max);
        }
    }
    FA_ASSERT(pool.used_count == held);
}

/* Connect, disconnect, join, leave. */
static void change(struct fa_udp_socket *socket, uint8_t op, uint8_t arg)
{
    struct fa_endpoint remote = {fa_ip4(192, 0, 2, 2), 5000 + (arg >> 2) % 3};
    struct fa_ip group = fa_ip4(224, 0, 0, 1 + (arg >> 2) % 10);
    if (!is_bound(socket)) {
        return;
    }
    switch (arg & 3) {
    case 0:
        (void)fa_udp_connect(socket, &remote);
        break;
    case 1:
        (void)fa_udp_connect(socket, NULL);
        break;
    case 2:
        (void)fa_udp_join(socket, &group, op >> 7);
        break;
    case 3:
        (void)fa_udp_leave(socket, &group, op >> 7);
    }
}

static void run_op(uint8_t op, uint8_t arg, struct fa_slice rest)
{
    struct fa_udp_socket *socket = &sockets[(op >> 3) % SOCKET_COUNT];
    struct fa_slice some = {rest.at, fa_min(rest.len, arg % PAYLOAD_LEN_MAX)};
    struct fa_endpoint to = {fa_ip4(192, 0, 2, 2), arg};
    static const struct fa_ip any;
    switch (op & 7) {
    case 0:
        bind_some(socket, op, arg);
        break;
    case 1:
        fa_udp_close(socket);
        break;
    case 2:
        input(op, some);
        break;
    case 3:
        change(socket, op, arg);
        break;
    case 4:
        echo(socket);
        break;
    case 5:
        if (is_bound(socket)) {
            to.ip = (op & 0x80) != 0 ? fa_ip4(224, 0, 0, 1 + arg % 10) : to.ip;
            (void)fa_udp_send(socket, some, &any, (op & 0x40) != 0 ? NULL : &to);
        }
        break;
    case 6:
        output();
        break;
    case 7: {
        struct fa_ip_meta meta = meta_of(op);
        const uint8_t quoted[8] = {0, arg % 8, 0, arg};
        enum fa_udp_icmp kind = (op & 0x20) != 0 ? FA_UDP_ICMP_TOO_BIG : FA_UDP_ICMP_UNREACHABLE;
        fa_udp_icmp(&udp, &meta, kind, (struct fa_slice){quoted, sizeof quoted});
    }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_udp_init(&udp, &(struct fa_udp_config){.counters = &counters, .rand = &rand});
    fa_zero(sockets, sizeof sockets);
    for (size_t off = 0; off + 2 <= len && off < OP_COUNT_MAX; off += 2) {
        run_op(data[off], data[off + 1], fa_slice_from((struct fa_slice){data, len}, off + 2));
        check_books();
    }
    for (size_t i = 0; i < SOCKET_COUNT; i++) {
        fa_udp_close(&sockets[i]);
    }
    FA_ASSERT(pool.used_count == 0 && !fa_udp_has_output(&udp) && udp.connected_count == 0);
    return 0;
}
