// SPDX-License-Identifier: ISC
//
// elf.h: the bytes of an image as a list of segments, its entry and its notes; or a sentence.
//
// Pure: no file, no memory but the caller's. The rules are those of Solo5's tenders and stricter in
// one point: the entry lies in a segment that may be executed. Tested by
// test/unit/tender_elf_test.c, fuzzed by fuzz/tender_elf_fuzz.c.

#ifndef TENDER_ELF_H
#define TENDER_ELF_H

#include "sentence.h"

enum {
    ELF_SEGMENT_COUNT_MAX = 32,
    ELF_HEADER_COUNT_MAX = 128, /* program headers */
    ELF_PAGE_BYTES = 4096,
};

/* A PT_LOAD that has bytes in the file; one without is passed over, as other tenders do. */
struct elf_segment {
    uint64_t at;    /* first byte of the file's */
    uint64_t start; /* `at` and `at` + `mem_len`, rounded outwards to the segment's alignment, */
    uint64_t end;   /* which is whole pages */
    uint64_t file_off;
    uint64_t file_len;
    uint64_t mem_len;
    bool readable, writable, executable;
};

struct elf_image {
    uint64_t entry;
    uint64_t end; /* highest end of a segment */
    struct elf_segment segment[ELF_SEGMENT_COUNT_MAX];
    size_t segment_count;
    /* What notes describe, borrowed from the file; at is NULL where there is none. */
    struct fa_slice abi, manifest, caps, text;
};

/*
 * Read the image `file`, made for `machine` (EM_X86_64, EM_AARCH64).
 *
 * Returns: false and `why` if it breaks a rule. Borrows `file` for as long as its notes are used.
 */
bool elf_read(struct fa_slice file, uint16_t machine, struct elf_image *ret, struct sentence *why);

/* Whether all segments lie below `mem_size`. */
bool elf_fits(const struct elf_image *image, uint64_t mem_size, struct sentence *why);

/* Find the symbol that `address` lies in. Returns: its name, borrowed from `file`, or an empty
 * slice; *ret_off is how far into it. */
struct fa_slice elf_symbol(struct fa_slice file, uint64_t address, uint64_t *ret_off);

/* Value of the dynamic symbol `name`, such as one of the vDSO; 0 if there is none. */
uint64_t elf_value(struct fa_slice file, struct fa_slice name);

#endif
