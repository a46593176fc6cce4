// SPDX-License-Identifier: ISC
//
// fa/plat.h: what an image asks of the place it runs in. Chosen at link time, one folder each.
//
// Clock, entropy, console, wait, memory for stacks, arguments and exit: singletons, so plain
// functions. Devices (network cards, disks) are not here: they are structs with a table.
// Implemented by plat/linux and plat/sim; both pass test/conform/plat_test.c.

#ifndef FA_PLAT_H
#define FA_PLAT_H

#include "fa/base.h"

/*
 * Where the image begins: defined by the application or test, called once by the platform.
 *
 * Returns: the status to leave with, 0..255, as for fa_plat_exit().
 */
int fa_main(void);

/* Monotonic time since some fixed point before the image started. Never goes back. */
fa_ns fa_clock_mono_ns(void);

/* Wall-clock time, nanoseconds since 1970-01-01T00:00:00Z; may jump. 0: not known here. What the
 * image goes by is fa_wall_ns() (fa/wall.h). */
uint64_t fa_clock_wall_ns(void);

/* Fill `len` bytes with random bytes fit for keys. Traps if the platform has none to give. */
void fa_entropy_fill(void *at, size_t len);

/* Write text to the console. Never fails and never yields; what the console loses is lost. */
void fa_console_write(struct fa_slice text);

/*
 * Sleep until a device may have something to do or `deadline` has come, whichever is first.
 * FA_NS_NEVER waits for devices alone. A deadline already past polls devices and returns at once.
 * Returns early for no reason now and then; the caller loops.
 */
void fa_plat_wait(fa_ns deadline);

/* True once the outside has asked the image to stop (Ctrl-C, SIGTERM, a shutdown request). It
 * also ends a sleep in fa_plat_wait(). */
bool fa_plat_stop_requested(void);

/*
 * Map `len` bytes of zeroed memory for a stack, with an inaccessible page below it where the
 * platform can. Never given back.
 *
 * Returns: FA_OK; FA_ENOSPC. *ret_at is page-aligned where pages exist, else 16-byte aligned.
 */
fa_err fa_plat_stack_map(size_t len, uint8_t **ret_at);

/*
 * Give the image all memory that is left beside its own segments and the stacks that are mapped, in
 * one piece, zeroed: for one allocator, which takes it once. What is untouched costs nothing.
 *
 * Returns: *ret_len bytes at *ret_at, page-aligned where pages exist, else 16-byte aligned; 0 and
 *          NULL if there is none, or it was taken before.
 * Limits:  on Linux 4 GiB of addresses, or what the process's own limit leaves.
 */
void fa_plat_heap(uint8_t **ret_at, size_t *ret_len);

/* One boot-time argument or environment variable. Returns an empty slice with at == NULL if there
 * is none. The bytes live as long as the image, and a NUL follows them. Argument 0 is the image's
 * own name. */
struct fa_slice fa_plat_arg(size_t idx);
struct fa_slice fa_plat_env(struct fa_slice name);

/* Leave with `status` (0..255). Exit handlers of a host libc run. */
[[gnu::noreturn]] void fa_plat_exit(int status);

/* Leave at once after a bug, so that a debugger or a core dump shows the place. */
[[gnu::noreturn]] void fa_plat_abort(void);

#endif
