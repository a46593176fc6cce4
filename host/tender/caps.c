// SPDX-License-Identifier: ISC
//
// Capabilities of spt images. The control page is mapped twice: the image may only read its own.

#include "caps.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "raw.h"

enum {
    CONTROL_AT = 0x10000, /* the first page of memory, which the ABI leaves free */
    STATUS_SIGNALLED = 128,
};
_Static_assert(CONTROL_AT + ELF_PAGE_BYTES <= FA_SPT_BOOT_INFO_AT, "below boot info");

static struct fa_caps_control *control;

/* SIGTERM and SIGINT ask it to end, the second time they end it; SIGCONT says that it stood still.
 * FS is the image's here. */
__attribute__((no_stack_protector)) static void tell(int number)
{
    static const uint64_t one = 1;
    if (number == SIGCONT) {
        control->generation++;
    } else if (control->stop != 0) {
        (void)raw_call(SYS_exit_group, STATUS_SIGNALLED + number, 0, 0);
    } else {
        control->stop = 1;
    }
    (void)raw_call(SYS_write, FD_CONTROL, (long)&one, sizeof one);
}

static bool make_control(void)
{
    void *image = (void *)(uintptr_t)CONTROL_AT;
    if (mmap(image, ELF_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
            -1, 0) == MAP_FAILED) {
        return false;
    }
    /* Of a length of 0 a second mapping of the same page is made. */
    void *ours = mremap(image, 0, ELF_PAGE_BYTES, MREMAP_MAYMOVE);
    if (ours == MAP_FAILED || mprotect(image, ELF_PAGE_BYTES, PROT_READ) != 0) {
        return false;
    }
    control = ours;
    static const int signals[] = {SIGTERM, SIGINT, SIGCONT};
    struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART | SA_ONSTACK};
    for (size_t i = 0; i < FA_COUNT_OF(signals); i++) {
        if (sigaction(signals[i], &action, NULL) != 0) {
            return false;
        }
    }
    return true;
}

/* Address of the vDSO's clock_gettime(); 0 where there is none. Its headers are mapped with it. */
static uint64_t find_clock(void)
{
    const uint64_t base = getauxval(AT_SYSINFO_EHDR);
    if (base == 0) {
        return 0;
    }
    Elf64_Ehdr head;
    memcpy(&head, (const void *)(uintptr_t)base, sizeof head);
    struct fa_slice all = {
        (const uint8_t *)(uintptr_t)base, head.e_shoff + (size_t)head.e_shnum * sizeof(Elf64_Shdr)};
#if defined(__x86_64__)
    const uint64_t value = elf_value(all, FA_LIT("__vdso_clock_gettime"));
#else
    const uint64_t value = elf_value(all, FA_LIT("__kernel_clock_gettime"));
#endif
    return value == 0 ? 0 : base + value;
}

bool caps_open(const struct spt *spt, int *ret_fds, struct sentence *why)
{
    if (spt->caps_note->version == 0) {
        return true;
    }
    ret_fds[FD_CONTROL] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ret_fds[FD_ENTROPY] = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    return ret_fds[FD_CONTROL] >= 0 ||
           sentence_say(why, "a descriptor for signals: %s", strerror(errno));
}

bool caps_fill(const struct spt *spt, struct sentence *why)
{
    const struct fa_caps_note *note = spt->caps_note;
    if (note->version == 0) {
        return true;
    }
    if (!make_control()) {
        return sentence_say(why, "a page for signals: %s", strerror(errno));
    }
    struct fa_caps caps = {.version = FA_CAPS_VERSION,
        .flags = FA_CAPS_PWAIT2 | FA_CAPS_STOP_FD,
        .clock_fn = find_clock(),
        .control_addr = CONTROL_AT,
        .control_fd = FD_CONTROL,
        /* Without /dev, as in a bare root, there is the seed alone. */
        .entropy_fd = fcntl(FD_ENTROPY, F_GETFD) >= 0 ? FD_ENTROPY : 0};
    if (getrandom(caps.seed, sizeof caps.seed, 0) == (ssize_t)sizeof caps.seed) {
        caps.flags |= FA_CAPS_SEED;
    }
    for (size_t i = 1; i < spt->manifest->count; i++) {
        caps.device[i] = spt->attachments->device[i].caps;
    }
    memcpy((void *)(uintptr_t)note->caps_addr, &caps, fa_min(note->caps_size, sizeof caps));
    fa_wipe(&caps, sizeof caps);
    return true;
}
