// SPDX-License-Identifier: ISC
//
// Reading of images. Each number of the file is checked before it is used.

#include "elf.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "fa/caps.h"
#include "fa/solo5.h"

static const char *name_machine(uint16_t machine)
{
    switch (machine) {
    case EM_X86_64:
        return "x86_64";
    case EM_AARCH64:
        return "aarch64";
    default:
        return "another machine";
    }
}

/* Whether [off, off + len) lies in the file. */
static bool holds(struct fa_slice file, uint64_t off, uint64_t len)
{
    return off <= file.len && len <= file.len - off;
}

/* Round up to `align`, a power of two. Returns: false where that overflows. */
static bool round_up(uint64_t value, uint64_t align, uint64_t *ret)
{
    if (__builtin_add_overflow(value, align - 1, ret)) {
        return false;
    }
    *ret &= ~(align - 1);
    return true;
}

static bool check_header(
    const Elf64_Ehdr *head, uint16_t machine, size_t file_len, struct sentence *why)
{
    if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) {
        return sentence_say(why, "is no ELF file; images are made by `fata build -t spt`");
    }
    if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != ELFDATA2LSB) {
        return sentence_say(why, "is not a 64-bit little-endian ELF file, as images are");
    }
    if (head->e_version != EV_CURRENT || head->e_ehsize != sizeof(Elf64_Ehdr) ||
        head->e_phentsize != sizeof(Elf64_Phdr)) {
        return sentence_say(why, "has an ELF header of a version or size that nobody knows");
    }
    if (head->e_type != ET_EXEC) {
        return sentence_say(why,
            "has ELF type %u; an image is linked to fixed addresses (ET_EXEC, 2): link it with "
            "-static -no-pie",
            head->e_type);
    }
    if (head->e_machine != machine) {
        return sentence_say(why, "is for %s, and this is %s; build it for this machine",
            name_machine(head->e_machine), name_machine(machine));
    }
    if (head->e_phnum == 0 || head->e_phnum > ELF_HEADER_COUNT_MAX) {
        return sentence_say(why, "has %u program headers; an image has 1 to %d", head->e_phnum,
            ELF_HEADER_COUNT_MAX);
    }
    uint64_t table_len = (uint64_t)head->e_phnum * sizeof(Elf64_Phdr);
    if (head->e_phoff > file_len || table_len > file_len - head->e_phoff) {
        return sentence_say(why, "is cut off: its program headers end beyond the file");
    }
    return true;
}

/* The segment's place, without its file. */
static bool place_segment(
    const Elf64_Phdr *head, uint64_t previous_end, struct elf_segment *ret, struct sentence *why)
{
    const uint64_t at = head->p_vaddr;
    if (head->p_align == 0 || (head->p_align & (head->p_align - 1)) != 0) {
        return sentence_say(why,
            "has a segment at 0x%" PRIx64 " aligned to 0x%" PRIx64 ", which is no power of two", at,
            head->p_align);
    }
    const uint64_t start = at & ~(head->p_align - 1);
    if (start < FA_SOLO5_IMAGE_MIN) {
        return sentence_say(why,
            "has a segment at 0x%" PRIx64 " (aligned: 0x%" PRIx64
            "), below 0x%x, where images begin",
            at, start, FA_SOLO5_IMAGE_MIN);
    }
    uint64_t end;
    if (head->p_memsz < head->p_filesz) {
        return sentence_say(
            why, "has a segment at 0x%" PRIx64 " with more bytes in the file than in memory", at);
    }
    if (__builtin_add_overflow(at, head->p_memsz, &end) || !round_up(end, head->p_align, &end)) {
        return sentence_say(why, "has a segment at 0x%" PRIx64 " that ends beyond all memory", at);
    }
    if (start % ELF_PAGE_BYTES != 0 || end % ELF_PAGE_BYTES != 0) {
        return sentence_say(why,
            "has a segment at 0x%" PRIx64
            " that shares a page; link it with -z max-page-size=0x1000",
            at);
    }
    if (start < previous_end) {
        return sentence_say(why,
            "has a segment at 0x%" PRIx64 " below the end of the one before it (0x%" PRIx64 ")", at,
            previous_end);
    }
    *ret = (struct elf_segment){.at = at, .start = start, .end = end};
    return true;
}

static bool add_segment(
    struct fa_slice file, const Elf64_Phdr *head, struct elf_image *image, struct sentence *why)
{
    if (head->p_filesz == 0) {
        return true;
    }
    if (image->segment_count == ELF_SEGMENT_COUNT_MAX) {
        return sentence_say(why, "has more than %d segments", ELF_SEGMENT_COUNT_MAX);
    }
    struct elf_segment *segment = &image->segment[image->segment_count];
    if (!place_segment(head, image->end, segment, why)) {
        return false;
    }
    if (!holds(file, head->p_offset, head->p_filesz)) {
        return sentence_say(
            why, "is cut off: the segment at 0x%" PRIx64 " ends beyond the file", segment->at);
    }
    segment->file_off = head->p_offset;
    segment->file_len = head->p_filesz;
    segment->mem_len = head->p_memsz;
    segment->readable = (head->p_flags & PF_R) != 0;
    segment->writable = (head->p_flags & PF_W) != 0;
    segment->executable = (head->p_flags & PF_X) != 0;
    if (segment->writable && segment->executable) {
        return sentence_say(why,
            "has a segment at 0x%" PRIx64
            " that may be written and executed; an image has none such",
            segment->at);
    }
    image->end = segment->end;
    image->segment_count++;
    return true;
}

/* The first note of a PT_NOTE, which is the only one that tenders read. A kind that comes twice
 * counts where it comes first; a note that nobody knows counts nothing. */
static bool add_note(
    struct fa_slice file, const Elf64_Phdr *head, struct elf_image *image, struct sentence *why)
{
    if (head->p_filesz < FA_SOLO5_NOTE_HEADER_BYTES) {
        return true;
    }
    if (!holds(file, head->p_offset, head->p_filesz)) {
        return sentence_say(why, "is cut off: a note ends beyond the file");
    }
    const uint8_t *at = file.at + head->p_offset;
    Elf64_Nhdr note;
    memcpy(&note, at, sizeof note);
    const char *name = (const char *)at + sizeof note;
    bool solo5 = note.n_namesz == sizeof "Solo5" && memcmp(name, "Solo5\0\0", 8) == 0;
    bool fata = note.n_namesz == sizeof "Fata" && memcmp(name, "Fata\0\0\0", 8) == 0;
    struct fa_slice *target = NULL;
    size_t pad = 0;
    if (solo5 && note.n_type == FA_SOLO5_NOTE_ABI) {
        target = &image->abi;
    } else if (solo5 && note.n_type == FA_SOLO5_NOTE_MANIFEST) {
        target = &image->manifest;
        pad = FA_SOLO5_MANIFEST_PAD_BYTES;
    } else if (fata && note.n_type == FA_CAPS_NOTE_TYPE) {
        target = &image->caps;
    } else if (fata && note.n_type == 1) {
        target = &image->text;
    }
    if (target == NULL || target->at != NULL) {
        return true;
    }
    if (note.n_descsz > head->p_filesz - FA_SOLO5_NOTE_HEADER_BYTES || note.n_descsz < pad) {
        return sentence_say(
            why, "has a note of type 0x%x that is longer than its segment", note.n_type);
    }
    *target = (struct fa_slice){at + FA_SOLO5_NOTE_HEADER_BYTES + pad, note.n_descsz - pad};
    return true;
}

static bool entry_is_code(const struct elf_image *image)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if (segment->executable && image->entry >= segment->at &&
            image->entry - segment->at < segment->file_len) {
            return true;
        }
    }
    return false;
}

bool elf_read(struct fa_slice file, uint16_t machine, struct elf_image *ret, struct sentence *why)
{
    Elf64_Ehdr head;
    if (file.len < sizeof head) {
        return sentence_say(why, "is no ELF file; images are made by `fata build -t spt`");
    }
    memcpy(&head, file.at, sizeof head);
    if (!check_header(&head, machine, file.len, why)) {
        return false;
    }
    struct elf_image image = {.entry = head.e_entry};
    for (size_t i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr part;
        memcpy(&part, file.at + head.e_phoff + i * sizeof part, sizeof part);
        if ((part.p_type == PT_LOAD && !add_segment(file, &part, &image, why)) ||
            (part.p_type == PT_NOTE && !add_note(file, &part, &image, why))) {
            return false;
        }
    }
    if (!entry_is_code(&image)) {
        return sentence_say(
            why, "begins at 0x%" PRIx64 ", which is not in a segment of code", image.entry);
    }
    *ret = image;
    return true;
}

bool elf_fits(const struct elf_image *image, uint64_t mem_size, struct sentence *why)
{
    if (image->end > mem_size) {
        return sentence_say(why,
            "ends at 0x%" PRIx64 ", beyond its memory of %" PRIu64 " MiB; give it more by --mem",
            image->end, mem_size >> 20);
    }
    return true;
}

/* The symbol table and its names. Returns: false where the file has none. */
static bool find_symbols(
    struct fa_slice file, uint32_t type, struct fa_slice *ret_symbols, struct fa_slice *ret_names)
{
    Elf64_Ehdr head;
    if (file.len < sizeof head) {
        return false;
    }
    memcpy(&head, file.at, sizeof head);
    if (head.e_shentsize != sizeof(Elf64_Shdr) ||
        !holds(file, head.e_shoff, (uint64_t)head.e_shnum * sizeof(Elf64_Shdr))) {
        return false;
    }
    for (size_t i = 0; i < head.e_shnum; i++) {
        Elf64_Shdr table, names;
        memcpy(&table, file.at + head.e_shoff + i * sizeof table, sizeof table);
        if (table.sh_type != type || table.sh_link >= head.e_shnum) {
            continue;
        }
        memcpy(&names, file.at + head.e_shoff + table.sh_link * sizeof names, sizeof names);
        if (holds(file, table.sh_offset, table.sh_size) &&
            holds(file, names.sh_offset, names.sh_size)) {
            *ret_symbols = (struct fa_slice){file.at + table.sh_offset, table.sh_size};
            *ret_names = (struct fa_slice){file.at + names.sh_offset, names.sh_size};
            return true;
        }
    }
    return false;
}

struct fa_slice elf_symbol(struct fa_slice file, uint64_t address, uint64_t *ret_off)
{
    struct fa_slice symbols, names, best = {NULL, 0};
    if (!find_symbols(file, SHT_SYMTAB, &symbols, &names)) {
        return best;
    }
    for (size_t off = 0; symbols.len - off >= sizeof(Elf64_Sym); off += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, symbols.at + off, sizeof symbol);
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_name >= names.len ||
            address < symbol.st_value || address - symbol.st_value >= symbol.st_size) {
            continue;
        }
        struct fa_slice rest = fa_slice_from(names, symbol.st_name);
        const uint8_t *nul = memchr(rest.at, '\0', rest.len);
        if (nul != NULL) {
            best = (struct fa_slice){rest.at, (size_t)(nul - rest.at)};
            *ret_off = address - symbol.st_value;
        }
    }
    return best;
}

uint64_t elf_value(struct fa_slice file, struct fa_slice name)
{
    struct fa_slice symbols, names;
    if (!find_symbols(file, SHT_DYNSYM, &symbols, &names)) {
        return 0;
    }
    for (size_t off = 0; symbols.len - off >= sizeof(Elf64_Sym); off += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, symbols.at + off, sizeof symbol);
        struct fa_slice rest = fa_slice_from(names, symbol.st_name);
        if (rest.len > name.len && fa_equal(rest.at, name.at, name.len) &&
            rest.at[name.len] == '\0') {
            return symbol.st_value;
        }
    }
    return 0;
}
