// SPDX-License-Identifier: ISC
//
// phases.h: where the time of a start went, for --phases.

#ifndef TENDER_PHASES_H
#define TENDER_PHASES_H

enum phase {
    PHASE_EXEC,    /* the kernel's and libc's work before main(): the processor time so far */
    PHASE_CHECK,   /* command line, ELF file, notes */
    PHASE_DEVICES, /* opened */
    PHASE_LOAD,    /* memory, segments, guards */
    PHASE_LOCK,    /* descriptors, capabilities, filter */
    PHASE_COUNT,
};

/* `phase` ends now. */
void phases_end(enum phase phase);

/* One line to the log, by nothing but write(), which the image's filter allows. */
void phases_print(void);

#endif
