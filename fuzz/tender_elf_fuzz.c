// SPDX-License-Identifier: ISC
//
// Any bytes as an image: refused with a sentence, or understood within its bounds. What is taken
// holds what the loader relies on.

#include "host/tender/elf.h"

#include <elf.h>

#include "host/tender/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_segments(const struct elf_image *image, size_t file_len)
{
    uint64_t end = FA_SOLO5_IMAGE_MIN;
    FA_ASSERT(image->segment_count <= ELF_SEGMENT_COUNT_MAX);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segment[i];
        FA_ASSERT(segment->start >= end && segment->at >= segment->start);
        FA_ASSERT(segment->end >= segment->at + segment->mem_len);
        FA_ASSERT(segment->mem_len >= segment->file_len);
        FA_ASSERT(
            segment->file_off <= file_len && segment->file_len <= file_len - segment->file_off);
        FA_ASSERT(segment->start % ELF_PAGE_BYTES == 0 && segment->end % ELF_PAGE_BYTES == 0);
        FA_ASSERT(!segment->writable || !segment->executable);
        end = segment->end;
    }
    FA_ASSERT(image->end == end && image->entry < end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fa_slice file = {data, len};
    struct elf_image image;
    struct sentence why = {""};
    static struct manifest manifest;
    struct fa_caps_note caps;
    enum fa_solo5_target target;
    uint64_t off = 0;
    if (!elf_read(file, EM_X86_64, &image, &why)) {
        FA_ASSERT(why.text[0] != '\0');
        (void)elf_symbol(file, 0x100000, &off);
        return 0;
    }
    check_segments(&image, len);
    (void)elf_symbol(file, image.entry, &off);
    (void)manifest_read_abi(image.abi, &target, &why);
    if (manifest_read(image.manifest, &manifest, &why)) {
        FA_ASSERT(manifest.count >= 1 && manifest.count <= FA_SOLO5_ENTRY_COUNT_MAX);
        FA_ASSERT(manifest.entry[manifest.count - 1].name[FA_SOLO5_NAME_BYTES - 1] == '\0');
    }
    if (manifest_read_caps(&image, &caps, &why) && caps.guard_count != 0) {
        uint64_t last = caps.guard_addr + caps.guard_stride * (caps.guard_count - 1);
        FA_ASSERT(caps.guard_addr >= FA_SOLO5_IMAGE_MIN && last + ELF_PAGE_BYTES <= image.end);
    }
    return 0;
}
