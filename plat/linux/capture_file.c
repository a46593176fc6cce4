// SPDX-License-Identifier: ISC
//
// The file behind a capture.

#include "fa/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Once something is lost the rest would not parse, so nothing more is written. */
static void write_all(struct fa_capture_file *file, const uint8_t *at, size_t len)
{
    while (len > 0 && !file->failed) {
        ssize_t written = write(file->fd, at, len);
        if (written >= 0) {
            at += written;
            len -= (size_t)written;
        } else if (errno != EINTR) {
            file->failed = true;
        }
    }
}

void fa_capture_file_flush(struct fa_capture_file *file)
{
    write_all(file, file->buffer, file->len);
    file->len = 0;
}

static void keep_piece(void *ctx, struct fa_slice piece)
{
    struct fa_capture_file *file = ctx;
    if (piece.len > sizeof file->buffer - file->len) {
        fa_capture_file_flush(file);
    }
    if (piece.len > sizeof file->buffer) {
        write_all(file, piece.at, piece.len);
    } else {
        fa_copy(file->buffer + file->len, piece.at, piece.len);
        file->len += piece.len;
    }
}

fa_err fa_capture_file_open(
    struct fa_capture_file *file, const char *path, const char **reterr_reason)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        *reterr_reason = strerror(errno);
        return FA_EIO;
    }
    file->fd = fd;
    file->failed = false;
    file->len = 0;
    return FA_OK;
}

struct fa_capture_sink fa_capture_file_sink(struct fa_capture_file *file)
{
    return (struct fa_capture_sink){.write = keep_piece, .ctx = file};
}

fa_err fa_capture_file_close(struct fa_capture_file *file)
{
    fa_capture_file_flush(file);
    if (close(file->fd) != 0) {
        file->failed = true;
    }
    file->fd = -1;
    return file->failed ? FA_EIO : FA_OK;
}
