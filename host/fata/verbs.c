// SPDX-License-Identifier: ISC
//
// The table of verbs and the short ones.

#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

#define APP_HELP                                                                                   \
    "APP is the folder of a fata.lua, or the file itself; without it, the present folder.\n"
#define KEY_HELP                                                                                   \
    "--KEY=VALUE sets a configure-time key; `fata describe` lists them. What is set is\n"          \
    "remembered in fata.keys beside the build; --reset forgets it.\n"

const struct verb verbs[] = {
    {"new", "new NAME [--template hello|echo]", "make a project that builds and runs at once",
        "Makes the folder NAME with fata.lua, a C file and a README. Nothing is overwritten.\n",
        "T", false, false, verb_new},
    {"configure", "configure [APP] [-t TARGET] [-o DIR] [--KEY=VALUE]... [--reset] [-n]",
        "check fata.lua and write main.c, the header, build.ninja and graph.json",
        APP_HELP KEY_HELP "-n, --dry-run only says what would be written.\n", "otnr", true, true,
        verb_configure},
    {"build", "build [APP] [-t TARGET] [-o DIR] [--KEY=VALUE]...",
        "configure, compile and link the image", APP_HELP KEY_HELP, "otr", true, true, verb_build},
    {"run", "run [APP] [-t TARGET] [-p HOST:GUEST]... [--net NET] [-o DIR] [-- BOOT ARGUMENTS]",
        "build what is needed and start the image",
        APP_HELP
        "-p, --publish [ADDRESS:]HOST:GUEST[/udp] forwards a port of this machine to the image.\n"
        "--net NET is user (the default; needs no privilege), tap:NAME, stream:PATH,\n"
        "listen:PATH or fd:N; with -t spt it is tap:NAME, and a tender starts the image.\n"
        "What stands behind -- goes to the image: try -- --help.\n"
        "Ctrl-C stops the image, which prints a summary; its exit status is fata's.\n",
        "otpN", false, true, verb_run},
    {"describe", "describe [APP|IMAGE] [--json|--dot]",
        "show devices, what they use, and all keys; of an image, without running it",
        APP_HELP "--json prints all of it for programs, --dot the graph for Graphviz.\n", "otjd",
        true, true, verb_describe},
    {"query", "query WHAT [APP] [--json]", "print one thing, for scripts",
        "WHAT is one of: name version target doc image output sources generated libraries\n"
        "packages keys boot-keys devices\n",
        "otj", true, true, verb_query},
    {"clean", "clean [APP] [-o DIR]", "remove what configure and build wrote, keys included",
        APP_HELP, "o", false, true, verb_clean},
    {"doctor", "doctor [--json]", "look for everything fata needs on this machine",
        "Each line says whether a thing is there, and how to get it if not.\n", "j", false, false,
        verb_doctor},
    {"help", "help [VERB]", "this text, or more about one verb", "", "", false, false, verb_help},
};

const size_t verb_count = FA_COUNT_OF(verbs);

int verb_help(struct arguments *arguments, struct home *home)
{
    (void)home;
    for (size_t i = 0; arguments->word_count != 0 && i < verb_count; i++) {
        if (strcmp(verbs[i].name, arguments->words[0]) == 0) {
            printf("usage: fata %s\n\n%s.\n%s%s", verbs[i].usage, verbs[i].summary,
                verbs[i].help[0] != '\0' ? "\n" : "", verbs[i].help);
            return STATUS_OK;
        }
    }
    if (arguments->word_count != 0) {
        struct nearest nearest = {0};
        for (size_t i = 0; i < verb_count; i++) {
            nearest_offer(&nearest, arguments->words[0], verbs[i].name);
        }
        fprintf(stderr, "fata: there is no verb %s%s%s%s\n", arguments->words[0],
            nearest.word != NULL ? "; did you mean " : "; fata help lists them",
            nearest.word != NULL ? nearest.word : "", nearest.word != NULL ? "?" : "");
        return STATUS_USAGE;
    }
    puts("fata composes services written in C with the network stack and devices they need,\n"
         "into one small image.\n\nusage: fata VERB ...\n");
    for (size_t i = 0; i < verb_count; i++) {
        printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
    }
    puts("\n  fata --version [--json]   versions of fata, its libraries and the tools it uses\n\n"
         "exit status: 0 done; 1 failed; 64 the command line is wrong; 65 fata.lua is wrong;\n"
         "69 something is missing on this machine. run ends as the image does.\n\n"
         "Start with: fata new hello && fata run hello");
    return STATUS_OK;
}

int verb_configure(struct arguments *arguments, struct home *home)
{
    struct project project = {0};
    int status = project_load(&project, arguments, home);
    if (status == STATUS_OK) {
        status = project_configure(&project, arguments, home, false);
    }
    if (status == STATUS_OK) {
        printf("%s is configured for %s; now: fata build%s\n", project.config.name,
            project.config.target->value, project_shown(arguments));
    }
    project_done(&project);
    return status;
}

int verb_build(struct arguments *arguments, struct home *home)
{
    struct project project = {0};
    int status = project_load(&project, arguments, home);
    if (status == STATUS_OK) {
        status = project_build(&project, arguments, home);
    }
    if (status == STATUS_OK) {
        const char *image = project_image(&project);
        printf("%s: %s (%zu KiB to load); now: fata run%s\n", project.config.name, image,
            note_loaded_bytes(image) / 1024, project_shown(arguments));
    }
    project_done(&project);
    return status;
}

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)kind;
    (void)walk;
    return remove(path);
}

int verb_clean(struct arguments *arguments, struct home *home)
{
    struct project project = {0};
    /* A broken fata.lua must not keep its build from being removed: it is not read. */
    if (!project_find(&project, arguments, home)) {
        project_done(&project);
        return STATUS_CONFIG;
    }
    int status = arguments_check(arguments);
    if (status != STATUS_OK) {
        project_done(&project);
        return status;
    }
    const char *ours = arena_text(&project.arena, "%s/build.ninja", project.output);
    if (!file_is_there(ours)) {
        printf("nothing to remove in %s\n", project.output);
    } else if (nftw(project.output, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        fprintf(stderr, "fata: cannot remove %s: %s\n", project.output, strerror(errno));
        project_done(&project);
        return STATUS_FAILED;
    } else {
        printf("removed %s\n", project.output);
    }
    project_done(&project);
    return STATUS_OK;
}
