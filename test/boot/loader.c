// SPDX-License-Identifier: ISC
//
// test/boot/loader.c: enters an spt image as a tender does, without a filter and without checks.
//
// For places where the tender cannot go: under qemu-user, whose own calls a filter would end. It
// trusts the image entirely.
//
//     loader [--mem MIB] [--net NAME=FD] [--block NAME=FILE] [--] IMAGE [ARGS...]

#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fa/solo5.h"

enum {
    LOADER_STATUS = 99, /* no image leaves with it */
    LOW_AT = 0x10000,
    MEM_MIB_USUAL = 32,
    PHDR_COUNT_MAX = 16,
    BLOCK_BYTES = 512,
};

struct image {
    Elf64_Ehdr head;
    Elf64_Phdr part[PHDR_COUNT_MAX];
};

static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static void read_at(int fd, void *to, size_t len, uint64_t off)
{
    if (pread(fd, to, len, (off_t)off) != (ssize_t)len) {
        errx(LOADER_STATUS, "the image is too short");
    }
}

static struct image load_image(int fd, uint64_t mem_size)
{
    struct image image;
    void *low = mmap(at(LOW_AT), mem_size - LOW_AT, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (low != at(LOW_AT)) {
        err(LOADER_STATUS, "no room at %#x", LOW_AT);
    }
    read_at(fd, &image.head, sizeof image.head, 0);
    if (image.head.e_phnum > PHDR_COUNT_MAX) {
        errx(LOADER_STATUS, "more than %d program headers", PHDR_COUNT_MAX);
    }
    read_at(fd, image.part, image.head.e_phnum * sizeof image.part[0], image.head.e_phoff);
    for (unsigned i = 0; i < image.head.e_phnum; i++) {
        const Elf64_Phdr *part = &image.part[i];
        if (part->p_type != PT_LOAD || part->p_filesz == 0) {
            continue; /* as Solo5's tenders do */
        }
        read_at(fd, at(part->p_vaddr), part->p_filesz, part->p_offset);
        const int protection = ((part->p_flags & PF_R) != 0 ? PROT_READ : 0) |
                               ((part->p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
                               ((part->p_flags & PF_X) != 0 ? PROT_EXEC : 0);
        const uint64_t page = part->p_vaddr & ~(uint64_t)0xfff;
        if (mprotect(at(page), part->p_vaddr + part->p_memsz - page, protection) != 0) {
            err(LOADER_STATUS, "mprotect");
        }
    }
    return image;
}

/* The manifest from its note, into low memory. */
static struct fa_solo5_manifest *read_manifest(int fd, const struct image *image, uint64_t to)
{
    for (unsigned i = 0; i < image->head.e_phnum; i++) {
        uint32_t words[3];
        const Elf64_Phdr *part = &image->part[i];
        if (part->p_type == PT_NOTE && part->p_filesz > sizeof words) {
            read_at(fd, words, sizeof words, part->p_offset);
            if (words[2] == FA_SOLO5_NOTE_MANIFEST) {
                const size_t head =
                    FA_SOLO5_NOTE_HEADER_BYTES + (size_t)FA_SOLO5_MANIFEST_PAD_BYTES;
                read_at(fd, at(to), words[1] - FA_SOLO5_MANIFEST_PAD_BYTES, part->p_offset + head);
                return at(to);
            }
        }
    }
    errx(LOADER_STATUS, "no manifest");
}

static void watch(int epoll_fd, int fd, uint64_t handle)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = handle};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        err(LOADER_STATUS, "epoll_ctl");
    }
}

/* NAME=VALUE of --net or --block. */
static void attach(
    struct fa_solo5_manifest *manifest, uint32_t type, const char *text, int epoll_fd)
{
    const char *value = strchr(text, '=');
    for (uint32_t i = 1; value != NULL && i < manifest->count; i++) {
        struct fa_solo5_entry *entry = &manifest->entry[i];
        const size_t len = (size_t)(value - text);
        if (strlen(entry->name) != len || memcmp(entry->name, text, len) != 0 ||
            entry->type != type) {
            continue;
        }
        if (type == FA_SOLO5_NET) {
            const uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)i};
            entry->fd = (int)strtol(value + 1, NULL, 10);
            memcpy(entry->net.mac, mac, sizeof mac);
            entry->net.mtu = 1500;
            (void)fcntl(entry->fd, F_SETFL, O_NONBLOCK);
            watch(epoll_fd, entry->fd, i);
        } else {
            entry->fd = open(value + 1, O_RDWR | O_CLOEXEC);
            entry->block.capacity = (uint64_t)lseek(entry->fd, 0, SEEK_END);
            entry->block.block_size = BLOCK_BYTES;
        }
        entry->attached = 1;
        return;
    }
    errx(LOADER_STATUS, "no such device: %s", text);
}

[[gnu::noreturn]] static void enter(uint64_t entry)
{
    ((void (*)(uintptr_t))at(entry))(FA_SPT_BOOT_INFO_AT);
    abort();
}

int main(int argc, char **argv)
{
    uint64_t mem_mib = MEM_MIB_USUAL;
    int first = 1;
    while (first + 1 < argc && strncmp(argv[first], "--", 2) == 0 && argv[first][2] != '\0') {
        if (strcmp(argv[first], "--mem") == 0) {
            mem_mib = strtoull(argv[first + 1], NULL, 10);
        }
        first += 2;
    }
    const int options_end = first;
    first += first < argc && strcmp(argv[first], "--") == 0 ? 1 : 0;
    const int fd = first < argc ? open(argv[first], O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        err(LOADER_STATUS, "usage: loader [--mem MIB] [--net NAME=FD] [--block NAME=FILE] IMAGE");
    }
    struct fa_spt_boot_info *info = at(FA_SPT_BOOT_INFO_AT);
    const struct image image = load_image(fd, mem_mib << 20);
    info->mem_size = mem_mib << 20;
    info->manifest = FA_SPT_BOOT_INFO_AT + sizeof *info;
    info->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    info->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    watch(info->epoll_fd, info->timer_fd, FA_SPT_TIMER_READY);
    struct fa_solo5_manifest *manifest = read_manifest(fd, &image, info->manifest);
    for (int i = 1; i + 1 < options_end; i += 2) {
        if (strcmp(argv[i], "--net") == 0) {
            attach(manifest, FA_SOLO5_NET, argv[i + 1], info->epoll_fd);
        } else if (strcmp(argv[i], "--block") == 0) {
            attach(manifest, FA_SOLO5_BLOCK, argv[i + 1], info->epoll_fd);
        }
    }
    info->cmdline =
        info->manifest + sizeof *manifest + FA_SOLO5_ENTRY_COUNT_MAX * sizeof manifest->entry[0];
    char *line = at(info->cmdline);
    for (int i = first + 1; i < argc; i++) {
        const size_t len = strlen(argv[i]);
        memcpy(line, argv[i], len);
        line += len;
        *line++ = i + 1 < argc ? ' ' : '\0';
    }
    enter(image.head.e_entry);
}
