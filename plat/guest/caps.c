// SPDX-License-Identifier: ISC
//
// The capabilities, and the note that says where they are.

#include "plat/guest/guest.h"

/* Solo5's tenders never look here. Not in .bss: the note names a place within the file. */
[[gnu::section(".data.fa_caps"), gnu::aligned(8)]] struct fa_caps fa__guest_caps;

extern const uint8_t fa__stacks[];
extern const uint8_t fa__stack_stride[]; /* values, not places: absolute symbols */
extern const uint8_t fa__stack_count[];
extern const uint8_t fa__image_end[];

struct note {
    uint32_t name_len;
    uint32_t desc_len;
    uint32_t type;
    char name[8];
    struct [[gnu::packed]] {
        uint32_t version;
        uint32_t caps_size;
        const void *caps_addr;
        const void *memory_min;
        const void *guard_addr;
        const void *guard_stride;
        const void *guard_count_and_rings_size; /* two words; the second is 0 */
        uint64_t rings_addr;
        uint32_t device_flags;
        uint32_t reserved;
    } desc;
};

_Static_assert(sizeof(((struct note *)NULL)->desc) == sizeof(struct fa_caps_note), "no padding");

extern const struct note fa__caps_note;
[[gnu::section(".note.fata.caps"), gnu::aligned(4)]] const struct note fa__caps_note = {
    .name_len = 5,
    .desc_len = sizeof(struct fa_caps_note),
    .type = FA_CAPS_NOTE_TYPE,
    .name = "Fata",
    .desc =
        {
            .version = FA_CAPS_VERSION,
            .caps_size = sizeof(struct fa_caps),
            .caps_addr = &fa__guest_caps,
            .memory_min = fa__image_end,
            .guard_addr = fa__stacks,
            .guard_stride = fa__stack_stride,
            .guard_count_and_rings_size = fa__stack_count,
            .device_flags = FA_CAPS_BLOCK_MULTI | FA_CAPS_BLOCK_FLUSH | FA_CAPS_BLOCK_DISCARD |
                            FA_CAPS_BLOCK_READ_ONLY,
        },
};
