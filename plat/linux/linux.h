// SPDX-License-Identifier: ISC
//
// plat/linux/linux.h: what the files of plat/linux share: start-up, and descriptors to sleep on.
//
// Private to plat/linux, and to plat/sim, which is a Linux process too. A device whose work arrives
// on a file descriptor keeps one struct fa__linux_fd and asks its flags before it makes a system
// call, so an idle device costs none.
//
// Readiness is edge-triggered. A flag means "a call may get somewhere": both are set when a watch
// begins, fa_plat_wait() sets them again when the kernel says so, and only the device clears them,
// right after the call that returned EAGAIN. What arrives between that EAGAIN and the clearing is a
// new edge, which the next fa_plat_wait() reports, so nothing is missed. A device that stops early,
// with a full burst, leaves its flag set and reports itself busy.
//
//     if (!tap->watch.readable) return 0;
//     ssize_t len = read(tap->watch.fd, at, cap);
//     if (len < 0 && errno == EAGAIN) tap->watch.readable = false;

#ifndef FA_PLAT_LINUX_H
#define FA_PLAT_LINUX_H

#include <time.h>

#include "fa/base.h"
#include "fa/linux_fd.h"

/*
 * Watch `fd`, which is non-blocking; called again, change `want_write`. Asking to write only while
 * output waits spares a wake-up for every segment the peer acknowledges.
 *
 * Owns:   `fd` stays the caller's, who unwatches before closing it.
 * Limits: a descriptor that cannot be polled, such as a regular file, counts as always ready.
 */
void fa__linux_watch(struct fa__linux_fd *watch, int fd, bool want_write);

/* Stop watching; nothing happens if it does not. The flags are cleared. */
void fa__linux_unwatch(struct fa__linux_fd *watch);

/*
 * Sleep until a watched descriptor has news, `timeout` is over or a signal came; set the flags.
 *
 * Returns: whether a flag was set. The kernel reads *timeout once, on entry: a signal handler that
 *          zeroes it before that shortens the sleep, one that comes later interrupts it.
 */
bool fa__linux_poll(volatile struct timespec *timeout);

/* Zeroed memory for what the host gives an image, page-aligned and never given back. Returns: NULL:
 * there is none. */
void *fa__linux_memory(size_t len);

#define FA__LINUX_NO_MEMORY "the host has no memory for it: stop something else, or raise the limit"

/* Keep the arguments for fa_plat_arg(); they live as long as the process. */
void fa__linux_args_init(int count, char **values);

/* Catch SIGINT and SIGTERM as requests to stop, the first time each; ignore SIGPIPE. */
void fa__linux_signals_init(void);

#endif
