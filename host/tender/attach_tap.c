// SPDX-License-Identifier: ISC
//
// A tap interface, which somebody made before and set up.

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attach.h"

/* What is joined or left uncut would not fit the image's frames. Without the privilege for it
 * nothing is lost: a tap cuts by itself what its reader cannot take. */
static void turn_joining_off(int sock, struct ifreq *request)
{
    static const uint32_t commands[] = {ETHTOOL_SGSO, ETHTOOL_SGRO};
    for (size_t i = 0; i < FA_COUNT_OF(commands); i++) {
        struct ethtool_value value = {.cmd = commands[i], .data = 0};
        request->ifr_data = (void *)&value;
        (void)ioctl(sock, SIOCETHTOOL, request);
    }
}

uint32_t attach_mtu(const char *name, bool strict)
{
    struct ifreq request = {0};
    memcpy(request.ifr_name, name, strlen(name));
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint32_t mtu = 0;
    if (sock >= 0 && ioctl(sock, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0) {
        mtu = (uint32_t)request.ifr_mtu;
    }
    if (sock >= 0 && strict) {
        turn_joining_off(sock, &request);
    }
    close(sock);
    return mtu;
}

static bool open_tap(const char *name, int *ret_fd, struct sentence *why)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    if (strlen(name) >= sizeof request.ifr_name) {
        return sentence_say(why, "the name '%s' is longer than one of an interface", name);
    }
    /* TUNSETIFF would make one that is not there, and without an address or a bridge. */
    if (if_nametoindex(name) == 0) {
        return sentence_say(
            why, "there is no interface '%s'; make it by `ip tuntap add %s mode tap`", name, name);
    }
    memcpy(request.ifr_name, name, strlen(name));
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return sentence_say(why, "/dev/net/tun: %s; load the module tun", strerror(errno));
    }
    if (ioctl(fd, TUNSETIFF, &request) != 0) {
        int err = errno;
        close(fd);
        return sentence_say(why, "%s: %s", name,
            err == EBUSY    ? "another program has it"
            : err == EINVAL ? "it is no tap, or one of several queues"
            : err == EPERM  ? "you may not have it; make it by `ip tuntap add ... user $USER`"
                            : strerror(err));
    }
    *ret_fd = fd;
    return true;
}

bool attach_set_mtu(const struct options_device *device, uint32_t mtu, struct fa_solo5_entry *entry,
    struct sentence *why)
{
    entry->net.mtu = (uint16_t)mtu;
    return (mtu >= OPTIONS_MTU_MIN && mtu <= OPTIONS_MTU_MAX) ||
           sentence_say(why, "--net:%s=%s: it has an MTU of %u; it can be %d to %d", entry->name,
               device->place, mtu, OPTIONS_MTU_MIN, OPTIONS_MTU_MAX);
}

bool attach_tap(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attached *ret, struct sentence *why)
{
    struct sentence reason;
    int fd = -1;
    if (!open_tap(device->place, &fd, &reason)) {
        return sentence_say(why, "--net:%s: %s", entry->name, reason.text);
    }
    ret->fd = fd;
    return attach_set_mtu(device,
        device->mtu != 0 ? device->mtu : attach_mtu(device->place, options->strict), entry, why);
}
