// SPDX-License-Identifier: ISC
//
// caps.h: what an spt image is given beyond the ABI (fa/caps.h), if its note asks for that.

#ifndef TENDER_CAPS_H
#define TENDER_CAPS_H

#include "spt.h"

/* Descriptors for it, at ret_fds[FD_CONTROL] and [FD_ENTROPY]. Nothing without a note. */
bool caps_open(const struct spt *spt, int *ret_fds, struct sentence *why);

/* Fill the image's struct, and from here on tell it of SIGTERM, SIGINT and SIGCONT. */
bool caps_fill(const struct spt *spt, struct sentence *why);

#endif
