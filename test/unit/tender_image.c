// SPDX-License-Identifier: ISC

#include "test/unit/tender_image.h"

#include <string.h>

static void put_note(uint8_t *at, const char *name, uint32_t type, size_t len)
{
    const Elf64_Nhdr head = {
        .n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = (uint32_t)len, .n_type = type};
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, name, strlen(name));
}

static void put_manifest(struct tender_image *image)
{
    const uint32_t head[2] = {FA_SOLO5_MANIFEST_VERSION, 3};
    const struct fa_solo5_entry entry[3] = {{.type = FA_SOLO5_RESERVED_FIRST},
        {.name = "service", .type = FA_SOLO5_NET}, {.name = "storage", .type = FA_SOLO5_BLOCK}};
    uint8_t *at = image->manifest;
    put_note(
        at, "Solo5", FA_SOLO5_NOTE_MANIFEST, sizeof image->manifest - FA_SOLO5_NOTE_HEADER_BYTES);
    at += FA_SOLO5_NOTE_HEADER_BYTES + FA_SOLO5_MANIFEST_PAD_BYTES;
    memcpy(at, head, sizeof head);
    memcpy(at + sizeof head, entry, sizeof entry);
}

static Elf64_Phdr part(uint32_t type, size_t off, size_t len)
{
    return (Elf64_Phdr){.p_type = type,
        .p_flags = PF_R,
        .p_offset = off,
        .p_filesz = len,
        .p_memsz = len,
        .p_align = 4};
}

void tender_image_init(struct tender_image *image)
{
    const struct fa_solo5_abi abi = {FA_SOLO5_SPT, FA_SOLO5_SPT_VERSION, {0, 0}};
    const struct fa_caps_note caps = {.version = FA_CAPS_VERSION,
        .caps_size = sizeof(struct fa_caps),
        .caps_addr = TENDER_DATA_AT,
        .memory_min = 2 << 20,
        .guard_addr = TENDER_DATA_AT + 0x1000,
        .guard_stride = 0x1000,
        .guard_count = 2,
        .device_flags = FA_CAPS_BLOCK_FLUSH};
    *image = (struct tender_image){0};
    image->head = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = TENDER_CODE_AT,
        .e_phoff = offsetof(struct tender_image, part),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = FA_COUNT_OF(image->part)};
    image->part[0] = part(PT_LOAD, offsetof(struct tender_image, code), sizeof image->code);
    image->part[0].p_flags = PF_R | PF_X;
    image->part[0].p_vaddr = TENDER_CODE_AT;
    image->part[0].p_align = 4096;
    image->part[1] = part(PT_LOAD, offsetof(struct tender_image, data), sizeof image->data);
    image->part[1].p_flags = PF_R | PF_W;
    image->part[1].p_vaddr = TENDER_DATA_AT;
    image->part[1].p_memsz = TENDER_DATA_BYTES;
    image->part[1].p_align = 4096;
    image->part[2] = part(PT_NOTE, offsetof(struct tender_image, abi), sizeof image->abi);
    image->part[3] = part(PT_NOTE, offsetof(struct tender_image, manifest), sizeof image->manifest);
    image->part[4] = part(PT_NOTE, offsetof(struct tender_image, caps), sizeof image->caps);
    put_note(image->abi, "Solo5", FA_SOLO5_NOTE_ABI, sizeof abi);
    memcpy(image->abi + FA_SOLO5_NOTE_HEADER_BYTES, &abi, sizeof abi);
    put_manifest(image);
    put_note(image->caps, "Fata", FA_CAPS_NOTE_TYPE, sizeof caps);
    memcpy(image->caps + FA_SOLO5_NOTE_HEADER_BYTES, &caps, sizeof caps);
}
