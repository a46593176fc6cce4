// SPDX-License-Identifier: ISC
//
// filter.h: which system calls an spt image may make: the compiled filters, and installing one.
//
// "ours" adds to Solo5's table what capabilities bring, and sends a signal where Solo5's ends the
// process, so that the tender can say what happened. Tested by test/unit/tender_filter_test.c,
// which interprets the programs.

#ifndef TENDER_FILTER_H
#define TENDER_FILTER_H

#include "sentence.h"
#include "slots.h"

struct sock_filter;

enum {
    FILTER_LEN_MAX = 1024, /* instructions */
};

/* What one run puts into a filter. */
struct filter_numbers {
    bool strict; /* Solo5's */
    struct {
        bool used;
    } net[SLOT_NET_COUNT_MAX];
    struct {
        uint64_t capacity; /* bytes; 0: not there */
        uint32_t block_bytes;
        uint32_t burst_bytes; /* most of one call; 0: a block */
    } disk[SLOT_DISK_COUNT_MAX];
};

/* Write the filter, FILTER_LEN_MAX instructions at most. Pure. Returns: how many. */
size_t filter_make(const struct filter_numbers *numbers, struct sock_filter *ret);

/* From here on this thread makes no other system calls. It has no_new_privs by then. */
bool filter_install(const struct filter_numbers *numbers, struct sentence *why);

#endif
