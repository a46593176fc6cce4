// SPDX-License-Identifier: ISC
//
// Files and folders: replaced in one step, and only where they differ, so that ninja sees no change
// where there is none.

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

bool file_is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

char *file_read(struct arena *arena, const char *path, size_t max, size_t *ret_len)
{
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return NULL;
    }
    struct stat stat;
    bool plain = fstat(fileno(in), &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size >= 0 &&
                 (uint64_t)stat.st_size <= max;
    if (!plain) {
        fclose(in);
        return NULL;
    }
    char *text = arena_take(arena, (size_t)stat.st_size + 1);
    *ret_len = fread(text, 1, (size_t)stat.st_size, in);
    fclose(in);
    text[*ret_len] = '\0';
    return text;
}

bool folder_make(const char *path)
{
    char part[4096];
    size_t len = strlen(path);
    if (len >= sizeof part) {
        return false;
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            snprintf(part, sizeof part, "%.*s", (int)i, path);
            if (mkdir(part, 0777) != 0 && errno != EEXIST) {
                return false;
            }
        }
    }
    return true;
}

static int fail_write(const char *path)
{
    fprintf(stderr, "fata: cannot write %s: %s\n", path, strerror(errno));
    return -1;
}

int file_write(const char *path, const char *text, size_t len)
{
    struct arena arena = {0};
    size_t old_len = 0;
    const char *old = file_read(&arena, path, len, &old_len);
    bool same = old != NULL && old_len == len && memcmp(old, text, len) == 0;
    arena_free(&arena);
    if (same) {
        return 0;
    }
    char temporary[4096];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", path) >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return fail_write(path);
    }
    FILE *out = fopen(temporary, "we");
    if (out == NULL) {
        return fail_write(path);
    }
    bool written = fwrite(text, 1, len, out) == len;
    written = fclose(out) == 0 && written;
    if (!written || rename(temporary, path) != 0) {
        int status = fail_write(path);
        unlink(temporary);
        return status;
    }
    return 1;
}

bool program_is_there(const char *name)
{
    const char *path = getenv("PATH");
    char file[4096];
    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");
        int need = snprintf(file, sizeof file, "%.*s/%s", (int)len, path, name);
        if (need > 0 && (size_t)need < sizeof file && access(file, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}
