// SPDX-License-Identifier: ISC
//
// Any bytes as a fata.lua: it is refused or understood, within its limits of memory, steps and
// time, and what is understood can be written out as C, ninja and JSON.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fata/generate.h"
#include "host/fata/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void write_all(const struct config *config)
{
    static struct package packages[] = {
        {"fa-boot", "0.1.0", "", "fa-core (= 0.1.0)", ""}, {"fa-core", "0.1.0", "", "", ""}};
    static struct home home = {.root = "/",
        .include = "/include",
        .output = "/o",
        .embed = "/embed",
        .machine = "x86_64",
        .in_tree = true,
        .packages = packages,
        .package_count = 2};
    FILE *out = fopen("/dev/null", "we");
    if (out != NULL) {
        write_main(config, out);
        write_header(config, out);
        write_note(config, out);
        write_ninja(config, &home, &(struct folders){.app = "/app", .output = "/o"}, out);
        write_graph(config, out);
        fclose(out);
    }
    home_done(&home);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > CONFIG_BYTES_MAX) {
        return 0;
    }
    char *text = malloc(len + 1);
    FILE *out = fopen("/dev/null", "we");
    struct config config = {.path = "fata.lua", .source = text, .source_len = len};
    if (text == NULL || out == NULL) {
        abort();
    }
    memcpy(text, data, len);
    text[len] = '\0';
    if (config_evaluate(&config)) {
        write_all(&config);
    } else {
        /* One sentence, always: no error is without words. */
        if (config.diag.sentence[0] == '\0') {
            abort();
        }
        config_complain(&config, out);
    }
    config_done(&config);
    fclose(out);
    free(text);
    return 0;
}
