// SPDX-License-Identifier: ISC
//
// Manifests, ABI notes and notes of capabilities: what is taken, and each rule broken.

#include <string.h>

#include "host/tender/elf.h"
#include "host/tender/manifest.h"
#include "test/t.h"
#include "test/unit/tender_image.h"

static struct {
    uint32_t version, count;
    struct fa_solo5_entry entry[FA_SOLO5_ENTRY_COUNT_MAX];
} raw;
static struct manifest manifest;
static struct sentence why;

static void begin(uint32_t count)
{
    memset(&raw, 0, sizeof raw);
    raw.version = FA_SOLO5_MANIFEST_VERSION;
    raw.count = count;
    raw.entry[0].type = FA_SOLO5_RESERVED_FIRST;
    for (size_t i = 1; i < count && i < FA_SOLO5_ENTRY_COUNT_MAX; i++) {
        raw.entry[i].type = i % 2 != 0 ? FA_SOLO5_NET : FA_SOLO5_BLOCK;
        raw.entry[i].name[0] = 'd';
        raw.entry[i].name[1] = (char)('0' + i / 10);
        raw.entry[i].name[2] = (char)('0' + i % 10);
    }
}

static bool read_it(void)
{
    size_t len = 8 + raw.count * sizeof raw.entry[0];
    return manifest_read((struct fa_slice){(const uint8_t *)&raw, len}, &manifest, &why);
}

#define REFUSED(word, statement)                                                                   \
    do {                                                                                           \
        begin(3);                                                                                  \
        statement;                                                                                 \
        CHECK(!read_it());                                                                         \
        CHECK(strstr(why.text, word) != NULL);                                                     \
    } while (0)

T(a_manifest_is_read_up_to_its_limit_of_devices)
{
    begin(FA_SOLO5_ENTRY_COUNT_MAX);
    CHECK(read_it());
    CHECK_EQ(manifest.count, 64);
    CHECK_EQ(manifest_find(&manifest, FA_LIT("d63")), 63);
    CHECK_EQ(manifest_find(&manifest, FA_LIT("d64")), 0);
    CHECK_EQ(manifest_find(&manifest, FA_LIT("")), 0);
    REFUSED("1 to 64", raw.count = FA_SOLO5_ENTRY_COUNT_MAX + 1);
    REFUSED("1 to 64", raw.count = 0);
}

T(a_manifest_that_breaks_a_rule_is_refused)
{
    REFUSED("version 2", raw.version = 2);
    REFUSED("entry 0", raw.entry[0].type = FA_SOLO5_NET);
    REFUSED("entry 0", raw.entry[0].name[0] = 'x');
    REFUSED("entry 1", raw.entry[1].name[1] = '-');
    REFUSED("entry 1", raw.entry[1].name[0] = '\0');
    REFUSED("entry 2", memset(raw.entry[2].name, 'a', FA_SOLO5_NAME_BYTES));
    REFUSED("twice", memcpy(raw.entry[2].name, raw.entry[1].name, FA_SOLO5_NAME_BYTES));
    REFUSED("type 3", raw.entry[1].type = 3);
    REFUSED("attached", raw.entry[2].attached = 1);
    begin(3);
    CHECK(
        !manifest_read((struct fa_slice){(const uint8_t *)&raw, 8 + 3 * 104 - 1}, &manifest, &why));
    CHECK(!manifest_read((struct fa_slice){(const uint8_t *)&raw, 7}, &manifest, &why));
    CHECK(!manifest_read((struct fa_slice){NULL, 0}, &manifest, &why));
}

T(what_an_image_writes_into_a_manifest_beyond_names_is_not_believed)
{
    begin(2);
    raw.entry[1].fd = 1;
    raw.entry[1].net.mtu = 9;
    memset(raw.entry[1].name, 0, FA_SOLO5_NAME_BYTES);
    memset(raw.entry[1].name, 'a', FA_SOLO5_NAME_BYTES - 1);
    CHECK(read_it());
    CHECK_EQ(manifest.entry[1].fd, 0);
    CHECK_EQ(manifest.entry[1].net.mtu, 0);
    CHECK_EQ(strlen(manifest.entry[1].name), FA_SOLO5_NAME_BYTES - 1);
}

T(an_abi_of_another_target_or_version_is_refused)
{
    static const struct {
        struct fa_solo5_abi abi;
        const char *word; /* NULL: it is taken */
    } table[] = {{{2, 2, {0, 0}}, NULL}, {{1, 2, {0, 0}}, NULL}, {{2, 1, {0, 0}}, "version 1"},
        {{2, 3, {0, 0}}, "version 3"}, {{1, 1, {0, 0}}, "version 1"}, {{3, 1, {0, 0}}, "target 3"}};
    enum fa_solo5_target target;
    for (size_t i = 0; i < FA_COUNT_OF(table); i++) {
        struct fa_slice note = {(const uint8_t *)&table[i].abi, sizeof table[i].abi};
        bool taken = manifest_read_abi(note, &target, &why);
        CHECK_EQ(taken, table[i].word == NULL);
        CHECK(taken || strstr(why.text, table[i].word) != NULL);
        note.len--;
        CHECK(!manifest_read_abi(note, &target, &why));
    }
    CHECK(!manifest_read_abi((struct fa_slice){NULL, 0}, &target, &why));
}

static struct fa_caps_note note;

static bool read_caps(void)
{
    struct tender_image file;
    struct elf_image image;
    struct fa_caps_note wanted = note;
    tender_image_init(&file);
    memcpy(file.caps + FA_SOLO5_NOTE_HEADER_BYTES, &wanted, sizeof wanted);
    return elf_read(
               (struct fa_slice){(const uint8_t *)&file, sizeof file}, EM_X86_64, &image, &why) &&
           manifest_read_caps(&image, &note, &why);
}

#define CAPS_REFUSED(word, statement)                                                              \
    do {                                                                                           \
        note = good;                                                                               \
        statement;                                                                                 \
        CHECK(!read_caps());                                                                       \
        CHECK(strstr(why.text, word) != NULL);                                                     \
    } while (0)

T(capabilities_and_guards_lie_in_data)
{
    struct tender_image file;
    struct fa_caps_note good;
    tender_image_init(&file);
    memcpy(&good, file.caps + FA_SOLO5_NOTE_HEADER_BYTES, sizeof good);
    note = good;
    CHECK(read_caps());
    CHECK_EQ(note.guard_count, 2);
    CAPS_REFUSED("not in its data", note.caps_addr = TENDER_CODE_AT);
    CAPS_REFUSED("not in its data", note.caps_addr += 4);
    CAPS_REFUSED("not in its data", note.caps_size = TENDER_DATA_BYTES + 1);
    CAPS_REFUSED("not in its data", note.caps_addr = UINT64_MAX - 7);
    CAPS_REFUSED("guard pages", note.guard_count = 3);
    CAPS_REFUSED("guard pages", note.guard_addr += 8);
    CAPS_REFUSED("guard pages", note.guard_stride = 0);
    CAPS_REFUSED("guard pages", note.guard_stride = 0x1800);
    CAPS_REFUSED("guard pages", note.guard_stride = UINT64_MAX & ~UINT64_C(4095));
    CAPS_REFUSED("4097 guard pages", note.guard_count = 4097);
    note = good;
    note.guard_count = 0;
    note.guard_addr = 1;
    CHECK(read_caps());
    note = good;
    note.caps_size = TENDER_DATA_BYTES;
    note.guard_count = 0;
    CHECK(read_caps());
}

T(a_note_of_another_version_gives_no_capabilities)
{
    note = (struct fa_caps_note){.version = FA_CAPS_VERSION + 1, .caps_addr = 1};
    CHECK(read_caps());
    CHECK_EQ(note.version, 0);
    CHECK_EQ(note.caps_addr, 0);
}

T(a_note_may_be_shorter_or_longer_than_ours)
{
    struct tender_image file;
    struct elf_image image;
    tender_image_init(&file);
    REQUIRE(
        elf_read((struct fa_slice){(const uint8_t *)&file, sizeof file}, EM_X86_64, &image, &why));
    struct fa_slice whole = image.caps;
    image.caps.len = 56;
    CHECK(manifest_read_caps(&image, &note, &why));
    CHECK_EQ(note.guard_count, 2);
    CHECK_EQ(note.device_flags, 0);
    image.caps.len = 55;
    CHECK(!manifest_read_caps(&image, &note, &why));
    image.caps.len = whole.len + 8;
    CHECK(manifest_read_caps(&image, &note, &why));
    CHECK_EQ(note.device_flags, FA_CAPS_BLOCK_FLUSH);
}
