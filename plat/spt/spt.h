// SPDX-License-Identifier: ISC
//
// plat/spt/spt.h: a process that may make nine system calls, and what Solo5's spt tender tells it.
//
// The tender's filter ends the image at any other call, so there is one instruction that makes them
// all, fa__spt_call(). Private to plat/spt.

#ifndef FA_PLAT_SPT_H
#define FA_PLAT_SPT_H

#include <sys/syscall.h>

#include "fa/base.h"
#include "plat/guest/guest.h"

/* What entry.S is given and keeps. */
extern const struct fa_spt_boot_info *fa__spt_info;

/* Make a system call: plat/spt/ARCH/entry.S. Returns: its result; -errno. */
long fa__spt_call(long number, long a, long b, long c, long d, long e, long f);

/* Point the thread register at fa__guest_thread; plat/spt/ARCH/thread.c. Without a canary. */
void fa__spt_thread_set(uint8_t *pointer);

#endif
