// SPDX-License-Identifier: ISC
//
// A project on disk: reading its fata.lua, writing its build, running ninja.

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "generate.h"

enum {
    KEYS_BYTES_MAX = 64 * 1024, /* of fata.keys */
};

static const char *environment(const char *name)
{
    return getenv(name);
}

/* "app/www/fata.lua" for errors, and the absolute folder. */
static bool find_project(struct project *project, const struct arguments *arguments)
{
    const char *app = arguments->app != NULL ? arguments->app : ".";
    size_t len = strlen(app);
    bool file = len > 4 && strcmp(app + len - 4, ".lua") == 0;
    while (len > 1 && app[len - 1] == '/') {
        len--;
    }
    const char *shown = file ? app
                        : strcmp(app, ".") == 0
                            ? "fata.lua"
                            : arena_text(&project->arena, "%.*s/fata.lua", (int)len, app);
    char absolute[PATH_MAX];
    if (realpath(shown, absolute) == NULL) {
        if (errno == ENOENT || errno == ENOTDIR) {
            fprintf(stderr, "fata: there is no %s; `fata new NAME` makes a project\n", shown);
        } else {
            fprintf(stderr, "fata: cannot read %s: %s\n", shown, strerror(errno));
        }
        return false;
    }
    project->config.path = arena_copy(&project->arena, shown);
    project->dir =
        arena_text(&project->arena, "%.*s", (int)(strrchr(absolute, '/') - absolute), absolute);
    return true;
}

/* In the source tree o/fata/APP, else o/fata beside the application. */
static void choose_output(
    struct project *project, const struct arguments *arguments, const struct home *home)
{
    struct arena *arena = &project->arena;
    size_t root_len = strlen(home->root);
    bool inside = home->in_tree && strncmp(project->dir, home->root, root_len) == 0 &&
                  project->dir[root_len] == '/';
    if (arguments->output != NULL && arguments->output[0] == '/') {
        project->output = arguments->output;
    } else if (arguments->output != NULL) {
        char here[PATH_MAX];
        project->output = arena_text(
            arena, "%s/%s", getcwd(here, sizeof here) != NULL ? here : ".", arguments->output);
    } else if (inside) {
        const char *name = strrchr(project->dir, '/') + 1;
        project->output = arena_text(arena, "%s/fata/%s", home->output, name);
    } else {
        project->output = arena_text(arena, "%s/o/fata", project->dir);
    }
}

/* fata.keys: one `name = value` a line. */
static void read_remembered(struct project *project, struct setting *settings, size_t *count)
{
    size_t len = 0;
    char *text = file_read(&project->arena,
        arena_text(&project->arena, "%s/fata.keys", project->output), KEYS_BYTES_MAX, &len);
    for (char *line = text; line != NULL && *line != '\0' && *count < 2 * KEY_COUNT_MAX;) {
        size_t line_len = strcspn(line, "\n");
        const char *next = line + line_len + (line[line_len] == '\n');
        line[line_len] = '\0';
        char *equals = strstr(line, " = ");
        if (line[0] != '#' && equals != NULL) {
            *equals = '\0';
            settings[(*count)++] =
                (struct setting){.name = line, .value = equals + 3, .source = "remembered"};
        }
        line = (char *)(uintptr_t)next;
    }
}

static void collect_settings(struct project *project, struct arguments *arguments)
{
    struct setting *settings =
        arena_take(&project->arena, (2 * KEY_COUNT_MAX + 1) * sizeof *settings);
    size_t count = 0;
    if (!arguments->reset) {
        read_remembered(project, settings, &count);
    }
    if (arguments->target != NULL) {
        settings[count++] = (struct setting){
            .name = "target", .value = arguments->target, .source = "command line"};
    }
    for (size_t i = 0; i < arguments->setting_count; i++) {
        settings[count++] = arguments->settings[i];
    }
    project->config.settings = settings;
    project->config.setting_count = count;
}

bool project_find(struct project *project, struct arguments *arguments, struct home *home)
{
    if (!find_project(project, arguments)) {
        return false;
    }
    choose_output(project, arguments, home);
    return true;
}

int project_load(struct project *project, struct arguments *arguments, struct home *home)
{
    struct config *config = &project->config;
    if (!project_find(project, arguments, home)) {
        return STATUS_CONFIG;
    }
    collect_settings(project, arguments);
    const char *name = strrchr(config->path, '/');
    config->source = file_read(&project->arena,
        arena_text(&project->arena, "%s/%s", project->dir, name != NULL ? name + 1 : config->path),
        CONFIG_BYTES_MAX, &config->source_len);
    if (config->source == NULL) {
        fprintf(stderr, "fata: cannot read %s: it must be a file of at most %d KiB\n", config->path,
            CONFIG_BYTES_MAX / 1024);
        return STATUS_CONFIG;
    }
    config->env = environment;
    config->packages = home->packages;
    config->package_count = home->package_count;
    if (!config_evaluate(config)) {
        config_complain(config, stderr);
        return config->diag.outside ? STATUS_USAGE : STATUS_CONFIG;
    }
    return arguments_check(arguments);
}

void project_done(struct project *project)
{
    config_done(&project->config);
    arena_free(&project->arena);
}

const char *project_image(struct project *project)
{
    return arena_text(&project->arena, "%s/%s", project->output, project->config.name);
}

const char *project_shown(struct arguments *arguments)
{
    return arguments->app != NULL ? arena_text(&arguments->arena, " %s", arguments->app) : "";
}

/* ---- configure
 * ----------------------------------------------------------------------------------- */

/* What the file names must be there; found here so that no compiler error points elsewhere. */
static bool check_files(struct project *project)
{
    struct config *config = &project->config;
    for (size_t i = 0; i < config->source_count; i++) {
        if (!file_is_there(
                arena_text(&project->arena, "%s/%s", project->dir, config->sources[i]))) {
            return config_fail(config, config->source_places[i],
                "there is no file %s beside fata.lua", config->sources[i]);
        }
    }
    for (size_t i = 0; i < config->order_count; i++) {
        const struct node *node = config->order[i];
        if (strcmp(node->class->word, "kv.embed") != 0) {
            continue;
        }
        const char *dir = node_text(node, "dir");
        struct stat stat_of;
        const char *path =
            dir[0] == '/' ? dir : arena_text(&project->arena, "%s/%s", project->dir, dir);
        if (stat(path, &stat_of) != 0 || !S_ISDIR(stat_of.st_mode)) {
            return config_fail(config, node_value(node, "dir")->at,
                "there is no folder %s to compile into the image", dir);
        }
    }
    return true;
}

static void write_keys(const struct project *project, FILE *out)
{
    fputs(
        "# Configure-time keys that were given. Made by `fata configure`; --reset forgets them.\n",
        out);
    for (size_t i = 0; i < project->config.key_count; i++) {
        const struct key *key = project->config.keys[i];
        if (key->stage == KEY_BUILD && strcmp(key->source, "default") != 0) {
            fprintf(out, "%s = %s\n", key->name, key->value);
        }
    }
}

enum output_kind {
    OUT_MAIN,
    OUT_KEYS_HEADER,
    OUT_HEADER,
    OUT_NOTE,
    OUT_NINJA,
    OUT_GRAPH,
    OUT_KEYS,
    OUT_COUNT,
};

static void write_kind(
    const struct project *project, const struct home *home, enum output_kind kind, FILE *out)
{
    const struct config *config = &project->config;
    switch (kind) {
    case OUT_MAIN:
        write_main(config, out);
        break;
    case OUT_KEYS_HEADER:
        write_keys_header(config, out);
        break;
    case OUT_HEADER:
        write_header(config, out);
        break;
    case OUT_NOTE:
        write_note(config, out);
        break;
    case OUT_NINJA:
        write_ninja(
            config, home, &(struct folders){.app = project->dir, .output = project->output}, out);
        break;
    case OUT_GRAPH:
        write_graph(config, out);
        break;
    default:
        write_keys(project, out);
    }
}

int project_configure(
    struct project *project, struct arguments *arguments, struct home *home, bool quiet)
{
    const char *names[OUT_COUNT] = {"main.c", "keys.h",
        arena_text(&project->arena, "%s.fata.h", project->config.name), "note.c", "build.ninja",
        "graph.json", "fata.keys"};
    if (!check_files(project)) {
        config_complain(&project->config, stderr);
        return STATUS_CONFIG;
    }
    if (!arguments->dry && !folder_make(project->output)) {
        fprintf(stderr, "fata: cannot make the folder %s: %s\n", project->output, strerror(errno));
        return STATUS_FAILED;
    }
    for (enum output_kind kind = OUT_MAIN; kind < OUT_COUNT; kind++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        FA_ASSERT(out != NULL);
        write_kind(project, home, kind, out);
        fclose(out);
        const char *path = arena_text(&project->arena, "%s/%s", project->output, names[kind]);
        int written = arguments->dry ? 1 : file_write(path, text, len);
        free(text);
        if (written < 0) {
            return STATUS_FAILED;
        }
        if (!quiet) {
            printf("  %-10s %s\n",
                arguments->dry ? "would write"
                : written != 0 ? "wrote"
                               : "unchanged",
                path);
        }
    }
    return STATUS_OK;
}

/* ---- build
 * ----------------------------------------------------------------------------------------- */

/* Ninja's progress and the compilers' words go to standard error; its small talk goes nowhere. */
static void pass_on(FILE *in)
{
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, in) > 0) {
        bool talk =
            strncmp(line, "ninja: no work", 14) == 0 || strncmp(line, "ninja: Entering", 15) == 0;
        if (!talk) {
            fputs(line, stderr);
        }
    }
    free(line);
}

static int run_ninja(const struct project *project)
{
    static char name[] = "ninja";
    static char in_folder[] = "-C";
    char *words[] = {name, in_folder, (char *)(uintptr_t)project->output, NULL};
    int ends[2];
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fprintf(stderr, "fata: cannot make a pipe: %s\n", strerror(errno));
        return STATUS_FAILED;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int err = posix_spawnp(&child, name, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *in = fdopen(ends[0], "re");
    if (err != 0 || in == NULL) {
        fprintf(stderr, "fata: cannot run ninja: %s\n", strerror(err));
        return STATUS_MISSING;
    }
    pass_on(in);
    fclose(in);
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? STATUS_OK : STATUS_FAILED;
}

int project_build(struct project *project, struct arguments *arguments, struct home *home)
{
    if (!tools_check(&project->config, home)) {
        return STATUS_MISSING;
    }
    int status = project_configure(project, arguments, home, true);
    if (status == STATUS_OK) {
        status = run_ninja(project);
    }
    if (status == STATUS_FAILED) {
        fprintf(
            stderr, "fata: %s was not built; what is wrong stands above\n", project->config.name);
    }
    return status;
}
