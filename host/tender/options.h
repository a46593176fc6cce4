// SPDX-License-Identifier: ISC
//
// options.h: the tender's command line, which is that of Solo5's tenders and a few words more.
//
// Pure: it opens nothing. Tested by test/unit/tender_options_test.c, fuzzed by
// fuzz/tender_options_fuzz.c.

#ifndef TENDER_OPTIONS_H
#define TENDER_OPTIONS_H

#include "fa/solo5.h"
#include "sentence.h"

enum {
    OPTIONS_DEVICE_COUNT_MAX = FA_SOLO5_ENTRY_COUNT_MAX - 1,
    OPTIONS_MIB_DEFAULT = 512,
    OPTIONS_MIB_MAX = 1 << 20,
    OPTIONS_SECTOR_BYTES_DEFAULT = 512,
    OPTIONS_SECTOR_BYTES_MAX = 32768, /* the manifest has 16 bits for it */
    OPTIONS_MTU_MIN = 68,             /* RFC 791 */
    OPTIONS_MTU_MAX = 65521,          /* a frame's length then has 16 bits */
};

enum options_verb {
    OPTIONS_RUN,
    OPTIONS_HELP,
    OPTIONS_VERSION,
};

enum options_access {
    OPTIONS_WRITE,
    OPTIONS_READ,
    OPTIONS_COPY, /* what is written stays in memory and is gone at the end */
};

/* What is said of one device. Texts are borrowed from the command line. */
struct options_device {
    struct fa_slice name;
    enum fa_solo5_device type;
    const char *place; /* NULL: only said how, not where */
    uint8_t mac[6];
    bool mac_given;
    uint32_t mtu;          /* 0: as its network has it */
    uint32_t sector_bytes; /* 0: OPTIONS_SECTOR_BYTES_DEFAULT */
    enum options_access access;
};

struct options {
    enum options_verb verb;
    uint32_t mib;
    bool strict;  /* as Solo5's own tenders: its filter, no capabilities */
    bool isolate; /* namespaces of its own, too */
    bool phases;
    const char *image;
    struct options_device device[OPTIONS_DEVICE_COUNT_MAX];
    size_t device_count;
    char cmdline[FA_SOLO5_CMDLINE_BYTES]; /* the image's arguments, joined by spaces */
};

/* Read `argv`, NULL-terminated, without the program's own name. Returns: false and `why`. */
bool options_read(char *const *argv, struct options *ret, struct sentence *why);

/* Read a decimal number, all of `text`, up to `max`. */
bool options_number(const char *text, uint32_t max, uint32_t *ret);

#endif
