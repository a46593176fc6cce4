// SPDX-License-Identifier: ISC
//
// fa/caps.h: what a tender offers beyond the Solo5 ABI, told without probing.
//
// An image names, in a note of its own, a struct fa_caps in its data. A tender that knows the note
// fills the struct before it jumps; any other leaves it as it is in the file, zero. Zero means: not
// there, do it by the ABI. So an image never makes a call that would end it elsewhere. Fields are
// only ever appended: a tender writes at most `caps_size` bytes, and an image that was compiled
// with fewer fields gets fewer. `version` is for what appending cannot say; a tender that does not
// know a note's version leaves zeros. docs/design/0021-targets.md weighs it.

#ifndef FA_CAPS_H
#define FA_CAPS_H

#include "fa/base.h"

enum {
    FA_CAPS_NOTE_TYPE = 2, /* owner "Fata"; type 1 is docs/spec/image-note.md */
    FA_CAPS_VERSION = 1,
    FA_CAPS_DEVICE_COUNT = 64, /* by handle, as the manifest's entries */
    FA_CAPS_SEED_BYTES = 64,
    FA_CAPS_ENTROPY_BYTES_MAX = 256, /* of one read() of entropy_fd; with more it is ended */
};

/* What the note describes. Constant, written by the linker of the image. */
struct fa_caps_note {
    uint32_t version;      /* FA_CAPS_VERSION */
    uint32_t caps_size;    /* sizeof(struct fa_caps) when it was compiled */
    uint64_t caps_addr;    /* of it: 8-aligned, within one writable segment */
    uint64_t memory_min;   /* bytes; with less the tender refuses to start it */
    uint64_t guard_addr;   /* pages that shall not be touched: the first one */
    uint64_t guard_stride; /* bytes from one to the next */
    uint32_t guard_count;  /* how many; 0: none */
    uint32_t rings_size;   /* bytes that the host may read while it runs; 0: none */
    uint64_t rings_addr;
    uint32_t device_flags; /* enum fa_caps_device_flag that it knows; it is told of no other */
    uint32_t reserved;     /* 0 */
};

_Static_assert(sizeof(struct fa_caps_note) == 64, "descriptor of the note");

enum fa_caps_flag {
    FA_CAPS_PWAIT2 = 1 << 0,  /* spt: epoll_pwait2 is allowed */
    FA_CAPS_SEED = 1 << 1,    /* `seed` holds random bytes of the host */
    FA_CAPS_STOP_FD = 1 << 2, /* spt: control_fd is in the epoll set, by FA_CAPS_CONTROL_READY */
};

enum {
    FA_CAPS_CONTROL_READY = 0xFFFFFFFD, /* what epoll says of control_fd */
};

enum fa_caps_device_flag {
    FA_CAPS_NET_VNET_HDR = 1 << 0, /* a struct virtio_net_hdr of 12 bytes before each frame */
    FA_CAPS_NET_CSUM = 1 << 1,     /* frames may lack TCP's and UDP's checksum, both ways */
    FA_CAPS_NET_TSO4 = 1 << 2,
    FA_CAPS_NET_TSO6 = 1 << 3,
    /* A call moves up to bytes_max, a multiple of the block. spt: only where bytes_max fit from its
     * offset on; in the disk's last bytes_max a call moves one block, since a filter cannot add. */
    FA_CAPS_BLOCK_MULTI = 1 << 8,
    FA_CAPS_BLOCK_FLUSH = 1 << 9,    /* spt: fdatasync(fd); hvt: FA_HVT_FLUSH */
    FA_CAPS_BLOCK_DISCARD = 1 << 10, /* spt: fallocate(fd, PUNCH_HOLE | KEEP_SIZE); hvt: DISCARD */
    FA_CAPS_BLOCK_READ_ONLY = 1 << 11,
};

struct fa_caps_device {
    uint32_t flags;     /* enum fa_caps_device_flag */
    uint32_t bytes_max; /* of one call, a vnet header not counted; 0: a frame, a block */
};

/* What the host writes while the image runs, in a page of its own that the image may only read. */
struct fa_caps_control {
    uint32_t stop;       /* not 0: end in order */
    uint32_t generation; /* changes after resume, restore and clone: reseed, begin deadlines anew */
    int64_t wall_offset_ns; /* added to the wall clock */
};

struct fa_caps {
    uint32_t version;      /* FA_CAPS_VERSION; 0: nobody filled this */
    uint32_t flags;        /* enum fa_caps_flag */
    uint64_t clock_fn;     /* spt: the vDSO's clock_gettime; 0: none */
    uint64_t control_addr; /* of a struct fa_caps_control; 0: none */
    int32_t control_fd;    /* spt: wakes epoll once each time *control changed, and is never read;
                            * 0: none */
    int32_t entropy_fd;    /* spt: read() gives random bytes, few a call; 0: none */
    uint8_t seed[FA_CAPS_SEED_BYTES]; /* the image wipes it once it is used */
    struct fa_caps_device device[FA_CAPS_DEVICE_COUNT];
};

_Static_assert(sizeof(struct fa_caps) == 32 + 64 + 64 * 8, "no padding to disagree about");

/* hvt: calls beyond Solo5's, made only where a flag or `version` says so. */
enum fa_caps_hvt_call {
    FA_HVT_FLUSH = 0x40, /* struct fa_hvt_block; offset, data and len are ignored */
    FA_HVT_DISCARD,      /* struct fa_hvt_block; data is ignored */
    FA_HVT_ENTROPY,      /* struct fa_hvt_puts: data is filled; len: in the room, out how many */
};

#endif
