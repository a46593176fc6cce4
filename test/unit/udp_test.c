// SPDX-License-Identifier: ISC
//
// UDP: sockets, their ports and their queues.

#include "fa/udp.h"

#include "fa/wire/udp.h"
#include "test/t.h"

enum {
    BUF_COUNT = 256,
};

static struct fa_udp udp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static struct fa_ip us;
static struct fa_ip them;
static const struct fa_ip any;

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin(void)
{
    us = fa_ip4(192, 0, 2, 1);
    them = fa_ip4(192, 0, 2, 2);
    counters = (struct fa_counters){0};
    fa_rand_init_seed(&rand, 1);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_udp_init(&udp, &(struct fa_udp_config){.counters = &counters, .rand = &rand});
}

static fa_err bind_port(struct fa_udp_socket *socket, uint16_t port)
{
    return fa_udp_bind(&udp, socket, &(struct fa_udp_socket_config){.port = port, .pool = &pool});
}

static struct fa_ip_meta meta_in(void)
{
    return (struct fa_ip_meta){.local = us, .remote = them, .protocol = FA_IP_PROTO_UDP};
}

/* A datagram of theirs as it stands behind its IPv4 header. */
static struct fa_buf *datagram(
    const struct fa_ip_meta *meta, uint16_t source, uint16_t target, struct fa_slice payload)
{
    struct fa_buf *buf = NULL;
    CHECK(fa_buf_alloc(&pool, FA_UDP_HEADROOM - FA_UDP_HDR_LEN, &buf) == FA_OK);
    uint8_t *at = fa_buf_append(buf, FA_UDP_HDR_LEN + payload.len);
    fa_copy(at + FA_UDP_HDR_LEN, payload.at, payload.len);
    struct fa_udp_header header = {source, target, (uint16_t)(FA_UDP_HDR_LEN + payload.len)};
    fa_udp_encode(at, meta, &header);
    return buf;
}

static bool input_text(uint16_t target, const char *text)
{
    struct fa_ip_meta meta = meta_in();
    struct fa_buf *buf = datagram(&meta, 5000, target, fa_slice_of(text));
    bool taken = fa_udp_input(&udp, 9, &meta, buf);
    if (!taken) {
        fa_buf_drop(buf);
    }
    return taken;
}

T(a_datagram_reaches_the_socket_of_its_port_with_its_addresses)
{
    struct fa_udp_socket a;
    struct fa_udp_socket b;
    struct fa_udp_from from;
    struct fa_buf *buf;
    begin();
    REQUIRE(bind_port(&a, 7) == FA_OK);
    REQUIRE(bind_port(&b, 7 + FA_UDP_BUCKET_COUNT) == FA_OK); // of the same bucket
    CHECK(input_text(7, "to a"));
    CHECK(input_text(7 + FA_UDP_BUCKET_COUNT, "to b"));
    REQUIRE(fa_udp_recv(&a, &buf, &from) == FA_OK);
    CHECK_TEXT(fa_buf_slice(buf), "to a");
    CHECK(fa_ip_equal(&from.local.ip, &us) && from.local.port == 7);
    CHECK(fa_ip_equal(&from.remote.ip, &them) && from.remote.port == 5000);
    fa_buf_drop(buf);
    CHECK_EQ(fa_udp_recv(&a, &buf, &from), FA_AGAIN);
    fa_udp_close(&a);
    fa_udp_close(&b);
    CHECK_EQ(pool.used_count, 0);
}

T(a_datagram_to_nobody_is_given_back_untouched)
{
    begin();
    struct fa_ip_meta meta = meta_in();
    struct fa_buf *buf = datagram(&meta, 5000, 9, FA_LIT("x"));
    uint8_t before[9];
    fa_copy(before, fa_buf_at(buf), sizeof before);
    CHECK(!fa_udp_input(&udp, 0, &meta, buf));
    CHECK_EQ(buf->len, 9);
    CHECK(fa_equal(before, fa_buf_at(buf), sizeof before));
    CHECK_EQ(COUNTED(udp_rx_no_socket), 1);
    fa_buf_drop(buf);
}

T(broken_datagrams_are_dropped_by_name)
{
    struct fa_udp_socket socket;
    begin();
    REQUIRE(bind_port(&socket, 7) == FA_OK);
    struct fa_ip_meta meta = meta_in();
    struct fa_buf *buf = datagram(&meta, 5000, 7, FA_LIT("payload"));
    fa_buf_trim(buf, 7);
    CHECK(fa_udp_input(&udp, 0, &meta, buf));
    CHECK_EQ(COUNTED(udp_rx_short), 1);
    buf = datagram(&meta, 5000, 7, FA_LIT("payload"));
    fa_buf_trim(buf, 14);
    CHECK(fa_udp_input(&udp, 0, &meta, buf));
    CHECK_EQ(COUNTED(udp_rx_bad_len), 1);
    buf = datagram(&meta, 5000, 0, FA_LIT("payload"));
    CHECK(fa_udp_input(&udp, 0, &meta, buf));
    CHECK_EQ(COUNTED(udp_rx_port_zero), 1);
    buf = datagram(&meta, 5000, 7, FA_LIT("payload"));
    fa_buf_at(buf)[14] ^= 1;
    CHECK(fa_udp_input(&udp, 0, &meta, buf));
    CHECK_EQ(COUNTED(udp_rx_bad_checksum), 1);
    CHECK_EQ(socket.rx_count, 0);
    CHECK_EQ(pool.used_count, 0);
    fa_udp_close(&socket);
}

T(padding_behind_the_payload_is_cut_off)
{
    struct fa_udp_socket socket;
    struct fa_udp_from from;
    struct fa_buf *buf;
    begin();
    REQUIRE(bind_port(&socket, 7) == FA_OK);
    struct fa_ip_meta meta = meta_in();
    buf = datagram(&meta, 5000, 7, FA_LIT("abc"));
    fa_zero(fa_buf_append(buf, 15), 15);
    CHECK(fa_udp_input(&udp, 0, &meta, buf));
    REQUIRE(fa_udp_recv(&socket, &buf, &from) == FA_OK);
    CHECK_TEXT(fa_buf_slice(buf), "abc");
    fa_buf_drop(buf);
    fa_udp_close(&socket);
}

T(ports_are_taken_once_for_an_address)
{
    struct fa_udp_socket a;
    struct fa_udp_socket b;
    struct fa_udp_socket c;
    begin();
    struct fa_udp_socket_config on_us = {.ip = us, .port = 7};
    struct fa_udp_socket_config on_them = {.ip = them, .port = 7};
    CHECK(fa_udp_bind(&udp, &a, &on_us) == FA_OK);
    CHECK(fa_udp_bind(&udp, &b, &on_us) == FA_EINVAL);
    CHECK(bind_port(&b, 7) == FA_EINVAL);
    CHECK(fa_udp_bind(&udp, &b, &on_them) == FA_OK);
    fa_udp_close(&a);
    fa_udp_close(&b);
    CHECK(bind_port(&c, 7) == FA_OK);
    CHECK(fa_udp_bind(&udp, &a, &on_us) == FA_EINVAL);
    fa_udp_close(&c);
    fa_udp_close(&c);
}

T(a_socket_of_one_address_hears_nothing_sent_to_another)
{
    struct fa_udp_socket socket;
    begin();
    struct fa_udp_socket_config config = {.ip = them, .port = 7};
    REQUIRE(fa_udp_bind(&udp, &socket, &config) == FA_OK);
    CHECK(!input_text(7, "to us"));
    fa_udp_close(&socket);
}

T(chosen_ports_are_ephemeral_and_not_in_order)
{
    struct fa_udp_socket sockets[100];
    int in_order = 0;
    begin();
    for (size_t i = 0; i < FA_COUNT_OF(sockets); i++) {
        REQUIRE(bind_port(&sockets[i], 0) == FA_OK);
        CHECK(sockets[i].config.port >= FA_UDP_PORT_FIRST);
        in_order += i > 0 && sockets[i].config.port == sockets[i - 1].config.port + 1;
    }
    CHECK(in_order < 5);
    for (size_t i = 0; i < FA_COUNT_OF(sockets); i++) {
        fa_udp_close(&sockets[i]);
    }
}

T(the_last_free_port_is_found_and_then_there_is_none)
{
    static struct fa_udp_socket sockets[UINT16_MAX - FA_UDP_PORT_FIRST + 1];
    const size_t hole = 4711;
    struct fa_udp_socket last;
    struct fa_udp_socket none;
    begin();
    for (size_t i = 0; i < FA_COUNT_OF(sockets); i++) {
        if (i != hole) {
            REQUIRE(bind_port(&sockets[i], (uint16_t)(FA_UDP_PORT_FIRST + i)) == FA_OK);
        }
    }
    CHECK_EQ(bind_port(&last, 0), FA_OK);
    CHECK_EQ(last.config.port, FA_UDP_PORT_FIRST + hole);
    CHECK_EQ(bind_port(&none, 0), FA_ENOSPC);
    fa_udp_close(&last);
    for (size_t i = 0; i < FA_COUNT_OF(sockets); i++) {
        fa_udp_close(&sockets[i]);
    }
}

T(a_full_receive_queue_drops_the_newest)
{
    struct fa_udp_socket socket;
    struct fa_udp_from from;
    struct fa_buf *buf;
    begin();
    struct fa_udp_socket_config config = {.port = 7, .rx_count_max = 2};
    REQUIRE(fa_udp_bind(&udp, &socket, &config) == FA_OK);
    CHECK(input_text(7, "1") && input_text(7, "2") && input_text(7, "3"));
    CHECK_EQ(COUNTED(udp_rx_queue_full), 1);
    CHECK_EQ(pool.used_count, 2);
    REQUIRE(fa_udp_recv(&socket, &buf, &from) == FA_OK);
    CHECK_TEXT(fa_buf_slice(buf), "1");
    fa_buf_drop(buf);
    CHECK(input_text(7, "4"));
    CHECK_EQ(socket.rx_count, 2);
    fa_udp_close(&socket);
    CHECK_EQ(pool.used_count, 0);
}

T(group_datagrams_reach_only_those_who_want_them)
{
    struct fa_udp_socket socket;
    struct fa_udp_from from;
    struct fa_buf *buf;
    begin();
    struct fa_ip_meta meta = meta_in();
    meta.local = fa_ip4(255, 255, 255, 255);
    meta.multicast = true;
    CHECK(fa_udp_input(&udp, 0, &meta, datagram(&meta, 5000, 7, FA_LIT("x"))));
    REQUIRE(bind_port(&socket, 7) == FA_OK);
    CHECK(fa_udp_input(&udp, 0, &meta, datagram(&meta, 5000, 7, FA_LIT("x"))));
    CHECK_EQ(COUNTED(udp_rx_group_unwanted), 2);
    fa_udp_close(&socket);
    struct fa_udp_socket_config config = {.port = 7, .broadcast = true};
    REQUIRE(fa_udp_bind(&udp, &socket, &config) == FA_OK);
    CHECK(fa_udp_input(&udp, 0, &meta, datagram(&meta, 5000, 7, FA_LIT("x"))));
    REQUIRE(fa_udp_recv(&socket, &buf, &from) == FA_OK);
    CHECK(fa_ip_is_zero(&from.local.ip)); // nobody can answer from a group's address
    fa_buf_drop(buf);
    fa_udp_close(&socket);
}

T(a_sent_datagram_has_header_and_checksum)
{
    struct fa_udp_socket socket;
    struct fa_ip_meta meta;
    struct fa_udp_header header;
    begin();
    REQUIRE(bind_port(&socket, 7) == FA_OK);
    struct fa_endpoint to = {them, 5000};
    CHECK(!fa_udp_has_output(&udp));
    CHECK(fa_udp_output(&udp, 0, &meta) == NULL);
    REQUIRE(fa_udp_send(&socket, FA_LIT("hello"), &us, &to) == FA_OK);
    CHECK(fa_udp_has_output(&udp));
    struct fa_buf *buf = fa_udp_output(&udp, 0, &meta);
    REQUIRE(buf != NULL);
    CHECK(fa_ip_equal(&meta.local, &us) && fa_ip_equal(&meta.remote, &them));
    REQUIRE(fa_udp_decode(fa_buf_slice(buf), &meta, false, &header) == FA_UDP_GOOD);
    CHECK(header.source_port == 7 && header.target_port == 5000 && header.len == 13);
    CHECK(!fa_udp_has_output(&udp));
    fa_buf_drop(buf);
    fa_udp_close(&socket);
}

T(the_local_address_can_be_chosen_last)
{
    struct fa_udp_socket socket;
    struct fa_ip_meta meta;
    struct fa_udp_header header;
    begin();
    REQUIRE(bind_port(&socket, 7) == FA_OK);
    struct fa_endpoint to = {them, 5000};
    for (uint16_t i = 0; i < 1000; i++) {
        uint8_t payload[2];
        fa_be16_store(payload, (uint16_t)(i * 65));
        REQUIRE(fa_udp_send(&socket, (struct fa_slice){payload, 2}, &any, &to) == FA_OK);
        struct fa_buf *buf = fa_udp_output(&udp, 0, &meta);
        REQUIRE(buf != NULL && fa_ip_is_zero(&meta.local));
        struct fa_ip local = i % 2 == 0 ? us : (struct fa_ip){{0xfd, 1, [15] = 9}};
        fa_udp_local_set(buf, &meta, &local);
        CHECK(fa_ip_equal(&meta.local, &local));
        CHECK(fa_udp_decode(fa_buf_slice(buf), &meta, false, &header) == FA_UDP_GOOD);
        fa_buf_drop(buf);
    }
    fa_udp_close(&socket);
}

T(a_socket_speaks_from_the_address_it_is_bound_to)
{
    struct fa_udp_socket socket;
    struct fa_ip_meta meta;
    begin();
    struct fa_udp_socket_config config = {.ip = us, .port = 7, .pool = &pool};
    REQUIRE(fa_udp_bind(&udp, &socket, &config) == FA_OK);
    struct fa_endpoint to = {them, 5000};
    REQUIRE(fa_udp_send(&socket, FA_LIT("x"), &any, &to) == FA_OK);
    struct fa_buf *buf = fa_udp_output(&udp, 0, &meta);
    REQUIRE(buf != NULL);
    CHECK(fa_ip_equal(&meta.local, &us));
    fa_buf_drop(buf);
    fa_udp_close(&socket);
}

T(a_received_datagram_is_sent_back_in_its_own_buffer)
{
    struct fa_udp_socket socket;
    struct fa_udp_from from;
    struct fa_ip_meta meta;
    struct fa_udp_header header;
    struct fa_buf *buf;
    begin();
    REQUIRE(bind_port(&socket, 7) == FA_OK);
    CHECK(input_text(7, "echo me"));
    REQUIRE(fa_udp_recv(&socket, &buf, &from) == FA_OK);
    struct fa_buf *same = buf;
    buf->offload.flags = FA_OFFLOAD_CSUM_GOOD;
    REQUIRE(fa_udp_send_take(&socket, buf, &from.local.ip, &from.remote) == FA_OK);
    buf = fa_udp_output(&udp, 0, &meta);
    REQUIRE(buf == same);
    CHECK_EQ(buf->offload.flags, 0);
    CHECK(fa_ip_equal(&meta.remote, &them) && fa_ip_equal(&meta.local, &us));
    CHECK(fa_udp_decode(fa_buf_slice(buf), &meta, false, &header) == FA_UDP_GOOD);
    CHECK_EQ(header.target_port, 5000);
    CHECK_EQ(fa_buf_headroom(buf), 54); // what Ethernet and IPv6 need
    fa_buf_drop(buf);
    fa_udp_close(&socket);
}

T(a_full_send_queue_says_so_and_keeps_nothing)
{
    struct fa_udp_socket socket;
    begin();
    struct fa_udp_socket_config config = {.port = 7, .tx_count_max = 2, .pool = &pool};
    REQUIRE(fa_udp_bind(&udp, &socket, &config) == FA_OK);
    struct fa_endpoint to = {them, 5000};
    CHECK_EQ(fa_udp_send(&socket, FA_LIT("1"), &us, &to), FA_OK);
    CHECK_EQ(fa_udp_send(&socket, FA_LIT("2"), &us, &to), FA_OK);
    CHECK_EQ(fa_udp_send(&socket, FA_LIT("3"), &us, &to), FA_ENOSPC);
    CHECK_EQ(COUNTED(udp_tx_queue_full), 1);
    CHECK_EQ(pool.used_count, 2);
    fa_udp_close(&socket);
    CHECK_EQ(pool.used_count, 0);
    CHECK(!fa_udp_has_output(&udp));
}

T(what_cannot_be_sent_is_refused)
{
    static uint8_t big[FA_BUF_SIZE];
    struct fa_udp_socket socket;
    begin();
    REQUIRE(bind_port(&socket, 7) == FA_OK);
    struct fa_endpoint to = {them, 5000};
    struct fa_endpoint nowhere = {them, 0};
    CHECK_EQ(fa_udp_send(&socket, (struct fa_slice){big, sizeof big}, &us, &to), FA_EINVAL);
    CHECK_EQ(fa_udp_send(&socket, FA_LIT("x"), &us, &nowhere), FA_EINVAL);
    CHECK_EQ(pool.used_count, 0);
    struct fa_buf *held[BUF_COUNT];
    for (size_t i = 0; i < BUF_COUNT; i++) {
        REQUIRE(fa_buf_alloc(&pool, 0, &held[i]) == FA_OK);
    }
    CHECK_EQ(fa_udp_send(&socket, FA_LIT("x"), &us, &to), FA_ENOSPC);
    fa_buf_drop(held[0]);
    CHECK_EQ(fa_udp_send(&socket, FA_LIT("x"), &us, &to), FA_OK);
    fa_udp_close(&socket);
}

T(sockets_take_turns_to_send)
{
    struct fa_udp_socket a;
    struct fa_udp_socket b;
    struct fa_ip_meta meta;
    static const uint16_t order[] = {7, 8, 7, 8, 7};
    begin();
    REQUIRE(bind_port(&a, 7) == FA_OK);
    REQUIRE(bind_port(&b, 8) == FA_OK);
    struct fa_endpoint to = {them, 5000};
    for (int i = 0; i < 3; i++) {
        REQUIRE(fa_udp_send(&a, FA_LIT("a"), &us, &to) == FA_OK);
    }
    for (int i = 0; i < 2; i++) {
        REQUIRE(fa_udp_send(&b, FA_LIT("b"), &us, &to) == FA_OK);
    }
    for (size_t i = 0; i < FA_COUNT_OF(order); i++) {
        struct fa_buf *buf = fa_udp_output(&udp, 0, &meta);
        REQUIRE(buf != NULL);
        CHECK_EQ(fa_be16_load(fa_buf_at(buf)), order[i]);
        fa_buf_drop(buf);
    }
    fa_udp_close(&a);
    fa_udp_close(&b);
}

static int told;

static void tell(struct fa_watch *watch, unsigned events)
{
    (void)watch;
    told += events == FA_FLOW_READABLE;
}

T(the_watch_is_told_of_each_datagram)
{
    struct fa_watch watch = {tell};
    struct fa_udp_socket socket;
    begin();
    told = 0;
    REQUIRE(bind_port(&socket, 7) == FA_OK);
    socket.watch = &watch;
    CHECK(input_text(7, "1") && input_text(7, "2"));
    CHECK_EQ(told, 2);
    fa_udp_close(&socket);
}
