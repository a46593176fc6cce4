// SPDX-License-Identifier: ISC
//
// Loading and starting an image as a process.

#include "spt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "caps.h"
#include "crash.h"
#include "filter.h"
#include "phases.h"
#include "sandbox.h"

enum {
    LOW = 0x10000, /* where memory begins: what Linux lets a process map (vm.mmap_min_addr) */
    MANIFEST_AT = FA_SPT_BOOT_INFO_AT + 0x100,
    CMDLINE_AT = MANIFEST_AT + sizeof(struct fa_solo5_manifest) +
                 FA_SOLO5_ENTRY_COUNT_MAX * sizeof(struct fa_solo5_entry),
};
_Static_assert(CMDLINE_AT + FA_SOLO5_CMDLINE_BYTES <= FA_SOLO5_IMAGE_MIN, "below the image");

/* Low memory has numbers for addresses, which the ABI fixes. */
static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

/* Write the bytes of a segment that whole pages of the file do not cover. */
static bool copy_bytes(int fd, const struct elf_segment *segment, uint64_t done)
{
    while (done < segment->file_len) {
        ssize_t got = pread(fd, at(segment->at + done), segment->file_len - done,
            (off_t)(segment->file_off + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got == 0 ? EIO : errno;
            return false;
        }
        done += (uint64_t)got;
    }
    return true;
}

static int protection_of(const struct elf_segment *segment)
{
    return (segment->readable ? PROT_READ : 0) | (segment->writable ? PROT_WRITE : 0) |
           (segment->executable ? PROT_EXEC : 0);
}

/*
 * Whole pages are mapped, so that many instances of an image share them; what is left of the last
 * one is copied. A file system that maps nothing (or nothing executable) has all of it copied.
 */
static bool load_segment(int fd, const struct elf_segment *segment)
{
    const int protection = protection_of(segment);
    uint64_t whole = segment->file_len & ~(uint64_t)(ELF_PAGE_BYTES - 1);
    if (segment->at % ELF_PAGE_BYTES != 0 || segment->file_off % ELF_PAGE_BYTES != 0 ||
        whole == 0 ||
        mmap(at(segment->at), whole, protection, MAP_PRIVATE | MAP_FIXED, fd,
            (off_t)segment->file_off) == MAP_FAILED) {
        whole = 0;
    }
    uint64_t copied = segment->at + whole;
    return copy_bytes(fd, segment, whole) &&
           mprotect(at(copied & ~(uint64_t)(ELF_PAGE_BYTES - 1)),
               segment->end - (copied & ~(uint64_t)(ELF_PAGE_BYTES - 1)), protection) == 0;
}

static void write_tables(const struct spt *spt)
{
    const struct manifest *manifest = spt->manifest;
    *(struct fa_spt_boot_info *)at(FA_SPT_BOOT_INFO_AT) = (struct fa_spt_boot_info){
        .mem_size = spt->mem_size,
        .kernel_end = spt->image->end,
        .cmdline = CMDLINE_AT,
        .manifest = MANIFEST_AT,
        .epoll_fd = FD_EPOLL,
        .timer_fd = FD_TIMER,
    };
    struct fa_solo5_manifest *head = at(MANIFEST_AT);
    *head = (struct fa_solo5_manifest){FA_SOLO5_MANIFEST_VERSION, manifest->count};
    memcpy(head->entry, manifest->entry, manifest->count * sizeof manifest->entry[0]);
    for (size_t i = 1; i < manifest->count; i++) {
        const int slot = (int)spt->attachments->device[i].slot;
        head->entry[i].fd = (manifest->entry[i].type == FA_SOLO5_NET ? FD_NET : FD_DISK) + slot;
    }
    memcpy(at(CMDLINE_AT), spt->options->cmdline, strlen(spt->options->cmdline) + 1);
}

/* An image may not call mprotect, so the pages that it names are protected here. */
static bool protect_guards(const struct fa_caps_note *note, struct sentence *why)
{
    for (uint64_t i = 0; i < note->guard_count; i++) {
        if (mprotect(at(note->guard_addr + i * note->guard_stride), ELF_PAGE_BYTES, PROT_NONE) !=
            0) {
            return sentence_say(why,
                "guard page %" PRIu64 " of %" PRIu32 ": %s; sysctl "
                "vm.max_map_count bounds them",
                i, note->guard_count, strerror(errno));
        }
    }
    return true;
}

bool spt_load(const struct spt *spt, struct sentence *why)
{
    const struct elf_image *image = spt->image;
    void *low = mmap(at(LOW), spt->mem_size - LOW, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (low != at(LOW)) {
        return sentence_say(why, "no %" PRIu64 " MiB of memory from 0x%x on: %s",
            spt->mem_size >> 20, LOW,
            low != MAP_FAILED || errno == EEXIST
                ? "something is mapped there; give it less by --mem"
            : errno == EPERM ? "vm.mmap_min_addr is higher; set it to 65536 by sysctl"
                             : strerror(errno));
    }
    for (size_t i = 0; i < image->segment_count; i++) {
        if (!load_segment(spt->image_fd, &image->segment[i])) {
            return sentence_say(why, "the segment at 0x%" PRIx64 " could not be loaded: %s",
                image->segment[i].at, strerror(errno));
        }
    }
    write_tables(spt);
    return protect_guards(spt->caps_note, why);
}

/* Where each descriptor is now, by the number that it shall have; -1: nowhere. */
static bool list_descriptors(const struct spt *spt, int ret[FD_END], struct sentence *why)
{
    for (size_t i = 0; i < FD_END; i++) {
        ret[i] = -1;
    }
    ret[FD_EPOLL] = epoll_create1(EPOLL_CLOEXEC);
    ret[FD_TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    for (size_t i = 1; i < spt->manifest->count; i++) {
        const struct attached *device = &spt->attachments->device[i];
        const bool net = spt->manifest->entry[i].type == FA_SOLO5_NET;
        ret[(net ? FD_NET : FD_DISK) + device->slot] = device->fd;
    }
    return ret[FD_EPOLL] >= 0 && ret[FD_TIMER] >= 0 && caps_open(spt, ret, why);
}

/* Give all their numbers and close every other but those of the console. */
static bool settle_descriptors(int from[FD_END])
{
    for (size_t i = 0; i < FD_END; i++) {
        if (from[i] >= 0 && from[i] < FD_END) {
            from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FD_END);
            if (from[i] < 0) {
                return false;
            }
        }
    }
    close(STDIN_FILENO);
    for (int i = FD_LOG + 1; i < FD_END; i++) {
        if (from[i] < 0) {
            close(i);
        } else if (dup2(from[i], i) < 0) {
            return false;
        }
    }
    return syscall(SYS_close_range, FD_END, ~0U, 0) == 0;
}

static bool watch(int fd, uint32_t events, uint64_t name)
{
    struct epoll_event event = {.events = events, .data.u64 = name};
    return epoll_ctl(FD_EPOLL, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool watch_all(const struct spt *spt)
{
    for (size_t i = 1; i < spt->manifest->count; i++) {
        if (spt->manifest->entry[i].type == FA_SOLO5_NET &&
            !watch(FD_NET + (int)spt->attachments->device[i].slot, EPOLLIN, i)) {
            return false;
        }
    }
    /* Nobody reads what wakes for signals. */
    return watch(FD_TIMER, EPOLLIN, FA_SPT_TIMER_READY) &&
           (spt->caps_note->version == 0 ||
               watch(FD_CONTROL, EPOLLIN | EPOLLET, FA_CAPS_CONTROL_READY));
}

static struct filter_numbers numbers_of(const struct spt *spt)
{
    struct filter_numbers numbers = {.strict = spt->options->strict};
    for (size_t i = 1; i < spt->manifest->count; i++) {
        const struct fa_solo5_entry *entry = &spt->manifest->entry[i];
        const struct attached *device = &spt->attachments->device[i];
        if (entry->type == FA_SOLO5_NET) {
            numbers.net[device->slot].used = true;
        } else {
            numbers.disk[device->slot].capacity = entry->block.capacity;
            numbers.disk[device->slot].block_bytes = entry->block.block_size;
            numbers.disk[device->slot].burst_bytes = device->caps.bytes_max;
        }
    }
    return numbers;
}

/* The registers that the ABI names, and zeros: nothing of the tender's goes along. */
[[gnu::noreturn]] static void jump(uint64_t entry, uint64_t mem_size)
{
#if defined(__x86_64__)
    __asm__ volatile("mov %1, %%rsp\n\t"
                     "xor %%eax, %%eax\n\t"
                     "xor %%ebx, %%ebx\n\t"
                     "xor %%edx, %%edx\n\t"
                     "xor %%esi, %%esi\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "xor %%r8d, %%r8d\n\t"
                     "xor %%r9d, %%r9d\n\t"
                     "xor %%r10d, %%r10d\n\t"
                     "xor %%r11d, %%r11d\n\t"
                     "xor %%r12d, %%r12d\n\t"
                     "xor %%r13d, %%r13d\n\t"
                     "xor %%r14d, %%r14d\n\t"
                     "xor %%r15d, %%r15d\n\t"
                     "jmp *%0"
                     :
                     : "c"(entry), "r"(mem_size - 8), "D"((uint64_t)FA_SPT_BOOT_INFO_AT)
                     : "memory");
#elif defined(__aarch64__)
    __asm__ volatile("mov sp, %1\n\t"
                     "mov x0, %2\n\t"
                     "mov x29, xzr\n\t"
                     "mov x30, xzr\n\t"
                     "br %0"
                     :
                     : "r"(entry), "r"(mem_size - 16), "r"((uint64_t)FA_SPT_BOOT_INFO_AT)
                     : "x0", "memory");
#endif
    __builtin_unreachable();
}

bool spt_enter(const struct spt *spt, struct sentence *why)
{
    int descriptors[FD_END];
    /* A peer that went away, at a socket or a pipe, is an error of write(), not the end. */
    signal(SIGPIPE, SIG_IGN);
    *why = (struct sentence){0};
    if (!list_descriptors(spt, descriptors, why) || !settle_descriptors(descriptors) ||
        !watch_all(spt)) {
        return why->text[0] != '\0' ? false : sentence_say(why, "descriptors: %s", strerror(errno));
    }
    if (!spt->options->strict &&
        !crash_arm(spt->options->image, spt->file, spt->image, spt->mem_size, why)) {
        return false;
    }
    if (!caps_fill(spt, why) || !sandbox_enter(spt->options->isolate, why)) {
        return false;
    }
    const struct filter_numbers numbers = numbers_of(spt);
    if (!filter_install(&numbers, why)) {
        return false;
    }
    phases_end(PHASE_LOCK);
    if (spt->options->phases) {
        phases_print();
    }
    jump(spt->image->entry, spt->mem_size);
}
