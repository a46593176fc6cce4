// SPDX-License-Identifier: ISC
//
// fa/solo5.h: the public Solo5 ABI, hvt 2 and spt 2, as guests and tenders see it in memory.
//
// An image carries two notes (its ABI and its manifest), each in a PT_NOTE of its own, because a
// tender reads the first note of each alone. The tender loads the image where its ELF file says,
// writes boot info, the manifest with what is attached, and the command line into low memory, and
// jumps. Everything is little-endian. Written from Solo5's published headers (elf_abi.h, mft_abi.h,
// hvt_abi.h, spt_abi.h); tested by host/tender's and plat/guest's tests.

#ifndef FA_SOLO5_H
#define FA_SOLO5_H

#include "fa/base.h"

/* ---- notes ---------------------------------------------------------------------------------- */

enum {
    FA_SOLO5_NOTE_ABI = 0x31494241,      /* type of the note: "ABI1" */
    FA_SOLO5_NOTE_MANIFEST = 0x3154464d, /* "MFT1" */
    FA_SOLO5_NOTE_HEADER_BYTES = 20,     /* three words and the name "Solo5", padded to 8 */
    FA_SOLO5_MANIFEST_PAD_BYTES = 4,     /* before the manifest, counted in the note's descsz */
    FA_SOLO5_IMAGE_MIN = 0x100000,       /* nothing of an image lies below */
    FA_SOLO5_CMDLINE_BYTES = 8192,       /* with its NUL */
};

enum fa_solo5_target {
    FA_SOLO5_HVT = 1,
    FA_SOLO5_SPT = 2,
};

enum {
    FA_SOLO5_HVT_VERSION = 2,
    FA_SOLO5_SPT_VERSION = 2,
};

/* What the ABI note describes. */
struct fa_solo5_abi {
    uint32_t target; /* enum fa_solo5_target */
    uint32_t version;
    uint32_t reserved[2]; /* 0 */
};

enum fa_solo5_device {
    FA_SOLO5_BLOCK = 1,
    FA_SOLO5_NET = 2,
    FA_SOLO5_RESERVED_FIRST = 1 << 30, /* the type of entry 0, whose name is empty */
};

enum {
    FA_SOLO5_MANIFEST_VERSION = 1,
    FA_SOLO5_ENTRY_COUNT_MAX = 64, /* with entry 0, so 63 devices */
    FA_SOLO5_NAME_BYTES = 68,      /* [A-Za-z0-9]{1,67} and a NUL */
};

/* One device. A device's handle is its index in the manifest. In the file all but name and type are
 * zero. */
struct fa_solo5_entry {
    char name[FA_SOLO5_NAME_BYTES];
    uint32_t type; /* enum fa_solo5_device */
    union {
        struct {
            uint64_t capacity;   /* bytes */
            uint16_t block_size; /* bytes */
        } block;
        struct {
            uint8_t mac[6];
            uint16_t mtu; /* bytes of a frame without its Ethernet header */
        } net;
    };
    union {
        int32_t fd; /* spt: the descriptor to use */
        uint64_t data;
    };
    uint8_t attached; /* 0 or 1 */
    uint8_t pad[7];
};

struct fa_solo5_manifest {
    uint32_t version;
    uint32_t count;
    struct fa_solo5_entry entry[]; /* count of them */
};

/*
 * The manifest of an image as the note that carries it, once in an image; one without devices may
 * go without. `device_count` of them follow, in the order of their handles, from 1 on.
 *
 *     FA_SOLO5_MANIFEST(1, {.name = "service", .type = FA_SOLO5_NET});
 */
#define FA_SOLO5_MANIFEST(device_count, ...)                                                       \
    struct fa_manifest_note_ {                                                                     \
        uint32_t name_len;                                                                         \
        uint32_t desc_len;                                                                         \
        uint32_t type;                                                                             \
        char owner[8];                                                                             \
        uint32_t pad;                                                                              \
        uint32_t version;                                                                          \
        uint32_t count;                                                                            \
        struct {                                                                                   \
            char name[FA_SOLO5_NAME_BYTES];                                                        \
            uint32_t type;                                                                         \
            uint32_t zero[8];                                                                      \
        } entry[(device_count) + 1];                                                               \
    };                                                                                             \
    extern const struct fa_manifest_note_ fa_manifest_note;                                        \
    [[gnu::section(".note.solo5.manifest"),                                                        \
        gnu::aligned(4)]] const struct fa_manifest_note_ fa_manifest_note = {6,                    \
        12 + 104 * ((device_count) + 1), FA_SOLO5_NOTE_MANIFEST, "Solo5", 0,                       \
        FA_SOLO5_MANIFEST_VERSION, (device_count) + 1,                                             \
        {{.type = FA_SOLO5_RESERVED_FIRST} __VA_OPT__(, ) __VA_ARGS__}}

_Static_assert(sizeof(struct fa_solo5_abi) == 16, "descriptor of the ABI note");
_Static_assert(sizeof(struct fa_solo5_entry) == 104, "entry of the manifest");
_Static_assert(sizeof(struct fa_solo5_manifest) == 8, "head of the manifest");

/* ---- spt: a process under a filter ---------------------------------------------------------- */

enum {
    FA_SPT_BOOT_INFO_AT = 0x11000,
    FA_SPT_TIMER_READY = 0xFFFFFFFE, /* what epoll says of the timer; else a device's handle */
};

struct fa_spt_boot_info {
    uint64_t mem_size;   /* the guest's memory ends here */
    uint64_t kernel_end; /* not to be believed: a segment without bytes in the file is left out */
    uint64_t cmdline;    /* address of a C string */
    uint64_t manifest;   /* address of a struct fa_solo5_manifest */
    int32_t epoll_fd;
    int32_t timer_fd;
};

_Static_assert(sizeof(struct fa_spt_boot_info) == 40, "boot info of spt");

/* ---- hvt: a virtual machine under KVM ------------------------------------------------------- */

enum {
    FA_HVT_BOOT_INFO_AT = 0x10000,
    FA_HVT_PORT = 0x500,       /* x86-64: a 4-byte OUT of the argument's address to PORT + number */
    FA_HVT_COOKIE_BYTES = 512, /* of what HALT's cookie may point at */
};

#define FA_HVT_MMIO_AT UINT64_C(0x100000000) /* aarch64: a 4-byte store to this + (number << 3) */

struct fa_hvt_boot_info {
    uint64_t mem_size;
    uint64_t kernel_end;
    uint64_t cycle_hz; /* of TSC or CNTVCT */
    uint64_t cmdline;
    uint64_t manifest;
    /* Appended in Solo5 0.11. An older tender has the manifest's copy here, whose bytes can look
     * like a feature bit: both the bit and a ring other than 0 are needed to believe it. */
    uint32_t host_features;
    uint32_t guest_features;
    uint64_t net_ring;
};

_Static_assert(sizeof(struct fa_hvt_boot_info) == 56, "boot info of hvt");

/* Calls. Arguments lie below 4 GiB and end before the memory's last byte, or the tender ends. */
enum fa_hvt_call {
    FA_HVT_WALLTIME = 1,
    FA_HVT_PUTS,
    FA_HVT_POLL,
    FA_HVT_BLOCK_WRITE,
    FA_HVT_BLOCK_READ,
    FA_HVT_NET_WRITE,
    FA_HVT_NET_READ,
    FA_HVT_HALT,
};

enum fa_hvt_result {
    FA_HVT_OK,
    FA_HVT_AGAIN,
    FA_HVT_EINVAL,
    FA_HVT_EUNSPEC,
};

struct fa_hvt_walltime {
    uint64_t ns; /* out: since 1970-01-01T00:00:00Z */
};

struct fa_hvt_puts {
    uint64_t data;
    uint64_t len;
};

struct fa_hvt_poll {
    uint64_t timeout_ns; /* relative */
    uint64_t ready;      /* out: a bit for each handle that has a frame */
    int32_t ret;         /* out: how many bits */
};

/* BLOCK_WRITE, BLOCK_READ. */
struct fa_hvt_block {
    uint64_t handle;
    uint64_t offset; /* bytes */
    uint64_t data;
    uint64_t len; /* bytes; BLOCK_READ: also out */
    int32_t ret;  /* out: enum fa_hvt_result */
};

/* NET_WRITE, NET_READ. */
struct fa_hvt_net {
    uint64_t handle;
    uint64_t data;
    uint64_t len; /* bytes; NET_READ: in the room, out the frame's */
    int32_t ret;  /* out: enum fa_hvt_result */
};

struct fa_hvt_halt {
    uint64_t cookie; /* address of FA_HVT_COOKIE_BYTES about a trap, or 0 */
    int32_t status;  /* 0..255; 255 after a bug */
};

#endif
