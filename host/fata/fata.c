// SPDX-License-Identifier: ISC
//
// fata: composes services with the devices they need, builds, runs and describes them.

#include <string.h>

#include "command.h"

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < verb_count; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static int run_verb(const struct verb *verb, struct arguments *arguments, struct home *home)
{
    bool app_second = strcmp(verb->name, "query") == 0;
    if (arguments->help) {
        arguments->words[0] = verb->name;
        arguments->word_count = 1;
        return verb_help(arguments, home);
    }
    if (verb->needs_home) {
        size_t at = app_second ? 1 : 0;
        arguments->app = arguments->word_count > at ? arguments->words[at] : NULL;
        if (arguments->word_count > at + 1 && arguments_check(arguments) != STATUS_OK) {
            return STATUS_USAGE; /* a word behind a misspelt option is the lesser matter */
        }
        if (arguments->word_count > at + 1) {
            fprintf(stderr, "fata: %s is one word too many; usage: fata %s\n",
                arguments->words[at + 1], verb->usage);
            return STATUS_USAGE;
        }
        if (!home_find(home)) {
            return STATUS_MISSING;
        }
    } else if (arguments_check(arguments) != STATUS_OK) {
        return STATUS_USAGE;
    }
    return verb->run(arguments, home);
}

int main(int argc, char **argv)
{
    static struct arguments arguments;
    struct home home = {0};
    const char *name = argc > 1 ? argv[1] : "help";
    bool help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    bool version = strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0;
    static const struct verb version_verb = {.name = "--version",
        .usage = "--version [--json]",
        .summary = "print versions",
        .help = "",
        .options = "j",
        .run = verb_version};
    const struct verb *verb = version ? &version_verb : find_verb(help ? "help" : name);
    int status;
    if (verb == NULL) {
        arguments.words[arguments.word_count++] = name;
        status = verb_help(&arguments, &home);
    } else {
        arguments.verb = verb;
        arguments_read(&arguments, argc > 2 ? argc - 2 : 0, argv + 2);
        status = run_verb(verb, &arguments, &home);
    }
    home_done(&home);
    arena_free(&arguments.arena);
    if (fflush(stdout) != 0) {
        return STATUS_FAILED;
    }
    return status;
}
