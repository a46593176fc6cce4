// SPDX-License-Identifier: ISC
//
// crash.h: what is said when an spt image fails: a sentence, and where it was.
//
// A handler in the tender's own memory, on a stack of its own, under the image's filter: it needs
// no second process. The image shares the address space and may spoil what the handler says, but
// gains no system call by it. Frames are found without tables: words of the stack that come right
// behind a call; so some that are left over from earlier calls may be among them.

#ifndef TENDER_CRASH_H
#define TENDER_CRASH_H

#include "elf.h"

/* Catch faults, forbidden system calls and aborts from here on. Borrows all for ever. */
bool crash_arm(const char *name, struct fa_slice file, const struct elf_image *image,
    uint64_t mem_size, struct sentence *why);

/* Whether the bytes before `off` in `code` are a call. */
bool crash_is_call(struct fa_slice code, size_t off);

#endif
