// SPDX-License-Identifier: ISC
//
// manifest.h: which devices an image declares, and for what it was made.
//
// Pure. Tested by test/unit/tender_manifest_test.c, fuzzed by fuzz/tender_elf_fuzz.c.

#ifndef TENDER_MANIFEST_H
#define TENDER_MANIFEST_H

#include "fa/caps.h"
#include "fa/solo5.h"
#include "sentence.h"

struct manifest {
    uint32_t count; /* with entry 0, which is no device */
    struct fa_solo5_entry entry[FA_SOLO5_ENTRY_COUNT_MAX];
};

/* Read what the ABI note describes. Returns: false and `why` unless it is spt 2 or hvt 2. */
bool manifest_read_abi(
    struct fa_slice note, enum fa_solo5_target *ret_target, struct sentence *why);

/* Read what the manifest's note describes. All but names and types is zero then. */
bool manifest_read(struct fa_slice note, struct manifest *ret, struct sentence *why);

/*
 * Read what the note of capabilities describes: zeros if there is none, or of an unknown version.
 *
 * Returns: false and `why` if it names places that the image does not have.
 */
struct elf_image;
bool manifest_read_caps(
    const struct elf_image *image, struct fa_caps_note *ret, struct sentence *why);

/* Index of the device `name`, its handle; 0 if there is none. */
size_t manifest_find(const struct manifest *manifest, struct fa_slice name);

#endif
