// SPDX-License-Identifier: ISC
//
// fcntl and ioctl.

#include "src/posix/posix_priv.h"

int fa_posix_fcntl(struct fa_posix *posix, int fd, int command, int value)
{
    struct fa_posix_file *file = fa__posix_file(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    switch (command) {
    case FA_POSIX_F_GETFL:
        return FA_POSIX_O_RDWR | (file->nonblock ? FA_POSIX_O_NONBLOCK : 0);
    case FA_POSIX_F_SETFL:
        file->nonblock = (value & FA_POSIX_O_NONBLOCK) != 0;
        return 0;
    default:
        return -FA_POSIX_EINVAL;
    }
}

static int ask_flow(const struct fa_posix_file *file, unsigned long request, int *value)
{
    struct fa_tcp_info info;
    if (!fa__posix_has_flow(file)) {
        return -FA_POSIX_EINVAL;
    }
    fa_tcp_info_of(file->flow, &info);
    switch (request) {
    case FA_POSIX_FIONREAD:
        *value = (int)info.unread_bytes;
        return 0;
    case FA_POSIX_SIOCOUTQ:
        *value = (int)(info.in_flight_bytes + info.unsent_bytes);
        return 0;
    case FA_POSIX_SIOCOUTQNSD:
        *value = (int)info.unsent_bytes;
        return 0;
    default:
        return -FA_POSIX_EINVAL;
    }
}

int fa_posix_ioctl(struct fa_posix *posix, int fd, unsigned long request, int *value)
{
    struct fa_posix_file *file = fa__posix_socket(posix, fd);
    if (file == NULL) {
        return -FA_POSIX_EBADF;
    }
    if (request == FA_POSIX_FIONBIO) {
        file->nonblock = *value != 0;
        return 0;
    }
    if (file->kind == FA__POSIX_STREAM) {
        return ask_flow(file, request, value);
    }
    if (request != FA_POSIX_FIONREAD) {
        return -FA_POSIX_EINVAL;
    }
    *value = fa__posix_hold(file) == 0 ? (int)file->held->len : 0;
    return 0;
}
