// SPDX-License-Identifier: ISC
//
// Any words, each ended by a NUL, as the tender's command line.

#include <string.h>

#include "host/tender/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char text[65536];
    static struct options options;
    char *argv[80] = {NULL};
    struct sentence why = {""};
    len = fa_min(len, sizeof text - 1);
    fa_copy(text, data, len);
    text[len] = '\0';
    for (size_t i = 0, off = 0; i + 1 < FA_COUNT_OF(argv) && off < len; i++) {
        argv[i] = text + off;
        off += strlen(argv[i]) + 1;
    }
    if (!options_read(argv, &options, &why)) {
        FA_ASSERT(why.text[0] != '\0');
        return 0;
    }
    FA_ASSERT(options.device_count <= OPTIONS_DEVICE_COUNT_MAX);
    FA_ASSERT(options.verb != OPTIONS_RUN || options.image != NULL);
    FA_ASSERT(options.verb != OPTIONS_RUN ||
              strnlen(options.cmdline, sizeof options.cmdline) < sizeof options.cmdline);
    return 0;
}
