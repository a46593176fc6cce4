// SPDX-License-Identifier: ISC
//
// Reading of images: what is taken, and each rule by an image that breaks it alone.

#include <string.h>

#include "host/tender/elf.h"
#include "test/t.h"
#include "test/unit/tender_image.h"

static struct tender_image file;
static struct elf_image image;
static struct sentence why;

static bool read_len(size_t len)
{
    why.text[0] = '\0';
    return elf_read((struct fa_slice){(const uint8_t *)&file, len}, EM_X86_64, &image, &why);
}

static bool says(const char *word)
{
    bool read = read_len(sizeof file);
    if (read || strstr(why.text, word) == NULL) {
        t_note("%s: \"%s\", not \"%s\"", read ? "taken" : "refused", why.text, word);
        return false;
    }
    return true;
}

/* The statement breaks one rule of a whole image, which `word` is about. */
#define REFUSED(word, statement)                                                                   \
    do {                                                                                           \
        tender_image_init(&file);                                                                  \
        statement;                                                                                 \
        CHECK(says(word));                                                                         \
    } while (0)

T(an_image_is_read_as_segments_entry_and_notes)
{
    tender_image_init(&file);
    REQUIRE(read_len(sizeof file));
    CHECK_EQ(image.entry, TENDER_CODE_AT);
    CHECK_EQ(image.end, TENDER_DATA_AT + TENDER_DATA_BYTES);
    REQUIRE(image.segment_count == 2);
    CHECK_EQ(image.segment[0].at, TENDER_CODE_AT);
    CHECK_EQ(image.segment[0].start, TENDER_CODE_AT);
    CHECK_EQ(image.segment[0].end, TENDER_DATA_AT);
    CHECK_EQ(image.segment[0].file_len, sizeof file.code);
    CHECK(image.segment[0].executable && !image.segment[0].writable);
    CHECK_EQ(image.segment[1].mem_len, TENDER_DATA_BYTES);
    CHECK(image.segment[1].writable && !image.segment[1].executable);
    CHECK_EQ(image.abi.len, sizeof(struct fa_solo5_abi));
    CHECK_EQ(image.manifest.len, 8 + 3 * sizeof(struct fa_solo5_entry));
    CHECK_EQ(image.caps.len, sizeof(struct fa_caps_note));
    CHECK(image.text.at == NULL);
}

T(a_header_that_no_image_has_is_refused)
{
    REFUSED("no ELF", file.head.e_ident[1] = 'e');
    REFUSED("64-bit", file.head.e_ident[EI_CLASS] = ELFCLASS32);
    REFUSED("64-bit", file.head.e_ident[EI_DATA] = ELFDATA2MSB);
    REFUSED("version", file.head.e_version = 2);
    REFUSED("version", file.head.e_ehsize = 63);
    REFUSED("version", file.head.e_phentsize = 57);
    REFUSED("ET_EXEC", file.head.e_type = ET_DYN);
    REFUSED("for aarch64", file.head.e_machine = EM_AARCH64);
    REFUSED("another machine", file.head.e_machine = EM_RISCV);
    REFUSED("program headers", file.head.e_phnum = 0);
    REFUSED("program headers", file.head.e_phnum = ELF_HEADER_COUNT_MAX + 1);
    REFUSED("cut off", file.head.e_phnum = ELF_HEADER_COUNT_MAX);
    REFUSED("cut off", file.head.e_phoff = UINT64_MAX - 8);
}

T(a_segment_that_no_image_has_is_refused)
{
    REFUSED("power of two", file.part[0].p_align = 0);
    REFUSED("power of two", file.part[0].p_align = 0x1800);
    REFUSED("shares a page", file.part[0].p_align = 16);
    REFUSED("below 0x100000", file.part[0].p_vaddr = 0xff000);
    REFUSED("below 0x100000", file.part[0].p_align = 0x200000);
    REFUSED("more bytes", file.part[1].p_memsz = sizeof file.data - 1);
    REFUSED("beyond all memory", file.part[1].p_vaddr = UINT64_MAX - 0x1fff);
    REFUSED("beyond all memory", file.part[1].p_memsz = UINT64_MAX - TENDER_DATA_AT);
    REFUSED("below the end", file.part[1].p_vaddr = TENDER_CODE_AT + 0xfff);
    REFUSED("below the end", file.part[1].p_align = 0x100000);
    REFUSED("written and executed", file.part[0].p_flags |= PF_W);
    REFUSED("ends beyond the file", file.part[1].p_offset = sizeof file - 15);
    REFUSED("ends beyond the file", file.part[1].p_offset = UINT64_MAX);
}

T(an_entry_outside_code_is_refused)
{
    REFUSED("segment of code", file.head.e_entry = TENDER_CODE_AT - 1);
    REFUSED("segment of code", file.head.e_entry = TENDER_CODE_AT + sizeof file.code);
    REFUSED("segment of code", file.head.e_entry = TENDER_DATA_AT);
    tender_image_init(&file);
    file.head.e_entry = TENDER_CODE_AT + sizeof file.code - 1;
    CHECK(read_len(sizeof file));
}

T(a_segment_without_bytes_in_the_file_is_passed_over)
{
    tender_image_init(&file);
    file.part[1].p_filesz = 0;
    file.part[1].p_vaddr = 1;
    REQUIRE(read_len(sizeof file));
    CHECK_EQ(image.segment_count, 1);
    CHECK_EQ(image.end, TENDER_DATA_AT);
}

T(of_notes_the_first_of_a_kind_counts)
{
    tender_image_init(&file);
    file.part[4] = file.part[3];
    file.part[4].p_offset = UINT64_MAX; /* not looked at without a header */
    file.part[4].p_filesz = FA_SOLO5_NOTE_HEADER_BYTES - 1;
    CHECK(read_len(sizeof file));
    CHECK(image.manifest.at == file.manifest + 24);
    REFUSED("longer than its segment", file.part[3].p_filesz--);
    REFUSED("a note ends beyond the file", file.part[3].p_offset = sizeof file);
    tender_image_init(&file);
    file.abi[8]++; /* a type that nobody knows */
    CHECK(read_len(sizeof file));
    CHECK(image.abi.at == NULL);
}

T(a_file_cut_anywhere_is_refused_or_whole)
{
    tender_image_init(&file);
    for (size_t len = 0; len < sizeof file; len++) {
        CHECK(!read_len(len));
        CHECK(why.text[0] != '\0');
    }
}

T(segments_are_as_many_as_their_limit)
{
    static struct {
        Elf64_Ehdr head;
        Elf64_Phdr part[ELF_SEGMENT_COUNT_MAX + 1];
    } many;
    tender_image_init(&file);
    many.head = file.head;
    for (size_t i = 0; i < FA_COUNT_OF(many.part); i++) {
        many.part[i] = file.part[0];
        many.part[i].p_offset = 0;
        many.part[i].p_vaddr += i * 4096;
    }
    many.head.e_phoff = sizeof many.head;
    many.head.e_phnum = ELF_SEGMENT_COUNT_MAX;
    struct fa_slice all = {(const uint8_t *)&many, sizeof many};
    CHECK(elf_read(all, EM_X86_64, &image, &why));
    many.head.e_phnum++;
    CHECK(!elf_read(all, EM_X86_64, &image, &why));
    CHECK(strstr(why.text, "more than 32 segments") != NULL);
}

T(an_image_fits_a_memory_that_ends_where_it_ends)
{
    tender_image_init(&file);
    REQUIRE(read_len(sizeof file));
    CHECK(elf_fits(&image, image.end, &why));
    CHECK(!elf_fits(&image, image.end - 1, &why));
    CHECK(strstr(why.text, "--mem") != NULL);
}

T(symbols_are_found_by_the_addresses_within_them)
{
    static struct {
        Elf64_Ehdr head;
        Elf64_Shdr section[2];
        Elf64_Sym symbol[2];
        char names[16];
    } all = {.section = {{.sh_type = SHT_SYMTAB, .sh_link = 1}, {.sh_type = SHT_STRTAB}},
        .symbol = {{.st_name = 1, .st_info = STT_FUNC, .st_value = 0x1000, .st_size = 16},
            {.st_name = 99, .st_info = STT_FUNC, .st_value = 0x2000, .st_size = 16}},
        .names = "\0first"};
    all.head.e_shoff = offsetof(typeof(all), section);
    all.head.e_shentsize = sizeof(Elf64_Shdr);
    all.head.e_shnum = 2;
    all.section[0].sh_offset = offsetof(typeof(all), symbol);
    all.section[0].sh_size = sizeof all.symbol;
    all.section[1].sh_offset = offsetof(typeof(all), names);
    all.section[1].sh_size = sizeof all.names;
    struct fa_slice bytes = {(const uint8_t *)&all, sizeof all};
    uint64_t off = 0;
    CHECK_TEXT(elf_symbol(bytes, 0x100f, &off), "first");
    CHECK_EQ(off, 15);
    CHECK_EQ(elf_symbol(bytes, 0x1010, &off).len, 0);
    CHECK_EQ(elf_symbol(bytes, 0x2000, &off).len, 0);
    all.section[0].sh_size = UINT64_MAX;
    CHECK_EQ(elf_symbol(bytes, 0x1000, &off).len, 0);
}
