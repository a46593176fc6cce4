// SPDX-License-Identifier: ISC
//
// The tap device.

#include "fa/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fa/plat.h"
#include "plat/linux/linux.h"
#include "src/dev/netdev_priv.h"

enum {
    MTU_DEFAULT = 1500, /* bytes */
};

/* linux/if_tun.h, which a musl toolchain does not come with. */
enum {
    IFF_TAP = 0x0002,
    IFF_NO_PI = 0x1000,
    IFF_VNET_HDR = 0x4000,
};
#define TUNSETIFF     _IOW('T', 202, int)
#define TUNSETOFFLOAD _IOW('T', 208, unsigned int)
#define TUNGETIFF     _IOR('T', 210, unsigned int)
enum {
    TUN_F_CSUM = 1,
    TUN_F_TSO4 = 2,
    TUN_F_TSO6 = 4,
};

/* What stands before each frame (virtio 1.2, 5.1.6), in the machine's byte order. */
struct header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_bytes;
    uint16_t gso_bytes;
    uint16_t csum_start;
    uint16_t csum_offset;
};

_Static_assert(sizeof(struct header) == 10, "the kernel's default");

enum {
    HEADER_NEEDS_CSUM = 1, /* flags */
    HEADER_DATA_VALID = 2,
    GSO_NONE = 0, /* gso_type */
    GSO_TCP4 = 1,
    GSO_TCP6 = 4,
    GSO_ECN = 0x80,
};

/* Returns: whether the header makes sense for a frame of `len`. */
static bool decode_header(const struct header *header, size_t len, struct fa_offload *ret_offload)
{
    unsigned gso = header->gso_type & ~(unsigned)GSO_ECN;
    bool needs = (header->flags & HEADER_NEEDS_CSUM) != 0;
    *ret_offload = (struct fa_offload){};
    if (needs && ((size_t)header->csum_start + header->csum_offset + 2 > len ||
                     header->csum_offset > UINT8_MAX)) {
        return false;
    }
    if (gso != GSO_NONE && (!needs || (gso != GSO_TCP4 && gso != GSO_TCP6))) {
        return false;
    }
    if (needs) {
        ret_offload->flags = FA_OFFLOAD_CSUM_NEEDED | FA_OFFLOAD_CSUM_GOOD;
        ret_offload->csum_start = header->csum_start;
        ret_offload->csum_offset = (uint8_t)header->csum_offset;
    } else if ((header->flags & HEADER_DATA_VALID) != 0) {
        ret_offload->flags = FA_OFFLOAD_CSUM_GOOD;
    }
    if (gso != GSO_NONE) {
        ret_offload->flags |= gso == GSO_TCP4 ? FA_OFFLOAD_TSO4 : FA_OFFLOAD_TSO6;
        ret_offload->gso_bytes = header->gso_bytes;
        ret_offload->hdr_bytes = header->hdr_bytes;
    }
    return true;
}

static struct header encode_header(const struct fa_offload *offload)
{
    struct header header = {};
    if ((offload->flags & FA_OFFLOAD_CSUM_NEEDED) != 0) {
        header.flags = HEADER_NEEDS_CSUM;
        header.csum_start = offload->csum_start;
        header.csum_offset = offload->csum_offset;
    }
    if ((offload->flags & FA__NETDEV_TSO) != 0) {
        header.gso_type = (offload->flags & FA_OFFLOAD_TSO4) != 0 ? GSO_TCP4 : GSO_TCP6;
        header.gso_bytes = offload->gso_bytes;
        header.hdr_bytes = offload->hdr_bytes;
    }
    return header;
}

/* TUNGETIFF by the raw call: musl's ioctl() takes an int, into which this number does not fit. */
static bool ask_interface(int fd, struct ifreq *ret_request)
{
    *ret_request = (struct ifreq){};
    return syscall(SYS_ioctl, fd, TUNGETIFF, ret_request) == 0;
}

static bool is_super(const struct fa_tap *tap)
{
    return (tap->dev.info.rx_offload & FA__NETDEV_TSO) != 0;
}

/* A frame of `len` whose front is in `buf` and the rest in the spare one: into the latter as a
 * whole, and another spare. Returns: NULL: there is no other, so the frame is lost. */
static struct fa_buf *join(struct fa_tap *tap, struct fa_buf *buf, size_t front, size_t len)
{
    struct fa_buf *whole = tap->spare;
    if (fa_buf_alloc(tap->large, FA_BUF_HEADROOM, &tap->spare) != FA_OK) {
        FA_COUNT(tap->counters, netdev_rx_pool_empty);
        return NULL;
    }
    fa_copy(fa_buf_append(whole, len), fa_buf_at(buf), front);
    whole->offload = buf->offload;
    fa_buf_drop(buf);
    return whole;
}

/* One frame from the kernel. Returns: its buffer; NULL if none waits or it was no good, and then
 * `tap->watch.readable` tells which. */
static struct fa_buf *read_frame(struct fa_tap *tap)
{
    struct fa_buf *buf;
    uint8_t excess; /* catches what is longer than allowed, and would be cut off without a word */
    struct header header = {};
    size_t header_len = tap->has_header ? sizeof header : 0;
    if (fa_buf_alloc(tap->pool, FA_BUF_HEADROOM, &buf) != FA_OK) {
        return NULL;
    }
    bool alone = is_super(tap) && tap->spare == NULL;
    size_t front = alone ? fa_buf_tailroom(buf) : fa__netdev_frame_max(&tap->dev);
    size_t rest = tap->spare != NULL ? fa_buf_tailroom(tap->spare) - front : 0;
    struct iovec pieces[4] = {
        {.iov_base = &header, .iov_len = header_len},
        {.iov_base = fa_buf_at(buf), .iov_len = front},
        {.iov_base = rest != 0 ? fa_buf_at(tap->spare) + front : NULL, .iov_len = rest},
        {.iov_base = &excess, .iov_len = 1},
    };
    ssize_t len = readv(tap->watch.fd, pieces, 4);
    len -= len < 0 ? 0 : (ssize_t)fa_min(header_len, (size_t)len);
    if (len < 0) {
        /* EAGAIN, or EBADFD and the like once the interface is gone: then it stays silent. */
        tap->watch.readable = errno == EINTR;
    } else if (len < FA_ETH_HDR_LEN) {
        FA_COUNT(tap->counters, netdev_rx_too_short);
    } else if (!decode_header(&header, (size_t)len, &buf->offload)) {
        FA_COUNT(tap->counters, netdev_rx_offload);
    } else if ((size_t)len <= front) {
        (void)fa_buf_append(buf, (size_t)len);
        return buf;
    } else if ((size_t)len > front + rest || (buf->offload.flags & FA__NETDEV_TSO) == 0) {
        FA_COUNT(tap->counters, netdev_rx_too_long);
    } else {
        struct fa_buf *whole = join(tap, buf, front, (size_t)len);
        if (whole != NULL) {
            return whole;
        }
    }
    fa_buf_drop(buf);
    return NULL;
}

static size_t take_received(
    struct fa_netdev *dev, fa_ns now, struct fa_buf **ret_bufs, size_t count_max)
{
    struct fa_tap *tap = FA_CONTAINER(dev, struct fa_tap, dev);
    size_t count = 0;
    (void)now;
    for (size_t tried_count = 0; tried_count < count_max; tried_count++) {
        /* Without a free buffer frames wait in the kernel, which drops at its own limit. */
        if (!tap->watch.readable || fa_pool_free_count(tap->pool) == 0) {
            break;
        }
        struct fa_buf *buf = read_frame(tap);
        if (buf != NULL) {
            ret_bufs[count++] = buf;
        }
    }
    return count;
}

static fa_err reserve_frame(struct fa_netdev *dev, struct fa_buf **ret_buf)
{
    struct fa_tap *tap = FA_CONTAINER(dev, struct fa_tap, dev);
    if (tap->spare != NULL && fa_buf_alloc(tap->large, FA_BUF_HEADROOM, ret_buf) == FA_OK) {
        return FA_OK;
    }
    return fa_buf_alloc(tap->pool, FA_BUF_HEADROOM, ret_buf) == FA_OK ? FA_OK : FA_AGAIN;
}

static void commit_frame(struct fa_netdev *dev, fa_ns now, struct fa_buf *take)
{
    struct fa_tap *tap = FA_CONTAINER(dev, struct fa_tap, dev);
    (void)now;
    if (fa__netdev_tx_check(dev, tap->counters, take)) {
        ssize_t written;
        struct header header = encode_header(&take->offload);
        struct iovec pieces[2] = {
            {.iov_base = &header, .iov_len = tap->has_header ? sizeof header : 0},
            {.iov_base = fa_buf_at(take), .iov_len = take->len},
        };
        do {
            written = writev(tap->watch.fd, pieces, 2);
        } while (written < 0 && errno == EINTR);
        if (written < 0) {
            FA_COUNT(tap->counters, netdev_tx_lost);
        }
    }
    fa_buf_drop(take);
}

static void flush_nothing(struct fa_netdev *dev, fa_ns now)
{
    (void)dev;
    (void)now;
}

/* Edges do not repeat: what the last burst left in the kernel is due now. */
static fa_ns find_deadline(const struct fa_netdev *dev)
{
    const struct fa_tap *tap = FA_CONTAINER(dev, const struct fa_tap, dev);
    return tap->watch.readable && fa_pool_free_count(tap->pool) > 0 ? 0 : FA_NS_NEVER;
}

static void close_tap(struct fa_netdev *dev)
{
    struct fa_tap *tap = FA_CONTAINER(dev, struct fa_tap, dev);
    int fd = tap->watch.fd;
    fa__linux_unwatch(&tap->watch);
    fa_buf_drop(tap->spare);
    (void)close(fd); /* nothing is kept back, so nothing can be lost here */
}

static const struct fa_netdev_ops tap_ops = {
    .rx = take_received,
    .tx_reserve = reserve_frame,
    .tx_commit = commit_frame,
    .tx_flush = flush_nothing,
    .deadline = find_deadline,
    .close = close_tap,
};

static fa_err fail_attach(int attach_errno, const char **reterr_reason)
{
    switch (attach_errno) {
    case EPERM:
    case EACCES:
        *reterr_reason = "not permitted: make the interface yours with `ip tuntap add dev NAME "
                         "mode tap user USER`, or run with CAP_NET_ADMIN";
        return FA_EREFUSED;
    case EBUSY:
        *reterr_reason = "in use by another program: end it, or take another interface";
        return FA_EREFUSED;
    case EINVAL:
        *reterr_reason = "an interface of this name is there, and is no tap with one queue";
        return FA_EINVAL;
    default:
        *reterr_reason = strerror(attach_errno);
        return FA_EIO;
    }
}

/* Returns: FA_OK and a descriptor attached to the interface `name`. */
static fa_err attach_interface(
    const char *name, bool offload, int *ret_fd, const char **reterr_reason)
{
    struct ifreq request = {
        .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0))};
    size_t len = strlen(name);
    if (len == 0 || len >= sizeof request.ifr_name) {
        *reterr_reason = "an interface name has 1 to 15 bytes";
        return FA_EINVAL;
    }
    fa_copy(request.ifr_name, name, len);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO)) {
        *reterr_reason = "no tap devices here: /dev/net/tun is missing; load the module `tun`";
        return FA_ENOENT;
    }
    if (fd < 0) {
        return fail_attach(errno, reterr_reason);
    }
    if (ioctl(fd, TUNSETIFF, &request) != 0) {
        fa_err err = fail_attach(errno, reterr_reason);
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    return FA_OK;
}

/* Returns: FA_OK and the inherited tap descriptor of "fd:N". */
static fa_err adopt_descriptor(const char *number, int *ret_fd, const char **reterr_reason)
{
    uint64_t fd;
    struct ifreq request;
    if (fa_parse_u64(fa_slice_of(number), INT_MAX, &fd) != FA_OK) {
        *reterr_reason = "after `fd:` stands the number of an open descriptor";
        return FA_EINVAL;
    }
    if (!ask_interface((int)fd, &request) ||
        (request.ifr_flags & (IFF_TAP | IFF_NO_PI)) != (IFF_TAP | IFF_NO_PI)) {
        *reterr_reason = "the descriptor is no tap with IFF_NO_PI";
        return FA_EINVAL;
    }
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0 || fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0) {
        *reterr_reason = strerror(errno);
        return FA_EIO;
    }
    *ret_fd = (int)fd;
    return FA_OK;
}

/* The interface's MTU and name, as far as they can be told: it may live in another namespace. */
static uint16_t find_mtu(int tap_fd, struct ifreq *ret_request)
{
    long mtu = MTU_DEFAULT;
    (void)ask_interface(tap_fd, ret_request); /* there is an answer: it is attached */
    struct ifreq request = *ret_request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        if (ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0) {
            mtu = request.ifr_mtu;
        }
        (void)close(fd);
    }
    return (uint16_t)fa_min((size_t)mtu, FA_NETDEV_MTU_MAX);
}

/* Agree with the kernel on what either side may leave undone. What whoever held a lasting interface
 * before had agreed on still stands, so nothing is agreed on in so many words, too. */
static void offer_offload(struct fa_tap *tap, int fd, bool wanted)
{
    const struct fa_pool *pool = tap->large != NULL ? tap->large : tap->pool;
    bool super = fa_pool_room(pool) + sizeof(struct fa_buf) >= FA_TAP_SUPER_SIZE;
    unsigned long what = 0;
    uint8_t offload = 0;
    if (wanted && tap->has_header) {
        what = TUN_F_CSUM | (super ? TUN_F_TSO4 | TUN_F_TSO6 : 0);
        offload = (uint8_t)(FA_OFFLOAD_CSUM_NEEDED | (super ? FA__NETDEV_TSO : 0));
    }
    if (ioctl(fd, TUNSETOFFLOAD, what) == 0 && what != 0) {
        tap->dev.info.tx_offload = offload;
        tap->dev.info.rx_offload = offload | FA_OFFLOAD_CSUM_GOOD;
        if (tap->large != NULL) {
            fa_err err = fa_buf_alloc(tap->large, FA_BUF_HEADROOM, &tap->spare);
            FA_ASSERT(err == FA_OK); // nobody else draws on it
        }
    }
}

fa_err fa_tap_open(
    struct fa_tap *tap, const struct fa_tap_config *config, const char **reterr_reason)
{
    int fd;
    uint64_t noise;
    struct ifreq request;
    if (strncmp(config->name, "fd:", 3) == 0) {
        FA_TRY(adopt_descriptor(config->name + 3, &fd, reterr_reason));
    } else {
        FA_TRY(attach_interface(config->name, config->offload, &fd, reterr_reason));
    }
    uint16_t host_mtu_bytes = find_mtu(fd, &request);
    uint16_t mtu_bytes = config->mtu_bytes != 0 ? config->mtu_bytes : host_mtu_bytes;
    if (FA_BUF_HEADROOM + FA_ETH_HDR_LEN + (size_t)mtu_bytes > fa_pool_room(config->pool)) {
        *reterr_reason = "the MTU is larger than the packet buffers: lower it, or enlarge them";
        (void)close(fd);
        return FA_EINVAL;
    }
    *tap = (struct fa_tap){
        .dev.ops = &tap_ops,
        .pool = config->pool,
        .large = config->large,
        .counters = config->counters != NULL ? config->counters : &fa_counters_main,
    };
    tap->has_header = (request.ifr_flags & IFF_VNET_HDR) != 0;
    fa_entropy_fill(&noise, sizeof noise);
    fa__netdev_info_set(&tap->dev, request.ifr_name, config->mac, mtu_bytes, noise);
    offer_offload(tap, fd, config->offload);
    fa__linux_watch(&tap->watch, fd, false);
    return FA_OK;
}
