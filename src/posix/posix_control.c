// SPDX-License-Identifier: ISC
//
// Control messages: what is told of a received datagram, and what is wanted of one to send.

#include "src/posix/posix_priv.h"

static size_t align(size_t len)
{
    return (len + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1);
}

/* ---- received ---- */

/* A place for the next message. */
struct writer {
    struct fa_posix_msg *msg;
    size_t room;
};

static void put(struct writer *writer, int level, int type, const void *data, size_t len)
{
    struct fa_posix_msg *msg = writer->msg;
    struct fa_posix_cmsg head = {sizeof head + len, level, type};
    if (writer->room < head.len) {
        msg->flags |= FA_POSIX_MSG_CTRUNC;
        return;
    }
    uint8_t *at = (uint8_t *)msg->control + msg->control_len;
    fa_copy(at, &head, sizeof head);
    fa_copy(at + sizeof head, data, len);
    size_t used = fa_min(align(head.len), writer->room); // the last one needs no padding
    msg->control_len += used;
    writer->room -= used;
}

static void put_int(struct writer *writer, int level, int type, int number)
{
    put(writer, level, type, &number, sizeof number);
}

/* Whom a datagram was sent to. */
static const struct fa_ip *target_of(const struct fa_udp_from *from)
{
    return fa_ip_is_zero(&from->group) ? &from->local.ip : &from->group;
}

static void put_info4(const struct fa_posix_file *file, struct writer *writer)
{
    const struct fa_udp_from *from = &file->held_from;
    struct fa_ip local = from->local.ip;
    struct fa_posix_pktinfo info = {.iface = from->iface + 1};
    if (fa_ip_is_zero(&local)) {
        local = file->posix->config.stack->ifaces[from->iface].ip;
    }
    fa_copy(info.local, fa_ip_bytes4(&local), sizeof info.local);
    fa_copy(info.target, fa_ip_bytes4(target_of(from)), sizeof info.target);
    put(writer, FA_POSIX_IPPROTO_IP, FA_POSIX_IP_PKTINFO, &info, sizeof info);
}

static void put_info6(const struct fa_posix_file *file, struct writer *writer)
{
    const struct fa_udp_from *from = &file->held_from;
    struct fa_posix_pktinfo6 info = {.iface = from->iface + 1};
    fa_copy(info.ip, target_of(from)->b, sizeof info.ip);
    put(writer, FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_PKTINFO, &info, sizeof info);
}

void fa__posix_control_put(const struct fa_posix_file *file, struct fa_posix_msg *msg)
{
    const struct fa_udp_from *from = &file->held_from;
    const int *wanted = file->options;
    bool four = file->family == FA_POSIX_AF_INET;
    struct writer writer = {msg, msg->control != NULL ? msg->control_len : 0};
    msg->control_len = 0;
    if (wanted[FA__POSIX_PKTINFO] != 0) {
        (four ? put_info4 : put_info6)(file, &writer);
    }
    if (wanted[FA__POSIX_RECVTTL] != 0 && four) {
        put_int(&writer, FA_POSIX_IPPROTO_IP, FA_POSIX_IP_TTL, from->ttl);
    } else if (wanted[FA__POSIX_RECVTTL] != 0) {
        put_int(&writer, FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_HOPLIMIT, from->ttl);
    }
    if (wanted[FA__POSIX_RECVTRAFFIC] != 0 && four) {
        put(&writer, FA_POSIX_IPPROTO_IP, FA_POSIX_IP_TOS, &from->traffic, 1);
    } else if (wanted[FA__POSIX_RECVTRAFFIC] != 0) {
        put_int(&writer, FA_POSIX_IPPROTO_IPV6, FA_POSIX_IPV6_TCLASS, from->traffic);
    }
}

/* ---- to send ---- */

static bool take_iface(const struct fa_posix_file *file, int number, struct fa_udp_to *to)
{
    if (number < 0 || (uint32_t)number > file->posix->config.stack->config.iface_count) {
        return false;
    }
    to->iface = number != 0 ? (uint8_t)(number - 1) : to->iface;
    return true;
}

static bool take_local(
    const struct fa_posix_file *file, const struct fa_ip *local, struct fa_udp_to *to)
{
    if (!fa_stack_has_address(file->posix->config.stack, local)) {
        return false;
    }
    to->local = *local;
    return true;
}

static bool take_info4(
    const struct fa_posix_file *file, const void *data, size_t len, struct fa_udp_to *to)
{
    struct fa_posix_pktinfo info;
    if (len < sizeof info) {
        return false;
    }
    fa_copy(&info, data, sizeof info);
    struct fa_ip local = fa_ip_from4(info.local);
    bool any = fa_be32_load(info.local) == 0;
    return take_iface(file, info.iface, to) && (any || take_local(file, &local, to));
}

static bool take_info6(
    const struct fa_posix_file *file, const void *data, size_t len, struct fa_udp_to *to)
{
    struct fa_posix_pktinfo6 info;
    struct fa_ip local;
    if (len < sizeof info) {
        return false;
    }
    fa_copy(&info, data, sizeof info);
    fa_copy(local.b, info.ip, sizeof local.b);
    bool fits = fa_ip_is_zero(&local) || fa_ip_is4(&local) == fa_ip_is4(&to->remote.ip);
    return fits && take_iface(file, info.iface, to) &&
           (fa_ip_is_zero(&local) || take_local(file, &local, to));
}

/* A number from `min` to 255; -1, if that is `min`: as usual, which is 0 here. */
static bool take_byte(const void *data, size_t len, int min, uint8_t *ret_number)
{
    int number;
    if (len == 1) {
        number = *(const uint8_t *)data;
    } else if (len >= sizeof number) {
        fa_copy(&number, data, sizeof number);
    } else {
        return false;
    }
    *ret_number = (uint8_t)(number > 0 ? number : 0);
    return number >= min && number <= 255;
}

static bool take_message(
    const struct fa_posix_file *file, const struct fa_posix_cmsg *cmsg, struct fa_udp_to *to)
{
    const void *data = cmsg + 1;
    size_t len = cmsg->len - sizeof *cmsg;
    bool four = cmsg->level == FA_POSIX_IPPROTO_IP;
    bool six = cmsg->level == FA_POSIX_IPPROTO_IPV6 && file->family == FA_POSIX_AF_INET6;
    if (four && cmsg->type == FA_POSIX_IP_TTL) {
        return take_byte(data, len, 1, &to->ttl);
    }
    if (four && cmsg->type == FA_POSIX_IP_TOS) {
        return take_byte(data, len, 0, &to->traffic);
    }
    if (four && cmsg->type == FA_POSIX_IP_PKTINFO && file->family == FA_POSIX_AF_INET) {
        return take_info4(file, data, len, to);
    }
    if (six && cmsg->type == FA_POSIX_IPV6_HOPLIMIT) {
        return take_byte(data, len, -1, &to->ttl);
    }
    if (six && cmsg->type == FA_POSIX_IPV6_TCLASS) {
        return take_byte(data, len, -1, &to->traffic);
    }
    return six && cmsg->type == FA_POSIX_IPV6_PKTINFO && take_info6(file, data, len, to);
}

int fa__posix_control_take(
    const struct fa_posix_file *file, const struct fa_posix_msg *msg, struct fa_udp_to *to)
{
    const struct fa_posix_cmsg *cmsg = NULL;
    while ((cmsg = fa_posix_cmsg_next(msg, cmsg)) != NULL) {
        size_t left = msg->control_len - (size_t)((const uint8_t *)cmsg - (uint8_t *)msg->control);
        if (cmsg->len < sizeof *cmsg || cmsg->len > left || !take_message(file, cmsg, to)) {
            return -FA_POSIX_EINVAL;
        }
    }
    return 0;
}
