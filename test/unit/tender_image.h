// SPDX-License-Identifier: ISC
//
// tender_image.h: the bytes of a small image that breaks no rule, for tests to break one.

#ifndef TENDER_IMAGE_H
#define TENDER_IMAGE_H

#include <elf.h>

#include "fa/base.h"
#include "fa/caps.h"
#include "fa/solo5.h"

enum {
    TENDER_CODE_AT = 0x100000,
    TENDER_DATA_AT = 0x101000,
    TENDER_DATA_BYTES = 0x3000, /* in memory */
};

/* As in a file: two segments, then three notes. */
struct tender_image {
    Elf64_Ehdr head;
    Elf64_Phdr part[5]; /* code, data, abi, manifest, caps */
    uint8_t abi[FA_SOLO5_NOTE_HEADER_BYTES + sizeof(struct fa_solo5_abi)];
    uint8_t manifest[FA_SOLO5_NOTE_HEADER_BYTES + 4 + 8 + 3 * sizeof(struct fa_solo5_entry)];
    uint8_t caps[FA_SOLO5_NOTE_HEADER_BYTES + sizeof(struct fa_caps_note)];
    uint8_t code[16];
    uint8_t data[16];
};

/* An image for x86-64 and spt, with a network `service` and a disk `storage`. */
void tender_image_init(struct tender_image *image);

#endif
