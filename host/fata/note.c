// SPDX-License-Identifier: ISC
//
// Reading an image without running it: its note (docs/spec/image-note.md) and its size.
//
// The file may be anything at all, so every offset is checked against its length.

#include <elf.h>
#include <string.h>

#include "command.h"

enum {
    IMAGE_BYTES_MAX = 256 * 1024 * 1024,
    NOTE_TYPE = 1,
};

struct image {
    const char *at;
    size_t len;
    Elf64_Ehdr head;
};

static bool copy_out(const struct image *image, uint64_t off, void *at, size_t len)
{
    if (off > image->len || len > image->len - off) {
        return false;
    }
    memcpy(at, image->at + off, len);
    return true;
}

static bool open_image(struct arena *arena, const char *path, struct image *ret_image)
{
    *ret_image = (struct image){0};
    ret_image->at = file_read(arena, path, IMAGE_BYTES_MAX, &ret_image->len);
    return ret_image->at != NULL &&
           copy_out(ret_image, 0, &ret_image->head, sizeof ret_image->head) &&
           memcmp(ret_image->head.e_ident, ELFMAG, SELFMAG) == 0 &&
           ret_image->head.e_ident[EI_CLASS] == ELFCLASS64 &&
           ret_image->head.e_phentsize == sizeof(Elf64_Phdr);
}

static bool program_header(const struct image *image, unsigned idx, Elf64_Phdr *ret_header)
{
    uint64_t off;
    return !__builtin_add_overflow(image->head.e_phoff, (uint64_t)idx * sizeof *ret_header, &off) &&
           copy_out(image, off, ret_header, sizeof *ret_header);
}

/* The text of our note in one segment of notes; NULL: it is not among them. */
static char *find_note(struct arena *arena, const struct image *image, const Elf64_Phdr *segment)
{
    uint64_t end;
    if (__builtin_add_overflow(segment->p_offset, segment->p_filesz, &end)) {
        return NULL;
    }
    uint64_t at = segment->p_offset;
    Elf64_Nhdr note;
    while (at < end && copy_out(image, at, &note, sizeof note)) {
        uint64_t name = at + sizeof note;
        uint64_t text = name + ((uint64_t)note.n_namesz + 3) / 4 * 4;
        char owner[5];
        bool ours = note.n_type == NOTE_TYPE && note.n_namesz == sizeof owner &&
                    copy_out(image, name, owner, sizeof owner) && memcmp(owner, "Fata", 5) == 0;
        if (ours && note.n_descsz < image->len) {
            char *copy = arena_take(arena, (size_t)note.n_descsz + 1);
            return copy_out(image, text, copy, note.n_descsz) ? copy : NULL;
        }
        at = text + ((uint64_t)note.n_descsz + 3) / 4 * 4;
    }
    return NULL;
}

char *note_read(struct arena *arena, const char *path)
{
    struct image image;
    if (!open_image(arena, path, &image)) {
        return NULL;
    }
    for (unsigned i = 0; i < image.head.e_phnum; i++) {
        Elf64_Phdr header;
        if (program_header(&image, i, &header) && header.p_type == PT_NOTE) {
            char *text = find_note(arena, &image, &header);
            if (text != NULL) {
                return text;
            }
        }
    }
    return NULL;
}

size_t note_loaded_bytes(const char *path)
{
    struct arena arena = {0};
    struct image image;
    uint64_t bytes = 0;
    if (open_image(&arena, path, &image)) {
        for (unsigned i = 0; i < image.head.e_phnum; i++) {
            Elf64_Phdr header;
            if (program_header(&image, i, &header) && header.p_type == PT_LOAD) {
                bytes += header.p_filesz;
            }
        }
    }
    arena_free(&arena);
    return bytes;
}

bool is_elf(const char *path)
{
    FILE *in = fopen(path, "re");
    char magic[SELFMAG];
    bool elf = in != NULL && fread(magic, 1, sizeof magic, in) == sizeof magic &&
               memcmp(magic, ELFMAG, SELFMAG) == 0;
    if (in != NULL) {
        fclose(in);
    }
    return elf;
}
