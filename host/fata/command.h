// SPDX-License-Identifier: ISC
//
// command.h: the verbs of fata and what they share.

#ifndef FATA_COMMAND_H
#define FATA_COMMAND_H

#include "home.h"
#include "model.h"

/* How fata ends; `run` ends as its image does. */
enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,   /* the build failed, a file cannot be written */
    STATUS_USAGE = 64,   /* the command line */
    STATUS_CONFIG = 65,  /* fata.lua */
    STATUS_MISSING = 69, /* a compiler, a library, a port or a permission is not there */
};

enum {
    FORWARD_COUNT_MAX = 32,
};

/* The command line, taken apart. What was wrong with it is told only after fata.lua is checked. */
struct arguments {
    struct arena arena;
    const struct verb *verb;
    const char *app;    /* folder or fata.lua; NULL: here */
    const char *output; /* NULL: chosen */
    const char *words[8];
    size_t word_count;
    struct setting settings[KEY_COUNT_MAX];
    size_t setting_count;
    const char *forwards[FORWARD_COUNT_MAX];
    size_t forward_count;
    const char *net;
    const char *target;
    const char *template;
    bool json;
    bool dot;
    bool dry;
    bool reset;
    bool help;
    char **boot; /* behind "--" */
    size_t boot_count;
    char error[256];
};

struct verb {
    const char *name;
    const char *usage;
    const char *summary;
    const char *help;
    const char *options; /* letters of the options it has: see arguments.c */
    bool settings;       /* takes --KEY=VALUE */
    bool needs_home;
    int (*run)(struct arguments *arguments, struct home *home);
};

extern const struct verb verbs[];
extern const size_t verb_count;

void arguments_read(struct arguments *arguments, int count, char **words);

/* Print the deferred error, if there is one. Returns: STATUS_OK or STATUS_USAGE. */
int arguments_check(const struct arguments *arguments);

/* A project: its fata.lua and where its build goes. */
struct project {
    struct config config;
    struct arena arena;
    const char *dir;    /* of fata.lua, absolute */
    const char *output; /* of the build, absolute */
};

/* Find fata.lua and the folder of its build. Returns: false, and the error was printed. */
bool project_find(struct project *project, struct arguments *arguments, struct home *home);

/* Read and check fata.lua with what is remembered and given, then the command line. Returns:
 * STATUS_OK; else the error was printed. */
int project_load(struct project *project, struct arguments *arguments, struct home *home);
void project_done(struct project *project);

/* Write the build's files where they changed, and remember the keys. Returns: a status. */
int project_configure(
    struct project *project, struct arguments *arguments, struct home *home, bool quiet);

/* Configure and run ninja. Returns: a status. */
int project_build(struct project *project, struct arguments *arguments, struct home *home);

/* Path of the image. */
const char *project_image(struct project *project);

/* "app/www" as it would be typed: "" for the present folder, else with a space in front. */
const char *project_shown(struct arguments *arguments);

/* Write `path` if its content differs. Returns: -1: failed, and the error was printed; else whether
 * it was written. */
int file_write(const char *path, const char *text, size_t len);

/* The whole of a file, NUL-terminated; NULL: not there or larger than `max`. */
char *file_read(struct arena *arena, const char *path, size_t max, size_t *ret_len);

bool file_is_there(const char *path);

/* Make a folder and those above it. */
bool folder_make(const char *path);

/* Whether a program is found by PATH. */
bool program_is_there(const char *name);

/* Print what is missing for a target and how to get it. Returns: whether all is there. */
bool tools_check(const struct config *config, struct home *home);

/* Image notes: docs/spec/image-note.md. Returns: the text; NULL: no image of ours. */
char *note_read(struct arena *arena, const char *path);
bool is_elf(const char *path);

/* Bytes that an image's code and constant and initialised data take; 0: not to be told. */
size_t note_loaded_bytes(const char *path);

/* The verbs. */
int verb_new(struct arguments *arguments, struct home *home);
int verb_configure(struct arguments *arguments, struct home *home);
int verb_build(struct arguments *arguments, struct home *home);
int verb_run(struct arguments *arguments, struct home *home);
int verb_describe(struct arguments *arguments, struct home *home);
int verb_query(struct arguments *arguments, struct home *home);
int verb_clean(struct arguments *arguments, struct home *home);
int verb_doctor(struct arguments *arguments, struct home *home);
int verb_help(struct arguments *arguments, struct home *home);
int verb_version(struct arguments *arguments, struct home *home);

#endif
