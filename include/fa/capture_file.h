// SPDX-License-Identifier: ISC
//
// fa/capture_file.h: a file as the sink of a capture (fa/capture.h), on Linux.
//
// Writes through a buffer of its own. A pipe works too, so Wireshark can watch live. What the file
// does not take is lost and told at the end: a full disk never stops a stack. Implemented by
// plat/linux/capture_file.c; tested by test/unit/capture_test.c.
//
//     FA_TRY(fa_capture_file_open(&file, "out.pcapng", &reason));
//     fa_capture_init(&capture, &(struct fa_capture_config){.sink = fa_capture_file_sink(&file)});
//     ...
//     FA_TRY(fa_capture_file_close(&file));

#ifndef FA_CAPTURE_FILE_H
#define FA_CAPTURE_FILE_H

#include "fa/base.h"
#include "fa/capture.h"

enum {
    FA_CAPTURE_FILE_BUFFER = 32768, /* bytes */
};

/* Pinned. */
struct fa_capture_file {
    int fd;
    bool failed;
    size_t len;
    uint8_t buffer[FA_CAPTURE_FILE_BUFFER];
};

/* Create `path`, or empty it. Returns: FA_OK; FA_EIO, and then *reterr_reason is static text. */
fa_err fa_capture_file_open(
    struct fa_capture_file *file, const char *path, const char **reterr_reason);

struct fa_capture_sink fa_capture_file_sink(struct fa_capture_file *file);

/* Write out what the buffer holds: for whoever reads along. */
void fa_capture_file_flush(struct fa_capture_file *file);

/* Flush and close. Returns: FA_OK; FA_EIO if some bytes of the capture were lost. */
fa_err fa_capture_file_close(struct fa_capture_file *file);

#endif
