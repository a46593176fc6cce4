// SPDX-License-Identifier: ISC
//
// spt.h: an image as this very process: its memory mapped, its filter installed, its first
// instruction reached.
//
// The ABI is Solo5's spt 2 (fa/solo5.h). The tender has no mapping below the image's end, since it
// is position-independent and linked statically.

#ifndef TENDER_SPT_H
#define TENDER_SPT_H

#include "attach.h"
#include "elf.h"
#include "options.h"

struct spt {
    const struct options *options;
    const struct elf_image *image;
    const struct manifest *manifest;
    const struct attachments *attachments;
    const struct fa_caps_note *caps_note; /* zeros: no capabilities */
    struct fa_slice file;                 /* the image's, mapped */
    int image_fd;
    uint64_t mem_size;
};

/* Map the image's memory, load its segments and write what it finds in low memory. */
bool spt_load(const struct spt *spt, struct sentence *why);

/* Give descriptors their numbers, close all others, make the filter and jump. Returns only if that
 * fails. */
bool spt_enter(const struct spt *spt, struct sentence *why);

#endif
