// SPDX-License-Identifier: ISC
//
// A descriptor that whoever starts the tender opened: a tap, or a socket that keeps frames apart.

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"

enum {
    MTU_DEFAULT = 1500, /* of a socket, which has none by itself */
};

/* What it is, and its MTU unless one is given. */
static bool check_fd(const struct options *options, int fd, uint32_t *mtu, struct sentence *why)
{
    struct ifreq request = {0};
    int type = 0;
    socklen_t len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0) {
        *mtu = *mtu == 0 ? MTU_DEFAULT : *mtu;
        return type == SOCK_SEQPACKET || type == SOCK_DGRAM ||
               sentence_say(why, "it is a socket that does not keep frames apart; make it one of "
                                 "SOCK_SEQPACKET");
    }
    if (errno == EBADF) {
        return sentence_say(why, "no such descriptor is open; whoever starts this has to leave it "
                                 "open");
    }
    /* By the raw call: musl's ioctl() takes an int, into which this number does not fit. */
    if (syscall(SYS_ioctl, fd, TUNGETIFF, &request) != 0 || (request.ifr_flags & IFF_TAP) == 0 ||
        (request.ifr_flags & IFF_NO_PI) == 0 || (request.ifr_flags & IFF_VNET_HDR) != 0) {
        return sentence_say(why, "it is neither a socket nor a tap with IFF_NO_PI and without "
                                 "IFF_VNET_HDR");
    }
    if (*mtu == 0) {
        *mtu = attach_mtu(request.ifr_name, options->strict);
    }
    return true;
}

bool attach_fd(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attached *ret, struct sentence *why)
{
    struct sentence reason;
    uint32_t mtu = device->mtu;
    int flags;
    if (!options_number(device->place + 1, INT32_MAX, (uint32_t *)&ret->fd)) {
        return sentence_say(
            why, "--net:%s=%s: a descriptor is a number", entry->name, device->place);
    }
    if (!check_fd(options, ret->fd, &mtu, &reason)) {
        return sentence_say(why, "--net:%s=%s: %s", entry->name, device->place, reason.text);
    }
    flags = fcntl(ret->fd, F_GETFL);
    if (flags < 0 || fcntl(ret->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return sentence_say(why, "--net:%s=%s: %s", entry->name, device->place, strerror(errno));
    }
    return attach_set_mtu(device, mtu, entry, why);
}
