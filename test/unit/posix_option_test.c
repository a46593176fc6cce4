// SPDX-License-Identifier: ISC
//
// Options of sockets, and what they do; how close() lingers, what a peek and a reset leave.

#include "fa/posix.h"

#include "test/t.h"
#include "test/unit/posix_world.h"

static char text[4096];

static int stream_a(void)
{
    return fa_posix_socket(&posix_a, FA_POSIX_AF_INET, FA_POSIX_SOCK_STREAM, 0);
}

static int datagram(struct fa_posix *posix)
{
    return fa_posix_socket(posix, FA_POSIX_AF_INET, FA_POSIX_SOCK_DGRAM, 0);
}

/* ---- the table ---- */

#define SOCKET FA_POSIX_SOL_SOCKET
#define TCP    FA_POSIX_IPPROTO_TCP
#define IP     FA_POSIX_IPPROTO_IP
#define IP6    FA_POSIX_IPPROTO_IPV6

T(options_are_there_or_honestly_not)
{
    static const struct {
        int level;
        int name;
        int get; /* outcome */
        int set;
    } cases[] = {
        {SOCKET, FA_POSIX_SO_TYPE, 0, -FA_POSIX_EOPNOTSUPP},
        {SOCKET, FA_POSIX_SO_ACCEPTCONN, 0, -FA_POSIX_EOPNOTSUPP},
        {SOCKET, FA_POSIX_SO_TIMESTAMP, -FA_POSIX_EOPNOTSUPP, -FA_POSIX_EOPNOTSUPP},
        {SOCKET, FA_POSIX_SO_BROADCAST, 0, 0},
        {SOCKET, 77, -FA_POSIX_ENOPROTOOPT, -FA_POSIX_ENOPROTOOPT},
        {99, FA_POSIX_SO_TYPE, -FA_POSIX_ENOPROTOOPT, -FA_POSIX_ENOPROTOOPT},
        {TCP, FA_POSIX_TCP_INFO, 0, -FA_POSIX_EOPNOTSUPP},
        {IP, FA_POSIX_IP_PKTINFO, -FA_POSIX_ENOPROTOOPT, -FA_POSIX_ENOPROTOOPT},
        {IP6, FA_POSIX_IPV6_V6ONLY, -FA_POSIX_ENOPROTOOPT, -FA_POSIX_ENOPROTOOPT},
        {IP6, FA_POSIX_IPV6_TCLASS, -FA_POSIX_ENOPROTOOPT, -FA_POSIX_ENOPROTOOPT},
    };
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        int value = 1;
        uint32_t len = sizeof value;
        CHECK_EQ(fa_posix_getsockopt(&posix_a, a, cases[i].level, cases[i].name, &value, &len),
            cases[i].get);
        CHECK_EQ(posix_option_set(&posix_a, a, cases[i].level, cases[i].name, 1), cases[i].set);
    }
    CHECK_EQ(posix_option_set(&posix_a, datagram(&posix_a), TCP, FA_POSIX_TCP_NODELAY, 1),
        -FA_POSIX_ENOPROTOOPT);
    posix_world_close();
}

T(a_number_is_kept_within_its_bounds)
{
    enum { REFUSED = -1000 };
    static const struct {
        int level;
        int name;
        int usual;
        struct {
            int set;
            int told;
        } tries[4];
    } cases[] = {
        {SOCKET, FA_POSIX_SO_REUSEADDR, 0, {{1, 1}, {0, 0}, {-5, 1}, {7, 1}}},
        {SOCKET, FA_POSIX_SO_SNDBUF, 4194304,
            {{10000, 20000}, {1, 4608}, {-1, 4608}, {INT32_MAX, 1 << 30}}},
        {SOCKET, FA_POSIX_SO_RCVBUF, 4194304,
            {{10000, 20000}, {1, 2304}, {0, 2304}, {INT32_MAX, 1 << 30}}},
        {TCP, FA_POSIX_TCP_MAXSEG, 536,
            {{87, REFUSED}, {88, 88}, {32767, 32767}, {32768, REFUSED}}},
        {TCP, FA_POSIX_TCP_KEEPIDLE, 7200,
            {{0, REFUSED}, {1, 1}, {32767, 32767}, {32768, REFUSED}}},
        {TCP, FA_POSIX_TCP_KEEPINTVL, 75, {{0, REFUSED}, {1, 1}, {32767, 32767}, {32768, REFUSED}}},
        {TCP, FA_POSIX_TCP_KEEPCNT, 9, {{0, REFUSED}, {1, 1}, {127, 127}, {128, REFUSED}}},
        {TCP, FA_POSIX_TCP_LINGER2, 60, {{-1, 60}, {5, 5}, {120, 120}, {121, 120}}},
        {TCP, FA_POSIX_TCP_QUICKACK, 0, {{1, 1}, {0, 0}, {2, 1}, {0, 0}}},
        {TCP, FA_POSIX_TCP_USER_TIMEOUT, 0, {{-1, REFUSED}, {1, 1}, {5000, 5000}, {0, 0}}},
        {IP, FA_POSIX_IP_TTL, 64, {{0, REFUSED}, {255, 255}, {256, REFUSED}, {-1, 64}}},
        {IP, FA_POSIX_IP_TOS, 0, {{255, 255}, {-1, REFUSED}, {256, REFUSED}, {0, 0}}},
    };
    posix_world_open();
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        int fd = stream_a();
        int level = cases[i].level;
        CHECK_EQ(posix_option(&posix_a, fd, level, cases[i].name), cases[i].usual);
        for (size_t k = 0; k < FA_COUNT_OF(cases[i].tries); k++) {
            int before = posix_option(&posix_a, fd, level, cases[i].name);
            bool refused = cases[i].tries[k].told == REFUSED;
            CHECK_EQ(posix_option_set(&posix_a, fd, level, cases[i].name, cases[i].tries[k].set),
                refused ? -FA_POSIX_EINVAL : 0);
            CHECK_EQ(posix_option(&posix_a, fd, level, cases[i].name),
                refused ? before : cases[i].tries[k].told);
        }
    }
    posix_world_close();
}

T(options_of_both_families_and_whether_there_is_one_alone)
{
    posix_world_open();
    int fd = fa_posix_socket(&posix_a, FA_POSIX_AF_INET6, FA_POSIX_SOCK_DGRAM, 0);
    CHECK_EQ(posix_option_set(&posix_a, fd, IP6, FA_POSIX_IPV6_TCLASS, 0x20), 0);
    CHECK_EQ(posix_option(&posix_a, fd, IP, FA_POSIX_IP_TOS), 0x20);
    CHECK_EQ(posix_option_set(&posix_a, fd, IP6, FA_POSIX_IPV6_TCLASS, -1), 0);
    CHECK_EQ(posix_option(&posix_a, fd, IP6, FA_POSIX_IPV6_TCLASS), 0);
    CHECK_EQ(posix_option_set(&posix_a, fd, IP6, FA_POSIX_IPV6_UNICAST_HOPS, 3), 0);
    CHECK_EQ(posix_option(&posix_a, fd, IP6, FA_POSIX_IPV6_UNICAST_HOPS), 3);
    CHECK_EQ(posix_option_set(&posix_a, fd, IP6, FA_POSIX_IPV6_V6ONLY, 1), 0);
    CHECK_EQ(posix_option(&posix_a, fd, IP6, FA_POSIX_IPV6_V6ONLY), 1);
    struct fa_posix_sockaddr any = {.family = FA_POSIX_AF_INET6, .at.port = 99};
    CHECK_EQ(fa_posix_bind(&posix_a, fd, &any), 0);
    CHECK_EQ(posix_option_set(&posix_a, fd, IP6, FA_POSIX_IPV6_V6ONLY, 0), -FA_POSIX_EINVAL);
    CHECK_EQ(posix_option(&posix_a, fd, IP6, FA_POSIX_IPV6_V6ONLY), 1);
    posix_world_close();
}

T(an_accepted_stream_has_its_listeners_options)
{
    static const struct {
        int level;
        int name;
        int value;
        int told;
    } cases[] = {
        {SOCKET, FA_POSIX_SO_KEEPALIVE, 1, 1},
        {SOCKET, FA_POSIX_SO_RCVBUF, 5000, 10000},
        {SOCKET, FA_POSIX_SO_SNDBUF, 6000, 12000},
        {TCP, FA_POSIX_TCP_USER_TIMEOUT, 4000, 4000},
        {TCP, FA_POSIX_TCP_NODELAY, 1, 1},
        {TCP, FA_POSIX_TCP_CORK, 1, 1},
        {TCP, FA_POSIX_TCP_QUICKACK, 1, 1},
        {TCP, FA_POSIX_TCP_KEEPIDLE, 11, 11},
        {TCP, FA_POSIX_TCP_KEEPINTVL, 12, 12},
        {TCP, FA_POSIX_TCP_KEEPCNT, 13, 13},
        {TCP, FA_POSIX_TCP_LINGER2, 14, 14},
        {TCP, FA_POSIX_TCP_MAXSEG, 1012, 1000},
        {IP, FA_POSIX_IP_TTL, 15, 15},
        {IP, FA_POSIX_IP_TOS, 0x10, 0x10},
    };
    struct fa_posix_linger linger = {.on = 1, .seconds = 3};
    uint32_t len = sizeof linger;
    posix_world_open();
    int server = posix_server(80, 5);
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        CHECK_EQ(
            posix_option_set(&posix_b, server, cases[i].level, cases[i].name, cases[i].value), 0);
    }
    CHECK_EQ(fa_posix_setsockopt(&posix_b, server, SOCKET, FA_POSIX_SO_LINGER, &linger, len), 0);
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 80);
    CHECK_EQ(fa_posix_connect(&posix_a, stream_a(), &remote), 0);
    int end = fa_posix_accept(&posix_b, server, NULL, 0);
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        CHECK_EQ(posix_option(&posix_b, end, cases[i].level, cases[i].name), cases[i].told);
    }
    linger.seconds = 0;
    CHECK_EQ(fa_posix_getsockopt(&posix_b, end, SOCKET, FA_POSIX_SO_LINGER, &linger, &len), 0);
    CHECK_EQ(linger.seconds, 3);
    posix_world_close();
}

/* ---- what they do ---- */

T(small_writes_are_collected_unless_told_otherwise)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    long long before = COUNTED(&world.a, tcp_tx_segments);
    CHECK_EQ(fa_posix_send(&posix_a, a, "1", 1, 0), 1);
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(fa_posix_send(&posix_a, a, "2", 1, 0), 1);
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(COUNTED(&world.a, tcp_tx_segments) - before, 1);
    CHECK_EQ(posix_option_set(&posix_a, a, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_NODELAY, 1), 0);
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(COUNTED(&world.a, tcp_tx_segments) - before, 2);
    CHECK_EQ(posix_option(&posix_a, a, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_NODELAY), 1);
    posix_world_close();
}

T(a_corked_stream_sends_full_segments_alone)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    CHECK_EQ(posix_option_set(&posix_a, a, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_CORK, 1), 0);
    CHECK_EQ(posix_option(&posix_a, a, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_CORK), 1);
    long long before = COUNTED(&world.a, tcp_tx_segments);
    CHECK_EQ(fa_posix_send(&posix_a, a, "1", 1, 0), 1);
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(COUNTED(&world.a, tcp_tx_segments), before);
    CHECK_EQ(posix_option_set(&posix_a, a, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_CORK, 0), 0);
    fa_stack_poll(&world.a.stack, world.now);
    CHECK_EQ(COUNTED(&world.a, tcp_tx_segments) - before, 1);
    posix_world_close();
}

T(congestion_control_is_chosen_by_name)
{
    char name[16] = {0};
    uint32_t len = sizeof name;
    const int level = FA_POSIX_IPPROTO_TCP;
    const int option = FA_POSIX_TCP_CONGESTION;
    posix_world_open();
    int server = posix_server(80, 5);
    CHECK_EQ(fa_posix_setsockopt(&posix_b, server, level, option, "vegas", 6), -FA_POSIX_ENOENT);
    CHECK_EQ(fa_posix_setsockopt(&posix_b, server, level, option, "newreno", 7), 0);
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 80);
    int client = stream_a();
    CHECK_EQ(fa_posix_connect(&posix_a, client, &remote), 0);
    int end = fa_posix_accept(&posix_b, server, NULL, 0);
    CHECK_EQ(fa_posix_getsockopt(&posix_b, end, level, option, name, &len), 0);
    CHECK(fa_equal(name, "newreno", 8));
    len = sizeof name;
    CHECK_EQ(fa_posix_getsockopt(&posix_a, client, level, option, name, &len), 0);
    CHECK(fa_equal(name, "cubic", 6));
    CHECK_EQ(fa_posix_setsockopt(&posix_a, client, level, option, "newreno", 8), 0);
    len = sizeof name;
    CHECK_EQ(fa_posix_getsockopt(&posix_a, client, level, option, name, &len), 0);
    CHECK(fa_equal(name, "newreno", 8));
    posix_world_close();
}

T(a_silent_peer_is_given_up_on)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    const int level = FA_POSIX_IPPROTO_TCP;
    CHECK_EQ(posix_option_set(&posix_a, a, level, FA_POSIX_TCP_USER_TIMEOUT, -1), -FA_POSIX_EINVAL);
    CHECK_EQ(posix_option_set(&posix_a, a, level, FA_POSIX_TCP_USER_TIMEOUT, 3000), 0);
    CHECK_EQ(posix_option(&posix_a, a, level, FA_POSIX_TCP_USER_TIMEOUT), 3000);
    CHECK_EQ(posix_option_set(&posix_a, a, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_KEEPALIVE, 1), 0);
    CHECK_EQ(posix_option(&posix_a, a, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_KEEPALIVE), 1);
    CHECK_EQ(posix_option(&posix_b, b, FA_POSIX_SOL_SOCKET, FA_POSIX_SO_KEEPALIVE), 0);
    world_settle();
    world.b.stack.poller.ops = NULL; // b hears nothing
    CHECK_EQ(fa_posix_send(&posix_a, a, text, 1, 0), 1);
    fa_ns start = world.now;
    CHECK_EQ(fa_posix_recv(&posix_a, a, text, 1, 0), -FA_POSIX_ETIMEDOUT);
    CHECK(world.now - start >= 3 * FA_NS_S && world.now - start < 8 * FA_NS_S);
    world.b.stack.poller.ops = world.a.stack.poller.ops;
    posix_world_close();
}

T(datagrams_have_the_ttl_and_class_they_are_given)
{
    struct fa_udp_socket bare;
    struct fa_udp_from from;
    posix_world_open();
    const int level = FA_POSIX_IPPROTO_IP;
    int a = datagram(&posix_a);
    CHECK(world_bind(&world.b, &bare, 53) == FA_OK);
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    CHECK_EQ(posix_option(&posix_a, a, level, FA_POSIX_IP_TTL), 64);
    CHECK_EQ(posix_option_set(&posix_a, a, level, FA_POSIX_IP_TTL, 256), -FA_POSIX_EINVAL);
    CHECK_EQ(posix_option_set(&posix_a, a, level, FA_POSIX_IP_TTL, 0), -FA_POSIX_EINVAL);
    CHECK_EQ(posix_option_set(&posix_a, a, level, FA_POSIX_IP_TOS, 256), -FA_POSIX_EINVAL);
    CHECK_EQ(posix_option_set(&posix_a, a, level, FA_POSIX_IP_TTL, 9), 0);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &to), 1);
    world_settle();
    CHECK_EQ(posix_option_set(&posix_a, a, level, FA_POSIX_IP_TTL, -1), 0);
    CHECK_EQ(posix_option_set(&posix_a, a, level, FA_POSIX_IP_TOS, 0x28), 0);
    CHECK_EQ(posix_option(&posix_a, a, level, FA_POSIX_IP_TOS), 0x28);
    CHECK(world_recv(&bare, "x", &from));
    CHECK_EQ(from.ttl, 9);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "y", 1, 0, &to), 1);
    world_settle();
    CHECK(world_recv(&bare, "y", &from));
    CHECK_EQ(from.ttl, 64);
    CHECK_EQ(from.traffic, 0x28);
    fa_udp_close(&bare);
    posix_world_close();
}

T(option_values_are_checked_and_cut)
{
    struct fa_posix_timeval time = {.s = -1};
    struct fa_tcp_info info;
    uint32_t len = sizeof info;
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    const int level = FA_POSIX_SOL_SOCKET;
    const int name = FA_POSIX_SO_RCVTIMEO;
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, name, &time, sizeof time), -FA_POSIX_EINVAL);
    time = (struct fa_posix_timeval){.us = 1000000};
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, name, &time, sizeof time), -FA_POSIX_EINVAL);
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, name, &time, 8), -FA_POSIX_EINVAL);
    CHECK_EQ(
        fa_posix_setsockopt(&posix_a, a, level, FA_POSIX_SO_REUSEADDR, &time, 2), -FA_POSIX_EINVAL);
    time = (struct fa_posix_timeval){.s = 1, .us = 250000};
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, name, &time, sizeof time), 0);
    time = (struct fa_posix_timeval){0};
    uint32_t time_len = sizeof time;
    CHECK_EQ(fa_posix_getsockopt(&posix_a, a, level, name, &time, &time_len), 0);
    CHECK(time.s == 1 && time.us == 250000);
    CHECK_EQ(fa_posix_setsockopt(&posix_a, a, level, FA_POSIX_SO_SNDTIMEO, &time, time_len), 0);
    CHECK_EQ(
        fa_posix_getsockopt(&posix_a, a, FA_POSIX_IPPROTO_TCP, FA_POSIX_TCP_INFO, &info, &len), 0);
    CHECK_EQ(len, sizeof info);
    CHECK_EQ(info.state, FA_TCP_ESTABLISHED);
    char byte = 7;
    len = 1;
    CHECK_EQ(fa_posix_getsockopt(&posix_a, a, level, FA_POSIX_SO_TYPE, &byte, &len), 0);
    CHECK_EQ(len, 1);
    posix_world_close();
}

/* The TTL of the next IPv4 packet at the bare port, which is told all that goes to nobody. */
static int sniff_ttl(void)
{
    struct fa_buf *frame = world_sniff();
    int ttl = frame != NULL ? fa_buf_at(frame)[FA_ETH_HDR_LEN + 8] : -1;
    fa_buf_drop(frame);
    return ttl;
}

T(a_stream_sends_with_its_ttl_from_its_first_syn_on)
{
    struct fa_posix_sockaddr remote = posix_name(WORLD_M, 80);
    posix_world_open();
    int fd = stream_a();
    posix_nonblock(&posix_a, fd);
    CHECK_EQ(posix_option_set(&posix_a, fd, IP, FA_POSIX_IP_TTL, 77), 0);
    CHECK_EQ(fa_posix_connect(&posix_a, fd, &remote), -FA_POSIX_EINPROGRESS);
    world_settle();
    world_sniff_nothing(); // the question who that is
    uint8_t answer[28] = {0, 1, 8, 0, 6, 4, 0, 2};
    fa_copy(answer + 8, world_mac(&world.m), FA_MAC_LEN);
    fa_be32_store(answer + 14, WORLD_M);
    fa_copy(answer + 18, world_mac(&world.a), FA_MAC_LEN);
    fa_be32_store(answer + 24, WORLD_A);
    world_inject_frame(
        world_mac(&world.a), FA_ETH_TYPE_ARP, (struct fa_slice){answer, sizeof answer});
    world_settle();
    CHECK_EQ(sniff_ttl(), 77);
    CHECK_EQ(posix_option_set(&posix_a, fd, IP, FA_POSIX_IP_TTL, 5), 0);
    world_run(2 * FA_NS_S);
    CHECK_EQ(sniff_ttl(), 5);
    posix_world_close();
}

T(a_connect_asks_for_segments_of_the_size_it_is_told)
{
    struct fa_posix_sockaddr remote = posix_name(WORLD_B, 80);
    posix_world_open();
    int server = posix_server(80, 5);
    int fd = stream_a();
    CHECK_EQ(posix_option_set(&posix_a, fd, TCP, FA_POSIX_TCP_MAXSEG, 1012), 0);
    CHECK_EQ(fa_posix_connect(&posix_a, fd, &remote), 0);
    int end = fa_posix_accept(&posix_b, server, NULL, 0);
    CHECK_EQ(posix_option(&posix_a, fd, TCP, FA_POSIX_TCP_MAXSEG), 1000); // timestamps take 12
    CHECK_EQ(posix_option(&posix_b, end, TCP, FA_POSIX_TCP_MAXSEG), 1000);
    posix_world_close();
}

T(an_eager_reader_acknowledges_at_once_and_a_kept_connection_is_asked_at_its_pace)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    for (int i = 0; i < 3; i++) { // the second time the stack knows the way
        CHECK_EQ(posix_option_set(&posix_b, b, TCP, FA_POSIX_TCP_QUICKACK, i == 1), 0);
        long long before = COUNTED(&world.b, tcp_tx_segments);
        CHECK_EQ(fa_posix_send(&posix_a, a, text, 1, 0), 1);
        world_settle();
        CHECK_EQ(COUNTED(&world.b, tcp_tx_segments) - before, i == 1);
        CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 1);
        world_run(FA_NS_S);
    }
    CHECK_EQ(posix_option_set(&posix_a, a, TCP, FA_POSIX_TCP_KEEPIDLE, 5), 0);
    CHECK_EQ(posix_option_set(&posix_a, a, SOCKET, FA_POSIX_SO_KEEPALIVE, 1), 0);
    world_settle();
    for (int i = 1; i <= 3; i++) { // it is answered each time
        world_run(5 * FA_NS_S + FA_NS_MS);
        CHECK_EQ(COUNTED(&world.a, tcp_keepalive_sent), i);
    }
    posix_world_close();
}

T(buffers_of_datagrams_hold_what_they_are_told_to)
{
    posix_world_open();
    int a = datagram(&posix_a);
    int b = datagram(&posix_b);
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    CHECK_EQ(posix_option_set(&posix_b, b, SOCKET, FA_POSIX_SO_RCVBUF, 1152), 0);
    CHECK_EQ(fa_posix_bind(&posix_b, b, &to), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(fa_posix_sendto(&posix_a, a, text, 500, 0, &to), 500);
    }
    world_settle();
    CHECK_EQ(COUNTED(&world.b, udp_rx_queue_full), 2);
    CHECK_EQ(posix_option_set(&posix_b, b, SOCKET, FA_POSIX_SO_RCVBUF, 1600), 0);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, text, 500, 0, &to), 500);
    world_settle();
    CHECK_EQ(COUNTED(&world.b, udp_rx_queue_full), 2);
    CHECK_EQ(posix_option_set(&posix_b, b, SOCKET, FA_POSIX_SO_RCVBUF, 1152), 0); // less than waits
    CHECK_EQ(fa_posix_sendto(&posix_a, a, text, 500, 0, &to), 500);
    world_settle();
    CHECK_EQ(COUNTED(&world.b, udp_rx_queue_full), 3);
    CHECK_EQ(posix_option_set(&posix_a, a, SOCKET, FA_POSIX_SO_SNDBUF, 2304), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(fa_posix_sendto(&posix_a, a, text, 576, FA_POSIX_MSG_DONTWAIT, &to), 576);
    }
    CHECK_EQ(fa_posix_sendto(&posix_a, a, text, 1, FA_POSIX_MSG_DONTWAIT, &to), -FA_POSIX_EAGAIN);
    posix_world_close();
}

T(broadcasts_are_sent_and_heard_by_who_says_so_at_any_time)
{
    posix_world_open();
    int a = datagram(&posix_a);
    int b = datagram(&posix_b);
    struct fa_posix_sockaddr name = posix_name(0, 53);
    struct fa_posix_sockaddr all = posix_name(UINT32_MAX, 53);
    CHECK_EQ(fa_posix_bind(&posix_b, b, &name), 0);
    CHECK(fa_posix_sendto(&posix_a, a, "x", 1, 0, &all) < 0);
    CHECK_EQ(posix_option_set(&posix_a, a, SOCKET, FA_POSIX_SO_BROADCAST, 1), 0);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &all), 1);
    world_settle();
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, FA_POSIX_MSG_DONTWAIT), -FA_POSIX_EAGAIN);
    CHECK_EQ(posix_option_set(&posix_b, b, SOCKET, FA_POSIX_SO_BROADCAST, 1), 0);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "y", 1, 0, &all), 1);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 1);
    posix_world_close();
}

/* ---- close ---- */

static void linger(struct fa_posix *posix, int fd, int seconds)
{
    struct fa_posix_linger linger = {.on = 1, .seconds = seconds};
    CHECK_EQ(fa_posix_setsockopt(posix, fd, SOCKET, FA_POSIX_SO_LINGER, &linger, sizeof linger), 0);
}

T(a_close_that_lingers_returns_when_the_peer_has_all)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    linger(&posix_a, a, 5);
    CHECK_EQ(fa_posix_send(&posix_a, a, text, sizeof text, 0), (long long)sizeof text);
    fa_ns start = world.now;
    CHECK_EQ(fa_posix_close(&posix_a, a), 0);
    CHECK(world.now - start < FA_NS_S);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, sizeof text, FA_POSIX_MSG_WAITALL),
        (long long)sizeof text);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 1, 0), 0);
    CHECK_EQ(fa_posix_close(&posix_a, a), -FA_POSIX_EBADF);
    posix_world_close();
}

T(a_close_that_lingers_gives_up_waiting_in_time_and_the_rest_goes_on)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    linger(&posix_a, a, 5);
    CHECK_EQ(fa_posix_send(&posix_a, a, text, 1, 0), 1);
    world.b.stack.poller.ops = NULL; // b hears nothing
    fa_ns start = world.now;
    CHECK_EQ(fa_posix_close(&posix_a, a), 0);
    CHECK_EQ(world.now - start, 5 * FA_NS_S);
    CHECK_EQ(world.a.stack.tcp.live_count, 1);
    world.b.stack.poller.ops = world.a.stack.poller.ops;
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 2, 0), 1);
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 2, 0), 0);
    posix_world_close();
}

T(a_close_over_unread_bytes_or_over_a_dead_connection_does_not_linger)
{
    int a;
    int b;
    posix_world_open();
    for (int i = 0; i < 2; i++) {
        posix_pair((uint16_t)(80 + i), &a, &b);
        linger(&posix_a, a, 5);
        CHECK_EQ(fa_posix_send(&posix_b, b, text, 1, 0), 1);
        if (i == 1) {
            linger(&posix_b, b, 0);
            CHECK_EQ(fa_posix_close(&posix_b, b), 0);
        }
        world_settle();
        fa_ns start = world.now;
        CHECK_EQ(fa_posix_close(&posix_a, a), 0);
        CHECK_EQ(world.now - start, 0);
        world_settle();
        if (i == 0) {
            CHECK_EQ(fa_posix_recv(&posix_b, b, text, 1, 0), -FA_POSIX_ECONNRESET);
        }
    }
    posix_world_close();
}

static struct fa_fibers fibers;
static int lingering;
static int closed;

static void close_it(void *ctx)
{
    (void)ctx;
    closed = fa_posix_close(&posix_a, lingering);
}

static ptrdiff_t waited;

static void wait_for_it(void *ctx)
{
    (void)ctx;
    waited = fa_posix_recv(&posix_a, lingering, text, 1, 0);
}

T(while_close_lingers_the_descriptor_is_gone_and_the_layer_may_end)
{
    int b;
    posix_world_open();
    posix_pair(80, &lingering, &b);
    linger(&posix_a, lingering, 5);
    posix_a.config.wait = NULL;
    fa_fibers_init(&fibers, &(struct fa_fibers_config){.fiber_count_max = 4}, world.now);
    waited = 0;
    closed = 1;
    CHECK_EQ(fa_fiber_spawn(&fibers, wait_for_it, NULL, NULL), FA_OK);
    CHECK_EQ(fa_fiber_spawn(&fibers, close_it, NULL, NULL), FA_OK);
    (void)fa_fibers_run(&fibers, world.now);
    (void)fa_fibers_run(&fibers, world.now);
    CHECK_EQ(waited, -FA_POSIX_EBADF);
    CHECK_EQ(closed, 1);
    CHECK_EQ(fa_posix_send(&posix_a, lingering, text, 1, 0), -FA_POSIX_EBADF);
    CHECK_EQ(fa_posix_close(&posix_a, lingering), -FA_POSIX_EBADF);
    fa_posix_done(&posix_a);
    CHECK_EQ(stream_a(), lingering);
    (void)fa_fibers_run(&fibers, world.now);
    CHECK_EQ(closed, 0);
    CHECK_EQ(fibers.live_count, 0);
    CHECK_EQ(posix_option(&posix_a, lingering, SOCKET, FA_POSIX_SO_TYPE), FA_POSIX_SOCK_STREAM);
    posix_world_close();
}

/* ---- what is received ---- */

T(a_peek_sees_bytes_of_many_buffers)
{
    static char seen[4096];
    int a;
    int b;
    posix_world_open();
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 7);
    }
    posix_pair(80, &a, &b);
    CHECK_EQ(fa_posix_send(&posix_a, a, text, sizeof text, 0), (long long)sizeof text);
    world_run(FA_NS_S);
    for (int i = 0; i < 2; i++) {
        struct fa_posix_iovec iov[] = {{seen, 1500}, {seen + 1500, 2000}};
        struct fa_posix_msg msg = {.iov = iov, .iov_count = 2};
        CHECK_EQ(fa_posix_recvmsg(&posix_b, b, &msg, FA_POSIX_MSG_PEEK), 3500);
        CHECK(fa_equal(seen, text, 3500));
        fa_zero(seen, sizeof seen);
    }
    CHECK_EQ(fa_posix_recv(&posix_b, b, seen, 10, 0), 10);
    CHECK_EQ(fa_posix_recv(&posix_b, b, seen, sizeof seen, FA_POSIX_MSG_PEEK), 4086);
    CHECK(fa_equal(seen, text + 10, 4086));
    posix_world_close();
}

T(bytes_that_came_before_a_reset_are_read_before_it_is_told)
{
    int a;
    int b;
    posix_world_open();
    posix_pair(80, &a, &b);
    CHECK_EQ(fa_posix_send(&posix_a, a, "last words", 10, 0), 10);
    world_settle();
    linger(&posix_a, a, 0);
    CHECK_EQ(fa_posix_close(&posix_a, a), 0);
    world_settle();
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 4, 0), 4);
    CHECK_EQ(fa_posix_send(&posix_b, b, "x", 1, 0), -FA_POSIX_ECONNRESET); // told here
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 6);
    CHECK(fa_equal(text, " words", 6));
    CHECK_EQ(fa_posix_recv(&posix_b, b, text, 9, 0), 0);
    posix_world_close();
}
