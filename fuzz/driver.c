// SPDX-License-Identifier: ISC
//
// fuzz/driver.c: a fuzz target over its corpus, without a fuzzer, as a TAP test.
//
// Linked with one X_fuzz.c by any compiler and any variant; arguments are files, or folders whose
// files count (not those below). An input that breaks the target ends the program, with the name
// of the input as the last line before the report of the sanitizer or the assertion. It does not
// look for new inputs: `make fuzz` does.

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fa/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Run the target on one file. Each input is a heap block of its exact size, so that reading
 * beyond its end is seen. Returns: whether it could be read. */
static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (file == NULL || fstat(fileno(file), &info) != 0) {
        printf("# %s: %s\n", path, strerror(errno));
        return false;
    }
    size_t len = (size_t)info.st_size;
    uint8_t *data = malloc(len > 0 ? len : 1);
    bool whole = data != NULL && fread(data, 1, len, file) == len;
    (void)fclose(file);
    if (whole) {
        printf("# %s\n", path);
        (void)fflush(stdout);
        (void)LLVMFuzzerTestOneInput(data, len);
    }
    free(data);
    return whole;
}

static int select_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Replay a file, or each file of a folder in the order of names. Adds to *count. */
static bool replay_path(const char *path, size_t *count)
{
    struct stat info;
    struct dirent **entries;
    if (stat(path, &info) != 0) {
        printf("# %s: %s\n", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(info.st_mode)) {
        *count += 1;
        return replay_file(path);
    }
    int entry_count = scandir(path, &entries, select_visible, alphasort);
    bool good = entry_count >= 0;
    for (int i = 0; i < entry_count; i++) {
        char name[4096];
        int len = snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (len < 0 || (size_t)len >= sizeof(name) || !replay_file(name)) {
            good = false;
        }
        *count += 1;
        free(entries[i]);
    }
    if (entry_count >= 0) {
        free(entries);
    }
    return good;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *target = slash == NULL ? argv[0] : slash + 1;
    size_t count = 0;
    bool good = true;
    printf("1..1\n");
    for (int i = 1; i < argc; i++) {
        good = replay_path(argv[i], &count) && good;
    }
    good = good && count > 0; /* a corpus that is not there proves nothing */
    printf("%s 1 - %s holds for the %zu inputs of its corpus\n", good ? "ok" : "not ok", target,
        count);
    return good ? 0 : 1;
}
