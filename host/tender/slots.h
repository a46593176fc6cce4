// SPDX-License-Identifier: ISC
//
// slots.h: the descriptors that an spt image finds, and what of its filter differs from run to run.
//
// Each has a fixed number, so that the filter can be compiled when the tender is (host/filter), and
// only the numbers of struct slots are put into it when an image starts.

#ifndef TENDER_SLOTS_H
#define TENDER_SLOTS_H

#include "fa/base.h"

enum {
    SLOT_NET_COUNT_MAX = 8,
    SLOT_DISK_COUNT_MAX = 8,
};

enum {
    FD_CONSOLE = 1,
    FD_LOG = 2, /* what the tender itself says, when an image has failed */
    FD_EPOLL = 3,
    FD_TIMER = 4,
    FD_CONTROL = 5,
    FD_ENTROPY = 6,
    FD_CORE = 7,
    FD_NET = 8, /* and those of the other networks, and of the disks, behind it */
    FD_DISK = FD_NET + SLOT_NET_COUNT_MAX,
    FD_END = FD_DISK + SLOT_DISK_COUNT_MAX,
};

/* A number of the filter that is put in when an image starts. Those of disks come once a disk. A
 * number of 64 bits is two: compared by its halves. */
enum slot_number {
    SLOT_NET_FD,
    SLOT_DISK_FD,
    SLOT_BLOCK_BYTES,
    SLOT_BLOCK_LAST_HIGH, /* the last offset for one block */
    SLOT_BLOCK_LAST_LOW,
    SLOT_BURST_BYTES, /* the most of several blocks */
    SLOT_BURST_LAST_HIGH,
    SLOT_BURST_LAST_LOW,
    SLOT_NUMBER_COUNT,
};

/* While a filter is compiled, this stands where the number of slot `idx` will. */
#define SLOT_MARK(number, idx) (0x7a3c0000u | (uint32_t)(number) << 8 | (uint32_t)(idx))

/* Place `at` of a filter takes `number` of slot `idx`. */
struct slot_patch {
    uint16_t at;
    uint8_t number; /* enum slot_number */
    uint8_t idx;
};

#endif
