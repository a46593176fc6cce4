// SPDX-License-Identifier: ISC
//
// Tests of the stream wire against a peer made of bare socket calls: framing, bad lengths, slow and
// absent peers, and the ways to get one.

#include "fa/stream.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fa/fmt.h"
#include "plat/linux/linux.h"
#include "test/frame.h"
#include "test/t.h"

enum {
    BUF_COUNT = 512,
    AREA_LEN = 4096,
    LONGEST = FA_ETH_HDR_LEN + FA_STREAM_MTU_DEFAULT,
};

static struct fa_stream wire;
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[BUF_COUNT * FA_BUF_SIZE];
static uint8_t area[AREA_LEN];
static struct fa_counters counters;
static const uint8_t peer_mac[FA_MAC_LEN] = {0x02, 0xff};
static char path[64];

static fa_err open_wire(const char *address, const char **reterr_reason)
{
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    counters = (struct fa_counters){};
    return fa_stream_open(&wire,
        &(struct fa_stream_config){.address = address,
            .name = "wire",
            .pool = &pool,
            .area = area,
            .area_len = sizeof area,
            .counters = &counters},
        reterr_reason);
}

static void close_wire(void)
{
    fa_netdev_close(&wire.dev);
    CHECK_EQ(pool.used_count, 0);
}

/* A wire over one end of a socket pair. Returns: the other end. */
static int open_pair(void)
{
    int fds[2];
    char address[16];
    const char *reason = NULL;
    FA_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    (void)fa_fmt(address, sizeof address, "fd:%d", fds[0]);
    FA_ASSERT(open_wire(address, &reason) == FA_OK);
    return fds[1];
}

static void poll_kernel(void)
{
    volatile struct timespec none = {.tv_nsec = 0};
    (void)fa__linux_poll(&none);
}

static void write_all(int fd, const void *at, size_t len)
{
    CHECK_EQ(send(fd, at, len, MSG_NOSIGNAL), len);
    poll_kernel();
}

/* A frame as it stands on the wire, its length in front. Returns: how many bytes. */
static size_t make_record(uint8_t *at, uint32_t mark, size_t len)
{
    static _Alignas(64) uint8_t one[FA_BUF_SIZE];
    struct fa_pool scratch;
    struct fa_buf *buf;
    fa_pool_init(&scratch, one, sizeof one, sizeof one);
    FA_ASSERT(fa_buf_alloc(&scratch, 0, &buf) == FA_OK);
    frame_write(buf, wire.dev.info.mac, peer_mac, mark, len);
    fa_be32_store(at, (uint32_t)len);
    fa_copy(at + 4, fa_buf_at(buf), len);
    return 4 + len;
}

static bool check_arrives(fa_ns now, uint32_t mark, size_t len)
{
    struct fa_buf *buf = frame_take(&wire.dev, now);
    bool good = buf != NULL && frame_check(buf, mark, len);
    fa_buf_drop(buf);
    return good;
}

T(frames_are_found_however_the_bytes_are_cut)
{
    uint8_t bytes[4 * 200];
    int fd = open_pair();
    for (size_t cut = 1; cut <= 200; cut++) {
        size_t len = 0;
        uint32_t next = 0;
        for (uint32_t mark = 0; mark < 4; mark++) {
            len += make_record(bytes + len, mark, 20 + 40 * mark);
        }
        for (size_t off = 0; off < len; off += cut) {
            struct fa_buf *buf;
            write_all(fd, bytes + off, fa_min(cut, len - off));
            while ((buf = frame_take(&wire.dev, 1)) != NULL) {
                CHECK(frame_check(buf, next, 20 + 40 * next));
                fa_buf_drop(buf);
                next++;
            }
        }
        CHECK_EQ(next, 4);
    }
    (void)close(fd);
    close_wire();
}

T(frames_leave_with_their_length_in_front)
{
    uint8_t expected[2 * LONGEST];
    uint8_t got[2 * LONGEST];
    int fd = open_pair();
    CHECK(frame_send(&wire.dev, 1, peer_mac, 3, 60));
    CHECK(frame_send(&wire.dev, 1, peer_mac, 4, LONGEST));
    fa_netdev_tx_flush(&wire.dev, 1);
    CHECK_EQ(recv(fd, got, sizeof got, 0), 4 + 60 + 4 + LONGEST);
    CHECK_EQ(fa_be32_load(got), 60);
    CHECK_EQ(fa_be32_load(got + 64), LONGEST);
    size_t len = make_record(expected, 3, 60);
    CHECK(fa_equal(got + 4 + 12, expected + 4 + 12, len - 4 - 12)); /* behind the addresses */
    CHECK(fa_equal(got + 4, peer_mac, FA_MAC_LEN));
    CHECK_EQ(pool.used_count, 0);
    (void)close(fd);
    close_wire();
}

T(test_vector_is_read_as_specified)
{
    /* docs/spec/stream-framing.md */
    static const uint8_t vector[] = {0x00, 0x00, 0x00, 0x2a, /* length */
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x15, 0x08, 0x06, 0x00,
        0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, /* ARP request */
        0x02, 0x00, 0x00, 0x00, 0x00, 0x15, 0x0a, 0x00, 0x02, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x0a, 0x00, 0x02, 0x02};
    int fd = open_pair();
    write_all(fd, vector, sizeof vector);
    struct fa_buf *buf = frame_take(&wire.dev, 1);
    REQUIRE(buf != NULL);
    CHECK_EQ(buf->len, 42);
    CHECK(fa_equal(fa_buf_at(buf), vector + 4, 42));
    fa_buf_drop(buf);
    (void)close(fd);
    close_wire();
}

T(frames_too_short_and_too_long_are_passed_over_and_counted)
{
    static const struct {
        size_t len;
        unsigned too_short;
        unsigned too_long;
    } cases[] = {{0, 1, 0}, {1, 1, 0}, {FA_ETH_HDR_LEN - 1, 1, 0}, {LONGEST + 1, 0, 1},
        {AREA_LEN, 0, 1}, {FA_STREAM_FRAME_MAX, 0, 1}};
    static uint8_t bytes[4 + FA_STREAM_FRAME_MAX];
    for (unsigned i = 0; i < FA_COUNT_OF(cases); i++) {
        uint8_t good[100];
        int fd = open_pair();
        fa_be32_store(bytes, (uint32_t)cases[i].len);
        /* In two halves: what is passed over may not all be here yet. */
        size_t half = (4 + cases[i].len) / 2;
        write_all(fd, bytes, half);
        CHECK(frame_take(&wire.dev, 1) == NULL);
        write_all(fd, bytes + half, 4 + cases[i].len - half);
        write_all(fd, good, make_record(good, 7, 60));
        bool arrived = false;
        for (unsigned k = 0; k < 10 && !arrived; k++) { /* a call reads a bounded amount */
            arrived = check_arrives(1, 7, 60);
        }
        CHECK(arrived);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_too_short), cases[i].too_short);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_too_long), cases[i].too_long);
        CHECK_EQ(wire.state, FA_STREAM_UP);
        (void)close(fd);
        close_wire();
    }
}

T(length_without_sense_ends_the_connection)
{
    static const uint32_t lengths[] = {FA_STREAM_FRAME_MAX + 1, 0x80000000, UINT32_MAX};
    for (unsigned i = 0; i < FA_COUNT_OF(lengths); i++) {
        uint8_t bytes[100];
        uint8_t byte;
        int fd = open_pair();
        size_t len = make_record(bytes, 1, 60);
        fa_be32_store(bytes + len, lengths[i]);
        write_all(fd, bytes, len + 4);
        CHECK(check_arrives(1, 1, 60)); /* what came before it is good */
        CHECK(frame_take(&wire.dev, 1) == NULL);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, stream_bad_len), 1);
        CHECK_EQ(FA_COUNTER_VALUE(&counters, stream_closed), 1);
        CHECK_EQ(wire.state, FA_STREAM_GONE);
        CHECK_EQ(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
        (void)close(fd);
        close_wire();
    }
}

T(useless_frames_without_end_do_not_hold_up_the_owner)
{
    static const uint8_t nothing[4096]; /* frames of no bytes */
    int fd = open_pair();
    for (unsigned i = 0; i < 20; i++) {
        write_all(fd, nothing, sizeof nothing);
    }
    CHECK(frame_take(&wire.dev, 1) == NULL);
    uint64_t count = FA_COUNTER_VALUE(&counters, netdev_rx_too_short);
    CHECK(count > 0 && count < 20 * sizeof nothing / 4); /* not all in one call */
    CHECK_EQ(fa_netdev_deadline(&wire.dev), 0);
    for (unsigned i = 0; i < 10; i++) {
        CHECK(frame_take(&wire.dev, 1) == NULL);
    }
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_rx_too_short), 20 * sizeof nothing / 4);
    CHECK_EQ(fa_netdev_deadline(&wire.dev), FA_NS_NEVER);
    (void)close(fd);
    close_wire();
}

T(slow_peer_gets_every_accepted_frame_whole_and_in_order)
{
    static uint8_t bytes[4 + LONGEST];
    uint32_t sent = 0;
    uint32_t received = 0;
    size_t have = 0;
    int small = 1; /* the kernel rounds it up to a few KiB */
    int fd = open_pair();
    CHECK(setsockopt(wire.peer.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    while (frame_send(&wire.dev, 1, peer_mac, sent, 400 + sent % 1000)) {
        sent++;
        fa_netdev_tx_flush(&wire.dev, 1);
    }
    CHECK_EQ(wire.tx_count, FA_STREAM_TX_COUNT_DEFAULT); /* the limit */
    CHECK(sent > FA_STREAM_TX_COUNT_DEFAULT);
    uint64_t lost_count = FA_COUNTER_VALUE(&counters, netdev_tx_lost);
    while (received < sent) {
        ssize_t len = recv(
            fd, bytes + have, 333 < sizeof bytes - have ? 333 : sizeof bytes - have, MSG_DONTWAIT);
        have += len > 0 ? (size_t)len : 0;
        if (have >= 4 && have >= 4 + (size_t)fa_be32_load(bytes)) {
            size_t frame_len = fa_be32_load(bytes);
            CHECK_EQ(frame_len, 400 + received % 1000);
            CHECK_EQ(fa_be32_load(bytes + 4 + FA_ETH_HDR_LEN), received);
            received++;
            have -= 4 + frame_len;
            fa_move(bytes, bytes + 4 + frame_len, have);
        }
        if (len <= 0) {
            poll_kernel(); /* an edge makes it writable again, and rx sends too */
            REQUIRE(wire.peer.writable);
            CHECK(frame_take(&wire.dev, 1) == NULL);
        }
    }
    CHECK_EQ(wire.tx_count, 0);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_tx_lost), lost_count);
    (void)close(fd);
    close_wire();
}

T(frame_sent_on_into_a_full_wire_is_lost_and_counted)
{
    struct fa_buf *buf;
    int fd = open_pair();
    REQUIRE(fa_netdev_tx_reserve(&wire.dev, &buf) == FA_OK); /* before it is full */
    frame_write(buf, peer_mac, wire.dev.info.mac, 1, 60);
    wire.peer.writable = false;
    while (frame_send(&wire.dev, 1, peer_mac, 1, 60)) {
    }
    fa_netdev_tx_commit(&wire.dev, 1, buf);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_tx_lost), 1);
    (void)close(fd);
    close_wire();
}

T(peer_that_goes_leaves_a_silent_wire)
{
    uint8_t bytes[100];
    int fd = open_pair();
    write_all(fd, bytes, make_record(bytes, 5, 60));
    write_all(fd, bytes, 30);                         /* and half a frame */
    CHECK(frame_send(&wire.dev, 1, peer_mac, 1, 60)); /* on its way when the peer goes */
    (void)close(fd);
    poll_kernel();
    CHECK(check_arrives(1, 5, 60)); /* what it said before */
    CHECK(frame_take(&wire.dev, 1) == NULL);
    CHECK_EQ(wire.state, FA_STREAM_GONE);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, stream_closed), 1);
    CHECK_EQ(pool.used_count, 0);
    CHECK_EQ(fa_netdev_deadline(&wire.dev), FA_NS_NEVER);
    CHECK(frame_send(&wire.dev, 1, peer_mac, 2, 60));
    fa_netdev_tx_flush(&wire.dev, 1);
    CHECK(FA_COUNTER_VALUE(&counters, netdev_tx_lost) >= 1);
    CHECK(frame_take(&wire.dev, 1) == NULL);
    close_wire();
}

T(peer_that_goes_while_the_wire_waits_for_room_is_forgotten)
{
    static const uint8_t nonsense[4] = {0xff, 0xff, 0xff, 0xff};
    int small = 1;
    int fd = open_pair();
    CHECK(setsockopt(wire.peer.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    while (wire.peer.writable && frame_send(&wire.dev, 1, peer_mac, 1, LONGEST)) {
        fa_netdev_tx_flush(&wire.dev, 1);
    }
    CHECK(!wire.peer.writable);
    write_all(fd, nonsense, sizeof nonsense);
    CHECK(frame_take(&wire.dev, 1) == NULL);
    CHECK_EQ(wire.state, FA_STREAM_GONE);
    fa_netdev_tx_flush(&wire.dev, 1);
    CHECK(frame_take(&wire.dev, 1) == NULL);
    (void)close(fd);
    close_wire();
}

T(peer_that_goes_in_the_middle_of_a_frame_loses_all_that_waits)
{
    int small = 1;
    int fd = open_pair();
    CHECK(setsockopt(wire.peer.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    for (uint32_t mark = 0; mark < 20; mark++) {
        CHECK(frame_send(&wire.dev, 1, peer_mac, mark, 1200));
    }
    fa_netdev_tx_flush(&wire.dev, 1);
    uint64_t waiting_count = wire.tx_count;
    CHECK(waiting_count > 0 && waiting_count < 20);
    CHECK(wire.sent_len > 0);
    (void)close(fd);
    poll_kernel();
    fa_netdev_tx_flush(&wire.dev, 1);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_tx_lost), waiting_count);
    CHECK_EQ(pool.used_count, 0);
    CHECK_EQ(wire.sent_len, 0);
    for (uint32_t i = 0; i < 3; i++) { /* before its owner has seen the end */
        CHECK(frame_send(&wire.dev, 1, peer_mac, i, 60));
        fa_netdev_tx_flush(&wire.dev, 1);
    }
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_tx_lost), waiting_count + 3);
    CHECK(frame_take(&wire.dev, 1) == NULL);
    CHECK_EQ(wire.state, FA_STREAM_GONE);
    close_wire();
}

static void name_path(void)
{
    static unsigned serial;
    (void)fa_fmt(path, sizeof path, "/tmp/fata-stream-%d-%u.sock", getpid(), serial++);
}

static struct sockaddr_un make_place(void)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    fa_copy(place.sun_path, path, strlen(path));
    return place;
}

/* A peer that listens. */
static int listen_bare(void)
{
    const struct sockaddr_un place = make_place();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FA_ASSERT(bind(fd, (const struct sockaddr *)&place, sizeof place) == 0);
    FA_ASSERT(listen(fd, 5) == 0);
    return fd;
}

static int connect_bare(void)
{
    const struct sockaddr_un place = make_place();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FA_ASSERT(connect(fd, (const struct sockaddr *)&place, sizeof place) == 0);
    return fd;
}

static const char *word_address(const char *word)
{
    static char address[80];
    (void)fa_fmt(address, sizeof address, "%s:%s", word, path);
    return address;
}

T(absent_peer_is_tried_again_ever_more_rarely)
{
    const char *reason = NULL;
    fa_ns now = 50 * FA_NS_S;
    fa_ns pause = FA_STREAM_RETRY_MIN_NS;
    name_path();
    REQUIRE(open_wire(word_address("connect"), &reason) == FA_OK);
    CHECK_EQ(wire.state, FA_STREAM_WAITING);
    CHECK_EQ(fa_netdev_deadline(&wire.dev), 0);
    for (unsigned i = 0; i < 10; i++) {
        CHECK(frame_take(&wire.dev, now) == NULL);
        CHECK_EQ(fa_netdev_deadline(&wire.dev), now + pause);
        CHECK(frame_take(&wire.dev, now + pause - 1) == NULL); /* not yet */
        CHECK_EQ(fa_netdev_deadline(&wire.dev), now + pause);
        now += pause;
        pause = fa_ns_min(2 * pause, FA_STREAM_RETRY_MAX_NS);
    }
    CHECK_EQ(pause, FA_STREAM_RETRY_MAX_NS);
    CHECK(frame_send(&wire.dev, now, peer_mac, 1, 60));
    CHECK_EQ(FA_COUNTER_VALUE(&counters, netdev_tx_lost), 1);
    close_wire();
}

T(wire_connects_again_when_its_peer_is_back)
{
    const char *reason = NULL;
    uint8_t bytes[100];
    fa_ns now = FA_NS_S;
    name_path();
    int listener = listen_bare();
    REQUIRE(open_wire(word_address("connect"), &reason) == FA_OK);
    CHECK_EQ(wire.state, FA_STREAM_UP);
    for (uint32_t round = 0; round < 3; round++) {
        int fd = accept(listener, NULL, NULL);
        write_all(fd, bytes, make_record(bytes, round, 60));
        write_all(fd, bytes, 17); /* a rest that is not to come before the next peer's bytes */
        CHECK(check_arrives(now, round, 60));
        (void)close(fd);
        poll_kernel();
        CHECK(frame_take(&wire.dev, now) == NULL);
        CHECK_EQ(wire.state, FA_STREAM_WAITING);
        CHECK_EQ(fa_netdev_deadline(&wire.dev), now + FA_STREAM_RETRY_MIN_NS);
        now += FA_STREAM_RETRY_MIN_NS;
        CHECK(frame_take(&wire.dev, now) == NULL);
        CHECK_EQ(wire.state, FA_STREAM_UP);
    }
    CHECK_EQ(FA_COUNTER_VALUE(&counters, stream_opened), 4);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, stream_closed), 3);
    (void)close(listener);
    (void)unlink(path);
    close_wire();
}

T(listening_wire_takes_one_peer_at_a_time)
{
    const char *reason = NULL;
    uint8_t bytes[100];
    uint8_t byte;
    name_path();
    REQUIRE(open_wire(word_address("listen"), &reason) == FA_OK);
    CHECK(frame_take(&wire.dev, 1) == NULL);
    CHECK_EQ(fa_netdev_deadline(&wire.dev), FA_NS_NEVER);
    int first = connect_bare();
    int second = connect_bare();
    write_all(first, bytes, make_record(bytes, 1, 60));
    CHECK_EQ(fa_netdev_deadline(&wire.dev), 0);
    CHECK(check_arrives(1, 1, 60));
    CHECK(frame_take(&wire.dev, 1) == NULL);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, stream_refused), 1);
    CHECK_EQ(recv(second, &byte, 1, MSG_DONTWAIT), 0); /* it sees that it is not wanted */
    write_all(first, bytes, make_record(bytes, 2, 60));
    CHECK(check_arrives(1, 2, 60));
    (void)close(first);
    (void)close(second);
    poll_kernel();
    CHECK(frame_take(&wire.dev, 1) == NULL);
    CHECK_EQ(wire.state, FA_STREAM_WAITING);
    int third = connect_bare();
    write_all(third, bytes, make_record(bytes, 3, 60));
    CHECK(check_arrives(1, 3, 60));
    (void)close(third);
    close_wire();
    CHECK(access(path, F_OK) != 0);
}

/* Leave the wire in the middle of something when its peer goes. */
static void break_wire(unsigned how, int fd)
{
    uint8_t bytes[200];
    uint8_t nonsense[4] = {0xff};
    size_t len = make_record(bytes, 1, 60);
    int small = 1;
    switch (how) {
    case 0: /* a frame that is passed over */
        fa_be32_store(bytes, LONGEST + 1);
        write_all(fd, bytes, 100);
        break;
    case 1: /* a frame, and then a length without sense */
        fa_copy(bytes + len, nonsense, sizeof nonsense);
        write_all(fd, bytes, len + sizeof nonsense);
        CHECK(check_arrives(1, 1, 60));
        break;
    default: /* a frame that is sent in part */
        CHECK(setsockopt(wire.peer.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
        for (uint32_t mark = 0; mark < 20; mark++) {
            CHECK(frame_send(&wire.dev, 1, peer_mac, mark, 1200));
        }
        fa_netdev_tx_flush(&wire.dev, 1);
        CHECK(wire.sent_len > 0);
        write_all(fd, nonsense, sizeof nonsense);
        break;
    }
    CHECK(frame_take(&wire.dev, 1) == NULL);
    (void)close(fd);
    poll_kernel();
    CHECK(frame_take(&wire.dev, 1) == NULL);
    CHECK_EQ(wire.state, FA_STREAM_WAITING);
}

T(next_peer_finds_a_wire_without_a_past)
{
    const char *reason = NULL;
    uint8_t bytes[200];
    for (unsigned how = 0; how < 3; how++) {
        name_path();
        REQUIRE(open_wire(word_address("listen"), &reason) == FA_OK);
        int fd = connect_bare();
        poll_kernel();
        CHECK(frame_take(&wire.dev, 1) == NULL);
        break_wire(how, fd);
        fd = connect_bare();
        write_all(fd, bytes, make_record(bytes, 2, 60));
        CHECK(check_arrives(1, 2, 60));
        CHECK(frame_send(&wire.dev, 1, peer_mac, 3, 60));
        fa_netdev_tx_flush(&wire.dev, 1);
        CHECK_EQ(recv(fd, bytes, sizeof bytes, MSG_DONTWAIT), 64);
        CHECK_EQ(fa_be32_load(bytes), 60);
        CHECK_EQ(fa_be32_load(bytes + 4 + FA_ETH_HDR_LEN), 3);
        (void)close(fd);
        close_wire();
    }
}

T(path_left_by_a_dead_process_is_taken_over)
{
    const char *reason = NULL;
    name_path();
    (void)close(listen_bare()); /* the path stays, nobody listens */
    REQUIRE(open_wire(word_address("listen"), &reason) == FA_OK);
    (void)close(connect_bare());
    close_wire();
}

T(path_in_use_is_left_alone)
{
    const char *reason = "";
    name_path();
    int listener = listen_bare();
    CHECK(open_wire(word_address("listen"), &reason) == FA_EREFUSED);
    CHECK(strstr(reason, "another process listens there") != NULL);
    (void)close(connect_bare());
    (void)close(listener);
    (void)unlink(path);
    FILE *file = fopen(path, "w"); /* nor is a file of another kind removed */
    FA_ASSERT(file != NULL);
    (void)fclose(file);
    CHECK(open_wire(word_address("listen"), &reason) != FA_OK);
    CHECK(access(path, F_OK) == 0);
    (void)unlink(path);
}

T(wire_that_cannot_be_opened_says_why)
{
    static const struct {
        const char *address;
        const char *word;
    } cases[] = {
        {"", "connect:PATH"},
        {"/run/x", "connect:PATH"},
        {"connect:", "1 to 107 bytes"},
        {"listen:", "1 to 107 bytes"},
        {"connect:/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/"
         "123456789/123456789/12345678",
            "1 to 107 bytes"},
        {"listen:/nonexistent/x.sock", "No such file"},
        {"fd:", "number"},
        {"fd:-1", "number"},
        {"fd:99999", "no stream socket"},
        {"fd:0x1", "number"},
    };
    const char *reason;
    for (unsigned i = 0; i < FA_COUNT_OF(cases); i++) {
        reason = "";
        if (open_wire(cases[i].address, &reason) == FA_OK ||
            strstr(reason, cases[i].word) == NULL) {
            t_fail(__FILE__, __LINE__, "%s: %s", cases[i].address, reason);
        }
    }
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    struct fa_stream_config config = {.address = "connect:/x",
        .name = "wire",
        .pool = &pool,
        .area = area,
        .area_len = 4 + LONGEST - 1};
    CHECK(fa_stream_open(&wire, &config, &reason) == FA_EINVAL);
    config.area_len++;
    config.mtu_bytes = 1900;
    CHECK(fa_stream_open(&wire, &config, &reason) == FA_EINVAL);
}
