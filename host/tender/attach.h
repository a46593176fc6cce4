// SPDX-License-Identifier: ISC
//
// attach.h: what the operator named, opened, and told to the image by its manifest.
//
// One file a kind: attach_tap.c, attach_fd.c, attach_disk.c.

#ifndef TENDER_ATTACH_H
#define TENDER_ATTACH_H

#include "fa/caps.h"
#include "manifest.h"
#include "options.h"
#include "slots.h"

/* A device that is open. */
struct attached {
    int fd;      /* moved to its slot before the image starts */
    size_t slot; /* of its kind: first network, second network ... */
    struct fa_caps_device caps;
};

struct attachments {
    struct attached device[FA_SOLO5_ENTRY_COUNT_MAX]; /* by handle */
    size_t net_count, disk_count;
};

/*
 * Open each device of the manifest where the options say, and fill its entry. Of capabilities it is
 * told those of `known` (enum fa_caps_device_flag).
 *
 * Returns: false and `why` if one cannot be had, is not declared or not attached.
 */
bool attach_all(const struct options *options, uint32_t known, struct manifest *manifest,
    struct attachments *ret, struct sentence *why);

/* The kinds. Each fills the entry's numbers, *ret and its descriptor. */
bool attach_tap(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attached *ret, struct sentence *why);
bool attach_fd(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attached *ret, struct sentence *why);
bool attach_disk(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attached *ret, struct sentence *why);

/* The MTU of an interface; 0 if it cannot be told. With `strict` it also no longer joins frames. */
uint32_t attach_mtu(const char *name, bool strict);

/* Write the MTU into the entry, if there can be such. */
bool attach_set_mtu(const struct options_device *device, uint32_t mtu, struct fa_solo5_entry *entry,
    struct sentence *why);

#endif
