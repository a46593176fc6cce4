// SPDX-License-Identifier: ISC
//
// boot_priv.h: what the files of src/boot know of each other.

#ifndef FA_BOOT_PRIV_H
#define FA_BOOT_PRIV_H

#include "fa/boot.h"

/* Print all keys by section, each with type, default, environment variable and meaning. */
void fa__boot_help(const struct fa_boot_image *image, const struct fa_boot_outside *outside);

/* Add what a good value of `key` looks like, for the end of a sentence. */
void fa__boot_expect_add(struct fa_text *text, const struct fa_boot_key *key);

#endif
