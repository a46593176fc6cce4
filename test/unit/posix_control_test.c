// SPDX-License-Identifier: ISC
//
// Control messages: what is told of a datagram, how one is sent, and what makes no sense.

#include "fa/posix.h"

#include "test/t.h"
#include "test/unit/posix_world.h"

#define SOCKET FA_POSIX_SOL_SOCKET
#define IP     FA_POSIX_IPPROTO_IP
#define IP6    FA_POSIX_IPPROTO_IPV6

static char text[4096];

static int datagram(struct fa_posix *posix)
{
    return fa_posix_socket(posix, FA_POSIX_AF_INET, FA_POSIX_SOCK_DGRAM, 0);
}

/* Room for them, aligned. */
union control {
    struct fa_posix_cmsg head;
    uint8_t bytes[128];
};

/* Receive one datagram with control messages. */
static struct fa_posix_msg receive(
    struct fa_posix *posix, int fd, union control *control, size_t room)
{
    static struct fa_posix_iovec iov = {text, sizeof text};
    struct fa_posix_msg msg = {
        .iov = &iov, .iov_count = 1, .control = control->bytes, .control_len = room};
    CHECK(fa_posix_recvmsg(posix, fd, &msg, 0) >= 0);
    return msg;
}

/* The number in a message of that kind; -1: there is none. */
static int find_number(const struct fa_posix_msg *msg, int level, int type)
{
    const struct fa_posix_cmsg *cmsg = NULL;
    while ((cmsg = fa_posix_cmsg_next(msg, cmsg)) != NULL) {
        if (cmsg->level == level && cmsg->type == type) {
            int number = 0;
            fa_copy(&number, cmsg + 1, fa_min(sizeof number, cmsg->len - sizeof *cmsg));
            return number;
        }
    }
    return -1;
}

T(control_messages_tell_of_a_datagram_what_was_asked_for)
{
    union control control;
    struct fa_posix_pktinfo info;
    posix_world_open();
    int a = datagram(&posix_a);
    int b = datagram(&posix_b);
    struct fa_posix_sockaddr name = posix_name(0, 53);
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    CHECK_EQ(fa_posix_bind(&posix_b, b, &name), 0);
    CHECK_EQ(posix_option_set(&posix_a, a, IP, FA_POSIX_IP_TTL, 33), 0);
    CHECK_EQ(posix_option_set(&posix_a, a, IP, FA_POSIX_IP_TOS, 0x48), 0);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &to), 1);
    struct fa_posix_msg msg = receive(&posix_b, b, &control, sizeof control);
    CHECK_EQ(msg.control_len, 0);
    CHECK_EQ(posix_option_set(&posix_b, b, IP, FA_POSIX_IP_PKTINFO, 1), 0);
    CHECK_EQ(posix_option_set(&posix_b, b, IP, FA_POSIX_IP_RECVTTL, 1), 0);
    CHECK_EQ(posix_option_set(&posix_b, b, IP, FA_POSIX_IP_RECVTOS, 1), 0);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &to), 1);
    msg = receive(&posix_b, b, &control, sizeof control);
    CHECK_EQ(msg.flags, 0);
    CHECK_EQ(msg.control_len, 32 + 24 + 24);
    CHECK_EQ(find_number(&msg, IP, FA_POSIX_IP_TTL), 33);
    CHECK_EQ(find_number(&msg, IP, FA_POSIX_IP_TOS), 0x48);
    CHECK_EQ(control.head.len, sizeof(struct fa_posix_cmsg) + sizeof info);
    CHECK_EQ(control.head.type, FA_POSIX_IP_PKTINFO);
    fa_copy(&info, control.bytes + sizeof(struct fa_posix_cmsg), sizeof info);
    CHECK_EQ(info.iface, 1);
    CHECK_EQ(fa_be32_load(info.local), WORLD_B);
    CHECK_EQ(fa_be32_load(info.target), WORLD_B);
    posix_world_close();
}

T(control_messages_without_room_are_cut_and_that_is_told)
{
    static const struct {
        size_t room;
        size_t used;
        int flags;
    } cases[] = {{0, 0, FA_POSIX_MSG_CTRUNC}, {27, 24, FA_POSIX_MSG_CTRUNC},
        {28, 28, FA_POSIX_MSG_CTRUNC}, {52, 52, 0}, {56, 56, 0}};
    posix_world_open();
    int a = datagram(&posix_a);
    int b = datagram(&posix_b);
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    CHECK_EQ(fa_posix_bind(&posix_b, b, &to), 0);
    CHECK_EQ(posix_option_set(&posix_b, b, IP, FA_POSIX_IP_PKTINFO, 1), 0);
    CHECK_EQ(posix_option_set(&posix_b, b, IP, FA_POSIX_IP_RECVTTL, 1), 0);
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        union control control;
        fa_zero(&control, sizeof control);
        CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &to), 1);
        struct fa_posix_msg msg = receive(&posix_b, b, &control, cases[i].room);
        CHECK_EQ(msg.flags, cases[i].flags);
        CHECK_EQ(msg.control_len, cases[i].used);
        CHECK_EQ(control.bytes[cases[i].room], 0);
    }
    posix_world_close();
}

T(a_socket_of_ipv6_is_told_of_ipv4_in_its_own_words)
{
    union control control;
    struct fa_posix_pktinfo6 info;
    posix_world_open();
    int a = datagram(&posix_a);
    int b = fa_posix_socket(&posix_b, FA_POSIX_AF_INET6, FA_POSIX_SOCK_DGRAM, 0);
    struct fa_posix_sockaddr name = {.family = FA_POSIX_AF_INET6, .at.port = 53};
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    CHECK_EQ(fa_posix_bind(&posix_b, b, &name), 0);
    CHECK_EQ(posix_option_set(&posix_b, b, IP6, FA_POSIX_IPV6_RECVPKTINFO, 1), 0);
    CHECK_EQ(posix_option_set(&posix_b, b, IP6, FA_POSIX_IPV6_RECVHOPLIMIT, 1), 0);
    CHECK_EQ(posix_option_set(&posix_b, b, IP6, FA_POSIX_IPV6_RECVTCLASS, 1), 0);
    CHECK_EQ(fa_posix_sendto(&posix_a, a, "x", 1, 0, &to), 1);
    struct fa_posix_msg msg = receive(&posix_b, b, &control, sizeof control);
    CHECK_EQ(find_number(&msg, IP6, FA_POSIX_IPV6_HOPLIMIT), 64);
    CHECK_EQ(find_number(&msg, IP6, FA_POSIX_IPV6_TCLASS), 0);
    CHECK_EQ(control.head.type, FA_POSIX_IPV6_PKTINFO);
    fa_copy(&info, control.bytes + sizeof(struct fa_posix_cmsg), sizeof info);
    CHECK(fa_equal(info.ip, to.at.ip.b, sizeof info.ip));
    CHECK_EQ(info.iface, 1);
    posix_world_close();
}

/* Send "x" to b's port 53 with one control message. */
static ptrdiff_t send_with(int fd, int level, int type, const void *data, size_t len)
{
    union control control;
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    char byte = 'x';
    struct fa_posix_iovec iov = {&byte, 1};
    control.head = (struct fa_posix_cmsg){sizeof control.head + len, level, type};
    fa_copy(control.bytes + sizeof control.head, data, len);
    struct fa_posix_msg msg = {.name = &to,
        .iov = &iov,
        .iov_count = 1,
        .control = &control,
        .control_len = control.head.len};
    return fa_posix_sendmsg(&posix_a, fd, &msg, 0);
}

T(a_control_message_chooses_how_one_datagram_is_sent)
{
    struct fa_udp_socket bare;
    struct fa_udp_from from;
    struct fa_posix_pktinfo info = {.iface = 1, .local = {10, 0, 0, 1}};
    const uint8_t tos = 0x88;
    const int ttl = 9;
    posix_world_open();
    int a = datagram(&posix_a);
    CHECK(world_bind(&world.b, &bare, 53) == FA_OK);
    CHECK_EQ(send_with(a, IP, FA_POSIX_IP_TTL, &ttl, sizeof ttl), 1);
    world_settle();
    CHECK(world_recv(&bare, "x", &from));
    CHECK_EQ(from.ttl, 9);
    CHECK_EQ(send_with(a, IP, FA_POSIX_IP_TOS, &tos, 1), 1);
    world_settle();
    CHECK(world_recv(&bare, "x", &from));
    CHECK_EQ(from.ttl, 64);
    CHECK_EQ(from.traffic, 0x88);
    CHECK_EQ(send_with(a, IP, FA_POSIX_IP_PKTINFO, &info, sizeof info), 1);
    world_settle();
    CHECK(world_recv(&bare, "x", &from));
    CHECK_EQ(from.traffic, 0);
    CHECK_EQ(fa_ip4_of(&from.remote.ip), WORLD_A);
    fa_udp_close(&bare);
    posix_world_close();
}

T(control_messages_that_make_no_sense_are_refused)
{
    static const int huge = 256;
    static const int zero = 0;
    static const struct fa_posix_pktinfo strange = {.local = {10, 0, 0, 9}};
    static const struct fa_posix_pktinfo nowhere = {.iface = 2};
    static const struct {
        int level;
        int type;
        const void *data;
        size_t len;
    } cases[] = {
        {IP, FA_POSIX_IP_TTL, &huge, sizeof huge},
        {IP, FA_POSIX_IP_TTL, &zero, sizeof zero},
        {IP, FA_POSIX_IP_TTL, &zero, 2},
        {IP, FA_POSIX_IP_TOS, &huge, sizeof huge},
        {IP, FA_POSIX_IP_PKTINFO, &strange, sizeof strange},
        {IP, FA_POSIX_IP_PKTINFO, &nowhere, sizeof nowhere},
        {IP, FA_POSIX_IP_PKTINFO, &nowhere, 11},
        {IP, 99, &zero, sizeof zero},
        {IP6, FA_POSIX_IPV6_HOPLIMIT, &zero, sizeof zero},
        {SOCKET, 1, &zero, sizeof zero},
    };
    posix_world_open();
    int a = datagram(&posix_a);
    for (size_t i = 0; i < FA_COUNT_OF(cases); i++) {
        CHECK_EQ(send_with(a, cases[i].level, cases[i].type, cases[i].data, cases[i].len),
            -FA_POSIX_EINVAL);
    }
    struct fa_posix_sockaddr to = posix_name(WORLD_B, 53);
    union control control = {.head = {.len = 15, .level = IP, .type = FA_POSIX_IP_TTL}};
    struct fa_posix_msg msg = {.name = &to, .control = &control, .control_len = 24};
    CHECK_EQ(fa_posix_sendmsg(&posix_a, a, &msg, 0), -FA_POSIX_EINVAL); // shorter than its header
    control.head.len = 25;
    CHECK_EQ(fa_posix_sendmsg(&posix_a, a, &msg, 0), -FA_POSIX_EINVAL); // longer than what there is
    control.head.len = SIZE_MAX;
    CHECK_EQ(fa_posix_sendmsg(&posix_a, a, &msg, 0), -FA_POSIX_EINVAL);
    posix_world_close();
}
