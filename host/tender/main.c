// SPDX-License-Identifier: ISC
//
// fata-tender: runs one image. Reads the command line and the image, opens its devices, gives up
// everything else, and becomes the image.

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"
#include "phases.h"
#include "spt.h"

enum {
    STATUS_FAILED = 1, /* that of all tenders when they start no image */
};

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#endif

static const char help[] =
    "Usage: fata-tender [OPTION ...] [--] IMAGE [ARGUMENT ...]\n"
    "\n"
    "Runs an image of the Solo5 ABI (spt 2) as a process under a filter.\n"
    "\n"
    "  --mem=MIB                      its memory (512)\n"
    "  --net:NAME=TAP                 its network NAME is this tap interface\n"
    "  --net:NAME=@FD                 ... this descriptor: a tap, or a socket of SOCK_SEQPACKET\n"
    "  --net-mac:NAME=MAC             its address (drawn)\n"
    "  --net-mtu:NAME=BYTES           its MTU (the interface's)\n"
    "  --block:NAME=FILE              its disk NAME is this file or block device\n"
    "  --block-sector-size:NAME=BYTES (512)\n"
    "  --block-access:NAME=HOW        write; read; copy: what it writes is gone at the end\n"
    "  --strict=solo5                 allow it no more than Solo5's tender does\n"
    "  --isolate                      give it namespaces of its own (half a millisecond)\n"
    "  --phases                       say where the time until its first instruction went\n"
    "  --help, --version\n"
    "\n"
    "It leaves with the image's status, or with 1 and a sentence if it starts none.\n";

static int fail(const char *place, const struct sentence *why)
{
    fprintf(stderr, "fata-tender: %s%s%s\n", place, *place == '\0' ? "" : ": ", why->text);
    return STATUS_FAILED;
}

static bool open_image(
    const char *path, int *ret_fd, struct fa_slice *ret_file, struct sentence *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0) {
        return sentence_say(why, "%s", strerror(errno));
    }
    if (!S_ISREG(stat.st_mode) || stat.st_size == 0) {
        return sentence_say(why, "it is not a file with an image in it");
    }
    void *at = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
        return sentence_say(why, "mmap: %s", strerror(errno));
    }
    *ret_fd = fd;
    *ret_file = (struct fa_slice){at, (size_t)stat.st_size};
    return true;
}

/* Everything that can be told of the image before a device is opened for it. */
static bool check_image(const struct options *options, struct fa_slice file,
    struct elf_image *image, struct manifest *manifest, struct fa_caps_note *caps,
    struct sentence *why)
{
    const uint64_t mem_size = (uint64_t)options->mib << 20;
    enum fa_solo5_target target;
    if (!elf_read(file, MACHINE, image, why) || !manifest_read_abi(image->abi, &target, why)) {
        return false;
    }
    if (target != FA_SOLO5_SPT) {
        return sentence_say(why, "is for hvt, and this runs spt; build it by `fata build -t spt`");
    }
    if (!elf_fits(image, mem_size, why) || !manifest_read(image->manifest, manifest, why)) {
        return false;
    }
    if (options->strict) {
        return true;
    }
    if (!manifest_read_caps(image, caps, why)) {
        return false;
    }
    if (caps->memory_min > mem_size) {
        return sentence_say(why, "needs %llu MiB of memory, and has %u; give it more by --mem",
            (unsigned long long)((caps->memory_min + (1 << 20) - 1) >> 20), options->mib);
    }
    return true;
}

static int run(const struct options *options)
{
    struct sentence why;
    struct elf_image image;
    static struct manifest manifest;
    static struct attachments attachments;
    struct fa_caps_note caps = {0};
    struct fa_slice file = {0};
    int fd = -1;
    if (!open_image(options->image, &fd, &file, &why) ||
        !check_image(options, file, &image, &manifest, &caps, &why)) {
        return fail(options->image, &why);
    }
    phases_end(PHASE_CHECK);
    if (!attach_all(
            options, caps.version == 0 ? 0 : caps.device_flags, &manifest, &attachments, &why)) {
        return fail("", &why);
    }
    phases_end(PHASE_DEVICES);
    const struct spt spt = {.options = options,
        .image = &image,
        .manifest = &manifest,
        .attachments = &attachments,
        .caps_note = &caps,
        .file = file,
        .image_fd = fd,
        .mem_size = (uint64_t)options->mib << 20};
    if (!spt_load(&spt, &why)) {
        return fail(options->image, &why);
    }
    phases_end(PHASE_LOAD);
    (void)spt_enter(&spt, &why); /* comes back only with a sentence */
    return fail(options->image, &why);
}

int main(int argc, char **argv)
{
    static struct options options;
    struct sentence why;
    phases_end(PHASE_EXEC);
    if (!options_read(argv + (argc > 0), &options, &why)) {
        return fail("", &why);
    }
    switch (options.verb) {
    case OPTIONS_HELP:
        fputs(help, stdout);
        return 0;
    case OPTIONS_VERSION:
        /* The second line is what Albatross looks for. */
        fputs("fata-tender 0.1.0\nABI version 2\n", stderr);
        return 0;
    case OPTIONS_RUN:
        break;
    }
    return run(&options);
}
