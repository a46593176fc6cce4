// SPDX-License-Identifier: ISC

#include "manifest.h"

#include <inttypes.h>
#include <string.h>

#include "elf.h"

enum {
    CAPS_NOTE_BYTES_MIN =
        offsetof(struct fa_caps_note, device_flags), /* the first that there was */
    GUARD_COUNT_MAX = 4096, /* each splits a mapping, of which Linux allows a process 65,530 */
};

bool manifest_read_abi(struct fa_slice note, enum fa_solo5_target *ret_target, struct sentence *why)
{
    if (note.at == NULL) {
        return sentence_say(
            why, "has no note that names its ABI; images are made by `fata build -t spt`");
    }
    struct fa_solo5_abi abi;
    if (note.len != sizeof abi) {
        return sentence_say(why, "has an ABI note of %zu bytes, not %zu", note.len, sizeof abi);
    }
    memcpy(&abi, note.at, sizeof abi);
    if (abi.target != FA_SOLO5_SPT && abi.target != FA_SOLO5_HVT) {
        return sentence_say(
            why, "is for target %" PRIu32 " of Solo5; this runs spt (2) and hvt (1)", abi.target);
    }
    const uint32_t version =
        abi.target == FA_SOLO5_SPT ? FA_SOLO5_SPT_VERSION : FA_SOLO5_HVT_VERSION;
    if (abi.version != version) {
        return sentence_say(why,
            "is for version %" PRIu32 " of its ABI; this runs version %" PRIu32, abi.version,
            version);
    }
    *ret_target = (enum fa_solo5_target)abi.target;
    return true;
}

static bool name_is_plain(const char *name)
{
    size_t len = strnlen(name, FA_SOLO5_NAME_BYTES);
    if (len == 0 || len == FA_SOLO5_NAME_BYTES) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            return false;
        }
    }
    return true;
}

static bool add_entry(struct manifest *manifest, size_t idx, struct sentence *why)
{
    struct fa_solo5_entry *entry = &manifest->entry[idx];
    if (idx == 0 ? entry->name[0] != '\0' || entry->type != FA_SOLO5_RESERVED_FIRST
                 : !name_is_plain(entry->name)) {
        return sentence_say(why, "has a manifest whose entry %zu has no right name", idx);
    }
    if (idx != 0 && entry->type != FA_SOLO5_NET && entry->type != FA_SOLO5_BLOCK) {
        return sentence_say(why,
            "declares a device '%s' of type %" PRIu32 ", which this tender does not know",
            entry->name, entry->type);
    }
    if (entry->attached != 0) {
        return sentence_say(why, "has a manifest whose entry %zu claims to be attached", idx);
    }
    struct fa_solo5_entry plain = {.type = entry->type};
    memcpy(plain.name, entry->name, strnlen(entry->name, sizeof plain.name));
    for (size_t i = 1; i < idx; i++) {
        if (strcmp(manifest->entry[i].name, plain.name) == 0) {
            return sentence_say(why, "declares the device '%s' twice", plain.name);
        }
    }
    *entry = plain;
    return true;
}

bool manifest_read(struct fa_slice note, struct manifest *ret, struct sentence *why)
{
    if (note.at == NULL) {
        return sentence_say(
            why, "has no manifest of its devices; images are made by `fata build -t spt`");
    }
    struct fa_solo5_manifest head;
    if (note.len < sizeof head) {
        return sentence_say(why, "has a manifest that is cut off");
    }
    memcpy(&head, note.at, sizeof head);
    if (head.version != FA_SOLO5_MANIFEST_VERSION) {
        return sentence_say(why, "has a manifest of version %" PRIu32 "; this reads version %d",
            head.version, FA_SOLO5_MANIFEST_VERSION);
    }
    if (head.count == 0 || head.count > FA_SOLO5_ENTRY_COUNT_MAX) {
        return sentence_say(why, "has a manifest of %" PRIu32 " entries; it may have 1 to %d",
            head.count, FA_SOLO5_ENTRY_COUNT_MAX);
    }
    if (note.len != sizeof head + head.count * sizeof(struct fa_solo5_entry)) {
        return sentence_say(why,
            "has a manifest of %zu bytes, which %" PRIu32 " entries do not fill", note.len,
            head.count);
    }
    ret->count = head.count;
    memcpy(ret->entry, note.at + sizeof head, head.count * sizeof(struct fa_solo5_entry));
    for (size_t i = 0; i < head.count; i++) {
        if (!add_entry(ret, i, why)) {
            return false;
        }
    }
    return true;
}

/* Whether [at, at + len) lies in one writable segment. */
static bool is_data(const struct elf_image *image, uint64_t at, uint64_t len)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if (segment->writable && at >= segment->at && at - segment->at <= segment->mem_len &&
            len <= segment->mem_len - (at - segment->at)) {
            return true;
        }
    }
    return false;
}

static bool check_guards(
    const struct elf_image *image, const struct fa_caps_note *note, struct sentence *why)
{
    if (note->guard_count == 0) {
        return true;
    }
    if (note->guard_count > GUARD_COUNT_MAX) {
        return sentence_say(why, "asks for %" PRIu32 " guard pages; it may for %d",
            note->guard_count, GUARD_COUNT_MAX);
    }
    uint64_t len;
    if (note->guard_addr % ELF_PAGE_BYTES != 0 || note->guard_stride % ELF_PAGE_BYTES != 0 ||
        note->guard_stride == 0 ||
        __builtin_mul_overflow(note->guard_stride, note->guard_count - 1, &len) ||
        __builtin_add_overflow(len, ELF_PAGE_BYTES, &len) ||
        !is_data(image, note->guard_addr, len)) {
        return sentence_say(why,
            "asks for guard pages at 0x%" PRIx64 " that are not whole pages of its data",
            note->guard_addr);
    }
    return true;
}

bool manifest_read_caps(
    const struct elf_image *image, struct fa_caps_note *ret, struct sentence *why)
{
    struct fa_caps_note note = {0};
    *ret = note;
    if (image->caps.at == NULL) {
        return true;
    }
    /* What an older image does not say is zero, what a newer one says beyond this is not read. */
    if (image->caps.len < CAPS_NOTE_BYTES_MIN) {
        return sentence_say(why, "has a note of capabilities of %zu bytes; it has at least %zu",
            image->caps.len, (size_t)CAPS_NOTE_BYTES_MIN);
    }
    memcpy(&note, image->caps.at, fa_min(image->caps.len, sizeof note));
    if (note.version != FA_CAPS_VERSION) {
        return true;
    }
    if (note.caps_addr % 8 != 0 || !is_data(image, note.caps_addr, note.caps_size)) {
        return sentence_say(why,
            "wants its capabilities at 0x%" PRIx64 ", which is not in its data", note.caps_addr);
    }
    if (!check_guards(image, &note, why)) {
        return false;
    }
    *ret = note;
    return true;
}

size_t manifest_find(const struct manifest *manifest, struct fa_slice name)
{
    for (size_t i = 1; i < manifest->count; i++) {
        if (fa_slice_equal(name, fa_slice_of(manifest->entry[i].name))) {
            return i;
        }
    }
    return 0;
}
