// SPDX-License-Identifier: ISC
//
// fa/linux_fd.h: the part of a Linux device that remembers whether its descriptor has news.
//
// Here only so that devices can be complete types; what it means and how it is used is private to
// the platform (plat/linux/linux.h). Tested with every device that has one.

#ifndef FA_LINUX_FD_H
#define FA_LINUX_FD_H

#include "fa/base.h"

/* A watched descriptor. Zeroed is valid and watches nothing. Pinned while it watches. */
struct fa__linux_fd {
    int fd;
    bool watched;
    bool readable;
    bool writable; /* kept only while the watch wants to write */
};

#endif
